// SPDX-License-Identifier: Apache-2.0
#include "providers/content/reading_jobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "base/units.h"
#include "providers/content/car.h"
#include "providers/content/follow.h"
#include "providers/content/links.h"
#include "providers/content/media_type.h"

namespace berth::content {
namespace {

using Found = engine::ContentFound;

constexpr size_t kEntriesAtOnce = 256;
/// Of a folder, where each entry is looked at for what it is.
constexpr size_t kFolderEntriesAtOnce = 16;
/// Blocks that one CAR may have, and that may be ahead: some 100 bytes each, which the engine's lease covers.
constexpr size_t kMostCarBlocks = 1 << 15;
constexpr size_t kMostAhead = 1 << 15;

Found::Kind kind_of(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::kFile:
      return Found::Kind::kFile;
    case Node::Kind::kDirectory:
      return Found::Kind::kDirectory;
    case Node::Kind::kSymlink:
      return Found::Kind::kSymlink;
    case Node::Kind::kOther:
      break;
  }
  return Found::Kind::kOther;
}

Found found_of(const Node& node, std::string_view name = {}) {
  const bool link = node.kind == Node::Kind::kSymlink;
  const bool sized = node.kind == Node::Kind::kFile || node.kind == Node::Kind::kOther;
  return {.kind = kind_of(node.kind),
          .size = sized ? node.size : 0,
          .cid = policy_text(node.cid),
          .link = link ? node.about.data.value_or("") : "",
          .media_type = media_type_of_name(name).value_or("")};
}

std::unexpected<Error> is_no(const Node& node, std::string_view wanted) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} is a {}, and no {}", node.cid.text(), kind_name(node.kind), wanted));
}

char kind_letter(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::kFile:
      return 'f';
    case Node::Kind::kDirectory:
      return 'd';
    case Node::Kind::kSymlink:
      return 'l';
    case Node::Kind::kOther:
      break;
  }
  return '?';
}

}  // namespace

ReadingJob::ReadingJob(std::shared_ptr<Asks::Module> module, Place place,
                       std::unique_ptr<engine::Waiter> waiter)
    : Job(module, std::move(waiter)),
      module_(std::move(module)),
      place_(std::move(place)),
      source_(module_->source(gone())) {}

Result<Cid> ReadingJob::root() {
  if (!place_.target.name) return resolve(*source_, place_.target.path);
  NamePath name = BERTH_TRY(parse_name_path("ipns://" + place_.target.root));
  name.names = place_.target.path.names;
  const auto path = module_->service->resolve(name);
  // Who was asked stays with the owner.
  if (!path)
    return fail(path.error().code,
                fmt::format("nobody has a record of '{}' that counts", place_.target.text));
  return resolve(*source_, *path);
}

std::string_view ReadingJob::name() const {
  const auto& names = place_.target.path.names;
  return names.empty() ? std::string_view() : names.back();
}

Result<Node> ReadingJob::node() {
  const Cid cid = place_.from ? *place_.from : BERTH_TRY(root());
  if (!place_.folder) return open_node(*source_, cid);
  return content::follow(*source_, cid, place_.way, place_.follow ? LastLink::kFollowed : LastLink::kKept);
}

Result<void> ReadingJob::bound(uint64_t bytes) {
  if (!place_.most || bytes <= *place_.most) return {};
  return too_large(fmt::format("{} of '{}' are more than its grant lets one fetch bring, which is max={}",
                               format_bytes(bytes), place_.target.text, exact_bytes(*place_.most)));
}

Result<Found> StatJob::begin() {
  const Node there = BERTH_TRY(node());
  return found_of(there, name());
}

Result<Found> FileJob::begin() {
  file_ = BERTH_TRY(node());
  if (file_.kind != Node::Kind::kFile) return is_no(file_, "file");
  at_ = std::min(at_, file_.size);
  end_ = at_ + std::min(length_, file_.size - at_);
  BERTH_TRY_VOID(bound(end_ - at_));
  // From the next block on all that is read of it comes in one answer.
  Wanted wanted = Wanted::all(file_.cid);
  wanted.scope = Scope::kEntity;
  if (at_ > 0 || end_ < file_.size) {
    wanted.from = at_;
    wanted.to = end_;
  }
  if (!file_.pb.links.empty()) source().expect(std::move(wanted));
  return found_of(file_, name());
}

