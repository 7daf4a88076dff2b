// SPDX-License-Identifier: Apache-2.0
//! A guest reads what the program writes.

use crate::channel::{Source, Taken};
use crate::payload::{Payload, Single};
use crate::waiter::Waiter;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use wasmtime::component::{Destination, FutureProducer, StreamProducer, StreamResult};
use wasmtime::{AsContextMut, Error, Result, StoreContextMut};

pub struct Producer<P> {
    source: Box<dyn Source>,
    waits: Arc<Waiter>,
    payload: PhantomData<fn() -> P>,
}

impl<P> Producer<P> {
    pub fn new(source: Box<dyn Source>, waits: Arc<Waiter>) -> Self {
        Producer { source, waits, payload: PhantomData }
    }

    fn take(&mut self, cx: &Context<'_>, most: usize) -> Result<Taken> {
        self.waits.wait(cx.waker());
        self.source.take(most)
    }
}

impl<D: 'static, P: Payload> StreamProducer<D> for Producer<P> {
    type Item = P;
    type Buffer = P::Buffer;

    fn poll_produce<'a>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'a, D>,
        destination: Destination<'a, P, P::Buffer>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        // Without room the guest asks whether there is something.
        let room = destination.remaining(store.as_context_mut()).unwrap_or(P::AT_ONCE);
        match self.get_mut().take(cx, room)? {
            Taken::Some(_) if room == 0 => {}
            Taken::Some(values) => P::write(store, destination, values)?,
            Taken::End => return Poll::Ready(Ok(StreamResult::Dropped)),
            Taken::None if finish => return Poll::Ready(Ok(StreamResult::Cancelled)),
            Taken::None => return Poll::Pending,
        }
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

impl<D: 'static, P: Single> FutureProducer<D> for Producer<P> {
    type Item = P;

    fn poll_produce(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        _: StoreContextMut<'_, D>,
        finish: bool,
    ) -> Poll<Result<Option<P>>> {
        match self.get_mut().take(cx, 1)? {
            Taken::Some(values) => Poll::Ready(Ok(Some(P::of(values)))),
            Taken::End => Poll::Ready(Err(Error::msg("the program let go of a future and gave it no value"))),
            Taken::None if finish => Poll::Ready(Ok(None)),
            Taken::None => Poll::Pending,
        }
    }
}
