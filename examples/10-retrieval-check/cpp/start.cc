// SPDX-License-Identifier: Apache-2.0
// The start of the program: constructors once, then main. The C library's own would have the linker call them
// before each export, cabi_realloc too, amid a call to the host.

#include <cstdlib>

extern "C" {
void __wasm_call_ctors();
int __main_void();

[[clang::export_name("_start")]] void _start() {
  __wasm_call_ctors();
  std::exit(__main_void());
}
}
