// SPDX-License-Identifier: Apache-2.0
#include "providers/content/tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <span>

#include "policy/printable.h"
#include "providers/content/directory_layout.h"
#include "providers/content/links.h"

namespace berth::content {
namespace {

constexpr unsigned kDeepestFile = 32;
constexpr uint64_t kLeastFanout = 8;
constexpr uint64_t kMostFanout = 1024;

std::unexpected<Error> wrong(const Cid& cid, std::string_view what) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("the block {}: {}", cid.text(), what));
}

Node::Kind kind_of(UnixFs::Type type) {
  switch (type) {
    case UnixFs::Type::kRaw:
    case UnixFs::Type::kFile:
      return Node::Kind::kFile;
    case UnixFs::Type::kDirectory:
    case UnixFs::Type::kShard:
      return Node::Kind::kDirectory;
    case UnixFs::Type::kSymlink:
      return Node::Kind::kSymlink;
    case UnixFs::Type::kMetadata:
      break;
  }
  return Node::Kind::kOther;
}

/// What a node of a file says of its size has to fit together.
Result<uint64_t> size_of_file(const Node& node) {
  if (node.pb.links.size() != node.about.block_sizes.size())
    return wrong(node.cid, fmt::format("it has {} parts and says the size of {}", node.pb.links.size(),
                                       node.about.block_sizes.size()));
  uint64_t size = node.about.data ? node.about.data->size() : 0;
  for (const uint64_t part : node.about.block_sizes) {
    if (part > INT64_MAX - size) return wrong(node.cid, "its parts are larger than files can be");
    size += part;
  }
  if (node.about.file_size && *node.about.file_size != size)
    return wrong(node.cid, fmt::format("it says that it has {} bytes, and its parts have {}",
                                       *node.about.file_size, size));
  return size;
}

Result<void> read_range(BlockSource& source, const Node& node, uint64_t begin, uint64_t end, unsigned depth,
                        const WriteAll& write) {
  uint64_t at = 0;
  const auto give = [&](std::string_view bytes) -> Result<void> {
    const uint64_t from = std::max(begin, at);
    const uint64_t to = std::min(end, at + bytes.size());
    if (from < to) BERTH_TRY_VOID(write(bytes.substr(from - at, to - from)));
    at += bytes.size();
    return {};
  };
  BERTH_TRY_VOID(give(node.cid.codec == Codec::kDagPb
                          ? std::string_view(node.about.data ? *node.about.data : "")
                          : std::string_view(node.bytes)));
  if (!node.pb.links.empty() && depth == kDeepestFile)
    return wrong(node.cid, fmt::format("a file of more than {} levels", kDeepestFile));
  for (size_t i = 0; i < node.pb.links.size() && at < end; ++i) {
    const uint64_t size = node.about.block_sizes[i];
    if (at + size > begin && size > 0) {
      const Node part = BERTH_TRY(open_node(source, node.pb.links[i].cid));
      if (part.kind != Node::Kind::kFile) return wrong(part.cid, "it is part of a file, and no file itself");
      if (part.size != size)
        return wrong(part.cid, fmt::format("it has {} bytes of a file, and {} leads to it as {}", part.size,
                                           node.cid.text(), size));
      BERTH_TRY_VOID(read_range(source, part, begin > at ? begin - at : 0, end - at, depth + 1, write));
    }
    at += size;
  }
  return {};
}

/// A shard, and where in a directory it stands.
class Shard {
 public:
  static Result<Shard> open(const Node& node, unsigned depth, uint64_t path) {
    Shard shard(node, depth, path);
    const uint64_t fanout = node.about.fanout.value_or(0);
    if (!std::has_single_bit(fanout) || fanout < kLeastFanout || fanout > kMostFanout)
      return wrong(node.cid, fmt::format("a shard of {} places", fanout));
    if (node.about.hash_type.value_or(0) != kShardHash)
      return wrong(node.cid, "a shard by another hash than murmur3");
    shard.fanout_ = fanout;
    shard.bits_ = static_cast<unsigned>(std::countr_zero(fanout));
    BERTH_TRY_VOID(shard.read_places());
    return shard;
  }

