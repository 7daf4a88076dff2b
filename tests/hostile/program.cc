// SPDX-License-Identifier: Apache-2.0
// program BERTH POLICY MODULE FUNCTION [ARGUMENT…]: a program that has a hostile module inside, by libberth.
// Loads it (compiled by BERTH in a process of its own), calls the function, and tells how that ended, as
// `berth run
// --json` does: run.py looks at it as at berth. A module of its own lives beside the hostile one, and has to
// answer before and after, as a new one has to; else the status is 99.

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/error_table.h"
#include "berth/berth.h"

namespace {

constexpr int kHurt = 99;
constexpr std::string_view kOwn = R"((component
  (core module $m (memory 1)
    (func (export "count") (result i32)
      (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
      (i32.load (i32.const 0))))
  (core instance $i (instantiate $m))
  (func (export "count") (result u32) (canon lift (core func $i "count")))))";

struct Ending {
  nlohmann::json report;
  int status = 0;
};

/// The name of a limit out of a message: "'spin': the call met the limit cpu-time: raise …".
std::optional<std::string> limit_of(const std::string& message) {
  constexpr std::string_view kBefore = "met the limit ";
  const size_t at = message.find(kBefore);
  if (at == std::string::npos) return std::nullopt;
  const size_t begin = at + kBefore.size();
  return message.substr(begin, message.find(':', begin) - begin);
}

std::optional<int> exit_status_of(const std::string& message) {
  constexpr std::string_view kBefore = "ended the module with exit status ";
  const size_t at = message.find(kBefore);
  if (at == std::string::npos) return std::nullopt;
  return std::atoi(message.c_str() + at + kBefore.size());
}

/// Unless nobody reads it.
void say(const std::string& line) {
  pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (::poll(&out, 1, 0) == 1) fmt::print(stderr, "{}\n", line);
}

Ending ending_of(const berth::Error& error) {
  say("berth: " + error.message);
  if (const auto limit = limit_of(error.message)) {
    return {.report = {{"ending", "limited"}, {"limit", *limit}}, .status = 124};
  }
  if (const auto status = exit_status_of(error.message)) {
    return {.report = {{"ending", "exited"}, {"exit_status", *status}}, .status = *status};
  }
  if (error.code == berth::ErrorCode::kTrap) return {.report = {{"ending", "trapped"}}, .status = 134};
  return {.report = {{"ending", "failed"}}, .status = berth::error_row(error.code).exit_status};
}

/// What a command says of itself is a result without values; other functions' answers don't matter here.
Ending ending_of(const berth::Value& answered) {
  const auto* const result = answered.get<berth::Value::Result>();
  const int status = result != nullptr && !result->ok ? 1 : 0;
  return {.report = {{"ending", "returned"}, {"exit_status", status}}, .status = status};
}

template <class T>
T or_end(berth::Result<T> result) {
  if (result) return std::move(*result);
  fmt::print(stderr, "the program is hurt: {}\n", result.error().message);
  std::exit(kHurt);
}

Ending hostile_call(berth::Host& host, const std::string& path, const std::string& function,
                    const berth::InstanceOptions& options, std::shared_ptr<berth::Instance>& instance) {
  const auto module = host.load(path);
  if (!module) return ending_of(module.error());
  auto made = (*module)->instantiate(options);
  if (!made) return ending_of(made.error());
  instance = *made;
  const auto bound = instance->function(function);
  if (!bound) return ending_of(bound.error());
  const auto answered = (*bound)();
  return answered ? ending_of(*answered) : ending_of(answered.error());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    fmt::print(stderr, "usage: program BERTH POLICY MODULE FUNCTION [ARGUMENT...]\n");
    return 2;
  }
  const auto host = or_end(berth::Host::create({.compiler = argv[1]}));
  const auto own = or_end(host->load(std::as_bytes(std::span(kOwn)), "own"));
  const auto neighbour = or_end(own->instantiate());
  const auto count = or_end(neighbour->function<uint32_t()>("count"));
  if (or_end(count()) != 1) return kHurt;

  nlohmann::json denials = nlohmann::json::array();
  const berth::InstanceOptions options{.arguments = {argv + 5, argv + argc},
                                       .policy_file = argv[2],
                                       .audit = [&](const berth::Question&, const berth::Verdict& verdict) {
                                         if (!verdict.allowed) denials.push_back(std::string(verdict.line));
                                       }};
  std::shared_ptr<berth::Instance> hostile;
  Ending ending = hostile_call(*host, argv[3], argv[4], options, hostile);
  ending.report["cpu_used_ns"] = hostile ? hostile->cpu_used().count() : 0;
  hostile.reset();

  const auto another = or_end(own->instantiate());
  const auto afresh = or_end(another->function<uint32_t()>("count"));
  if (or_end(count()) != 2 || or_end(afresh()) != 1) return kHurt;
  ending.report["denials"] = std::move(denials);
  say(ending.report.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
  return ending.status;
}
