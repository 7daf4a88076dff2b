// SPDX-License-Identifier: Apache-2.0
#pragma once
// The one place that says yes or no. A door that a guest knocks on describes what was asked as a `Knock`;
// `decide` holds it against the policy and answers with the grant that decided, or with what was missing
// and the exact grant that would have allowed it.
//
// What a target looks like, and which operations a door knocks with:
//   files       "/data/x" as the guest says it; "open-read", "list", "stat" and "readlink" only read,
//               every other operation ("open-write", "create", "remove", "rename", …) changes something
//   http.out    "https://host[:port]/path?query"; "request", and `method`. Once before its name is looked
//               up, and again with `resolved_to` before the connection is made; a name of a module inside is
//               not looked up
//   http.in     "127.0.0.1:8080"; "listen"
//   socket.out  "tcp://1.2.3.4:80", "udp://[::1]:53"; "connect", "send"
//   socket.in   "tcp://127.0.0.1:9000"; "listen", "bind". Of a peer, once the guest listens with UDP at all:
//               "receive", and "send" for an answer to who has just written
//   dns         "example.com"; "resolve"
//   keyvalue, blobstore  the store's name; "open", "get", "list", "exists", "stat" only read
//   env, secret the name; "read"          stdio  "in", "out", "err"
//   activity    "info", "error", "job-completed"; "tell"
//   messaging   a subject; "publish", "subscribe", "request"
//   p2p         a protocol; "dial", "listen"          content  "ipfs://CID/a", "ipns://NAME"; "fetch",
//               "publish", whose target is "ipns://KEY" for a name, and is only shown for the rest
//
// Targets come from guests: anything may stand in them, and no decision depends on their being well formed.
// Pure, no state: safe on any thread, also inside a callback of the engine.

#include <string>
#include <string_view>

#include "policy/policy.h"

namespace berth::policy {

/// What the door already knows. Everything but `kAsk` is a refusal that stands whatever the policy says;
/// `decide` then only finds the words for it.
enum class Reason {
  kAsk,          // the door doesn't know: decide
  kNoGrant,      // outside of every grant
  kReadOnly,     // a change, where the grant only lets read
  kEscape,       // `..`, or a link that leads out of its grant
  kSpecialFile,  // a device, a socket or a pipe
  kCrossGrant,   // a link or a rename from one grant into another
  kHostRefused,  // granted, but the operating system refused
  kNoModule,     // granted, but no module of that name is served here
};

struct Knock {
  Capability capability = Capability::kFiles;
  std::string operation;
  std::string target;
  std::string method;         // http.out: "GET"
  std::string resolved_to;    // http.out: the address that the target's name has; empty before it is known
  std::string resolved_from;  // socket.out: the name that gave the guest the target's address, if one did
  Reason reason = Reason::kAsk;

  bool operator==(const Knock&) const = default;
};

enum class Decision { kDeny, kAllow };

struct Verdict {
  Decision decision = Decision::kDeny;
  std::string rule;        // allowed: the grant and its source; denied: what was missing, as a clause
  std::string suggestion;  // denied: the grant that would allow it; empty where none would
  Party party =
      Party::kAsker;  // denied: whose word it is that nobody asked, didn't vouch for or doesn't allow it
  std::string source = {};  // of those who did neither: who vouches, or the owner's file
};

Verdict decide(const Policy& policy, const Knock& knock);

/// The target without what may be secret in it: of a URL the user information and the query.
std::string public_target(const Knock& knock);

/// Whether an operation of `files` changes nothing.
bool only_reads(std::string_view operation);

/// One line for a person, safe to print on a terminal whatever the guest put into the knock; the grant in
/// it is quoted for a shell.
std::string explain(const Knock& knock, const Verdict& verdict);

/// The same line for what was refused, also where it wasn't the policy that refused it.
std::string explain_refused(const Policy& policy, const Knock& knock);

}  // namespace berth::policy
