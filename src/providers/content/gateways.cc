// SPDX-License-Identifier: Apache-2.0
#include "providers/content/gateways.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/os/file.h"
#include "base/unix_time.h"
#include "web/foreign_json.h"

namespace berth::content {
namespace {

using nlohmann::json;

constexpr uint64_t kMostMemory = 1 << 20;
constexpr size_t kDeepest = 4;
constexpr size_t kMostRemembered = 256;
constexpr size_t kMostFound = 256;
// What is far ahead was written by another clock.
constexpr int64_t kLongestAhead = 3600;

double number(const json& entry, const char* name) {
  const auto found = entry.find(name);
  if (found == entry.end() || !found->is_number()) return 0;
  const auto value = found->get<double>();
  return std::isfinite(value) && value > 0 ? value : 0;
}

}  // namespace

Result<std::unique_ptr<Gateways>> Gateways::create(const std::vector<std::string>& urls,
                                                   const web::WebOptions& web, std::string memory) {
  auto gateways = std::unique_ptr<Gateways>(new Gateways(web, std::move(memory)));
  gateways->recall();
  for (const std::string& url : urls) {
    std::shared_ptr<Gateway> gateway = BERTH_TRY(Gateway::create(url, web));
    const auto same = [&](const auto& other) { return other->url() == gateway->url(); };
    if (std::ranges::any_of(gateways->gateways_, same)) continue;
    if (const auto known = gateways->recalled_.find(gateway->url()); known != gateways->recalled_.end())
      gateway->set_standing(known->second);
    gateways->gateways_.push_back(std::move(gateway));
  }
  return gateways;
}

Gateways::~Gateways() {
  remember();
}

std::vector<std::shared_ptr<Gateway>> Gateways::ranked() const {
  std::vector<std::pair<double, std::shared_ptr<Gateway>>> all;
  const int64_t now = unix_seconds();
  for (const auto& gateway : gateways_) {
    const Standing standing = gateway->standing();
    if (standing.not_before <= now) all.emplace_back(standing.expected_seconds(), gateway);
  }
  std::ranges::stable_sort(all, {}, [](const auto& one) { return one.first; });
  std::vector<std::shared_ptr<Gateway>> ranked;
  for (auto& [_, gateway] : all) ranked.push_back(std::move(gateway));
  return ranked;
}

Result<std::shared_ptr<Gateway>> Gateways::found(const std::string& url, bool may_be_local) {
  web::WebOptions web = web_;
  web.only_public = !may_be_local;
  std::shared_ptr<Gateway> gateway = BERTH_TRY(Gateway::create(url, web));
  const std::lock_guard guard(lock_);
  const std::string key = (may_be_local ? "local " : "public ") + gateway->url();
  if (const auto there = found_.find(key); there != found_.end()) return there->second;
  if (found_.size() >= kMostFound) found_.clear();
  if (const auto known = recalled_.find(gateway->url()); known != recalled_.end())
    gateway->set_standing(known->second);
  found_[key] = gateway;
  return gateway;
}

void Gateways::recall() {
  if (memory_.empty()) return;
  const auto text = berth::read_file(memory_, kMostMemory);
  if (!text) return;
  const json whole = web::parse_shallow(*text, kDeepest);
  if (!whole.is_object()) return;
  const int64_t now = unix_seconds();
  for (const auto& [url, entry] : whole.items()) {
    if (!entry.is_object()) continue;
    Standing standing{.first_byte_seconds = number(entry, "first_byte_seconds"),
                      .bytes_per_second = number(entry, "bytes_per_second"),
                      .failing = std::min(number(entry, "failing"), 1.0)};
    standing.not_before =
        static_cast<int64_t>(std::min(number(entry, "not_before"), static_cast<double>(now + kLongestAhead)));
    standing.why = web::text_of(entry, "why");
    recalled_[url] = std::move(standing);
  }
}

void Gateways::remember() const {
  if (memory_.empty()) return;
  json whole = json::object();
  const auto note = [&](const std::string& url, const Standing& standing) {
    whole[url] = {{"first_byte_seconds", standing.first_byte_seconds},
                  {"bytes_per_second", standing.bytes_per_second},
                  {"failing", standing.failing},
                  {"not_before", standing.not_before},
                  {"why", standing.why}};
  };
  bool changed = false;
  for (const auto& gateway : gateways_) changed = changed || gateway->standing().asks > 0;
  const std::lock_guard guard(lock_);
  if (!changed && found_.empty()) return;
  for (const auto& [_, gateway] : found_) note(gateway->url(), gateway->standing());
  for (const auto& gateway : gateways_) note(gateway->url(), gateway->standing());
  for (const auto& [url, standing] : recalled_) {
    if (whole.size() < kMostRemembered && !whole.contains(url)) note(url, standing);
  }
  const std::string text = whole.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(memory_).parent_path(), error);
  (void)write_file(memory_, std::array{std::string_view(text)}, 0600, Durability::kRenamed);
}

}  // namespace berth::content
