// SPDX-License-Identifier: Apache-2.0
#include "base/os/screen.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <string>

#include "base/os/user.h"

namespace berth {
namespace {

constexpr int kIn = 0;
constexpr int kOut = 1;
constexpr std::array kEnds{SIGINT, SIGTERM, SIGHUP};
constexpr std::chrono::milliseconds kPatience{1'000};
// The other screen, without a cursor; and back.
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view kLeave = "\x1b[?25h\x1b[?1049l";

volatile std::sig_atomic_t ended = 0;

extern "C" void berth_on_end(int) {
  ended = 1;
}

/// The first `most` characters of a line of UTF-8.
std::string_view first_of(std::string_view line, size_t most) {
  size_t end = 0;
  for (; end < line.size(); ++end) {
    const bool begins = (static_cast<unsigned char>(line[end]) & 0xC0U) != 0x80U;
    if (begins && most-- == 0) break;
  }
  return line.substr(0, end);
}

}  // namespace

struct Screen::Before {
  termios mode = {};
  std::array<struct sigaction, kEnds.size()> actions = {};
};

std::unique_ptr<Screen> Screen::open() {
  auto before = std::make_unique<Before>();
  if (::isatty(kOut) != 1 || ::tcgetattr(kIn, &before->mode) != 0) return nullptr;
  return std::unique_ptr<Screen>(new Screen(std::move(before)));
}

Screen::Screen(std::unique_ptr<Before> before) : before_(std::move(before)) {
  struct sigaction end = {};
  end.sa_handler = berth_on_end;
  for (size_t i = 0; i < kEnds.size(); ++i) ::sigaction(kEnds[i], &end, &before_->actions[i]);
  termios mode = before_->mode;
  // Without ISIG nobody is stopped with the screen left like this.
  mode.c_lflag &= static_cast<tcflag_t>(~(ICANON | ECHO | ISIG));
  ::tcsetattr(kIn, TCSANOW, &mode);
  write_patiently(kOut, kEnter, kPatience);
}

Screen::~Screen() {
  write_patiently(kOut, kLeave, kPatience);
  ::tcsetattr(kIn, TCSANOW, &before_->mode);
  for (size_t i = 0; i < kEnds.size(); ++i) ::sigaction(kEnds[i], &before_->actions[i], nullptr);
}

void Screen::show(std::string_view lines) const {
  winsize size = {};
  const bool known = ::ioctl(kOut, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0;
  size_t rows = known ? size.ws_row : 24;
  const size_t columns = known ? size.ws_col : 80;
  std::string text = "\x1b[H";
  for (; !lines.empty() && rows > 0; --rows) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    text += first_of(lines.substr(0, end), columns);
    // What stood there before goes; the last row isn't left, which would scroll.
    text += rows > 1 ? "\x1b[K\r\n" : "\x1b[K";
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  if (rows > 0) text += "\x1b[J";
  write_patiently(kOut, text, kPatience);
}

bool Screen::wait(std::chrono::milliseconds time) const {
  const auto until = std::chrono::steady_clock::now() + time;
  while (ended == 0) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return true;
    pollfd keys{.fd = kIn, .events = POLLIN, .revents = 0};
    if (::poll(&keys, 1, static_cast<int>(left.count())) <= 0) continue;
    char key = 0;
    constexpr char kCtrlC = 3;
    // A terminal that is gone has nothing to read, either.
    if (::read(kIn, &key, 1) <= 0 || key == 'q' || key == 'Q' || key == kCtrlC) return false;
  }
  return false;
}

}  // namespace berth
