// SPDX-License-Identifier: Apache-2.0
#pragma once
// One call of the stand-in engine: a program on its way, the counters it draws from and the callbacks it ends
// in.
//
// `step` is for one lane at a time; `cancel` is for any thread. The call never blocks a lane for long: a step
// ends after some microseconds, as a guest yields at the next epoch.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "berth_engine.h"
#include "program.h"

namespace berth::standin {

class Call {
 public:
  /// Copies what it needs of `guest`; its budget, meter and context outlive the call.
  Call(std::vector<Statement> program, const berth_guest& guest, berth_engine_kind kind);

  /// Goes on a little; false when the call has ended and `done` has returned. A guest that is alone goes on
  /// when a limit of time has ended its call, until it is cancelled.
  bool step();

  void cancel() {
    cancelled_ = true;
  }

 private:
  enum class Next { kGoOn, kEnded };
  Next run(const Statement& statement);
  Next use_cpu(std::chrono::nanoseconds time);
  Next grow(uint64_t bytes);
  bool ask(const std::string& target);
  Next knock(const std::string& target);
  Next browse(uint64_t count);
  Next end(berth_ending ending, int32_t exit_status = 0, int32_t limit = 0, std::string_view reason = "");

  const std::vector<Statement> program_;
  const berth_guest guest_;
  const berth_engine_kind kind_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  size_t at_ = 0;
  uint64_t worked_microseconds_ = 0;  // of the statement that is being run
  uint64_t fuel_used_ = 0;
  uint64_t drawn_bytes_ = 0;
  bool reported_ = false;  // `done` has been called
  std::atomic<bool> cancelled_ = false;
};

}  // namespace berth::standin
