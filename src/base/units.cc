// SPDX-License-Identifier: Apache-2.0
#include "base/units.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <optional>
#include <span>

namespace berth {
namespace {

using Wide = unsigned __int128;

struct Unit {
  std::string_view name;
  uint64_t factor;
};

constexpr std::array<Unit, 9> kSizes{{{"B", 1},
                                      {"KiB", uint64_t{1} << 10},
                                      {"MiB", uint64_t{1} << 20},
                                      {"GiB", uint64_t{1} << 30},
                                      {"TiB", uint64_t{1} << 40},
                                      {"kB", 1'000},
                                      {"MB", 1'000'000},
                                      {"GB", 1'000'000'000},
                                      {"TB", 1'000'000'000'000}}};

constexpr std::array<Unit, 6> kTimes{{{"ns", 1},
                                      {"us", 1'000},
                                      {"ms", 1'000'000},
                                      {"s", 1'000'000'000},
                                      {"m", 60'000'000'000},
                                      {"h", 3'600'000'000'000}}};

constexpr std::array<Unit, 4> kCounts{{{"", 1}, {"k", 1'000}, {"M", 1'000'000}, {"G", 1'000'000'000}}};

constexpr std::string_view kSizeHint = "use B, KiB, MiB, GiB, TiB, kB, MB, GB or TB, as in 64MiB";
constexpr std::string_view kTimeHint = "use ns, us, ms, s, m or h, as in 500ms";
constexpr std::string_view kCountHint = "use digits and at most one of k, M and G, as in 10k";

constexpr uint64_t kFractionScale = 1'000'000'000;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// A number as written, in billionths: at most nine digits after the point.
struct Decimal {
  uint64_t whole = 0;
  uint64_t billionths = 0;
};

enum class Underscores { kNo, kYes };

std::optional<uint64_t> take_digits(std::string_view& text, Underscores underscores) {
  uint64_t value = 0;
  size_t at = 0;
  for (; at < text.size(); ++at) {
    bool between = underscores == Underscores::kYes && text[at] == '_' && at > 0 && at + 1 < text.size() &&
                   is_digit(text[at - 1]) && is_digit(text[at + 1]);
    if (between) continue;
    if (!is_digit(text[at])) break;
    auto digit = static_cast<uint64_t>(text[at] - '0');
    if (value > (std::numeric_limits<uint64_t>::max() - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  if (at == 0) return std::nullopt;
  text.remove_prefix(at);
  return value;
}

std::optional<Decimal> take_decimal(std::string_view& text, Underscores underscores) {
  Decimal decimal;
  auto whole = take_digits(text, underscores);
  if (!whole) return std::nullopt;
  decimal.whole = *whole;
  if (text.empty() || text.front() != '.') return decimal;
  text.remove_prefix(1);
  size_t before = text.size();
  auto fraction = take_digits(text, Underscores::kNo);
  size_t digits = before - text.size();
  if (!fraction || digits > 9) return std::nullopt;
  decimal.billionths = *fraction;
  for (size_t i = digits; i < 9; ++i) decimal.billionths *= 10;
  return decimal;
}

std::optional<uint64_t> times(const Decimal& decimal, uint64_t factor) {
  Wide product = Wide{decimal.whole} * factor + Wide{decimal.billionths} * factor / kFractionScale;
  if (product > std::numeric_limits<uint64_t>::max()) return std::nullopt;
  return static_cast<uint64_t>(product);
}

const Unit* find_unit(std::span<const Unit> units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// `text` as it may be shown: at most 40 characters of plain ASCII.
std::string shown(std::string_view text) {
  std::string out;
  for (char c : text.substr(0, 40)) out += (c >= ' ' && c <= '~') ? c : '?';
  if (text.size() > 40) out += "...";
  return out;
}

std::unexpected<Error> wrong(std::string_view text, std::string_view problem, std::string_view hint) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' {}: {}", shown(text), problem, hint));
}

/// One number and one unit.
Result<uint64_t> parse_scaled(std::string_view text, std::span<const Unit> units, std::string_view hint,
                              Underscores underscores) {
  std::string_view rest = trimmed(text);
  auto decimal = take_decimal(rest, underscores);
  if (!decimal) return wrong(text, "is not a number that berth can hold", hint);
  const Unit* unit = find_unit(units, trimmed(rest));
  if (unit == nullptr) return wrong(text, "has no unit that berth knows", hint);
  auto value = times(*decimal, unit->factor);
  if (!value) return wrong(text, "is larger than berth can count", hint);
  return *value;
}

/// Three significant digits, without zeros behind the point.
std::string three_digits(double value) {
  std::string text = fmt::format("{:.{}f}", value, value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);
  if (text.contains('.')) {
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

}  // namespace

Result<uint64_t> parse_bytes(std::string_view text) {
  return parse_scaled(text, kSizes, kSizeHint, Underscores::kNo);
}

Result<uint64_t> parse_count(std::string_view text) {
  return parse_scaled(text, kCounts, kCountHint, Underscores::kYes);
}

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  constexpr auto kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  std::string_view rest = trimmed(text);
  uint64_t total = 0;
  uint64_t previous_factor = std::numeric_limits<uint64_t>::max();
  do {
    auto decimal = take_decimal(rest, Underscores::kNo);
    if (!decimal) return wrong(text, "is not a time that berth can hold", kTimeHint);
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    size_t letters = 0;
    while (letters < rest.size() && !is_digit(rest[letters]) && rest[letters] != ' ') ++letters;
    const Unit* unit = find_unit(kTimes, rest.substr(0, letters));
    if (unit == nullptr) return wrong(text, "has no unit that berth knows", kTimeHint);
    if (unit->factor >= previous_factor) return wrong(text, "has its units out of order", "as in 1m30s");
    auto part = times(*decimal, unit->factor);
    if (!part || *part > kMost - total) return wrong(text, "is longer than berth can count", kTimeHint);
    total += *part;
    previous_factor = unit->factor;
    rest.remove_prefix(letters);
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  } while (!rest.empty());
  return std::chrono::nanoseconds(static_cast<int64_t>(total));
}

std::string format_bytes(uint64_t bytes) {
  size_t unit = 0;
  while (unit < 4 && static_cast<double>(bytes) / static_cast<double>(kSizes[unit].factor) >= 1023.5) ++unit;
  double value = static_cast<double>(bytes) / static_cast<double>(kSizes[unit].factor);
  return fmt::format("{} {}", three_digits(value), kSizes[unit].name);
}

std::string format_duration(std::chrono::nanoseconds duration) {
  bool negative = duration.count() < 0;
  auto count = static_cast<uint64_t>(duration.count());
  uint64_t ns = negative ? 0 - count : count;
  std::string_view sign = negative ? "-" : "";
  constexpr uint64_t kSecond = 1'000'000'000;
  constexpr uint64_t kAlmostMinute = 59'950'000'000;
  if (ns >= kAlmostMinute) {
    uint64_t seconds = (ns + kSecond / 2) / kSecond;
    if (seconds < 3600) return fmt::format("{}{} m {} s", sign, seconds / 60, seconds % 60);
    return fmt::format("{}{} h {} m", sign, seconds / 3600, seconds % 3600 / 60);
  }
  size_t unit = ns >= 999'500'000 ? 3 : ns >= 999'500 ? 2 : ns >= 1'000 ? 1 : 0;
  double value = static_cast<double>(ns) / static_cast<double>(kTimes[unit].factor);
  return fmt::format("{}{} {}", sign, three_digits(value), kTimes[unit].name);
}

std::string exact_bytes(uint64_t bytes) {
  size_t unit = 4;
  while (unit > 0 && (bytes == 0 || bytes % kSizes[unit].factor != 0)) --unit;
  return fmt::format("{}{}", bytes / kSizes[unit].factor, kSizes[unit].name);
}

std::string exact_duration(std::chrono::nanoseconds duration) {
  if (duration.count() <= 0) return "0s";
  auto rest = static_cast<uint64_t>(duration.count());
  std::string text;
  for (size_t unit = kTimes.size(); unit-- > 0;) {
    uint64_t count = rest / kTimes[unit].factor;
    if (count == 0) continue;
    text += fmt::format("{}{}", count, kTimes[unit].name);
    rest -= count * kTimes[unit].factor;
  }
  return text;
}

}  // namespace berth
