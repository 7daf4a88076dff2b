// SPDX-License-Identifier: Apache-2.0
#include "berth/plugins.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/interface_name.h"
#include "embed/plugins_parts.h"
#include "registry/module_file.h"

namespace berth {

/// For as long as a module is being loaded under a name.
class Plugins::Parts::Loading {
 public:
  Loading(Parts& parts, const std::string& name) : version(parts.begin(name)), parts_(parts), name_(name) {}
  Loading(const Loading&) = delete;
  Loading& operator=(const Loading&) = delete;
  ~Loading() {
    parts_.end(name_);
  }

  const uint64_t version;

 private:
  Parts& parts_;
  const std::string name_;
};

uint64_t Plugins::Parts::begin(const std::string& name) {
  const std::lock_guard guard(lock);
  ++slots[name].loading;
  return ++last_version;
}

Result<void> Plugins::Parts::take(const std::shared_ptr<const Plugin>& plugin) {
  std::shared_ptr<const Plugin> before;  // goes after the lock: it may take a while
  const std::lock_guard guard(lock);
  Slot& slot = slots[plugin->name];
  if (slot.version > plugin->version) {
    return fail(ErrorCode::kCancelled,
                fmt::format("'{}' was loaded again or unloaded while this was being loaded", plugin->name));
  }
  slot.version = plugin->version;
  before = std::exchange(slot.current, plugin);
  return {};
}

void Plugins::Parts::end(const std::string& name) {
  const std::lock_guard guard(lock);
  const auto slot = slots.find(name);
  if (--slot->second.loading == 0 && !slot->second.current) slots.erase(slot);
}

Result<std::shared_ptr<const Plugin>> Plugins::Parts::load(std::string name, std::string path,
                                                           std::string file,
                                                           std::span<const std::byte> bytes) {
  const Loading loading(*this, name);
  auto module = BERTH_TRY(host->load(bytes, std::move(file)));
  auto interfaces = BERTH_TRY(module->interfaces());
  const auto plugin = std::make_shared<const Plugin>(Plugin{.name = name,
                                                            .path = std::move(path),
                                                            .version = loading.version,
                                                            .module = std::move(module),
                                                            .interfaces = std::move(interfaces)});
  BERTH_TRY_VOID(take(plugin));
  return plugin;
}

std::shared_ptr<const Plugin> Plugins::Parts::unload(std::string_view name, std::optional<uint64_t> version) {
  const std::lock_guard guard(lock);
  const auto slot = slots.find(name);
  if (slot == slots.end() || !slot->second.current) return nullptr;
  if (version && slot->second.current->version != *version) return nullptr;
  auto before = std::exchange(slot->second.current, nullptr);
  slot->second.version = ++last_version;
  if (slot->second.loading == 0) slots.erase(slot);
  return before;
}

Plugins::Plugins(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Plugins::~Plugins() = default;

std::shared_ptr<Plugins> Plugins::create(std::shared_ptr<Host> host) {
  return std::shared_ptr<Plugins>(new Plugins(std::make_unique<Parts>(std::move(host))));
}

Result<std::shared_ptr<const Plugin>> Plugins::load(std::string name, const std::string& path) {
  const registry::ModuleFile file = BERTH_TRY(registry::read_module(path));
  return parts_->load(std::move(name), path, file.name, std::as_bytes(std::span(file.bytes)));
}

Result<std::shared_ptr<const Plugin>> Plugins::load(std::string name, std::span<const std::byte> bytes) {
  std::string file = name;
  return parts_->load(std::move(name), "", std::move(file), bytes);
}

bool Plugins::unload(std::string_view name) {
  return parts_->unload(name, std::nullopt) != nullptr;
}

std::shared_ptr<const Plugin> Plugins::find(std::string_view name) const {
  const std::lock_guard guard(parts_->lock);
  const auto slot = parts_->slots.find(name);
  return slot == parts_->slots.end() ? nullptr : slot->second.current;
}

std::vector<std::shared_ptr<const Plugin>> Plugins::all() const {
  std::vector<std::shared_ptr<const Plugin>> listed;
  const std::lock_guard guard(parts_->lock);
  for (const auto& [name, slot] : parts_->slots) {
    if (slot.current) listed.push_back(slot.current);
  }
  return listed;
}

Result<std::vector<Implementation>> Plugins::implementing(std::string_view interface) const {
  const InterfaceName wanted = BERTH_TRY(parse_interface(interface));
  std::vector<std::pair<Version, Implementation>> found;
  for (const auto& plugin : all()) {
    for (const std::string& exported : plugin->interfaces) {
      const auto name = parse_interface(exported);
      if (!name || !stands_for(*name, wanted)) continue;
      found.emplace_back(name->version, Implementation{.plugin = plugin, .interface = exported});
    }
  }
  std::ranges::sort(found, [](const auto& left, const auto& right) {
    const auto order = compare(left.first, right.first);
    return order != 0 ? order > 0 : left.second.plugin->name < right.second.plugin->name;
  });
  std::vector<Implementation> listed;
  for (auto& [version, implementation] : found) listed.push_back(std::move(implementation));
  return listed;
}

Result<std::vector<std::string>> Module::interfaces() const {
  std::vector<std::string> found;
  for (const std::string& function : BERTH_TRY(functions())) {
    const std::string_view name = std::string_view(function).substr(0, function.find(": "));
    const std::string_view interface = interface_of_function(name);
    // Those of one interface stand together.
    if (!interface.empty() && (found.empty() || found.back() != interface)) found.emplace_back(interface);
  }
  return found;
}

}  // namespace berth
