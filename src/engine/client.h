// SPDX-License-Identifier: Apache-2.0
#pragma once
// berth's own requests to servers: one at a time, any method, the answer handed over as it comes. No guest
// has a part in it.
//
// It follows no redirect and tries nothing twice, and asks before it connects to an address: who asks decides
// all that. A request blocks its thread, which must be none of the engine's.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

struct berth_client;

namespace berth::engine {

struct Ask {
  std::string method = "GET";
  std::string url;                                           // "https://ghcr.io/v2/"
  std::vector<std::pair<std::string, std::string>> headers;  // may hold secrets: no error says a value
  std::string_view body = {};
  bool streams = false;           // the body comes from AnswerTaker::next
  uint64_t most_bytes = 1 << 20;  // of the answer's body
  std::chrono::nanoseconds span = std::chrono::seconds(20);
  uint64_t least_bytes = 1024;  // that go or come in each span
  std::chrono::nanoseconds most_time = std::chrono::minutes(1);
};

/// How an answer begins. What it points at lives as long as the call.
struct AnswerHead {
  uint16_t status = 0;
  std::vector<std::pair<std::string_view, std::string_view>> headers;  // names in lower case
  std::string_view address;                                            // who answers, "127.0.0.1"

  /// The first of that name; empty when there is none.
  std::string_view header(std::string_view name) const;
};

/// Called on the thread that asks, while it asks.
struct AnswerTaker {
  std::function<bool(std::string_view address)> may_reach;
  std::function<bool(const AnswerHead&)> head;           // false: nothing of the body is wanted
  std::function<bool(std::string_view)> bytes;           // false: no more of it
  std::function<void(const AnswerHead&)> trailers = {};  // its headers are what stands behind the body
  /// Of a body that streams: the next piece, there until the next call; empty at the end. False: it breaks
  /// off, and the request with it.
  std::function<bool(std::string_view&)> next = {};
};

class Client {
 public:
  /// `roots` are the certificates to trust, in PEM, instead of this machine's; empty: those. Connects to
  /// nobody yet.
  static Result<std::unique_ptr<Client>> create(std::string_view roots);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  /// kInvalidArgument: no such request. kDenied: the message is the address that may not be reached. kLimit:
  /// the answer's body is longer than it may be. kUnavailable: it may work later. kCancelled: it was stopped,
  /// or what was to be sent broke off. One thread at a time.
  Result<void> fetch(const Ask& ask, const AnswerTaker& taker) const;
  /// Ends that with kCancelled, on whatever thread it waits, and all that is asked for later. Any thread.
  void stop() const;

 private:
  explicit Client(berth_client* client) : client_(client) {}

  berth_client* const client_;
};

}  // namespace berth::engine
