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
#include "host/admission.h"
#include "host/command.h"
#include "host/counters.h"
#include "host/denials.h"
#include "host/loader.h"

namespace berth::host {

/// How one request was served.
struct ServedRequest {
  uint16_t status = 0;  // what the client got
  engine::Served served;
};

/// Of all its instances: their own part of the module's limit, without what the host keeps for them.
struct MemoryUse {
  uint64_t used_bytes = 0;
  uint64_t peak_bytes = 0;
  uint64_t limit_bytes = 0;
};

/// How a module is served.
struct Serving {
  engine::Reuse reuse;
  uint64_t queue_length = 256;  // requests that wait for a place
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
  /// For how many instances an engine should keep room, those of all modules together: each takes some 12 GiB
  /// of the 128 TiB of addresses that a process has.
  static constexpr uint32_t kPlaces = 4000;

  static Result<std::shared_ptr<HttpModule>> create(const engine::Engine& engine, Loaded loaded,
                                                    CommandRequest request, const Serving& serving,
                                                    VersionWatch watch);
  /// Its next version, under a policy whose limits of the whole module are the same; served the same way.
  Result<std::shared_ptr<HttpModule>> follow(const engine::Engine& engine, Loaded loaded,
                                             policy::Policy policy, VersionWatch watch) const;
  HttpModule(const HttpModule&) = delete;
  HttpModule& operator=(const HttpModule&) = delete;
  ~HttpModule();

  /// Makes an instance as for a request or, with a probe, has it answer that, before anybody else asks it:
  /// `on_served` isn't told. `on_tried` is, how the guest's work ended included; once, on one of the engine's
  /// threads or, where there is nothing to wait for, at once.
  void try_out(const engine::Engine& engine, const engine::Probe* probe, std::chrono::nanoseconds most,
               std::function<void(const engine::Tried&)> on_tried);

  /// Who has one of the places for requests. One that was let in has it until it is served, which gives it
  /// back.
  Admission& admission();

  MemoryUse memory() const;
  /// What of content came from where, for all its versions.
  content::Brought brought() const;
  /// What they told their owner.
  activity::Told told() const;
  /// How often it was refused something since this was last asked.
  uint64_t new_denials();
  /// Where other processes see what it does; none where they can't.
  Counters* shown();
  /// Says there how many are with it, and what they take.
  void show();

  const std::shared_ptr<const engine::Service>& service() const {
    return service_;
  }
  const Loaded& loaded() const {
    return loaded_;
  }

  /// Gives back what was drawn of the day and not used, and says how many events were left out. Requests that
  /// are still under way, with whichever of its versions, get no more of it.
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
