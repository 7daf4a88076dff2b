// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where a passphrase comes from: a file that is named, or whoever sits at the terminal. Never the command
// line, which others on this machine can read, nor the environment. Main thread only.

#include <optional>
#include <string>

#include "base/result.h"
#include "host/keyring.h"

namespace berth::cli {

/// For a key that is sealed with one.
host::AskPassphrase passphrase_from(const std::optional<std::string>& file);

/// For a new key: typed twice, or the file's.
Result<std::string> new_passphrase(const std::optional<std::string>& file);

}  // namespace berth::cli
