// SPDX-License-Identifier: Apache-2.0
#include "serve/gateway_ask.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <vector>

#include "base/leading_number.h"
#include "base/text_codes.h"
#include "policy/printable.h"
#include "policy/split.h"

namespace berth::serve {
namespace {

using policy::split;
using policy::trimmed;
using Form = GatewayAsk::Form;
using Parameters = std::map<std::string, std::string>;

constexpr size_t kMostNames = 256;
constexpr size_t kMostMediaRanges = 64;
constexpr size_t kMostFilename = 255;

std::unexpected<GatewayRefusal> refuse(uint16_t status, std::string why) {
  return std::unexpected(GatewayRefusal{.status = status, .why = std::move(why)});
}

std::string lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return lower;
}

/// Of a query, where a space may be a plus.
std::optional<std::string> decoded(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  return from_percent(spaced);
}

std::optional<Parameters> query_of(std::string_view text) {
  Parameters query;
  if (text.empty()) return query;
  for (const std::string_view part : split(text, '&')) {
    const size_t equals = std::min(part.find('='), part.size());
    auto name = decoded(part.substr(0, equals));
    auto value = decoded(part.substr(std::min(equals + 1, part.size())));
    if (!name || !value) return std::nullopt;
    query.emplace(*std::move(name), *std::move(value));  // the first of several
  }
  return query;
}

std::string value_of(const Parameters& parameters, const std::string& name) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? "" : found->second;
}

/// What of it can't be in a header, or in a URL, in percents.
std::string fit(std::string_view text) {
  std::string url;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > ' ' && byte < 0x7F && c != '"' && c != '<' && c != '>') {
      url += c;
    } else {
      url += fmt::format("%{:02X}", byte);
    }
  }
  return url;
}

struct MediaRange {
  std::string type;
  Parameters parameters;
  double weight = 1;
};

/// Those of the header `Accept`, what is wanted most first.
std::vector<MediaRange> media_ranges(std::string_view accept) {
  std::vector<MediaRange> ranges;
  for (const std::string_view part : split(accept, ',')) {
    const auto pieces = split(part, ';');
    MediaRange range{.type = lower(trimmed(pieces.front())), .parameters = {}};
    for (size_t i = 1; i < pieces.size(); ++i) {
      const size_t equals = std::min(pieces[i].find('='), pieces[i].size());
      std::string_view value = trimmed(pieces[i].substr(std::min(equals + 1, pieces[i].size())));
      if (value.size() > 1 && value.front() == '"' && value.back() == '"')
        value = value.substr(1, value.size() - 2);
      range.parameters[lower(trimmed(pieces[i].substr(0, equals)))] = value;
    }
    const std::string weight = value_of(range.parameters, "q");
    if (!weight.empty()) std::from_chars(weight.data(), weight.data() + weight.size(), range.weight);
    if (range.type.empty() || range.weight <= 0) continue;
    const auto place = std::ranges::upper_bound(ranges, range.weight, std::greater(), &MediaRange::weight);
    ranges.insert(place, std::move(range));
    if (ranges.size() == kMostMediaRanges) break;
  }
  return ranges;
}

std::optional<Form> form_of_type(std::string_view type) {
  if (type == "application/vnd.ipld.raw") return Form::kRaw;
  if (type == "application/vnd.ipld.car") return Form::kCar;
  if (type == "application/vnd.ipfs.ipns-record") return Form::kRecord;
  return std::nullopt;
}

std::optional<Form> form_of_format(std::string_view format) {
  if (format == "raw") return Form::kRaw;
  if (format == "car") return Form::kCar;
  if (format == "ipns-record") return Form::kRecord;
  return std::nullopt;
}

/// Forms of documents that aren't made here.
bool is_other_form(std::string_view type) {
  return type.starts_with("application/vnd.ipld.") || type == "application/x-tar" ||
         type == "application/json" || type == "application/cbor";
}

/// Whether a CAR can be had as it is asked for.
bool can_make(const Parameters& parameters) {
  const std::string version = value_of(parameters, "version");
  const std::string order = value_of(parameters, "order");
  const std::string dups = value_of(parameters, "dups");
  return (version.empty() || version == "1") && (order.empty() || order == "dfs" || order == "unk") &&
         (dups.empty() || dups == "y" || dups == "n");
}

struct Asked {
  Form form = Form::kFile;
  Parameters parameters = {};  // of a CAR
};