Result<std::optional<std::string>> FileJob::next() {
  if (at_ == end_) return std::nullopt;
  // Up to where pieces end when all is read, so that the blocks of one piece aren't read for two.
  const uint64_t until = std::min(end_, (at_ / kPieceBytes + 1) * kPieceBytes);
  std::string piece;
  piece.reserve(until - at_);
  BERTH_TRY_VOID(read_file(source(), file_, at_, until - at_, [&](std::string_view bytes) -> Result<void> {
    piece += bytes;
    return {};
  }));
  at_ = until;
  return piece;
}

Result<Found> ListingJob::begin() {
  directory_ = BERTH_TRY(node());
  if (directory_.kind != Node::Kind::kDirectory) return is_no(directory_, "directory");
  BERTH_TRY_VOID(bound(directory_.block_bytes));
  return found_of(directory_);
}

Result<std::optional<std::string>> ListingJob::next() {
  if (!listed_) {
    size_t held = 0;
    uint64_t brought = 0;
    Wanted wanted = Wanted::all(directory_.cid);
    wanted.scope = Scope::kEntity;
    source().expect(std::move(wanted));
    BERTH_TRY_VOID(list(source(), directory_, [&](const PbLink& entry) -> Result<void> {
      const size_t bytes = entry.name.size() + entry.cid.hash.digest.size();
      held += sizeof(PbLink) + bytes;
      brought += bytes;
      if (held > kMostListing)
        return too_large(
            fmt::format("{} has more entries than can be listed at once, open those that are "
                        "known by their names",
                        directory_.cid.text()));
      entries_.push_back(entry);
      return bound(brought);
    }));
    listed_ = true;
    directory_ = {};
  }
  std::string piece;
  const size_t most = place().folder ? kFolderEntriesAtOnce : kEntriesAtOnce;
  // Where all of them are left out, those that follow.
  for (size_t i = 0; (i < most || piece.empty()) && !entries_.empty(); ++i) {
    const PbLink& entry = entries_.front();
    char kind = entry.cid.codec == Codec::kRaw ? 'f' : '?';
    if (place().folder && kind == '?') {
      const Node there = BERTH_TRY(open_node(source(), entry.cid));
      kind = kind_letter(there.kind);
    }
    // No guest could name it.
    if (!entry.name.contains('\0'))
      piece += fmt::format("{} {} {} {}", policy_text(entry.cid), entry.tsize, kind, entry.name) + '\0';
    entries_.pop_front();
  }
  if (piece.empty()) return std::nullopt;
  return piece;
}

Result<Found> BlockJob::begin() {
  const Cid cid = BERTH_TRY(root());
  bytes_ = BERTH_TRY(source().get(cid));
  BERTH_TRY_VOID(bound(bytes_->size()));
  return Found{.kind = Found::Kind::kOther, .size = bytes_->size(), .cid = policy_text(cid), .link = {}};
}

Result<std::optional<std::string>> BlockJob::next() {
  if (bytes_ && bytes_->empty()) bytes_.reset();
  return std::exchange(bytes_, std::nullopt);
}

Result<Found> CarJob::begin() {
  const Cid cid = BERTH_TRY(root());
  header_ = car_header({cid});
  ahead_.push_back(cid);
  source().expect(Wanted::all(cid));
  return Found{.kind = Found::Kind::kOther, .size = 0, .cid = policy_text(cid), .link = {}};
}

Result<std::optional<std::string>> CarJob::next() {
  std::string piece = std::exchange(header_, std::nullopt).value_or("");
  while (!ahead_.empty() && piece.size() < kPieceBytes) {
    const Cid cid = std::move(ahead_.back());
    ahead_.pop_back();
    if (!seen_.insert(cid.bytes()).second) continue;
    const auto bytes = BERTH_TRY(source().get(cid));
    const auto links = BERTH_TRY(links_of(cid.codec, bytes));
    if (seen_.size() > kMostCarBlocks || ahead_.size() + links.size() > kMostAhead)
      return too_large(fmt::format("'{}' has more blocks than one CAR may have", place().target.text));
    for (const Cid& link : links | std::views::reverse) ahead_.push_back(link);
    if (!is_inline(cid)) (piece += car_section(cid, bytes.size())) += bytes;
    BERTH_TRY_VOID(bound(given_ + piece.size()));
  }
  if (piece.empty()) return std::nullopt;
  given_ += piece.size();
  return piece;
}

}  // namespace berth::content
