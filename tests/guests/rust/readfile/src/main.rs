// SPDX-License-Identifier: Apache-2.0
//! Prints the file that the first argument names; says why and exits with 1 where it can't.

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: readfile FILE");
        return ExitCode::FAILURE;
    };
    let copied = std::fs::File::open(&path).and_then(|mut file| std::io::copy(&mut file, &mut std::io::stdout()));
    match copied {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("readfile: {path}: {error}");
            ExitCode::FAILURE
        }
    }
}
