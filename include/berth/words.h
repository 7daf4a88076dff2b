// SPDX-License-Identifier: Apache-2.0
#pragma once
// Values on their way between a program and a module: words of 64 bits, in the order of their WIT type
// (codec.h writes and reads them). For the templates of this library alone.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace berth::detail {

/// Words of values on their way to a module. What they point to outlives the call.
class Writer {
 public:
  Writer() = default;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void put(uint64_t word) {
    if (count_ == room_) grow();
    data_[count_++] = word;
  }
  void put(const void* address, size_t count) {
    put(reinterpret_cast<uintptr_t>(address));
    put(count);
  }
  /// Room for what has no address of its own, until the words go.
  uint8_t* keep(size_t bytes) {
    return kept_.emplace_back(std::make_unique<uint8_t[]>(bytes)).get();
  }

  /// For other words: what was kept goes.
  void clear() {
    count_ = 0;
    if (!kept_.empty()) kept_.clear();
    if (room_ <= kUsual) return;
    more_ = {};
    data_ = usual_;
    room_ = kUsual;
  }

  std::span<const uint64_t> words() const {
    return {data_, count_};
  }

 private:
  void grow() {
    std::vector<uint64_t> larger(2 * room_);
    std::copy_n(data_, count_, larger.data());
    more_ = std::move(larger);
    data_ = more_.data();
    room_ = more_.size();
  }

  static constexpr size_t kUsual = 24;
  uint64_t usual_[kUsual];  // NOLINT(cppcoreguidelines-pro-type-member-init): written before it is read
  uint64_t* data_ = usual_;
  size_t count_ = 0;
  size_t room_ = kUsual;
  std::vector<uint64_t> more_;
  std::vector<std::unique_ptr<uint8_t[]>> kept_;
};

/// Words of values that came from a module, of a type that was found to fit.
class Reader {
 public:
  explicit Reader(std::span<const uint64_t> words) : words_(words) {}

  uint64_t next() {
    const uint64_t word = words_.front();
    words_ = words_.subspan(1);
    return word;
  }
  /// Also what follows, as it lies in the module's memory.
  template <class T>
  std::span<const T> piece() {
    const auto* const at = reinterpret_cast<const T*>(next());  // NOLINT(performance-no-int-to-ptr)
    const auto count = static_cast<size_t>(next());
    return {count == 0 ? nullptr : at, count};
  }

 private:
  std::span<const uint64_t> words_;
};

}  // namespace berth::detail
