// SPDX-License-Identifier: Apache-2.0
//! Bytes on their way to a server, a piece at a time: those that are there, or those that somebody gives as they are
//! wanted. What went is counted for whoever watches whether it goes on.

use crate::fetch::{Next, Taker, Trouble};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::fmt;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

const PIECE: usize = 256 << 10;

pub(crate) struct Going {
    from: From,
    pub gone: Arc<AtomicU64>,
}

enum From {
    Whole(Bytes),
    /// `None` is the end; whoever goes without it breaks off.
    Pieces(mpsc::Receiver<Option<Bytes>>),
    Over,
}

impl Going {
    pub fn whole(bytes: Bytes) -> Going {
        Going { from: From::Whole(bytes), gone: Arc::default() }
    }

    /// What is given to the [`Feed`].
    pub fn fed() -> (Going, Feed) {
        let (pieces, from) = mpsc::channel(1);
        (Going { from: From::Pieces(from), gone: Arc::default() }, Feed { pieces: Some(pieces), resting: false })
    }

    fn give(&mut self, bytes: Bytes) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        self.gone.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

impl Body for Going {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let piece = match &mut self.from {
            From::Whole(bytes) if bytes.is_empty() => None,
            From::Whole(bytes) => Some(bytes.split_to(bytes.len().min(PIECE))),
            From::Pieces(pieces) => match ready!(pieces.poll_recv(context)) {
                Some(piece) => piece,
                None => return Poll::Ready(Some(Err(BrokenOff))),
            },
            From::Over => None,
        };
        let Some(piece) = piece else {
            self.from = From::Over;
            return Poll::Ready(None);
        };
        self.give(piece)
    }

    fn is_end_stream(&self) -> bool {
        match &self.from {
            From::Whole(bytes) => bytes.is_empty(),
            From::Pieces(_) => false,
            From::Over => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.from {
            From::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            From::Pieces(_) => SizeHint::default(),
            From::Over => SizeHint::with_exact(0),
        }
    }
}

/// A body ends before its end: the connection does too, so that nobody takes a part for the whole.
#[derive(Debug)]
pub(crate) struct BrokenOff;

impl fmt::Display for BrokenOff {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("what was to be sent broke off")
    }
}

impl std::error::Error for BrokenOff {}

/// Where a body that streams is put in.
pub(crate) struct Feed {
    pieces: Option<mpsc::Sender<Option<Bytes>>>,
    resting: bool,
}

impl Feed {
    /// For a body that is there.
    pub fn none() -> Feed {
        Feed { pieces: None, resting: false }
    }

    /// Waits until a piece is wanted; for ever when none is any more.
    pub async fn wanted(&self) {
        match &self.pieces {
            Some(pieces) if !self.resting && pieces.reserve().await.is_ok() => {}
            _ => pending().await,
        }
    }

    /// Gives the taker's next piece, and says how long that one took to come by it.
    pub fn give(&mut self, taker: &mut dyn Taker) -> Result<Duration, Trouble> {
        let begin = Instant::now();
        let piece = match taker.next() {
            Next::Piece(bytes) => Some(bytes.into()),
            Next::End => None,
            Next::Broken => return Err(Trouble::Broken),
        };
        let end = piece.is_none();
        if let Some(pieces) = &self.pieces {
            let _ = pieces.try_send(piece);
        }
        if end {
            self.pieces = None;
        }
        Ok(begin.elapsed())
    }

    /// No more is given, and the body isn't ended either.
    pub fn rest(&mut self) {
        self.resting = true;
    }

    pub fn is_done(&self) -> bool {
        self.pieces.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::Going;
    use http_body_util::BodyExt as _;
    use tokio::runtime::Builder;

    #[test]
    fn a_feed_that_goes_before_the_end_breaks_the_body_off() {
        let runtime = Builder::new_current_thread().build().expect("an event loop");
        let (body, feed) = Going::fed();
        drop(feed);
        assert!(runtime.block_on(body.collect()).is_err());
    }
}
