// SPDX-License-Identifier: Apache-2.0
#pragma once
// One thing asked of several gateways: of the first, and of the next ones when it fails or lets wait. Whoever
// has something good first goes on alone.
//
// Blocks its thread; each request has one of its own.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "providers/content/gateway.h"

namespace berth::content {

/// One request, on its thread.
class Runner {
 public:
  explicit Runner(Gateway& to) : gateway(to) {}

  /// Asked when its first good bytes are there, and once. False: another one was faster, so it ends.
  std::function<bool()> claim;
  struct Release {
    void operator()(Runner* runner) const {
      runner->release();
    }
  };
  using Use = std::unique_ptr<Runner, Release>;
  /// Connects through `line`, which ends when this is stopped, until the Use is gone; the line outlives that.
  /// kCancelled where it is stopped already.
  Result<Use> use(web::Web& line);
  /// Any thread.
  void stop();
  bool is_stopped() const {
    return stopped_;
  }

  Gateway& gateway;

 private:
  void release();

  std::mutex lock_;
  web::Web* line_ = nullptr;  // guarded by lock_
  std::atomic<bool> stopped_ = false;
};

struct Contest {
  std::vector<std::shared_ptr<Gateway>> gateways;  // the best first
  std::chrono::milliseconds least_wait{100};       // before the next one is asked as well
  std::chrono::milliseconds most_wait{2000};
  size_t most_at_once = 3;
};

/// What became of one that wasn't stopped: called on its thread, before it counts as ended.
using Ended = std::function<void(Gateway&, const Result<void>&)>;

/// True when one has come to its end well. `run` is called for each on a thread. False: none, or the one that
/// went on alone failed then.
bool race(const Contest& contest, const std::stop_token& stop,
          const std::function<Result<void>(Runner&)>& run, const Ended& ended);

}  // namespace berth::content
