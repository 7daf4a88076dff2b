// SPDX-License-Identifier: Apache-2.0
//! `berth:content` in the shape of 0.2, function by function.

use crate::content::{self, Ask, Asked, Fault, Kind, Verb, Why};
use crate::content_io::{ContentInput, ContentOutput, Said};
use crate::{Door, DoorsView, Through, door};
use std::collections::VecDeque;
use wasmtime::Result;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, Pollable, subscribe};

pub mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit/berth-content",
        world: "berth:content/imports",
        imports: {
            "berth:content/fetch.stat": async | trappable,
            "berth:content/fetch.block": async | trappable,
            "berth:content/fetch.entries": async | trappable,
            "berth:content/fetch.[method]listing.next": async | trappable,
            "berth:content/publish.folder": async | trappable,
            "berth:content/publish.pin": async | trappable,
            "berth:content/publish.unpin": async | trappable,
            "berth:content/publish.name": async | trappable,
            "berth:content/publish.[static]adding.finish": async | trappable,
            default: trappable,
        },
        with: {
            "wasi:io/poll": wasmtime_wasi::p2::bindings::io::poll,
            "wasi:io/streams": wasmtime_wasi::p2::bindings::io::streams,
            "berth:content/fetch.reading": super::Reading,
            "berth:content/fetch.listing": super::Listing,
            "berth:content/publish.adding": super::Adding,
        },
    });
}

use bindings::berth::content::{fetch, publish, types};

/// Something that is being read.
pub struct Reading {
    asked: Asked,
    said: Said,
    given: bool,
}

/// A directory that is being listed.
pub struct Listing {
    asked: Asked,
    waiting: VecDeque<types::Entry>,
}

/// A file that is being written.
pub struct Adding {
    asked: Asked,
    said: Said,
    given: bool,
}

/// Entries that one call gives.
const ENTRIES_AT_ONCE: usize = 256;

pub fn link<T: DoorsView + Send + 'static>(linker: &mut Linker<T>) -> Result<()> {
    types::add_to_linker::<T, Through<T>>(linker, door::<T>)?;
    fetch::add_to_linker::<T, Through<T>>(linker, door::<T>)?;
    publish::add_to_linker::<T, Through<T>>(linker, door::<T>)
}

pub(crate) fn error(fault: Fault) -> types::Error {
    let Fault { why, words } = fault;
    match why {
        Why::NotFound => types::Error::NotFound(words),
        Why::Denied => types::Error::Denied(words),
        Why::Invalid => types::Error::Invalid(words),
        Why::TooLarge => types::Error::TooLarge(words),
        Why::Unavailable => types::Error::Unavailable(words),
        Why::Limit => types::Error::Limit(words),
    }
}

pub(crate) fn stat(found: content::Found) -> types::About {
    let kind = match found.kind {
        Kind::File => types::Kind::File,
        Kind::Directory => types::Kind::Directory,
        Kind::Symlink => types::Kind::Symlink,
        Kind::Block => types::Kind::Block,
    };
    let link = (found.kind == Kind::Symlink).then_some(found.link);
    types::About { cid: found.cid, kind, size: found.size, link }
}

pub(crate) fn added(found: content::Found) -> types::Added {
    types::Added { cid: found.cid, size: found.size }
}

/// Names and CIDs as C++ reads them. A NUL can be in neither.
pub(crate) fn folder_words(entries: &[(String, String)]) -> Option<Vec<u8>> {
    let mut words = Vec::new();
    for (name, cid) in entries {
        for word in [name, cid] {
            if word.contains('\0') {
                return None;
            }
            words.extend_from_slice(word.as_bytes());
            words.push(0);
        }
    }
    Some(words)
}

pub(crate) fn no_name() -> Fault {
    Fault { why: Why::Invalid, words: "a name or a CID has a NUL in it".to_owned() }
}

