// SPDX-License-Identifier: Apache-2.0
// Reads content through berth's own library, many times or by many threads in one process, for the scripts
// beside it. Prints a line of JSON a reading: whether the bytes are those of the file, and what became of the
// gateways.
//
//   reader each URL ROOT FILE FOLDER COUNT          COUNT readings, each of URL/NUMBER, into a store of its
//   own reader together URL ROOT FILE FOLDER THREADS    by so many threads, into one store reader charged URL
//   ROOT FILE FOLDER BYTES       whoever asks pays for BYTES at most reader leaving URL ROOT FILE FOLDER
//   THREADS     the same as together, but every second one is cancelled
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/os/file.h"
#include "providers/content/retrieval.h"
#include "providers/content/tree.h"

namespace berth::content {
namespace {

constexpr uint64_t kMostFile = 1ULL << 30;

struct Task {
  std::string url;
  Cid root;
  std::string wanted;
  std::string folder;
  size_t count = 0;
};

RetrievalOptions options_of(const std::string& url) {
  return {.gateways = {url}, .web = {.span = std::chrono::milliseconds(300)}};
}

void tell(size_t number, Reading& reading, const Task& task, bool cancel = false) {
  reading.expect({.path = {.root = task.root, .names = {}}, .scope = Scope::kEntity});
  size_t at = 0;
  bool right = true;
  const auto take = [&](std::string_view bytes) -> Result<void> {
    right = right && task.wanted.compare(at, bytes.size(), bytes) == 0;
    at += bytes.size();
    if (cancel && at > task.wanted.size() / 4) reading.cancel();
    return {};
  };
  Result<void> done;
  if (const auto node = open_node(reading, task.root)) {
    done = read_file(reading, *node, 0, UINT64_MAX, take);
  } else {
    done = std::unexpected(node.error());
  }
  // What follows the last block is looked at as well.
  if (done) (void)reading.bring();
  nlohmann::json line = {{"number", number},
                         {"whole", done && at == task.wanted.size()},
                         {"right", right},
                         {"error", done ? "" : done.error().message}};
  std::string dropped;
  uint64_t bytes = 0;
  for (const Came& came : reading.brought().came) {
    dropped += came.dropped;
    bytes += came.bytes;
  }
  line["dropped"] = dropped;
  line["bytes"] = bytes;
  static std::mutex lock;
  const std::lock_guard guard(lock);
  std::puts(line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

Result<std::unique_ptr<Store>> store_in(const std::string& folder) {
  return Store::open({.kept = folder, .cached = folder + "/cache"});
}

Result<void> each(const Task& task) {
  for (size_t i = 0; i < task.count; ++i) {
    const std::string folder = task.folder + "/" + std::to_string(i);
    {
      const auto store = BERTH_TRY(store_in(folder));
      const auto all = BERTH_TRY(Retrieval::create(*store, options_of(task.url + "/" + std::to_string(i))));
      tell(i, *all->read(), task);
      const auto checked = BERTH_TRY(store->verify(Repair::kNo, LockedFile::Wait::kYes));
      if (!checked->damage.empty()) return fail(ErrorCode::kInternal, "the store is damaged");
    }
    std::error_code gone;
    std::filesystem::remove_all(folder, gone);
  }
  return {};
}

Result<void> together(const Task& task, bool some_leave) {
  const auto store = BERTH_TRY(store_in(task.folder));
  const auto all = BERTH_TRY(Retrieval::create(*store, options_of(task.url)));
  std::vector<std::jthread> threads;
  for (size_t i = 0; i < task.count; ++i)
    threads.emplace_back([&, i] { tell(i, *all->read(), task, some_leave && i % 2 == 0); });
  return {};
}

Result<void> charged(const Task& task) {
  const auto store = BERTH_TRY(store_in(task.folder));
  const auto all = BERTH_TRY(Retrieval::create(*store, options_of(task.url)));
  uint64_t left = task.count;
  const auto reading = all->read([&](uint64_t bytes) -> Result<void> {
    if (bytes > left) return fail(ErrorCode::kLimit, "the purse is empty");
    left -= bytes;
    return {};
  });
  tell(0, *reading, task);
  return {};
}

Result<void> run(const std::vector<std::string>& words) {
  if (words.size() != 6) return fail(ErrorCode::kInvalidArgument, "reader WHAT URL ROOT FILE FOLDER COUNT");
  const Cid root = BERTH_TRY(Cid::parse(words[2]));
  const std::string wanted = BERTH_TRY(berth::read_file(words[3], kMostFile));
  const Task task{
      .url = words[1], .root = root, .wanted = wanted, .folder = words[4], .count = std::stoul(words[5])};
  if (words[0] == "each") return each(task);
  if (words[0] == "charged") return charged(task);
  return together(task, words[0] == "leaving");
}

}  // namespace
}  // namespace berth::content

int main(int count, char** words) {
  const auto done = berth::content::run({words + 1, words + count});
  if (!done) std::fprintf(stderr, "reader: %s\n", done.error().message.c_str());
  return done ? 0 : 1;
}
