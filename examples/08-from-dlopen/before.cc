// SPDX-License-Identifier: Apache-2.0
// before PLUGIN.so PEOPLE: what each pays of ten, by a plugin that shares the program's memory and its fate.

#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>

int main(int, char** arguments) {
  void* const plugin = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  if (plugin == nullptr) {
    std::cerr << dlerror() << '\n';
    return 1;
  }
  const auto share = reinterpret_cast<int64_t (*)(int64_t, int32_t)>(dlsym(plugin, "share"));
  if (share == nullptr) {
    std::cerr << dlerror() << '\n';
    return 1;
  }
  std::cout << share(1000, std::atoi(arguments[2])) << '\n';
  dlclose(plugin);
}
