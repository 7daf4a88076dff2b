// SPDX-License-Identifier: Apache-2.0
//! Bodies as they pass between a connection and a guest.

use crate::connection::Under;
use berth_guest::Answered;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::Error;

/// What a client sends. It may be slow, but not for ever, and as long as it was allowed to be.
pub(crate) struct Arriving {
    body: Incoming,
    left: u64,
    patience: Duration,
    silence: Pin<Box<Sleep>>,
}

impl Arriving {
    pub fn new(body: Incoming, most: u64, patience: Duration) -> Self {
        Arriving { body, left: most, patience, silence: Box::pin(tokio::time::sleep(patience)) }
    }
}

impl Body for Arriving {
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
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What goes to a client: a guest's answer, or a line of our own.
pub(crate) enum Leaving {
    /// With what says that its request is under way.
    Guest {
        body: Answered,
        _under: Under,
    },
    Line(Option<Bytes>),
}

impl Leaving {
    pub fn guest(body: Answered, under: Under) -> Self {
        Leaving::Guest { body, _under: under }
    }

    /// An answer of our own: its status in words, and when to come back.
    pub fn status(status: u16, retry_after: Option<u32>) -> Response<Leaving> {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let line = format!("{} {}\n", status.as_str(), status.canonical_reason().unwrap_or("error"));
        let mut response = Response::new(Leaving::Line(Some(line.into())));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
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
        match &mut *self {
            Leaving::Guest { body, .. } => Pin::new(body).poll_frame(cx),
            Leaving::Line(line) => Poll::Ready(line.take().map(|line| Ok(Frame::data(line)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Leaving::Guest { body, .. } => body.is_end_stream(),
            Leaving::Line(line) => line.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Leaving::Guest { body, .. } => body.size_hint(),
            Leaving::Line(line) => SizeHint::with_exact(line.as_ref().map_or(0, Bytes::len) as u64),
        }
    }
}
