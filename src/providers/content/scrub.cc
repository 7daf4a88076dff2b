// SPDX-License-Identifier: Apache-2.0
#include "providers/content/scrub.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <iterator>
#include <mutex>
#include <utility>

#include "base/os/thread.h"

namespace berth::content {
namespace {

using Clock = std::chrono::steady_clock;

/// Until it looks again for what is due.
constexpr std::chrono::minutes kBetween{10};

/// False when it was stopped meanwhile.
bool rest(Clock::duration time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any condition;
  std::unique_lock lock(mutex);
  condition.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

CheckedBlocks checked_folder(Store& store, const std::string& folder, Repair repair) {
  auto checked = store.verify_folder(folder, repair);
  // The others may be read all the same.
  if (!checked) return {.damage = {{.path = "blocks/" + folder, .what = checked.error().message}}};
  if (!*checked) return {.damage = {}, .busy = 1};
  return **std::move(checked);
}

void add(CheckedBlocks& all, CheckedBlocks&& some) {
  all.blocks += some.blocks;
  all.bytes += some.bytes;
  all.busy += some.busy;
  std::ranges::move(some.damage, std::back_inserter(all.damage));
}

}  // namespace

Result<CheckedBlocks> scrub(Store& store, const ScrubOptions& options, const std::stop_token& stop,
                            const std::function<void(const BlockDamage& damage)>& found) {
  CheckedBlocks all;
  for (const std::string& folder : BERTH_TRY(store.folders_unchecked_for(options.every))) {
    if (stop.stop_requested()) break;
    const auto began = Clock::now();
    CheckedBlocks checked = checked_folder(store, folder, options.repair);
    std::ranges::for_each(checked.damage, found);
    add(all, std::move(checked));
    if (options.rests > 0 && !rest((Clock::now() - began) * options.rests, stop)) break;
  }
  return all;
}

Scrubber::Scrubber(Store& store, ScrubOptions options, std::function<void(const std::string& line)> told) {
  auto work = [&store, options, told = std::move(told)](const std::stop_token& stop) {
    const auto found = [&](const BlockDamage& one) {
      told(fmt::format("{}: {}{}", one.path, one.what, one.removed ? "; it is removed" : ""));
    };
    do {
      const auto checked = scrub(store, options, stop, found);
      if (!checked) told(fmt::format("checking the store of content: {}", checked.error().message));
    } while (rest(kBetween, stop));
  };
  // Without it content is read as before.
  if (auto thread = start_thread(std::move(work))) thread_ = *std::move(thread);
}

}  // namespace berth::content
