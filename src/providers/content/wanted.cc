// SPDX-License-Identifier: Apache-2.0
#include "providers/content/wanted.h"

#include <fmt/format.h>

#include <cstring>
#include <unordered_set>

#include "base/text_codes.h"
#include "providers/content/walk.h"

namespace berth::content {
namespace {

constexpr unsigned kDeepestFile = 32;

/// The nodes of a file that were read; two of them taken for one at worst is a block that is read later.
class FileWalk {
 public:
  explicit FileWalk(BlockSource& source) : source_(source) {}

  Result<void> below(const Node& node, uint64_t from, uint64_t to, unsigned depth) {
    if (depth == kDeepestFile)
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("the block {}: a file of more than {} levels", node.cid.text(), kDeepestFile));
    for (const FilePart& part : BERTH_TRY(parts_of(node, from, to))) {
      const bool whole = from <= part.begin && part.end <= to;
      if (whole && !seen_.insert(short_hash(part.cid)).second) continue;
      const Node below_it = BERTH_TRY(open_node(source_, part.cid));
      if (below_it.kind != Node::Kind::kFile || below_it.size != part.end - part.begin)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("the block {}: it isn't the part of a file that {} says it is",
                                part.cid.text(), node.cid.text()));
      BERTH_TRY_VOID(below(below_it, from > part.begin ? from - part.begin : 0,
                           std::min(to, part.end) - part.begin, depth + 1));
    }
    return {};
  }

 private:
  static uint64_t short_hash(const Cid& cid) {
    uint64_t number = 0;
    const std::string& digest = cid.hash.digest;
    std::memcpy(&number, digest.data() + digest.size() - std::min(digest.size(), sizeof number),
                std::min(digest.size(), sizeof number));
    return number;
  }

  BlockSource& source_;
  std::unordered_set<uint64_t> seen_;
};

Result<void> nothing(const PbLink&) {
  return {};
}

}  // namespace

std::string Wanted::url_part() const {
  std::string text = path.root.text();
  for (const std::string& name : path.names) text += "/" + to_percent(name);
  text += fmt::format("?dag-scope={}", scope_name(scope));
  if (from > 0 || to) text += fmt::format("&entity-bytes={}:{}", from, to ? fmt::format("{}", *to - 1) : "*");
  return text;
}

Result<std::vector<FilePart>> parts_of(const Node& file, uint64_t from, uint64_t to) {
  std::vector<FilePart> parts;
  uint64_t at = file.about.data ? file.about.data->size() : 0;
  if (file.cid.codec != Codec::kDagPb) return parts;
  for (size_t i = 0; i < file.pb.links.size() && at < to; ++i) {
    const uint64_t end = at + file.about.block_sizes[i];
    if (end > from && end > at) parts.push_back({.cid = file.pb.links[i].cid, .begin = at, .end = end});
    at = end;
  }
  return parts;
}

Result<void> traverse(BlockSource& source, const Wanted& wanted,
                      const std::function<Result<void>(const Cid&)>& terminal) {
  const Cid cid = BERTH_TRY(resolve(source, wanted.path));
  if (terminal) BERTH_TRY_VOID(terminal(cid));
  if (wanted.scope == Scope::kAll)
    return walk(source, cid, {}, [](const Cid&, std::string_view) -> Result<void> { return {}; });
  if (wanted.scope == Scope::kBlock) {
    BERTH_TRY(source.get(cid));
    return {};
  }
  const Node node = BERTH_TRY(open_node(source, cid));
  if (node.kind == Node::Kind::kDirectory) return list(source, node, nothing);
  if (node.kind != Node::Kind::kFile) return {};
  return FileWalk(source).below(node, wanted.from, wanted.to.value_or(UINT64_MAX), 0);
}

}  // namespace berth::content
