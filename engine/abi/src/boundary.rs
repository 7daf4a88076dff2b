// SPDX-License-Identifier: Apache-2.0
//! What each export does the same way: catches panics, hands out failures and bytes, and reads what C++ lends.

use crate::plain;
use crate::types::{berth_bytes, berth_slice, berth_slices};
use std::panic::{AssertUnwindSafe, catch_unwind};

const OK: i32 = 0;
pub const INVALID_ARGUMENT: i32 = 1;
pub const INVALID_MODULE: i32 = 2;
pub const NOT_FOUND: i32 = 3;
pub const DENIED: i32 = 4;
pub const LIMIT: i32 = 5;
pub const CANCELLED: i32 = 7;
pub const UNAVAILABLE: i32 = 8;
pub const UNSUPPORTED: i32 = 9;
pub const INTERNAL: i32 = 10;

/// An error as it crosses.
pub struct Failure {
    code: i32,
    message: String,
    /// Fit to be shown, its lines too.
    plain: bool,
}

impl Failure {
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        Failure { code, message: message.into(), plain: false }
    }

    /// A message of several lines.
    pub fn lines(code: i32, message: &str) -> Self {
        Failure { code, message: plain::short(message), plain: true }
    }
}

/// Runs an export's body; writes its failure, or its panic, to `error`.
pub fn guarded(error: *mut berth_bytes, body: impl FnOnce() -> Result<(), Failure>) -> i32 {
    let failure = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return OK,
        Ok(Err(failure)) => failure,
        Err(panic) => Failure::new(INTERNAL, format!("the engine panicked: {}", panic_text(&*panic))),
    };
    if !error.is_null() {
        let message = if failure.plain { failure.message } else { plain::one_line(&failure.message) };
        // SAFETY: the header asks for a valid, writable `error` or null.
        unsafe { error.write(owned(message.into_bytes())) };
    }
    failure.code
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

pub fn owned(bytes: Vec<u8>) -> berth_bytes {
    let boxed = bytes.into_boxed_slice();
    let len = boxed.len();
    berth_bytes { data: Box::into_raw(boxed).cast(), len }
}

pub fn borrowed(bytes: &[u8]) -> berth_slice {
    berth_slice { data: bytes.as_ptr(), len: bytes.len() }
}

/// # Safety
/// The slice's own promise: `len` readable bytes, for as long as the result is used.
pub unsafe fn bytes<'a>(slice: berth_slice) -> &'a [u8] {
    if slice.len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(slice.data, slice.len) }
}

/// # Safety
/// As [`bytes`].
pub unsafe fn text(slice: berth_slice, what: &str) -> Result<String, Failure> {
    // SAFETY: the caller's promise.
    let bytes = unsafe { bytes(slice) };
    let text = std::str::from_utf8(bytes).map_err(|_| Failure::new(1, format!("{what} is not UTF-8")))?;
    Ok(text.to_owned())
}

/// # Safety
/// `list` and each of its items keep the promise of [`bytes`].
pub unsafe fn texts(list: berth_slices, what: &str) -> Result<Vec<String>, Failure> {
    if list.len == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the caller's promise.
    let items = unsafe { std::slice::from_raw_parts(list.items, list.len) };
    // SAFETY: the same.
    items.iter().map(|item| unsafe { text(*item, what) }).collect()
}
