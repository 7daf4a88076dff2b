// SPDX-License-Identifier: Apache-2.0
//! The share of a core that a module may use, however many calls of it there are at once.
//!
//! It is a bucket of CPU time that fills at that rate. What is kept of it is one moment, in an atomic that C++ owns:
//! when all that has been used will have been given. Work moves it on, a rest lets it fall behind the present, but no
//! further than [`FULL`]. While it lies ahead the module is in debt, and rests until then.

use crate::os::{monotonic_ns, process_cpu_ns};
use std::ffi::c_void;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

/// How long a full bucket has been filling: that much of its share a module may use at once.
const FULL: Duration = Duration::from_millis(100);

/// A debt that is gone sooner isn't worth a rest yet.
const LEAST_REST: Duration = Duration::from_millis(1);

/// How often C++ is told at most that a share is drawn from. It may change the share then.
const TELL: Duration = Duration::from_millis(50);

/// A module's share. Borrowed from C++; outlives every call that draws.
#[derive(Clone, Copy)]
pub struct Share {
    /// Ten thousand are one core. C++ changes it when it likes.
    pub basis_points: &'static AtomicU64,
    /// On the monotonic clock.
    pub given_until_ns: &'static AtomicU64,
    /// The same: when `drawn` is called next.
    pub tell_at_ns: &'static AtomicU64,
    pub drawn: Option<Drawn>,
}

/// Whom to tell that a share is drawn from. Called on any thread.
#[derive(Clone, Copy)]
pub struct Drawn {
    pub call: extern "C" fn(context: *mut c_void),
    pub context: *mut c_void,
}

// SAFETY: the context is C++'s, which takes the call on any thread; here it is only handed back.
unsafe impl Send for Drawn {}
// SAFETY: the same.
unsafe impl Sync for Drawn {}

impl Share {
    /// Draws CPU time that has been used.
    fn draw(&self, used_ns: u64, now_ns: u64) {
        let takes = u128::from(used_ns) * 10_000 / u128::from(self.basis_points.load(Relaxed).max(1));
        let takes = u64::try_from(takes).unwrap_or(u64::MAX);
        let full = now_ns.saturating_sub(FULL.as_nanos() as u64);
        let drawn = |until: u64| Some(until.max(full).saturating_add(takes));
        let _ = self.given_until_ns.fetch_update(Relaxed, Relaxed, drawn);
        self.tell(now_ns);
    }

    /// Lets C++ know, unless it was just told.
    fn tell(&self, now_ns: u64) {
        let Some(drawn) = &self.drawn else { return };
        let due_ns = self.tell_at_ns.load(Relaxed);
        let next_ns = now_ns.saturating_add(TELL.as_nanos() as u64);
        if now_ns >= due_ns && self.tell_at_ns.compare_exchange(due_ns, next_ns, Relaxed, Relaxed).is_ok() {
            (drawn.call)(drawn.context);
        }
    }

    /// How long the module has to rest.
    fn rest(&self, now_ns: u64) -> Option<Duration> {
        let debt = Duration::from_nanos(self.given_until_ns.load(Relaxed).saturating_sub(now_ns));
        (debt >= LEAST_REST).then_some(debt)
    }
}

/// How one call draws from its module's share.
pub struct Drawing {
    share: Share,
    /// Of a call that has the process for itself: the process's CPU time that has been drawn. All of it is the call's.
    process_drawn_ns: Option<AtomicU64>,
    turns: Turns,
}

impl Drawing {
    /// What each of the call's tasks uses is drawn.
    pub fn by_task(share: Share) -> Self {
        Drawing { share, process_drawn_ns: None, turns: Turns(Arc::new(Semaphore::new(1))) }
    }

    /// What this process uses from now on is drawn.
    pub fn by_process(share: Share) -> Self {
        Drawing { process_drawn_ns: Some(AtomicU64::new(process_cpu_ns())), ..Drawing::by_task(share) }
    }

    /// For the gates of the call's tasks.
    pub fn turns(&self) -> Turns {
        self.turns.clone()
    }

    /// Draws what a task of the call has used.
    pub fn draw(&self, used_ns: u64) {
        if self.process_drawn_ns.is_none() {
            self.share.draw(used_ns, monotonic_ns());
        }
    }

    /// How long the call has to rest, as of now.
    pub fn rest(&self) -> Option<Duration> {
        let now_ns = monotonic_ns();
        if let Some(drawn) = &self.process_drawn_ns {
            let used = process_cpu_ns();
            self.share.draw(used.saturating_sub(drawn.fetch_max(used, Relaxed)), now_ns);
        }
        self.share.rest(now_ns)
    }
}

