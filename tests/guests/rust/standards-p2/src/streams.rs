// SPDX-License-Identifier: Apache-2.0
//! `wasi:io/streams` and `wasi:io/poll`, over files; and the functions of `wasi:filesystem/types` that make streams.

use crate::check::{Case, Mismatch, case, equal, fails, holds, works};
use crate::fixture::*;
use crate::flow::{broken, closed, flows};
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::filesystem::types::{Descriptor, ErrorCode, filesystem_error_code};
use wasip2::io::poll::poll;
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

const FOREVER: u64 = 3_600_000_000_000;

pub fn cases() -> Vec<Case> {
    let mut cases = input_cases();
    cases.extend(output_cases());
    cases.extend(splice_cases());
    cases.extend(poll_cases());
    cases
}

fn input_cases() -> Vec<Case> {
    vec![
        case("read-via-stream:ok", || equal(rest(&reading(0)?)?, CONTENTS.to_vec())),
        case("read-via-stream:ok:offset", || equal(rest(&reading(9)?)?, CONTENTS[9..].to_vec())),
        case("read-via-stream:ok:two-streams", || {
            let file = open_file(&sandbox()?, "file")?;
            let (one, two) = (works(file.read_via_stream(0))?, works(file.read_via_stream(9))?);
            flows(one.blocking_read(4))?;
            equal(rest(&two)?, CONTENTS[9..].to_vec())?;
            equal(rest(&one)?, CONTENTS[4..].to_vec())
        }),
        case("read-via-stream:is-directory", || {
            fails(open_directory(&sandbox()?, "dir")?.read_via_stream(0), ErrorCode::IsDirectory)
        }),
        case("input-stream.read:ok", || {
            let stream = reading(0)?;
            let mut all = Vec::new();
            while all.len() < CONTENTS.len() {
                stream.subscribe().block();
                all.extend(flows(stream.read(4))?);
            }
            equal(all, CONTENTS.to_vec())
        }),
        case("input-stream.read:ok:nothing-asked", || equal(flows(reading(0)?.read(0))?, vec![])),
        case("input-stream.read:closed", || {
            let stream = reading(1000)?;
            stream.subscribe().block();
            closed(stream.read(1))?;
            closed(stream.read(1))
        }),
        case("input-stream.blocking-read:ok", || equal(flows(reading(0)?.blocking_read(8))?, CONTENTS[..8].to_vec())),
        case("input-stream.blocking-read:closed", || closed(reading(1000)?.blocking_read(1))),
        case("input-stream.blocking-read:last-operation-failed", || {
            let file = works(sandbox()?.open_at(FOLLOW, "file", PLAIN, WRITE))?;
            let stream = works(file.read_via_stream(0))?;
            broken(stream.blocking_read(1), ErrorCode::BadDescriptor)?;
            closed(stream.blocking_read(1))
        }),
        case("input-stream.read:last-operation-failed", || {
            let stream = works(open_file(&sandbox()?, "file")?.read_via_stream(1 << 63))?;
            stream.subscribe().block();
            broken(stream.read(1), ErrorCode::Invalid)
        }),
        case("input-stream.skip:ok", || {
            let stream = reading(0)?;
            let mut skipped = 0;
            while skipped < 9 {
                stream.subscribe().block();
                skipped += flows(stream.skip(9 - skipped))?;
            }
            equal(rest(&stream)?, CONTENTS[9..].to_vec())
        }),
        case("input-stream.skip:closed", || {
            let stream = reading(1000)?;
            stream.subscribe().block();
            closed(stream.skip(1))
        }),
        case("input-stream.blocking-skip:ok", || {
            let stream = reading(0)?;
            equal(flows(stream.blocking_skip(9))?, 9)?;
            equal(flows(stream.blocking_read(2))?, b"of".to_vec())
        }),
        case("input-stream.blocking-skip:closed", || closed(reading(1000)?.blocking_skip(1))),
        case("input-stream.blocking-skip:last-operation-failed", || {
            let stream = works(open_file(&sandbox()?, "file")?.read_via_stream(1 << 63))?;
            broken(stream.blocking_skip(1), ErrorCode::Invalid)
        }),
        case("input-stream.subscribe:ok:ready-at-the-end", || {
            let stream = reading(1000)?;
            let pollable = stream.subscribe();
            pollable.block();
            holds(pollable.ready(), "ready", "not ready")
        }),
    ]
}

