// SPDX-License-Identifier: Apache-2.0
//! A guest's own sockets hold a slot each, from when they are made until the system's socket is gone: TCP, connected or
//! listening, and UDP. Each function here takes the place of the engine's, and does what that does if there is a slot.

use crate::DoorsView;
use crate::connections::{Connections, Slot};
use crate::holdings::Holdings;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll};
use tokio::sync::oneshot;
use wasmtime::component::{Access, FutureConsumer, FutureReader, Linker, Resource, ResourceType, Source, StreamReader};
use wasmtime::{AsContextMut, Result, StoreContextMut};
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode, IpAddressFamily, IpSocketAddress, Network};
use wasmtime_wasi::p2::bindings::sockets::{tcp, tcp_create_socket, udp, udp_create_socket};
use wasmtime_wasi::p2::{TcpSocket, UdpSocket};
use wasmtime_wasi::p3::bindings::sockets::types as v3;
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView};

const TCP: &str = "wasi:sockets/tcp@0.2.12";
const TCP_CREATE: &str = "wasi:sockets/tcp-create-socket@0.2.12";
const UDP: &str = "wasi:sockets/udp@0.2.12";
const UDP_CREATE: &str = "wasi:sockets/udp-create-socket@0.2.12";
const TYPES: &str = "wasi:sockets/types@0.3.0";

fn holdings<T: DoorsView>(data: &mut T) -> MutexGuard<'_, Holdings> {
    data.doors().net.holdings()
}

fn connections<T: DoorsView>(data: &mut T) -> Arc<Connections> {
    data.doors().net.connections().clone()
}

/// A slot, perhaps that of an HTTP connection that nobody uses at the moment.
fn slot<T: DoorsView>(data: &mut T) -> impl Future<Output = Option<Slot>> + Send + use<T> {
    let pool = data.doors().net.http.pool().clone();
    async move { pool.slot().await }
}

/// Whether a connect is refused, before anything is asked or looked up.
fn is_refused<T: DoorsView>(data: &mut T) -> bool {
    let connections = connections(data);
    let refused = !connections.may_open();
    if refused {
        connections.refuse_for_rate();
    }
    refused
}

/// Lets go of the slot of a socket whose connect has failed, and that is of no more use.
pub fn settle_0_2<T: DoorsView + WasiSocketsView>(data: &mut T, socket: u32) -> Result<()> {
    let address = tcp::HostTcpSocket::local_address(&mut data.sockets(), Resource::new_borrow(socket));
    if let Err(error) = address
        && error.downcast()? != ErrorCode::InvalidState
    {
        holdings(data).release(socket);
    }
    Ok(())
}

fn settle_0_3<T: DoorsView + WasiSocketsView>(data: &mut T, socket: u32) -> Result<()> {
    let address = v3::HostTcpSocket::get_local_address(&mut data.sockets(), Resource::new_borrow(socket));
    if let Err(error) = address
        && !matches!(error.downcast()?, v3::ErrorCode::InvalidState)
    {
        holdings(data).release(socket);
    }
    Ok(())
}

/// The slot of a socket of 0.3, if it is connected.
fn slot_of_connected<T: DoorsView + WasiSocketsView>(data: &mut T, socket: u32) -> Option<Arc<Slot>> {
    let peer = v3::HostTcpSocket::get_remote_address(&mut data.sockets(), Resource::new_borrow(socket));
    peer.is_ok().then(|| holdings(data).slot(socket)).flatten()
}

