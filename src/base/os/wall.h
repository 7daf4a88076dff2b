// SPDX-License-Identifier: Apache-2.0
#pragma once
// The second wall: what the kernel itself refuses this process from now on, so that a guest which gets past
// berth's own checks stands before another one. It goes up once, after all that only berth needs is done and
// before the guest's first thread is started, and never comes down.
//
// Three parts, each where this system has it: no new privileges, Landlock (files and TCP), and seccomp
// (system calls). `Wall` says which of them hold, and nothing more than what holds. Elsewhere than on Linux
// none do.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace berth {

inline constexpr int kNewestLandlock = 6;  // of the versions of its interface, the last that is known here

struct WallPlan {
  // Files, and folders with all below them, that stay within reach. What isn't there is left out.
  std::vector<std::string> readable;
  std::vector<std::string> writable;
  enum class Tcp { kClosed, kOpen } tcp = Tcp::kClosed;
  std::vector<uint16_t> ports = {};  // that may be connected to, where TCP is closed
  // Called between Landlock, which holds for the threads that it starts, and seccomp, which holds for all
  // that there are: so they get ready while the kernel reads the filter.
  std::function<void()> start_threads;
  // For tests only: a kernel of an older version, or with 0 and false none, to see what stands without.
  int landlock = kNewestLandlock;
  bool seccomp = true;
};

struct Wall {
  bool no_new_privileges = false;
  int landlock = 0;  // the version that is used; 0: it doesn't hold
  bool seccomp = false;
  std::vector<std::string> missing;  // of what doesn't hold: "landlock: this kernel has none; …"

  bool whole() const {
    return missing.empty();
  }
};

/// Puts up what this system offers of it, for all threads that there will be. The standard streams stay as
/// they are, and /dev/null. Main thread, while it is the only one: with others Landlock isn't used, as it
/// would hold for this thread alone.
Wall raise_wall(const WallPlan& plan);

/// What a wall with nothing within reach says that it holds here, and what it does to a child of this
/// process.
struct WallTrial {
  Wall claimed;
  bool file_refused = false;  // a file to be read
  bool tcp_refused = false;   // a connection
  bool call_refused = false;  // the system call that runs another program
};

/// Main thread, while it is the only one.
Result<WallTrial> try_wall();

}  // namespace berth
