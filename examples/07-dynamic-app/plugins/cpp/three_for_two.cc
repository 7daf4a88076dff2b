// SPDX-License-Identifier: Apache-2.0
// A rule: of three of the same, one is free.

#include "rules.h"

bool exports_shop_till_rule_apply(exports_shop_till_rule_list_line_t* basket,
                                  exports_shop_till_rule_list_line_t* lines, rules_string_t*) {
  for (size_t i = 0; i < basket->len; ++i) {
    exports_shop_till_rule_line_t& line = basket->ptr[i];
    line.cents -= line.cents / line.count * (line.count / 3);
  }
  *lines = *basket;  // it was handed over, and is handed back
  return true;
}
