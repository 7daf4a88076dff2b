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

class Held;
class ReaderEnd;
class Resources;

/// Words of values on their way to a module. What they point to outlives the call.
class Writer {
 public:
  explicit Writer(Resources& resources) : resources_(resources) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() {
    clear();
  }

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
    return more().kept.emplace_back(std::make_unique<uint8_t[]>(bytes)).get();
  }
  /// A resource that is handed over; it goes with the words if they aren't delivered.
  void hand_over(uint32_t number) {
    more().handed_over.push_back(number);
    put(number);
  }
  /// A resource that is lent until the words go.
  void lend(uint32_t number) {
    more().lent.push_back(number);
    put(number);
  }
  /// A resource of the module's own, which it gets back if the words are delivered.
  void give_back(uint64_t word, std::shared_ptr<Held> held) {
    more().given_back.push_back(std::move(held));
    put(word);
  }
  /// The reading end of a stream or a future; the program keeps it if it isn't delivered.
  void give_end(const std::shared_ptr<ReaderEnd>& end) {
    more().ends.push_back(end);
    put(reinterpret_cast<uintptr_t>(end.get()));
  }
  /// These words aren't to be delivered, and why.
  void refuse(const char* why) {
    more().refused = why;
    put(0);
  }

  std::span<const uint64_t> words() const {
    return {data_, count_};
  }
  /// Of the instance that the words are for.
  Resources& resources() {
    return resources_;
  }
  /// Null: they are to be delivered.
  const char* refused() const {
    return more_ ? more_->refused : nullptr;
  }
  /// What was handed over is the module's now.
  void delivered() noexcept {
    if (more_) hand_over_all();
  }
  /// For other words: what was kept goes.
  void clear() noexcept {
    count_ = 0;
    if (more_) let_go();
  }

 private:
  /// What most words do without.
  struct More {
    std::vector<uint64_t> words;
    std::vector<std::unique_ptr<uint8_t[]>> kept;
    std::vector<uint32_t> handed_over;
    std::vector<uint32_t> lent;
    std::vector<std::shared_ptr<Held>> given_back;
    std::vector<std::shared_ptr<ReaderEnd>> ends;
    const char* refused = nullptr;
  };

  More& more() {
    if (!more_) more_ = std::make_unique<More>();
    return *more_;
  }
  void grow() {
    std::vector<uint64_t> larger(2 * room_);
    std::copy_n(data_, count_, larger.data());
    room_ = larger.size();
    data_ = larger.data();
    more().words = std::move(larger);
  }
  void hand_over_all() noexcept;
  void let_go() noexcept;

  static constexpr size_t kUsual = 24;
  Resources& resources_;
  uint64_t usual_[kUsual];  // NOLINT(cppcoreguidelines-pro-type-member-init): written before it is read
  uint64_t* data_ = usual_;
  size_t count_ = 0;
  size_t room_ = kUsual;
  std::unique_ptr<More> more_;
};

/// Words of values that came from a module, of a type that was found to fit.
class Reader {
 public:
  Reader(std::span<const uint64_t> words, Resources& resources) : words_(words), resources_(&resources) {}

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
  /// Of the instance that they came from.
  Resources& resources() {
    return *resources_;
  }

 private:
  std::span<const uint64_t> words_;
  Resources* resources_;
};

}  // namespace berth::detail
