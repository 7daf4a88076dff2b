// SPDX-License-Identifier: Apache-2.0
// A folder of modules while a program runs.

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "base/testing.h"
#include "shop.h"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Kind = berth::WatchEvent::Kind;
using shop::rule;
using shop::total;

constexpr auto kDeadline = 30s;
/// Short enough not to wait for, long enough to be told from none.
constexpr auto kSettle = 50ms;

/// A program with a folder of modules.
class Shop {
 public:
  explicit Shop(berth::WatchOptions options = {.settle = kSettle, .look_every = 50ms}) : options_(options) {}

  void watch() {
    watch_ = plugins->watch(folder.path(), options_, [this](const berth::WatchEvent& event) { hear(event); })
                 .value();
  }
  void stop() {
    watch_.reset();
  }
  /// As a careless program does.
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(folder.at(name)) << text;
  }
  void rename_in(const std::string& name, std::string_view text) const {
    std::ofstream(folder.at(".aside")) << text;
    fs::rename(folder.at(".aside"), folder.at(name));
  }
  /// The next event, in words.
  std::string next() {
    std::unique_lock guard(lock_);
    if (!told_.wait_for(guard, kDeadline, [this] { return !events_.empty(); })) return "nothing";
    std::string event = events_.front();
    events_.erase(events_.begin());
    return event;
  }
  bool quiet() {
    const std::lock_guard guard(lock_);
    return events_.empty();
  }
  uint32_t answer(const std::string& name) const {
    return total(*plugins->find(name)->module).value();
  }

  berth::TestFolder folder;
  std::shared_ptr<berth::Plugins> plugins = berth::Plugins::create(berth::Host::create().value());
  std::function<void()> on_event;

 private:
  void hear(const berth::WatchEvent& event) {
    std::string words = event.name;
    switch (event.kind) {
      case Kind::kLoaded:
        words += " loaded";
        break;
      case Kind::kReplaced:
        words += " replaced";
        break;
      case Kind::kUnloaded:
        words += " unloaded";
        break;
      case Kind::kRefused:
        words += event.error && !event.error->message.empty() ? " refused" : " refused without a reason";
        break;
    }
    const bool brings = event.kind == Kind::kLoaded || event.kind == Kind::kReplaced;
    if ((event.plugin != nullptr) != brings) words += ", with the wrong plugin";
    {
      const std::lock_guard guard(lock_);
      events_.push_back(std::move(words));
    }
    told_.notify_all();
    if (on_event) on_event();
  }

  const berth::WatchOptions options_;
  std::mutex lock_;
  std::condition_variable told_;
  std::vector<std::string> events_;  // guarded by lock_
  std::unique_ptr<berth::Watch> watch_;
};

TEST_CASE("what lies in a folder is loaded when its watch begins") {
  Shop shop({.settle = 0ms});
  shop.write("vat.wat", rule(7));
  shop.write("notes.txt", "no module");
  shop.write(".hidden.wat", rule(8));
  shop.watch();
  CHECK(shop.next() == "vat loaded");
  CHECK(shop.plugins->all().size() == 1);
  CHECK(shop.answer("vat") == 7);
}

TEST_CASE("a module is loaded when its file comes, replaced when it changes, unloaded when it goes") {
  Shop shop;
  shop.watch();
  shop.write("vat.wat", rule(1));
  CHECK(shop.next() == "vat loaded");
  const auto first = shop.plugins->find("vat");
  shop.write("vat.wat", rule(2));
  CHECK(shop.next() == "vat replaced");
  CHECK(shop.answer("vat") == 2);
  CHECK(total(*first->module) == 1);
  fs::remove(shop.folder.at("vat.wat"));
  CHECK(shop.next() == "vat unloaded");
  CHECK(shop.plugins->find("vat") == nullptr);
  CHECK(total(*first->module) == 1);
}

TEST_CASE("what can't be loaded is told, and what was there stays until it can") {
  Shop shop;
  shop.watch();
  shop.rename_in("vat.wat", rule(1));
  CHECK(shop.next() == "vat loaded");
  shop.rename_in("vat.wat", "(component (oops))");
  CHECK(shop.next() == "vat refused");
  CHECK(shop.answer("vat") == 1);
  shop.rename_in("vat.wat", rule(2));
  CHECK(shop.next() == "vat replaced");
}

TEST_CASE("a file that is renamed into the folder is taken at once") {
  Shop shop({.settle = 1h, .look_every = 1h});
  shop.watch();
  shop.rename_in("vat.wat", rule(1));
  CHECK(shop.next() == "vat loaded");
  shop.rename_in("vat.wat", rule(2));
  CHECK(shop.next() == "vat replaced");
}

TEST_CASE("a file that is written slowly is taken whole") {
  Shop shop;
  shop.watch();
  const std::string text = rule(3) + ";; " + std::string(1000, '.');
  std::ofstream file(shop.folder.at("vat.wat"));
  // A half that would be a module by itself, and longer pauses than a file has to settle in.
  file << rule(2) << std::flush;
  std::this_thread::sleep_for(4 * kSettle);
  file.seekp(0);
  file << text << std::flush;
  std::this_thread::sleep_for(4 * kSettle);
  CHECK(shop.quiet());
  file.close();
  CHECK(shop.next() == "vat loaded");
  CHECK(shop.answer("vat") == 3);
}

