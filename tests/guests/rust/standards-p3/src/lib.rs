// SPDX-License-Identifier: Apache-2.0
//! Asks the host every question of WASI 0.3 that has a documented answer. What is asked, and how, `standards-p2` says:
//! the cases of files are its own, in its words (`words-of-0-2`); streams, sockets, clocks and the command line are asked
//! here.
//!
//! Rust's standard library prints through preview 1, so that this is a module of 0.2 and 0.3 at once.

mod alone;
#[path = "../../standards-p2/src/check.rs"]
mod check;
mod clocks;
mod command_line;
mod datagrams;
#[path = "../../standards-p2/src/files.rs"]
mod files;
#[path = "../../standards-p2/src/fixture.rs"]
mod fixture;
#[path = "../../standards-p2/src/mounts.rs"]
mod mounts;
#[path = "../../standards-p2/src/paths.rs"]
mod paths;
#[path = "../../standards-p2/src/permissions.rs"]
mod permissions;
mod sockets;
mod streams;
#[path = "../../standards-p2/src/writes.rs"]
mod writes;

use check::{Case, Need};
use wasip3::cli::{environment, exit};

struct Standards;

wasip3::cli::command::export!(Standards);

impl wasip3::exports::cli::run::Guest for Standards {
    async fn run() -> Result<(), ()> {
        let arguments: Vec<String> =
            environment::get_arguments().into_iter().skip(1).take_while(|argument| argument != "--").collect();
        let cases = all_cases();
        match arguments.first().map(String::as_str) {
            None => misused("usage: standards-p3 --list | all [NEED…] | CASE… [-- ARGUMENT…]"),
            Some("--list") => {
                cases.iter().for_each(|case| println!("{}\t{}", case.name, case.need.word()));
                Ok(())
            }
            Some("all") => {
                let wanted = |case: &&Case| match arguments.len() {
                    1 => case.need != Need::Alone,
                    _ => arguments[1..].iter().any(|need| need == case.need.word()),
                };
                run(cases.iter().filter(wanted))
            }
            Some(_) => match arguments.iter().find(|name| !cases.iter().any(|case| case.name == **name)) {
                Some(unknown) => misused(&format!("standards-p3: no case is called {unknown}")),
                None => run(cases.iter().filter(|case| arguments.contains(&case.name))),
            },
        }
    }
}

fn misused(message: &str) -> Result<(), ()> {
    eprintln!("{message}");
    exit::exit_with_code(2);
    unreachable!("exit-with-code does not return")
}

/// Cases of 0.2 that 0.3 answers otherwise: its own are in `streams`.
const OTHERWISE: [&str; 1] = ["read:bad-descriptor:directory"];

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
    rooms.into_iter().flatten().filter(|case| !OTHERWISE.contains(&case.name.as_str())).collect()
}

fn run<'a>(cases: impl Iterator<Item = &'a Case>) -> Result<(), ()> {
    let mut outcome = Ok(());
    for case in cases {
        match (case.run)() {
            Ok(()) => println!("ok {}", case.name),
            Err(mismatch) => {
                outcome = Err(());
                println!("FAIL {}: expected {} got {}", case.name, mismatch.expected, mismatch.got);
            }
        }
    }
    outcome
}
