// SPDX-License-Identifier: Apache-2.0
//! Asks the host every question of WASI 0.2 that has a documented answer: files, streams, sockets, clocks,
//! command line.
//!
//! `standards-p2 CASE…` runs the named cases, `all` those that can share a process, `--list` prints each name with
//! what it needs after a tab. What follows `--` is for the cases to look at. A case prints `ok NAME` or
//! `FAIL NAME: expected X got Y`; any failure makes the exit status 1, an unknown name makes it 2. What the folders hold
//! is said in `tests/standards/run.py`.

mod alone;
mod check;
mod clocks;
mod command_line;
mod datagrams;
mod files;
mod fixture;
mod flow;
mod mounts;
mod paths;
mod permissions;
mod sockets;
mod streams;
mod writes;

use check::{Case, Need};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).take_while(|argument| argument != "--").collect();
    let cases = all_cases();
    match arguments.first().map(String::as_str) {
        None => misused("usage: standards-p2 --list | all [NEED…] | CASE… [-- ARGUMENT…]"),
        Some("--list") => {
            cases.iter().for_each(|case| println!("{}\t{}", case.name, case.need.word()));
            ExitCode::SUCCESS
        }
        Some("all") => {
            let wanted = |case: &&Case| match arguments.len() {
                1 => case.need != Need::Alone,
                _ => arguments[1..].iter().any(|need| need == case.need.word()),
            };
            run(cases.iter().filter(wanted))
        }
        Some(_) => match arguments.iter().find(|name| !cases.iter().any(|case| case.name == **name)) {
            Some(unknown) => misused(&format!("standards-p2: no case is called {unknown}")),
            None => run(cases.iter().filter(|case| arguments.contains(&case.name))),
        },
    }
}

/// Ends with status 2 by the 0.2 function: the adapter's own way knows only 0 and 1.
fn misused(message: &str) -> ExitCode {
    eprintln!("{message}");
    wasip2::cli::exit::exit_with_code(2);
    unreachable!("exit-with-code does not return")
}

fn all_cases() -> Vec<Case> {
    let rooms = [
        files::cases(),
        writes::cases(),
        paths::cases(),
        mounts::cases(),
        permissions::cases(),
        sockets::cases(),
        datagrams::cases(),
        streams::cases(),
        clocks::cases(),
        command_line::cases(),
        alone::cases(),
    ];
    rooms.into_iter().flatten().collect()
}

fn run<'a>(cases: impl Iterator<Item = &'a Case>) -> ExitCode {
    let mut failed = false;
    for case in cases {
        match (case.run)() {
            Ok(()) => println!("ok {}", case.name),
            Err(mismatch) => {
                failed = true;
                println!("FAIL {}: expected {} got {}", case.name, mismatch.expected, mismatch.got);
            }
        }
    }
    ExitCode::from(failed as u8)
}
