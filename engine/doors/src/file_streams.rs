// SPDX-License-Identifier: Apache-2.0
//! Files as streams of WASI 0.3. A file is always ready, so each piece is one call to the system, straight into or out
//! of the guest's memory: nothing is held on the host between two of them. Live on the guest's lane.

use crate::content::Asked;
use crate::content_files::{self, ContentListing};
use crate::filesystem3::{descriptor_type, error_code_0_3};
use crate::listing::Listing;
use crate::open_file::{At, OpenFile};
use crate::translate::error_code;
use rustix::io::Errno;
use std::iter;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::oneshot;
use wasmtime::component::{
    Access, Destination, FutureReader, HasData, Lift, Lower, Source, StreamConsumer, StreamProducer, StreamReader,
    StreamResult, VecBuffer,
};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi::p3::bindings::filesystem::types::{DirectoryEntry, ErrorCode};

/// Bytes that one call to the system moves at most, however many the guest has room for.
const MOST_AT_ONCE: usize = 1 << 20;
/// Bytes that are read at once for another of the host's streams, which a guest has joined to a file.
const FOR_THE_HOST: usize = 64 << 10;
/// Entries of a folder that are read at once.
const ENTRIES_AT_ONCE: usize = 64;

/// How a stream ended, as its future says.
pub type Outcome = std::result::Result<(), ErrorCode>;

/// Says how a stream ended: once, and well if nothing else was said when it goes.
pub struct Tell(Option<oneshot::Sender<Outcome>>);

impl Tell {
    fn end(&mut self, outcome: Outcome) -> Poll<Result<StreamResult>> {
        if let Some(to) = self.0.take() {
            // Nobody may be waiting for it.
            let _ = to.send(outcome);
        }
        Poll::Ready(Ok(StreamResult::Dropped))
    }

    fn fail(&mut self, errno: Errno) -> Poll<Result<StreamResult>> {
        self.end(Err(error_code_0_3(error_code(&errno.into()))))
    }
}

impl Drop for Tell {
    fn drop(&mut self) {
        let _ = self.end(Ok(()));
    }
}

pub fn told() -> (Tell, oneshot::Receiver<Outcome>) {
    let (to, outcome) = oneshot::channel();
    (Tell(Some(to)), outcome)
}

/// An outcome that is known already.
pub async fn ended(outcome: Outcome) -> Result<Outcome> {
    Ok(outcome)
}

/// An empty stream, and why.
pub fn failed<T, D, Item>(
    mut store: Access<'_, T, D>,
    why: ErrorCode,
) -> Result<(StreamReader<Item>, FutureReader<Outcome>)>
where
    T: 'static,
    D: HasData,
    Item: Lift + Lower + Send + Sync + 'static,
{
    let nothing = StreamReader::new(&mut store, iter::empty())?;
    Ok((nothing, FutureReader::new(&mut store, ended(Err(why)))?))
}

fn moved() -> Poll<Result<StreamResult>> {
    Poll::Ready(Ok(StreamResult::Completed))
}

/// A file read from a position on.
pub struct FileReader {
    file: OpenFile,
    position: u64,
    tell: Tell,
}

impl FileReader {
    pub fn new(file: OpenFile, position: u64, tell: Tell) -> Self {
        FileReader { file, position, tell }
    }
}

impl<D: 'static> StreamProducer<D> for FileReader {
    type Item = u8;
    type Buffer = bytes::BytesMut;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        store: StoreContextMut<'a, D>,
        to: Destination<'a, u8, Self::Buffer>,
        _finish: bool,
    ) -> Poll<Result<StreamResult>> {
        let mut to = to.as_direct(store, FOR_THE_HOST);
        let room = to.remaining();
        if room.is_empty() {
            return moved();
        }
        let most = room.len().min(MOST_AT_ONCE);
        match self.file.read(&mut room[..most], self.position) {
            Ok(0) => self.tell.end(Ok(())),
            Ok(count) => {
                to.mark_written(count);
                self.position += count as u64;
                moved()
            }
            Err(errno) => self.tell.fail(errno),
        }
    }
}

/// A file that a stream is written to.
pub struct FileWriter {
    file: OpenFile,
    at: At,
    tell: Tell,
}

impl FileWriter {
    pub fn new(file: OpenFile, at: At, tell: Tell) -> Self {
        FileWriter { file, at, tell }
    }
}

