// SPDX-License-Identifier: Apache-2.0
//! A stream of WASI 0.3 led through a [`Gate`]: one end takes as much from a stream as may be moved, the other gives it
//! on. Between them lies at most [`MOST_AT_ONCE`]. Both live on the guest's lane.

use crate::account::Account;
use crate::traffic::{Gate, Way};
use bytes::{Buf, Bytes, BytesMut};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use wasmtime::component::{Destination, Source, StreamConsumer, StreamProducer, StreamResult};
use wasmtime::{Result, StoreContextMut};

const MOST_AT_ONCE: usize = 64 << 10;

#[derive(Default)]
struct Between {
    bytes: Bytes,
    /// Nothing more comes, or nobody wants any more.
    ended: bool,
    waiting: Option<Waker>,
}

type Shared = Arc<Mutex<Between>>;

fn lock(shared: &Shared) -> MutexGuard<'_, Between> {
    shared.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Between {
    fn wake(&mut self) {
        self.waiting.take().into_iter().for_each(Waker::wake);
    }

    fn wait(&mut self, cx: &Context<'_>, finish: bool) -> Poll<Result<StreamResult>> {
        if finish {
            return Poll::Ready(Ok(StreamResult::Cancelled));
        }
        self.waiting = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// Where the stream goes in.
pub struct Entry {
    shared: Shared,
    gate: Gate,
    way: Way,
    account: Arc<Account>,
    cut: Arc<AtomicBool>,
}

/// Where it comes out.
pub struct Exit(Shared);

/// Sets `cut` when the stream ends because the day is spent.
pub fn relay(gate: Gate, way: Way, account: Arc<Account>, cut: Arc<AtomicBool>) -> (Entry, Exit) {
    let shared = Shared::default();
    (Entry { shared: shared.clone(), gate, way, account, cut }, Exit(shared))
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut between = lock(&self.shared);
        between.ended = true;
        between.wake();
    }
}

impl Drop for Exit {
    fn drop(&mut self) {
        let mut between = lock(&self.0);
        between.ended = true;
        between.wake();
    }
}

impl<D> StreamConsumer<D> for Entry {
    type Item = u8;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        store: StoreContextMut<'_, D>,
        from: Source<'_, u8>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        let shared = self.shared.clone();
        let mut between = lock(&shared);
        if between.ended {
            return Poll::Ready(Ok(StreamResult::Dropped));
        }
        if !between.bytes.is_empty() {
            return between.wait(cx, finish);
        }
        let mut from = from.as_direct(store);
        let offered = from.remaining().len().min(MOST_AT_ONCE);
        let Poll::Ready(taken) = self.gate.poll_take(cx, offered) else {
            return if finish { Poll::Ready(Ok(StreamResult::Cancelled)) } else { Poll::Pending };
        };
        let Ok(taken) = taken else {
            self.cut.store(true, Relaxed);
            between.ended = true;
            between.wake();
            return Poll::Ready(Ok(StreamResult::Dropped));
        };
        between.bytes = Bytes::copy_from_slice(&from.remaining()[..taken]);
        from.mark_read(taken);
        match self.way {
            Way::Out => self.account.count_sent(taken),
            Way::In => self.account.count_received(taken),
        }
        between.wake();
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

impl<D> StreamProducer<D> for Exit {
    type Item = u8;
    type Buffer = BytesMut;

    fn poll_produce<'a>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        store: StoreContextMut<'a, D>,
        to: Destination<'a, u8, Self::Buffer>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        let mut between = lock(&self.0);
        if between.bytes.is_empty() {
            return match between.ended {
                true => Poll::Ready(Ok(StreamResult::Dropped)),
                false => between.wait(cx, finish),
            };
        }
        let mut to = to.as_direct(store, MOST_AT_ONCE);
        let room = to.remaining();
        let count = room.len().min(between.bytes.len());
        room[..count].copy_from_slice(&between.bytes[..count]);
        between.bytes.advance(count);
        to.mark_written(count);
        if between.bytes.is_empty() {
            between.wake();
        }
        Poll::Ready(Ok(StreamResult::Completed))
    }
}
