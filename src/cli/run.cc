// SPDX-License-Identifier: Apache-2.0
// berth run: a command, contained.

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/error_table.h"
#include "base/os/process.h"
#include "base/units.h"
#include "cli/learn.h"
#include "cli/learn_report.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/run_policy.h"
#include "cli/test_switches.h"
#include "engine/compiler.h"
#include "engine/image_cache.h"
#include "host/berthing.h"
#include "host/command.h"
#include "host/denial_log.h"
#include "host/loader.h"
#include "registry/module_file.h"

namespace berth::cli {
namespace {

using nlohmann::json;

constexpr uint64_t kCacheBytes = uint64_t{2} << 30;
constexpr size_t kDenialsShown = 5;

struct Options {
  AskedPolicy policy;
  LearnOptions learn;
  std::optional<std::string> round_report;  // of a round of --learn: where to leave its report
  bool json = false;
  bool quiet = false;
  bool no_cache = false;
  bool portable = false;
  std::vector<std::string> guards_off;  // only in builds with test switches
  bool shared = false;                  // the same
  std::string module;
  std::vector<std::string> args;

  Style style() const {
    return json ? Style::kJson : Style::kText;
  }
};

void describe(CLI::App& app, Options& options) {
  app.description(
      "Runs a command: a WASI 0.2 component or a preview 1 module, .wasm or .wat. It gets its standard "
      "streams\n"
      "and nothing else, unless a grant says so. Options stand before MODULE; all after it is the "
      "guest's.\n");
  app.footer(
      "\nFor example, let a bundler read and write the folder ./site, which it sees as /site:\n\n"
      "  berth run --dir ./site:/site:rw --memory 512MiB --cpu-time 10s esbuild.wasm --bundle "
      "/site/app.js\n\n"
      "What it was refused is said at the end, and kept for 'berth why'. A guest's exit status passes "
      "through;\n"
      "124 means that a limit ended it, 134 that it trapped.\n\n"
      "With --learn it runs from its beginning again and again: what it does behind an open door is done in\n"
      "every round. What is granted here is opened as far as it is used, anything else is asked on the\n"
      "terminal, or with --learn=auto stays shut unless FILE of --within holds it. A round's output is held\n"
      "back and only the last one's is passed on, unless both it and standard input are the terminal; a "
      "file\n"
      "or a pipe as standard input is read again in each round.\n");
  app.add_option("--grant", options.policy.grants,
                 "open a door: 'files ./data:/data:rw', 'http.out https://example.com/*'")
      ->type_name("GRANT")
      ->allow_extra_args(false);
  app.add_option("--dir", options.policy.folders,
                 "a folder, read-only unless :rw: short for --grant 'files …'")
      ->type_name("HOST[:GUEST][:rw]")
      ->allow_extra_args(false);
  app.add_option("--env", options.policy.env, "a variable, or this shell's own: short for --grant 'env …'")
      ->type_name("KEY[=VALUE]")
      ->allow_extra_args(false);
  app.add_option("--policy", options.policy.policy_file, "grants and limits from a TOML file")
      ->type_name("FILE");
  app.add_option("--memory", options.policy.memory, "memory of the whole module; 1GiB unless given")
      ->type_name("SIZE");
  app.add_option("--cpu-time", options.policy.cpu_time, "CPU time")->type_name("TIME");
  app.add_option("--wall", options.policy.wall, "time until it has to be done, waiting included")
      ->type_name("TIME");
  app.add_option("--limit", options.policy.limits, "any limit by its name: cpu.fuel=1000000")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  describe_learn(app, options.learn);
  app.add_option(kRoundReport, options.round_report)->group("");  // not shown
  app.add_flag("--json", options.json,
               "report on the run as one JSON object, the last line of standard error");
  app.add_flag("--quiet", options.quiet, "say nothing of what was refused");
  app.add_flag("--no-cache", options.no_cache, "compile anew, and keep nothing");
  app.add_flag("--portable", options.portable, "use only system calls that every POSIX system has");
  if (kTestSwitches) {
    app.add_option("--guard-off", options.guards_off, "for tests: turn one guard off")
        ->allow_extra_args(false);
    app.add_flag("--shared", options.shared, "for tests: as in a process that the guest shares with others");
  }
  // The first word that isn't an option ends the options.
  app.prefix_command();
}

/// What remains is MODULE and the guest's own arguments.
Result<void> take_module(const CLI::App& app, Options& options) {
  std::vector<std::string> rest = app.remaining();
  if (rest.empty()) {
    return fail(ErrorCode::kInvalidArgument, "no module is given; see 'berth run --help'");
  }
  if (rest.front().size() > 1 && rest.front().starts_with('-')) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("'{}' is no option of 'berth run'; the guest's own stand after MODULE", rest.front()));
  }
  options.module = rest.front();
  options.args.assign(rest.begin() + 1, rest.end());
  return {};
}

