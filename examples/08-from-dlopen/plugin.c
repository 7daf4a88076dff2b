// SPDX-License-Identifier: Apache-2.0
// A plugin as there are many: what each of some people has to pay. It forgets that there may be none.

#include <stdint.h>

int64_t share(int64_t cents, int32_t people) {
  return cents / people;
}
