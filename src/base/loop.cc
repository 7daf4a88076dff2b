// SPDX-License-Identifier: Apache-2.0
#include "base/loop.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

namespace berth {
namespace {

// What a signal handler may touch: which signals came, and the pipe that wakes the loop.
std::atomic<uint64_t> signals_seen{0};
std::atomic<int> signal_pipe{-1};

void wake(int write_end) {
  const char byte = 0;
  // A full pipe wakes as well; nothing else can go wrong with it.
  [[maybe_unused]] const ssize_t written = ::write(write_end, &byte, 1);
}

extern "C" void berth_on_signal(int signal) {
  const int saved = errno;
  signals_seen.fetch_or(uint64_t{1} << signal);
  if (const int pipe = signal_pipe.load(); pipe >= 0) wake(pipe);
  errno = saved;
}

}  // namespace

Result<std::unique_ptr<Loop>> Loop::create() {
  int ends[2] = {-1, -1};
  if (::pipe(ends) != 0) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("making the event loop's pipe: {}", std::strerror(errno)));
  }
  for (const int end : ends) {
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
    ::fcntl(end, F_SETFL, O_NONBLOCK);
  }
  return std::unique_ptr<Loop>(new Loop(ends[0], ends[1]));
}

Loop::~Loop() {
  for (const auto& [signal, before] : watched_) ::sigaction(signal, &before, nullptr);
  if (!watched_.empty()) signal_pipe.store(-1);
  ::close(read_end_);
  ::close(write_end_);
}

void Loop::post(std::function<void()> event) {
  bool first = false;
  {
    const std::lock_guard guard(lock_);
    first = posted_.empty();
    posted_.push_back(std::move(event));
  }
  if (first) wake(write_end_);
}

void Loop::on_signals(std::vector<int> signals, std::function<void(int)> event) {
  on_signal_ = std::move(event);
  signal_pipe.store(write_end_);
  for (const int signal : signals) {
    struct sigaction action = {};
    struct sigaction before = {};
    action.sa_handler = berth_on_signal;
    action.sa_flags = SA_RESTART;
    ::sigaction(signal, &action, &before);
    watched_.emplace_back(signal, before);
  }
}

void Loop::handle_signals() {
  const uint64_t seen = signals_seen.exchange(0);
  for (const auto& [signal, before] : watched_) {
    if ((seen >> signal & 1) != 0 && on_signal_) on_signal_(signal);
  }
}

void Loop::run() {
  while (!stopped_) {
    pollfd readable = {.fd = read_end_, .events = POLLIN, .revents = 0};
    ::poll(&readable, 1, -1);
    char drained[64];
    while (::read(read_end_, drained, sizeof drained) > 0) {
    }
    handle_signals();
    std::vector<std::function<void()>> events;
    {
      const std::lock_guard guard(lock_);
      events.swap(posted_);
    }
    for (const auto& event : events) {
      if (stopped_) return;
      event();
    }
  }
}

}  // namespace berth
