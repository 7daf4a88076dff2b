// SPDX-License-Identifier: Apache-2.0
//! Resources. Those of the program a guest holds by handles, which the engine keeps, and it knows a forged one: a word is the
//! number that the program gave to the resource. Those of a guest the program holds, in [`Held`]: a word names a place there, and
//! which of its tenants is meant, so that one who is gone isn't taken for the next.

use crate::channel::Channels;
use crate::transmit::Arrived;
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::Arc;
use wasmtime::component::__internal::{InterfaceType, LiftContext, LowerContext};
use wasmtime::component::{Lift, Lower, ResourceAny, ResourceType};
use wasmtime::{Error, Result, ValRaw, bail};

struct OfProgram;

/// The engine's type for each resource of the program. Guests can't mix them up: a component's own types tell them apart,
/// and so does the program.
pub fn program_resource() -> ResourceType {
    ResourceType::host::<OfProgram>()
}

/// The resources of a guest that its program holds. The engine bounds their number, with that of the guest's own handles.
/// And the program's ends of streams and futures, on their way.
pub struct Held {
    places: Vec<Place>,
    free: Vec<u32>,
    pub(crate) channels: Arc<dyn Channels>,
    /// What a guest has given and nobody reads yet.
    pub(crate) arrived: Vec<(u64, Arrived)>,
    /// How many streams and futures it has given.
    pub(crate) given: u64,
}

#[derive(Default)]
struct Place {
    tenant: Option<ResourceAny>,
    /// How many there were before.
    before: u32,
}

impl Held {
    pub fn new(channels: Arc<dyn Channels>) -> Self {
        Held { places: Vec::new(), free: Vec::new(), channels, arrived: Vec::new(), given: 0 }
    }

    /// Whether there is something to [`crate::connect`].
    pub fn has_arrived(&self) -> bool {
        !self.arrived.is_empty()
    }

    fn add(&mut self, tenant: ResourceAny) -> u64 {
        let number = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            (self.places.len() - 1) as u32
        });
        let place = &mut self.places[number as usize];
        place.tenant = Some(tenant);
        u64::from(place.before) << 32 | u64::from(number)
    }

    fn find(&mut self, word: u64) -> Result<&mut Place> {
        let place = self.places.get_mut(word as u32 as usize);
        let found = place.filter(|place| place.tenant.is_some() && place.before == (word >> 32) as u32);
        found.ok_or_else(|| Error::msg("the program gave a resource that it no longer holds"))
    }

    fn lent(&mut self, word: u64) -> Result<ResourceAny> {
        self.find(word)?.tenant.ok_or_else(|| Error::msg("no resource"))
    }

    /// It is the program's no more.
    pub fn take(&mut self, word: u64) -> Result<ResourceAny> {
        let place = self.find(word)?;
        place.before = place.before.wrapping_add(1);
        let taken = place.tenant.take();
        self.free.push(word as u32);
        taken.ok_or_else(|| Error::msg("no resource"))
    }
}

thread_local! {
    /// What the program holds of the guest that is called on this thread.
    static HELD: Cell<Option<NonNull<Held>>> = const { Cell::new(None) };
}

/// While there is one, resources that cross on this thread come from and go to its `Held`.
pub struct Holding(Option<NonNull<Held>>);

impl Holding {
    /// The caller keeps `held` for as long as this, and leaves it alone.
    pub fn new(held: &mut Held) -> Self {
        Holding(HELD.replace(Some(NonNull::from(held))))
    }

    /// While an instance is made: nothing that crosses is of another one, whose call this may be a part of.
    pub fn nobody() -> Self {
        Holding(HELD.replace(None))
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        HELD.set(self.0);
    }
}

/// `what` doesn't call the guest, nor this.
pub(crate) fn held<R>(what: impl FnOnce(&mut Held) -> Result<R>) -> Result<R> {
    let Some(mut held) = HELD.get() else { bail!("a resource of a guest that nobody has called") };
    // SAFETY: whoever made the `Holding` keeps it; nothing that is called here comes back here.
    what(unsafe { held.as_mut() })
}

/// The program's number of what a guest hands over or lends.
pub fn lift(cx: &mut LiftContext<'_>, ty: InterfaceType, handle: u32) -> Result<u64> {
    match ty {
        InterfaceType::Own(table) if cx.resource_type(table) == program_resource() => {
            Ok(u64::from(cx.guest_resource_lift_own(table, handle)?.0))
        }
        InterfaceType::Borrow(table) if cx.resource_type(table) == program_resource() => {
            Ok(u64::from(cx.guest_resource_lift_borrow(table, handle)?))
        }
        InterfaceType::Own(_) => {
            let tenant = ResourceAny::linear_lift_from_flat(cx, ty, &ValRaw::u32(handle))?;
            held(|held| Ok(held.add(tenant)))
        }
        _ => bail!("a resource that has no words"),
    }
}

/// A handle in the guest for what the program hands over or lends.
pub fn lower<T>(cx: &mut LowerContext<'_, T>, ty: InterfaceType, word: u64) -> Result<u32> {
    let tenant = match ty {
        InterfaceType::Own(table) if cx.resource_type(table) == program_resource() => {
            return cx.guest_resource_lower_own(table, u32::try_from(word)?);
        }
        InterfaceType::Borrow(table) if cx.resource_type(table) == program_resource() => {
            return cx.guest_resource_lower_borrow(table, u32::try_from(word)?);
        }
        InterfaceType::Own(_) => held(|held| held.take(word))?,
        InterfaceType::Borrow(_) => held(|held| held.lent(word))?,
        _ => bail!("a resource that has no words"),
    };
    let mut slot = MaybeUninit::<ValRaw>::uninit();
    tenant.linear_lower_to_flat(cx, ty, &mut slot)?;
    // SAFETY: it has been written.
    Ok(unsafe { slot.assume_init() }.get_u32())
}
