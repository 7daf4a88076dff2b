// SPDX-License-Identifier: Apache-2.0
#include "base/os/relay.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <string>

namespace berth {
namespace {

/// This process with a pipe, which already holds `input`, as its standard input.
class PipedInput {
 public:
  explicit PipedInput(std::string_view input) : before_(::dup(0)) {
    std::signal(SIGPIPE, SIG_IGN);
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    REQUIRE(::write(ends[1], input.data(), input.size()) == static_cast<ssize_t>(input.size()));
    ::close(ends[1]);
    ::dup2(ends[0], 0);
    ::close(ends[0]);
  }
  PipedInput(const PipedInput&) = delete;
  PipedInput& operator=(const PipedInput&) = delete;
  ~PipedInput() {
    ::dup2(before_, 0);
    ::close(before_);
  }

 private:
  const int before_;
};

Relay::End shell(Relay& relay, std::string script) {
  return relay.run({"/bin/sh", "-c", std::move(script)}).value();
}

}  // namespace

TEST_CASE("each child gets the same input, whatever the one before took of it") {
  const PipedInput input("one\ntwo\n");
  Relay relay;
  shell(relay, "read line; echo $line");
  CHECK(relay.held() == "one\n");
  shell(relay, "cat");
  CHECK(relay.held() == "one\ntwo\n");
  shell(relay, "exec 0<&-; echo none");
  CHECK(relay.held() == "none\n");
  CHECK(relay.can_run_again());
}

TEST_CASE("output is held of the last child only, both streams as they came") {
  const PipedInput input("");
  Relay relay;
  shell(relay, "echo first");
  shell(relay, "echo second; echo third >&2");
  CHECK(relay.held().find("first") == std::string::npos);
  CHECK(relay.held().find("second\n") != std::string::npos);
  CHECK(relay.held().find("third\n") != std::string::npos);
  CHECK_FALSE(relay.handed_on());
}

TEST_CASE("a child's end is told, by itself and by a signal") {
  const PipedInput input("");
  Relay relay;
  CHECK(shell(relay, "exit 7").exit_status == 7);
  CHECK(shell(relay, "kill -TERM $$").signal == SIGTERM);
  CHECK_FALSE(relay.run({"/nonexistent/program"}).has_value());
}

TEST_CASE("a signal to this process is handed to the child") {
  const PipedInput input("");
  Relay relay;
  const auto end = shell(relay, "kill -TERM $PPID; exec sleep 30");
  CHECK(end.signal == SIGTERM);
  CHECK(Relay::signal() == SIGTERM);
}

}  // namespace berth
