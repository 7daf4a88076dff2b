// SPDX-License-Identifier: Apache-2.0
//! A function that a guest imports and the host has: it is called with the words of what the guest gives, which point into
//! the guest's memory, and answers with words.

use crate::lift::{self, Read};
use crate::lower::{self, Words};
use crate::transmit::connect;
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::task::{Context, Poll};
use wasmtime::component::__internal::wasmtime_environ::component::{MAX_FLAT_PARAMS, MAX_FLAT_RESULTS};
use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext, LowerContext};
use wasmtime::component::{ComponentNamedList, ComponentType, Lift, LinkerInstance, Lower};
use wasmtime::{AsContextMut, Result, ValRaw, bail};

/// What a function answers.
///
/// # Safety
/// The words were written for the function's result, and the addresses among them can be read, until it is dropped.
pub unsafe trait Answer: Send + Sync + 'static {
    fn words(&self) -> &[u64];
}

/// Defines a function of whatever type. What `call` gets points into the guest's memory, and is there until it returns.
/// `connects`: streams and futures may be among it.
pub fn define<T: 'static, A: Answer>(
    linker: &mut LinkerInstance<'_, T>,
    name: &str,
    connects: bool,
    call: impl Fn(&mut T, &[u64]) -> Result<A> + Send + Sync + 'static,
) -> Result<()> {
    linker.func_wrap(name, move |mut store, given: Arguments| {
        let answer = call(store.data_mut(), given.words())?;
        if connects {
            connect(store)?;
        }
        Ok(Answered(answer))
    })
}

/// The same for a guest that is called on a fiber, where it waits for a function that answers later: `begin` gives nothing
/// then, and `poll` is asked until there is an answer.
pub fn define_waiting<T: Send + 'static, A: Answer>(
    linker: &mut LinkerInstance<'_, T>,
    name: &str,
    begin: impl Fn(&mut T, &[u64]) -> Result<Option<A>> + Send + Sync + 'static,
    poll: fn(&mut T, &mut Context<'_>) -> Poll<Result<A>>,
) -> Result<()> {
    linker.func_wrap_async(name, move |mut store, given: Arguments| {
        let begun = begin(store.data_mut(), given.words());
        let connected = connect(&mut store);
        Box::new(async move {
            connected?;
            match begun? {
                Some(answer) => Ok(Answered(answer)),
                None => std::future::poll_fn(|cx| poll(store.data_mut(), cx)).await.map(Answered),
            }
        })
    })
}

/// What a function has begun.
pub enum Begun<A> {
    Now(A),
    Later(Box<dyn Later<A>>),
}

/// An answer that is to come. Dropped when nobody wants it any more.
pub trait Later<A>: Send {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<A>>;
}

/// A function that is async in WIT: the guest may call it and go on, and call it again meanwhile.
pub fn define_concurrent<T: Send + 'static, A: Answer>(
    linker: &mut LinkerInstance<'_, T>,
    name: &str,
    begin: impl Fn(&mut T, &[u64]) -> Result<Begun<A>> + Send + Sync + 'static,
) -> Result<()> {
    linker.func_wrap_concurrent(name, move |accessor, given: Arguments| {
        // Before anything is waited for: the words point into the guest's memory.
        let begun: Result<_> = accessor.with(|mut store| {
            let begun = begin(store.as_context_mut().data_mut(), given.words())?;
            connect(store)?;
            Ok(begun)
        });
        Box::pin(async move {
            match begun? {
                Begun::Now(answer) => Ok(Answered(answer)),
                Begun::Later(mut later) => std::future::poll_fn(|cx| later.poll(cx)).await.map(Answered),
            }
        })
    })
}

thread_local! {
    /// Room for words, used again.
    static SPARE: Cell<Option<Box<Read>>> = const { Cell::new(None) };
}

/// All that a guest gives to a function.
struct Arguments(Option<Box<Read>>);

impl Arguments {
    fn read(read: impl FnOnce(&mut Read) -> Result<()>) -> Result<Self> {
        let mut to = SPARE.take().unwrap_or_default();
        to.clear();
        read(&mut to)?;
        Ok(Arguments(Some(to)))
    }

    fn words(&self) -> &[u64] {
        self.0.as_ref().map_or(&[], |read| &read.words)
    }
}

impl Drop for Arguments {
    fn drop(&mut self) {
        SPARE.set(self.0.take());
    }
}

/// All that a function gives.
struct Answered<A>(A);

/// How many core values there are is known from the function's type alone, at run time: the engine hands over the place
/// where they begin, as this.
type Begin = [ValRaw; 0];

// SAFETY: nothing is read or written but the core values that the function's own type has.
unsafe impl ComponentType for Arguments {
    type Lower = Begin;
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        Ok(())
    }
}

// SAFETY: a list of everything that a function takes.
unsafe impl ComponentNamedList for Arguments {}

// SAFETY: as for `ComponentType`.
unsafe impl Lift for Arguments {
    fn linear_lift_from_flat(cx: &mut LiftContext<'_>, ty: InterfaceType, begin: &Begin) -> Result<Self> {
        let InterfaceType::Tuple(tuple) = ty else { bail!("parameters are a tuple") };
        let count = cx.types[tuple].abi.flat_count(MAX_FLAT_PARAMS);
        let Some(count) = count else { bail!("parameters that lie in memory") };
        // SAFETY: the engine gives as many as the type has, and compiled code has written them.
        let slots = unsafe { std::slice::from_raw_parts(begin.as_ptr(), count) };
        Arguments::read(|to| lift::from_flat(cx, ty, &mut slots.iter(), to))
    }

    /// Of `bytes`, which has none, the place counts: the engine has checked the room behind it for the type's size.
    fn linear_lift_from_memory(cx: &mut LiftContext<'_>, ty: InterfaceType, bytes: &[u8]) -> Result<Self> {
        let at = bytes.as_ptr().addr().wrapping_sub(cx.memory().as_ptr().addr());
        Arguments::read(|to| lift::from_memory(cx, ty, at, to))
    }
}

// SAFETY: nothing is read or written but the core values that the function's own type has.
unsafe impl<A: Answer> ComponentType for Answered<A> {
    type Lower = Begin;
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        Ok(())
    }
}

// SAFETY: a list of everything that a function gives.
unsafe impl<A: Answer> ComponentNamedList for Answered<A> {}

// SAFETY: as for `ComponentType`.
unsafe impl<A: Answer> Lower for Answered<A> {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        begin: &mut MaybeUninit<Begin>,
    ) -> Result<()> {
        let InterfaceType::Tuple(tuple) = ty else { bail!("results are a tuple") };
        let count = cx.types[tuple].abi.flat_count(MAX_FLAT_RESULTS);
        let Some(count) = count else { bail!("results that lie in memory") };
        // SAFETY: the engine gives room for as many as the type has.
        let slots = unsafe { std::slice::from_raw_parts_mut(begin.as_mut_ptr().cast(), count) };
        let mut from = Words(self.0.words());
        // SAFETY: the promise of whoever made the answer.
        unsafe { lower::to_flat(cx, ty, &mut from, &mut slots.iter_mut())? };
        from.end()
    }

    fn linear_lower_to_memory<T>(&self, cx: &mut LowerContext<'_, T>, ty: InterfaceType, at: usize) -> Result<()> {
        let mut from = Words(self.0.words());
        // SAFETY: the promise of whoever made the answer.
        unsafe { lower::to_memory(cx, ty, &mut from, at)? };
        from.end()
    }
}
