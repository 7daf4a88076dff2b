// SPDX-License-Identifier: Apache-2.0
#include "claims/sections.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/digest.h"
#include "claims/refusal.h"

namespace berth::claims {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kMagic = "\0asm"sv;
constexpr size_t kPreamble = 8;
constexpr uint8_t kCustom = 0;
constexpr uint8_t kCoreModule = 1;  // in a component
constexpr uint8_t kComponent = 4;   // the same
constexpr size_t kLongestLength = 5;
constexpr size_t kDeepest = 32;
constexpr size_t kMostSections = 1'000'000;
constexpr std::string_view kOurs = "jwt";
constexpr std::string_view kLaterWascaps = "wasmcloud_jwt";
constexpr size_t kLongestHeader = 1 + 2 * kLongestLength + kLaterWascaps.size();

/// A whole number as WebAssembly writes lengths.
struct Length {
  uint32_t value = 0;
  size_t bytes = 0;
};

std::optional<Length> length_at(std::string_view text) {
  Length length;
  for (; length.bytes < std::min(text.size(), kLongestLength);) {
    const auto byte = static_cast<uint8_t>(text[length.bytes]);
    const size_t shift = 7 * length.bytes++;
    if (length.bytes == kLongestLength && byte > 0x0f) return std::nullopt;
    length.value |= static_cast<uint32_t>(byte & 0x7fU) << shift;
    if ((byte & 0x80U) == 0) return length;
  }
  return std::nullopt;
}

std::string length_text(uint64_t value) {
  std::string text;
  do {
    const auto low = static_cast<uint8_t>(value & 0x7fU);
    value >>= 7U;
    text += static_cast<char>(value != 0 ? low | 0x80U : low);
  } while (value != 0);
  return text;
}

struct Section {
  uint8_t id = 0;
  uint64_t begin = 0;  // its id
  uint64_t body = 0;
  uint64_t end = 0;
  std::string name;      // of a custom section, if it could be a token's
  uint64_t content = 0;  // behind the name
  size_t depth = 0;      // parts that it lies in

  bool is_token() const {
    return name == kOurs || name == kLaterWascaps;
  }
  bool is_part(bool in_component) const {
    return in_component && (id == kCoreModule || id == kComponent);
  }
};

std::unexpected<Error> broken(std::string_view what) {
  return fail(ErrorCode::kInvalidModule, what.data());
}

/// A module's sections in their order, those of its parts between them.
class Walk {
 public:
  Walk(const ReadAt& read, uint64_t size) : read_(read) {
    ends_.push_back({.end = size});
  }

  /// Begins with the module itself. False: it is no binary module.
  Result<bool> begin() {
    if (read_(0, kMagic.size()) != kMagic) return false;
    BERTH_TRY_VOID(enter(0));
    return true;
  }

  /// The next one; nothing at the end. What was a part is gone into, and left with `left`.
  Result<std::optional<Section>> next() {
    while (ends_.size() > 1 && at_ == ends_.back().end) {
      ends_.pop_back();
      if (left) left();
    }
    if (at_ == ends_.back().end) return std::nullopt;
    if (++sections_ > kMostSections)
      return refuse(Refusal::kTooLarge, "the module has more than a million sections");
    Section section = BERTH_TRY(read_section());
    at_ = section.end;
    if (section.is_part(ends_.back().component)) {
      ends_.push_back({.end = section.end});
      BERTH_TRY_VOID(enter(section.body));
    }
    return section;
  }

  /// At the end of the module too, once for each part that ends there.
  std::function<void()> left;

 private:
  struct Level {
    uint64_t end = 0;
    bool component = false;
  };

  Result<void> enter(uint64_t at) {
    const std::string_view preamble = read_(at, kPreamble);
    if (preamble.size() < kPreamble || at + kPreamble > ends_.back().end || !preamble.starts_with(kMagic)) {
      return broken("a module, or a part of it, doesn't begin as one");
    }
    ends_.back().component = preamble[6] == 1;
    at_ = at + kPreamble;
    return {};
  }

  Result<Section> read_section() {
    const uint64_t room = ends_.back().end - at_;
    const std::string_view head = read_(at_, std::min<uint64_t>(room, kLongestHeader));
    const auto length = head.empty() ? std::nullopt : length_at(head.substr(1));
    if (!length || 1 + length->bytes + length->value > room) {
      return broken("a section is longer than the module");
    }
    Section section{.id = static_cast<uint8_t>(head[0]),
                    .begin = at_,
                    .body = at_ + 1 + length->bytes,
                    .end = at_ + 1 + length->bytes + length->value,
                    .depth = ends_.size() - 1};
    if (section.id == kCustom) read_name(head.substr(1 + length->bytes), section);
    return section;
  }

