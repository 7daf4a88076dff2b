// SPDX-License-Identifier: Apache-2.0
// A module that says of its streams what isn't so: where they lie, and what they are
// (tests/guests/wat/pipes.wat).

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "berth/berth.h"

namespace {

using namespace std::chrono_literals;
using berth::ErrorCode;
using berth::Stream;

constexpr uint32_t kPage = 0x10000;

std::shared_ptr<berth::Instance> pipes() {
  static const auto module = berth::Host::create().value()->load(BERTH_PIPES_GUEST).value();
  auto made = module->instantiate({.limits = {.wall = 10s}});
  REQUIRE_MESSAGE(made, made.error().message);
  return *made;
}

berth::Result<uint32_t> read_at(const std::shared_ptr<berth::Instance>& instance, uint32_t at,
                                uint32_t count) {
  const auto read = instance->function<uint32_t(Stream<uint32_t>, uint32_t, uint32_t)>("read-at").value();
  return read(Stream<uint32_t>::of({7, 8, 9}), at, count);
}

berth::Result<std::vector<uint32_t>> written_at(uint32_t at, uint32_t count) {
  const auto instance = pipes();
  const auto stream = instance->function<Stream<uint32_t>(uint32_t, uint32_t)>("write-at").value()(at, count);
  if (!stream) return std::unexpected(stream.error());
  return stream->read(100);
}

berth::Result<std::vector<std::string>> text_at(uint32_t at, uint32_t bytes) {
  const auto instance = pipes();
  const auto write = instance->function<Stream<std::string>(uint32_t, uint32_t)>("write-text").value();
  const auto stream = write(at, bytes);
  if (!stream) return std::unexpected(stream.error());
  return stream->read(100);
}

TEST_CASE("what a module reads goes where it says, and nowhere else") {
  // The values may come when it is called again.
  const auto read_and_look = [](uint32_t at) {
    const auto instance = pipes();
    const auto read = read_at(instance, at, 3);
    return read ? instance->function<uint32_t(uint32_t)>("at").value()(260) : read;
  };
  CHECK(read_and_look(256) == 8U);
  for (const uint32_t at : {kPage - 4, kPage, 0xffff'fff0, 258U}) {
    CAPTURE(at);
    const auto ended = read_and_look(at);
    REQUIRE_FALSE(ended);
    CHECK(ended.error().code == ErrorCode::kTrap);
  }
}

TEST_CASE("what a module writes is taken from where it lies, if it has that") {
  CHECK(written_at(kPage - 8, 2) == std::vector<uint32_t>{0, 0});
  for (const uint32_t at : {kPage - 4, kPage, 0xffff'fff0, 258U}) {
    CAPTURE(at);
    const auto read = written_at(at, 2);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::kTrap);
  }
  CHECK(written_at(256, 1U << 29).error().code == ErrorCode::kTrap);
}

TEST_CASE("texts of a stream are looked at") {
  CHECK(text_at(128, 4) == std::vector<std::string>{"text"});
  CHECK(text_at(128, 5).error().message.contains("UTF-8"));
  CHECK(text_at(kPage - 1, 2).error().message.contains("out of bounds"));
}

}  // namespace
