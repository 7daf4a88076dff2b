// SPDX-License-Identifier: Apache-2.0
#pragma once
// A denial as `--json` has it, wherever it is reported.

#include <nlohmann/json.hpp>

#include "host/denials.h"

namespace berth::cli {

inline nlohmann::json denial_json(const host::Denial& denial) {
  return {{"capability", denial.capability},
          {"operation", denial.operation},
          {"target", denial.target},
          {"method", denial.method},
          {"rule", denial.rule},
          {"suggestion", denial.suggestion},
          {"count", denial.count},
          {"probe", denial.probe},
          {"party", policy::party_name(denial.party)}};
}

}  // namespace berth::cli
