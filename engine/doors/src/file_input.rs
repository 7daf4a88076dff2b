// SPDX-License-Identifier: Apache-2.0
//! A file read as a stream. A regular file is always ready, so each read is one call to the system, and
//! nothing is held between two of them. Lives on the guest's lane.

use crate::open_file::OpenFile;
use bytes::Bytes;
use wasmtime_wasi::p2::{InputStream, Pollable, StreamError, StreamResult};

/// Bytes that one read takes at most, however many the guest asks for.
const MOST_AT_ONCE: usize = 64 << 10;

pub struct FileInput {
    file: OpenFile,
    position: u64,
    /// The end was reached, or a read failed: the stream is closed from then on.
    ended: bool,
}

impl FileInput {
    pub fn new(file: OpenFile, position: u64) -> Self {
        FileInput { file, position, ended: false }
    }
}

#[async_trait::async_trait]
impl InputStream for FileInput {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if self.ended {
            return Err(StreamError::Closed);
        }
        if size == 0 {
            return Ok(Bytes::new());
        }
        let mut bytes = Vec::with_capacity(size.min(MOST_AT_ONCE));
        let read = self.file.read_into(&mut bytes, self.position);
        self.ended = !matches!(read, Ok(1..));
        match read {
            Ok(0) => Err(StreamError::Closed),
            Ok(count) => {
                self.position += count as u64;
                Ok(bytes.into())
            }
            Err(e) => Err(StreamError::LastOperationFailed(std::io::Error::from(e).into())),
        }
    }

    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.read(size)
    }
}

#[async_trait::async_trait]
impl Pollable for FileInput {
    async fn ready(&mut self) {}
}
