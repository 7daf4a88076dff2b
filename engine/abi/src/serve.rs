// SPDX-License-Identifier: Apache-2.0
//! The exports for serving HTTP: modules that answer requests, and servers that bring them. C++ knows the routes and
//! admits, and is told how each request was served.

use crate::boundary::{
    Failure, INTERNAL, INVALID_ARGUMENT, INVALID_MODULE, UNAVAILABLE, borrowed, bytes, guarded, owned, text,
};
use crate::call::{Asked, read_guest, tell};
use crate::types::*;
use crate::{berth_module, berth_runtime};
use ::berth_guest::{Ended, Overseer, Probe, Reuse, Served, Service, Tried};
use berth_serve::{Completion, Decision, Finished, Head, Line, Listener, Route, Router, Server, Settings, Tls, Trace};
use core::ffi::c_void;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A module that answers requests. Any thread.
pub struct berth_service(Arc<Service>);

/// An address that is bound.
pub struct berth_listener(Listener);

/// What a server shows to clients who come by TLS. Any thread.
pub struct berth_tls(Arc<Tls>);

/// A server that runs. Any thread.
pub struct berth_server(Server);

/// A request whose route is waited for. Any thread.
pub struct berth_completion(pub(crate) Completion);

/// C++'s side of a service. What `context` points to is alive until `gone` was called.
struct Watching {
    served: unsafe extern "C" fn(*mut c_void, *const berth_served) -> u16,
    gone: unsafe extern "C" fn(*mut c_void),
    context: *mut c_void,
}

// SAFETY: the header demands that both can be called, with the context, on any thread.
unsafe impl Send for Watching {}
// SAFETY: the same.
unsafe impl Sync for Watching {}

impl Overseer for Watching {
    fn ended(&self, ended: Ended, served: &Served<'_>) -> u16 {
        tell(&ended, |outcome| {
            let served = berth_served {
                request: served.request as *mut c_void,
                outcome,
                status: served.status.unwrap_or(0),
                refused: borrowed(served.refused.unwrap_or("").as_bytes()),
                wall_ns: served.wall.as_nanos() as u64,
                cpu_used_ns: served.used.cpu_ns,
                fuel_used: served.used.fuel,
                sent_bytes: served.used.sent_bytes,
                received_bytes: served.used.received_bytes,
            };
            // SAFETY: the header's contract for `served`, which borrows it.
            unsafe { (self.served)(self.context, &served) }
        })
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // SAFETY: the header's contract for `gone`; nothing calls C++ for this service any more.
        unsafe { (self.gone)(self.context) }
    }
}

/// C++'s side of a server: it outlives that.
struct Routing {
    route: unsafe extern "C" fn(*mut c_void, *const berth_request_head, *mut berth_route),
    wait: unsafe extern "C" fn(*mut c_void, *mut berth_completion),
    finished: unsafe extern "C" fn(*mut c_void, *const berth_finished),
    drained: unsafe extern "C" fn(*mut c_void, u64),
    context: *mut c_void,
}

// SAFETY: the header demands that both can be called, with the context, on any thread.
unsafe impl Send for Routing {}
// SAFETY: the same.
unsafe impl Sync for Routing {}

impl Router for Routing {
    fn route(&self, head: &Head<'_>) -> Decision {
        let head = berth_request_head {
            method: borrowed(head.method.as_bytes()),
            host: borrowed(head.host.as_bytes()),
            path: borrowed(head.path.as_bytes()),
            peer: borrowed(head.peer.as_bytes()),
            hops: head.hops,
            headers: std::ptr::from_ref(head.headers).cast(),
            traceparent: borrowed(head.traceparent.as_bytes()),
            refused: head.refused.unwrap_or(0),
        };
        let mut route = berth_route {
            service: std::ptr::null_mut(),
            status: 500,
            retry_after: 0,
            wait_ns: 0,
            body: borrowed(&[]),
            content_type: borrowed(&[]),
            request: std::ptr::null_mut(),
            traceparent: borrowed(&[]),
            fresh_trace: false,
        };
        // SAFETY: the header's contract for `route`, which borrows the head and fills in the rest.
        unsafe { (self.route)(self.context, &head, &mut route) };
        let wait = (route.wait_ns != 0 && route.service.is_null()).then(|| Duration::from_nanos(route.wait_ns));
        // SAFETY: the same: what it lends is there until `finished`.
        let line = unsafe { line_of(&route) };
        // SAFETY: the same.
        let trace = unsafe { trace_of(&route) };
        // SAFETY: the same: a hold is ours.
        Decision { route: unsafe { route_of(&route, line) }, wait, request: route.request as usize, trace }
    }

