// SPDX-License-Identifier: Apache-2.0
//! The C ABI of the engine: every export, and all the `unsafe` that a C boundary needs, is in this file.
//!
//! Functions that can fail return an error number of `src/base/error_table.cc` (0 is success) and, through
//! `error`, a message that the caller owns. No panic crosses: each export catches.

#![allow(non_camel_case_types, reason = "the names are C's")]

mod plain;
mod types;

use ::berth_guest::{
    Access, Budget, Call, Ended, Engines, GuardsOff, Guest, Kind, Meter, Module, Outcome, OutputFlags, Runtime,
};
use berth_doors::os::Ways;
use berth_doors::{Knock, Owner};
use core::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
pub use types::*;

const OK: i32 = 0;
const INVALID_MODULE: i32 = 2;
const UNAVAILABLE: i32 = 8;
const UNSUPPORTED: i32 = 9;
const INTERNAL: i32 = 10;

/// The engine's threads, configurations and clock. Any thread.
pub struct berth_runtime(Runtime);

/// A compiled module. Any thread.
pub struct berth_module(Arc<Module>);

/// A hash that is being computed.
pub struct berth_hasher(blake3::Hasher);

/// A started call. Any thread.
pub struct berth_call(Call);

struct Failure {
    code: i32,
    message: String,
}

impl Failure {
    fn new(code: i32, message: impl Into<String>) -> Self {
        Failure { code, message: message.into() }
    }
}

/// Runs an export's body; writes its failure, or its panic, to `error`.
fn guarded(error: *mut berth_bytes, body: impl FnOnce() -> Result<(), Failure>) -> i32 {
    let failure = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return OK,
        Ok(Err(failure)) => failure,
        Err(panic) => Failure::new(INTERNAL, format!("the engine panicked: {}", panic_text(&*panic))),
    };
    if !error.is_null() {
        // SAFETY: the header asks for a valid, writable `error` or null.
        unsafe { error.write(owned(plain::one_line(&failure.message).into_bytes())) };
    }
    failure.code
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

fn owned(bytes: Vec<u8>) -> berth_bytes {
    let boxed = bytes.into_boxed_slice();
    let len = boxed.len();
    berth_bytes { data: Box::into_raw(boxed).cast(), len }
}

fn borrowed(bytes: &[u8]) -> berth_slice {
    berth_slice { data: bytes.as_ptr(), len: bytes.len() }
}

/// # Safety
/// The slice's own promise: `len` readable bytes, for as long as the result is used.
unsafe fn bytes<'a>(slice: berth_slice) -> &'a [u8] {
    if slice.len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(slice.data, slice.len) }
}

/// # Safety
/// As [`bytes`].
unsafe fn text(slice: berth_slice, what: &str) -> Result<String, Failure> {
    // SAFETY: the caller's promise.
    let bytes = unsafe { bytes(slice) };
    let text = std::str::from_utf8(bytes).map_err(|_| Failure::new(1, format!("{what} is not UTF-8")))?;
    Ok(text.to_owned())
}

/// # Safety
/// `list` and each of its items keep the promise of [`bytes`].
unsafe fn texts(list: berth_slices, what: &str) -> Result<Vec<String>, Failure> {
    if list.len == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the caller's promise.
    let items = unsafe { std::slice::from_raw_parts(list.items, list.len) };
    // SAFETY: the same.
    items.iter().map(|item| unsafe { text(*item, what) }).collect()
}

impl From<berth_engine_kind> for Kind {
    fn from(kind: berth_engine_kind) -> Self {
        Kind { concurrency: kind.concurrency, fuel: kind.fuel, alone: kind.alone }
    }
}

fn engine_failure(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(INVALID_MODULE, format!("{error:#}"))
}

/// Frees bytes that this library gave. *Own* `bytes`; null data is fine.
///
/// # Safety
/// `bytes` came from this library and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_bytes_free(bytes: berth_bytes) {
    if !bytes.data.is_null() {
        let slice = std::ptr::slice_from_raw_parts_mut(bytes.data, bytes.len);
        // SAFETY: `owned` made it from a box of this very shape.
        drop(unsafe { Box::from_raw(slice) });
    }
}

