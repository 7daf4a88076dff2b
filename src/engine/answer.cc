// SPDX-License-Identifier: Apache-2.0
#include "engine/answer.h"

#include "engine/abi_values.h"

namespace berth::engine {

std::string RequestHeaders::get(std::string_view name) const {
  if (headers_ == nullptr) return "";
  OwnedBytes value;
  *value.out() = berth_headers_get(headers_, slice(name));
  return std::string(value.view());
}

AnswerBody& AnswerBody::operator=(AnswerBody&& other) noexcept {
  std::swap(body_, other.body_);
  return *this;
}

AnswerBody::~AnswerBody() {
  berth_http_body_free(body_, false);
}

bool AnswerBody::write(std::string_view piece, std::chrono::nanoseconds most) const {
  return berth_http_body_write(body_, slice(piece), static_cast<uint64_t>(most.count()));
}

void AnswerBody::end() {
  berth_http_body_free(std::exchange(body_, nullptr), true);
}

}  // namespace berth::engine
