// SPDX-License-Identifier: Apache-2.0
//! Modules at rest: bytes told apart, a core module of preview 1 wrapped into a component, a component
//! described in WIT. Pure: no engine runs here.

mod concurrency;
mod describe;
mod go;
mod heap;
pub mod json;
mod layout;
mod lift;
pub mod name;
mod prepare;
mod preview1;
mod weigh;
mod world;

pub use concurrency::{imports_wasi_0_3, needs_concurrency};
pub use describe::{Description, describe};
pub use prepare::{Form, Prepared, fingerprint, prepare};
pub use weigh::{Weighed, weigh};
pub use world::world;

/// Why bytes are no module that this host runs: what they are, then what to do.
#[derive(Debug)]
pub struct Refusal(pub String);

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}
