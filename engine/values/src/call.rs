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
    result: Shape,
}

/// How many core values a result is, as far as an async function gives them in another way than others do.
#[derive(Clone, Copy)]
enum Shape {
    None,
    /// One, or so many that they lie in memory: wherever it comes from, it is one.
    One,
    /// An async function gives them as they are, another one in memory.
    Several,
}

/// Core values of a result that an async function gives as they are, rather than in memory.
pub const SEVERAL: std::ops::RangeInclusive<usize> = 2..=MAX_FLAT_PARAMS;

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
        let result = match core_values {
            Some(0) => Shape::None,
            Some(count) if SEVERAL.contains(&count) => Shape::Several,
            _ => Shape::One,
        };
        Call { function, result }
    }

    fn typed<R: ComponentNamedList + Lift>(&self) -> TypedFunc<Parameters<'static>, R> {
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
        self.typed::<Returned>().call(store, Parameters(words))?;
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
        match self.result {
            Shape::One => self.call_typed::<T, Returned>(store, given, held, receiver).await,
            Shape::None => Box::pin(self.call_typed::<T, ReturnedNothing>(store, given, held, receiver)).await,
            Shape::Several => Box::pin(self.call_typed::<T, ReturnedSeveral>(store, given, held, receiver)).await,
        }
    }

    async fn call_typed<T: Send, R: ComponentNamedList + Lift + 'static>(
        &self,
        store: impl AsContextMut<Data = T>,
        given: Given<'_>,
        held: &mut Held,
        receiver: &mut dyn Receiver,
    ) -> Result<()> {
        // SAFETY: as in `call`: the future that reads them is gone before this one.
        let words = unsafe { std::mem::transmute::<&[u64], &'static [u64]>(given.words()) };
        let function = self.typed::<R>();
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

/// All results, which have gone to whoever waits for them.
struct Returned;

/// One core value: what a result is, or where it lies.
type Slot = ValRaw;

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

// SAFETY: one core value at most is returned, and read by the function's own types.
unsafe impl ComponentType for Returned {
    type Lower = Slot;
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        Ok(())
    }
}

// SAFETY: a list of everything that a function gives.
unsafe impl ComponentNamedList for Returned {}

// SAFETY: as for `ComponentType`.
unsafe impl Lift for Returned {
    fn linear_lift_from_flat(cx: &mut LiftContext<'_>, ty: InterfaceType, slot: &Slot) -> Result<Self> {
        let InterfaceType::Tuple(tuple) = ty else { bail!("results are a tuple") };
        let types = cx.types;
        let abi = &types[tuple].abi;
        received(|to| {
            if abi.flat_count(MAX_FLAT_RESULTS).is_some() {
                return lift::from_flat(cx, ty, &mut std::slice::from_ref(slot).iter(), to);
            }
            let at = slot.get_u32();
            lift::aligned(cx, at, abi.size32 as usize, abi.align32 as usize)?;
            lift::from_memory(cx, ty, at as usize, to)
        })
    }

    fn linear_lift_from_memory(_: &mut LiftContext<'_>, _: InterfaceType, _: &[u8]) -> Result<Self> {
        bail!("results come in one core value")
    }
}

/// The same, where there are none.
struct ReturnedNothing;

// SAFETY: nothing is read.
unsafe impl ComponentType for ReturnedNothing {
    type Lower = [ValRaw; 0];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        Ok(())
    }
}

// SAFETY: a list of everything that a function gives.
unsafe impl ComponentNamedList for ReturnedNothing {}

// SAFETY: as for `ComponentType`.
unsafe impl Lift for ReturnedNothing {
    fn linear_lift_from_flat(_: &mut LiftContext<'_>, _: InterfaceType, _: &Self::Lower) -> Result<Self> {
        received(|_| Ok(()))?;
        Ok(ReturnedNothing)
    }

    fn linear_lift_from_memory(_: &mut LiftContext<'_>, _: InterfaceType, _: &[u8]) -> Result<Self> {
        bail!("nothing lies in memory")
    }
}

/// The same, where there are several core values: as they are, or in memory.
struct ReturnedSeveral;

// SAFETY: as many core values as there are at least; they are read by the function's own types.
unsafe impl ComponentType for ReturnedSeveral {
    type Lower = [ValRaw; *SEVERAL.start()];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        Ok(())
    }
}

// SAFETY: a list of everything that a function gives.
unsafe impl ComponentNamedList for ReturnedSeveral {}

// SAFETY: as for `ComponentType`.
unsafe impl Lift for ReturnedSeveral {
    /// Of an async function.
    fn linear_lift_from_flat(cx: &mut LiftContext<'_>, ty: InterfaceType, first: &Self::Lower) -> Result<Self> {
        let InterfaceType::Tuple(tuple) = ty else { bail!("results are a tuple") };
        let Some(count) = cx.types[tuple].abi.flat_count(MAX_FLAT_PARAMS) else {
            bail!("a result that lies in memory")
        };
        // SAFETY: the engine gives as many as the type has, one after the other, of which these are the first.
        let slots = unsafe { std::slice::from_raw_parts(first.as_ptr(), count) };
        received(|to| lift::from_flat(cx, ty, &mut slots.iter(), to))?;
        Ok(ReturnedSeveral)
    }

    /// Of any other. Of `bytes`, which has none, the place counts.
    fn linear_lift_from_memory(cx: &mut LiftContext<'_>, ty: InterfaceType, bytes: &[u8]) -> Result<Self> {
        let InterfaceType::Tuple(tuple) = ty else { bail!("results are a tuple") };
        let abi = &cx.types[tuple].abi;
        let at = bytes.as_ptr().addr().wrapping_sub(cx.memory().as_ptr().addr());
        let place = u32::try_from(at)?;
        lift::aligned(cx, place, abi.size32 as usize, abi.align32 as usize)?;
        received(|to| lift::from_memory(cx, ty, at, to))?;
        Ok(ReturnedSeveral)
    }
}

/// Reads words and hands them over.
fn received(read: impl FnOnce(&mut Read) -> Result<()>) -> Result<Returned> {
    let mut to = SPARE.take().unwrap_or_default();
    to.clear();
    read(&mut to)?;
    if let Some(mut receiver) = RECEIVER.get() {
        // SAFETY: it is borrowed for as long as it is there.
        unsafe { receiver.as_mut() }.receive(&to.words);
    }
    SPARE.set(Some(to));
    Ok(Returned)
}