json to_json(const host::CommandReport& report, const Options& options, const Digest& digest) {
  static constexpr const char* kEndings[] = {"",          "exited", "trapped", "limited",
                                             "cancelled", "failed", "panicked"};
  json denials = json::array();
  for (const host::Denial& denial : report.denials) {
    denials.push_back({{"capability", denial.capability},
                       {"operation", denial.operation},
                       {"target", denial.target},
                       {"method", denial.method},
                       {"rule", denial.rule},
                       {"suggestion", denial.suggestion},
                       {"count", denial.count},
                       {"probe", denial.probe}});
  }
  json value = {{"module", options.module},
                {"digest", digest.text()},
                {"ending", kEndings[static_cast<int>(report.outcome.ending)]},
                {"cpu_used_ns", report.outcome.cpu_used.count()},
                {"wall_ns", report.wall.count()},
                {"memory_limit_bytes", report.memory_limit_bytes},
                {"memory_reserve_bytes", report.memory_reserve_bytes},
                {"memory_peak_bytes", report.memory_peak_bytes},
                {"network",
                 {{"sent_bytes", report.outcome.network.sent_bytes},
                  {"received_bytes", report.outcome.network.received_bytes},
                  {"connections", report.outcome.network.connections}}},
                {"denials", std::move(denials)},
                {"denials_unlisted", report.denials_unlisted}};
  using Ending = engine::Outcome::Ending;
  if (report.outcome.ending == Ending::kExited) value["exit_status"] = report.outcome.exit_status;
  if (report.outcome.ending == Ending::kLimited) value["limit"] = host::limit_name(report.outcome.limit);
  if (!report.outcome.reason.empty()) value["reason"] = report.outcome.reason;
  if (!report.outcome.trace.empty()) value["trace"] = report.outcome.trace;
  return value;
}

void say_denials(const host::CommandReport& report, const std::string& module) {
  size_t said = 0;
  size_t more = 0;
  for (const host::Denial& denial : report.denials) {
    if (denial.probe) continue;
    if (said == kDenialsShown) {
      ++more;
      continue;
    }
    say(denial.line);
    ++said;
  }
  if (more + report.denials_unlisted > 0) {
    say(fmt::format("{} more were denied: 'berth why {}' lists them", more + report.denials_unlisted,
                    module));
  }
}

/// Says how the run ended, where the guest itself didn't.
void say_ending(const host::CommandReport& report, const policy::Effective& effective) {
  using Ending = engine::Outcome::Ending;
  switch (report.outcome.ending) {
    case Ending::kExited:
      if (report.outcome.exit_status != 0 && report.memory_refused_bytes) {
        say(fmt::format(
            "the guest was refused memory beyond its {}, and exited with {}: raise it with --memory {}",
            format_bytes(report.memory_limit_bytes), report.outcome.exit_status,
            exact_bytes(2 * report.memory_limit_bytes)));
      }
      return;
    case Ending::kTrapped:
      say(fmt::format("the guest trapped: {}", report.outcome.reason));
      if (!report.outcome.trace.empty()) tell(report.outcome.trace + "\n");
      return;
    case Ending::kLimited:
      say(host::explain_limit(report, effective));
      return;
    case Ending::kCancelled:
      return;
    case Ending::kFailed:
      say(fmt::format("the guest could not be started: {}", report.outcome.reason));
      return;
    case Ending::kPanicked:
      say("berth itself failed, and ended the guest: please report it, with what stands above");
      return;
  }
}

int exit_status_of(const host::CommandReport& report) {
  using Ending = engine::Outcome::Ending;
  switch (report.outcome.ending) {
    case Ending::kExited:
      return report.outcome.exit_status & 0xff;
    case Ending::kTrapped:
      return error_row(ErrorCode::kTrap).exit_status;
    case Ending::kLimited:
      return error_row(ErrorCode::kLimit).exit_status;
    case Ending::kCancelled:
      return report.signal ? 128 + *report.signal : error_row(ErrorCode::kCancelled).exit_status;
    case Ending::kFailed:
      return error_row(ErrorCode::kInvalidModule).exit_status;
    case Ending::kPanicked:
      return error_row(ErrorCode::kInternal).exit_status;
  }
  return error_row(ErrorCode::kInternal).exit_status;
}

void keep_denials(const host::CommandReport& report, const host::Loaded& module, const UserFolders& folders) {
  if (report.denials.empty()) return;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto kept =
      host::DenialLog(folders.state)
          .append({.unix_seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count(),
                   .module = module.name,
                   .digest = module.digest.text(),
                   .denials = report.denials,
                   .unlisted = report.denials_unlisted});
  if (!kept) say(fmt::format("what was denied can't be kept for 'berth why': {}", kept.error().message));
}

