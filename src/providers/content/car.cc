// SPDX-License-Identifier: Apache-2.0
#include "providers/content/car.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "providers/content/links.h"
#include "providers/content/varint.h"

namespace berth::content {
namespace {

using nlohmann::json;

constexpr uint8_t kCborLink = 42;
constexpr size_t kMostHeader = kMostRoots * 160;
constexpr size_t kMostCid = 2 * kMostVarintBytes + 2 * kMostVarintBytes + kMostDigest;
// {"version": 2} behind its length, then 16 bytes of what the file is like, three numbers of 8 bytes.
constexpr std::string_view kPragma2{"\x0a\xa1\x67version\x02", 11};
constexpr size_t kV2Header = 40;
constexpr size_t kCharacteristics = 16;

uint64_t little_endian(std::string_view bytes) {
  uint64_t number = 0;
  for (size_t i = 8; i > 0; --i) number = number << 8U | static_cast<uint8_t>(bytes[i - 1]);
  return number;
}

void put_little_endian(std::string& bytes, uint64_t number) {
  for (int i = 0; i < 8; ++i, number >>= 8U) bytes += static_cast<char>(number & 0xffU);
}

struct Header {
  uint64_t version = 0;
  std::vector<Cid> roots;
};

/// {"roots": [CID…], "version": 1}, or {"version": 2}. Its links are read first, which says how deep it is.
Result<Header> read_header(std::string_view bytes) {
  Header header{.roots = BERTH_TRY(links_of(Codec::kDagCbor, bytes))};
  const json all = json::from_cbor(bytes.begin(), bytes.end(), true, false, json::cbor_tag_handler_t::store);
  const bool known = all.is_object() && all.contains("version") && all["version"].is_number_unsigned();
  if (!known) return fail(ErrorCode::kInvalidArgument, "its header has no version");
  header.version = all["version"].get<uint64_t>();
  const size_t entries = header.version == 1 ? 2 : 1;
  if (all.size() != entries || (entries == 2 && !(all.contains("roots") && all["roots"].is_array())))
    return fail(ErrorCode::kInvalidArgument, "its header has other entries than roots and a version");
  if (entries == 2 && (all["roots"].size() != header.roots.size() || header.roots.size() > kMostRoots))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("its roots aren't links, or are more than {}", kMostRoots));
  return header;
}

}  // namespace

std::unexpected<Error> CarReader::malformed(std::string_view what) const {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("this is no CAR, at byte {}: {}", input_.position(), what));
}

std::unexpected<Error> CarReader::cut(std::string_view what) {
  cut_off_ = true;
  return malformed(what);
}

Result<CarReader> CarReader::open(ReadSome read, CarFrom from) {
  CarReader reader(std::move(read));
  auto begun = reader.begin(from);
  if (!begun && from == CarFrom::kGateway && reader.cut_off())
    return fail(ErrorCode::kUnavailable, "truncated: " + begun.error().message);
  if (!begun) return std::unexpected(std::move(begun).error());
  return reader;
}

/// What stands behind its length; it isn't taken yet.
Result<std::string_view> CarReader::section(size_t most_bytes) {
  const auto front = BERTH_TRY(input_.peek(kMostVarintBytes));
  std::string_view rest = front.substr(0, kMostVarintBytes);
  const auto length = take_varint(rest);
  if (!length && front.size() < kMostVarintBytes && (front.empty() || (front.back() & 0x80) != 0))
    return cut("it is cut off within a length");
  if (!length) return malformed("a length is cut off or isn't written as it has to be");
  if (*length == 0 || *length > most_bytes)
    return malformed(fmt::format("{} bytes follow: there are 1 to {}", *length, most_bytes));
  const size_t prefix = std::min(front.size(), kMostVarintBytes) - rest.size();
  if (ends_at_ && input_.position() + prefix + *length > *ends_at_)
    return malformed("a block goes beyond what the header says of its size");
  input_.take(prefix);
  const auto bytes = BERTH_TRY(input_.peek(*length));
  if (bytes.size() < *length)
    return cut(fmt::format("it is cut off: {} bytes are missing", *length - bytes.size()));
  return bytes.substr(0, *length);
}

