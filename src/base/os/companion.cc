// SPDX-License-Identifier: Apache-2.0
#include "base/os/companion.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#ifdef __linux__
#include <sys/prctl.h>
#endif

namespace berth {
namespace {

bool read_all(int file, char* to, size_t bytes) {
  while (bytes > 0) {
    const ssize_t got = ::read(file, to, bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    to += got;
    bytes -= static_cast<size_t>(got);
  }
  return true;
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return true;
}

/// What the new process keeps of what it was forked with.
void settle_in(pid_t parent, int channel, int kept) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) std::signal(signal, SIG_IGN);
#ifdef __linux__
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  // It may have ended before that was asked for.
  if (::getppid() != parent) ::_exit(0);
  const int nothing = ::open("/dev/null", O_RDWR);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO}) ::dup2(nothing, stream);
  const long most = ::sysconf(_SC_OPEN_MAX);
  for (int file = STDERR_FILENO + 1; file < most && file < 4096; ++file) {
    if (file != channel && file != kept) ::close(file);
  }
}

}  // namespace

bool Channel::send(std::string_view message) const {
  const uint64_t size = message.size();
  return write_all(end_.get(), {reinterpret_cast<const char*>(&size), sizeof size}) &&
         write_all(end_.get(), message);
}

std::optional<std::string> Channel::receive() const {
  uint64_t size = 0;
  if (!read_all(end_.get(), reinterpret_cast<char*>(&size), sizeof size) || size > kLongest) {
    return std::nullopt;
  }
  std::string message(size, '\0');
  if (!read_all(end_.get(), message.data(), message.size())) return std::nullopt;
  return message;
}

bool Channel::wait(std::chrono::milliseconds patience) const {
  pollfd watched = {.fd = end_.get(), .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, static_cast<int>(patience.count())) > 0;
}

void Channel::hang_up() const {
  ::shutdown(end_.get(), SHUT_RDWR);
}

Result<Channel> start_companion(int kept, const std::function<void(Channel)>& work) {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
    return fail(ErrorCode::kUnavailable, fmt::format("making a channel: {}", std::strerror(errno)));
  }
  Descriptor ours(ends[0]);
  Descriptor theirs(ends[1]);
  for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) {
    return fail(ErrorCode::kUnavailable, fmt::format("starting a process: {}", std::strerror(errno)));
  }
  if (child == 0) {
    settle_in(parent, theirs.get(), kept);
    work(Channel(std::move(theirs)));
    ::_exit(0);
  }
  return Channel(std::move(ours));
}

}  // namespace berth
