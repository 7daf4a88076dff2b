// SPDX-License-Identifier: Apache-2.0
#pragma once
// The C++ header of a world: its types, a class for what a module exports, and classes to derive from for
// what it imports.

#include <string>
#include <vector>

#include "bindgen/wit.h"

namespace berth::bindgen {

struct HeaderOptions {
  std::string version;  // of berth
  /// Classes for the interfaces of WASI, too, which berth gives to modules by itself.
  bool wasi = false;
};

struct Header {
  std::string text;
  /// "plugin.h"
  std::string file;
  /// Functions that can't cross, as "shop:price/rule@1.0.0.watch: streams, futures and async functions …".
  std::vector<std::string> left_out;
};

Header write_header(const World& world, const HeaderOptions& options);

}  // namespace berth::bindgen
