// SPDX-License-Identifier: Apache-2.0
//! The exports for what a module imports of the program that loads it: what there is, and C++'s functions for it.

use crate::boundary::{Failure, INTERNAL, INVALID_MODULE, UNSUPPORTED, borrowed, bytes, guarded, owned};
use crate::types::*;
use crate::{berth_module, plain};
use ::berth_guest::{FunctionAnswered, Functions, Refused, Release};
use core::ffi::c_void;

/// The functions that a module imports beside WASI's, as a JSON list of descriptions (`engine/guest/src/export.rs`). *Own* `out`.
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

/// C++'s functions for an instance.
pub(crate) struct Callbacks {
    call: unsafe extern "C" fn(*mut c_void, usize, *const u64, usize, *mut berth_answer) -> bool,
    release: Release,
}

// SAFETY: the header says on which thread they are called: the one that calls the instance.
unsafe impl Send for Callbacks {}
// SAFETY: the same.
unsafe impl Sync for Callbacks {}

impl Callbacks {
    /// # Safety
    /// What the header says of `program` holds.
    pub unsafe fn read(program: &berth_program) -> Result<Self, Failure> {
        let (Some(call), Some(release)) = (program.call, program.release) else {
            return Err(Failure::new(INTERNAL, "a program needs all its callbacks"));
        };
        Ok(Callbacks { call, release: Release { call: release, context: program.context } })
    }
}

impl Functions for Callbacks {
    fn call(&self, function: usize, words: &[u64]) -> Result<FunctionAnswered, String> {
        let none = borrowed(&[]);
        let mut answer = berth_answer { words: std::ptr::null(), len: 0, held: false, failure: none };
        // SAFETY: the header's contract for `call`.
        if unsafe { (self.call)(self.release.context, function, words.as_ptr(), words.len(), &raw mut answer) } {
            // SAFETY: the header's contract for an answer.
            return Ok(unsafe { FunctionAnswered::new(answer.words, answer.len, answer.held.then_some(self.release)) });
        }
        // SAFETY: the same.
        Err(String::from_utf8_lossy(unsafe { bytes(answer.failure) }).into_owned())
    }
}
