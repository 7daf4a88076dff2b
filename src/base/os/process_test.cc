// SPDX-License-Identifier: Apache-2.0
#include "base/os/process.h"

#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>

namespace berth {
namespace {

ChildResult shell(const std::string& script, std::string_view input = "") {
  return run_child({"/bin/sh", "-c", script}, input).value();
}

}  // namespace

TEST_CASE("a child gets its input whole and its output comes back whole") {
  const std::string large(3 << 20, 'x');
  CHECK(shell("cat", large).output == large);
  CHECK(shell("cat", "").output.empty());
}

TEST_CASE("a child that reads nothing doesn't hold its parent up") {
  const ChildResult result = shell("echo done", std::string(3 << 20, 'x'));
  CHECK(result.output == "done\n");
  CHECK(result.exit_status == 0);
}

TEST_CASE("how a child ended is told, and what it complained of, bounded") {
  CHECK(shell("exit 7").exit_status == 7);
  CHECK(shell("kill -9 $$").signal == SIGKILL);
  CHECK(shell("echo no >&2").errors == "no\n");
  CHECK(shell("head -c 1000000 /dev/zero >&2; echo end").errors.size() == 64 << 10);
}

TEST_CASE("a child inherits no open file but its three streams") {
  CHECK(shell("ls /proc/self/fd | wc -l").output == "4\n");  // and the folder that ls reads
}

TEST_CASE("a program that isn't there is an error that names it") {
  const auto result = run_child({"/no/such/program"}, "");
  // Some systems tell only by the child's exit status.
  if (result) {
    CHECK(result->exit_status == 127);
  } else {
    CHECK(result.error().message.find("/no/such/program") != std::string::npos);
  }
}

TEST_CASE("this program is found by the system and by searching for it") {
  namespace fs = std::filesystem;
  CHECK(fs::exists(own_program("unused")));
  CHECK(fs::equivalent(own_program("sh", OwnProgramBy::kSearch), "/bin/sh"));
  CHECK(own_program("./here/berth", OwnProgramBy::kSearch) == "./here/berth");
}

TEST_CASE("a child that goes past its time or says too much is ended") {
  const auto begin = std::chrono::steady_clock::now();
  const auto slow = run_child({"/bin/sleep", "60"}, "", {.most_time = std::chrono::milliseconds(50)});
  REQUIRE_FALSE(slow.has_value());
  CHECK(slow.error().code == ErrorCode::kLimit);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(30));
  const auto loud = run_child({"/bin/cat", "/dev/zero"}, "", {.most_output = 100'000});
  REQUIRE_FALSE(loud.has_value());
  CHECK(loud.error().code == ErrorCode::kLimit);
}

}  // namespace berth
