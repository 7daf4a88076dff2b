// SPDX-License-Identifier: Apache-2.0
//! Bodies on their way: what the guest sends, watched for its end, and what it gets, with the connection that it
//! comes on.

use crate::account::Lease;
use crate::http_error::{Stage, from_hyper};
use crate::http_lines::Used;
use crate::http_wire::HEAD_BYTES;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::{Error, WasiBody};

/// What the guest sends. Says when all of it is sent, or that it won't be.
pub struct Outgoing {
    body: WasiBody,
    /// What is still to come of a body whose length was said.
    left: Option<u64>,
    ended: Option<oneshot::Sender<Result<(), Error>>>,
    /// Anything of it was sent.
    passed: bool,
    was_empty: Arc<AtomicBool>,
}

impl Outgoing {
    pub fn new(body: WasiBody, length: Option<u64>) -> (Self, oneshot::Receiver<Result<(), Error>>) {
        let (ended, end) = oneshot::channel();
        let mut outgoing =
            Outgoing { body, left: length, ended: Some(ended), passed: false, was_empty: Arc::default() };
        if length == Some(0) || outgoing.body.is_end_stream() {
            outgoing.end(Ok(()));
        }
        (outgoing, end)
    }

    /// Turns true when it ends and nothing was in it.
    pub fn was_empty(&self) -> Arc<AtomicBool> {
        self.was_empty.clone()
    }

    fn end(&mut self, how: Result<(), Error>) {
        if how.is_ok() && !self.passed {
            self.was_empty.store(true, Relaxed);
        }
        if let Some(ended) = self.ended.take() {
            let _ = ended.send(how);
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.passed |= matches!(&frame, Some(Ok(frame)) if frame.data_ref().is_none_or(|data| !data.is_empty()));
        match &frame {
            None => self.end(Ok(())),
            Some(Ok(frame)) if frame.is_trailers() => self.end(Ok(())),
            Some(Err(Error::HttpRequestBodySize(size))) => {
                let size = *size;
                self.end(Err(Error::HttpRequestBodySize(size)));
            }
            Some(Err(_)) => self.end(Err(Error::HttpProtocolError)),
            Some(Ok(frame)) => {
                let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
                self.left = self.left.map(|left| left.saturating_sub(bytes));
                // Past its length nobody asks for more.
                if self.left == Some(0) || self.body.is_end_stream() {
                    self.end(Ok(()));
                }
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What the guest gets. Its connection is used again only when all of it has been read.
pub struct Arriving<B> {
    incoming: B,
    /// What is still to come of a body whose length was said: HTTP/2 lets a server end it early.
    left: Option<u64>,
    between_bytes: Duration,
    timer: Pin<Box<Sleep>>,
    waiting: bool,
    used: Option<Used>,
    leases: Vec<Lease>,
}

/// A server's answer, in the door's errors.
pub fn from_server(incoming: Incoming) -> impl Body<Data = Bytes, Error = Error> + Send + Unpin {
    incoming.map_err(|error| from_hyper(&error, Stage::InBody, HEAD_BYTES))
}

impl<B: Body<Data = Bytes, Error = Error> + Unpin> Arriving<B> {
    pub fn new(
        incoming: B,
        length: Option<u64>,
        between_bytes: Duration,
        used: Option<Used>,
        leases: Vec<Lease>,
    ) -> Self {
        let timer = Box::pin(tokio::time::sleep(Duration::ZERO));
        let mut body = Arriving { incoming, left: length, between_bytes, timer, waiting: false, used, leases };
        if body.incoming.is_end_stream() {
            body.finish();
        }
        body
    }

    /// All was read: the connection is free.
    fn finish(&mut self) {
        if let Some(used) = self.used.take() {
            used.give_back();
        }
        self.leases.clear();
    }

    /// It won't be read: the connection closes.
    fn give_up(&mut self) {
        self.used = None;
        self.leases.clear();
    }
}

impl<B: Body<Data = Bytes, Error = Error> + Unpin> Body for Arriving<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        match Pin::new(&mut this.incoming).poll_frame(cx) {
            Poll::Ready(None) if this.left.is_some_and(|left| left > 0) => {
                this.give_up();
                this.left = None;
                Poll::Ready(Some(Err(Error::HttpResponseIncomplete)))
            }
            Poll::Ready(None) => {
                this.finish();
                Poll::Ready(None)
            }
            Poll::Ready(Some(Ok(frame))) => {
                this.waiting = false;
                let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
                this.left = this.left.map(|left| left.saturating_sub(bytes));
                if this.incoming.is_end_stream() && this.left.unwrap_or(0) == 0 {
                    this.finish();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.give_up();
                Poll::Ready(Some(Err(error)))
            }
            Poll::Pending => {
                if !this.waiting {
                    this.waiting = true;
                    this.timer.as_mut().reset(Instant::now() + this.between_bytes);
                }
                ready!(this.timer.as_mut().poll(cx));
                this.give_up();
                Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left.unwrap_or(0) == 0 && self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
