// SPDX-License-Identifier: Apache-2.0
//! Answers each request with one line, and no guest: what this machine, its kernel and hyper can do. A thread a core,
//! each with a listener and an event loop of its own, as berth has them. Prints its address, and runs until it is ended.

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustix::net::{AddressFamily, SocketType, bind, listen, socket, sockopt};
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};

const LINE: &[u8] = b"hello from a module\n";

fn main() -> io::Result<()> {
    let threads = std::thread::available_parallelism()?.get();
    let first = listener(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let address = first.local_addr()?;
    let others = (1..threads).map(|_| listener(address)).collect::<io::Result<Vec<_>>>()?;
    println!("serving nothing on http://{address}/");
    for listener in others {
        std::thread::spawn(|| serve(listener));
    }
    serve(first)
}

fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    sockopt::set_socket_reuseport(&socket, true)?;
    bind(&socket, &address)?;
    listen(&socket, 1024)?;
    let listener = TcpListener::from(socket);
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn serve(listener: TcpListener) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(async move {
                let answer =
                    service_fn(async |_| Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(LINE)))));
                // A client that goes is none that is waited for.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
            });
        }
    })
}
