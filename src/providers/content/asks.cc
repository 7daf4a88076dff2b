// SPDX-License-Identifier: Apache-2.0
#include "providers/content/asks.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "engine/guards.h"
#include "policy/printable.h"
#include "providers/content/module_asks.h"
#include "providers/content/publishing_jobs.h"
#include "providers/content/reading_jobs.h"

namespace berth::content {
namespace {

using engine::ContentAsk;
using engine::ContentFault;
using engine::ContentJob;
using engine::Waiter;
using Module = Asks::Module;
using Verb = ContentAsk::Verb;

constexpr size_t kMostFolderEntries = 100'000;
constexpr size_t kLongestValue = 2048;

std::shared_ptr<ContentJob> invalid(std::string words) {
  return failed_job({.why = ContentFault::Why::kInvalid, .words = std::move(words)});
}

std::shared_ptr<ContentJob> begun(const std::shared_ptr<Job>& job) {
  job->start();
  return job;
}

std::shared_ptr<ContentJob> no_service() {
  return failed_job({.why = ContentFault::Why::kUnavailable, .words = "there is no store of content here"});
}

/// Where a grant of files says that content is a folder; nothing where none does.
bool is_granted_folder(const Module& module, std::string_view target) {
  return std::ranges::any_of(module.by.policy->grants, [&](const policy::Grant& grant) {
    const auto* files = std::get_if<policy::FilesGrant>(&grant.extent);
    return files != nullptr && !files->content.empty() && files->content == target;
  });
}

/// The next word of those that have a NUL behind them each.
std::string_view take_word(std::string_view& words) {
  const size_t end = std::min(words.find('\0'), words.size());
  const std::string_view word = words.substr(0, end);
  words.remove_prefix(std::min(end + 1, words.size()));
  return word;
}

std::shared_ptr<ContentJob> read_job(const std::shared_ptr<Module>& module, const ContentAsk& ask,
                                     std::unique_ptr<Waiter> waiter) {
  auto target = read_target(ask.target);
  if (!target) return invalid(target.error().message);
  Place place{.target = *std::move(target), .from = {}, .way = {}, .follow = ask.follow, .most = {}};
  place.folder = ask.folder && is_granted_folder(*module, ask.target);
  if (place.folder) {
    std::string_view words = ask.more;
    const std::string_view from = take_word(words);
    place.way = words;
    if (!from.empty()) {
      auto cid = Cid::parse(from);
      if (!cid) return invalid(cid.error().message);
      place.from = *std::move(cid);
    }
  } else {
    if (auto fault = module->hidden(place.target)) return failed_job(*std::move(fault));
    place.most = module->most_fetched(place.target);
  }
  if (module->service == nullptr) return no_service();
  switch (ask.verb) {
    case Verb::kOpen:
      return begun(
          std::make_shared<FileJob>(module, std::move(place), std::move(waiter), ask.offset, ask.length));
    case Verb::kList:
      return begun(std::make_shared<ListingJob>(module, std::move(place), std::move(waiter)));
    case Verb::kBlock:
      return begun(std::make_shared<BlockJob>(module, std::move(place), std::move(waiter)));
    case Verb::kCar:
      return begun(std::make_shared<CarJob>(module, std::move(place), std::move(waiter)));
    default:
      return begun(std::make_shared<StatJob>(module, std::move(place), std::move(waiter)));
  }
}

std::shared_ptr<ContentJob> add_job(const std::shared_ptr<Module>& module, std::unique_ptr<Waiter> waiter) {
  Descriptor aside(
      ::open(module->service->store().folders().kept.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!aside.opened())
    return failed_job({.why = ContentFault::Why::kUnavailable,
                       .words = "nothing can be written to the store of content on this machine"});
  return std::make_shared<AddJob>(module, std::move(waiter), std::move(aside));
}

bool is_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && !name.contains('/');
}

/// A CID that the guest says, and that it may see.
struct Seen {
  Cid cid;
  std::optional<uint64_t> most;  // bytes that a fetch of it may bring
};
std::expected<Seen, ContentFault> seen(Module& module, std::string_view text) {
  auto target = read_target(text);
  if (!target)
    return std::unexpected(ContentFault{.why = ContentFault::Why::kInvalid, .words = target.error().message});
  if (target->name || !target->path.names.empty())
    return std::unexpected(ContentFault{
        .why = ContentFault::Why::kInvalid,
        .words = fmt::format("{} is no CID: 'stat' says which one a path leads to", policy::quoted(text))});
  const bool held = (module.by.guards_off & engine::kGuardContentMade) == 0;
  if (auto fault = held ? module.hidden(*target) : std::nullopt) return std::unexpected(*std::move(fault));
  const Cid& root = target->path.root;
  return Seen{.cid = Cid::v1(root.codec, root.hash), .most = module.most_fetched(*target)};
}

std::shared_ptr<ContentJob> folder_job(const std::shared_ptr<Module>& module, std::string_view words,
                                       std::unique_ptr<Waiter> waiter) {
  std::vector<FolderEntry> entries;
  while (!words.empty()) {
    const std::string_view name = take_word(words);
    auto there = seen(*module, take_word(words));
    if (!there) return failed_job(std::move(there.error()));
    if (!is_name(name)) return invalid(fmt::format("{} is no name of an entry", policy::quoted(name)));
    if (entries.size() == kMostFolderEntries)
      return failed_job({.why = ContentFault::Why::kTooLarge,
                         .words = fmt::format("a folder has {} entries at most", kMostFolderEntries)});
    entries.push_back({.name = std::string(name), .cid = std::move(there->cid), .most = there->most});
  }
  std::ranges::sort(entries, {}, &FolderEntry::name);
  const auto twice = std::ranges::adjacent_find(entries, {}, &FolderEntry::name);
  if (twice != entries.end()) return invalid(fmt::format("{} is in it twice", policy::quoted(twice->name)));
  return begun(std::make_shared<FolderJob>(module, std::move(waiter), std::move(entries)));
}

std::shared_ptr<ContentJob> name_job(const std::shared_ptr<Module>& module, const ContentAsk& ask,
                                     std::unique_ptr<Waiter> waiter) {
  if (auto fault = module->refused("publish", fmt::format("ipns://{}", ask.target)))
    return failed_job(*std::move(fault));
  auto target = read_target(ask.more);
  if (!target) return invalid(target.error().message);
  if (target->name)
    return invalid(fmt::format("{} is a name: one that is published leads to a CID, and names below it",
                               policy::quoted(ask.more)));
  // What it may not see it may not show to others.
  const bool held = (module->by.guards_off & engine::kGuardContentMade) == 0;
  if (auto fault = held ? module->hidden(*target) : std::nullopt) return failed_job(*std::move(fault));
  if (module->service == nullptr) return no_service();
  const NameKeys* const keys = module->by.keys.get();
  const auto key = keys == nullptr ? NameKeys::const_iterator() : keys->find(ask.target);
  if (keys == nullptr || key == keys->end())
    return failed_job(
        {.why = ContentFault::Why::kUnavailable,
         .words = fmt::format("the key {} wasn't opened when this module was started: a new start "
                              "of what runs it does, where that may publish names",
                              policy::quoted(ask.target))});
  std::string value = "/ipfs/" + target->path.root.text();
  for (const std::string& name : target->path.names) value += "/" + name;
  if (value.size() > kLongestValue)
    return invalid(
        fmt::format("a path of {} bytes: a name leads to one of {} at most", value.size(), kLongestValue));
  return begun(std::make_shared<NameJob>(module, std::move(waiter), key->second, std::move(value)));
}

std::shared_ptr<ContentJob> publish_job(const std::shared_ptr<Module>& module, const ContentAsk& ask,
                                        std::unique_ptr<Waiter> waiter) {
  if (ask.verb == Verb::kName) return name_job(module, ask, std::move(waiter));
  const bool made = ask.verb == Verb::kAdd || ask.verb == Verb::kFolder;
  if (auto fault = module->refused("publish", made ? "what it makes" : std::string(ask.target)))
    return failed_job(*std::move(fault));
  if (module->service == nullptr) return no_service();
  if (ask.verb == Verb::kAdd) return add_job(module, std::move(waiter));
  if (ask.verb == Verb::kFolder) return folder_job(module, ask.more, std::move(waiter));
  if (ask.verb == Verb::kPin) {
    auto there = seen(*module, ask.target);
    if (!there) return failed_job(std::move(there.error()));
    return begun(std::make_shared<PinJob>(module, std::move(waiter), std::move(there->cid), there->most));
  }
  // It may have been another run that made and pinned it.
  const auto cid = Cid::parse(ask.target);
  if (!cid) return invalid(cid.error().message);
  return begun(std::make_shared<UnpinJob>(module, std::move(waiter), Cid::v1(cid->codec, cid->hash)));
}

}  // namespace

bool opens_content(const policy::Policy& policy) {
  return std::ranges::any_of(policy.grants, [](const policy::Grant& grant) {
    const auto* files = std::get_if<policy::FilesGrant>(&grant.extent);
    return grant.capability == policy::Capability::kContent || (files != nullptr && !files->content.empty());
  });
}

Asks::Asks(std::shared_ptr<Service> service, const AskedBy& by)
    : module_(std::make_shared<Module>(std::move(service), by)) {}

Asks::~Asks() {
  module_->close();
}

std::shared_ptr<ContentJob> Asks::begin(const ContentAsk& ask, std::unique_ptr<Waiter> waiter) noexcept try {
  switch (ask.verb) {
    case Verb::kOpen:
    case Verb::kList:
    case Verb::kStat:
    case Verb::kBlock:
    case Verb::kCar:
      return read_job(module_, ask, std::move(waiter));
    case Verb::kAdd:
    case Verb::kFolder:
    case Verb::kPin:
    case Verb::kUnpin:
    case Verb::kName:
      return publish_job(module_, ask, std::move(waiter));
  }
  return invalid("there is no such ask of content");
} catch (...) {
  return nullptr;  // out of memory
}

}  // namespace berth::content
