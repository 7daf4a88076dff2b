// SPDX-License-Identifier: Apache-2.0
//! `berth:content` in the shape of 0.3: what 0.2 does with `wasi:io` is a stream here, and a future for its end.

use crate::content::{self, Ask, Asked, Found, Verb};
use crate::content2::bindings::berth::content::types;
use crate::content2::{added, error, folder_words, no_name, stat};
use crate::{Door, DoorsView, Through, door};
use bytes::Bytes;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::oneshot;
use wasmtime::component::{
    Accessor, Destination, FutureReader, Linker, Source, StreamConsumer, StreamProducer, StreamReader, StreamResult,
    VecBuffer,
};
use wasmtime::{Result, StoreContextMut};

pub mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit/berth-content",
        world: "berth:content/imports-async",
        imports: { default: async | store | trappable },
        with: { "berth:content/types": crate::content2::bindings::berth::content::types },
    });
}

use bindings::berth::content::{fetch_async, publish_async};

pub fn link<T: DoorsView + Send + 'static>(linker: &mut Linker<T>) -> Result<()> {
    fetch_async::add_to_linker::<T, Through<T>>(linker, door::<T>)?;
    publish_async::add_to_linker::<T, Through<T>>(linker, door::<T>)
}

type Answer<R> = std::result::Result<R, types::Error>;
type Ended = Answer<()>;

/// Says how a stream ended: once, and well if nothing else was said when it goes.
struct Tell(Option<oneshot::Sender<Ended>>);

impl Tell {
    fn new() -> (Self, oneshot::Receiver<Ended>) {
        let (to, ended) = oneshot::channel();
        (Tell(Some(to)), ended)
    }

    fn end(&mut self, ended: Ended) -> Poll<Result<StreamResult>> {
        if let Some(to) = self.0.take() {
            // Nobody may be waiting for it.
            let _ = to.send(ended);
        }
        Poll::Ready(Ok(StreamResult::Dropped))
    }
}

impl Drop for Tell {
    fn drop(&mut self) {
        let _ = self.end(Ok(()));
    }
}

/// The bytes of an ask.
struct Bytes3 {
    asked: Asked,
    tell: Tell,
}