    fn wait(&self, request: usize, completion: Completion) {
        let completion = Box::into_raw(Box::new(berth_completion(completion)));
        // SAFETY: the header's contract for `wait`, which owns the completion.
        unsafe { (self.wait)(request as *mut c_void, completion) }
    }

    fn finished(&self, request: usize, finished: &Finished) {
        let finished = berth_finished {
            status: finished.status.unwrap_or(0),
            asked: finished.asked,
            received_bytes: finished.received_bytes,
            sent_bytes: finished.sent_bytes,
        };
        // SAFETY: the header's contract for `finished`, which borrows it.
        unsafe { (self.finished)(request as *mut c_void, &finished) }
    }

    fn drained(&self, left: usize) {
        // SAFETY: the header's contract for `drained`.
        unsafe { (self.drained)(self.context, left as u64) }
    }
}

/// What C++ answers with instead of a status in words.
///
/// # Safety
/// What `route` lends can be read.
unsafe fn line_of(route: &berth_route) -> Option<Line> {
    if route.body.len == 0 {
        return None;
    }
    // SAFETY: the caller's promise.
    let (body, kind) = unsafe { (bytes(route.body), bytes(route.content_type)) };
    Some(Line::new(kind, body))
}

/// What C++ says of the request's trace.
///
/// # Safety
/// What `route` lends can be read.
unsafe fn trace_of(route: &berth_route) -> Option<Trace> {
    if route.traceparent.len == 0 {
        return None;
    }
    // SAFETY: the caller's promise.
    Trace::new(unsafe { bytes(route.traceparent) }, route.fresh_trace)
}

/// # Safety
/// `route.service` is null or a hold that goes over to the result.
unsafe fn route_of(route: &berth_route, line: Option<Line>) -> Route {
    if !route.service.is_null() {
        // SAFETY: the caller's promise.
        return Route::To(unsafe { Box::from_raw(route.service) }.0);
    }
    let retry_after = (route.retry_after != 0).then_some(route.retry_after);
    Route::Refuse { status: route.status, retry_after, line }
}

/// Makes a module answer requests, in instances that are given what `guest` says, whose `done` and `function` aren't
/// used, and of whose `meter` only the limits of one request are. An instance answers `reuse` requests, `at_once` of them
/// at the same time, unless one of them fails. `served` is called once for each request, when the guest is done with it,
/// and gives the status to answer with when the guest gave none; `gone` once, when neither the service nor a request of it
/// is left: only then may what `guest` lends, and `context`, go. Both on any thread; they must not block or throw. *Own*
/// `out`. Any thread.
///
/// # Safety
/// As `berth_call_start`; `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_service_new(
    runtime: *const berth_runtime,
    module: *const berth_module,
    guest: *const berth_guest,
    reuse: u32,
    at_once: u32,
    served: Option<unsafe extern "C" fn(context: *mut c_void, served: *const berth_served) -> u16>,
    gone: Option<unsafe extern "C" fn(context: *mut c_void)>,
    out: *mut *mut berth_service,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let (runtime, module, guest) = unsafe { (&*runtime, &*module, &*guest) };
        let (Some(ask), Some(served), Some(gone)) = (guest.ask, served, gone) else {
            return Err(Failure::new(INTERNAL, "a service needs all its callbacks"));
        };
        // SAFETY: the caller's promise.
        let given = unsafe { read_guest(guest, Asked { ask, context: guest.context })? };
        let reuse = Reuse { requests: reuse.max(1), at_once: at_once.max(1) };
        // First: once there is somebody to tell that the service has gone, it can't fail any more.
        let answers = module.0.answers_http(reuse).map_err(|e| Failure::new(INVALID_MODULE, format!("{e:#}")))?;
        let watching = Arc::new(Watching { served, gone, context: guest.context });
        let service = Arc::new(runtime.0.service(answers, given, watching));
        // SAFETY: the caller's promise.
        unsafe { out.write(Box::into_raw(Box::new(berth_service(service)))) };
        Ok(())
    })
}

/// Whoever has a service tried.
struct Trying {
    done: unsafe extern "C" fn(*mut c_void, *const berth_tried),
    context: *mut c_void,
}

// SAFETY: the header demands that it can be called, with the context, on any thread.
unsafe impl Send for Trying {}

