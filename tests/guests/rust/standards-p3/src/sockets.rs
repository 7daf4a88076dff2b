// SPDX-License-Identifier: Apache-2.0
//! TCP sockets of 0.3, between two ends that are both the guest's, and names: `run.py` grants it this machine's own
//! addresses.

use crate::check::{Case, Mismatch, Outcome, case, equal, holds, mismatch};
use std::fmt::Debug;
use wasip3::sockets::ip_name_lookup::resolve_addresses;
use wasip3::sockets::types::{
    ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress, TcpSocket,
};
use wasip3::wit_bindgen::{StreamReader, StreamResult, block_on};
use wasip3::wit_stream;

pub type Answer<T = ()> = Result<T, ErrorCode>;

pub fn cases() -> Vec<Case> {
    let mut cases = tcp_state_cases();
    cases.extend(tcp_address_cases());
    cases.extend(tcp_option_cases());
    cases.extend(transfer_cases());
    cases.extend(name_cases());
    cases
}

/// The code's name in the WIT, from `ErrorCode::InvalidState`.
fn name(code: impl Debug) -> String {
    let said = format!("{code:?}");
    let mut name = String::new();
    for letter in said.trim_start_matches("ErrorCode::").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

pub fn works<T>(answer: Result<T, impl Debug>) -> Result<T, Mismatch> {
    answer.or_else(|code| mismatch("ok", name(code)))
}

pub fn fails<T>(answer: Result<T, impl Debug>, code: &str) -> Outcome {
    match answer.map_err(name) {
        Err(got) if got == code => Ok(()),
        Err(got) => mismatch(code, got),
        Ok(_) => mismatch(code, "ok"),
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
    works(TcpSocket::create(IpAddressFamily::Ipv4))
}

fn connect(socket: &TcpSocket, to: IpSocketAddress) -> Answer {
    block_on(socket.connect(to))
}

fn bound() -> Result<TcpSocket, Mismatch> {
    let socket = tcp()?;
    works(socket.bind(loopback(0)))?;
    Ok(socket)
}

struct Listening {
    socket: TcpSocket,
    accepted: StreamReader<TcpSocket>,
    address: IpSocketAddress,
}

fn listening() -> Result<Listening, Mismatch> {
    let socket = bound()?;
    let accepted = works(socket.listen())?;
    let address = works(socket.get_local_address())?;
    Ok(Listening { socket, accepted, address })
}

/// Both ends of a connection.
struct Pair {
    client: TcpSocket,
    server: TcpSocket,
    listening: Listening,
}

fn pair() -> Result<Pair, Mismatch> {
    let mut listening = listening()?;
    let client = tcp()?;
    works(connect(&client, listening.address))?;
    let Some(server) = block_on(listening.accepted.next()) else { return mismatch("a connection", "none") };
    Ok(Pair { client, server, listening })
}

fn tcp_state_cases() -> Vec<Case> {
    vec![
        case("tcp-socket.create:ok", || {
            equal(tcp()?.get_address_family() == IpAddressFamily::Ipv4, true)?;
            works(TcpSocket::create(IpAddressFamily::Ipv6)).map(drop)
        }),
        case("tcp-socket.bind:ok", || holds(port(works(bound()?.get_local_address())?) != 0, "a port", 0)),
        case("tcp-socket.bind:invalid-state", || fails(bound()?.bind(loopback(0)), "invalid-state")),
        case("tcp-socket.bind:invalid-state:connected", || fails(pair()?.client.bind(loopback(0)), "invalid-state")),
        case("tcp-socket.connect:ok", || pair().map(drop)),
        case("tcp-socket.connect:invalid-state:connected", || {
            let pair = pair()?;
            fails(connect(&pair.client, pair.listening.address), "invalid-state")
        }),
        case("tcp-socket.connect:invalid-state:listening", || {
            let listening = listening()?;
            fails(connect(&listening.socket, listening.address), "invalid-state")
        }),
        case("tcp-socket.connect:connection-refused", || {
            let free = works(bound()?.get_local_address())?;
            fails(connect(&tcp()?, free), "connection-refused")
        }),
        case("tcp-socket.listen:ok", || equal(listening()?.socket.get_is_listening(), true)),
        case("tcp-socket.listen:invalid-state:twice", || fails(listening()?.socket.listen(), "invalid-state")),
        case("tcp-socket.listen:invalid-state:connected", || fails(pair()?.client.listen(), "invalid-state")),
        case("tcp-socket.get-local-address:ok", || {
            let listening = listening()?;
            equal(port(works(listening.socket.get_local_address())?), port(listening.address))
        }),
        case("tcp-socket.get-local-address:invalid-state", || fails(tcp()?.get_local_address(), "invalid-state")),
        case("tcp-socket.get-remote-address:ok", || {
            let pair = pair()?;
            equal(port(works(pair.client.get_remote_address())?), port(pair.listening.address))
        }),
        case("tcp-socket.get-remote-address:invalid-state", || fails(bound()?.get_remote_address(), "invalid-state")),
        case("tcp-socket.get-is-listening:ok", || equal(bound()?.get_is_listening(), false)),
        case("tcp-socket.get-address-family:ok", || equal(tcp()?.get_address_family() == IpAddressFamily::Ipv4, true)),
    ]
}

fn tcp_address_cases() -> Vec<Case> {
    let wrong = [("family", v6((0, 0, 0, 0, 0, 0, 0, 1), 0)), ("multicast", v4((224, 0, 0, 1), 0))];
    let mut cases: Vec<Case> = wrong
        .map(|(what, at)| {
            case(format!("tcp-socket.bind:invalid-argument:{what}"), move || fails(tcp()?.bind(at), "invalid-argument"))
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
            fails(connect(&tcp()?, to), "invalid-argument")
        })
    }));
    cases.extend([
        case("tcp-socket.bind:invalid-argument:mapped", || {
            let socket = works(TcpSocket::create(IpAddressFamily::Ipv6))?;
            fails(socket.bind(mapped(0)), "invalid-argument")
        }),
        case("tcp-socket.connect:invalid-argument:mapped", || {
            let socket = works(TcpSocket::create(IpAddressFamily::Ipv6))?;
            fails(connect(&socket, mapped(9)), "invalid-argument")
        }),
        case("tcp-socket.bind:address-in-use", || {
            let held = listening()?;
            fails(tcp()?.bind(held.address), "address-in-use")
        }),
        case("tcp-socket.bind:address-not-bindable", || fails(tcp()?.bind(elsewhere()), "address-not-bindable")),
    ]);
    cases
}

