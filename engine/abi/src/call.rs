// SPDX-License-Identifier: Apache-2.0
//! The exports for calls: what C++ lends to a call made the engine's own, and its callbacks.

use crate::activity;
use crate::boundary::{Failure, INTERNAL, UNAVAILABLE, borrowed, guarded, text, texts};
use crate::content::Source;
use crate::types::*;
use crate::{berth_module, berth_runtime, plain};
use ::berth_guest::{Access, Budget, Call, Ended, Folder, GuardsOff, Guest, Meter, Outcome, OutputFlags, Target};
use berth_doors::files::Phantom;
use berth_doors::ledger::Counted;
use berth_doors::net::{IDLE_TIME, Settings};
use berth_doors::os::Ways;
use berth_doors::share::{Drawn, Share};
use berth_doors::traffic::{Bounds, Traffic};
use berth_doors::{Knock, Owner};
use core::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// As a test asks for it.
const BRIEF_IDLE_TIME: Duration = Duration::from_secs(1);

/// A started call. Any thread.
pub struct berth_call(Call);

pub(crate) type Ask = unsafe extern "C" fn(*mut c_void, *const berth_knock) -> bool;

/// C++'s side of a call. C++ keeps what `context` points to alive until `done` has returned.
#[derive(Clone, Copy)]
struct Callbacks {
    done: unsafe extern "C" fn(*mut c_void, *const berth_outcome),
    context: *mut c_void,
}

/// Whom the doors ask (C++), for as long as the call lasts.
pub(crate) struct Asked {
    pub ask: Ask,
    pub context: *mut c_void,
}

// SAFETY: the header demands that it can be called, with the context, on any thread.
unsafe impl Send for Asked {}
// SAFETY: the same.
unsafe impl Sync for Asked {}

// SAFETY: the header demands that it can be called, with the context, on any thread.
unsafe impl Send for Callbacks {}

impl Owner for Asked {
    fn ask(&self, knock: &Knock<'_>) -> bool {
        let knock = berth_knock {
            capability: knock.capability as i32,
            operation: knock.operation as i32,
            reason: knock.reason as i32,
            target: borrowed(knock.target.as_bytes()),
            method: borrowed(knock.method.as_bytes()),
            resolved_to: borrowed(knock.resolved_to.as_bytes()),
            resolved_from: borrowed(knock.resolved_from.as_bytes()),
            quiet: knock.quiet,
        };
        // SAFETY: the header's contract for `ask`; the knock lives until it returns.
        unsafe { (self.ask)(self.context, &knock) }
    }
}

impl Callbacks {
    fn done(self, ended: Ended) {
        tell(&ended, |outcome| {
            // SAFETY: the header's contract for `done`; the outcome lives until it returns.
            unsafe { (self.done)(self.context, outcome) }
        });
    }
}

/// Shows how a call ended in C's words.
pub(crate) fn tell<R>(ended: &Ended, show: impl FnOnce(&berth_outcome) -> R) -> R {
    let mut out = berth_outcome {
        ending: berth_ending::BERTH_ENDING_FAILED as i32,
        exit_status: 0,
        limit: 0,
        reason: borrowed(&[]),
        result: borrowed(&[]),
        trace: borrowed(&[]),
        still_running: ended.still_running,
        unfinished_line: ended.unfinished_line,
    };
    let (reason, trace) = match &ended.outcome {
        Outcome::Trapped { reason, trace } => (plain::one_line(reason), plain::lines(trace)),
        Outcome::Failed(why) => (plain::one_line(why), String::new()),
        _ => Default::default(),
    };
    out.reason = borrowed(reason.as_bytes());
    out.trace = borrowed(trace.as_bytes());
    match &ended.outcome {
        Outcome::Exited(status) => {
            out.ending = berth_ending::BERTH_ENDING_EXITED as i32;
            out.exit_status = *status;
        }
        Outcome::Returned { text, failed } => {
            out.ending = berth_ending::BERTH_ENDING_RETURNED as i32;
            out.exit_status = i32::from(*failed);
            out.result = borrowed(text.as_bytes());
        }
        Outcome::Trapped { .. } => out.ending = berth_ending::BERTH_ENDING_TRAPPED as i32,
        Outcome::Limited(limit) => {
            out.ending = berth_ending::BERTH_ENDING_LIMITED as i32;
            out.limit = *limit as i32;
        }
        Outcome::Cancelled => out.ending = berth_ending::BERTH_ENDING_CANCELLED as i32,
        Outcome::Failed(_) => {}
        Outcome::Panicked => out.ending = berth_ending::BERTH_ENDING_PANICKED as i32,
    }
    show(&out)
}

