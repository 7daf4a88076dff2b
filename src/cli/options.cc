// SPDX-License-Identifier: Apache-2.0
#include "cli/options.h"

#include <fmt/format.h>

#include <algorithm>

namespace berth::cli {

std::optional<int> parse(CLI::App& app, const Arguments& arguments, const Style& style) {
  try {
    // CLI11 takes them last first.
    app.parse(Arguments(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    std::string help = app.help();
    // CLI11 knows nothing of what comes after the options.
    constexpr std::string_view kOptions = "[OPTIONS]";
    if (const size_t at = help.find(kOptions); app.get_prefix_command() && at != std::string::npos) {
      help.insert(at + kOptions.size(), " MODULE [ARGS…]");
    }
    return print(help);
  } catch (const CLI::ParseError& mistake) {
    std::string what = mistake.what();
    std::ranges::replace(what, '\n', ' ');
    return report({.code = ErrorCode::kInvalidArgument,
                   .message = fmt::format("{}; see '{} --help'", what, app.get_name())},
                  style);
  }
  return std::nullopt;
}

}  // namespace berth::cli
