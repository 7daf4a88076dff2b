// SPDX-License-Identifier: Apache-2.0
//! The plain structs that cross the boundary. cbindgen writes `berth_engine.h` from these and from the
//! functions in `lib.rs` and `call.rs`; `make lint` compares.

use crate::answer::berth_headers;
use crate::serve::{berth_completion, berth_service};
use core::ffi::c_void;

/// Bytes that C++ reads during a call and Rust never keeps, or the other way round: *borrow*. Not
/// terminated; `data` may be null when `len` is 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct berth_slice {
    pub data: *const u8,
    pub len: usize,
}

/// Bytes that Rust allocated and C++ owns: give back with `berth_bytes_free`.
#[repr(C)]
pub struct berth_bytes {
    pub data: *mut u8,
    pub len: usize,
}

/// How a module's call is to be held by its engine.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct berth_engine_kind {
    /// Counting instructions.
    pub fuel: bool,
    /// The guest has this process for itself: its code is never interrupted, which makes it faster, and the
    /// process has to end when a limit of time ends the guest.
    pub alone: bool,
}

/// What a module needs, told when it is compiled and given back when its image is opened.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct berth_needs {
    /// Bytes that its instances take on the host.
    pub instance_bytes: u64,
    /// Async functions, streams and futures of the component model (WASI 0.3): an engine that can do these.
    pub concurrency: bool,
    /// It makes error contexts, whose messages lie in the host's memory.
    pub error_contexts: bool,
}

/// A list of slices: *borrow*.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct berth_slices {
    pub items: *const berth_slice,
    pub len: usize,
}

/// One folder of the host that a guest sees: *borrow*.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct berth_folder {
    pub host_path: berth_slice,
    pub guest_path: berth_slice,
    pub writable: bool,
    /// Content that is shown as a folder, `ipfs://CID/a`; empty: the host's path counts.
    pub content: berth_slice,
    /// Counts what is stored in the folder, as its account of that number; null where nothing does.
    pub ledger: *const crate::berth_ledger,
    pub account: usize,
}

/// The most that may be stored: apparent bytes of regular files, and files of any kind, folders and links too. UINT64_MAX
/// is no limit.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct berth_quota {
    pub bytes: u64,
    pub files: u64,
}

/// A folder of the host that a ledger counts: *borrow*.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct berth_account {
    pub host_path: berth_slice,
    pub quota: berth_quota,
}

/// What is stored, and the most that was.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct berth_stored {
    pub bytes: u64,
    pub files: u64,
    pub peak_bytes: u64,
    pub peak_files: u64,
    /// How often there was no room for bytes, and for files or their names.
    pub refused_bytes: u64,
    pub refused_files: u64,
}

/// Memory of one module: C++ owns it, both sides read and write it atomically, and it outlives every call
/// that draws from it. All in bytes, but `refused`, which counts.
#[repr(C)]
pub struct berth_budget {
    pub limit: u64,
    pub used: u64,
    pub peak: u64,
    /// How many draws were refused.
    pub refused: u64,
    /// What `used` would have become with the last refused draw.
    pub refused_bytes: u64,
}

/// The share of one core that a module may use, all its calls together: C++ owns it, both sides read and write its
/// numbers atomically, and it outlives every call that draws from it.
#[repr(C)]
pub struct berth_share {
    /// Ten thousand are one core. C++ may change it at any time.
    pub basis_points: u64,
    /// When all that was used will have been given, on the machine's monotonic clock; 0 at first.
    pub given_until_ns: u64,
    /// When `drawn` is called next, on that clock; 0 at first.
    pub tell_at_ns: u64,
    /// Called when it is drawn from, but not within 50 ms of the call before, on an engine's thread: must not block
    /// or throw. May be null.
    pub drawn: Option<extern "C" fn(context: *mut c_void)>,
    /// Handed to `drawn`.
    pub context: *mut c_void,
}

/// Time of one call, and what it used of the CPU and the network: C++ owns it, both sides read and write it atomically, and it outlives the call.
/// A limit of 0 is none.
#[repr(C)]
pub struct berth_meter {
    pub cpu_limit_ns: u64,
    pub cpu_used_ns: u64,
    /// How long the guest was held back for its module's share.
    pub cpu_throttled_ns: u64,
    pub wall_limit_ns: u64,
    /// Instructions; only for an engine that counts them.
    pub fuel_limit: u64,
    /// Known once the call has ended, but of a guest that is still running.
    pub fuel_used: u64,
    /// Of the connections that the host makes for the guest: bytes on the wire, and how many there were.
    pub net_sent_bytes: u64,
    pub net_received_bytes: u64,
    pub connections: u64,
}

