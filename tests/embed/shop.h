// SPDX-License-Identifier: Apache-2.0
#pragma once
// Modules that tests write themselves: a rule of a shop's prices, in as many versions as a test likes.

#include <fmt/format.h>

#include <span>
#include <string>
#include <string_view>

#include "berth/berth.h"

namespace shop {

/// A component that exports an interface with `total: func(id: u32) -> u32` and `name: func() -> u32`.
/// `total` is the text of a core function's body; `name` gives `number`, as a body that leaves the parameter
/// alone does.
inline std::string rule(uint32_t number, std::string_view interface = "shop:price/rule@1.2.0",
                        std::string_view total = "") {
  const std::string answer = fmt::format("(i32.const {})", static_cast<int32_t>(number));
  return fmt::format(R"((component
    (core module $m
      (memory 1)
      (func (export "total") (param i32) (result i32) {})
      (func (export "name") (result i32) {}))
    (core instance $i (instantiate $m))
    (func $total (param "id" u32) (result u32) (canon lift (core func $i "total")))
    (func $name (result u32) (canon lift (core func $i "name")))
    (instance $rule (export "total" (func $total)) (export "name" (func $name)))
    (export "{}" (instance $rule))))",
                     total.empty() ? answer : total, answer, interface);
}

inline std::span<const std::byte> bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

/// What an instance of it answers.
inline berth::Result<uint32_t> total(const berth::Module& module) {
  auto instance = module.instantiate();
  if (!instance) return std::unexpected(instance.error());
  auto function = (*instance)->function<uint32_t(uint32_t)>("rule.total");
  if (!function) return std::unexpected(function.error());
  return (*function)(0);
}

}  // namespace shop
