// SPDX-License-Identifier: Apache-2.0
//! TCP sockets of 0.2, between two ends that are both the guest's, and names: `run.py` grants it this machine's own
//! addresses.
//!
//! `bind`, `connect` and `listen` stand for both halves, `start-…` and `finish-…`.

use crate::check::{Case, Mismatch, Outcome, case, equal, holds, mismatch};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::ip_name_lookup::resolve_addresses;
use wasip2::sockets::network::{ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress};
use wasip2::sockets::tcp::{ShutdownType, TcpSocket};
use wasip2::sockets::tcp_create_socket::create_tcp_socket;

pub type Answer<T = ()> = Result<T, ErrorCode>;

pub fn cases() -> Vec<Case> {
    let mut cases = tcp_state_cases();
    cases.extend(tcp_address_cases());
    cases.extend(tcp_option_cases());
    cases.extend(name_cases());
    cases
}

pub fn works<T>(answer: Answer<T>) -> Result<T, Mismatch> {
    answer.or_else(|code| mismatch("ok", code.name()))
}

pub fn fails<T>(answer: Answer<T>, code: ErrorCode) -> Outcome {
    match answer {
        Err(got) if got == code => Ok(()),
        Err(got) => mismatch(code.name(), got.name()),
        Ok(_) => mismatch(code.name(), "ok"),
    }
}

pub fn v4(address: (u8, u8, u8, u8), port: u16) -> IpSocketAddress {
    IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address })
}

pub fn v6(address: (u16, u16, u16, u16, u16, u16, u16, u16), port: u16) -> IpSocketAddress {
    IpSocketAddress::Ipv6(Ipv6SocketAddress { port, address, flow_info: 0, scope_id: 0 })
}

pub fn loopback(port: u16) -> IpSocketAddress {
    v4((127, 0, 0, 1), port)
}

fn mapped(port: u16) -> IpSocketAddress {
    v6((0, 0, 0, 0, 0, 0xffff, 0x7f00, 1), port)
}

/// Granted, and of no machine.
pub fn elsewhere() -> IpSocketAddress {
    v4((198, 51, 100, 1), 0)
}

pub fn port(address: IpSocketAddress) -> u16 {
    match address {
        IpSocketAddress::Ipv4(address) => address.port,
        IpSocketAddress::Ipv6(address) => address.port,
    }
}

fn tcp() -> Result<TcpSocket, Mismatch> {
    works(create_tcp_socket(IpAddressFamily::Ipv4))
}

fn bind(socket: &TcpSocket, at: IpSocketAddress) -> Answer {
    socket.start_bind(&instance_network(), at)?;
    socket.subscribe().block();
    socket.finish_bind()
}

fn connect(socket: &TcpSocket, to: IpSocketAddress) -> Answer<(InputStream, OutputStream)> {
    socket.start_connect(&instance_network(), to)?;
    socket.subscribe().block();
    socket.finish_connect()
}

fn listen(socket: &TcpSocket) -> Answer {
    socket.start_listen()?;
    socket.subscribe().block();
    socket.finish_listen()
}

fn bound() -> Result<TcpSocket, Mismatch> {
    let socket = tcp()?;
    works(bind(&socket, loopback(0)))?;
    Ok(socket)
}

fn listening() -> Result<(TcpSocket, IpSocketAddress), Mismatch> {
    let socket = bound()?;
    works(listen(&socket))?;
    let address = works(socket.local_address())?;
    Ok((socket, address))
}

/// Both ends of a connection; streams are dropped before their sockets.
struct Pair {
    streams: (InputStream, OutputStream),
    accepted: (InputStream, OutputStream),
    client: TcpSocket,
    _server: TcpSocket,
    _listener: TcpSocket,
}

fn pair() -> Result<Pair, Mismatch> {
    let (listener, address) = listening()?;
    let client = tcp()?;
    let streams = works(connect(&client, address))?;
    listener.subscribe().block();
    let (server, input, output) = works(listener.accept())?;
    Ok(Pair { streams, accepted: (input, output), client, _server: server, _listener: listener })
}

