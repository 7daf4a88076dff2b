// SPDX-License-Identifier: Apache-2.0
// Greets whom it is told to: the smallest library that shows a string in and out.

#include <string>
#include <string_view>

#include "greeter.h"

void exports_berth_examples_greeting_greet(greeter_string_t* name, greeter_string_t* answer) {
  std::string_view text(reinterpret_cast<const char*>(name->ptr), name->len);
  std::string greeting = "Hello, " + std::string(text) + "!";
  greeter_string_dup_n(answer, greeting.data(), greeting.size());
  greeter_string_free(name);  // it was handed over
}
