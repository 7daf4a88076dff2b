// SPDX-License-Identifier: Apache-2.0
#include "cli/content_services.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/units.h"
#include "cli/progress.h"
#include "cli/verb.h"
#include "policy/nearest.h"
#include "policy/printable.h"
#include "providers/content/authorization.h"
#include "providers/content/pinning_service.h"

namespace berth::cli {
namespace {

using namespace std::chrono_literals;
using content::PinStatus;
using content::ServicePin;

constexpr std::chrono::milliseconds kFirstLook = 250ms;
constexpr std::chrono::milliseconds kLastLook = 15s;
constexpr std::chrono::nanoseconds kEndLook = 1s;  // between looks when little time is left

/// One of those that content.toml names.
Result<std::unique_ptr<content::PinningService>> open_service(const std::string& name,
                                                              const content::SettingsFile& settings,
                                                              const SourceOptions& line) {
  const std::string path = BERTH_TRY(content::settings_path());
  const auto found = settings.services.find(name);
  if (found == settings.services.end() && settings.services.empty())
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("no service is named in '{}': write [services.{}] there, and its url and token_file "
                    "below",
                    path, policy::printable(name)));
  if (found == settings.services.end()) {
    std::vector<std::string_view> known;
    for (const auto& [one, service] : settings.services) known.push_back(one);
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} is no service of '{}'{}", policy::quoted(name),
                                                         path, policy::did_you_mean(name, known)));
  }
  const content::PinningSettings& service = found->second;
  std::string authorization;
  if (!service.token_file.empty()) {
    const auto file = std::filesystem::path(path).parent_path() / service.token_file;
    authorization = BERTH_TRY(content::read_authorization(file.string()));
  }
  const web::WebOptions web = BERTH_TRY(web_options(line));
  return content::PinningService::create(name, service.url, web, std::move(authorization));
}

nlohmann::json json_of(const ServicePin& pin) {
  return {{"cid", pin.cid},         {"name", pin.name},       {"status", pin_status_name(pin.status)},
          {"request", pin.request}, {"created", pin.created}, {"delegates", pin.delegates},
          {"info", pin.info}};
}

std::string line_of(const ServicePin& pin) {
  return fmt::format("{}  {:<7}  {}  {}\n", policy::printable(pin.cid), pin_status_name(pin.status),
                     policy::printable(pin.created), policy::printable(pin.name));
}

std::string why_failed(const ServicePin& pin) {
  const auto details = pin.info.find("status_details");
  return details == pin.info.end() ? "it doesn't say why" : policy::printable(details->second);
}

Result<int> list(content::PinningService& service, const ServicePins& pins) {
  nlohmann::json all = nlohmann::json::array();
  std::string text;
  const auto each = [&](const ServicePin& pin) {
    if (pins.json)
      all.push_back(json_of(pin));
    else
      text += line_of(pin);
    return true;
  };
  BERTH_TRY_VOID(service.list({.name = pins.pin_name}, each));
  if (pins.json) return print_json(all);
  return print(text.empty() ? "it keeps nothing for you\n" : text);
}

/// A request for that under that name that hasn't failed, if there is one: a second one would be paid for
/// twice.
Result<std::optional<ServicePin>> there_already(content::PinningService& service, const content::Cid& cid,
                                                const std::string& name) {
  std::optional<ServicePin> found;
  const auto each = [&](const ServicePin& pin) {
    const auto same = content::Cid::parse(pin.cid);
    if (same && *same == cid && pin.status != PinStatus::kFailed && (name.empty() || pin.name == name))
      found = pin;
    return !found;
  };
  BERTH_TRY_VOID(service.list({.cid = cid}, each));
  return found;
}

/// Asks again and again until none is under way any more; a service that doesn't answer may do so later.
Result<void> wait_for(content::PinningService& service, std::vector<ServicePin>& pins,
                      std::chrono::nanoseconds most) {
  const auto until = std::chrono::steady_clock::now() + most;
  std::mutex lock;
  std::string shown;
  std::string trouble;
  Progress progress;
  progress.begin([&] {
    const std::lock_guard guard(lock);
    return shown;
  });
  const auto goes_on = [](const ServicePin& pin) {
    return pin.status == PinStatus::kQueued || pin.status == PinStatus::kPinning;
  };
  for (std::chrono::nanoseconds pause = kFirstLook;;
       pause = std::min<std::chrono::nanoseconds>(pause * 2, kLastLook)) {
    const auto left = std::ranges::count_if(pins, goes_on);
    if (left == 0) return {};
    const ServicePin& first = *std::ranges::find_if(pins, goes_on);
    {
      const std::lock_guard guard(lock);
      shown = fmt::format("{} of {} pinned; {} is {}", pins.size() - static_cast<size_t>(left), pins.size(),
                          policy::printable(first.cid), pin_status_name(first.status));
    }
    const auto now = std::chrono::steady_clock::now();
    if (now >= until)
      return fail(
          ErrorCode::kLimit,
          fmt::format("{} is {} after {}, and the service goes on: 'berth content pin --service NAME' "
                      "lists how far it is{}{}",
                      policy::printable(first.cid), pin_status_name(first.status), format_duration(most),
                      trouble.empty() ? "" : "; ", trouble));
    // The last look isn't long before the end.
    const auto rest = std::max<std::chrono::nanoseconds>((until - now) / 2, kEndLook);
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>({pause, rest, until - now}));
    for (ServicePin& pin : pins) {
      if (!goes_on(pin)) continue;
      const auto time = until - std::chrono::steady_clock::now();
      if (time <= 0s) break;
      const content::Cid cid = BERTH_TRY(content::Cid::parse(pin.cid));
      auto looked = service.look(pin.request, cid, time);
      if (!looked && looked.error().code != ErrorCode::kUnavailable) return std::unexpected(looked.error());
      trouble = looked ? "" : looked.error().message;
      if (looked) pin = *std::move(looked);
    }
  }
}

