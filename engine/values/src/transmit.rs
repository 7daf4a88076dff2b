// SPDX-License-Identifier: Apache-2.0
//! Streams and futures among values. What a guest gives is its reading end: it is read once the engine's store is at hand,
//! which is after the values.

use crate::channel::Sink;
use crate::consumer::Consumer;
use crate::payload::Item;
use crate::producer::Producer;
use crate::resource::held;
use crate::waiter::Waiter;
use std::mem::MaybeUninit;
use std::sync::Arc;
use wasmtime::component::__internal::{ComponentTypes, InterfaceType, LiftContext, LowerContext};
use wasmtime::component::{FutureReader, Lift, Lower, StreamReader};
use wasmtime::{AsContextMut, Result, ValRaw, bail};

/// The reading end of something that a guest gave.
pub enum Arrived {
    Bytes(StreamReader<u8>),
    Items(StreamReader<Item>),
    Value(FutureReader<Item>),
    Nothing(FutureReader<()>),
}

impl Arrived {
    fn read(self, store: impl AsContextMut, sink: Box<dyn Sink>, waits: Arc<Waiter>) -> Result<()> {
        match self {
            Arrived::Bytes(reader) => reader.pipe(store, Consumer::new(sink, waits)),
            Arrived::Items(reader) => reader.pipe(store, Consumer::new(sink, waits)),
            Arrived::Value(reader) => reader.pipe(store, Consumer::new(sink, waits)),
            Arrived::Nothing(reader) => reader.pipe(store, Consumer::new(sink, waits)),
        }
    }

    fn close(self, store: impl AsContextMut) -> Result<()> {
        match self {
            Arrived::Bytes(mut reader) => reader.close(store),
            Arrived::Items(mut reader) => reader.close(store),
            Arrived::Value(mut reader) => reader.close(store),
            Arrived::Nothing(mut reader) => reader.close(store),
        }
    }
}

/// The type of what goes through.
fn payload(types: &ComponentTypes, ty: InterfaceType) -> Option<InterfaceType> {
    match ty {
        InterfaceType::Stream(stream) => types[types[stream].ty].payload,
        InterfaceType::Future(future) => types[types[future].ty].payload,
        _ => None,
    }
}

/// The word of what a guest gives.
pub fn lift(cx: &mut LiftContext<'_>, ty: InterfaceType, handle: u32) -> Result<u64> {
    let handle = ValRaw::u32(handle);
    let arrived = match (ty, payload(cx.types, ty)) {
        (InterfaceType::Stream(_), Some(InterfaceType::U8)) => {
            Arrived::Bytes(StreamReader::linear_lift_from_flat(cx, ty, &handle)?)
        }
        (InterfaceType::Stream(_), Some(_)) => Arrived::Items(StreamReader::linear_lift_from_flat(cx, ty, &handle)?),
        (InterfaceType::Future(_), Some(_)) => Arrived::Value(FutureReader::linear_lift_from_flat(cx, ty, &handle)?),
        (InterfaceType::Future(_), None) => Arrived::Nothing(FutureReader::linear_lift_from_flat(cx, ty, &handle)?),
        _ => bail!("a stream of nothing has no words"),
    };
    held(|held| {
        held.given += 1;
        held.arrived.push((held.given, arrived));
        Ok(held.given)
    })
}

/// A handle in the guest for what the program gives.
pub fn lower<T: 'static>(cx: &mut LowerContext<'_, T>, ty: InterfaceType, word: u64) -> Result<u32> {
    let waits = Arc::<Waiter>::default();
    let channels = held(|held| Ok(held.channels.clone()))?;
    let source = channels.source(word, waits.clone())?;
    let mut slot = MaybeUninit::<ValRaw>::uninit();
    match (ty, payload(cx.types, ty)) {
        (InterfaceType::Stream(_), Some(InterfaceType::U8)) => {
            let reader = StreamReader::<u8>::new(&mut cx.store, Producer::new(source, waits))?;
            reader.linear_lower_to_flat(cx, ty, &mut slot)?;
        }
        (InterfaceType::Stream(_), Some(_)) => {
            let reader = StreamReader::<Item>::new(&mut cx.store, Producer::new(source, waits))?;
            reader.linear_lower_to_flat(cx, ty, &mut slot)?;
        }
        (InterfaceType::Future(_), Some(_)) => {
            let reader = FutureReader::<Item>::new(&mut cx.store, Producer::new(source, waits))?;
            reader.linear_lower_to_flat(cx, ty, &mut slot)?;
        }
        (InterfaceType::Future(_), None) => {
            let reader = FutureReader::<()>::new(&mut cx.store, Producer::new(source, waits))?;
            reader.linear_lower_to_flat(cx, ty, &mut slot)?;
        }
        _ => bail!("a stream of nothing has no words"),
    }
    // SAFETY: it has been written.
    Ok(unsafe { slot.assume_init() }.get_u32())
}

/// Has what arrived be read by whoever got its word; what nobody got is closed.
pub fn connect(mut store: impl AsContextMut) -> Result<()> {
    let arrived =
        held(|held| Ok(held.has_arrived().then(|| (held.channels.clone(), std::mem::take(&mut held.arrived)))));
    let Ok(Some((channels, arrived))) = arrived else { return Ok(()) };
    for (word, arrived) in arrived {
        let waits = Arc::<Waiter>::default();
        match channels.sink(word, waits.clone()) {
            Some(sink) => arrived.read(&mut store, sink, waits)?,
            None => arrived.close(&mut store)?,
        }
    }
    Ok(())
}