/// Keyed BLAKE3 over `name` and then `data`, into 32 bytes at `tag`: what authenticates a compiled image.
/// `key` is 32 bytes. Any thread.
///
/// # Safety
/// `name` and `data` are readable, `key` is 32 bytes, `tag` has room for 32.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_image_tag(key: *const u8, name: berth_slice, data: berth_slice, tag: *mut u8) {
    // SAFETY: the caller's promise.
    let (key, name, data) = unsafe { (&*key.cast::<[u8; 32]>(), bytes(name), bytes(data)) };
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(&(name.len() as u64).to_le_bytes());
    hasher.update(name);
    hasher.update(data);
    // SAFETY: the caller's promise.
    unsafe { std::ptr::copy_nonoverlapping(hasher.finalize().as_bytes().as_ptr(), tag, 32) };
}

/// Starts the engine's threads: `lanes` of them run guests. `guards_off` as in `berth_guest`. *Own* the result.
///
/// # Safety
/// `out` is writable; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_runtime_new(
    lanes: usize,
    guards_off: u64,
    out: *mut *mut berth_runtime,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        let runtime = Runtime::new(lanes, GuardsOff(guards_off))
            .map_err(|e| Failure::new(UNAVAILABLE, format!("starting the engine's threads: {e}")))?;
        // SAFETY: the caller's promise.
        unsafe { out.write(Box::into_raw(Box::new(berth_runtime(runtime)))) };
        Ok(())
    })
}

/// Cancels what still runs, waits until every `done` has been called, and frees. *Own* `runtime`; null is
/// fine. Not from a callback.
///
/// # Safety
/// `runtime` came from `berth_runtime_new` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_runtime_free(runtime: *mut berth_runtime) {
    if !runtime.is_null() {
        // SAFETY: the caller's promise.
        let runtime = unsafe { Box::from_raw(runtime) };
        let _ = catch_unwind(AssertUnwindSafe(|| drop(runtime)));
    }
}

/// The number that compiled images of this kind are keyed by. Any thread.
///
/// # Safety
/// *Borrow* `runtime`; `out` is writable; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_runtime_compatibility(
    runtime: *const berth_runtime,
    kind: berth_engine_kind,
    out: *mut u64,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let runtime = unsafe { &*runtime };
        let compiled = runtime.0.compatibility(kind.into()).map_err(|e| Failure::new(INTERNAL, format!("{e:#}")))?;
        use std::hash::{Hash, Hasher};
        let mut hasher = std::hash::DefaultHasher::new();
        (compiled, ::berth_module::fingerprint()).hash(&mut hasher);
        // SAFETY: the caller's promise.
        unsafe { out.write(hasher.finish()) };
        Ok(())
    })
}

/// Begins a BLAKE3 hash: what tells modules apart. *Own* the result. One thread at a time.
#[unsafe(no_mangle)]
pub extern "C" fn berth_hasher_new() -> *mut berth_hasher {
    Box::into_raw(Box::new(berth_hasher(blake3::Hasher::new())))
}

/// Takes the next bytes.
///
/// # Safety
/// *Borrow* `hasher`; `data` is readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_hasher_update(hasher: *mut berth_hasher, data: berth_slice) {
    // SAFETY: the caller's promise.
    unsafe { (*hasher).0.update(bytes(data)) };
}

/// Ends it: 32 bytes into `hash`. *Own* `hasher`.
///
/// # Safety
/// `hasher` came from `berth_hasher_new` and is not used again; `hash` has room for 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_hasher_finish(hasher: *mut berth_hasher, hash: *mut u8) {
    // SAFETY: the caller's promise.
    let hashed = unsafe { Box::from_raw(hasher) }.0.finalize();
    // SAFETY: the caller's promise.
    unsafe { std::ptr::copy_nonoverlapping(hashed.as_bytes().as_ptr(), hash, 32) };
}

