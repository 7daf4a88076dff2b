// SPDX-License-Identifier: Apache-2.0
//! The smallest sensible program: what the benchmarks of start time run.

fn main() {
    println!("Hello, World!");
}
