// SPDX-License-Identifier: Apache-2.0
#include "engine/client.h"

#include "engine/abi_values.h"

namespace berth::engine {
namespace {

uint64_t whole(std::chrono::nanoseconds time) {
  return time.count() > 0 ? static_cast<uint64_t>(time.count()) : 0;
}

const AnswerTaker& taker_of(void* context) {
  return *static_cast<const AnswerTaker*>(context);
}

bool may_reach(void* context, berth_slice address) noexcept {
  return taker_of(context).may_reach(view(address));
}

AnswerHead head_of(berth_slices headers) {
  AnswerHead head;
  for (size_t i = 0; i + 1 < headers.len; i += 2) {
    head.headers.emplace_back(view(headers.items[i]), view(headers.items[i + 1]));
  }
  return head;
}

bool take_head(void* context, uint16_t status, berth_slices headers, berth_slice address) noexcept {
  AnswerHead head = head_of(headers);
  head.status = status;
  head.address = view(address);
  return taker_of(context).head(head);
}

bool take_bytes(void* context, berth_slice bytes) noexcept {
  return taker_of(context).bytes(view(bytes));
}

void take_trailers(void* context, berth_slices trailers) noexcept {
  const AnswerTaker& taker = taker_of(context);
  if (taker.trailers) taker.trailers(head_of(trailers));
}

bool give_next(void* context, berth_slice* piece) noexcept {
  const AnswerTaker& taker = taker_of(context);
  std::string_view bytes;
  if (!taker.next || !taker.next(bytes)) return false;
  *piece = slice(bytes);
  return true;
}

}  // namespace

std::string_view AnswerHead::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

Result<std::unique_ptr<Client>> Client::create(std::string_view roots) {
  OwnedBytes error;
  berth_client* client = nullptr;
  const int32_t code = berth_client_new(slice(roots), &client, error.out());
  if (code != 0) return abi_error(code, error);
  return std::unique_ptr<Client>(new Client(client));
}

Client::~Client() {
  berth_client_free(client_);
}

void Client::stop() const {
  berth_client_stop(client_);
}

Result<void> Client::fetch(const Ask& ask, const AnswerTaker& taker) const {
  std::vector<berth_slice> headers;
  for (const auto& [name, value] : ask.headers) {
    headers.push_back(slice(name));
    headers.push_back(slice(value));
  }
  const berth_ask asked{.method = slice(ask.method),
                        .url = slice(ask.url),
                        .headers = {.items = headers.data(), .len = headers.size()},
                        .body = slice(ask.body),
                        .streams = ask.streams,
                        .most_bytes = ask.most_bytes,
                        .span_ns = whole(ask.span),
                        .least_bytes = ask.least_bytes,
                        .most_ns = whole(ask.most_time)};
  const berth_taker calls{.context = const_cast<AnswerTaker*>(&taker),
                          .may_reach = may_reach,
                          .head = take_head,
                          .bytes = take_bytes,
                          .trailers = take_trailers,
                          .next = give_next};
  OwnedBytes error;
  const int32_t code = berth_client_fetch(client_, &asked, &calls, error.out());
  if (code != 0) return abi_error(code, error);
  return {};
}

}  // namespace berth::engine
