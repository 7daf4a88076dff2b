// SPDX-License-Identifier: Apache-2.0
#include "providers/content/links.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/leading_number.h"
#include "policy/printable.h"
#include "providers/content/cbor.h"
#include "providers/content/dag_pb.h"

namespace berth::content {
namespace {

using nlohmann::json;

constexpr size_t kDeepest = 128;
constexpr size_t kMostDocument = 512 << 10;  // which takes some fifty times that in memory
constexpr uint64_t kCborLink = 42;

std::unexpected<Error> malformed(Codec codec, std::string_view what) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("this is no {}: {}", codec_name(codec), what));
}

/// Hears what the reader finds, and ends it where it is too deep: the reader of CBOR calls itself for each
/// level. Of what else it calls itself for check_cbor_heads leaves nothing.
class Listener : public nlohmann::json_sax<json> {
 public:
  explicit Listener(Codec codec) : codec_(codec) {}

  bool null() override {
    return value();
  }
  bool boolean(bool) override {
    return value();
  }
  bool number_integer(number_integer_t) override {
    return value();
  }
  bool number_unsigned(number_unsigned_t) override {
    return value();
  }
  bool number_float(number_float_t, const string_t&) override {
    return value();
  }
  bool string(string_t& text) override {
    if (codec_ != Codec::kDagJson || !at_slash_) return value();
    held_ = text;
    has_held_ = true;
    return value();
  }
  bool binary(binary_t& bytes) override {
    value();
    if (!bytes.has_subtype()) return true;
    const std::string_view view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (bytes.subtype() != kCborLink || !view.starts_with('\0')) return refuse("a tag that is no link");
    return add(Cid::read(view.substr(1)));
  }
  bool start_object(std::size_t) override {
    value();
    entries_.push_back(0);
    at_slash_ = has_held_ = false;
    return deeper();
  }
  bool key(string_t& name) override {
    if (!entries_.empty()) ++entries_.back();
    at_slash_ = name == "/";
    if (entries_.back() > 1) has_held_ = false;
    return true;
  }
  /// {"/": "CID"} and nothing else is a link of dag-json.
  bool end_object() override {
    --depth_;
    const bool link = codec_ == Codec::kDagJson && has_held_ && entries_.back() == 1;
    entries_.pop_back();
    has_held_ = false;
    return !link || add(Cid::parse(held_));
  }
  bool start_array(std::size_t) override {
    value();
    has_held_ = false;
    return deeper();
  }
  bool end_array() override {
    --depth_;
    has_held_ = false;
    return true;
  }
  bool parse_error(std::size_t at, const std::string&, const json::exception&) override {
    return refuse(fmt::format("it can't be read from byte {} on", at));
  }

  Result<std::vector<Cid>> links() && {
    if (error_) return std::unexpected(*error_);
    return std::move(links_);
  }
  bool refused() const {
    return error_.has_value();
  }

 private:
  /// One that isn't behind a key "/" any more.
  bool value() {
    at_slash_ = false;
    return true;
  }
  bool deeper() {
    return ++depth_ <= kDeepest || refuse("it is nested too deep");
  }
  bool refuse(std::string_view what) {
    if (!error_) error_ = malformed(codec_, what).error();
    return false;
  }
  bool add(Result<Cid> cid) {
    if (!cid) return refuse(cid.error().message);
    links_.push_back(*std::move(cid));
    return true;
  }

  Codec codec_;
  size_t depth_ = 0;
  std::vector<size_t> entries_;  // of each object that is open
  bool at_slash_ = false;
  bool has_held_ = false;
  std::string held_;
  std::vector<Cid> links_;
  std::optional<Error> error_;
};

