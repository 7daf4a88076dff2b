// SPDX-License-Identifier: Apache-2.0
// The command line of berth: which verb runs. Each verb is a file beside this one and wires what it needs.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "base/error_table.h"
#include "cli/verb.h"
#include "engine/compiler.h"

namespace {

using namespace berth;

struct Verb {
  std::string_view name;
  std::string_view does;
  int (*run)(const cli::Arguments&);
};

constexpr auto kVerbs = std::to_array<Verb>({
    {"run", "run a command, contained", cli::run_verb},
    {"call", "call a function of a module with typed values, contained", cli::call_verb},
    {"serve", "answer HTTP requests with a module, contained", cli::serve_verb},
    {"inspect", "what a module is, needs and offers", cli::inspect_verb},
    {"keys", "make, list, import and export keys to sign with", cli::keys_verb},
    {"sign", "vouch for a module, or for an account that does", cli::sign_verb},
    {"bindgen", "write a C++ header for a world of WIT", cli::bindgen_verb},
    {"pull", "bring modules from a registry into the store", cli::pull_verb},
    {"push", "bring a module to a registry", cli::push_verb},
    {"list", "which modules are in the store", cli::list_verb},
    {"search", "find modules of the store by names, imports and exports", cli::search_verb},
    {"show", "what the store knows of a name", cli::show_verb},
    {"yank", "mark a name as one that nothing new should use", cli::yank_verb},
    {"rm", "remove names from the store", cli::rm_verb},
    {"gc", "make room in the store", cli::gc_verb},
    {"verify", "check all of the store, and repair it", cli::verify_verb},
    {"content", "IPFS's content: bring, keep, show, pack it", cli::content_verb},
    {"why", "what modules were refused, and what would allow it", cli::why_verb},
    {"ps", "which modules run, and what is set aside for them", cli::ps_verb},
    {"top", "what modules do, live", cli::top_verb},
    {"cache", "list or clear the compiled modules", cli::cache_verb},
    {"volume", "list or remove the folders that berth keeps for modules", cli::volume_verb},
    {"doctor", "what holds on this machine, and what to do about the rest", cli::doctor_verb},
});

std::string usage() {
  std::string text =
      "berth runs WebAssembly modules that you don't trust: nothing is allowed unless you say so.\n\n"
      "usage: berth VERB [OPTIONS] …\n\n";
  for (const Verb& verb : kVerbs) text += fmt::format("  {:<9} {}\n", verb.name, verb.does);
  text +=
      "\n'berth VERB --help' tells more. For example, run a module that may read the folder ./data, with at "
      "most\n"
      "64 MiB of memory and 2 s of CPU time:\n\n"
      "  berth run --dir ./data --memory 64MiB --cpu-time 2s module.wasm\n\n"
      "Exit statuses of berth's own (a guest's pass through):\n";
  for (const ErrorRow& row : error_table()) text += fmt::format("  {:>3}  {}\n", row.exit_status, row.name);
  return text;
}

int dispatch(const cli::Arguments& arguments) {
  if (arguments.empty()) {
    fmt::print(stderr, "{}", usage());
    return error_row(ErrorCode::kInvalidArgument).exit_status;
  }
  const std::string& name = arguments.front();
  if (name == "--help" || name == "-h" || name == "help") return cli::print(usage());
  if (name == "--version" || name == "-V") return cli::print("berth " BERTH_VERSION "\n");
  if (name == engine::kWorkerVerb && arguments.size() > 3) {
    return engine::serve_compiler({arguments.begin() + 1, arguments.end()});
  }
  for (const Verb& verb : kVerbs) {
    if (verb.name == name) return verb.run(cli::Arguments(arguments.begin() + 1, arguments.end()));
  }
  const bool looks_like_module = name.ends_with(".wasm") || name.ends_with(".wat");
  return cli::report(
      {.code = ErrorCode::kInvalidArgument,
       .message = looks_like_module
                      ? fmt::format("'{}' is no verb: to run a module say 'berth run {}'", name, name)
                      : fmt::format("'{}' is no verb: 'berth --help' lists them", name)},
      cli::Style::kText);
}

}  // namespace

int main(int argc, char** argv) {
  // A reader that goes away is an error of a write, not the end of this process.
  std::signal(SIGPIPE, SIG_IGN);
  // So is a file that grows beyond this shell's limit.
  std::signal(SIGXFSZ, SIG_IGN);
  if (argc > 0) cli::note_program(argv[0]);
  int status = 0;
  try {
    status = dispatch(cli::Arguments(argv + std::min(argc, 1), argv + argc));
  } catch (const std::exception& e) {
    status = cli::report({.code = ErrorCode::kInternal, .message = fmt::format("unexpected: {}", e.what())},
                         cli::Style::kText);
  }
  std::fflush(nullptr);
#ifdef NDEBUG
  // The system takes the memory back faster than destructors of the engine's libraries would.
  std::_Exit(status);
#else
  return status;
#endif
}
