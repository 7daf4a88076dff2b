// SPDX-License-Identifier: Apache-2.0
#include "engine/image_cache.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "engine/hashes.h"

namespace berth::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kModule = "(component)";

/// A cache with one compiled module in it.
class Kept {
 public:
  Kept() : engine_(Engine::create(1).value()) {
    std::string pattern = (fs::temp_directory_path() / "berth-cache-XXXXXX").string();
    folder_ = std::string(::mkdtemp(pattern.data())) + "/compiled";
    open();
    REQUIRE(cache_->keep(*engine_, {}, kModule, sha256(kModule), compile({}, kModule).value()).has_value());
  }
  ~Kept() {
    fs::remove_all(fs::path(folder_).parent_path());
  }

  void open(uint64_t limit_bytes = 1 << 30) {
    cache_ = ImageCache::open(folder_, limit_bytes).value();
  }
  bool found() {
    const auto found = cache_->find(*engine_, {}, content_hash(kModule));
    return found && found->digest == sha256(kModule);
  }
  std::string entry() const {
    return cache_->list().at(0).path;
  }
  std::string folder() const {
    return folder_;
  }
  ImageCache& cache() {
    return *cache_;
  }
  const Engine& engine() const {
    return *engine_;
  }

  void flip(std::streamoff at) {
    std::fstream file(entry(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at);
    const char byte = static_cast<char>(file.get());
    file.seekp(at);
    file.put(static_cast<char>(byte ^ 1));
  }

 private:
  std::unique_ptr<Engine> engine_;
  std::string folder_;
  std::unique_ptr<ImageCache> cache_;
};

}  // namespace

TEST_CASE("a kept image is found again, also by another process with the same folder") {
  Kept kept;
  CHECK(kept.found());
  kept.open();
  CHECK(kept.found());
}

TEST_CASE("a single changed bit, anywhere, makes an image foreign") {
  for (const double place : {0.0, 0.3, 0.7, 0.999}) {
    Kept kept;
    const auto size = static_cast<double>(fs::file_size(kept.entry()));
    kept.flip(static_cast<std::streamoff>(place * size));
    CHECK_FALSE(kept.found());
    CHECK(kept.cache().list().empty());  // and it is gone
  }
}

TEST_CASE("an image that was cut off is not mapped") {
  Kept kept;
  fs::resize_file(kept.entry(), fs::file_size(kept.entry()) / 2);
  CHECK_FALSE(kept.found());
}

TEST_CASE("an authentic image under another module's name is not mapped") {
  Kept kept;
  const std::string_view other = "(component (core module))";
  const std::string name = fs::path(kept.entry()).filename().string();
  fs::copy(kept.entry(), kept.folder() + "/" + content_hash(other) + name.substr(name.find('-')));
  CHECK_FALSE(kept.cache().find(kept.engine(), {}, content_hash(other)).has_value());
}

TEST_CASE("with another key nothing is authentic") {
  Kept kept;
  fs::remove(kept.folder() + "/key");
  kept.open();
  CHECK_FALSE(kept.found());
}

TEST_CASE("a key that others can read is refused") {
  Kept kept;
  fs::permissions(kept.folder() + "/key", fs::perms::group_read, fs::perm_options::add);
  CHECK(ImageCache::open(kept.folder(), 1 << 30).error().code == ErrorCode::kDenied);
}

TEST_CASE("a folder that others can enter is refused") {
  Kept kept;
  fs::permissions(kept.folder(), fs::perms::others_exec, fs::perm_options::add);
  CHECK(ImageCache::open(kept.folder(), 1 << 30).error().code == ErrorCode::kDenied);
}

TEST_CASE("the least recently used images go when there is no room") {
  Kept kept;
  kept.open(1);
  const std::string_view newer = "(component (core module))";
  const Image image = compile({}, newer).value();
  REQUIRE(kept.cache().keep(kept.engine(), {}, newer, sha256(newer), image).has_value());
  CHECK(kept.cache().list().empty());
}

TEST_CASE("what a killed process left aside goes with the next image that is kept") {
  Kept kept;
  const std::string aside = kept.entry() + ".0123456789abcdef.tmp";
  std::ofstream(aside) << "half an image";
  fs::last_write_time(aside, fs::file_time_type::clock::now() - std::chrono::hours(2));
  const std::string_view newer = "(component (core module))";
  const Image image = compile({}, newer).value();
  REQUIRE(kept.cache().keep(kept.engine(), {}, newer, sha256(newer), image).has_value());
  CHECK_FALSE(fs::exists(aside));
  CHECK(kept.cache().list().size() == 2);
}

TEST_CASE("clearing removes every image and nothing else") {
  Kept kept;
  CHECK(kept.cache().clear() == 1);
  CHECK_FALSE(kept.found());
  CHECK(fs::exists(kept.folder() + "/key"));
}

}  // namespace berth::engine
