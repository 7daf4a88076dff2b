// SPDX-License-Identifier: Apache-2.0
// berth serve: a module that answers HTTP requests, contained.

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/units.h"
#include "cli/guest_run.h"
#include "cli/options.h"
#include "cli/serve_seen.h"
#include "serve/site.h"

namespace berth::cli {
namespace {

struct Options : GuestOptions {
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
  SeenOptions seen;
};

void describe(CLI::App& app, Options& options) {
  app.description(
      "Answers HTTP requests with a module that exports 'wasi:http/incoming-handler': each request in a "
      "fresh\n"
      "instance, which gets what the grants open and no more than the limits. Those of time and fuel hold "
      "for\n"
      "each request, those of memory, storage and network for the module. HTTP/1.1, and HTTP/2 for a client "
      "that\n"
      "begins with it.\n");
  app.footer(
      "\nFor example, on a port that the system chooses, which is printed, with at most a second for a "
      "request:\n\n"
      "  berth serve --addr 127.0.0.1:0 --wall 1s --memory 256MiB hello.wasm\n\n"
      "A request that a limit ends is answered with 504, one whose guest traps with 502, one too many with "
      "503.\n"
      "SIGTERM or Ctrl-C stops accepting, and ends once the requests that are under way are served.\n");
  add_guest_options(app, options);
  app.add_option("--reuse", options.reuse, "requests that an instance answers")
      ->capture_default_str()
      ->type_name("COUNT");
  app.add_option("--concurrency", options.at_once,
                 "those that it may answer at once, where it is of WASI 0.3")
      ->capture_default_str()
      ->type_name("COUNT");
  app.add_option("--addr", options.address, "address and port to listen on; port 0 is one that is free")
      ->capture_default_str()
      ->type_name("ADDRESS");
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
  app.add_option("MODULE", options.module, "a .wasm or .wat file")->required();
}

/// The value of an option, or which option it is that can't be read.
template <class T>
Result<T> value_of(std::string_view option, Result<T> value) {
  if (!value) return fail(value.error().code, fmt::format("{}: {}", option, value.error().message));
  return value;
}

Result<engine::ServerSettings> settings_of(const Options& options) {
  engine::ServerSettings settings;
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
  void add(const host::ServedRequest& request) {
    std::string line = complaint(request);
    if (line.empty()) return;
    if (waiting_.fetch_add(1) >= kMostWaiting) {
      waiting_.fetch_sub(1);
      unsaid_.fetch_add(1);
      return;
    }
    loop_.post([this, status = request.status, line = std::move(line)] {
      waiting_.fetch_sub(1);
      if (const uint64_t unsaid = unsaid_.exchange(0); unsaid > 0) {
        say(fmt::format("{} more requests went wrong than could be said", unsaid));
      }
      say(fmt::format("{}: {}", status, line));
    });
  }

 private:
  static constexpr int kMostWaiting = 100;
  Loop& loop_;
  std::atomic<int> waiting_ = 0;
  std::atomic<uint64_t> unsaid_ = 0;
};

void announce(const Options& options, std::string_view module, const std::string& address,
              const std::string& admin) {
  if (options.json) {
    nlohmann::json said{{"module", module}, {"address", address}, {"url", "http://" + address + "/"}};
    if (!admin.empty()) said["admin"] = "http://" + admin + "/";
    print(said.dump() + "\n");
  } else {
    const std::string also = admin.empty() ? "" : fmt::format(", metrics on http://{}/metrics", admin);
    print(fmt::format("serving {} on http://{}/{}\n", module, address, also));
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

Result<int> serve(const Options& options) {
  const engine::Reuse reuse = BERTH_TRY(reuse_of(options));
  const engine::ServerSettings settings = BERTH_TRY(settings_of(options));
  const uint64_t queue_length = BERTH_TRY(value_of("--queue", parse_count(options.queue)));
  const auto queue_time = BERTH_TRY(value_of("--queue-timeout", parse_duration(options.queue_time)));
  const size_t lanes = std::max(1U, std::thread::hardware_concurrency());
  // Bound first: what is taken already is said before anything is compiled.
  auto listener = BERTH_TRY(engine::Listener::bind(options.address, lanes));
  Ready ready = BERTH_TRY(make_ready(options, {.lanes = lanes, .use = host::Use::kServed}));
  const std::string name = ready.loaded.name;
  const std::string address = listener.address();
  const auto seen = BERTH_TRY(Seen::open(options.seen, address, lanes));
  BERTH_TRY_VOID(raise_second_wall(options, ready));

  Loop& loop = *ready.loop;
  Complaints complaints(loop);
  const host::CommandRequest request = request_for(options, ready);
  auto module = host::HttpModule::create(*ready.engine, std::move(ready.loaded), request,
                                         {.reuse = reuse, .queue_length = queue_length},
                                         [&](const host::ServedRequest& served) { complaints.add(served); });
  if (!module) {
    return fail(module.error().code, fmt::format("'{}' can't be served: {}", name, module.error().message));
  }
  serve::Table table;
  table.modules.push_back(*module);
  BERTH_TRY_VOID(table.routes.add({}, 0));
  const serve::SiteSettings on_site{.queue_time = queue_time, .access_log = seen->start_log()};
  serve::Site site(std::move(table), on_site, [&](uint64_t left) {
    loop.post([&loop, left] {
      if (left > 0) say(fmt::format("{} connections didn't end in time", left));
      loop.stop();
    });
  });
  const auto server = BERTH_TRY(engine::Server::start(*ready.engine, std::move(listener), settings, site));
  if (const auto started = seen->start_admin(*ready.engine, site, *server); !started) {
    std::_Exit(report(started.error(), options.style()));  // requests may be under way already
  }
  announce(options, name, address, seen->admin_address());
  bool stopping = false;
  loop.on_signals({SIGINT, SIGTERM}, [&](int signal) {
    if (stopping) std::_Exit(128 + signal);
    stopping = true;
    seen->stopping();
    server->stop();
  });
  loop.run();
  seen->close();
  (*module)->close();
  keep_denials((*module)->denials().collect(), (*module)->denials().unlisted(), (*module)->loaded(),
               ready.folders);
  std::fflush(nullptr);
  std::_Exit(0);
}

}  // namespace

int serve_verb(const Arguments& arguments) {
  CLI::App app("", "berth serve");
  Options options;
  describe(app, options);
  if (const auto done = parse(app, arguments, options.style())) return *done;
  const auto status = serve(options);
  return status ? *status : report(status.error(), options.style());
}

}  // namespace berth::cli