impl<T: DoorsView> Door<'_, T> {
    fn asked(&mut self, ask: &Ask<'_>) -> Result<Asked, types::Error> {
        let asked = self.0.doors().content.begin(ask).map_err(error)?;
        // What is refused is refused now.
        match asked.found_now() {
            Some(Err(fault)) => Err(error(fault)),
            _ => Ok(asked),
        }
    }

    fn reading(&mut self, ask: &Ask<'_>) -> Result<Result<Resource<Reading>, types::Error>> {
        let asked = match self.asked(ask) {
            Ok(asked) => asked,
            Err(error) => return Ok(Err(error)),
        };
        Ok(Ok(self.0.ctx().table.push(Reading { asked, said: Said::default(), given: false })?))
    }

    /// Something that ends when its path is known, or it is done.
    async fn done(&mut self, ask: &Ask<'_>) -> Result<content::Found, types::Error> {
        self.asked(ask)?.found().await.map_err(error)
    }
}

impl<T: DoorsView> types::Host for Door<'_, T> {}

impl<T: DoorsView + Send> fetch::Host for Door<'_, T> {
    async fn stat(&mut self, path: String) -> Result<Result<types::About, types::Error>> {
        Ok(self.done(&Ask::new(Verb::Stat, &path)).await.map(stat))
    }

    fn open(&mut self, path: String, range: Option<types::Range>) -> Result<Result<Resource<Reading>, types::Error>> {
        let range = range.unwrap_or(types::Range { offset: 0, length: None });
        let length = range.length.unwrap_or(u64::MAX);
        self.reading(&Ask { offset: range.offset, length, ..Ask::new(Verb::Open, &path) })
    }

    fn car(&mut self, path: String) -> Result<Result<Resource<Reading>, types::Error>> {
        self.reading(&Ask::new(Verb::Car, &path))
    }

    async fn block(&mut self, path: String) -> Result<Result<Vec<u8>, types::Error>> {
        let asked = match self.asked(&Ask::new(Verb::Block, &path)) {
            Ok(asked) => asked,
            Err(error) => return Ok(Err(error)),
        };
        Ok(asked.all().await.map_err(error))
    }

    async fn entries(&mut self, path: String) -> Result<Result<Resource<Listing>, types::Error>> {
        let asked = match self.asked(&Ask::new(Verb::List, &path)) {
            Ok(asked) => asked,
            Err(error) => return Ok(Err(error)),
        };
        if let Err(fault) = asked.found().await {
            return Ok(Err(error(fault)));
        }
        Ok(Ok(self.0.ctx().table.push(Listing { asked, waiting: VecDeque::new() })?))
    }
}

impl<T: DoorsView + Send> fetch::HostReading for Door<'_, T> {
    fn subscribe(&mut self, this: Resource<Reading>) -> Result<Resource<DynPollable>> {
        subscribe(self.0.ctx().table, this)
    }

    fn stat(&mut self, this: Resource<Reading>) -> Result<Option<Result<types::About, types::Error>>> {
        let found = self.0.ctx().table.get(&this)?.asked.found_now();
        Ok(found.map(|found| found.map(stat).map_err(error)))
    }

    fn body(&mut self, this: Resource<Reading>) -> Result<Result<Resource<DynInputStream>, ()>> {
        let table = self.0.ctx().table;
        let reading = table.get_mut(&this)?;
        if std::mem::replace(&mut reading.given, true) {
            return Ok(Err(()));
        }
        let stream: DynInputStream = Box::new(ContentInput::new(reading.asked.clone(), reading.said.clone()));
        Ok(Ok(table.push_child(stream, &this)?))
    }

    fn failure(&mut self, this: Resource<Reading>) -> Result<Option<types::Error>> {
        let said = self.0.ctx().table.get(&this)?.said.clone();
        let fault = said.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
        Ok(fault.map(error))
    }

    fn drop(&mut self, this: Resource<Reading>) -> Result<()> {
        self.0.ctx().table.delete(this)?;
        Ok(())
    }
}

