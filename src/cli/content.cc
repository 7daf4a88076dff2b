// SPDX-License-Identifier: Apache-2.0
// berth content: content by what it is, in a store that all modules share. Each verb is a file beside this
// one.

#include "cli/content.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/os/file.h"
#include "providers/content/settings_file.h"

namespace berth::cli {
namespace {

struct Part {
  std::string_view name;
  std::string_view does;
  int (*run)(const Arguments&);
};

constexpr auto kParts = std::to_array<Part>({
    {"add", "files and folders become content, and get their CID", content_add},
    {"get", "content becomes files and folders", content_get},
    {"ls", "what is in a directory", content_ls},
    {"stat", "what a CID is", content_stat},
    {"pin", "what stays, or have something stay, here or with others", content_pin},
    {"unpin", "let it go when room is needed", content_unpin},
    {"gc", "make room", content_gc},
    {"verify", "check all blocks, and repair", content_verify},
    {"export", "a CAR of everything below a CID", content_export},
    {"import", "bring the blocks of a CAR", content_import},
    {"serve", "give content away over HTTP: a trustless gateway", content_serve},
    {"commp", "the piece commitment of a CAR, for Filecoin", content_commp},
    {"providers", "who has it, as routers say", content_providers},
    {"publish", "lead a name of yours (IPNS) to content", content_publish},
});

std::string usage() {
  std::string text =
      "Content is called by the hash of its bytes (a CID, as IPFS has them), and kept in blocks, each once, "
      "in a "
      "store\n"
      "beside the modules. What isn't there is fetched from gateways, and checked, always.\n"
      "Which gateways: content.toml in the settings' folder ($BERTH_CONFIG, or ~/.config/berth).\n\n"
      "usage: berth content VERB [OPTIONS] …\n\n";
  for (const Part& part : kParts) text += fmt::format("  {:<9} {}\n", part.name, part.does);
  return text +
         "\n'berth content VERB --help' tells more.\n\nFor example:\n\n  berth content add ./site\n"
         "  berth content get bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi --output site\n";
}

}  // namespace

int content_verb(const Arguments& arguments) {
  const std::string name = arguments.empty() ? "" : arguments.front();
  if (name == "--help" || name == "-h") return print(usage());
  const auto part = std::ranges::find(kParts, name, &Part::name);
  if (part != kParts.end()) return part->run(Arguments(arguments.begin() + 1, arguments.end()));
  return report(
      {.code = ErrorCode::kInvalidArgument,
       .message = fmt::format("'{}' is no verb of content: 'berth content --help' lists them", name)},
      Style::kText);
}

Result<void> write_out(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size()) return {};
  return fail(ErrorCode::kUnavailable, fmt::format("writing to standard output: {}", std::strerror(errno)));
}

Result<content::ReadSome> bytes_of(const std::string& path) {
  auto file = std::make_shared<FileStream>(path == "-" ? FileStream::standard_input()
                                                       : BERTH_TRY(FileStream::open(path)));
  return [file](std::span<char> into) { return file->read(into); };
}

Result<content::Cid> find_content(content::BlockSource& source, const std::string& path) {
  const content::ContentPath parsed = BERTH_TRY(content::parse_path(path));
  return content::resolve(source, parsed);
}

void keep_to_quota(content::Store& store, uint64_t most_bytes) {
  const auto size = store.size();
  if (size && *size <= most_bytes) return;
  const auto collected =
      size ? store.collect(most_bytes, LockedFile::Wait::kNo) : std::unexpected(size.error());
  if (!collected) say(fmt::format("no room could be made in the store: {}", collected.error().message));
}

void keep_to_quota(content::Store& store) {
  const auto settings = content::read_settings();
  if (!settings) {
    say(settings.error().message);
    return;
  }
  keep_to_quota(store, settings->store_bytes);
}

}  // namespace berth::cli
