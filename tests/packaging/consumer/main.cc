// SPDX-License-Identifier: Apache-2.0
// consumer MODULE: greets the world with a module that somebody wrote in whichever language.

#include <berth/berth.h>

#include <cstdio>

int main(int, char** arguments) {
  const auto host = berth::Host::create().value();
  const auto module = host->load(arguments[1]).value();
  const auto greeter = module->instantiate({.limits = {.memory_bytes = 32 << 20}}).value();
  const auto greet = greeter->function<std::string(std::string_view)>("greet").value();
  std::puts(greet("World").value().c_str());
}
