// SPDX-License-Identifier: Apache-2.0
//! A call of a guest's function with words, and its result as words.

use crate::given::Given;
use crate::lift::{self, Read};
use crate::lower::{self, Words};
use crate::resource::{Held, Holding};
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use wasmtime::component::__internal::wasmtime_environ::component::{MAX_FLAT_PARAMS, MAX_FLAT_RESULTS};
use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext, LowerContext};
use wasmtime::component::{ComponentNamedList, ComponentType, Func, Lift, Lower, TypedFunc};
use wasmtime::{AsContextMut, Result, ValRaw, bail};

/// A guest's function that is called with words.
#[derive(Clone, Copy)]
pub struct Call {
    function: Func,
    /// Core values of its result, as far as an async function gives them in another way than others do: 1 stands for all
    /// that are one wherever they come from, also those that lie in memory; [`FEWEST`] for several.
    core_values: usize,
}

/// Of several.
const FEWEST: usize = 2;
/// Core values of a result that an async function gives as they are, rather than in memory.
pub const SEVERAL: std::ops::RangeInclusive<usize> = FEWEST..=MAX_FLAT_PARAMS;

/// Whoever takes a result. Its words and what they point to are there until it returns.
pub trait Receiver {
    fn receive(&mut self, words: &[u64]);
}

impl<F: FnMut(&[u64])> Receiver for F {
    fn receive(&mut self, words: &[u64]) {
        self(words);
    }
}

impl Call {
    /// `core_values` are those of its result, if its engine has async functions.
    pub fn of(function: Func, core_values: Option<usize>) -> Self {
        let core_values = match core_values {
            Some(0) => 0,
            Some(count) if SEVERAL.contains(&count) => FEWEST,
            _ => 1,
        };
        Call { function, core_values }
    }

    fn typed<const N: usize>(&self) -> TypedFunc<Parameters<'static>, Returned<N>> {
        // SAFETY: what goes in and out is read by the function's own types, whichever they are.
        unsafe { TypedFunc::new_unchecked(self.function) }
    }

    /// Calls it on this thread. `receiver` is called once when the guest has returned, before it cleans up.
    /// Resources of the guest come from `held`, and go there.
    pub fn call(
        &self,
        store: impl AsContextMut,
        given: Given<'_>,
        held: &mut Held,
        receiver: &mut dyn Receiver,
    ) -> Result<()> {
        let (_waiting, _holding) = (Waiting::new(receiver), Holding::new(held));
        // The engine names the lifetime of what it is given in a function's type; it reads it during the call only.
        // SAFETY: as long as the call, the words are there.
        let words = unsafe { std::mem::transmute::<&[u64], &'static [u64]>(given.words()) };
        self.typed::<1>().call(store, Parameters(words))?;
        Ok(())
    }
}

impl Call {
    /// The same on a fiber. `receiver` is called on the thread that polls the future then.
    pub async fn call_async<T: Send>(
        &self,
        store: impl AsContextMut<Data = T>,
        given: Given<'_>,
        held: &mut Held,
        receiver: &mut dyn Receiver,
    ) -> Result<()> {
        // Two of them on the heap: few functions are so, and the others' future would be as long as all three.
        match self.core_values {
            1 => self.call_typed::<T, 1>(store, given, held, receiver).await,
            0 => Box::pin(self.call_typed::<T, 0>(store, given, held, receiver)).await,
            _ => Box::pin(self.call_typed::<T, FEWEST>(store, given, held, receiver)).await,
        }
    }

    async fn call_typed<T: Send, const N: usize>(
        &self,
        store: impl AsContextMut<Data = T>,
        given: Given<'_>,
        held: &mut Held,
        receiver: &mut dyn Receiver,
    ) -> Result<()> {
        // SAFETY: as in `call`: the future that reads them is gone before this one.
        let words = unsafe { std::mem::transmute::<&[u64], &'static [u64]>(given.words()) };
        let function = self.typed::<N>();
        let mut calling = std::pin::pin!(function.call_async(store, Parameters(words)));
        std::future::poll_fn(|cx| {
            // Only while it is polled: others may be, in between, on this thread.
            let (_waiting, _holding) = (Waiting::new(receiver), Holding::new(held));
            calling.as_mut().poll(cx)
        })
        .await?;
        Ok(())
    }
}

thread_local! {
    /// Who takes what is lifted next on this thread.
    static RECEIVER: Cell<Option<NonNull<dyn Receiver>>> = const { Cell::new(None) };
    /// Room for words, used again.
    static SPARE: Cell<Option<Box<Read>>> = const { Cell::new(None) };
}

/// While there is one, results on this thread go to its receiver.
struct Waiting(Option<NonNull<dyn Receiver>>);

impl Waiting {
    fn new(receiver: &mut dyn Receiver) -> Self {
        // SAFETY: only the lifetime changes; whoever holds this value holds the receiver, too.
        let receiver = unsafe { std::mem::transmute::<&mut dyn Receiver, &'static mut dyn Receiver>(receiver) };
        Waiting(RECEIVER.replace(Some(NonNull::from(receiver))))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        RECEIVER.set(self.0);
    }
}

/// All parameters of a function.
struct Parameters<'a>(&'a [u64]);

/// All results, which have gone to whoever waits for them. The engine hands over so many core values at least: none, the one
/// that a result is or where it lies, or the first of several.
struct Returned<const CORE_VALUES: usize>;

// SAFETY: room for as many core values as there may be; what a function takes is written, by its own types.
unsafe impl ComponentType for Parameters<'_> {
    type Lower = [ValRaw; MAX_FLAT_PARAMS];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        Ok(())
    }
}

