// SPDX-License-Identifier: Apache-2.0
//! `wasi:cli`, as far as it can share a process: output streams and what is no terminal.

use crate::check::{Case, case, equal, holds};
use crate::flow::flows;
use wasip2::cli::{environment, stderr, stdout, terminal_stderr, terminal_stdin, terminal_stdout};

pub fn cases() -> Vec<Case> {
    vec![
        case("stdout.get-stdout:ok", || flows(stdout::get_stdout().blocking_write_and_flush(b"said on stdout\n"))),
        case("stderr.get-stderr:ok", || flows(stderr::get_stderr().blocking_write_and_flush(b"said on stderr\n"))),
        case("stdout.get-stdout:ok:check-write", || {
            let permitted = flows(stdout::get_stdout().check_write())?;
            holds(permitted > 0, "a permit", permitted)
        }),
        case("environment.get-arguments:ok:stays-the-same", || {
            equal(environment::get_arguments(), environment::get_arguments())
        }),
        case("environment.get-environment:ok:stays-the-same", || {
            equal(environment::get_environment(), environment::get_environment())
        }),
        case("environment.initial-cwd:ok", || {
            let folder = environment::initial_cwd();
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
