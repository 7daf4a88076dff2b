// SPDX-License-Identifier: Apache-2.0
//! The standard streams: the process's own, written so that a reader who stops reading stops the guest,
//! never the host.
//!
//! A pipe or a terminal is written without blocking, through a second description of it; a regular file is
//! written straight; anything else goes through the runtime's blocking pool, by one writer at a time. What the
//! guest was told is written is either with the system or kept here until [`Output::drain`].

use crate::os::{self, Ways};
use bytes::Bytes;
use std::io::{self, IsTerminal as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::AsyncWrite;
use tokio::net::unix::pipe::Sender;
use tokio::sync::Notify;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

/// Bytes that a stream takes at once; what a full pipe leaves of them is kept in memory.
const CHUNK: usize = 64 << 10;

/// Standard output or standard error of this process.
#[derive(Clone)]
pub struct Output {
    inner: Arc<Inner>,
}

struct Inner {
    fd: BorrowedFd<'static>,
    ways: Ways,
    sink: OnceLock<Sink>,
    kept: Mutex<Kept>,
    /// Told when the pool's writer is done.
    written: Notify,
    unfinished_line: AtomicBool,
}

/// What was taken from the guest and isn't with the system yet.
#[derive(Default)]
struct Kept {
    bytes: Bytes,
    /// A writer of the pool is at work, with bytes of its own.
    writing: bool,
    failed: Option<io::ErrorKind>,
}

enum Sink {
    /// A regular file, or a device that is always ready.
    Straight,
    /// A pipe or a terminal, by a description of our own.
    Polled(Sender),
    /// Something that can't be reopened: a socket, another user's pipe.
    Pool,
}

impl Output {
    pub fn stdout(ways: Ways) -> Self {
        Self::new(rustix::stdio::stdout(), ways)
    }

    pub fn stderr(ways: Ways) -> Self {
        Self::new(rustix::stdio::stderr(), ways)
    }

    fn new(fd: BorrowedFd<'static>, ways: Ways) -> Self {
        let inner = Inner {
            fd,
            ways,
            sink: OnceLock::new(),
            kept: Mutex::default(),
            written: Notify::new(),
            unfinished_line: AtomicBool::new(false),
        };
        Output { inner: Arc::new(inner) }
    }

    /// Waits until all that the guest wrote is with the system, or the reader is gone.
    pub async fn drain(&self) {
        while !self.inner.push() {
            self.inner.writable().await;
        }
    }

    /// The same for a thread outside of the runtime, and for no longer than `patience`.
    pub fn push_within(&self, patience: Duration) {
        let until = Instant::now() + patience;
        while !self.inner.push_outside() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whether the last byte that the system took is no newline; false where it took none. Any thread.
    pub fn unfinished_line(&self) -> bool {
        self.inner.unfinished_line.load(Relaxed)
    }
}

impl Inner {
    fn sink(&self) -> &Sink {
        self.sink.get_or_init(|| {
            use rustix::fs::{FileType, fstat};
            if self.ways == Ways::Blocking {
                return Sink::Straight;
            }
            let own = os::reopen_nonblocking(self.fd, self.ways);
            if let Some(sender) = own.and_then(|own| Sender::from_owned_fd_unchecked(own).ok()) {
                return Sink::Polled(sender);
            }
            match fstat(self.fd).map(|stat| FileType::from_raw_mode(stat.st_mode)) {
                Ok(FileType::Fifo | FileType::Socket) => Sink::Pool,
                Ok(FileType::CharacterDevice) if self.fd.is_terminal() => Sink::Pool,
                _ => Sink::Straight,
            }
        })
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Writes what is kept as far as the system takes it now. True when nothing is left.
    fn push(self: &Arc<Self>) -> bool {
        let mut kept = self.kept();
        if kept.writing {
            return false;
        }
        while !kept.bytes.is_empty() {
            let written = match self.sink() {
                Sink::Straight => rustix::io::write(self.fd, &kept.bytes).map_err(io::Error::from),
                // The description is ours alone: no need to have been told that it is ready.
                Sink::Polled(own) => rustix::io::write(own, &kept.bytes).map_err(io::Error::from),
                Sink::Pool => {
                    kept.writing = true;
                    self.clone().start_writer(std::mem::take(&mut kept.bytes));
                    return false;
                }
            };
            match written {
                Ok(n) => self.wrote(&kept.bytes.split_to(n)),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return false,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    kept.failed = Some(e.kind());
                    kept.bytes = Bytes::new();
                }
            }
        }
        true
    }

    /// [`Self::push`] outside of the runtime, where no sink and no writer of the pool can be made: what only that
    /// could write stays.
    fn push_outside(self: &Arc<Self>) -> bool {
        match self.sink.get() {
            None => true,
            Some(Sink::Pool) => {
                let kept = self.kept();
                kept.bytes.is_empty() && !kept.writing
            }
            Some(_) => self.push(),
        }
    }

    async fn writable(&self) {
        match self.sink() {
            Sink::Straight => {}
            Sink::Polled(own) => {
                // Through the runtime this time, so that it learns that the pipe is full and tells when not.
                {
                    let mut kept = self.kept();
                    if let Ok(written) = own.try_write(&kept.bytes) {
                        self.wrote(&kept.bytes.split_to(written));
                        return;
                    }
                }
                let _ = own.writable().await;
            }
            Sink::Pool => {
                let mut written = std::pin::pin!(self.written.notified());
                // Before the look, so that a writer that is done in between is heard.
                written.as_mut().enable();
                if self.kept().writing {
                    written.await;
                }
            }
        }
    }

    /// Outlives the future that waits for it, and is the only one until it is done.
    fn start_writer(self: Arc<Self>, bytes: Bytes) {
        tokio::task::spawn_blocking(move || {
            let result = self.write_all(&bytes);
            let mut kept = self.kept();
            kept.writing = false;
            kept.failed = result.err().map(|e| e.kind());
            drop(kept);
            self.written.notify_waiters();
        });
    }

    /// Waits for the system as long as it takes: the pool's writer.
    fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match rustix::io::write(self.fd, bytes) {
                Ok(n) => {
                    self.wrote(&bytes[..n]);
                    bytes = &bytes[n..];
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => {
                    let mut poll = [rustix::event::PollFd::new(&self.fd, rustix::event::PollFlags::OUT)];
                    let _ = rustix::event::poll(&mut poll, None);
                }
                Err(e) => return Err(e.into()),
            }
        }
        Ok(())
    }

    fn wrote(&self, bytes: &[u8]) {
        if let Some(last) = bytes.last() {
            self.unfinished_line.store(*last != b'\n', Relaxed);
        }
    }

    fn take(self: &Arc<Self>, bytes: Bytes) -> io::Result<()> {
        {
            let mut kept = self.kept();
            if let Some(kind) = kept.failed {
                return Err(kind.into());
            }
            kept.bytes = match kept.bytes.is_empty() {
                true => bytes,
                false => [kept.bytes.as_ref(), bytes.as_ref()].concat().into(),
            };
        }
        self.push();
        match self.kept().failed {
            Some(kind) => Err(kind.into()),
            None => Ok(()),
        }
    }

    fn room(self: &Arc<Self>) -> io::Result<usize> {
        let empty = self.push();
        match self.kept().failed {
            Some(kind) => Err(kind.into()),
            None if empty => Ok(CHUNK),
            None => Ok(0),
        }
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        self.inner.fd.as_fd().is_terminal()
    }
}

impl StdoutStream for Output {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(Writer { output: self.clone(), waiting: None })
    }
}

