// SPDX-License-Identifier: Apache-2.0
#include "base/os/terminal.h"

#include <fcntl.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

namespace berth {
namespace {

constexpr size_t kLongestAnswer = 4096;

/// While this lives, what is typed isn't shown and comes key by key, those for signals too: none of them
/// leaves the terminal as it is then.
class Unshown {
 public:
  explicit Unshown(int tty) : tty_(tty), known_(::tcgetattr(tty, &before_) == 0) {
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | ISIG);
    hidden_ = known_ && ::tcsetattr(tty_, TCSAFLUSH, &silent) == 0;
  }
  Unshown(const Unshown&) = delete;
  Unshown& operator=(const Unshown&) = delete;
  ~Unshown() {
    if (known_) ::tcsetattr(tty_, TCSAFLUSH, &before_);
  }

  bool hidden() const {
    return hidden_;
  }

 private:
  const int tty_;
  termios before_{};
  const bool known_;
  bool hidden_ = false;
};

/// While this lives, signals wait, but for those that come during `readable`.
class SignalsHeld {
 public:
  SignalsHeld() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;
  ~SignalsHeld() {
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

  /// Waits until there is something to read; false when a signal came.
  bool readable(int descriptor) const {
    fd_set readers;
    FD_ZERO(&readers);
    FD_SET(descriptor, &readers);
    return ::pselect(descriptor + 1, &readers, nullptr, nullptr, nullptr, &before_) > 0;
  }

 private:
  sigset_t before_;
};

}  // namespace

std::optional<Terminal> Terminal::open() {
  Descriptor tty(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!tty.opened()) return std::nullopt;
  return Terminal(std::move(tty));
}

void Terminal::show(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t written = ::write(tty_.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

void Terminal::plain() const {
  // The first character set, a soft reset (scrolling region, insert mode), plain text, a visible cursor.
  show("\x0f\x1b[!p\x1b[0m\x1b[?25h");
}

std::optional<std::string> Terminal::ask(std::string_view question, bool (*signalled)()) const {
  if (tty_.get() >= FD_SETSIZE) return std::nullopt;
  // A signal between the question and the read would leave the read waiting for ever.
  const SignalsHeld held;
  if (signalled()) return std::nullopt;
  ::tcflush(tty_.get(), TCIFLUSH);
  show(question);
  std::string answer;
  while (answer.size() < kLongestAnswer) {
    char byte = 0;
    if (!held.readable(tty_.get()) || ::read(tty_.get(), &byte, 1) <= 0) return std::nullopt;
    if (byte == '\n') return answer;
    answer += byte;
  }
  return answer;
}

std::optional<std::string> Terminal::ask_secret(std::string_view question) const {
  constexpr char kControlC = 3;
  constexpr char kControlD = 4;
  constexpr char kDelete = 0x7f;
  const SignalsHeld held;
  const Unshown unshown(tty_.get());
  if (!unshown.hidden()) return std::nullopt;
  show(question);
  std::string answer;
  while (answer.size() < kLongestAnswer) {
    char byte = 0;
    if (::read(tty_.get(), &byte, 1) <= 0 || byte == kControlC || byte == kControlD) break;
    if (byte == '\n') {
      show("\n");
      return answer;
    }
    if (byte != kDelete && byte != '\b') {
      answer += byte;
    } else if (!answer.empty()) {
      while (answer.size() > 1 && (answer.back() & 0xc0) == 0x80) answer.pop_back();
      answer.pop_back();
    }
  }
  show("\n");
  return std::nullopt;
}

}  // namespace berth
