// SPDX-License-Identifier: Apache-2.0
//! The C ABI of the engine: the exports for its threads, its modules and their hashes; those for calls are in
//! `call.rs` and `function.rs`, for what is stored in `ledger.rs`, for bandwidth in `traffic.rs`, for serving HTTP in `serve.rs`, for
//! berth's own requests in `post.rs` and `fetch.rs`, the structs in `types.rs`. All the `unsafe` that a C boundary needs is in this crate.
//!
//! Functions that can fail return an error number of `src/base/error_table.cc` (0 is success) and, through
//! `error`, a message that the caller owns. No panic crosses: each export catches.

#![allow(non_camel_case_types, reason = "the names are C's")]

mod activity;
mod answer;
mod boundary;
mod call;
mod channel;
#[cfg_attr(not(feature = "compiler"), path = "no_compiler.rs")]
mod compiler;
mod content;
mod fetch;
mod function;
mod ledger;
mod live;
mod plain;
mod post;
mod program;
mod serve;
mod traffic;
mod types;

use ::berth_guest::{GuardsOff, Kind, Module, Needs, Runtime};
use boundary::{Failure, INVALID_MODULE, UNAVAILABLE, bytes, guarded, owned, text};
pub use call::*;
pub use fetch::*;
pub use function::*;
pub use ledger::*;
pub use live::*;
pub use post::*;
pub use program::*;
pub use serve::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
pub use traffic::*;
pub use types::*;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The engine's threads, configurations and clock. Any thread.
pub struct berth_runtime(pub(crate) Runtime);

/// A compiled module. Any thread.
pub struct berth_module(pub(crate) Arc<Module>);

/// A hash that is being computed.
pub struct berth_hasher(blake3::Hasher);

impl From<berth_engine_kind> for Kind {
    fn from(kind: berth_engine_kind) -> Self {
        Kind { concurrency: false, fuel: kind.fuel, alone: kind.alone, pooled: false }
    }
}

impl From<berth_needs> for Needs {
    fn from(needs: berth_needs) -> Self {
        let berth_needs { instance_bytes, concurrency, error_contexts } = needs;
        Needs { instance_bytes, concurrency, error_contexts }
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

/// Makes an engine: `lanes` threads run guests, and start with the first call. Room for `places` instances is kept ready,
/// for modules whose instances come and go; 0 where they don't. `guards_off` as in `berth_guest`. *Own* the result.
///
/// # Safety
/// `out` is writable; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_runtime_new(
    lanes: usize,
    places: u32,
    guards_off: u64,
    out: *mut *mut berth_runtime,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        let runtime = Runtime::new(lanes, places, GuardsOff(guards_off));
        // SAFETY: the caller's promise.
        unsafe { out.write(Box::into_raw(Box::new(berth_runtime(runtime)))) };
        Ok(())
    })
}

/// Starts the threads that the first call would else start. Any thread.
///
/// # Safety
/// *Borrow* `runtime`; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_runtime_start(runtime: *const berth_runtime, error: *mut berth_bytes) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let started = unsafe { &*runtime }.0.start_lanes();
        started.map_err(|e| Failure::new(UNAVAILABLE, format!("starting the engine's threads: {e}")))
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

/// The number that compiled images of this kind are keyed by, whatever their modules need. Any thread.
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
        let number = compiler::compatibility(&runtime.0, kind.into())?;
        // SAFETY: the caller's promise.
        unsafe { out.write(number) };
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
/// end the process. *Own* `image`; `needs` gets what the module's types and instances ask for. Any thread.
///
/// # Safety
/// `module` is readable; `image` and `needs` are writable; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_compile(
    kind: berth_engine_kind,
    guards_off: u64,
    module: berth_slice,
    image: *mut berth_bytes,
    needs: *mut berth_needs,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let module = unsafe { bytes(module) };
        let (compiled, needed) = compiler::compile(kind.into(), GuardsOff(guards_off), module)?;
        // SAFETY: the caller's promise.
        unsafe {
            needs.write(needed);
            image.write(owned(compiled));
        }
        Ok(())
    })
}

