// SPDX-License-Identifier: Apache-2.0
#include "base/os/code_memory.h"

#include <doctest/doctest.h>

#ifdef __linux__

#include <sys/mman.h>

namespace berth {
namespace {

TEST_CASE("what is written is there to be read, and gone when it is discarded") {
  auto memory = CodeMemory::create();
  REQUIRE(memory.has_value());
  REQUIRE(memory->write(1 << 20, "code").has_value());
  CHECK(memory->at(1 << 20, 4) == "code");
  memory->discard(1 << 20, 1 << 16);
  CHECK(memory->at(1 << 20, 4) == std::string_view("\0\0\0\0", 4));
}

TEST_CASE("nothing makes it writable where it is mapped, and who stopped writing can't begin again") {
  auto memory = CodeMemory::create();
  REQUIRE(memory.has_value());
  auto* const begin = const_cast<char*>(memory->at(0, 1).data());
  CHECK(::mprotect(begin, 4096, PROT_READ | PROT_WRITE) != 0);
  memory->stop_writing();
  CHECK_FALSE(memory->write(0, "code").has_value());
}

}  // namespace
}  // namespace berth

#endif