/// Compiles a module to an image, on the calling thread and helpers of its own: text is assembled, a core module of
/// preview 1 becomes a component. What it takes is bounded by nothing: a hostile module can exhaust memory and time, or
/// end the process. *Own* `image`; `instance_bytes` gets what its instances take on the host. Any thread.
///
/// # Safety
/// `module` is readable; `image` and `instance_bytes` are writable; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_compile(
    kind: berth_engine_kind,
    guards_off: u64,
    module: berth_slice,
    image: *mut berth_bytes,
    instance_bytes: *mut u64,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let prepared = ::berth_module::prepare(unsafe { bytes(module) }).map_err(|e| engine_failure(&e))?;
        let weight = ::berth_module::weigh(&prepared.component).map_err(|e| engine_failure(&e))?;
        let compiled = Engines::new(GuardsOff(guards_off)).compile(kind.into(), &prepared.component).map_err(|e| {
            if !kind.concurrency && ::berth_module::needs_concurrency(&prepared.component) {
                let why = "the component uses async functions, streams or futures of WASI 0.3, which this berth \
                           doesn't run yet: build it for WASI 0.2";
                return Failure::new(UNSUPPORTED, why);
            }
            engine_failure(&e)
        })?;
        // SAFETY: the caller's promise.
        unsafe {
            instance_bytes.write(weight);
            image.write(owned(compiled));
        }
        Ok(())
    })
}

/// Takes a compiled image into memory. *Own* `out`. Any thread.
///
/// # Safety
/// `image` is what `berth_compile` gave on this machine: its contents are run. *Borrow* `runtime`; `image` is
/// readable; `out` is writable; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_module_open(
    runtime: *const berth_runtime,
    kind: berth_engine_kind,
    image: berth_slice,
    instance_bytes: u64,
    out: *mut *mut berth_module,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let (runtime, image) = unsafe { (&*runtime, bytes(image)) };
        // SAFETY: the caller's promise.
        let module = unsafe { runtime.0.open(kind.into(), image, instance_bytes) }.map_err(|e| engine_failure(&e))?;
        // SAFETY: the caller's promise.
        unsafe { out.write(Box::into_raw(Box::new(berth_module(Arc::new(module))))) };
        Ok(())
    })
}

/// Maps a file that begins with a compiled image. *Own* `out`. Any thread.
///
/// # Safety
/// The file at `path` begins with what `berth_compile` gave on this machine, was authenticated over all its bytes,
/// and doesn't change while the module lives: its contents are run. *Borrow* `runtime`; `path` is readable;
/// `out` is writable; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_module_open_file(
    runtime: *const berth_runtime,
    kind: berth_engine_kind,
    path: berth_slice,
    instance_bytes: u64,
    out: *mut *mut berth_module,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let (runtime, path) = unsafe { (&*runtime, text(path, "the image's path")?) };
        // SAFETY: the caller's promise.
        let module =
            unsafe { runtime.0.open_file(kind.into(), &path, instance_bytes) }.map_err(|e| engine_failure(&e))?;
        // SAFETY: the caller's promise.
        unsafe { out.write(Box::into_raw(Box::new(berth_module(Arc::new(module))))) };
        Ok(())
    })
}

/// Whether a module can be run as a command: 0, or an error that says why not. Any thread.
///
/// # Safety
/// *Borrow* `module`; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_module_check_command(module: *const berth_module, error: *mut berth_bytes) -> i32 {
    // SAFETY: the caller's promise.
    guarded(error, || match unsafe { &*module }.0.command_error() {
        None => Ok(()),
        Some(e) => Err(engine_failure(e)),
    })
}

/// *Own* `module`; null is fine. Calls in it go on.
///
/// # Safety
/// `module` came from this library and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_module_free(module: *mut berth_module) {
    if !module.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(module) });
    }
}

