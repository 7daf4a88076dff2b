// SPDX-License-Identifier: Apache-2.0
//! The exports for berth's own requests to any server, whose answers are handed over as they come.

use crate::boundary::{
    CANCELLED, DENIED, Failure, INVALID_ARGUMENT, LIMIT, UNAVAILABLE, borrowed, bytes, guarded, text, texts,
};
use crate::types::*;
use ::berth_post::{Ask, Bounds, Client, Head, HeaderMap, Next, Sending, Stop, Taker, Trouble};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Asks servers, and keeps connections to the last of them. One thread asks at a time.
pub struct berth_client {
    client: Mutex<Client>,
    stop: Stop,
}

/// `roots` are the certificates to trust, in PEM, instead of this machine's; empty: those. Connects to nobody yet. *Own* `out`.
/// Any thread.
///
/// # Safety
/// *Borrow* `roots`; `out` is writable; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_client_new(
    roots: berth_slice,
    out: *mut *mut berth_client,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let made = Client::new(unsafe { bytes(roots) });
        let (client, stop) = made.map_err(|e| Failure::new(INVALID_ARGUMENT, e))?;
        // SAFETY: the same.
        unsafe { out.write(Box::into_raw(Box::new(berth_client { client: Mutex::new(client), stop }))) };
        Ok(())
    })
}

/// Asks once, and hands the answer over until it ends or is no more wanted. 4: the error is the address that may not be
/// reached; 5: the answer is longer than it may be; 7: it was stopped; 8: it may work later. *Borrow* `client`; one thread at a time, which waits.
///
/// # Safety
/// `client` came from `berth_client_new` and hasn't been freed; *borrow* `ask` and `taker`; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_client_fetch(
    client: *const berth_client,
    ask: *const berth_ask,
    taker: *const berth_taker,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let (client, ask, taker) = unsafe { (&*client, &*ask, *taker) };
        // SAFETY: the same.
        let (method, url) = unsafe { (text(ask.method, "a method")?, text(ask.url, "a URL")?) };
        // SAFETY: the same.
        let headers = unsafe { texts(ask.headers, "a header")? };
        let headers = headers.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
        let bounds = Bounds {
            most_bytes: ask.most_bytes,
            span: Duration::from_nanos(ask.span_ns),
            least_bytes: ask.least_bytes,
            most_time: Duration::from_nanos(ask.most_ns),
        };
        // SAFETY: the same.
        let body = if ask.streams { Sending::Pieces } else { Sending::Whole(unsafe { bytes(ask.body) }) };
        let mut client = client.client.lock().unwrap_or_else(PoisonError::into_inner);
        let done = client.fetch(Ask { method: &method, url: &url, headers, body, bounds }, &mut Calls(taker));
        done.map_err(|trouble| match trouble {
            Trouble::Wrong(text) => Failure::new(INVALID_ARGUMENT, text),
            Trouble::Denied(address) => Failure::new(DENIED, address.to_string()),
            Trouble::TooLong => Failure::new(LIMIT, "the answer is too long"),
            Trouble::Failed(text) => Failure::new(UNAVAILABLE, text),
            Trouble::Broken => Failure::new(CANCELLED, "what was to be sent broke off"),
            Trouble::Stopped => Failure::new(CANCELLED, "it was stopped"),
        })
    })
}

/// What it is asked for ends now, also what another thread waits for, and so does all that it is asked for later. *Borrow*
/// `client`. Any thread.
///
/// # Safety
/// `client` came from `berth_client_new` and hasn't been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_client_stop(client: *const berth_client) {
    // SAFETY: the caller's promise.
    unsafe { &*client }.stop.now();
}

/// *Own* `client`; null is fine.
///
/// # Safety
/// `client` came from `berth_client_new`, nobody asks by it, and it is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_client_free(client: *mut berth_client) {
    if !client.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(client) });
    }
}

struct Calls(berth_taker);

impl Taker for Calls {
    fn may_reach(&mut self, address: IpAddr) -> bool {
        let address = address.to_string();
        // SAFETY: the header's promise: it may be called while `berth_client_fetch` runs.
        unsafe { (self.0.may_reach)(self.0.context, borrowed(address.as_bytes())) }
    }

    fn head(&mut self, head: &Head) -> bool {
        let address = head.address.to_string();
        let pairs = pairs_of(&head.headers);
        let pairs = berth_slices { items: pairs.as_ptr(), len: pairs.len() };
        // SAFETY: the same.
        unsafe { (self.0.head)(self.0.context, head.status, pairs, borrowed(address.as_bytes())) }
    }

    fn bytes(&mut self, bytes: &[u8]) -> bool {
        // SAFETY: the same.
        unsafe { (self.0.bytes)(self.0.context, borrowed(bytes)) }
    }

    fn trailers(&mut self, trailers: &HeaderMap) {
        let pairs = pairs_of(trailers);
        // SAFETY: the same.
        unsafe { (self.0.trailers)(self.0.context, berth_slices { items: pairs.as_ptr(), len: pairs.len() }) }
    }

    fn next(&mut self) -> Next {
        let mut piece = borrowed(&[]);
        // SAFETY: the same.
        if !unsafe { (self.0.next)(self.0.context, &raw mut piece) } {
            return Next::Broken;
        }
        // SAFETY: the same: it is there until the next call.
        let piece = unsafe { bytes(piece) };
        if piece.is_empty() { Next::End } else { Next::Piece(piece.to_vec()) }
    }
}

/// A name, its value, the next name.
fn pairs_of(headers: &HeaderMap) -> Vec<berth_slice> {
    headers.iter().flat_map(|(name, value)| [name.as_str().as_bytes(), value.as_bytes()]).map(borrowed).collect()
}
