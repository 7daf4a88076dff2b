// SPDX-License-Identifier: Apache-2.0
//! The exports for instances that a program holds and calls with typed values.

use crate::boundary::{Failure, INTERNAL, INVALID_MODULE, NOT_FOUND, UNSUPPORTED, guarded, owned, text};
use crate::call::{Asked, read_guest, tell};
use crate::program::Callbacks;
use crate::types::*;
use crate::{berth_module, berth_runtime, berth_waiter, plain};
use ::berth_guest::{Canceller, Ended, Exported, Given, Live, Outcome, Receiver, Refused};
use core::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A function that a module exports. Any thread.
pub struct berth_export(Exported);

/// An instance that is called. One thread at a time.
pub struct berth_live(Live);

/// Ends the calls of an instance. Any thread.
pub struct berth_canceller(Canceller);

/// Finds an exported function by the name that `berth call` takes. `description` is JSON (`engine/guest/src/export.rs`).
/// *Own* `out` and `description`. Any thread.
///
/// # Safety
/// *Borrow* `module` and `name`; `out` and `description` are writable; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_module_export(
    module: *const berth_module,
    name: berth_slice,
    out: *mut *mut berth_export,
    description: *mut berth_bytes,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let (module, name) = unsafe { (&*module, text(name, "a function's name")?) };
        let exported = module.0.exported(&name).map_err(|refused| match refused {
            Refused::Unknown(name) => Failure::new(NOT_FOUND, name),
            Refused::Wrong(lines) => Failure::lines(NOT_FOUND, &lines),
            Refused::Unsupported(lines) => Failure::lines(UNSUPPORTED, &lines),
            Refused::Unlinked(why) => Failure::new(INVALID_MODULE, why),
        })?;
        // SAFETY: the caller's promise.
        unsafe {
            description.write(owned(plain::whole(&exported.description).into_bytes()));
            out.write(Box::into_raw(Box::new(berth_export(exported))));
        }
        Ok(())
    })
}

/// *Own* `export`; null is fine.
///
/// # Safety
/// `export` came from `berth_module_export` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_export_free(export: *mut berth_export) {
    if !export.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(export) });
    }
}

/// Makes an instance on this thread, which is given what `guest` says, whose `done` and `function` aren't used, and of
/// whose `meter` the limits are those of one call; `program` has what it imports beside WASI. What `guest` lends is in use until
/// the instance is freed. When it can't be
/// made, null is written to `out` and `failed` is told why, once. *Own* `out`. Any thread.
///
/// # Safety
/// As `berth_call_start`; what is said of `program` holds; `failed` can be called with `context` on this thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_live_new(
    runtime: *const berth_runtime,
    module: *const berth_module,
    guest: *const berth_guest,
    program: *const berth_program,
    failed: Option<unsafe extern "C" fn(context: *mut c_void, outcome: *const berth_outcome)>,
    context: *mut c_void,
    out: *mut *mut berth_live,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let (runtime, module, guest) = unsafe { (&*runtime, &*module, &*guest) };
        let (Some(ask), Some(failed)) = (guest.ask, failed) else {
            return Err(Failure::new(INTERNAL, "an instance needs all its callbacks"));
        };
        // SAFETY: the caller's promise.
        let (given, program) =
            unsafe { (read_guest(guest, Asked { ask, context: guest.context })?, Callbacks::read(&*program)?) };
        let live = match runtime.0.hold(&module.0, &given, &Arc::new(program)) {
            Ok(live) => Box::into_raw(Box::new(berth_live(live))),
            Err(outcome) => {
                tell(&ended(outcome), |outcome| {
                    // SAFETY: the header's contract for `failed`, which borrows it.
                    unsafe { failed(context, outcome) }
                });
                std::ptr::null_mut()
            }
        };
        // SAFETY: the caller's promise.
        unsafe { out.write(live) };
        Ok(())
    })
}

fn ended(outcome: Outcome) -> Ended {
    Ended { outcome, still_running: false, unfinished_line: false }
}

/// Gives a number to a function of the instance's module, for `berth_live_call`. *Borrow* both. The instance's thread.
///
/// # Safety
/// `out` is writable; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_live_bind(
    live: *mut berth_live,
    export: *const berth_export,
    out: *mut usize,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let (live, export) = unsafe { (&mut *live, &*export) };
        let number = live.0.bind(&export.0).map_err(|e| Failure::new(INVALID_MODULE, format!("{e:#}")))?;
        // SAFETY: the caller's promise.
        unsafe { out.write(number) };
        Ok(())
    })
}

/// Whether calls of this instance are on a fiber, as its imports may wait. *Borrow* `live`.
///
/// # Safety
/// `live` came from `berth_live_new` and hasn't been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_live_on_fiber(live: *const berth_live) -> bool {
    // SAFETY: the caller's promise.
    unsafe { &*live }.0.on_fiber()
}

/// Whoever takes a result.
struct Receives {
    receive: unsafe extern "C" fn(*mut c_void, *const u64, usize),
    context: *mut c_void,
}

impl Receiver for Receives {
    fn receive(&mut self, words: &[u64]) {
        // SAFETY: the header's contract for `receive`, which borrows the words.
        unsafe { (self.receive)(self.context, words.as_ptr(), words.len()) }
    }
}

