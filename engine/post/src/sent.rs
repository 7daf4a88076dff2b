// SPDX-License-Identifier: Apache-2.0
//! What is sent with a request: nothing, bytes, or a file as it is read.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::fs::File;
use std::io::{self, Read as _};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

const PIECE: usize = 256 << 10;

/// The bytes of a request.
pub enum Sent {
    Bytes(Bytes),
    /// As many bytes of it as there are left from where it stands. Read on the thread that sends: it is of this machine.
    File {
        file: File,
        left: u64,
    },
}

/// The same on its way; what went is counted for whoever watches whether it goes on.
pub(crate) struct Going {
    pub sent: Sent,
    pub gone: Arc<AtomicU64>,
}

impl Body for Going {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = match &mut self.sent {
            Sent::Bytes(bytes) => Ok(bytes.split_to(bytes.len().min(PIECE))),
            Sent::File { file, left } => read(file, left),
        };
        match piece {
            Ok(piece) if piece.is_empty() => Poll::Ready(None),
            Ok(piece) => {
                self.gone.fetch_add(piece.len() as u64, Ordering::Relaxed);
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            Err(e) => Poll::Ready(Some(Err(e))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.size_hint().exact() == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match &self.sent {
            Sent::Bytes(bytes) => bytes.len() as u64,
            Sent::File { left, .. } => *left,
        })
    }
}

fn read(file: &mut File, left: &mut u64) -> io::Result<Bytes> {
    let mut piece = vec![0; usize::try_from(*left).unwrap_or(PIECE).min(PIECE)];
    file.read_exact(&mut piece)?;
    *left -= piece.len() as u64;
    Ok(piece.into())
}
