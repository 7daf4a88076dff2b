// SPDX-License-Identifier: Apache-2.0
#pragma once
// A world of WIT, as code is written from it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::bindgen {

/// A type where it is used.
struct Ref {
  enum class Kind {
    kPlain,  // `name`: "u32", "string", "error-context"
    kNamed,  // `name` of an interface, or of the world
    kList,
    kArray,
    kMap,
    kOption,
    kResult,  // ok and error, each may be without a type
    kTuple,
    kOwn,
    kBorrow,
    kStream,
    kFuture,
  };

  Kind kind = Kind::kPlain;
  std::string name;
  std::optional<size_t> interface;
  std::vector<std::optional<Ref>> parts;
  uint32_t length = 0;  // of kArray
};

/// A field, a case, a flag or a parameter.
struct Part {
  std::string name;
  std::optional<Ref> type;
  std::string docs;
};

/// A type that has a name.
struct Definition {
  enum class Kind { kRecord, kVariant, kEnum, kFlags, kResource, kAlias };

  std::string name;
  std::string docs;
  Kind kind = Kind::kAlias;
  std::vector<Part> parts;
  std::optional<Ref> alias;
};

struct Function {
  std::string name;  // "total", "[method]cart.add", "[constructor]cart", "[static]cart.all"
  std::string docs;
  bool async = false;
  std::vector<Part> parameters;
  std::optional<Ref> result;
};

struct Interface {
  std::string name;  // "shop:price/rule@1.2.0", or "rule" where the world itself has it
  std::string docs;
  bool imported = false;
  bool exported = false;
  std::vector<Definition> types;
  std::vector<Function> functions;
};

struct World {
  std::string package;  // "shop:price@1.2.0"
  std::string name;
  std::string docs;
  std::vector<Interface> interfaces;  // each after those that it uses
  std::vector<Definition> types;      // of the world itself
  std::vector<Function> imports;
  std::vector<Function> exports;
};

/// Reads what engine::wit_world gives. Fails (kInternal) when it is something else.
Result<World> read_world(std::string_view json);

/// The definition that a named type has; null when there is none.
const Definition* find(const World& world, const Ref& named);

}  // namespace berth::bindgen