/// Calls a function that was bound, on this thread, with `len` words as `engine/values/src/lib.rs` says them. Gives true when
/// it returned: `receive` has had its result, whose words and what they point to were there until it returned. Otherwise
/// `failed` is told why, once, after which the instance answers no more calls. Both are called on this thread and must
/// not throw. The instance's thread.
///
/// # Safety
/// `live` came from `berth_live_new` and hasn't been freed; nobody else uses it; the words fit the function's parameters and
/// what they point to can be read; the callbacks can be called with `context`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_live_call(
    live: *mut berth_live,
    function: usize,
    words: *const u64,
    len: usize,
    receive: unsafe extern "C" fn(context: *mut c_void, words: *const u64, len: usize),
    failed: unsafe extern "C" fn(context: *mut c_void, outcome: *const berth_outcome),
    context: *mut c_void,
) -> bool {
    // SAFETY: the caller's promise.
    let live = unsafe { &mut *live };
    let words = if len == 0 {
        &[]
    } else {
        // SAFETY: the same.
        unsafe { std::slice::from_raw_parts(words, len) }
    };
    let mut receives = Receives { receive, context };
    let called = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the caller's promise.
        live.0.call(function, unsafe { Given::new(words) }, &mut receives)
    }));
    // SAFETY: the caller's promise.
    unsafe { tell_if_failed(live, called, failed, context) }
}

/// Whether it went well; otherwise `failed` has been told why.
///
/// # Safety
/// `failed` can be called with `context`.
unsafe fn tell_if_failed(
    live: &mut berth_live,
    done: std::thread::Result<Result<(), Outcome>>,
    failed: unsafe extern "C" fn(context: *mut c_void, outcome: *const berth_outcome),
    context: *mut c_void,
) -> bool {
    let outcome = match done {
        Ok(Ok(())) => return true,
        Ok(Err(outcome)) => outcome,
        Err(_) => live.0.panicked(),
    };
    tell(&ended(outcome), |outcome| {
        // SAFETY: the header's contract for `failed`, which borrows it.
        unsafe { failed(context, outcome) }
    });
    false
}

/// Has the instance's tasks go on, like a call, until `done` gives true, which is asked whenever `waiter` was woken, and after
/// `wait_ns`, if that isn't 0. Gives true then; otherwise `failed` is told why, once, after which the instance answers no more calls. Both are called on
/// this thread and must not throw. *Borrow* all. The instance's thread.
///
/// # Safety
/// `live` came from `berth_live_new` and hasn't been freed; nobody else uses it; the callbacks can be called with `context`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_live_go_on(
    live: *mut berth_live,
    waiter: *const berth_waiter,
    wait_ns: u64,
    done: unsafe extern "C" fn(context: *mut c_void) -> bool,
    failed: unsafe extern "C" fn(context: *mut c_void, outcome: *const berth_outcome),
    context: *mut c_void,
) -> bool {
    // SAFETY: the caller's promise.
    let (live, waiter) = unsafe { (&mut *live, &*waiter) };
    let until = (wait_ns != 0).then(|| Instant::now().checked_add(Duration::from_nanos(wait_ns))).flatten();
    let gone_on = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the header's contract for `done`.
        live.0.go_on(&waiter.0, until, || unsafe { done(context) })
    }));
    // SAFETY: the caller's promise.
    unsafe { tell_if_failed(live, gone_on, failed, context) }
}

/// Drops a resource of the guest's that the program was given, by its word, which may run the guest's code, like a call. Gives
/// true when it was dropped; otherwise the instance answers no more calls. The instance's thread.
///
/// # Safety
/// `live` came from `berth_live_new` and hasn't been freed; nobody else uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_live_drop(live: *mut berth_live, resource: u64) -> bool {
    // SAFETY: the caller's promise.
    let live = unsafe { &mut *live };
    let dropped = catch_unwind(AssertUnwindSafe(|| live.0.drop_resource(resource)));
    if dropped.is_err() {
        live.0.panicked();
    }
    matches!(dropped, Ok(Ok(())))
}

/// What ends the instance's calls; it may outlive the instance. *Borrow* `live`, *own* the result.
///
/// # Safety
/// `live` came from `berth_live_new` and hasn't been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_live_canceller(live: *const berth_live) -> *mut berth_canceller {
    // SAFETY: the caller's promise.
    Box::into_raw(Box::new(berth_canceller(unsafe { &*live }.0.canceller())))
}

/// Ends the call that goes on, if one does, and all that come. *Borrow* `canceller`. Any thread.
///
/// # Safety
/// `canceller` came from `berth_live_canceller` and hasn't been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_canceller_cancel(canceller: *const berth_canceller) {
    // SAFETY: the caller's promise.
    unsafe { &*canceller }.0.cancel();
}

/// *Own* `canceller`; null is fine.
///
/// # Safety
/// `canceller` came from `berth_live_canceller` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_canceller_free(canceller: *mut berth_canceller) {
    if !canceller.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(canceller) });
    }
}

/// *Own* `live`; null is fine. What its guest was lent may go then. The instance's thread.
///
/// # Safety
/// `live` came from `berth_live_new` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_live_free(live: *mut berth_live) {
    if !live.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(live) });
    }
}
