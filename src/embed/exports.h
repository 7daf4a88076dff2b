// SPDX-License-Identifier: Apache-2.0
#pragma once
// The functions that a module exports, each looked up and described once: its instances bind them again and
// again.
//
// Any thread.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"
#include "embed/description.h"
#include "engine/live.h"

namespace berth::embed {

/// A function that a module exports.
struct Exported {
  engine::Export function;
  Described described;
};

class Exports {
 public:
  /// By the name that `berth call` takes. `module_name` is for errors: kNotFound.
  Result<std::shared_ptr<const Exported>> find(const engine::Module& module, std::string_view module_name,
                                               std::string_view name);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Exported>, std::less<>> found_;
};

}  // namespace berth::embed