Result<void> CarReader::begin(CarFrom from) {
  auto first = BERTH_TRY(section(kMostHeader));
  auto header = read_header(first);
  if (!header) return malformed(header.error().message);
  input_.take(first.size());
  if (header->version == 2 && from == CarFrom::kGateway)
    return fail(ErrorCode::kUnsupported, "its CARs are of version 2, and version 1 was asked for");
  if (header->version == 2) {
    version_ = 2;
    const auto fixed = BERTH_TRY(input_.peek(kV2Header));
    if (fixed.size() < kV2Header) return cut("its second header is cut off");
    const uint64_t offset = little_endian(fixed.substr(kCharacteristics, 8));
    const uint64_t size = little_endian(fixed.substr(kCharacteristics + 8, 8));
    const uint64_t now = input_.position();
    if (offset < now + kV2Header || size > INT64_MAX || offset > INT64_MAX)
      return malformed("its second header says that its blocks stand where they can't");
    if (!BERTH_TRY(input_.skip(offset - now))) return cut("it is cut off before its blocks");
    ends_at_ = offset + size;
    first = BERTH_TRY(section(kMostHeader));
    header = read_header(first);
    if (!header) return malformed(header.error().message);
    input_.take(first.size());
  }
  if (header->version != 1)
    return malformed(fmt::format("its version is {}: 1 and 2 are known", header->version));
  std::unordered_set<std::string> seen;
  for (Cid& root : header->roots) {
    if (seen.insert(root.bytes()).second) roots_.push_back(std::move(root));
  }
  return {};
}

Result<std::optional<Block>> CarReader::next() {
  input_.take(std::exchange(held_, 0));
  if (over_) return std::nullopt;
  over_ = true;  // unless a block is given
  if (ends_at_ && input_.position() == *ends_at_) return std::nullopt;
  if (BERTH_TRY(input_.peek(1)).empty()) {
    if (ends_at_) return cut("it is cut off between two blocks");
    return std::nullopt;
  }
  std::string_view rest = BERTH_TRY(section(kMostCid + kMostBlock));
  const size_t whole = rest.size();
  auto cid = Cid::take(rest);
  if (!cid) return malformed(cid.error().message);
  if (const auto checked = check_block(*cid, rest); !checked)
    return fail(checked.error().code,
                fmt::format("{} (at byte {} of the CAR)", checked.error().message, input_.position()));
  held_ = whole;
  over_ = false;
  return Block{.cid = *std::move(cid), .bytes = rest};
}

std::string car_header(const std::vector<Cid>& roots) {
  nlohmann::ordered_json links = nlohmann::ordered_json::array();
  for (const Cid& root : roots) {
    const std::string bytes = '\0' + root.bytes();
    links.push_back(nlohmann::ordered_json::binary({bytes.begin(), bytes.end()}, kCborLink));
  }
  nlohmann::ordered_json header;
  header["roots"] = std::move(links);
  header["version"] = 1U;
  std::string body;
  nlohmann::ordered_json::to_cbor(header, body);
  std::string bytes;
  put_varint(bytes, body.size());
  return bytes + body;
}

std::string car_section(const Cid& cid, size_t block_bytes) {
  const std::string name = cid.bytes();
  std::string bytes;
  put_varint(bytes, name.size() + block_bytes);
  return bytes + name;
}

std::string car_v2_header(uint64_t v1_bytes) {
  std::string bytes(kPragma2);
  bytes.append(kCharacteristics, '\0');
  put_little_endian(bytes, kPragma2.size() + kV2Header);
  put_little_endian(bytes, v1_bytes);
  put_little_endian(bytes, 0);
  return bytes;
}

}  // namespace berth::content
