// SPDX-License-Identifier: Apache-2.0
//! Guests' own sockets: what they send and receive is counted, and held to the module's rate. Each function here takes
//! the place of the engine's, does what that does, and leads the bytes through a [`Gate`].

use crate::DoorsView;
use crate::account::Account;
use crate::day::Spent;
use crate::relay::relay;
use crate::sockets_open::{self, settle_0_2, watch_end};
use crate::traffic::{Gate, Way};
use bytes::Bytes;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use wasmtime::component::{Access, Linker, Resource, StreamReader};
use wasmtime::{AsContextMut, Result, StoreContextMut};
use wasmtime_wasi::p2::bindings::sockets::network::ErrorCode;
use wasmtime_wasi::p2::bindings::sockets::{tcp, udp};
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, InputStream, OutputStream, Pollable, StreamError, StreamResult, TcpSocket,
};
use wasmtime_wasi::p3::bindings::sockets::types as v3;
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView};

/// The engine's `wasi:sockets`, whose versions these are.
const TCP: &str = "wasi:sockets/tcp@0.2.12";
const UDP: &str = "wasi:sockets/udp@0.2.12";
const TYPES: &str = "wasi:sockets/types@0.3.0";

/// Bytes of a datagram beside its own: the least that IP and UDP add.
const DATAGRAM_HEAD: usize = 28;

fn gate<T: DoorsView>(data: &mut T, way: Way) -> Gate {
    data.doors().net.gate(way)
}

fn account<T: DoorsView>(data: &mut T) -> Arc<Account> {
    data.doors().net.guard.account().clone()
}

