//! Threads as ranks: what each says is heard by all, as MPI has it between processes.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Where so many ranks meet.
#[derive(Debug)]
pub struct Room {
    ranks: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// What has been said in this round.
    said: Vec<Option<Vec<u64>>>,
    /// Who has not heard it yet.
    to_hear: usize,
    /// Whether somebody has gone for good, so that nobody need wait.
    gone: bool,
}

impl Room {
    /// For so many.
    #[must_use]
    pub fn of(ranks: usize) -> Self {
        let state = State { said: vec![None; ranks], ..State::default() };
        Self { ranks, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// How many meet here.
    #[must_use]
    pub fn ranks(&self) -> usize {
        self.ranks
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state when this holds.
    fn wait<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        ready: impl Fn(&State) -> bool,
    ) -> MutexGuard<'a, State> {
        while !ready(&state) {
            assert!(!state.gone, "another rank has gone");
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state
    }

    /// What all say, rank by rank, when all have said something.
    ///
    /// # Panics
    /// If another rank has left, so that it will say nothing.
    #[must_use]
    pub fn say(&self, rank: usize, what: Vec<u64>) -> Vec<Vec<u64>> {
        let mut state = self.wait(self.state(), |state| state.to_hear == 0);
        state.said[rank] = Some(what);
        if state.said.iter().all(Option::is_some) {
            state.to_hear = self.ranks;
            self.changed.notify_all();
        }
        let mut state = self.wait(state, |state| state.to_hear > 0);
        let all = state.said.iter().flatten().cloned().collect();
        state.to_hear -= 1;
        if state.to_hear == 0 {
            state.said.fill(None);
            self.changed.notify_all();
        }
        all
    }
}

/// Says that a rank has gone, when it has.
struct Going<'r>(&'r Room);

impl Drop for Going<'_> {
    fn drop(&mut self) {
        self.0.state().gone = true;
        self.0.changed.notify_all();
    }
}

/// What each of so many ranks makes, on a thread of its own, of the room where they meet and its number.
///
/// # Panics
/// If one does.
pub fn ranks<R: Send>(ranks: usize, each: impl Fn(&Room, usize) -> R + Sync) -> Vec<R> {
    let (room, each) = (&Room::of(ranks), &each);
    thread::scope(|scope| {
        let run = move |rank| {
            let _going = Going(room);
            each(room, rank)
        };
        let threads: Vec<_> = (0..ranks).map(|rank| scope.spawn(move || run(rank))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a rank")).collect()
    })
}

/// `Thread` and `ranks`: threads as ranks of a library of this name, which exchange the bits of their numbers.
#[macro_export]
macro_rules! threads_as_ranks {
    ($library:ident) => {
        use $library::ranks::{Exchange, Ranks, Reduction};

        /// One of the ranks that meet in a room.
        #[derive(Debug)]
        pub(crate) struct Thread<'r> {
            room: &'r $crate::room::Room,
            rank: usize,
            reduction: Reduction,
        }

        /// What each of so many ranks makes of what it sees.
        pub(crate) fn ranks<R: Send>(ranks: usize, each: impl Fn(&Thread<'_>) -> R + Sync) -> Vec<R> {
            $crate::room::ranks(ranks, |room, rank| {
                each(&Thread { room, rank, reduction: Reduction::Ordered })
            })
        }

        impl Thread<'_> {
            /// The same with another way to add.
            pub(crate) fn with(&self, reduction: Reduction) -> Self {
                Self { reduction, ..*self }
            }
        }

        impl Ranks for Thread<'_> {
            fn rank(&self) -> usize {
                self.rank
            }

            fn ranks(&self) -> usize {
                self.room.ranks()
            }

            fn gather_whole(&self, own: &[u64], all: &mut [u64]) -> Result<(), $library::Error> {
                all.copy_from_slice(&self.room.say(self.rank, own.to_vec()).concat());
                Ok(())
            }
        }

        impl<T: $library::Scalar> Exchange<T> for Thread<'_> {
            fn gather(&self, own: &[T], counts: &[usize], all: &mut [T]) -> Result<(), $library::Error> {
                let said = self.room.say(self.rank, own.iter().map(|x| x.to_f64().to_bits()).collect());
                assert!(said.iter().map(Vec::len).eq(counts.iter().copied()), "as many as were announced");
                for (to, bits) in all.iter_mut().zip(said.concat()) {
                    *to = T::from_f64(f64::from_bits(bits));
                }
                Ok(())
            }

            fn transpose(
                &self,
                own: &[T],
                to: &[usize],
                from: &[usize],
                all: &mut [T],
            ) -> Result<(), $library::Error> {
                let counts = self.room.say(self.rank, to.iter().map(|&n| n as u64).collect());
                let lengths: Vec<usize> = counts.iter().map(|to| to.iter().sum::<u64>() as usize).collect();
                let mut everything = vec![T::ZERO; lengths.iter().sum()];
                self.gather(own, &lengths, &mut everything)?;
                let (mut start, mut at) = (0, 0);
                for (rank, to) in counts.iter().enumerate() {
                    let before = to[..self.rank].iter().sum::<u64>() as usize;
                    let n = to[self.rank] as usize;
                    assert_eq!(n, from[rank], "as many as were announced");
                    all[at..at + n].copy_from_slice(&everything[start + before..][..n]);
                    (start, at) = (start + lengths[rank], at + n);
                }
                Ok(())
            }

            fn add(&self, numbers: &mut [T]) -> Result<(), $library::Error> {
                let mut all = vec![T::ZERO; numbers.len() * self.ranks()];
                self.gather(numbers, &vec![numbers.len(); self.ranks()], &mut all)?;
                for (k, sum) in numbers.iter_mut().enumerate() {
                    *sum = all.iter().skip(k).step_by(all.len() / self.room.ranks()).copied().sum();
                }
                Ok(())
            }

            fn reduction(&self) -> Reduction {
                self.reduction
            }
        }
    };
}
