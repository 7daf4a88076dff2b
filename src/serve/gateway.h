// SPDX-License-Identifier: Apache-2.0
#pragma once
// A gateway: content by its CID over HTTP, so that whoever gets it can check it
// (specs.ipfs.tech/http-gateways/trustless-gateway).
//
// Requests come on the engine's threads, which only read what is asked; threads of its own follow paths, read
// blocks and write answers, each as fast as its client takes it.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/request.h"
#include "engine/server.h"
#include "serve/access_log.h"
#include "serve/gateway_reply.h"

namespace berth::serve {

struct GatewaySettings {
  size_t at_once = 32;  // answers that are being written
  size_t queue = 256;   // requests that wait for that; one more gets 503
  std::chrono::nanoseconds queue_time = std::chrono::seconds(30);
  std::chrono::nanoseconds patience = std::chrono::seconds(60);  // with a client that takes nothing
};

class Gateway final : public engine::Router {
 public:
  /// Starts its threads. What `source` points at and `log`, which may be none, outlive it; `drained` is told
  /// how many connections were left, on a thread of the engine's.
  Gateway(GatewaySource source, GatewaySettings settings, AccessLog* log,
          std::function<void(uint64_t)> drained);
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;
  /// No request comes any more. Answers that are being written end where they are.
  ~Gateway() override;

  engine::Decision route(const engine::RequestHead& head) noexcept override;
  void drained(uint64_t left) noexcept override {
    drained_(left);
  }

 private:
  class Asked;
  struct Job {
    std::optional<engine::Completion> completion;
    std::optional<GatewayAsk> ask;
    GatewayReply reply;  // where there is no `ask`
  };

  /// False: there are too many.
  bool add(Job job);
  void run();
  void answer(Job job);

  const GatewaySource source_;
  const GatewaySettings settings_;
  AccessLog* const log_;
  const std::function<void(uint64_t)> drained_;
  std::mutex lock_;
  std::condition_variable more_;
  std::deque<Job> waiting_;  // guarded by lock_
  bool ending_ = false;      // the same
  std::vector<std::thread> threads_;
};

}  // namespace berth::serve
