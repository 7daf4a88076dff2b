// SPDX-License-Identifier: Apache-2.0
#include "policy/policy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <span>

#include "policy/endpoint.h"
#include "policy/nearest.h"
#include "policy/printable.h"
#include "policy/toml.h"
#include "policy/toml_bounds.h"

namespace berth::policy {
namespace {

constexpr std::array<std::string_view, 2> kKeys{"grants", "limits"};
constexpr std::array<std::string_view, 6> kOwnersKeys{"grants",      "limits", "dns",
                                                      "second-wall", "total",  "priority"};
constexpr std::array<std::string_view, 4> kPriorityKeys{"nice", "io", "pressure", "control-group"};
constexpr uint16_t kDnsPort = 53;

/// What both a policy and an owner's file hold.
struct Document {
  std::vector<Grant> grants;
  bool has_grants = false;  // an empty list bounds everything, none bounds nothing
  Limits limits;
  std::vector<std::string> dns_servers;  // the owner's only
  bool second_wall_required = false;     // the same
  HostBudget host;                       // the same
};

/// Reads one file; every error begins with where it is.
class Reader {
 public:
  Reader(std::string_view file_name, Role role) : file_name_(printable(file_name)), role_(role) {}

  Result<Document> read(std::string_view text) const {
    toml::table table = BERTH_TRY(parse_toml(text, file_name_));
    Document document;
    for (auto&& [key, value] : table) {
      if (key == "grants") {
        document.grants = BERTH_TRY(read_grants(value, file_name_, role_));
        document.has_grants = true;
      } else if (key == "limits") {
        document.limits = BERTH_TRY(read_limits(value, "limits", file_name_));
      } else if (key == "total" && role_ == Role::kOwner) {
        document.host.total = BERTH_TRY(read_total(value));
      } else if (key == "priority" && role_ == Role::kOwner) {
        document.host.priority = BERTH_TRY(read_priority(value));
      } else if (key == "dns" && role_ == Role::kOwner) {
        document.dns_servers = BERTH_TRY(read_dns(value));
      } else if (key == "second-wall" && role_ == Role::kOwner) {
        if (value.value<std::string_view>() != "require") {
          return wrong(value.source(),
                       "'second-wall' is \"require\", or left out: then a part that this machine "
                       "hasn't is done without");
        }
        document.second_wall_required = true;
      } else {
        std::span<const std::string_view> known = kKeys;
        if (role_ == Role::kOwner) known = kOwnersKeys;
        return wrong(key.source(), fmt::format("{} is not a key of this file{}", quoted(key.str()),
                                               did_you_mean(key.str(), known)));
      }
    }
    return document;
  }

 private:
  std::unexpected<Error> wrong(const toml::source_region& where, std::string_view message) const {
    return wrong_at(file_name_, where, message);
  }

  Result<std::vector<std::string>> read_dns(const toml::node& node) const {
    constexpr std::string_view kShape =
        "'dns' holds the list 'servers', as in dns.servers = [\"10.0.0.53\", \"127.0.0.1:5353\"]";
    const toml::table* table = node.as_table();
    const toml::array* list = table != nullptr ? table->get_as<toml::array>("servers") : nullptr;
    if (list == nullptr || table->size() != 1 || list->empty()) return wrong(node.source(), kShape);
    std::vector<std::string> servers;
    for (const toml::node& item : *list) {
      const auto* text = item.as_string();
      if (text == nullptr) return wrong(item.source(), fmt::format("{}, not {}", kShape, kind_of(item)));
      auto peer = parse_peer(text->get(), kDnsPort);
      if (!peer || !peer->address || peer->port == 0) {
        return wrong(item.source(),
                     fmt::format("{} is not the address of a name server, write 10.0.0.53 or [::1]:5353",
                                 quoted(text->get())));
      }
      HostPattern host{.kind = HostKind::kNetwork, .network = network_of(*peer->address)};
      servers.push_back(fmt::format("{}:{}", to_text(host), peer->port));
    }
    return servers;
  }