/// How much a module may send and receive each way, and have open, all its calls together. A limit of 0 is none.
#[repr(C)]
pub struct berth_network_limits {
    /// With a burst of an eighth of that.
    pub bytes_per_second: u64,
    /// Open at once: connections out and in, sockets that listen, and UDP sockets.
    pub connections: u64,
    /// Connections that are opened, out and in.
    pub connections_a_minute: u64,
    /// Draws at least one of `bytes` from the day where there is one left, perhaps more than `bytes`, and says how many.
    /// Null: a day has no limit. Called on the engine's threads: must be quick, not throw, and not call back into the
    /// engine; the same holds for `give_back`.
    pub draw: Option<unsafe extern "C" fn(context: *mut c_void, out: bool, bytes: u64) -> u64>,
    /// What was drawn and not used.
    pub give_back: Option<unsafe extern "C" fn(context: *mut c_void, out: bool, bytes: u64)>,
    /// Handed to both.
    pub context: *mut c_void,
}

/// What a module has open, and the most that it had.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct berth_connections {
    pub open: u64,
    pub peak: u64,
    /// How often there was none left.
    pub refused: u64,
    /// Opened within a minute at most; only known where that is limited.
    pub most_in_a_minute: u64,
    /// How often one more would have been too many in its minute.
    pub refused_for_rate: u64,
}

/// What a guest asks for: *borrow* for the duration of `ask`. The numbers are those of `berth_capability`,
/// `berth_operation` and `berth_reason`.
#[repr(C)]
pub struct berth_knock {
    pub capability: i32,
    pub operation: i32,
    pub reason: i32,
    pub target: berth_slice,
    /// Of a request: its method.
    pub method: berth_slice,
    /// Of a request: the address that its name has; empty before that is known.
    pub resolved_to: berth_slice,
    /// Of an address: the name that it was found by, if any.
    pub resolved_from: berth_slice,
    /// A question on the way, or about what the guest didn't do: a refusal is not worth an entry.
    pub quiet: bool,
}

/// What a guest is given; all of it decided before. *Borrow*: everything is copied but `budget`, `meter` and `share`.
#[repr(C)]
pub struct berth_guest {
    /// What is called, of the same module; null is `wasi:cli/run`.
    pub function: *const crate::berth_function,
    pub args: berth_slices,
    /// Names and values in turn.
    pub env: berth_slices,
    pub folders: *const berth_folder,
    pub folders_len: usize,
    /// Whether the guest gets the phantom preopen `/`: when no grant covers `/`.
    pub phantom: bool,
    /// Whether it stands beside folders in WASI 0.3 too, where a guest otherwise finds just what is granted.
    pub phantom_always: bool,
    /// Whether `ask` hears of each use of a folder too, with the reason "ask".
    pub files_asked: bool,
    pub stdin_open: bool,
    pub stdout_open: bool,
    pub stderr_open: bool,
    /// Only calls that every POSIX system has.
    pub portable: bool,
    /// Handles of the component model that may be open at once.
    pub handles: u64,
    /// Bytes that one host call may copy out of the guest.
    pub host_buffer_bytes: u64,
    /// Guards that a hostile test has turned off; ignored in a release.
    pub guards_off: u64,
    pub budget: *mut berth_budget,
    pub meter: *mut berth_meter,
    /// Null: as much of the CPU as there is.
    pub share: *mut berth_share,
    /// What the module is called where it asks another one of this runtime.
    pub module: berth_slice,
    /// Names that rules for sockets hold: looked up when a guest connects to an address that it got elsewhere.
    pub names: berth_slices,
    /// What it may send, receive and have open, with the module's other calls; null where nothing has a limit.
    pub traffic: *const crate::berth_traffic,
    /// Who answers what it asks of content; null where the policy opens none.
    pub content: *const berth_content,
    /// Who is told what it does; null where nobody listens.
    pub activity: *const berth_activity,
    /// Name servers to ask, as `ADDRESS:PORT`; the system's when there are none.
    pub dns_servers: berth_slices,
    /// Asked when no grant opens a door of files, and about each use of the network. Called on the engine's threads, some on guests' fibers: must not
    /// block, throw or call back into the engine. Returns whether the policy opens it.
    pub ask: Option<unsafe extern "C" fn(context: *mut c_void, knock: *const berth_knock) -> bool>,
    /// Called once, on the engine's thread, when the call has ended and all that it held is gone (but see
    /// `still_running`): must not block or throw. Comes also when the runtime is freed before the call has ended.
    pub done: Option<unsafe extern "C" fn(context: *mut c_void, outcome: *const berth_outcome)>,
    /// Handed to `ask` and `done`.
    pub context: *mut c_void,
}

