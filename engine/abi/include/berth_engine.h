// SPDX-License-Identifier: Apache-2.0
// The C ABI between the engine (Rust) and berth (C++): guests are compiled and run behind it. Only src/engine
// includes this file.
//
// Generated from engine/abi/src by `make header`: change those, not this. `make lint` compares.
//
// - *Own*: whoever gets it gives it back, with the function named for it, once. *Borrow*: valid only while the
//   call that it is handed to runs, unless its comment says longer.
// - "Any thread" means that threads may call at the same time, for the same object too. A `_free` must be the
//   last call for its object; unless its comment says otherwise it may come from any thread.
// - A function that returns int32_t gives 0 for success, or an error number of src/base/error_table.cc and,
//   when `error` isn't null, a message there that the caller owns. On failure nothing else is written.
// - No panic crosses: inside the engine it becomes an error. No exception may cross from a callback.


#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// How a call ended.
typedef enum berth_ending {
  BERTH_ENDING_EXITED = 1,
  BERTH_ENDING_TRAPPED = 2,
  BERTH_ENDING_LIMITED = 3,
  BERTH_ENDING_CANCELLED = 4,
  /// The guest could not be started.
  BERTH_ENDING_FAILED = 5,
  /// Berth's own code failed.
  BERTH_ENDING_PANICKED = 6,
  /// The function that was called returned.
  BERTH_ENDING_RETURNED = 7,
} berth_ending;

/// Which limit ended a call.
typedef enum berth_limit {
  BERTH_LIMIT_MEMORY = 1,
  BERTH_LIMIT_CPU_TIME = 2,
  BERTH_LIMIT_WALL = 3,
  BERTH_LIMIT_FUEL = 4,
  BERTH_LIMIT_HANDLES = 5,
  BERTH_LIMIT_STACK = 6,
  BERTH_LIMIT_HOST_BUFFERS = 7,
  /// The places for instances that all modules of the runtime have together.
  BERTH_LIMIT_PLACES = 8,
} berth_limit;

/// A kind of door.
typedef enum berth_capability {
  BERTH_CAPABILITY_FILES = 1,
  BERTH_CAPABILITY_HTTP_OUT = 2,
  BERTH_CAPABILITY_SOCKET_OUT = 3,
  BERTH_CAPABILITY_SOCKET_IN = 4,
  BERTH_CAPABILITY_DNS = 5,
  BERTH_CAPABILITY_CONTENT = 6,
} berth_capability;

/// What a guest wanted to do.
typedef enum berth_operation {
  BERTH_OPERATION_OPEN_READ = 1,
  BERTH_OPERATION_OPEN_WRITE = 2,
  BERTH_OPERATION_STAT = 3,
  BERTH_OPERATION_READ_LINK = 4,
  BERTH_OPERATION_CREATE_DIRECTORY = 5,
  BERTH_OPERATION_REMOVE = 6,
  BERTH_OPERATION_RENAME = 7,
  BERTH_OPERATION_LINK = 8,
  BERTH_OPERATION_SYMLINK = 9,
  BERTH_OPERATION_SET_TIMES = 10,
  BERTH_OPERATION_CONNECT = 11,
  BERTH_OPERATION_BIND = 12,
  BERTH_OPERATION_SEND = 13,
  BERTH_OPERATION_RESOLVE = 14,
  BERTH_OPERATION_REQUEST = 15,
  BERTH_OPERATION_LISTEN = 16,
  BERTH_OPERATION_RECEIVE = 17,
} berth_operation;

/// Why a door stopped it.
typedef enum berth_reason {
  /// No grant covers it.
  BERTH_REASON_NO_GRANT = 1,
  /// A grant covers it for reading only.
  BERTH_REASON_READ_ONLY = 2,
  /// The path leads out of its grant.
  BERTH_REASON_ESCAPE = 3,
  /// A FIFO, a socket or a device.
  BERTH_REASON_SPECIAL_FILE = 4,
  /// A link or a rename from one grant to another.
  BERTH_REASON_CROSS_GRANT = 5,
  /// The door doesn't know: the policy decides.
  BERTH_REASON_ASK = 6,
  /// The policy lets it through, to a module that isn't served here.
  BERTH_REASON_NO_MODULE = 7,
} berth_reason;

/// What a file of a module was.
typedef enum berth_form {
  BERTH_FORM_COMPONENT = 1,
  BERTH_FORM_CORE = 2,
} berth_form;

/// A started call. Any thread.
typedef struct berth_call berth_call;

/// Ends the calls of an instance. Any thread.
typedef struct berth_canceller berth_canceller;

/// Asks servers, and keeps connections to the last of them. One thread asks at a time.
typedef struct berth_client berth_client;

/// A request whose route is waited for. Any thread.
typedef struct berth_completion berth_completion;

/// A function that a module exports. Any thread.
typedef struct berth_export berth_export;

/// A module's function with the values for its parameters. Any thread.
typedef struct berth_function berth_function;

/// A hash that is being computed.
typedef struct berth_hasher berth_hasher;

/// The headers of a request: stands for a `HeaderMap`. Only while its `route` is asked.
typedef struct berth_headers berth_headers;

/// The body of an answer, for who writes it. One thread at a time.
typedef struct berth_http_body berth_http_body;

/// Folders that are counted. Any thread.
typedef struct berth_ledger berth_ledger;

/// An address that is bound.
typedef struct berth_listener berth_listener;

/// An instance that is called. One thread at a time.
typedef struct berth_live berth_live;

/// A compiled module. Any thread.
typedef struct berth_module berth_module;

/// A server to post to. One thread sends at a time.
typedef struct berth_post berth_post;

/// The engine's threads, configurations and clock. Any thread.
typedef struct berth_runtime berth_runtime;

/// A server that runs. Any thread.
typedef struct berth_server berth_server;

/// A module that answers requests. Any thread.
typedef struct berth_service berth_service;

/// What a server shows to clients who come by TLS. Any thread.
typedef struct berth_tls berth_tls;

/// One module's network. Any thread.
typedef struct berth_traffic berth_traffic;

/// Somebody who waits for a function that answers later. Any thread.
typedef struct berth_waiter berth_waiter;

/// Bytes that Rust allocated and C++ owns: give back with `berth_bytes_free`.
typedef struct berth_bytes {
  uint8_t *data;
  size_t len;
} berth_bytes;

/// Bytes that C++ reads during a call and Rust never keeps, or the other way round: *borrow*. Not
/// terminated; `data` may be null when `len` is 0.
typedef struct berth_slice {
  const uint8_t *data;
  size_t len;
} berth_slice;

/// How a module's call is to be held by its engine.
typedef struct berth_engine_kind {
  /// Counting instructions.
  bool fuel;
  /// The guest has this process for itself: its code is never interrupted, which makes it faster, and the
  /// process has to end when a limit of time ends the guest.
  bool alone;
} berth_engine_kind;

