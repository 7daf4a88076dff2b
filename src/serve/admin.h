// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the owner of a server asks it, on an address of its own: `/metrics` for Prometheus, `/livez` (and
// `/healthz`) for whoever restarts what hangs, `/readyz` for whoever sends it requests.
//
// Asked on the engine's threads, as guests run there: who gets no answer here wouldn't get one of a module.

#include <atomic>
#include <functional>
#include <string>

#include "engine/server.h"

namespace berth::serve {

class Admin final : public engine::Router {
 public:
  /// `metrics` gives the text; called on any thread.
  explicit Admin(std::function<std::string()> metrics) : metrics_(std::move(metrics)) {}

  /// Small and few: it is for one's own.
  static engine::ServerSettings settings();

  /// Not ready any more: the server ends.
  void stopping() {
    ready_ = false;
  }

  engine::Decision route(const engine::RequestHead& head) noexcept override;
  void drained(uint64_t) noexcept override {}

 private:
  const std::function<std::string()> metrics_;
  std::atomic<bool> ready_ = true;
};

/// Whether two addresses with their ports could be reached as one: "0.0.0.0:80" and "127.0.0.1:80".
bool overlap(std::string_view address, std::string_view other);

}  // namespace berth::serve