impl<D: 'static> StreamConsumer<D> for FileWriter {
    type Item = u8;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        store: StoreContextMut<'_, D>,
        from: Source<'_, u8>,
        _finish: bool,
    ) -> Poll<Result<StreamResult>> {
        let mut from = from.as_direct(store);
        let bytes = from.remaining();
        if bytes.is_empty() {
            return moved();
        }
        let bytes = &bytes[..bytes.len().min(MOST_AT_ONCE)];
        match self.file.write(bytes, self.at) {
            Ok(0) => self.tell.fail(Errno::NOSPC),
            Ok(count) => {
                from.mark_read(count);
                if let At::Offset(position) = &mut self.at {
                    *position += count as u64;
                }
                moved()
            }
            Err(errno) => self.tell.fail(errno),
        }
    }
}

/// A folder's entries.
pub struct Entries {
    listing: Listing,
    tell: Tell,
}

impl Entries {
    pub fn new(listing: Listing, tell: Tell) -> Self {
        Entries { listing, tell }
    }
}

impl<D: 'static> StreamProducer<D> for Entries {
    type Item = DirectoryEntry;
    type Buffer = VecBuffer<DirectoryEntry>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        mut store: StoreContextMut<'a, D>,
        mut to: Destination<'a, DirectoryEntry, Self::Buffer>,
        _finish: bool,
    ) -> Poll<Result<StreamResult>> {
        let room = to.remaining(&mut store).unwrap_or(ENTRIES_AT_ONCE);
        if room == 0 {
            return moved();
        }
        let mut entries = Vec::new();
        let mut result = moved();
        while entries.len() < room.min(ENTRIES_AT_ONCE) {
            match self.listing.next() {
                Ok(Some(entry)) => {
                    entries.push(DirectoryEntry { type_: descriptor_type(entry.type_), name: entry.name });
                }
                Ok(None) => {
                    result = self.tell.end(Ok(()));
                    break;
                }
                Err(e) => {
                    result = self.tell.end(Err(error_code_0_3(e.downcast()?)));
                    break;
                }
            }
        }
        to.set_buffer(entries.into());
        result
    }
}

/// Granted content read from a position on: a piece is made while the guest has the one before.
pub struct ContentReader {
    asked: Asked,
    tell: Tell,
}

impl ContentReader {
    pub fn new(asked: Asked, tell: Tell) -> Self {
        ContentReader { asked, tell }
    }
}

impl<D: 'static> StreamProducer<D> for ContentReader {
    type Item = u8;
    type Buffer = bytes::Bytes;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'a, D>,
        mut to: Destination<'a, u8, Self::Buffer>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        if to.remaining(&mut store) == Some(0) {
            return moved();
        }
        match self.asked.poll_take(cx) {
            Poll::Ready(Ok(Some(piece))) => {
                to.set_buffer(piece);
                moved()
            }
            Poll::Ready(Ok(None)) => self.tell.end(Ok(())),
            Poll::Ready(Err(fault)) => self.tell.end(Err(error_code_0_3(content_files::code(&fault)))),
            Poll::Pending if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// The entries of a folder of granted content.
pub struct ContentEntries {
    listing: ContentListing,
    tell: Tell,
}

impl ContentEntries {
    pub fn new(listing: ContentListing, tell: Tell) -> Self {
        ContentEntries { listing, tell }
    }
}

impl<D: 'static> StreamProducer<D> for ContentEntries {
    type Item = DirectoryEntry;
    type Buffer = VecBuffer<DirectoryEntry>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'a, D>,
        mut to: Destination<'a, DirectoryEntry, Self::Buffer>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        if to.remaining(&mut store) == Some(0) {
            return moved();
        }
        match self.listing.poll_next(cx) {
            Poll::Ready(Ok(Some(entry))) => {
                let entry = DirectoryEntry { type_: descriptor_type(entry.type_), name: entry.name };
                to.set_buffer(vec![entry].into());
                moved()
            }
            Poll::Ready(Ok(None)) => self.tell.end(Ok(())),
            Poll::Ready(Err(fault)) => self.tell.end(Err(error_code_0_3(content_files::code(&fault)))),
            Poll::Pending if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => Poll::Pending,
        }
    }
}
