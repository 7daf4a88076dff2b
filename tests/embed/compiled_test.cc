// SPDX-License-Identifier: Apache-2.0
// Modules that a program compiles once and loads later.

#include <doctest/doctest.h>

#include "shop.h"

namespace {

using berth::ErrorCode;
using shop::bytes;
using shop::rule;
using shop::total;

TEST_CASE("a compiled module is loaded by another host and answers the same") {
  const auto compiled = berth::Host::create().value()->compile(bytes(rule(7))).value();
  const auto module = berth::Host::create().value()->load_compiled(compiled, "vat").value();
  CHECK(total(*module) == 7);
  CHECK(module->interfaces().value() == std::vector<std::string>{"shop:price/rule@1.2.0"});
}

TEST_CASE("what can't be compiled is an error") {
  CHECK(berth::Host::create().value()->compile(bytes("(component (oops))")).error().code ==
        ErrorCode::kInvalidModule);
}

TEST_CASE("what is damaged, cut off or something else isn't loaded") {
  const auto host = berth::Host::create().value();
  const auto compiled = host->compile(bytes(rule(7))).value();
  const auto code = [&](std::span<const std::byte> changed) {
    const auto module = host->load_compiled(changed, "vat");
    return module ? ErrorCode::kInternal : module.error().code;
  };
  for (size_t at = 0; at < compiled.size(); at += 1 + compiled.size() / 50) {
    auto changed = compiled;
    changed.at(at) ^= std::byte{1};
    CHECK(code(changed) == ErrorCode::kInvalidModule);
    CHECK(code(std::span(compiled).first(at)) == ErrorCode::kInvalidModule);
  }
  CHECK(code(bytes(rule(7))) == ErrorCode::kInvalidModule);
  CHECK(total(*host->load_compiled(compiled, "vat").value()) == 7);
}

TEST_CASE("what counts fuel is for a host that counts it") {
  const auto counts = berth::Host::create({.count_fuel = true}).value();
  const auto compiled = counts->compile(bytes(rule(7))).value();
  CHECK(total(*counts->load_compiled(compiled, "vat").value()) == 7);
  CHECK(berth::Host::create().value()->load_compiled(compiled, "vat").error().code ==
        ErrorCode::kInvalidModule);
}

}  // namespace
