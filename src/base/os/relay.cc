// SPDX-License-Identifier: Apache-2.0
#include "base/os/relay.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

extern char** environ;

namespace berth {
namespace {

constexpr size_t kChunk = 64 << 10;
constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};

// What the signal handler touches.
std::atomic<int> signal_seen{0};
std::atomic<pid_t> child_running{0};
std::array<struct sigaction, kSignals.size()> actions_before;

extern "C" void berth_relay_signal(int signal) {
  const int saved = errno;
  signal_seen.store(signal);
  if (const pid_t child = child_running.load(); child > 0) ::kill(child, signal);
  errno = saved;
}

/// A pipe: our end, which never blocks, and the child's.
struct Pipe {
  Descriptor ours;
  Descriptor childs;
};

std::optional<Pipe> make_pipe(bool to_child) {
  int ends[2];
  if (::pipe(ends) != 0) return std::nullopt;
  for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
  const int ours = ends[to_child ? 1 : 0];
  ::fcntl(ours, F_SETFL, ::fcntl(ours, F_GETFL) | O_NONBLOCK);
  return Pipe{.ours = Descriptor(ours), .childs = Descriptor(ends[to_child ? 0 : 1])};
}

std::unexpected<Error> cannot_start(const std::string& program, int error) {
  return fail(ErrorCode::kUnavailable,
              fmt::format("'{}' can't be started: {}", program, std::generic_category().message(error)));
}

bool again(ssize_t result) {
  return result < 0 && (errno == EAGAIN || errno == EINTR);
}

/// Waits for a reader as long as it takes; one that went away takes nothing.
void write_whole(int stream, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(stream, bytes.data(), bytes.size());
    if (put < 0 && errno == EAGAIN) {
      pollfd watched{.fd = stream, .events = POLLOUT, .revents = 0};
      ::poll(&watched, 1, -1);
    }
    if (again(put)) continue;
    if (put <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(put));
  }
}

}  // namespace

Relay::Relay() {
  struct stat about = {};
  const bool there = ::fstat(0, &about) == 0;
  if (there && S_ISREG(about.st_mode)) {
    input_ = Input::kRewound;
    start_ = ::lseek(0, 0, SEEK_CUR);
  } else if (there && (S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode))) {
    input_ = Input::kKept;
  }
  for (const int stream : {1, 2}) hold_[stream] = ::isatty(0) != 1 || ::isatty(stream) != 1;
  signal_seen.store(0);
  for (size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction action = {};
    action.sa_handler = berth_relay_signal;  // without SA_RESTART: a question that waits is given up
    ::sigaction(kSignals[i], &action, &actions_before[i]);
    // What whoever started this process ignores stays ignored, here and in the child.
    if (actions_before[i].sa_handler == SIG_IGN) ::sigaction(kSignals[i], &actions_before[i], nullptr);
  }
}

Relay::~Relay() {
  for (size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &actions_before[i], nullptr);
}

std::optional<int> Relay::signal() {
  const int seen = signal_seen.load();
  return seen == 0 ? std::nullopt : std::optional(seen);
}

