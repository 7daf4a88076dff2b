// SPDX-License-Identifier: Apache-2.0
//! The door of content: what a guest asks of content by its hash goes to C++, which decides, fetches, checks and
//! keeps, on threads of its own. Each ask is a [`Job`]: what its path leads to, then bytes in pieces, which are
//! made as they are taken. Here is what bounds them: how many are open at once, and the module's memory.

use crate::account::{Account, Lease};
use bytes::Bytes;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker, ready};

/// What is asked for. The numbers are the C ABI's (`berth_content_verb`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Verb {
    Open = 1,
    List = 2,
    Stat = 3,
    Block = 4,
    Car = 5,
    Add = 6,
    Folder = 7,
    Pin = 8,
    Unpin = 9,
    Name = 10,
}

pub struct Ask<'a> {
    pub verb: Verb,
    /// A path under a CID or a name, as the guest says it; a CID; a key. Of a granted folder: the grant's own.
    pub target: &'a str,
    /// Where a name leads to; names and CIDs of a folder, each with a NUL behind it. Of a granted folder: the CID of
    /// the directory where the way begins, empty for the folder itself, a NUL, and the way.
    pub more: &'a [u8],
    pub offset: u64,
    /// `u64::MAX` is all.
    pub length: u64,
    /// A grant of files opens it.
    pub folder: bool,
    /// Symlinks at the end of the way are followed.
    pub follow: bool,
}

impl<'a> Ask<'a> {
    pub fn new(verb: Verb, target: &'a str) -> Self {
        Ask { verb, target, more: &[], offset: 0, length: u64::MAX, folder: false, follow: false }
    }
}

/// Why an ask failed. The numbers are the C ABI's (`berth_content_fault`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Why {
    NotFound = 1,
    Denied = 2,
    Invalid = 3,
    TooLarge = 4,
    Unavailable = 5,
    Limit = 6,
}

#[derive(Clone, Debug)]
pub struct Fault {
    pub why: Why,
    pub words: String,
}

/// What stands at a path. The numbers are the C ABI's (`berth_content_kind`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Kind {
    File = 1,
    Directory = 2,
    Symlink = 3,
    Block = 4,
}

#[derive(Clone, Debug)]
pub struct Found {
    pub kind: Kind,
    pub size: u64,
    pub cid: String,
    /// Of a symlink: where it leads to.
    pub link: String,
    /// Of a file whose name says it.
    pub media_type: String,
}

/// What an ask has by now.
pub enum Taken {
    /// Nothing yet: whoever waits is woken.
    Later,
    Piece(Bytes),
    End,
}

/// C++'s side of an ask, until it is dropped. All of it is called on the guest's lane, and never blocks.
pub trait Job: Send {
    /// What the path leads to, once it is known.
    fn found(&mut self) -> Result<Option<Found>, Fault>;
    fn take(&mut self) -> Result<Taken, Fault>;
    /// Bytes of a file that is added: all of them, or an error.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Fault>;
    /// Nothing more is written.
    fn finish(&mut self);
    /// Who is woken when one of the first two may have more. Replaces who was.
    fn wait(&mut self, waker: &Waker);
}

/// Whoever answers. Called on the guest's lane; must not block.
pub trait Content: Send + Sync {
    fn begin(&self, ask: &Ask<'_>) -> Result<Box<dyn Job>, Fault>;
}

/// What the host may hold for one ask, drawn from the module's memory: a piece that waits, one that is made, and a
/// block that it is made of.
const JOB_BYTES: u64 = 1 << 20;
/// The same for those that hold what they have seen as well, as much as C++ lets them (`reading_jobs.*`).
const LISTING_BYTES: u64 = 5 << 20;
const CAR_BYTES: u64 = 8 << 20;
/// A path is no longer than one of this machine (`PATH_MAX`).
const LONGEST_TEXT: usize = 4096;
/// Asks that a guest may have open at once.
const MOST_OPEN: usize = 32;

/// The guards of this door. All stand, but in a hostile test that turns one off.
#[derive(Clone, Copy)]
pub struct Guards {
    pub most_open: bool,
    pub memory: bool,
}

#[derive(Clone)]
pub struct ContentDoor {
    /// Nothing where the policy opens no content: then nobody has to hold any.
    source: Option<Arc<dyn Content>>,
    account: Arc<Account>,
    open: Arc<AtomicUsize>,
    guards: Guards,
}

impl ContentDoor {
    pub fn new(source: Option<Arc<dyn Content>>, account: Arc<Account>, guards: Guards) -> Self {
        ContentDoor { source, account, open: Arc::default(), guards }
    }