/// What a module asks of content by its hash. *Borrow*: the texts are there until `begin` returns.
#[repr(C)]
pub struct berth_content_ask {
    /// A `berth_content_verb`.
    pub verb: i32,
    /// A path, a CID or a key, as the guest says it; of a folder the grant's own.
    pub target: berth_slice,
    /// Of a name: where it leads to. Of a folder that is made: names and CIDs in turn, each with a NUL behind it. Of a folder that
    /// is granted: the way from it.
    pub more: berth_slice,
    pub offset: u64,
    /// UINT64_MAX is all.
    pub length: u64,
    /// The target is a folder's that a grant of files shows.
    pub folder: bool,
    /// A symlink at the end of the way is followed; of a folder only.
    pub follow: bool,
}

/// What an ask leads to, or why it failed. The texts are there until the ask is asked something else.
#[repr(C)]
pub struct berth_content_found {
    /// A `berth_content_kind`.
    pub kind: i32,
    pub size: u64,
    pub cid: berth_slice,
    /// Where a symlink leads to; the name that was published.
    pub link: berth_slice,
    /// Of a file whose name says it: how HTTP calls what it is.
    pub media_type: berth_slice,
    /// A `berth_content_fault`.
    pub fault: i32,
    pub words: berth_slice,
}

/// The next bytes of an ask, or why there are none. They are there until the ask is asked something else.
#[repr(C)]
pub struct berth_content_piece {
    pub bytes: berth_slice,
    /// A `berth_content_fault`.
    pub fault: i32,
    pub words: berth_slice,
}

/// Who answers what a module asks of content. All of it is called on the engine's threads, some on guests' fibers: must not block,
/// throw or call back into the engine. Nobody is called after `done`, but for asks that have begun, until their `end`.
#[repr(C)]
pub struct berth_content {
    /// Gives what the others are asked with; null where there is no memory. *Own* `waiter`, which is woken when `found` or `take`
    /// may have more.
    pub begin: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            ask: *const berth_content_ask,
            waiter: *mut crate::berth_waiter,
        ) -> *mut c_void,
    >,
    /// 0: not known yet; 1: known; 2: failed.
    pub found: Option<unsafe extern "C" fn(ask: *mut c_void, found: *mut berth_content_found) -> i32>,
    /// 0: nothing yet; 1: a piece; 2: the end; 3: failed.
    pub take: Option<unsafe extern "C" fn(ask: *mut c_void, piece: *mut berth_content_piece) -> i32>,
    /// Takes all of the bytes, or fails.
    pub write:
        Option<unsafe extern "C" fn(ask: *mut c_void, bytes: berth_slice, piece: *mut berth_content_piece) -> bool>,
    /// Nothing more is written.
    pub finish: Option<unsafe extern "C" fn(ask: *mut c_void)>,
    /// Nobody asks any more. *Own* `ask`.
    pub end: Option<unsafe extern "C" fn(ask: *mut c_void)>,
    pub context: *mut c_void,
}

/// Who is told what a module does. Called on the engine's threads, some on guests' fibers: must not block, throw or call back into the
/// engine. Not called after `done`.
#[repr(C)]
pub struct berth_activity {
    /// Tells a `berth_activity_kind`; the message of a completed job is empty. 0: it is written; else a `berth_activity_refusal`, and `words`
    /// say why, *borrow*ed until the next call on this thread.
    pub tell: Option<
        unsafe extern "C" fn(context: *mut c_void, kind: i32, message: berth_slice, words: *mut berth_slice) -> i32,
    >,
    pub context: *mut c_void,
}