/// Call it after the engine's sockets of 0.2 were linked.
pub fn link_0_2<T: DoorsView + WasiSocketsView>(linker: &mut Linker<T>) -> Result<()> {
    linker.allow_shadowing(true);
    sockets_open::link_0_2(linker)?;
    let mut instance = linker.instance(TCP)?;
    instance.func_wrap(
        "[method]tcp-socket.finish-connect",
        |mut store: StoreContextMut<'_, T>, (socket,): (Resource<TcpSocket>,)| {
            let number = socket.rep();
            match tcp::HostTcpSocket::finish_connect(&mut store.data_mut().sockets(), socket) {
                Ok((input, output)) => {
                    meter(store.data_mut(), &input, &output)?;
                    Ok((Ok((input, output)),))
                }
                Err(error) => {
                    settle_0_2(store.data_mut(), number)?;
                    Ok((Err(error.downcast()?),))
                }
            }
        },
    )?;
    instance.func_wrap(
        "[method]tcp-socket.accept",
        |mut store: StoreContextMut<'_, T>, (socket,): (Resource<TcpSocket>,)| match tcp::HostTcpSocket::accept(
            &mut store.data_mut().sockets(),
            socket,
        ) {
            Ok((socket, input, output)) => {
                store.data_mut().doors().net.holdings().slot(socket.rep());
                meter(store.data_mut(), &input, &output)?;
                Ok((Ok((socket, input, output)),))
            }
            Err(error) => Ok((Err(error.downcast()?),)),
        },
    )?;
    let mut instance = linker.instance(UDP)?;
    instance.func_wrap_async(
        "[method]incoming-datagram-stream.receive",
        |mut store: StoreContextMut<'_, T>, (stream, most): (Resource<udp::IncomingDatagramStream>, u64)| {
            Box::new(async move {
                let mut gate = gate(store.data_mut(), Way::In);
                gate.open().await;
                if gate.left(1).is_err() {
                    return Ok((Err(ErrorCode::AccessDenied),));
                }
                let mut view = store.data_mut().sockets();
                match udp::HostIncomingDatagramStream::receive(&mut view, stream, most) {
                    Ok(datagrams) => {
                        let bytes = datagrams.iter().map(|datagram| datagram.data.len() + DATAGRAM_HEAD).sum();
                        gate.charge(bytes);
                        account(store.data_mut()).count_received(bytes);
                        Ok((Ok(datagrams),))
                    }
                    Err(error) => Ok((Err(error.downcast()?),)),
                }
            })
        },
    )?;
    instance.func_wrap_async(
        "[method]outgoing-datagram-stream.send",
        |mut store: StoreContextMut<'_, T>,
         (stream, datagrams): (Resource<udp::OutgoingDatagramStream>, Vec<udp::OutgoingDatagram>)| {
            Box::new(async move {
                let mut gate = gate(store.data_mut(), Way::Out);
                gate.open().await;
                let sizes: Vec<_> = datagrams.iter().map(|datagram| datagram.data.len() + DATAGRAM_HEAD).collect();
                let all = sizes.iter().sum();
                if gate.pay(all).is_err() {
                    return Ok((Err(ErrorCode::AccessDenied),));
                }
                let mut view = store.data_mut().sockets();
                match udp::HostOutgoingDatagramStream::send(&mut view, stream, datagrams) {
                    Ok(sent) => {
                        let bytes = sizes.iter().take(sent as usize).sum();
                        gate.give_back(all - bytes);
                        account(store.data_mut()).count_sent(bytes);
                        Ok((Ok(sent),))
                    }
                    Err(error) => {
                        gate.give_back(all);
                        Ok((Err(error.downcast()?),))
                    }
                }
            })
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Call it after the engine's sockets of 0.3 were linked.
pub fn link_0_3<T: DoorsView + WasiSocketsView>(linker: &mut Linker<T>) -> Result<()> {
    use v3::HostTcpSocketWithStore as Tcp;
    linker.allow_shadowing(true);
    sockets_open::link_0_3(linker)?;
    let mut instance = linker.instance(TYPES)?;
    instance.func_wrap(
        "[method]tcp-socket.send",
        |mut store: StoreContextMut<'_, T>, (socket, data): (Resource<v3::TcpSocket>, StreamReader<u8>)| {
            let cut = Arc::new(AtomicBool::new(false));
            let data = through(&mut store, data, Way::Out, &cut)?;
            let end = watch_end(&mut store, socket.rep(), cut, |store| {
                let access = Access::<T, WasiSockets>::new(store.as_context_mut(), T::sockets);
                <WasiSockets as Tcp<T>>::send(access, socket, data)
            })?;
            Ok((end,))
        },
    )?;
    instance.func_wrap(
        "[method]tcp-socket.receive",
        |mut store: StoreContextMut<'_, T>, (socket,): (Resource<v3::TcpSocket>,)| {
            let cut = Arc::new(AtomicBool::new(false));
            let (number, mut data) = (socket.rep(), None);
            let end = watch_end(&mut store, number, cut.clone(), |store| {
                let access = Access::<T, WasiSockets>::new(store.as_context_mut(), T::sockets);
                let (received, end) = <WasiSockets as Tcp<T>>::receive(access, socket)?;
                data = Some(received);
                Ok(end)
            })?;
            let data = data.ok_or_else(|| wasmtime::Error::msg("nothing was received"))?;
            Ok(((through(&mut store, data, Way::In, &cut)?, end),))
        },
    )?;
    instance.func_wrap_concurrent(
        "[method]udp-socket.send",
        |store, (socket, data, to): (Resource<v3::UdpSocket>, Vec<u8>, Option<v3::IpSocketAddress>)| {
            Box::pin(async move {
                let mut gate = store.with(|mut store| gate(store.data_mut(), Way::Out));
                gate.open().await;
                let bytes = data.len() + DATAGRAM_HEAD;
                if gate.pay(bytes).is_err() {
                    return Ok((Err(v3::ErrorCode::AccessDenied),));
                }
                let store = store.with_getter::<WasiSockets>(T::sockets);
                match <WasiSockets as v3::HostUdpSocketWithStore<T>>::send(&store, socket, data, to).await {
                    Ok(()) => {
                        store.with(|mut store| account(store.data_mut()).count_sent(bytes));
                        Ok((Ok(()),))
                    }
                    Err(error) => {
                        gate.give_back(bytes);
                        Ok((Err(error.downcast()?),))
                    }
                }
            })
        },
    )?;
    instance.func_wrap_concurrent("[method]udp-socket.receive", |store, (socket,): (Resource<v3::UdpSocket>,)| {
        Box::pin(async move {
            let mut gate = store.with(|mut store| gate(store.data_mut(), Way::In));
            gate.open().await;
            if gate.left(1).is_err() {
                return Ok((Err(v3::ErrorCode::AccessDenied),));
            }
            let store = store.with_getter::<WasiSockets>(T::sockets);
            match <WasiSockets as v3::HostUdpSocketWithStore<T>>::receive(&store, socket).await {
                Ok((data, from)) => {
                    let bytes = data.len() + DATAGRAM_HEAD;
                    gate.charge(bytes);
                    store.with(|mut store| account(store.data_mut()).count_received(bytes));
                    Ok((Ok((data, from)),))
                }
                Err(error) => Ok((Err(error.downcast()?),)),
            }
        })
    })?;
    linker.allow_shadowing(false);
    Ok(())
}

