// SPDX-License-Identifier: Apache-2.0
#pragma once
// A child process that is given bytes and gives bytes back, within limits that the system holds.
//
// POSIX calls; where Linux can do better, that is said. Any thread; blocks.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth {

struct ChildResult {
  std::string output;
  std::string errors;         // the first 64 KiB of its standard error
  std::optional<int> signal;  // that ended it
  int exit_status = 0;
};

/// How far a child may go; past it, it is killed.
struct ChildBounds {
  std::optional<std::chrono::milliseconds> most_time;
  size_t most_output = SIZE_MAX;
};

/// Runs `command` (a program's path and its arguments) with `input` as its standard input until it ends.
/// It gets this process's environment and no other open file (of ours; with glibc, none at all). kUnavailable
/// when it can't be started, kLimit when it went past its bounds.
Result<ChildResult> run_child(const std::vector<std::string>& command, std::string_view input,
                              const ChildBounds& bounds = {});

struct OwnLimits {
  uint64_t memory_bytes = 0;
  std::chrono::seconds cpu_time{0};
};

/// For a child to call first: it gets no more than this, writes no file, and ends with its parent (Linux).
/// Past the CPU time the system ends it with SIGXCPU; past the memory, allocations fail.
void limit_own_process(const OwnLimits& limits);

/// Lets this process have as many open files as its owner may at most: a guest's connections are some. Where
/// the system won't, it stays as it was.
void allow_most_open_files();

/// The path of this program, to run it again. The portable way looks for `argv0` as a shell does.
enum class OwnProgramBy { kSystem, kSearch };
std::string own_program(const std::string& argv0, OwnProgramBy by = OwnProgramBy::kSystem);

}  // namespace berth
