//! Threads for large products, and for objectives of many rows.
//!
//! One thread is the default. With more, a product that is large enough is divided among them by rows or by
//! columns of its output, so that every sum is added in the same order, and the rows of an objective's data
//! in parts that are the same for any number of threads: the results do not depend on it.
//!
//! The helpers are started by the first call that needs them, and wait for the next one, spinning for a
//! moment and then asleep. One call at a time has them; others, on threads of the caller's own, do without.
//! What no helper has begun when the caller has done its own task, the caller does: nobody waits for a thread
//! that the system lets sleep.
#![allow(unsafe_code, reason = "a helper reads a call that lies on the caller's stack")]

use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, TryLockError};
use std::thread::{self, Thread};

static THREADS: AtomicUsize = AtomicUsize::new(1);

/// Lets large products, and objectives of many rows, use up to `threads` threads, the caller's own among
/// them; 0 is taken for 1. It holds for all of the program from then on.
///
/// ```
/// use gradsmith_runtime::parallel;
///
/// parallel::set_threads(std::thread::available_parallelism().map_or(1, |cores| cores.get()));
/// assert!(parallel::threads() >= 1);
/// ```
pub fn set_threads(threads: usize) {
    THREADS.store(threads.max(1), Ordering::Relaxed);
}

/// How many threads a call may use.
#[inline]
#[must_use]
pub fn threads() -> usize {
    THREADS.load(Ordering::Relaxed)
}

/// What the helpers are to do together.
struct Call {
    work: *const (dyn Fn(usize) + Sync),
    tasks: usize,
    /// The first task that belongs to nobody yet. Those before it are the caller's, 0, and one of each
    /// helper.
    next: AtomicUsize,
    panicked: AtomicBool,
}

/// Does the tasks from `next` on, below `tasks`, as long as nobody else takes them.
fn share(next: &AtomicUsize, tasks: usize, work: &(dyn Fn(usize) + Sync)) {
    loop {
        let task = next.fetch_add(1, Ordering::Relaxed);
        if task >= tasks {
            return;
        }
        work(task);
    }
}

/// A thread that waits for calls: null where there is none, [`begun`] while it works on one.
struct Helper {
    call: &'static AtomicPtr<Call>,
    thread: Thread,
}

static HELPERS: Mutex<Vec<Helper>> = Mutex::new(Vec::new());

/// How often a helper looks for a call before it sleeps: some 50 µs.
const LOOKS: u32 = 4000;

impl Helper {
    /// Starts one whose own task has this number in every call: its memory stays in the caches of one
    /// processor.
    fn start(own: usize) -> Option<Self> {
        let call: &'static AtomicPtr<Call> = Box::leak(Box::new(AtomicPtr::new(ptr::null_mut())));
        let body = move || {
            loop {
                let found = Self::wait(call);
                if call.compare_exchange(found, begun(), Ordering::Acquire, Ordering::Relaxed).is_err() {
                    // Taken back.
                    continue;
                }
                // SAFETY: the caller has not taken the call back, so it waits until the pointer is null
                // again, and keeps the call and what it borrows until then.
                let (found, work) = unsafe { (&*found, &*(*found).work) };
                let done = catch_unwind(AssertUnwindSafe(|| {
                    work(own);
                    share(&found.next, found.tasks, work);
                }));
                if done.is_err() {
                    found.panicked.store(true, Ordering::Relaxed);
                }
                call.store(ptr::null_mut(), Ordering::Release);
            }
        };
        let handle = thread::Builder::new().name("gradsmith".into()).spawn(body).ok()?;
        Some(Self { call, thread: handle.thread().clone() })
    }

    fn wait(call: &AtomicPtr<Call>) -> *mut Call {
        loop {
            for _ in 0..LOOKS {
                let found = call.load(Ordering::Acquire);
                if !found.is_null() {
                    return found;
                }
                core::hint::spin_loop();
            }
            thread::park();
        }
    }

