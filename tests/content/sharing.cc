// SPDX-License-Identifier: Apache-2.0
// A program with many instances of a module that reads content, each on a thread, which begin at one moment,
// for one path after the other: "MODULE COUNT PATH…". Says a line each: what it counted, the bytes that this
// machine had, and those of gateways.

#include <barrier>
#include <cstdio>
#include <cstdlib>
#include <expected>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "berth/berth.h"

namespace {

using Counted = std::expected<uint64_t, std::string>;

/// " STORE GATEWAYS"
std::string figures(const berth::Brought& brought) {
  uint64_t came = 0;
  for (const berth::BroughtFrom& from : brought.gateways) came += from.bytes;
  return " " + std::to_string(brought.store_bytes) + " " + std::to_string(came);
}

/// A line each.
std::vector<std::string> read(const berth::Module& module, const std::string& path, size_t count) {
  std::vector<std::string> said(count);
  std::barrier together(static_cast<std::ptrdiff_t>(count));
  std::vector<std::jthread> threads;
  for (size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      const auto instance =
          module.instantiate({.limits = {.memory_bytes = 64 << 20}, .grants = {"content fetch ipfs://*"}});
      together.arrive_and_wait();
      if (!instance) {
        said[i] = instance.error().message;
        return;
      }
      const auto function = (*instance)->function<Counted(std::string_view)>("count");
      const auto answer = function ? (*function)(path) : std::unexpected(function.error());
      said[i] = !answer ? answer.error().message : !*answer ? answer->error() : std::to_string(**answer);
      said[i] += figures((*instance)->brought());
    });
  }
  threads.clear();
  return said;
}

berth::Result<int> run(const std::string& module_path, size_t count, const std::vector<std::string>& paths) {
  const auto host = berth::Host::create();
  if (!host) return std::unexpected(host.error());
  const auto module = (*host)->load(module_path);
  if (!module) return std::unexpected(module.error());
  for (const std::string& path : paths)
    for (const std::string& line : read(**module, path, count)) std::cout << line << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const auto done = run(argv[1], std::strtoul(argv[2], nullptr, 10), {argv + 3, argv + argc});
  if (!done) std::cerr << done.error().message << '\n';
  return done ? *done : 1;
}
