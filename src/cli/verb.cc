// SPDX-License-Identifier: Apache-2.0
#include "cli/verb.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error_table.h"
#include "base/os/process.h"

namespace berth::cli {
namespace {

bool unfinished_line = false;
std::string program_name;

}  // namespace

int report(const Error& error, Style style) {
  const ErrorRow& row = error_row(error.code);
  if (style == Style::kJson) {
    const nlohmann::json value = {{"error", {{"code", row.name}, {"message", error.message}}}};
    tell(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  } else {
    say(error.message);
  }
  return row.exit_status;
}

int finish(const Result<int>& status, Style style) {
  return status ? *status : report(status.error(), style);
}

void say(std::string_view line) {
  tell(fmt::format("berth: {}\n", line));
}

void tell(std::string_view lines) {
  static auto patience = std::chrono::milliseconds(1000);
  // One write, so that lines of several processes don't mix.
  const std::string whole = fmt::format("{}{}", std::exchange(unfinished_line, false) ? "\n" : "", lines);
  patience = write_patiently(2, whole, patience);
}

void note_unfinished_line() {
  unfinished_line = true;
}

void note_program(std::string argv0) {
  program_name = std::move(argv0);
}

std::string program(bool portable) {
  return own_program(program_name, portable ? OwnProgramBy::kSearch : OwnProgramBy::kSystem);
}

int print(std::string_view text) {
  const bool written =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (written) return 0;
  return report({.code = ErrorCode::kUnavailable,
                 .message = fmt::format("writing to standard output: {}", std::strerror(errno))},
                Style::kText);
}

int print_json(const nlohmann::json& value) {
  return print(value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

std::string local_time(int64_t unix_seconds) {
  const auto seconds = static_cast<std::time_t>(unix_seconds);
  std::tm parts = {};
  ::localtime_r(&seconds, &parts);
  char text[32];
  const size_t length = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  return std::string(text, length);
}

}  // namespace berth::cli
