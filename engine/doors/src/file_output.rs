// SPDX-License-Identifier: Apache-2.0
//! A file written as a stream of WASI 0.2. A regular file is always ready, so each write is done when it returns, and
//! nothing is held between two of them. Lives on the guest's lane.

use crate::open_file::{At, OpenFile};
use bytes::Bytes;
use rustix::io::Errno;
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

/// Bytes that a guest is told to bring at once.
const MOST_AT_ONCE: usize = 64 << 10;

pub struct FileOutput {
    file: OpenFile,
    at: At,
    state: State,
}

enum State {
    /// How many bytes the next write may bring: it was asked for.
    Open(usize),
    /// The last write failed, and nobody has been told.
    Failed(Errno),
    Closed,
}

impl FileOutput {
    pub fn new(file: OpenFile, at: At) -> Self {
        FileOutput { file, at, state: State::Open(0) }
    }

    /// Whether it is open; says why not, once.
    fn open(&mut self) -> StreamResult<()> {
        match self.state {
            State::Open(_) => Ok(()),
            State::Failed(errno) => Err(self.fail(errno)),
            State::Closed => Err(StreamError::Closed),
        }
    }

    fn fail(&mut self, errno: Errno) -> StreamError {
        self.state = State::Closed;
        StreamError::LastOperationFailed(std::io::Error::from(errno).into())
    }

    fn write_all(&mut self, mut bytes: &[u8]) -> rustix::io::Result<()> {
        while !bytes.is_empty() {
            let written = self.file.write_whole(bytes, self.at)?;
            if written == 0 {
                return Err(Errno::NOSPC);
            }
            bytes = &bytes[written..];
            if let At::Offset(position) = &mut self.at {
                *position += written as u64;
            }
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl OutputStream for FileOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        match self.state {
            State::Open(permit) if bytes.len() <= permit => {}
            State::Closed => return Err(StreamError::Closed),
            _ => {
                let more = "write: more bytes than check-write permitted";
                return Err(StreamError::Trap(wasmtime::Error::msg(more)));
            }
        }
        // What went wrong is said to whoever asks next, as the interface has it.
        self.state = match self.write_all(&bytes) {
            Ok(()) => State::Open(0),
            Err(errno) => State::Failed(errno),
        };
        Ok(())
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.open()?;
        self.write_all(&bytes).map_err(|errno| self.fail(errno))
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.open()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.open()?;
        self.state = State::Open(MOST_AT_ONCE);
        Ok(MOST_AT_ONCE)
    }
}

#[async_trait::async_trait]
impl Pollable for FileOutput {
    async fn ready(&mut self) {}
}
