// SPDX-License-Identifier: Apache-2.0
#include "engine/server.h"

#include <utility>

#include "engine/abi_guest.h"
#include "engine/abi_values.h"

namespace berth::engine {

/// A request is told of its guest and of its connection, in either order.
struct RequestEnds {
  static void heard(Request& request, int ends) noexcept {
    if (request.ends_left_.fetch_sub(ends) == ends) delete &request;
  }
};

namespace {

uint64_t nanoseconds(std::chrono::nanoseconds time) {
  return time.count() > 0 ? static_cast<uint64_t>(time.count()) : 0;
}

/// What the engine holds on to for one service; `berth_on_gone` frees it.
struct Answering {
  berth_meter meter = {};
  DoorKeeper* keeper = nullptr;
  std::shared_ptr<Answerer> answerer;
};

extern "C" bool berth_on_service_ask(void* context, const berth_knock* knock) noexcept {
  return static_cast<Answering*>(context)->keeper->ask(knock_of(*knock));
}

extern "C" uint16_t berth_on_served(void* context, const berth_served* told) noexcept {
  auto* request = static_cast<Request*>(told->request);
  Served served{.request = request,
                .outcome = outcome_of(*told->outcome),
                .status = told->status,
                .refused = std::string(view(told->refused)),
                .wall = std::chrono::nanoseconds(told->wall_ns)};
  served.outcome.cpu_used = std::chrono::nanoseconds(told->cpu_used_ns);
  served.outcome.fuel_used = told->fuel_used;
  served.outcome.network.sent_bytes = told->sent_bytes;
  served.outcome.network.received_bytes = told->received_bytes;
  const uint16_t status = static_cast<Answering*>(context)->answerer->served(served);
  if (request != nullptr) {
    request->served(status, served);
    RequestEnds::heard(*request, 1);
  }
  return status;
}

using OnTried = std::function<void(const Tried&)>;

extern "C" void berth_on_tried(void* context, const berth_tried* told) noexcept {
  const std::unique_ptr<OnTried> on_tried(static_cast<OnTried*>(context));
  (*on_tried)({.outcome = outcome_of(*told->outcome), .status = told->status, .late = told->late});
}

extern "C" void berth_on_gone(void* context) noexcept {
  delete static_cast<Answering*>(context);
}

berth_route abi_of(const Route& route) {
  return {.service = route.service ? berth_service_hold(route.service->abi()) : nullptr,
          .status = route.status,
          .retry_after = static_cast<uint32_t>(route.retry_after.count()),
          .wait_ns = 0,
          .body = {},
          .content_type = {},
          .request = nullptr,
          .traceparent = {},
          .fresh_trace = false};
}

extern "C" void berth_on_route(void* context, const berth_request_head* head, berth_route* out) noexcept {
  Decision decision = static_cast<Router*>(context)->route({.method = view(head->method),
                                                            .host = view(head->host),
                                                            .path = view(head->path),
                                                            .peer = view(head->peer),
                                                            .traceparent = view(head->traceparent),
                                                            .refused = head->refused,
                                                            .hops = head->hops,
                                                            .headers = RequestHeaders(head->headers)});
  *out = abi_of(decision.route);
  out->wait_ns = nanoseconds(decision.wait);
  out->body = slice(decision.body);
  out->content_type = slice(decision.content_type);
  out->traceparent = slice(decision.traceparent);
  out->fresh_trace = decision.fresh_trace;
  out->request = decision.request.release();  // goes when it was told all
}

extern "C" void berth_on_wait(void* request, berth_completion* completion) noexcept {
  static_cast<Request*>(request)->wait(Completion(completion));
}

extern "C" void berth_on_finished(void* request, const berth_finished* told) noexcept {
  auto& finished = *static_cast<Request*>(request);
  finished.finished({.status = told->status,
                     .asked = told->asked,
                     .received_bytes = told->received_bytes,
                     .sent_bytes = told->sent_bytes});
  RequestEnds::heard(finished, told->asked ? 1 : 2);
}

extern "C" void berth_on_drained(void* context, uint64_t left) noexcept {
  static_cast<Router*>(context)->drained(left);
}

}  // namespace

Completion& Completion::operator=(Completion&& other) noexcept {
  std::swap(completion_, other.completion_);
  return *this;
}

Completion::~Completion() {
  berth_completion_free(completion_);
}

void Completion::give(const Route& route) {
  const berth_route abi = abi_of(route);
  berth_completion_give(std::exchange(completion_, nullptr), &abi);
}

std::optional<AnswerBody> Completion::answer(const OwnAnswer& answer) {
  std::vector<berth_slice> headers;
  for (const auto& [name, value] : answer.headers) {
    headers.push_back(slice(name));
    headers.push_back(slice(value));
  }
  const berth_http_answer abi = {.status = answer.status,
                                 .headers = {.items = headers.data(), .len = headers.size()},
                                 .length = answer.length ? static_cast<int64_t>(*answer.length) : -1};
  berth_http_body* const body = berth_completion_answer(std::exchange(completion_, nullptr), &abi);
  if (body == nullptr) return std::nullopt;
  return AnswerBody(body);
}

// Dropped: a router whose requests don't wait gives them none.
void Request::wait(Completion) noexcept {}

Result<std::unique_ptr<Service>> Service::create(const Engine& engine, const Module& module,
                                                 const Guest& guest, Reuse reuse,
                                                 std::shared_ptr<Answerer> answerer) {
  auto answering = std::make_unique<Answering>();
  answering->meter = meter_of(guest);
  answering->keeper = guest.keeper;
  answering->answerer = std::move(answerer);
  const AbiGuest given(guest, answering->meter, berth_on_service_ask, answering.get());
  OwnedBytes error;
  berth_service* service = nullptr;
  const int32_t code =
      berth_service_new(engine.abi(), module.abi(), &given.abi(), reuse.requests, reuse.at_once,
                        berth_on_served, berth_on_gone, &service, error.out());
  if (code != 0) return abi_error(code, error);
  std::ignore = answering.release();  // berth_on_gone frees it
  return std::unique_ptr<Service>(new Service(service));
}

Result<void> Service::try_out(const Engine& engine, const Probe* probe, std::chrono::nanoseconds most,
                              std::function<void(const Tried&)> on_tried) const {
  auto context = std::make_unique<OnTried>(std::move(on_tried));
  const Probe nothing;
  const Probe& asked = probe != nullptr ? *probe : nothing;
  OwnedBytes error;
  const int32_t code = berth_service_try(engine.abi(), service_, slice(asked.host), slice(asked.path),
                                         nanoseconds(most), berth_on_tried, context.get(), error.out());
  if (code != 0) return abi_error(code, error);
  std::ignore = context.release();  // berth_on_tried frees it
  return {};
}

Service::~Service() {
  berth_service_free(service_);
}

Result<Listener> Listener::bind(std::string_view address, size_t lanes) {
  OwnedBytes error;
  berth_listener* listener = nullptr;
  const int32_t code = berth_listener_bind(slice(address), lanes, &listener, error.out());
  if (code != 0) return abi_error(code, error);
  return Listener(listener);
}

Listener::~Listener() {
  berth_listener_free(listener_);
}

std::string Listener::address() const {
  OwnedBytes text;
  *text.out() = berth_listener_address(listener_);
  return std::string(text.view());
}

Result<std::unique_ptr<Server>> Server::start(const Engine& engine, Listener listener,
                                              const ServerSettings& settings, Router& router,
                                              const Tls* tls) {
  const berth_server_settings abi = {.connections = settings.connections,
                                     .resets = settings.resets,
                                     .head_bytes = settings.head_bytes,
                                     .head_ns = nanoseconds(settings.head_time),
                                     .body_bytes = settings.body_bytes,
                                     .idle_ns = nanoseconds(settings.idle_time),
                                     .drain_ns = nanoseconds(settings.drain_time),
                                     .inside = settings.inside};
  const berth_router calls = {.context = &router,
                              .route = berth_on_route,
                              .wait = berth_on_wait,
                              .finished = berth_on_finished,
                              .drained = berth_on_drained};
  OwnedBytes error;
  berth_server* server = nullptr;
  const int32_t code =
      berth_server_start(engine.abi(), std::exchange(listener.listener_, nullptr), &abi, &calls,
                         tls != nullptr ? tls->abi() : nullptr, &server, error.out());
  if (code != 0) return abi_error(code, error);
  return std::unique_ptr<Server>(new Server(server));
}

Server::~Server() {
  berth_server_free(server_);
}

void Server::stop() {
  berth_server_stop(server_);
}

uint64_t Server::connections() const {
  return berth_server_connections(server_);
}

}  // namespace berth::engine
