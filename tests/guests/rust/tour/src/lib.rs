// SPDX-License-Identifier: Apache-2.0
//! Knocks on three doors, as far as it is told to: reads a file, fetches a URL, talks over a socket.
//!
//! `tour [--file PATH] [--url URL] [--tcp HOST:PORT]` prints one line a step, `STEP: …`, or `STEP: error CODE` with
//! WASI's name of the error. The status is 1 if any step failed. The file is opened by Rust's own library, the other
//! two by WASI's interfaces of 0.2.

mod fetch;
mod socket;

/// What a step says when it has worked, or the name of its error.
pub type Told = Result<String, String>;

struct Tour;

wasip2::cli::command::export!(Tour);

impl wasip2::exports::cli::run::Guest for Tour {
    fn run() -> Result<(), ()> {
        let arguments: Vec<String> = wasip2::cli::environment::get_arguments().into_iter().skip(1).collect();
        let mut done = Ok(());
        for pair in arguments.chunks(2) {
            let [step, target] = pair else { return Err(usage()) };
            let told = match step.as_str() {
                "--file" => read_file(target),
                "--url" => fetch::get(target),
                "--tcp" => socket::ask(target),
                _ => return Err(usage()),
            };
            done = done.and(told.as_ref().map(|_| ()).map_err(|_| ()));
            let words = told.unwrap_or_else(|code| format!("error {code}"));
            println!("{}: {words}", step.trim_start_matches('-'));
        }
        done
    }
}

fn usage() {
    eprintln!("usage: tour [--file PATH] [--url URL] [--tcp HOST:PORT]");
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
