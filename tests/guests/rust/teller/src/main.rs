// SPDX-License-Identifier: Apache-2.0
//! Tells its owner of its work over `berth:activity`, as its arguments say, in WASI 0.2:
//!
//! ```text
//! info TEXT, error TEXT, job       each one event, in this order
//! flood N                          N infos as fast as it can
//! count                            infos 1, 2, 3 … without end: each accepted one is a line of standard output
//! ```
//!
//! What is refused is `KIND: WORDS` on a line, of a flood the first one and how many there were.

wit_bindgen::generate!({ path: "../../../../wit/berth-activity", world: "berth:activity/imports" });

include!("words.rs");

fn main() {
    tell(std::env::args().skip(1));
}
