// SPDX-License-Identifier: Apache-2.0
//! UDP sockets of 0.3, between two ends that are both the guest's.

use crate::check::{Case, Mismatch, case, equal, holds};
use crate::sockets::{Answer, elsewhere, fails, loopback, port, v4, v6, works};
use wasip3::sockets::types::{IpAddressFamily, IpSocketAddress, UdpSocket};
use wasip3::wit_bindgen::block_on;

pub fn cases() -> Vec<Case> {
    let mut cases = udp_cases();
    cases.extend(udp_option_cases());
    cases.extend(datagram_cases());
    cases
}

fn udp() -> Result<UdpSocket, Mismatch> {
    works(UdpSocket::create(IpAddressFamily::Ipv4))
}

fn bound_udp() -> Result<(UdpSocket, IpSocketAddress), Mismatch> {
    let socket = udp()?;
    works(socket.bind(loopback(0)))?;
    let address = works(socket.get_local_address())?;
    Ok((socket, address))
}

fn udp_cases() -> Vec<Case> {
    vec![
        case("udp-socket.create:ok", || udp().map(drop)),
        case("udp-socket.get-address-family:ok", || equal(udp()?.get_address_family() == IpAddressFamily::Ipv4, true)),
        case("udp-socket.bind:ok", || holds(port(bound_udp()?.1) != 0, "a port", 0)),
        case("udp-socket.bind:invalid-argument", || {
            fails(udp()?.bind(v6((0, 0, 0, 0, 0, 0, 0, 1), 0)), "invalid-argument")
        }),
        case("udp-socket.bind:invalid-state", || fails(bound_udp()?.0.bind(loopback(0)), "invalid-state")),
        case("udp-socket.bind:address-in-use", || {
            let (_held, address) = bound_udp()?;
            fails(udp()?.bind(address), "address-in-use")
        }),
        case("udp-socket.bind:address-not-bindable", || fails(udp()?.bind(elsewhere()), "address-not-bindable")),
        case("udp-socket.connect:ok", || works(udp()?.connect(loopback(9)))),
        case("udp-socket.connect:ok:again", || {
            let socket = udp()?;
            works(socket.connect(loopback(9)))?;
            works(socket.connect(loopback(10)))?;
            equal(port(works(socket.get_remote_address())?), 10)
        }),
        case("udp-socket.connect:invalid-argument:family", || {
            fails(udp()?.connect(v6((0, 0, 0, 0, 0, 0, 0, 1), 9)), "invalid-argument")
        }),
        case("udp-socket.connect:invalid-argument:unspecified", || {
            fails(udp()?.connect(v4((0, 0, 0, 0), 9)), "invalid-argument")
        }),
        case("udp-socket.connect:invalid-argument:port-0", || fails(udp()?.connect(loopback(0)), "invalid-argument")),
        case("udp-socket.disconnect:ok", || {
            let socket = udp()?;
            works(socket.connect(loopback(9)))?;
            works(socket.disconnect())?;
            fails(socket.get_remote_address(), "invalid-state")
        }),
        case("udp-socket.disconnect:invalid-state", || fails(udp()?.disconnect(), "invalid-state")),
        case("udp-socket.get-local-address:ok", || bound_udp().map(drop)),
        case("udp-socket.get-local-address:invalid-state", || fails(udp()?.get_local_address(), "invalid-state")),
        case("udp-socket.get-remote-address:ok", || {
            let socket = udp()?;
            works(socket.connect(loopback(9)))?;
            equal(port(works(socket.get_remote_address())?), 9)
        }),
        case("udp-socket.get-remote-address:invalid-state", || {
            fails(bound_udp()?.0.get_remote_address(), "invalid-state")
        }),
    ]
}