/// What a module needs, told when it is compiled and given back when its image is opened.
typedef struct berth_needs {
  /// Bytes that its instances take on the host.
  uint64_t instance_bytes;
  /// Async functions, streams and futures of the component model (WASI 0.3): an engine that can do these.
  bool concurrency;
  /// It makes error contexts, whose messages lie in the host's memory.
  bool error_contexts;
} berth_needs;

/// What a module imports and exports. C++ owns the parts: give back with `berth_description_free`.
typedef struct berth_description {
  /// One of `berth_form`.
  int32_t form;
  /// WIT text; empty for a core module.
  struct berth_bytes wit;
  /// Names, each closed by a newline.
  struct berth_bytes imports;
  struct berth_bytes exports;
  /// For each export of a core module: its type, and why this function can't be called, if so.
  struct berth_bytes export_types;
  struct berth_bytes export_notes;
} berth_description;

/// A list of slices: *borrow*.
typedef struct berth_slices {
  const struct berth_slice *items;
  size_t len;
} berth_slices;

/// What C++ answers a request with that waited, before its body: *borrow*.
typedef struct berth_http_answer {
  uint16_t status;
  /// A name, its value, the next name.
  struct berth_slices headers;
  /// Of the body; negative: not known.
  int64_t length;
} berth_http_answer;

/// One folder of the host that a guest sees: *borrow*.
typedef struct berth_folder {
  struct berth_slice host_path;
  struct berth_slice guest_path;
  bool writable;
  /// Content that is shown as a folder, `ipfs://CID/a`; empty: the host's path counts.
  struct berth_slice content;
  /// Counts what is stored in the folder, as its account of that number; null where nothing does.
  const struct berth_ledger *ledger;
  size_t account;
} berth_folder;

/// Memory of one module: C++ owns it, both sides read and write it atomically, and it outlives every call
/// that draws from it. All in bytes, but `refused`, which counts.
typedef struct berth_budget {
  uint64_t limit;
  uint64_t used;
  uint64_t peak;
  /// How many draws were refused.
  uint64_t refused;
  /// What `used` would have become with the last refused draw.
  uint64_t refused_bytes;
} berth_budget;

/// Time of one call, and what it used of the CPU and the network: C++ owns it, both sides read and write it atomically, and it outlives the call.
/// A limit of 0 is none.
typedef struct berth_meter {
  uint64_t cpu_limit_ns;
  uint64_t cpu_used_ns;
  /// How long the guest was held back for its module's share.
  uint64_t cpu_throttled_ns;
  uint64_t wall_limit_ns;
  /// Instructions; only for an engine that counts them.
  uint64_t fuel_limit;
  /// Known once the call has ended, but of a guest that is still running.
  uint64_t fuel_used;
  /// Of the connections that the host makes for the guest: bytes on the wire, and how many there were.
  uint64_t net_sent_bytes;
  uint64_t net_received_bytes;
  uint64_t connections;
} berth_meter;

/// The share of one core that a module may use, all its calls together: C++ owns it, both sides read and write its
/// numbers atomically, and it outlives every call that draws from it.
typedef struct berth_share {
  /// Ten thousand are one core. C++ may change it at any time.
  uint64_t basis_points;
  /// When all that was used will have been given, on the machine's monotonic clock; 0 at first.
  uint64_t given_until_ns;
  /// When `drawn` is called next, on that clock; 0 at first.
  uint64_t tell_at_ns;
  /// Called when it is drawn from, but not within 50 ms of the call before, on an engine's thread: must not block
  /// or throw. May be null.
  void (*drawn)(void *context);
  /// Handed to `drawn`.
  void *context;
} berth_share;

/// What a module asks of content by its hash. *Borrow*: the texts are there until `begin` returns.
typedef struct berth_content_ask {
  /// A `berth_content_verb`.
  int32_t verb;
  /// A path, a CID or a key, as the guest says it; of a folder the grant's own.
  struct berth_slice target;
  /// Of a name: where it leads to. Of a folder that is made: names and CIDs in turn, each with a NUL behind it. Of a folder that
  /// is granted: the way from it.
  struct berth_slice more;
  uint64_t offset;
  /// UINT64_MAX is all.
  uint64_t length;
  /// The target is a folder's that a grant of files shows.
  bool folder;
  /// A symlink at the end of the way is followed; of a folder only.
  bool follow;
} berth_content_ask;

/// What an ask leads to, or why it failed. The texts are there until the ask is asked something else.
typedef struct berth_content_found {
  /// A `berth_content_kind`.
  int32_t kind;
  uint64_t size;
  struct berth_slice cid;
  /// Where a symlink leads to; the name that was published.
  struct berth_slice link;
  /// Of a file whose name says it: how HTTP calls what it is.
  struct berth_slice media_type;
  /// A `berth_content_fault`.
  int32_t fault;
  struct berth_slice words;
} berth_content_found;

/// The next bytes of an ask, or why there are none. They are there until the ask is asked something else.
typedef struct berth_content_piece {
  struct berth_slice bytes;
  /// A `berth_content_fault`.
  int32_t fault;
  struct berth_slice words;
} berth_content_piece;

/// Who answers what a module asks of content. All of it is called on the engine's threads, some on guests' fibers: must not block,
/// throw or call back into the engine. Nobody is called after `done`, but for asks that have begun, until their `end`.
typedef struct berth_content {
  /// Gives what the others are asked with; null where there is no memory. *Own* `waiter`, which is woken when `found` or `take`
  /// may have more.
  void *(*begin)(void *context, const struct berth_content_ask *ask, struct berth_waiter *waiter);
  /// 0: not known yet; 1: known; 2: failed.
  int32_t (*found)(void *ask, struct berth_content_found *found);
  /// 0: nothing yet; 1: a piece; 2: the end; 3: failed.
  int32_t (*take)(void *ask, struct berth_content_piece *piece);
  /// Takes all of the bytes, or fails.
  bool (*write)(void *ask, struct berth_slice bytes, struct berth_content_piece *piece);
  /// Nothing more is written.
  void (*finish)(void *ask);
  /// Nobody asks any more. *Own* `ask`.
  void (*end)(void *ask);
  void *context;
} berth_content;

/// Who is told what a module does. Called on the engine's threads, some on guests' fibers: must not block, throw or call back into the
/// engine. Not called after `done`.
typedef struct berth_activity {
  /// Tells a `berth_activity_kind`; the message of a completed job is empty. 0: it is written; else a `berth_activity_refusal`, and `words`
  /// say why, *borrow*ed until the next call on this thread.
  int32_t (*tell)(void *context, int32_t kind, struct berth_slice message, struct berth_slice *words);
  void *context;
} berth_activity;

/// What a guest asks for: *borrow* for the duration of `ask`. The numbers are those of `berth_capability`,
/// `berth_operation` and `berth_reason`.
typedef struct berth_knock {
  int32_t capability;
  int32_t operation;
  int32_t reason;
  struct berth_slice target;
  /// Of a request: its method.
  struct berth_slice method;
  /// Of a request: the address that its name has; empty before that is known.
  struct berth_slice resolved_to;
  /// Of an address: the name that it was found by, if any.
  struct berth_slice resolved_from;
  /// A question on the way, or about what the guest didn't do: a refusal is not worth an entry.
  bool quiet;
} berth_knock;

