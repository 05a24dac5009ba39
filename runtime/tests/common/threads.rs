//! Threads of one process as ranks, which exchange the bits of their numbers.

use gradsmith_runtime::ranks::{Exchange, Ranks, Reduction};
use gradsmith_runtime::{Error, Scalar};
use gradsmith_test_support::room::{self, Room};

/// One of the ranks that meet in a room.
#[derive(Debug)]
pub(crate) struct Thread<'r> {
    room: &'r Room,
    rank: usize,
    reduction: Reduction,
}

/// What each of so many ranks makes of what it sees.
pub(crate) fn ranks<R: Send>(ranks: usize, each: impl Fn(&Thread<'_>) -> R + Sync) -> Vec<R> {
    room::ranks(ranks, |room, rank| each(&Thread { room, rank, reduction: Reduction::Ordered }))
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

    fn gather_whole(&self, own: &[u64], all: &mut [u64]) -> Result<(), Error> {
        all.copy_from_slice(&self.room.say(self.rank, own.to_vec()).concat());
        Ok(())
    }
}

impl<T: Scalar> Exchange<T> for Thread<'_> {
    fn gather(&self, own: &[T], counts: &[usize], all: &mut [T]) -> Result<(), Error> {
        let said = self.room.say(self.rank, own.iter().map(|x| x.to_f64().to_bits()).collect());
        assert!(said.iter().map(Vec::len).eq(counts.iter().copied()), "as many as were announced");
        for (to, bits) in all.iter_mut().zip(said.concat()) {
            *to = T::from_f64(f64::from_bits(bits));
        }
        Ok(())
    }

    fn transpose(&self, own: &[T], to: &[usize], from: &[usize], all: &mut [T]) -> Result<(), Error> {
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

    fn add(&self, numbers: &mut [T]) -> Result<(), Error> {
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
