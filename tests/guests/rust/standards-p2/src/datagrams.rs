// SPDX-License-Identifier: Apache-2.0
//! UDP sockets of 0.2, between two ends that are both the guest's.

use crate::check::{Case, Mismatch, case, equal, holds};
use crate::sockets::{Answer, elsewhere, fails, loopback, port, v4, v6, works};
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::network::{ErrorCode, IpAddressFamily, IpSocketAddress};
use wasip2::sockets::udp::{IncomingDatagramStream, OutgoingDatagram, OutgoingDatagramStream, UdpSocket};
use wasip2::sockets::udp_create_socket::create_udp_socket;

pub fn cases() -> Vec<Case> {
    let mut cases = udp_cases();
    cases.extend(udp_option_cases());
    cases.extend(datagram_cases());
    cases
}

fn udp() -> Result<UdpSocket, Mismatch> {
    works(create_udp_socket(IpAddressFamily::Ipv4))
}

fn bind_udp(socket: &UdpSocket, at: IpSocketAddress) -> Answer {
    socket.start_bind(&instance_network(), at)?;
    socket.subscribe().block();
    socket.finish_bind()
}

fn bound_udp() -> Result<(UdpSocket, IpSocketAddress), Mismatch> {
    let socket = udp()?;
    works(bind_udp(&socket, loopback(0)))?;
    let address = works(socket.local_address())?;
    Ok((socket, address))
}

fn udp_cases() -> Vec<Case> {
    vec![
        case("create-udp-socket:ok", || equal(udp()?.address_family() == IpAddressFamily::Ipv4, true)),
        case("udp-socket.bind:ok", || holds(port(bound_udp()?.1) != 0, "a port", 0)),
        case("udp-socket.bind:invalid-argument", || {
            fails(bind_udp(&udp()?, v6((0, 0, 0, 0, 0, 0, 0, 1), 0)), ErrorCode::InvalidArgument)
        }),
        case("udp-socket.bind:invalid-state", || {
            fails(bind_udp(&bound_udp()?.0, loopback(0)), ErrorCode::InvalidState)
        }),
        case("udp-socket.bind:address-in-use", || {
            let (_held, address) = bound_udp()?;
            fails(bind_udp(&udp()?, address), ErrorCode::AddressInUse)
        }),
        case("udp-socket.bind:address-not-bindable", || {
            fails(bind_udp(&udp()?, elsewhere()), ErrorCode::AddressNotBindable)
        }),
        case("udp-socket.bind:not-in-progress", || fails(udp()?.finish_bind(), ErrorCode::NotInProgress)),
        case("udp-socket.stream:ok", || works(bound_udp()?.0.stream(None)).map(drop)),
        case("udp-socket.stream:ok:connected", || works(bound_udp()?.0.stream(Some(bound_udp()?.1))).map(drop)),
        case("udp-socket.stream:invalid-state", || fails(udp()?.stream(None).map(drop), ErrorCode::InvalidState)),
        case("udp-socket.stream:invalid-argument:family", || {
            let to = v6((0, 0, 0, 0, 0, 0, 0, 1), 9);
            fails(bound_udp()?.0.stream(Some(to)).map(drop), ErrorCode::InvalidArgument)
        }),
        case("udp-socket.stream:invalid-argument:unspecified", || {
            fails(bound_udp()?.0.stream(Some(v4((0, 0, 0, 0), 9))).map(drop), ErrorCode::InvalidArgument)
        }),
        case("udp-socket.stream:invalid-argument:port-0", || {
            fails(bound_udp()?.0.stream(Some(loopback(0))).map(drop), ErrorCode::InvalidArgument)
        }),
        case("udp-socket.local-address:ok", || bound_udp().map(drop)),
        case("udp-socket.local-address:invalid-state", || fails(udp()?.local_address(), ErrorCode::InvalidState)),
        case("udp-socket.remote-address:ok", || {
            let (socket, (_other, to)) = (bound_udp()?.0, bound_udp()?);
            let _streams = works(socket.stream(Some(to)))?;
            equal(port(works(socket.remote_address())?), port(to))
        }),
        case("udp-socket.remote-address:invalid-state", || {
            fails(bound_udp()?.0.remote_address(), ErrorCode::InvalidState)
        }),
        case("udp-socket.subscribe:ok", || equal(udp()?.subscribe().ready(), true)),
    ]
}

