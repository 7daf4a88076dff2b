// SPDX-License-Identifier: Apache-2.0
//! The store of a guest: what it holds and draws from, and what its imports are tied to. A crate of its own because the
//! engine's code for those imports is made for this state, once, and takes long to make.

pub mod limits;
pub mod linkers;
pub mod program;
mod state;

pub use state::{Fuel, Metered, State, count_fuel, fill};
