// SPDX-License-Identifier: Apache-2.0
//! Streams and futures of WASI 0.3, over files: what a stream carries, and what its future says when it has ended.

use crate::check::{Case, Mismatch, Need, Outcome, case, equal, holds, needing};
use crate::fixture::*;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll};
use wasip2::filesystem::types::Descriptor;
use wasip3::filesystem::types::{DirectoryEntry, ErrorCode};
use wasip3::wit_bindgen::{StreamResult, block_on};

type Answer = Result<(), ErrorCode>;

pub fn cases() -> Vec<Case> {
    let mut cases = reading_cases();
    cases.extend(writing_cases());
    cases.extend(listing_cases());
    cases.extend(general_cases());
    cases
}

fn reading_cases() -> Vec<Case> {
    vec![
        case("read-via-stream:ok", || {
            let (bytes, end) = read_all(&open_file(&sandbox()?, "file")?, 0);
            equal(bytes, CONTENTS.to_vec())?;
            ends(end, Ok(()))
        }),
        case("read-via-stream:ok:offset", || {
            equal(read_all(&open_file(&sandbox()?, "file")?, 9).0, CONTENTS[9..].to_vec())
        }),
        case("read-via-stream:ok:past-the-end", || {
            let (bytes, end) = read_all(&open_file(&sandbox()?, "file")?, 1000);
            equal(bytes, vec![])?;
            ends(end, Ok(()))
        }),
        case("read-via-stream:ok:two-streams", || {
            let file = open_file(&sandbox()?, "file")?;
            let ((mut one, _), (mut two, _)) = (file.0.read_via_stream(0), file.0.read_via_stream(9));
            let first = block_on(one.read(Vec::with_capacity(4))).1;
            equal((first, block_on(two.read(Vec::with_capacity(2))).1), (CONTENTS[..4].to_vec(), b"of".to_vec()))
        }),
        case("read-via-stream:ok:small-pieces", || {
            let (mut stream, _) = open_file(&sandbox()?, "file")?.0.read_via_stream(0);
            let mut all = Vec::new();
            while let (StreamResult::Complete(_), bytes) = block_on(stream.read(Vec::with_capacity(3))) {
                all.extend(bytes);
            }
            equal(all, CONTENTS.to_vec())
        }),
        case("read-via-stream:ok:nothing-asked", || {
            let (mut stream, _) = open_file(&sandbox()?, "file")?.0.read_via_stream(0);
            equal(block_on(stream.read(Vec::new())), (StreamResult::Complete(0), vec![]))?;
            equal(block_on(stream.read(Vec::with_capacity(8))).1, CONTENTS[..8].to_vec())
        }),
        case("read-via-stream:ok:dropped-early", || {
            let (stream, end) = open_file(&sandbox()?, "file")?.0.read_via_stream(0);
            drop(stream);
            ends(block_on(async { end.await }), Ok(()))
        }),
        case("read-via-stream:ok:file-closed-first", || {
            let file = open_file(&sandbox()?, "file")?;
            let (stream, _end) = file.0.read_via_stream(0);
            drop(file);
            equal(block_on(stream.collect()), CONTENTS.to_vec())
        }),
        case("read-via-stream:ok:large", || {
            let contents: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
            let file = scratch_file(&contents)?;
            holds(read_all(&file, 0).0 == contents, "all that was written", "something else")
        }),
        case("read-via-stream:is-directory", || {
            ends(read_all(&open_directory(&sandbox()?, "dir")?, 0).1, Err(ErrorCode::IsDirectory))
        }),
        case("read-via-stream:bad-descriptor:write-only", || {
            let file = crate::check::works(sandbox()?.open_at(FOLLOW, "file", PLAIN, WRITE))?;
            ends(read_all(&file, 0).1, Err(ErrorCode::BadDescriptor))
        }),
        case("read-via-stream:invalid", || {
            ends(read_all(&open_file(&sandbox()?, "file")?, 1 << 63).1, Err(ErrorCode::Invalid))
        }),
        needing(Need::Berth, "read-via-stream:is-directory:phantom", || {
            ends(read_all(&phantom()?, 0).1, Err(ErrorCode::IsDirectory))
        }),
    ]
}

