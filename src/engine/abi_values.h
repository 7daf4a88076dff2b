// SPDX-License-Identifier: Apache-2.0
#pragma once
// Between the C ABI's plain values and C++'s, for the sources of this room alone.

#include <atomic>
#include <string>
#include <string_view>

#include "base/error_table.h"
#include "base/result.h"
#include "berth_engine.h"

namespace berth::engine {

inline berth_slice slice(std::string_view bytes) {
  return {.data = reinterpret_cast<const uint8_t*>(bytes.data()), .len = bytes.size()};
}

inline std::string_view view(berth_slice bytes) {
  return {reinterpret_cast<const char*>(bytes.data), bytes.len};
}

/// A counter that the engine may write at the same time.
inline uint64_t load(uint64_t& counter) {
  static_assert(std::atomic_ref<uint64_t>::is_always_lock_free);
  return std::atomic_ref(counter).load(std::memory_order_relaxed);
}

/// Bytes that the engine allocated, given back when this goes.
class OwnedBytes {
 public:
  OwnedBytes() = default;
  OwnedBytes(const OwnedBytes&) = delete;
  OwnedBytes& operator=(const OwnedBytes&) = delete;
  ~OwnedBytes() {
    berth_bytes_free(bytes_);
  }

  berth_bytes* out() {
    return &bytes_;
  }
  std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes_.data), bytes_.len};
  }

 private:
  berth_bytes bytes_ = {.data = nullptr, .len = 0};
};

/// The engine's error as ours.
inline std::unexpected<Error> abi_error(int32_t code, const OwnedBytes& message) {
  return fail(error_code_from_abi(code).value_or(ErrorCode::kInternal), std::string(message.view()));
}

}  // namespace berth::engine
