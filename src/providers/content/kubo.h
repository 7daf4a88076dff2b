// SPDX-License-Identifier: Apache-2.0
#pragma once
// A kubo node that content is handed to by its RPC (docs.ipfs.tech/reference/kubo/rpc): a CAR in one request,
// which the node checks, keeps and pins. Nothing is tried twice. An RPC is the node's own steering wheel:
// over plain HTTP credentials go to this machine alone.
//
// Blocks its thread; one thread at a time.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "providers/content/car_out.h"
#include "web/web.h"

namespace berth::content {

class Kubo {
 public:
  /// `url` is where its RPC answers, "http://127.0.0.1:5001". `patience`: how long it may neither take nor
  /// say anything; it also walks all below a root in that time. kInvalidArgument, kDenied.
  static Result<std::unique_ptr<Kubo>> create(const std::string& url, web::WebOptions web,
                                              std::chrono::nanoseconds patience, std::string authorization);

  const std::string& url() const {
    return url_;
  }

  /// What it says that it is, "0.42.0". kDenied where it wants credentials, or others;
  /// kUnavailable where no kubo answers.
  Result<std::string> version();

  /// Sends everything below a root, counting bytes in `sent`, and has it pinned; true to what the node says
  /// it took. An error of `source` is returned as it is; kUnavailable says what the node did instead.
  Result<CarWritten> import(BlockSource& source, const Cid& root, std::atomic<uint64_t>& sent);

  /// Pins what it has under a name.
  Result<void> pin(const Cid& root, std::string_view name);
  /// kNotFound where it isn't pinned there.
  Result<void> unpin(const Cid& root);

 private:
  Kubo(std::string url, std::unique_ptr<web::Web> web, std::string authorization)
      : url_(std::move(url)), web_(std::move(web)), authorization_(std::move(authorization)) {}
  Result<web::WebAnswer> call(web::WebAsk ask, std::string_view command);

  const std::string url_;
  const std::unique_ptr<web::Web> web_;
  const std::string authorization_;
};

}  // namespace berth::content