impl Trying {
    fn done(self, tried: Tried) {
        let ended = Ended { outcome: tried.outcome, still_running: false, unfinished_line: false };
        tell(&ended, |outcome| {
            let tried = berth_tried { outcome, status: tried.status.unwrap_or(0), late: tried.late };
            // SAFETY: the header's contract for `done`, which borrows it.
            unsafe { (self.done)(self.context, &tried) }
        })
    }
}

/// Tries a service, for so long at most: makes an instance as for a request or, where `path` isn't empty, has it answer a
/// GET, which its `served` is told with `request` null. `done` is called once, on any thread, and must not block or throw;
/// not when an error is returned. *Borrow* `runtime`, `service` and the slices. Any thread.
///
/// # Safety
/// `service` came from `berth_service_new` and hasn't been freed; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_service_try(
    runtime: *const berth_runtime,
    service: *const berth_service,
    host: berth_slice,
    path: berth_slice,
    most_ns: u64,
    done: Option<unsafe extern "C" fn(context: *mut c_void, tried: *const berth_tried)>,
    context: *mut c_void,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        let Some(done) = done else { return Err(Failure::new(INTERNAL, "a trial needs its callback")) };
        // SAFETY: the caller's promise.
        let (runtime, service) = unsafe { (&*runtime, &*service) };
        // SAFETY: the same.
        let (host, path) = unsafe { (text(host, "a host")?, text(path, "a path")?) };
        let probe = (!path.is_empty()).then_some(Probe { host, path });
        let (trying, most) = (Trying { done, context }, Duration::from_nanos(most_ns));
        let started = runtime.0.try_out(service.0.clone(), probe, most, move |tried| trying.done(tried));
        started.map_err(|e| Failure::new(UNAVAILABLE, format!("starting the guests' threads: {e}")))
    })
}

/// One more hold of a service, for `route` to give away. *Borrow* `service`, *own* the result. Any thread.
///
/// # Safety
/// `service` came from `berth_service_new` and hasn't been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_service_hold(service: *const berth_service) -> *mut berth_service {
    // SAFETY: the caller's promise.
    Box::into_raw(Box::new(berth_service(unsafe { &*service }.0.clone())))
}

/// *Own* `service`; null is fine. Requests that are under way go on. Any thread.
///
/// # Safety
/// `service` came from `berth_service_new` or `berth_service_hold` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_service_free(service: *mut berth_service) {
    if !service.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(service) });
    }
}

/// Binds an address, "127.0.0.1:0" or "[::1]:8080", for a runtime with so many lanes: nobody can connect yet. *Own*
/// `out`. Any thread.
///
/// # Safety
/// *Borrow* `address`; `out` is writable; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_listener_bind(
    address: berth_slice,
    lanes: usize,
    out: *mut *mut berth_listener,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let said = unsafe { text(address, "an address")? };
        let address: SocketAddr = said.parse().map_err(|_| {
            Failure::new(INVALID_ARGUMENT, format!("'{said}' is no address and port: write 127.0.0.1:8080 or [::1]:0"))
        })?;
        let listener = Listener::bind(address, lanes.max(1))
            .map_err(|e| Failure::new(UNAVAILABLE, format!("'{address}' can't be listened on: {e}")))?;
        // SAFETY: the same.
        unsafe { out.write(Box::into_raw(Box::new(berth_listener(listener)))) };
        Ok(())
    })
}

/// The address that it got, with its port. *Borrow* `listener`, *own* the result.
///
/// # Safety
/// `listener` came from `berth_listener_bind` and hasn't been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_listener_address(listener: *const berth_listener) -> berth_bytes {
    // SAFETY: the caller's promise.
    let listener = unsafe { &*listener };
    owned(listener.0.address().to_string().into_bytes())
}

/// *Own* `listener`; null is fine.
///
/// # Safety
/// `listener` came from `berth_listener_bind` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_listener_free(listener: *mut berth_listener) {
    if !listener.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(listener) });
    }
}

/// A certificate's chain, the server's own first, and its key, both in PEM. The error says nothing of what is in them.
/// *Own* `out`. Any thread.
///
/// # Safety
/// *Borrow* `chain` and `key`; `out` is writable; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_tls_new(
    chain: berth_slice,
    key: berth_slice,
    out: *mut *mut berth_tls,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let tls = unsafe { Tls::new(bytes(chain), bytes(key)) }.map_err(|e| Failure::new(INVALID_ARGUMENT, e))?;
        // SAFETY: the same.
        unsafe { out.write(Box::into_raw(Box::new(berth_tls(Arc::new(tls))))) };
        Ok(())
    })
}