fn udp_option_cases() -> Vec<Case> {
    vec![
        case("udp-socket.get-unicast-hop-limit:ok", || {
            let socket = udp()?;
            works(socket.set_unicast_hop_limit(42))?;
            equal(works(socket.get_unicast_hop_limit())?, 42)
        }),
        case("udp-socket.set-unicast-hop-limit:invalid-argument", || {
            fails(udp()?.set_unicast_hop_limit(0), "invalid-argument")
        }),
        case("udp-socket.get-receive-buffer-size:ok", || {
            let socket = udp()?;
            works(socket.set_receive_buffer_size(16384))?;
            let size = works(socket.get_receive_buffer_size())?;
            holds(size >= 16384, "16384 and more", size)
        }),
        case("udp-socket.set-receive-buffer-size:invalid-argument", || {
            fails(udp()?.set_receive_buffer_size(0), "invalid-argument")
        }),
        case("udp-socket.get-send-buffer-size:ok", || {
            let socket = udp()?;
            works(socket.set_send_buffer_size(16384))?;
            let size = works(socket.get_send_buffer_size())?;
            holds(size >= 16384, "16384 and more", size)
        }),
        case("udp-socket.set-send-buffer-size:invalid-argument", || {
            fails(udp()?.set_send_buffer_size(0), "invalid-argument")
        }),
    ]
}

fn send(socket: &UdpSocket, bytes: &[u8], to: Option<IpSocketAddress>) -> Answer {
    block_on(socket.send(bytes.to_vec(), to))
}

fn receive(socket: &UdpSocket) -> Answer<(Vec<u8>, IpSocketAddress)> {
    block_on(socket.receive())
}

fn datagram_cases() -> Vec<Case> {
    vec![
        case("udp-socket.send:ok", || {
            let ((one, from), (two, to)) = (bound_udp()?, bound_udp()?);
            works(send(&one, b"over", Some(to)))?;
            let (bytes, sender) = works(receive(&two))?;
            equal((bytes, port(sender)), (b"over".to_vec(), port(from)))
        }),
        case("udp-socket.send:ok:unbound", || {
            let (two, to) = bound_udp()?;
            works(send(&udp()?, b"over", Some(to)))?;
            equal(works(receive(&two))?.0, b"over".to_vec())
        }),
        case("udp-socket.send:ok:connected", || {
            let ((one, _), (two, to)) = (bound_udp()?, bound_udp()?);
            works(one.connect(to))?;
            works(send(&one, b"over", None))?;
            works(send(&one, b"again", Some(to)))?;
            equal((works(receive(&two))?.0, works(receive(&two))?.0), (b"over".to_vec(), b"again".to_vec()))
        }),
        case("udp-socket.send:invalid-argument:nobody", || fails(send(&udp()?, b"x", None), "invalid-argument")),
        case("udp-socket.send:invalid-argument:family", || {
            fails(send(&udp()?, b"x", Some(v6((0, 0, 0, 0, 0, 0, 0, 1), 9))), "invalid-argument")
        }),
        case("udp-socket.send:invalid-argument:unspecified", || {
            fails(send(&udp()?, b"x", Some(v4((0, 0, 0, 0), 9))), "invalid-argument")
        }),
        case("udp-socket.send:invalid-argument:port-0", || {
            fails(send(&udp()?, b"x", Some(loopback(0))), "invalid-argument")
        }),
        case("udp-socket.send:invalid-argument:another", || {
            let ((one, other), (_two, to)) = (bound_udp()?, bound_udp()?);
            works(one.connect(to))?;
            fails(send(&one, b"x", Some(other)), "invalid-argument")
        }),
        case("udp-socket.send:connection-refused", || {
            let (closed, (socket, _)) = (bound_udp()?.1, bound_udp()?);
            works(socket.connect(closed))?;
            works(send(&socket, b"x", None))?;
            fails(send(&socket, b"y", None), "connection-refused")
        }),
        case("udp-socket.send:datagram-too-large", || {
            let (_two, to) = bound_udp()?;
            fails(send(&udp()?, &[7; 65_508], Some(to)), "datagram-too-large")
        }),
        case("udp-socket.receive:ok", || {
            let ((one, _), (two, to)) = (bound_udp()?, bound_udp()?);
            works(send(&one, b"", Some(to)))?;
            equal(works(receive(&two))?.0, vec![])
        }),
        case("udp-socket.receive:invalid-state", || fails(receive(&udp()?), "invalid-state")),
        case("udp-socket.receive:connection-refused", || {
            let closed = bound_udp()?.1;
            let (socket, _) = bound_udp()?;
            works(socket.connect(closed))?;
            works(send(&socket, b"x", None))?;
            fails(receive(&socket), "connection-refused")
        }),
    ]
}
