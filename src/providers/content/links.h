// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which blocks a block leads to: of dag-pb, dag-cbor and dag-json; raw bytes and keys lead nowhere.
//
// What is read of dag-cbor and dag-json are the links alone: whether the rest is written in the one way that
// their specifications have for it isn't looked at. Pure; safe on any thread.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "providers/content/cid.h"

namespace berth::content {

/// In their order, as often as they stand there. kInvalidArgument for bytes that aren't of that codec or
/// nested deeper than 128; kUnsupported for other codecs.
Result<std::vector<Cid>> links_of(Codec codec, std::string_view bytes);

/// Where names lead within a document of dag-cbor or dag-json.
struct Step {
  std::optional<Cid> link;  // that they came to; none: they end within it
  size_t taken = 0;         // of the names
};

/// Keys of maps, and numbers of lists. kNotFound that says which isn't there; otherwise as `links_of`.
Result<Step> step_into(Codec codec, std::string_view bytes, std::span<const std::string> names);

}  // namespace berth::content
