// SPDX-License-Identifier: Apache-2.0
#include "base/os/code_memory.h"

#ifdef __linux__

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace berth {
namespace {

std::unexpected<Error> refused(std::string_view doing) {
  return fail(ErrorCode::kUnavailable, fmt::format("{}: {}", doing, std::strerror(errno)));
}

}  // namespace

Result<CodeMemory> CodeMemory::create() {
  Descriptor file(::memfd_create("berth-code", MFD_CLOEXEC));
  if (!file.opened() || ::ftruncate(file.get(), static_cast<off_t>(kBytes)) != 0) {
    return refused("making memory for machine code");
  }
  // What is opened for reading alone can't be made writable where it is mapped.
  const Descriptor readable(
      ::open(fmt::format("/proc/self/fd/{}", file.get()).c_str(), O_RDONLY | O_CLOEXEC));
  if (!readable.opened()) return refused("opening memory for machine code");
  void* const mapped =
      ::mmap(nullptr, kBytes, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_NORESERVE, readable.get(), 0);
  if (mapped == MAP_FAILED) return refused("mapping memory for machine code");
  return CodeMemory(std::move(file), std::string_view(static_cast<const char*>(mapped), kBytes));
}

CodeMemory::~CodeMemory() {
  if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

Result<void> CodeMemory::write(uint64_t offset, std::string_view code) {
  while (!code.empty()) {
    const ssize_t put = ::pwrite(file_.get(), code.data(), code.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return refused("writing machine code to memory");
    code.remove_prefix(static_cast<size_t>(put));
    offset += static_cast<uint64_t>(put);
  }
  return {};
}

void CodeMemory::discard(uint64_t offset, uint64_t bytes) {
  ::fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
              static_cast<off_t>(bytes));
}

}  // namespace berth

#else

namespace berth {

Result<CodeMemory> CodeMemory::create() {
  return fail(ErrorCode::kUnsupported, "memory for the machine code of new versions is there on Linux only");
}

CodeMemory::~CodeMemory() = default;

Result<void> CodeMemory::write(uint64_t, std::string_view) {
  return fail(ErrorCode::kUnsupported, "there is no memory for machine code");
}

void CodeMemory::discard(uint64_t, uint64_t) {}

}  // namespace berth

#endif