fn udp_option_cases() -> Vec<Case> {
    vec![
        case("udp-socket.unicast-hop-limit:ok", || {
            let socket = udp()?;
            works(socket.set_unicast_hop_limit(42))?;
            equal(works(socket.unicast_hop_limit())?, 42)
        }),
        case("udp-socket.unicast-hop-limit:invalid-argument", || {
            fails(udp()?.set_unicast_hop_limit(0), ErrorCode::InvalidArgument)
        }),
        case("udp-socket.receive-buffer-size:ok", || {
            let socket = udp()?;
            works(socket.set_receive_buffer_size(16384))?;
            let size = works(socket.receive_buffer_size())?;
            holds(size >= 16384, "16384 and more", size)
        }),
        case("udp-socket.receive-buffer-size:invalid-argument", || {
            fails(udp()?.set_receive_buffer_size(0), ErrorCode::InvalidArgument)
        }),
        case("udp-socket.send-buffer-size:ok", || {
            let socket = udp()?;
            works(socket.set_send_buffer_size(16384))?;
            let size = works(socket.send_buffer_size())?;
            holds(size >= 16384, "16384 and more", size)
        }),
        case("udp-socket.send-buffer-size:invalid-argument", || {
            fails(udp()?.set_send_buffer_size(0), ErrorCode::InvalidArgument)
        }),
    ]
}

fn send(stream: &OutgoingDatagramStream, data: &[u8], to: Option<IpSocketAddress>) -> Answer<u64> {
    stream.subscribe().block();
    stream.check_send()?;
    stream.send(&[OutgoingDatagram { data: data.to_vec(), remote_address: to }])
}

fn first(stream: &IncomingDatagramStream) -> Answer<Vec<u8>> {
    stream.subscribe().block();
    Ok(stream.receive(1)?.pop().map(|datagram| datagram.data).unwrap_or_default())
}

/// What sending to this answers, from a socket that is connected to nobody.
fn sent_to(to: Option<IpSocketAddress>, bytes: usize) -> Result<Answer<u64>, Mismatch> {
    let (socket, _) = bound_udp()?;
    let (_incoming, outgoing) = works(socket.stream(None))?;
    Ok(send(&outgoing, &vec![7; bytes], to))
}

fn datagram_cases() -> Vec<Case> {
    vec![
        case("outgoing-datagram-stream.send:ok", || {
            let ((one, _), (two, to)) = (bound_udp()?, bound_udp()?);
            let ((_in, out), (incoming, _out)) = (works(one.stream(None))?, works(two.stream(None))?);
            equal(works(send(&out, b"over", Some(to)))?, 1)?;
            equal(works(first(&incoming))?, b"over".to_vec())
        }),
        case("outgoing-datagram-stream.send:ok:connected", || {
            let ((one, _), (two, to)) = (bound_udp()?, bound_udp()?);
            let ((_in, out), (incoming, _out)) = (works(one.stream(Some(to)))?, works(two.stream(None))?);
            equal(works(send(&out, b"over", None))?, 1)?;
            equal(works(first(&incoming))?, b"over".to_vec())
        }),
        case("outgoing-datagram-stream.send:invalid-argument:nobody", || {
            fails(sent_to(None, 1)?, ErrorCode::InvalidArgument)
        }),
        case("outgoing-datagram-stream.send:invalid-argument:family", || {
            fails(sent_to(Some(v6((0, 0, 0, 0, 0, 0, 0, 1), 9)), 1)?, ErrorCode::InvalidArgument)
        }),
        case("outgoing-datagram-stream.send:invalid-argument:unspecified", || {
            fails(sent_to(Some(v4((0, 0, 0, 0), 9)), 1)?, ErrorCode::InvalidArgument)
        }),
        case("outgoing-datagram-stream.send:invalid-argument:port-0", || {
            fails(sent_to(Some(loopback(0)), 1)?, ErrorCode::InvalidArgument)
        }),
        case("outgoing-datagram-stream.send:invalid-argument:another", || {
            let ((one, other), (_two, to)) = (bound_udp()?, bound_udp()?);
            let (_in, out) = works(one.stream(Some(to)))?;
            fails(send(&out, b"over", Some(other)), ErrorCode::InvalidArgument)
        }),
        case("outgoing-datagram-stream.send:datagram-too-large", || {
            let (_other, to) = bound_udp()?;
            fails(sent_to(Some(to), 65_508)?, ErrorCode::DatagramTooLarge)
        }),
        case("outgoing-datagram-stream.send:connection-refused", || {
            let (closed, (socket, _)) = (bound_udp()?.1, bound_udp()?);
            let (_in, out) = works(socket.stream(Some(closed)))?;
            works(send(&out, b"over", None))?;
            fails(send(&out, b"again", None), ErrorCode::ConnectionRefused)
        }),
        case("incoming-datagram-stream.receive:connection-refused", || {
            let (closed, (socket, _)) = (bound_udp()?.1, bound_udp()?);
            let (incoming, out) = works(socket.stream(Some(closed)))?;
            works(send(&out, b"over", None))?;
            fails(first(&incoming), ErrorCode::ConnectionRefused)
        }),
        case("outgoing-datagram-stream.check-send:ok", || {
            let (socket, _) = bound_udp()?;
            let (_in, out) = works(socket.stream(None))?;
            let permitted = works(out.check_send())?;
            holds(permitted > 0, "a permit", permitted)
        }),
        case("incoming-datagram-stream.receive:ok", || {
            let (socket, _) = bound_udp()?;
            let (incoming, _out) = works(socket.stream(None))?;
            equal(works(incoming.receive(4))?.len(), 0)
        }),
    ]
}