/// How a call ended: *borrow* for the duration of `done`.
typedef struct berth_outcome {
  /// One of `berth_ending`.
  int32_t ending;
  /// The guest's own exit status, for BERTH_ENDING_EXITED; see `result` for BERTH_ENDING_RETURNED.
  int32_t exit_status;
  /// One of `berth_limit`, for BERTH_ENDING_LIMITED.
  int32_t limit;
  /// What happened, for BERTH_ENDING_TRAPPED and BERTH_ENDING_FAILED.
  struct berth_slice reason;
  /// What the function gave, for BERTH_ENDING_RETURNED: one line of printable characters, without its newline;
  /// empty when it gives nothing. `exit_status` is 1 when it gave an error of its own, else 0.
  struct berth_slice result;
  /// The guest's frames, innermost first, for BERTH_ENDING_TRAPPED; may be empty.
  struct berth_slice trace;
  /// Of a guest that is alone: it could not be stopped, goes on, and still uses all that it was given. The
  /// process has to end.
  bool still_running;
  /// The guest's last line on standard error isn't finished.
  bool unfinished_line;
} berth_outcome;

/// What a guest is given; all of it decided before. *Borrow*: everything is copied but `budget`, `meter` and `share`.
typedef struct berth_guest {
  /// What is called, of the same module; null is `wasi:cli/run`.
  const struct berth_function *function;
  struct berth_slices args;
  /// Names and values in turn.
  struct berth_slices env;
  const struct berth_folder *folders;
  size_t folders_len;
  /// Whether the guest gets the phantom preopen `/`: when no grant covers `/`.
  bool phantom;
  /// Whether it stands beside folders in WASI 0.3 too, where a guest otherwise finds just what is granted.
  bool phantom_always;
  /// Whether `ask` hears of each use of a folder too, with the reason "ask".
  bool files_asked;
  bool stdin_open;
  bool stdout_open;
  bool stderr_open;
  /// Only calls that every POSIX system has.
  bool portable;
  /// Handles of the component model that may be open at once.
  uint64_t handles;
  /// Bytes that one host call may copy out of the guest.
  uint64_t host_buffer_bytes;
  /// Guards that a hostile test has turned off; ignored in a release.
  uint64_t guards_off;
  struct berth_budget *budget;
  struct berth_meter *meter;
  /// Null: as much of the CPU as there is.
  struct berth_share *share;
  /// What the module is called where it asks another one of this runtime.
  struct berth_slice module;
  /// Names that rules for sockets hold: looked up when a guest connects to an address that it got elsewhere.
  struct berth_slices names;
  /// What it may send, receive and have open, with the module's other calls; null where nothing has a limit.
  const struct berth_traffic *traffic;
  /// Who answers what it asks of content; null where the policy opens none.
  const struct berth_content *content;
  /// Who is told what it does; null where nobody listens.
  const struct berth_activity *activity;
  /// Name servers to ask, as `ADDRESS:PORT`; the system's when there are none.
  struct berth_slices dns_servers;
  /// Asked when no grant opens a door of files, and about each use of the network. Called on the engine's threads, some on guests' fibers: must not
  /// block, throw or call back into the engine. Returns whether the policy opens it.
  bool (*ask)(void *context, const struct berth_knock *knock);
  /// Called once, on the engine's thread, when the call has ended and all that it held is gone (but see
  /// `still_running`): must not block or throw. Comes also when the runtime is freed before the call has ended.
  void (*done)(void *context, const struct berth_outcome *outcome);
  /// Handed to `ask` and `done`.
  void *context;
} berth_guest;

/// A request of berth's own: *borrow*.
typedef struct berth_ask {
  struct berth_slice method;
  /// `http://` or `https://`.
  struct berth_slice url;
  /// A name, its value, the next name.
  struct berth_slices headers;
  struct berth_slice body;
  /// The taker gives the body instead, over a connection of its own.
  bool streams;
  /// Of the answer's body.
  uint64_t most_bytes;
  /// In each such span `least_bytes` have to go or come.
  uint64_t span_ns;
  uint64_t least_bytes;
  /// For all of it.
  uint64_t most_ns;
} berth_ask;

/// Who gets the answer: called on the thread that asks, while it asks. Must not throw, nor call back into the client. What is
/// handed over is *borrowed*.
typedef struct berth_taker {
  void *context;
  /// Whether an address, "127.0.0.1" or "::1", may be connected to.
  bool (*may_reach)(void *context, struct berth_slice address);
  /// The status, the headers (a name in lower case, its value, the next name) and who answers. False: nothing of the body is
  /// wanted.
  bool (*head)(void *context, uint16_t status, struct berth_slices headers, struct berth_slice address);
  /// False: no more of it.
  bool (*bytes)(void *context, struct berth_slice bytes);
  /// What stands behind the body, as the headers stand before it.
  void (*trailers)(void *context, struct berth_slices trailers);
  /// The next piece of a body that streams, there until the next call; an empty one is its end. False: it breaks off, and
  /// the request with it. However long this takes, the server isn't too slow.
  bool (*next)(void *context, struct berth_slice *piece);
} berth_taker;

/// The most that may be stored: apparent bytes of regular files, and files of any kind, folders and links too. UINT64_MAX
/// is no limit.
typedef struct berth_quota {
  uint64_t bytes;
  uint64_t files;
} berth_quota;

/// A folder of the host that a ledger counts: *borrow*.
typedef struct berth_account {
  struct berth_slice host_path;
  struct berth_quota quota;
} berth_account;

/// What is stored, and the most that was.
typedef struct berth_stored {
  uint64_t bytes;
  uint64_t files;
  uint64_t peak_bytes;
  uint64_t peak_files;
  /// How often there was no room for bytes, and for files or their names.
  uint64_t refused_bytes;
  uint64_t refused_files;
} berth_stored;

/// What a function of the program answers; it comes with nothing said. C++ keeps what it points to until the next call of the instance's program.
typedef struct berth_answer {
  /// Words as `engine/values/src/lib.rs` says them, for the function's result.
  const uint64_t *words;
  size_t len;
  /// Whether `release` is called once they have been read.
  bool held;
  /// There is no answer yet: the guest waits.
  bool later;
  /// When it didn't answer: why.
  struct berth_slice failure;
} berth_answer;

/// Values for a guest; it comes with nothing said.
typedef struct berth_values {
  /// Those of a list, until `values_end`.
  const uint64_t *words;
  size_t len;
  /// How many values.
  size_t count;
  /// What `values_end` is told; null when there is nothing to end.
  void *values;
} berth_values;

