// SPDX-License-Identifier: Apache-2.0
// ten-lines MODULE TEXT: what a filter makes of a text.

#include <berth/berth.h>

#include <iostream>

int main(int, char** arguments) {
  const auto host = berth::Host::create().value();  // everything denied
  const auto module = host->load(arguments[1]).value();
  const auto filter = module->instantiate({.limits = {.memory_bytes = 32 << 20}}).value();
  const auto apply = filter->function<std::string(std::string_view)>("filter.apply").value();
  std::cout << apply(arguments[2]).value() << '\n';
}
