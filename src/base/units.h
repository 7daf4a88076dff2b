// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sizes, times and counts as people write and read them: "64MiB", "1.5s", "10k".
//
// Reading is strict: a size and a time need their unit, nothing is rounded up, nothing overflows. There are
// two ways to write: `format_…` for a glance ("1.43 GiB"), `exact_…` for a file, read back to the same value.
//
// Pure; safe on any thread.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth {

/// "64MiB", "1.5 GB": B, KiB, MiB, GiB, TiB, kB, MB, GB, TB. A fraction of a byte is dropped.
Result<uint64_t> parse_bytes(std::string_view text);

/// "2s", "100ms", "1.5s", "1m30s": ns, us, ms, s, m, h. A fraction of a nanosecond is dropped.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// "1000000", "1_000_000", "10k", "1.5M", "2G".
Result<uint64_t> parse_count(std::string_view text);

/// Three digits at a glance: "64 MiB", "1.43 GiB", "512 B".
std::string format_bytes(uint64_t bytes);

/// Three digits at a glance: "1.2 s", "350 us"; from a minute on "1 m 30 s". Negative times have a minus.
std::string format_duration(std::chrono::nanoseconds duration);

/// "64MiB", "1000B": the largest unit of 1024 that is exact.
std::string exact_bytes(uint64_t bytes);

/// "1m30s500ms"; negative times are written as zero, "0s".
std::string exact_duration(std::chrono::nanoseconds duration);

}  // namespace berth
