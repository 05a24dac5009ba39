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
