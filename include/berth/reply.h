// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a function of the program answers a module. For the templates of imports.h alone.

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include "berth/answer.h"
#include "berth/resource.h"
#include "berth/words.h"

namespace berth::detail {

/// What a function answers: words, and what they point to. An instance has one, as it makes one call at a
/// time.
class Reply {
 public:
  explicit Reply(Resources& resources) : words_(resources) {}
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;
  ~Reply() {
    clear();
  }

  Writer& words() {
    return words_;
  }
  /// Keeps a value until the next answer, or until its words have been read.
  template <class T>
  const T& hold(T&& value) {
    static_assert(!std::is_reference_v<T>);
    used_ = true;
    void* place = room_;
    if constexpr (sizeof(T) > sizeof room_ || alignof(T) > alignof(std::max_align_t)) {
      auto* const made = new T(std::move(value));
      held_ = made;
      destroy_ = [](void* held) noexcept { delete static_cast<T*>(held); };
      return *made;
    } else {
      auto* const made = new (place) T(std::move(value));
      held_ = made;
      destroy_ = [](void* held) noexcept { std::destroy_at(static_cast<T*>(held)); };
      return *made;
    }
  }
  /// The answer comes later.
  void wait_for(std::shared_ptr<Pending> pending) {
    used_ = true;
    pending_ = std::move(pending);
  }
  /// What is waited for, if something is; the caller keeps it.
  std::shared_ptr<Pending> pending() {
    return std::exchange(pending_, nullptr);
  }
  /// There is no answer, and why.
  void fail(std::string why) {
    used_ = true;
    failed_ = true;
    failure_ = std::move(why);
  }

  bool failed() const {
    return failed_;
  }
  bool holds() const {
    return held_ != nullptr;
  }
  const std::string& failure() const {
    return failure_;
  }
  void clear() noexcept {
    words_.clear();
    if (!std::exchange(used_, false)) return;
    pending_.reset();
    failed_ = false;
    if (held_ == nullptr) return;
    void* const held = std::exchange(held_, nullptr);
    destroy_(held);
  }

 private:
  Writer words_;
  void* held_ = nullptr;
  void (*destroy_)(void*) noexcept = nullptr;
  bool used_ = false;  // there is more than words to let go of
  bool failed_ = false;
  std::string failure_;
  std::shared_ptr<Pending> pending_;
  alignas(std::max_align_t) std::byte room_[64];  // NOLINT(cppcoreguidelines-pro-type-member-init)
};

}  // namespace berth::detail
