// SPDX-License-Identifier: Apache-2.0
//! Knocks on three doors, as far as it is told to: reads a file, fetches a URL, talks over a socket.
//!
//! `tour [--file PATH] [--url URL] [--tcp HOST:PORT]` prints one line a step, `STEP: …`, or `STEP: error CODE` with
//! WASI's name of the error. The status is 1 if any step failed. The file is opened by Rust's own library, the other
//! two by WASI's interfaces of 0.2.

mod fetch;
mod socket;

use std::process::ExitCode;

/// What a step says when it has worked, or the name of its error.
pub type Told = Result<String, String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut failed = false;
    for pair in arguments.chunks(2) {
        let [step, target] = pair else { return usage() };
        let told = match step.as_str() {
            "--file" => read_file(target),
            "--url" => fetch::get(target),
            "--tcp" => socket::ask(target),
            _ => return usage(),
        };
        failed |= told.is_err();
        let words = told.unwrap_or_else(|code| format!("error {code}"));
        println!("{}: {words}", step.trim_start_matches('-'));
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn usage() -> ExitCode {
    eprintln!("usage: tour [--file PATH] [--url URL] [--tcp HOST:PORT]");
    ExitCode::from(2)
}

fn read_file(path: &str) -> Told {
    match std::fs::read(path) {
        Ok(bytes) => Ok(format!("{} bytes", bytes.len())),
        Err(error) => Err(file_error(&error)),
    }
}

/// The library gives preview 1's number; these are the names that 0.2 has for what a door answers.
fn file_error(error: &std::io::Error) -> String {
    match error.raw_os_error() {
        Some(2) => "access".into(),
        Some(31) => "is-directory".into(),
        Some(44) => "no-entry".into(),
        Some(63) => "not-permitted".into(),
        _ => error.to_string(),
    }
}

/// `ErrorCode::AccessDenied` and the like, as WIT spells it: `access-denied`.
pub fn wit_name(error: &impl std::fmt::Debug) -> String {
    let text = format!("{error:?}");
    let word = text.rsplit("::").next().unwrap_or(&text);
    let mut name = String::new();
    for letter in word.chars().take_while(|letter| letter.is_alphanumeric()) {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.extend(letter.to_lowercase());
    }
    name
}