impl<D: 'static> StreamProducer<D> for Bytes3 {
    type Item = u8;
    type Buffer = Bytes;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'a, D>,
        mut to: Destination<'a, u8, Bytes>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        // Only asked whether there is something: there may be.
        if to.remaining(&mut store) == Some(0) {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        match self.asked.poll_take(cx) {
            Poll::Ready(Ok(Some(piece))) => {
                to.set_buffer(piece);
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Poll::Ready(Ok(None)) => self.tell.end(Ok(())),
            Poll::Ready(Err(fault)) => self.tell.end(Err(error(fault))),
            Poll::Pending if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// The entries of a directory.
struct Entries {
    asked: Asked,
    tell: Tell,
}

impl<D: 'static> StreamProducer<D> for Entries {
    type Item = types::Entry;
    type Buffer = VecBuffer<types::Entry>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'a, D>,
        mut to: Destination<'a, types::Entry, Self::Buffer>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        if to.remaining(&mut store) == Some(0) {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        match self.asked.poll_entries(cx) {
            Poll::Ready(Ok(Some(entries))) => {
                let entry = |entry: content::Entry| types::Entry { name: entry.name, cid: entry.cid, size: entry.size };
                to.set_buffer(entries.into_iter().map(entry).collect::<Vec<_>>().into());
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Poll::Ready(Ok(None)) => self.tell.end(Ok(())),
            Poll::Ready(Err(fault)) => self.tell.end(Err(error(fault))),
            Poll::Pending if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// A file that is added, from a stream.
struct Written {
    asked: Asked,
    tell: Tell,
}

impl<D: 'static> StreamConsumer<D> for Written {
    type Item = u8;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        store: StoreContextMut<'_, D>,
        from: Source<'_, u8>,
        _finish: bool,
    ) -> Poll<Result<StreamResult>> {
        let mut from = from.as_direct(store);
        let bytes = from.remaining();
        let bytes = &bytes[..bytes.len().min(1 << 20)];
        match self.asked.write(bytes) {
            Ok(()) => {
                let count = bytes.len();
                from.mark_read(count);
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Err(fault) => self.tell.end(Err(error(fault))),
        }
    }
}

fn begin<T: DoorsView>(store: &Accessor<T, Through<T>>, ask: &Ask<'_>) -> Answer<Asked> {
    store.with(|mut access| access.get().0.doors().content.begin(ask)).map_err(error)
}

async fn done<T: DoorsView>(store: &Accessor<T, Through<T>>, ask: &Ask<'_>) -> Answer<Found> {
    begin(store, ask)?.found().await.map_err(error)
}

type Read = (types::About, StreamReader<u8>, FutureReader<Ended>);

async fn read<T: DoorsView + 'static>(store: &Accessor<T, Through<T>>, ask: &Ask<'_>) -> Result<Answer<Read>> {
    let asked = match begin(store, ask) {
        Ok(asked) => asked,
        Err(error) => return Ok(Err(error)),
    };
    let found = match asked.found().await {
        Ok(found) => found,
        Err(fault) => return Ok(Err(error(fault))),
    };
    store.with(|mut access| {
        let (tell, ended) = Tell::new();
        let bytes = StreamReader::new(&mut access, Bytes3 { asked, tell })?;
        let ended = FutureReader::new(&mut access, async move { Result::<Ended>::Ok(ended.await.unwrap_or(Ok(()))) })?;
        Ok(Ok((stat(found), bytes, ended)))
    })
}

impl<T: DoorsView + Send> fetch_async::Host for Door<'_, T> {}

impl<T: DoorsView + Send + 'static> fetch_async::HostWithStore<T> for Through<T> {
    async fn stat(store: &Accessor<T, Self>, path: String) -> Result<Answer<types::About>> {
        Ok(done(store, &Ask::new(Verb::Stat, &path)).await.map(stat))
    }

    async fn open(store: &Accessor<T, Self>, path: String, range: Option<types::Range>) -> Result<Answer<Read>> {
        let range = range.unwrap_or(types::Range { offset: 0, length: None });
        let length = range.length.unwrap_or(u64::MAX);
        read(store, &Ask { offset: range.offset, length, ..Ask::new(Verb::Open, &path) }).await
    }

    async fn car(store: &Accessor<T, Self>, path: String) -> Result<Answer<Read>> {
        read(store, &Ask::new(Verb::Car, &path)).await
    }

    async fn block(store: &Accessor<T, Self>, path: String) -> Result<Answer<Vec<u8>>> {
        let asked = match begin(store, &Ask::new(Verb::Block, &path)) {
            Ok(asked) => asked,
            Err(error) => return Ok(Err(error)),
        };
        Ok(asked.all().await.map_err(error))
    }

    async fn entries(
        store: &Accessor<T, Self>,
        path: String,
    ) -> Result<Answer<(StreamReader<types::Entry>, FutureReader<Ended>)>> {
        let asked = match begin(store, &Ask::new(Verb::List, &path)) {
            Ok(asked) => asked,
            Err(error) => return Ok(Err(error)),
        };
        if let Err(fault) = asked.found().await {
            return Ok(Err(error(fault)));
        }
        store.with(|mut access| {
            let (tell, ended) = Tell::new();
            let entries = StreamReader::new(&mut access, Entries { asked, tell })?;
            let ended =
                FutureReader::new(&mut access, async move { Result::<Ended>::Ok(ended.await.unwrap_or(Ok(()))) })?;
            Ok(Ok((entries, ended)))
        })
    }
}

impl<T: DoorsView + Send> publish_async::Host for Door<'_, T> {}

impl<T: DoorsView + Send + 'static> publish_async::HostWithStore<T> for Through<T> {
    async fn add(store: &Accessor<T, Self>, mut data: StreamReader<u8>) -> Result<Answer<types::Added>> {
        let asked = match begin(store, &Ask::new(Verb::Add, "")) {
            Ok(asked) => asked,
            Err(error) => {
                store.with(|mut access| data.close(&mut access))?;
                return Ok(Err(error));
            }
        };
        let (tell, ended) = Tell::new();
        let written = Written { asked: asked.clone(), tell };
        store.with(|mut access| data.pipe(&mut access, written))?;
        if let Err(error) = ended.await.unwrap_or(Ok(())) {
            return Ok(Err(error));
        }
        asked.finish();
        Ok(asked.found().await.map(added).map_err(error))
    }

    async fn folder(store: &Accessor<T, Self>, entries: Vec<(String, String)>) -> Result<Answer<types::Added>> {
        let Some(more) = folder_words(&entries) else { return Ok(Err(error(no_name()))) };
        let ask = Ask { more: &more, ..Ask::new(Verb::Folder, "") };
        Ok(done(store, &ask).await.map(added))
    }

    async fn pin(store: &Accessor<T, Self>, cid: String) -> Result<Answer<()>> {
        Ok(done(store, &Ask::new(Verb::Pin, &cid)).await.map(drop))
    }

    async fn unpin(store: &Accessor<T, Self>, cid: String) -> Result<Answer<()>> {
        Ok(done(store, &Ask::new(Verb::Unpin, &cid)).await.map(drop))
    }

    async fn name(store: &Accessor<T, Self>, key: String, path: String) -> Result<Answer<String>> {
        let ask = Ask { more: path.as_bytes(), ..Ask::new(Verb::Name, &key) };
        Ok(done(store, &ask).await.map(|found| found.link))
    }
}
