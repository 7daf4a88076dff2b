// SPDX-License-Identifier: Apache-2.0
#pragma once
// berth's own requests to one server, which the owner of this machine named: bytes are posted, and the answer
// is waited for. No guest has a part in it, and no policy is asked.
//
// Sending blocks its thread, which must be none of the engine's; the rest is for any thread.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

struct berth_post;

namespace berth::engine {

struct PostSettings {
  std::string url;                                           // "http://127.0.0.1:4318/v1/traces"
  std::vector<std::pair<std::string, std::string>> headers;  // of each request; may hold secrets
  std::string roots;  // certificates to trust, in PEM, instead of this machine's; empty: those
};

struct PostAnswer {
  uint16_t status = 0;
  std::chrono::nanoseconds retry_after{0};  // 0 says nothing
  std::string body;                         // 64 KiB at most: empty when it is longer
};

class Post {
 public:
  /// Connects to nobody yet. kInvalidArgument says what is wrong with the settings, and no header's value.
  static Result<std::unique_ptr<Post>> create(const PostSettings& settings);
  Post(const Post&) = delete;
  Post& operator=(const Post&) = delete;
  /// Once nothing is sent any more.
  ~Post();

  uint16_t port() const;
  /// Whether it speaks TLS.
  bool secure() const;

  /// kUnavailable says why there is no answer. One thread at a time.
  Result<PostAnswer> send(std::string_view body, std::chrono::nanoseconds most) const;
  /// From now on nothing takes longer than so, also what another thread waits for.
  void end_within(std::chrono::nanoseconds time) const;

 private:
  explicit Post(berth_post* post) : post_(post) {}

  berth_post* const post_;
};

}  // namespace berth::engine
