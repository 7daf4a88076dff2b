// SPDX-License-Identifier: Apache-2.0
#include "cli/serve_look.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/fields.h"
#include "base/os/file.h"
#include "base/os/priority.h"
#include "cli/test_switches.h"
#include "engine/compiler.h"
#include "engine/hashes.h"
#include "host/loader.h"

namespace berth::cli {
namespace {

/// Compiling gives way to those who are served meanwhile.
constexpr int kNice = 10;
/// An image begins with a page, of whichever size.
constexpr uint64_t kAligned = 64 << 10;

std::string hash_of(const TlsTexts& texts) {
  return engine::content_hash(pack(Fields{texts.chain, texts.key}));
}

uint64_t aligned(uint64_t bytes) {
  return (bytes + kAligned - 1) / kAligned * kAligned;
}

/// A name stands for what the store has of it: whoever wants another one pulls it.
Result<registry::Located> kept(const GuestOptions& options) {
  registry::OriginOptions origin = BERTH_TRY(origin_options(options.names));
  origin.pull = registry::Pull::kNever;
  return registry::locate(options.module, origin);
}

/// The file that tells when a module has changed.
std::string watched_file(const std::string& module) {
  const auto name = registry::parse_name(module);
  if (!name || std::holds_alternative<registry::FileName>(*name)) return module;
  const auto store = registry::Store::open_users();
  return store ? store->record_path(to_text(*name)) : module;
}

std::string key_of(const serve::SiteModule& module) {
  return module.path + '\0' + module.policy.value_or("");
}

}  // namespace

Look::Look(const ServeLoader::Task& task, CodeMemory& memory) : task_(task), memory_(memory) {
  lower_priority(kNice, false);
  Found nothing;
  if (const auto all = modules(nothing)) {
    for (const serve::SiteModule& module : *all) {
      const GuestOptions options = options_for(task_.options, module);
      Contents& known = known_[key_of(module)] = contents(options).value_or(Contents{});
      known.let_go();
      watched_.push_back(watched_file(module.path));
      if (options.policy.policy_file) watched_.push_back(*options.policy.policy_file);
    }
  }
  if (!task_.site.file.empty()) watched_.push_back(task_.site.file);
  if (task_.tls.asked()) {
    if (const auto texts = read_tls(task_.tls)) known_tls_ = hash_of(*texts);
  }
  seen_ = last_ = stamps();
}

Look::Stamps Look::stamps() const {
  Stamps all;
  const auto add = [&](const std::string& path) {
    std::error_code gone;
    const auto written = std::filesystem::last_write_time(path, gone);
    const auto size = std::filesystem::file_size(path, gone);
    if (!gone) all[path] = {written, size};
  };
  std::ranges::for_each(watched_, add);
  if (task_.tls.asked()) {
    add(task_.tls.certificate);
    add(task_.tls.key);
  }
  return all;
}

bool Look::settled_change() {
  Stamps now = stamps();
  const bool settled = now == last_ && now != seen_;
  last_ = std::move(now);
  return settled;
}

Result<std::vector<serve::SiteModule>> Look::modules(Found& found) const {
  if (!task_.site.file.empty()) found.site = BERTH_TRY(read_site(task_.site.file));
  return modules_asked(task_.site, found.site.value_or(""));
}

Result<Look::Contents> Look::contents(const GuestOptions& options) const {
  Contents now;
  now.located = BERTH_TRY(kept(options));
  const auto read = [&](const std::string& path) {
    auto text = host::read_policy_file(path);
    if (text) now.texts[path] = *text;
    return text;
  };
  const auto trusts = BERTH_TRY(host::trusts_of(options.trust, task_.folders, read));
  host::Vouching vouching = BERTH_TRY(host::vouch_for(*now.located, trusts));
  if (vouching.chain) now.token = vouching.chain->text;
  now.file = std::move(vouching.file);
  now.hash = now.file ? engine::content_hash(now.file->bytes)
                      : BERTH_TRY(engine::content_hash_of_file(now.located->path));
  now.limits =
      BERTH_TRY(host::effective_policy(options.policy, vouching.bounds, task_.folders, read)).policy.limits;
  return now;
}

Found Look::at_files(bool asked) {
  Found found{.asked = asked};
  seen_ = stamps();
  if (task_.tls.asked()) look_at_tls(found);
  const auto all = modules(found);
  if (!all) {
    found.site.reset();
    found.refused.push_back(all.error().message);
    return found;
  }
  watched_.clear();
  if (found.site) watched_.push_back(task_.site.file);
  for (const serve::SiteModule& module : *all) {
    const GuestOptions options = options_for(task_.options, module);
    watched_.push_back(watched_file(module.path));
    if (options.policy.policy_file) watched_.push_back(*options.policy.policy_file);
    const auto known = known_.find(key_of(module));
    // The server, which has no such module, says so.
    if (known == known_.end()) continue;
    auto now = contents(options);
    const bool again = asked && refused_.contains(key_of(module));
    if (now && known->second.same_as(*now) && !again) continue;
    refused_.erase(key_of(module));
    auto next = now ? version(module, options, *now) : std::unexpected(now.error());
    if (!next) {
      found.refused.push_back(
          fmt::format("the new version of '{}' isn't taken, and the one before serves on: {}", module.path,
                      next.error().message));
      continue;
    }
    known->second = *std::move(now);
    known->second.let_go();
    found.versions.push_back(*std::move(next));
  }
  return found;
}

void Look::look_at_tls(Found& found) {
  auto texts = read_tls(task_.tls);
  if (!texts) {
    found.refused.push_back(fmt::format("the new certificate isn't taken, and the one before serves on: {}",
                                        texts.error().message));
    return;
  }
  std::string hash = hash_of(*texts);
  if (hash == known_tls_) return;
  known_tls_ = std::move(hash);
  found.tls = *std::move(texts);
}

Result<FoundVersion> Look::version(const serve::SiteModule& module, const GuestOptions& options,
                                   const Contents& contents) {
  const uint64_t guards_off = BERTH_TRY(guard_bits(options.guards_off));
  if (!engine_) engine_ = BERTH_TRY(engine::Engine::create(1, guards_off));
  if (!cache_) cache_ = open_cache(options, task_.folders);
  const engine::EngineKind kind{.fuel = contents.limits.cpu_fuel.has_value(), .alone = false};
  const engine::Compiler compiler(program(options.portable), host::compile_limits(contents.limits));
  const host::Loader loader(*engine_, cache_.get(), &compiler);
  const host::LoadedImage compiled =
      BERTH_TRY(contents.file ? loader.compile(*contents.file, kind, guards_off)
                              : loader.compile(*contents.located, kind, guards_off));
  const std::string& code = compiled.image.code;
  const uint64_t offset = BERTH_TRY(room_for(code.size()));
  BERTH_TRY_VOID(memory_.write(offset, code));
  taken_[offset] = {.end = offset + aligned(code.size()), .key = key_of(module)};
  return FoundVersion{.path = module.path,
                      .policy = module.policy,
                      .name = compiled.name,
                      .digest = compiled.digest,
                      .kind = kind,
                      .needs = compiled.image.needs,
                      .offset = offset,
                      .bytes = code.size(),
                      .token = contents.token,
                      .texts = contents.texts};
}

Result<uint64_t> Look::room_for(uint64_t bytes) const {
  uint64_t from = 0;
  for (const auto& [begin, piece] : taken_) {
    if (begin - from >= bytes) break;
    from = piece.end;
  }
  if (from + aligned(bytes) <= CodeMemory::kBytes) return from;
  return fail(ErrorCode::kUnavailable,
              "versions that still answer requests take all memory for code: try again when they have gone");
}

void Look::release(uint64_t offset, bool was_taken) {
  const auto found = taken_.find(offset);
  if (found == taken_.end()) return;
  if (!was_taken) refused_.insert(found->second.key);
  memory_.discard(offset, found->second.end - offset);
  taken_.erase(found);
}

}  // namespace berth::cli
