// SPDX-License-Identifier: Apache-2.0
//! What a module asks of content, as C++ is asked.

use crate::berth_waiter;
use crate::boundary::{Failure, INTERNAL, borrowed, bytes};
use crate::types::{berth_content, berth_content_ask, berth_content_found, berth_content_piece, berth_slice};
use ::berth_guest::Waiter;
use berth_doors::content::{Ask, Content, Fault, Found, Job, Kind, Taken, Why};
use core::ffi::c_void;
use std::sync::Arc;
use std::task::Waker;

/// C++'s functions, all there.
#[derive(Clone, Copy)]
pub(crate) struct Source {
    context: *mut c_void,
    begin: unsafe extern "C" fn(*mut c_void, *const berth_content_ask, *mut berth_waiter) -> *mut c_void,
    found: unsafe extern "C" fn(*mut c_void, *mut berth_content_found) -> i32,
    take: unsafe extern "C" fn(*mut c_void, *mut berth_content_piece) -> i32,
    write: unsafe extern "C" fn(*mut c_void, berth_slice, *mut berth_content_piece) -> bool,
    finish: unsafe extern "C" fn(*mut c_void),
    end: unsafe extern "C" fn(*mut c_void),
}

// SAFETY: the header demands that they can be called, with the context, on any thread.
unsafe impl Send for Source {}
// SAFETY: the same.
unsafe impl Sync for Source {}

impl Source {
    /// # Safety
    /// What the header says of `content` holds.
    pub unsafe fn read(content: *const berth_content) -> Result<Option<Arc<dyn Content>>, Failure> {
        // SAFETY: the caller's promise.
        let Some(content) = (unsafe { content.as_ref() }) else { return Ok(None) };
        let all = || {
            Some(Source {
                context: content.context,
                begin: content.begin?,
                found: content.found?,
                take: content.take?,
                write: content.write?,
                finish: content.finish?,
                end: content.end?,
            })
        };
        let source = all().ok_or_else(|| Failure::new(INTERNAL, "content needs all that it is asked with"))?;
        Ok(Some(Arc::new(source)))
    }
}

impl Content for Source {
    fn begin(&self, ask: &Ask<'_>) -> Result<Box<dyn Job>, Fault> {
        let waits = Arc::<Waiter>::default();
        let waiter = Box::into_raw(Box::new(berth_waiter(waits.clone())));
        let ask = berth_content_ask {
            verb: ask.verb as i32,
            target: borrowed(ask.target.as_bytes()),
            more: borrowed(ask.more),
            offset: ask.offset,
            length: ask.length,
            folder: ask.folder,
            follow: ask.follow,
        };
        // SAFETY: the header's contract for `begin`; what is asked lives until it returns.
        let job = unsafe { (self.begin)(self.context, &ask, waiter) };
        if job.is_null() {
            return Err(Fault { why: Why::Limit, words: "there is no memory on this machine for it".to_owned() });
        }
        Ok(Box::new(Begun { job, source: *self, waits }))
    }
}

struct Begun {
    job: *mut c_void,
    source: Source,
    waits: Arc<Waiter>,
}

// SAFETY: as for `Source`.
unsafe impl Send for Begun {}

impl Job for Begun {
    fn found(&mut self) -> Result<Option<Found>, Fault> {
        let none = borrowed(&[]);
        let mut found =
            berth_content_found { kind: 0, size: 0, cid: none, link: none, media_type: none, fault: 0, words: none };
        // SAFETY: the header's contract for `found`.
        match unsafe { (self.source.found)(self.job, &raw mut found) } {
            0 => Ok(None),
            1 => Ok(Some(Found {
                kind: match found.kind {
                    1 => Kind::File,
                    2 => Kind::Directory,
                    3 => Kind::Symlink,
                    _ => Kind::Block,
                },
                size: found.size,
                // SAFETY: the same.
                cid: unsafe { plain(found.cid) },
                // SAFETY: the same.
                link: unsafe { plain(found.link) },
                // SAFETY: the same.
                media_type: unsafe { plain(found.media_type) },
            })),
            // SAFETY: the same.
            _ => Err(unsafe { fault(found.fault, found.words) }),
        }
    }

    fn take(&mut self) -> Result<Taken, Fault> {
        let mut piece = no_piece();
        // SAFETY: the header's contract for `take`.
        match unsafe { (self.source.take)(self.job, &raw mut piece) } {
            0 => Ok(Taken::Later),
            // SAFETY: the same.
            1 => Ok(Taken::Piece(unsafe { bytes(piece.bytes) }.to_vec().into())),
            2 => Ok(Taken::End),
            // SAFETY: the same.
            _ => Err(unsafe { fault(piece.fault, piece.words) }),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let mut piece = no_piece();
        // SAFETY: the header's contract for `write`.
        if unsafe { (self.source.write)(self.job, borrowed(bytes), &raw mut piece) } {
            return Ok(());
        }
        // SAFETY: the same.
        Err(unsafe { fault(piece.fault, piece.words) })
    }

    fn finish(&mut self) {
        // SAFETY: the header's contract for `finish`.
        unsafe { (self.source.finish)(self.job) }
    }

    fn wait(&mut self, waker: &Waker) {
        self.waits.wait(waker);
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        // SAFETY: the header's contract for `end`.
        unsafe { (self.source.end)(self.job) }
    }
}

fn no_piece() -> berth_content_piece {
    berth_content_piece { bytes: borrowed(&[]), fault: 0, words: borrowed(&[]) }
}

/// # Safety
/// The slice's own promise, now.
unsafe fn plain(slice: berth_slice) -> String {
    // SAFETY: the caller's promise.
    String::from_utf8_lossy(unsafe { bytes(slice) }).into_owned()
}

/// # Safety
/// As [`plain`].
unsafe fn fault(why: i32, words: berth_slice) -> Fault {
    let why = match why {
        1 => Why::NotFound,
        2 => Why::Denied,
        3 => Why::Invalid,
        4 => Why::TooLarge,
        6 => Why::Limit,
        _ => Why::Unavailable,
    };
    // SAFETY: the caller's promise.
    Fault { why, words: unsafe { plain(words) } }
}
