// SPDX-License-Identifier: Apache-2.0
// Modules by name while a program runs: loaded, replaced and unloaded under calls, and found by what they
// export.

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <cstdlib>
#include <thread>

#include "base/os/process_usage.h"
#include "shop.h"

namespace {

using namespace std::chrono_literals;
using shop::bytes;
using shop::rule;
using shop::total;

struct Shop {
  std::shared_ptr<berth::Host> host = berth::Host::create().value();
  std::shared_ptr<berth::Plugins> plugins = berth::Plugins::create(host);

  berth::Result<std::shared_ptr<const berth::Plugin>> load(const std::string& name, const std::string& text) {
    return plugins->load(name, bytes(text));
  }
  /// "vat shop:price/rule@1.2.0", a line for each.
  std::string implementing(std::string_view interface) const {
    std::string lines;
    const auto found = plugins->implementing(interface).value();
    for (const auto& [plugin, exported] : found) {
      lines += plugin->name + " " + exported + "\n";
    }
    return lines;
  }
};

TEST_CASE("a module has its name until it is unloaded") {
  Shop shop;
  CHECK(shop.plugins->find("vat") == nullptr);
  const auto vat = shop.load("vat", rule(7)).value();
  CHECK(shop.plugins->find("vat") == vat);
  CHECK(vat->interfaces == std::vector<std::string>{"shop:price/rule@1.2.0"});
  CHECK(total(*vat->module).value() == 7);
  CHECK(shop.plugins->unload("vat"));
  CHECK_FALSE(shop.plugins->unload("vat"));
  CHECK(shop.plugins->find("vat") == nullptr);
  CHECK(shop.plugins->all().empty());
}

TEST_CASE("a call ends on the version that it began on") {
  Shop shop;
  const auto first = shop.load("vat", rule(1)).value();
  const auto instance = first->module->instantiate().value();
  const auto total_of_first = instance->function<uint32_t(uint32_t)>("rule.total").value();
  const auto second = shop.load("vat", rule(2)).value();
  CHECK(second->version > first->version);
  CHECK(total_of_first(0).value() == 1);
  CHECK(total(*shop.plugins->find("vat")->module).value() == 2);
  shop.plugins->unload("vat");
  CHECK(total_of_first(0).value() == 1);
  CHECK(total(*second->module).value() == 2);
}

TEST_CASE("a replaced version goes with the last that holds it") {
  Shop shop;
  std::weak_ptr<berth::Module> module = shop.load("vat", rule(1)).value()->module;
  auto instance = shop.plugins->find("vat")->module->instantiate().value();
  CHECK(shop.load("vat", rule(2)).has_value());
  CHECK_FALSE(module.expired());
  instance.reset();
  CHECK(module.expired());
}

TEST_CASE("what can't be loaded leaves what was there") {
  Shop shop;
  const auto vat = shop.load("vat", rule(1)).value();
  CHECK(shop.load("vat", "(component (oops))").error().code == berth::ErrorCode::kInvalidModule);
  CHECK(shop.plugins->load("vat", "/nowhere/vat.wasm").error().code == berth::ErrorCode::kNotFound);
  CHECK(shop.plugins->find("vat") == vat);
  CHECK_FALSE(shop.load("other", "no module").has_value());
  CHECK(shop.plugins->all().size() == 1);
}

/// Calls of what has the name now, until `stop`; how many. Each answer is compared with what its version
/// gives.
size_t call_until(const std::atomic<bool>& stop, const berth::Plugins& plugins, std::atomic<size_t>& wrong) {
  size_t calls = 0;
  while (!stop) {
    const auto plugin = plugins.find("vat");
    const auto instance = plugin->module->instantiate();
    if (!instance) {
      ++wrong;
      continue;
    }
    const auto total = (*instance)->function<uint32_t(uint32_t)>("rule.total").value();
    const auto name = (*instance)->function<uint32_t()>("rule.name").value();
    for (int i = 0; i < 20; ++i, calls += 2) {
      // A version's number is its answer.
      if (total(0) != static_cast<uint32_t>(plugin->version)) ++wrong;
      if (name() != static_cast<uint32_t>(plugin->version)) ++wrong;
    }
  }
  return calls;
}

TEST_CASE("through 1,000 replacements no call is lost and none is answered by a mix") {
  constexpr uint64_t kReplacements = 1000;
  Shop shop;
  REQUIRE(shop.load("vat", rule(1)).value()->version == 1);
  std::atomic<bool> stop = false;
  std::atomic<size_t> wrong = 0;
  std::array<std::atomic<size_t>, 2> calls = {};
  {
    std::array<std::jthread, 2> callers;
    for (size_t i = 0; i < callers.size(); ++i) {
      callers.at(i) = std::jthread([&, i] { calls.at(i) = call_until(stop, *shop.plugins, wrong); });
    }
    for (uint64_t i = 2; i <= kReplacements + 1; ++i) {
      const auto next = shop.load("vat", rule(static_cast<uint32_t>(i)));
      if (!next || (*next)->version != i) ++wrong;
    }
    stop = true;
  }
  CHECK(wrong == 0);
  for (const auto& count : calls) CHECK(count > 100);
  CHECK(total(*shop.plugins->find("vat")->module) == kReplacements + 1);
}

TEST_CASE("rounds of loading, calling, replacing and unloading leave nothing behind") {
  Shop shop;
  const auto rounds = [&](uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      const auto first = shop.load("vat", rule(2 * i)).value();
      CHECK(total(*first->module) == 2 * i);
      CHECK(shop.load("vat", rule(2 * i + 1)).has_value());
      CHECK(total(*shop.plugins->find("vat")->module) == 2 * i + 1);
      CHECK(shop.plugins->unload("vat"));
    }
    return static_cast<int64_t>(berth::ProcessUsage::of_self()->resident_bytes().value());
  };
  const char* const asked = std::getenv("BERTH_ROUNDS");
  const int64_t before = rounds(200);
  const int64_t after =
      rounds(asked != nullptr ? static_cast<uint32_t>(std::strtoul(asked, nullptr, 10)) : 400);
#ifndef __SANITIZE_ADDRESS__  // which keeps what is freed for a while
  CHECK(after - before < 2 << 20);
#endif
}

