// SPDX-License-Identifier: Apache-2.0
// shop FOLDER [BERTH]: sells, with the plugins that lie in a folder while it runs. Commands come by standard
// input, one a line. Where the program berth is named, plugins are compiled in a process of its own.

#include <iostream>
#include <sstream>
#include <string>

#include "say.h"
#include "till.h"

namespace {

constexpr const char* kCommands = "sell ARTICLE COUNT …, show TEXT, report, plugins, quit";

std::shared_ptr<Catalogue> stocked() {
  return std::make_shared<Catalogue>(std::map<uint32_t, Catalogue::Article>{
      {1, {.name = "rope", .price = 450, .stock = 20}},
      {2, {.name = "lantern", .price = 2990, .stock = 3}},
      {3, {.name = "biscuit", .price = 120, .stock = 200}},
  });
}

void tell(const berth::WatchEvent& event) {
  using enum berth::WatchEvent::Kind;
  switch (event.kind) {
    case kLoaded:
      return say("+ ", event.name);
    case kReplaced:
      return say("= ", event.name);
    case kUnloaded:
      return say("- ", event.name);
    case kRefused:
      return say("! ", event.name, ": ", event.error->message);
  }
}

void list(const berth::Plugins& plugins) {
  for (const auto& plugin : plugins.all()) {
    std::string interfaces;
    for (const auto& interface : plugin->interfaces) interfaces += " " + interface;
    say(plugin->name, " version ", plugin->version, ":", interfaces);
  }
}

std::vector<Item> items(std::istringstream& words) {
  std::vector<Item> read;
  for (Item item; words >> item.article >> item.count;) read.push_back(item);
  return read;
}

/// False when the day is over.
bool obey(const std::string& line, Till& till, const berth::Plugins& plugins) {
  std::istringstream words(line);
  std::string command;
  words >> command >> std::ws;
  if (command == "sell") {
    till.sell(items(words));
  } else if (command == "show") {
    till.show(line.size() > 5 ? line.substr(5) : "");
  } else if (command == "report") {
    till.report();
  } else if (command == "plugins") {
    list(plugins);
  } else if (command == "quit") {
    return false;
  } else {
    say("? ", kCommands);
  }
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2 || count > 3) {
    std::cerr << "usage: shop FOLDER [BERTH]\n";
    return 2;
  }
  const auto host = berth::Host::create({.compiler = count == 3 ? arguments[2] : ""});
  if (!host) {
    std::cerr << host.error().message << '\n';
    return 1;
  }
  const auto plugins = berth::Plugins::create(*host);
  const auto watch = plugins->watch(arguments[1], {}, tell);
  if (!watch) {
    std::cerr << watch.error().message << '\n';
    return 1;
  }
  Till till(stocked(), plugins);
  say("open");
  for (std::string line; std::getline(std::cin, line) && obey(line, till, *plugins);) {
  }
  say("closed");
}
