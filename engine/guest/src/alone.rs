// SPDX-License-Identifier: Apache-2.0
//! The guest that has the process for itself. Nothing in its code asks for the time, so a limit of time can't make it
//! return: the tick notices, reports the call's end while the guest is still at it, and the process ends. A guest that
//! has to rest is made to by a signal.

use crate::pause;
use crate::pulse::{End, Pulse};
use crate::ticker::PERIOD;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Alone {
    watched: Mutex<Option<Watched>>,
}

struct Watched {
    pulse: Arc<Pulse>,
    /// Reports the end, unless the call has been reported.
    report: Box<dyn Fn(End) + Send>,
    /// Which poll of the guest was going on when its time was seen to be up.
    late_in: Option<u64>,
}

impl Alone {
    /// Watches this call, in place of the one before.
    pub fn watch(&self, pulse: Arc<Pulse>, report: impl Fn(End) + Send + 'static) {
        *self.lock() = Some(Watched { pulse, report: Box::new(report), late_in: None });
    }

    /// Once this has returned the call is looked at no more: what C++ lent it may go.
    pub fn forget(&self, pulse: &Arc<Pulse>) {
        let mut watched = self.lock();
        if watched.as_ref().is_some_and(|watched| Arc::ptr_eq(&watched.pulse, pulse)) {
            *watched = None;
        }
    }

    /// Called with every tick, while a guest runs. Gives how long it may be until the next.
    pub fn look(&self) -> Duration {
        let mut watched = self.lock();
        let Some(Watched { pulse, report, late_in }) = watched.as_mut() else { return PERIOD };
        let Some((poll, end)) = pulse.overdue() else {
            *late_in = None;
            return pulse.hold();
        };
        pause::wake();
        // Between two polls the lane notices by itself, and the guest's store can go in order: it gets one tick.
        if *late_in == Some(poll) {
            report(end);
            *watched = None;
        } else {
            *late_in = Some(poll);
        }
        PERIOD
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Watched>> {
        self.watched.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