/// Call it after the engine's sockets of 0.2 were linked.
pub fn link_0_2<T: DoorsView + WasiSocketsView>(linker: &mut Linker<T>) -> Result<()> {
    linker.instance(TCP_CREATE)?.func_wrap_async(
        "create-tcp-socket",
        |mut store: StoreContextMut<'_, T>, (family,): (IpAddressFamily,)| {
            Box::new(async move {
                let Some(slot) = slot(store.data_mut()).await else { return Ok((Err(ErrorCode::NewSocketLimit),)) };
                match tcp_create_socket::Host::create_tcp_socket(&mut store.data_mut().sockets(), family) {
                    Ok(socket) => {
                        holdings(store.data_mut()).keep(socket.rep(), slot);
                        Ok((Ok(socket),))
                    }
                    Err(error) => Ok((Err(error.downcast()?),)),
                }
            })
        },
    )?;
    linker.instance(UDP_CREATE)?.func_wrap_async(
        "create-udp-socket",
        |mut store: StoreContextMut<'_, T>, (family,): (IpAddressFamily,)| {
            Box::new(async move {
                let Some(slot) = slot(store.data_mut()).await else { return Ok((Err(ErrorCode::NewSocketLimit),)) };
                match udp_create_socket::Host::create_udp_socket(&mut store.data_mut().sockets(), family).await {
                    Ok(socket) => {
                        holdings(store.data_mut()).keep(socket.rep(), slot);
                        Ok((Ok(socket),))
                    }
                    Err(error) => Ok((Err(error.downcast()?),)),
                }
            })
        },
    )?;
    let mut instance = linker.instance(TCP)?;
    instance.resource("tcp-socket", ResourceType::host::<TcpSocket>(), |mut store, socket| {
        tcp::HostTcpSocket::drop(&mut store.data_mut().sockets(), Resource::new_own(socket))?;
        holdings(store.data_mut()).release(socket);
        Ok(())
    })?;
    instance.func_wrap(
        "[method]tcp-socket.start-connect",
        |mut store: StoreContextMut<'_, T>,
         (socket, network, to): (Resource<TcpSocket>, Resource<Network>, IpSocketAddress)| {
            if is_refused(store.data_mut()) {
                return Ok((Err(ErrorCode::ConnectionRefused),));
            }
            match tcp::HostTcpSocket::start_connect(&mut store.data_mut().sockets(), socket, network, to) {
                Ok(()) => Ok((Ok(()),)),
                Err(error) => Ok((Err(error.downcast()?),)),
            }
        },
    )?;
    instance.func_wrap_async(
        "[method]tcp-socket.start-listen",
        |mut store: StoreContextMut<'_, T>, (socket,): (Resource<TcpSocket>,)| {
            Box::new(async move {
                let number = socket.rep();
                match tcp::HostTcpSocket::start_listen(&mut store.data_mut().sockets(), socket).await {
                    Ok(()) => {
                        holdings(store.data_mut()).listens(number);
                        Ok((Ok(()),))
                    }
                    Err(error) => Ok((Err(error.downcast()?),)),
                }
            })
        },
    )?;
    linker.instance(UDP)?.resource("udp-socket", ResourceType::host::<UdpSocket>(), |mut store, socket| {
        udp::HostUdpSocket::drop(&mut store.data_mut().sockets(), Resource::new_own(socket))?;
        holdings(store.data_mut()).release(socket);
        Ok(())
    })
}

/// What a socket of 0.3 that can't be made says: its interface has no word for a limit.
fn no_more() -> v3::ErrorCode {
    v3::ErrorCode::Other(Some("the module may have no more connections open (network.connections)".to_owned()))
}

