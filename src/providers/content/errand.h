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
#include "providers/content/wanted.h"

namespace berth::content {

/// What came from where, and who was dropped for what.
struct Came {
  std::string from;  // a gateway's URL
  uint64_t blocks = 0;
  uint64_t bytes = 0;             // of those blocks
  double first_byte_seconds = 0;  // until the first of them, of the last request
  double seconds = 0;             // from the first byte to the last, of all
  std::string dropped;            // why nothing more is asked of it; empty: it is
};

/// Adds what another errand brought.
void add_came(std::vector<Came>& all, const std::vector<Came>& more);

struct Purse {
  /// Told of bytes of the network as they come; may wait, and refuse with the error that its asker gets.
  std::function<Result<void>(uint64_t bytes)> charge = {};
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
  /// What came so far. Any thread.
  std::vector<Came> came() const;

 private:
  struct Known {
    Came came;
    int failures = 0;
    bool lied = false;
  };
  bool seek();
  std::vector<std::shared_ptr<Gateway>> candidates(const std::set<const Gateway*>& asked, bool cars);
  bool contest(std::vector<std::shared_ptr<Gateway>> gateways, std::set<const Gateway*>& asked,
               const std::function<Result<void>(Runner&)>& run);
  Result<void> run_car(Runner& runner, const Wanted& wanted, std::atomic<uint64_t>& blocks);
  Result<void> read_car(Runner& runner, const Wanted& wanted, const ReadSome& read, uint64_t& blocks,
                        double& first_byte);
  Result<void> run_block(Runner& runner, const Cid& cid);
  Result<void> charge(uint64_t bytes);
  Result<void> keep(const Gateway& gateway, const Cid& cid, std::string_view bytes);
  void ended(Gateway& gateway, const Result<void>& result);
  void note(const Gateway& gateway, double first_byte, double seconds);
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
