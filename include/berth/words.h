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
class Resources;
void settle(std::vector<std::shared_ptr<Held>>& given, bool delivered) noexcept;
void drop_all(Resources& resources, std::vector<uint32_t>& numbers) noexcept;
inline void drop_resources(Resources& resources, std::vector<uint32_t>& numbers) noexcept {
  if (!numbers.empty()) drop_all(resources, numbers);
}

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
    return kept_.emplace_back(std::make_unique<uint8_t[]>(bytes)).get();
  }

  /// A resource that is handed over; it goes with the words if they aren't delivered.
  void hand_over(uint32_t number) {
    handed_over_.push_back(number);
    put(number);
  }
  /// A resource that is lent until the words go.
  void lend(uint32_t number) {
    lent_.push_back(number);
    put(number);
  }
  /// A resource of the module's own, which it gets back if the words are delivered.
  void give_back(uint64_t word, std::shared_ptr<Held> held) {
    given_back_.push_back(std::move(held));
    put(word);
  }
  /// What was handed over is the module's now.
  void delivered() {
    handed_over_.clear();
    if (!given_back_.empty()) settle(given_back_, true);
  }
  /// These words aren't to be delivered, and why.
  void refuse(const char* why) {
    refused_ = why;
    put(0);
  }
  /// Null: they are.
  const char* refused() const {
    return refused_;
  }
  /// Of the instance that the words are for.
  Resources& resources() {
    return resources_;
  }
  /// For other words: what was kept goes.
  void clear() noexcept {
    count_ = 0;
    if (!kept_.empty()) kept_.clear();
    drop_resources(resources_, handed_over_);
    drop_resources(resources_, lent_);
    if (!given_back_.empty()) settle(given_back_, false);
    refused_ = nullptr;
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
  Resources& resources_;
  uint64_t usual_[kUsual];  // NOLINT(cppcoreguidelines-pro-type-member-init): written before it is read
  uint64_t* data_ = usual_;
  size_t count_ = 0;
  size_t room_ = kUsual;
  std::vector<uint64_t> more_;
  std::vector<std::unique_ptr<uint8_t[]>> kept_;
  std::vector<uint32_t> handed_over_;
  std::vector<uint32_t> lent_;
  std::vector<std::shared_ptr<Held>> given_back_;
  const char* refused_ = nullptr;
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
