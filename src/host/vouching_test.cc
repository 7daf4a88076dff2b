// SPDX-License-Identifier: Apache-2.0
#include "host/vouching.h"

#include <doctest/doctest.h>

#include <fstream>

#include "base/testing.h"
#include "claims/refusal.h"
#include "claims/testing.h"
#include "engine/hashes.h"

using namespace berth;
using namespace berth::host;
using namespace berth::claims::testing;

namespace {

std::string signed_module() {
  return claims::sign_module(core_module(), module_token(), kAccount, engine::content_hash).value();
}

struct Case {
  TestFolder folder;
  UserFolders folders{.config = folder.path(), .state = "", .cache = ""};

  std::string put(const char* name, const std::string& text) const {
    std::ofstream(folder.at(name)) << text;
    return folder.at(name);
  }
  Result<Vouching> vouched(const std::string& file, const AskedTrust& asked = {}) const {
    const auto trusts = BERTH_TRY(trusts_of(asked, folders));
    return vouch_for(registry::located_file(file), trusts, kNow);
  }
};

std::string trusting() {
  return "require-signed = true\n[account.shop]\nkey = \"" + kAccount.public_key().text() + "\"\n";
}

}  // namespace

TEST_CASE("a signed module is bounded by its token, and its own bytes are handed on") {
  const Case here;
  const auto vouching = here.vouched(here.put("m.wasm", signed_module())).value();
  REQUIRE(vouching.chain);
  REQUIRE(vouching.file);
  CHECK(vouching.file->bytes == signed_module());
  REQUIRE(vouching.bounds.size() == 1);
  CHECK(policy::to_text(vouching.bounds[0].grants->at(0)) == "dns *.example.com");
}

TEST_CASE("a module without a token runs, unless one is required") {
  const Case here;
  const std::string file = here.put("m.wasm", core_module());
  CHECK(here.vouched(file).value().bounds.empty());
  const auto refused = here.vouched(file, {.require_signed = true});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message.starts_with("'m.wasm' is refused: unsigned: "));
  here.put("trust.toml", trusting());
  CHECK_FALSE(here.vouched(file).has_value());
  CHECK(here.vouched(here.put("s.wasm", signed_module())).has_value());
}

TEST_CASE("a file that is asked for takes back nothing that the owner's requires or revokes") {
  const Case here;
  const std::string file = here.put("m.wasm", signed_module());
  here.put("trust.toml", "require-signed = true\n");
  const std::string lax = here.put("lax.toml", "require-signed = false\n");
  CHECK_FALSE(here.vouched(file, {.file = lax}).has_value());
  here.put("trust.toml", "[revoked]\ntokens = [\"0123456789\"]\n");
  const std::string good = here.put("good.toml", trusting());
  CHECK_FALSE(here.vouched(file, {.file = good}).has_value());
  here.put("trust.toml", "");
  CHECK(here.vouched(file, {.file = good}).has_value());
  CHECK_FALSE(here.vouched(file, {.file = here.folder.at("none.toml")}).has_value());
}

TEST_CASE("an invalid token is refused also where none is required") {
  const Case here;
  std::string module = signed_module();
  module[20] = static_cast<char>(module[20] ^ 1);
  CHECK(here.vouched(here.put("m.wasm", module)).error().message.contains("tampered: "));
  CHECK(here.vouched(here.put("m.wasm", core_module() + custom("jwt", "x")))
            .error()
            .message.contains("format: "));
  CHECK(here.vouched(here.put("m.wasm", signed_module() + custom("more", "x")))
            .error()
            .message.contains("section: "));
}

TEST_CASE("what was vouched for in another process is read again from the token alone") {
  const auto chain = claims::read_signed(signed_module(), engine::content_hash).value();
  CHECK(bounds_again(chain->text, "m", {}, kNow).value().size() == 1);
  CHECK(bounds_again("", "m", {}, kNow).value().empty());
  CHECK_FALSE(bounds_again(chain->text, "m", {}, kNow + 5000).has_value());
}
