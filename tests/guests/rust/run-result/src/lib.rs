// SPDX-License-Identifier: Apache-2.0
//! A component whose own `wasi:cli/run` answers `err` where its first argument is `err`, and `ok` otherwise.
//! A program made with the command adapter can't show this: there `run` always answers `ok`, or the program exits.

use wasip2::cli::environment::get_arguments;

struct Runner;

wasip2::cli::command::export!(Runner);

impl wasip2::exports::cli::run::Guest for Runner {
    fn run() -> Result<(), ()> {
        match get_arguments().get(1).map(String::as_str) {
            Some("err") => Err(()),
            _ => Ok(()),
        }
    }
}
