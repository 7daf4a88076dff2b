// SPDX-License-Identifier: Apache-2.0
#include "providers/content/directory_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>

namespace berth::content {
namespace {

Result<Made> put_node(PbNode node, const UnixFs& about, const Profile& profile, BlockSink& sink) {
  Made made;
  for (const PbLink& link : node.links) made.tsize += link.tsize;
  node.data = write_unixfs(about);
  const std::string bytes = write_pb(node);
  if (bytes.size() > kMostBlock)
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("a directory makes a block of {} bytes: {} are the most", bytes.size(), kMostBlock));
  made.tsize += bytes.size();
  made.cid = cid_of(profile, Codec::kDagPb, bytes);
  BERTH_TRY_VOID(sink.put(made.cid, bytes));
  return made;
}

UnixFs described(UnixFs::Type type, const Attributes& attributes) {
  return {.type = type, .mode = attributes.mode, .modified = attributes.modified};
}

bool is_large(const std::vector<PbLink>& entries, const Profile& profile, const Attributes& attributes) {
  const bool whole = profile.estimate == Profile::Estimate::kBlock;
  size_t size = 0;
  if (whole)
    size =
        write_pb({.links = {}, .data = write_unixfs(described(UnixFs::Type::kDirectory, attributes))}).size();
  for (const PbLink& entry : entries) {
    const size_t cid = entry.cid.bytes().size();
    size += whole ? pb_link_size(cid, entry.name.size(), entry.tsize) : cid + entry.name.size();
  }
  return size > profile.shard_threshold_bytes;
}

struct Hashed {
  uint64_t hash = 0;
  PbLink link;
};

/// Shards of one directory; `entries` are all whose hashes lead here.
class Shards {
 public:
  Shards(const Profile& profile, BlockSink& sink)
      : profile_(profile),
        sink_(sink),
        bits_(static_cast<unsigned>(std::countr_zero(profile.shard_fanout))) {}

  Result<Made> add(std::span<Hashed> entries, unsigned depth, const Attributes& attributes) {
    std::string taken(profile_.shard_fanout / 8, '\0');  // the highest place first
    PbNode node;
    for (size_t begin = 0; begin < entries.size();) {
      const auto place = shard_place(entries[begin].hash, depth, bits_);
      if (!place)
        return fail(ErrorCode::kInvalidArgument, "two names of a directory have the same hash: rename one");
      size_t end = begin;
      while (end < entries.size() && shard_place(entries[end].hash, depth, bits_) == place) ++end;
      char& eight = taken[taken.size() - 1 - *place / 8];
      eight = static_cast<char>(static_cast<uint8_t>(eight) | 1U << (*place % 8));
      std::string prefix = fmt::format("{:0{}X}", *place, shard_digits(profile_.shard_fanout));
      if (end - begin == 1) {
        PbLink link = entries[begin].link;
        link.name = prefix + link.name;
        node.links.push_back(std::move(link));
      } else {
        Made below = BERTH_TRY(add(entries.subspan(begin, end - begin), depth + 1, {}));
        node.links.push_back({.cid = std::move(below.cid), .name = std::move(prefix), .tsize = below.tsize});
      }
      begin = end;
    }
    UnixFs about = described(UnixFs::Type::kShard, attributes);
    about.data = taken.substr(std::min(taken.find_first_not_of('\0'), taken.size()));
    about.hash_type = kShardHash;
    about.fanout = profile_.shard_fanout;
    return put_node(std::move(node), about, profile_, sink_);
  }

 private:
  const Profile& profile_;
  BlockSink& sink_;
  unsigned bits_;
};

uint64_t word(const char* bytes) {
  uint64_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return std::endian::native == std::endian::little ? value : __builtin_bswap64(value);
}

uint64_t mixed(uint64_t k) {
  k ^= k >> 33U;
  k *= 0xff51afd7ed558ccdULL;
  k ^= k >> 33U;
  k *= 0xc4ceb9fe1a85ec53ULL;
  return k ^ k >> 33U;
}

}  // namespace

uint64_t shard_hash(std::string_view name) {
  constexpr uint64_t kFirst = 0x87c37b91114253d5ULL;
  constexpr uint64_t kSecond = 0x4cf5ad432745937fULL;
  uint64_t h1 = 0;
  uint64_t h2 = 0;
  const auto first = [](uint64_t k) { return std::rotl(k * kFirst, 31) * kSecond; };
  const auto second = [](uint64_t k) { return std::rotl(k * kSecond, 33) * kFirst; };
  size_t at = 0;
  for (; at + 16 <= name.size(); at += 16) {
    h1 = (std::rotl(h1 ^ first(word(name.data() + at)), 27) + h2) * 5 + 0x52dce729;
    h2 = (std::rotl(h2 ^ second(word(name.data() + at + 8)), 31) + h1) * 5 + 0x38495ab5;
  }
  std::array<char, 16> rest{};
  std::ranges::copy(name.substr(at), rest.begin());
  h2 ^= second(word(rest.data() + 8));
  h1 ^= first(word(rest.data()));
  h1 ^= name.size();
  h2 ^= name.size();
  h1 += h2;
  h2 += h1;
  return mixed(h1) + mixed(h2);
}

std::optional<uint32_t> shard_place(uint64_t hash, unsigned depth, unsigned bits) {
  const unsigned begin = depth * bits;
  if (begin + bits > 64) return std::nullopt;
  return static_cast<uint32_t>(hash >> (64 - begin - bits) & ((1ULL << bits) - 1));
}

size_t shard_digits(uint64_t fanout) {
  return fmt::format("{:X}", fanout - 1).size();
}

Result<Made> add_directory(std::vector<PbLink> entries, const Profile& profile, const Attributes& attributes,
                           BlockSink& sink) {
  if (!is_large(entries, profile, attributes))
    return put_node({.links = std::move(entries), .data = {}},
                    described(UnixFs::Type::kDirectory, attributes), profile, sink);
  std::vector<Hashed> hashed;
  for (PbLink& entry : entries) hashed.push_back({.hash = shard_hash(entry.name), .link = std::move(entry)});
  std::ranges::sort(hashed, {}, &Hashed::hash);
  return Shards(profile, sink).add(hashed, 0, attributes);
}

Result<Made> add_symlink(std::string_view target, const Profile& profile, const Attributes& attributes,
                         BlockSink& sink) {
  UnixFs about = described(UnixFs::Type::kSymlink, attributes);
  about.data = std::string(target);
  return put_node({}, about, profile, sink);
}

}  // namespace berth::content
