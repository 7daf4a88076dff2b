// SPDX-License-Identifier: Apache-2.0
#include "base/os/process_usage.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/leading_number.h"

namespace berth {
namespace {

std::optional<std::string> read_again(const Descriptor& file) {
  char text[1024];
  const ssize_t size = ::pread(file.get(), text, sizeof text, 0);
  if (size <= 0) return std::nullopt;
  return std::string(text, static_cast<size_t>(size));
}

/// The field with this number, from 0, as a number.
std::optional<uint64_t> field(std::string_view text, size_t number) {
  for (; number > 0; --number) {
    const size_t space = text.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    text.remove_prefix(space + 1);
  }
  return leading_number<uint64_t>(text);
}

Descriptor open_file(const std::string& folder, const char* name) {
  return Descriptor(::open((folder + name).c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace

std::optional<ProcessUsage> ProcessUsage::of_self() {
  return of(::getpid());
}

std::optional<ProcessUsage> ProcessUsage::of(int64_t process) {
  const std::string folder = fmt::format("/proc/{}", process);
  ProcessUsage usage(open_file(folder, "/stat"), open_file(folder, "/statm"));
  if (!usage.stat_.opened() || !usage.statm_.opened()) return std::nullopt;
  return usage;
}

std::optional<uint64_t> ProcessUsage::resident_bytes() const {
  const auto text = read_again(statm_);
  const auto pages = text ? field(*text, 1) : std::nullopt;
  if (!pages) return std::nullopt;
  return *pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::optional<std::chrono::nanoseconds> ProcessUsage::cpu_time() const {
  const auto text = read_again(stat_);
  // The program's name stands in parentheses, and may have some itself.
  const size_t name_end = text ? text->rfind(") ") : std::string::npos;
  if (name_end == std::string::npos) return std::nullopt;
  const std::string_view rest = std::string_view(*text).substr(name_end + 2);
  constexpr size_t kUser = 11;
  constexpr size_t kSystem = 12;
  const auto user = field(rest, kUser);
  const auto system = field(rest, kSystem);
  if (!user || !system) return std::nullopt;
  const auto ticks_per_second = static_cast<uint64_t>(::sysconf(_SC_CLK_TCK));
  return std::chrono::milliseconds((*user + *system) * 1000 / ticks_per_second);
}

}  // namespace berth
