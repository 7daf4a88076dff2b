// SPDX-License-Identifier: Apache-2.0
#include "providers/content/target.h"

#include <algorithm>

#include "policy/content.h"

namespace berth::content {
namespace {

constexpr std::string_view kIpfs = "ipfs://";
constexpr std::string_view kIpns = "ipns://";

}  // namespace

std::string policy_text(const Cid& cid) {
  return Cid::v1(cid.codec, cid.hash).text();
}

Result<Target> read_target(std::string_view text) {
  Target target{.text = BERTH_TRY(policy::content_target(text)), .path = {}};
  target.name = target.text.starts_with(kIpns);
  if (target.name) return target;
  // The policy's form is one that is read the same way again, but for what stands for other characters.
  const std::string_view rest = std::string_view(target.text).substr(kIpfs.size());
  const size_t slash = rest.find('/');
  target.path.root = BERTH_TRY(Cid::parse(rest.substr(0, slash)));
  std::string canonical = std::string(kIpfs) + policy_text(target.path.root);
  if (slash != std::string_view::npos) {
    canonical += rest.substr(slash);
    for (std::string_view left = rest.substr(slash + 1); !left.empty();) {
      const size_t end = std::min(left.find('/'), left.size());
      target.path.names.push_back(policy::content_name_read(left.substr(0, end)));
      left.remove_prefix(std::min(end + 1, left.size()));
    }
  }
  target.text = std::move(canonical);
  return target;
}

}  // namespace berth::content
