// SPDX-License-Identifier: Apache-2.0
#include "base/os/line_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

namespace berth {

using namespace std::chrono_literals;

namespace {

constexpr int kAskEveryMs = 100;
constexpr int kTurnTries = 200;  // of a millisecond: one who was only interrupted goes on in less
constexpr auto kImpatient = 10s;

using Clock = std::chrono::steady_clock;

/// As many whole lines as a pipe that is ready takes at once; of a longer line a part.
size_t piece_of(std::string_view lines) {
  if (lines.size() <= PIPE_BUF) return lines.size();
  const size_t end = lines.rfind('\n', PIPE_BUF - 1);
  return end == std::string_view::npos ? PIPE_BUF : end + 1;
}

/// Among those who append to one file. Who has it for long, because they are stopped, is left alone, and not
/// waited for again for a while: whoever writes may have others waiting.
class Turn {
 public:
  Turn(int fd, Clock::time_point& impatient_until) : fd_(fd) {
    const int most = Clock::now() < impatient_until ? 0 : kTurnTries;
    for (int tries = 0; ::flock(fd_, LOCK_EX | LOCK_NB) != 0; ++tries) {
      if (errno != EWOULDBLOCK) return;
      if (tries == most) {
        if (most > 0) impatient_until = Clock::now() + kImpatient;
        return;
      }
      std::this_thread::sleep_for(1ms);
    }
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    ::flock(fd_, LOCK_UN);
  }

 private:
  int fd_;
};

}  // namespace

LineOutput LineOutput::standard(int stream) {
  return {Descriptor(-1), stream};
}

Result<LineOutput> LineOutput::taken_from_output() {
  Descriptor own(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!own.opened() || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
    return fail(ErrorCode::kUnavailable,
                fmt::format("standard output can't be taken: {}", std::strerror(errno)));
  const int fd = own.get();
  return LineOutput(std::move(own), fd);
}

Result<LineOutput> LineOutput::appending(const std::string& path) {
  constexpr int kHow = O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK;
  struct stat about = {};
  const bool is_file = ::stat(path.c_str(), &about) != 0 || S_ISREG(about.st_mode);
  Descriptor file(is_file ? ::open(path.c_str(), O_RDWR | kHow, 0600) : -1);
  // A pipe has its readers, and who may only write may do that.
  if (!file.opened()) file = Descriptor(::open(path.c_str(), O_WRONLY | kHow, 0600));
  if (!file.opened()) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("'{}' can't be written to: {}", path, std::strerror(errno)));
  }
  const int fd = file.get();
  return LineOutput(std::move(file), fd);
}

std::string_view LineOutput::write(std::string_view lines, const std::function<bool()>& go_on) const {
  std::string_view rest = lines;
  while (!rest.empty()) {
    pollfd watched{.fd = fd_, .events = POLLOUT, .revents = 0};
    const int ready = ::poll(&watched, 1, kAskEveryMs);
    if (ready == 0 && go_on()) continue;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) break;
    const ssize_t put = ::write(fd_, rest.data(), piece_of(rest));
    if (put < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (put <= 0) break;
    rest.remove_prefix(static_cast<size_t>(put));
  }
  const size_t written = lines.size() - rest.size();
  if (rest.empty() || written == 0) return rest;
  const size_t whole = lines.rfind('\n', written - 1);
  return lines.substr(whole == std::string_view::npos ? 0 : whole + 1);
}

size_t LineOutput::write_now(std::string_view bytes) const {
  for (;;) {
    pollfd watched{.fd = fd_, .events = POLLOUT, .revents = 0};
    const int ready = ::poll(&watched, 1, 0);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return 0;
    const ssize_t put = ::write(fd_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    return put > 0 ? static_cast<size_t>(put) : 0;
  }
}

bool LineOutput::ends_whole() const {
  struct stat about = {};
  if (::fstat(fd_, &about) != 0 || !S_ISREG(about.st_mode)) return !torn_;
  if (about.st_size == 0) return true;
  char last = '\n';
  return ::pread(fd_, &last, 1, about.st_size - 1) != 1 || last == '\n';
}

bool LineOutput::append_line(std::string_view line) {
  std::string whole;
  whole.reserve(line.size() + 2);
  // Its size grows before a write has ended: a line that another is still writing isn't a torn one.
  const Turn turn(fd_, impatient_until_);
  if (!ends_whole()) whole += '\n';
  whole += line;
  whole += '\n';
  const size_t written = write_now(whole);
  if (written > 0) torn_ = written < whole.size();
  return written == whole.size();
}

}  // namespace berth