bool is_for_people(const MediaRange& range) {
  return range.type == "*/*" || range.type.starts_with("text/");
}

/// The one that says a form: one that is made here, if there is one. None where a page is wanted more. What
/// is wanted as much as a page is wanted by a program: browsers never say these forms.
const MediaRange* form_wanted(const std::vector<MediaRange>& ranges) {
  const auto named = [](const MediaRange& range) { return form_of_type(range.type).has_value(); };
  const auto made = [&](const MediaRange& range) {
    return named(range) && (form_of_type(range.type) != Form::kCar || can_make(range.parameters));
  };
  const auto page = std::ranges::find_if(ranges, is_for_people);
  auto wanted = std::ranges::find_if(ranges, made);
  if (page != ranges.end())
    return wanted != ranges.end() && wanted->weight >= page->weight ? &*wanted : nullptr;
  if (wanted == ranges.end()) wanted = std::ranges::find_if(ranges, named);
  return wanted == ranges.end() ? nullptr : &*wanted;
}

/// What the query says comes before what the header says.
std::expected<Asked, GatewayRefusal> form_asked(const Parameters& query, std::string_view accept) {
  Asked asked;
  const auto ranges = media_ranges(accept);
  if (const auto format = query.find("format"); format != query.end()) {
    const auto form = form_of_format(format->second);
    if (!form)
      return refuse(400, fmt::format("format={} isn't made here: raw, car and ipns-record are",
                                     policy::printable(format->second)));
    asked.form = *form;
    for (const MediaRange& range : ranges) {
      if (form_of_type(range.type) == *form && can_make(range.parameters)) {
        asked.parameters = range.parameters;
        break;
      }
    }
  } else {
    if (const MediaRange* const wanted = form_wanted(ranges))
      return Asked{.form = *form_of_type(wanted->type), .parameters = wanted->parameters};
    const auto other = [](const MediaRange& range) { return is_other_form(range.type); };
    if (std::ranges::none_of(ranges, is_for_people) && std::ranges::any_of(ranges, other))
      return refuse(406,
                    "in none of the forms that are asked for: application/vnd.ipld.raw, "
                    "application/vnd.ipfs.ipns-record and application/vnd.ipld.car are made here");
  }
  return asked;
}

std::optional<GatewayRefusal> read_car(const Parameters& query, Parameters asked, GatewayAsk& ask) {
  for (const char* const name : {"version", "order", "dups"}) {
    const std::string value = value_of(query, std::string("car-") + name);
    if (!value.empty()) asked[name] = value;
  }
  if (!can_make(asked))
    return GatewayRefusal{.status = 400,
                          .why = "such a CAR isn't made here: version=1, order=dfs or unk, dups=y or n are"};
  ask.ordered = value_of(asked, "order") != "unk";
  ask.selection.duplicates = value_of(asked, "dups") == "y";
  const std::string scope = value_of(query, "dag-scope");
  if (scope == "block") {
    ask.selection.scope = content::Scope::kBlock;
  } else if (scope == "entity") {
    ask.selection.scope = content::Scope::kEntity;
  } else if (!scope.empty() && scope != "all") {
    return GatewayRefusal{.status = 400, .why = "dag-scope is block, entity or all"};
  }
  if (const auto range = query.find("entity-bytes"); range != query.end()) {
    ask.selection.range = content::EntityBytes::parse(range->second);
    if (!ask.selection.range)
      return GatewayRefusal{.status = 400,
                            .why =
                                "entity-bytes is two numbers, from:to, 0:1023; to may be *, and those "
                                "below zero are counted from the end"};
    if (scope.empty()) ask.selection.scope = content::Scope::kEntity;
    if (ask.selection.scope != content::Scope::kEntity) ask.selection.range.reset();
  }
  return std::nullopt;
}

/// The names below /ipfs/ or /ipns/, the first of them too.
std::optional<std::vector<std::string>> names_of(std::string_view path) {
  std::vector<std::string> names;
  for (const std::string_view part : split(path, '/')) {
    auto name = from_percent(part);
    if (!name || names.size() == kMostNames || name->find('\0') != std::string::npos) return std::nullopt;
    if (!name->empty()) names.push_back(*std::move(name));
  }
  return names;
}

}  // namespace