  Result<void> each(BlockSource& source, const EachEntry& call) const {
    for (size_t i = 0; i < places_.size(); ++i) {
      const PbLink& link = node_.pb.links[i];
      if (is_shard(link)) {
        const Node below = BERTH_TRY(open_below(source, link));
        const Shard shard = BERTH_TRY(open(below, depth_ + 1, path_of(i)));
        BERTH_TRY_VOID(shard.each(source, call));
      } else {
        PbLink entry = link;
        entry.name.erase(0, digits());
        if (shard_hash(entry.name) >> (64 - bits_ * (depth_ + 1)) != path_of(i))
          return wrong(node_.cid, fmt::format("the name {} stands where its hash doesn't lead",
                                              policy::quoted(entry.name)));
        BERTH_TRY_VOID(call(entry));
      }
    }
    return {};
  }

  Result<std::optional<PbLink>> find(BlockSource& source, std::string_view name) const {
    const auto place = shard_place(shard_hash(name), depth_, bits_);
    const auto at = place ? std::ranges::find(places_, *place) : places_.end();
    if (at == places_.end()) return std::nullopt;
    const auto i = static_cast<size_t>(at - places_.begin());
    PbLink link = node_.pb.links[i];
    if (is_shard(link)) {
      const Node below = BERTH_TRY(open_below(source, link));
      const Shard shard = BERTH_TRY(open(below, depth_ + 1, path_of(i)));
      return shard.find(source, name);
    }
    link.name.erase(0, digits());
    if (link.name != name) return std::nullopt;
    return link;
  }

 private:
  Shard(const Node& node, unsigned depth, uint64_t path) : node_(node), depth_(depth), path_(path) {}

  size_t digits() const {
    return shard_digits(fanout_);
  }
  bool is_shard(const PbLink& link) const {
    return link.name.size() == digits();
  }
  uint64_t path_of(size_t i) const {
    return path_ << bits_ | places_[i];
  }

  /// Which places are taken is said by the bits and by each link's name: both have to say the same.
  Result<void> read_places() {
    if (bits_ * (depth_ + 1) > 64) return wrong(node_.cid, "a shard deeper than hashes have bits");
    const std::string bits = node_.about.data.value_or("");
    for (size_t i = 0; i < bits.size() * 8; ++i) {
      if ((static_cast<uint8_t>(bits[bits.size() - 1 - i / 8]) >> (i % 8) & 1U) == 0) continue;
      if (i >= fanout_) return wrong(node_.cid, "a shard says that places are taken that it hasn't");
      places_.push_back(static_cast<uint32_t>(i));
    }
    if (places_.size() != node_.pb.links.size() || (places_.empty() && depth_ > 0))
      return wrong(node_.cid, fmt::format("a shard of {} entries says that it has {}", node_.pb.links.size(),
                                          places_.size()));
    for (size_t i = 0; i < places_.size(); ++i) {
      if (!node_.pb.links[i].name.starts_with(fmt::format("{:0{}X}", places_[i], digits())))
        return wrong(node_.cid, "a shard's names aren't those of its places");
    }
    return {};
  }

  Result<Node> open_below(BlockSource& source, const PbLink& link) const {
    Node below = BERTH_TRY(open_node(source, link.cid));
    if (below.about.type != UnixFs::Type::kShard || below.about.fanout != fanout_)
      return wrong(below.cid, "it stands below a shard, and is none of the same width");
    return below;
  }

  const Node& node_;
  unsigned depth_;
  uint64_t path_;  // the bits of all hashes that lead here
  uint64_t fanout_ = 0;
  unsigned bits_ = 0;
  std::vector<uint32_t> places_;
};

Result<void> needs_directory(const Node& node) {
  if (node.kind == Node::Kind::kDirectory) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} is a {}, no directory", node.cid.text(), kind_name(node.kind)));
}

}  // namespace

std::string_view kind_name(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::kFile:
      return "file";
    case Node::Kind::kDirectory:
      return "directory";
    case Node::Kind::kSymlink:
      return "symlink";
    case Node::Kind::kOther:
      break;
  }
  return "block";
}

