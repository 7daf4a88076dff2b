// SPDX-License-Identifier: Apache-2.0
//! Gives the C API's names to a static library.

pub use wasmtime_c_api::*;