/// Call it after the engine's sockets of 0.3 were linked.
pub fn link_0_3<T: DoorsView + WasiSocketsView>(linker: &mut Linker<T>) -> Result<()> {
    use v3::HostTcpSocketWithStore as Tcp;
    let mut instance = linker.instance(TYPES)?;
    instance.func_wrap_async(
        "[static]tcp-socket.create",
        |mut store: StoreContextMut<'_, T>, (family,): (v3::IpAddressFamily,)| {
            Box::new(async move {
                let Some(slot) = slot(store.data_mut()).await else { return Ok((Err(no_more()),)) };
                match v3::HostTcpSocket::create(&mut store.data_mut().sockets(), family) {
                    Ok(socket) => {
                        holdings(store.data_mut()).keep(socket.rep(), slot);
                        Ok((Ok(socket),))
                    }
                    Err(error) => Ok((Err(error.downcast()?),)),
                }
            })
        },
    )?;
    instance.func_wrap_async(
        "[static]udp-socket.create",
        |mut store: StoreContextMut<'_, T>, (family,): (v3::IpAddressFamily,)| {
            Box::new(async move {
                let Some(slot) = slot(store.data_mut()).await else { return Ok((Err(no_more()),)) };
                match v3::HostUdpSocket::create(&mut store.data_mut().sockets(), family).await {
                    Ok(socket) => {
                        holdings(store.data_mut()).keep(socket.rep(), slot);
                        Ok((Ok(socket),))
                    }
                    Err(error) => Ok((Err(error.downcast()?),)),
                }
            })
        },
    )?;
    instance.resource("tcp-socket", ResourceType::host::<v3::TcpSocket>(), |mut store, socket| {
        // One that came in and was never used takes its slot along as well.
        drop(slot_of_connected(store.data_mut(), socket));
        v3::HostTcpSocket::drop(&mut store.data_mut().sockets(), Resource::new_own(socket))?;
        holdings(store.data_mut()).release(socket);
        Ok(())
    })?;
    instance.resource("udp-socket", ResourceType::host::<v3::UdpSocket>(), |mut store, socket| {
        v3::HostUdpSocket::drop(&mut store.data_mut().sockets(), Resource::new_own(socket))?;
        holdings(store.data_mut()).release(socket);
        Ok(())
    })?;
    instance.func_wrap_concurrent(
        "[method]tcp-socket.connect",
        |store, (socket, to): (Resource<v3::TcpSocket>, v3::IpSocketAddress)| {
            Box::pin(async move {
                if store.with(|mut store| is_refused(store.data_mut())) {
                    return Ok((Err(v3::ErrorCode::ConnectionRefused),));
                }
                let number = socket.rep();
                let sockets = store.with_getter::<WasiSockets>(T::sockets);
                match <WasiSockets as Tcp<T>>::connect(&sockets, socket, to).await {
                    Ok(()) => Ok((Ok(()),)),
                    Err(error) => {
                        let error = error.downcast()?;
                        store.with(|mut store| settle_0_3(store.data_mut(), number))?;
                        Ok((Err(error),))
                    }
                }
            })
        },
    )?;
    instance.func_wrap_async(
        "[method]tcp-socket.listen",
        |mut store: StoreContextMut<'_, T>, (socket,): (Resource<v3::TcpSocket>,)| {
            Box::new(async move {
                let access = Access::<T, WasiSockets>::new(store.as_context_mut(), T::sockets);
                let listening: Result<StreamReader<Resource<v3::TcpSocket>>, _> =
                    <WasiSockets as Tcp<T>>::listen(access, socket).await;
                match listening {
                    Ok(connections) => {
                        holdings(store.data_mut()).listens_by_stream();
                        Ok((Ok(connections),))
                    }
                    Err(error) => Ok((Err(error.downcast()?),)),
                }
            })
        },
    )
}

/// How one way of a connection of 0.3 ended. The engine says so exactly when it lets go of its part of the connection:
/// until then that holds the connection's slot, even when the guest has dropped the socket.
struct End {
    slot: Option<Arc<Slot>>,
    cut: Arc<AtomicBool>,
    said: Option<oneshot::Sender<std::result::Result<(), v3::ErrorCode>>>,
}

impl<D> FutureConsumer<D> for End {
    type Item = std::result::Result<(), v3::ErrorCode>;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        store: StoreContextMut<'_, D>,
        mut source: Source<'_, Self::Item>,
        _finish: bool,
    ) -> Poll<Result<()>> {
        let mut end = None;
        source.read(store, &mut end)?;
        self.slot = None;
        let cut = self.cut.load(Relaxed);
        if let (Some(end), Some(said)) = (end, self.said.take()) {
            // Nobody may be listening any more.
            let _ = said.send(if cut { Err(v3::ErrorCode::ConnectionAborted) } else { end });
        }
        Poll::Ready(Ok(()))
    }
}

type Ending = FutureReader<std::result::Result<(), v3::ErrorCode>>;

/// `cut` says whether the day ended it.
pub fn watch_end<T: DoorsView + WasiSocketsView>(
    store: &mut StoreContextMut<'_, T>,
    socket: u32,
    cut: Arc<AtomicBool>,
    end: impl FnOnce(&mut StoreContextMut<'_, T>) -> Result<Ending>,
) -> Result<Ending> {
    let slot = slot_of_connected(store.data_mut(), socket);
    let (said, hears) = oneshot::channel();
    end(store)?.pipe(&mut *store, End { slot, cut, said: Some(said) })?;
    FutureReader::new(&mut *store, hears)
}