Result<Node> open_node(BlockSource& source, const Cid& cid) {
  Node node{.cid = cid};
  node.bytes = BERTH_TRY(source.get(cid));
  node.block_bytes = node.size = node.bytes.size();
  if (cid.codec != Codec::kDagPb) {
    node.kind = cid.codec == Codec::kRaw ? Node::Kind::kFile : Node::Kind::kOther;
    return node;
  }
  auto pb = read_pb(node.bytes);
  if (!pb) return wrong(cid, pb.error().message);
  auto about = read_unixfs(pb->data.value_or(""));
  if (!about) return wrong(cid, about.error().message);
  node.pb = *std::move(pb);
  node.about = *std::move(about);
  node.bytes.clear();
  node.kind = kind_of(node.about.type);
  node.size = 0;
  if (node.kind == Node::Kind::kFile) node.size = BERTH_TRY(size_of_file(node));
  if (node.kind == Node::Kind::kSymlink) node.size = node.about.data ? node.about.data->size() : 0;
  return node;
}

Result<void> read_file(BlockSource& source, const Node& file, uint64_t offset, uint64_t length,
                       const WriteAll& write) {
  if (file.kind != Node::Kind::kFile)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is a {}, no file", file.cid.text(), kind_name(file.kind)));
  if (offset >= file.size) return {};
  return read_range(source, file, offset, offset + std::min(length, file.size - offset), 0, write);
}

Result<void> list(BlockSource& source, const Node& directory, const EachEntry& each) {
  BERTH_TRY_VOID(needs_directory(directory));
  if (directory.about.type == UnixFs::Type::kShard) {
    const Shard shard = BERTH_TRY(Shard::open(directory, 0, 0));
    return shard.each(source, each);
  }
  std::vector<std::string_view> names;
  for (const PbLink& link : directory.pb.links) names.push_back(link.name);
  std::ranges::sort(names);
  if (const auto twice = std::ranges::adjacent_find(names); twice != names.end())
    return wrong(directory.cid, fmt::format("the name {} is there twice", policy::quoted(*twice)));
  for (const PbLink& link : directory.pb.links) BERTH_TRY_VOID(each(link));
  return {};
}

Result<std::optional<PbLink>> lookup(BlockSource& source, const Node& directory, std::string_view name) {
  BERTH_TRY_VOID(needs_directory(directory));
  if (directory.about.type == UnixFs::Type::kShard) {
    const Shard shard = BERTH_TRY(Shard::open(directory, 0, 0));
    return shard.find(source, name);
  }
  const auto found = std::ranges::find(directory.pb.links, name, &PbLink::name);
  if (found == directory.pb.links.end()) return std::nullopt;
  if (std::ranges::find(found + 1, directory.pb.links.end(), name, &PbLink::name) != directory.pb.links.end())
    return wrong(directory.cid, fmt::format("the name {} is there twice", policy::quoted(name)));
  return *found;
}

Result<ContentPath> parse_path(std::string_view text) {
  for (const std::string_view prefix : {"ipfs://", "/ipfs/"}) {
    if (text.starts_with(prefix)) {
      text.remove_prefix(prefix.size());
      break;
    }
  }
  ContentPath path{.root = BERTH_TRY(Cid::parse(text.substr(0, text.find('/'))))};
  text.remove_prefix(std::min(text.find('/'), text.size()));
  while (!text.empty()) {
    text.remove_prefix(1);
    const std::string_view name = text.substr(0, text.find('/'));
    if (!name.empty()) path.names.emplace_back(name);
    text.remove_prefix(name.size());
  }
  return path;
}

Result<Cid> resolve(BlockSource& source, const ContentPath& path) {
  Cid at = path.root;
  std::span<const std::string> names = path.names;
  const auto absent = [&](const std::string& name) {
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no {} in {}: 'berth content ls {}' shows what there is",
                            policy::quoted(name), at.text(), at.text()));
  };
  while (!names.empty()) {
    const Node node = BERTH_TRY(open_node(source, at));
    if (node.kind == Node::Kind::kOther) {
      const Step step = BERTH_TRY(step_into(at.codec, node.bytes, names));
      if (!step.link) return at;
      at = *step.link;
      names = names.subspan(step.taken);
      continue;
    }
    const auto entry = BERTH_TRY(lookup(source, node, names.front()));
    if (!entry) return absent(names.front());
    at = entry->cid;
    names = names.subspan(1);
  }
  return at;
}

}  // namespace berth::content
