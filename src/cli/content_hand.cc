// SPDX-License-Identifier: Apache-2.0
#include "cli/content_hand.h"

#include <fmt/format.h>

#include <atomic>
#include <cstdlib>

#include "base/units.h"
#include "cli/progress.h"
#include "cli/verb.h"
#include "providers/content/authorization.h"

namespace berth::cli {
namespace {

constexpr size_t kLongestName = 255;  // kubo's bound

}  // namespace

void add_hand_options(CLI::App& app, HandOptions& options) {
  app.add_option("--to", options.to,
                 "a kubo node, by its RPC, that gets it and pins it: http://127.0.0.1:5001")
      ->type_name("URL");
  app.add_option(
         "--auth-file", options.auth_file,
         "who you are to that node: a file with bearer:TOKEN or basic:USER:PASSWORD, closed to others; "
         "BERTH_CONTENT_AUTH names one as well")
      ->type_name("FILE");
  app.add_option("--patience", options.patience,
                 "how long that node may neither take nor say anything, also while it pins")
      ->type_name("TIME")
      ->capture_default_str();
}

Result<void> check_hand_options(const HandOptions& options, const std::string& name) {
  if (options.is_asked() && name.size() > kLongestName)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("a name of {} bytes: a node takes {} at most", name.size(), kLongestName));
  if (options.is_asked() || options.auth_file.empty()) return {};
  return fail(ErrorCode::kInvalidArgument, "--auth-file is who you are to the node of --to: give both");
}

Result<std::string> authorization_from(const std::string& auth_file) {
  const char* const named = std::getenv("BERTH_CONTENT_AUTH");
  const std::string file = auth_file.empty() && named != nullptr ? named : auth_file;
  return file.empty() ? Result<std::string>("") : content::read_authorization(file);
}

Result<std::unique_ptr<content::Kubo>> open_kubo(const HandOptions& options, const SourceOptions& line) {
  const auto patience = parse_duration(options.patience);
  if (!patience)
    return fail(ErrorCode::kInvalidArgument, fmt::format("--patience: {}", patience.error().message));
  const web::WebOptions web = BERTH_TRY(web_options(line));
  const std::string authorization = BERTH_TRY(authorization_from(options.auth_file));
  auto kubo = BERTH_TRY(content::Kubo::create(options.to, web, *patience, authorization));
  BERTH_TRY(kubo->version());
  return kubo;
}

Result<content::CarWritten> hand_over(content::Kubo& kubo, content::BlockSource& source,
                                      const content::Cid& root, const std::string& name) {
  std::atomic<uint64_t> sent = 0;
  Progress progress;
  progress.begin([&] { return fmt::format("handing over {}: {}", root.text(), format_bytes(sent)); });
  const content::CarWritten written = BERTH_TRY(kubo.import(source, root, sent));
  if (!name.empty()) BERTH_TRY_VOID(kubo.pin(root, name));
  return written;
}

}  // namespace berth::cli