fn output_cases() -> Vec<Case> {
    vec![
        case("write-via-stream:ok", || {
            let file = scratch_file(b"0123456789")?;
            flows(works(file.write_via_stream(4))?.blocking_write_and_flush(b"abc"))?;
            equal(contents(&file)?, b"0123abc789".to_vec())
        }),
        case("write-via-stream:bad-descriptor", || fails(scratch()?.write_via_stream(0), ErrorCode::BadDescriptor)),
        case("append-via-stream:ok", || {
            let file = scratch_file(b"0123")?;
            let stream = works(file.append_via_stream())?;
            flows(stream.blocking_write_and_flush(b"ab"))?;
            flows(stream.blocking_write_and_flush(b"cd"))?;
            equal(contents(&file)?, b"0123abcd".to_vec())
        }),
        case("append-via-stream:ok:after-another-write", || {
            let file = scratch_file(b"01")?;
            let stream = works(file.append_via_stream())?;
            works(file.write(b"23", 2))?;
            flows(stream.blocking_write_and_flush(b"ab"))?;
            equal(contents(&file)?, b"0123ab".to_vec())
        }),
        case("append-via-stream:bad-descriptor", || fails(scratch()?.append_via_stream(), ErrorCode::BadDescriptor)),
        case("output-stream.check-write:ok", || {
            let permitted = flows(writing()?.1.check_write())?;
            holds(permitted > 0, "a permit", permitted)
        }),
        case("output-stream.write:ok", || {
            let (file, stream) = writing()?;
            for part in [b"one ", b"two "] {
                permit(&stream)?;
                flows(stream.write(part))?;
            }
            flows(stream.blocking_flush())?;
            equal(contents(&file)?, b"one two ".to_vec())
        }),
        case("output-stream.flush:ok", || {
            let (file, stream) = writing()?;
            permit(&stream)?;
            flows(stream.write(b"flushed"))?;
            flows(stream.flush())?;
            stream.subscribe().block();
            permit(&stream)?;
            equal(contents(&file)?, b"flushed".to_vec())
        }),
        case("output-stream.blocking-flush:ok", || flows(writing()?.1.blocking_flush())),
        case("output-stream.blocking-write-and-flush:ok", || {
            let (file, stream) = writing()?;
            flows(stream.blocking_write_and_flush(&[7; 4096]))?;
            equal(contents(&file)?, vec![7; 4096])
        }),
        case("output-stream.blocking-write-and-flush:last-operation-failed", || {
            let stream = works(open_file(&sandbox()?, "file")?.write_via_stream(0))?;
            broken(stream.blocking_write_and_flush(b"x"), ErrorCode::BadDescriptor)
        }),
        case("output-stream.blocking-write-and-flush:closed", || closed(failed()?.blocking_write_and_flush(b"x"))),
        case("output-stream.check-write:closed", || closed(failed()?.check_write())),
        case("output-stream.flush:closed", || closed(failed()?.flush())),
        case("output-stream.blocking-flush:closed", || closed(failed()?.blocking_flush())),
        case("output-stream.write-zeroes:closed", || closed(failed()?.write_zeroes(1))),
        case("output-stream.blocking-write-zeroes-and-flush:closed", || {
            closed(failed()?.blocking_write_zeroes_and_flush(1))
        }),
        case("output-stream.write:closed", || closed(failed()?.write(b"x"))),
        case("output-stream.check-write:last-operation-failed", || {
            let stream = too_far()?;
            permit(&stream)?;
            flows(stream.write(b"x"))?;
            stream.subscribe().block();
            broken(stream.check_write(), ErrorCode::FileTooLarge)
        }),
        case("output-stream.blocking-flush:last-operation-failed", || {
            let stream = too_far()?;
            permit(&stream)?;
            flows(stream.write(b"x"))?;
            broken(stream.blocking_flush(), ErrorCode::FileTooLarge)
        }),
        case("output-stream.blocking-write-zeroes-and-flush:last-operation-failed", || {
            broken(too_far()?.blocking_write_zeroes_and_flush(1), ErrorCode::FileTooLarge)
        }),
        case("output-stream.write-zeroes:ok", || {
            let (file, stream) = writing()?;
            permit(&stream)?;
            flows(stream.write_zeroes(3))?;
            flows(stream.blocking_flush())?;
            equal(contents(&file)?, vec![0; 3])
        }),
        case("output-stream.blocking-write-zeroes-and-flush:ok", || {
            let (file, stream) = writing()?;
            flows(stream.blocking_write_zeroes_and_flush(4096))?;
            equal(contents(&file)?, vec![0; 4096])
        }),
        case("output-stream.subscribe:ok", || {
            let stream = writing()?.1;
            let pollable = stream.subscribe();
            pollable.block();
            holds(pollable.ready(), "ready", "not ready")
        }),
        case("output-stream.subscribe:ok:closed-is-ready", || {
            let stream = failed()?;
            let pollable = stream.subscribe();
            holds(pollable.ready(), "ready", "not ready")
        }),
        case("filesystem-error-code:ok", || {
            let stream = works(open_file(&sandbox()?, "file")?.write_via_stream(0))?;
            match stream.blocking_write_and_flush(b"x") {
                Err(StreamError::LastOperationFailed(error)) => {
                    holds(!error.to_debug_string().is_empty(), "a text for people", "nothing")?;
                    equal(filesystem_error_code(&error), Some(ErrorCode::BadDescriptor))
                }
                _ => holds(false, "last-operation-failed", "something else"),
            }
        }),
    ]
}

