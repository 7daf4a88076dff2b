// SPDX-License-Identifier: Apache-2.0
//! Writes `berth_engine.h` from the ABI crate's sources, or checks that the one in the tree is what it would
//! write. `make header` and `make lint` run it.

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: berth-header --write | --check

  --write   write engine/abi/include/berth_engine.h from engine/abi/src
  --check   fail, with the first line that differs, unless the header is what --write would write";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let result = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--write"] => generate().and_then(|text| write(&text)),
        ["--check"] => generate().and_then(|text| check(&text)),
        ["--help"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn abi() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../abi"))
}

fn header() -> std::path::PathBuf {
    abi().join("include/berth_engine.h")
}

/// The header's text. The types come first, then the functions, each in the order of its source.
fn generate() -> Result<String, String> {
    let config = cbindgen::Config::from_file(abi().join("cbindgen.toml"))?;
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(abi().join("src/types.rs"))
        .with_src(abi().join("src/lib.rs"))
        .generate()
        .map_err(|e| format!("reading engine/abi/src: {e}"))?;
    let mut text = Vec::new();
    bindings.write(&mut text);
    let text = String::from_utf8(text).map_err(|e| format!("the header is not UTF-8: {e}"))?;
    Ok(tidy(&text))
}

/// Leaves out the headings of Rust's documentation, with the empty comment line before each.
fn tidy(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.trim().lines().map(str::trim_end) {
        if line.trim() != "/// # Safety" {
            lines.push(line);
        } else if lines.last().is_some_and(|last| last.trim() == "///") {
            lines.pop();
        }
    }
    lines.join("\n") + "\n"
}

fn write(text: &str) -> Result<(), String> {
    let path = header();
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    if old == text {
        return Ok(());
    }
    std::fs::write(&path, text).map_err(|e| format!("writing {}: {e}", path.display()))
}

fn check(text: &str) -> Result<(), String> {
    let path = header();
    let old = std::fs::read_to_string(&path).map_err(|e| format!("reading {}: {e}", path.display()))?;
    if old == text {
        return Ok(());
    }
    let line = 1 + old.lines().zip(text.lines()).take_while(|(a, b)| a == b).count();
    Err(format!("engine/abi/include/berth_engine.h:{line}: not what engine/abi/src says: run `make header`"))
}
