// SPDX-License-Identifier: Apache-2.0
//! Bodies as they pass between a connection and a guest.

use crate::busy::Under;
use crate::pieces::Pieces;
use crate::server::Given;
use crate::tracked::Tracked;
use berth_guest::{Answer, Answered};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::Error;

/// What a client sends, or a module that asks another one. It may be slow, but not for ever, and as long as it was allowed to be.
pub(crate) struct Arriving<B> {
    body: B,
    received: Arc<AtomicU64>,
    left: u64,
    patience: Duration,
    silence: Pin<Box<Sleep>>,
}

impl<B> Arriving<B> {
    /// Counts in `received`.
    pub fn new(body: B, received: Arc<AtomicU64>, most: u64, patience: Duration) -> Self {
        Arriving { body, received, left: most, patience, silence: Box::pin(tokio::time::sleep(patience)) }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Arriving<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        let frame = match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Pending => {
                return this.silence.as_mut().poll(cx).map(|()| Some(Err(Error::ConnectionReadTimeout)));
            }
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(Error::HttpProtocolError))),
            Poll::Ready(Some(Ok(frame))) => frame,
        };
        this.silence.as_mut().reset(Instant::now() + this.patience);
        let length = frame.data_ref().map_or(0, Bytes::len) as u64;
        if length > this.left {
            return Poll::Ready(Some(Err(Error::HttpRequestBodySize(None))));
        }
        this.left -= length;
        this.received.fetch_add(length, Relaxed);
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Told to come back, and in how many seconds.
const BUSY: u16 = 503;

/// An answer of our own in more than a status in words.
pub struct Line {
    kind: HeaderValue,
    text: Bytes,
}

impl Line {
    /// `kind` is its `content-type`.
    pub fn new(kind: &[u8], text: &[u8]) -> Self {
        let kind = HeaderValue::from_bytes(kind).unwrap_or(HeaderValue::from_static("application/octet-stream"));
        Line { kind, text: Bytes::copy_from_slice(text) }
    }

    fn status(status: StatusCode) -> Self {
        let text = format!("{} {}\n", status.as_str(), status.canonical_reason().unwrap_or("error"));
        Line { kind: HeaderValue::from_static("text/plain; charset=utf-8"), text: text.into() }
    }
}

/// What goes to a client, with what is told of it at its end.
pub(crate) struct Leaving {
    what: What,
    tracked: Tracked,
}

enum What {
    /// With what says that its request is under way.
    Guest {
        body: Answered,
        _under: Option<Under>,
    },
    Line(Option<Bytes>),
    /// Of an answer of C++'s.
    Given {
        body: Pieces,
        _under: Option<Under>,
    },
}

impl Leaving {
    /// `under` says that a connection is in use for it.
    pub fn answer(answer: Answer, under: Option<Under>, tracked: Tracked) -> Response<Leaving> {
        match answer {
            Answer::Response(response) => Leaving::guest(response, under, tracked),
            Answer::Status(status) => Leaving::own(status, None, (status == BUSY).then_some(1), tracked),
        }
    }

    fn guest(response: Response<Answered>, under: Option<Under>, mut tracked: Tracked) -> Response<Leaving> {
        tracked.status = Some(response.status().as_u16());
        response.map(|body| Leaving { what: What::Guest { body, _under: under }, tracked })
    }

    /// What C++ answers with, as it writes it.
    pub fn given(given: Given, under: Option<Under>, mut tracked: Tracked) -> Response<Leaving> {
        let Given(response) = given;
        tracked.status = Some(response.status().as_u16());
        response.map(|body| Leaving { what: What::Given { body, _under: under }, tracked })
    }

    /// The head alone goes out.
    pub fn without_body(mut self) -> Self {
        self.what = What::Line(None);
        self
    }

    /// An answer of our own: a line or its status in words, and when to come back.
    pub fn own(status: u16, line: Option<Line>, retry_after: Option<u32>, mut tracked: Tracked) -> Response<Leaving> {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        tracked.status = Some(status.as_u16());
        let Line { kind, text } = line.unwrap_or_else(|| Line::status(status));
        let mut response = Response::new(Leaving { what: What::Line(Some(text)), tracked });
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, kind);
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl Body for Leaving {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let polled = match &mut self.what {
            What::Guest { body, .. } => Pin::new(body).poll_frame(cx),
            What::Given { body, .. } => Pin::new(body).poll_frame(cx),
            What::Line(line) => Poll::Ready(line.take().map(|line| Ok(Frame::data(line)))),
        };
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            self.tracked.sent_bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.what {
            What::Guest { body, .. } => body.is_end_stream(),
            What::Given { body, .. } => body.is_end_stream(),
            What::Line(line) => line.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.what {
            What::Guest { body, .. } => body.size_hint(),
            What::Given { body, .. } => body.size_hint(),
            What::Line(line) => SizeHint::with_exact(line.as_ref().map_or(0, Bytes::len) as u64),
        }
    }
}
