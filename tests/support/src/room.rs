//! Threads as ranks: what each says is heard by all, as MPI has it between processes.

use std::sync::{Barrier, Mutex, PoisonError};
use std::thread;

/// Where so many ranks meet.
#[derive(Debug)]
pub struct Room {
    said: Vec<Mutex<Vec<u64>>>,
    barrier: Barrier,
}

impl Room {
    /// For so many.
    #[must_use]
    pub fn of(ranks: usize) -> Self {
        Self { said: (0..ranks).map(|_| Mutex::new(Vec::new())).collect(), barrier: Barrier::new(ranks) }
    }

    /// How many meet here.
    #[must_use]
    pub fn ranks(&self) -> usize {
        self.said.len()
    }

    /// What all say, rank by rank, when all have said something.
    #[must_use]
    pub fn say(&self, rank: usize, what: Vec<u64>) -> Vec<Vec<u64>> {
        *self.said[rank].lock().unwrap_or_else(PoisonError::into_inner) = what;
        self.barrier.wait();
        let lock = |said: &Mutex<Vec<u64>>| said.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let all = self.said.iter().map(lock).collect();
        self.barrier.wait();
        all
    }
}

/// What each of so many ranks makes, on a thread of its own, of the room where they meet and its number.
///
/// # Panics
/// If one does.
pub fn ranks<R: Send>(ranks: usize, each: impl Fn(&Room, usize) -> R + Sync) -> Vec<R> {
    let (room, each) = (&Room::of(ranks), &each);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..ranks).map(|rank| scope.spawn(move || each(room, rank))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a rank")).collect()
    })
}
