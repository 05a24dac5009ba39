//! Objectives and networks of gradsmith over rows that MPI processes share.
//!
//! A program is started once for each process, `mpirun -n 4 program`, and [`run`] tells each which of them it is. Each
//! holds some of the rows, those that [`Ranks::rows`] or [`Ranks::examples`] says, and calls the same methods at the same
//! points; what these return is that of all rows, the same in every process. So solvers run as they are, each process
//! its own, step by step alike.
//!
//! - An objective says `divided(X)` in its attribute, and is prepared by `prepare_among`: value, gradient,
//!   Hessian-vector product and Hessian have the same bits on any number of processes.
//! - A network is trained by a `Trainer` that is told `among(&processes)`: the mini-batches are those of one process.
//!
//! ```no_run
//! use gradsmith::ranks::Ranks;
//! use gradsmith::{Error, Objective};
//! use ndarray::{Array1, Array2, array};
//!
//! #[derive(gradsmith::Objective)]
//! #[objective("mean(log(1 + exp(-y .* (X*w)))) + lambda/2 * norm2(w)^2", wrt(w: vector), divided(X))]
//! #[allow(non_snake_case)]
//! struct Logistic {
//!     X: Array2<f64>,
//!     y: Array1<f64>,
//!     lambda: f64,
//! }
//!
//! fn main() {
//!     gradsmith_mpi::run(|ranks| {
//!         // Which rows of a million are here: a file has them, or a generator.
//!         let rows = ranks.rows(1_000_000);
//!         let X = Array2::from_shape_fn((rows.len(), 3), |(i, k)| (((rows.start + i) * (k + 7)) as f64).sin());
//!         let y = X.column(0).mapv(f64::signum);
//!         let mut problem = Logistic { X, y, lambda: 0.01 }.prepare_among(ranks)?;
//!         let gradient = problem.gradient(&[0.0; 3])?;
//!         if ranks.rank() == 0 {
//!             println!("{gradient}");
//!         }
//!         Ok::<(), Error>(())
//!     });
//! }
//! ```
//!
//! # What ends a process ends all
//!
//! Processes that wait for one that has gone would wait for ever. So [`run`] ends all of them when one returns an error
//! or panics, and prints the error before. An error that the methods of a problem find while they sum up is known to
//! all: it is returned in the process where it is, and [`Error::Rank`] names that in the others.
//!
//! Results are the same on processors of one kind. Where a cluster has several, the same step may round otherwise on
//! another, and processes drift apart: start them on one kind.

use std::fmt::{self, Display};
use std::panic::{AssertUnwindSafe, catch_unwind};

use gradsmith::ranks::{Exchange, Ranks, Reduction};
use gradsmith::{Error, Scalar};
use mpi::Threading;
use mpi::collective::SystemOperation;
use mpi::datatype::{Partition, PartitionMut};
use mpi::topology::{Communicator, SimpleCommunicator};
use mpi::traits::{CommunicatorCollectives, Equivalence};

pub use mpi;

/// The processes of a communicator, among which rows are divided.
///
/// All of them make the same calls in the same order. Numbers travel as they are: the processes run on machines that
/// have them alike.
pub struct Processes {
    communicator: SimpleCommunicator,
    reduction: Reduction,
}

impl fmt::Debug for Processes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Processes")
            .field("rank", &self.rank())
            .field("ranks", &self.ranks())
            .field("reduction", &self.reduction)
            .finish()
    }
}

impl Processes {
    /// Those of a communicator, for programs that speak MPI themselves; [`run`] makes those of the world.
    #[must_use]
    pub fn new(communicator: SimpleCommunicator) -> Self {
        Self { communicator, reduction: Reduction::Ordered }
    }

    /// The same processes with another way to add up: [`Reduction::Fast`] is one all-reduce of MPI's, whose result
    /// depends on the number of processes. In all processes the same way.
    #[must_use]
    pub fn adding(&self, reduction: Reduction) -> Self {
        Self { communicator: self.communicator.duplicate(), reduction }
    }

    /// Of what is sent, lengths and beginnings as MPI has them.
    fn parts(&self, counts: &[usize]) -> Result<(Vec<i32>, Vec<i32>), Error> {
        let mut start = 0_usize;
        let starts = counts.iter().map(|n| {
            start = start.saturating_add(*n);
            self.count(start - n)
        });
        let starts = starts.collect::<Result<_, _>>()?;
        self.count(start)?;
        Ok((counts.iter().map(|&n| self.count(n)).collect::<Result<_, _>>()?, starts))
    }

    /// A number of numbers as MPI has it.
    fn count(&self, n: usize) -> Result<i32, Error> {
        i32::try_from(n).map_err(|_| Error::Rank {
            rank: self.rank(),
            reason: "a message has more than 2^31 numbers, which MPI does not take".into(),
        })
    }
}

impl Ranks for Processes {
    fn rank(&self) -> usize {
        usize::try_from(self.communicator.rank()).unwrap_or(0)
    }

    fn ranks(&self) -> usize {
        usize::try_from(self.communicator.size()).unwrap_or(1)
    }

    fn gather_whole(&self, own: &[u64], all: &mut [u64]) -> Result<(), Error> {
        self.count(all.len())?;
        self.communicator.all_gather_into(own, all);
        Ok(())
    }
}

impl<T: Scalar + Equivalence> Exchange<T> for Processes {
    fn gather(&self, own: &[T], counts: &[usize], all: &mut [T]) -> Result<(), Error> {
        let (counts, starts) = self.parts(counts)?;
        self.communicator.all_gather_varcount_into(own, &mut PartitionMut::new(all, counts, starts));
        Ok(())
    }

    fn transpose(&self, own: &[T], to: &[usize], from: &[usize], all: &mut [T]) -> Result<(), Error> {
        let ((to, to_starts), (from, from_starts)) = (self.parts(to)?, self.parts(from)?);
        self.communicator.all_to_all_varcount_into(
            &Partition::new(own, to, to_starts),
            &mut PartitionMut::new(all, from, from_starts),
        );
        Ok(())
    }

    fn add(&self, numbers: &mut [T]) -> Result<(), Error> {
        self.count(numbers.len())?;
        let own = numbers.to_vec();
        self.communicator.all_reduce_into(&own[..], numbers, SystemOperation::sum());
        Ok(())
    }

    fn reduction(&self) -> Reduction {
        self.reduction
    }
}

/// Runs `work` in this process, one of those that were started, and returns when it has.
///
/// If it returns an error, that is printed, and all processes end with the exit status 1; if it panics, with 101. A
/// program that was not started by `mpirun` is the only process.
///
/// Calls of MPI are made by the thread that calls methods of problems and trainers; the threads of
/// [`parallel`](gradsmith::parallel) make none.
///
/// # Panics
/// If MPI was begun before, or is over: [`Processes::new`] is for programs that begin it themselves.
pub fn run<E: Display>(work: impl FnOnce(&Processes) -> Result<(), E>) {
    let begun = mpi::initialize_with_threading(Threading::Funneled);
    assert!(begun.is_some(), "MPI is begun once: programs that do it themselves use `Processes::new`");
    let Some((universe, _)) = begun else { return };
    let processes = Processes::new(universe.world());
    let (rank, ranks) = (processes.rank(), processes.ranks());
    match catch_unwind(AssertUnwindSafe(|| work(&processes))) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            eprintln!("rank {rank} of {ranks}: {error}");
            processes.communicator.abort(1);
        }
        Err(_) => {
            eprintln!("rank {rank} of {ranks}: a panic ends all");
            processes.communicator.abort(101);
        }
    }
    drop(processes);
    drop(universe);
}