    /// Takes a call back that it has not begun; whether there was one.
    fn take_back(&self, call: *mut Call) -> bool {
        // Looked at first: waiting alone writes nothing.
        self.call.load(Ordering::Relaxed) == call
            && self.call.compare_exchange(call, ptr::null_mut(), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// Where a helper's call was, while it works on it.
fn begun() -> *mut Call {
    static MARK: AtomicBool = AtomicBool::new(false);
    (&raw const MARK).cast_mut().cast()
}

/// Calls `work` with 0, 1, … below `tasks`, each once, on as many threads where the system has them.
pub(crate) fn run(tasks: usize, work: &(dyn Fn(usize) + Sync)) {
    if tasks <= 1 {
        // Nobody's help is needed.
        return (0..tasks).for_each(work);
    }
    let mut helpers = match HELPERS.try_lock() {
        Ok(helpers) => helpers,
        Err(TryLockError::Poisoned(helpers)) => helpers.into_inner(),
        Err(TryLockError::WouldBlock) => return (0..tasks).for_each(work),
    };
    while helpers.len() + 1 < tasks {
        match Helper::start(helpers.len() + 1) {
            Some(helper) => helpers.push(helper),
            None => break,
        }
    }
    // Where the system has no more threads to give, those that there are share the other tasks.
    let helping = helpers.len().min(tasks - 1);
    // SAFETY: the reference outlives every use of the pointer, because `Waiting` waits for all helpers.
    let work_of_all: *const (dyn Fn(usize) + Sync) =
        unsafe { core::mem::transmute::<&(dyn Fn(usize) + Sync), &'static (dyn Fn(usize) + Sync)>(work) };
    let call = Call {
        work: work_of_all,
        tasks,
        next: AtomicUsize::new(helping + 1),
        panicked: AtomicBool::new(false),
    };
    // What changes in it is atomic.
    let shared = (&raw const call).cast_mut();
    let waiting = Waiting { helpers: &helpers[..helping], call: shared };
    for helper in waiting.helpers {
        helper.call.store(shared, Ordering::Release);
        helper.thread.unpark();
    }
    work(0);
    share(&call.next, tasks, work);
    for (k, helper) in waiting.helpers.iter().enumerate() {
        if helper.take_back(shared) {
            work(k + 1);
        }
    }
    drop(waiting);
    if call.panicked.load(Ordering::Relaxed) {
        drop(helpers);
        resume_unwind(Box::new("a helper thread panicked"));
    }
}

/// Waits for its helpers at the end, even if the caller's own task panics.
struct Waiting<'h> {
    helpers: &'h [Helper],
    call: *mut Call,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        for helper in self.helpers {
            let mut looks = 0_u32;
            while !helper.take_back(self.call) && !helper.call.load(Ordering::Acquire).is_null() {
                looks += 1;
                if looks < LOOKS { core::hint::spin_loop() } else { thread::yield_now() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    /// Counts how often each task is done.
    fn counts(tasks: usize) -> Vec<usize> {
        let counts: Vec<AtomicUsize> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
        run(tasks, &|k| {
            counts[k].fetch_add(1, Ordering::Relaxed);
        });
        counts.into_iter().map(AtomicUsize::into_inner).collect()
    }

    #[test]
    fn every_task_is_done_once() {
        // Often, so that some are taken back.
        for tasks in [1, 2, 3, 5].repeat(200) {
            assert_eq!(counts(tasks), vec![1; tasks]);
        }
    }

    #[test]
    fn more_helpers_than_64_have_a_task_each() {
        assert_eq!(counts(100), vec![1; 100]);
        let caller = thread::current().id();
        // As long as another test has the helpers, the caller is alone.
        let helped = (0..20).any(|_| {
            let helped = AtomicUsize::new(0);
            run(100, &|_| {
                if thread::current().id() != caller {
                    helped.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                let start = Instant::now();
                while helped.load(Ordering::Relaxed) <= 64 && start.elapsed() < Duration::from_millis(50) {
                    thread::yield_now();
                }
            });
            helped.into_inner() > 64
        });
        assert!(helped);
    }

    #[test]
    fn tasks_that_belong_to_nobody_are_shared() {
        let (next, done) = (AtomicUsize::new(3), AtomicUsize::new(0));
        let work = |_| {
            done.fetch_add(1, Ordering::Relaxed);
        };
        thread::scope(|scope| {
            scope.spawn(|| share(&next, 200, &work));
            share(&next, 200, &work);
        });
        assert_eq!(done.into_inner(), 197);
    }

    #[test]
    fn a_call_within_a_call_does_without() {
        let count = AtomicUsize::new(0);
        run(3, &|_| {
            run(4, &|_| {
                count.fetch_add(1, Ordering::Relaxed);
            });
        });
        assert_eq!(count.into_inner(), 12);
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_helpers_go_on() {
        let caught = catch_unwind(|| run(2, &|k| assert!(k == 0, "task {k}")));
        assert!(caught.is_err());
        every_task_is_done_once();
    }
}