TEST_CASE("a file that is only touched is left alone") {
  Shop shop;
  shop.watch();
  shop.write("vat.wat", rule(1));
  CHECK(shop.next() == "vat loaded");
  const uint64_t version = shop.plugins->find("vat")->version;
  shop.write("vat.wat", rule(1));
  shop.rename_in("other.wat", rule(2));
  CHECK(shop.next() == "other loaded");
  std::this_thread::sleep_for(4 * kSettle);
  CHECK(shop.quiet());
  CHECK(shop.plugins->find("vat")->version == version);
}

TEST_CASE("a file that is deleted and written anew is replaced") {
  Shop shop({.settle = 500ms, .look_every = 20ms});
  shop.watch();
  shop.rename_in("vat.wat", rule(1));
  CHECK(shop.next() == "vat loaded");
  fs::remove(shop.folder.at("vat.wat"));
  std::this_thread::sleep_for(100ms);
  CHECK(shop.plugins->find("vat") != nullptr);
  shop.rename_in("vat.wat", rule(2));
  CHECK(shop.next() == "vat replaced");
}

TEST_CASE("of two files of one name the first counts, until it goes") {
  Shop shop;
  shop.watch();
  shop.rename_in("vat.wat", rule(1));
  CHECK(shop.next() == "vat loaded");
  shop.rename_in("vat.wasm", rule(2));
  CHECK(shop.next() == "vat refused");
  CHECK(shop.answer("vat") == 1);
  fs::remove(shop.folder.at("vat.wat"));
  CHECK(shop.next() == "vat unloaded");
  CHECK(shop.next() == "vat loaded");
  CHECK(shop.answer("vat") == 2);
}

TEST_CASE("what the system doesn't tell is found by looking: a link that leads elsewhere now") {
  Shop shop;
  const berth::TestFolder aside;
  std::ofstream(aside.at("first")) << rule(1);
  fs::create_symlink(aside.at("first"), shop.folder.at("vat.wat"));
  shop.watch();
  CHECK(shop.next() == "vat loaded");
  std::ofstream(aside.at("second")) << rule(2);
  fs::rename(aside.at("second"), aside.at("first"));
  CHECK(shop.next() == "vat replaced");
}

TEST_CASE("a folder that goes takes its modules with it, and may come back") {
  Shop shop;
  shop.watch();
  shop.rename_in("vat.wat", rule(1));
  CHECK(shop.next() == "vat loaded");
  fs::remove_all(shop.folder.path());
  CHECK(shop.next() == " refused");  // the folder itself
  CHECK(shop.next() == "vat unloaded");
  fs::create_directory(shop.folder.path());
  shop.rename_in("vat.wat", rule(2));
  CHECK(shop.next() == "vat loaded");
}

TEST_CASE("a folder that isn't there is refused") {
  Shop shop;
  const auto watch = shop.plugins->watch(shop.folder.at("none"), {}, nullptr);
  REQUIRE_FALSE(watch.has_value());
  CHECK(watch.error().code == berth::ErrorCode::kNotFound);
}

TEST_CASE("after a watch has ended its modules stay and nothing more is heard") {
  Shop shop;
  shop.watch();
  shop.rename_in("vat.wat", rule(1));
  CHECK(shop.next() == "vat loaded");
  shop.stop();
  fs::remove(shop.folder.at("vat.wat"));
  std::this_thread::sleep_for(4 * kSettle);
  CHECK(shop.quiet());
  CHECK(shop.answer("vat") == 1);
}

TEST_CASE("a callback may end its own watch, and what it throws is dropped") {
  Shop shop;
  shop.watch();
  shop.on_event = [] { throw std::runtime_error("the program's own"); };
  shop.rename_in("vat.wat", rule(1));
  CHECK(shop.next() == "vat loaded");
  shop.rename_in("vat.wat", rule(2));
  CHECK(shop.next() == "vat replaced");
  std::atomic<bool> ended = false;
  Shop other;
  other.watch();
  other.on_event = [&] {
    other.stop();
    ended = true;
  };
  other.rename_in("vat.wat", rule(1));
  CHECK(other.next() == "vat loaded");
  while (!ended) std::this_thread::yield();
  other.rename_in("vat.wat", rule(2));
  std::this_thread::sleep_for(4 * kSettle);
  CHECK(other.quiet());
}

TEST_CASE("what the program has loaded itself isn't unloaded with a file of that name") {
  Shop shop;
  shop.watch();
  shop.rename_in("vat.wat", rule(1));
  CHECK(shop.next() == "vat loaded");
  CHECK(shop.plugins->load("vat", shop::bytes(rule(9))).has_value());
  fs::remove(shop.folder.at("vat.wat"));
  std::this_thread::sleep_for(6 * kSettle);
  CHECK(shop.quiet());
  CHECK(shop.answer("vat") == 9);
}

TEST_CASE("a folder full of what is no module harms nobody") {
  Shop shop;
  shop.watch();
  fs::create_directory(shop.folder.at("folder.wasm"));
  REQUIRE(::mkfifo(shop.folder.at("pipe.wasm").c_str(), 0600) == 0);
  fs::create_symlink("/nowhere", shop.folder.at("nowhere.wasm"));
  fs::create_symlink("/dev/zero", shop.folder.at("endless.wasm"));
  shop.write("empty.wasm", "");
  shop.rename_in("script.wasm", "#!/bin/sh\n");
  CHECK(shop.next() == "script refused");
  shop.rename_in("loops.wat", rule(1, "shop:price/rule@1.2.0", "(loop $again (br $again)) (i32.const 0)"));
  CHECK(shop.next() == "loops loaded");
  shop.rename_in("vat.wat", rule(1));
  CHECK(shop.next() == "vat loaded");
  CHECK(shop.quiet());
}

}  // namespace