Result<std::vector<Cid>> links_of_cbor(std::string_view bytes) {
  if (const auto flat = check_cbor_heads(bytes); !flat)
    return malformed(Codec::kDagCbor, flat.error().message);
  Listener listener(Codec::kDagCbor);
  using Adapter = nlohmann::detail::iterator_input_adapter<const char*>;
  nlohmann::detail::binary_reader<json, Adapter, Listener> reader(
      Adapter(bytes.data(), bytes.data() + bytes.size()), nlohmann::detail::input_format_t::cbor);
  // Only this way of its own reader tells tags apart.
  const bool whole = reader.sax_parse(nlohmann::detail::input_format_t::cbor, &listener, true,
                                      nlohmann::detail::cbor_tag_handler_t::store);
  if (!whole && !listener.refused()) return malformed(Codec::kDagCbor, "it can't be read");
  return std::move(listener).links();
}

Result<std::vector<Cid>> links_of_json(std::string_view bytes) {
  Listener listener(Codec::kDagJson);
  const bool whole = json::sax_parse(bytes.begin(), bytes.end(), &listener);
  if (!whole && !listener.refused()) return malformed(Codec::kDagJson, "it can't be read");
  return std::move(listener).links();
}

/// What `links_of` has read to its end without an error, and so no deeper than that.
json document_of(Codec codec, std::string_view bytes) {
  return codec == Codec::kDagCbor
             ? json::from_cbor(bytes.begin(), bytes.end(), true, false, json::cbor_tag_handler_t::store)
             : json::parse(bytes.begin(), bytes.end(), nullptr, false);
}

/// Nothing where it is none.
std::optional<Cid> link_at(Codec codec, const json& value) {
  if (codec == Codec::kDagCbor) {
    if (!value.is_binary() || !value.get_binary().has_subtype() || value.get_binary().subtype() != kCborLink)
      return std::nullopt;
    const auto& bytes = value.get_binary();
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    auto cid = Cid::read(text.substr(std::min<size_t>(text.size(), 1)));
    return cid ? std::optional(*std::move(cid)) : std::nullopt;
  }
  if (!value.is_object() || value.size() != 1 || !value.contains("/") || !value["/"].is_string())
    return std::nullopt;
  auto cid = Cid::parse(value["/"].get<std::string>());
  return cid ? std::optional(*std::move(cid)) : std::nullopt;
}

/// Null where there is none.
const json* member(const json& value, const std::string& name) {
  if (value.is_object()) {
    const auto found = value.find(name);
    return found == value.end() ? nullptr : &*found;
  }
  const auto place = whole_number<size_t>(name);
  return value.is_array() && place && *place < value.size() ? &value[*place] : nullptr;
}

}  // namespace

Result<Step> step_into(Codec codec, std::string_view bytes, std::span<const std::string> names) {
  if (bytes.size() > kMostDocument)
    return fail(ErrorCode::kLimit, fmt::format("a document of {} bytes: names are followed in {} at most",
                                               bytes.size(), kMostDocument));
  std::ignore = BERTH_TRY(links_of(codec, bytes));
  const json document = document_of(codec, bytes);
  const json* at = &document;
  for (size_t taken = 0;; ++taken) {
    if (auto link = link_at(codec, *at)) return Step{.link = std::move(link), .taken = taken};
    if (taken == names.size()) return Step{.link = std::nullopt, .taken = taken};
    at = member(*at, names[taken]);
    if (at == nullptr)
      return fail(ErrorCode::kNotFound, fmt::format("there is no {}", policy::quoted(names[taken])));
  }
}

Result<std::vector<Cid>> links_of(Codec codec, std::string_view bytes) {
  switch (codec) {
    case Codec::kRaw:
    case Codec::kLibp2pKey:
      return std::vector<Cid>();
    case Codec::kDagPb: {
      PbNode node = BERTH_TRY(read_pb(bytes));
      std::vector<Cid> links;
      for (PbLink& link : node.links) links.push_back(std::move(link.cid));
      return links;
    }
    case Codec::kDagCbor:
      return links_of_cbor(bytes);
    case Codec::kDagJson:
      return links_of_json(bytes);
  }
  return fail(
      ErrorCode::kUnsupported,
      fmt::format("what a block of the codec {} leads to isn't known: dag-pb, dag-cbor, dag-json and raw are",
                  codec_name(codec)));
}

}  // namespace berth::content
