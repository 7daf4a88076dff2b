// SPDX-License-Identifier: Apache-2.0
#include "providers/content/cbor.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>

namespace berth::content {
namespace {

constexpr uint64_t kLink = 42;
constexpr uint8_t kFirstLong = 24;  // 24 to 27: the number stands in 1, 2, 4 or 8 bytes behind
constexpr uint8_t kLastLong = 27;

enum Major : uint8_t { kBytes = 2, kText = 3, kArray = 4, kMap = 5, kTag = 6 };

struct Head {
  uint8_t major = 0;
  uint64_t number = 0;
};

/// Nothing where it is cut off or of no definite length.
std::optional<Head> take_head(std::string_view& rest) {
  const auto first = static_cast<uint8_t>(rest.front());
  rest.remove_prefix(1);
  Head head{.major = static_cast<uint8_t>(first >> 5U), .number = first & 0x1fU};
  if (head.number < kFirstLong) return head;
  if (head.number > kLastLong) return std::nullopt;
  const size_t length = size_t{1} << (head.number - kFirstLong);
  if (rest.size() < length) return std::nullopt;
  head.number = 0;
  for (const char byte : rest.substr(0, length)) head.number = head.number << 8U | static_cast<uint8_t>(byte);
  rest.remove_prefix(length);
  return head;
}

}  // namespace

Result<void> check_cbor_heads(std::string_view bytes) {
  std::string_view rest = bytes;
  bool tagged = false;
  while (!rest.empty()) {
    const size_t at = bytes.size() - rest.size();
    const auto refuse = [&](std::string_view what) {
      return fail(ErrorCode::kInvalidArgument, fmt::format("{} at byte {}", what, at));
    };
    const auto head = take_head(rest);
    if (!head) return refuse("a head that is cut off or of no definite length");
    if (tagged && head->major != kBytes) return refuse("a link that isn't bytes");
    tagged = head->major == kTag;
    if (tagged && head->number != kLink) return refuse("a tag that is no link");
    const bool counted = head->major >= kBytes && head->major <= kMap;
    const uint64_t room = head->major == kMap ? rest.size() / 2 : rest.size();
    if (counted && head->number > room) return refuse("a length beyond the end");
    if (head->major == kBytes || head->major == kText) rest.remove_prefix(head->number);
  }
  if (tagged) return fail(ErrorCode::kInvalidArgument, "a link is cut off");
  return {};
}

}  // namespace berth::content
