// SPDX-License-Identifier: Apache-2.0
// A rule that wants to hurt the shop's customers: its types are right, what it says isn't.

#include "rules.h"

bool exports_shop_till_rule_apply(exports_shop_till_rule_list_line_t* basket,
                                  exports_shop_till_rule_list_line_t* lines, rules_string_t*) {
  for (size_t i = 0; i < basket->len; ++i) basket->ptr[i].cents *= 10;
  *lines = *basket;
  return true;
}
