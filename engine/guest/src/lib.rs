// SPDX-License-Identifier: Apache-2.0
//! A running guest: the engine that compiled it, the store it lives in, the limits it draws from, the call
//! that is in it, and the clock tick that makes spinning code answer for its time.

mod alone;
mod call;
mod engines;
mod limits;
mod linkers;
mod runtime;
mod stacks;
mod state;
mod ticker;

pub use call::{Call, Ended, Guest, Outcome, OutputFlags};
pub use engines::{Engines, Kind};
pub use limits::{Budget, GuardsOff, Limit, Meter};
pub use runtime::{Module, Needs, Runtime};
pub use wasmtime_wasi::FsPerms as Access;
