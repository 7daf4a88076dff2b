// SPDX-License-Identifier: Apache-2.0
#include "providers/content/service.h"

namespace berth::content {
namespace {

/// What is on the disk, and nothing else.
class FromStore final : public BlockSource {
 public:
  FromStore(Store& store, Asker asker) : store_(store), asker_(std::move(asker)) {}

  Result<std::string> get(const Cid& cid) override {
    if (asker_.gone != nullptr && *asker_.gone)
      return fail(ErrorCode::kUnavailable, "nobody waits for it any more");
    return store_.get(cid);
  }

 private:
  Store& store_;
  const Asker asker_;
};

}  // namespace

Result<std::shared_ptr<Service>> Service::open() {
  return of(BERTH_TRY(Store::open_users()));
}

std::shared_ptr<Service> Service::of(std::unique_ptr<Store> store) {
  return std::shared_ptr<Service>(new Service(std::move(store)));
}

std::unique_ptr<BlockSource> Service::source(Asker asker) {
  return std::make_unique<FromStore>(*store_, std::move(asker));
}

}  // namespace berth::content
