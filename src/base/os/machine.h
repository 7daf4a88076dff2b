// SPDX-License-Identifier: Apache-2.0
#pragma once
// What this machine has that berth can use, looked at without changing anything. Any thread.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace berth {

/// Whether the kernel follows paths below a folder by itself (Linux 5.6 and later).
bool has_openat2();

/// Whether this user may write there.
bool may_write(const std::string& path);

/// A file of the system's own, as those below /proc; nothing when it can't be read.
std::optional<std::string> system_file(const std::string& path);

/// Which start of the machine this is; the same text until the next one. Empty where it can't be known.
std::string boot_id();

/// Since the machine was started, with the time that it slept.
std::chrono::nanoseconds since_boot();

/// What `ulimit -v` allows; nothing when it sets no bound.
std::optional<uint64_t> address_space_limit();

}  // namespace berth
