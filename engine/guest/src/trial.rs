// SPDX-License-Identifier: Apache-2.0
//! A module tried before clients are sent to it: an instance is made as for a request or, where its owner says what to ask
//! it, it is asked that.

use crate::call::Outcome;
use crate::limits::Limit;
use crate::runtime::Runtime;
use crate::service::{Answer, Asked, Service};
use bytes::Bytes;
use http::{Request, Response, header};
use http_body::Body;
use http_body_util::{BodyExt as _, Empty};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use wasmtime_wasi_http::Error;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;

/// Of an answer's body, what is read; there may be more.
const MOST_BODY: usize = 1 << 20;

/// What came of it.
pub struct Tried {
    /// Of making an instance; an ordinary end where it was asked something, whose request tells how it ended.
    pub outcome: Outcome,
    /// What it answered when it was asked; nothing where it gave no answer, or not all of it.
    pub status: Option<u16>,
    /// It took longer than it may.
    pub late: bool,
}

impl Tried {
    fn ended(outcome: Outcome) -> Self {
        Tried { outcome, status: None, late: false }
    }
}

/// What it is asked, by GET.
pub struct Probe {
    pub host: String,
    pub path: String,
}

/// Whoever waits for it is told, also when the task goes before its end.
struct Telling<D: FnOnce(Tried)>(Option<D>);

impl<D: FnOnce(Tried)> Telling<D> {
    fn tell(mut self, tried: Tried) {
        if let Some(done) = self.0.take() {
            done(tried);
        }
    }
}

impl<D: FnOnce(Tried)> Drop for Telling<D> {
    fn drop(&mut self) {
        if let Some(done) = self.0.take() {
            done(Tried::ended(if std::thread::panicking() { Outcome::Panicked } else { Outcome::Cancelled }));
        }
    }
}

impl Runtime {
    /// Tries a service, for so long at most. `done` is called once, on a thread of ours; not when an error is returned. What
    /// it is asked is told to its overseer as any request is, by the name 0.
    pub fn try_out(
        &self,
        service: Arc<Service>,
        probe: Option<Probe>,
        most: Duration,
        done: impl FnOnce(Tried) + Send + 'static,
    ) -> io::Result<()> {
        let lane = self.lane()?;
        let telling = Telling(Some(done));
        lane.spawn(async move {
            let trying = async {
                match probe {
                    None => Tried::ended(service.make_one().await),
                    Some(probe) => asked(service, probe).await,
                }
            };
            let late = Tried { outcome: Outcome::Limited(Limit::Wall), status: None, late: true };
            telling.tell(tokio::time::timeout(most, trying).await.unwrap_or(late));
        });
        Ok(())
    }
}

async fn asked(service: Arc<Service>, probe: Probe) -> Tried {
    // As HTTP/1.1 brings it.
    let request = Request::get(probe.path).header(header::HOST, probe.host).body(Empty::<Bytes>::new());
    let request = match request {
        Ok(request) => request.map(|body| body.map_err(|never| -> Error { match never {} })),
        Err(error) => return Tried::ended(Outcome::Failed(format!("this can't be asked: {error}"))),
    };
    let asked = Asked { scheme: Scheme::Http, name: 0, hops: 0 };
    let status = match service.answer(asked, request).await {
        Answer::Status(status) => Some(status),
        Answer::Response(response) => whole(response).await,
    };
    Tried { outcome: Outcome::Exited(0), status, late: false }
}

/// The status of an answer whose body comes, too.
async fn whole<B: Body<Data = Bytes, Error = Error>>(response: Response<B>) -> Option<u16> {
    let status = response.status().as_u16();
    let mut body = pin!(response.into_body());
    let mut read = 0;
    while read < MOST_BODY
        && let Some(frame) = body.frame().await
    {
        read += frame.ok()?.data_ref().map_or(0, Bytes::len);
    }
    Some(status)
}
