// SPDX-License-Identifier: Apache-2.0
//! The WIT that a component's types amount to.

use std::panic::{AssertUnwindSafe, catch_unwind};
use wit_parser::decoding::DecodedWasm;

/// The types of a component, or of a package of WIT. Components may have types that WIT has no words for, such as a
/// function with an interface's name, and wit-parser panics at some of these: an error here, as for those that it refuses.
pub fn decode(binary: &[u8]) -> Result<DecodedWasm, String> {
    match catch_unwind(AssertUnwindSafe(|| wit_parser::decoding::decode(binary))) {
        Ok(decoded) => decoded.map_err(|e| format!("{e:#}")),
        Err(_) => Err("WIT has no words for them: build the component from a world of WIT".to_owned()),
    }
}
