// SPDX-License-Identifier: Apache-2.0
//! The door of activity: what a guest tells its owner goes to C++, which decides whether it may, and writes it.
//! `berth:activity` has one shape for 0.2 and 0.3, since nothing in it waits.

use crate::{Door, DoorsView, Through, door};
use std::sync::Arc;
use wasmtime::Result;
use wasmtime::component::Linker;

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit/berth-activity",
        world: "berth:activity/imports",
        imports: { default: trappable },
    });
}

use bindings::berth::activity::activity::{self, Refusal};

/// What is told. The numbers are the C ABI's (`berth_activity_kind`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Kind {
    Info = 1,
    Error = 2,
    JobCompleted = 3,
}

/// Why it isn't written. The numbers are the C ABI's (`berth_activity_refusal`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Why {
    Denied = 1,
    Limited = 2,
    TooLarge = 3,
    Unavailable = 4,
}

/// Whoever writes it: C++.
pub trait Activity: Send + Sync {
    /// Doesn't block. What it accepts is written when it returns.
    fn tell(&self, kind: Kind, message: &str) -> Result<(), (Why, String)>;
}

/// What a guest has of it; nothing where nobody listens.
#[derive(Clone)]
pub struct ActivityDoor(pub Option<Arc<dyn Activity>>);

impl ActivityDoor {
    fn tell(&self, kind: Kind, message: &str) -> Result<(), Refusal> {
        let Some(owner) = &self.0 else {
            return Err(Refusal::Unavailable("nobody takes what modules tell here".to_owned()));
        };
        owner.tell(kind, message).map_err(|(why, words)| match why {
            Why::Denied => Refusal::Denied(words),
            Why::Limited => Refusal::Limited(words),
            Why::TooLarge => Refusal::TooLarge(words),
            Why::Unavailable => Refusal::Unavailable(words),
        })
    }
}

pub fn link<T: DoorsView + Send + 'static>(linker: &mut Linker<T>) -> Result<()> {
    activity::add_to_linker::<T, Through<T>>(linker, door::<T>)
}

impl<T: DoorsView> activity::Host for Door<'_, T> {
    fn info(&mut self, message: String) -> Result<Result<(), Refusal>> {
        Ok(self.0.doors().activity.tell(Kind::Info, &message))
    }

    fn error(&mut self, message: String) -> Result<Result<(), Refusal>> {
        Ok(self.0.doors().activity.tell(Kind::Error, &message))
    }

    fn job_completed(&mut self) -> Result<Result<(), Refusal>> {
        Ok(self.0.doors().activity.tell(Kind::JobCompleted, ""))
    }
}
