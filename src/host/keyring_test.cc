// SPDX-License-Identifier: Apache-2.0
#include "host/keyring.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/testing.h"
#include "claims/testing.h"

using namespace berth;
using namespace berth::host;
using claims::testing::kAccount;

namespace fs = std::filesystem;

namespace {

/// A ring in a folder of the test's own.
struct Ring {
  TestFolder folder;
  Keyring keys{UserFolders{.config = folder.path() + "/config", .state = "", .cache = ""}};

  std::string file(const std::string& name) const {
    return keys.folder() + "/" + name + ".nk";
  }
  std::string text(const std::string& name) const {
    std::stringstream all;
    all << std::ifstream(file(name)).rdbuf();
    return all.str();
  }
};

AskPassphrase say(const char* passphrase) {
  return [passphrase](const std::string&) { return std::string(passphrase); };
}

const AskPassphrase kNobody = [](const std::string&) -> Result<std::string> {
  return fail(ErrorCode::kInternal, "nobody is to be asked");
};

}  // namespace

TEST_CASE("a key is kept where only its user can read it, and never written over") {
  const Ring ring;
  const KeyEntry made = ring.keys.add("shop", kAccount, std::nullopt).value();
  CHECK(made.key == kAccount.public_key());
  CHECK(fs::status(ring.file("shop")).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(fs::status(ring.keys.folder()).permissions() == fs::perms::owner_all);
  CHECK(ring.text("shop") == kAccount.text() + "\n");
  CHECK(ring.keys.open("shop", kNobody).value().public_key() == kAccount.public_key());
  const auto again = ring.keys.add("shop", claims::testing::kModule, std::nullopt);
  CHECK(again.error().code == ErrorCode::kInvalidArgument);
  CHECK(ring.text("shop") == kAccount.text() + "\n");
  // Nothing is left of what was written aside.
  CHECK(std::distance(fs::directory_iterator(ring.keys.folder()), fs::directory_iterator()) == 1);
}

TEST_CASE("a key under a passphrase is listed without it, and opened with it alone") {
  const Ring ring;
  REQUIRE(ring.keys.add("shop", kAccount, "open sesame").has_value());
  CHECK_FALSE(ring.text("shop").contains(kAccount.text()));
  const auto entry = ring.keys.list().value().at(0);
  CHECK(entry.sealed);
  CHECK(entry.key == kAccount.public_key());
  CHECK(ring.keys.open("shop", say("open sesame")).value().text() == kAccount.text());
  const auto wrong = ring.keys.open("shop", say("open barley"));
  CHECK(wrong.error().code == ErrorCode::kDenied);
  CHECK_FALSE(wrong.error().message.contains("barley"));
}

TEST_CASE("a key that others can read isn't used") {
  const Ring ring;
  REQUIRE(ring.keys.add("shop", kAccount, std::nullopt).has_value());
  fs::permissions(ring.file("shop"), fs::perms::group_read, fs::perm_options::add);
  CHECK(ring.keys.open("shop", kNobody).error().code == ErrorCode::kDenied);
  CHECK(ring.keys.list().value().empty());
}

TEST_CASE("names lead nowhere else, and a missing key names the nearest") {
  const Ring ring;
  for (const char* name : {"../x", "a/b", "", ".hidden", "-x", "a b"}) {
    CAPTURE(name);
    CHECK(ring.keys.add(name, kAccount, std::nullopt).error().code == ErrorCode::kInvalidArgument);
    CHECK(ring.keys.find(name).error().code == ErrorCode::kInvalidArgument);
  }
  REQUIRE(ring.keys.add("shop", kAccount, std::nullopt).has_value());
  CHECK(ring.keys.find("shpo").error().message == "there is no key 'shpo', did you mean 'shop'");
}