/// A stream whose bytes are asked for; the same one where that needn't be, since each piece of it is copied.
fn through<T: DoorsView>(
    store: &mut StoreContextMut<'_, T>,
    stream: StreamReader<u8>,
    way: Way,
    cut: &Arc<AtomicBool>,
) -> Result<StreamReader<u8>> {
    let net = &store.data_mut().doors().net;
    if !net.meters() {
        return Ok(stream);
    }
    let (entry, exit) = relay(net.gate(way), way, net.guard.account().clone(), cut.clone());
    stream.pipe(&mut *store, entry)?;
    StreamReader::new(&mut *store, exit)
}

/// Puts counted streams in the place of a socket's own.
fn meter<T: DoorsView>(
    data: &mut T,
    input: &Resource<DynInputStream>,
    output: &Resource<DynOutputStream>,
) -> Result<()> {
    let (account, coming, going) = (account(data), gate(data, Way::In), gate(data, Way::Out));
    let table = &mut data.ctx().table;
    let place = table.get_mut(input)?;
    let stream = std::mem::replace(place, Box::new(wasmtime_wasi::p2::pipe::ClosedInputStream));
    *place = Box::new(Input { stream, gate: coming, account: account.clone() });
    let place = table.get_mut(output)?;
    let stream = std::mem::replace(place, Box::new(wasmtime_wasi::p2::pipe::ClosedOutputStream));
    *place = Box::new(Output { stream, gate: going, account });
    Ok(())
}

/// The stream of a connection whose day is spent fails once, and is closed from then on.
fn cut<S>(stream: &mut S, closed: S, spent: Spent) -> StreamError {
    *stream = closed;
    StreamError::LastOperationFailed(io::Error::from(spent).into())
}

fn cut_input(stream: &mut DynInputStream, spent: Spent) -> StreamError {
    cut(stream, Box::new(wasmtime_wasi::p2::pipe::ClosedInputStream), spent)
}

fn cut_output(stream: &mut DynOutputStream, spent: Spent) -> StreamError {
    cut(stream, Box::new(wasmtime_wasi::p2::pipe::ClosedOutputStream), spent)
}

struct Input {
    stream: DynInputStream,
    gate: Gate,
    account: Arc<Account>,
}

#[async_trait::async_trait]
impl InputStream for Input {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        let may = self.gate.left(size).map_err(|spent| cut_input(&mut self.stream, spent))?;
        if may == 0 && size > 0 {
            return Ok(Bytes::new());
        }
        let bytes = self.stream.read(may)?;
        self.gate.charge(bytes.len());
        self.account.count_received(bytes.len());
        Ok(bytes)
    }

    async fn cancel(&mut self) {
        self.stream.cancel().await;
    }
}

#[async_trait::async_trait]
impl Pollable for Input {
    async fn ready(&mut self) {
        self.stream.ready().await;
        self.gate.open().await;
    }
}

struct Output {
    stream: DynOutputStream,
    gate: Gate,
    account: Arc<Account>,
}

#[async_trait::async_trait]
impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let count = bytes.len();
        self.gate.pay(count).map_err(|spent| cut_output(&mut self.stream, spent))?;
        self.stream.write(bytes)?;
        self.account.count_sent(count);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.stream.flush()
    }

    fn check_write(&mut self) -> Result<usize, StreamError> {
        let room = self.stream.check_write()?;
        self.gate.left(room).map_err(|spent| cut_output(&mut self.stream, spent))
    }

    async fn cancel(&mut self) {
        self.stream.cancel().await;
    }
}

#[async_trait::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {
        self.stream.ready().await;
        self.gate.open().await;
    }
}
