// SPDX-License-Identifier: Apache-2.0
//! Cases of 0.3 that need a process of their own. Who runs them prepares streams, arguments and variables, and judges
//! the exit status and the output: see `alone_p3` in `tests/standards/run.py`.

use crate::check::{Case, Need, Outcome, equal, holds, needing};
use crate::command_line::say;
use crate::streams::{Seen, first, good};
use wasip3::cli::{environment, exit, stderr, stdin, stdout, terminal_stderr, terminal_stdin, terminal_stdout, types};
use wasip3::clocks::{monotonic_clock, system_clock};
use wasip3::wit_bindgen::{StreamResult, block_on};

pub fn cases() -> Vec<Case> {
    let mut cases = vec![
        alone("exit.exit:ok", || {
            exit::exit(Ok(()));
            unreachable!("exit does not return")
        }),
        alone("exit.exit:ok:err", || {
            exit::exit(Err(()));
            unreachable!("exit does not return")
        }),
        alone("run:trap", || panic!("this case panics on purpose")),
        alone("environment.get-arguments:ok", || {
            println!("{:?}", &environment::get_arguments()[3..]);
            Ok(())
        }),
        alone("environment.get-environment:ok", || {
            println!("{:?}", environment::get_environment());
            Ok(())
        }),
        alone("system-clock.now:ok:as-the-host", || {
            println!("{}", system_clock::now().seconds);
            Ok(())
        }),
        alone("stdin.read-via-stream:ok", echo_stdin),
        alone("stdin.read-via-stream:ok:not-ready", wait_for_stdin),
        alone("stdin.read-via-stream:ok:empty", || {
            let (stream, end) = stdin::read_via_stream();
            equal(block_on(stream.collect()), vec![])?;
            good(block_on(async { end.await }))
        }),
        alone("stdout.write-via-stream:pipe", write_to_closed_stdout),
        alone("stdout.write-via-stream:ok:much", || {
            let (mut writer, reader) = wasip3::wit_stream::new();
            let end = stdout::write_via_stream(reader);
            for line in 0..20_000 {
                equal(block_on(writer.write_all(format!("line {line}\n").into_bytes())), vec![])?;
            }
            drop(writer);
            good(block_on(async { end.await }))
        }),
        alone("stdout.write-via-stream:ok:left-to-the-host", || {
            // The future is not waited for, nor the last line ended: both are the host's to finish.
            let (mut writer, reader) = wasip3::wit_stream::new();
            let end = stdout::write_via_stream(reader);
            drop(end);
            equal(block_on(writer.write_all(b"no newline".to_vec())), vec![])
        }),
        alone("terminal-stdin.get-terminal-stdin:ok", || {
            holds(terminal_stdin::get_terminal_stdin().is_some(), "a terminal", "none")
        }),
        alone("terminal-stdout.get-terminal-stdout:ok", || {
            holds(terminal_stdout::get_terminal_stdout().is_some(), "a terminal", "none")
        }),
        alone("terminal-stderr.get-terminal-stderr:ok", || {
            holds(terminal_stderr::get_terminal_stderr().is_some(), "a terminal", "none")
        }),
    ];
    for status in [0, 1, 2, 7, 254, 255] {
        cases.push(alone(format!("exit.exit-with-code:ok:{status}"), move || {
            exit::exit_with_code(status);
            unreachable!("exit-with-code does not return")
        }));
    }
    cases
}

fn alone(name: impl Into<String>, run: impl Fn() -> Outcome + 'static) -> Case {
    needing(Need::Alone, name, run)
}

/// Standard input joined to standard output: no byte passes through the guest.
fn echo_stdin() -> Outcome {
    let (stream, end) = stdin::read_via_stream();
    good(block_on(async { stdout::write_via_stream(stream).await }))?;
    good(block_on(async { end.await }))
}

/// Says `waiting` while nothing is there to read; the runner writes then, and no sooner.
fn wait_for_stdin() -> Outcome {
    let (mut stream, _end) = stdin::read_via_stream();
    let seen =
        block_on(async { first(stream.read(Vec::with_capacity(8)), monotonic_clock::wait_for(10_000_000)).await });
    holds(matches!(seen, Seen::Second(())), "nothing to read", "something")?;
    say(&[b"waiting\n"], stdout::write_via_stream)?;
    equal(block_on(stream.read(Vec::with_capacity(8))), (StreamResult::Complete(5), b"late\n".to_vec()))
}

/// Writes until the reader's absence shows, and tells so on stderr.
fn write_to_closed_stdout() -> Outcome {
    let (mut writer, reader) = wasip3::wit_stream::new();
    let end = stdout::write_via_stream(reader);
    let unwritten = block_on(writer.write_all(vec![b'x'; 400_000]));
    drop(writer);
    let end = block_on(async { end.await });
    holds(!unwritten.is_empty(), "something left", "nothing")?;
    holds(matches!(end, Err(types::ErrorCode::Pipe)), "pipe", end)?;
    say(&[b"closed\n"], stderr::write_via_stream)?;
    exit::exit_with_code(0);
    Ok(())
}
