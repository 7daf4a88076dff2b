// SPDX-License-Identifier: Apache-2.0
//! What a guest draws from. The numbers live in C++ (`berth_budget`, `berth_meter`), which owns and reads
//! them; here they only go down. When one runs dry the draw fails and the call ends.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use wasmtime::{Error, ResourceLimiter, Result};

/// Which limit ended a call. The numbers are the C ABI's (`berth_limit`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Limit {
    Memory = 1,
    CpuTime = 2,
    Wall = 3,
    Fuel = 4,
    Handles = 5,
    Stack = 6,
    HostBuffers = 7,
    /// As many as this process has places for: of no one module.
    Places = 8,
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "limit {self:?}")
    }
}

impl std::error::Error for Limit {}

/// Guards that a hostile test has turned off, as bits. Always empty in a release.
#[derive(Clone, Copy, Default)]
pub struct GuardsOff(pub u64);

impl GuardsOff {
    pub const MEMORY: u64 = 1 << 0;
    pub const CPU_TIME: u64 = 1 << 1;
    pub const WALL: u64 = 1 << 2;
    pub const HANDLES: u64 = 1 << 3;
    pub const STACK: u64 = 1 << 4;
    pub const HOST_BUFFERS: u64 = 1 << 5;
    pub const CONFINEMENT: u64 = 1 << 6;
    pub const TABLES: u64 = 1 << 7;
    pub const STDOUT: u64 = 1 << 8;
    pub const PHANTOM: u64 = 1 << 9;
    pub const READ_ONLY: u64 = 1 << 10;
    pub const CROSS_GRANT: u64 = 1 << 11;
    pub const SPECIAL_FILES: u64 = 1 << 12;
    pub const NETWORK: u64 = 1 << 14;
    pub const CPU_SHARE: u64 = 1 << 15;
    /// What ends an instance that may answer several requests: a fall, a limit, what it leaves behind.
    pub const AGAIN: u64 = 1 << 23;
    pub const CONTENT_OPEN: u64 = 1 << 25;
    pub const CONTENT_MEMORY: u64 = 1 << 26;
    /// No guard, but a failure of ours that a test asks for.
    pub const PANIC: u64 = 1 << 13;
    /// No guard either: connections to servers wait for their next request for a moment, so that a test sees them go.
    pub const BRIEF_IDLE: u64 = 1 << 16;

    pub fn has(self, guard: u64) -> bool {
        cfg!(feature = "test-switches") && self.0 & guard != 0
    }
}

/// Memory of one module, all its instances together. Borrowed from C++; outlives every call that draws.
#[derive(Clone, Copy)]
pub struct Budget {
    pub limit: u64,
    pub used: &'static AtomicU64,
    pub peak: &'static AtomicU64,
    /// How many draws were refused, and the size that the last one asked for.
    pub refused: &'static AtomicU64,
    pub refused_bytes: &'static AtomicU64,
}

impl Budget {
    pub fn draw(&self, bytes: u64) -> bool {
        let drawn = self
            .used
            .fetch_update(Relaxed, Relaxed, |used| used.checked_add(bytes).filter(|total| *total <= self.limit));
        match drawn {
            Ok(before) => {
                self.peak.fetch_max(before + bytes, Relaxed);
                true
            }
            Err(used) => {
                self.refused.fetch_add(1, Relaxed);
                self.refused_bytes.store(used.saturating_add(bytes), Relaxed);
                false
            }
        }
    }

    pub fn give_back(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Relaxed);
    }
}

/// What the host holds for a guest's connections is the module's memory too.
impl berth_doors::account::Funds for Budget {
    fn draw(&self, bytes: u64) -> bool {
        Budget::draw(self, bytes)
    }

    fn give_back(&self, bytes: u64) {
        Budget::give_back(self, bytes);
    }
}

/// Time of one call, and what it used of the CPU and the network. Borrowed from C++ like [`Budget`]. A limit of 0 is none.
#[derive(Clone, Copy)]
pub struct Meter {
    pub cpu_limit_ns: u64,
    pub cpu_used_ns: &'static AtomicU64,
    /// How long the guest rested for its module's share.
    pub cpu_throttled_ns: &'static AtomicU64,
    pub wall_limit_ns: u64,
    pub fuel_limit: u64,
    pub fuel_used: &'static AtomicU64,
    pub net_sent_bytes: &'static AtomicU64,
    pub net_received_bytes: &'static AtomicU64,
    pub connections: &'static AtomicU64,
}

/// Bytes behind one table element: a pointer, in every kind of table that the engine has.
const TABLE_ELEMENT: u64 = 8;

/// Draws one store's memories, tables and GC heaps from the module's budget, and gives back what the store
/// still holds when it goes.
pub struct Draws {
    budget: Budget,
    guards_off: GuardsOff,
    held: u64,
    /// The last draw, which is undone if the growth then fails for another reason.
    last: u64,
}

impl Draws {
    pub fn new(budget: Budget, guards_off: GuardsOff) -> Self {
        Draws { budget, guards_off, held: 0, last: 0 }
    }

    /// Draws what the instances take, once, before they are made.
    pub fn instances(&mut self, bytes: u64) -> Result<()> {
        match self.grow(bytes, GuardsOff::MEMORY) {
            true => Ok(()),
            false => Err(Limit::Memory.into()),
        }
    }

    /// Bytes that are drawn now.
    pub fn held(&self) -> u64 {
        self.held
    }

    fn grow(&mut self, more: u64, guard: u64) -> bool {
        if self.guards_off.has(guard) {
            return true;
        }
        let drawn = self.budget.draw(more);
        self.last = if drawn { more } else { 0 };
        self.held += self.last;
        drawn
    }

    fn undo(&mut self) {
        self.budget.give_back(self.last);
        self.held -= self.last;
        self.last = 0;
    }
}

impl Drop for Draws {
    fn drop(&mut self) {
        self.budget.give_back(self.held);
    }
}

impl ResourceLimiter for Draws {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        // Past the memory's own maximum the engine refuses by itself: nothing is drawn for it.
        if maximum.is_some_and(|maximum| desired > maximum) {
            self.last = 0;
            return Ok(true);
        }
        Ok(self.grow((desired - current) as u64, GuardsOff::MEMORY))
    }

    fn memory_grow_failed(&mut self, _error: Error) -> Result<()> {
        self.undo();
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            self.last = 0;
            return Ok(true);
        }
        Ok(self.grow(((desired - current) as u64).saturating_mul(TABLE_ELEMENT), GuardsOff::TABLES))
    }

    fn table_grow_failed(&mut self, _error: Error) -> Result<()> {
        self.undo();
        Ok(())
    }
}
