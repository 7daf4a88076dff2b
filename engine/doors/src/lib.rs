// SPDX-License-Identifier: Apache-2.0
//! The doors of a guest: what stands between its WASI imports and this machine.
//!
//! A door translates and enforces; it never decides. When a guest knocks on one, the door asks the [`Owner`]
//! (C++) through one pure, non-blocking function, which gives the verdict and records a refusal; the door turns
//! the verdict into the typed error of the WASI interface. Files that a grant opens aren't asked about.
//!
//! What only Linux has is in [`os`] and in `beneath`, each with a portable way beside it.

pub mod account;
pub mod activity;
mod beneath;
pub mod connections;
pub mod content;
pub mod content2;
pub mod content3;
mod content_files;
mod content_http;
mod content_io;
mod counted;
pub mod day;
mod file_input;
mod file_output;
mod file_streams;
pub mod files;
mod filesystem;
mod filesystem3;
mod guard;
mod holdings;
mod http;
pub mod http3;
mod http_body;
mod http_error;
mod http_lines;
pub mod http_link;
mod http_pool;
mod http_wire;
pub mod inside;
mod knock;
pub mod ledger;
mod ledger_walk;
mod listing;
mod lookup;
pub mod names;
pub mod net;
mod open_file;
pub mod os;
mod pins;
mod place;
mod records;
mod relay;
pub mod resolver;
pub mod share;
pub mod sockets;
mod sockets_open;
pub mod stdio;
mod tls;
pub mod traffic;
mod translate;
mod walk;

pub use knock::{Capability, Knock, Operation, Owner, Reason};

/// What a store's data must hold for the doors to work on it.
pub trait DoorsView: wasmtime_wasi::WasiView {
    fn doors(&mut self) -> &mut Doors;
}

/// The state of all doors of one guest.
pub struct Doors {
    pub files: files::FilesDoor,
    pub net: net::NetDoor,
    pub content: content::ContentDoor,
    pub activity: activity::ActivityDoor,
    pub owner: std::sync::Arc<dyn Owner>,
}

/// Marks the doors' view of a store's data, for the linker.
pub struct Through<T>(std::marker::PhantomData<T>);

/// A door's view: the store's data, whose WASI implementation it passes through to.
pub struct Door<'a, T>(pub &'a mut T);

impl<T: 'static> wasmtime::component::HasData for Through<T> {
    type Data<'a> = Door<'a, T>;
}

fn door<T>(data: &mut T) -> Door<'_, T> {
    Door(data)
}
