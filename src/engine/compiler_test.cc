// SPDX-License-Identifier: Apache-2.0
#include "engine/compiler.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace berth::engine {
namespace {

namespace fs = std::filesystem;

/// What a compiler makes of a worker that is this shell script.
class ScriptedWorker {
 public:
  explicit ScriptedWorker(std::string_view script) {
    std::string pattern = (fs::temp_directory_path() / "berth-worker-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    std::ofstream(path()) << "#!/bin/sh\n" << script << "\n";
    ::chmod(path().c_str(), 0700);
  }
  ~ScriptedWorker() {
    fs::remove_all(folder_);
  }

  Error complaint() const {
    return Compiler(path(), {}).compile({}, "(component)").error();
  }

 private:
  std::string path() const {
    return folder_ + "/worker";
  }

  std::string folder_;
};

}  // namespace

TEST_CASE("a compiler that runs out of memory or time is a limit, with its name and how to raise it") {
  for (const std::string script :
       {"echo 'memory allocation of 99 bytes failed' >&2; kill -ABRT $$", "kill -XCPU $$"}) {
    CAPTURE(script);
    const Error error = ScriptedWorker(script).complaint();
    CHECK(error.code == ErrorCode::kLimit);
    CHECK(error.message.find("--limit compile.") != std::string::npos);
  }
}

TEST_CASE("a compiler that dies of its input is the module's fault") {
  CHECK(ScriptedWorker("kill -SEGV $$").complaint().code == ErrorCode::kInvalidModule);
}

TEST_CASE("a compiler that somebody else ended is nobody's fault") {
  CHECK(ScriptedWorker("kill -KILL $$").complaint().code == ErrorCode::kUnavailable);
}

TEST_CASE("an answer that makes no sense is an error of ours, whatever it is") {
  for (const std::string script : {"exit 0", "exit 3", "echo nonsense", "head -c 64 /dev/zero"}) {
    CAPTURE(script);
    CHECK(ScriptedWorker(script).complaint().code == ErrorCode::kInternal);
  }
}

TEST_CASE("a worker that isn't there is named") {
  const auto image = Compiler("/no/such/berth", {}).compile({}, "(component)");
  REQUIRE_FALSE(image.has_value());
}

}  // namespace berth::engine