engine::CompileLimits compile_limits(const policy::Limits& limits) {
  engine::CompileLimits chosen;
  chosen.memory_bytes = limits.compile_memory_bytes.value_or(chosen.memory_bytes);
  chosen.cpu_time = limits.compile_time.value_or(chosen.cpu_time);
  return chosen;
}

[[noreturn]] void leave(int status) {
  std::fflush(nullptr);
  std::_Exit(status);
}

Result<int> run(const Options& options) {
  const UserFolders folders = BERTH_TRY(user_folders());
  const policy::Effective effective = BERTH_TRY(effective_policy(options.policy, folders));
  for (const policy::Cut& cut : effective.cuts) say(policy::explain(cut));
  for (const policy::Lowered& lowered : effective.lowered) say(policy::explain(lowered));
  // Asked before anything is compiled.
  std::ignore = BERTH_TRY(host::guest_for(effective.policy));
  const uint64_t guards_off = BERTH_TRY(guard_bits(options.guards_off));

  allow_most_open_files();
  const auto loop = BERTH_TRY(Loop::create());
  const auto engine = BERTH_TRY(engine::Engine::create(1, guards_off));
  std::unique_ptr<engine::ImageCache> cache;
  if (!options.no_cache) {
    auto opened = engine::ImageCache::open(folders.cache + "/compiled", kCacheBytes);
    if (opened) {
      cache = std::move(*opened);
      if (has_switch(options.guards_off, kCacheAuthSwitch)) cache->trust_unchecked();
    } else {
      say(fmt::format("compiling without a cache: {}", opened.error().message));
    }
  }
  const policy::Limits& limits = effective.policy.limits;
  const engine::EngineKind kind{.fuel = limits.cpu_fuel.has_value(), .alone = !options.shared};
  const engine::Compiler compiler(program(options.portable), compile_limits(limits));
  const bool contained = !has_switch(options.guards_off, kCompileSwitch);
  host::Loaded loaded;
  {
    Progress progress;
    const host::Loader loader(*engine, cache.get(), contained ? &compiler : nullptr);
    loaded = BERTH_TRY(loader.load(options.module, kind, guards_off, [&](const registry::ModuleFile& file) {
      progress.begin(fmt::format("compiling {} ({})", file.name, format_bytes(file.bytes.size())));
    }));
  }
  if (const auto command = loaded.module->check_command(); !command) {
    return fail(command.error().code,
                fmt::format("'{}' can't be run: {}", loaded.name, command.error().message));
  }
  host::CommandRequest request{.policy = effective.policy,
                               .args = {loaded.name},
                               .dns_servers = effective.dns_servers,
                               .ways = options.portable ? engine::Ways::kPortable : engine::Ways::kNative,
                               .guards_off = guards_off};
  request.args.insert(request.args.end(), options.args.begin(), options.args.end());
  const host::CommandReport report = BERTH_TRY(host::run_command(*engine, *loaded.module, request, *loop));

  keep_denials(report, loaded, folders);
  if (options.round_report) BERTH_TRY_VOID(write_round_report(*options.round_report, report));
  if (report.outcome.unfinished_line) note_unfinished_line();
  if (options.json) {
    tell(to_json(report, options, loaded.digest).dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
  } else {
    if (!options.quiet) say_denials(report, options.module);
    say_ending(report, effective);
  }
  // The guest is still at it, on the engine's threads: it ends with the process, which is its own.
  if (report.outcome.still_running) leave(exit_status_of(report));
  return exit_status_of(report);
}

/// Each round is this verb again, with its own policy and a report.
LearnRequest learn_request(const Options& options) {
  LearnRequest request{.learn = options.learn,
                       .policy = options.policy,
                       .json = options.json,
                       .quiet = options.quiet,
                       .portable = options.portable,
                       .run_options = {},
                       .module = options.module,
                       .args = options.args};
  if (options.no_cache) request.run_options.emplace_back("--no-cache");
  if (options.portable) request.run_options.emplace_back("--portable");
  if (options.shared) request.run_options.emplace_back("--shared");
  for (const std::string& guard : options.guards_off) {
    request.run_options.insert(request.run_options.end(), {"--guard-off", guard});
  }
  return request;
}

}  // namespace

int run_verb(const Arguments& arguments) {
  CLI::App app("", "berth run");
  Options options;
  describe(app, options);
  if (const auto done = parse(app, arguments, options.style())) return *done;
  if (const auto taken = take_module(app, options); !taken) return report(taken.error(), options.style());
  if (const auto fits = check(options.learn); !fits) return report(fits.error(), options.style());
  const auto status = options.learn.mode.empty() ? run(options) : learn(learn_request(options));
  return status ? *status : report(status.error(), options.style());
}

}  // namespace berth::cli
