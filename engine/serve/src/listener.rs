// SPDX-License-Identifier: Apache-2.0
//! An address that is listened on, by as many sockets as there are lanes.

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;

/// Connections that wait to be accepted, for each socket.
const BACKLOG: i32 = 1024;

/// Bound, and not listened on yet: nobody is kept waiting for a module that isn't ready.
pub struct Listener {
    sockets: Vec<OwnedFd>,
    address: SocketAddr,
}

impl Listener {
    /// Port 0 is one that the system chooses.
    pub fn bind(address: SocketAddr, sockets: usize) -> io::Result<Self> {
        let first = bound(address)?;
        let address = TcpListener::from(first.try_clone()?).local_addr()?;
        let mut all = vec![first];
        for _ in 1..sockets {
            all.push(bound(address)?);
        }
        Ok(Listener { sockets: all, address })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn listen(self) -> io::Result<Vec<TcpListener>> {
        self.sockets
            .into_iter()
            .map(|socket| {
                rustix::net::listen(&socket, BACKLOG)?;
                Ok(TcpListener::from(socket))
            })
            .collect()
    }
}

fn bound(address: SocketAddr) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    sockopt::set_socket_reuseport(&socket, true)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    rustix::net::bind(&socket, &address)?;
    Ok(socket)
}
