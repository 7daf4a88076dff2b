// SPDX-License-Identifier: Apache-2.0
#pragma once
// How much a module may send and receive a second, all its calls and connections together. Any thread.

#include <cstdint>

struct berth_traffic;

namespace berth::engine {

class Traffic {
 public:
  /// Bytes a second, each way; an eighth of it may come at once after a pause.
  explicit Traffic(uint64_t bytes_per_second);
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;
  ~Traffic();

  const berth_traffic* abi() const {
    return traffic_;
  }

 private:
  berth_traffic* const traffic_;
};

}  // namespace berth::engine
