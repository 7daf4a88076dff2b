// SPDX-License-Identifier: Apache-2.0
#include "providers/content/follow.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "policy/printable.h"

namespace berth::content {
namespace {

constexpr size_t kDeepest = 512;
/// Of the path of a symlink (PATH_MAX), and names that may be ahead.
constexpr size_t kLongestLink = 4096;
constexpr size_t kMostAhead = 4096;

/// Puts the names of a path before those that are left, the next one last.
void put_ahead(std::vector<std::string>& ahead, std::string_view path) {
  std::vector<std::string> names;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    if (end > 0) names.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  ahead.insert(ahead.end(), names.rbegin(), names.rend());
}

std::unexpected<Error> leads_out(std::string_view path) {
  return fail(ErrorCode::kDenied, fmt::format("the path {} leads out of its folder", policy::quoted(path)));
}

}  // namespace

Result<Node> follow(BlockSource& source, const Cid& root, std::string_view path, LastLink last) {
  if (path.starts_with('/')) return leads_out(path);
  const bool folder_wanted = path.ends_with('/');
  std::vector<std::string> ahead;
  put_ahead(ahead, path);
  std::vector<Cid> above;  // the directories from the root down to `here`, without it
  Node here = BERTH_TRY(open_node(source, root));
  int links = 0;
  while (!ahead.empty()) {
    const std::string name = std::move(ahead.back());
    ahead.pop_back();
    if (here.kind != Node::Kind::kDirectory)
      return fail(ErrorCode::kInvalidArgument, fmt::format("{} is no directory", here.cid.text()));
    if (name == ".") continue;
    if (name == "..") {
      if (above.empty()) return leads_out(path);
      here = BERTH_TRY(open_node(source, above.back()));
      above.pop_back();
      continue;
    }
    const auto link = BERTH_TRY(lookup(source, here, name));
    if (!link)
      return fail(ErrorCode::kNotFound,
                  fmt::format("there is no {} in {}", policy::quoted(name), here.cid.text()));
    Node node = BERTH_TRY(open_node(source, link->cid));
    const bool kept = ahead.empty() && last == LastLink::kKept && !folder_wanted;
    if (node.kind == Node::Kind::kSymlink && !kept) {
      if (++links > kMostLinks)
        return fail(ErrorCode::kLimit, fmt::format("more than {} symlinks are on the way", kMostLinks));
      const std::string target = node.about.data.value_or("");
      if (target.starts_with('/')) return leads_out(path);
      if (target.size() > kLongestLink)
        return fail(ErrorCode::kLimit, fmt::format("a symlink's path has more than {} bytes", kLongestLink));
      put_ahead(ahead, target);
      if (ahead.size() > kMostAhead)
        return fail(ErrorCode::kLimit, fmt::format("more than {} names are on the way", kMostAhead));
      continue;
    }
    if (above.size() + 1 == kDeepest)
      return fail(ErrorCode::kInvalidArgument, fmt::format("the path is more than {} deep", kDeepest));
    above.push_back(here.cid);
    here = std::move(node);
  }
  if (folder_wanted && here.kind != Node::Kind::kDirectory)
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} is no directory", here.cid.text()));
  return here;
}

}  // namespace berth::content
