// SPDX-License-Identifier: Apache-2.0
#include "till.h"

#include <algorithm>
#include <iomanip>

#include "say.h"

namespace {

namespace rule = shop::till::rule;
namespace filter = shop::till::filter;
namespace report_of = shop::till::report;

std::string money(uint64_t cents) {
  std::ostringstream text;
  text << cents / 100 << '.' << std::setw(2) << std::setfill('0') << cents % 100;
  return text.str();
}

/// berth has checked the types of what a rule answers; what it means is for the shop to check.
bool same_articles(const std::vector<rule::Line>& before, const std::vector<rule::Line>& after) {
  return std::ranges::equal(before, after, [](const rule::Line& a, const rule::Line& b) {
    return a.article == b.article && a.count == b.count && b.cents <= a.cents;
  });
}

}  // namespace

Till::Basket Till::filled(const std::vector<Item>& items) {
  Basket basket;
  for (const auto& [id, count] : items) {
    const auto article = catalogue_->find(id).value();
    if (!article || count == 0 || !catalogue_->take(id, count)) {
      say("there aren't ", count, " of article ", id);
    } else {
      basket.push_back({.article = id, .count = count, .cents = uint64_t{article->price} * count});
    }
  }
  return basket;
}

void Till::apply_rules(Basket& basket) {
  crew_.each<rule::Exports>("shop:till/rule@1.0", [&](const rule::Exports& plugin) -> berth::Result<void> {
    auto answer = plugin.apply(basket);
    if (!answer) return std::unexpected(answer.error());
    if (!*answer) {
      say("a rule can't say: ", answer->error());
    } else if (same_articles(basket, **answer)) {
      basket = std::move(**answer);
    } else {
      return berth::fail(berth::ErrorCode::kInvalidArgument,
                         "it changes what was bought, or makes it dearer");
    }
    return {};
  });
}

void Till::sell(const std::vector<Item>& items) {
  Basket basket = filled(items);
  apply_rules(basket);
  uint64_t total = 0;
  for (const rule::Line& line : basket) {
    say("  ", line.count, " x ", catalogue_->find(line.article).value()->name, ": ", money(line.cents));
    total += line.cents;
  }
  takings_ += total;
  say("total ", money(total));
}

void Till::show(std::string text) {
  crew_.each<filter::Exports>("shop:till/filter@1.0",
                              [&](const filter::Exports& plugin) -> berth::Result<void> {
                                auto answer = plugin.apply(text);
                                if (!answer) return std::unexpected(answer.error());
                                text = std::move(*answer);
                                return {};
                              });
  say("text ", text);
}

void Till::report() {
  crew_.each<report_of::Exports>("shop:till/report@1.0",
                                 [&](const report_of::Exports& plugin) -> berth::Result<void> {
                                   const auto answer = plugin.write(takings_);
                                   if (!answer) return std::unexpected(answer.error());
                                   say(*answer ? **answer : "no report: " + answer->error());
                                   return {};
                                 });
  say("takings ", money(takings_));
}
