// SPDX-License-Identifier: Apache-2.0
// Streams and futures whose types a program learns at run time (tests/guests/rust/streams).

#include <doctest/doctest.h>

#include <future>

#include "embed/pipes.h"

namespace {

using namespace pipes;
using berth::DynamicStream;
using berth::ErrorCode;
using berth::Type;
using berth::Value;

berth::Result<Value> call(const Pipes& pipes, const std::string& name, std::vector<Value> arguments) {
  const auto found = pipes.instance->function(kPipes + name);
  REQUIRE_MESSAGE(found, found.error().message);
  return (*found)(arguments);
}

DynamicStream stream_of(const Pipes& pipes, const std::string& name, std::vector<Value> arguments) {
  return DynamicStream::of(call(pipes, name, std::move(arguments)).value()).value();
}

/// The type of a function's first parameter.
Type parameter_of(const Pipes& pipes, const std::string& name) {
  return pipes.instance->function(kPipes + name).value().type().parameters.at(0).types.at(0);
}

Value line(uint32_t number, const char* text) {
  return Value::record({{"number", number}, {"text", text}});
}

TEST_CASE("a stream without C++ types is read as lists, bytes in one piece") {
  const Pipes pipes;
  const auto lines = stream_of(pipes, "lines", {2});
  CHECK(to_wit(lines.type()) == "stream<record { number: u32, text: string }>");
  CHECK(lines.read(5) == Value::list({line(0, "line 0"), line(1, "line 1")}));
  CHECK(lines.read(5) == Value::list({}));
  const auto numbers = stream_of(pipes, "numbers", {1});
  CHECK(numbers.read(5) == Value::list({0}));
  const auto bytes = stream_of(pipes, "bytes", {3});
  CHECK(bytes.read(5) == Value(Value::Bytes{0, 1, 2}));
  CHECK(bytes.read(5) == Value(Value::Bytes{}));
}

TEST_CASE("a future is read as a stream of one value") {
  const Pipes pipes;
  const auto later = stream_of(pipes, "later", {"x"});
  CHECK(later.read(1) == Value::list({"x"}));
  CHECK(later.read(1) == Value::list({}));
  CHECK(stream_of(pipes, "done", {}).read(1) == Value::list({Value()}));
}

TEST_CASE("a program writes one, and what isn't of its type is refused where it is written") {
  const Pipes pipes;
  const auto [writer, stream] = DynamicStream::make(parameter_of(pipes, "join")).value();
  const auto joined = pipes.instance->function(kPipes + "join").value().start({stream.value()});
  const auto wrong =
      writer.write(Value::list({line(1, "a"), Value::record({{"number", -1}, {"text", "b"}})}));
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == ErrorCode::kInvalidArgument);
  CHECK_MESSAGE(wrong.error().message.contains("value 2: .number: wanted u32"), wrong.error().message);
  CHECK(writer.write(Value::list({line(1, "a"), line(2, "b")})) == 2);
  CHECK(writer.write(Value(7)).error().code == ErrorCode::kInvalidArgument);
  writer.close();
  CHECK(joined.wait() == Value("1=a, 2=b"));
}

TEST_CASE("bytes and numbers are written too, and a future's value waits for nobody") {
  const Pipes pipes;
  const auto sum = [&](const std::string& name, const Value& values) {
    const auto [writer, stream] = DynamicStream::make(parameter_of(pipes, name)).value();
    const auto call = pipes.instance->function(kPipes + name).value().start({stream.value()});
    CHECK(writer.write(values, 5s) == 2);
    writer.close();
    return call.wait();
  };
  CHECK(sum("sum", Value(Value::Bytes{1, 2})) == Value(3));
  CHECK(sum("sum", Value::list({1, 2})) == Value(3));
  CHECK(sum("total", Value::list({1000, 2000})) == Value(3000));
  const auto [promise, future] = DynamicStream::make(parameter_of(pipes, "hear")).value();
  CHECK(promise.write(Value::list({"heard"})) == 1);
  CHECK(call(pipes, "hear", {future.value()}) == Value("heard"));
}

TEST_CASE("a value that is no such end, or one of another type, is refused") {
  const Pipes pipes;
  CHECK(DynamicStream::of(Value(7)).error().code == ErrorCode::kInvalidArgument);
  CHECK(DynamicStream::make({.kind = Type::Kind::kU8}).error().code == ErrorCode::kInvalidArgument);
  const auto numbers = stream_of(pipes, "numbers", {1});
  const auto wrong = call(pipes, "sum", {numbers.value()});
  REQUIRE_FALSE(wrong);
  CHECK_MESSAGE(wrong.error().message.contains("wanted stream<u8>, found a stream<u32>"),
                wrong.error().message);
  CHECK(to_text(numbers.value()) == "<stream<u32>>");
  CHECK(call(pipes, "total", {numbers.value()}) == Value(0));
  CHECK(call(pipes, "total", {numbers.value()}).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("a program's function takes and gives them without C++ types") {
  berth::Imports imports = giver();
  const Type element{.kind = Type::Kind::kU32};
  const Type numbers{.kind = Type::Kind::kStream, .parts = {{.name = "", .types = {element}}}};
  std::promise<DynamicStream> promise;
  imports.function(kGiver + "collect", {.parameters = {{.name = "of", .types = {numbers}}}},
                   [&](std::span<const Value> arguments) -> berth::Result<Value> {
                     promise.set_value(DynamicStream::of(arguments[0]).value());
                     return Value();
                   });
  const Pipes pipes(imports);
  const auto collects = pipes.instance->function<uint32_t(uint32_t)>("collects").value();
  const auto call = collects.start(3);
  const DynamicStream collected = promise.get_future().get();
  CHECK(collected.read(1) == Value::list({0}));
  collected.close();
  CHECK(call.wait() == 1U);
}

}  // namespace
