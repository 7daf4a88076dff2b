// SPDX-License-Identifier: Apache-2.0
// berth top: what the modules of this user do just now, in whichever process.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/os/process_usage.h"
#include "base/os/screen.h"
#include "base/units.h"
#include "cli/options.h"
#include "host/live.h"
#include "host/place.h"

namespace berth::cli {
namespace {

constexpr std::chrono::milliseconds kRefresh{1'000};

struct Options {
  bool json = false;
  bool once = false;
};

/// Looks at the table and at the processes in it, whose files it keeps open: a number that is used again
/// isn't taken for the process that had it.
class Looker {
 public:
  explicit Looker(std::string state_folder) : state_folder_(std::move(state_folder)) {}

  Result<host::Look> look() {
    host::Look look;
    look.time = std::chrono::steady_clock::now();
    look.residents = BERTH_TRY(host::residents(state_folder_));
    std::map<int64_t, ProcessUsage> still;
    for (const host::Resident& resident : look.residents) {
      if (still.contains(resident.process)) continue;  // with several modules
      auto known = usages_.extract(resident.process);
      if (!known.empty()) {
        still.insert(std::move(known));
      } else if (auto usage = ProcessUsage::of(resident.process)) {
        still.emplace(resident.process, std::move(*usage));
      }
    }
    usages_.swap(still);
    for (const auto& [process, usage] : usages_)
      look.processes[process] = {.cpu_time = usage.cpu_time(), .resident_bytes = usage.resident_bytes()};
    return look;
  }

 private:
  std::string state_folder_;
  std::map<int64_t, ProcessUsage> usages_;
};

std::string time_text(const std::optional<std::chrono::nanoseconds>& time) {
  return time ? format_duration(*time) : "-";
}

/// Fits 80 columns where names are short.
std::string table(const std::vector<host::LiveModule>& modules) {
  if (modules.empty()) return "no module runs\n";
  size_t longest = std::string_view("module").size();
  for (const host::LiveModule& module : modules) longest = std::max(longest, module.module.size());
  const auto line = [longest](const auto& module, auto process, auto requests, auto p50, auto p99,
                              auto instances, auto waiting, auto memory, auto cpu, auto denied, auto limits) {
    return fmt::format("{:<{}} {:>7} {:>7} {:>8} {:>8} {:>4} {:>4} {:>9} {:>5} {:>6} {:>6}\n", module,
                       longest, process, requests, p50, p99, instances, waiting, memory, cpu, denied, limits);
  };
  std::string text =
      line("module", "process", "req/s", "p50", "p99", "inst", "wait", "memory", "cpu", "denied", "limits");
  for (const host::LiveModule& module : modules) {
    text += line(module.module, module.process, fmt::format("{:.1f}", module.requests_per_second),
                 time_text(module.p50), time_text(module.p99), module.instances, module.waiting,
                 format_bytes(module.memory_bytes), fmt::format("{:.0f}%", module.cpu_percent),
                 module.denials, module.limits_hit);
  }
  return text;
}

nlohmann::json to_json(const std::optional<std::chrono::nanoseconds>& time) {
  return time ? nlohmann::json(time->count()) : nlohmann::json();
}

std::string json_line(const std::vector<host::LiveModule>& modules) {
  nlohmann::json list = nlohmann::json::array();
  for (const host::LiveModule& module : modules) {
    list.push_back({{"module", module.module},
                    {"process", module.process},
                    {"requests", module.requests},
                    {"requests_per_second", module.requests_per_second},
                    {"p50_ns", to_json(module.p50)},
                    {"p99_ns", to_json(module.p99)},
                    {"instances", module.instances},
                    {"waiting", module.waiting},
                    {"memory_bytes", module.memory_bytes},
                    {"cpu_percent", module.cpu_percent},
                    {"denials", module.denials},
                    {"limits_hit", module.limits_hit}});
  }
  const nlohmann::json value = {{"modules", std::move(list)}};
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

/// Line after line, until nobody reads them.
Result<int> print_each(Looker& looker, const Options& options) {
  host::Look before = BERTH_TRY(looker.look());
  while (true) {
    std::this_thread::sleep_for(kRefresh);
    host::Look now = BERTH_TRY(looker.look());
    const auto modules = host::live(before, now);
    const int status = print(options.json ? json_line(modules) : table(modules));
    if (status != 0 || options.once) return status;
    before = std::move(now);
  }
}

Result<int> show(Looker& looker) {
  host::Look before = BERTH_TRY(looker.look());
  const auto screen = Screen::open();
  if (screen == nullptr) {
    return fail(ErrorCode::kInvalidArgument,
                "this is no terminal to show what changes on: say --once for one table, or --json for a line "
                "each second");
  }
  screen->show("looking for a second…\n");
  while (screen->wait(kRefresh)) {
    host::Look now = BERTH_TRY(looker.look());
    screen->show(table(host::live(before, now)) + "\nq ends this\n");
    before = std::move(now);
  }
  return 0;
}

Result<int> top(const Options& options) {
  Looker looker(BERTH_TRY(user_folders()).state);
  return options.json || options.once ? print_each(looker, options) : show(looker);
}

}  // namespace

int top_verb(const Arguments& arguments) {
  CLI::App app(
      "Shows what the modules of this user do, in whichever berth process, each second anew: requests and "
      "how "
      "long they\n"
      "took, instances, memory and CPU time of the process (of the guests, where a process has several "
      "modules), "
      "and\n"
      "since the start how often something was denied and a limit was met.\n",
      "berth top");
  Options options;
  app.add_flag("--json", options.json, "a JSON object on a line, each second");
  app.add_flag("--once", options.once, "only once, after a second");
  app.footer("\nq or Ctrl-C ends it. For example, for a program to read:\n\n  berth top --json --once\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(top(options), style_of(options.json));
}

}  // namespace berth::cli