Result<std::vector<content::Cid>> cids_of(ContentSource& source, const std::vector<std::string>& paths) {
  std::vector<content::Cid> cids;
  for (const std::string& path : paths) {
    const content::ContentPath parsed = BERTH_TRY(source.path(path));
    const content::Cid cid = BERTH_TRY(content::resolve(source.reading(), parsed));
    cids.push_back(cid);
  }
  return cids;
}

}  // namespace

void add_service_options(CLI::App& app, ServiceOptions& options) {
  app.add_option("--service", options.name,
                 "a pinning service that content.toml names below [services.NAME], and not this store")
      ->type_name("NAME");
}

void add_wait_option(CLI::App& app, ServiceOptions& options) {
  app.add_option("--wait", options.wait, "wait until that service has it, for so long at most")
      ->type_name("TIME");
}

Result<int> pin_at_service(const ServicePins& pins) {
  std::chrono::nanoseconds most{};
  if (!pins.service.wait.empty()) {
    const auto wait = parse_duration(pins.service.wait);
    if (!wait) return fail(ErrorCode::kInvalidArgument, fmt::format("--wait: {}", wait.error().message));
    most = *wait;
  }
  const content::SettingsFile settings = BERTH_TRY(content::read_settings());
  const auto service = BERTH_TRY(open_service(pins.service.name, settings, pins.source));
  if (pins.paths.empty()) return list(*service, pins);
  const auto source = BERTH_TRY(ContentSource::open(pins.source));
  std::vector<std::string> origins;
  if (!settings.address.empty()) origins.push_back(settings.address);
  std::vector<ServicePin> asked;
  const std::vector<content::Cid> cids = BERTH_TRY(cids_of(*source, pins.paths));
  for (const content::Cid& cid : cids) {
    auto pin = BERTH_TRY(there_already(*service, cid, pins.pin_name));
    if (!pin) pin = BERTH_TRY(service->add(cid, pins.pin_name, origins));
    asked.push_back(*std::move(pin));
  }
  if (!pins.service.wait.empty()) BERTH_TRY_VOID(wait_for(*service, asked, most));
  nlohmann::json all = nlohmann::json::array();
  std::string text;
  for (const ServicePin& pin : asked) {
    if (pin.status == PinStatus::kFailed)
      return fail(ErrorCode::kUnavailable,
                  fmt::format("the service {} can't keep {}: {}", policy::quoted(pins.service.name),
                              policy::printable(pin.cid), why_failed(pin)));
    all.push_back(json_of(pin));
    text += line_of(pin);
  }
  return pins.json ? print_json(all) : print(text);
}

Result<int> unpin_at_service(const ServicePins& pins) {
  const content::SettingsFile settings = BERTH_TRY(content::read_settings());
  const auto service = BERTH_TRY(open_service(pins.service.name, settings, pins.source));
  const auto source = BERTH_TRY(ContentSource::open(pins.source));
  nlohmann::json all = nlohmann::json::array();
  std::string text;
  const std::vector<content::Cid> cids = BERTH_TRY(cids_of(*source, pins.paths));
  for (const content::Cid& cid : cids) {
    std::vector<std::string> requests;
    const auto each = [&](const ServicePin& pin) {
      const auto same = content::Cid::parse(pin.cid);
      if (same && *same == cid) requests.push_back(pin.request);
      return true;
    };
    BERTH_TRY_VOID(service->list({.cid = cid}, each));
    if (requests.empty())
      return fail(
          ErrorCode::kNotFound,
          fmt::format("{} isn't pinned at {}: 'berth content pin --service {}' lists what is", cid.text(),
                      policy::quoted(pins.service.name), policy::printable(pins.service.name)));
    for (const std::string& request : requests) {
      const auto removed = service->remove(request);
      // It may have gone by itself meanwhile.
      if (!removed && removed.error().code != ErrorCode::kNotFound) return std::unexpected(removed.error());
    }
    all.push_back({{"cid", cid.text()}, {"requests", requests}});
    text += fmt::format("{} may go from {}\n", cid.text(), policy::printable(pins.service.name));
  }
  return pins.json ? print_json(all) : print(text);
}

}  // namespace berth::cli