/// A program's ends of streams and futures. All is called on the thread that calls the instance, and must not throw.
typedef struct berth_channels {
  /// Where the values go of what the guest gave as this word; null when the program has let go of it. *Own* `waiter`, which is
  /// woken when more is wanted. `context` is the program's.
  void *(*sink)(void *context, uint64_t word, struct berth_waiter *waiter);
  /// How many values are wanted now: 0 when it may want some later, less when it never will.
  int64_t (*wanted)(void *sink);
  /// Values, as words of a list. They, and what they point to, are there until this returns. False when there is no memory
  /// for them.
  bool (*deliver)(void *sink, const uint64_t *words, size_t len);
  /// No more comes: once.
  void (*sink_end)(void *sink);
  /// Where the values come from of what the program gives as this word; null when it has no such thing. *Own*
  /// `waiter`, which is woken when there are some.
  void *(*source)(void *context, uint64_t word, struct berth_waiter *waiter);
  /// Writes so many values at most, of `0` none. Gives 0 when there are none yet, 1 when there are some, 2 when there won't
  /// be any, 3 when they can't be given, or there is no memory for them.
  int32_t (*take)(void *source, size_t most, struct berth_values *values);
  /// The guest has the values, or doesn't want them: once for each that were taken.
  void (*values_end)(void *values, bool delivered);
  /// Nobody reads any more: once.
  void (*source_end)(void *source);
} berth_channels;

/// What a program gives to a module: functions, each of which has a number, in the order of `berth_module_imports`, and resources, which
/// have the numbers that it gives them. C++ keeps what
/// `context` points to until the instance is freed.
typedef struct berth_program {
  /// Calls a function with `len` words, which, and what they point to, are there until this returns. True when it
  /// answered. Called on the thread that calls the instance: must not throw.
  bool (*call)(void *context, size_t function, const uint64_t *words, size_t len, struct berth_answer *answer);
  /// Asks for the answer of a function that said `later`, with the same meaning. Called when the waiter was woken, and for no
  /// reason, too. On the same thread: must not throw.
  bool (*collect)(void *context, struct berth_answer *answer);
  /// Whether a function may answer later: calls of the instance are on a fiber then.
  bool answers_later;
  /// Woken when an answer has come. *Borrow*, for the call that it is given to.
  const struct berth_waiter *waiter;
  /// Calls a function that is async in WIT, like `call`; the guest may call others, and this one again, before it has
  /// answered. Gives what `poll` is asked with, until `end`; null where there is no memory. *Own* `waiter`, which is woken when an answer has come.
  void *(*begin)(void *context,
                 size_t function,
                 const uint64_t *words,
                 size_t len,
                 struct berth_waiter *waiter);
  /// As `collect`, for what `begin` gave. The words are there until `end`.
  bool (*poll)(void *begun, struct berth_answer *answer);
  /// The words have been read, or nobody wants them any more: once. On the same thread: must not throw.
  void (*end)(void *begun);
  /// Its ends of streams and futures.
  struct berth_channels channels;
  /// Lets go of the last answer that said `held`, once. On the same thread: must not throw.
  void (*release)(void *context);
  /// The guest has dropped a resource of the program's, which has this number. On the same thread: must not throw.
  void (*drop)(void *context, uint32_t resource);
  /// Handed to all.
  void *context;
} berth_program;

/// What a server answered that berth itself has asked. *Own* its parts.
typedef struct berth_post_answer {
  uint16_t status;
  /// When it wants to be asked again; 0 says nothing.
  uint64_t retry_after_ns;
  struct berth_bytes body;
} berth_post_answer;

/// How a request was served: *borrow* for the duration of `served`.
typedef struct berth_served {
  /// What `route` gave for it.
  void *request;
  /// Of the guest's work; `exited` is an ordinary end.
  const struct berth_outcome *outcome;
  /// What the guest answered; 0 when it didn't.
  uint16_t status;
  /// The error that it answered with instead, in the words of `wasi:http`; may be empty.
  struct berth_slice refused;
  uint64_t wall_ns;
  uint64_t cpu_used_ns;
  uint64_t fuel_used;
  /// Of the connections that the host made for the guest.
  uint64_t sent_bytes;
  uint64_t received_bytes;
} berth_served;

/// What came of trying a service: *borrow* for the duration of `done`.
typedef struct berth_tried {
  /// Of making an instance, where nothing was asked.
  const struct berth_outcome *outcome;
  /// What it answered where it was asked; 0 when it didn't, or not to the answer's end.
  uint16_t status;
  /// It took longer than it may.
  bool late;
} berth_tried;

/// Where a request goes. Filled in by `route`, and for one that has waited by whoever completes it.
typedef struct berth_route {
  /// *Own*: a hold of `berth_service_hold`. Null: it goes nowhere.
  struct berth_service *service;
  /// What is answered then.
  uint16_t status;
  /// Seconds after which the client may come back; 0 says nothing.
  uint32_t retry_after;
  /// Not 0: it isn't known yet. `wait` is called at once, and after so long the status above is the answer.
  uint64_t wait_ns;
  /// *Borrow* until `finished`: what is answered without a service, instead of the status in words, and what kind of
  /// text it is. Not of a route that was waited for.
  struct berth_slice body;
  struct berth_slice content_type;
  /// C++'s own: what the request is called from then on. Null: nothing more is told of it. Not of a route that was
  /// waited for.
  void *request;
  /// *Borrow* until `finished`: the header of that name for the guest, instead of what the client wrote; empty: its
  /// headers are as they came. Not of a route that was waited for.
  struct berth_slice traceparent;
  /// That isn't the trace of the client, and the guest gets no `tracestate` of one.
  bool fresh_trace;
} berth_route;

/// What clients may do.
typedef struct berth_server_settings {
  /// Connections at once; one more is closed.
  uint64_t connections;
  /// Streams of HTTP/2 that a client may reset, or have reset, before they are dealt with; one more, and it is cut off.
  uint64_t resets;
  /// Of a request's head; 8 KiB at least.
  uint64_t head_bytes;
  uint64_t head_ns;
  uint64_t body_bytes;
  /// How long a connection without a request is kept, and a client waited for that sends nothing of a body.
  uint64_t idle_ns;
  /// How long a server that is stopped waits for requests that are under way.
  uint64_t drain_ns;
  /// Its router is asked about requests from one module of this runtime to another, too. Of one server at most.
  bool inside;
} berth_server_settings;

/// What a request says of itself before its body: *borrow* for the duration of `route`.
typedef struct berth_request_head {
  struct berth_slice method;
  /// As the client wrote it, without a port; of a request from a module the other one's, "NAME.berth.internal".
  struct berth_slice host;
  /// With its query.
  struct berth_slice path;
  /// The client's address and port, or what the module is called that asks.
  struct berth_slice peer;
  /// How many requests from module to module led to it, it included; 0 is one over a connection. To one of these a
  /// status of 404 says that no module has that name, and 508 that there are too many.
  uint32_t hops;
  /// What `berth_headers_get` reads.
  const struct berth_headers *headers;
  /// The header of that name, as the client wrote it; empty when there is none, or more than one.
  struct berth_slice traceparent;
  /// Not 0: what is answered already, because the request makes no sense. It goes nowhere, and is only noted.
  uint16_t refused;
} berth_request_head;

