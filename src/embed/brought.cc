// SPDX-License-Identifier: Apache-2.0
#include "berth/brought.h"

#include "embed/parts.h"

namespace berth {
namespace {

std::chrono::nanoseconds nanoseconds(double seconds) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
}

}  // namespace

Brought Instance::brought() const {
  const content::Brought all = parts_->granted.brought();
  Brought brought{.store_blocks = all.store_blocks, .store_bytes = all.store_bytes};
  for (const content::Came& came : all.came) {
    brought.gateways.push_back({.gateway = came.from,
                                .requests = came.requests,
                                .answers = came.answers,
                                .blocks = came.blocks,
                                .bytes = came.bytes,
                                .wrong_answers = came.lies,
                                .first_byte = nanoseconds(content::first_byte_seconds(came)),
                                .time = nanoseconds(came.seconds),
                                .fault = came.dropped});
  }
  return brought;
}

}  // namespace berth
