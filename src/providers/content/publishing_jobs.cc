// SPDX-License-Identifier: Apache-2.0
#include "providers/content/publishing_jobs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unordered_set>
#include <utility>

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

/// Bytes that a folder's names take at least, each.
constexpr uint64_t kEntryBytes = 64;

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

std::optional<Fault> AddJob::write(std::string_view bytes) noexcept {
  if (!module().publish(bytes.size())) {
    return Fault{.why = Fault::Why::kTooLarge, .words = no_room().error().message};
  }
  while (!bytes.empty()) {
    const ssize_t written = ::write(aside_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0)
      return Fault{.why = Fault::Why::kUnavailable,
                   .words = fmt::format("this machine's disk didn't take it: {}", std::strerror(errno))};
    bytes.remove_prefix(static_cast<size_t>(written));
    size_ += static_cast<uint64_t>(written);
  }
  return std::nullopt;
}

Result<Found> AddJob::begin() {
  Store& store = module().service->store();
  const Keeping keeping = BERTH_TRY(store.keep());
  uint64_t at = 0;
  const auto read = [&](std::span<char> into) -> Result<size_t> {
    if (gone()) return fail(ErrorCode::kUnavailable, "nobody waits for it any more");
    const ssize_t count = ::pread(aside_.get(), into.data(), into.size(), static_cast<off_t>(at));
    if (count < 0) return fail(ErrorCode::kUnavailable, "what was written aside can't be read");
    at += static_cast<uint64_t>(count);
    return static_cast<size_t>(count);
  };
  const Made made = BERTH_TRY(add_file(read, Profile{}, {}, store));
  module().made(made.cid, made.tsize);
  return made_found(made, Found::Kind::kFile);
}

Result<Found> FolderJob::begin() {
  Store& store = module().service->store();
  const Keeping keeping = BERTH_TRY(store.keep());
  std::vector<PbLink> links;
  uint64_t bytes = 0;
  for (const FolderEntry& entry : entries_) {
    const auto made = module().made_size(entry.cid);
    const uint64_t tsize = made ? *made : BERTH_TRY(tsize_of(*source_, entry.cid));
    links.push_back({.cid = entry.cid, .name = entry.name, .tsize = tsize});
    bytes += kEntryBytes + entry.name.size();
  }
  if (!module().publish(bytes)) return no_room();
  const Made made = BERTH_TRY(add_directory(std::move(links), Profile{}, {}, store));
  module().made(made.cid, made.tsize);
  return made_found({.cid = made.cid}, Found::Kind::kDirectory);
}

Result<Found> PinJob::begin() {
  Store& store = module().service->store();
  const Keeping keeping = BERTH_TRY(store.keep());
  const Found found{.kind = Found::Kind::kOther, .size = 0, .cid = policy_text(cid_), .link = {}};
  const std::vector<Pin> pins = BERTH_TRY(store.pins());
  // Whoever else has it pinned keeps it under their own name.
  const bool is_pinned = std::ranges::any_of(pins, [&](const Pin& pin) { return pin.root == cid_; });
  if (is_pinned) return found;
  source_->expect(Wanted::all(cid_));
  BERTH_TRY_VOID(walk(*source_, cid_, {}, [&](const Cid&, std::string_view bytes) -> Result<void> {
    if (!module().publish(bytes.size())) return no_room();
    return {};
  }));
  BERTH_TRY_VOID(store.pin(keeping, cid_, pin_name(module())));
  return found;
}

Result<Found> UnpinJob::begin() {
  Store& store = module().service->store();
  const std::vector<Pin> pins = BERTH_TRY(store.pins());
  const auto pin = std::ranges::find_if(pins, [&](const Pin& one) { return one.root == cid_; });
  if (pin == pins.end()) return fail(ErrorCode::kNotFound, fmt::format("{} isn't pinned", cid_.text()));
  if (pin->name != pin_name(module()))
    return fail(ErrorCode::kDenied, fmt::format("{} isn't pinned by this module", cid_.text()));
  std::ignore = BERTH_TRY(store.unpin(cid_));
  return Found{.kind = Found::Kind::kOther, .size = 0, .cid = policy_text(cid_), .link = {}};
}

}  // namespace berth::content