/// What went over the connection for a request: *borrow* for the duration of `finished`.
typedef struct berth_finished {
  /// What the client was answered; 0 when it went away before.
  uint16_t status;
  /// Whether it went to a service: `served` is, or will be, called for it.
  bool asked;
  /// Of the bodies.
  uint64_t received_bytes;
  uint64_t sent_bytes;
} berth_finished;

/// Who knows the routes. All of it is called on the lanes and must not block or throw; `context` outlives the runtime.
typedef struct berth_router {
  void *context;
  /// Called for each request.
  void (*route)(void *context, const struct berth_request_head *head, struct berth_route *route);
  /// Called after a `route` that isn't known yet. *Own* `completion`, also when `finished` comes first.
  void (*wait)(void *request, struct berth_completion *completion);
  /// Called once for each request that has a name, when nothing is left of it on its connection; before or after
  /// `served`.
  void (*finished)(void *request, const struct berth_finished *finished);
  /// Called once, when the server was stopped and has no connection left, or so many when it had waited long enough.
  void (*drained)(void *context, uint64_t left);
} berth_router;

/// How much a module may send and receive each way, and have open, all its calls together. A limit of 0 is none.
typedef struct berth_network_limits {
  /// With a burst of an eighth of that.
  uint64_t bytes_per_second;
  /// Open at once: connections out and in, sockets that listen, and UDP sockets.
  uint64_t connections;
  /// Connections that are opened, out and in.
  uint64_t connections_a_minute;
  /// Draws at least one of `bytes` from the day where there is one left, perhaps more than `bytes`, and says how many.
  /// Null: a day has no limit. Called on the engine's threads: must be quick, not throw, and not call back into the
  /// engine; the same holds for `give_back`.
  uint64_t (*draw)(void *context, bool out, uint64_t bytes);
  /// What was drawn and not used.
  void (*give_back)(void *context, bool out, uint64_t bytes);
  /// Handed to both.
  void *context;
} berth_network_limits;

/// What a module has open, and the most that it had.
typedef struct berth_connections {
  uint64_t open;
  uint64_t peak;
  /// How often there was none left.
  uint64_t refused;
  /// Opened within a minute at most; only known where that is limited.
  uint64_t most_in_a_minute;
  /// How often one more would have been too many in its minute.
  uint64_t refused_for_rate;
} berth_connections;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/// Frees bytes that this library gave. *Own* `bytes`; null data is fine.
/// `bytes` came from this library and is not used again.
void berth_bytes_free(struct berth_bytes bytes);

/// Keyed BLAKE3 over `name` and then `data`, into 32 bytes at `tag`: what authenticates a compiled image.
/// `key` is 32 bytes. Any thread.
/// `name` and `data` are readable, `key` is 32 bytes, `tag` has room for 32.
void berth_image_tag(const uint8_t *key, struct berth_slice name, struct berth_slice data, uint8_t *tag);

/// Makes an engine: `lanes` threads run guests, and start with the first call. Room for `places` instances is kept ready,
/// for modules whose instances come and go; 0 where they don't. `guards_off` as in `berth_guest`. *Own* the result.
/// `out` is writable; `error` is writable or null.
int32_t berth_runtime_new(size_t lanes,
                          uint32_t places,
                          uint64_t guards_off,
                          struct berth_runtime **out,
                          struct berth_bytes *error);

/// Starts the threads that the first call would else start. Any thread.
/// *Borrow* `runtime`; `error` is writable or null.
int32_t berth_runtime_start(const struct berth_runtime *runtime, struct berth_bytes *error);

/// Cancels what still runs, waits until every `done` has been called, and frees. *Own* `runtime`; null is
/// fine. Not from a callback.
/// `runtime` came from `berth_runtime_new` and is not used again.
void berth_runtime_free(struct berth_runtime *runtime);

/// The number that compiled images of this kind are keyed by, whatever their modules need. Any thread.
/// *Borrow* `runtime`; `out` is writable; `error` is writable or null.
int32_t berth_runtime_compatibility(const struct berth_runtime *runtime,
                                    struct berth_engine_kind kind,
                                    uint64_t *out,
                                    struct berth_bytes *error);

/// Begins a BLAKE3 hash: what tells modules apart. *Own* the result. One thread at a time.
struct berth_hasher *berth_hasher_new(void);

/// Takes the next bytes.
/// *Borrow* `hasher`; `data` is readable.
void berth_hasher_update(struct berth_hasher *hasher, struct berth_slice data);

/// Ends it: 32 bytes into `hash`. *Own* `hasher`.
/// `hasher` came from `berth_hasher_new` and is not used again; `hash` has room for 32 bytes.
void berth_hasher_finish(struct berth_hasher *hasher, uint8_t *hash);

/// Compiles a module to an image, on the calling thread and helpers of its own: text is assembled, a core module of
/// preview 1 becomes a component. What it takes is bounded by nothing: a hostile module can exhaust memory and time, or
/// end the process. *Own* `image`; `needs` gets what the module's types and instances ask for. Any thread.
/// `module` is readable; `image` and `needs` are writable; `error` is writable or null.
int32_t berth_compile(struct berth_engine_kind kind,
                      uint64_t guards_off,
                      struct berth_slice module,
                      struct berth_bytes *image,
                      struct berth_needs *needs,
                      struct berth_bytes *error);

/// Takes a compiled image into memory. *Own* `out`. Any thread.
/// `image` and `needs` are what `berth_compile` gave on this machine: the image's contents are run. *Borrow* `runtime`; `image` is
/// readable; `out` is writable; `error` is writable or null.
int32_t berth_module_open(const struct berth_runtime *runtime,
                          struct berth_engine_kind kind,
                          struct berth_slice image,
                          struct berth_needs needs,
                          struct berth_module **out,
                          struct berth_bytes *error);

/// The same of an image that lies in memory which is executable and shared, for a process that can't make any so: the
/// module's code is run from there. *Own* `out`. Any thread.
/// As for `berth_module_open`; `image` begins with a page, and stays mapped and as it is for as long as the module or a
/// call in it lives.
int32_t berth_module_open_executable(const struct berth_runtime *runtime,
                                     struct berth_engine_kind kind,
                                     struct berth_slice image,
                                     struct berth_needs needs,
                                     struct berth_module **out,
                                     struct berth_bytes *error);

/// Maps a file that begins with a compiled image. *Own* `out`. Any thread.
/// The file at `path` begins with what `berth_compile` gave with `needs` on this machine, was authenticated over all its bytes,
/// and doesn't change while the module lives: its contents are run. *Borrow* `runtime`; `path` is readable;
/// `out` is writable; `error` is writable or null.
int32_t berth_module_open_file(const struct berth_runtime *runtime,
                               struct berth_engine_kind kind,
                               struct berth_slice path,
                               struct berth_needs needs,
                               struct berth_module **out,
                               struct berth_bytes *error);

/// Whether a module can be run as a command: 0, or an error that says why not. Any thread.
/// *Borrow* `module`; `error` is writable or null.
int32_t berth_module_check_command(const struct berth_module *module, struct berth_bytes *error);

