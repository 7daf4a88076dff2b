// SPDX-License-Identifier: Apache-2.0
#include "base/os/terminal.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace berth {
namespace {

constexpr size_t kLongestAnswer = 4096;

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

std::optional<std::string> Terminal::ask(std::string_view question) const {
  ::tcflush(tty_.get(), TCIFLUSH);
  show(question);
  std::string answer;
  while (answer.size() < kLongestAnswer) {
    char byte = 0;
    const ssize_t got = ::read(tty_.get(), &byte, 1);
    if (got <= 0) return std::nullopt;
    if (byte == '\n') return answer;
    answer += byte;
  }
  return answer;
}

}  // namespace berth
