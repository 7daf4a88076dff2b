// SPDX-License-Identifier: Apache-2.0
// berth ps: the modules that run for this user, in whichever process, and what is set aside for them.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/options.h"
#include "host/asked_policy.h"
#include "host/place.h"

namespace berth::cli {
namespace {

using Bound = std::optional<uint64_t>;

std::string percent(uint64_t basis_points) {
  return fmt::format("{}.{}%", basis_points / 100, basis_points / 10 % 10);
}

std::string bytes_text(const Bound& bytes) {
  if (!bytes) return "no limit";
  return *bytes == 0 ? "-" : format_bytes(*bytes);
}

std::string count_text(const Bound& count) {
  if (!count) return "no limit";
  return *count == 0 ? "-" : fmt::format("{}", *count);
}

nlohmann::json to_json(const Bound& number) {
  return number ? nlohmann::json(*number) : nlohmann::json();
}

nlohmann::json to_json(const host::Resident& resident) {
  const host::Needs& needs = resident.set_aside;
  return {{"process", resident.process},
          {"module", resident.module},
          {"since", resident.since_unix_seconds},
          {"memory_bytes", to_json(needs.memory_bytes)},
          {"storage_bytes", to_json(needs.storage_bytes)},
          {"storage_files", to_json(needs.storage_files)},
          {"connections", to_json(needs.connections)},
          {"cpu_basis_points", resident.cpu_basis_points},
          {"cpu_weight", resident.cpu_weight}};
}

std::string to_text(const std::vector<host::Resident>& residents) {
  if (residents.empty()) return "no module runs\n";
  const auto line = [](std::string_view process, std::string_view since, std::string_view memory,
                       std::string_view cpu, std::string_view storage, std::string_view connections,
                       std::string_view module) {
    return fmt::format("{:>7}  {:<19}  {:>9}  {:>7}  {:>9}  {:>11}  {}\n", process, since, memory, cpu,
                       storage, connections, module);
  };
  std::string text = line("process", "since", "memory", "cpu", "storage", "connections", "module");
  for (const host::Resident& resident : residents) {
    const host::Needs& needs = resident.set_aside;
    text += line(fmt::format("{}", resident.process), local_time(resident.since_unix_seconds),
                 bytes_text(needs.memory_bytes), percent(resident.cpu_basis_points),
                 bytes_text(needs.storage_bytes), count_text(needs.connections), resident.module);
  }
  return text;
}

/// What the owner gives to all of them, and how much of it is set aside.
std::string total_text(const policy::Bounds& owner) {
  const std::string total = policy::to_text(owner.host.total);
  if (total.empty()) return "";
  std::string text = fmt::format("all together have, by [total] in {}:\n", owner.source);
  for (size_t begin = 0; begin < total.size();) {
    const size_t end = total.find('\n', begin);
    text += fmt::format("  {}\n", total.substr(begin, end - begin));
    begin = end + 1;
  }
  return text;
}

Result<int> list(bool as_json) {
  const UserFolders folders = BERTH_TRY(user_folders());
  const policy::Bounds owner = BERTH_TRY(host::owners_bounds(folders));
  const auto residents = BERTH_TRY(host::residents(folders.state));
  if (!as_json) return print(to_text(residents) + total_text(owner));
  nlohmann::json modules = nlohmann::json::array();
  for (const host::Resident& resident : residents) modules.push_back(to_json(resident));
  nlohmann::json total = nlohmann::json::object();
  for (const policy::LimitName& limit : policy::limit_names()) {
    if (const auto text = policy::limit_text(owner.host.total, limit.name))
      total[std::string(limit.name)] = *text;
  }
  return print_json({{"modules", std::move(modules)}, {"total", std::move(total)}});
}

}  // namespace

int ps_verb(const Arguments& arguments) {
  CLI::App app(
      "Lists the modules that run for this user, in whichever berth process: what each may have at most, "
      "which is set\n"
      "aside for it, and how much of the CPU it may use just now. [total] in host.toml bounds them "
      "together.\n",
      "berth ps");
  bool as_json = false;
  app.add_flag("--json", as_json, "one JSON object");
  app.footer("\nFor example, while a module runs elsewhere:\n\n  berth ps --json\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(list(as_json), style_of(as_json));
}

}  // namespace berth::cli
