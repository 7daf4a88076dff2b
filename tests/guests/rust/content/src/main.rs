// SPDX-License-Identifier: Apache-2.0
//! Fetches and publishes content over `berth:content` of 0.2, as its arguments say, and prints what came of it.
//!
//! ```text
//! stat PATH                  CID KIND SIZE [LINK]        get PATH [OFFSET [LENGTH]]  the bytes
//! ls PATH                    CID SIZE NAME, a line each  block PATH, car PATH        the bytes
//! count PATH                 how many bytes it has, read to the end
//! add TEXT                   CID SIZE                    fill BYTES                  a file of so many bytes, CID SIZE
//! folder NAME=CID…           CID                         pin CID, unpin CID          "done"
//! name KEY PATH              the name                    many N PATH                 opens it N times at once
//! together PATH              says "ready", waits for a line, and then count PATH
//! cancel PATH                reads a piece, and lets go  leave PATH                  ends while it is read
//! open PATH                  waits for what it is         site TEXT                   a pinned folder with an index.html
//! url METHOD URL HEADER=VALUE…  what a request comes to
//! ```
//!
//! What fails is `error: KIND: WORDS` on a line, and the status is 1.

mod url;

use std::io::Write;

wit_bindgen::generate!({
    path: "../../../../wit/berth-content",
    world: "berth:content/imports",
    with: {
        "wasi:io/poll@0.2.12": wasip2::io::poll,
        "wasi:io/streams@0.2.12": wasip2::io::streams,
    },
});

use berth::content::types::{About, Error, Kind, Range};
use berth::content::{fetch, publish};
use wasip2::io::streams::StreamError;

const PIECE: u64 = 64 << 10;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["url", method, at, ref headers @ ..] => Some(url::ask(method, at, headers)),
        _ => None,
    };
    if let Some(done) = done {
        out(&done.unwrap_or_else(|error| {
            println!("error: {error}");
            std::process::exit(1);
        }));
        return;
    }
    if let Err(error) = run(&args) {
        println!("error: {}", shown(&error));
        std::process::exit(1);
    }
}

fn shown(error: &Error) -> String {
    let (kind, words) = match error {
        Error::NotFound(words) => ("not-found", words),
        Error::Denied(words) => ("denied", words),
        Error::Invalid(words) => ("invalid", words),
        Error::TooLarge(words) => ("too-large", words),
        Error::Unavailable(words) => ("unavailable", words),
        Error::Limit(words) => ("limit", words),
    };
    format!("{kind}: {words}")
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "file",
        Kind::Directory => "directory",
        Kind::Symlink => "symlink",
        Kind::Block => "block",
    }
}

fn say(about: &About) {
    let link = about.link.as_ref().map(|link| format!(" {link}")).unwrap_or_default();
    println!("{} {} {}{link}", about.cid, kind(about.kind), about.size);
}

fn out(bytes: &[u8]) {
    std::io::stdout().write_all(bytes).expect("standard output");
}

/// Reads to the end; `failure` has the reason where that comes early.
fn drain(reading: &fetch::Reading, mut each: impl FnMut(&[u8])) -> Result<(), Error> {
    let body = reading.body().expect("the body is given once");
    assert!(reading.body().is_err(), "the body was given twice");
    loop {
        match body.blocking_read(PIECE) {
            Ok(bytes) => each(&bytes),
            Err(StreamError::Closed) => return Ok(()),
            Err(StreamError::LastOperationFailed(_)) => return Err(reading.failure().expect("why it failed")),
        }
    }
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("'{text}' is no number"))
}

fn get(path: &str, range: Option<Range>) -> Result<(), Error> {
    let reading = fetch::open(path, range)?;
    drain(&reading, out)
}