// SAFETY: a list of everything that a function takes.
unsafe impl ComponentNamedList for Parameters<'_> {}

// SAFETY: as for `ComponentType`.
unsafe impl Lower for Parameters<'_> {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        slots: &mut MaybeUninit<[ValRaw; MAX_FLAT_PARAMS]>,
    ) -> Result<()> {
        let InterfaceType::Tuple(tuple) = ty else { bail!("parameters are a tuple") };
        let (abi, mut from) = (&cx.types[tuple].abi, Words(self.0));
        let slots: &mut [MaybeUninit<ValRaw>; MAX_FLAT_PARAMS] = slots.as_mut();
        if abi.flat_count(MAX_FLAT_PARAMS).is_some() {
            // SAFETY: of whoever made the `Given`.
            unsafe { lower::to_flat(cx, ty, &mut from, &mut slots.iter_mut())? };
        } else {
            // More than may be passed so: they lie in the guest's memory.
            let at = cx.realloc(0, 0, abi.align32, abi.size32 as usize)?;
            // SAFETY: the same.
            unsafe { lower::to_memory(cx, ty, &mut from, at)? };
            slots[0].write(ValRaw::i64(at as i64));
        }
        from.end()
    }

    fn linear_lower_to_memory<T>(&self, cx: &mut LowerContext<'_, T>, ty: InterfaceType, at: usize) -> Result<()> {
        let mut from = Words(self.0);
        // SAFETY: of whoever made the `Given`.
        unsafe { lower::to_memory(cx, ty, &mut from, at)? };
        from.end()
    }
}

// SAFETY: as many core values as the engine is told of; what is read are those of the function's own type.
unsafe impl<const N: usize> ComponentType for Returned<N> {
    type Lower = [ValRaw; N];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        Ok(())
    }
}

// SAFETY: a list of everything that a function gives.
unsafe impl<const N: usize> ComponentNamedList for Returned<N> {}

// SAFETY: as for `ComponentType`.
unsafe impl<const N: usize> Lift for Returned<N> {
    fn linear_lift_from_flat(cx: &mut LiftContext<'_>, ty: InterfaceType, first: &[ValRaw; N]) -> Result<Self> {
        let InterfaceType::Tuple(tuple) = ty else { bail!("results are a tuple") };
        // Of several an async function tells.
        let most = if N > MAX_FLAT_RESULTS { MAX_FLAT_PARAMS } else { MAX_FLAT_RESULTS };
        match (cx.types[tuple].abi.flat_count(most), first.first()) {
            (Some(count), _) => {
                // SAFETY: the engine gives as many as the type has, one after the other, of which these are the first.
                let slots = unsafe { std::slice::from_raw_parts(first.as_ptr(), count) };
                received(|to| lift::from_flat(cx, ty, &mut slots.iter(), to))?;
            }
            (None, Some(place)) => lift_from_place(cx, ty, place.get_u32())?,
            (None, None) => bail!("a result that lies nowhere"),
        }
        Ok(Returned)
    }

    /// Of `bytes`, which has none, the place counts.
    fn linear_lift_from_memory(cx: &mut LiftContext<'_>, ty: InterfaceType, bytes: &[u8]) -> Result<Self> {
        let at = bytes.as_ptr().addr().wrapping_sub(cx.memory().as_ptr().addr());
        lift_from_place(cx, ty, u32::try_from(at)?)?;
        Ok(Returned)
    }
}

fn lift_from_place(cx: &mut LiftContext<'_>, ty: InterfaceType, at: u32) -> Result<()> {
    let InterfaceType::Tuple(tuple) = ty else { bail!("results are a tuple") };
    let types = cx.types;
    let abi = &types[tuple].abi;
    lift::aligned(cx, at, abi.size32 as usize, abi.align32 as usize)?;
    received(|to| lift::from_memory(cx, ty, at as usize, to))
}

/// Reads words and hands them over.
fn received(read: impl FnOnce(&mut Read) -> Result<()>) -> Result<()> {
    let mut to = SPARE.take().unwrap_or_default();
    to.clear();
    read(&mut to)?;
    if let Some(mut receiver) = RECEIVER.get() {
        // SAFETY: it is borrowed for as long as it is there.
        unsafe { receiver.as_mut() }.receive(&to.words);
    }
    SPARE.set(Some(to));
    Ok(())
}
