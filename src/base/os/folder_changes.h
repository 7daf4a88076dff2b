// SPDX-License-Identifier: Apache-2.0
#pragma once
// What happens in a folder, as the system tells of it. Linux (inotify). Network file systems tell nothing:
// whoever needs to know looks at the folder every now and then as well.
//
// One thread, but for `wake`.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/os/descriptor.h"
#include "base/result.h"

namespace berth {

class FolderChanges {
 public:
  struct Change {
    enum class Kind {
      kWritten,  // and whoever wrote may write on
      kClosed,   // by whoever wrote
      kMovedIn,  // under this name: it is whole
      kOther,    // it is new, gone, or another
      kLost,     // changes that aren't told; without a name
    };
    Kind kind = Kind::kOther;
    std::string name;  // of the file, without the folder
  };

  /// kUnavailable where the system has no more room for it.
  static Result<std::unique_ptr<FolderChanges>> create();

  /// From now on, changes of what this path leads to; of nothing, when there is no folder. False then.
  bool follow(const std::string& folder);

  /// Waits until something has happened, somebody wakes it, or the time is over.
  std::vector<Change> wait(std::chrono::milliseconds longest);

  /// Ends a `wait`, or the next one. Any thread.
  void wake() noexcept;

 private:
  FolderChanges(Descriptor events, Descriptor woken) : events_(std::move(events)), woken_(std::move(woken)) {}
  std::vector<Change> read();

  Descriptor events_;
  Descriptor woken_;
  int followed_ = -1;
};

}  // namespace berth
