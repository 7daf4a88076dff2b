// SPDX-License-Identifier: Apache-2.0
// Filters that want to hurt the shop, one trick each.

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "filters.h"

namespace {

#if defined(SPINS)
/// Never comes back.
void hurt() {
  for (volatile unsigned turns = 0;; turns = turns + 1) {
  }
}
#elif defined(HOARDS)
/// Takes all memory that there is.
void hurt() {
  constexpr size_t kChunk = 1 << 20;
  for (void* chunk = std::malloc(kChunk); chunk != nullptr; chunk = std::malloc(kChunk)) {
    std::memset(chunk, 1, kChunk);
  }
  std::abort();
}
#elif defined(PEEKS)
/// Looks where it has nothing to look for.
void hurt() {
  std::FILE* const secrets = std::fopen("/etc/passwd", "r");
  if (secrets != nullptr) std::fclose(secrets);
}
#elif defined(SCRIBBLES)
/// Spoils the shop's words, which its policy would let it do.
void hurt() {
  std::FILE* const words = std::fopen("/words/day.txt", "w");
  if (words != nullptr) std::fclose(words);
}
#endif

}  // namespace

void exports_shop_till_filter_apply(filters_string_t* text, filters_string_t* shown) {
  hurt();
  *shown = *text;
}