std::expected<GatewayAsk, GatewayRefusal> read_gateway_ask(const GatewayHead& head) {
  if (head.method != "GET" && head.method != "HEAD")
    return refuse(405, "there is GET, HEAD and OPTIONS: nothing is kept that is sent here");
  const std::string_view path = head.target.substr(0, head.target.find('?'));
  const auto query = query_of(head.target.substr(std::min(path.size() + 1, head.target.size())));
  const bool ipns = path.starts_with("/ipns/");
  if (!ipns && !path.starts_with("/ipfs/")) return refuse(404, "there is /ipfs/CID and /ipns/NAME");
  auto names = names_of(path.substr(sizeof("/ipfs")));
  if (!query || !names || names->empty())
    return refuse(400, "this is no path of content: /ipfs/CID/a/b?format=car is one");
  GatewayAsk ask{.head = head.method == "HEAD", .spelled = fit(path)};
  ask.query = fit(head.target.substr(std::min(path.size() + 1, head.target.size())));
  ask.form_of_query = query->contains("format");
  if (ipns) {
    ask.name = names->front();
  } else {
    auto root = content::Cid::parse(names->front());
    if (!root)
      return refuse(400, fmt::format("'{}' is no CID: {}", policy::printable(names->front()),
                                     policy::printable(root.error().message)));
    ask.path.root = *std::move(root);
  }
  ask.path.names.assign(names->begin() + 1, names->end());
  const auto asked = form_asked(*query, head.accept);
  if (!asked) return std::unexpected(asked.error());
  ask.form = asked->form;
  if (ask.form == Form::kCar) {
    if (auto refused = read_car(*query, asked->parameters, ask)) return std::unexpected(*std::move(refused));
  }
  if (ask.form == Form::kRecord && (!ipns || !ask.path.names.empty()))
    return refuse(400, "an IPNS record is that of a name: /ipns/NAME?format=ipns-record");
  ask.filename = value_of(*query, "filename").substr(0, kMostFilename);
  ask.download = value_of(*query, "download") == "true";
  for (const std::string_view directive : split(head.cache_control, ','))
    ask.cached_alone = ask.cached_alone || lower(trimmed(directive)) == "only-if-cached";
  ask.if_none_match = head.if_none_match;
  ask.range = head.range;
  ask.if_range = head.if_range;
  return ask;
}

bool etag_matches(std::string_view if_none_match, std::string_view etag) {
  const auto strong = [](std::string_view tag) { return tag.starts_with("W/") ? tag.substr(2) : tag; };
  return std::ranges::any_of(split(if_none_match, ','), [&](std::string_view tag) {
    return trimmed(tag) == "*" || (!trimmed(tag).empty() && strong(trimmed(tag)) == strong(etag));
  });
}

std::optional<ByteRange> byte_range(std::string_view range, uint64_t size) {
  if (!range.starts_with("bytes=")) return std::nullopt;
  const std::string_view said = trimmed(range.substr(sizeof("bytes=") - 1));
  const size_t dash = said.find('-');
  if (dash == std::string_view::npos || said.find(',') != std::string_view::npos) return std::nullopt;
  const auto first = whole_number<uint64_t>(said.substr(0, dash));
  const auto last = whole_number<uint64_t>(said.substr(dash + 1));
  if ((!first && dash > 0) || (!last && dash + 1 < said.size()) || (!first && !last)) return std::nullopt;
  if (!first) {
    const uint64_t length = std::min(*last, size);
    return ByteRange{.satisfiable = length > 0, .span = {.offset = size - length, .length = length}};
  }
  if (last && *last < *first) return std::nullopt;
  if (*first >= size) return ByteRange{.satisfiable = false};
  return ByteRange{
      .span = {.offset = *first, .length = std::min(last.value_or(size), size - 1) - *first + 1}};
}

std::string disposition(std::string_view kind, std::string_view filename) {
  if (filename.empty()) return std::string(kind);
  std::string plain;
  for (size_t i = 0; i < filename.size(); ++i) {
    const auto byte = static_cast<unsigned char>(filename[i]);
    const bool printable = byte >= ' ' && byte < 0x7F && byte != '"' && byte != '\\';
    // One for each character, of however many bytes.
    if ((byte & 0xC0U) != 0x80U) plain += printable ? filename[i] : '_';
  }
  return plain == filename
             ? fmt::format("{}; filename=\"{}\"", kind, plain)
             : fmt::format("{}; filename=\"{}\"; filename*=UTF-8''{}", kind, plain, to_percent(filename));
}

}  // namespace berth::serve