/// What a program gives to a module: functions, each of which has a number, in the order of `berth_module_imports`, and resources, which
/// have the numbers that it gives them. C++ keeps what
/// `context` points to until the instance is freed.
#[repr(C)]
pub struct berth_program {
    /// Calls a function with `len` words, which, and what they point to, are there until this returns. True when it
    /// answered. Called on the thread that calls the instance: must not throw.
    pub call: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            function: usize,
            words: *const u64,
            len: usize,
            answer: *mut berth_answer,
        ) -> bool,
    >,
    /// Asks for the answer of a function that said `later`, with the same meaning. Called when the waiter was woken, and for no
    /// reason, too. On the same thread: must not throw.
    pub collect: Option<unsafe extern "C" fn(context: *mut c_void, answer: *mut berth_answer) -> bool>,
    /// Whether a function may answer later: calls of the instance are on a fiber then.
    pub answers_later: bool,
    /// Woken when an answer has come. *Borrow*, for the call that it is given to.
    pub waiter: *const crate::berth_waiter,
    /// Calls a function that is async in WIT, like `call`; the guest may call others, and this one again, before it has
    /// answered. Gives what `poll` is asked with, until `end`; null where there is no memory. *Own* `waiter`, which is woken when an answer has come.
    pub begin: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            function: usize,
            words: *const u64,
            len: usize,
            waiter: *mut crate::berth_waiter,
        ) -> *mut c_void,
    >,
    /// As `collect`, for what `begin` gave. The words are there until `end`.
    pub poll: Option<unsafe extern "C" fn(begun: *mut c_void, answer: *mut berth_answer) -> bool>,
    /// The words have been read, or nobody wants them any more: once. On the same thread: must not throw.
    pub end: Option<unsafe extern "C" fn(begun: *mut c_void)>,
    /// Its ends of streams and futures.
    pub channels: berth_channels,
    /// Lets go of the last answer that said `held`, once. On the same thread: must not throw.
    pub release: Option<unsafe extern "C" fn(context: *mut c_void)>,
    /// The guest has dropped a resource of the program's, which has this number. On the same thread: must not throw.
    pub drop: Option<unsafe extern "C" fn(context: *mut c_void, resource: u32)>,
    /// Handed to all.
    pub context: *mut c_void,
}

/// A program's ends of streams and futures. All is called on the thread that calls the instance, and must not throw.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct berth_channels {
    /// Where the values go of what the guest gave as this word; null when the program has let go of it. *Own* `waiter`, which is
    /// woken when more is wanted. `context` is the program's.
    pub sink:
        Option<unsafe extern "C" fn(context: *mut c_void, word: u64, waiter: *mut crate::berth_waiter) -> *mut c_void>,
    /// How many values are wanted now: 0 when it may want some later, less when it never will.
    pub wanted: Option<unsafe extern "C" fn(sink: *mut c_void) -> i64>,
    /// Values, as words of a list. They, and what they point to, are there until this returns. False when there is no memory
    /// for them.
    pub deliver: Option<unsafe extern "C" fn(sink: *mut c_void, words: *const u64, len: usize) -> bool>,
    /// No more comes: once.
    pub sink_end: Option<unsafe extern "C" fn(sink: *mut c_void)>,
    /// Where the values come from of what the program gives as this word; null when it has no such thing. *Own*
    /// `waiter`, which is woken when there are some.
    pub source:
        Option<unsafe extern "C" fn(context: *mut c_void, word: u64, waiter: *mut crate::berth_waiter) -> *mut c_void>,
    /// Writes so many values at most, of `0` none. Gives 0 when there are none yet, 1 when there are some, 2 when there won't
    /// be any, 3 when they can't be given, or there is no memory for them.
    pub take: Option<unsafe extern "C" fn(source: *mut c_void, most: usize, values: *mut berth_values) -> i32>,
    /// The guest has the values, or doesn't want them: once for each that were taken.
    pub values_end: Option<unsafe extern "C" fn(values: *mut c_void, delivered: bool)>,
    /// Nobody reads any more: once.
    pub source_end: Option<unsafe extern "C" fn(source: *mut c_void)>,
}

/// Values for a guest; it comes with nothing said.
#[repr(C)]
pub struct berth_values {
    /// Those of a list, until `values_end`.
    pub words: *const u64,
    pub len: usize,
    /// How many values.
    pub count: usize,
    /// What `values_end` is told; null when there is nothing to end.
    pub values: *mut c_void,
}