/// *Own* `module`; null is fine. Calls in it go on.
/// `module` came from this library and is not used again.
void berth_module_free(struct berth_module *module);

/// What a module imports and exports. *Own* the parts of `out`. Any thread.
/// `module` is readable; `out` is writable; `error` is writable or null.
int32_t berth_describe(struct berth_slice module, struct berth_description *out, struct berth_bytes *error);

/// A world of WIT as JSON (`engine/module/src/world.rs`). `path` is a WIT file, a folder of them, or a component; without a `name`
/// there is one world only. *Own* `out`. Any thread.
/// *Borrow* `path` and `name`; `out` is writable; `error` is writable or null.
int32_t berth_wit_world(struct berth_slice path,
                        struct berth_slice name,
                        struct berth_bytes *out,
                        struct berth_bytes *error);

/// *Own* the parts of `description`.
/// They came from `berth_describe` and are not used again.
void berth_description_free(struct berth_description description);

/// Answers a request that waits with a body that is written from now on. Null: there is nobody left to answer, or no server
/// can answer so, and 503 was. *Own* `completion` and the result; *borrow* `answer`. Any thread.
/// `completion` came to `wait` and is not used again.
struct berth_http_body *berth_completion_answer(struct berth_completion *completion,
                                                const struct berth_http_answer *answer);

/// A piece of an answer's body: waits while its client is slow, for so long at most. False: nobody takes it any more, or not
/// in time. *Borrow* `body` and `piece`. Any thread, one at a time.
/// `body` came from `berth_completion_answer` and hasn't been freed.
bool berth_http_body_write(const struct berth_http_body *body,
                           struct berth_slice piece,
                           uint64_t most_ns);

/// That was all of it, and it is waited for until it has been taken, for so long at most; or else its client is cut off. *Own*
/// `body`; null is fine. Any thread.
/// `body` came from `berth_completion_answer` and is not used again.
void berth_http_body_free(struct berth_http_body *body,
                          bool whole,
                          uint64_t most_ns);

/// Whether nobody takes it any more. *Borrow* `body`. Any thread.
/// `body` came from `berth_completion_answer` and hasn't been freed.
bool berth_http_body_gone(const struct berth_http_body *body);

/// Whether a request that waits has gone away. *Borrow* `completion`. Any thread.
/// `completion` came to `wait` and hasn't been given or freed.
bool berth_completion_gone(const struct berth_completion *completion);

/// A request's header: where there are several of that name they are joined by commas; empty where there is none. Bytes that
/// aren't ASCII are as they came. *Own* the result; *borrow* `headers` and `name`.
/// `headers` came with a `route` that is being asked.
struct berth_bytes berth_headers_get(const struct berth_headers *headers,
                                     struct berth_slice name);

/// Starts a module's `wasi:cli/run`, or the function that `guest` names. *Own* `out`, which may be freed before the
/// call ends. Any thread. When an error is returned `done` is not called.
/// *Borrow* `runtime`, `module` and `guest`; what `guest` says of its members holds; `out` is writable;
/// `error` is writable or null.
int32_t berth_call_start(const struct berth_runtime *runtime,
                         const struct berth_module *module,
                         const struct berth_guest *guest,
                         struct berth_call **out,
                         struct berth_bytes *error);

/// Ends a call soon, if it hasn't ended. *Borrow* `call`. Any thread.
/// `call` came from `berth_call_start` and hasn't been freed.
void berth_call_cancel(const struct berth_call *call);

/// *Own* `call`; null is fine. The call goes on.
/// `call` came from `berth_call_start` and is not used again.
void berth_call_free(struct berth_call *call);

/// `roots` are the certificates to trust, in PEM, instead of this machine's; empty: those. Connects to nobody yet. *Own* `out`.
/// Any thread.
/// *Borrow* `roots`; `out` is writable; `error` is writable or null.
int32_t berth_client_new(struct berth_slice roots,
                         struct berth_client **out,
                         struct berth_bytes *error);

/// Asks once, and hands the answer over until it ends or is no more wanted. 4: the error is the address that may not be
/// reached; 5: the answer is longer than it may be; 7: it was stopped; 8: it may work later. *Borrow* `client`; one thread at a time, which waits.
/// `client` came from `berth_client_new` and hasn't been freed; *borrow* `ask` and `taker`; `error` is writable or null.
int32_t berth_client_fetch(const struct berth_client *client,
                           const struct berth_ask *ask,
                           const struct berth_taker *taker,
                           struct berth_bytes *error);

/// What it is asked for ends now, also what another thread waits for, and so does all that it is asked for later. *Borrow*
/// `client`. Any thread.
/// `client` came from `berth_client_new` and hasn't been freed.
void berth_client_stop(const struct berth_client *client);

/// *Own* `client`; null is fine.
/// `client` came from `berth_client_new`, nobody asks by it, and it is not used again.
void berth_client_free(struct berth_client *client);

/// The functions that a module exports: `name: func(a: s32) -> s32`, each closed by a newline. It is an error that it has imports that
/// aren't WASI's, unless a program gives it those. *Own* `out`. Any thread.
/// *Borrow* `module`; `out` is writable; `error` is writable or null.
int32_t berth_module_functions(const struct berth_module *module,
                               bool with_program,
                               struct berth_bytes *out,
                               struct berth_bytes *error);

/// Reads `name(arguments)`, the arguments in WAVE, and checks it against the module's types; nothing is instantiated.
/// The result will be JSON if `json`, else WAVE. Of an error "not found" the message is the name; others may be of
/// several lines. *Own* `out`. Any thread.
/// *Borrow* `module`; `call` is readable; `out` is writable; `error` is writable or null.
int32_t berth_function_new(const struct berth_module *module,
                           struct berth_slice call,
                           bool json,
                           struct berth_function **out,
                           struct berth_bytes *error);

/// *Own* `function`; null is fine. Calls of it go on.
/// `function` came from `berth_function_new` and is not used again.
void berth_function_free(struct berth_function *function);

/// Counts what is stored in some folders, each with a quota of its own and all with one together, and locks them against
/// other ledgers until this one and every call that was lent it are gone. None of them lies in another. Walks through all
/// of them: as slow as that is. *Own* `out`. Any thread.
/// *Borrow* `accounts`, `len` of them; `out` is writable; `error` is writable or null.
int32_t berth_ledger_open(const struct berth_account *accounts,
                          size_t len,
                          struct berth_quota total,
                          struct berth_ledger **out,
                          struct berth_bytes *error);

/// What is stored in all of its folders together. *Borrow* `ledger`. Any thread.
/// `ledger` came from `berth_ledger_open` and hasn't been freed.
struct berth_stored berth_ledger_total(const struct berth_ledger *ledger);

/// What is stored in one of its folders, by its number; nothing in one that it hasn't. *Borrow* `ledger`. Any thread.
/// `ledger` came from `berth_ledger_open` and hasn't been freed.
struct berth_stored berth_ledger_account(const struct berth_ledger *ledger,
                                         size_t account);

