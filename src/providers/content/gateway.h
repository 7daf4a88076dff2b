// SPDX-License-Identifier: Apache-2.0
#pragma once
// A trustless gateway (specs.ipfs.tech/http-gateways/trustless-gateway): asked for blocks and for CARs, and
// what is known of how it answers. What it sends is somebody else's to check.
//
// Any thread; asking blocks it.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "providers/content/wanted.h"
#include "web/web.h"

namespace berth::content {

/// What is known of a gateway: moving averages, the newer the heavier.
struct Standing {
  double first_byte_seconds = 0;  // until something good came; 0: not known
  double bytes_per_second = 0;    // from then on; 0: not known
  double failing = 0;             // 0: never, 1: always
  uint64_t bytes = 0;
  uint64_t blocks = 0;
  uint64_t asks = 0;
  int64_t not_before = 0;  // seconds since 1970: it isn't asked until then
  std::string why;         // of the last failure

  /// How long it would take for some MiB: what gateways are ranked by.
  double expected_seconds() const;
};

enum class Failure {
  kLied,    // it sent what can't be, or what wasn't asked for
  kBroke,   // it may work another time: no connection, 5xx, cut off, too slow
  kBusy,    // it said when it wants to be asked again
  kHasNot,  // it said that it hasn't it
  kCant,    // it doesn't give that format
};

class Gateway {
 public:
  using Take = std::function<Result<void>(std::string_view)>;

  /// `url` without "/ipfs/…". kInvalidArgument, kDenied (plain HTTP with another machine).
  static Result<std::unique_ptr<Gateway>> create(std::string url, web::WebOptions web);

  const std::string& url() const {
    return url_;
  }
  Standing standing() const;
  void set_standing(Standing standing);
  /// Whether CARs aren't worth asking for.
  bool without_cars() const {
    return without_cars_;
  }
  void leave_cars() {
    without_cars_ = true;
  }

  /// A connection's owner: for one request at a time, and to be stopped from elsewhere.
  Result<std::unique_ptr<web::Web>> line();
  /// Whose answer came to its end.
  void rest(std::unique_ptr<web::Web> line);

  /// The bytes of the answer, as they come; 2 MiB of a block at most.
  Result<void> ask_block(web::Web& line, const Cid& cid, const Take& take);
  Result<void> ask_car(web::Web& line, const Wanted& wanted, const Take& take);

  void came(uint64_t blocks, uint64_t bytes, double first_byte_seconds, double seconds);
  /// `wait` is how long it isn't asked; for a lie, an hour at least.
  void failed(Failure failure, std::string_view why, std::chrono::seconds wait = {});

 private:
  Gateway(std::string url, web::WebOptions web) : url_(std::move(url)), web_(std::move(web)) {}
  Result<void> ask(web::Web& line, web::WebAsk ask, std::string_view type, const Take& take);

  const std::string url_;
  const web::WebOptions web_;
  std::atomic<bool> without_cars_ = false;
  mutable std::mutex lock_;
  Standing standing_;
  std::vector<std::unique_ptr<web::Web>> lines_;  // that rest
};

/// Which failure an error of asking is: by its code.
Failure failure_of(const Error& error);

}  // namespace berth::content