fn stream_error(e: io::Error) -> StreamError {
    match e.kind() {
        io::ErrorKind::BrokenPipe => StreamError::Closed,
        _ => StreamError::LastOperationFailed(e.into()),
    }
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        // More than `check_write` gave would be kept in the host's memory.
        if bytes.len() > self.inner.room().map_err(stream_error)? {
            return Err(StreamError::trap("a write of more than check-write permitted"));
        }
        self.inner.take(bytes).map_err(stream_error)
    }

    /// A flush asks that `check_write` answers 0 until all is with the system, as it always does here.
    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.inner.room().map_err(stream_error)
    }
}

#[async_trait::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {
        self.drain().await;
    }
}

/// The same stream for the interfaces that take an `AsyncWrite` (WASI 0.3).
struct Writer {
    output: Output,
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send + Sync>>>,
}

impl Writer {
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        loop {
            if let Some(waiting) = &mut self.waiting {
                std::task::ready!(waiting.as_mut().poll(cx));
                self.waiting = None;
            }
            match self.output.inner.room()? {
                0 => {
                    let output = self.output.clone();
                    self.waiting = Some(Box::pin(async move { output.drain().await }));
                }
                room => return Poll::Ready(Ok(room)),
            }
        }
    }
}

impl AsyncWrite for Writer {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let room = std::task::ready!(self.poll_room(cx))?;
        let taken = bytes.len().min(room);
        self.output.inner.take(Bytes::copy_from_slice(&bytes[..taken]))?;
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_room(cx).map_ok(|_| ())
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}
