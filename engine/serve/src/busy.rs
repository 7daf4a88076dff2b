// SPDX-License-Identifier: Apache-2.0
//! What a connection is busy with: requests, the head of one that comes, or nothing. Nobody is woken for it: it is read
//! when a time may be over.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// No head is due.
const NO_HEAD: u64 = u64::MAX;
/// What a client of HTTP/2 begins with, as far as no method of HTTP/1 does.
const HTTP_2: &[u8] = b"PRI";

/// Times are nanoseconds since the connection began.
pub(crate) struct Busy {
    began: Instant,
    /// How many requests are under way.
    requests: AtomicUsize,
    /// When the last of them was done.
    done: AtomicU64,
    /// Since when a head is due, or [`NO_HEAD`]: the first one at once, a later one with its first byte.
    head: AtomicU64,
    /// Since when its client takes nothing of what is to be sent, or [`NO_HEAD`].
    stuck: AtomicU64,
}

/// One request that is under way.
pub(crate) struct Under(Arc<Busy>);

impl Under {
    pub(crate) fn way(busy: &Arc<Busy>) -> Self {
        busy.requests.fetch_add(1, Relaxed);
        busy.head.store(NO_HEAD, Relaxed);
        Under(busy.clone())
    }
}

impl Drop for Under {
    fn drop(&mut self) {
        self.0.done.store(self.0.now(), Relaxed);
        self.0.requests.fetch_sub(1, Relaxed);
    }
}

impl Busy {
    pub(crate) fn new() -> Arc<Self> {
        let (requests, done, head) = Default::default();
        Arc::new(Busy { began: Instant::now(), requests, done, head, stuck: NO_HEAD.into() })
    }

    /// Ready once nothing was under way for so long, from now on.
    pub(crate) async fn idle(&self, time: Duration) {
        let mut end = Instant::now() + time;
        loop {
            tokio::time::sleep_until(end.into()).await;
            if self.requests.load(Relaxed) > 0 {
                end = Instant::now() + time;
                continue;
            }
            let done = self.at(self.done.load(Relaxed));
            if done + time <= end {
                return;
            }
            end = done + time;
        }
    }

    /// Ready once a head was due for so long.
    pub(crate) async fn slow_head(&self, time: Duration) {
        let mut end = self.began + time;
        loop {
            tokio::time::sleep_until(end.into()).await;
            end = match self.head.load(Relaxed) {
                NO_HEAD => Instant::now() + time,
                head if self.at(head) + time <= end => return,
                head => self.at(head) + time,
            };
        }
    }

    /// Ready once the client took nothing for so long.
    pub(crate) async fn stalled(&self, time: Duration) {
        let mut end = self.began + time;
        loop {
            tokio::time::sleep_until(end.into()).await;
            end = match self.stuck.load(Relaxed) {
                NO_HEAD => Instant::now() + time,
                stuck if self.at(stuck) + time <= end => return,
                stuck => self.at(stuck) + time,
            };
        }
    }

    /// Whether it took something.
    fn taken(&self, taken: bool) {
        if taken {
            self.stuck.store(NO_HEAD, Relaxed);
        } else if self.stuck.load(Relaxed) == NO_HEAD {
            self.stuck.store(self.now(), Relaxed);
        }
    }

    /// The client said something.
    fn heard(&self) {
        if self.requests.load(Relaxed) == 0 && self.head.load(Relaxed) == NO_HEAD {
            self.head.store(self.now(), Relaxed);
        }
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_nanos() as u64
    }

    fn at(&self, time: u64) -> Instant {
        self.began + Duration::from_nanos(time)
    }
}

/// A stream that tells what comes by it.
pub(crate) struct Heard<S> {
    stream: S,
    busy: Arc<Busy>,
    protocol: Protocol,
}

#[derive(PartialEq)]
enum Protocol {
    Unknown,
    Http1,
    /// Its frames come between requests, too.
    Http2,
}

impl<S> Heard<S> {
    pub(crate) fn new(stream: S, busy: Arc<Busy>) -> Self {
        Heard { stream, busy, protocol: Protocol::Unknown }
    }

    fn hear(&mut self, bytes: &[u8]) {
        if self.protocol == Protocol::Unknown {
            self.protocol = if bytes.starts_with(HTTP_2) { Protocol::Http2 } else { Protocol::Http1 };
            if self.protocol == Protocol::Http2 {
                self.busy.head.store(NO_HEAD, Relaxed);
            }
        }
        if self.protocol == Protocol::Http1 {
            self.busy.heard();
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        let bytes = &buf.filled()[before..];
        if !bytes.is_empty() {
            this.hear(bytes);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.busy.taken(written.is_ready());
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, pieces);
        this.busy.taken(written.is_ready());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
