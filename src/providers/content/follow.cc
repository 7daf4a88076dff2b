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
  std::vector<Node> way;
  way.push_back(BERTH_TRY(open_node(source, root)));
  int links = 0;
  while (!ahead.empty()) {
    const std::string name = std::move(ahead.back());
    ahead.pop_back();
    if (way.back().kind != Node::Kind::kDirectory)
      return fail(ErrorCode::kInvalidArgument, fmt::format("{} is no directory", way.back().cid.text()));
    if (name == ".") continue;
    if (name == "..") {
      if (way.size() == 1) return leads_out(path);
      way.pop_back();
      continue;
    }
    const auto link = BERTH_TRY(lookup(source, way.back(), name));
    if (!link)
      return fail(ErrorCode::kNotFound,
                  fmt::format("there is no {} in {}", policy::quoted(name), way.back().cid.text()));
    Node node = BERTH_TRY(open_node(source, link->cid));
    const bool kept = ahead.empty() && last == LastLink::kKept && !folder_wanted;
    if (node.kind == Node::Kind::kSymlink && !kept) {
      if (++links > kMostLinks)
        return fail(ErrorCode::kLimit, fmt::format("more than {} symlinks are on the way", kMostLinks));
      const std::string target = node.about.data.value_or("");
      if (target.starts_with('/')) return leads_out(path);
      put_ahead(ahead, target);
      continue;
    }
    if (way.size() == kDeepest)
      return fail(ErrorCode::kInvalidArgument, fmt::format("the path is more than {} deep", kDeepest));
    way.push_back(std::move(node));
  }
  if (folder_wanted && way.back().kind != Node::Kind::kDirectory)
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} is no directory", way.back().cid.text()));
  return std::move(way.back());
}

}  // namespace berth::content
