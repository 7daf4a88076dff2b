// SPDX-License-Identifier: Apache-2.0
//! The exports for a module's network: what all its calls together may send, receive and have open.

use crate::types::{berth_connections, berth_network_limits};
use berth_doors::day::DayKeeper;
use berth_doors::traffic::{Bounds, Traffic, Way};
use core::ffi::c_void;
use std::sync::Arc;

/// One module's network. Any thread.
pub struct berth_traffic(pub(crate) Arc<Traffic>);

/// C++'s side of a module's day. C++ keeps what `context` points to alive until the day is closed.
struct Callbacks {
    draw: unsafe extern "C" fn(*mut c_void, bool, u64) -> u64,
    give_back: unsafe extern "C" fn(*mut c_void, bool, u64),
    context: *mut c_void,
}

// SAFETY: the header demands that both functions can be called, with the context, on any thread.
unsafe impl Send for Callbacks {}
// SAFETY: the same.
unsafe impl Sync for Callbacks {}

impl DayKeeper for Callbacks {
    fn draw(&self, way: Way, bytes: u64) -> u64 {
        // SAFETY: the header's contract.
        unsafe { (self.draw)(self.context, way == Way::Out, bytes) }
    }

    fn give_back(&self, way: Way, bytes: u64) {
        // SAFETY: the header's contract.
        unsafe { (self.give_back)(self.context, way == Way::Out, bytes) }
    }
}

/// One module's network, with its limits. *Own* the result. Any thread.
///
/// # Safety
/// *Borrow* `limits`; what it says of its members holds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_traffic_new(limits: *const berth_network_limits) -> *mut berth_traffic {
    // SAFETY: the caller's promise.
    let limits = unsafe { &*limits };
    let some = |number: u64| (number != 0).then_some(number);
    let day = match (limits.draw, limits.give_back) {
        (Some(draw), Some(give_back)) => Some(Callbacks { draw, give_back, context: limits.context }),
        _ => None,
    };
    let bounds = Bounds {
        bytes_per_second: some(limits.bytes_per_second),
        connections: some(limits.connections),
        connections_a_minute: some(limits.connections_a_minute),
        day: day.map(|day| Box::new(day) as Box<dyn DayKeeper>),
    };
    Box::into_raw(Box::new(berth_traffic(Traffic::new(bounds))))
}

/// What was open, and what was refused. *Borrow* `traffic`. Any thread.
///
/// # Safety
/// `traffic` came from `berth_traffic_new` and hasn't been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_traffic_connections(traffic: *const berth_traffic) -> berth_connections {
    // SAFETY: the caller's promise.
    let used = unsafe { &*traffic }.0.connections.used();
    berth_connections {
        open: used.open,
        peak: used.peak,
        refused: used.refused,
        most_in_a_minute: used.most_in_a_minute,
        refused_for_rate: used.refused_for_rate,
    }
}

/// Takes bytes that have come for the module on a connection of berth's own. Gives the nanoseconds to wait before more
/// comes; -1 where the day has none left. *Borrow* `traffic`. Any thread.
///
/// # Safety
/// `traffic` came from `berth_traffic_new` and hasn't been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_traffic_receive(traffic: *const berth_traffic, bytes: u64) -> i64 {
    // SAFETY: the caller's promise.
    let wait = unsafe { &*traffic }.0.receive(usize::try_from(bytes).unwrap_or(usize::MAX));
    wait.map_or(-1, |wait| i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX))
}

/// Gives back what was drawn of the day and not used; what still wants to draw finds nothing left, and neither callback
/// is called again. *Borrow* `traffic`. Any thread.
///
/// # Safety
/// `traffic` came from `berth_traffic_new` and hasn't been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_traffic_close_day(traffic: *const berth_traffic) {
    // SAFETY: the caller's promise.
    if let Some(day) = &unsafe { &*traffic }.0.day {
        day.close();
    }
}

/// Closes the day. *Own* `traffic`; null is fine. Calls that were lent it go on with the rest of it.
///
/// # Safety
/// `traffic` came from `berth_traffic_new` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_traffic_free(traffic: *mut berth_traffic) {
    if !traffic.is_null() {
        // SAFETY: the caller's promise.
        unsafe { berth_traffic_close_day(traffic) };
        // SAFETY: the same.
        drop(unsafe { Box::from_raw(traffic) });
    }
}
