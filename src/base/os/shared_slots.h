// SPDX-License-Identifier: Apache-2.0
#pragma once
// A file that processes of one user map together: a heading that all of them write, and slots, each held by
// one of them for as long as it wants and lives. The system frees a slot with its process, however that ends.
//
// What is in the bytes is the caller's: they are zeros at first, what a process left in its slot stays there,
// and what others may read meanwhile is atomic. Linux: locks of an open file; elsewhere: locks of a process,
// so that it opens one file once.
//
// Any thread, but for `lock`: one at a time.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/os/descriptor.h"
#include "base/result.h"

namespace berth {

/// How the file is laid out. Files of another `layout` aren't read.
struct SlotsShape {
  uint64_t layout = 0;
  size_t heading_bytes = 0;
  size_t slot_bytes = 0;
  size_t slots = 0;
};

class SharedSlots {
 public:
  /// Makes the file (0600) where there is none. kUnavailable when it can't be, when processes that laid it
  /// out otherwise hold slots, or when one keeps the others out for longer than `patience`.
  static Result<SharedSlots> open(const std::string& path, const SlotsShape& shape,
                                  std::chrono::milliseconds patience);
  SharedSlots(SharedSlots&& other) noexcept;
  SharedSlots& operator=(SharedSlots&&) = delete;
  ~SharedSlots();

  std::byte* heading() const;
  std::byte* slot(size_t index) const;

  /// Keeps other processes out while it lives.
  class Alone {
   public:
    Alone(Alone&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
    Alone& operator=(Alone&&) = delete;
    ~Alone();

   private:
    friend class SharedSlots;
    explicit Alone(int file) : file_(file) {}
    int file_;
  };
  Result<Alone> lock(std::chrono::milliseconds patience) const;

  /// Whether another process holds the slot.
  bool held_elsewhere(size_t index) const;
  /// Holds a slot that nobody does; false when another process was quicker.
  bool hold(size_t index) const;
  void release(size_t index) const;

 private:
  SharedSlots(Descriptor file, const SlotsShape& shape, std::byte* bytes)
      : file_(std::move(file)), shape_(shape), bytes_(bytes) {}
  bool any_held() const;
  off_t place_of(size_t index) const;

  Descriptor file_;
  SlotsShape shape_;
  std::byte* bytes_;
};

}  // namespace berth
