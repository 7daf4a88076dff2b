// SPDX-License-Identifier: Apache-2.0
// berth run: a command, contained.

#include <fmt/format.h>

#include <filesystem>

#include "cli/guest_run.h"
#include "cli/learn.h"
#include "cli/learn_report.h"
#include "cli/options.h"

namespace berth::cli {
namespace {

struct Options : GuestOptions {
  LearnOptions learn;
  std::optional<std::string> round_report;  // of a round of --learn: where to leave its report
  std::vector<std::string> args;
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
  add_guest_options(app, options);
  describe_learn(app, options.learn);
  app.add_option(kRoundReport, options.round_report)->group("");  // not shown
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

Result<void> check_activity(const Options& options) {
  if (options.activity.empty() || options.learn.mode.empty()) return {};
  return fail(ErrorCode::kInvalidArgument,
              "--activity is for a run, and --learn looks whether the module asks for it: give one of them");
}

Result<int> run(const Options& options) {
  Ready ready = BERTH_TRY(make_ready(options));
  const host::Loaded& loaded = ready.loaded;
  if (const auto command = loaded.module->check_command(); !command) {
    const auto functions = loaded.module->functions();
    if (functions && !functions->empty()) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("'{}' is no command, but has functions: 'berth call {}' lists them",
                              loaded.name, options.module));
    }
    return fail(command.error().code,
                fmt::format("'{}' can't be run: {}", loaded.name, command.error().message));
  }
  host::CommandRequest request = request_for(options, ready);
  request.args.insert(request.args.end(), options.args.begin(), options.args.end());
  request.phantom_always = options.round_report.has_value();
  std::vector<std::string> written;
  if (options.round_report) written.push_back(std::filesystem::path(*options.round_report).parent_path());
  BERTH_TRY_VOID(raise_second_wall(options, ready, std::move(written)));
  const host::CommandReport report =
      BERTH_TRY(host::run_command(*ready.engine, *loaded.module, request, *ready.loop));
  if (options.round_report) BERTH_TRY_VOID(write_round_report(*options.round_report, report));
  return conclude(report, options, ready);
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
  const std::vector<std::string> names = words_of(options.names);
  request.run_options.insert(request.run_options.end(), names.begin(), names.end());
  if (options.no_cache) request.run_options.emplace_back("--no-cache");
  if (options.trust.file)
    request.run_options.insert(request.run_options.end(), {"--trust", *options.trust.file});
  if (options.trust.require_signed) request.run_options.emplace_back("--require-signed");
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
  if (const auto fits = check_activity(options); !fits) return report(fits.error(), options.style());
  return finish(options.learn.mode.empty() ? run(options) : learn(learn_request(options)), options.style());
}

}  // namespace berth::cli
