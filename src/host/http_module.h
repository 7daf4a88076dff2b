// SPDX-License-Identifier: Apache-2.0
#pragma once
// A module that answers HTTP requests, in one version of it: what all its instances share (what it was
// refused), and how many requests are with it. What holds for the whole module (its memory, its share of the
// CPU, its traffic) all its versions draw from together.
//
// It lives as long as somebody may send it requests, or one is under way. Any thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/server.h"
#include "host/command.h"
#include "host/denials.h"
#include "host/loader.h"

namespace berth::host {

/// How one request was served.
struct ServedRequest {
  uint16_t status = 0;  // what the client got
  engine::Served served;
};

/// Whoever watches over a version. Called on the engine's threads, `gone` perhaps on the caller's: they must
/// not block or throw.
struct VersionWatch {
  std::function<void(const ServedRequest&)> on_served;
  /// Nobody can send it requests any more, and none is under way. Once.
  std::function<void()> on_gone;
};

class HttpModule {
 public:
  /// Requests at once, where no limit says it.
  static constexpr uint64_t kUsualInstances = 1000;

  static Result<std::shared_ptr<HttpModule>> create(const engine::Engine& engine, Loaded loaded,
                                                    CommandRequest request, VersionWatch watch);
  /// Its next version, under a policy whose limits of the whole module are the same.
  Result<std::shared_ptr<HttpModule>> follow(const engine::Engine& engine, Loaded loaded,
                                             policy::Policy policy, VersionWatch watch) const;
  HttpModule(const HttpModule&) = delete;
  HttpModule& operator=(const HttpModule&) = delete;
  ~HttpModule();

  /// A place for one more request; false when there are as many as there may be. A request that was let in is
  /// counted until it is served.
  bool admit();

  const std::shared_ptr<const engine::Service>& service() const {
    return service_;
  }
  const Loaded& loaded() const {
    return loaded_;
  }

  /// Gives back what was drawn of the day and not used. Requests that are still under way, with whichever of
  /// its versions, get no more of it.
  void close();

  /// What it was refused. Once no request is under way.
  std::shared_ptr<const Denials> denials() const;

 private:
  struct Requests;
  HttpModule(Loaded loaded, std::shared_ptr<Requests> requests);
  static Result<std::shared_ptr<HttpModule>> create(const engine::Engine& engine, Loaded loaded,
                                                    std::shared_ptr<Requests> requests);

  Loaded loaded_;
  std::shared_ptr<Requests> requests_;  // those that are under way hold it, too
  std::shared_ptr<const engine::Service> service_;
};

}  // namespace berth::host
