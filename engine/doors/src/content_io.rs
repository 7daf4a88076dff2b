// SPDX-License-Identifier: Apache-2.0
//! Content as streams of WASI 0.2. A piece that has come is kept until the guest has read it; no other is made before.

use crate::content::{Asked, Fault, Taken};
use bytes::Bytes;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

/// Why a stream ended early, for those who ask.
pub type Said = Arc<Mutex<Option<Fault>>>;

fn note(said: &Said, fault: &Fault) {
    said.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).get_or_insert_with(|| fault.clone());
}

fn say(said: &Said, fault: Fault) -> StreamError {
    note(said, &fault);
    let words = fault.words;
    StreamError::LastOperationFailed(wasmtime::Error::msg(words))
}

pub struct ContentInput {
    asked: Asked,
    piece: Bytes,
    said: Said,
    ended: bool,
    failed: Option<Fault>,
}

impl ContentInput {
    pub fn new(asked: Asked, said: Said) -> Self {
        ContentInput { asked, piece: Bytes::new(), said, ended: false, failed: None }
    }
}

#[async_trait::async_trait]
impl Pollable for ContentInput {
    async fn ready(&mut self) {
        if self.ended || !self.piece.is_empty() || self.failed.is_some() {
            return;
        }
        let taken = poll_fn(|cx| match self.asked.poll_take(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(taken) => Poll::Ready(taken),
        });
        match taken.await {
            Ok(Some(piece)) => self.piece = piece,
            Ok(None) => self.ended = true,
            Err(fault) => self.failed = Some(fault),
        }
    }
}

#[async_trait::async_trait]
impl InputStream for ContentInput {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if let Some(fault) = self.failed.take() {
            self.ended = true;
            return Err(say(&self.said, fault));
        }
        if self.piece.is_empty() && !self.ended {
            match self.asked.take_now() {
                Ok(Taken::Later) => {}
                Ok(Taken::Piece(piece)) => self.piece = piece,
                Ok(Taken::End) => self.ended = true,
                Err(fault) => {
                    self.ended = true;
                    return Err(say(&self.said, fault));
                }
            }
        }
        if self.piece.is_empty() && self.ended {
            return Err(StreamError::Closed);
        }
        Ok(self.piece.split_to(size.min(self.piece.len())))
    }
}

/// Bytes that a guest is told to bring at once.
const MOST_AT_ONCE: usize = 64 << 10;

/// A file that is added. Its bytes go to the disk aside, so it is always ready.
pub struct ContentOutput {
    asked: Asked,
    said: Said,
    permit: usize,
    failed: Option<Fault>,
    closed: bool,
}

impl ContentOutput {
    pub fn new(asked: Asked, said: Said) -> Self {
        ContentOutput { asked, said, permit: 0, failed: None, closed: false }
    }

    fn open(&mut self) -> StreamResult<()> {
        if self.closed {
            return Err(StreamError::Closed);
        }
        match self.failed.take() {
            Some(fault) => {
                self.closed = true;
                Err(say(&self.said, fault))
            }
            None => Ok(()),
        }
    }
}

#[async_trait::async_trait]
impl OutputStream for ContentOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if self.closed {
            return Err(StreamError::Closed);
        }
        if bytes.len() > self.permit || self.failed.is_some() {
            return Err(StreamError::Trap(wasmtime::Error::msg("write: more bytes than check-write permitted")));
        }
        self.permit = 0;
        // What went wrong is said to whoever asks next, as the interface has it, also where nobody asks the stream.
        self.failed = self.asked.write(&bytes).err();
        if let Some(fault) = &self.failed {
            note(&self.said, fault);
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.open()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.open()?;
        self.permit = MOST_AT_ONCE;
        Ok(MOST_AT_ONCE)
    }
}

#[async_trait::async_trait]
impl Pollable for ContentOutput {
    async fn ready(&mut self) {}
}
