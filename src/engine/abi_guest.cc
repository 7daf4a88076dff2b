// SPDX-License-Identifier: Apache-2.0
#include "engine/abi_guest.h"

#include <array>

#include "engine/abi_values.h"
#include "engine/activity.h"
#include "engine/content.h"
#include "engine/ledger.h"
#include "engine/share.h"
#include "engine/traffic.h"

namespace berth::engine {
namespace {

std::string_view operation_name(int32_t operation) {
  static constexpr std::array<std::string_view, 18> kNames{
      "",        "open-read", "open-write", "stat", "readlink", "create",  "remove",  "rename", "link",
      "symlink", "set-times", "connect",    "bind", "send",     "resolve", "request", "listen", "receive"};
  return operation >= 0 && static_cast<size_t>(operation) < kNames.size()
             ? kNames[static_cast<size_t>(operation)]
             : "";
}

std::vector<berth_slice> slices(const std::vector<std::string>& texts) {
  std::vector<berth_slice> list;
  for (const std::string& text : texts) list.push_back(slice(text));
  return list;
}

/// A limit as the ABI says it: 0 is none, so the shortest one is 1.
uint64_t abi_limit(std::optional<std::chrono::nanoseconds> limit) {
  if (!limit) return 0;
  return limit->count() > 0 ? static_cast<uint64_t>(limit->count()) : 1;
}

}  // namespace

berth_meter meter_of(const Guest& guest) {
  return {.cpu_limit_ns = abi_limit(guest.cpu_time),
          .cpu_used_ns = 0,
          .cpu_throttled_ns = 0,
          .wall_limit_ns = abi_limit(guest.wall),
          .fuel_limit = guest.fuel.value_or(0),
          .fuel_used = 0,
          .net_sent_bytes = 0,
          .net_received_bytes = 0,
          .connections = 0};
}

Knock knock_of(const berth_knock& knock) {
  return {.door = static_cast<Knock::Door>(knock.capability - BERTH_CAPABILITY_FILES),
          .cause = static_cast<Knock::Cause>(knock.reason - BERTH_REASON_NO_GRANT),
          .operation = operation_name(knock.operation),
          .target = view(knock.target),
          .method = view(knock.method),
          .resolved_to = view(knock.resolved_to),
          .resolved_from = view(knock.resolved_from),
          .quiet = knock.quiet};
}

Outcome outcome_of(const berth_outcome& outcome) {
  return {.ending = static_cast<Outcome::Ending>(outcome.ending),
          .exit_status = outcome.exit_status,
          .limit = static_cast<Limit>(outcome.limit),
          .reason = std::string(view(outcome.reason)),
          .result = std::string(view(outcome.result)),
          .trace = std::string(view(outcome.trace)),
          .network = {},
          .still_running = outcome.still_running,
          .unfinished_line = outcome.unfinished_line};
}

AbiGuest::AbiGuest(const Guest& guest, berth_meter& meter, decltype(berth_guest::ask) ask, void* context)
    : args_(slices(guest.args)), names_(slices(guest.names)), dns_servers_(slices(guest.dns_servers)) {
  for (const auto& [name, value] : guest.env) {
    env_.push_back(slice(name));
    env_.push_back(slice(value));
  }
  for (const Folder& folder : guest.folders) {
    folders_.push_back({.host_path = slice(folder.host_path),
                        .guest_path = slice(folder.guest_path),
                        .writable = folder.writable,
                        .content = slice(folder.content),
                        .ledger = folder.ledger != nullptr ? folder.ledger->abi() : nullptr,
                        .account = folder.account});
  }
  if (guest.activity != nullptr) activity_ = activity_abi(guest.activity);
  if (guest.content != nullptr) content_ = content_abi(guest.content);
  abi_ = {.function = guest.function != nullptr ? guest.function->abi() : nullptr,
          .args = {.items = args_.data(), .len = args_.size()},
          .env = {.items = env_.data(), .len = env_.size()},
          .folders = folders_.data(),
          .folders_len = folders_.size(),
          .phantom = guest.phantom,
          .phantom_always = guest.phantom_always,
          .files_asked = guest.files_asked,
          .stdin_open = guest.stdin_open,
          .stdout_open = guest.stdout_open,
          .stderr_open = guest.stderr_open,
          .portable = guest.ways == Ways::kPortable,
          .handles = guest.handles,
          .host_buffer_bytes = guest.host_buffer_bytes,
          .guards_off = guest.guards_off,
          .budget = guest.budget->abi(),
          .meter = &meter,
          .share = guest.share != nullptr ? guest.share->abi() : nullptr,
          .module = slice(guest.module),
          .names = {.items = names_.data(), .len = names_.size()},
          .traffic = guest.traffic != nullptr ? guest.traffic->abi() : nullptr,
          .content = guest.content != nullptr ? &content_ : nullptr,
          .activity = guest.activity != nullptr ? &activity_ : nullptr,
          .dns_servers = {.items = dns_servers_.data(), .len = dns_servers_.size()},
          .ask = ask,
          .done = nullptr,
          .context = context};
}

}  // namespace berth::engine