/// Starts a module's `wasi:cli/run`, or the function that `guest` names. *Own* `out`, which may be freed before the
/// call ends. Any thread. When an error is returned `done` is not called.
///
/// # Safety
/// *Borrow* `runtime`, `module` and `guest`; what `guest` says of its members holds; `out` is writable;
/// `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_call_start(
    runtime: *const berth_runtime,
    module: *const berth_module,
    guest: *const berth_guest,
    out: *mut *mut berth_call,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let (runtime, module, guest) = unsafe { (&*runtime, &*module, &*guest) };
        let (Some(ask), Some(done)) = (guest.ask, guest.done) else {
            return Err(Failure::new(INTERNAL, "a call needs both its callbacks"));
        };
        let callbacks = Callbacks { done, context: guest.context };
        let asked = Asked { ask, context: guest.context };
        // SAFETY: the caller's promise.
        let guest = unsafe { read_guest(guest, asked)? };
        let call = runtime.0.start(module.0.clone(), guest, move |ended| callbacks.done(ended));
        let call = call.map_err(|e| Failure::new(UNAVAILABLE, format!("starting the guest's thread: {e}")))?;
        // SAFETY: the caller's promise.
        unsafe { out.write(Box::into_raw(Box::new(berth_call(call)))) };
        Ok(())
    })
}

/// # Safety
/// As `berth_call_start`.
pub(crate) unsafe fn read_guest(guest: &berth_guest, asked: Asked) -> Result<Guest, Failure> {
    // SAFETY: the caller's promise, here and below.
    let (args, env) = unsafe { (texts(guest.args, "an argument")?, texts(guest.env, "an environment variable")?) };
    let folders = if guest.folders_len == 0 {
        &[]
    } else {
        // SAFETY: the same.
        unsafe { std::slice::from_raw_parts(guest.folders, guest.folders_len) }
    };
    let mut opened = Vec::with_capacity(folders.len());
    for folder in folders {
        // SAFETY: the same.
        let (host, inside) = unsafe { (text(folder.host_path, "a path")?, text(folder.guest_path, "a path")?) };
        // SAFETY: the same.
        let ledger = unsafe { folder.ledger.as_ref() };
        // SAFETY: the same.
        let content = unsafe { text(folder.content, "content")? };
        opened.push(Folder {
            host_path: host,
            content: (!content.is_empty()).then_some(content),
            guest_path: inside,
            access: if folder.writable { Access::ReadWrite } else { Access::ReadOnly },
            counted: ledger.map(|ledger| Counted { ledger: ledger.0.clone(), folder: folder.account }),
        });
    }
    let env: Vec<_> = env.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
    // SAFETY: the same.
    let module = unsafe { text(guest.module, "a module's name")? };
    // SAFETY: the caller's promise.
    let (rule_names, servers) = unsafe { (texts(guest.names, "a name")?, texts(guest.dns_servers, "a name server")?) };
    let server = |text: &String| {
        text.parse().map_err(|_| Failure::new(INTERNAL, format!("'{text}' is no address and port of a name server")))
    };
    let dns_servers = servers.iter().map(server).collect::<Result<_, _>>()?;
    // SAFETY: the same.
    let traffic =
        unsafe { guest.traffic.as_ref() }.map_or_else(|| Traffic::new(Bounds::default()), |traffic| traffic.0.clone());
    // SAFETY: C++ keeps it alive until `done` has returned, and each ask until its end.
    let content = unsafe { Source::read(guest.content)? };
    // SAFETY: C++ keeps it alive until `done` has returned.
    let activity = unsafe { activity::Owner::read(guest.activity)? };
    // SAFETY: C++ keeps all three alive, at one address, until `done` has returned.
    let (budget, meter, share) = unsafe { (budget(guest.budget), meter(guest.meter), share(guest.share)) };
    // SAFETY: the caller's promise.
    let target = match unsafe { guest.function.as_ref() } {
        Some(function) => Target::Function(function.0.clone()),
        None => Target::Command,
    };
    let guards_off = GuardsOff(guest.guards_off);
    let idle_time = if guards_off.has(GuardsOff::BRIEF_IDLE) { BRIEF_IDLE_TIME } else { IDLE_TIME };
    Ok(Guest {
        target,
        args,
        env,
        folders: opened,
        phantom: match (guest.phantom, guest.phantom_always) {
            (false, _) => Phantom::None,
            (true, false) => Phantom::Listed,
            (true, true) => Phantom::Always,
        },
        files_asked: guest.files_asked,
        stdio: OutputFlags { stdin: guest.stdin_open, stdout: guest.stdout_open, stderr: guest.stderr_open },
        handles: guest.handles as usize,
        host_buffer_bytes: guest.host_buffer_bytes as usize,
        budget,
        meter,
        share,
        owner: Arc::new(asked),
        net: Settings::new(module, dns_servers, rule_names, traffic, idle_time),
        content,
        activity,
        ways: if guest.portable { Ways::Portable } else { Ways::Native },
        guards_off,
    })
}

