// SPDX-License-Identifier: Apache-2.0
// Knocks on three doors, as far as it is told to: reads a file, fetches a URL, talks over a socket.
//
// `tour [--file PATH] [--url URL] [--tcp HOST:PORT]` prints one line a step, `STEP: …`, or `STEP: error
// CODE`. The status is 1 if any step failed. The file is opened by the C library, the other two by the
// bindings of wit-bindgen.

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "tour_steps.h"

namespace {

/// The C library gives preview 1's number; these are the names that 0.2 has for what a door answers.
const char* file_error(int number) {
  switch (number) {
    case EACCES:
      return "access";
    case EISDIR:
      return "is-directory";
    case ENOENT:
      return "no-entry";
    case EPERM:
      return "not-permitted";
    default:
      return std::strerror(number);
  }
}

int usage() {
  std::fprintf(stderr, "usage: tour [--file PATH] [--url URL] [--tcp HOST:PORT]\n");
  return 2;
}

}  // namespace

Told read_file(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return error(file_error(errno));
  char buffer[4096];
  size_t bytes = 0;
  while (size_t count = std::fread(buffer, 1, sizeof buffer, file)) bytes += count;
  bool failed = std::ferror(file) != 0;
  int number = errno;
  std::fclose(file);
  if (failed) return error(file_error(number));
  return {.words = std::to_string(bytes) + " bytes"};
}

int main(int argument_count, char** arguments) {
  if (argument_count % 2 == 0) return usage();
  bool failed = false;
  for (int i = 1; i < argument_count; i += 2) {
    std::string_view step = arguments[i];
    const char* target = arguments[i + 1];
    Told told;
    if (step == "--file") {
      told = read_file(target);
    } else if (step == "--url") {
      told = fetch(target);
    } else if (step == "--tcp") {
      told = ask(target);
    } else {
      return usage();
    }
    failed = failed || told.failed;
    std::printf("%s: %s\n", arguments[i] + 2, told.words.c_str());
  }
  return failed ? 1 : 0;
}