/// What a module imports and exports. *Own* the parts of `out`. Any thread.
///
/// # Safety
/// `module` is readable; `out` is writable; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_describe(
    module: berth_slice,
    out: *mut berth_description,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let described = ::berth_module::describe(unsafe { bytes(module) }).map_err(|e| engine_failure(&e))?;
        let lines = |names: Vec<String>| {
            owned(names.iter().map(|name| plain::one_line(name) + "\n").collect::<String>().into())
        };
        let description = berth_description {
            form: described.form as i32,
            wit: owned(plain::whole(&described.wit).into_bytes()),
            imports: lines(described.imports),
            exports: lines(described.exports),
        };
        // SAFETY: the caller's promise.
        unsafe { out.write(description) };
        Ok(())
    })
}

/// *Own* the parts of `description`.
///
/// # Safety
/// They came from `berth_describe` and are not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_description_free(description: berth_description) {
    // SAFETY: the caller's promise.
    unsafe {
        berth_bytes_free(description.wit);
        berth_bytes_free(description.imports);
        berth_bytes_free(description.exports);
    }
}

/// C++'s side of a call. C++ keeps what `context` points to alive until `done` has returned.
#[derive(Clone, Copy)]
struct Callbacks {
    ask: unsafe extern "C" fn(*mut c_void, *const berth_knock) -> bool,
    done: unsafe extern "C" fn(*mut c_void, *const berth_outcome),
    context: *mut c_void,
}

// SAFETY: the header demands that both functions can be called, with the context, on any thread.
unsafe impl Send for Callbacks {}
// SAFETY: the same.
unsafe impl Sync for Callbacks {}

impl Owner for Callbacks {
    fn ask(&self, knock: &Knock<'_>) -> bool {
        let knock = berth_knock {
            capability: knock.capability as i32,
            operation: knock.operation as i32,
            reason: knock.reason as i32,
            target: borrowed(knock.target.as_bytes()),
        };
        // SAFETY: the header's contract for `ask`; the knock lives until it returns.
        unsafe { (self.ask)(self.context, &knock) }
    }
}

impl Callbacks {
    fn done(self, ended: Ended) {
        let mut out = berth_outcome {
            ending: berth_ending::BERTH_ENDING_FAILED as i32,
            exit_status: 0,
            limit: 0,
            reason: borrowed(&[]),
            trace: borrowed(&[]),
            still_running: ended.still_running,
            unfinished_line: ended.unfinished_line,
        };
        let (reason, trace) = match &ended.outcome {
            Outcome::Trapped { reason, trace } => (plain::one_line(reason), plain::lines(trace)),
            Outcome::Failed(why) => (plain::one_line(why), String::new()),
            _ => Default::default(),
        };
        out.reason = borrowed(reason.as_bytes());
        out.trace = borrowed(trace.as_bytes());
        match &ended.outcome {
            Outcome::Exited(status) => {
                out.ending = berth_ending::BERTH_ENDING_EXITED as i32;
                out.exit_status = *status;
            }
            Outcome::Trapped { .. } => out.ending = berth_ending::BERTH_ENDING_TRAPPED as i32,
            Outcome::Limited(limit) => {
                out.ending = berth_ending::BERTH_ENDING_LIMITED as i32;
                out.limit = *limit as i32;
            }
            Outcome::Cancelled => out.ending = berth_ending::BERTH_ENDING_CANCELLED as i32,
            Outcome::Failed(_) => {}
            Outcome::Panicked => out.ending = berth_ending::BERTH_ENDING_PANICKED as i32,
        }
        // SAFETY: the header's contract for `done`; the outcome lives until it returns.
        unsafe { (self.done)(self.context, &out) }
    }
}

