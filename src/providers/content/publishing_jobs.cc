// SPDX-License-Identifier: Apache-2.0
#include "providers/content/publishing_jobs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "base/units.h"
#include "policy/printable.h"
#include "providers/content/directory_layout.h"
#include "providers/content/file_layout.h"
#include "providers/content/profile.h"
#include "providers/content/walk.h"

namespace berth::content {
namespace {

using Found = engine::ContentFound;
using Fault = engine::ContentFault;

/// Bytes that a block takes of a disk at least.
constexpr uint64_t kBlockBytes = 4096;
/// Links that a pin may have ahead: some 100 bytes each.
constexpr size_t kMostPinAhead = 1 << 18;

/// What asking for a record and telling of one costs at least, with each router.
constexpr uint64_t kNameBytes = 1024;

/// Puts what is paid for.
class Paid final : public BlockSink {
 public:
  using Pay = std::function<Result<void>(const Cid&, uint64_t bytes)>;

  Paid(Store& store, Pay pay) : store_(store), pay_(std::move(pay)) {}

  Result<void> put(const Cid& cid, std::string_view bytes) override {
    BERTH_TRY_VOID(pay_(cid, bytes.size()));
    return store_.put(cid, bytes);
  }

 private:
  Store& store_;
  const Pay pay_;
};

std::unexpected<Error> nobody_waits() {
  return fail(ErrorCode::kUnavailable, "nobody waits for it any more");
}

/// Who has it pinned; nothing where nobody has.
Result<std::optional<std::string>> pinned_as(const Store& store, const Cid& cid) {
  const std::vector<Pin> pins = BERTH_TRY(store.pins());
  const auto pin = std::ranges::find(pins, cid, &Pin::root);
  if (pin == pins.end()) return std::nullopt;
  return pin->name;
}

std::string pin_name(const Asks::Module& module) {
  return "module " + module.by.module;
}

Found made_found(const Made& made, Found::Kind kind) {
  return {.kind = kind, .size = made.size, .cid = policy_text(made.cid), .link = {}};
}

/// Bytes of all blocks below, as the block itself says.
Result<uint64_t> tsize_of(BlockSource& source, const Cid& cid) {
  const Node node = BERTH_TRY(open_node(source, cid));
  uint64_t size = node.block_bytes;
  for (const PbLink& link : node.pb.links) size += link.tsize;
  return size;
}

}  // namespace

std::unexpected<Error> PublishingJob::no_room() {
  return too_large(
      fmt::format("a run of the module may add and pin {} in all, and that is used up: raise the "
                  "'max=' of its grant 'content publish'",
                  format_bytes(module_->most_published)));
}

Result<void> PublishingJob::pay(uint64_t block_bytes, uint64_t paid_bytes) {
  if (!module_->publish(std::max(block_bytes, kBlockBytes) - paid_bytes)) return no_room();
  return {};
}

std::optional<Fault> AddJob::write(std::string_view bytes) noexcept {
  if (!module().publish(bytes.size())) {
    failed_ = no_room().error();
    return Fault{.why = Fault::Why::kTooLarge, .words = failed_->message};
  }
  while (!bytes.empty()) {
    const ssize_t written = ::write(aside_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      failed_ = Error{.code = ErrorCode::kUnavailable,
                      .message = fmt::format("this machine's disk didn't take it: {}", std::strerror(errno))};
      return Fault{.why = Fault::Why::kUnavailable, .words = failed_->message};
    }
    bytes.remove_prefix(static_cast<size_t>(written));
    size_ += static_cast<uint64_t>(written);
  }
  return std::nullopt;
}

Result<Found> AddJob::begin() {
  if (failed_) return std::unexpected(*failed_);
  Store& store = module().service->store();
  const Keeping keeping = BERTH_TRY(store.keep());
  uint64_t at = 0;
  const auto read = [&](std::span<char> into) -> Result<size_t> {
    if (gone()) return nobody_waits();
    const ssize_t count = ::pread(aside_.get(), into.data(), into.size(), static_cast<off_t>(at));
    if (count < 0) return fail(ErrorCode::kUnavailable, "what was written aside can't be read");
    at += static_cast<uint64_t>(count);
    return static_cast<size_t>(count);
  };
  // The file's own bytes were paid for when they were written.
  Paid sink(store,
            [&](const Cid& cid, uint64_t bytes) { return pay(bytes, cid.codec == Codec::kRaw ? bytes : 0); });
  const Made made = BERTH_TRY(add_file(read, Profile{}, {}, sink));
  module().made(made.cid, {.tsize = made.tsize, .most = {}});
  return made_found(made, Found::Kind::kFile);
}

Result<Found> FolderJob::begin() {
  Store& store = module().service->store();
  const Keeping keeping = BERTH_TRY(store.keep());
  std::vector<PbLink> links;
  std::optional<uint64_t> most;
  for (const FolderEntry& entry : entries_) {
    const auto made = module().made(entry.cid);
    const uint64_t tsize = made ? made->tsize : BERTH_TRY(tsize_of(*source_, entry.cid));
    links.push_back({.cid = entry.cid, .name = entry.name, .tsize = tsize});
    if (entry.most) most = std::min(most.value_or(UINT64_MAX), *entry.most);
  }
  Paid sink(store, [&](const Cid&, uint64_t bytes) { return pay(bytes, 0); });
  const Made made = BERTH_TRY(add_directory(std::move(links), Profile{}, {}, sink));
  module().made(made.cid, {.tsize = made.tsize, .most = most});
  return made_found({.cid = made.cid}, Found::Kind::kDirectory);
}

Result<Found> PinJob::begin() {
  Store& store = module().service->store();
  const Keeping keeping = BERTH_TRY(store.keep());
  const Found found{.kind = Found::Kind::kOther, .size = 0, .cid = policy_text(cid_), .link = {}};
  // Whoever else has it pinned keeps it under their own name.
  const auto before = BERTH_TRY(pinned_as(store, cid_));
  if (before) return found;
  source_->expect(Wanted::all(cid_));
  uint64_t brought = 0;
  const Walk how{.raw = Walk::Raw::kRead, .most_waiting = kMostPinAhead};
  BERTH_TRY_VOID(walk(*source_, cid_, how, [&](const Cid& cid, std::string_view bytes) -> Result<void> {
    if (gone()) return nobody_waits();
    brought += bytes.size();
    if (most_ && brought > *most_)
      return too_large(fmt::format("{} has more bytes than its grant lets one fetch bring, which is max={}",
                                   cid_.text(), exact_bytes(*most_)));
    const auto paid = pay(bytes.size(), 0);
    return paid ? store.stay(cid, bytes) : paid;
  }));
  // The walk may have taken its time.
  const auto since = BERTH_TRY(pinned_as(store, cid_));
  if (since) return found;
  if (gone()) return nobody_waits();
  BERTH_TRY_VOID(store.pin(keeping, cid_, pin_name(module()), Below::kPut));
  return found;
}

Result<Found> UnpinJob::begin() {
  Store& store = module().service->store();
  // Whether somebody else has pinned it is none of the module's business.
  const auto as = BERTH_TRY(pinned_as(store, cid_));
  if (as != pin_name(module()))
    return fail(ErrorCode::kNotFound, fmt::format("{} isn't pinned by this module", cid_.text()));
  std::ignore = BERTH_TRY(store.unpin(cid_));
  return Found{.kind = Found::Kind::kOther, .size = 0, .cid = policy_text(cid_), .link = {}};
}

Result<Found> NameJob::begin() {
  const Names names = module().service->names();
  BERTH_TRY_VOID(module().charge(kNameBytes, gone()));
  if (gone()) return nobody_waits();
  const auto published = names.publish(value_, key_.public_key, key_.sign, kNameLifetime, kNameTtl);
  // Routers that there aren't are no mistake of the module's.
  if (!published) return fail(ErrorCode::kUnavailable, published.error().message);
  return Found{
      .kind = Found::Kind::kOther, .size = 0, .cid = {}, .link = published->name.text(Base::kBase36)};
}

}  // namespace berth::content
