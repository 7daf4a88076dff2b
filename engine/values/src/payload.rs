// SPDX-License-Identifier: Apache-2.0
//! What goes through a stream or a future, as the engine is told of it. It knows the types of such values when it is compiled,
//! a program when it is run: bytes and nothing are types of their own; all else is one type without a size, whose first
//! value stands for all that are read or written at once.

use crate::channel::{Sink, Values};
use crate::lift::{self, Read};
use crate::lower::{self, Words};
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext, LowerContext};
use wasmtime::component::{ComponentType, Destination, Lift, Lower, ReadBuffer, Source, VecBuffer, WriteBuffer};
use wasmtime::{Result, StoreContextMut, ValRaw, bail};

pub trait Payload: Lift + Lower + Send + Sync + Sized + 'static {
    type Buffer: WriteBuffer<Self> + Default;
    /// How many are taken at once for a reader that isn't the guest: a stream that comes back to the program.
    const AT_ONCE: usize;

    /// Hands over so many values at most, if there are some.
    fn read<D: 'static>(
        store: StoreContextMut<'_, D>,
        source: Source<'_, Self>,
        most: usize,
        sink: &mut dyn Sink,
    ) -> Result<()>;

    /// There is room for all of them.
    fn write<D: 'static>(
        store: StoreContextMut<'_, D>,
        destination: Destination<'_, Self, Self::Buffer>,
        values: Box<dyn Values>,
    ) -> Result<()>;
}

/// What a future may have.
pub trait Single: Payload {
    fn of(values: Box<dyn Values>) -> Self;
}

/// Bytes are copied between the guest's memory and the program's, once.
impl Payload for u8 {
    type Buffer = VecBuffer<u8>;
    const AT_ONCE: usize = 64 << 10;

    fn read<D: 'static>(
        store: StoreContextMut<'_, D>,
        source: Source<'_, Self>,
        most: usize,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let mut source = source.as_direct(store);
        let bytes = source.remaining();
        let count = bytes.len().min(most);
        if count > 0 {
            sink.deliver(&[bytes.as_ptr().expose_provenance() as u64, count as u64])?;
            source.mark_read(count);
        }
        Ok(())
    }

    fn write<D: 'static>(
        store: StoreContextMut<'_, D>,
        destination: Destination<'_, Self, Self::Buffer>,
        values: Box<dyn Values>,
    ) -> Result<()> {
        let mut from = Words(values.words());
        // SAFETY: the promise of whoever made the values.
        let (bytes, count) = unsafe { from.bytes(1)? };
        let mut destination = destination.as_direct(store, count);
        destination.remaining()[..count].copy_from_slice(bytes);
        destination.mark_written(count);
        values.delivered();
        Ok(())
    }
}

/// Nothing, as it is in a `future` without a type.
impl Payload for () {
    type Buffer = Option<()>;
    const AT_ONCE: usize = 1;

    fn read<D: 'static>(
        store: StoreContextMut<'_, D>,
        mut source: Source<'_, Self>,
        _: usize,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        source.read(store, &mut None)?;
        sink.deliver(&[1])
    }

    fn write<D: 'static>(
        _: StoreContextMut<'_, D>,
        mut destination: Destination<'_, Self, Self::Buffer>,
        values: Box<dyn Values>,
    ) -> Result<()> {
        values.delivered();
        destination.set_buffer(Some(()));
        Ok(())
    }
}

impl Single for () {
    fn of(values: Box<dyn Values>) -> Self {
        values.delivered();
    }
}

/// A value of any type. The first of some that are written at once has them all.
pub struct Item(Option<Box<dyn Values>>);

impl Payload for Item {
    type Buffer = VecBuffer<Item>;
    const AT_ONCE: usize = 1;

    fn read<D: 'static>(
        mut store: StoreContextMut<'_, D>,
        mut source: Source<'_, Self>,
        most: usize,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let count = source.remaining(&mut store).min(most);
        if count == 0 {
            return Ok(());
        }
        let _taking = Taking::new(sink, count);
        source.read(store, &mut Room(count))
    }

    fn write<D: 'static>(
        _: StoreContextMut<'_, D>,
        mut destination: Destination<'_, Self, Self::Buffer>,
        values: Box<dyn Values>,
    ) -> Result<()> {
        let more = values.count().saturating_sub(1);
        let items = std::iter::once(Item(Some(values))).chain(std::iter::repeat_with(|| Item(None)).take(more));
        destination.set_buffer(items.collect::<Vec<_>>().into());
        Ok(())
    }
}

