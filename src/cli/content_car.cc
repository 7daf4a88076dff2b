// SPDX-License-Identifier: Apache-2.0
// berth content export, commp: content as CARs.

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/os/file.h"
#include "base/units.h"
#include "cli/content.h"
#include "cli/content_source.h"
#include "cli/progress.h"
#include "providers/content/car.h"
#include "providers/content/car_out.h"
#include "providers/content/commp.h"

namespace berth::cli {
namespace {

struct Options {
  std::vector<std::string> paths;
  std::string output;
  int version = 1;
  bool cid = false;
  bool json = false;
  SourceOptions source;
};

/// Fills a file; nothing of it is left where that fails.
Result<void> export_to(content::BlockSource& blocks, const content::Cid& root, const Options& options,
                       uint64_t& bytes) {
  NewFile file = BERTH_TRY(NewFile::make(options.output, 0666));
  if (options.version == 2) BERTH_TRY_VOID(file.write(content::car_v2_header(0)));
  const auto put = [&](std::string_view piece) {
    bytes += piece.size();
    return file.write(piece);
  };
  const auto car = content::write_car(blocks, root, put);
  auto written = car ? Result<void>() : std::unexpected(car.error());
  // How much follows is known now.
  if (written && options.version == 2) written = file.write_at(0, content::car_v2_header(bytes));
  std::error_code error;
  if (!written) std::filesystem::remove(options.output, error);
  return written;
}

Result<int> export_car(const Options& options) {
  const bool to_file = !options.output.empty() && options.output != "-";
  if (!to_file && options.version != 1)
    return fail(ErrorCode::kInvalidArgument,
                "CAR version 2 says in front how much follows: give a file with --output");
  const auto source = BERTH_TRY(ContentSource::open(options.source));
  content::Reading& reading = source->reading();
  const content::Wanted wanted{.path = BERTH_TRY(source->path(options.paths.front()))};
  reading.expect(wanted);
  const content::Cid root = BERTH_TRY(content::resolve(reading, wanted.path));
  if (!to_file) {
    BERTH_TRY(content::write_car(reading, root, write_out));
    source->keep_to_quota();
    return print("");
  }
  uint64_t bytes = 0;
  {
    Progress progress;
    progress.begin("exporting");
    BERTH_TRY_VOID(export_to(reading, root, options, bytes));
  }
  source->keep_to_quota();
  if (options.json)
    return print_json(
        {{"cid", root.text()}, {"path", options.output}, {"bytes", bytes}, {"sources", source->sources()}});
  return print(fmt::format("{}: {}\n", options.output, format_bytes(bytes)));
}

Result<int> commp(const Options& options) {
  content::PieceHasher hasher;
  const std::string& path = options.paths.front();
  Progress progress;
  progress.begin("computing the piece commitment");
  if (options.cid) {
    const auto store = BERTH_TRY(content::Store::open_users());
    const content::Cid root = BERTH_TRY(find_content(*store, path));
    const auto add = [&](std::string_view bytes) -> Result<void> {
      hasher.add(bytes);
      return {};
    };
    BERTH_TRY(content::write_car(*store, root, add));
  } else {
    const content::ReadSome read = BERTH_TRY(bytes_of(path));
    std::vector<char> piece(1 << 20);
    for (;;) {
      const size_t got = BERTH_TRY(content::read_full(read, piece));
      hasher.add({piece.data(), got});
      if (got < piece.size()) break;
    }
  }
  const content::Piece piece = BERTH_TRY(hasher.finish());
  const std::string hex = content::to_multibase(
      content::Base::kBase16,
      {reinterpret_cast<const char*>(piece.commitment.data()), piece.commitment.size()});
  if (options.json)
    return print_json({{"commp", piece.cid().text()},
                       {"commitment", hex.substr(1)},
                       {"padded_bytes", piece.padded_bytes},
                       {"bytes", piece.bytes}});
  return print(fmt::format("{} {}\n", piece.cid().text(), piece.padded_bytes));
}

}  // namespace

int content_export(const Arguments& arguments) {
  CLI::App app(
      "Writes everything below a CID as a CAR, which 'berth content import', IPFS and Filecoin read.\n",
      "berth content export");
  Options options;
  app.add_option("PATH", options.paths, "a CID, and names below it: CID/a/b; or ipns://NAME/a/b")
      ->required()
      ->expected(1);
  app.add_option("--output,-o", options.output, "a file that isn't there; standard output unless given")
      ->type_name("FILE");
  app.add_option("--car-version", options.version, "1 or 2; 1 unless given")->check(CLI::Range(1, 2));
  add_source_options(app, options.source);
  app.add_flag("--json", options.json, "one JSON object of what was written to the file");
  app.footer(
      "\nFor example:\n\n  berth content export "
      "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi --output site.car\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(export_car(options), style_of(options.json));
}

int content_commp(const Arguments& arguments) {
  CLI::App app(
      "Prints the piece commitment of a CAR (or of any bytes), and the size of its piece: what a deal with a "
      "storage "
      "provider\n"
      "of Filecoin names.\n",
      "berth content commp");
  Options options;
  app.add_option("FILE", options.paths, "a file; - is standard input")->required()->expected(1);
  app.add_flag("--cid", options.cid, "FILE is a CID, and its CAR as 'export' writes it is meant");
  app.add_flag("--json", options.json, "one JSON object");
  app.footer("\nFor example:\n\n  berth content commp site.car\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(commp(options), style_of(options.json));
}

}  // namespace berth::cli
