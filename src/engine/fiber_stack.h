// SPDX-License-Identifier: Apache-2.0
#pragma once
// On which stack the engine calls back, for builds with a sanitizer. That for addresses believes a thread to
// have one stack, so it doesn't clean up after an exception on a guest's fiber, and what comes to lie there
// next seems to be out of bounds. That for threads doesn't see how the engine hands a fiber's stack from one
// to the next. Other builds know nothing of it.

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>

#include <cstddef>
#elif defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>

#include <cstdint>
#endif

namespace berth::engine {

#ifdef __SANITIZE_ADDRESS__

/// While it lives, what lies below its caller's frame is this thread's stack. For callbacks in which
/// something may be thrown; none of it gets out of them.
class FiberStack {
 public:
  [[gnu::always_inline]] FiberStack() {
    constexpr size_t kMost = 1 << 20;
    const auto* const top = static_cast<const char*>(__builtin_frame_address(0));
    __sanitizer_start_switch_fiber(&fake_, top - kMost, kMost);
    __sanitizer_finish_switch_fiber(nullptr, &bottom_, &size_);
  }
  FiberStack(const FiberStack&) = delete;
  FiberStack& operator=(const FiberStack&) = delete;
  ~FiberStack() {
    __sanitizer_start_switch_fiber(nullptr, bottom_, size_);
    __sanitizer_finish_switch_fiber(fake_, nullptr, nullptr);
  }

 private:
  void* fake_ = nullptr;
  const void* bottom_ = nullptr;
  size_t size_ = 0;
};

#elif defined(__SANITIZE_THREAD__)

/// While it lives, what others left on this stack is over, and what lies there is over for those after it.
class FiberStack {
 public:
  [[gnu::always_inline]] FiberStack() : place_(place(__builtin_frame_address(0))) {
    __tsan_acquire(place_);
  }
  FiberStack(const FiberStack&) = delete;
  FiberStack& operator=(const FiberStack&) = delete;
  ~FiberStack() {
    __tsan_release(place_);
  }

 private:
  /// The same for all frames of a fiber, whose stack has a MiB, but for those on either side of a border.
  static void* place(void* frame) {
    return reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(frame) & ~uintptr_t{(2 << 20) - 1});
  }

  void* place_;
};

#else

struct FiberStack {
  ~FiberStack() {}  // so that one that is only made isn't unused
};

#endif

}  // namespace berth::engine
