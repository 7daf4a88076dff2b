// SPDX-License-Identifier: Apache-2.0
#include "engine/engine.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>

#include "engine/hashes.h"
#include "engine/image_cache.h"

namespace berth::engine {
namespace {

namespace fs = std::filesystem;
using namespace std::string_view_literals;

/// What compiling says of bytes that are no module.
std::string complaint(std::string_view bytes) {
  const auto engine = Engine::create(1).value();
  const auto module = engine->compile({}, bytes);
  return module ? "" : module.error().message;
}

bool says(std::string_view bytes, std::string_view words) {
  const std::string message = complaint(bytes);
  CAPTURE(message);
  return message.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("what can't be run is named for what it is") {
  CHECK(says("\0asm\x01\0"sv, "cut off"));
  CHECK(says("\0asm\x0e\0\x01\0"sv, "format version 0xe"));
  CHECK(says("\0asm\x01\0\0\0\x01\x05"sv, "not valid"));
  CHECK(says("(modul)", "not WebAssembly"));
  CHECK(says("(module (import \"env\" \"magic\" (func)))", "'env' 'magic'"));
}

TEST_CASE("a component without an entry point compiles, and says why it can't be run") {
  const auto engine = Engine::create(1).value();
  const auto module = engine->compile({}, "(component)").value();
  CHECK_FALSE(module->check_command().has_value());
}

TEST_CASE("a core module is described by its imports and exports") {
  const auto module =
      describe("(module (import \"wasi_snapshot_preview1\" \"fd_write\" (func)) (func (export \"f\")))");
  REQUIRE(module.has_value());
  CHECK(module->form == Form::kCore);
  CHECK(module->imports == std::vector<std::string>{"wasi_snapshot_preview1 fd_write"});
  CHECK(module->exports == std::vector<std::string>{"f"});
}

TEST_CASE("a component is described in WIT") {
  const auto module =
      describe("(component (import \"a:b/c@1.0.0\" (instance (export \"f\" (func (param \"x\" u32))))))");
  REQUIRE(module.has_value());
  CHECK(module->imports == std::vector<std::string>{"a:b/c@1.0.0"});
  CHECK(module->wit.find("f: func(x: u32)") != std::string::npos);
}

TEST_CASE("a component whose types WIT can't say is refused, and nothing panics") {
  const auto module = describe("(component (import \"a:b/c@1.0.0\" (instance (export \"x:y/z\" (func)))))");
  REQUIRE_FALSE(module.has_value());
  CHECK(module.error().code == ErrorCode::kInvalidModule);
  CHECK(module.error().message.find("WIT has no words for them") != std::string::npos);
}

TEST_CASE("a module's types say whether it needs concurrency, wherever they are; its imports alone may too") {
  const auto needs = [](std::string_view module) { return compile({}, module).value().needs; };
  CHECK_FALSE(needs("(component)").concurrency);
  CHECK_FALSE(needs("(component (import \"wasi:cli/run@0.2.0\" (instance)))").concurrency);
  for (const std::string_view module :
       {"(component (type (stream u8)))", "(component (component (component (type (future)))))",
        "(component (type (func async)))", "(component (type (component (type error-context))))",
        "(component (component (core func (canon waitable-set.new))))",
        "(component (import \"wasi:random/random@0.3.0\" (instance)))"}) {
    CAPTURE(module);
    CHECK(needs(module).concurrency);
    CHECK(Engine::create(1).value()->compile({}, module).has_value());
  }
}

TEST_CASE("a module that isn't valid in any engine is refused with the reason") {
  const auto error = compile({}, "(component (type (stream u8)) (export \"e\" (func 7)))");
  REQUIRE_FALSE(error.has_value());
  CHECK(error.error().code == ErrorCode::kInvalidModule);
}

TEST_CASE("an image is opened by the engine that its module needs, which nobody has to know") {
  constexpr std::string_view kModule = "(component (type (stream u8)))";
  const auto engine = Engine::create(1).value();
  std::string pattern = (fs::temp_directory_path() / "berth-cache-XXXXXX").string();
  const fs::path folder = ::mkdtemp(pattern.data());
  const auto cache = ImageCache::open((folder / "compiled").string(), 1 << 30).value();
  const Image image = compile({}, kModule).value();
  REQUIRE(image.needs.concurrency);
  REQUIRE(cache->keep(*engine, {}, kModule, sha256(kModule), image).has_value());
  CHECK(cache->find(*engine, {}, content_hash(kModule)).has_value());
  fs::remove_all(folder);
}

TEST_CASE("engines that differ in what they compile differ in what their images are keyed by") {
  const auto engine = Engine::create(1).value();
  const auto plain = engine->compatibility({}).value();
  CHECK(plain == engine->compatibility({}).value());
  CHECK(plain != engine->compatibility({.fuel = true}).value());
  CHECK(plain != engine->compatibility({.alone = true}).value());
}

}  // namespace berth::engine
