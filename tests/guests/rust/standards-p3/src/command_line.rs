// SPDX-License-Identifier: Apache-2.0
//! `wasi:cli` 0.3, as far as it can share a process: output streams and what is no terminal.

use crate::check::{Case, Outcome, case, equal, holds};
use crate::streams::good;
use std::future::IntoFuture;
use wasip3::cli::{environment, stderr, stdout, terminal_stderr, terminal_stdin, terminal_stdout};
use wasip3::wit_bindgen::{StreamReader, block_on};

pub fn cases() -> Vec<Case> {
    vec![
        case("stdout.write-via-stream:ok", || say(&[b"said on ", b"stdout\n"], stdout::write_via_stream)),
        case("stderr.write-via-stream:ok", || say(&[b"said on ", b"stderr\n"], stderr::write_via_stream)),
        case("stdout.write-via-stream:ok:nothing", || say(&[], stdout::write_via_stream)),
        case("environment.get-arguments:ok:stays-the-same", || {
            equal(environment::get_arguments(), environment::get_arguments())
        }),
        case("environment.get-environment:ok:stays-the-same", || {
            equal(environment::get_environment(), environment::get_environment())
        }),
        case("environment.get-initial-cwd:ok", || {
            let folder = environment::get_initial_cwd();
            holds(folder.as_ref().is_none_or(|path| !path.is_empty()), "nothing or a path", folder)
        }),
        case("terminal-stdin.get-terminal-stdin:ok:none", || {
            holds(terminal_stdin::get_terminal_stdin().is_none(), "no terminal", "one")
        }),
        case("terminal-stdout.get-terminal-stdout:ok:none", || {
            holds(terminal_stdout::get_terminal_stdout().is_none(), "no terminal", "one")
        }),
        case("terminal-stderr.get-terminal-stderr:ok:none", || {
            holds(terminal_stderr::get_terminal_stderr().is_none(), "no terminal", "one")
        }),
    ]
}

/// Writes the parts one after the other, and waits until they are with the host.
pub fn say<End, E>(parts: &[&[u8]], to: impl FnOnce(StreamReader<u8>) -> End) -> Outcome
where
    End: IntoFuture<Output = Result<(), E>>,
    E: std::fmt::Debug,
{
    let (mut writer, reader) = wasip3::wit_stream::new();
    let end = to(reader);
    for part in parts {
        equal(block_on(writer.write_all(part.to_vec())), vec![])?;
    }
    drop(writer);
    good(block_on(end.into_future()))
}
