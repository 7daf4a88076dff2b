// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a module asks at its doors (a file, a connection, a request, a name), and the program's own word on
// it: `InstanceOptions::decide` may say no where the module's policy says yes, and `InstanceOptions::audit`
// hears what became of each question.
//
//   .decide = [](const berth::Question& question) -> berth::Result<void> {
//     if (question.target.ends_with(".key")) return berth::fail(berth::ErrorCode::kDenied, "keys stay here");
//     return {};
//   }

#include <functional>
#include <string_view>

#include "berth/result.h"

namespace berth {

/// The texts are lent for the time of the call. What the module itself has chosen, `target` and `method`, may
/// be any bytes, and of a URL may hold what is secret.
struct Question {
  std::string_view module;      // its name
  std::string_view capability;  // "files", "http.out", "socket.out", "socket.in", "dns", "env", "stdio",
                                // "content", "activity"
  /// "open-read", "open-write", "stat", "create", "remove", "rename", "request", "connect", "resolve", … For
  /// a variable of the environment ("read") and a standard stream ("use") asked once, when the instance is
  /// made.
  std::string_view operation;
  std::string_view target;  // "/data/prices.csv" as the module says it, "https://…", "tcp://1.2.3.4:80"
  std::string_view method;  // of a request: "GET"
  /// Of a request the address that its name has, once that is known: it is asked about again then.
  std::string_view resolved_to;
  std::string_view resolved_from;  // of an address: the name that gave it to the module, if any
};

struct Verdict {
  bool allowed = false;
  std::string_view rule;        // the grant that allows it and where it stands, or what was missing
  std::string_view suggestion;  // denied: the grant that would allow it, where one would
  std::string_view line;        // all of it for a person, on one line, without what may be secret in a URL
};

/// Asked about each use of a door that the policy lets through, before it happens; an error denies it, with
/// its message as the reason. What the policy denies isn't asked about: nothing said here can widen it. One
/// act may be several questions, and some are asked before it is known that the act takes place.
///
/// Called on the thread that calls the module or on the library's own, sometimes on several at once, and
/// while the module's call waits: be quick, and use nothing of the library here. What throws denies.
using Decide = std::function<Result<void>(const Question& question)>;

/// Hears of each verdict, that of `Decide` included; and, when an instance is made, of each grant that the
/// owner of this machine narrows (operation "grant", denied). The same rules; what it throws is dropped.
using Audit = std::function<void(const Question& question, const Verdict& verdict)>;

}  // namespace berth
