// SPDX-License-Identifier: Apache-2.0
//! HTTP in. Each lane has a listener of its own on the same address, between which the system shares out the
//! connections, and serves what it accepts on its own thread: HTTP/1.1, and HTTP/2 for who begins with it. Where a
//! request goes, or why it goes nowhere, is asked of the [`Router`] (C++), once for each. Requests from one module to
//! another are brought here without a connection.

mod body;
mod busy;
mod connection;
mod inside;
mod listener;
mod pieces;
mod server;
mod tls;
mod tracked;

pub use body::Line;
pub use listener::Listener;
pub use pieces::Writer;
pub use server::{Decision, Given, Head, Route, Router, Server, Settings, Trace};
pub use tls::Tls;
pub use tracked::{Completion, Finished};
