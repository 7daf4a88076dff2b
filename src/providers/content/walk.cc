// SPDX-License-Identifier: Apache-2.0
#include "providers/content/walk.h"

#include <fmt/format.h>

#include <string>
#include <unordered_set>
#include <vector>

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

Result<void> walk(BlockSource& source, const Cid& root, Walk how,
                  const std::function<Result<void>(const Cid&, std::string_view)>& each) {
  std::unordered_set<std::string> seen;
  std::vector<Waiting> open{{.links = {root}}};
  while (!open.empty()) {
    Waiting& last = open.back();
    if (last.next == last.links.size()) {
      open.pop_back();
      continue;
    }
    const Cid cid = last.links[last.next++];
    if (!seen.insert(cid.bytes()).second) continue;
    if (how.raw == Walk::Raw::kSkipped && cid.codec == Codec::kRaw) {
      BERTH_TRY_VOID(each(cid, {}));
      continue;
    }
    const auto bytes = source.get(cid);
    if (!bytes && how.gaps == Walk::Gaps::kPassed) continue;
    if (!bytes) return std::unexpected(bytes.error());
    BERTH_TRY_VOID(each(cid, *bytes));
    auto links = links_of(cid.codec, *bytes);
    if (!links && how.gaps == Walk::Gaps::kPassed) continue;
    if (!links)
      return fail(links.error().code, fmt::format("the block {}: {}", cid.text(), links.error().message));
    if (links->empty()) continue;
    if (open.size() == kDeepest)
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{} leads deeper than {} blocks", root.text(), kDeepest));
    open.push_back({.links = *std::move(links)});
  }
  return {};
}

}  // namespace berth::content