    pub fn begin(&self, ask: &Ask<'_>) -> Result<Asked, Fault> {
        let limit = |words: String| Fault { why: Why::Limit, words };
        let source = self.source.as_ref().ok_or_else(|| Fault {
            why: Why::Unavailable,
            words: "nobody gives content to modules here: run it with 'berth run', 'call' or 'serve'".to_owned(),
        })?;
        let is_path = ask.verb != Verb::Folder;
        if ask.target.len() > LONGEST_TEXT || is_path && ask.more.len() > LONGEST_TEXT {
            return Err(Fault { why: Why::Invalid, words: format!("a path has {LONGEST_TEXT} bytes at most") });
        }
        let place = Place::take(&self.open);
        if self.guards.most_open && self.open.load(Relaxed) > MOST_OPEN {
            return Err(limit(format!("{MOST_OPEN} are open already: drop some before others are opened")));
        }
        let lease = if self.guards.memory {
            let lease = self.account.draw(held_bytes(ask.verb));
            Some(lease.ok_or_else(|| limit("no memory is left for it: give the module more".to_owned()))?)
        } else {
            None
        };
        let job = source.begin(ask)?;
        Ok(Asked(Arc::new(Shared { job: Mutex::new(job), wakers: Arc::default(), _place: place, _lease: lease })))
    }
}

fn held_bytes(verb: Verb) -> u64 {
    match verb {
        Verb::List => LISTING_BYTES,
        Verb::Car | Verb::Pin => CAR_BYTES,
        _ => JOB_BYTES,
    }
}

/// One of those that are open.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Relaxed);
        Place(open.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// All who wait for one job.
#[derive(Default)]
struct Wakers(Mutex<Vec<Waker>>);

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        let waiting = std::mem::take(&mut *self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()));
        waiting.into_iter().for_each(Waker::wake);
    }
}

struct Shared {
    job: Mutex<Box<dyn Job>>,
    wakers: Arc<Wakers>,
    _place: Place,
    _lease: Option<Lease>,
}

/// A job that several look at: a reading and its stream. It ends with the last of them.
#[derive(Clone)]
pub struct Asked(Arc<Shared>);

impl Asked {
    fn job(&self) -> MutexGuard<'_, Box<dyn Job>> {
        self.0.job.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Before it is looked: what comes in between is no less seen.
    fn wait(&self, job: &mut Box<dyn Job>, cx: &Context<'_>) {
        let mut waiting = self.0.wakers.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            waiting.push(cx.waker().clone());
        }
        drop(waiting);
        job.wait(&Waker::from(self.0.wakers.clone()));
    }

    pub fn found_now(&self) -> Option<Result<Found, Fault>> {
        self.job().found().transpose()
    }

    pub fn poll_found(&self, cx: &Context<'_>) -> Poll<Result<Found, Fault>> {
        let mut job = self.job();
        self.wait(&mut job, cx);
        job.found().transpose().map_or(Poll::Pending, Poll::Ready)
    }

    pub async fn found(&self) -> Result<Found, Fault> {
        std::future::poll_fn(|cx| self.poll_found(cx)).await
    }

    pub fn take_now(&self) -> Result<Taken, Fault> {
        self.job().take()
    }

    /// The next piece; nothing at the end.
    pub fn poll_take(&self, cx: &Context<'_>) -> Poll<Result<Option<Bytes>, Fault>> {
        let mut job = self.job();
        self.wait(&mut job, cx);
        match job.take() {
            Ok(Taken::Later) => Poll::Pending,
            Ok(Taken::Piece(piece)) => Poll::Ready(Ok(Some(piece))),
            Ok(Taken::End) => Poll::Ready(Ok(None)),
            Err(fault) => Poll::Ready(Err(fault)),
        }
    }

    pub async fn take(&self) -> Result<Option<Bytes>, Fault> {
        std::future::poll_fn(|cx| self.poll_take(cx)).await
    }

    /// Entries of a directory, at least one; nothing at the end.
    pub fn poll_entries(&self, cx: &Context<'_>) -> Poll<Result<Option<Vec<Entry>>, Fault>> {
        loop {
            let Some(piece) = ready!(self.poll_take(cx))? else { return Poll::Ready(Ok(None)) };
            let entries = entries(&piece);
            if !entries.is_empty() {
                return Poll::Ready(Ok(Some(entries)));
            }
        }
    }

    pub async fn entries(&self) -> Result<Option<Vec<Entry>>, Fault> {
        std::future::poll_fn(|cx| self.poll_entries(cx)).await
    }

    /// All that is left of it; the job says how much that is at most.
    pub async fn all(&self) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.take().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    pub fn write(&self, bytes: &[u8]) -> Result<(), Fault> {
        self.job().write(bytes)
    }

    pub fn finish(&self) {
        self.job().finish();
    }
}

/// An entry of a directory, as C++ writes them: `CID SIZE KIND NAME` and a NUL.
pub struct Entry {
    pub name: String,
    pub cid: String,
    pub size: u64,
    pub kind: Option<Kind>,
}

/// The entries of a piece, but for those whose names aren't UTF-8: each is in one piece.
fn entries(piece: &[u8]) -> Vec<Entry> {
    let entry = |text: &[u8]| {
        let text = std::str::from_utf8(text).ok()?;
        let mut parts = text.splitn(4, ' ');
        let (cid, size, kind, name) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        Some(Entry {
            name: name.to_owned(),
            cid: cid.to_owned(),
            size: size.parse().ok()?,
            kind: match kind {
                "f" => Some(Kind::File),
                "d" => Some(Kind::Directory),
                "l" => Some(Kind::Symlink),
                _ => None,
            },
        })
    };
    piece.split(|&byte| byte == 0).filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::entries;

    #[test]
    fn a_piece_of_a_listing_is_its_entries() {
        let listed = entries(b"bafya 12 f a b\0bafyb 0 ? c\0");
        let names: Vec<_> = listed.iter().map(|entry| (entry.cid.as_str(), entry.size, entry.name.as_str())).collect();
        assert_eq!(names, [("bafya", 12, "a b"), ("bafyb", 0, "c")]);
    }
}
