// SPDX-License-Identifier: Apache-2.0
#pragma once
// Requests that berth answers itself: what they say in their headers, and an answer whose body is written as
// it is made, while its client takes it.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct berth_headers;
struct berth_http_body;

namespace berth::engine {

/// The headers of a request, while it is routed.
class RequestHeaders {
 public:
  /// None at all.
  RequestHeaders() = default;
  explicit RequestHeaders(const berth_headers* headers) : headers_(headers) {}

  /// Those of that name, joined by commas; empty where there is none. As the client wrote them.
  std::string get(std::string_view name) const;

 private:
  const berth_headers* headers_ = nullptr;
};

/// An answer before its body.
struct OwnAnswer {
  uint16_t status = 200;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::optional<uint64_t> length = {};  // of the body, where it is known
};

/// The body of an answer. When it goes before its end the client is cut off, so that it takes no part for the
/// whole. Any thread, one at a time.
class AnswerBody {
 public:
  explicit AnswerBody(berth_http_body* body) : body_(body) {}
  AnswerBody(AnswerBody&& other) noexcept : body_(std::exchange(other.body_, nullptr)) {}
  AnswerBody& operator=(AnswerBody&& other) noexcept;
  ~AnswerBody();

  /// Waits while the client is slow, for so long at most. False: it takes no more, or not in time. Not after
  /// the end.
  bool write(std::string_view piece, std::chrono::nanoseconds most) const;
  /// That was all of it.
  void end();

 private:
  berth_http_body* body_;
};

}  // namespace berth::engine
