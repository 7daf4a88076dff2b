// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is done at the till, each with whatever plugins there are.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "catalogue.h"
#include "crew.h"

struct Item {
  uint32_t article = 0;
  uint32_t count = 0;
};

/// One thread.
class Till {
 public:
  Till(std::shared_ptr<Catalogue> catalogue, std::shared_ptr<berth::Plugins> plugins)
      : catalogue_(catalogue), crew_(std::move(plugins), catalogue) {}

  /// Sells what there is of this, for what the rules say.
  void sell(const std::vector<Item>& items);
  /// Shows a text as the filters leave it.
  void show(std::string text);
  /// Prints the reports.
  void report();

 private:
  using Basket = std::vector<shop::till::rule::Line>;

  Basket filled(const std::vector<Item>& items);
  void apply_rules(Basket& basket);

  std::shared_ptr<Catalogue> catalogue_;
  Crew crew_;
  uint64_t takings_ = 0;  // in cents
};
