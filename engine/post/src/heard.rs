// SPDX-License-Identifier: Apache-2.0
//! A connection whose other end may have said its last word while bytes still go there: who refuses a long body answers, and
//! closes. Then writing fails at once, and what was said is still to be read.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// After a write has failed because the other end closed, no more is taken, and reading tells how it ended.
pub(crate) struct Heard<S> {
    stream: S,
    closed: bool,
}

impl<S> Heard<S> {
    pub fn new(stream: S) -> Self {
        Heard { stream, closed: false }
    }

    fn unless_closed<T>(&mut self, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match done {
            Poll::Ready(Err(e))
                if matches!(
                    e.kind(),
                    ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted
                ) =>
            {
                self.closed = true;
                // Whoever writes also reads, and is woken by that.
                Poll::Pending
            }
            done => done,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.closed {
            return Poll::Pending;
        }
        let done = Pin::new(&mut self.stream).poll_write(cx, bytes);
        let done = self.unless_closed(done);
        if self.closed {
            // Reading may have been looked at before, and have nothing more that wakes anybody.
            cx.waker().wake_by_ref();
        }
        done
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.closed {
            return Poll::Pending;
        }
        let done = Pin::new(&mut self.stream).poll_flush(cx);
        self.unless_closed(done)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.closed {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
