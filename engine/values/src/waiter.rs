// SPDX-License-Identifier: Apache-2.0
//! Somebody who waits for the program.

use std::sync::{Mutex, MutexGuard};
use std::task::Waker;

/// Woken from any thread.
#[derive(Default)]
pub struct Waiter(Mutex<Option<Waker>>);

impl Waiter {
    fn place(&self) -> MutexGuard<'_, Option<Waker>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Before it is looked whether there is something to wait for: what comes in between is no less seen.
    pub fn wait(&self, waker: &Waker) {
        *self.place() = Some(waker.clone());
    }

    pub fn wake(&self) {
        let waiting = self.place().take();
        if let Some(waker) = waiting {
            waker.wake();
        }
    }
}
