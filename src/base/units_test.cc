// SPDX-License-Identifier: Apache-2.0
#include "base/units.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <limits>
#include <random>

using namespace berth;
using namespace std::chrono_literals;

namespace {

std::string message_of(const Result<uint64_t>& result) {
  return result ? "no error" : result.error().message;
}

}  // namespace

TEST_CASE("sizes are read with their unit, in powers of two or of ten") {
  CHECK(parse_bytes("64MiB") == uint64_t{64} << 20);
  CHECK(parse_bytes("64 MiB") == uint64_t{64} << 20);
  CHECK(parse_bytes(" 1.5GiB ") == uint64_t{3} << 29);
  CHECK(parse_bytes("2kB") == 2000);
  CHECK(parse_bytes("0.1KiB") == 102);
  CHECK(parse_bytes("0B") == 0);
  CHECK(parse_bytes("18446744073709551615B") == std::numeric_limits<uint64_t>::max());
}

TEST_CASE("sizes without a known unit, without a number or beyond 64 bits are refused") {
  for (const char* bad :
       {"", " ", "64", "64mb", "MiB", "-1B", "+1B", "1.B", ".5B", "1e3B", "0x10B", "1B2", "1KiB 2B",
        "18446744073709551616B", "16777216TiB", "99999999TB", "1.0000000001TiB", "1_000B", "1 0B"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_bytes(bad).has_value());
  }
}

TEST_CASE("the error of a size names the text and the units") {
  CHECK(message_of(parse_bytes("64mb")) ==
        "'64mb' has no unit that berth knows: use B, KiB, MiB, GiB, TiB, kB, MB, GB or TB, as in 64MiB");
  CHECK(message_of(parse_bytes("\x1b[2J")).contains("'?[2J'"));
}

TEST_CASE("times are read with one unit or several, larger ones first") {
  CHECK(parse_duration("2s") == 2s);
  CHECK(parse_duration("100ms") == 100ms);
  CHECK(parse_duration("1.5s") == 1500ms);
  CHECK(parse_duration("2m") == 2min);
  CHECK(parse_duration("1h") == 1h);
  CHECK(parse_duration("500us") == 500us);
  CHECK(parse_duration("1m30s") == 90s);
  CHECK(parse_duration("1 m 30 s") == 90s);
  CHECK(parse_duration("9223372036854775807ns") == std::chrono::nanoseconds::max());
}

TEST_CASE("times that are unclear or too long are refused") {
  for (const char* bad : {"", "5", "s", "5sec", "-1s", "30s1m", "1s1s", "1m30", "9223372036854775808ns",
                          "2562048h", "2562047h3600m", "1.5.5s", "1,5s", "1d"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_duration(bad).has_value());
  }
}

TEST_CASE("counts may have underscores and one short multiplier") {
  CHECK(parse_count("1000000") == 1'000'000);
  CHECK(parse_count("1_000_000") == 1'000'000);
  CHECK(parse_count("10k") == 10'000);
  CHECK(parse_count("1.5M") == 1'500'000);
  for (const char* bad : {"", "_1", "1_", "1__0", "k", "10K", "1kk", "-1"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_count(bad).has_value());
  }
}

TEST_CASE("sizes and times are shown in three digits") {
  CHECK(format_bytes(0) == "0 B");
  CHECK(format_bytes(1023) == "1023 B");
  CHECK(format_bytes(1024) == "1 KiB");
  CHECK(format_bytes(64 << 20) == "64 MiB");
  CHECK(format_bytes(1535 << 20) == "1.5 GiB");
  CHECK(format_bytes((1 << 20) - 1) == "1 MiB");
  CHECK(format_bytes(std::numeric_limits<uint64_t>::max()) == "16777216 TiB");
  CHECK(format_duration(0ns) == "0 ns");
  CHECK(format_duration(1200ms) == "1.2 s");
  CHECK(format_duration(350us) == "350 us");
  CHECK(format_duration(999'999ns) == "1 ms");
  CHECK(format_duration(90s) == "1 m 30 s");
  CHECK(format_duration(-90s) == "-1 m 30 s");
  CHECK(format_duration(2h + 5min) == "2 h 5 m");
  CHECK(format_duration(std::chrono::nanoseconds::min()) == "-2562047 h 47 m");
}

TEST_CASE("the exact forms are read back to the same value") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 10'000; ++i) {
    uint64_t bytes = random() >> (random() % 64);
    CHECK(parse_bytes(exact_bytes(bytes)) == bytes);
    auto duration = std::chrono::nanoseconds(static_cast<int64_t>(bytes >> 1));
    CHECK(parse_duration(exact_duration(duration)) == duration);
  }
  CHECK(exact_bytes(64 << 20) == "64MiB");
  CHECK(exact_bytes(0) == "0B");
  CHECK(exact_duration(90s + 500ms) == "1m30s500ms");
}

TEST_CASE("no text at all makes the readers of units stumble") {
  std::mt19937_64 random(11);
  constexpr std::string_view kAlphabet = "0123456789._ KMGTiBkhmsnu-+e\0\n\xff";
  for (int i = 0; i < 100'000; ++i) {
    std::string text;
    for (uint64_t left = random() % 24; left > 0; --left) text += kAlphabet[random() % kAlphabet.size()];
    if (auto bytes = parse_bytes(text)) CHECK(parse_bytes(exact_bytes(*bytes)) == *bytes);
    if (auto time = parse_duration(text)) CHECK(parse_duration(exact_duration(*time)) == *time);
    if (auto count = parse_count(text)) CHECK(parse_count(fmt::format("{}", *count)) == *count);
  }
}
