// SPDX-License-Identifier: Apache-2.0
#include "cli/passphrase.h"

#include <fmt/format.h>

#include "base/os/file.h"
#include "base/os/terminal.h"

namespace berth::cli {
namespace {

constexpr uint64_t kLargestFile = 4096;

Result<std::string> not_empty(std::string passphrase) {
  if (!passphrase.empty()) return passphrase;
  return fail(ErrorCode::kInvalidArgument,
              "the passphrase is empty: a key without one is made without --passphrase");
}

Result<std::string> first_line_of(const std::string& file) {
  std::string text = BERTH_TRY(read_file(file, kLargestFile));
  text.resize(std::min(text.find('\n'), text.size()));
  return not_empty(std::move(text));
}

Result<std::string> typed(const std::string& question) {
  const auto terminal = Terminal::open();
  auto answer = terminal ? terminal->ask_secret(question) : std::nullopt;
  if (answer) return *std::move(answer);
  if (terminal) return fail(ErrorCode::kCancelled, "no passphrase was given");
  return fail(ErrorCode::kUnavailable,
              "there is no terminal to ask for the passphrase on: name a file that holds it with "
              "--passphrase-file FILE");
}

}  // namespace

host::AskPassphrase passphrase_from(const std::optional<std::string>& file) {
  return [file](const std::string& name) {
    return file ? first_line_of(*file) : typed(fmt::format("passphrase of the key '{}': ", name));
  };
}

Result<std::string> new_passphrase(const std::optional<std::string>& file) {
  if (file) return first_line_of(*file);
  std::string answer = BERTH_TRY(typed("passphrase for the new key: "));
  std::string passphrase = BERTH_TRY(not_empty(std::move(answer)));
  if (BERTH_TRY(typed("again: ")) == passphrase) return passphrase;
  return fail(ErrorCode::kInvalidArgument, "the two passphrases differ: nothing was made");
}

}  // namespace berth::cli
