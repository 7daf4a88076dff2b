// SPDX-License-Identifier: Apache-2.0
//! The exports for requests that C++ answers itself: their headers, and bodies that are written as they are made.

use crate::boundary::{bytes, owned, texts};
use crate::serve::berth_completion;
use crate::types::*;
use berth_serve::{Given, Route, Writer};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;

/// The headers of a request: stands for a `HeaderMap`. Only while its `route` is asked.
pub struct berth_headers(());

/// The body of an answer, for who writes it. One thread at a time.
pub struct berth_http_body(Writer);

/// Answers a request that waits with a body that is written from now on. Null: there is nobody left to answer, or no server
/// can answer so, and 503 was. *Own* `completion` and the result; *borrow* `answer`. Any thread.
///
/// # Safety
/// `completion` came to `wait` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_completion_answer(
    completion: *mut berth_completion,
    answer: *const berth_http_answer,
) -> *mut berth_http_body {
    // SAFETY: the caller's promise.
    let (completion, answer) = unsafe { (Box::from_raw(completion), &*answer) };
    // SAFETY: the same.
    let Ok(headers) = (unsafe { texts(answer.headers, "a header") }) else { return std::ptr::null_mut() };
    let Some(headers) = headers_of(&headers) else { return std::ptr::null_mut() };
    let Some((given, writer)) = Given::new(answer.status, headers, u64::try_from(answer.length).ok()) else {
        return std::ptr::null_mut();
    };
    if !completion.0.give(Route::Given(given)) {
        return std::ptr::null_mut();
    }
    Box::into_raw(Box::new(berth_http_body(writer)))
}

/// Of names and their values; nothing where one can't be a header.
fn headers_of(texts: &[String]) -> Option<HeaderMap> {
    texts
        .chunks_exact(2)
        .map(|pair| Some((HeaderName::from_bytes(pair[0].as_bytes()).ok()?, HeaderValue::from_str(&pair[1]).ok()?)))
        .collect()
}

/// A piece of an answer's body: waits while its client is slow, for so long at most. False: nobody takes it any more, or not
/// in time. *Borrow* `body` and `piece`. Any thread, one at a time.
///
/// # Safety
/// `body` came from `berth_completion_answer` and hasn't been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_http_body_write(body: *const berth_http_body, piece: berth_slice, most_ns: u64) -> bool {
    // SAFETY: the caller's promise.
    let (body, piece) = unsafe { (&*body, bytes(piece)) };
    body.0.write(piece, Duration::from_nanos(most_ns))
}

/// That was all of it, or else its client is cut off. *Own* `body`; null is fine. Any thread.
///
/// # Safety
/// `body` came from `berth_completion_answer` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_http_body_free(body: *mut berth_http_body, whole: bool) {
    if body.is_null() {
        return;
    }
    // SAFETY: the caller's promise.
    let body = unsafe { Box::from_raw(body) };
    if whole {
        body.0.end();
    }
}

/// A request's header: where there are several of that name they are joined by commas; empty where there is none. Bytes that
/// aren't ASCII are as they came. *Own* the result; *borrow* `headers` and `name`.
///
/// # Safety
/// `headers` came with a `route` that is being asked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_headers_get(headers: *const berth_headers, name: berth_slice) -> berth_bytes {
    // SAFETY: the caller's promise: `route` was given a map by that name.
    let (headers, name) = unsafe { (&*headers.cast::<HeaderMap>(), bytes(name)) };
    let Ok(name) = HeaderName::from_bytes(name) else { return owned(Vec::new()) };
    let mut all = Vec::new();
    for value in headers.get_all(name) {
        if !all.is_empty() {
            all.extend_from_slice(b", ");
        }
        all.extend_from_slice(value.as_bytes());
    }
    owned(all)
}
