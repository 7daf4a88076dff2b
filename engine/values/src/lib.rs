// SPDX-License-Identifier: Apache-2.0
//! Typed values on their way between C++ and a guest.
//!
//! C++ writes a value as words of 64 bits, in the order of its type; they are put straight into the guest's memory, and
//! what a guest gives is read straight out of it. No value of the engine's own is made in between, and what lies in one
//! piece (text, lists of numbers) is copied in one piece.
//!
//! | type | words |
//! |---|---|
//! | bool, integers, char, enum | one |
//! | f32, f64 | one, their bits |
//! | string | address and bytes, UTF-8 |
//! | list of integers or floats, `list<bool>`, `list<char>` | address and elements, which lie as in a guest's memory |
//! | any other list, map | how many, then each element (a map's: key and value) |
//! | record, tuple, list of fixed length | each field |
//! | flags | one for each 64, the first in the lowest bit |
//! | variant, option, result | the case, counted from 0 (`none` 0, `some` 1; `ok` 0, `error` 1), then what is in it |
//! | own, borrow | one: the program's number of its resource, or a place in what it holds of the guest's |
//! | stream, future | one: what the program knows its end by (`channel.rs`) |
//!
//! What goes through a stream or a future are words, too: those of a list of its type, however many there are.
//!
//! This crate is the one place that leans on what the engine hides of its canonical ABI (`wasmtime::component::__internal`,
//! the methods of [`wasmtime::component::Lower`] and [`wasmtime::component::Lift`]); it fits the engine's exact version.

mod call;
mod channel;
mod consumer;
mod given;
mod imported;
mod layout;
mod lift;
mod lower;
mod payload;
mod producer;
mod resource;
mod transmit;
mod waiter;

pub use call::{Call, Receiver, SEVERAL};
pub use channel::{Channels, Sink, Source, Taken, Values, Wanted};
pub use given::Given;
pub use imported::{Answer, Begun, Later, define, define_concurrent, define_waiting};
pub use lower::Malformed;
pub use resource::{Held, Holding, program_resource};
pub use transmit::connect;
pub use waiter::Waiter;
