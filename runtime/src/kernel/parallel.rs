//! Threads for large products, and for objectives of many rows.
//!
//! One thread is the default. With more, a product that is large enough is divided among them by rows or by columns of
//! its output, so that every sum is added in the same order, and the rows of an objective's data in
//! [parts](crate::kernel::blocks) that are the same for any number of threads: the results do not depend on it.
//!
//! The helpers are started by the first call that needs them, and wait for the next one, turning for a moment and then
//! asleep. One call at a time has them; others, on threads of the caller's own, do without. What no helper has begun when
//! the caller has done its own part, the caller does: nobody waits for a thread that the system lets sleep.
#![allow(unsafe_code, reason = "a helper reads a task that lies on the caller's stack")]

use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, TryLockError};
use std::thread::{self, Thread};

static THREADS: AtomicUsize = AtomicUsize::new(1);

/// Lets large products, and objectives of many rows, use up to `threads` threads, the caller's own among them; 0 is taken for
/// 1. It holds for all of the program from then on.
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

/// What a helper is to do.
struct Task {
    work: *const (dyn Fn(usize) + Sync),
    part: usize,
    panicked: AtomicBool,
}

/// A thread that waits for tasks: null where there is none, [`begun`] while it works on one.
struct Helper {
    task: &'static AtomicPtr<Task>,
    thread: Thread,
}

static HELPERS: Mutex<Vec<Helper>> = Mutex::new(Vec::new());

/// How often a helper looks for a task before it sleeps: some 50 µs.
const LOOKS: u32 = 4000;

impl Helper {
    fn start() -> Option<Self> {
        let task: &'static AtomicPtr<Task> = Box::leak(Box::new(AtomicPtr::new(ptr::null_mut())));
        let body = move || {
            loop {
                let found = Self::wait(task);
                if task.compare_exchange(found, begun(), Ordering::Acquire, Ordering::Relaxed).is_err() {
                    // Taken back.
                    continue;
                }
                // SAFETY: whoever stored the task has not taken it back, so waits until it is null again, and keeps it until
                // then; so with what it borrows.
                unsafe {
                    let (work, part) = (&*(*found).work, (*found).part);
                    if catch_unwind(AssertUnwindSafe(|| work(part))).is_err() {
                        (*found).panicked.store(true, Ordering::Relaxed);
                    }
                }
                task.store(ptr::null_mut(), Ordering::Release);
            }
        };
        let handle = thread::Builder::new().name("gradsmith".into()).spawn(body).ok()?;
        Some(Self { task, thread: handle.thread().clone() })
    }

    fn wait(task: &AtomicPtr<Task>) -> *mut Task {
        loop {
            for _ in 0..LOOKS {
                let found = task.load(Ordering::Acquire);
                if !found.is_null() {
                    return found;
                }
                core::hint::spin_loop();
            }
            thread::park();
        }
    }

    /// Takes a task back that it has not begun; whether there was one.
    fn take_back(&self, task: *mut Task) -> bool {
        // Looked at first: whoever only waits does not write.
        self.task.load(Ordering::Relaxed) == task
            && self.task.compare_exchange(task, ptr::null_mut(), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// Where a helper's task was, while it works on it.
fn begun() -> *mut Task {
    static MARK: AtomicBool = AtomicBool::new(false);
    (&raw const MARK).cast_mut().cast()
}

/// Calls `work` with 0, 1, … below `parts`, each once, on as many threads where they are to be had.
pub(crate) fn run(parts: usize, work: &(dyn Fn(usize) + Sync)) {
    if parts <= 1 {
        // Nobody's help is needed.
        return (0..parts).for_each(work);
    }
    let mut helpers = match HELPERS.try_lock() {
        Ok(helpers) => helpers,
        Err(TryLockError::Poisoned(helpers)) => helpers.into_inner(),
        Err(TryLockError::WouldBlock) => return (0..parts).for_each(work),
    };
    while helpers.len() + 1 < parts {
        match Helper::start() {
            Some(helper) => helpers.push(helper),
            None => break,
        }
    }
    let helping = helpers.len().min(parts - 1);
    // SAFETY: the reference outlives every use of the pointer, because `Waiting` waits for all helpers.
    let work_of_all: *const (dyn Fn(usize) + Sync) =
        unsafe { core::mem::transmute::<&(dyn Fn(usize) + Sync), &'static (dyn Fn(usize) + Sync)>(work) };
    let mut tasks: [Task; MOST] =
        core::array::from_fn(|k| Task { work: work_of_all, part: k + 1, panicked: AtomicBool::new(false) });
    let helping = helping.min(MOST);
    let waiting = Waiting { helpers: &helpers[..helping], tasks: tasks.as_mut_ptr() };
    for (helper, task) in waiting.each() {
        helper.task.store(task, Ordering::Release);
        helper.thread.unpark();
    }
    work(0);
    (helping + 1..parts).for_each(work);
    for (k, (helper, task)) in waiting.each().enumerate() {
        if helper.take_back(task) {
            work(k + 1);
        }
    }
    drop(waiting);
    if tasks[..helping].iter().any(|t| t.panicked.load(Ordering::Relaxed)) {
        drop(helpers);
        resume_unwind(Box::new("a helper thread panicked"));
    }
}

/// The most helpers of one call.
const MOST: usize = 63;

/// Waits for its helpers at the end, even if the caller's own part panics.
struct Waiting<'h> {
    helpers: &'h [Helper],
    /// One for each, and not touched while a helper may have it.
    tasks: *mut Task,
}

impl Waiting<'_> {
    fn each(&self) -> impl Iterator<Item = (&Helper, *mut Task)> {
        // No more helpers than tasks.
        self.helpers.iter().enumerate().map(|(k, helper)| (helper, self.tasks.wrapping_add(k)))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        for (helper, task) in self.each() {
            let mut looks = 0_u32;
            while !helper.take_back(task) && !helper.task.load(Ordering::Acquire).is_null() {
                looks += 1;
                if looks < LOOKS { core::hint::spin_loop() } else { thread::yield_now() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_done_once() {
        // Often, so that some are taken back.
        for parts in [1, 2, 3, 5].repeat(200) {
            let counts: Vec<AtomicUsize> = (0..parts).map(|_| AtomicUsize::new(0)).collect();
            run(parts, &|k| {
                counts[k].fetch_add(1, Ordering::Relaxed);
            });
            assert!(counts.iter().all(|c| c.load(Ordering::Relaxed) == 1));
        }
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
        let caught = catch_unwind(|| run(2, &|k| assert!(k == 0, "part {k}")));
        assert!(caught.is_err());
        every_part_is_done_once();
    }
}
