// SPDX-License-Identifier: Apache-2.0
// Prints the file that the first argument names; says why and exits with 1 where it can't.

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

int main(int argument_count, char** arguments) {
  if (argument_count < 2) {
    std::fprintf(stderr, "usage: readfile FILE\n");
    return 1;
  }
  const char* path = arguments[1];
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path, "rb"), std::fclose);
  if (!file) {
    std::fprintf(stderr, "readfile: %s: %s\n", path, std::strerror(errno));
    return 1;
  }
  char buffer[16 * 1024];
  while (const size_t got = std::fread(buffer, 1, sizeof buffer, file.get())) {
    std::fwrite(buffer, 1, got, stdout);
  }
  if (std::ferror(file.get())) {
    std::fprintf(stderr, "readfile: %s: %s\n", path, std::strerror(errno));
    return 1;
  }
  return std::fflush(stdout) == 0 ? 0 : 1;
}
