// SPDX-License-Identifier: Apache-2.0
#pragma once
// The asks that make content, keep it, or have names lead to it: a file, a folder, pins. For this folder's
// own sources.
//
// As job.h says. A file's bytes are written aside, to a file that has no name, before any of them is a block:
// a guest that is slow, or that ends, leaves nothing and holds no thread.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/os/descriptor.h"
#include "providers/content/module_asks.h"

namespace berth::content {

class PublishingJob : public Job {
 public:
  PublishingJob(std::shared_ptr<Asks::Module> module, std::unique_ptr<engine::Waiter> waiter)
      : Job(module, std::move(waiter)), module_(std::move(module)) {}

 protected:
  Asks::Module& module() {
    return *module_;
  }
  std::unexpected<Error> no_room();
  /// Takes what a block costs from what the module may publish, but for bytes of it that are paid for.
  Result<void> pay(uint64_t block_bytes, uint64_t paid_bytes);

 private:
  const std::shared_ptr<Asks::Module> module_;
};

class AddJob final : public PublishingJob {
 public:
  AddJob(std::shared_ptr<Asks::Module> module, std::unique_ptr<engine::Waiter> waiter, Descriptor aside)
      : PublishingJob(std::move(module), std::move(waiter)), aside_(std::move(aside)) {}

  std::optional<Fault> write(std::string_view bytes) noexcept override;
  void finish() noexcept override {
    start();
  }

 private:
  Result<Found> begin() override;

  const Descriptor aside_;
  uint64_t size_ = 0;
  std::optional<Error> failed_;  // what was written isn't all
};

struct FolderEntry {
  std::string name;
  Cid cid;
  std::optional<uint64_t> most;  // bytes that a fetch of it may bring
};

class FolderJob final : public PublishingJob {
 public:
  FolderJob(std::shared_ptr<Asks::Module> module, std::unique_ptr<engine::Waiter> waiter,
            std::vector<FolderEntry> entries)
      : PublishingJob(std::move(module), std::move(waiter)), entries_(std::move(entries)) {}

 private:
  Result<Found> begin() override;
  void cancel() noexcept override {
    source_->cancel();
  }

  const std::vector<FolderEntry> entries_;
  const std::unique_ptr<Reading> source_ = module().source(gone());
};

class PinJob final : public PublishingJob {
 public:
  PinJob(std::shared_ptr<Asks::Module> module, std::unique_ptr<engine::Waiter> waiter, Cid cid,
         std::optional<uint64_t> most)
      : PublishingJob(std::move(module), std::move(waiter)), cid_(std::move(cid)), most_(most) {}

 private:
  Result<Found> begin() override;
  void cancel() noexcept override {
    source_->cancel();
  }

  const Cid cid_;
  const std::optional<uint64_t> most_;  // bytes that it may bring
  const std::unique_ptr<Reading> source_ = module().source(gone());
};

class UnpinJob final : public PublishingJob {
 public:
  UnpinJob(std::shared_ptr<Asks::Module> module, std::unique_ptr<engine::Waiter> waiter, Cid cid)
      : PublishingJob(std::move(module), std::move(waiter)), cid_(std::move(cid)) {}

 private:
  Result<Found> begin() override;

  const Cid cid_;
};

/// Has a name of the owner's lead to content.
class NameJob final : public PublishingJob {
 public:
  NameJob(std::shared_ptr<Asks::Module> module, std::unique_ptr<engine::Waiter> waiter, NameKey key,
          std::string value)
      : PublishingJob(std::move(module), std::move(waiter)), key_(std::move(key)), value_(std::move(value)) {}

 private:
  Result<Found> begin() override;

  const NameKey key_;
  const std::string value_;
};

}  // namespace berth::content
