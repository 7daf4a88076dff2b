// SPDX-License-Identifier: Apache-2.0
//! Requests from one module to another that the same process serves. The policy has let them through by then; who answers
//! to a name is C++'s to say. There is no connection: heads are handed over, and bodies pass piece by piece as they are
//! read.

use crate::guard::Guard;
use crate::http::{Answer, BETWEEN_BYTES, FIRST_BYTE, Target, dress, has_body, length_of};
use crate::http_body::{Arriving, Outgoing};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::BodyExt as _;
use std::pin::Pin;
use std::sync::Arc;
use tokio::time::timeout;
use wasmtime_wasi::runtime::spawn;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

/// What the host may hold for one such request, drawn from the memory of the module that asks: two pieces of each body.
const EXCHANGE_BYTES: u64 = 256 << 10;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A request of one module's to another.
pub struct Call {
    /// As a server gets it over HTTP/1.1: a path, and the name in `host`.
    pub request: http::Request<WasiBody>,
    /// What the module is called that asks.
    pub from: Arc<str>,
    /// How many requests from module to module lead to this one's answer, it included.
    pub hops: u32,
}

/// Whoever brings a request to the module that it names.
pub trait Inside: Send + Sync {
    /// On a lane. All that is done for it ends when the future, or the answer's body, is dropped before its end.
    fn ask(self: Arc<Self>, call: Call) -> Pin<Box<dyn Future<Output = Brought> + Send>>;
}

/// The module's answer, or the host's own for it. [`Error::DestinationNotFound`] when there is no such module.
pub type Brought = Result<http::Response<WasiBody>, Error>;

/// What of a request goes on to those that its guest sends to other modules. The guest neither sees it nor changes it.
#[derive(Clone, Default)]
pub struct Trail {
    /// Requests from module to module that led here.
    hops: u32,
    traceparent: Option<HeaderValue>,
}

impl Trail {
    pub fn of(headers: &HeaderMap, hops: u32) -> Self {
        Trail { hops, traceparent: headers.get(TRACEPARENT).cloned() }
    }

    /// Of requests that a guest works for at once nobody knows which one it asks for: the longest way holds, and a trace
    /// where it is the same.
    pub(crate) fn beside(&self, other: Trail) -> Self {
        let same = self.traceparent == other.traceparent;
        Trail { hops: self.hops.max(other.hops), traceparent: other.traceparent.filter(|_| same) }
    }
}

/// One that the policy has let through.
pub(crate) struct Asking {
    pub guard: Arc<Guard>,
    pub target: Target,
    /// Nothing where no modules are served.
    pub inside: Option<Arc<dyn Inside>>,
    pub module: Arc<str>,
    pub trail: Trail,
}

impl Asking {
    pub async fn perform(self, request: http::Request<WasiBody>, options: RequestOptions) -> Answer {
        let (parts, body) = request.into_parts();
        let (outgoing, ended) = Outgoing::new(body, length_of(&parts.headers));
        let request = http::Request::from_parts(parts, outgoing.boxed_unsync());
        let response = self.exchange(request, &options).await?;
        // As over a connection: a body that is dropped before its end was cut off by the answer.
        let sent = async { ended.await.unwrap_or(Err(Error::ConnectionTerminated)) };
        Ok((response, Box::new(sent)))
    }

    async fn exchange(self, mut request: http::Request<WasiBody>, options: &RequestOptions) -> Brought {
        let lease = self.guard.account().draw(EXCHANGE_BYTES).ok_or(Error::ConnectionLimitReached)?;
        dress(&mut request, false);
        if let Some(trace) = self.trail.traceparent {
            request.headers_mut().entry(TRACEPARENT).or_insert(trace);
        }
        let call = Call { request, from: self.module, hops: self.trail.hops + 1 };
        let brought = match self.inside {
            // A task of its own: what the other module uses of the CPU isn't this one's.
            Some(inside) => timeout(options.first_byte_timeout.unwrap_or(FIRST_BYTE), spawn(inside.ask(call))).await,
            None => Ok(Err(Error::DestinationNotFound)),
        };
        let response = brought.map_err(|_| Error::ConnectionReadTimeout)?.inspect_err(|error| {
            if matches!(error, Error::DestinationNotFound) {
                self.target.tell_no_module(&self.guard);
            }
        })?;
        if response.status().is_informational() {
            return Err(Error::HttpUpgradeFailed);
        }
        if !has_body(&self.target.method, &response) {
            return Ok(response.map(|_| WasiBody::default()));
        }
        let between_bytes = options.between_bytes_timeout.unwrap_or(BETWEEN_BYTES);
        let length = length_of(response.headers());
        Ok(response.map(|body| Arriving::new(body, length, between_bytes, None, vec![lease]).boxed_unsync()))
    }
}

#[cfg(test)]
mod tests {
    use super::{TRACEPARENT, Trail};
    use http::HeaderMap;

    fn trail(hops: u32, traceparent: &'static str) -> Trail {
        let headers = HeaderMap::from_iter([(TRACEPARENT, traceparent.parse().expect("a value"))]);
        Trail::of(&headers, hops)
    }

    #[test]
    fn requests_at_once_share_the_longest_way_and_a_trace_only_where_it_is_one() {
        let both = trail(3, "a").beside(trail(1, "b"));
        assert_eq!((both.hops, both.traceparent), (3, None));
        let same = trail(0, "a").beside(trail(2, "a"));
        assert_eq!((same.hops, same.traceparent.is_some()), (2, true));
    }
}
