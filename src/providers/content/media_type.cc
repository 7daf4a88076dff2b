// SPDX-License-Identifier: Apache-2.0
#include "providers/content/media_type.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

namespace berth::content {
namespace {

using Kind = std::pair<std::string_view, std::string_view>;

constexpr std::string_view kBytes = "application/octet-stream";
constexpr std::string_view kText = "text/plain; charset=utf-8";

/// By name, in order.
constexpr std::array kKinds = std::to_array<Kind>({
    {"aac", "audio/aac"},
    {"avif", "image/avif"},
    {"bin", kBytes},
    {"bmp", "image/bmp"},
    {"bz2", "application/x-bzip2"},
    {"c", kText},
    {"car", "application/vnd.ipld.car"},
    {"cc", kText},
    {"css", "text/css; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"epub", "application/epub+zip"},
    {"flac", "audio/flac"},
    {"gif", "image/gif"},
    {"go", kText},
    {"gz", "application/gzip"},
    {"h", kText},
    {"htm", "text/html; charset=utf-8"},
    {"html", "text/html; charset=utf-8"},
    {"ico", "image/x-icon"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"jsonld", "application/ld+json"},
    {"log", kText},
    {"m4a", "audio/mp4"},
    {"md", "text/markdown; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"oga", "audio/ogg"},
    {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"},
    {"otf", "font/otf"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"rs", kText},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"toml", "application/toml"},
    {"ttf", "font/ttf"},
    {"txt", kText},
    {"wasm", "application/wasm"},
    {"wav", "audio/wav"},
    {"webm", "video/webm"},
    {"webmanifest", "application/manifest+json"},
    {"webp", "image/webp"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"xhtml", "application/xhtml+xml"},
    {"xml", "application/xml"},
    {"yaml", "application/yaml"},
    {"yml", "application/yaml"},
    {"zip", "application/zip"},
    {"zst", "application/zstd"},
});
static_assert(std::ranges::is_sorted(kKinds, {}, &Kind::first));

/// By how they begin.
constexpr std::array kBeginnings = std::to_array<Kind>({
    {"\x89PNG\r\n\x1a\n", "image/png"},
    {"\xff\xd8\xff", "image/jpeg"},
    {"GIF87a", "image/gif"},
    {"GIF89a", "image/gif"},
    {"%PDF-", "application/pdf"},
    {"PK\x03\x04", "application/zip"},
    {"\x1f\x8b", "application/gzip"},
    {std::string_view("\0asm", 4), "application/wasm"},
    {"<!DOCTYPE html", "text/html; charset=utf-8"},
    {"<!doctype html", "text/html; charset=utf-8"},
    {"<html", "text/html; charset=utf-8"},
    {"<?xml", "application/xml"},
});

/// Text in UTF-8, whose last character may be cut off.
bool is_text(std::string_view bytes) {
  for (size_t i = 0; i < bytes.size();) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    const bool control =
        byte < ' ' && byte != '\t' && byte != '\n' && byte != '\r' && byte != '\f' && byte != 0x1B;
    if (control || byte == 0x7F) return false;
    const size_t length = byte < 0x80                   ? 1
                          : byte >= 0xF0 && byte < 0xF5 ? 4
                          : byte >= 0xE0                ? 3
                          : byte >= 0xC2                ? 2
                                                        : 0;
    if (length == 0 || byte >= 0xF5) return false;
    for (size_t j = 1; j < length && i + j < bytes.size(); ++j) {
      if ((static_cast<uint8_t>(bytes[i + j]) & 0xC0U) != 0x80U) return false;
    }
    i += length;
  }
  return true;
}

}  // namespace

std::optional<std::string_view> media_type_of_name(std::string_view filename) {
  const size_t dot = filename.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  std::string ending(filename.substr(dot + 1));
  std::ranges::transform(ending, ending.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  const auto found = std::ranges::lower_bound(kKinds, std::string_view(ending), {}, &Kind::first);
  if (found == kKinds.end() || found->first != ending) return std::nullopt;
  return found->second;
}

std::string_view media_type(std::string_view filename, std::string_view beginning) {
  if (const auto named = media_type_of_name(filename)) return *named;
  const auto begins =
      std::ranges::find_if(kBeginnings, [&](const Kind& kind) { return beginning.starts_with(kind.first); });
  if (begins != kBeginnings.end()) return begins->second;
  return is_text(beginning.substr(0, kLookedAt)) ? kText : kBytes;
}

}  // namespace berth::content
