// SPDX-License-Identifier: Apache-2.0
//! Requests from one module of this process to another: routed, waited for, answered and told of as those from outside
//! are, on the lane of whoever asks.

use crate::body::{Arriving, Leaving};
use crate::connection::{authority_of, only};
use crate::server::{Head, Route, Shared};
use crate::tracked::Tracked;
use berth_guest::{Asked, Brought, Inside, InsideCall};
use http::uri::Authority;
use http_body::Body;
use http_body_util::BodyExt as _;
use std::pin::Pin;
use std::sync::Arc;
use wasmtime_wasi_http::Error;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;

/// What the router answers with when no module has that name, and when too many requests led to this one.
const NO_MODULE: u16 = 404;
const LOOP: u16 = 508;

impl Inside for Shared {
    fn ask(self: Arc<Self>, call: InsideCall) -> Pin<Box<dyn Future<Output = Brought> + Send>> {
        Box::pin(bring(self, call))
    }
}

async fn bring(shared: Arc<Shared>, call: InsideCall) -> Brought {
    let InsideCall { request, from, hops } = call;
    let settings = shared.settings;
    let refused = (request.body().size_hint().lower() > settings.body_bytes).then_some(413);
    let (mut tracked, decision) = Tracked::begin(
        &shared.router,
        &Head {
            method: request.method().as_str(),
            host: authority_of(&request).as_ref().map_or("", Authority::host),
            path: request.uri().path_and_query().map_or("/", |path| path.as_str()),
            peer: &from,
            hops,
            headers: request.headers(),
            traceparent: only(request.headers(), "traceparent"),
            refused,
        },
    );
    let response = match tracked.settled(decision).await {
        Route::To(service) => {
            let received = tracked.received.clone();
            let mut request =
                request.map(|body| Arriving::new(body, received, settings.body_bytes, settings.idle_time));
            let asked = Asked { scheme: Scheme::Http, name: tracked.ask(request.headers_mut()), hops };
            Leaving::answer(service.answer(asked, request).await, None, tracked)
        }
        Route::Refuse { status: status @ (NO_MODULE | LOOP), .. } => {
            tracked.status = Some(status);
            return Err(if status == LOOP { Error::LoopDetected } else { Error::DestinationNotFound });
        }
        Route::Refuse { status, retry_after, line } => Leaving::own(status, line, retry_after, tracked),
        Route::Given(given) => Leaving::given(given, None, tracked),
    };
    Ok(response.map(|body| body.boxed_unsync()))
}