  static void read_name(std::string_view body, Section& section) {
    body = body.substr(0, section.end - section.body);
    const auto length = length_at(body);
    if (!length || length->value > kLaterWascaps.size()) return;
    section.name = body.substr(length->bytes, length->value);
    section.content = section.body + length->bytes + length->value;
  }

  const ReadAt& read_;
  uint64_t at_ = 0;
  size_t sections_ = 0;
  std::vector<Level> ends_;
};

ReadAt reader_of(std::string_view module) {
  return [module](uint64_t offset, size_t size) {
    return module.substr(std::min<uint64_t>(offset, module.size()), size);
  };
}

std::unexpected<Error> inside_a_part() {
  return refuse(
      Refusal::kSection,
      "a part of this module carries a token of its own: sign it without, as 'wasm-tools strip -d jwt' "
      "of the part makes it");
}

std::string section_text(uint8_t id, std::string_view body) {
  return std::string(1, static_cast<char>(id)) + length_text(body.size()) + std::string(body);
}

}  // namespace

Result<std::optional<TokenPlace>> find_token(const ReadAt& read, uint64_t size) {
  Walk walk(read, size);
  if (!BERTH_TRY(walk.begin())) return std::nullopt;
  std::optional<Section> token;
  bool last = false;
  while (const auto section = BERTH_TRY(walk.next())) {
    last = section->is_token();
    if (!last) continue;
    if (section->depth > 0) return inside_a_part();
    if (token) return refuse(Refusal::kSection, "the module carries more than one token");
    token = section;
  }
  if (!token) return std::nullopt;
  if (!last) return refuse(Refusal::kSection, "sections stand behind the token, which it doesn't cover");
  if (token->end - token->begin > kLargestToken) {
    return refuse(Refusal::kTooLarge, "the token has more than 64 KiB");
  }
  TokenPlace place{.begin = token->begin,
                   .token = std::string(read(token->content, token->end - token->content))};
  const std::string_view whole = read(token->begin, token->end - token->begin);
  if (whole != section_text(kCustom, length_text(token->name.size()) + token->name + place.token)) {
    return refuse(Refusal::kSection, "the token's section isn't written as short as it can be");
  }
  return place;
}

Result<std::optional<TokenPlace>> find_token(std::string_view module) {
  return find_token(reader_of(module), module.size());
}

Result<std::string> without_tokens(std::string_view module) {
  const ReadAt read = reader_of(module);
  Walk walk(read, module.size());
  if (!BERTH_TRY(walk.begin())) {
    return fail(ErrorCode::kInvalidModule,
                "this is no binary module: text has no place for a token, assemble it first, as 'wasm-tools "
                "parse' does");
  }
  std::string bare;
  uint64_t from = 0;
  while (const auto section = BERTH_TRY(walk.next())) {
    if (!section->is_token()) continue;
    if (section->depth > 0) return inside_a_part();
    bare += module.substr(from, section->begin - from);
    from = section->end;
  }
  return bare += module.substr(from);
}

std::string with_token(std::string_view bare, std::string_view token) {
  std::string body = length_text(kOurs.size()) + std::string(kOurs);
  body += token;
  return std::string(bare) + section_text(kCustom, body);
}

Result<std::string> wascap_hash(std::string_view module) {
  const ReadAt read = reader_of(module);
  Walk walk(read, module.size());
  if (!BERTH_TRY(walk.begin())) return broken("this is no binary module");
  std::vector<std::string> levels{std::string(module.substr(0, kPreamble))};
  std::vector<uint8_t> ids;
  walk.left = [&] {
    const std::string part = std::move(levels.back());
    levels.pop_back();
    levels.back() += section_text(ids.back(), part);
    ids.pop_back();
  };
  while (const auto section = BERTH_TRY(walk.next())) {
    const std::string_view body = module.substr(section->body, section->end - section->body);
    const std::string& level = levels.at(section->depth);
    if (section->is_part(level[6] == 1)) {
      if (levels.size() > kDeepest)
        return refuse(Refusal::kNesting, "the module has parts in parts in parts");
      ids.push_back(section->id);
      levels.emplace_back(body.substr(0, kPreamble));
    } else if (!section->is_token()) {
      levels.back() += section_text(section->id, body);
    }
  }
  std::string hash = sha256(levels.front()).hex();
  std::ranges::transform(hash, hash.begin(), [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
  return hash;
}

}  // namespace berth::claims