/// What a function of the program answers; it comes with nothing said. C++ keeps what it points to until the next call of the instance's program.
#[repr(C)]
pub struct berth_answer {
    /// Words as `engine/values/src/lib.rs` says them, for the function's result.
    pub words: *const u64,
    pub len: usize,
    /// Whether `release` is called once they have been read.
    pub held: bool,
    /// There is no answer yet: the guest waits.
    pub later: bool,
    /// When it didn't answer: why.
    pub failure: berth_slice,
}

/// How a call ended: *borrow* for the duration of `done`.
#[repr(C)]
pub struct berth_outcome {
    /// One of `berth_ending`.
    pub ending: i32,
    /// The guest's own exit status, for BERTH_ENDING_EXITED; see `result` for BERTH_ENDING_RETURNED.
    pub exit_status: i32,
    /// One of `berth_limit`, for BERTH_ENDING_LIMITED.
    pub limit: i32,
    /// What happened, for BERTH_ENDING_TRAPPED and BERTH_ENDING_FAILED.
    pub reason: berth_slice,
    /// What the function gave, for BERTH_ENDING_RETURNED: one line of printable characters, without its newline;
    /// empty when it gives nothing. `exit_status` is 1 when it gave an error of its own, else 0.
    pub result: berth_slice,
    /// The guest's frames, innermost first, for BERTH_ENDING_TRAPPED; may be empty.
    pub trace: berth_slice,
    /// Of a guest that is alone: it could not be stopped, goes on, and still uses all that it was given. The
    /// process has to end.
    pub still_running: bool,
    /// The guest's last line on standard error isn't finished.
    pub unfinished_line: bool,
}

/// How a call ended.
#[repr(C)]
pub enum berth_ending {
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
}

/// Which limit ended a call.
#[repr(C)]
pub enum berth_limit {
    BERTH_LIMIT_MEMORY = 1,
    BERTH_LIMIT_CPU_TIME = 2,
    BERTH_LIMIT_WALL = 3,
    BERTH_LIMIT_FUEL = 4,
    BERTH_LIMIT_HANDLES = 5,
    BERTH_LIMIT_STACK = 6,
    BERTH_LIMIT_HOST_BUFFERS = 7,
    /// The places for instances that all modules of the runtime have together.
    BERTH_LIMIT_PLACES = 8,
}

/// A kind of door.
#[repr(C)]
pub enum berth_capability {
    BERTH_CAPABILITY_FILES = 1,
    BERTH_CAPABILITY_HTTP_OUT = 2,
    BERTH_CAPABILITY_SOCKET_OUT = 3,
    BERTH_CAPABILITY_SOCKET_IN = 4,
    BERTH_CAPABILITY_DNS = 5,
    BERTH_CAPABILITY_CONTENT = 6,
}

/// What a module tells.
#[repr(C)]
pub enum berth_activity_kind {
    BERTH_ACTIVITY_INFO = 1,
    BERTH_ACTIVITY_ERROR = 2,
    BERTH_ACTIVITY_JOB_COMPLETED = 3,
}

/// Why that isn't written.
#[repr(C)]
pub enum berth_activity_refusal {
    BERTH_ACTIVITY_DENIED = 1,
    BERTH_ACTIVITY_LIMITED = 2,
    BERTH_ACTIVITY_TOO_LARGE = 3,
    BERTH_ACTIVITY_UNAVAILABLE = 4,
}

/// What is asked of content.
#[repr(C)]
pub enum berth_content_verb {
    BERTH_CONTENT_OPEN = 1,
    BERTH_CONTENT_LIST = 2,
    BERTH_CONTENT_STAT = 3,
    BERTH_CONTENT_BLOCK = 4,
    BERTH_CONTENT_CAR = 5,
    BERTH_CONTENT_ADD = 6,
    BERTH_CONTENT_FOLDER = 7,
    BERTH_CONTENT_PIN = 8,
    BERTH_CONTENT_UNPIN = 9,
    BERTH_CONTENT_NAME = 10,
}

/// What stands at a path of content.
#[repr(C)]
pub enum berth_content_kind {
    BERTH_CONTENT_FILE = 1,
    BERTH_CONTENT_DIRECTORY = 2,
    BERTH_CONTENT_SYMLINK = 3,
    BERTH_CONTENT_OTHER = 4,
}

