// SPDX-License-Identifier: Apache-2.0
// berth serve: modules that answer HTTP requests, contained.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/os/process.h"
#include "base/units.h"
#include "cli/guest_run.h"
#include "cli/options.h"
#include "cli/serve_change.h"
#include "cli/serve_loader.h"
#include "cli/serve_modules.h"
#include "cli/serve_seen.h"
#include "cli/serve_tls.h"
#include "cli/test_switches.h"
#include "serve/site.h"

namespace berth::cli {
namespace {

struct Options : GuestOptions {
  std::vector<std::string> routes;
  std::string site;
  std::string probe;
  bool watch = false;
  std::string address = "127.0.0.1:8080";
  std::string head_bytes = "32KiB";
  std::string head_time = "10s";
  std::string body_bytes = "1GiB";
  std::string idle_time = "60s";
  std::string drain_time = "30s";
  std::string connections = "4096";
  std::string reuse = "1";
  std::string at_once = "1";
  std::string queue = "256";
  std::string queue_time = "5s";
  TlsOptions tls;
  SeenOptions seen;
};

void describe(CLI::App& app, Options& options) {
  app.description(
      "Answers HTTP requests with modules that export 'wasi:http/incoming-handler': each request in a "
      "fresh\n"
      "instance, which gets what the grants open and no more than the limits. Those of time and fuel hold "
      "for\n"
      "each request, those of memory, storage and network for the module. HTTP/1.1, and HTTP/2 for a client "
      "that\n"
      "begins with it or, by TLS, asks for it.\n");
  app.footer(
      "\nFor example, on a port that the system chooses, which is printed, with at most a second for a "
      "request:\n\n"
      "  berth serve --addr 127.0.0.1:0 --wall 1s --memory 256MiB hello.wasm\n\n"
      "Several modules, each at a host, a path or both; the longest that fits is it:\n\n"
      "  berth serve --route api.example.com/v1=api.wasm --route /=web.wasm\n\n"
      "or each with a policy of its own, by a file of [[route]] at = \"/\", module = \"web.wasm\", policy = "
      "\"web.toml\":\n\n"
      "  berth serve --site site.toml\n\n"
      "Modules ask each other by their names, within the process, where a grant opens it: with 'http.out "
      "berth:api'\n"
      "by http://api.berth.internal/. A module's name is its file's, or name = \"api\" in its [[route]]. One "
      "that is\n"
      "for other modules alone has at = \"berth:api\", and no way leads there from outside.\n\n"
      "A request that a limit ends is answered with 504, one whose guest traps with 502, one too many with "
      "503.\n"
      "SIGHUP looks for new versions of the modules and their policies, and for a new certificate and key, "
      "and\n"
      "serves them without losing a request, each once an instance of it was made and, with --probe PATH or\n"
      "probe = \"PATH\" in its [[route]], has answered a GET of that below 500.\n"
      "SIGTERM or Ctrl-C stops accepting, and ends once the requests that are under way are served.\n\n"
      "The variables OTEL_* of OpenTelemetry have traces, metrics and logs sent to a collector:\n\n"
      "  OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 OTEL_SERVICE_NAME=shop berth serve web.wasm\n");
  add_guest_options(app, options);
  app.add_option("--reuse", options.reuse, "requests that an instance answers")
      ->capture_default_str()
      ->type_name("COUNT");
  app.add_option("--concurrency", options.at_once,
                 "those that it may answer at once, where it is of WASI 0.3")
      ->capture_default_str()
      ->type_name("COUNT");
  app.add_option("--route", options.routes,
                 "a module for a host, a path or both, /v1=api.wasm, or for other modules alone, "
                 "berth:store=store.wasm")
      ->type_name("ROUTE=MODULE")
      ->allow_extra_args(false);
  app.add_option("--site", options.site, "routes, their modules and policies from a TOML file")
      ->type_name("FILE");
  app.add_option("--probe", options.probe, "what a version has to answer below 500 before it serves, by GET")
      ->type_name("PATH");
  app.add_flag("--watch", options.watch, "serve a new version as soon as a file of it has changed");
  app.add_option("--addr", options.address, "address and port to listen on; port 0 is one that is free")
      ->capture_default_str()
      ->type_name("ADDRESS");
  add_tls_options(app, options.tls);
  const auto bound = [&](const char* name, std::string& value, const char* what, const char* type) {
    app.add_option(name, value, what)->capture_default_str()->type_name(type)->group("Clients");
  };
  bound("--max-connections", options.connections, "connections at once", "COUNT");
  bound("--max-head", options.head_bytes, "bytes of a request's head", "SIZE");
  bound("--head-timeout", options.head_time, "until a head has to be there", "TIME");
  bound("--max-body", options.body_bytes, "bytes of a request's body", "SIZE");
  bound("--idle-timeout", options.idle_time, "for a connection without a request, or a body that stops",
        "TIME");
  bound("--drain-timeout", options.drain_time, "for requests that are under way when it is stopped", "TIME");
  bound("--queue", options.queue, "requests that wait when as many are under way as there may be instances",
        "COUNT");
  bound("--queue-timeout", options.queue_time, "for a request that waits", "TIME");
  add_seen_options(app, options.seen);
  app.add_option("MODULE", options.module, "a .wasm or .wat file, or a name, for all that has no --route");
}

/// The value of an option, or which option it is that can't be read.
template <class T>
Result<T> value_of(std::string_view option, Result<T> value) {
  if (!value) return fail(value.error().code, fmt::format("{}: {}", option, value.error().message));
  return value;
}

/// A bound that a hostile test has turned off is one that nobody comes to.
void turn_off(const std::vector<std::string>& guards, engine::ServerSettings& settings) {
  constexpr uint64_t kMany = uint64_t{1} << 30;
  constexpr std::chrono::hours kLong{24};
  if (has_switch(guards, kConnectionsSwitch)) settings.connections = kMany;
  if (has_switch(guards, kResetsSwitch)) settings.resets = kMany;
  if (has_switch(guards, kHeadBytesSwitch)) settings.head_bytes = kMany;
  if (has_switch(guards, kHeadTimeSwitch)) settings.head_time = kLong;
  if (has_switch(guards, kBodyBytesSwitch)) settings.body_bytes = UINT64_MAX;
  if (has_switch(guards, kIdleTimeSwitch)) settings.idle_time = kLong;
  if (has_switch(guards, kDrainTimeSwitch)) settings.drain_time = kLong;
}

Result<engine::ServerSettings> settings_of(const Options& options) {
  engine::ServerSettings settings;
  settings.inside = true;
  settings.connections = BERTH_TRY(value_of("--max-connections", parse_count(options.connections)));
  settings.head_bytes = BERTH_TRY(value_of("--max-head", parse_bytes(options.head_bytes)));
  settings.head_time = BERTH_TRY(value_of("--head-timeout", parse_duration(options.head_time)));
  settings.body_bytes = BERTH_TRY(value_of("--max-body", parse_bytes(options.body_bytes)));
  settings.idle_time = BERTH_TRY(value_of("--idle-timeout", parse_duration(options.idle_time)));
  settings.drain_time = BERTH_TRY(value_of("--drain-timeout", parse_duration(options.drain_time)));
  if (settings.connections == 0 || settings.head_time.count() == 0 || settings.idle_time.count() == 0) {
    return fail(ErrorCode::kInvalidArgument,
                "--max-connections, --head-timeout and --idle-timeout let nobody in when they are zero");
  }
  turn_off(options.guards_off, settings);
  return settings;
}

/// What went wrong with a request, for a person; "" where nothing did.
std::string complaint(const host::ServedRequest& request) {
  using Ending = engine::Outcome::Ending;
  const engine::Outcome& outcome = request.served.outcome;
  switch (outcome.ending) {
    case Ending::kExited:
    case Ending::kReturned:
      if (request.served.status != 0) return "";
      if (!request.served.refused.empty())
        return "the guest answered with an error: " + request.served.refused;
      return "the guest gave no answer";
    case Ending::kTrapped:
      return outcome.trace.empty() ? "trap: " + outcome.reason
                                   : fmt::format("trap: {}\n{}", outcome.reason, outcome.trace);
    case Ending::kLimited:
      return fmt::format("limit: {}: used {} of CPU time in {}", host::limit_name(outcome.limit),
                         format_duration(outcome.cpu_used), format_duration(request.served.wall));
    case Ending::kCancelled:
      return "";  // the client went away
    case Ending::kFailed:
      return "it can't be started: " + outcome.reason;
    case Ending::kPanicked:
      return "berth's own code failed: please report it";
  }
  return "";
}

/// Says what went wrong with requests, on the loop's thread; when there is more than a reader takes, how
/// much.
class Complaints {
 public:
  explicit Complaints(Loop& loop) : loop_(loop) {}

