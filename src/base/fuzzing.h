// SPDX-License-Identifier: Apache-2.0
#pragma once
// For tests that give foreign bytes to what reads them: how often, and bytes that are nearly right. A
// thousand rounds of each case, or as many as fit into BERTH_FUZZ_SECONDS.

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>

namespace berth {

/// Rounds of one case: a number of them, or until its part of the time is over.
class Rounds {
 public:
  /// `cases` share the time.
  Rounds(uint64_t seed, int cases) : random(seed) {
    if (const char* const asked = std::getenv("BERTH_FUZZ_SECONDS"))
      until_ = Clock::now() + std::chrono::seconds(std::atoi(asked)) / cases;
  }
  bool next() {
    ++done_;
    return until_ == Clock::time_point() ? done_ <= 1000 : done_ % 64 != 0 || Clock::now() < until_;
  }
  ~Rounds() {
    if (until_ != Clock::time_point()) MESSAGE(done_ << " rounds");
  }
  Rounds(const Rounds&) = delete;
  Rounds& operator=(const Rounds&) = delete;

  std::mt19937_64 random;

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point until_;
  uint64_t done_ = 0;
};

/// A few bytes changed, put in, taken out, doubled, or taken from another place.
inline std::string mutated(std::string text, std::mt19937_64& random, std::string_view special) {
  for (uint64_t left = 1 + random() % 5; left > 0; --left) {
    const size_t at = text.empty() ? 0 : random() % text.size();
    switch (random() % 6) {
      case 0:
        text.insert(at, 1, special[random() % special.size()]);
        break;
      case 1:
        text.insert(at, text.substr(at, random() % 40));
        break;
      case 2:
        text.erase(at, 1 + random() % 8);
        break;
      case 3:
        if (!text.empty()) text[at] = static_cast<char>(random());
        break;
      case 4:
        text.insert(at, text.substr(text.empty() ? 0 : random() % text.size(), random() % 60));
        break;
      default:
        if (!text.empty()) text[at] = special[random() % special.size()];
    }
  }
  return text;
}

}  // namespace berth
