// SPDX-License-Identifier: Apache-2.0
// Modules that use up their share of the stack before they call the program, which calls the next one from
// there: whatever they do, the program's own stack has room.

#include <doctest/doctest.h>
#include <pthread.h>

#include <functional>

#include "berth/berth.h"

namespace {

using berth::ErrorCode;

/// Goes down so many calls of its own, and calls the program's `next` at the bottom.
constexpr std::string_view kDeep = R"((component
  (import "next" (func $next (result u32)))
  (core func $next (canon lower (func $next)))
  (core module $m
    (import "" "next" (func $next (result i32)))
    (func $down (param i32) (result i32)
      (if (result i32) (i32.eqz (local.get 0))
        (then (call $next))
        (else (i32.add (call $down (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))))
    (func (export "go") (param i32) (result i32) (call $down (local.get 0))))
  (core instance $m (instantiate $m (with "" (instance (export "next" (func $next))))))
  (func (export "go") (param "depth" u32) (result u32) (canon lift (core func $m "go")))))";

using Go = berth::Function<uint32_t(uint32_t)>;

Go deep(std::function<berth::Result<uint32_t>()> next) {
  static const auto module =
      berth::Host::create().value()->load(std::as_bytes(std::span(kDeep)), "deep.wat").value();
  berth::Imports imports;
  imports.function("next", std::move(next));
  return module->instantiate({.imports = imports}).value()->function<uint32_t(uint32_t)>("go").value();
}

/// As deep as a module gets, nearly.
uint32_t most() {
  static const uint32_t found = [] {
    uint32_t fits = 1000;
    uint32_t too_deep = 10'000'000;
    while (too_deep - fits > 1000) {
      const uint32_t half = fits + (too_deep - fits) / 2;
      const auto gone = deep([] { return 0U; })(half);
      CHECK((gone || gone.error().code == ErrorCode::kLimit));
      (gone ? fits : too_deep) = half;
    }
    return fits;
  }();
  return found;
}

TEST_CASE("modules that call each other by the program, each at the bottom of its stack") {
  constexpr uint32_t kModules = 40;
  REQUIRE(most() > 5000);
  Go last = deep([] { return 0U; });
  for (uint32_t i = 1; i < kModules; ++i) last = deep([last] { return last(most()); });
  CHECK(last(most()) == kModules * most());
}

TEST_CASE("a thread with a small stack calls a module that uses much") {
  const Go go = deep([] { return 7U; });
  std::function<void()> body = [&] { CHECK(go(most()) == most() + 7); };
  pthread_attr_t small;
  REQUIRE(pthread_attr_init(&small) == 0);
  REQUIRE(pthread_attr_setstacksize(&small, 256 << 10) == 0);
  pthread_t thread{};
  const auto run = [](void* what) -> void* {
    (*static_cast<std::function<void()>*>(what))();
    return nullptr;
  };
  REQUIRE(pthread_create(&thread, &small, run, &body) == 0);
  REQUIRE(pthread_join(thread, nullptr) == 0);
  pthread_attr_destroy(&small);
}

}  // namespace
