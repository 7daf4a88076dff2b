// SPDX-License-Identifier: Apache-2.0
// Fills its heap while it prints, and looks whether what it stored is still there.
//
// The C library of Debian 12 (wasi-libc of 2022) takes all memory up to the present size for its heap when it
// first allocates. A host that put something of its own there beforehand, as the preview-1 adapter does, has
// it overwritten.

#include <wasi/api.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

int main(int argument_count, char**) {  // asking for the arguments is what comes before the first allocation
  if (argument_count == 0) return 2;
  constexpr size_t kBlocks = 1024, kBlockBytes = 4096;
  std::vector<uint8_t*> blocks;
  for (size_t index = 0; index < kBlocks; ++index) {
    blocks.push_back(new uint8_t[kBlockBytes]);
    std::memset(blocks.back(), static_cast<int>(index % 251), kBlockBytes);
    __wasi_timestamp_t now;
    if (__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &now) != __WASI_ERRNO_SUCCESS) return 3;
    if (index % 64 == 0) std::printf("%zu blocks\n", index), std::fflush(stdout);
  }
  for (size_t index = 0; index < kBlocks; ++index) {
    for (size_t at = 0; at < kBlockBytes; ++at) {
      if (blocks[index][at] == index % 251) continue;
      std::printf("block %zu was overwritten at byte %zu\n", index, at);
      return 1;
    }
  }
  std::printf("all %zu blocks hold what was stored\n", kBlocks);
  return 0;
}
