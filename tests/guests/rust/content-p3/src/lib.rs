// SPDX-License-Identifier: Apache-2.0
//! Fetches and publishes content over `berth:content` of 0.3: the verbs of `content` that have a shape of their own there,
//! with the same arguments and lines.

mod elsewhere;

use std::io::Write;
use wasip3::cli::environment::get_arguments;
use wit_bindgen::{FutureReader, StreamReader, StreamResult};

wit_bindgen::generate!({
    path: "../../../../wit/berth-content",
    world: "berth:content/imports-async",
});

use berth::content::types::{About, Added, Error, Kind, Range};
use berth::content::{fetch_async as fetch, publish_async as publish};

const PIECE: usize = 64 << 10;

struct Program;

wasip3::cli::command::export!(Program);

impl wasip3::exports::cli::run::Guest for Program {
    async fn run() -> Result<(), ()> {
        let args = get_arguments();
        let args: Vec<&str> = args.iter().skip(1).map(String::as_str).collect();
        let done = match args[..] {
            ["files", ref rest @ ..] => Some(elsewhere::files(rest).await),
            ["url", method, url, ref headers @ ..] => Some(elsewhere::url(method, url, headers).await),
            _ => None,
        };
        if let Some(done) = done {
            return match done {
                Ok(bytes) => Ok(out(&bytes)),
                Err(error) => {
                    println!("error: {error}");
                    Err(())
                }
            };
        }
        match verb(&args).await {
            Ok(()) => Ok(()),
            Err(error) => {
                println!("error: {}", shown(&error));
                Err(())
            }
        }
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

fn say(about: &About) {
    let kind = match about.kind {
        Kind::File => "file",
        Kind::Directory => "directory",
        Kind::Symlink => "symlink",
        Kind::Block => "block",
    };
    let link = about.link.as_ref().map(|link| format!(" {link}")).unwrap_or_default();
    println!("{} {kind} {}{link}", about.cid, about.size);
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("'{text}' is no number"))
}

async fn drain(
    (_, mut bytes, ended): (About, StreamReader<u8>, FutureReader<Result<(), Error>>),
    mut each: impl FnMut(&[u8]),
) -> Result<(), Error> {
    loop {
        let (result, piece) = bytes.read(Vec::with_capacity(PIECE)).await;
        each(&piece);
        if result == StreamResult::Dropped {
            return ended.await;
        }
    }
}

/// Nobody flushes what a library leaves in its buffers.
fn out(bytes: &[u8]) {
    let mut stdout = std::io::stdout();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).expect("standard output");
}

async fn add(bytes: Vec<u8>) -> Result<Added, Error> {
    let (mut writer, reader) = wit_stream::new();
    wit_bindgen::spawn_local(async move {
        writer.write_all(bytes).await;
    });
    publish::add(reader).await
}

async fn verb(args: &[&str]) -> Result<(), Error> {
    let path = |path: &str| path.to_owned();
    match args {
        ["stat", at] => say(&fetch::stat(path(at)).await?),
        ["get", at] => drain(fetch::open(path(at), None).await?, out).await?,
        ["get", at, offset, length] => {
            let range = Range { offset: number(offset), length: Some(number(length)) };
            drain(fetch::open(path(at), Some(range)).await?, out).await?;
        }
        ["count", at] => {
            let mut count = 0;
            drain(fetch::open(path(at), None).await?, |bytes| count += bytes.len()).await?;
            println!("{count}");
        }
        ["ls", at] => {
            let (mut entries, ended) = fetch::entries(path(at)).await?;
            while let Some(entry) = entries.next().await {
                println!("{} {} {}", entry.cid, entry.size, entry.name);
            }
            ended.await?;
        }
        ["block", at] => out(&fetch::block(path(at)).await?),
        ["car", at] => drain(fetch::car(path(at)).await?, out).await?,
        ["add", text] => {
            let added = add(text.as_bytes().to_vec()).await?;
            println!("{} {}", added.cid, added.size);
            drain(fetch::open(added.cid, None).await?, out).await?;
            println!();
        }
        ["fill", bytes] => {
            let added = add((0..number(bytes)).map(|at| (at % 251) as u8).collect()).await?;
            println!("{} {}", added.cid, added.size);
        }
        ["site", text] => {
            let added = add(text.as_bytes().to_vec()).await?;
            let folder = publish::folder(vec![("index.html".to_owned(), added.cid)]).await?;
            publish::pin(folder.cid.clone()).await?;
            println!("{}", folder.cid);
        }
        ["unpin", cid] => {
            publish::unpin(path(cid)).await?;
            println!("done");
        }
        ["name", key, at] => println!("{}", publish::name(path(key), path(at)).await?),
        ["cancel", at] => {
            for _ in 0..100 {
                let (_, mut bytes, _) = fetch::open(path(at), None).await?;
                let (_, piece) = bytes.read(Vec::with_capacity(16)).await;
                assert_eq!(piece.len(), 16);
            }
            println!("let go");
        }
        ["many", count, at] => {
            let mut open = Vec::new();
            for index in 0..number(count) {
                match fetch::open(path(at), None).await {
                    Ok(reading) => open.push(reading),
                    Err(error) => {
                        println!("{index} open");
                        return Err(error);
                    }
                }
            }
            println!("{} open", open.len());
        }
        _ => panic!("usage: content-p3 VERB ARGUMENT…; see the source"),
    }
    Ok(())
}
