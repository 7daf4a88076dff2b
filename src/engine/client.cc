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

bool take_head(void* context, uint16_t status, berth_slices headers, berth_slice address) noexcept {
  AnswerHead head{.status = status, .headers = {}, .address = view(address)};
  for (size_t i = 0; i + 1 < headers.len; i += 2) {
    head.headers.emplace_back(view(headers.items[i]), view(headers.items[i + 1]));
  }
  return taker_of(context).head(head);
}

bool take_bytes(void* context, berth_slice bytes) noexcept {
  return taker_of(context).bytes(view(bytes));
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
                        .most_bytes = ask.most_bytes,
                        .span_ns = whole(ask.span),
                        .least_bytes = ask.least_bytes,
                        .most_ns = whole(ask.most_time)};
  const berth_taker calls{.context = const_cast<AnswerTaker*>(&taker),
                          .may_reach = may_reach,
                          .head = take_head,
                          .bytes = take_bytes};
  OwnedBytes error;
  const int32_t code = berth_client_fetch(client_, &asked, &calls, error.out());
  if (code != 0) return abi_error(code, error);
  return {};
}

}  // namespace berth::engine
