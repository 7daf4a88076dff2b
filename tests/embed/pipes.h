// SPDX-License-Identifier: Apache-2.0
#pragma once
// The module of streams and futures (tests/guests/rust/streams), and what it imports.

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "berth/berth.h"

namespace pipes {

using namespace std::chrono_literals;

struct Line {
  uint32_t number = 0;
  std::string text{};

  bool operator==(const Line&) const = default;
};

inline const std::string kPipes = "berth:streams/pipes@1.0.0.";
inline const std::string kGiver = "berth:streams/giver@1.0.0.";

/// Without a guest there is nothing to test, which is a failure.
inline const std::shared_ptr<berth::Module>& module() {
  static const auto loaded = [] {
    const char* const path = std::getenv("BERTH_STREAMS_GUEST");
    REQUIRE_MESSAGE(path != nullptr, "BERTH_STREAMS_GUEST names the module: build/guests/streams.wasm");
    const auto host = berth::Host::create({.callers = 4}).value();
    return host->load(path).value();
  }();
  return loaded;
}

/// Functions that the module doesn't call in most cases.
inline berth::Imports giver() {
  berth::Imports imports;
  imports.function(kGiver + "ask", [](std::string name) { return name; });
  imports.function(kGiver + "feed", [](uint32_t) { return berth::Stream<uint32_t>::of({}); });
  imports.function(kGiver + "collect", [](const berth::Stream<uint32_t>&) {});
  imports.function(kGiver + "soon", [](uint32_t value) { return berth::Future<uint32_t>::of(value); });
  return imports;
}

struct Pipes {
  explicit Pipes(const berth::InstanceLimits& limits = {.wall = 10s}) : Pipes(giver(), limits) {}
  explicit Pipes(const berth::Imports& imports, const berth::InstanceLimits& limits = {.wall = 10s}) {
    auto made = module()->instantiate({.limits = limits, .imports = imports});
    REQUIRE_MESSAGE(made, made.error().message);
    instance = *made;
  }

  template <class Signature>
  berth::Function<Signature> function(const std::string& name) const {
    auto found = instance->function<Signature>(kPipes + name);
    REQUIRE_MESSAGE(found, found.error().message);
    return *found;
  }
  template <class R, class... A>
  berth::Result<R> call(const std::string& name, const A&... arguments) const {
    return function<R(A...)>(name)(arguments...);
  }

  std::shared_ptr<berth::Instance> instance;
};

}  // namespace pipes
