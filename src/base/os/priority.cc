// SPDX-License-Identifier: Apache-2.0
#include "base/os/priority.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <thread>

#include "base/leading_number.h"

#ifdef __linux__
#include <sys/syscall.h>
#endif

namespace berth {
namespace {

namespace fs = std::filesystem;

#ifdef __linux__
// As in <linux/ioprio.h>, which in some kernels isn't C++.
constexpr int kThisThread = 1;
constexpr int kIdleClass = 3 << 13;
#endif

/// A small file of the kernel's, from its beginning; "" when it can't be read.
template <size_t N>
std::string_view text_of(const Descriptor& file, std::array<char, N>& buffer) {
  const ssize_t bytes = ::pread(file.get(), buffer.data(), buffer.size(), 0);
  return {buffer.data(), bytes > 0 ? static_cast<size_t>(bytes) : 0};
}

/// Of "some avg10=0.00 avg60=0.00 avg300=0.00 total=123": nanoseconds.
std::optional<uint64_t> some_total_ns(const Descriptor& file) {
  constexpr std::string_view kTotal = "total=";
  std::array<char, 256> buffer{};
  const std::string_view text = text_of(file, buffer);
  const size_t at = text.find(kTotal);
  if (at == std::string_view::npos) return std::nullopt;
  const auto microseconds = leading_number<uint64_t>(text.substr(at + kTotal.size()));
  if (!microseconds) return std::nullopt;
  return *microseconds * 1000;
}

}  // namespace

void lower_priority(int nice, bool idle_io) {
  errno = 0;
  const int now = ::getpriority(PRIO_PROCESS, 0);
  if (errno == 0 && now < nice) std::ignore = ::setpriority(PRIO_PROCESS, 0, nice);
#ifdef __linux__
  if (idle_io) {
    std::ignore = ::syscall(SYS_ioprio_set, kThisThread, 0, kIdleClass);
  }
#else
  std::ignore = idle_io;
#endif
}

std::optional<Pressure> Pressure::open() {
  const auto opened = [](const char* path) { return Descriptor(::open(path, O_RDONLY | O_CLOEXEC)); };
  std::array<Descriptor, 3> files{opened("/proc/pressure/cpu"), opened("/proc/pressure/memory"),
                                  opened("/proc/pressure/io")};
  Pressure pressure(std::move(files), std::max(1U, std::thread::hardware_concurrency()));
  if (!pressure.read()) return std::nullopt;
  return pressure;
}

std::optional<Waits> Pressure::read() const {
  const auto cpu = some_total_ns(files_[0]);
  const auto memory = some_total_ns(files_[1]);
  const auto io = some_total_ns(files_[2]);
  if (!cpu || !memory || !io) return std::nullopt;
  return Waits{.cpu_ns = *cpu * processors_, .memory_ns = *memory, .io_ns = *io};
}

OwnWaits OwnWaits::of_threads() {
  OwnWaits waits;
  std::error_code error;
  for (const auto& thread : fs::directory_iterator("/proc/self/task", error)) {
    Descriptor file(::open((thread.path() / "schedstat").c_str(), O_RDONLY | O_CLOEXEC));
    if (file.opened()) waits.files_.push_back(std::move(file));
  }
  return waits;
}

uint64_t OwnWaits::cpu_ns() const {
  uint64_t all = 0;
  for (const Descriptor& file : files_) {
    // "time on the CPU, time waited for it, how often it ran"
    std::array<char, 96> buffer{};
    const std::string_view text = text_of(file, buffer);
    const size_t second = text.find(' ');
    if (second != std::string_view::npos)
      all += leading_number<uint64_t>(text.substr(second + 1)).value_or(0);
  }
  return all;
}

}  // namespace berth
