// SPDX-License-Identifier: Apache-2.0
#pragma once
// Serving HTTP: modules that answer requests, each one in an instance of its own, and the server that brings
// them. Where a request goes is asked of the server's owner; how it was served is told to the module's. What
// is said of a request is in engine/request.h.
//
// Everything here is for any thread. Callbacks come on the engine's threads: they are noexcept, never block,
// and never call back into the engine, but to complete a request that waits.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/guest.h"
#include "engine/request.h"
#include "engine/tls.h"

struct berth_service;
struct berth_listener;
struct berth_server;

namespace berth::engine {

/// Whoever a module's requests are told to, and who owns what its guests are lent.
class Answerer {
 public:
  virtual ~Answerer() = default;

  /// A guest is done with a request. Gives the status to answer with when the guest gave none.
  virtual uint16_t served(const Served& served) noexcept = 0;
};

/// How instances are used again.
struct Reuse {
  uint32_t requests = 1;  // that an instance answers
  uint32_t at_once = 1;   // that it may answer at the same time: WASI 0.3 only
};

/// What came of trying a module before clients are sent to it.
struct Tried {
  Outcome outcome;      // of making an instance; what it was asked has its own, which its answerer is told
  uint16_t status = 0;  // what it answered where it was asked; 0: nothing, or not to the answer's end
  bool late = false;    // it took longer than it may
};

/// What a module is asked, by GET.
struct Probe {
  std::string host;
  std::string path;
};

/// A module that answers requests.
class Service {
 public:
  /// `guest` is what each of its instances is given; what it lends has to live as long as the answerer, which
  /// is dropped when neither the service nor a request of it is left. kInvalidModule says why it can't
  /// answer.
  static Result<std::unique_ptr<Service>> create(const Engine& engine, const Module& module,
                                                 const Guest& guest, Reuse reuse,
                                                 std::shared_ptr<Answerer> answerer);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  /// Requests that are under way go on.
  ~Service();

  /// Makes an instance as for a request or, with a probe, has it answer that, of which the answerer is told
  /// as of any request. `on_tried` is called once, unless an error is returned, on a thread of the engine's.
  Result<void> try_out(const Engine& engine, const Probe* probe, std::chrono::nanoseconds most,
                       std::function<void(const Tried&)> on_tried) const;

  const berth_service* abi() const {
    return service_;
  }

 private:
  explicit Service(berth_service* service) : service_(service) {}

  berth_service* const service_;
};

/// Bounds of what clients may do.
struct ServerSettings {
  uint64_t connections = 4096;  // at once; one more is closed
  uint64_t resets = 64;  // streams of HTTP/2 that a client resets, or has reset, before they are dealt with
  uint64_t head_bytes = 32 << 10;  // of a request's head
  std::chrono::nanoseconds head_time = std::chrono::seconds(10);
  uint64_t body_bytes = uint64_t{1} << 30;
  std::chrono::nanoseconds idle_time = std::chrono::seconds(60);  // of a connection, or of a client in a body
  std::chrono::nanoseconds drain_time = std::chrono::seconds(30);  // of a server that is stopped
  bool inside = false;  // its router is asked about requests between modules, too: of one server at most
};

/// Whoever knows the routes.
class Router {
 public:
  virtual ~Router() = default;

  virtual Decision route(const RequestHead& head) noexcept = 0;
  /// A server that was stopped has no connection left, or so many when it had waited long enough.
  virtual void drained(uint64_t left) noexcept = 0;
};

/// An address that is bound: nobody can connect yet.
class Listener {
 public:
  /// "127.0.0.1:0", "[::1]:8080"; for an engine with so many lanes.
  static Result<Listener> bind(std::string_view address, size_t lanes);
  Listener(Listener&& other) noexcept : listener_(std::exchange(other.listener_, nullptr)) {}
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  /// With the port that it got.
  std::string address() const;

 private:
  friend class Server;
  explicit Listener(berth_listener* listener) : listener_(listener) {}

  berth_listener* listener_;
};

class Server {
 public:
  /// Serves on the engine's lanes, by TLS or, without one, plainly. The router outlives the engine.
  static Result<std::unique_ptr<Server>> start(const Engine& engine, Listener listener,
                                               const ServerSettings& settings, Router& router,
                                               const Tls* tls = nullptr);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  /// Accepts no more, and lets go of connections as their requests end.
  void stop();
  uint64_t connections() const;

 private:
  explicit Server(berth_server* server) : server_(server) {}

  berth_server* const server_;
};

}  // namespace berth::engine