impl Single for Item {
    fn of(values: Box<dyn Values>) -> Self {
        Item(Some(values))
    }
}

// SAFETY: without a size the engine looks at nothing; what is read and written is looked at by its own type.
unsafe impl ComponentType for Item {
    type Lower = [ValRaw; 0];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        Ok(())
    }
}

// SAFETY: as for `ComponentType`.
unsafe impl Lower for Item {
    fn linear_lower_to_flat<T>(
        &self,
        _: &mut LowerContext<'_, T>,
        _: InterfaceType,
        _: &mut MaybeUninit<[ValRaw; 0]>,
    ) -> Result<()> {
        bail!("a value of a stream goes through memory")
    }

    fn linear_lower_to_memory<T>(&self, cx: &mut LowerContext<'_, T>, ty: InterfaceType, at: usize) -> Result<()> {
        Item::linear_store_list_to_memory(cx, ty, at, std::slice::from_ref(self))
    }

    fn linear_store_list_to_memory<T>(
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        at: usize,
        items: &[Self],
    ) -> Result<()> {
        let Some(Item(Some(values))) = items.first() else { bail!("values of a stream that nobody has") };
        let mut from = Words(values.words());
        // SAFETY: the promise of whoever made the values.
        unsafe { lower::elements(cx, ty, &mut from, at, items.len())? };
        from.end()?;
        values.delivered();
        Ok(())
    }
}

// SAFETY: as for `ComponentType`.
unsafe impl Lift for Item {
    fn linear_lift_from_flat(_: &mut LiftContext<'_>, _: InterfaceType, _: &[ValRaw; 0]) -> Result<Self> {
        bail!("a value of a stream goes through memory")
    }

    /// Asked for each value, with the place of the first: which has all of them read.
    fn linear_lift_from_memory(cx: &mut LiftContext<'_>, ty: InterfaceType, bytes: &[u8]) -> Result<Self> {
        let at = bytes.as_ptr().addr().wrapping_sub(cx.memory().as_ptr().addr());
        if let Some((sink, count)) = Taking::once() {
            let mut read = Read::default();
            lift::elements(cx, ty, u32::try_from(at)?, count, &mut read)?;
            sink.deliver(&read.words)?;
        }
        Ok(Item(None))
    }
}

/// Counts items for which there is room.
struct Room(usize);

impl ReadBuffer<Item> for Room {
    fn extend<I: IntoIterator<Item = Item>>(&mut self, items: I) {
        self.0 -= items.into_iter().count();
    }

    fn remaining_capacity(&self) -> usize {
        self.0
    }

    /// The program's own, which has come back: one at a time, whose words are as good as a guest's.
    fn move_from(&mut self, input: &mut dyn WriteBuffer<Item>, count: usize) {
        input.take(count, &mut |items| {
            for item in items {
                // SAFETY: the engine hands them over.
                let Item(values) = unsafe { item.assume_init_read() };
                if let (Some(values), Some((sink, _))) = (values, Taking::once()) {
                    values.delivered();
                    // What the program has no memory for it doesn't get.
                    let _ = sink.deliver(values.words());
                }
            }
        });
        self.0 -= count;
    }
}

thread_local! {
    /// Who takes what is read next on this thread, and how many.
    static TAKING: Cell<Option<(NonNull<dyn Sink>, usize)>> = const { Cell::new(None) };
}

/// While there is one, values that are read on this thread go to its sink.
struct Taking<'a>(std::marker::PhantomData<&'a mut dyn Sink>);

impl<'a> Taking<'a> {
    fn new(sink: &'a mut dyn Sink, count: usize) -> Self {
        // SAFETY: only the lifetime changes; whoever holds this value keeps the sink, and leaves it alone.
        let sink = unsafe { std::mem::transmute::<&mut dyn Sink, &'static mut dyn Sink>(sink) };
        TAKING.set(Some((NonNull::from(sink), count)));
        Taking(std::marker::PhantomData)
    }

    /// Whom all of them go to, for the first who asks.
    fn once<'b>() -> Option<(&'b mut dyn Sink, usize)> {
        let (mut sink, count) = TAKING.take()?;
        // SAFETY: there is a `Taking`, and nobody else is told of its sink.
        Some((unsafe { sink.as_mut() }, count))
    }
}

impl Drop for Taking<'_> {
    fn drop(&mut self) {
        TAKING.set(None);
    }
}
