// SPDX-License-Identifier: Apache-2.0
// Greets whom the first argument names: the smallest program that shows arguments and standard output.

#include <cstdio>

int main(int argument_count, char** arguments) {
  std::printf("Hello, %s!\n", argument_count > 1 ? arguments[1] : "World");
  return 0;
}