fn tcp_option_cases() -> Vec<Case> {
    const SECOND: u64 = 1_000_000_000;
    vec![
        case("tcp-socket.set-listen-backlog-size:ok", || works(bound()?.set_listen_backlog_size(16))),
        case("tcp-socket.set-listen-backlog-size:ok:listening", || {
            works(listening()?.socket.set_listen_backlog_size(16))
        }),
        case("tcp-socket.set-listen-backlog-size:invalid-argument", || {
            fails(bound()?.set_listen_backlog_size(0), "invalid-argument")
        }),
        case("tcp-socket.set-listen-backlog-size:invalid-state", || {
            fails(pair()?.client.set_listen_backlog_size(16), "invalid-state")
        }),
        case("tcp-socket.get-keep-alive-enabled:ok", || {
            let socket = tcp()?;
            works(socket.set_keep_alive_enabled(true))?;
            equal(works(socket.get_keep_alive_enabled())?, true)
        }),
        case("tcp-socket.get-keep-alive-idle-time:ok", || {
            let socket = tcp()?;
            works(socket.set_keep_alive_idle_time(30 * SECOND))?;
            equal(works(socket.get_keep_alive_idle_time())?, 30 * SECOND)
        }),
        case("tcp-socket.set-keep-alive-idle-time:invalid-argument", || {
            fails(tcp()?.set_keep_alive_idle_time(0), "invalid-argument")
        }),
        case("tcp-socket.get-keep-alive-interval:ok", || {
            let socket = tcp()?;
            works(socket.set_keep_alive_interval(30 * SECOND))?;
            equal(works(socket.get_keep_alive_interval())?, 30 * SECOND)
        }),
        case("tcp-socket.set-keep-alive-interval:invalid-argument", || {
            fails(tcp()?.set_keep_alive_interval(0), "invalid-argument")
        }),
        case("tcp-socket.get-keep-alive-count:ok", || {
            let socket = tcp()?;
            works(socket.set_keep_alive_count(7))?;
            equal(works(socket.get_keep_alive_count())?, 7)
        }),
        case("tcp-socket.set-keep-alive-count:invalid-argument", || {
            fails(tcp()?.set_keep_alive_count(0), "invalid-argument")
        }),
        case("tcp-socket.get-hop-limit:ok", || {
            let socket = tcp()?;
            works(socket.set_hop_limit(42))?;
            equal(works(socket.get_hop_limit())?, 42)
        }),
        case("tcp-socket.set-hop-limit:invalid-argument", || fails(tcp()?.set_hop_limit(0), "invalid-argument")),
        case("tcp-socket.get-receive-buffer-size:ok", || {
            let socket = tcp()?;
            works(socket.set_receive_buffer_size(16384))?;
            let size = works(socket.get_receive_buffer_size())?;
            holds(size >= 16384, "16384 and more", size)
        }),
        case("tcp-socket.set-receive-buffer-size:invalid-argument", || {
            fails(tcp()?.set_receive_buffer_size(0), "invalid-argument")
        }),
        case("tcp-socket.get-send-buffer-size:ok", || {
            let socket = tcp()?;
            works(socket.set_send_buffer_size(16384))?;
            let size = works(socket.get_send_buffer_size())?;
            holds(size >= 16384, "16384 and more", size)
        }),
        case("tcp-socket.set-send-buffer-size:invalid-argument", || {
            fails(tcp()?.set_send_buffer_size(0), "invalid-argument")
        }),
    ]
}

