// SPDX-License-Identifier: Apache-2.0
#include "policy/nearest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <vector>

namespace berth::policy {
namespace {

constexpr size_t kLongestWord = 64;

char lower(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

/// Slips between two words: insertions, deletions, replacements and swaps of neighbours; case is none.
size_t slips(std::string_view left, std::string_view right) {
  std::vector<size_t> before(right.size() + 1);
  std::vector<size_t> row(right.size() + 1);
  std::vector<size_t> next(right.size() + 1);
  for (size_t j = 0; j <= right.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= left.size(); ++i) {
    next[0] = i;
    for (size_t j = 1; j <= right.size(); ++j) {
      bool same = lower(left[i - 1]) == lower(right[j - 1]);
      next[j] = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + (same ? 0 : 1)});
      bool swapped = i > 1 && j > 1 && lower(left[i - 1]) == lower(right[j - 2]) &&
                     lower(left[i - 2]) == lower(right[j - 1]);
      if (swapped) next[j] = std::min(next[j], before[j - 2] + 1);
    }
    before.swap(row);
    row.swap(next);
  }
  return row[right.size()];
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known) {
  if (word.empty() || word.size() > kLongestWord) return std::nullopt;
  std::optional<std::string_view> best;
  size_t best_slips = std::max<size_t>(1, word.size() / 3) + 1;
  for (std::string_view candidate : known) {
    size_t count = slips(word, candidate);
    if (count < best_slips) {
      best_slips = count;
      best = candidate;
    }
  }
  if (best) return best;
  for (std::string_view candidate : known) {
    if (candidate.starts_with(word)) return candidate;
  }
  return std::nullopt;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known) {
  if (auto near = nearest(word, known)) return fmt::format(", did you mean '{}'", *near);
  return fmt::format("; there are {}", fmt::join(known, ", "));
}

}  // namespace berth::policy