/// Another chain and key, for the connections that come from now on to the servers that have it; after an error all is as
/// before. *Borrow* `tls`. Any thread.
///
/// # Safety
/// `tls` came from `berth_tls_new` and hasn't been freed; *borrow* `chain` and `key`; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_tls_change(
    tls: *const berth_tls,
    chain: berth_slice,
    key: berth_slice,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let (tls, chain, key) = unsafe { (&*tls, bytes(chain), bytes(key)) };
        tls.0.change(chain, key).map_err(|e| Failure::new(INVALID_ARGUMENT, e))
    })
}

/// *Own* `tls`; null is fine. Servers keep what they have. Any thread.
///
/// # Safety
/// `tls` came from `berth_tls_new` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_tls_free(tls: *mut berth_tls) {
    if !tls.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(tls) });
    }
}

/// Says where a request goes that waits, whose `wait_ns`, `body` and `request` say nothing any more. It may have gone away
/// meanwhile. *Own* `completion`, and the route's hold; *borrow* `route`. Any thread.
///
/// # Safety
/// `completion` came to `wait` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_completion_give(completion: *mut berth_completion, route: *const berth_route) {
    // SAFETY: the caller's promise.
    let (completion, route) = unsafe { (Box::from_raw(completion), &*route) };
    // SAFETY: the same.
    completion.0.give(unsafe { route_of(route, None) });
}

/// Gives up a request that waits: it is answered with 503. *Own* `completion`; null is fine. Any thread.
///
/// # Safety
/// `completion` came to `wait` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_completion_free(completion: *mut berth_completion) {
    if !completion.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(completion) });
    }
}

/// Serves on the runtime's lanes, which it starts: by TLS, or plainly when `tls` is null. More than one may serve. *Own*
/// `listener`, also when it fails, and `out`. Any thread.
///
/// # Safety
/// *Borrow* `runtime`, `settings`, `router` and `tls`; `listener` came from `berth_listener_bind` and is not used again; `out` is
/// writable; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_server_start(
    runtime: *const berth_runtime,
    listener: *mut berth_listener,
    settings: *const berth_server_settings,
    router: *const berth_router,
    tls: *const berth_tls,
    out: *mut *mut berth_server,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let (runtime, listener, settings, router) = unsafe { (&*runtime, Box::from_raw(listener), *settings, *router) };
        let berth_router {
            context,
            route: Some(route),
            wait: Some(wait),
            finished: Some(finished),
            drained: Some(drained),
        } = router
        else {
            return Err(Failure::new(INTERNAL, "a server needs all its callbacks"));
        };
        let settings = Settings {
            connections: settings.connections as usize,
            resets: settings.resets as usize,
            head_bytes: settings.head_bytes as usize,
            head_time: Duration::from_nanos(settings.head_ns),
            body_bytes: settings.body_bytes,
            idle_time: Duration::from_nanos(settings.idle_ns),
            drain_time: Duration::from_nanos(settings.drain_ns),
            inside: settings.inside,
        };
        // SAFETY: the same.
        let tls = unsafe { tls.as_ref() }.map(|tls| tls.0.clone());
        let routing = Arc::new(Routing { route, wait, finished, drained, context });
        let server = Server::start(&runtime.0, listener.0, routing, settings, tls)
            .map_err(|e| Failure::new(UNAVAILABLE, format!("the server can't be started: {e}")))?;
        // SAFETY: the same.
        unsafe { out.write(Box::into_raw(Box::new(berth_server(server)))) };
        Ok(())
    })
}

/// Accepts no more, and lets go of connections as their requests end. *Borrow* `server`. Any thread.
///
/// # Safety
/// `server` came from `berth_server_start` and hasn't been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_server_stop(server: *const berth_server) {
    // SAFETY: the caller's promise.
    unsafe { &*server }.0.stop();
}

/// How many connections there are. *Borrow* `server`. Any thread.
///
/// # Safety
/// `server` came from `berth_server_start` and hasn't been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_server_connections(server: *const berth_server) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { &*server }.0.connections() as u64
}

/// Stops it. *Own* `server`; null is fine. Any thread.
///
/// # Safety
/// `server` came from `berth_server_start` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_server_free(server: *mut berth_server) {
    if !server.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(server) });
    }
}
