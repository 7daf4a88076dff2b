// SPDX-License-Identifier: Apache-2.0
//! The program reads what a guest writes.

use crate::channel::{Sink, Wanted};
use crate::payload::{Payload, Single};
use crate::transmit::connect;
use crate::waiter::Waiter;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use wasmtime::component::{FutureConsumer, Source, StreamConsumer, StreamResult};
use wasmtime::{AsContextMut, Result, StoreContextMut};

pub struct Consumer<P> {
    sink: Box<dyn Sink>,
    waits: Arc<Waiter>,
    payload: PhantomData<fn() -> P>,
}

impl<P> Consumer<P> {
    pub fn new(sink: Box<dyn Sink>, waits: Arc<Waiter>) -> Self {
        Consumer { sink, waits, payload: PhantomData }
    }

    fn wanted(&mut self, cx: &Context<'_>) -> Wanted {
        self.waits.wait(cx.waker());
        self.sink.wanted()
    }
}

impl<D: 'static, P: Payload> StreamConsumer<D> for Consumer<P> {
    type Item = P;

    fn poll_consume(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'_, D>,
        source: Source<'_, P>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        let this = self.get_mut();
        match this.wanted(cx) {
            Wanted::Gone => Poll::Ready(Ok(StreamResult::Dropped)),
            Wanted::None if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
            Wanted::None => Poll::Pending,
            Wanted::Some(most) => {
                P::read(store.as_context_mut(), source, most, this.sink.as_mut())?;
                connect(store)?;
                Poll::Ready(Ok(StreamResult::Completed))
            }
        }
    }
}

impl<D: 'static, P: Single> FutureConsumer<D> for Consumer<P> {
    type Item = P;

    /// Who doesn't want it any more is given it all the same: it may hold something that has to go.
    fn poll_consume(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'_, D>,
        source: Source<'_, P>,
        finish: bool,
    ) -> Poll<Result<()>> {
        let this = self.get_mut();
        match this.wanted(cx) {
            Wanted::None if finish => Poll::Ready(Ok(())),
            Wanted::None => Poll::Pending,
            Wanted::Some(_) | Wanted::Gone => {
                P::read(store.as_context_mut(), source, 1, this.sink.as_mut())?;
                connect(store)?;
                Poll::Ready(Ok(()))
            }
        }
    }
}
