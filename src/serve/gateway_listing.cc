// SPDX-License-Identifier: Apache-2.0
#include "serve/gateway_listing.h"

#include <fmt/format.h>

#include "base/text_codes.h"
#include "base/units.h"
#include "policy/printable.h"

namespace berth::serve {
namespace {

constexpr size_t kMostName = 4096;  // bytes of a name that are shown

std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : text) {
    switch (c) {
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '&':
        html += "&amp;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

}  // namespace

Result<void> write_listing(content::BlockSource& blocks, const content::Node& directory,
                           const std::string& path, const content::WriteAll& write) {
  const std::string title = escaped(policy::printable(path, kMostName));
  BERTH_TRY_VOID(
      write(fmt::format("<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>{0}</title>\n"
                        "<style>body {{ font-family: sans-serif }} td {{ padding: 0 1em 0 0 }}</style>\n"
                        "<h1>{0}</h1>\n<p>{1}</p>\n<table>\n<tr><td><a href=\"..\">..</a></td></tr>\n",
                        title, directory.cid.text())));
  BERTH_TRY_VOID(content::list(blocks, directory, [&](const content::PbLink& entry) {
    return write(fmt::format("<tr><td><a href=\"./{}\">{}</a></td><td>{}</td><td>{}</td></tr>\n",
                             to_percent(entry.name), escaped(policy::printable(entry.name, kMostName)),
                             format_bytes(entry.tsize), entry.cid.text()));
  }));
  return write("</table>\n");
}

}  // namespace berth::serve