fn splice_cases() -> Vec<Case> {
    vec![
        case("output-stream.splice:ok", || {
            let ((file, stream), source) = (writing()?, reading(0)?);
            let mut copied = 0;
            while copied < 8 {
                source.subscribe().block();
                stream.subscribe().block();
                copied += flows(stream.splice(&source, 8 - copied))?;
            }
            flows(stream.blocking_flush())?;
            equal(contents(&file)?, CONTENTS[..8].to_vec())
        }),
        case("output-stream.splice:closed", || {
            let source = reading(1000)?;
            source.subscribe().block();
            closed(writing()?.1.splice(&source, 1))
        }),
        case("output-stream.splice:closed:target", || closed(failed()?.splice(&reading(0)?, 1))),
        case("output-stream.splice:last-operation-failed", || {
            let source = works(open_file(&sandbox()?, "file")?.read_via_stream(1 << 63))?;
            source.subscribe().block();
            broken(writing()?.1.splice(&source, 1), ErrorCode::Invalid)
        }),
        case("output-stream.blocking-splice:ok", || {
            let (file, stream) = writing()?;
            equal(flows(stream.blocking_splice(&reading(0)?, 8))?, 8)?;
            flows(stream.blocking_flush())?;
            equal(contents(&file)?, CONTENTS[..8].to_vec())
        }),
        case("output-stream.blocking-splice:closed", || closed(writing()?.1.blocking_splice(&reading(1000)?, 1))),
        case("output-stream.blocking-splice:last-operation-failed", || {
            let source = works(open_file(&sandbox()?, "file")?.read_via_stream(1 << 63))?;
            broken(writing()?.1.blocking_splice(&source, 1), ErrorCode::Invalid)
        }),
    ]
}

fn poll_cases() -> Vec<Case> {
    vec![
        case("poll:ok", || {
            let (never, stream) = (subscribe_duration(FOREVER), reading(0)?);
            let readable = stream.subscribe();
            equal(poll(&[&never, &readable]), vec![1])
        }),
        case("poll:ok:several", || {
            let (past, never, also) = (subscribe_duration(0), subscribe_duration(FOREVER), subscribe_duration(0));
            past.block();
            also.block();
            equal(in_order(poll(&[&past, &never, &also])), vec![0, 2])
        }),
        case("poll:ok:the-same-twice", || {
            let past = subscribe_duration(0);
            past.block();
            equal(in_order(poll(&[&past, &past])), vec![0, 1])
        }),
        case("pollable.ready:ok", || holds(!subscribe_duration(FOREVER).ready(), "not ready", "ready")),
        case("pollable.block:ok", || {
            let pollable = subscribe_duration(1_000_000);
            pollable.block();
            holds(pollable.ready(), "ready", "not ready")
        }),
    ]
}

/// The prepared file as a stream from an offset.
fn reading(offset: u64) -> Result<InputStream, Mismatch> {
    works(open_file(&sandbox()?, "file")?.read_via_stream(offset))
}

/// An empty file, and a stream into it.
fn writing() -> Result<(Descriptor, OutputStream), Mismatch> {
    let file = scratch_file(b"")?;
    let stream = works(file.write_via_stream(0))?;
    Ok((file, stream))
}

/// A stream whose only write has failed; from then on it is closed.
fn failed() -> Result<OutputStream, Mismatch> {
    let stream = works(open_file(&sandbox()?, "file")?.write_via_stream(0))?;
    broken(stream.blocking_write_and_flush(b"x"), ErrorCode::BadDescriptor)?;
    Ok(stream)
}

/// A stream to where no file may reach.
fn too_far() -> Result<OutputStream, Mismatch> {
    works(scratch_file(b"")?.write_via_stream(1 << 30))
}

/// Waits until the stream takes something.
fn permit(stream: &OutputStream) -> Result<(), Mismatch> {
    stream.subscribe().block();
    let permitted = flows(stream.check_write())?;
    holds(permitted > 0, "a permit", permitted)
}

/// What is left in a stream.
fn rest(stream: &InputStream) -> Result<Vec<u8>, Mismatch> {
    let mut all = Vec::new();
    loop {
        match stream.blocking_read(4096) {
            Err(StreamError::Closed) => return Ok(all),
            bytes => all.extend(flows(bytes)?),
        }
    }
}

/// The interface doesn't say in which order the ready ones come.
fn in_order(mut ready: Vec<u32>) -> Vec<u32> {
    ready.sort_unstable();
    ready
}
