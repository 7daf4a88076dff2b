// SPDX-License-Identifier: Apache-2.0
//! The stacks of guests' fibers, where a guest may have many: each of a component's instances that waits within a call
//! holds one. They are drawn from the module's memory, but for those that every call has.

use crate::limits::{Budget, Limit};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use wasmtime::{Error, Result, StackCreator, StackMemory};

/// Stacks of one call that are part of what a call costs: one to be made on, one to run on.
const FREE: usize = 2;

/// What the stacks of one call are drawn from, and how many there are.
pub(crate) struct StackBudget {
    budget: Budget,
    stacks: AtomicUsize,
}

thread_local! {
    static DRAWN_FROM: RefCell<Option<Arc<StackBudget>>> = const { RefCell::new(None) };
}

impl StackBudget {
    pub fn new(budget: Budget) -> Arc<Self> {
        Arc::new(StackBudget { budget, stacks: AtomicUsize::new(0) })
    }

    /// Runs a guest on this thread: the stacks that are made meanwhile are its own.
    pub fn pays_for<R>(self: &Arc<Self>, run: impl FnOnce() -> R) -> R {
        struct Before(Option<Arc<StackBudget>>);
        impl Drop for Before {
            fn drop(&mut self) {
                DRAWN_FROM.replace(self.0.take());
            }
        }
        let _before = Before(DRAWN_FROM.replace(Some(self.clone())));
        run()
    }

    /// Whether it was drawn, or is free.
    fn draw(&self, bytes: u64) -> Result<bool> {
        let paid = self.stacks.fetch_add(1, Relaxed) >= FREE;
        if paid && !self.budget.draw(bytes) {
            self.stacks.fetch_sub(1, Relaxed);
            return Err(Limit::Memory.into());
        }
        Ok(paid)
    }
}

/// Makes stacks for an engine.
pub(crate) struct Stacks;

/// A mapping: a page that can't be touched, and the stack above it.
struct Stack {
    base: usize,
    page: usize,
    /// All of it.
    bytes: usize,
    drawn_from: Option<Arc<StackBudget>>,
    paid: bool,
}

// SAFETY: a stack is a private mapping of its own, zeroed, of whole pages and with a page below that traps.
unsafe impl StackCreator for Stacks {
    fn new_stack(&self, size: usize, _zeroed: bool) -> Result<Box<dyn StackMemory>, Error> {
        let drawn_from = DRAWN_FROM.with_borrow(Clone::clone);
        let page = rustix::param::page_size();
        let bytes = size.next_multiple_of(page) + page;
        let paid = drawn_from.as_ref().map_or(Ok(false), |budget| budget.draw(bytes as u64))?;
        let mut stack = Stack { base: 0, page, bytes, drawn_from, paid };
        // SAFETY: the system chooses where, so nothing is mapped over.
        let base = unsafe { mmap_anonymous(std::ptr::null_mut(), bytes, ProtFlags::empty(), MapFlags::PRIVATE)? };
        stack.base = base as usize;
        // SAFETY: within the mapping made just now.
        unsafe { mprotect(base.wrapping_byte_add(page), bytes - page, MprotectFlags::READ | MprotectFlags::WRITE)? };
        Ok(Box::new(stack))
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if self.base != 0 {
            // SAFETY: the mapping is this stack's, and the engine runs nothing on it any more.
            let unmapped = unsafe { munmap(self.base as *mut _, self.bytes) };
            debug_assert!(unmapped.is_ok());
        }
        if let Some(drawn_from) = &self.drawn_from {
            drawn_from.stacks.fetch_sub(1, Relaxed);
            if self.paid {
                drawn_from.budget.give_back(self.bytes as u64);
            }
        }
    }
}

// SAFETY: the ranges are those of the mapping.
unsafe impl StackMemory for Stack {
    fn top(&self) -> *mut u8 {
        (self.base + self.bytes) as *mut u8
    }

    fn range(&self) -> Range<usize> {
        self.base + self.page..self.base + self.bytes
    }

    fn guard_range(&self) -> Range<*mut u8> {
        self.base as *mut u8..(self.base + self.page) as *mut u8
    }
}
