// SPDX-License-Identifier: Apache-2.0
#pragma once
// An open file of ours, closed when its one owner goes. POSIX; one thread at a time.

#include <unistd.h>

#include <utility>

namespace berth {

class Descriptor {
 public:
  /// Owns `fd`; a negative one is no file, as what `open` gives when it fails.
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    close();
  }

  /// Closes it now; it is no file afterwards.
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  int get() const {
    return fd_;
  }
  bool opened() const {
    return fd_ >= 0;
  }

 private:
  int fd_;
};

}  // namespace berth
