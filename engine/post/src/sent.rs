// SPDX-License-Identifier: Apache-2.0
//! Bytes on their way to a server, a piece at a time: what went is counted for whoever watches whether it goes on.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

const PIECE: usize = 256 << 10;

pub(crate) struct Going {
    pub bytes: Bytes,
    pub gone: Arc<AtomicU64>,
}

impl Body for Going {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let len = self.bytes.len().min(PIECE);
        if len == 0 {
            return Poll::Ready(None);
        }
        self.gone.fetch_add(len as u64, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(self.bytes.split_to(len)))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}
