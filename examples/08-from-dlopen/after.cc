// SPDX-License-Identifier: Apache-2.0
// after PLUGIN.wasm PEOPLE: what each pays of ten, by a plugin in memory of its own.

#include <berth/berth.h>

#include <cstdlib>
#include <iostream>

namespace {

berth::Result<int64_t> share_of_ten(const char* path, int32_t people) {
  const auto host = berth::Host::create();
  if (!host) return std::unexpected(host.error());
  const auto plugin = (*host)->load(path);
  if (!plugin) return std::unexpected(plugin.error());
  const auto instance = (*plugin)->instantiate();
  if (!instance) return std::unexpected(instance.error());
  const auto share = (*instance)->function<int64_t(int64_t, int32_t)>("share");
  if (!share) return std::unexpected(share.error());
  return (*share)(1000, people);
}

}  // namespace

int main(int, char** arguments) {
  const auto share = share_of_ten(arguments[1], std::atoi(arguments[2]));
  if (!share) {
    std::cout << "no share: " << share.error().message << '\n';
    return 1;
  }
  std::cout << *share << '\n';
}
