// SPDX-License-Identifier: Apache-2.0
#pragma once
// The asks that read: a file, a directory, a block, all blocks below a path. For this folder's own sources.
//
// As job.h says.

#include <deque>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "providers/content/module_asks.h"

namespace berth::content {

/// Bytes of a file that are made at once.
inline constexpr uint64_t kPieceBytes = 512 << 10;
/// Bytes that one listing may take while it is held, with all that says where its entries lead.
inline constexpr size_t kMostListing = 4 << 20;

/// Where an ask leads to.
struct Place {
  Target target;
  bool folder = false;  // `way` leads from it, as POSIX has it
  std::optional<Cid>
      from;  // of a folder: the directory below it where `way` begins, and which it doesn't leave
  std::string way;
  bool follow = false;
  std::optional<uint64_t> most;  // bytes that it may bring
};

class ReadingJob : public Job {
 public:
  ReadingJob(std::shared_ptr<Asks::Module> module, Place place, std::unique_ptr<engine::Waiter> waiter);

 protected:
  Result<Cid> root();
  Result<Node> node();
  /// The last of the target's names; empty where it has none.
  std::string_view name() const;
  Reading& source() {
    return *source_;
  }
  void cancel() noexcept override {
    source_->cancel();
  }
  const Place& place() const {
    return place_;
  }
  /// Whether so many bytes may come.
  Result<void> bound(uint64_t bytes);

 private:
  const std::shared_ptr<Asks::Module> module_;
  const Place place_;
  const std::unique_ptr<Reading> source_;
};

class StatJob final : public ReadingJob {
 public:
  using ReadingJob::ReadingJob;

 private:
  Result<Found> begin() override;
};

class FileJob final : public ReadingJob {
 public:
  FileJob(std::shared_ptr<Asks::Module> module, Place place, std::unique_ptr<engine::Waiter> waiter,
          uint64_t offset, uint64_t length)
      : ReadingJob(std::move(module), std::move(place), std::move(waiter)), at_(offset), length_(length) {}

 private:
  Result<Found> begin() override;
  Result<std::optional<std::string>> next() override;

  uint64_t at_;
  const uint64_t length_;
  uint64_t end_ = 0;
  Node file_;
};

class ListingJob final : public ReadingJob {
 public:
  using ReadingJob::ReadingJob;

 private:
  Result<Found> begin() override;
  Result<std::optional<std::string>> next() override;

  Node directory_;
  bool listed_ = false;
  std::deque<PbLink> entries_;
};

class BlockJob final : public ReadingJob {
 public:
  using ReadingJob::ReadingJob;

 private:
  Result<Found> begin() override;
  Result<std::optional<std::string>> next() override;

  std::optional<std::string> bytes_;
};

class CarJob final : public ReadingJob {
 public:
  using ReadingJob::ReadingJob;

 private:
  Result<Found> begin() override;
  Result<std::optional<std::string>> next() override;

  std::optional<std::string> header_;
  std::vector<Cid> ahead_;  // the next one last
  std::unordered_set<std::string> seen_;
  uint64_t given_ = 0;  // bytes
};

}  // namespace berth::content
