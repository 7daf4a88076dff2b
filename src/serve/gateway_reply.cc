// SPDX-License-Identifier: Apache-2.0
#include "serve/gateway_reply.h"

#include <fmt/format.h>

#include <vector>

#include "base/digest.h"
#include "base/unix_time.h"
#include "policy/printable.h"
#include "providers/content/car.h"
#include "providers/content/ipns.h"
#include "providers/content/media_type.h"
#include "serve/gateway_listing.h"

namespace berth::serve {
namespace {

using content::Cid;
using content::Node;
using Form = GatewayAsk::Form;

constexpr std::string_view kForever = "public, max-age=29030400, immutable";
constexpr uint64_t kNanoseconds = 1'000'000'000;
constexpr size_t kMostRoots = 32;
constexpr size_t kDigits = 16;

/// What content by a name may do in a browser: it isn't known whose it is, and all of it has one origin.
constexpr std::string_view kSandbox = "sandbox; frame-ancestors 'self'";

GatewayReply plain(uint16_t status, std::string_view why) {
  std::string text = fmt::format("{}\n", why);
  GatewayReply reply{.head = {.status = status,
                              .headers = {{"content-type", "text/plain; charset=utf-8"},
                                          {"x-content-type-options", "nosniff"},
                                          {"vary", "Accept"},
                                          {"access-control-allow-origin", "*"}},
                              .length = text.size()}};
  reply.body = [text = std::move(text)](const content::WriteAll& write) { return write(text); };
  return reply;
}

/// A path that has been followed.
struct Found {
  content::ContentPath path;
  Cid end;
  std::string roots;  // of the header X-Ipfs-Roots
  std::string kept;   // of the header Cache-Control
};

Result<Found> follow(const content::ContentPath& path, const GatewaySource& source) {
  Found found{.path = path, .end = path.root, .roots = path.root.text(), .kept = std::string(kForever)};
  size_t roots = 0;
  found.end = BERTH_TRY(content::resolve(*source.blocks, path, [&](const Cid& to) {
    if (++roots <= kMostRoots) found.roots += "," + to.text();
  }));
  return found;
}

/// With what every answer has that has found something.
GatewayReply with_headers(const GatewayAsk& ask, const Found& found, std::string_view type,
                          std::string etag) {
  return {.head = {.status = 200,
                   .headers = {{"content-type", std::string(type)},
                               {"etag", std::move(etag)},
                               {"cache-control", found.kept},
                               {"x-ipfs-path", ask.spelled},
                               {"x-ipfs-roots", found.roots},
                               {"x-content-type-options", "nosniff"},
                               {"vary", "Accept"},
                               {"access-control-allow-origin", "*"},
                               {"access-control-expose-headers",
                                "Content-Length, Content-Range, X-Chunked-Output, X-Ipfs-Path, "
                                "X-Ipfs-Roots, X-Stream-Output"}}}};
}

/// Where the header said the form: the URL that says it, which caches may keep apart.
void locate(const GatewayAsk& ask, std::string_view format, GatewayReply& reply) {
  if (ask.form_of_query) return;
  reply.head.headers.emplace_back("content-location", fmt::format("{}?{}{}format={}", ask.spelled, ask.query,
                                                                  ask.query.empty() ? "" : "&", format));
}

bool is_known(const GatewayAsk& ask, std::string_view etag) {
  return !ask.if_none_match.empty() && etag_matches(ask.if_none_match, etag);
}

GatewayReply not_modified(GatewayReply reply) {
  reply.head.status = 304;
  std::erase_if(reply.head.headers, [](const auto& header) { return header.first == "content-type"; });
  return reply;
}

/// A body of so many bytes, of which a part may be asked for.
GatewayReply with_bytes(const GatewayAsk& ask, GatewayReply reply, const std::string& etag, uint64_t size,
                        std::function<Result<void>(content::Span, const content::WriteAll&)> read) {
  auto& head = reply.head;
  head.headers.emplace_back("accept-ranges", "bytes");
  content::Span span{.offset = 0, .length = size};
  const bool whole = !ask.if_range.empty() && ask.if_range != etag;
  if (const auto range = whole ? std::nullopt : byte_range(ask.range, size)) {
    if (!range->satisfiable) {
      GatewayReply refused = plain(416, fmt::format("there are {} bytes", size));
      refused.head.headers.emplace_back("content-range", fmt::format("bytes */{}", size));
      return refused;
    }
    span = range->span;
    head.status = 206;
    head.headers.emplace_back(
        "content-range", fmt::format("bytes {}-{}/{}", span.offset, span.offset + span.length - 1, size));
  }
  head.length = span.length;
  reply.body = [span, read = std::move(read)](const content::WriteAll& write) { return read(span, write); };
  return reply;
}

Result<GatewayReply> raw(const GatewayAsk& ask, const Found& found, const GatewaySource& source) {
  const std::string etag = fmt::format("\"{}.raw\"", found.end.text());
  GatewayReply reply = with_headers(ask, found, "application/vnd.ipld.raw", etag);
  const std::string name = ask.filename.empty() ? found.end.text() + ".bin" : ask.filename;
  reply.head.headers.emplace_back("content-disposition", disposition("attachment", name));
  locate(ask, "raw", reply);
  if (is_known(ask, etag)) return not_modified(std::move(reply));
  std::string bytes = BERTH_TRY(source.blocks->get(found.end));
  const uint64_t size = bytes.size();
  return with_bytes(ask, std::move(reply), etag, size,
                    [bytes = std::move(bytes)](content::Span span, const content::WriteAll& write) {
                      return write(std::string_view(bytes).substr(span.offset, span.length));
                    });
}

std::string car_etag(const GatewayAsk& ask, const Found& found) {
  std::string said = fmt::format("{}\n{}\n{}{}", ask.spelled, content::scope_name(ask.selection.scope),
                                 ask.ordered ? 'o' : '-', ask.selection.duplicates ? 'd' : '-');
  if (const auto& range = ask.selection.range)
    said += fmt::format("\n{}:{}", range->from, range->to ? std::to_string(*range->to) : "*");
  return fmt::format("W/\"{}.car.{}\"", found.end.text(), sha256(said).hex().substr(0, kDigits));
}

Result<GatewayReply> car(const GatewayAsk& ask, const Found& found, const GatewaySource& source) {
  const std::string etag = car_etag(ask, found);
  const std::string type = fmt::format("application/vnd.ipld.car; version=1; order={}; dups={}",
                                       ask.ordered ? "dfs" : "unk", ask.selection.duplicates ? "y" : "n");
  GatewayReply reply = with_headers(ask, found, type, etag);
  auto& headers = reply.head.headers;
  const std::string name = ask.filename.empty() ? found.path.root.text() + ".car" : ask.filename;
  headers.emplace_back("content-disposition", disposition("attachment", name));
  headers.emplace_back("accept-ranges", "none");
  locate(ask, "car", reply);
  if (is_known(ask, etag)) return not_modified(std::move(reply));
  // That the last block of the path is there is known before anything is said.
  std::ignore = BERTH_TRY(source.blocks->get(found.end));
  reply.body = [&blocks = *source.blocks, path = found.path, end = found.end,
                selection = ask.selection](const content::WriteAll& write) -> Result<void> {
    BERTH_TRY_VOID(write(content::car_header({end})));
    return content::select(blocks, path, selection,
                           [&](const Cid& cid, std::string_view bytes) -> Result<void> {
                             BERTH_TRY_VOID(write(content::car_section(cid, bytes.size())));
                             return write(bytes);
                           });
  };
  return reply;
}

Result<std::string> beginning_of(content::BlockSource& blocks, const Node& file) {
  std::string beginning;
  BERTH_TRY_VOID(content::read_file(blocks, file, 0, content::kLookedAt, [&](std::string_view bytes) {
    beginning += bytes;
    return Result<void>();
  }));
  return beginning;
}

Result<GatewayReply> file(const GatewayAsk& ask, const Found& found, std::string name, Node node,
                          const GatewaySource& source) {
  const std::string etag = fmt::format("\"{}\"", node.cid.text());
  if (!ask.filename.empty()) name = ask.filename;
  const std::string_view type = content::media_type(name, BERTH_TRY(beginning_of(*source.blocks, node)));
  GatewayReply reply = with_headers(ask, found, type, etag);
  reply.head.headers.emplace_back("content-security-policy", kSandbox);
  if (ask.download || !ask.filename.empty())
    reply.head.headers.emplace_back("content-disposition",
                                    disposition(ask.download ? "attachment" : "inline", name));
  if (is_known(ask, etag)) return not_modified(std::move(reply));
  const uint64_t size = node.size;
  return with_bytes(
      ask, std::move(reply), etag, size,
      [&blocks = *source.blocks, node = std::move(node)](content::Span span, const content::WriteAll& write) {
        return content::read_file(blocks, node, span.offset, span.length, write);
      });
}

Result<GatewayReply> directory(const GatewayAsk& ask, const Found& found, const Node& node,
                               const GatewaySource& source) {
  if (!ask.spelled.ends_with('/')) {
    GatewayReply reply = plain(301, "a directory: its path ends with a slash");
    reply.head.headers.emplace_back(
        "location", ask.query.empty() ? ask.spelled + "/" : fmt::format("{}/?{}", ask.spelled, ask.query));
    return reply;
  }
  if (const auto index = BERTH_TRY(content::lookup(*source.blocks, node, "index.html"))) {
    Node page = BERTH_TRY(content::open_node(*source.blocks, index->cid));
    if (page.kind == Node::Kind::kFile) return file(ask, found, "index.html", std::move(page), source);
  }
  const std::string etag = fmt::format("\"DirIndex-1_CID-{}\"", node.cid.text());
  GatewayReply reply = with_headers(ask, found, "text/html; charset=utf-8", etag);
  reply.head.headers.emplace_back("content-security-policy", kListingPolicy);
  if (is_known(ask, etag)) return not_modified(std::move(reply));
  reply.body = [&blocks = *source.blocks, node, path = ask.spelled](const content::WriteAll& write) {
    return write_listing(blocks, node, path, write);
  };
  return reply;
}

Result<GatewayReply> shown(const GatewayAsk& ask, const Found& found, const GatewaySource& source) {
  if (!source.files)
    return plain(406, "only what can be checked is given away here: ask for format=raw or format=car");
  Node node = BERTH_TRY(content::open_node(*source.blocks, found.end));
  switch (node.kind) {
    case Node::Kind::kFile:
      return file(ask, found, found.path.names.empty() ? "" : found.path.names.back(), std::move(node),
                  source);
    case Node::Kind::kDirectory:
      return directory(ask, found, node, source);
    case Node::Kind::kSymlink:
      return plain(422, "a symlink: where it leads isn't followed here");
    case Node::Kind::kOther:
      break;
  }
  return plain(406, "neither a file nor a directory: ask for format=raw or format=car");
}

struct Named {
  std::string bytes;
  content::IpnsRecord record;
};

Result<Named> record_of(const std::string& name, const GatewaySource& source) {
  const auto cid = Cid::parse(name);
  if (!cid)
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no IPNS name", policy::printable(name)));
  std::string bytes = BERTH_TRY(source.record(name));
  auto record = BERTH_TRY(content::read_ipns(bytes, *cid, unix_seconds()));
  return Named{.bytes = std::move(bytes), .record = std::move(record)};
}

GatewayReply record(const GatewayAsk& ask, Named named) {
  const std::string etag = fmt::format("\"{}\"", sha256(named.bytes).hex().substr(0, kDigits));
  const Found found{.roots = ask.name,
                    .kept = fmt::format("public, max-age={}", named.record.ttl_nanoseconds / kNanoseconds)};
  GatewayReply reply = with_headers(ask, found, "application/vnd.ipfs.ipns-record", etag);
  reply.head.headers.emplace_back(
      "content-disposition",
      disposition("attachment",
                  ask.filename.empty() ? ask.name + std::string(content::kRecordEnds) : ask.filename));
  locate(ask, "ipns-record", reply);
  if (is_known(ask, etag)) return not_modified(std::move(reply));
  reply.head.length = named.bytes.size();
  reply.body = [bytes = std::move(named.bytes)](const content::WriteAll& write) { return write(bytes); };
  return reply;
}

Result<GatewayReply> answer(const GatewayAsk& ask, const GatewaySource& source) {
  content::ContentPath path = ask.path;
  std::string kept;
  if (!ask.name.empty()) {
    Named named = BERTH_TRY(record_of(ask.name, source));
    if (ask.form == Form::kRecord) return record(ask, std::move(named));
    path = BERTH_TRY(content::parse_path(named.record.value));
    path.names.insert(path.names.end(), ask.path.names.begin(), ask.path.names.end());
    kept = fmt::format("public, max-age={}", named.record.ttl_nanoseconds / kNanoseconds);
  }
  if (ask.cached_alone && !source.has(path.root))
    return plain(412, "it isn't here, and only that was asked for");
  Found found = BERTH_TRY(follow(path, source));
  if (!kept.empty()) found.kept = kept;
  // Before a copy of somebody's is said to be the same.
  if (!source.has(found.end)) return std::unexpected(content::missing(found.end).error());
  switch (ask.form) {
    case Form::kRaw:
      return raw(ask, found, source);
    case Form::kCar:
      return car(ask, found, source);
    default:
      return shown(ask, found, source);
  }
}

}  // namespace

GatewayReply gateway_reply(const GatewayAsk& ask, const GatewaySource& source) {
  auto reply = answer(ask, source);
  return reply ? *std::move(reply) : gateway_reply(reply.error());
}

GatewayReply gateway_reply(const Error& error) {
  switch (error.code) {
    case ErrorCode::kNotFound:
      return plain(404, policy::printable(error.message));
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kUnsupported:
    case ErrorCode::kLimit:
      return plain(422, policy::printable(error.message));
    default:
      // What is wrong with this machine is the log's matter.
      return plain(500,
                   "the content can't be read here: whoever runs this gateway finds why by "
                   "'berth content verify'");
  }
}

GatewayReply gateway_reply(const GatewayRefusal& refusal) {
  GatewayReply reply = plain(refusal.status, refusal.why);
  if (refusal.status == 405) reply.head.headers.emplace_back("allow", "GET, HEAD, OPTIONS");
  return reply;
}

GatewayReply gateway_preflight() {
  return {.head = {.status = 204,
                   .headers = {{"access-control-allow-origin", "*"},
                               {"access-control-allow-methods", "GET, HEAD, OPTIONS"},
                               {"access-control-allow-headers",
                                "Accept, Cache-Control, Content-Type, If-None-Match, If-Range, Range, "
                                "User-Agent, X-Requested-With"},
                               {"access-control-max-age", "86400"}}}};
}

}  // namespace berth::serve
