// SPDX-License-Identifier: Apache-2.0
//! Modules at rest: bytes told apart, a core module of preview 1 wrapped into a component, a component
//! described in WIT. Pure: no engine runs here.

#[cfg(feature = "reader")]
mod concurrency;
#[cfg(feature = "reader")]
mod decode;
#[cfg(feature = "reader")]
mod describe;
#[cfg(feature = "reader")]
mod go;
#[cfg(feature = "reader")]
mod heap;
pub mod json;
#[cfg(feature = "reader")]
mod layout;
#[cfg(feature = "reader")]
mod lift;
pub mod name;
#[cfg(feature = "reader")]
mod prepare;
#[cfg(feature = "reader")]
mod preview1;
#[cfg(feature = "reader")]
mod weigh;
#[cfg(feature = "reader")]
mod world;

#[cfg(feature = "reader")]
pub use concurrency::{imports_wasi_0_3, needs_concurrency};
#[cfg(feature = "reader")]
pub use describe::{Description, describe};
#[cfg(feature = "reader")]
pub use prepare::{Form, Prepared, fingerprint, prepare};
#[cfg(feature = "reader")]
pub use weigh::{Weighed, weigh};
#[cfg(feature = "reader")]
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