/// Starts a module's `wasi:cli/run`. *Own* `out`, which may be freed before the call ends. Any thread. When
/// an error is returned `done` is not called.
///
/// # Safety
/// *Borrow* `runtime`, `module` and `guest`; what `guest` says of its members holds; `out` is writable;
/// `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_call_start(
    runtime: *const berth_runtime,
    module: *const berth_module,
    guest: *const berth_guest,
    out: *mut *mut berth_call,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let (runtime, module, guest) = unsafe { (&*runtime, &*module, &*guest) };
        let (Some(ask), Some(done)) = (guest.ask, guest.done) else {
            return Err(Failure::new(INTERNAL, "a call needs both its callbacks"));
        };
        let callbacks = Callbacks { ask, done, context: guest.context };
        // SAFETY: the caller's promise.
        let guest = unsafe { read_guest(guest, callbacks)? };
        let call = runtime.0.start(module.0.clone(), guest, move |ended| callbacks.done(ended));
        // SAFETY: the caller's promise.
        unsafe { out.write(Box::into_raw(Box::new(berth_call(call)))) };
        Ok(())
    })
}

/// # Safety
/// As `berth_call_start`.
unsafe fn read_guest(guest: &berth_guest, callbacks: Callbacks) -> Result<Guest, Failure> {
    // SAFETY: the caller's promise, here and below.
    let (args, env) = unsafe { (texts(guest.args, "an argument")?, texts(guest.env, "an environment variable")?) };
    let folders = if guest.folders_len == 0 {
        &[]
    } else {
        // SAFETY: the same.
        unsafe { std::slice::from_raw_parts(guest.folders, guest.folders_len) }
    };
    let mut opened = Vec::with_capacity(folders.len());
    for folder in folders {
        // SAFETY: the same.
        let (host, inside) = unsafe { (text(folder.host_path, "a path")?, text(folder.guest_path, "a path")?) };
        opened.push((host, inside, if folder.writable { Access::ReadWrite } else { Access::ReadOnly }));
    }
    let env: Vec<_> = env.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
    // SAFETY: C++ keeps both alive, at one address, until `done` has returned.
    let (budget, meter) = unsafe { (budget(guest.budget), meter(guest.meter)) };
    Ok(Guest {
        args,
        env,
        folders: opened,
        phantom: guest.phantom,
        stdio: OutputFlags { stdin: guest.stdin_open, stdout: guest.stdout_open, stderr: guest.stderr_open },
        handles: guest.handles as usize,
        host_buffer_bytes: guest.host_buffer_bytes as usize,
        budget,
        meter,
        owner: Arc::new(callbacks),
        ways: if guest.portable { Ways::Portable } else { Ways::Native },
        guards_off: GuardsOff(guest.guards_off),
    })
}

/// # Safety
/// `budget` stays valid until the call's `done` has returned, and both sides touch its counters atomically.
unsafe fn budget(budget: *mut berth_budget) -> Budget {
    // SAFETY: the caller's promise; the fields are aligned 64-bit integers.
    unsafe {
        Budget {
            limit: (*budget).limit,
            used: AtomicU64::from_ptr(&raw mut (*budget).used),
            peak: AtomicU64::from_ptr(&raw mut (*budget).peak),
            refused: AtomicU64::from_ptr(&raw mut (*budget).refused),
            refused_bytes: AtomicU64::from_ptr(&raw mut (*budget).refused_bytes),
        }
    }
}

/// # Safety
/// As [`budget`].
unsafe fn meter(meter: *mut berth_meter) -> Meter {
    // SAFETY: the caller's promise.
    unsafe {
        Meter {
            cpu_limit_ns: (*meter).cpu_limit_ns,
            cpu_used_ns: AtomicU64::from_ptr(&raw mut (*meter).cpu_used_ns),
            wall_limit_ns: (*meter).wall_limit_ns,
            fuel_limit: (*meter).fuel_limit,
        }
    }
}

/// Ends a call soon, if it hasn't ended. *Borrow* `call`. Any thread.
///
/// # Safety
/// `call` came from `berth_call_start` and hasn't been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_call_cancel(call: *const berth_call) {
    // SAFETY: the caller's promise.
    unsafe { &*call }.0.cancel();
}

/// *Own* `call`; null is fine. The call goes on.
///
/// # Safety
/// `call` came from `berth_call_start` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_call_free(call: *mut berth_call) {
    if !call.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(call) });
    }
}