/// *Own* `ledger`; null is fine. Calls that were lent it go on counting.
/// `ledger` came from `berth_ledger_open` and is not used again.
void berth_ledger_free(struct berth_ledger *ledger);

/// Finds an exported function by the name that `berth call` takes. `description` is JSON (`engine/guest/src/export.rs`).
/// *Own* `out` and `description`. Any thread.
/// *Borrow* `module` and `name`; `out` and `description` are writable; `error` is writable or null.
int32_t berth_module_export(const struct berth_module *module,
                            struct berth_slice name,
                            struct berth_export **out,
                            struct berth_bytes *description,
                            struct berth_bytes *error);

/// *Own* `export`; null is fine.
/// `export` came from `berth_module_export` and is not used again.
void berth_export_free(struct berth_export *export_);

/// Makes an instance on this thread, which is given what `guest` says, whose `done` and `function` aren't used, and of
/// whose `meter` the limits are those of one call; `program` has what it imports beside WASI. What `guest` lends is in use until
/// the instance is freed. When it can't be
/// made, null is written to `out` and `failed` is told why, once. *Own* `out`. Any thread.
/// As `berth_call_start`; what is said of `program` holds; `failed` can be called with `context` on this thread.
int32_t berth_live_new(const struct berth_runtime *runtime,
                       const struct berth_module *module,
                       const struct berth_guest *guest,
                       const struct berth_program *program,
                       void (*failed)(void *context, const struct berth_outcome *outcome),
                       void *context,
                       struct berth_live **out,
                       struct berth_bytes *error);

/// Gives a number to a function of the instance's module, for `berth_live_call`. *Borrow* both. The instance's thread.
/// `out` is writable; `error` is writable or null.
int32_t berth_live_bind(struct berth_live *live,
                        const struct berth_export *export_,
                        size_t *out,
                        struct berth_bytes *error);

/// Whether calls of this instance are on a fiber, as its imports may wait. *Borrow* `live`.
/// `live` came from `berth_live_new` and hasn't been freed.
bool berth_live_on_fiber(const struct berth_live *live);

/// Calls a function that was bound, on this thread, with `len` words as `engine/values/src/lib.rs` says them. Gives true when
/// it returned: `receive` has had its result, whose words and what they point to were there until it returned. Otherwise
/// `failed` is told why, once, after which the instance answers no more calls. Both are called on this thread and must
/// not throw. The instance's thread.
/// `live` came from `berth_live_new` and hasn't been freed; nobody else uses it; the words fit the function's parameters and
/// what they point to can be read; the callbacks can be called with `context`.
bool berth_live_call(struct berth_live *live,
                     size_t function,
                     const uint64_t *words,
                     size_t len,
                     void (*receive)(void *context, const uint64_t *words, size_t len),
                     void (*failed)(void *context, const struct berth_outcome *outcome),
                     void *context);

/// Has the instance's tasks go on, like a call, until `done` gives true, which is asked whenever `waiter` was woken, and after
/// `wait_ns`, if that isn't 0. Gives true then; otherwise `failed` is told why, once, after which the instance answers no more calls. Both are called on
/// this thread and must not throw. *Borrow* all. The instance's thread.
/// `live` came from `berth_live_new` and hasn't been freed; nobody else uses it; the callbacks can be called with `context`.
bool berth_live_go_on(struct berth_live *live,
                      const struct berth_waiter *waiter,
                      uint64_t wait_ns,
                      bool (*done)(void *context),
                      void (*failed)(void *context, const struct berth_outcome *outcome),
                      void *context);

/// Drops a resource of the guest's that the program was given, by its word, which may run the guest's code, like a call. Gives
/// true when it was dropped; otherwise the instance answers no more calls. The instance's thread.
/// `live` came from `berth_live_new` and hasn't been freed; nobody else uses it.
bool berth_live_drop(struct berth_live *live,
                     uint64_t resource);

/// What ends the instance's calls; it may outlive the instance. *Borrow* `live`, *own* the result.
/// `live` came from `berth_live_new` and hasn't been freed.
struct berth_canceller *berth_live_canceller(const struct berth_live *live);

/// Ends the call that goes on, if one does, and all that come. *Borrow* `canceller`. Any thread.
/// `canceller` came from `berth_live_canceller` and hasn't been freed.
void berth_canceller_cancel(const struct berth_canceller *canceller);

/// *Own* `canceller`; null is fine.
/// `canceller` came from `berth_live_canceller` and is not used again.
void berth_canceller_free(struct berth_canceller *canceller);

/// *Own* `live`; null is fine. What its guest was lent may go then. The instance's thread.
/// `live` came from `berth_live_new` and is not used again.
void berth_live_free(struct berth_live *live);

/// A server at a URL, `http://127.0.0.1:4318/v1/traces`, with the headers for each request: a name, its value, the next
/// name. `roots` are the certificates to trust, in PEM, instead of this machine's; empty: those. Connects to nobody yet. The error
/// never says a header's value. *Own* `out`. Any thread.
/// *Borrow* `url`, `headers` and `roots`; `out` is writable; `error` is writable or null.
int32_t berth_post_new(struct berth_slice url,
                       struct berth_slices headers,
                       struct berth_slice roots,
                       struct berth_post **out,
                       struct berth_bytes *error);

/// The port that it connects to. *Borrow* `post`. Any thread.
/// `post` came from `berth_post_new` and hasn't been freed.
uint16_t berth_post_port(const struct berth_post *post);

/// Whether it speaks TLS. *Borrow* `post`. Any thread.
/// `post` came from `berth_post_new` and hasn't been freed.
bool berth_post_secure(const struct berth_post *post);

/// Posts a body, and waits for the answer as long as `most_ns`. Without one the error says why. *Own* the parts of `out`.
/// *Borrow* `post`; one thread at a time.
/// `post` came from `berth_post_new` and hasn't been freed; *borrow* `body`; `out` is writable; `error` is writable or null.
int32_t berth_post_send(const struct berth_post *post,
                        struct berth_slice body,
                        uint64_t most_ns,
                        struct berth_post_answer *out,
                        struct berth_bytes *error);

/// From now on nothing takes longer than so, also what another thread waits for. *Borrow* `post`. Any thread.
/// `post` came from `berth_post_new` and hasn't been freed.
void berth_post_end_within(const struct berth_post *post, uint64_t time_ns);

/// *Own* `post`; null is fine.
/// `post` came from `berth_post_new`, nothing is sent by it, and it is not used again.
void berth_post_free(struct berth_post *post);

/// What a module imports beside WASI, as a JSON list (`engine/guest/src/imported.rs`). *Own* `out`.
/// Any thread.
/// *Borrow* `module`; `out` is writable; `error` is writable or null.
int32_t berth_module_imports(const struct berth_module *module,
                             struct berth_bytes *out,
                             struct berth_bytes *error);

/// *Own* the result.
struct berth_waiter *berth_waiter_new(void);

/// Has the answer collected, if somebody waits. *Borrow* `waiter`. Any thread.
/// `waiter` came from `berth_waiter_new` and hasn't been freed.
void berth_waiter_wake(const struct berth_waiter *waiter);

