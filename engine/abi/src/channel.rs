// SPDX-License-Identifier: Apache-2.0
//! C++'s ends of streams and futures.

use crate::berth_waiter;
use crate::boundary::{Failure, INTERNAL};
use crate::types::{berth_channels, berth_values};
use ::berth_guest::{Channels, EngineResult as Result, ProgramFailed, Sink, Source, Taken, Values, Waiter, Wanted};
use core::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

type End = unsafe extern "C" fn(*mut c_void);
type Find = unsafe extern "C" fn(*mut c_void, u64, *mut berth_waiter) -> *mut c_void;

/// As C++ has them, all there.
#[derive(Clone, Copy)]
pub(crate) struct Ends {
    context: *mut c_void,
    sink: Find,
    wanted: unsafe extern "C" fn(*mut c_void) -> i64,
    deliver: unsafe extern "C" fn(*mut c_void, *const u64, usize) -> bool,
    sink_end: End,
    source: Find,
    take: unsafe extern "C" fn(*mut c_void, usize, *mut berth_values) -> i32,
    values_end: unsafe extern "C" fn(*mut c_void, bool),
    source_end: End,
}

// SAFETY: the header says on which thread they are called: the one that calls the instance.
unsafe impl Send for Ends {}
// SAFETY: the same.
unsafe impl Sync for Ends {}

impl Ends {
    pub fn read(channels: &berth_channels, context: *mut c_void) -> std::result::Result<Self, Failure> {
        let all = || {
            Some(Ends {
                context,
                sink: channels.sink?,
                wanted: channels.wanted?,
                deliver: channels.deliver?,
                sink_end: channels.sink_end?,
                source: channels.source?,
                take: channels.take?,
                values_end: channels.values_end?,
                source_end: channels.source_end?,
            })
        };
        all().ok_or_else(|| Failure::new(INTERNAL, "a program needs all that its streams are asked with"))
    }

    fn find(&self, find: Find, word: u64, waits: Arc<Waiter>) -> Option<Place> {
        let waiter = Box::into_raw(Box::new(berth_waiter(waits)));
        // SAFETY: the header's contract for `sink` and `source`.
        let found = unsafe { find(self.context, word, waiter) };
        (!found.is_null()).then_some(Place { ends: *self, found })
    }
}

/// What C++ knows one end by.
struct Place {
    ends: Ends,
    found: *mut c_void,
}

// SAFETY: as for `Ends`.
unsafe impl Send for Place {}

impl Channels for Ends {
    fn sink(&self, word: u64, waits: Arc<Waiter>) -> Option<Box<dyn Sink>> {
        self.find(self.sink, word, waits).map(|place| Box::new(ReadBy(place)) as _)
    }

    fn source(&self, word: u64, waits: Arc<Waiter>) -> Result<Box<dyn Source>> {
        let found = self.find(self.source, word, waits);
        let found = found.ok_or_else(|| ProgramFailed("the program gave a stream twice".to_owned()))?;
        Ok(Box::new(WrittenBy(found)))
    }
}

struct ReadBy(Place);

impl Sink for ReadBy {
    fn wanted(&mut self) -> Wanted {
        // SAFETY: the header's contract for `wanted`.
        match unsafe { (self.0.ends.wanted)(self.0.found) } {
            0 => Wanted::None,
            most => usize::try_from(most).map_or(Wanted::Gone, Wanted::Some),
        }
    }

    fn deliver(&mut self, words: &[u64]) -> Result<()> {
        // SAFETY: the header's contract for `deliver`.
        let delivered = unsafe { (self.0.ends.deliver)(self.0.found, words.as_ptr(), words.len()) };
        if delivered { Ok(()) } else { Err(refused().into()) }
    }
}

impl Drop for ReadBy {
    fn drop(&mut self) {
        // SAFETY: the header's contract for `sink_end`.
        unsafe { (self.0.ends.sink_end)(self.0.found) }
    }
}

struct WrittenBy(Place);

impl Source for WrittenBy {
    fn take(&mut self, most: usize) -> Result<Taken> {
        let mut values = berth_values { words: std::ptr::null(), len: 0, count: 0, values: std::ptr::null_mut() };
        // SAFETY: the header's contract for `take`.
        let taken = unsafe { (self.0.ends.take)(self.0.found, most, &raw mut values) };
        Ok(match taken {
            0 => Taken::None,
            1 => {
                Taken::Some(Box::new(Batch { values, end: self.0.ends.values_end, delivered: AtomicBool::new(false) }))
            }
            2 => Taken::End,
            _ => return Err(refused().into()),
        })
    }
}

impl Drop for WrittenBy {
    fn drop(&mut self) {
        // SAFETY: the header's contract for `source_end`.
        unsafe { (self.0.ends.source_end)(self.0.found) }
    }
}

struct Batch {
    values: berth_values,
    end: unsafe extern "C" fn(*mut c_void, bool),
    delivered: AtomicBool,
}

// SAFETY: as for `Ends`.
unsafe impl Send for Batch {}
// SAFETY: the same; words are only read.
unsafe impl Sync for Batch {}

// SAFETY: the header's contract for `take`.
unsafe impl Values for Batch {
    fn words(&self) -> &[u64] {
        if self.values.len == 0 {
            return &[];
        }
        // SAFETY: the same.
        unsafe { std::slice::from_raw_parts(self.values.words, self.values.len) }
    }

    fn count(&self) -> usize {
        self.values.count
    }

    fn delivered(&self) {
        self.delivered.store(true, Relaxed);
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        if !self.values.values.is_null() {
            // SAFETY: the header's contract for `values_end`.
            unsafe { (self.end)(self.values.values, *self.delivered.get_mut()) }
        }
    }
}

fn refused() -> ProgramFailed {
    ProgramFailed("what goes through a stream can't: it holds what is another instance's, or too much".to_owned())
}