fn fill(bytes: u64) -> Result<(), Error> {
    let adding = publish::add()?;
    let body = adding.body().expect("the body is given once");
    let mut left = bytes;
    while left > 0 {
        let count = left.min(4096);
        let piece: Vec<u8> = (0..count).map(|at| ((bytes - left + at) % 251) as u8).collect();
        if body.blocking_write_and_flush(&piece).is_err() {
            break;
        }
        left -= count;
    }
    drop(body);
    let added = publish::Adding::finish(adding)?;
    println!("{} {}", added.cid, added.size);
    Ok(())
}

fn run(args: &[&str]) -> Result<(), Error> {
    match args {
        ["stat", path] => say(&fetch::stat(path)?),
        ["get", path] => get(path, None)?,
        ["get", path, offset] => get(path, Some(Range { offset: number(offset), length: None }))?,
        ["get", path, offset, length] => {
            get(path, Some(Range { offset: number(offset), length: Some(number(length)) }))?
        }
        ["together", path] => {
            println!("ready");
            std::io::stdin().read_line(&mut String::new()).expect("standard input");
            return run(&["count", path]);
        }
        ["count", path] => {
            let mut count = 0;
            drain(&fetch::open(path, None)?, |bytes| count += bytes.len())?;
            println!("{count}");
        }
        ["ls", path] => {
            let listing = fetch::entries(path)?;
            loop {
                let entries = listing.next()?;
                if entries.is_empty() {
                    break;
                }
                for entry in entries {
                    println!("{} {} {}", entry.cid, entry.size, entry.name);
                }
            }
        }
        ["block", path] => out(&fetch::block(path)?),
        ["car", path] => drain(&fetch::car(path)?, out)?,
        ["add", text] => {
            let adding = publish::add()?;
            let body = adding.body().expect("the body is given once");
            body.blocking_write_and_flush(text.as_bytes()).expect("it is taken");
            drop(body);
            let added = publish::Adding::finish(adding)?;
            println!("{} {}", added.cid, added.size);
            // What a module has made it may read.
            get(&added.cid, None)?;
            println!();
        }
        ["fill", bytes] => fill(number(bytes))?,
        ["folder", entries @ ..] => {
            let entries: Vec<(String, String)> = entries
                .iter()
                .map(|entry| entry.split_once('=').expect("NAME=CID"))
                .map(|(name, cid)| (name.to_owned(), cid.to_owned()))
                .collect();
            println!("{}", publish::folder(&entries)?.cid);
        }
        ["site", text] => {
            let adding = publish::add()?;
            let body = adding.body().expect("the body is given once");
            body.blocking_write_and_flush(text.as_bytes()).expect("it is taken");
            drop(body);
            let added = publish::Adding::finish(adding)?;
            let folder = publish::folder(&[("index.html".to_owned(), added.cid)])?;
            publish::pin(&folder.cid)?;
            println!("{}", folder.cid);
        }
        ["pin", cid] => {
            publish::pin(cid)?;
            println!("done");
        }
        ["unpin", cid] => {
            publish::unpin(cid)?;
            println!("done");
        }
        ["name", key, path] => println!("{}", publish::name(key, path)?),
        ["many", count, path] => {
            let mut open = Vec::new();
            for at in 0..number(count) {
                match fetch::open(path, None) {
                    Ok(reading) => open.push(reading),
                    Err(error) => {
                        println!("{at} open");
                        return Err(error);
                    }
                }
            }
            println!("{} open", open.len());
        }
        ["cancel", path] => {
            for _ in 0..100 {
                let reading = fetch::open(path, None)?;
                let body = reading.body().expect("the body is given once");
                let piece = body.blocking_read(16).expect("a piece");
                assert_eq!(piece.len(), 16);
            }
            println!("let go");
        }
        ["leave", path] => {
            let reading = fetch::open(path, None)?;
            let body = reading.body().expect("the body is given once");
            std::mem::forget(body.read(16));
            std::process::exit(0);
        }
        ["open", path] => {
            let reading = fetch::open(path, None)?;
            reading.subscribe().block();
            say(&reading.stat().expect("it is known")?);
        }
        _ => panic!("usage: content VERB ARGUMENT…; see the source"),
    }
    Ok(())
}
