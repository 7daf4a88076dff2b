// SPDX-License-Identifier: Apache-2.0
//! An open regular file, and what is entered in the ledger when a guest changes it. A file is always ready: each call
//! here is one call to the system. Lives on the guest's lane.

use crate::ledger::Hold;
use crate::os::{self, Ways};
use rustix::buffer::spare_capacity;
use rustix::fs as rfs;
use rustix::io::Errno;
use std::fs::File;
use std::sync::Arc;

/// Where to write.
#[derive(Clone, Copy)]
pub enum At {
    Offset(u64),
    End,
}

#[derive(Clone)]
pub struct OpenFile {
    pub file: Arc<File>,
    /// Of a file in a folder that is counted.
    pub hold: Option<Arc<Hold>>,
    pub ways: Ways,
}

impl OpenFile {
    pub fn read(&self, room: &mut [u8], position: u64) -> rustix::io::Result<usize> {
        again(|| rustix::io::pread(&self.file, &mut *room, position))
    }

    /// Reads behind what `bytes` holds, as much as its capacity has room for.
    pub fn read_into(&self, bytes: &mut Vec<u8>, position: u64) -> rustix::io::Result<usize> {
        again(|| rustix::io::pread(&self.file, spare_capacity(bytes), position))
    }

    /// Writes as much as there is room for: at least a byte, of what isn't empty.
    pub fn write(&self, bytes: &[u8], at: At) -> rustix::io::Result<usize> {
        self.write_at_least(bytes.len().min(1), bytes, at)
    }

    /// Writes, where there is room for all of it: otherwise nothing. Fewer bytes only where the system wrote fewer.
    pub fn write_whole(&self, bytes: &[u8], at: At) -> rustix::io::Result<usize> {
        self.write_at_least(bytes.len(), bytes, at)
    }

    fn write_at_least(&self, least: usize, bytes: &[u8], at: At) -> rustix::io::Result<usize> {
        let Some(hold) = &self.hold else { return self.write_now(bytes, at) };
        let (mut books, file) = (hold.books(), hold.record());
        let before = books.bytes_of(file);
        let start = match at {
            At::Offset(offset) => offset,
            At::End => before,
        };
        let room = books.room_to_write(file, start, bytes.len(), least)?;
        let written = self.write_now(&bytes[..room], at)?;
        // Nothing written, nothing grown: not even where it begins behind the end.
        if written > 0 {
            books.sized(file, before.max(start + written as u64));
        }
        Ok(written)
    }

    pub fn set_size(&self, bytes: u64) -> rustix::io::Result<()> {
        let set = || again(|| rfs::ftruncate(&self.file, bytes));
        let Some(hold) = &self.hold else { return set() };
        let mut books = hold.books();
        books.room_to_be(hold.record(), bytes)?;
        set()?;
        books.sized(hold.record(), bytes);
        Ok(())
    }

    fn write_now(&self, bytes: &[u8], at: At) -> rustix::io::Result<usize> {
        match at {
            At::Offset(offset) => again(|| rustix::io::pwrite(&self.file, bytes, offset)),
            At::End => again(|| os::append(&self.file, bytes, self.ways)),
        }
    }
}

/// A call to the system, made anew when a signal came in between.
fn again<R>(mut call: impl FnMut() -> rustix::io::Result<R>) -> rustix::io::Result<R> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            done => return done,
        }
    }
}
