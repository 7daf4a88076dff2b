// SPDX-License-Identifier: Apache-2.0
//! A running guest: the engine that compiled it, the store it lives in, the limits it draws from, the call
//! that is in it, and the clock tick that makes spinning code answer for its time.

mod alone;
mod arguments;
mod call;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod code_memory;
mod ending;
mod engines;
mod exchange;
mod export;
mod held;
mod imported;
mod instances;
mod lane_clock;
mod live;
mod measure;
mod pace;
mod pause;
mod pool;
mod pulse;
mod quick_clock;
mod results;
mod runtime;
mod service;
mod stack_room;
mod stacks;
mod state;
mod ticker;
mod trial;
mod turn;
mod typed;
mod wit;
mod workers;

use berth_store::limits;

pub use berth_doors::inside::{Brought, Call as InsideCall, Inside};
pub use berth_store::program::{
    Answered as FunctionAnswered, Begun as FunctionBegun, Later as FunctionLater, ProgramFailed, Release,
};
pub use berth_values::{Channels, Given, Receiver, Sink, Source, Taken, Values, Waiter, Wanted};
pub use call::{Call, Ended, Folder, Guest, Outcome, OutputFlags, Target};
pub use engines::{Engines, Kind};
pub use exchange::Answered;
pub use export::Exported;
pub use imported::Functions;
pub use limits::{Budget, GuardsOff, Limit, Meter};
pub use live::Live;
pub use measure::Used;
pub use pace::Canceller;
pub use results::Notation;
pub use runtime::{Module, Needs, Runtime};
pub use service::{Answer, Asked, Overseer, Reuse, Served, Service};
pub use trial::{Probe, Tried};
pub use typed::{Function, Refused};
pub use wasmtime::Result as EngineResult;
pub use wasmtime_wasi::FsPerms as Access;