TEST_CASE("of loads that go on at once the last begun counts, whichever ends last") {
  Shop shop;
  constexpr int kRounds = 20;
  for (int round = 0; round < kRounds; ++round) {
    std::array<berth::Result<std::shared_ptr<const berth::Plugin>>, 3> loaded;
    {
      std::barrier ready(3);
      std::array<std::jthread, 3> loaders;
      for (size_t i = 0; i < loaders.size(); ++i) {
        loaders.at(i) = std::jthread([&, i] {
          ready.arrive_and_wait();
          loaded.at(i) = shop.load("vat", rule(static_cast<uint32_t>(i)));
        });
      }
    }
    const auto current = shop.plugins->find("vat");
    bool there = false;
    for (const auto& one : loaded) {
      if (!one) {
        CHECK(one.error().code == berth::ErrorCode::kCancelled);
      } else {
        CHECK((*one)->version <= current->version);
        there |= *one == current;
      }
    }
    CHECK(there);
  }
}

TEST_CASE("who implements an interface is found, compatible versions included, newest first") {
  Shop shop;
  CHECK(shop.load("old", rule(1, "shop:price/rule@1.1.9")).has_value());
  CHECK(shop.load("b", rule(1, "shop:price/rule@1.2.0")).has_value());
  CHECK(shop.load("a", rule(1, "shop:price/rule@1.2.0")).has_value());
  CHECK(shop.load("next", rule(1, "shop:price/rule@1.10.0")).has_value());
  CHECK(shop.load("far", rule(1, "shop:price/rule@2.0.0")).has_value());
  CHECK(shop.load("text", rule(1, "shop:text/rule@1.2.0")).has_value());
  CHECK(shop.implementing("shop:price/rule@1.2") ==
        "next shop:price/rule@1.10.0\na shop:price/rule@1.2.0\nb shop:price/rule@1.2.0\n");
  CHECK(shop.implementing("shop:price/rule@2") == "far shop:price/rule@2.0.0\n");
  CHECK(shop.implementing("shop:price/rule@0.2").empty());
  CHECK(shop.implementing("shop:text/rule") == "text shop:text/rule@1.2.0\n");
  CHECK(shop.plugins->implementing("price rule").error().code == berth::ErrorCode::kInvalidArgument);
  shop.plugins->unload("next");
  CHECK(shop.load("a", rule(1, "shop:text/rule@1.0.0")).has_value());
  CHECK(shop.implementing("shop:price/rule@1.2") == "b shop:price/rule@1.2.0\n");
}

TEST_CASE("an implementation is called by the name that it is found with") {
  Shop shop;
  CHECK(shop.load("vat", rule(19, "shop:price/rule@1.3.0")).has_value());
  const auto found = shop.plugins->implementing("shop:price/rule@1.2").value();
  REQUIRE(found.size() == 1);
  const auto instance = found.front().plugin->module->instantiate().value();
  const auto total = instance->function<uint32_t(uint32_t)>(found.front().interface + ".total").value();
  CHECK(total(0) == 19);
}

TEST_CASE("a module that misbehaves costs its own instance only") {
  Shop shop;
  const std::string loops = "(loop $again (br $again)) (i32.const 0)";
  const std::string grows =
      "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable";
  CHECK(shop.load("traps", rule(1, "shop:price/rule@1.2.0", "unreachable")).has_value());
  CHECK(shop.load("loops", rule(1, "shop:price/rule@1.2.0", loops)).has_value());
  CHECK(shop.load("grows", rule(1, "shop:price/rule@1.2.0", grows)).has_value());
  CHECK(shop.load("honest", rule(5)).has_value());
  const auto found = shop.plugins->implementing("shop:price/rule@1.2").value();
  CHECK(found.size() == 4);
  for (const auto& [plugin, interface] : found) {
    const auto instance = plugin->module->instantiate({.limits = {.memory_bytes = 4 << 20, .wall = 100ms}});
    REQUIRE(instance.has_value());
    const auto total = (*instance)->function<uint32_t(uint32_t)>(interface + ".total").value();
    const auto name = (*instance)->function<uint32_t()>(interface + ".name").value();
    const auto answer = total(0);
    INFO(plugin->name);
    CHECK(answer.has_value() == (plugin->name == "honest"));
    // The same end again; a fresh one answers.
    CHECK(name().has_value() == (plugin->name == "honest"));
    const auto fresh = plugin->module->instantiate().value();
    CHECK(fresh->function<uint32_t()>("rule.name").value()().value() == (plugin->name == "honest" ? 5 : 1));
  }
}

TEST_CASE("a module that has other types than its interface promised is refused when it is bound") {
  Shop shop;
  const auto liar = shop.load("liar", rule(1)).value();
  const auto instance = liar->module->instantiate().value();
  const auto bound = instance->function<std::string(uint32_t)>("rule.total");
  REQUIRE_FALSE(bound.has_value());
  CHECK(bound.error().code == berth::ErrorCode::kInvalidArgument);
  CHECK(instance->function<uint32_t()>("rule.name").value()() == 1);
}

}  // namespace