/// Why an ask of content failed.
#[repr(C)]
pub enum berth_content_fault {
    BERTH_CONTENT_NOT_FOUND = 1,
    BERTH_CONTENT_DENIED = 2,
    BERTH_CONTENT_INVALID = 3,
    BERTH_CONTENT_TOO_LARGE = 4,
    BERTH_CONTENT_UNAVAILABLE = 5,
    BERTH_CONTENT_LIMIT = 6,
}

/// What a guest wanted to do.
#[repr(C)]
pub enum berth_operation {
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
}

/// Why a door stopped it.
#[repr(C)]
pub enum berth_reason {
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
}

/// What a file of a module was.
#[repr(C)]
pub enum berth_form {
    BERTH_FORM_COMPONENT = 1,
    BERTH_FORM_CORE = 2,
}

/// What a module imports and exports. C++ owns the parts: give back with `berth_description_free`.
#[repr(C)]
pub struct berth_description {
    /// One of `berth_form`.
    pub form: i32,
    /// WIT text; empty for a core module.
    pub wit: berth_bytes,
    /// Names, each closed by a newline.
    pub imports: berth_bytes,
    pub exports: berth_bytes,
    /// For each export of a core module: its type, and why this function can't be called, if so.
    pub export_types: berth_bytes,
    pub export_notes: berth_bytes,
}

/// How a request was served: *borrow* for the duration of `served`.
#[repr(C)]
pub struct berth_served {
    /// What `route` gave for it.
    pub request: *mut c_void,
    /// Of the guest's work; `exited` is an ordinary end.
    pub outcome: *const berth_outcome,
    /// What the guest answered; 0 when it didn't.
    pub status: u16,
    /// The error that it answered with instead, in the words of `wasi:http`; may be empty.
    pub refused: berth_slice,
    pub wall_ns: u64,
    pub cpu_used_ns: u64,
    pub fuel_used: u64,
    /// Of the connections that the host made for the guest.
    pub sent_bytes: u64,
    pub received_bytes: u64,
}

/// What a request says of itself before its body: *borrow* for the duration of `route`.
#[repr(C)]
pub struct berth_request_head {
    pub method: berth_slice,
    /// As the client wrote it, without a port; of a request from a module the other one's, "NAME.berth.internal".
    pub host: berth_slice,
    /// With its query.
    pub path: berth_slice,
    /// The client's address and port, or what the module is called that asks.
    pub peer: berth_slice,
    /// How many requests from module to module led to it, it included; 0 is one over a connection. To one of these a
    /// status of 404 says that no module has that name, and 508 that there are too many.
    pub hops: u32,
    /// What `berth_headers_get` reads.
    pub headers: *const berth_headers,
    /// The header of that name, as the client wrote it; empty when there is none, or more than one.
    pub traceparent: berth_slice,
    /// Not 0: what is answered already, because the request makes no sense. It goes nowhere, and is only noted.
    pub refused: u16,
}

/// Where a request goes. Filled in by `route`, and for one that has waited by whoever completes it.
#[repr(C)]
pub struct berth_route {
    /// *Own*: a hold of `berth_service_hold`. Null: it goes nowhere.
    pub service: *mut berth_service,
    /// What is answered then.
    pub status: u16,
    /// Seconds after which the client may come back; 0 says nothing.
    pub retry_after: u32,
    /// Not 0: it isn't known yet. `wait` is called at once, and after so long the status above is the answer.
    pub wait_ns: u64,
    /// *Borrow* until `finished`: what is answered without a service, instead of the status in words, and what kind of
    /// text it is. Not of a route that was waited for.
    pub body: berth_slice,
    pub content_type: berth_slice,
    /// C++'s own: what the request is called from then on. Null: nothing more is told of it. Not of a route that was
    /// waited for.
    pub request: *mut c_void,
    /// *Borrow* until `finished`: the header of that name for the guest, instead of what the client wrote; empty: its
    /// headers are as they came. Not of a route that was waited for.
    pub traceparent: berth_slice,
    /// That isn't the trace of the client, and the guest gets no `tracestate` of one.
    pub fresh_trace: bool,
}

/// What C++ answers a request with that waited, before its body: *borrow*.
#[repr(C)]
pub struct berth_http_answer {
    pub status: u16,
    /// A name, its value, the next name.
    pub headers: berth_slices,
    /// Of the body; negative: not known.
    pub length: i64,
}

