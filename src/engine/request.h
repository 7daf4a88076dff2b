// SPDX-License-Identifier: Apache-2.0
#pragma once
// One request to a server, from its routing to its end: what it says of itself, where it goes, how it was
// served, and who wants to hear of that. Whoever follows one is a `Request`, which the server owns
// (server.cc) until it has told it all.
//
// Everything here is for any thread. Callbacks come on the engine's threads: they are noexcept, never block,
// and never call back into the engine, but to complete a request that waits.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/answer.h"
#include "engine/guest.h"

struct berth_completion;

namespace berth::engine {

class Request;
class Service;

/// What a request says of itself before its body.
struct RequestHead {
  std::string_view method;
  std::string_view host;  // as the client wrote it, without a port; of a module's "NAME.berth.internal"
  std::string_view path;  // with its query
  std::string_view peer;  // the client's address and port, or the module that asks
  std::string_view traceparent;  // the header, as the client wrote it; empty: none
  uint16_t refused = 0;          // not 0: makes no sense, is answered with this, and is told only to be noted
  uint32_t hops = 0;  // requests from module to module that led to it, it included; 0: over a connection
  RequestHeaders headers = {};  // only while it is routed
};

/// Where a request goes. To a module's own request 404 says that no module has that name, 508 that there are
/// too many hops: it gets the interface's error for it.
struct Route {
  std::shared_ptr<const Service> service;  // none: nowhere
  uint16_t status = 404;                   // what is answered then
  std::chrono::seconds retry_after{0};     // 0 says nothing
};

/// Says, once, where a request goes that waits. Dropped without a word, the request is answered with 503.
class Completion {
 public:
  explicit Completion(berth_completion* completion) : completion_(completion) {}
  Completion(Completion&& other) noexcept : completion_(std::exchange(other.completion_, nullptr)) {}
  Completion& operator=(Completion&& other) noexcept;
  ~Completion();

  /// The request may have gone away meanwhile. Once, like `answer`.
  void give(const Route& route);
  /// Answers it from here: nothing when the request has gone away, or where a header can't be one.
  std::optional<AnswerBody> answer(const OwnAnswer& answer);

 private:
  berth_completion* completion_;
};

/// How a request was served.
struct Served {
  Request* request = nullptr;  // the router's, where it wants to hear of it
  Outcome outcome;             // of the guest's work; kExited is an ordinary end
  uint16_t status = 0;         // what the guest answered; 0: nothing
  std::string refused;         // the error that it answered with instead
  std::chrono::nanoseconds wall{0};
};

/// What went over the connection for a request.
struct Finished {
  uint16_t status = 0;          // what the client was answered; 0: it went away before
  bool asked = false;           // a service was: `served` is told, too
  uint64_t received_bytes = 0;  // of the bodies
  uint64_t sent_bytes = 0;
};

/// One request, from its routing to its end, for who wants to follow it. It goes when it was told all.
class Request {
 public:
  Request() = default;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
  virtual ~Request() = default;

  /// Its route isn't known yet, and this completes it. At once after `Router::route`.
  virtual void wait(Completion completion) noexcept;
  /// The guest is done with it. `status` is what a client gets that wasn't answered yet.
  virtual void served(uint16_t status, const Served& served) noexcept = 0;
  /// Nothing is left of it on its connection. Once; before or after `served`.
  virtual void finished(const Finished& finished) noexcept = 0;

 private:
  friend struct RequestEnds;
  std::atomic<int> ends_left_ = 2;
};

/// What is said of a request.
struct Decision {
  Route route;
  std::chrono::nanoseconds wait{0};  // not 0: for the route, which is what holds when it isn't given in time
  std::string_view body = {};  // what is answered instead of a status in words, for as long as `request` is
  std::string_view content_type = {};
  std::unique_ptr<Request> request = nullptr;  // none: nothing more is told of it
  // The header for the guest, for as long as `request` is; empty: its headers are as they came.
  std::string_view traceparent = {};
  bool fresh_trace = false;  // it isn't the client's, and the guest gets no `tracestate` of that
};

}  // namespace berth::engine
