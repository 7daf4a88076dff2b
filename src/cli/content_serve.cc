// SPDX-License-Identifier: Apache-2.0
// berth content serve: a trustless gateway on the store.

#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>
#include <unordered_set>

#include "base/loop.h"
#include "base/os/file.h"
#include "base/os/process.h"
#include "base/os/user.h"
#include "base/os/wall.h"
#include "base/units.h"
#include "base/unix_time.h"
#include "cli/content.h"
#include "cli/progress.h"
#include "cli/serve_seen.h"
#include "cli/serve_tls.h"
#include "engine/engine.h"
#include "engine/server.h"
#include "policy/printable.h"
#include "providers/content/ipns.h"
#include "providers/content/names.h"
#include "providers/content/settings_file.h"
#include "providers/content/walk.h"
#include "serve/gateway.h"

namespace berth::cli {
namespace {

struct Options {
  std::vector<std::string> roots;
  std::string address = "127.0.0.1:8080";
  bool all = false;
  bool checkable = false;
  std::string at_once = "32";
  std::string queue = "256";
  std::string connections = "4096";
  std::string patience = "60s";
  TlsOptions tls;
  SeenOptions seen;
  bool json = false;
};

void describe(CLI::App& app, Options& options) {
  app.description(
      "Gives content away by its CID, over HTTP: a trustless gateway, whose blocks and CARs every client can "
      "check,\n"
      "and files and directories for browsers. Only what is in the store; of that everything, or what is "
      "below the\n"
      "CIDs that are named. Nothing is fetched for anybody.\n");
  app.footer(
      "\nFor example, on a port that the system chooses, which is printed:\n\n"
      "  berth content serve --addr 127.0.0.1:0 "
      "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi\n"
      "  curl 'http://127.0.0.1:PORT/ipfs/CID?format=car' --output site.car\n\n"
      "On an address that others reach, CIDs have to be named, or --all: a store may hold what isn't meant "
      "for them.\n"
      "SIGTERM or Ctrl-C stops accepting, and ends once the answers that are under way are there.\n");
  app.add_option("CID", options.roots, "what is given away, with all below it; unless given, all there is");
  app.add_option("--addr", options.address, "address and port to listen on; port 0 is one that is free")
      ->capture_default_str()
      ->type_name("ADDRESS");
  app.add_flag("--all", options.all, "everything in the store, also on an address that others reach");
  app.add_flag("--trustless", options.checkable,
               "no files and directories, only what clients check: blocks, CARs, records of names");
  add_tls_options(app, options.tls);
  const auto bound = [&](const char* name, std::string& value, const char* what, const char* type) {
    app.add_option(name, value, what)->capture_default_str()->type_name(type)->group("Clients");
  };
  bound("--max-connections", options.connections, "connections at once", "COUNT");
  bound("--at-once", options.at_once, "answers that are written at once", "COUNT");
  bound("--queue", options.queue, "requests that wait for that", "COUNT");
  bound("--idle-timeout", options.patience,
        "for a connection without a request, or a client that takes nothing of its answer", "TIME");
  add_access_log_options(app, options.seen);
  app.add_flag("--json", options.json, "one JSON object once it serves");
}

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address.starts_with("[::1]:");
}

/// The hashes of what may be given away.
using Allowed = std::unordered_set<std::string>;

Result<Allowed> below(content::Store& store, const std::vector<std::string>& roots) {
  Allowed allowed;
  content::Walker walker(store, {.raw = content::Walk::Raw::kSkipped});
  std::atomic<uint64_t> blocks = 0;
  Progress progress;
  progress.begin([&] { return fmt::format("looking through {} blocks", blocks.load()); });
  for (const std::string& root : roots) {
    const content::Cid cid = BERTH_TRY(find_content(store, root));
    BERTH_TRY_VOID(walker.from(cid, [&](const content::Cid& block, std::string_view) -> Result<void> {
      if (!store.has(block)) return content::missing(block);
      allowed.insert(block.hash.bytes());
      ++blocks;
      return {};
    }));
  }
  return allowed;
}

/// The store, as far as it may be given away: what mustn't isn't there.
class Given final : public content::BlockSource {
 public:
  Given(content::Store& store, std::optional<Allowed> allowed)
      : store_(store), allowed_(std::move(allowed)) {}

  Result<std::string> get(const content::Cid& cid) override {
    if (!may(cid)) return content::missing(cid);
    return store_.get(cid);
  }
  bool has(const content::Cid& cid) const {
    return may(cid) && store_.has(cid);
  }

 private:
  bool may(const content::Cid& cid) const {
    return !allowed_ || content::is_inline(cid) || allowed_->contains(cid.hash.bytes());
  }