/// Whose turn it is among the tasks of one call, when they have to rest. They go on one after the other: a thousand that
/// woke at once would use what there is for finding out that there is none.
#[derive(Clone)]
pub struct Turns(Arc<Semaphore>);

/// Keeps a task from going on while its module has to rest. The task waits for its turn and for a timer then, and holds
/// no thread.
pub struct Gate {
    turns: Option<Turns>,
    shut: Option<Shut>,
}

type Turn = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

struct Shut {
    waiting: Turn,
    turn: Option<OwnedSemaphorePermit>,
    timer: Pin<Box<Sleep>>,
    since_ns: u64,
    /// Where the time is added that it was shut for.
    counted: Option<&'static AtomicU64>,
}

impl Gate {
    /// Open for good without turns to wait for.
    pub fn new(turns: Option<Turns>) -> Self {
        Gate { turns, shut: None }
    }

    /// Ready when the task may go on. `rest` says how long it has to rest, as of now.
    pub fn poll(
        &mut self,
        cx: &mut Context<'_>,
        counted: Option<&'static AtomicU64>,
        rest: impl Fn() -> Option<Duration>,
    ) -> Poll<()> {
        let Some(Turns(turns)) = &self.turns else { return Poll::Ready(()) };
        if self.shut.is_none() && turns.available_permits() > 0 && rest().is_none() {
            return Poll::Ready(());
        }
        let shut = self.shut.get_or_insert_with(|| Shut {
            waiting: Box::pin(turns.clone().acquire_owned()),
            turn: None,
            timer: Box::pin(tokio::time::sleep(Duration::ZERO)),
            since_ns: monotonic_ns(),
            counted,
        });
        if shut.turn.is_none() {
            shut.turn = ready!(shut.waiting.as_mut().poll(cx)).ok();
        }
        while let Some(rest) = rest() {
            shut.timer.as_mut().reset(Instant::now() + rest);
            ready!(shut.timer.as_mut().poll(cx));
        }
        // The next one's turn. It comes after this task has drawn: the tasks of a call share a thread.
        self.shut = None;
        Poll::Ready(())
    }
}