/// What went over the connection for a request: *borrow* for the duration of `finished`.
#[repr(C)]
pub struct berth_finished {
    /// What the client was answered; 0 when it went away before.
    pub status: u16,
    /// Whether it went to a service: `served` is, or will be, called for it.
    pub asked: bool,
    /// Of the bodies.
    pub received_bytes: u64,
    pub sent_bytes: u64,
}

/// What came of trying a service: *borrow* for the duration of `done`.
#[repr(C)]
pub struct berth_tried {
    /// Of making an instance, where nothing was asked.
    pub outcome: *const berth_outcome,
    /// What it answered where it was asked; 0 when it didn't, or not to the answer's end.
    pub status: u16,
    /// It took longer than it may.
    pub late: bool,
}

/// Who knows the routes. All of it is called on the lanes and must not block or throw; `context` outlives the runtime.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct berth_router {
    pub context: *mut c_void,
    /// Called for each request.
    pub route:
        Option<unsafe extern "C" fn(context: *mut c_void, head: *const berth_request_head, route: *mut berth_route)>,
    /// Called after a `route` that isn't known yet. *Own* `completion`, also when `finished` comes first.
    pub wait: Option<unsafe extern "C" fn(request: *mut c_void, completion: *mut berth_completion)>,
    /// Called once for each request that has a name, when nothing is left of it on its connection; before or after
    /// `served`.
    pub finished: Option<unsafe extern "C" fn(request: *mut c_void, finished: *const berth_finished)>,
    /// Called once, when the server was stopped and has no connection left, or so many when it had waited long enough.
    pub drained: Option<unsafe extern "C" fn(context: *mut c_void, left: u64)>,
}

/// What clients may do.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct berth_server_settings {
    /// Connections at once; one more is closed.
    pub connections: u64,
    /// Streams of HTTP/2 that a client may reset, or have reset, before they are dealt with; one more, and it is cut off.
    pub resets: u64,
    /// Of a request's head; 8 KiB at least.
    pub head_bytes: u64,
    pub head_ns: u64,
    pub body_bytes: u64,
    /// How long a connection without a request is kept, and a client waited for that sends nothing of a body.
    pub idle_ns: u64,
    /// How long a server that is stopped waits for requests that are under way.
    pub drain_ns: u64,
    /// Its router is asked about requests from one module of this runtime to another, too. Of one server at most.
    pub inside: bool,
}

/// A request of berth's own: *borrow*.
#[repr(C)]
pub struct berth_ask {
    pub method: berth_slice,
    /// `http://` or `https://`.
    pub url: berth_slice,
    /// A name, its value, the next name.
    pub headers: berth_slices,
    pub body: berth_slice,
    /// The taker gives the body instead, over a connection of its own.
    pub streams: bool,
    /// Of the answer's body.
    pub most_bytes: u64,
    /// In each such span `least_bytes` have to go or come.
    pub span_ns: u64,
    pub least_bytes: u64,
    /// For all of it.
    pub most_ns: u64,
}

/// Who gets the answer: called on the thread that asks, while it asks. Must not throw, nor call back into the client. What is
/// handed over is *borrowed*.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct berth_taker {
    pub context: *mut c_void,
    /// Whether an address, "127.0.0.1" or "::1", may be connected to.
    pub may_reach: unsafe extern "C" fn(context: *mut c_void, address: berth_slice) -> bool,
    /// The status, the headers (a name in lower case, its value, the next name) and who answers. False: nothing of the body is
    /// wanted.
    pub head:
        unsafe extern "C" fn(context: *mut c_void, status: u16, headers: berth_slices, address: berth_slice) -> bool,
    /// False: no more of it.
    pub bytes: unsafe extern "C" fn(context: *mut c_void, bytes: berth_slice) -> bool,
    /// What stands behind the body, as the headers stand before it.
    pub trailers: unsafe extern "C" fn(context: *mut c_void, trailers: berth_slices),
    /// The next piece of a body that streams, there until the next call; an empty one is its end. False: it breaks off, and
    /// the request with it. However long this takes, the server isn't too slow.
    pub next: unsafe extern "C" fn(context: *mut c_void, piece: *mut berth_slice) -> bool,
}

/// What a server answered that berth itself has asked. *Own* its parts.
#[repr(C)]
pub struct berth_post_answer {
    pub status: u16,
    /// When it wants to be asked again; 0 says nothing.
    pub retry_after_ns: u64,
    pub body: berth_bytes,
}
