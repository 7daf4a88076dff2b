// SPDX-License-Identifier: Apache-2.0
//! `wasi:sockets/ip-name-lookup`, 0.2 and 0.3: the policy is asked, then berth's own resolver.

use crate::account::Charged;
use crate::guard::Guard;
use crate::names::Host;
use crate::resolver::Unresolved;
use crate::{Capability, Door, DoorsView, Knock, Operation, Reason, Through};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use wasmtime::component::{Accessor, Resource};
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup::{self, IpAddress, ResolveAddressStream};
use wasmtime_wasi::p2::bindings::sockets::network::{self, ErrorCode, Network};
use wasmtime_wasi::p2::{DynPollable, Pollable, SocketError, subscribe};
use wasmtime_wasi::p3::bindings::sockets::ip_name_lookup as p3;
use wasmtime_wasi::runtime::{AbortOnDropJoinHandle, spawn};
use wasmtime_wasi::sockets::WasiSocketsView;

/// Why a guest gets no address for a name.
enum Failed {
    Denied,
    NotAName,
    Unresolved(Unresolved),
}

/// What the guest may look up.
enum Wanted {
    Name(String),
    Address(IpAddr),
}

/// Asks the policy. Addresses pass as they are: reaching them is asked about.
fn admit<T: DoorsView>(door: &mut Door<'_, T>, text: &str) -> Result<Wanted, Failed> {
    let host = Host::parse(text);
    if let Some(Host::Address(address)) = host {
        return Ok(Wanted::Address(address));
    }
    let name = match &host {
        Some(Host::Name(name)) => name,
        // Asked all the same, so that a spelling that was tried is told.
        _ => text,
    };
    let allowed =
        door.0.doors().net.guard.account().ask(&Knock::new(Capability::Dns, Operation::Resolve, name, Reason::Ask));
    match host {
        Some(Host::Name(name)) if allowed => Ok(Wanted::Name(name)),
        Some(_) => Err(Failed::Denied),
        None => Err(Failed::NotAName),
    }
}

/// A look-up that the policy lets through.
struct Looking {
    guard: Arc<Guard>,
    wanted: Wanted,
}

impl Looking {
    fn begin<T: DoorsView>(door: &mut Door<'_, T>, text: &str) -> Result<Self, Failed> {
        let wanted = admit(door, text)?;
        Ok(Looking { guard: door.0.doors().net.guard.clone(), wanted })
    }

    async fn addresses(self) -> Result<Vec<IpAddr>, Failed> {
        match self.wanted {
            Wanted::Address(address) => Ok(vec![address]),
            Wanted::Name(name) => self.guard.resolve(&name).await.map_err(Failed::Unresolved),
        }
    }
}

impl From<Failed> for ErrorCode {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Denied => ErrorCode::AccessDenied,
            Failed::NotAName => ErrorCode::InvalidArgument,
            Failed::Unresolved(Unresolved::NoAddress(_)) => ErrorCode::NameUnresolvable,
            Failed::Unresolved(Unresolved::Timeout | Unresolved::Temporary(_)) => ErrorCode::TemporaryResolverFailure,
            Failed::Unresolved(Unresolved::Permanent(_)) => ErrorCode::PermanentResolverFailure,
        }
    }
}

impl From<Failed> for p3::ErrorCode {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Denied => Self::AccessDenied,
            Failed::NotAName => Self::InvalidArgument,
            Failed::Unresolved(Unresolved::NoAddress(_)) => Self::NameUnresolvable,
            Failed::Unresolved(Unresolved::Timeout | Unresolved::Temporary(_)) => Self::TemporaryResolverFailure,
            Failed::Unresolved(Unresolved::Permanent(_)) => Self::PermanentResolverFailure,
        }
    }
}

/// A look-up of 0.2: goes on beside the guest, which asks for its addresses one by one.
enum Found {
    Pending(AbortOnDropJoinHandle<Result<Vec<IpAddr>, ErrorCode>>),
    Ready(Result<std::vec::IntoIter<IpAddr>, ErrorCode>),
}

impl Found {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Found::Pending(task) = self {
            match Pin::new(task).poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(found) => *self = Found::Ready(found.map(Vec::into_iter)),
            }
        }
        Poll::Ready(())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Found {
    async fn ready(&mut self) {
        std::future::poll_fn(|cx| self.poll(cx)).await;
    }
}

/// A look-up travels as the engine's type of stream, and stands in the table as ours.
fn found(stream: &Resource<ResolveAddressStream>) -> Resource<Found> {
    Resource::new_borrow(stream.rep())
}

impl<T: DoorsView> ip_name_lookup::Host for Door<'_, T> {
    fn resolve_addresses(
        &mut self,
        network: Resource<Network>,
        name: String,
    ) -> Result<Resource<ResolveAddressStream>, SocketError> {
        self.0.ctx().table.get(&network)?;
        let looking = Looking::begin(self, &name).map_err(ErrorCode::from)?;
        let account = self.0.doors().net.guard.account().clone();
        let task = spawn(Charged::new(account, async move { looking.addresses().await.map_err(ErrorCode::from) }));
        let stream = self.0.ctx().table.push(Found::Pending(task))?;
        Ok(Resource::new_own(stream.rep()))
    }
}

impl<T: DoorsView> ip_name_lookup::HostResolveAddressStream for Door<'_, T> {
    fn resolve_next_address(
        &mut self,
        stream: Resource<ResolveAddressStream>,
    ) -> Result<Option<IpAddress>, SocketError> {
        let stream = self.0.ctx().table.get_mut(&found(&stream))?;
        let _ = stream.poll(&mut Context::from_waker(Waker::noop()));
        match stream {
            Found::Pending(_) => Err(ErrorCode::WouldBlock.into()),
            Found::Ready(Ok(addresses)) => Ok(addresses.next().map(IpAddress::from)),
            Found::Ready(Err(error)) => Err((*error).into()),
        }
    }

    fn subscribe(&mut self, stream: Resource<ResolveAddressStream>) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.0.ctx().table, found(&stream))
    }

    fn drop(&mut self, stream: Resource<ResolveAddressStream>) -> wasmtime::Result<()> {
        self.0.ctx().table.delete(Resource::<Found>::new_own(stream.rep()))?;
        Ok(())
    }
}

impl<T: DoorsView> network::Host for Door<'_, T> {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }

    fn network_error_code(&mut self, error: Resource<wasmtime::Error>) -> wasmtime::Result<Option<ErrorCode>> {
        network::Host::network_error_code(&mut self.0.sockets(), error)
    }
}

impl<T: DoorsView> network::HostNetwork for Door<'_, T> {
    fn drop(&mut self, network: Resource<Network>) -> wasmtime::Result<()> {
        network::HostNetwork::drop(&mut self.0.sockets(), network)
    }
}

impl<U, T: DoorsView + 'static> p3::HostWithStore<U> for Through<T> {
    async fn resolve_addresses(
        store: &Accessor<U, Self>,
        name: String,
    ) -> wasmtime::Result<Result<Vec<p3::IpAddress>, p3::ErrorCode>> {
        let looking = match store.with(|mut view| Looking::begin(&mut view.get(), &name)) {
            Ok(looking) => looking,
            Err(failed) => return Ok(Err(failed.into())),
        };
        Ok(match looking.addresses().await {
            Ok(addresses) => Ok(addresses.into_iter().map(p3::IpAddress::from).collect()),
            Err(failed) => Err(failed.into()),
        })
    }
}

impl<T: DoorsView> p3::Host for Door<'_, T> {}
