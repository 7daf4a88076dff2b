// SPDX-License-Identifier: Apache-2.0
//! The functions that a program gives to a module that it has loaded, beside WASI.

use std::ffi::c_void;
use std::fmt;
use std::task::{Context, Poll};
use wasmtime::Result;

/// Whoever has the functions that a module imports: each has a number, in the order of the module's imports.
pub trait Program: Send + Sync {
    /// Calls a function, on the thread that calls the guest. The words point into the guest's memory, and are there until
    /// this returns. Nothing: it answers later.
    fn call(&self, function: usize, words: &[u64]) -> Result<Option<Answered>>;
    /// Whether the function that was called last, and answers later, has answered. On the same thread.
    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<Answered>>;
    /// Calls a function that is async in WIT, which others are while it is waited for. As [`Program::call`].
    fn begin(&self, function: usize, words: &[u64]) -> Result<Begun>;
    /// The guest has dropped a resource of the program.
    fn drop_resource(&self, number: u32);
}

/// What an async function has begun.
pub enum Begun {
    Now(Answered),
    Later(Box<dyn Later>),
}

/// An answer that is to come. Dropped when nobody wants it any more.
pub trait Later: Send {
    /// On the thread that calls the guest.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Answered>>;
}

/// The words of an answer. They are there until this is dropped.
pub struct Answered {
    words: *const u64,
    len: usize,
    release: Option<Release>,
}

/// Lets go of what an answer's words point to.
#[derive(Clone, Copy)]
pub struct Release {
    pub call: unsafe extern "C" fn(*mut c_void),
    pub context: *mut c_void,
}

// SAFETY: whoever makes one promises that it may be used and dropped on any thread.
unsafe impl Send for Answered {}
// SAFETY: the same; words are only read.
unsafe impl Sync for Answered {}

impl Answered {
    /// # Safety
    /// So many words can be read, and what they point to, until `release` is called, on whichever thread; they were
    /// written for the result of the function that answers.
    #[inline]
    pub unsafe fn new(words: *const u64, len: usize, release: Option<Release>) -> Self {
        Answered { words, len, release }
    }

    #[inline]
    pub fn words(&self) -> &[u64] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: the promise that it was made with.
        unsafe { std::slice::from_raw_parts(self.words, self.len) }
    }
}

impl Drop for Answered {
    #[inline]
    fn drop(&mut self) {
        if let Some(Release { call, context }) = self.release {
            // SAFETY: the promise that it was made with.
            unsafe { call(context) };
        }
    }
}

/// A function of the program failed, with its words for why.
#[derive(Debug)]
pub struct ProgramFailed(pub String);

impl fmt::Display for ProgramFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ProgramFailed {}