impl Drop for Shut {
    fn drop(&mut self) {
        if let Some(counted) = self.counted {
            counted.fetch_add(monotonic_ns() - self.since_ns, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::collections::VecDeque;
    use std::task::Waker;

    const SECOND: u64 = 1_000_000_000;
    const MILLISECOND: u64 = 1_000_000;

    /// A module that works whenever it may, looked at after each `grain` of its CPU time: what it has used of the
    /// second before, at its worst.
    fn most_in_a_second(share: Share, grain: u64, seconds: u64) -> u64 {
        let (mut now, mut second, mut most) = (100 * SECOND, VecDeque::new(), 0);
        let end = now + seconds * SECOND;
        while now < end {
            if let Some(rest) = share.rest(now) {
                now += rest.as_nanos() as u64;
            }
            now += grain;
            share.draw(grain, now);
            second.push_back(now);
            while second.front().is_some_and(|at| at + SECOND <= now) {
                second.pop_front();
            }
            most = most.max(second.len() as u64 * grain);
        }
        most
    }

    fn share(basis_points: u64) -> Share {
        let leaked = |number| &*Box::leak(Box::new(AtomicU64::new(number)));
        Share { basis_points: leaked(basis_points), given_until_ns: leaked(0), tell_at_ns: leaked(0), drawn: None }
    }

    #[test]
    fn who_owns_a_share_is_told_when_it_is_drawn_from_and_may_change_it_then() {
        extern "C" fn count(told: *mut c_void) {
            // SAFETY: the test's own number, which outlives the share.
            unsafe { &*told.cast::<AtomicU64>() }.fetch_add(1, Relaxed);
        }
        let told = AtomicU64::new(0);
        let drawn = Drawn { call: count, context: (&raw const told).cast_mut().cast() };
        let share = Share { drawn: Some(drawn), ..share(10_000) };
        for millisecond in 0..100 {
            share.draw(0, SECOND + millisecond * MILLISECOND);
        }
        assert_eq!(told.load(Relaxed), 2);
        share.draw(100 * MILLISECOND, 2 * SECOND);
        assert_eq!(share.rest(2 * SECOND), None);
        share.basis_points.store(1_000, Relaxed);
        share.draw(100 * MILLISECOND, 2 * SECOND);
        assert_eq!(share.rest(2 * SECOND), Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_share_holds_in_every_second_but_for_what_a_full_bucket_holds() {
        for basis_points in [50, 500, 2_000, 5_000, 9_000] {
            for grain in [MILLISECOND / 10, MILLISECOND, 4 * MILLISECOND] {
                let of_a_second = SECOND / 10_000 * basis_points;
                let most = most_in_a_second(share(basis_points), grain, 30);
                assert!(most <= of_a_second * 11 / 10 + 2 * grain, "{basis_points}, {grain}: {most}");
                assert!(most >= of_a_second * 9 / 10, "{basis_points}, {grain}: {most}");
            }
        }
    }

    #[test]
    fn a_long_run_uses_its_share_and_no_more() {
        let (share, mut now, mut used) = (share(2_000), 5 * SECOND, 0);
        let end = now + 10 * SECOND;
        while now < end {
            now += share.rest(now).map_or(0, |rest| rest.as_nanos() as u64) + 4 * MILLISECOND;
            share.draw(4 * MILLISECOND, now);
            used += 4 * MILLISECOND;
        }
        assert!((1_960..=2_040).contains(&(used / MILLISECOND)), "{used}");
    }

    #[test]
    fn a_debt_is_slept_off_whole_and_a_rest_is_saved_for_a_tenth_of_a_second_only() {
        let (share, now) = (share(1_000), 50 * SECOND);
        share.draw(110 * MILLISECOND, now);
        assert_eq!(share.rest(now), Some(Duration::from_secs(1)));
        assert_eq!(share.rest(now + SECOND / 2), Some(Duration::from_millis(500)));
        assert_eq!(share.rest(now + SECOND), None);
        let later = now + 3600 * SECOND;
        share.draw(10 * MILLISECOND, later);
        assert_eq!(share.rest(later), None);
        share.draw(10 * MILLISECOND, later);
        assert_eq!(share.rest(later), Some(Duration::from_millis(100)));
    }

    #[test]
    fn more_than_a_core_holds_back_nobody_who_uses_one() {
        let share = share(15_000);
        for tick in 0..1_000 {
            let now = 9 * SECOND + tick * 4 * MILLISECOND;
            share.draw(4 * MILLISECOND, now);
            assert_eq!(share.rest(now), None);
        }
    }

    #[test]
    fn tasks_that_rest_go_on_one_after_the_other() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _inside = runtime.enter();
        let drawing = Drawing::by_task(share(1));
        let mut gates: Vec<_> = (0..100).map(|_| Gate::new(Some(drawing.turns()))).collect();
        let asked = Cell::new(0);
        let long = || {
            asked.set(asked.get() + 1);
            Some(Duration::from_secs(3600))
        };
        let mut cx = Context::from_waker(Waker::noop());
        assert!(gates.iter_mut().all(|gate| gate.poll(&mut cx, None, long).is_pending()));
        asked.set(0);
        assert!(gates.iter_mut().all(|gate| gate.poll(&mut cx, None, long).is_pending()));
        assert_eq!(asked.get(), 1, "all but one wait for their turn, not for the time");
        let mut late = Gate::new(Some(drawing.turns()));
        assert!(late.poll(&mut cx, None, || None).is_pending(), "nobody overtakes those who wait");
        for gate in &mut gates {
            assert!(late.poll(&mut cx, None, || None).is_pending());
            assert!(gate.poll(&mut cx, None, || None).is_ready());
        }
        assert!(late.poll(&mut cx, None, || None).is_ready());
    }

    #[test]
    fn a_task_that_goes_leaves_its_turn_to_the_next() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _inside = runtime.enter();
        let drawing = Drawing::by_task(share(1));
        let (mut first, mut second) = (Gate::new(Some(drawing.turns())), Gate::new(Some(drawing.turns())));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(first.poll(&mut cx, None, || Some(Duration::from_secs(3600))).is_pending());
        assert!(second.poll(&mut cx, None, || None).is_pending());
        drop(first);
        assert!(second.poll(&mut cx, None, || None).is_ready());
    }

    #[test]
    fn no_draw_is_lost_or_wraps() {
        let share = share(1);
        share.draw(u64::MAX, u64::MAX);
        assert_eq!(share.given_until_ns.load(Relaxed), u64::MAX);
        let share = super::tests::share(5_000);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1_000).for_each(|_| share.draw(MILLISECOND, SECOND)));
            }
        });
        assert_eq!(share.rest(SECOND), Some(Duration::from_millis(8_000 - 100)));
    }
}
