// SPDX-License-Identifier: Apache-2.0
// The start of the program. The C library's own leaves it to the linker to call the constructors, which then
// does so before each export: before `cabi_realloc` too, in the middle of a call to the host, where a guest
// may not call out.

#include <cstdlib>

extern "C" {
void __wasm_call_ctors();
int __main_void();

[[clang::export_name("_start")]] void _start() {
  __wasm_call_ctors();
  std::exit(__main_void());
}
}
