// SPDX-License-Identifier: Apache-2.0
#include "providers/activity/journal.h"

#include <unistd.h>

namespace berth::activity {

Result<std::shared_ptr<Journal>> Journal::open_output() {
  return std::shared_ptr<Journal>(new Journal(BERTH_TRY(LineOutput::taken_from_output())));
}

Result<std::shared_ptr<Journal>> Journal::open(const std::string& place) {
  if (place == "-") return std::shared_ptr<Journal>(new Journal(LineOutput::standard(STDOUT_FILENO)));
  return std::shared_ptr<Journal>(new Journal(BERTH_TRY(LineOutput::appending(place))));
}

bool Journal::write(std::string_view line) noexcept try {
  const std::lock_guard guard(lock_);
  return out_.append_line(line);
} catch (...) {
  return false;  // out of memory
}

}  // namespace berth::activity
