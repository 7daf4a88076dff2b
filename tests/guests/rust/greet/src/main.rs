// SPDX-License-Identifier: Apache-2.0
//! Greets whom the first argument names: the smallest program that shows arguments and standard output.

fn main() {
    let name = std::env::args().nth(1).unwrap_or_else(|| "World".into());
    println!("Hello, {name}!");
}