  Result<Limits> read_total(const toml::node& node) const {
    const Limits total = BERTH_TRY(read_limits(node, "total", file_name_));
    for (const LimitName& limit : limit_names()) {
      const bool known = std::ranges::find(kTotalLimits, limit.name) != kTotalLimits.end();
      if (known || !limit_text(total, limit.name)) continue;
      return wrong(node.source(), fmt::format("'{}' can't be set for all modules together, only {} can; for "
                                              "each of them it stands in [limits]",
                                              limit.name, fmt::join(kTotalLimits, ", ")));
    }
    return total;
  }

  Result<Priority> read_priority(const toml::node& node) const {
    Priority priority;
    for (auto&& [key, value] : *BERTH_TRY(read_table(node, "priority", file_name_))) {
      if (key == "nice") {
        const auto nice = value.value_exact<int64_t>();
        if (!nice || *nice < 0 || *nice > 19) {
          return wrong(value.source(), "'nice' is a whole number from 0, a program's usual, to 19, the last");
        }
        priority.nice = static_cast<int>(*nice);
      } else if (key == "io") {
        priority.idle_io = BERTH_TRY(read_choice(value, "io", "idle", "normal"));
      } else if (key == "pressure") {
        priority.yields_to_pressure = BERTH_TRY(read_choice(value, "pressure", "yield", "ignore"));
      } else if (key == "control-group") {
        priority.control_group = BERTH_TRY(read_control_group(value));
      } else {
        return wrong(key.source(), fmt::format("{} is not a key of [priority]{}", quoted(key.str()),
                                               did_you_mean(key.str(), kPriorityKeys)));
      }
    }
    return priority;
  }

  /// Whether it is the first of two words.
  Result<bool> read_choice(const toml::node& node, std::string_view key, std::string_view first,
                           std::string_view second) const {
    const auto word = node.value<std::string_view>();
    if (word == first || word == second) return word == first;
    return wrong(node.source(), fmt::format("'{}' is \"{}\" or \"{}\"", key, first, second));
  }

  Result<ControlGroupUse> read_control_group(const toml::node& node) const {
    const auto word = node.value<std::string_view>();
    if (word == "use") return ControlGroupUse::kUse;
    if (word == "off") return ControlGroupUse::kOff;
    if (word == "require") return ControlGroupUse::kRequire;
    return wrong(node.source(),
                 "'control-group' is \"use\", where there is one to be had, \"off\" or \"require\"");
  }

  std::string file_name_;
  Role role_;
};

/// A basic TOML string. Grants and limits hold no control characters.
std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

Result<Policy> parse_policy(std::string_view toml_text, std::string_view file_name) {
  Document document = BERTH_TRY(Reader(file_name, Role::kAsker).read(toml_text));
  return Policy{.grants = std::move(document.grants), .limits = document.limits};
}

Result<Bounds> parse_bounds(std::string_view toml_text, std::string_view file_name) {
  Document document = BERTH_TRY(Reader(file_name, Role::kOwner).read(toml_text));
  Bounds bounds{.grants = std::nullopt,
                .limits = document.limits,
                .dns_servers = std::move(document.dns_servers),
                .second_wall_required = document.second_wall_required,
                .host = document.host,
                .source = printable(file_name)};
  if (document.has_grants) bounds.grants = std::move(document.grants);
  return bounds;
}

std::string to_toml(const Policy& policy) {
  std::string text = "grants = [\n";
  for (const Grant& grant : policy.grants) text += fmt::format("  {},\n", toml_string(to_text(grant)));
  text += "]\n";
  if (policy.limits == Limits{}) return text;
  text += "\n[limits]\n";
  for (const LimitName& limit : limit_names()) {
    auto value = limit_text(policy.limits, limit.name);
    if (!value) continue;
    // A bare `storage.files` beside `storage` would make a table of what is a text.
    bool dotted = limit.name.contains('.');
    text += fmt::format("{} = {}\n", dotted ? toml_string(limit.name) : std::string(limit.name),
                        toml_string(*value));
  }
  return text;
}

}  // namespace berth::policy
