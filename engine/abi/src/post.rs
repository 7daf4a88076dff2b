// SPDX-License-Identifier: Apache-2.0
//! The exports for berth's own requests: to one server that its owner named, from a thread that may wait.

use crate::boundary::{Failure, INVALID_ARGUMENT, UNAVAILABLE, bytes, guarded, owned, text, texts};
use crate::types::*;
use ::berth_post::{End, Post, Settings};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A server to post to. One thread sends at a time.
pub struct berth_post {
    post: Mutex<Post>,
    end: End,
    port: u16,
    secure: bool,
}

/// A server at a URL, `http://127.0.0.1:4318/v1/traces`, with the headers for each request: a name, its value, the next
/// name. `roots` are the certificates to trust, in PEM, instead of this machine's; empty: those. Connects to nobody yet. The error
/// never says a header's value. *Own* `out`. Any thread.
///
/// # Safety
/// *Borrow* `url`, `headers` and `roots`; `out` is writable; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_post_new(
    url: berth_slice,
    headers: berth_slices,
    roots: berth_slice,
    out: *mut *mut berth_post,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let (url, headers, roots) = unsafe { (text(url, "a URL")?, texts(headers, "a header")?, bytes(roots)) };
        let headers = headers.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
        let made = Post::new(&Settings { url: &url, headers, roots });
        let (post, end) = made.map_err(|e| Failure::new(INVALID_ARGUMENT, e))?;
        let (port, secure) = (post.port(), post.secure());
        // SAFETY: the caller's promise.
        unsafe { out.write(Box::into_raw(Box::new(berth_post { post: Mutex::new(post), end, port, secure }))) };
        Ok(())
    })
}

/// The port that it connects to. *Borrow* `post`. Any thread.
///
/// # Safety
/// `post` came from `berth_post_new` and hasn't been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_post_port(post: *const berth_post) -> u16 {
    // SAFETY: the caller's promise.
    unsafe { &*post }.port
}

/// Whether it speaks TLS. *Borrow* `post`. Any thread.
///
/// # Safety
/// `post` came from `berth_post_new` and hasn't been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_post_secure(post: *const berth_post) -> bool {
    // SAFETY: the caller's promise.
    unsafe { &*post }.secure
}

/// Posts a body, and waits for the answer as long as `most_ns`. Without one the error says why. *Own* the parts of `out`.
/// *Borrow* `post`; one thread at a time.
///
/// # Safety
/// `post` came from `berth_post_new` and hasn't been freed; *borrow* `body`; `out` is writable; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_post_send(
    post: *const berth_post,
    body: berth_slice,
    most_ns: u64,
    out: *mut berth_post_answer,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let (post, body) = unsafe { (&*post, bytes(body)) };
        let mut post = post.post.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = post.send(body, Duration::from_nanos(most_ns));
        let answer = sent.map_err(|e| Failure::new(UNAVAILABLE, e))?;
        let retry_after_ns = answer.retry_after.map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        // SAFETY: the same.
        unsafe { out.write(berth_post_answer { status: answer.status, retry_after_ns, body: owned(answer.body) }) };
        Ok(())
    })
}

/// From now on nothing takes longer than so, also what another thread waits for. *Borrow* `post`. Any thread.
///
/// # Safety
/// `post` came from `berth_post_new` and hasn't been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_post_end_within(post: *const berth_post, time_ns: u64) {
    // SAFETY: the caller's promise.
    unsafe { &*post }.end.within(Duration::from_nanos(time_ns));
}

/// *Own* `post`; null is fine.
///
/// # Safety
/// `post` came from `berth_post_new`, nothing is sent by it, and it is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_post_free(post: *mut berth_post) {
    if !post.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(post) });
    }
}