#[async_trait::async_trait]
impl Pollable for Reading {
    async fn ready(&mut self) {
        // Whether it failed is `stat`'s to say.
        let _ = self.asked.found().await;
    }
}

impl<T: DoorsView + Send> fetch::HostListing for Door<'_, T> {
    async fn next(&mut self, this: Resource<Listing>) -> Result<Result<Vec<types::Entry>, types::Error>> {
        let listing = self.0.ctx().table.get_mut(&this)?;
        if listing.waiting.is_empty() {
            match listing.asked.entries().await {
                Ok(Some(entries)) => {
                    let entry =
                        |entry: content::Entry| types::Entry { name: entry.name, cid: entry.cid, size: entry.size };
                    listing.waiting = entries.into_iter().map(entry).collect();
                }
                Ok(None) => return Ok(Ok(Vec::new())),
                Err(fault) => return Ok(Err(error(fault))),
            }
        }
        let count = listing.waiting.len().min(ENTRIES_AT_ONCE);
        Ok(Ok(listing.waiting.drain(..count).collect()))
    }

    fn drop(&mut self, this: Resource<Listing>) -> Result<()> {
        self.0.ctx().table.delete(this)?;
        Ok(())
    }
}

impl<T: DoorsView + Send> publish::Host for Door<'_, T> {
    fn add(&mut self) -> Result<Result<Resource<Adding>, types::Error>> {
        let asked = match self.asked(&Ask::new(Verb::Add, "")) {
            Ok(asked) => asked,
            Err(error) => return Ok(Err(error)),
        };
        Ok(Ok(self.0.ctx().table.push(Adding { asked, said: Said::default(), given: false })?))
    }

    async fn folder(&mut self, entries: Vec<(String, String)>) -> Result<Result<types::Added, types::Error>> {
        let Some(more) = folder_words(&entries) else { return Ok(Err(error(no_name()))) };
        Ok(self.done(&Ask { more: &more, ..Ask::new(Verb::Folder, "") }).await.map(added))
    }

    async fn pin(&mut self, cid: String) -> Result<Result<(), types::Error>> {
        Ok(self.done(&Ask::new(Verb::Pin, &cid)).await.map(drop))
    }

    async fn unpin(&mut self, cid: String) -> Result<Result<(), types::Error>> {
        Ok(self.done(&Ask::new(Verb::Unpin, &cid)).await.map(drop))
    }

    async fn name(&mut self, key: String, path: String) -> Result<Result<String, types::Error>> {
        let ask = Ask { more: path.as_bytes(), ..Ask::new(Verb::Name, &key) };
        Ok(self.done(&ask).await.map(|found| found.link))
    }
}

impl<T: DoorsView + Send> publish::HostAdding for Door<'_, T> {
    fn body(&mut self, this: Resource<Adding>) -> Result<Result<Resource<DynOutputStream>, ()>> {
        let table = self.0.ctx().table;
        let adding = table.get_mut(&this)?;
        if std::mem::replace(&mut adding.given, true) {
            return Ok(Err(()));
        }
        let stream: DynOutputStream = Box::new(ContentOutput::new(adding.asked.clone(), adding.said.clone()));
        Ok(Ok(table.push_child(stream, &this)?))
    }

    async fn finish(&mut self, this: Resource<Adding>) -> Result<Result<types::Added, types::Error>> {
        // Fails while the stream is open, as the interface says.
        let adding = self.0.ctx().table.delete(this)?;
        let said = adding.said.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if let Some(fault) = said {
            return Ok(Err(error(fault)));
        }
        adding.asked.finish();
        Ok(adding.asked.found().await.map(added).map_err(error))
    }

    fn drop(&mut self, this: Resource<Adding>) -> Result<()> {
        self.0.ctx().table.delete(this)?;
        Ok(())
    }
}
