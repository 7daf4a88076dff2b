// SPDX-License-Identifier: Apache-2.0
//! One connection to an HTTP server, below what is spoken on it: its bytes, its tasks, and who pays for both.

use crate::account::{Account, Charged, Payer};
use crate::connections::Slot;
use crate::traffic::{Gate, Traffic, Way};
use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// A response's head, and what HTTP/1 reads or holds to write at a time.
pub const HEAD_BYTES: usize = 128 << 10;

/// What a server may send on a connection that is nobody's: a word of HTTP/2 or TLS now and then.
const UNASKED: usize = 64 << 10;

/// An open connection. It closes when this goes.
pub struct Wire {
    /// That was really connected to.
    pub address: IpAddr,
    payer: Arc<Payer>,
    tasks: Tasks,
}

impl Wire {
    pub fn new(address: IpAddr, account: Arc<Account>) -> Self {
        let payer = Payer::new(account);
        Wire { address, tasks: Tasks { payer: payer.clone(), set: Arc::default() }, payer }
    }

    pub fn payer(&self) -> &Arc<Payer> {
        &self.payer
    }

    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.tasks.end();
    }
}

/// A connection's tasks: what drives it, and what that starts for HTTP/2.
#[derive(Clone)]
pub struct Tasks {
    payer: Arc<Payer>,
    set: Arc<Mutex<Option<JoinSet<()>>>>,
}

impl Tasks {
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut set = self.set.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let set = set.get_or_insert_default();
        while set.try_join_next().is_some() {}
        set.spawn(Charged::to(self.payer.clone(), task));
    }

    fn end(&self) {
        let mut set = self.set.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let ended = set.take();
        // Whatever goes with a task may want to spawn another.
        drop(set);
        drop(ended);
    }
}

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Tasks {
    fn execute(&self, task: F) {
        self.spawn(task);
    }
}

/// A connection whose bytes are counted, and held to the module's rate.
pub struct Metered {
    stream: TcpStream,
    _slot: Slot,
    payer: Arc<Payer>,
    /// What has come since nobody has the connection.
    unasked: usize,
    going: Gate,
    coming: Gate,
}

impl Metered {
    pub fn new(stream: TcpStream, slot: Slot, payer: Arc<Payer>, traffic: &Arc<Traffic>) -> Self {
        let gate = |way| Gate::new(traffic.clone(), way);
        Metered { stream, _slot: slot, payer, unasked: 0, going: gate(Way::Out), coming: gate(Way::In) }
    }

    /// A server that goes on sending to nobody would have it read for nothing.
    fn count_received(&mut self, bytes: usize) -> io::Result<()> {
        let account = self.payer.now();
        account.count_received(bytes);
        self.unasked = if account.is_closed() { self.unasked + bytes } else { 0 };
        if self.unasked > UNASKED { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }
}

impl AsyncRead for Metered {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Metered { stream, coming, .. } = &mut *self;
        let room = ready!(coming.poll_take(cx, buffer.remaining())).map_err(io::Error::from)?;
        let before = buffer.filled().len();
        let polled = if room == buffer.remaining() {
            Pin::new(stream).poll_read(cx, buffer)
        } else {
            let mut part = ReadBuf::new(buffer.initialize_unfilled_to(room));
            let polled = Pin::new(stream).poll_read(cx, &mut part);
            let count = part.filled().len();
            buffer.advance(count);
            polled
        };
        let count = buffer.filled().len() - before;
        coming.give_back(room - count);
        self.count_received(count)?;
        polled
    }
}

impl Metered {
    /// Writes as many bytes as may be sent now.
    fn send(
        &mut self,
        cx: &mut Context<'_>,
        bytes: usize,
        write: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>, usize) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let may = ready!(self.going.poll_take(cx, bytes)).map_err(io::Error::from)?;
        let polled = write(Pin::new(&mut self.stream), cx, may);
        let written = if let Poll::Ready(Ok(written)) = &polled { *written } else { 0 };
        self.going.give_back(may - written);
        self.payer.now().count_sent(written);
        polled
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.send(cx, bytes.len(), |stream, cx, may| stream.poll_write(cx, &bytes[..may]))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let bytes = pieces.iter().map(|piece| piece.len()).sum();
        self.send(cx, bytes, |stream, cx, may| {
            if may == bytes {
                return stream.poll_write_vectored(cx, pieces);
            }
            let first = pieces.iter().find(|piece| !piece.is_empty()).map_or(&[][..], |piece| piece);
            stream.poll_write(cx, &first[..first.len().min(may)])
        })
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
