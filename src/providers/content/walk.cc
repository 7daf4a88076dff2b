// SPDX-License-Identifier: Apache-2.0
#include "providers/content/walk.h"

#include <fmt/format.h>

#include "providers/content/links.h"

namespace berth::content {
namespace {

constexpr size_t kDeepest = 1024;

/// A root, and the blocks below it that are still to come.
struct Waiting {
  std::vector<Cid> links;
  size_t next = 0;
};

}  // namespace

Result<void> Walker::from(const Cid& root, const Each& each) {
  now_.clear();
  auto followed = follow(root, each);
  // What is below those isn't known: another root that leads there shall come to the same error.
  if (!followed) {
    for (const std::string* const name : now_) seen_.erase(seen_.find(*name));
  }
  return followed;
}

Result<void> Walker::follow(const Cid& root, const Each& each) {
  std::vector<Waiting> open;
  open.push_back({.links = {root}});
  size_t waiting = 1;
  while (!open.empty()) {
    Waiting& last = open.back();
    if (last.next == last.links.size()) {
      waiting -= last.links.size();
      open.pop_back();
      continue;
    }
    const Cid cid = last.links[last.next++];
    if (!how_.duplicates) {
      const auto [name, fresh] = seen_.insert(cid.bytes());
      if (!fresh) continue;
      now_.push_back(&*name);
    }
    if (how_.raw == Walk::Raw::kSkipped && cid.codec == Codec::kRaw) {
      BERTH_TRY_VOID(each(cid, {}));
      continue;
    }
    const auto bytes = BERTH_TRY(source_.get(cid));
    BERTH_TRY_VOID(each(cid, bytes));
    auto links = links_of(cid.codec, bytes);
    if (!links)
      return fail(links.error().code, fmt::format("the block {}: {}", cid.text(), links.error().message));
    if (links->empty()) continue;
    if (open.size() == kDeepest)
      return fail(ErrorCode::kInvalidArgument, fmt::format("the block {}: {} leads deeper than {} blocks",
                                                           cid.text(), root.text(), kDeepest));
    waiting += links->size();
    if (waiting > how_.most_waiting)
      return fail(ErrorCode::kLimit,
                  fmt::format("the block {}: more than {} links below {} are to be followed", cid.text(),
                              how_.most_waiting, root.text()));
    open.push_back({.links = *std::move(links)});
  }
  return {};
}

Result<void> walk(BlockSource& source, const Cid& root, Walk how, const Walker::Each& each) {
  return Walker(source, how).from(root, each);
}

}  // namespace berth::content
