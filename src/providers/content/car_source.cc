// SPDX-License-Identifier: Apache-2.0
#include "providers/content/car_source.h"

#include <fmt/format.h>

#include <algorithm>

namespace berth::content {
namespace {

/// In whatever version.
bool is_same(const Cid& one, const Cid& other) {
  return one.codec == other.codec && one.hash == other.hash;
}

}  // namespace

Result<CarSource> CarSource::open(ReadSome read, BlockSource& kept, Each each) {
  CarReader car = BERTH_TRY(CarReader::open(std::move(read), CarFrom::kGateway));
  return CarSource(std::move(car), kept, std::move(each));
}

std::unexpected<Error> CarSource::blame(Error error) {
  to_blame_ = true;
  return std::unexpected(std::move(error));
}

/// Nothing that is within its CID has to be there; where it is all the same, it is passed once.
Result<void> CarSource::look() {
  if (looked_) return {};
  auto next = car_.next();
  if (next && *next && is_inline((*next)->cid) && (*next)->cid.hash.digest == inlined_) next = car_.next();
  if (!next && car_.cut_off())
    return blame({.code = ErrorCode::kUnavailable, .message = "truncated: " + next.error().message});
  if (!next) return blame(next.error());
  next_ = *std::move(next);
  looked_ = true;
  return {};
}

Result<std::string> CarSource::get(const Cid& cid) {
  to_blame_ = false;
  if (is_inline(cid)) {
    inlined_ = cid.hash.digest;
    return inlined_;
  }
  BERTH_TRY_VOID(look());
  if (!next_ || !is_same(next_->cid, cid)) {
    if (auto before = kept_.get(cid)) return before;
    if (!next_)
      return blame({.code = ErrorCode::kUnavailable,
                    .message = fmt::format("truncated: it ends before the block {}", cid.text())});
    return blame(
        {.code = ErrorCode::kUnsupported,
         .message = fmt::format("another block than was asked for: {} came where {} was to come (order=dfs)",
                                next_->cid.text(), cid.text())});
  }
  std::string bytes(next_->bytes);
  looked_ = false;
  BERTH_TRY_VOID(each_(cid, bytes));
  return bytes;
}

Result<void> CarSource::check_roots(const Wanted& wanted, const Cid& terminal) {
  const auto& roots = car_.roots();
  const auto is_root = [&](const Cid& cid) {
    return std::ranges::any_of(roots, [&](const Cid& root) { return is_same(root, cid); });
  };
  if (roots.empty() || is_root(wanted.path.root) || is_root(terminal)) return {};
  return blame({.code = ErrorCode::kUnsupported,
                .message = fmt::format("wrong roots: its root is {}, and {} was asked for",
                                       roots.front().text(), wanted.path.root.text())});
}

Result<void> CarSource::finish() {
  to_blame_ = false;
  BERTH_TRY_VOID(look());
  if (!next_) return {};
  return blame(
      {.code = ErrorCode::kUnsupported,
       .message = fmt::format("a block that nobody asked for: {} follows the last", next_->cid.text())});
}

}  // namespace berth::content
