// SPDX-License-Identifier: Apache-2.0
#include "providers/content/dag_pb.h"

#include <fmt/format.h>

#include <algorithm>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>
#include <protozero/varint.hpp>

namespace berth::content {
namespace {

constexpr protozero::pbf_tag_type kData = 1;
constexpr protozero::pbf_tag_type kLinks = 2;
constexpr protozero::pbf_tag_type kHash = 1;
constexpr protozero::pbf_tag_type kName = 2;
constexpr protozero::pbf_tag_type kTsize = 3;

using Wire = protozero::pbf_wire_type;

std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("this is no dag-pb: {}", what));
}

std::string_view view(const protozero::data_view& bytes) {
  return {bytes.data(), bytes.size()};
}

Result<PbLink> read_link(protozero::pbf_reader reader) {
  PbLink link;
  bool has_cid = false;
  protozero::pbf_tag_type last = 0;
  while (reader.next()) {
    // Each once, in their order.
    if (reader.tag() <= last) return malformed("a link has its fields in another order, or twice");
    last = reader.tag();
    if (last == kHash && reader.wire_type() == Wire::length_delimited) {
      link.cid = BERTH_TRY(Cid::read(view(reader.get_view())));
      has_cid = true;
    } else if (last == kName && reader.wire_type() == Wire::length_delimited) {
      link.name = view(reader.get_view());
    } else if (last == kTsize && reader.wire_type() == Wire::varint) {
      link.tsize = reader.get_uint64();
    } else {
      return malformed("a link has a field that is unknown");
    }
  }
  if (!has_cid) return malformed("a link has no CID");
  return link;
}

Result<PbNode> read_node(std::string_view bytes) {
  PbNode node;
  bool links_ended = false;
  protozero::pbf_reader reader(bytes.data(), bytes.size());
  while (reader.next()) {
    if (reader.wire_type() != Wire::length_delimited) return malformed("a field that is unknown");
    if (reader.tag() == kLinks) {
      if (links_ended) return malformed("its links aren't together");
      node.links.push_back(BERTH_TRY(read_link(reader.get_message())));
    } else if (reader.tag() == kData) {
      if (node.data) return malformed("its data are there twice");
      links_ended = !node.links.empty();
      node.data = view(reader.get_view());
    } else {
      return malformed("a field that is unknown");
    }
  }
  return node;
}

size_t field_size(size_t bytes) {
  return 1 + static_cast<size_t>(protozero::length_of_varint(bytes)) + bytes;
}

}  // namespace

std::string write_pb(const PbNode& node) {
  std::vector<std::pair<std::string_view, size_t>> order;
  for (const PbLink& link : node.links) order.emplace_back(link.name, order.size());
  std::ranges::sort(order);
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  for (const auto& [name, index] : order) {
    protozero::pbf_writer part(writer, kLinks);
    part.add_bytes(kHash, node.links[index].cid.bytes());
    part.add_string(kName, node.links[index].name);
    part.add_uint64(kTsize, node.links[index].tsize);
  }
  if (node.data) writer.add_bytes(kData, *node.data);
  return bytes;
}

Result<PbNode> read_pb(std::string_view bytes) {
  try {
    return read_node(bytes);
  } catch (const protozero::exception& e) {
    return malformed(e.what());
  }
}

size_t pb_link_size(size_t cid_bytes, size_t name_bytes, uint64_t tsize) {
  return field_size(field_size(cid_bytes) + field_size(name_bytes) + 1 +
                    static_cast<size_t>(protozero::length_of_varint(tsize)));
}

}  // namespace berth::content
