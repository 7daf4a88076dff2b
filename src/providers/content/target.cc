// SPDX-License-Identifier: Apache-2.0
#include "providers/content/target.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/content.h"

namespace berth::content {
namespace {

constexpr std::string_view kIpfs = "ipfs://";
constexpr size_t kLongestTarget = 4096;
constexpr std::string_view kIpns = "ipns://";

}  // namespace

std::string policy_text(const Cid& cid) {
  return Cid::v1(cid.codec, cid.hash).text();
}

Result<Target> read_target(std::string_view text) {
  if (text.size() > kLongestTarget)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("a path of content has {} bytes at most", kLongestTarget));
  Target target{.text = BERTH_TRY(policy::content_target(text)), .path = {}, .root = {}};
  target.name = target.text.starts_with(kIpns);
  // The policy's form is read the same way again, but for what stands for other characters.
  const std::string whole = target.text;
  const std::string_view rest = std::string_view(whole).substr(kIpfs.size());
  const size_t slash = std::min(rest.find('/'), rest.size());
  target.root = rest.substr(0, slash);
  for (std::string_view left = rest.substr(std::min(slash + 1, rest.size())); !left.empty();) {
    const size_t end = std::min(left.find('/'), left.size());
    target.path.names.push_back(policy::content_name_read(left.substr(0, end)));
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  if (target.name) return target;
  target.path.root = BERTH_TRY(Cid::parse(target.root));
  target.root = policy_text(target.path.root);
  target.text = std::string(kIpfs) + target.root + std::string(rest.substr(slash));
  return target;
}

}  // namespace berth::content