Result<Relay::End> Relay::run(const std::vector<std::string>& command) {
  held_.clear();
  held_bytes_ = 0;
  handed_on_ = false;
  fed_ = 0;
  if (input_ == Input::kRewound) ::lseek(0, start_, SEEK_SET);
  std::array<std::optional<Pipe>, 3> pipes;
  for (int stream = 0; stream < 3; ++stream) {
    const bool wanted = stream == 0 ? input_ == Input::kKept : hold_[stream];
    if (!wanted) continue;
    pipes[static_cast<size_t>(stream)] = make_pipe(stream == 0);
    if (!pipes[static_cast<size_t>(stream)]) return cannot_start(command.front(), errno);
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int stream = 0; stream < 3; ++stream) {
    const auto& pipe = pipes[static_cast<size_t>(stream)];
    if (pipe) posix_spawn_file_actions_adddup2(&actions, pipe->childs.get(), stream);
  }
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int failed =
      ::posix_spawn(&child, command.front().c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return cannot_start(command.front(), failed);
  child_running.store(child);
  // One that came just before went to nobody.
  if (const auto seen = signal()) ::kill(child, *seen);

  for (auto& pipe : pipes) {
    if (pipe) pipe->childs.close();
  }
  Descriptor no_input(-1);
  converse(pipes[0] ? pipes[0]->ours : no_input, pipes[1] ? pipes[1]->ours.get() : -1,
           pipes[2] ? pipes[2]->ours.get() : -1);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  child_running.store(0);
  End end;
  if (WIFSIGNALED(status)) {
    end.signal = WTERMSIG(status);
  } else {
    end.exit_status = WEXITSTATUS(status);
  }
  return end;
}

/// Hands a piece of the input on; false when there is no more for this child.
bool Relay::feed(int to_child) {
  if (fed_ == kept_.size() && !input_ended_) {
    std::array<char, kChunk> chunk;
    const ssize_t got = ::read(0, chunk.data(), chunk.size());
    if (again(got)) return true;
    if (got > 0) {
      kept_.append(chunk.data(), static_cast<size_t>(got));
    } else {
      input_ended_ = true;
    }
  }
  if (fed_ == kept_.size()) return !input_ended_;
  const ssize_t put = ::write(to_child, kept_.data() + fed_, kept_.size() - fed_);
  if (again(put)) return true;
  if (put <= 0) return false;
  fed_ += static_cast<size_t>(put);
  if (kept_.size() > kMost) {
    input_lost_ = true;
    kept_.erase(0, fed_);
    fed_ = 0;
  }
  return true;
}

/// Until the child has closed the outputs that are held. Input is only kept where they are.
void Relay::converse(Descriptor& to_child, int from_output, int from_errors) {
  std::array<pollfd, 4> watched{pollfd{.fd = from_output, .events = POLLIN, .revents = 0},
                                pollfd{.fd = from_errors, .events = POLLIN, .revents = 0},
                                pollfd{.fd = to_child.get(), .events = 0, .revents = 0},
                                pollfd{.fd = -1, .events = POLLIN, .revents = 0}};
  std::array<char, kChunk> chunk;
  while (watched[0].fd >= 0 || watched[1].fd >= 0) {
    // The source is looked at once the child has taken all that is kept.
    const bool more = fed_ < kept_.size() || input_ended_;
    if (watched[2].fd >= 0) {
      watched[2].events = more ? POLLOUT : 0;
      watched[3].fd = more ? -1 : 0;
    }
    if (::poll(watched.data(), watched.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return;
    }
    for (size_t i = 0; i < 2; ++i) {
      if (watched[i].fd < 0 || watched[i].revents == 0) continue;
      const ssize_t got = ::read(watched[i].fd, chunk.data(), chunk.size());
      if (again(got)) continue;
      if (got <= 0) {
        watched[i].fd = -1;
      } else {
        take(static_cast<int>(i) + 1, {chunk.data(), static_cast<size_t>(got)});
      }
    }
    if (watched[2].fd < 0) continue;
    const bool reader_gone = (watched[2].revents & (POLLERR | POLLNVAL)) != 0;
    const bool ready = watched[2].revents != 0 || watched[3].revents != 0;
    if (reader_gone || (ready && !feed(to_child.get()))) {
      to_child.close();  // which is the end of the child's input
      watched[2].fd = -1;
      watched[3].fd = -1;
    }
  }
}

void Relay::take(int stream, std::string_view bytes) {
  if (handed_on_) return write_whole(stream, bytes);
  if (held_.empty() || held_.back().stream != stream) held_.push_back({.stream = stream, .bytes = {}});
  held_.back().bytes += bytes;
  held_bytes_ += bytes.size();
  if (held_bytes_ <= kMost) return;
  release();
  handed_on_ = true;
}

std::string Relay::held() const {
  std::string all;
  for (const Chunk& chunk : held_) all += chunk.bytes;
  return all;
}

void Relay::release() {
  for (const Chunk& chunk : held_) write_whole(chunk.stream, chunk.bytes);
  held_.clear();
  held_bytes_ = 0;
}

}  // namespace berth