fn tcp_state_cases() -> Vec<Case> {
    vec![
        case("create-tcp-socket:ok", || {
            equal(tcp()?.address_family() == IpAddressFamily::Ipv4, true)?;
            works(create_tcp_socket(IpAddressFamily::Ipv6)).map(drop)
        }),
        case("tcp-socket.bind:ok", || holds(port(works(bound()?.local_address())?) != 0, "a port", 0)),
        case("tcp-socket.bind:invalid-state", || fails(bind(&bound()?, loopback(0)), ErrorCode::InvalidState)),
        case("tcp-socket.bind:invalid-state:connected", || {
            fails(bind(&pair()?.client, loopback(0)), ErrorCode::InvalidState)
        }),
        case("tcp-socket.bind:not-in-progress", || fails(tcp()?.finish_bind(), ErrorCode::NotInProgress)),
        case("tcp-socket.bind:concurrency-conflict", || {
            let socket = tcp()?;
            works(socket.start_bind(&instance_network(), loopback(0)))?;
            fails(bind(&socket, loopback(0)), ErrorCode::ConcurrencyConflict)
        }),
        case("tcp-socket.connect:ok", || {
            let pair = pair()?;
            let sent = pair.streams.1.blocking_write_and_flush(b"over");
            holds(sent.is_ok(), "a write", &sent)?;
            equal(pair.accepted.0.blocking_read(16).ok(), Some(b"over".to_vec()))
        }),
        case("tcp-socket.connect:invalid-state:connected", || {
            let pair = pair()?;
            fails(connect(&pair.client, works(pair._listener.local_address())?).map(drop), ErrorCode::InvalidState)
        }),
        case("tcp-socket.connect:invalid-state:listening", || {
            let (socket, address) = listening()?;
            fails(connect(&socket, address).map(drop), ErrorCode::InvalidState)
        }),
        case("tcp-socket.connect:not-in-progress", || {
            fails(tcp()?.finish_connect().map(drop), ErrorCode::NotInProgress)
        }),
        case("tcp-socket.connect:concurrency-conflict", || {
            let (_held, address) = listening()?;
            let socket = tcp()?;
            works(socket.start_connect(&instance_network(), address))?;
            fails(socket.start_connect(&instance_network(), address), ErrorCode::ConcurrencyConflict)
        }),
        case("tcp-socket.connect:connection-refused", || {
            let free = works(bound()?.local_address())?;
            fails(connect(&tcp()?, free).map(drop), ErrorCode::ConnectionRefused)
        }),
        case("tcp-socket.listen:ok", || equal(listening()?.0.is_listening(), true)),
        case("tcp-socket.listen:invalid-state:unbound", || fails(listen(&tcp()?), ErrorCode::InvalidState)),
        case("tcp-socket.listen:invalid-state:twice", || fails(listen(&listening()?.0), ErrorCode::InvalidState)),
        case("tcp-socket.listen:invalid-state:connected", || fails(listen(&pair()?.client), ErrorCode::InvalidState)),
        case("tcp-socket.listen:concurrency-conflict", || {
            let socket = bound()?;
            works(socket.start_listen())?;
            fails(socket.start_listen(), ErrorCode::ConcurrencyConflict)
        }),
        case("tcp-socket.listen:not-in-progress", || fails(bound()?.finish_listen(), ErrorCode::NotInProgress)),
        case("tcp-socket.accept:ok", || pair().map(drop)),
        case("tcp-socket.accept:would-block", || fails(listening()?.0.accept().map(drop), ErrorCode::WouldBlock)),
        case("tcp-socket.accept:invalid-state", || fails(bound()?.accept().map(drop), ErrorCode::InvalidState)),
        case("tcp-socket.local-address:ok", || {
            let (socket, address) = listening()?;
            equal(port(works(socket.local_address())?), port(address))
        }),
        case("tcp-socket.local-address:invalid-state", || fails(tcp()?.local_address(), ErrorCode::InvalidState)),
        case("tcp-socket.remote-address:ok", || {
            let pair = pair()?;
            equal(port(works(pair.client.remote_address())?), port(works(pair._listener.local_address())?))
        }),
        case("tcp-socket.remote-address:invalid-state", || fails(bound()?.remote_address(), ErrorCode::InvalidState)),
        case("tcp-socket.is-listening:ok", || equal(bound()?.is_listening(), false)),
        case("tcp-socket.shutdown:ok", || {
            let pair = pair()?;
            works(pair.client.shutdown(ShutdownType::Send))?;
            let end = pair.accepted.0.blocking_read(1);
            holds(matches!(end, Err(StreamError::Closed)), "the end of the stream", &end)
        }),
        case("tcp-socket.shutdown:invalid-state", || {
            fails(bound()?.shutdown(ShutdownType::Both), ErrorCode::InvalidState)
        }),
        case("tcp-socket.subscribe:ok", || equal(tcp()?.subscribe().ready(), true)),
    ]
}