/// # Safety
/// `budget` stays valid until the call's `done` has returned, and both sides touch its counters atomically.
unsafe fn budget(budget: *mut berth_budget) -> Budget {
    // SAFETY: the caller's promise; the fields are aligned 64-bit integers.
    unsafe {
        Budget {
            limit: (*budget).limit,
            used: AtomicU64::from_ptr(&raw mut (*budget).used),
            peak: AtomicU64::from_ptr(&raw mut (*budget).peak),
            refused: AtomicU64::from_ptr(&raw mut (*budget).refused),
            refused_bytes: AtomicU64::from_ptr(&raw mut (*budget).refused_bytes),
        }
    }
}

/// # Safety
/// As [`budget`].
unsafe fn meter(meter: *mut berth_meter) -> Meter {
    // SAFETY: the caller's promise.
    unsafe {
        Meter {
            cpu_limit_ns: (*meter).cpu_limit_ns,
            cpu_used_ns: AtomicU64::from_ptr(&raw mut (*meter).cpu_used_ns),
            cpu_throttled_ns: AtomicU64::from_ptr(&raw mut (*meter).cpu_throttled_ns),
            wall_limit_ns: (*meter).wall_limit_ns,
            fuel_limit: (*meter).fuel_limit,
            fuel_used: AtomicU64::from_ptr(&raw mut (*meter).fuel_used),
            net_sent_bytes: AtomicU64::from_ptr(&raw mut (*meter).net_sent_bytes),
            net_received_bytes: AtomicU64::from_ptr(&raw mut (*meter).net_received_bytes),
            connections: AtomicU64::from_ptr(&raw mut (*meter).connections),
        }
    }
}

/// # Safety
/// As [`budget`], or null.
unsafe fn share(share: *mut berth_share) -> Option<Share> {
    if share.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    unsafe {
        Some(Share {
            basis_points: AtomicU64::from_ptr(&raw mut (*share).basis_points),
            given_until_ns: AtomicU64::from_ptr(&raw mut (*share).given_until_ns),
            tell_at_ns: AtomicU64::from_ptr(&raw mut (*share).tell_at_ns),
            drawn: (*share).drawn.map(|call| Drawn { call, context: (*share).context }),
        })
    }
}

/// Ends a call soon, if it hasn't ended. *Borrow* `call`. Any thread.
///
/// # Safety
/// `call` came from `berth_call_start` and hasn't been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_call_cancel(call: *const berth_call) {
    // SAFETY: the caller's promise.
    unsafe { &*call }.0.cancel();
}

/// *Own* `call`; null is fine. The call goes on.
///
/// # Safety
/// `call` came from `berth_call_start` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_call_free(call: *mut berth_call) {
    if !call.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(call) });
    }
}
