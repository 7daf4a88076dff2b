// SPDX-License-Identifier: Apache-2.0
#pragma once
// What somebody asks a gateway for (specs.ipfs.tech/http-gateways): a path, in which form, and which part of
// it; or the answer for one who asks for what there is none of.
//
// Pure; safe on any thread.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "providers/content/selection.h"
#include "providers/content/tree.h"

namespace berth::serve {

/// What of a request is looked at.
struct GatewayHead {
  std::string_view method;
  std::string_view target;  // its path with its query
  std::string accept = {};
  std::string cache_control = {};
  std::string if_none_match = {};
  std::string range = {};
  std::string if_range = {};
};

struct GatewayAsk {
  /// A file or a directory as browsers want it, a block, blocks, or what a name says.
  enum class Form : uint8_t { kFile, kRaw, kCar, kRecord };

  Form form = Form::kFile;
  bool head = false;          // nothing of the body is wanted
  bool cached_alone = false;  // 412 where the root isn't there
  bool download = false;      // a file is to be kept, not shown
  std::string name = {};      // below /ipns/; `path` has no root then
  content::ContentPath path = {};
  std::string spelled = {};  // the path as it was asked for, without its query
  content::Selection selection = {};
  bool ordered = true;  // a CAR's blocks are to come depth first; otherwise nobody asks
  std::string filename = {};
  std::string if_none_match = {};
  std::string range = {};
  std::string if_range = {};
};

/// Why there is no answer: a line for a person, without its end.
struct GatewayRefusal {
  uint16_t status = 400;
  std::string why;
};

std::expected<GatewayAsk, GatewayRefusal> read_gateway_ask(const GatewayHead& head);

/// Whether one of the tags of `If-None-Match` is that one; weak ones are taken for strong ones.
bool etag_matches(std::string_view if_none_match, std::string_view etag);

/// The one range that is asked for of so many bytes. Of several, and of what is no range, nothing: all of it
/// is given.
struct ByteRange {
  bool satisfiable = true;
  content::Span span = {};
};
std::optional<ByteRange> byte_range(std::string_view range, uint64_t size);

/// For the header `Content-Disposition`: with a name that is no ASCII in both ways that there are.
std::string disposition(std::string_view kind, std::string_view filename);

}  // namespace berth::serve