fn tcp_address_cases() -> Vec<Case> {
    let wrong = [("family", v6((0, 0, 0, 0, 0, 0, 0, 1), 0)), ("multicast", v4((224, 0, 0, 1), 0))];
    let mut cases: Vec<Case> = wrong
        .map(|(what, at)| {
            case(format!("tcp-socket.bind:invalid-argument:{what}"), move || {
                fails(bind(&tcp()?, at), ErrorCode::InvalidArgument)
            })
        })
        .into();
    let wrong = [
        ("family", v6((0, 0, 0, 0, 0, 0, 0, 1), 9)),
        ("multicast", v4((224, 0, 0, 1), 9)),
        ("broadcast", v4((255, 255, 255, 255), 9)),
        ("unspecified", v4((0, 0, 0, 0), 9)),
        ("port-0", loopback(0)),
    ];
    cases.extend(wrong.map(|(what, to)| {
        case(format!("tcp-socket.connect:invalid-argument:{what}"), move || {
            fails(connect(&tcp()?, to).map(drop), ErrorCode::InvalidArgument)
        })
    }));
    cases.extend([
        case("tcp-socket.bind:invalid-argument:mapped", || {
            let socket = works(create_tcp_socket(IpAddressFamily::Ipv6))?;
            fails(bind(&socket, mapped(0)), ErrorCode::InvalidArgument)
        }),
        case("tcp-socket.connect:invalid-argument:mapped", || {
            let socket = works(create_tcp_socket(IpAddressFamily::Ipv6))?;
            fails(connect(&socket, mapped(9)).map(drop), ErrorCode::InvalidArgument)
        }),
        case("tcp-socket.bind:address-in-use", || {
            let (_held, address) = listening()?;
            fails(bind(&tcp()?, address), ErrorCode::AddressInUse)
        }),
        case("tcp-socket.bind:address-not-bindable", || {
            fails(bind(&tcp()?, elsewhere()), ErrorCode::AddressNotBindable)
        }),
    ]);
    cases
}

fn tcp_option_cases() -> Vec<Case> {
    const SECOND: u64 = 1_000_000_000;
    vec![
        case("tcp-socket.set-listen-backlog-size:ok", || works(bound()?.set_listen_backlog_size(16))),
        case("tcp-socket.set-listen-backlog-size:ok:listening", || works(listening()?.0.set_listen_backlog_size(16))),
        case("tcp-socket.set-listen-backlog-size:invalid-argument", || {
            fails(bound()?.set_listen_backlog_size(0), ErrorCode::InvalidArgument)
        }),
        case("tcp-socket.set-listen-backlog-size:invalid-state", || {
            fails(pair()?.client.set_listen_backlog_size(16), ErrorCode::InvalidState)
        }),
        case("tcp-socket.keep-alive-enabled:ok", || {
            let socket = tcp()?;
            works(socket.set_keep_alive_enabled(true))?;
            equal(works(socket.keep_alive_enabled())?, true)
        }),
        case("tcp-socket.keep-alive-idle-time:ok", || {
            let socket = tcp()?;
            works(socket.set_keep_alive_idle_time(30 * SECOND))?;
            equal(works(socket.keep_alive_idle_time())?, 30 * SECOND)
        }),
        case("tcp-socket.keep-alive-idle-time:invalid-argument", || {
            fails(tcp()?.set_keep_alive_idle_time(0), ErrorCode::InvalidArgument)
        }),
        case("tcp-socket.keep-alive-interval:ok", || {
            let socket = tcp()?;
            works(socket.set_keep_alive_interval(30 * SECOND))?;
            equal(works(socket.keep_alive_interval())?, 30 * SECOND)
        }),
        case("tcp-socket.keep-alive-interval:invalid-argument", || {
            fails(tcp()?.set_keep_alive_interval(0), ErrorCode::InvalidArgument)
        }),
        case("tcp-socket.keep-alive-count:ok", || {
            let socket = tcp()?;
            works(socket.set_keep_alive_count(7))?;
            equal(works(socket.keep_alive_count())?, 7)
        }),
        case("tcp-socket.keep-alive-count:invalid-argument", || {
            fails(tcp()?.set_keep_alive_count(0), ErrorCode::InvalidArgument)
        }),
        case("tcp-socket.hop-limit:ok", || {
            let socket = tcp()?;
            works(socket.set_hop_limit(42))?;
            equal(works(socket.hop_limit())?, 42)
        }),
        case("tcp-socket.hop-limit:invalid-argument", || fails(tcp()?.set_hop_limit(0), ErrorCode::InvalidArgument)),
        case("tcp-socket.receive-buffer-size:ok", || {
            let socket = tcp()?;
            works(socket.set_receive_buffer_size(16384))?;
            let size = works(socket.receive_buffer_size())?;
            holds(size >= 16384, "16384 and more", size)
        }),
        case("tcp-socket.receive-buffer-size:invalid-argument", || {
            fails(tcp()?.set_receive_buffer_size(0), ErrorCode::InvalidArgument)
        }),
        case("tcp-socket.send-buffer-size:ok", || {
            let socket = tcp()?;
            works(socket.set_send_buffer_size(16384))?;
            let size = works(socket.send_buffer_size())?;
            holds(size >= 16384, "16384 and more", size)
        }),
        case("tcp-socket.send-buffer-size:invalid-argument", || {
            fails(tcp()?.set_send_buffer_size(0), ErrorCode::InvalidArgument)
        }),
    ]
}

fn name_cases() -> Vec<Case> {
    let wrong = [("empty", ""), ("dots", "a..b"), ("dash", "-"), ("number", "256.1.1.1"), ("space", "a b")];
    wrong
        .map(|(what, name)| {
            case(format!("resolve-addresses:invalid-argument:{what}"), move || {
                fails(resolve_addresses(&instance_network(), name).map(drop), ErrorCode::InvalidArgument)
            })
        })
        .into()
}
