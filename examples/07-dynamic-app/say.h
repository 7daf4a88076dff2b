// SPDX-License-Identifier: Apache-2.0
#pragma once
// Lines for whoever stands at the till.

#include <iostream>
#include <mutex>
#include <sstream>

/// Prints a line, whole. Any thread: what happens in the folder is told by the library's own.
template <class... Part>
void say(const Part&... parts) {
  static std::mutex mutex;
  std::ostringstream line;
  (line << ... << parts);
  const std::lock_guard lock(mutex);
  std::cout << line.str() << std::endl;
}
