// SPDX-License-Identifier: Apache-2.0
//! What the instances of a service are measured by, and counted in.

use crate::call::{Guest, pulse_of};
use crate::limits::Meter;
use crate::pulse::Pulse;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};

/// What one instance is measured by. It may answer several requests: each is told what was used since the one before.
pub(crate) struct Measure {
    pub pulse: Arc<Pulse>,
    counted: &'static Counted,
    told: Mutex<Used>,
    counters: Arc<Counters>,
}

/// What was used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used {
    pub cpu_ns: u64,
    pub fuel: u64,
    pub sent_bytes: u64,
    pub received_bytes: u64,
}

impl Measure {
    /// Of a guest's instance; its limits are those of the guest's meter.
    pub fn new(guest: &Guest, counters: &Arc<Counters>) -> Arc<Self> {
        let counted = counters.take();
        let pulse = pulse_of(guest, counted.meter(&guest.meter), false);
        Arc::new(Measure { pulse, counted, told: Mutex::default(), counters: counters.clone() })
    }

    /// Since this was asked the last time.
    pub fn used(&self) -> Used {
        let now = self.counted.now();
        let mut told = self.told.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let before = std::mem::replace(&mut *told, now);
        Used {
            cpu_ns: now.cpu_ns - before.cpu_ns,
            fuel: now.fuel - before.fuel,
            sent_bytes: now.sent_bytes - before.sent_bytes,
            received_bytes: now.received_bytes - before.received_bytes,
        }
    }
}

impl Drop for Measure {
    fn drop(&mut self) {
        self.counters.put_back(self.counted);
    }
}

/// Sets of counters. An instance has one for itself, whose address stays the same as long as this process lives; there are
/// as many as there were instances at once.
#[derive(Default)]
pub(crate) struct Counters(Mutex<Vec<&'static Counted>>);

#[derive(Default)]
struct Counted {
    cpu_used_ns: AtomicU64,
    cpu_throttled_ns: AtomicU64,
    fuel_used: AtomicU64,
    sent_bytes: AtomicU64,
    received_bytes: AtomicU64,
    connections: AtomicU64,
}

impl Counters {
    fn take(&self) -> &'static Counted {
        self.free().pop().unwrap_or_else(|| Box::leak(Box::default()))
    }

    fn put_back(&self, counted: &'static Counted) {
        counted.clear();
        self.free().push(counted);
    }

    fn free(&self) -> MutexGuard<'_, Vec<&'static Counted>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Counted {
    fn now(&self) -> Used {
        Used {
            cpu_ns: self.cpu_used_ns.load(Relaxed),
            fuel: self.fuel_used.load(Relaxed),
            sent_bytes: self.sent_bytes.load(Relaxed),
            received_bytes: self.received_bytes.load(Relaxed),
        }
    }

    fn clear(&self) {
        let Counted { cpu_used_ns, cpu_throttled_ns, fuel_used, sent_bytes, received_bytes, connections } = self;
        for number in [cpu_used_ns, cpu_throttled_ns, fuel_used, sent_bytes, received_bytes, connections] {
            number.store(0, Relaxed);
        }
    }

    /// With the limits of `given`.
    fn meter(&'static self, given: &Meter) -> Meter {
        Meter {
            cpu_used_ns: &self.cpu_used_ns,
            cpu_throttled_ns: &self.cpu_throttled_ns,
            fuel_used: &self.fuel_used,
            net_sent_bytes: &self.sent_bytes,
            net_received_bytes: &self.received_bytes,
            connections: &self.connections,
            ..*given
        }
    }
}
