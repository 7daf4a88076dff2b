// SPDX-License-Identifier: Apache-2.0
#pragma once
// What tests of several rooms need: a folder of their own, a child process. POSIX.

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace berth {

/// A folder of the test's own, free of links, gone with it.
class TestFolder {
 public:
  explicit TestFolder(const std::filesystem::path& where = std::filesystem::temp_directory_path()) {
    std::string pattern = (where / "berth-test-XXXXXX").string();
    path_ = std::filesystem::canonical(::mkdtemp(pattern.data())).string();
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }

  const std::string& path() const {
    return path_;
  }
  std::string at(const std::string& name) const {
    return path_ + "/" + name;
  }

 private:
  std::string path_;
};

/// What `body`, which may use no more than 8 bits to tell it, gives in a child of its own; of one that a
/// signal ended, minus that.
template <class Body>
int in_child(const Body& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace berth
