// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the shop has. Plugins look it up while the shop sells.

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "shop.h"

/// Any thread: plugins call it on the threads of their instances.
class Catalogue final : public shop::till::catalogue::Imports {
 public:
  using Article = shop::till::catalogue::Article;

  explicit Catalogue(std::map<uint32_t, Article> articles) : articles_(std::move(articles)) {}

  berth::Result<std::optional<Article>> find(uint32_t id) override;
  berth::Result<std::vector<uint32_t>> all() override;

  /// Takes so many away; false when there are fewer.
  bool take(uint32_t id, uint32_t count);

 private:
  std::mutex mutex_;
  std::map<uint32_t, Article> articles_;
};
