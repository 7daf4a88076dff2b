// SPDX-License-Identifier: Apache-2.0
// Stores what a script on standard input says, over preview 1: what rust/storer does over 0.2, with the same
// operations and answers (see rust/storer/src/script.rs).

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace {

struct Answer {
  std::string word;
  long long count = 0;
};

std::string word_of(int error) {
  return error == ENOSPC ? "insufficient-space" : std::strerror(error);
}

Answer done(int status, long long count = 0) {
  if (status == 0) return {"ok", count};
  return {word_of(errno), count};
}

std::string under_data(const std::string& path) {
  return "/data/" + path;
}

int open_flags(const std::string& text) {
  const auto has = [&](const char* flag) { return text.find(flag) != std::string::npos; };
  int flags = has("write") ? O_RDWR : O_RDONLY;
  if (has("create")) flags |= O_CREAT;
  if (has("exclusive")) flags |= O_EXCL;
  if (has("truncate")) flags |= O_TRUNC;
  return flags;
}

/// Writes all of it, in as many calls as it takes.
template <class Write>
Answer put(long long count, Write write_some) {
  const std::vector<char> bytes(static_cast<size_t>(count), 'x');
  long long written = 0;
  while (written < count) {
    const ssize_t some = write_some(bytes.data() + written, static_cast<size_t>(count - written), written);
    if (some < 0) return {word_of(errno), written};
    written += some;
  }
  return {"ok", written};
}

class Storer {
 public:
  Answer step(const std::vector<std::string>& words) {
    const std::string& operation = words[0];
    if (operation == "open") {
      const int file = open(under_data(words[3]).c_str(), open_flags(words[2]), 0666);
      if (file >= 0) files_[words[1]] = file;
      return done(file < 0);
    }
    if (operation == "mkdir") return done(mkdir(under_data(words[1]).c_str(), 0777));
    if (operation == "rmdir") return done(rmdir(under_data(words[1]).c_str()));
    if (operation == "unlink") return done(unlink(under_data(words[1]).c_str()));
    if (operation == "symlink") return done(symlink("nowhere", under_data(words[1]).c_str()));
    if (operation == "link") return done(link(under_data(words[1]).c_str(), under_data(words[2]).c_str()));
    if (operation == "rename")
      return done(rename(under_data(words[1]).c_str(), under_data(words[2]).c_str()));
    const int file = files_.at(words[1]);
    const auto number = [&](size_t at) { return std::atoll(words[at].c_str()); };
    if (operation == "close") {
      files_.erase(words[1]);
      return done(close(file));
    }
    if (operation == "size") return done(ftruncate(file, number(2)));
    if (operation == "write") {
      return put(number(3), [&](const char* bytes, size_t count, long long done) {
        return pwrite(file, bytes, count, number(2) + done);
      });
    }
    if (operation == "stream" || operation == "append") {
      const bool append = operation == "append";
      lseek(file, append ? 0 : number(2), append ? SEEK_END : SEEK_SET);
      return put(number(append ? 2 : 3),
                 [&](const char* bytes, size_t count, long long) { return write(file, bytes, count); });
    }
    std::fprintf(stderr, "storer: no operation '%s'\n", operation.c_str());
    std::exit(2);
  }

 private:
  std::map<std::string, int> files_;
};

std::vector<std::string> split(const char* line) {
  std::vector<std::string> words(1);
  for (; *line != '\0' && *line != '\n'; ++line) {
    if (*line == ' ') {
      words.emplace_back();
    } else {
      words.back() += *line;
    }
  }
  return words;
}

}  // namespace

int main() {
  Storer storer;
  char line[1024];
  while (std::fgets(line, sizeof line, stdin) != nullptr) {
    const Answer answer = storer.step(split(line));
    std::printf("%s %lld\n", answer.word.c_str(), answer.count);
    std::fflush(stdout);
  }
  return 0;
}
