// SPDX-License-Identifier: Apache-2.0
#include "providers/content/unixfs.h"

#include <fmt/format.h>

#include <algorithm>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

namespace berth::content {
namespace {

using Tag = protozero::pbf_tag_type;
using Wire = protozero::pbf_wire_type;

constexpr Tag kType = 1;
constexpr Tag kData = 2;
constexpr Tag kFileSize = 3;
constexpr Tag kBlockSizes = 4;
constexpr Tag kHashType = 5;
constexpr Tag kFanout = 6;
constexpr Tag kMode = 7;
constexpr Tag kModified = 8;
constexpr Tag kSeconds = 1;
constexpr Tag kNanoseconds = 2;
constexpr uint64_t kMostType = 5;
constexpr uint64_t kMostSize = INT64_MAX;
constexpr uint32_t kSecond = 1'000'000'000;

std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("this is no UnixFS: {}", what));
}

Result<ModifiedTime> read_time(protozero::pbf_reader reader) {
  ModifiedTime time;
  bool has_seconds = false;
  while (reader.next()) {
    if (reader.tag() == kSeconds && reader.wire_type() == Wire::varint) {
      time.seconds = reader.get_int64();
      has_seconds = true;
    } else if (reader.tag() == kNanoseconds && reader.wire_type() == Wire::fixed32) {
      time.nanoseconds = reader.get_fixed32();
      if (time.nanoseconds >= kSecond) return malformed("its time has more nanoseconds than a second");
    } else {
      reader.skip();
    }
  }
  if (!has_seconds) return malformed("its time has no seconds");
  return time;
}

/// One number, or several packed.
void read_sizes(protozero::pbf_reader& reader, std::vector<uint64_t>& sizes) {
  if (reader.wire_type() == Wire::varint) {
    sizes.push_back(reader.get_uint64());
  } else {
    for (const uint64_t size : reader.get_packed_uint64()) sizes.push_back(size);
  }
}

Result<UnixFs> read(std::string_view bytes) {
  UnixFs node;
  bool has_type = false;
  protozero::pbf_reader reader(bytes.data(), bytes.size());
  while (reader.next()) {
    const bool number = reader.wire_type() == Wire::varint;
    const bool piece = reader.wire_type() == Wire::length_delimited;
    if (reader.tag() == kType && number) {
      const uint64_t type = reader.get_uint64();
      if (type > kMostType) return malformed(fmt::format("{} is no type", type));
      node.type = static_cast<UnixFs::Type>(type);
      has_type = true;
    } else if (reader.tag() == kData && piece) {
      node.data = reader.get_bytes();
    } else if (reader.tag() == kFileSize && number) {
      node.file_size = reader.get_uint64();
      if (*node.file_size > kMostSize) return malformed("a file is larger than files can be");
    } else if (reader.tag() == kBlockSizes && (number || piece)) {
      read_sizes(reader, node.block_sizes);
    } else if (reader.tag() == kHashType && number) {
      node.hash_type = reader.get_uint64();
    } else if (reader.tag() == kFanout && number) {
      node.fanout = reader.get_uint64();
    } else if (reader.tag() == kMode && number) {
      node.mode = reader.get_uint32();
    } else if (reader.tag() == kModified && piece) {
      node.modified = BERTH_TRY(read_time(reader.get_message()));
    } else {
      reader.skip();
    }
  }
  if (!has_type) return malformed("it says no type");
  if (std::ranges::any_of(node.block_sizes, [](uint64_t size) { return size > kMostSize; }))
    return malformed("a part of a file is larger than files can be");
  return node;
}

}  // namespace

std::string write_unixfs(const UnixFs& node) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  writer.add_uint64(kType, static_cast<uint64_t>(node.type));
  if (node.data) writer.add_bytes(kData, *node.data);
  if (node.file_size) writer.add_uint64(kFileSize, *node.file_size);
  for (const uint64_t size : node.block_sizes) writer.add_uint64(kBlockSizes, size);
  if (node.hash_type) writer.add_uint64(kHashType, *node.hash_type);
  if (node.fanout) writer.add_uint64(kFanout, *node.fanout);
  if (node.mode) writer.add_uint32(kMode, *node.mode);
  if (node.modified) {
    protozero::pbf_writer part(writer, kModified);
    part.add_int64(kSeconds, node.modified->seconds);
    if (node.modified->nanoseconds > 0) part.add_fixed32(kNanoseconds, node.modified->nanoseconds);
  }
  return bytes;
}

Result<UnixFs> read_unixfs(std::string_view bytes) {
  try {
    return read(bytes);
  } catch (const protozero::exception& e) {
    return malformed(e.what());
  }
}

}  // namespace berth::content
