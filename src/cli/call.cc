// SPDX-License-Identifier: Apache-2.0
// berth call: any function that a module exports, with values from the command line, contained.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/guest_run.h"
#include "cli/options.h"
#include "engine/compiler.h"
#include "policy/nearest.h"

namespace berth::cli {
namespace {

constexpr size_t kFunctionsShown = 30;

struct Options : GuestOptions {
  std::string call;
};

void describe(CLI::App& app, Options& options) {
  app.description(
      "Calls a function of a module with typed values, and prints what it gives on one line. Arguments and "
      "result\n"
      "are written in WAVE: 42, -1.5, true, 'c', \"text\", [1, 2], (1, \"a\"), {x: 1, y: 2}, red, "
      "circle(2.5), "
      "some(1),\n"
      "none, ok(1), err(\"no\"), {read, write}. They are checked before the module is started. The function "
      "gets "
      "what\n"
      "a command gets: its standard streams and nothing else, unless a grant says so.\n");
  app.footer(
      "\nFor example, a function of the module itself, and one of an interface; '…' keeps the shell away "
      "from "
      "quotes:\n\n"
      "  berth call greet.wasm 'greet(\"Ada\")'\n"
      "  berth call calc.wasm 'docs:calc/ops@0.1.0.add(1, 2)'\n\n"
      "A name may be shortened to 'ops.add' or 'add' while it is the only one. Without FUNCTION all are "
      "listed.\n"
      "Functions of numbers of a core module are called the same way. A result that is an error is printed, "
      "and "
      "the\n"
      "exit status is 1; 120 means that the call is written wrongly, 124 that a limit ended it, 134 that it "
      "trapped.\n"
      "With --json the result is JSON: records are objects, {\"circle\":2.5} is a case with a value, none is "
      "null.\n");
  add_guest_options(app, options);
  app.add_option("MODULE", options.module, "a .wasm or .wat file")->required();
  app.add_option("FUNCTION", options.call, "the function with its arguments in parentheses");
}

/// "ops.add" of "ops.add: func(a: s32) -> s32".
std::string_view name_of(std::string_view line) {
  return line.substr(0, std::min(line.find(": func("), line.find(": async func(")));
}

std::string listed(const std::vector<std::string>& functions) {
  std::string text;
  for (size_t i = 0; i < std::min(functions.size(), kFunctionsShown); ++i) text += "\n  " + functions[i];
  if (functions.size() > kFunctionsShown) {
    text += fmt::format("\n  … and {} more: 'berth inspect' shows them", functions.size() - kFunctionsShown);
  }
  return text;
}

/// Why a core module's export that isn't among the component's functions can't be called; read anew, as the
/// compiled image knows nothing of it.
std::optional<std::string> reason_of_core(const Options& options, const Ready& ready, std::string_view name) {
  const auto file = registry::read_located(ready.located);
  if (!file) return std::nullopt;
  const engine::Compiler compiler(program(options.portable),
                                  host::compile_limits(ready.effective.policy.limits));
  const auto module = compiler.describe(file->bytes);
  if (!module || module->form != engine::Form::kCore) return std::nullopt;
  for (size_t i = 0; i < std::min(module->exports.size(), module->export_notes.size()); ++i) {
    if (module->exports[i] != name) continue;
    const std::string& note = module->export_notes[i];
    return fmt::format("'{}' of '{}' is {}{}", name, ready.loaded.name, module->export_types[i],
                       note.empty() ? ", no function" : " and can't be called: " + note);
  }
  return std::nullopt;
}

std::unexpected<Error> no_such_function(const Options& options, const Ready& ready, const std::string& name) {
  const auto functions = ready.loaded.module->functions();
  if (!functions) return fail(functions.error().code, functions.error().message);
  if (name.empty()) {
    const std::string_view none = functions->empty() ? "'{}' has no functions to call" : "";
    if (!none.empty()) return fail(ErrorCode::kNotFound, fmt::format(fmt::runtime(none), ready.loaded.name));
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("no function is given; '{}' has:{}", ready.loaded.name, listed(*functions)));
  }
  if (auto reason = reason_of_core(options, ready, name)) return fail(ErrorCode::kUnsupported, *reason);
  std::vector<std::string_view> known;
  for (const std::string& line : *functions) {
    const std::string_view full = name_of(line);
    known.push_back(full);
    const size_t before = full.find(']') != std::string_view::npos ? full.find(']') : full.rfind('.');
    if (before != std::string_view::npos) known.push_back(full.substr(before + 1));
  }
  const auto meant = policy::nearest(name, known);
  return fail(ErrorCode::kNotFound,
              fmt::format("'{}' is no function of '{}'{}{}", name, ready.loaded.name,
                          meant ? fmt::format(", did you mean '{}'", *meant) : "",
                          functions->empty() ? "; it has none" : "; it has:" + listed(*functions)));
}

Result<int> call(const Options& options) {
  if (options.activity == "-")
    return fail(ErrorCode::kInvalidArgument,
                "--activity - and what the function returns would be mixed: give a file");
  Ready ready = BERTH_TRY(make_ready(options));
  const auto notation = options.json ? engine::Notation::kJson : engine::Notation::kWave;
  const auto function = ready.loaded.module->function(options.call, notation);
  if (!function) {
    const Error& error = function.error();
    if (error.code == ErrorCode::kNotFound) return no_such_function(options, ready, error.message);
    return fail(error.code, error.message);
  }
  host::CommandRequest request = request_for(options, ready);
  request.function = function->get();
  BERTH_TRY_VOID(raise_second_wall(options, ready));
  const host::CommandReport report =
      BERTH_TRY(host::run_command(*ready.engine, *ready.loaded.module, request, *ready.loop));
  // A signal ends this process again, also while a reader of the result takes its time.
  ready.loop.reset();
  const std::string& result = report.outcome.result;
  int printed = 0;
  if (!result.empty()) printed = print(result + "\n");
  std::string more;
  if (options.json) {
    more = ",\"function\":" +
           nlohmann::json(options.call).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
    if (!result.empty()) more += ",\"result\":" + result;
  }
  const int status = conclude(report, options, ready, more);
  return printed != 0 ? printed : status;
}

}  // namespace

int call_verb(const Arguments& arguments) {
  CLI::App app("", "berth call");
  Options options;
  describe(app, options);
  if (const auto done = parse(app, arguments, options.style())) return *done;
  return finish(call(options), options.style());
}

}  // namespace berth::cli
