// SPDX-License-Identifier: Apache-2.0
#pragma once
// Asking gateways for blocks and CARs until all that is wanted has come, or none is left to ask: several at
// once, each block checked and asked for, those dropped that lie or fail.
//
// One thread, which it blocks, and which may be stopped from elsewhere; requests have threads of their own.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "providers/content/gateways.h"
#include "providers/content/race.h"
#include "providers/content/tally.h"
#include "providers/content/wanted.h"

namespace berth::content {

struct Purse {
  /// Told of bytes of the network as they come; may wait, and refuse with the error that its asker gets.
  std::function<Result<void>(uint64_t bytes)> charge = {};
  /// Told of each request, and of each block before anybody gets it. Any thread, short.
  std::function<void(const Came& more)> tell = {};
};

class Errand {
 public:
  /// Gets each block, checked, before anybody else does; its error ends all.
  using Each = std::function<Result<void>(const Cid&, std::string_view)>;
  /// More gateways, for when those that are known don't give it.
  using More = std::function<std::vector<std::shared_ptr<Gateway>>(const std::stop_token& stop)>;

  Errand(Gateways& gateways, BlockSource& kept, std::stop_token stop, Purse purse, Each each, More more = {})
      : gateways_(gateways),
        kept_(kept),
        stop_(std::move(stop)),
        purse_(std::move(purse)),
        each_(std::move(each)),
        more_(std::move(more)) {}

  enum class Got { kAll, kSome };
  /// One CAR answer. kSome: it brought a block at least, and then failed; or nobody gives CARs, and the root
  /// came by itself. An error says why nothing came; after that of `each`, of the purse and of what blocks
  /// say of each other, `is_over`.
  Result<Got> car(const Wanted& wanted);
  Result<void> block(const Cid& cid);

  bool is_over() const;

 private:
  struct Known {
    int failures = 0;
    bool lied = false;
    std::string dropped;  // why

    /// Nothing more is asked of it.
    bool is_left() const;
  };
  /// A CAR that is read while it comes.
  struct Answer {
    uint64_t blocks = 0;
    double first_byte_seconds = 0;
    std::atomic<double> held_seconds = 0;  // that we had it wait
  };
  /// How long a block took: of the first one of an answer to its first byte as well.
  struct Took {
    double first_byte_seconds = 0;
    double seconds = 0;
  };
  bool seek();
  std::vector<std::shared_ptr<Gateway>> candidates(const std::set<const Gateway*>& asked, bool cars);
  bool contest(std::vector<std::shared_ptr<Gateway>> gateways, std::set<const Gateway*>& asked,
               const std::function<Result<void>(Runner&)>& run);
  Result<void> run_car(Runner& runner, const Wanted& wanted, std::atomic<uint64_t>& blocks);
  Result<void> read_car(Runner& runner, const Wanted& wanted, const ReadSome& read, Answer& answer);
  Result<void> run_block(Runner& runner, const Cid& cid);
  Result<void> charge(uint64_t bytes);
  Result<void> keep(const Gateway& gateway, const Cid& cid, std::string_view bytes, const Took& took);
  void ended(Gateway& gateway, const Result<void>& result);
  void tell(const Came& more) const;
  std::unexpected<Error> end(Error error);
  std::unexpected<Error> nobody(const Cid& cid);

  Gateways& gateways_;
  BlockSource& kept_;
  const std::stop_token stop_;
  const Purse purse_;
  const Each each_;
  const More more_;
  std::vector<std::shared_ptr<Gateway>> found_;  // by `more`
  bool sought_ = false;
  mutable std::mutex lock_;
  std::map<std::string, Known> known_;  // by URL; guarded by lock_
  std::optional<Error> over_;           // guarded by lock_
};

}  // namespace berth::content
