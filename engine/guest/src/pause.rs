// SPDX-License-Identifier: Apache-2.0
//! Makes a guest rest in the middle of its code, which never looks at the time: a signal comes to the guest's thread, and
//! its handler sleeps there. Only a guest that has the process for itself is held so: there is one such thread.
//!
//! The handler may find that thread anywhere, in the guest's code or in the host's behind it. So it makes two kinds of
//! system calls, reads and writes atomics, and nothing else; on Linux these calls don't touch `errno`. It needs less of
//! a fiber's stack than the host has there. Whoever waits for a lock that the thread holds waits for [`SLICE`] at most
//! once [`wake`] was called.

use berth_doors::os::monotonic_ns;
use rustix::thread::{Timespec, nanosleep};
use std::sync::OnceLock;
use std::sync::atomic::{
    AtomicU64, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};
use std::time::Duration;

/// A signal that does nothing where nobody handles it.
const SIGNAL: libc::c_int = libc::SIGURG;

/// How long the handler sleeps before it looks whether it still should.
const SLICE: Duration = Duration::from_millis(20);

/// The thread that is in a guest's code now, as `pthread_self` names it, or 0.
static THREAD: AtomicUsize = AtomicUsize::new(0);
/// On the monotonic clock.
static UNTIL_NS: AtomicU64 = AtomicU64::new(0);
static SLEPT_NS: AtomicU64 = AtomicU64::new(0);
/// What the process did on the signal before.
static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();

/// The calling thread is in a guest's code until this is dropped.
pub(crate) struct Inside(());

pub(crate) fn enter() -> Inside {
    BEFORE.get_or_init(install);
    unblock();
    UNTIL_NS.store(0, SeqCst);
    // SAFETY: always succeeds.
    THREAD.store(unsafe { libc::pthread_self() } as usize, SeqCst);
    Inside(())
}

impl Drop for Inside {
    fn drop(&mut self) {
        THREAD.store(0, SeqCst);
    }
}

/// Makes the guest rest from now on, for this long. The caller keeps its thread from ending meanwhile.
pub(crate) fn rest(how_long: Duration) {
    let now_ns = monotonic_ns();
    let before_ns = UNTIL_NS.swap(now_ns + how_long.as_nanos() as u64, SeqCst);
    let thread = THREAD.load(SeqCst);
    if before_ns <= now_ns && thread != 0 {
        // SAFETY: the thread is alive: it was in a guest's code just now, and the caller keeps it.
        let sent = unsafe { libc::pthread_kill(thread as libc::pthread_t, SIGNAL) };
        debug_assert_eq!(sent, 0);
    }
}

/// Lets the guest go on.
pub(crate) fn wake() {
    UNTIL_NS.store(0, SeqCst);
}

/// How long the guest has rested since this was asked.
pub(crate) fn slept_ns() -> u64 {
    SLEPT_NS.swap(0, Relaxed)
}

/// Once a process.
fn install() -> libc::sigaction {
    // SAFETY: all of it is plain data, for which zeros are valid; the handler does what a handler may.
    unsafe {
        let (mut ours, mut before): (libc::sigaction, libc::sigaction) = (std::mem::zeroed(), std::mem::zeroed());
        ours.sa_sigaction = handle as *const () as usize;
        ours.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
        libc::sigemptyset(&mut ours.sa_mask);
        let installed = libc::sigaction(SIGNAL, &ours, &mut before);
        assert_eq!(installed, 0, "the signal can be handled");
        before
    }
}

/// Whoever started this process may have blocked the signal: lets it come to the calling thread.
fn unblock() {
    // SAFETY: plain data again, for which zeros are valid.
    unsafe {
        let mut only: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut only);
        libc::sigaddset(&mut only, SIGNAL);
        let unblocked = libc::pthread_sigmask(libc::SIG_UNBLOCK, &only, std::ptr::null_mut());
        assert_eq!(unblocked, 0, "the signal can be unblocked");
    }
}

extern "C" fn handle(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: always succeeds.
    if THREAD.load(SeqCst) == unsafe { libc::pthread_self() } as usize {
        sleep();
    }
    let Some(before) = BEFORE.get() else { return };
    match before.sa_sigaction {
        libc::SIG_DFL | libc::SIG_IGN => {}
        // SAFETY: the kind of function that was installed with this flag.
        function if before.sa_flags & libc::SA_SIGINFO != 0 => unsafe {
            type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
            std::mem::transmute::<usize, Handler>(function)(signal, info, context);
        },
        // SAFETY: the same, without it.
        function => unsafe {
            std::mem::transmute::<usize, extern "C" fn(libc::c_int)>(function)(signal);
        },
    }
}

fn sleep() {
    let mut now_ns = monotonic_ns();
    loop {
        let left_ns = UNTIL_NS.load(SeqCst).saturating_sub(now_ns).min(SLICE.as_nanos() as u64);
        if left_ns == 0 {
            return;
        }
        // Cut short by another signal, it is looked at again.
        let _ = nanosleep(&Timespec { tv_sec: 0, tv_nsec: left_ns as _ });
        let then_ns = monotonic_ns();
        SLEPT_NS.fetch_add(then_ns - now_ns, Relaxed);
        now_ns = then_ns;
    }
}
