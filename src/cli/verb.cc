// SPDX-License-Identifier: Apache-2.0
#include "cli/verb.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/error_table.h"

namespace berth::cli {

int report(const Error& error, Style style) {
  const ErrorRow& row = error_row(error.code);
  if (style == Style::kJson) {
    const nlohmann::json value = {{"error", {{"code", row.name}, {"message", error.message}}}};
    fmt::print(stderr, "{}\n", value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    say(error.message);
  }
  return row.exit_status;
}

void say(std::string_view line) {
  // One write, so that lines of several processes don't mix.
  const std::string whole = fmt::format("berth: {}\n", line);
  std::fwrite(whole.data(), 1, whole.size(), stderr);
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
