// SPDX-License-Identifier: Apache-2.0
#pragma once
// The gateways that are asked, the best first, and what is remembered of them from one run to the next: a
// file of the cache, which can go.
//
// Any thread.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "providers/content/gateway.h"

namespace berth::content {

class Gateways {
 public:
  /// `memory` is the file's path; empty: nothing is remembered.
  static Result<std::unique_ptr<Gateways>> create(const std::vector<std::string>& urls,
                                                  const web::WebOptions& web, std::string memory);
  ~Gateways();
  Gateways(const Gateways&) = delete;
  Gateways& operator=(const Gateways&) = delete;

  /// Those of the owner that may be asked now, by what they are expected to deliver.
  std::vector<std::shared_ptr<Gateway>> ranked() const;
  /// All of them.
  std::vector<std::shared_ptr<Gateway>> all() const {
    return gateways_;
  }
  /// One that somebody else named: it has to be at a public address, unless `may_be_local`.
  Result<std::shared_ptr<Gateway>> found(const std::string& url, bool may_be_local);

  /// Writes what is known. Nothing is said where that fails: it is a cache.
  void remember() const;

 private:
  explicit Gateways(web::WebOptions web, std::string memory)
      : web_(std::move(web)), memory_(std::move(memory)) {}
  void recall();

  const web::WebOptions web_;
  const std::string memory_;
  std::vector<std::shared_ptr<Gateway>> gateways_;
  mutable std::mutex lock_;
  std::map<std::string, std::shared_ptr<Gateway>>
      found_;                                 // by how far they may lead, and URL; guarded by lock_
  std::map<std::string, Standing> recalled_;  // also of those that aren't asked now
};

}  // namespace berth::content