fn writing_cases() -> Vec<Case> {
    vec![
        case("write-via-stream:ok", || {
            let file = scratch_file(b"0123456789")?;
            ends(write(&file, Some(4), &[b"ab", b"c"]), Ok(()))?;
            equal(contents(&file)?, b"0123abc789".to_vec())
        }),
        case("write-via-stream:ok:past-the-end", || {
            let file = scratch_file(b"a")?;
            ends(write(&file, Some(3), &[b"b"]), Ok(()))?;
            equal(contents(&file)?, b"a\0\0b".to_vec())
        }),
        case("write-via-stream:ok:nothing", || {
            let file = scratch_file(b"as it was")?;
            ends(write(&file, Some(0), &[]), Ok(()))?;
            equal(contents(&file)?, b"as it was".to_vec())
        }),
        case("write-via-stream:ok:from-a-file", || {
            let target = scratch_file(b"")?;
            let (source, read) = open_file(&sandbox()?, "file")?.0.read_via_stream(0);
            ends(block_on(async { target.0.write_via_stream(source, 0).await }), Ok(()))?;
            ends(block_on(async { read.await }), Ok(()))?;
            equal(contents(&target)?, CONTENTS.to_vec())
        }),
        case("write-via-stream:bad-descriptor", || {
            ends(write(&scratch()?, Some(0), &[b"x"]), Err(ErrorCode::BadDescriptor))
        }),
        case("write-via-stream:bad-descriptor:opened-to-read", || {
            ends(write(&open_file(&sandbox()?, "file")?, Some(0), &[b"x"]), Err(ErrorCode::BadDescriptor))
        }),
        case("write-via-stream:file-too-large", || {
            ends(write(&scratch_file(b"")?, Some(1 << 30), &[b"x"]), Err(ErrorCode::FileTooLarge))
        }),
        case("write-via-stream:invalid", || {
            ends(write(&scratch_file(b"")?, Some(1 << 63), &[b"x"]), Err(ErrorCode::Invalid))
        }),
        case("write-via-stream:ok:writer-is-told", || {
            let (mut writer, reader) = wasip3::wit_stream::new();
            let end = scratch_file(b"")?.0.write_via_stream(reader, 1 << 30);
            let (result, unwritten) = block_on(writer.write(b"x".to_vec()));
            equal((result, unwritten.remaining()), (StreamResult::Dropped, 1))?;
            ends(block_on(async { end.await }), Err(ErrorCode::FileTooLarge))
        }),
        case("append-via-stream:ok", || {
            let file = scratch_file(b"0123")?;
            ends(write(&file, None, &[b"ab", b"cd"]), Ok(()))?;
            equal(contents(&file)?, b"0123abcd".to_vec())
        }),
        case("append-via-stream:bad-descriptor", || {
            ends(write(&scratch()?, None, &[b"x"]), Err(ErrorCode::BadDescriptor))
        }),
        needing(Need::Berth, "write-via-stream:bad-descriptor:phantom", || {
            ends(write(&phantom()?, Some(0), &[b"x"]), Err(ErrorCode::BadDescriptor))
        }),
    ]
}

fn listing_cases() -> Vec<Case> {
    vec![
        case("read-directory:ok:many", || {
            let base = scratch()?;
            let mut expected: Vec<String> = (0..200).map(|number| format!("file-{number:03}")).collect();
            for name in &expected {
                new_file(&base, name, b"")?;
            }
            let (stream, end) = base.0.read_directory();
            let mut names: Vec<String> = block_on(stream.collect()).into_iter().map(|entry| entry.name).collect();
            names.sort();
            expected.sort();
            equal(names, expected)?;
            ends(block_on(async { end.await }), Ok(()))
        }),
        case("read-directory:ok:dropped-early", || {
            let (mut stream, end) = open_directory(&sandbox()?, "dir")?.0.read_directory();
            let first: Option<DirectoryEntry> = block_on(stream.next());
            holds(first.is_some(), "an entry", "none")?;
            drop(stream);
            ends(block_on(async { end.await }), Ok(()))
        }),
        case("read-directory:illegal-byte-sequence", || {
            let (stream, end) = open_directory(&sandbox()?, "not-unicode")?.0.read_directory();
            block_on(stream.collect());
            ends(block_on(async { end.await }), Err(ErrorCode::IllegalByteSequence))
        }),
    ]
}

fn general_cases() -> Vec<Case> {
    vec![
        case("stat:ok:while-others-wait", || {
            // A stream that nobody writes to, and a clock that is far away, hold up nothing.
            let (writer, mut reader) = wasip3::wit_stream::new::<u8>();
            let file = open_file(&sandbox()?, "file")?;
            let seen = block_on(async { first(reader.read(Vec::with_capacity(1)), file.0.stat()).await });
            drop(writer);
            holds(matches!(seen, Seen::Second(Ok(_))), "the status", "nothing")
        }),
        case("set-times:ok:before-1970", || {
            use wasip3::filesystem::types::{Instant, NewTimestamp};
            let file = scratch_file(b"")?;
            let then = || NewTimestamp::Timestamp(Instant { seconds: -1000, nanoseconds: 0 });
            ends(block_on(file.0.set_times(then(), then())), Ok(()))
        }),
    ]
}

fn ends(got: Answer, expected: Answer) -> Outcome {
    equal(format!("{got:?}"), format!("{expected:?}"))
}

fn read_all(file: &Descriptor, offset: u64) -> (Vec<u8>, Answer) {
    let (stream, end) = file.0.read_via_stream(offset);
    (block_on(stream.collect()), block_on(async { end.await }))
}

/// Writes the parts one after the other: from an offset on, or at the end.
fn write(file: &Descriptor, offset: Option<u64>, parts: &[&[u8]]) -> Answer {
    let (mut writer, reader) = wasip3::wit_stream::new();
    let end = match offset {
        Some(offset) => file.0.write_via_stream(reader, offset),
        None => file.0.append_via_stream(reader),
    };
    for part in parts {
        block_on(writer.write_all(part.to_vec()));
    }
    drop(writer);
    block_on(async { end.await })
}

pub enum Seen<A, B> {
    First(A),
    Second(B),
}

/// Whichever is done first; the other one is cancelled.
pub async fn first<A: Future, B: Future>(one: A, two: B) -> Seen<A::Output, B::Output> {
    let (mut one, mut two) = (pin!(one), pin!(two));
    std::future::poll_fn(move |cx: &mut Context<'_>| {
        if let Poll::Ready(done) = one.as_mut().poll(cx) {
            return Poll::Ready(Seen::First(done));
        }
        two.as_mut().poll(cx).map(Seen::Second)
    })
    .await
}

/// An error as a mismatch: for what has to work.
pub fn good<T>(result: Result<T, impl std::fmt::Debug>) -> Result<T, Mismatch> {
    result.map_err(|e| Mismatch { expected: "ok".into(), got: format!("{e:?}") })
}
