// SPDX-License-Identifier: Apache-2.0
//! The ends of streams and futures that the program has. A guest's value is taken when the program wants it, and not before:
//! nothing lies in between. All of it is called on the thread that calls the guest.

use crate::waiter::Waiter;
use std::sync::Arc;
use wasmtime::Result;

/// Whoever has the program's ends.
pub trait Channels: Send + Sync {
    /// Where the values go of a stream or a future that the guest gave, by its word; nothing when the program has let go
    /// of it. `waits` is woken when more is wanted.
    fn sink(&self, word: u64, waits: Arc<Waiter>) -> Option<Box<dyn Sink>>;
    /// Where the values come from of one that the program gives. `waits` is woken when there are some.
    fn source(&self, word: u64, waits: Arc<Waiter>) -> Result<Box<dyn Source>>;
}

/// How many values the program wants now.
pub enum Wanted {
    /// It may want some later.
    None,
    Some(usize),
    /// It never will.
    Gone,
}

/// What the program reads. Dropped when the guest, or its instance, has ended it.
pub trait Sink: Send {
    fn wanted(&mut self) -> Wanted;
    /// The words of a list of values, of which there are no more than were wanted; one for a future, wanted or not. They, and
    /// what they point to, are there until this returns.
    fn deliver(&mut self, words: &[u64]) -> Result<()>;
}

/// What there is for a guest that reads.
pub enum Taken {
    /// There may be some later.
    None,
    Some(Box<dyn Values>),
    /// There won't be more.
    End,
}

/// What the program writes. Dropped when the guest, or its instance, reads no more.
pub trait Source: Send {
    /// So many values at most, of `0` none: whether there are some.
    fn take(&mut self, most: usize) -> Result<Taken>;
}

/// Values on their way to a guest.
///
/// # Safety
/// The words are those of a list of so many values of the very type of its stream, and the addresses among them can be read,
/// until it is dropped.
pub unsafe trait Values: Send + Sync {
    fn words(&self) -> &[u64];
    fn count(&self) -> usize;
    /// The guest has them.
    fn delivered(&self);
}
