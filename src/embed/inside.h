// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which modules wait for this thread, because it runs a function of the program that they called: it may not
// wait for them in turn.

namespace berth::detail {
class Resources;
}

namespace berth::embed {

/// As long as it is there, the instance with these resources waits for this thread. Null: nobody does.
class Inside {
 public:
  explicit Inside(const detail::Resources* of);
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  ~Inside();

  static bool of(const detail::Resources& instance);
  static bool any();

 private:
  const detail::Resources* const of_;
  const Inside* const outer_;
};

}  // namespace berth::embed
