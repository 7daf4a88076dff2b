// SPDX-License-Identifier: Apache-2.0
#pragma once
// The calls of one instance that were started: one at a time, in the order in which they came. Any thread.

#include <deque>
#include <memory>
#include <mutex>

#include "base/workers.h"
#include "berth/call.h"

namespace berth::embed {

/// Kept by its instance, and by the worker whose turn it is, which keeps nothing else: the instance is kept
/// by the calls alone.
class Turns : public std::enable_shared_from_this<Turns> {
 public:
  void add(std::shared_ptr<detail::Started> call, Workers& workers);

 private:
  void take_turn();
  /// The next one's turn; null when there is none, and then the next to come begins anew.
  std::shared_ptr<detail::Started> next();

  std::mutex mutex_;
  std::deque<std::shared_ptr<detail::Started>> waiting_;
  bool going_ = false;
};

}  // namespace berth::embed