/// Sends the bytes and ends the stream; what its future said.
fn sends(socket: &TcpSocket, bytes: &[u8]) -> Answer {
    block_on(async {
        let (mut output, data) = wit_stream::new();
        let sent = socket.send(data);
        output.write_all(bytes.to_vec()).await;
        drop(output);
        sent.await
    })
}

fn receives(socket: &TcpSocket) -> (Vec<u8>, Answer) {
    let (stream, end) = socket.receive();
    block_on(async {
        let bytes = stream.collect().await;
        (bytes, end.await)
    })
}

fn transfer_cases() -> Vec<Case> {
    vec![
        case("tcp-socket.send:ok", || {
            let pair = pair()?;
            works(sends(&pair.client, b"over"))?;
            let (bytes, end) = receives(&pair.server);
            works(end)?;
            equal(bytes, b"over".to_vec())
        }),
        case("tcp-socket.send:invalid-state", || fails(sends(&bound()?, b"over"), "invalid-state")),
        case("tcp-socket.send:invalid-state:twice", || {
            let pair = pair()?;
            works(sends(&pair.client, b"over"))?;
            fails(sends(&pair.client, b"again"), "invalid-state")
        }),
        case("tcp-socket.send:connection-broken", || {
            let pair = pair()?;
            drop(pair.server);
            fails(sends(&pair.client, &[7; 8 << 20]), "connection-broken")
        }),
        // What nobody read when it was closed is a reset.
        case("tcp-socket.send:connection-reset", || {
            let pair = pair()?;
            let (mut output, data) = wit_stream::new();
            let sent = pair.client.send(data);
            block_on(output.write_all(b"unread".to_vec()));
            drop(pair.server);
            block_on(output.write_all(b"again".to_vec()));
            drop(output);
            fails(block_on(async { sent.await }), "connection-reset")
        }),
        case("tcp-socket.receive:connection-reset", || {
            let pair = pair()?;
            works(sends(&pair.client, b"unread"))?;
            drop(pair.server);
            fails(receives(&pair.client).1, "connection-reset")
        }),
        case("tcp-socket.receive:ok", || {
            let pair = pair()?;
            works(sends(&pair.server, b"back"))?;
            equal(receives(&pair.client).0, b"back".to_vec())
        }),
        case("tcp-socket.receive:ok:both-ways", || {
            let pair = pair()?;
            works(sends(&pair.client, b"there"))?;
            works(sends(&pair.server, b"back"))?;
            equal((receives(&pair.server).0, receives(&pair.client).0), (b"there".to_vec(), b"back".to_vec()))
        }),
        case("tcp-socket.receive:ok:in-pieces", || {
            let pair = pair()?;
            works(sends(&pair.server, b"piecemeal"))?;
            let (mut stream, _end) = pair.client.receive();
            let mut all = Vec::new();
            while let (StreamResult::Complete(_), bytes) = block_on(stream.read(Vec::with_capacity(2))) {
                holds(bytes.len() <= 2, "two bytes and less", bytes.len())?;
                all.extend(bytes);
            }
            equal(all, b"piecemeal".to_vec())
        }),
        case("tcp-socket.receive:invalid-state", || fails(receives(&bound()?).1, "invalid-state")),
        case("tcp-socket.receive:invalid-state:twice", || {
            let pair = pair()?;
            let _first = pair.client.receive();
            fails(receives(&pair.client).1, "invalid-state")
        }),
    ]
}

fn name_cases() -> Vec<Case> {
    let wrong = [("empty", ""), ("dots", "a..b"), ("dash", "-"), ("number", "256.1.1.1"), ("space", "a b")];
    wrong
        .map(|(what, name)| {
            case(format!("resolve-addresses:invalid-argument:{what}"), move || {
                fails(block_on(resolve_addresses(name.into())), "invalid-argument")
            })
        })
        .into()
}
