// SPDX-License-Identifier: Apache-2.0
#pragma once
// The module that hands on what it gets (tests/guests/cpp/relay.cc), and all the functions that it imports.

#include <fmt/format.h>

#include <cstdlib>

#include "embed/every.h"

namespace every {

/// Without a guest there is nothing to test, which is a failure.
inline const std::shared_ptr<berth::Module>& relay() {
  static const auto module = [] {
    const char* const path = std::getenv("BERTH_RELAY_GUEST");
    REQUIRE_MESSAGE(path != nullptr, "BERTH_RELAY_GUEST names the module: build/guests/relay.wasm");
    return berth::Host::create().value()->load(path).value();
  }();
  return module;
}

template <class T>
T same(T value) {
  return value;
}

template <class T>
void give_back(berth::Imports& imports, const std::string& name) {
  imports.function("berth:every/echo@1.0.0." + name, same<T>);
}

inline std::string join(uint8_t a, std::string_view b, uint16_t c, double d, const std::string& e, int64_t f,
                        std::span<const uint8_t> g, bool h, char32_t i, Point j, std::optional<uint64_t> k,
                        std::string l) {
  std::string bytes;
  for (const uint8_t byte : g) bytes += fmt::format("{}{}", bytes.empty() ? "" : ", ", byte);
  return fmt::format("{} {} {} {} {} {} [{}] {} {} {} {} {} {}", a, b, c, d, e, f, bytes, h,
                     static_cast<char>(i), j.x, j.y, k ? std::to_string(*k) : "None", l);
}

/// All that the module imports.
inline berth::Imports everything() {
  berth::Imports imports;
  give_back<bool>(imports, "bools");
  give_back<int8_t>(imports, "s8s");
  give_back<uint8_t>(imports, "u8s");
  give_back<int16_t>(imports, "s16s");
  give_back<uint16_t>(imports, "u16s");
  give_back<int32_t>(imports, "s32s");
  give_back<uint32_t>(imports, "u32s");
  give_back<int64_t>(imports, "s64s");
  give_back<uint64_t>(imports, "u64s");
  give_back<float>(imports, "f32s");
  give_back<double>(imports, "f64s");
  give_back<char32_t>(imports, "chars");
  give_back<std::string>(imports, "texts");
  give_back<std::vector<uint8_t>>(imports, "bytes");
  give_back<std::vector<int16_t>>(imports, "numbers");
  give_back<std::vector<double>>(imports, "doubles");
  give_back<std::vector<bool>>(imports, "many-bools");
  give_back<std::vector<char32_t>>(imports, "many-chars");
  give_back<std::vector<std::string>>(imports, "many-texts");
  give_back<std::vector<std::vector<uint16_t>>>(imports, "nested");
  give_back<Point>(imports, "points");
  give_back<Reading>(imports, "readings");
  give_back<std::vector<Reading>>(imports, "many-readings");
  give_back<std::tuple<uint8_t, std::string, int64_t>>(imports, "tuples");
  give_back<Colour>(imports, "colours");
  give_back<Access>(imports, "accesses");
  give_back<Bits>(imports, "all-bits");
  give_back<Shape>(imports, "shapes");
  give_back<std::vector<Shape>>(imports, "many-shapes");
  give_back<std::optional<std::string>>(imports, "options");
  give_back<std::vector<std::optional<uint8_t>>>(imports, "many-options");
  give_back<std::expected<uint32_t, std::string>>(imports, "results");
  give_back<std::expected<void, std::monostate>>(imports, "empty-results");
  give_back<std::optional<std::expected<std::vector<Shape>, std::tuple<Colour, Access>>>>(imports, "deep");
  imports.function("echo.joined", join);
  imports.function("echo.nothing", [] {});
  imports.function("log", [](std::string_view) {});
  imports.function("add", [](int32_t a, int32_t b) { return a + b; });
  imports.function("greet", [](std::string_view name) { return "hello, " + std::string(name); });
  return imports;
}

/// Has it say a line.
inline berth::Result<void> say(const std::shared_ptr<berth::Instance>& instance, std::string_view line) {
  return instance->function<void(std::string_view)>("say").value()(line);
}

}  // namespace every
