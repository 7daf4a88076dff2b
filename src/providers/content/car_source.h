// SPDX-License-Identifier: Apache-2.0
#pragma once
// A CAR that a gateway sends, read as the blocks that were asked for, in their order: whatever else comes, or
// doesn't, is an error that names the rule and the block: kInvalidArgument for bytes that can't be,
// kUnsupported for right blocks that weren't asked for, kUnavailable for an end that is too early.
//
// One block at a time is held. One thread.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "providers/content/car.h"
#include "providers/content/wanted.h"

namespace berth::content {

class CarSource : public BlockSource {
 public:
  using Each = std::function<Result<void>(const Cid&, std::string_view)>;

  /// `kept` has what came before, and is where a block is looked for that a CAR needn't repeat. `each` is
  /// told of each block that came, when it is known that it was asked for. Both outlive it.
  static Result<CarSource> open(ReadSome read, BlockSource& kept, Each each);

  Result<std::string> get(const Cid& cid) override;
  /// That the roots are those of what was asked: the path's first CID, or its last.
  Result<void> check_roots(const Wanted& wanted, const Cid& terminal);
  /// That nothing follows.
  Result<void> finish();

  /// Whether the CAR was to blame for the last error.
  bool to_blame() const {
    return to_blame_;
  }

 private:
  CarSource(CarReader car, BlockSource& kept, Each each)
      : car_(std::move(car)), kept_(kept), each_(std::move(each)) {}
  Result<void> look();
  std::unexpected<Error> blame(Error error);

  CarReader car_;
  BlockSource& kept_;
  Each each_;
  std::optional<Block> next_;
  bool looked_ = false;
  std::string inlined_;  // the digest of the last block that was within its CID
  bool to_blame_ = false;
};

}  // namespace berth::content
