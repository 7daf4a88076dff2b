// SPDX-License-Identifier: Apache-2.0
#pragma once
// A module that answers HTTP requests, in one version of it: what all its instances share (limits of the
// whole module, what it was refused), and how many requests are with it.
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

class HttpModule {
 public:
  /// Requests at once, where no limit says it.
  static constexpr uint64_t kUsualInstances = 1000;

  /// For how many instances of a module with these limits, on so many lanes, an engine should keep room.
  static uint32_t places(const policy::Limits& limits, size_t lanes);

  /// `on_served` is called on the engine's threads: it must not block or throw.
  static Result<std::shared_ptr<HttpModule>> create(const engine::Engine& engine, Loaded loaded,
                                                    CommandRequest request, const Serving& serving,
                                                    std::function<void(const ServedRequest&)> on_served);
  HttpModule(const HttpModule&) = delete;
  HttpModule& operator=(const HttpModule&) = delete;
  ~HttpModule();

  /// Who has one of the places for requests. One that was let in has it until it is served, which gives it
  /// back.
  Admission& admission();

  MemoryUse memory() const;
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

  /// Gives back what was drawn of the day and not used. Requests that are still under way get no more of it.
  void close();

  /// What it was refused. Once no request is under way.
  const Denials& denials() const;

 private:
  struct Requests;
  HttpModule(Loaded loaded, std::shared_ptr<Requests> requests);

  Loaded loaded_;
  std::shared_ptr<Requests> requests_;  // those that are under way hold it, too
  std::shared_ptr<const engine::Service> service_;
};

}  // namespace berth::host