  /// Any thread.
  void add(const std::string& module, const host::ServedRequest& request) {
    const std::string wrong = complaint(request);
    if (wrong.empty()) return;
    std::string line = fmt::format("{}: {}: {}", module, request.status, wrong);
    if (waiting_.fetch_add(1) >= kMostWaiting) {
      waiting_.fetch_sub(1);
      unsaid_.fetch_add(1);
      return;
    }
    loop_.post([this, line = std::move(line)] {
      waiting_.fetch_sub(1);
      if (const uint64_t unsaid = unsaid_.exchange(0); unsaid > 0) {
        say(fmt::format("{} more requests went wrong than could be said", unsaid));
      }
      say(line);
    });
  }

 private:
  static constexpr int kMostWaiting = 100;
  Loop& loop_;
  std::atomic<int> waiting_ = 0;
  std::atomic<uint64_t> unsaid_ = 0;
};

void announce(const Options& options, const ServedModules& modules, const std::string& address,
              const std::string& admin) {
  nlohmann::json list = nlohmann::json::array();
  std::vector<std::string> names;
  for (const ServedModule& module : modules.all()) {
    std::vector<std::string> routes;
    for (const serve::RoutePattern& route : module.asked.routes) routes.push_back(to_text(route));
    names.push_back(module.current.module->loaded().name);
    nlohmann::json entry{{"module", names.back()}, {"routes", routes}};
    if (!module.asked.name.empty()) entry["name"] = module.asked.name;
    list.push_back(std::move(entry));
  }
  const std::string url = fmt::format("{}://{}/", options.tls.asked() ? "https" : "http", address);
  if (options.json) {
    nlohmann::json line{{"modules", std::move(list)}, {"address", address}, {"url", url}};
    if (!admin.empty()) line["admin"] = "http://" + admin + "/";
    print(line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  } else {
    const std::string also = admin.empty() ? "" : fmt::format(", metrics on http://{}/metrics", admin);
    print(fmt::format("serving {} on {}{}\n", fmt::join(names, ", "), url, also));
  }
  std::fflush(stdout);
}

Result<engine::Reuse> reuse_of(const Options& options) {
  const uint64_t requests = BERTH_TRY(value_of("--reuse", parse_count(options.reuse)));
  const uint64_t at_once = BERTH_TRY(value_of("--concurrency", parse_count(options.at_once)));
  if (requests == 0 || requests > UINT32_MAX)
    return fail(ErrorCode::kInvalidArgument, "--reuse is 1, a fresh instance for each request, or more");
  if (at_once == 0 || at_once > requests)
    return fail(ErrorCode::kInvalidArgument,
                "--concurrency is at least 1, and no more than an instance may answer: say --reuse, too");
  return engine::Reuse{.requests = static_cast<uint32_t>(requests),
                       .at_once = static_cast<uint32_t>(at_once)};
}

/// Takes new versions as they are found.
void listen(ServeLoader& loader, Loop& loop, ServeChanges& changes, engine::Tls* tls) {
  loader.listen([&loop, &changes, tls](std::optional<Found> found) {
    loop.post([&changes, tls, found = std::move(found)] {
      if (found) {
        if (tls != nullptr && found->tls) take_tls(*tls, *found->tls);
        return changes.take(*found);
      }
      say("the process that loads new versions has ended: to serve others restart berth");
    });
  });
}

/// New versions can't be had everywhere; who asks for them is told.
Result<std::unique_ptr<ServeLoader>> start_loader(const Options& options, const AskedSite& asked,
                                                  const UserFolders& folders) {
  const GuestOptions& of_guests = options;
  auto loader = ServeLoader::start(
      {.site = asked, .options = of_guests, .folders = folders, .tls = options.tls, .watch = options.watch});
  if (loader || options.watch) return loader;
  return nullptr;
}

Result<int> serve(const Options& options) {
  if (options.activity == "-")
    return fail(ErrorCode::kInvalidArgument,
                "--activity - would be mixed with the access log, and with what modules print: give a file");
  const engine::Reuse reuse = BERTH_TRY(reuse_of(options));
  const engine::ServerSettings settings = BERTH_TRY(settings_of(options));
  uint64_t queue_length = BERTH_TRY(value_of("--queue", parse_count(options.queue)));
  if (has_switch(options.guards_off, kQueueSwitch)) queue_length = UINT64_MAX;
  std::chrono::nanoseconds queue_time =
      BERTH_TRY(value_of("--queue-timeout", parse_duration(options.queue_time)));
  if (has_switch(options.guards_off, kQueueTimeSwitch)) queue_time = std::chrono::hours(24);
  AskedSite asked{
      .module = options.module, .routes = options.routes, .file = options.site, .probe = options.probe};
  if (!asked.probe.empty()) asked.probe = BERTH_TRY(value_of("--probe", serve::parse_probe(asked.probe)));
  const std::string site_text = asked.file.empty() ? "" : BERTH_TRY(read_site(asked.file));
  const auto planned = BERTH_TRY(modules_asked(asked, site_text));
  const UserFolders folders = BERTH_TRY(user_folders());
  // Pulled first: the process beside this one looks at what the store has.
  for (const serve::SiteModule& module : planned) {
    std::ignore = BERTH_TRY(locate_shown(module.path, options.names));
  }
  const auto loader = BERTH_TRY(start_loader(options, asked, folders));
  const auto tls = BERTH_TRY(open_tls(options.tls));
  const size_t lanes = std::max(1U, std::thread::hardware_concurrency());
  // Bound first: what is taken already is said before anything is compiled.
  auto listener = BERTH_TRY(engine::Listener::bind(options.address, lanes));
  allow_most_open_files();
  const auto loop = BERTH_TRY(Loop::create());
  const uint64_t guards_off = BERTH_TRY(guard_bits(options.guards_off));
  const auto engine = BERTH_TRY(engine::Engine::create(lanes, guards_off, host::HttpModule::kPlaces));
  OwnGroup group;
  std::shared_ptr<content::Service> content;
  std::shared_ptr<activity::Journal> journal;
  ServedModules modules = BERTH_TRY(ServedModules::make_ready(
      planned, options,
      {.folders = folders, .engine = *engine, .group = group, .content = content, .journal = journal}));
  BERTH_TRY_VOID(modules.limit_group(group, settings.connections));
  const std::string address = listener.address();
  const auto seen = BERTH_TRY(Seen::open(options.seen, address, lanes, tls != nullptr));
  BERTH_TRY_VOID(modules.raise_wall(options, *engine, folders, seen->servers()));
  if (content) content->keep_checking(say);

  Complaints complaints(*loop);
  ServeChanges changes(*loop, *engine, folders, modules, asked, loader.get(),
                       [&](const std::string& module, const host::ServedRequest& request) {
                         complaints.add(module, request);
                       });
  // From here on instances may be there, and the lanes tell of them what would be gone when this returned.
  const auto leave = [&](const Error& error) { std::_Exit(report(error, options.style())); };
  const auto made = modules.start(
      *engine, {.reuse = reuse, .queue_length = queue_length},
      [&](const host::Loaded& loaded, uint64_t number) { return changes.watch_first(loaded, number); });
  if (!made) leave(made.error());
  if (const auto tried = modules.try_out(*engine); !tried) leave(tried.error());
  const serve::SiteSettings on_site{
      .queue_time = queue_time, .access_log = seen->start_log(), .telemetry = seen->start_telemetry(*loop)};
  serve::Site site(modules.table(), on_site, [&](uint64_t left) {
    loop->post([&, left] {
      if (left > 0) say(fmt::format("{} connections didn't end in time", left));
      loop->stop();
    });
  });
  changes.begin(site);
  auto started = engine::Server::start(*engine, std::move(listener), settings, site, tls.get());
  if (!started) leave(started.error());
  const std::unique_ptr<engine::Server> server = *std::move(started);
  if (const auto shown = seen->start_admin(*engine, site, *server); !shown) leave(shown.error());
  seen->start_metrics(site, *server);
  if (loader) listen(*loader, *loop, changes, tls.get());
  bool stopping = false;
  loop->on_signals({SIGINT, SIGTERM, SIGHUP}, [&](int signal) {
    if (signal == SIGHUP) {
      const bool asked_for = loader && loader->look();
      if (!asked_for) say("there is no process here that loads new versions: to serve others restart berth");
      return;
    }
    if (stopping) std::_Exit(128 + signal);
    stopping = true;
    seen->stopping();
    server->stop();
  });
  for (const std::string& line : modules.unanswered()) say(line);
  // Who reads it may send a signal at once.
  announce(options, modules, address, seen->admin_address());
  loop->run();
  seen->close();
  modules.close();
  changes.conclude();
  group.give_back();
  std::fflush(nullptr);
  std::_Exit(0);
}

}  // namespace

int serve_verb(const Arguments& arguments) {
  CLI::App app("", "berth serve");
  Options options;
  describe(app, options);
  if (const auto done = parse(app, arguments, options.style())) return *done;
  return finish(serve(options), options.style());
}

}  // namespace berth::cli
