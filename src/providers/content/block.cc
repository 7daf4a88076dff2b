// SPDX-License-Identifier: Apache-2.0
#include "providers/content/block.h"

#include <fmt/format.h>

namespace berth::content {

Result<void> check_block(const Cid& cid, std::string_view bytes) {
  if (bytes.size() > kMostBlock)
    return fail(ErrorCode::kInvalidArgument, fmt::format("the block {} has {} bytes: {} are the most",
                                                         cid.text(), bytes.size(), kMostBlock));
  const auto checked = check_hash(cid.hash, bytes);
  if (!checked)
    return fail(checked.error().code, fmt::format("the block {}: {}", cid.text(), checked.error().message));
  return {};
}

bool is_inline(const Cid& cid) {
  return cid.hash.code == HashCode::kIdentity;
}

std::unexpected<Error> missing(const Cid& cid) {
  return fail(
      ErrorCode::kNotFound,
      fmt::format("the block {} isn't in the store: 'berth content add' or 'import' brings it", cid.text()));
}

}  // namespace berth::content
