// SPDX-License-Identifier: Apache-2.0
//! The exports for what a module imports of the program that loads it: what there is, and C++'s functions for it.

use crate::boundary::{Failure, INTERNAL, INVALID_MODULE, UNSUPPORTED, borrowed, bytes, guarded, owned};
use crate::channel::Ends;
use crate::types::*;
use crate::{berth_module, plain};
use ::berth_guest::{
    Channels, EngineResult, FunctionAnswered, FunctionBegun, FunctionLater, Functions, ProgramFailed, Refused, Release,
    Waiter,
};
use core::ffi::c_void;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::task::{Context, Poll};

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
pub struct berth_waiter(pub(crate) Arc<Waiter>);

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
    begin: unsafe extern "C" fn(*mut c_void, usize, *const u64, usize, *mut berth_waiter) -> *mut c_void,
    poll: unsafe extern "C" fn(*mut c_void, *mut berth_answer) -> bool,
    end: unsafe extern "C" fn(*mut c_void),
    ends: Ends,
}

// SAFETY: the header says on which thread they are called: the one that calls the instance.
unsafe impl Send for Callbacks {}
// SAFETY: the same.
unsafe impl Sync for Callbacks {}

impl Callbacks {
    /// # Safety
    /// What the header says of `program` holds.
    pub unsafe fn read(program: &berth_program) -> Result<Self, Failure> {
        let missing = || Failure::new(INTERNAL, "a program needs all its callbacks");
        let (Some(call), Some(release), Some(drop), Some(collect)) =
            (program.call, program.release, program.drop, program.collect)
        else {
            return Err(missing());
        };
        let (Some(begin), Some(poll), Some(end)) = (program.begin, program.poll, program.end) else {
            return Err(missing());
        };
        let ends = Ends::read(&program.channels, program.context)?;
        let release = Release { call: release, context: program.context };
        // SAFETY: the caller's promise.
        let waiter = unsafe { &*program.waiter }.0.clone();
        let answers_later = program.answers_later;
        Ok(Callbacks { call, release, drop, collect, waiter, answers_later, begin, poll, end, ends })
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
        // SAFETY: the caller's promise.
        let answer = unsafe { asked(|out| ask(self.release.context, out))? };
        // SAFETY: the same.
        Ok(answer.map(|answer| unsafe {
            FunctionAnswered::new(answer.words, answer.len, answer.held.then_some(self.release))
        }))
    }
}

/// What `ask` wrote; nothing when the answer comes later.
///
/// # Safety
/// What it writes keeps the header's contract for an answer.
#[inline]
unsafe fn asked(ask: impl FnOnce(*mut berth_answer) -> bool) -> Result<Option<berth_answer>, String> {
    let none = borrowed(&[]);
    let mut answer = berth_answer { words: std::ptr::null(), len: 0, held: false, later: false, failure: none };
    if !ask(&raw mut answer) {
        // SAFETY: the caller's promise.
        return Err(String::from_utf8_lossy(unsafe { bytes(answer.failure) }).into_owned());
    }
    Ok((!answer.later).then_some(answer))
}

/// A call of a function that is async in WIT.
struct Begun {
    begun: *mut c_void,
    poll: unsafe extern "C" fn(*mut c_void, *mut berth_answer) -> bool,
    end: unsafe extern "C" fn(*mut c_void),
    waits: Arc<Waiter>,
}

// SAFETY: as for `Callbacks`.
unsafe impl Send for Begun {}

impl Begun {
    fn ask(&self) -> Result<Option<berth_answer>, String> {
        // SAFETY: the header's contract for `poll`.
        unsafe { asked(|out| (self.poll)(self.begun, out)) }
    }

    /// The words keep what was begun.
    fn answered(self, answer: &berth_answer) -> FunctionAnswered {
        let this = ManuallyDrop::new(self);
        // SAFETY: read once, as it isn't dropped.
        drop(unsafe { std::ptr::read(&raw const this.waits) });
        let release = Release { call: this.end, context: this.begun };
        // SAFETY: the header's contract for `poll`.
        unsafe { FunctionAnswered::new(answer.words, answer.len, Some(release)) }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        // SAFETY: the header's contract for `end`.
        unsafe { (self.end)(self.begun) }
    }
}

/// Until it has answered.
struct Later(Option<Begun>);

impl FunctionLater for Later {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<EngineResult<FunctionAnswered>> {
        let Some(begun) = self.0.take() else { return Poll::Pending };
        // Before it is asked: an answer that comes in between is no less seen.
        begun.waits.wait(cx.waker());
        match begun.ask() {
            Ok(Some(answer)) => Poll::Ready(Ok(begun.answered(&answer))),
            Ok(None) => {
                self.0 = Some(begun);
                Poll::Pending
            }
            Err(why) => Poll::Ready(Err(ProgramFailed(why).into())),
        }
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

    fn begin(&self, function: usize, words: &[u64]) -> Result<FunctionBegun, String> {
        let waits = Arc::<Waiter>::default();
        let waiter = Box::into_raw(Box::new(berth_waiter(waits.clone())));
        // SAFETY: the header's contract for `begin`.
        let begun = unsafe { (self.begin)(self.release.context, function, words.as_ptr(), words.len(), waiter) };
        if begun.is_null() {
            return Err("there is no memory for a call of the program's function".to_owned());
        }
        let begun = Begun { begun, poll: self.poll, end: self.end, waits };
        Ok(match begun.ask()? {
            Some(answer) => FunctionBegun::Now(begun.answered(&answer)),
            None => FunctionBegun::Later(Box::new(Later(Some(begun)))),
        })
    }

    fn channels(&self) -> Arc<dyn Channels> {
        Arc::new(self.ends)
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
