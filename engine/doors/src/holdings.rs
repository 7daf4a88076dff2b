// SPDX-License-Identifier: Apache-2.0
//! Which of a guest's sockets hold which slots, by the number that a socket has in the guest's table.
//!
//! A connection that comes in gets its slot before the guest can see its socket, so for a moment the slot is nobody's:
//! it lies in `accepted`, and is the socket's as soon as that is used.

use crate::connections::Slot;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

#[derive(Default)]
pub struct Holdings {
    slots: HashMap<u32, Arc<Slot>>,
    accepted: Vec<Slot>,
    /// Sockets of 0.2 that listen: each has one connection at most that isn't a socket yet.
    listeners: HashSet<u32>,
    /// A stream of connections, as 0.3 has it, hides how many are on their way.
    streams: bool,
}

impl Holdings {
    pub fn keep(&mut self, socket: u32, slot: Slot) {
        self.slots.insert(socket, Arc::new(slot));
    }

    /// A connection has come in.
    pub fn accept(&mut self, slot: Slot) {
        self.accepted.push(slot);
    }

    /// Whether a slot lies here of a listener that went before it handed its connection over.
    pub fn has_orphan(&self) -> bool {
        !self.streams && !self.accepted.is_empty() && self.accepted.len() >= self.listeners.len()
    }

    /// The slot of a socket that is connected.
    pub fn slot(&mut self, socket: u32) -> Option<Arc<Slot>> {
        if !self.slots.contains_key(&socket) {
            let slot = self.accepted.pop()?;
            self.keep(socket, slot);
        }
        self.slots.get(&socket).cloned()
    }

    pub fn listens(&mut self, socket: u32) {
        self.listeners.insert(socket);
    }

    pub fn listens_by_stream(&mut self) {
        self.streams = true;
    }

    /// The socket is no more, or couldn't connect.
    pub fn release(&mut self, socket: u32) {
        self.slots.remove(&socket);
        if self.listeners.remove(&socket) && !self.streams {
            self.accepted.truncate(self.listeners.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connections::Connections;

    #[test]
    fn what_a_listener_had_not_handed_over_goes_with_the_last_one() {
        let connections = Connections::new(Some(10), None);
        let slot = || connections.try_slot().unwrap();
        let mut holdings = Holdings::default();
        for listener in [1, 2] {
            holdings.keep(listener, slot());
            holdings.listens(listener);
        }
        holdings.accept(slot());
        assert!(!holdings.has_orphan(), "it may be the other listener's");
        holdings.release(1);
        assert!(holdings.has_orphan());
        holdings.release(2);
        assert_eq!(connections.used().open, 0);
    }

    #[test]
    fn an_accepted_slot_is_its_sockets_and_lives_as_long_as_anything_of_it() {
        let connections = Connections::new(Some(10), None);
        let mut holdings = Holdings::default();
        holdings.accept(connections.try_slot().unwrap());
        let stream = holdings.slot(7);
        assert!(stream.is_some() && holdings.slot(8).is_none());
        holdings.release(7);
        assert_eq!(connections.used().open, 1);
        drop(stream);
        assert_eq!(connections.used().open, 0);
    }
}
