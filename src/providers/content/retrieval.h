// SPDX-License-Identifier: Apache-2.0
#pragma once
// Content from wherever it is: out of the store of this machine, and what lacks there from trustless
// gateways, which need not be trusted, since each block is checked before anybody sees it, and kept.
//
// A process has one Retrieval, for all its modules: what two of them want at once comes once. Who reads has a
// Reading of their own, which is a source of blocks as the store is: they pay for what the network brings
// because of them, and can be cancelled.
//
// Any thread; reading blocks it.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "providers/content/download.h"
#include "providers/content/errand.h"
#include "providers/content/gateways.h"
#include "providers/content/store.h"
#include "providers/content/wanted.h"

namespace berth::content {

struct RetrievalOptions {
  std::vector<std::string> gateways;  // URLs; without any, and without routers, only the store is read
  std::vector<std::string> routers;   // URLs: who is asked for more gateways
  web::WebOptions web = {};
  std::string memory;  // the file in which is kept how gateways answered; empty: none
};

inline constexpr size_t kMostDownloads = 32;  // at once

class Reading;

class Retrieval {
 public:
  /// `store` outlives it. kInvalidArgument, kDenied for a URL that can't be asked.
  static Result<std::unique_ptr<Retrieval>> create(Store& store, const RetrievalOptions& options);
  /// When there is no Reading any more.
  ~Retrieval();

  /// `charge` is told of bytes of the network before they are used, one call at a time, on any thread; it may
  /// wait, and refuse: then the reading ends with its error. It isn't called after the Reading is gone.
  /// `tally` is told what came from where; without one the reading has its own.
  std::unique_ptr<Reading> read(std::function<Result<void>(uint64_t bytes)> charge = {},
                                std::shared_ptr<Tally> tally = {});

  Gateways& gateways() {
    return *gateways_;
  }
  Store& store() {
    return store_;
  }
  bool is_offline() const {
    return offline_;
  }

 private:
  friend class Reading;
  Retrieval(Store& store, std::unique_ptr<Gateways> gateways, const RetrievalOptions& options)
      : store_(store),
        gateways_(std::move(gateways)),
        routers_(options.routers),
        web_(options.web),
        offline_(options.gateways.empty() && options.routers.empty()) {}
  std::vector<std::shared_ptr<Gateway>> seek(const Cid& root, const std::stop_token& stop);
  Result<std::shared_ptr<Download>> download(const Wanted& wanted, const std::shared_ptr<Payer>& payer,
                                             const std::stop_token& stop);

  Store& store_;
  const std::unique_ptr<Gateways> gateways_;
  const std::vector<std::string> routers_;
  const web::WebOptions web_;
  const bool offline_;
  Places places_{kMostDownloads};
  std::mutex lock_;
  std::map<std::string, std::weak_ptr<Download>> downloads_;  // by what is wanted; guarded by lock_
};

class Reading : public BlockSource {
 public:
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;
  /// Waits for a `charge` that is under way.
  ~Reading() override;

  /// What is read from now on: as soon as something of it isn't in the store all of it comes, in that order,
  /// as fast as it is read. Without, each block is asked for by itself.
  void expect(Wanted wanted);
  /// The block; kNotFound or kUnavailable that says what lacks and what each gateway said, kCancelled, or
  /// the error of `charge`.
  Result<std::string> get(const Cid& cid) override;
  /// Waits until all that is expected is in the store.
  Result<void> bring();
  /// Ends what goes on, and all that comes later, with kCancelled. Any thread.
  void cancel();

  /// As its tally has it.
  Brought brought() const {
    return payer_->tally().read();
  }

 private:
  friend class Retrieval;
  Reading(Retrieval& all, std::shared_ptr<Payer> payer) : all_(all), payer_(std::move(payer)) {}
  Result<std::shared_ptr<Download>> expected();
  Result<std::string> from_store(const Cid& cid);
  Result<std::string> alone(const Cid& cid);
  void leave(const std::shared_ptr<Download>& download);

  Retrieval& all_;
  const std::shared_ptr<Payer> payer_;
  std::stop_source stop_;
  mutable std::mutex lock_;
  std::optional<Wanted> wanted_;        // guarded by lock_
  std::shared_ptr<Download> download_;  // guarded by lock_
};

}  // namespace berth::content
