// SPDX-License-Identifier: Apache-2.0
//! The network doors. Everything is linked; what no grant opens fails when used, as the interface's own
//! typed error, and is told to the owner.

use crate::{Capability, Door, DoorsView, Knock, Operation, Owner, Reason};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use wasmtime::component::Resource;
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup::{self, IpAddress, ResolveAddressStream};
use wasmtime_wasi::p2::bindings::sockets::network::{self, ErrorCode, Network};
use wasmtime_wasi::p2::{DynPollable, SocketError};
use wasmtime_wasi::sockets::{SocketAddrUse, WasiSocketsView};
use wasmtime_wasi_http::{Error, RequestOptions, Result, WasiBody, WasiHttpHooks};

/// Asks the owner about each address that a socket is about to use. A socket itself may be made: what it is
/// for is only known when it is used, and then a refusal can name the address.
pub fn guard_sockets(wasi: &mut WasiCtxBuilder, owner: Arc<dyn Owner>) {
    wasi.allow_tcp(true).allow_udp(true);
    wasi.socket_addr_check(move |address, used| {
        let open = ask_address(&*owner, address, used);
        Box::pin(async move { open }) as Pin<Box<dyn Future<Output = bool> + Send + Sync>>
    });
}

fn ask_address(owner: &dyn Owner, address: SocketAddr, used: SocketAddrUse) -> bool {
    let (capability, operation, scheme) = match used {
        SocketAddrUse::TcpConnect => (Capability::SocketOut, Operation::Connect, "tcp"),
        SocketAddrUse::TcpBind | SocketAddrUse::TcpListen => (Capability::SocketIn, Operation::Bind, "tcp"),
        SocketAddrUse::TcpAccept => (Capability::SocketIn, Operation::Connect, "tcp"),
        SocketAddrUse::UdpBind => (Capability::SocketIn, Operation::Bind, "udp"),
        SocketAddrUse::UdpSend | SocketAddrUse::UdpReceive => (Capability::SocketOut, Operation::Send, "udp"),
    };
    // What goes out binds to "any address, any port", by itself or, for UDP in WASI 0.2, by the guest's own call:
    // the connect or the send is what is decided.
    let binds = matches!(used, SocketAddrUse::TcpBind | SocketAddrUse::UdpBind);
    let implicit = binds && address.ip().is_unspecified() && address.port() == 0;
    if implicit {
        return true;
    }
    let target = format!("{scheme}://{address}");
    owner.ask(&Knock { capability, operation, target: &target, reason: Reason::NoGrant })
}

impl<T: DoorsView> ip_name_lookup::Host for Door<'_, T> {
    fn resolve_addresses(
        &mut self,
        network: Resource<Network>,
        name: String,
    ) -> std::result::Result<Resource<ResolveAddressStream>, SocketError> {
        let knock = Knock {
            capability: Capability::Dns,
            operation: Operation::Resolve,
            target: &name,
            reason: Reason::NoGrant,
        };
        if !self.0.doors().owner.ask(&knock) {
            return Err(ErrorCode::AccessDenied.into());
        }
        ip_name_lookup::Host::resolve_addresses(&mut self.0.sockets(), network, name)
    }
}

impl<T: DoorsView> ip_name_lookup::HostResolveAddressStream for Door<'_, T> {
    fn resolve_next_address(
        &mut self,
        stream: Resource<ResolveAddressStream>,
    ) -> std::result::Result<Option<IpAddress>, SocketError> {
        self.0.sockets().resolve_next_address(stream)
    }

    fn subscribe(&mut self, stream: Resource<ResolveAddressStream>) -> wasmtime::Result<Resource<DynPollable>> {
        ip_name_lookup::HostResolveAddressStream::subscribe(&mut self.0.sockets(), stream)
    }

    fn drop(&mut self, stream: Resource<ResolveAddressStream>) -> wasmtime::Result<()> {
        ip_name_lookup::HostResolveAddressStream::drop(&mut self.0.sockets(), stream)
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

/// Outgoing HTTP: no grant opens it yet, so every request is asked about and denied.
pub struct HttpDoor {
    pub owner: Arc<dyn Owner>,
}

type Answer = Result<(http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>), Error>;

impl WasiHttpHooks for HttpDoor {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        _options: Option<RequestOptions>,
        _sent: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Answer> + Send> {
        let target = format!("{} {}", request.method(), request.uri());
        self.owner.ask(&Knock {
            capability: Capability::HttpOut,
            operation: Operation::Request,
            target: &target,
            reason: Reason::NoGrant,
        });
        Box::new(async { Err(Error::HttpRequestDenied) })
    }
}
