// SPDX-License-Identifier: Apache-2.0
//! The exports for what a module imports of the program that loads it: what there is, and C++'s functions for it.

use crate::boundary::{Failure, INTERNAL, INVALID_MODULE, UNSUPPORTED, borrowed, bytes, guarded, owned};
use crate::types::*;
use crate::{berth_module, plain};
use ::berth_guest::{FunctionAnswered, Functions, Refused, Release, Waiter};
use core::ffi::c_void;
use std::sync::Arc;

/// What a module imports beside WASI, as a JSON list (`engine/guest/src/imported.rs`). *Own* `out`.
/// Any thread.
///
/// # Safety
/// *Borrow* `module`; `out` is writable; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_module_imports(
    module: *const berth_module,
    out: *mut berth_bytes,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let list = unsafe { &*module }.0.imported().map_err(|refused| match refused {
            Refused::Unsupported(lines) => Failure::lines(UNSUPPORTED, &lines),
            Refused::Unknown(why) | Refused::Wrong(why) | Refused::Unlinked(why) => Failure::new(INVALID_MODULE, why),
        })?;
        // SAFETY: the same.
        unsafe { out.write(owned(plain::whole(&list).into_bytes())) };
        Ok(())
    })
}

/// Somebody who waits for a function that answers later. Any thread.
pub struct berth_waiter(Arc<Waiter>);

/// *Own* the result.
#[unsafe(no_mangle)]
pub extern "C" fn berth_waiter_new() -> *mut berth_waiter {
    Box::into_raw(Box::new(berth_waiter(Arc::default())))
}

/// Has the answer collected, if somebody waits. *Borrow* `waiter`. Any thread.
///
/// # Safety
/// `waiter` came from `berth_waiter_new` and hasn't been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_waiter_wake(waiter: *const berth_waiter) {
    // SAFETY: the caller's promise.
    unsafe { &*waiter }.0.wake();
}

/// *Own* `waiter`; null is fine.
///
/// # Safety
/// `waiter` came from `berth_waiter_new` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_waiter_free(waiter: *mut berth_waiter) {
    if !waiter.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(waiter) });
    }
}

/// C++'s functions for an instance.
pub(crate) struct Callbacks {
    call: unsafe extern "C" fn(*mut c_void, usize, *const u64, usize, *mut berth_answer) -> bool,
    release: Release,
    drop: unsafe extern "C" fn(*mut c_void, u32),
    collect: unsafe extern "C" fn(*mut c_void, *mut berth_answer) -> bool,
    waiter: Arc<Waiter>,
    answers_later: bool,
}

// SAFETY: the header says on which thread they are called: the one that calls the instance.
unsafe impl Send for Callbacks {}
// SAFETY: the same.
unsafe impl Sync for Callbacks {}

impl Callbacks {
    /// # Safety
    /// What the header says of `program` holds.
    pub unsafe fn read(program: &berth_program) -> Result<Self, Failure> {
        let (Some(call), Some(release), Some(drop), Some(collect)) =
            (program.call, program.release, program.drop, program.collect)
        else {
            return Err(Failure::new(INTERNAL, "a program needs all its callbacks"));
        };
        let release = Release { call: release, context: program.context };
        // SAFETY: the caller's promise.
        let waiter = unsafe { &*program.waiter }.0.clone();
        Ok(Callbacks { call, release, drop, collect, waiter, answers_later: program.answers_later })
    }

    /// Has `ask` write an answer.
    ///
    /// # Safety
    /// What it writes keeps the header's contract for an answer.
    #[inline]
    unsafe fn answer(
        &self,
        ask: impl FnOnce(*mut c_void, *mut berth_answer) -> bool,
    ) -> Result<Option<FunctionAnswered>, String> {
        let none = borrowed(&[]);
        let mut answer = berth_answer { words: std::ptr::null(), len: 0, held: false, later: false, failure: none };
        if !ask(self.release.context, &raw mut answer) {
            // SAFETY: the caller's promise.
            return Err(String::from_utf8_lossy(unsafe { bytes(answer.failure) }).into_owned());
        }
        if answer.later {
            return Ok(None);
        }
        // SAFETY: the same.
        Ok(Some(unsafe { FunctionAnswered::new(answer.words, answer.len, answer.held.then_some(self.release)) }))
    }
}

impl Functions for Callbacks {
    #[inline]
    fn call(&self, function: usize, words: &[u64]) -> Result<Option<FunctionAnswered>, String> {
        // SAFETY: the header's contract for `call`.
        unsafe { self.answer(|context, out| (self.call)(context, function, words.as_ptr(), words.len(), out)) }
    }

    fn collect(&self) -> Result<Option<FunctionAnswered>, String> {
        // SAFETY: the header's contract for `collect`.
        unsafe { self.answer(|context, out| (self.collect)(context, out)) }
    }

    fn waiter(&self) -> &Waiter {
        &self.waiter
    }

    fn answers_later(&self) -> bool {
        self.answers_later
    }

    fn drop_resource(&self, number: u32) {
        // SAFETY: the header's contract for `drop`.
        unsafe { (self.drop)(self.release.context, number) }
    }
}
