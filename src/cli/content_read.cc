// SPDX-License-Identifier: Apache-2.0
// berth content get, ls, stat: what is behind a CID.

#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/content.h"
#include "cli/content_source.h"
#include "cli/progress.h"
#include "policy/printable.h"
#include "providers/content/folder_out.h"
#include "providers/content/links.h"

namespace berth::cli {
namespace {

constexpr size_t kMostName = 4096;  // bytes of a name that are shown

struct Options {
  std::string path;
  std::string output;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
  bool raw = false;
  bool no_links = false;
  bool json = false;
  SourceOptions source;
};

/// What of it is read.
content::Wanted wanted(const content::ContentPath& path, const Options& options, bool out) {
  content::Wanted all{.path = path};
  if (options.raw) all.scope = content::Scope::kBlock;
  if (options.raw || !out) return all;
  all.scope = content::Scope::kEntity;
  all.from = options.offset;
  if (options.length && *options.length > 0 && *options.length < UINT64_MAX - options.offset)
    all.to = options.offset + *options.length;
  return all;
}

Result<int> get(const Options& options) {
  const bool part = options.offset > 0 || options.length;
  if ((options.raw || part) && !options.output.empty() && options.output != "-")
    return fail(
        ErrorCode::kInvalidArgument,
        "--raw, --offset and --length give bytes to standard output: leave --output out and redirect it");
  if (options.raw && part)
    return fail(ErrorCode::kInvalidArgument, "--raw gives a block whole: leave --offset and --length out");
  const bool out = options.output == "-" || part;
  const auto source = BERTH_TRY(ContentSource::open(options.source));
  const content::ContentPath path = BERTH_TRY(source->path(options.path));
  content::Reading& reading = source->reading();
  reading.expect(wanted(path, options, out));
  const content::Cid cid = BERTH_TRY(content::resolve(reading, path));
  if (options.raw) {
    const std::string bytes = BERTH_TRY(reading.get(cid));
    BERTH_TRY_VOID(write_out(bytes));
    source->keep_to_quota();
    return print("");
  }
  const content::Node node = BERTH_TRY(content::open_node(reading, cid));
  if (out) {
    BERTH_TRY_VOID(
        content::read_file(reading, node, options.offset, options.length.value_or(UINT64_MAX), write_out));
    source->keep_to_quota();
    return print("");
  }
  std::string output = options.output;
  // A name of somebody else's is only taken where it is a plain one.
  if (output.empty())
    output = path.names.empty() || path.names.back().find_first_of("/\\") != std::string::npos ||
                     path.names.back() == "." || path.names.back() == ".."
                 ? cid.text()
                 : path.names.back();
  std::atomic<uint64_t> bytes = 0;
  {
    Progress progress;
    progress.begin([&] { return fmt::format("getting {}: {}", output, format_bytes(bytes)); });
    BERTH_TRY_VOID(content::write_tree(reading, node, output, {.links = !options.no_links, .bytes = &bytes}));
  }
  source->keep_to_quota();
  if (options.json)
    return print_json({{"cid", cid.text()},
                       {"path", output},
                       {"kind", kind_name(node.kind)},
                       {"bytes", bytes.load()},
                       {"sources", source->sources()}});
  return print(fmt::format("{}: {}, {}\n", output, kind_name(node.kind), format_bytes(bytes)));
}

Result<int> ls(const Options& options) {
  const auto source = BERTH_TRY(ContentSource::open(options.source));
  const content::ContentPath path = BERTH_TRY(source->path(options.path));
  content::Reading& reading = source->reading();
  reading.expect({.path = path, .scope = content::Scope::kEntity});
  const content::Cid cid = BERTH_TRY(content::resolve(reading, path));
  const content::Node node = BERTH_TRY(content::open_node(reading, cid));
  bool first = true;
  const auto each = [&](const content::PbLink& entry) -> Result<void> {
    // Of a raw block that isn't here the directory says enough.
    const bool passed = entry.cid.codec == content::Codec::kRaw && !source->store().has(entry.cid);
    content::Node known{.cid = entry.cid, .size = entry.tsize};
    const auto below =
        passed ? Result<content::Node>(std::move(known)) : content::open_node(reading, entry.cid);
    const bool lacks = !below && (below.error().code == ErrorCode::kNotFound ||
                                  below.error().code == ErrorCode::kUnavailable);
    if (!below && !lacks) return std::unexpected(below.error());
    const std::string_view kind = below ? kind_name(below->kind) : "absent";
    if (!options.json)
      return write_out(
          fmt::format("{}  {:<9}  {:>10}  {}\n", entry.cid.text(), kind,
                      below && below->kind == content::Node::Kind::kFile ? format_bytes(below->size) : "",
                      policy::printable(entry.name, kMostName)));
    nlohmann::json line = {
        {"name", entry.name}, {"cid", entry.cid.text()}, {"kind", kind}, {"blocks_bytes", entry.tsize}};
    if (below && below->kind == content::Node::Kind::kFile) line["size"] = below->size;
    const std::string text = line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return write_out(std::exchange(first, false) ? "[" + text : ",\n " + text);
  };
  BERTH_TRY_VOID(content::list(reading, node, each));
  if (options.json) BERTH_TRY_VOID(write_out(first ? "[]\n" : "]\n"));
  source->keep_to_quota();
  return print("");
}

Result<int> stat(const Options& options) {
  const auto source = BERTH_TRY(ContentSource::open(options.source));
  const content::ContentPath path = BERTH_TRY(source->path(options.path));
  content::Reading& reading = source->reading();
  reading.expect({.path = path, .scope = content::Scope::kBlock});
  const content::Cid cid = BERTH_TRY(content::resolve(reading, path));
  const content::Node node = BERTH_TRY(content::open_node(reading, cid));
  const bool sharded =
      node.about.type == content::UnixFs::Type::kShard && cid.codec == content::Codec::kDagPb;
  size_t links = node.pb.links.size();
  if (cid.codec != content::Codec::kDagPb) links = BERTH_TRY(content::links_of(cid.codec, node.bytes)).size();
  nlohmann::json json = {{"cid", cid.text()},
                         {"kind", kind_name(node.kind)},
                         {"codec", codec_name(cid.codec)},
                         {"hash", hash_name(cid.hash.code)},
                         {"block_bytes", node.block_bytes},
                         {"links", links}};
  uint64_t below = node.block_bytes;
  for (const content::PbLink& link : node.pb.links) below += link.tsize;
  if (cid.codec == content::Codec::kDagPb || cid.codec == content::Codec::kRaw) json["blocks_bytes"] = below;
  if (node.kind == content::Node::Kind::kFile) json["size"] = node.size;
  if (node.kind == content::Node::Kind::kDirectory) json["sharded"] = sharded;
  if (node.kind == content::Node::Kind::kSymlink) json["target"] = node.about.data.value_or("");
  if (node.about.mode) json["mode"] = fmt::format("{:04o}", *node.about.mode & 07777U);
  if (node.about.modified) {
    json["mtime"] = node.about.modified->seconds;
    json["mtime_nanoseconds"] = node.about.modified->nanoseconds;
  }
  if (options.json) {
    json["sources"] = source->sources();
    return print_json(json);
  }
  std::string text = fmt::format("{}\n  {}{}, {} block of {}", cid.text(), sharded ? "sharded " : "",
                                 kind_name(node.kind), codec_name(cid.codec), format_bytes(node.block_bytes));
  text += fmt::format(" with {} link{}, {}\n", links, links == 1 ? "" : "s", hash_name(cid.hash.code));
  if (node.kind == content::Node::Kind::kFile) text += fmt::format("  {} bytes\n", node.size);
  if (node.kind == content::Node::Kind::kSymlink)
    text += fmt::format("  leads to {}\n", policy::printable(node.about.data.value_or(""), kMostName));
  if (node.about.mode) text += fmt::format("  mode {:04o}\n", *node.about.mode & 07777U);
  if (node.about.modified) text += fmt::format("  changed {}\n", local_time(node.about.modified->seconds));
  return print(text);
}

constexpr const char* kPath = "a CID, and names below it: CID/a/b; or ipns://NAME/a/b";

}  // namespace

int content_get(const Arguments& arguments) {
  CLI::App app(
      "Writes a file or a folder, fetched where the store hasn't it. It stands there when it is whole, or "
      "not at all, and "
      "nothing is "
      "written\n"
      "over. Symlinks that could lead out of it are refused.\n",
      "berth content get");
  Options options;
  app.add_option("PATH", options.path, kPath)->required();
  app.add_option("--output,-o", options.output,
                 "where to; its last name or the CID unless given, - is standard output")
      ->type_name("PATH");
  app.add_option("--offset", options.offset, "from that byte of a file on, to standard output")
      ->type_name("N");
  app.add_option("--length", options.length, "so many bytes of it, to standard output")->type_name("N");
  app.add_flag("--raw", options.raw, "the bytes of that one block, to standard output");
  app.add_flag("--no-links", options.no_links, "leave symlinks out");
  add_source_options(app, options.source);
  app.add_flag("--json", options.json, "one JSON object of what was written");
  app.footer(
      "\nFor example:\n\n  berth content get "
      "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy --output - | head\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(get(options), style_of(options.json));
}

int content_ls(const Arguments& arguments) {
  CLI::App app("Lists a directory: CID, kind, size and name of each entry.\n", "berth content ls");
  Options options;
  app.add_option("PATH", options.path, kPath)->required();
  add_source_options(app, options.source);
  app.add_flag("--json", options.json, "one JSON array");
  app.footer(
      "\nFor example:\n\n  berth content ls "
      "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi/docs\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(ls(options), style_of(options.json));
}

int content_stat(const Arguments& arguments) {
  CLI::App app("What is behind a CID: kind, size, and how its block is written.\n", "berth content stat");
  Options options;
  app.add_option("PATH", options.path, kPath)->required();
  add_source_options(app, options.source);
  app.add_flag("--json", options.json, "one JSON object");
  app.footer(
      "\nFor example:\n\n  berth content stat bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(stat(options), style_of(options.json));
}

}  // namespace berth::cli