  content::Store& store_;
  const std::optional<Allowed> allowed_;
};

/// The record that this machine has of a name, where what it leads to may be given away.
Result<std::string> record_of(const std::string& name, const std::string& folder, const Given& given) {
  const content::Cid cid = BERTH_TRY(content::Cid::parse(name));
  const auto bytes =
      read_file(fmt::format("{}/{}", folder, cid.text(content::Base::kBase36)), content::kMostRecord);
  const auto record =
      bytes ? content::read_ipns(*bytes, cid, unix_seconds()) : std::unexpected(bytes.error());
  const auto path = record ? content::parse_path(record->value) : std::unexpected(record.error());
  if (path && given.has(path->root)) return *bytes;
  return fail(ErrorCode::kNotFound,
              fmt::format("there is no record of the name {} here", policy::printable(name)));
}

Result<size_t> count_of(const char* option, const std::string& text, size_t most) {
  const auto count = parse_count(text);
  if (!count || *count == 0 || *count > most)
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} is a number from 1 to {}", option, most));
  return static_cast<size_t>(*count);
}

constexpr size_t kMostThreads = 1024;
constexpr size_t kMostWaiting = 1 << 20;

Result<int> serve(const Options& options) {
  serve::GatewaySettings settings;
  settings.at_once = BERTH_TRY(count_of("--at-once", options.at_once, kMostThreads));
  settings.queue = BERTH_TRY(count_of("--queue", options.queue, kMostWaiting));
  settings.patience = BERTH_TRY(parse_duration(options.patience));
  engine::ServerSettings server_settings;
  server_settings.connections = BERTH_TRY(count_of("--max-connections", options.connections, kMostWaiting));
  server_settings.idle_time = settings.patience;
  server_settings.body_bytes = 0;
  if (settings.patience.count() == 0)
    return fail(ErrorCode::kInvalidArgument, "--idle-timeout lets nobody in when it is zero");
  const size_t lanes = std::max(1U, std::thread::hardware_concurrency());
  const auto tls = BERTH_TRY(open_tls(options.tls));
  auto listener = BERTH_TRY(engine::Listener::bind(options.address, lanes));
  const std::string address = listener.address();
  if (options.roots.empty() && !options.all && !is_loopback(address))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("others reach {}: name the CIDs that they may have, or give --all", address));
  allow_most_open_files();
  const auto store = BERTH_TRY(content::Store::open_users());
  auto allowed =
      options.roots.empty() ? std::nullopt : std::optional<Allowed>(BERTH_TRY(below(*store, options.roots)));
  const size_t count = allowed ? allowed->size() : 0;
  Given given(*store, std::move(allowed));
  const auto loop = BERTH_TRY(Loop::create());
  const auto engine = BERTH_TRY(engine::Engine::create(lanes, 0, 0));
  const auto seen = BERTH_TRY(Seen::open(options.seen, address, lanes, tls != nullptr));
  const auto verify_every = BERTH_TRY(content::read_settings()).verify_every;
  const std::string records = content::names_folder(BERTH_TRY(user_folders()));
  // Behind the wall there is only what was there before.
  BERTH_TRY_VOID(make_private_folder(records));
  WallPlan plan;
  plan.readable = {records};
  plan.writable = {store->folders().kept, store->folders().cached};
  plan.start_threads = [&] { std::ignore = engine->start_lanes(); };
  std::ignore = raise_wall(plan);

  std::optional<content::Scrubber> scrubber;
  if (verify_every) scrubber.emplace(*store, content::ScrubOptions{.every = *verify_every}, say);
  serve::Gateway gateway({.blocks = &given,
                          .has = [&](const content::Cid& cid) { return given.has(cid); },
                          .record = [&](const std::string& name) { return record_of(name, records, given); },
                          .files = !options.checkable},
                         settings, seen->start_log(), [&](uint64_t left) {
                           loop->post([&, left] {
                             if (left > 0) say(fmt::format("{} connections didn't end in time", left));
                             loop->stop();
                           });
                         });
  auto started = engine::Server::start(*engine, std::move(listener), server_settings, gateway, tls.get());
  // The lanes may have asked the gateway, which would be gone when this returned.
  if (!started) std::_Exit(finish(std::unexpected(started.error()), style_of(options.json)));
  const std::unique_ptr<engine::Server> server = *std::move(started);
  bool stopping = false;
  loop->on_signals({SIGINT, SIGTERM}, [&](int signal) {
    if (stopping) std::_Exit(128 + signal);
    stopping = true;
    server->stop();
  });
  const std::string url = fmt::format("{}://{}/", options.tls.asked() ? "https" : "http", address);
  if (options.json) {
    nlohmann::json line{{"address", address}, {"url", url}};
    if (!options.roots.empty()) line["blocks"] = count;
    print(line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  } else {
    print(fmt::format("serving {} on {}ipfs/\n",
                      options.roots.empty() ? "all there is" : fmt::format("{} blocks", count), url));
  }
  std::fflush(stdout);
  loop->run();
  seen->close();
  std::fflush(nullptr);
  std::_Exit(0);
}

}  // namespace

int content_serve(const Arguments& arguments) {
  CLI::App app("", "berth content serve");
  Options options;
  describe(app, options);
  if (const auto done = parse(app, arguments, style_of(options.json))) return *done;
  return finish(serve(options), style_of(options.json));
}

}  // namespace berth::cli
