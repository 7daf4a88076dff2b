// SPDX-License-Identifier: Apache-2.0
#pragma once
// Values whose types are known at run time, as words and back (engine/values says which words). Recursion is
// as deep as the type, which a module's own compiler has bounded, and never as deep as the value.

#include <cstddef>
#include <vector>

#include "berth/type.h"
#include "berth/value.h"
#include "berth/words.h"

namespace berth::embed {

/// What a value holds may point into it, so it outlives the words. kInvalidArgument when it is none of the
/// type, with the part that isn't: ".tags[2]: wanted string, found 7".
Result<void> put(detail::Writer& to, const Value& value, const Type& type);

/// Reads values, no more than a million in all: small ones of a module's may be large ones here.
class ValueReader {
 public:
  explicit ValueReader(detail::Reader from) : from_(from) {}

  /// kUnsupported when there were too many. After that nothing can be read.
  Result<Value> take(const Type& type);

 private:
  Value read(const Type& type);
  Value plain(Type::Kind kind);
  Value list(const Type& element);
  Value array(const Type& type);
  Value map(const Type& type);
  Value tuple(const Type& type);
  Value record(const Type& type);
  Value case_of(const Type& type);
  Value flags(const Type& type);
  Value stream(const Type& type);
  std::vector<Value> payload(const Type::Part& part);
  /// How many elements are to be read; none where there is no room for so many.
  size_t room(uint64_t count);

  static constexpr size_t kMost = 1'000'000;
  detail::Reader from_;
  size_t left_ = kMost;
  bool too_many_ = false;
};

}  // namespace berth::embed
