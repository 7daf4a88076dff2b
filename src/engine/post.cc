// SPDX-License-Identifier: Apache-2.0
#include "engine/post.h"

#include <algorithm>

#include "engine/abi_values.h"

namespace berth::engine {
namespace {

uint64_t whole(std::chrono::nanoseconds time) {
  return time.count() > 0 ? static_cast<uint64_t>(time.count()) : 0;
}

}  // namespace

Result<std::unique_ptr<Post>> Post::create(const PostSettings& settings) {
  std::vector<berth_slice> headers;
  for (const auto& [name, value] : settings.headers) {
    headers.push_back(slice(name));
    headers.push_back(slice(value));
  }
  OwnedBytes error;
  berth_post* post = nullptr;
  const int32_t code = berth_post_new(slice(settings.url), {.items = headers.data(), .len = headers.size()},
                                      slice(settings.roots), &post, error.out());
  if (code != 0) return abi_error(code, error);
  return std::unique_ptr<Post>(new Post(post));
}

Post::~Post() {
  berth_post_free(post_);
}

uint16_t Post::port() const {
  return berth_post_port(post_);
}

bool Post::secure() const {
  return berth_post_secure(post_);
}

Result<PostAnswer> Post::send(std::string_view body, std::chrono::nanoseconds most) const {
  OwnedBytes error;
  berth_post_answer answer = {};
  const int32_t code = berth_post_send(post_, slice(body), whole(most), &answer, error.out());
  if (code != 0) return abi_error(code, error);
  OwnedBytes text;
  *text.out() = answer.body;
  constexpr auto kLongest = static_cast<uint64_t>(std::chrono::nanoseconds::max().count());
  return PostAnswer{.status = answer.status,
                    .retry_after = std::chrono::nanoseconds(
                        static_cast<int64_t>(std::min(answer.retry_after_ns, kLongest))),
                    .body = std::string(text.view())};
}

void Post::end_within(std::chrono::nanoseconds time) const {
  berth_post_end_within(post_, whole(time));
}

}  // namespace berth::engine