/// *Own* `waiter`; null is fine.
/// `waiter` came from `berth_waiter_new` and is not used again.
void berth_waiter_free(struct berth_waiter *waiter);

/// Makes a module answer requests, in instances that are given what `guest` says, whose `done` and `function` aren't
/// used, and of whose `meter` only the limits of one request are. An instance answers `reuse` requests, `at_once` of them
/// at the same time, unless one of them fails. `served` is called once for each request, when the guest is done with it,
/// and gives the status to answer with when the guest gave none; `gone` once, when neither the service nor a request of it
/// is left: only then may what `guest` lends, and `context`, go. Both on any thread; they must not block or throw. *Own*
/// `out`. Any thread.
/// As `berth_call_start`; `out` is writable.
int32_t berth_service_new(const struct berth_runtime *runtime,
                          const struct berth_module *module,
                          const struct berth_guest *guest,
                          uint32_t reuse,
                          uint32_t at_once,
                          uint16_t (*served)(void *context, const struct berth_served *served),
                          void (*gone)(void *context),
                          struct berth_service **out,
                          struct berth_bytes *error);

/// Tries a service, for so long at most: makes an instance as for a request or, where `path` isn't empty, has it answer a
/// GET, which its `served` is told with `request` null. `done` is called once, on any thread, and must not block or throw;
/// not when an error is returned. *Borrow* `runtime`, `service` and the slices. Any thread.
/// `service` came from `berth_service_new` and hasn't been freed; `error` is writable or null.
int32_t berth_service_try(const struct berth_runtime *runtime,
                          const struct berth_service *service,
                          struct berth_slice host,
                          struct berth_slice path,
                          uint64_t most_ns,
                          void (*done)(void *context, const struct berth_tried *tried),
                          void *context,
                          struct berth_bytes *error);

/// One more hold of a service, for `route` to give away. *Borrow* `service`, *own* the result. Any thread.
/// `service` came from `berth_service_new` and hasn't been freed.
struct berth_service *berth_service_hold(const struct berth_service *service);

/// *Own* `service`; null is fine. Requests that are under way go on. Any thread.
/// `service` came from `berth_service_new` or `berth_service_hold` and is not used again.
void berth_service_free(struct berth_service *service);

/// Binds an address, "127.0.0.1:0" or "[::1]:8080", for a runtime with so many lanes: nobody can connect yet. *Own*
/// `out`. Any thread.
/// *Borrow* `address`; `out` is writable; `error` is writable or null.
int32_t berth_listener_bind(struct berth_slice address,
                            size_t lanes,
                            struct berth_listener **out,
                            struct berth_bytes *error);

/// The address that it got, with its port. *Borrow* `listener`, *own* the result.
/// `listener` came from `berth_listener_bind` and hasn't been freed.
struct berth_bytes berth_listener_address(const struct berth_listener *listener);

/// *Own* `listener`; null is fine.
/// `listener` came from `berth_listener_bind` and is not used again.
void berth_listener_free(struct berth_listener *listener);

/// A certificate's chain, the server's own first, and its key, both in PEM. The error says nothing of what is in them.
/// *Own* `out`. Any thread.
/// *Borrow* `chain` and `key`; `out` is writable; `error` is writable or null.
int32_t berth_tls_new(struct berth_slice chain,
                      struct berth_slice key,
                      struct berth_tls **out,
                      struct berth_bytes *error);

/// Another chain and key, for the connections that come from now on to the servers that have it; after an error all is as
/// before. *Borrow* `tls`. Any thread.
/// `tls` came from `berth_tls_new` and hasn't been freed; *borrow* `chain` and `key`; `error` is writable or null.
int32_t berth_tls_change(const struct berth_tls *tls,
                         struct berth_slice chain,
                         struct berth_slice key,
                         struct berth_bytes *error);

/// *Own* `tls`; null is fine. Servers keep what they have. Any thread.
/// `tls` came from `berth_tls_new` and is not used again.
void berth_tls_free(struct berth_tls *tls);

/// Says where a request goes that waits, whose `wait_ns`, `body` and `request` say nothing any more. It may have gone away
/// meanwhile. *Own* `completion`, and the route's hold; *borrow* `route`. Any thread.
/// `completion` came to `wait` and is not used again.
void berth_completion_give(struct berth_completion *completion,
                           const struct berth_route *route);

/// Gives up a request that waits: it is answered with 503. *Own* `completion`; null is fine. Any thread.
/// `completion` came to `wait` and is not used again.
void berth_completion_free(struct berth_completion *completion);

/// Serves on the runtime's lanes, which it starts: by TLS, or plainly when `tls` is null. More than one may serve. *Own*
/// `listener`, also when it fails, and `out`. Any thread.
/// *Borrow* `runtime`, `settings`, `router` and `tls`; `listener` came from `berth_listener_bind` and is not used again; `out` is
/// writable; `error` is writable or null.
int32_t berth_server_start(const struct berth_runtime *runtime,
                           struct berth_listener *listener,
                           const struct berth_server_settings *settings,
                           const struct berth_router *router,
                           const struct berth_tls *tls,
                           struct berth_server **out,
                           struct berth_bytes *error);

/// Accepts no more, and lets go of connections as their requests end. *Borrow* `server`. Any thread.
/// `server` came from `berth_server_start` and hasn't been freed.
void berth_server_stop(const struct berth_server *server);

/// How many connections there are. *Borrow* `server`. Any thread.
/// `server` came from `berth_server_start` and hasn't been freed.
uint64_t berth_server_connections(const struct berth_server *server);

/// Stops it. *Own* `server`; null is fine. Any thread.
/// `server` came from `berth_server_start` and is not used again.
void berth_server_free(struct berth_server *server);

/// One module's network, with its limits. *Own* the result. Any thread.
/// *Borrow* `limits`; what it says of its members holds.
struct berth_traffic *berth_traffic_new(const struct berth_network_limits *limits);

/// What was open, and what was refused. *Borrow* `traffic`. Any thread.
/// `traffic` came from `berth_traffic_new` and hasn't been freed.
struct berth_connections berth_traffic_connections(const struct berth_traffic *traffic);

/// Takes bytes that have come for the module on a connection of berth's own. Gives the nanoseconds to wait before more
/// comes; -1 where the day has none left. *Borrow* `traffic`. Any thread.
/// `traffic` came from `berth_traffic_new` and hasn't been freed.
int64_t berth_traffic_receive(const struct berth_traffic *traffic,
                              uint64_t bytes);

/// Gives back what was drawn of the day and not used; what still wants to draw finds nothing left, and neither callback
/// is called again. *Borrow* `traffic`. Any thread.
/// `traffic` came from `berth_traffic_new` and hasn't been freed.
void berth_traffic_close_day(const struct berth_traffic *traffic);

/// Closes the day. *Own* `traffic`; null is fine. Calls that were lent it go on with the rest of it.
/// `traffic` came from `berth_traffic_new` and is not used again.
void berth_traffic_free(struct berth_traffic *traffic);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus
