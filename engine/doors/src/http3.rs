// SPDX-License-Identifier: Apache-2.0
//! `wasi:http/client` 0.3 through the HTTP door. The engine's own differs in two points that its WIT settles: a
//! request without a path asks for `/`, and one that couldn't be sent isn't reported as sent.

use crate::http_error::wit_code;
use http::uri::PathAndQuery;
use tokio::sync::oneshot;
use wasmtime::Result;
use wasmtime::component::{Accessor, Linker, Resource};
use wasmtime_wasi::TrappableError;
use wasmtime_wasi_http::p3::bindings::http::types::{
    DnsErrorPayload, ErrorCode, FieldSizePayload, TlsAlertReceivedPayload,
};
use wasmtime_wasi_http::p3::{Request, Response};
use wasmtime_wasi_http::{Error, WasiHttpView};

/// The engine's `wasi:http`, whose version it is.
const CLIENT: &str = "wasi:http/client@0.3.0";

pub fn link_client<T: WasiHttpView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    linker.instance(CLIENT)?.func_wrap_concurrent("send", |store, (request,): (Resource<Request>,)| {
        Box::pin(async move {
            Ok((match send(store, request).await {
                Ok(response) => Ok(response),
                Err(error) => Err(error.downcast()?),
            },))
        })
    })
}

async fn send<T: WasiHttpView + 'static>(
    store: &Accessor<T>,
    request: Resource<Request>,
) -> Result<Resource<Response>, TrappableError<ErrorCode>> {
    let (sent, sending) = oneshot::channel::<Result<(), Error>>();
    let answer = store.with(|mut store| -> Result<_, TrappableError<ErrorCode>> {
        let mut request = store.get().http().table.delete(request).map_err(TrappableError::trap)?;
        request.path_with_query.get_or_insert_with(|| PathAndQuery::from_static("/"));
        let (request, options) = request.into_http(&mut store, async { sending.await.unwrap_or(Ok(())) })?;
        let options = options.as_deref().copied();
        Ok(store.get().http().hooks.send_request(request, options, Box::new(async { Ok(()) })))
    })?;
    match Box::into_pin(answer).await {
        Ok((response, sending)) => {
            // Ends with the request's body, which the connection drops in any case.
            tokio::spawn(async move { sent.send(Box::into_pin(sending).await) });
            store.with(|mut store| {
                let http = store.get().http();
                let (response, _received) = Response::from_http(http.hooks, response);
                http.table.push(response).map_err(TrappableError::trap)
            })
        }
        Err(error) => {
            let code = code(&error);
            let _ = sent.send(Err(code.clone().into()));
            Err(code.into())
        }
    }
}

/// The door's error as 0.3 has it.
fn code(error: &Error) -> ErrorCode {
    wit_code!(error)
}
