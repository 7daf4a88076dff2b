// SPDX-License-Identifier: Apache-2.0
//! An answer's body that is written as it is made, by a thread of C++'s that waits while its client is slow.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use wasmtime_wasi_http::Error;

/// What is made ahead of its client.
const MOST_AHEAD: usize = 1 << 20;

/// Whoever writes. Dropped before its end, the client's connection breaks off: it can't take a part for the whole.
pub struct Writer(Arc<Shared>);

/// What goes out of it.
pub(crate) struct Pieces {
    shared: Arc<Shared>,
    left: Option<u64>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// There is room, or nobody takes any more.
    taken: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Bytes>,
    ahead: usize,
    end: Option<End>,
    gone: bool,
    reader: Option<Waker>,
}

#[derive(Clone, Copy)]
enum End {
    Whole,
    Broken,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, end: End) {
        let reader = {
            let mut state = self.state();
            if state.end.is_some() {
                return;
            }
            state.end = Some(end);
            state.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

/// A body, of `length` bytes where that is known, and who writes it.
pub(crate) fn pieces(length: Option<u64>) -> (Writer, Pieces) {
    let shared = Arc::new(Shared::default());
    (Writer(shared.clone()), Pieces { shared, left: length })
}

impl Writer {
    /// Waits for room, for so long at most. False: nobody takes them any more, or not in time.
    pub fn write(&self, bytes: &[u8], most: Duration) -> bool {
        let late = Instant::now() + most;
        let mut state = self.0.state();
        while state.ahead >= MOST_AHEAD && !state.gone {
            let now = Instant::now();
            if now >= late {
                return false;
            }
            state = self.0.taken.wait_timeout(state, late - now).unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.gone {
            return false;
        }
        if bytes.is_empty() {
            return true;
        }
        state.ahead += bytes.len();
        state.waiting.push_back(Bytes::copy_from_slice(bytes));
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
        true
    }

    /// That was all of it.
    pub fn end(self) {
        self.0.end(End::Whole);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.end(End::Broken);
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.gone = true;
        state.waiting.clear();
        self.shared.taken.notify_all();
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let mut state = self.shared.state();
        if let Some(bytes) = state.waiting.pop_front() {
            state.ahead -= bytes.len();
            self.shared.taken.notify_one();
            drop(state);
            self.left = self.left.map(|left| left.saturating_sub(bytes.len() as u64));
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        match state.end {
            Some(End::Whole) => Poll::Ready(None),
            Some(End::Broken) => Poll::Ready(Some(Err(Error::HttpResponseIncomplete))),
            None => {
                state.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        let state = self.shared.state();
        state.waiting.is_empty() && matches!(state.end, Some(End::Whole))
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
