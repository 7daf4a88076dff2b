// SPDX-License-Identifier: Apache-2.0
#include "providers/content/selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <unordered_set>

#include "base/leading_number.h"

namespace berth::content {
namespace {

constexpr size_t kMostWaiting = 200'000;  // for many are served at once

/// Hands on what is read by it, once or each time.
class Noting final : public BlockSource {
 public:
  Noting(BlockSource& source, bool duplicates, const Walker::Each& each)
      : source_(source), duplicates_(duplicates), each_(each) {}

  Result<std::string> get(const Cid& cid) override {
    std::string bytes = BERTH_TRY(source_.get(cid));
    if (!is_inline(cid) && (duplicates_ || seen_.insert(cid.bytes()).second))
      BERTH_TRY_VOID(each_(cid, bytes));
    return bytes;
  }

 private:
  BlockSource& source_;
  const bool duplicates_;
  const Walker::Each& each_;
  std::unordered_set<std::string> seen_;
};

Result<void> nothing(std::string_view) {
  return {};
}

/// The blocks of one file or directory, but for its first.
Result<void> read_entity(BlockSource& source, const Node& node, const Selection& selection) {
  switch (node.kind) {
    case Node::Kind::kFile: {
      const auto span = span_of(selection.range.value_or(EntityBytes()), node.size);
      if (!span) return {};
      // One that was there has nothing new below it, however often it comes.
      std::unordered_set<std::string> covered;
      const auto skip = [&](const Cid& part) { return !covered.insert(part.bytes()).second; };
      return read_file(source, node, span->offset, span->length, nothing,
                       selection.duplicates ? SkipPart() : skip);
    }
    case Node::Kind::kDirectory:
      return list(source, node, [](const PbLink&) { return Result<void>(); });
    case Node::Kind::kSymlink:
    case Node::Kind::kOther:
      break;
  }
  return {};
}

}  // namespace

std::string_view scope_name(Scope scope) {
  switch (scope) {
    case Scope::kBlock:
      return "block";
    case Scope::kEntity:
      return "entity";
    case Scope::kAll:
      break;
  }
  return "all";
}

std::optional<EntityBytes> EntityBytes::parse(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto from = whole_number<int64_t>(text.substr(0, colon));
  const std::string_view last = text.substr(colon + 1);
  const auto to = whole_number<int64_t>(last);
  if (!from || (!to && last != "*")) return std::nullopt;
  // From behind the end on, or back from where it begins: no range.
  if (to && (*from < 0) == (*to < 0) && *to < *from) return std::nullopt;
  return EntityBytes{.from = *from, .to = to};
}

std::optional<Span> span_of(const EntityBytes& range, uint64_t size) {
  const auto whole = static_cast<int64_t>(std::min<uint64_t>(size, INT64_MAX));
  const int64_t from =
      range.from < 0 ? std::max<int64_t>(0, whole + std::max(range.from, -whole)) : range.from;
  int64_t last = whole - 1;
  if (range.to)
    last = *range.to < 0 ? whole + std::max(*range.to, -whole - 1) : std::min(*range.to, whole - 1);
  if (from > last || from >= whole) return std::nullopt;
  return Span{.offset = static_cast<uint64_t>(from), .length = static_cast<uint64_t>(last - from) + 1};
}

Result<void> select(BlockSource& source, const ContentPath& path, const Selection& selection,
                    const Walker::Each& take) {
  uint64_t left = selection.most_duplicated;
  const Walker::Each each = [&](const Cid& cid, std::string_view bytes) -> Result<void> {
    if (selection.duplicates && left-- == 0)
      return fail(ErrorCode::kLimit,
                  fmt::format("with duplicates it has more than {} blocks", selection.most_duplicated));
    return take(cid, bytes);
  };
  Noting noting(source, selection.duplicates, each);
  const Cid end = BERTH_TRY(resolve(noting, path));
  if (selection.scope == Scope::kAll && !selection.range)
    // None of them was on the path: no block is below itself.
    return walk(source, end, {.most_waiting = kMostWaiting, .duplicates = selection.duplicates},
                [&](const Cid& cid, std::string_view bytes) {
                  return is_inline(cid) ? Result<void>() : each(cid, bytes);
                });
  if (selection.scope == Scope::kBlock) {
    std::ignore = BERTH_TRY(noting.get(end));
    return {};
  }
  const auto node = open_node(noting, end);
  // Its block was handed over: one that is no UnixFS has nothing more to it.
  if (!node && node.error().code == ErrorCode::kInvalidArgument) return {};
  if (!node) return std::unexpected(node.error());
  return read_entity(noting, *node, selection);
}

}  // namespace berth::content
