// SPDX-License-Identifier: Apache-2.0
//! Cases that need a process of their own. Who runs them prepares streams, arguments and variables, and judges
//! the exit status and the output: see `ALONE` in `tests/standards/run.py`.

use crate::check::{Case, Need, Outcome, equal, holds, needing, works};
use crate::fixture::scratch_file;
use crate::flow::{closed, flows};
use wasip2::cli::{environment, exit, stderr, stdin, stdout, terminal_stderr, terminal_stdin, terminal_stdout};
use wasip2::clocks::{monotonic_clock::subscribe_duration, wall_clock};
use wasip2::io::poll::poll;
use wasip2::io::streams::StreamError;

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
        alone("wall-clock.now:ok:as-the-host", || {
            println!("{}", wall_clock::now().seconds);
            Ok(())
        }),
        alone("stdin.get-stdin:ok", echo_stdin),
        alone("stdin.get-stdin:ok:not-ready", wait_for_stdin),
        alone("stdin.get-stdin:closed", || {
            let stream = stdin::get_stdin();
            stream.subscribe().block();
            closed(stream.blocking_read(1))?;
            closed(stream.read(1))
        }),
        alone("stdout.get-stdout:closed", write_to_closed_stdout),
        alone("output-stream.write:trap:without-permit", || {
            let stream = works(scratch_file(b"")?.write_via_stream(0))?;
            flows(stream.check_write())?;
            flows(stream.write(b"permitted"))?;
            flows(stream.write(b"not permitted"))
        }),
        alone("output-stream.blocking-write-and-flush:trap:too-much", || {
            flows(stdout::get_stdout().blocking_write_and_flush(&[b'x'; 4097]))
        }),
        alone("poll:trap:nothing", || equal(poll(&[]), vec![])),
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

fn echo_stdin() -> Outcome {
    let stream = stdin::get_stdin();
    let output = stdout::get_stdout();
    loop {
        match stream.blocking_read(1000) {
            Err(StreamError::Closed) => return Ok(()),
            bytes => flows(output.blocking_write_and_flush(&flows(bytes)?))?,
        }
    }
}

/// Says `waiting` once nothing is there to read; the runner writes then, and no sooner.
fn wait_for_stdin() -> Outcome {
    let stream = stdin::get_stdin();
    let (readable, timer) = (stream.subscribe(), subscribe_duration(10_000_000));
    equal(poll(&[&readable, &timer]), vec![1])?;
    holds(!readable.ready(), "not ready", "ready")?;
    equal(flows(stream.read(8))?, vec![])?;
    flows(stdout::get_stdout().blocking_write_and_flush(b"waiting\n"))?;
    readable.block();
    equal(flows(stream.blocking_read(8))?, b"late\n".to_vec())
}

/// Writes until the reader's absence shows, and tells so on stderr; it has to become `closed` in the end.
fn write_to_closed_stdout() -> Outcome {
    let stream = stdout::get_stdout();
    for _ in 0..100 {
        match stream.blocking_write_and_flush(&[b'x'; 4096]) {
            Err(StreamError::Closed) => {
                flows(stderr::get_stderr().blocking_write_and_flush(b"closed\n"))?;
                exit::exit_with_code(0);
            }
            _ => continue,
        }
    }
    flows(stderr::get_stderr().blocking_write_and_flush(b"never closed\n"))?;
    exit::exit_with_code(1);
    Ok(())
}
