// SPDX-License-Identifier: Apache-2.0
//! Makes components of core modules, and the bindings of guests in C++ and Go.
//!
//! `componentize command|reactor IN.wasm OUT.wasm`: *command* for a program with `_start`, which becomes the
//! export `wasi:cli/run`; *reactor* for a library whose bindings say themselves what it exports.
//! `componentize bindings c|go WIT WORLD FOLDER`: bindings for the world of a folder of WIT, into a folder.
//! `componentize describe WIT WORLD IN.wasm OUT.wasm`: puts the world into a core module whose bindings don't.

mod bindings;

use std::process::ExitCode;
use wasi_preview1_component_adapter_provider as adapters;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["bindings", language, wit, world, folder] => bindings::generate(language, wit, world, folder),
        ["describe", wit, world, input, output] => describe(wit, world, input, output),
        [kind, input, output] => componentize(kind, input, output),
        _ => {
            eprintln!("usage: componentize command|reactor IN.wasm OUT.wasm");
            eprintln!("       componentize bindings c|go WIT WORLD FOLDER");
            eprintln!("       componentize describe WIT WORLD IN.wasm OUT.wasm");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("componentize: {message}");
            ExitCode::FAILURE
        }
    }
}

fn componentize(kind: &str, input: &str, output: &str) -> Result<(), String> {
    let adapter = match kind {
        "command" => adapters::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
        "reactor" => adapters::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
        _ => return Err(format!("unknown adapter {kind:?}: it is command or reactor")),
    };
    let module = std::fs::read(input).map_err(|error| format!("{input}: {error}"))?;
    let component = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|encoder| encoder.adapter(adapters::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapter))
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| format!("{input}: {error:#}"))?;
    std::fs::write(output, component).map_err(|error| format!("{output}: {error}"))
}

fn describe(wit: &str, world: &str, input: &str, output: &str) -> Result<(), String> {
    let mut module = std::fs::read(input).map_err(|error| format!("{input}: {error}"))?;
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit).map_err(|error| format!("{wit}: {error:#}"))?;
    let id = resolve.select_world(&[package], Some(world)).map_err(|error| format!("{wit}: {error:#}"))?;
    embed_component_metadata(&mut module, &resolve, id, StringEncoding::UTF8)
        .map_err(|error| format!("{input}: {error:#}"))?;
    std::fs::write(output, module).map_err(|error| format!("{output}: {error}"))
}