/// Takes a compiled image into memory. *Own* `out`. Any thread.
///
/// # Safety
/// `image` and `needs` are what `berth_compile` gave on this machine: the image's contents are run. *Borrow* `runtime`; `image` is
/// readable; `out` is writable; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_module_open(
    runtime: *const berth_runtime,
    kind: berth_engine_kind,
    image: berth_slice,
    needs: berth_needs,
    out: *mut *mut berth_module,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let (runtime, image) = unsafe { (&*runtime, bytes(image)) };
        // SAFETY: the caller's promise.
        let module = unsafe { runtime.0.open(kind.into(), needs.into(), image) }.map_err(|e| engine_failure(&e))?;
        // SAFETY: the caller's promise.
        unsafe { out.write(Box::into_raw(Box::new(berth_module(Arc::new(module))))) };
        Ok(())
    })
}

/// The same of an image that lies in memory which is executable and shared, for a process that can't make any so: the
/// module's code is run from there. *Own* `out`. Any thread.
///
/// # Safety
/// As for `berth_module_open`; `image` begins with a page, and stays mapped and as it is for as long as the module or a
/// call in it lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_module_open_executable(
    runtime: *const berth_runtime,
    kind: berth_engine_kind,
    image: berth_slice,
    needs: berth_needs,
    out: *mut *mut berth_module,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let (runtime, image) = unsafe { (&*runtime, bytes(image)) };
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        // SAFETY: the caller's promise.
        let opened = unsafe { runtime.0.open_executable(kind.into(), needs.into(), image) };
        #[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
        // SAFETY: the caller's promise.
        let opened = unsafe { runtime.0.open(kind.into(), needs.into(), image) };
        let module = opened.map_err(|e| engine_failure(&e))?;
        // SAFETY: the caller's promise.
        unsafe { out.write(Box::into_raw(Box::new(berth_module(Arc::new(module))))) };
        Ok(())
    })
}

/// Maps a file that begins with a compiled image. *Own* `out`. Any thread.
///
/// # Safety
/// The file at `path` begins with what `berth_compile` gave with `needs` on this machine, was authenticated over all its bytes,
/// and doesn't change while the module lives: its contents are run. *Borrow* `runtime`; `path` is readable;
/// `out` is writable; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_module_open_file(
    runtime: *const berth_runtime,
    kind: berth_engine_kind,
    path: berth_slice,
    needs: berth_needs,
    out: *mut *mut berth_module,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let (runtime, path) = unsafe { (&*runtime, text(path, "the image's path")?) };
        // SAFETY: the caller's promise.
        let module =
            unsafe { runtime.0.open_file(kind.into(), needs.into(), &path) }.map_err(|e| engine_failure(&e))?;
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
        let description = compiler::describe(unsafe { bytes(module) })?;
        // SAFETY: the caller's promise.
        unsafe { out.write(description) };
        Ok(())
    })
}

/// A world of WIT as JSON (`engine/module/src/world.rs`). `path` is a WIT file, a folder of them, or a component; without a `name`
/// there is one world only. *Own* `out`. Any thread.
///
/// # Safety
/// *Borrow* `path` and `name`; `out` is writable; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_wit_world(
    path: berth_slice,
    name: berth_slice,
    out: *mut berth_bytes,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let (path, name) = unsafe { (text(path, "a path")?, text(name, "a world's name")?) };
        let name = (!name.is_empty()).then_some(name.as_str());
        let world = compiler::world(&path, name)?;
        // SAFETY: the caller's promise.
        unsafe { out.write(owned(plain::whole(&world).into_bytes())) };
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
        berth_bytes_free(description.export_types);
        berth_bytes_free(description.export_notes);
    }
}
