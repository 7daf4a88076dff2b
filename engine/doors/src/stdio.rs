// SPDX-License-Identifier: Apache-2.0
//! The standard streams: the process's own, written so that a reader who stops reading stops the guest,
//! never the host.
//!
//! A pipe or a terminal is written without blocking, through a second description of it; a regular file is
//! written straight; anything else goes through the runtime's blocking pool. What the guest was told is
//! written is either with the system or kept here until [`Output::drain`].

use crate::os::{self, Ways};
use bytes::Bytes;
use std::io::{self, IsTerminal as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;
use tokio::net::unix::pipe::Sender;
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
}

/// What was taken from the guest and isn't with the system yet.
#[derive(Default)]
struct Kept {
    bytes: Bytes,
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
        Output { inner: Arc::new(Inner { fd, ways, sink: OnceLock::new(), kept: Mutex::default() }) }
    }

    /// Waits until all that the guest wrote is with the system, or the reader is gone.
    pub async fn drain(&self) {
        while !self.inner.push() {
            self.inner.writable().await;
        }
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
    fn push(&self) -> bool {
        let mut kept = self.kept();
        while !kept.bytes.is_empty() {
            let written = match self.sink() {
                Sink::Straight => rustix::io::write(self.fd, &kept.bytes).map_err(io::Error::from),
                // The description is ours alone: no need to have been told that it is ready.
                Sink::Polled(own) => rustix::io::write(own, &kept.bytes).map_err(io::Error::from),
                Sink::Pool => return false,
            };
            match written {
                Ok(n) => {
                    let _ = kept.bytes.split_to(n);
                }
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

    async fn writable(&self) {
        match self.sink() {
            Sink::Straight => {}
            Sink::Polled(own) => {
                // Through the runtime this time, so that it learns that the pipe is full and tells when not.
                {
                    let mut kept = self.kept();
                    if let Ok(written) = own.try_write(&kept.bytes) {
                        let _ = kept.bytes.split_to(written);
                        return;
                    }
                }
                let _ = own.writable().await;
            }
            Sink::Pool => {
                let bytes = std::mem::take(&mut self.kept().bytes);
                let fd = self.fd;
                let done = tokio::task::spawn_blocking(move || write_all(fd, &bytes)).await;
                if let Ok(Err(e)) = done {
                    self.kept().failed = Some(e.kind());
                }
            }
        }
    }

    fn take(&self, bytes: Bytes) -> io::Result<()> {
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

    fn room(&self) -> io::Result<usize> {
        let empty = self.push();
        match self.kept().failed {
            Some(kind) => Err(kind.into()),
            None if empty => Ok(CHUNK),
            None => Ok(0),
        }
    }
}

fn write_all(fd: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(fd, bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => {
                let mut poll = [rustix::event::PollFd::new(&fd, rustix::event::PollFlags::OUT)];
                let _ = rustix::event::poll(&mut poll, None);
            }
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
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
