//! Rows divided among ranks: processes that each hold some of them and add up what all have found.
//!
//! What a sum over rows comes to is fixed by their number alone. They are in parts, a power of two, each summed up
//! by itself; the parts are the leaves of a tree, and two neighbours are added before their sum meets others. A rank
//! holds parts that lie beside each other, so that it sends the sums of a few subtrees, one where the number of ranks
//! is a power of two, and what comes out has the same bits on any number of ranks.

use core::fmt::Debug;
use core::iter::StepBy;
use core::ops::Range;

use crate::error::Error;
use crate::kernel::memory::Scratch;
use crate::kernel::scalar::Scalar;
use crate::kernel::sums::axpy;

/// The most levels of the tree above its leaves: 256 parts.
const LEVELS: usize = 8;

/// The fewest rows of a part, and the fewest where there are more than [`MANY`] parts.
const LEAST: usize = 32;
const LEAST_OF_MANY: usize = 1024;
const MANY: usize = 64;

/// The most subtrees that a range of parts is made of.
pub(crate) const DEPTH: usize = 2 * LEVELS + 2;

/// Numbers that all ranks send to all others, at most: more are added up by ranks that each take some of the
/// entries, which is a message more and fewer bytes.
const FEW: usize = 4096;

/// How the sums of the ranks are added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reduction {
    /// Part by part in one order: the same bits on any number of ranks.
    #[default]
    Ordered,
    /// In whatever order the exchange takes: the same on all ranks, but another on another number of them.
    Fast,
}

/// Processes among which rows are divided, as one of them sees them.
///
/// All ranks make the same calls in the same order. A rank that leaves early lets the others wait: what ends a
/// process is to end all of them, as the crate `gradsmith-mpi` does.
pub trait Ranks: Debug {
    /// Which of the ranks this is, counted from 0.
    fn rank(&self) -> usize;

    /// How many there are, at least 1.
    fn ranks(&self) -> usize;

    /// Sends `own` to all ranks, and writes what all have sent to `all`, rank by rank. All send as many.
    ///
    /// # Errors
    /// [`Error::Rank`] if the ranks cannot be reached.
    fn gather_whole(&self, own: &[u64], all: &mut [u64]) -> Result<(), Error>;

    /// Which of so many rows of an objective this rank is to hold: [`rows`].
    fn rows(&self, total: usize) -> Range<usize> {
        rows(total, self.ranks(), self.rank())
    }

    /// Which of so many examples of a network this rank is to hold: every so manieth, from its own number on, so that
    /// of each mini-batch every rank has about as many, shuffled or not.
    fn examples(&self, total: usize) -> StepBy<Range<usize>> {
        (self.rank()..total).step_by(self.ranks().max(1))
    }
}

/// Ranks that exchange numbers of a type.
pub trait Exchange<T>: Ranks {
    /// Sends `own` to all ranks, and writes what all have sent to `all`: `counts[r]` numbers of rank r, rank by rank.
    ///
    /// # Errors
    /// [`Error::Rank`] if the ranks cannot be reached.
    fn gather(&self, own: &[T], counts: &[usize], all: &mut [T]) -> Result<(), Error>;

    /// Sends to rank r the next `to[r]` numbers of `own`, and writes what the ranks have sent to `all`: `from[r]`
    /// numbers of rank r, rank by rank.
    ///
    /// # Errors
    /// [`Error::Rank`] if the ranks cannot be reached.
    fn transpose(&self, own: &[T], to: &[usize], from: &[usize], all: &mut [T]) -> Result<(), Error>;

    /// Adds the numbers of all ranks, entry by entry, in any order; all ranks get the same bits.
    ///
    /// # Errors
    /// [`Error::Rank`] if the ranks cannot be reached.
    fn add(&self, numbers: &mut [T]) -> Result<(), Error>;

    /// How sums are to be added.
    fn reduction(&self) -> Reduction {
        Reduction::Ordered
    }
}

/// One rank, which holds all rows: nothing is exchanged, and sums are what they are on any number of ranks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Ranks for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn ranks(&self) -> usize {
        1
    }

    fn gather_whole(&self, own: &[u64], all: &mut [u64]) -> Result<(), Error> {
        all.copy_from_slice(own);
        Ok(())
    }
}

impl<T: Copy> Exchange<T> for Alone {
    fn gather(&self, own: &[T], _: &[usize], all: &mut [T]) -> Result<(), Error> {
        all.copy_from_slice(own);
        Ok(())
    }

    fn transpose(&self, own: &[T], _: &[usize], _: &[usize], all: &mut [T]) -> Result<(), Error> {
        all.copy_from_slice(own);
        Ok(())
    }

    fn add(&self, _: &mut [T]) -> Result<(), Error> {
        Ok(())
    }
}

/// Which of so many rows of an objective rank `rank` of `ranks` holds: rows beside each other, in parts that depend on
/// the number of rows alone. None, where there are fewer parts than ranks; none are fewer than 32 rows.
///
/// ```
/// use gradsmith_runtime::ranks::rows;
///
/// assert_eq!((rows(1000, 2, 0), rows(1000, 2, 1)), (0..496, 496..1000));
/// assert_eq!((rows(3, 2, 0), rows(3, 2, 1)), (0..0, 0..3));
/// ```
#[must_use]
pub fn rows(total: usize, ranks: usize, rank: usize) -> Range<usize> {
    let parts = parts_of(total, ranks, rank);
    first_row(total, parts.start)..first_row(total, parts.end)
}

/// In how many parts so many rows are: a power of two.
fn parts(rows: usize) -> usize {
    let most = (rows / LEAST).min(MANY).max((rows / LEAST_OF_MANY).min(1 << LEVELS)).max(1);
    1 << most.ilog2()
}

/// The parts that a rank holds.
fn parts_of(rows: usize, ranks: usize, rank: usize) -> Range<usize> {
    let (parts, ranks) = (parts(rows), ranks.max(1));
    let start = |rank: usize| parts * rank.min(ranks) / ranks;
    start(rank)..start(rank.saturating_add(1))
}

/// The first row of a part, a multiple of eight.
fn first_row(rows: usize, part: usize) -> usize {
    let parts = parts(rows);
    if part >= parts { rows } else { (rows / parts * part + rows % parts * part / parts) / 8 * 8 }
}

/// A subtree: so many levels above the parts, and which of its level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Node {
    level: u32,
    index: usize,
}

impl Node {
    /// A leaf.
    pub(crate) fn leaf(index: usize) -> Self {
        Self { level: 0, index }
    }

    /// Whether the two are added before either meets another.
    fn joins(self, next: Self) -> bool {
        self.level == next.level && self.index.is_multiple_of(2) && next.index == self.index + 1
    }
}

/// Subtrees beside each other, none of which join.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Nodes {
    nodes: [Node; DEPTH],
    len: usize,
}

impl Nodes {
    /// Those that a range of parts is made of.
    fn of(parts: Range<usize>) -> Self {
        let mut nodes = Self::default();
        for part in parts {
            nodes.push(Node::leaf(part), &mut |_| {});
        }
        nodes
    }

    /// How many are there at once while such a range is gone through.
    fn most(parts: Range<usize>) -> usize {
        let (mut nodes, mut most) = (Self::default(), 0);
        for part in parts {
            most = most.max(nodes.len + 1);
            nodes.push(Node::leaf(part), &mut |_| {});
        }
        most
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Adds one, of which the sum is at place [`len`](Self::len); `join` is told of each place to which the sum at the
    /// next is to be added.
    pub(crate) fn push(&mut self, node: Node, join: &mut impl FnMut(usize)) {
        if self.len == DEPTH {
            return;
        }
        self.nodes[self.len] = node;
        self.len += 1;
        while let [.., a, b] = &self.nodes[..self.len]
            && a.joins(*b)
        {
            let node = Node { level: a.level + 1, index: a.index / 2 };
            self.len -= 1;
            join(self.len - 1);
            self.nodes[self.len - 1] = node;
        }
    }

    fn all(&self) -> &[Node] {
        &self.nodes[..self.len]
    }
}

/// Adds the array at `b` to that at `a`, which is before it.
fn add_within<T: Scalar>(all: &mut [T], a: usize, b: usize, len: usize) {
    let (before, after) = all.split_at_mut(b);
    axpy(T::ONE, &after[..len], &mut before[a..a + len]);
}

/// Adds arrays of so many numbers by their tree; what is left is added from left to right. Returns where the sum is.
fn folded<T: Scalar>(
    all: &mut [T],
    arrays: impl Iterator<Item = (Node, usize)>,
    len: usize,
) -> Option<usize> {
    let mut at = [0; DEPTH];
    let mut nodes = Nodes::default();
    for (node, start) in arrays {
        at[nodes.len().min(DEPTH - 1)] = start;
        nodes.push(node, &mut |k| add_within(all, at[k], at[k + 1], len));
    }
    let [first, rest @ ..] = &at[..nodes.len()] else { return None };
    rest.iter().for_each(|&next| add_within(all, *first, next, len));
    Some(*first)
}

/// What a rank says of itself beside its numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// All is well.
    #[default]
    Well,
    /// It has been told to stop.
    Stops,
    /// It has met an error, and its numbers are none.
    Failed,
}

impl Status {
    const ALL: [Self; 3] = [Self::Well, Self::Stops, Self::Failed];

    fn number(self) -> usize {
        self as usize
    }

    fn of(number: usize) -> Self {
        Self::ALL.get(number).copied().unwrap_or(Self::Failed)
    }
}

/// The error of another rank's failure.
pub(crate) fn failed(rank: usize) -> Error {
    Error::Rank { rank, reason: "it has failed, by an error of its own".into() }
}

/// The first rank that is not well, the worst first.
fn worst(all: impl Iterator<Item = Status>) -> Option<(usize, Status)> {
    let not_well = all.enumerate().filter(|(_, status)| *status != Status::Well);
    not_well.fold(None, |worst: Option<(usize, Status)>, next| match worst {
        Some(found) if found.1 >= next.1 => Some(found),
        _ => Some(next),
    })
}

/// Tells all ranks how this one is; returns the first that is not well, the worst first.
pub(crate) fn statuses<R: Ranks + ?Sized>(
    ranks: &R,
    status: Status,
) -> Result<Option<(usize, Status)>, Error> {
    let mut all = vec![0; ranks.ranks()];
    ranks.gather_whole(&[status.number() as u64], &mut all)?;
    Ok(worst(all.into_iter().map(|s| Status::of(s as usize))))
}

/// Sums of all ranks: each has an array of `len` numbers for each of its `nodes`, one after the other in `own`. The sum
/// is written to `out` unless a rank is not well, which is returned.
pub(crate) fn sum_up<T: Scalar>(
    exchange: &dyn Exchange<T>,
    nodes: impl Fn(usize) -> Nodes,
    own: &mut [T],
    status: Status,
    out: &mut [T],
) -> Result<Option<(usize, Status)>, Error> {
    let (rank, ranks, len) = (exchange.rank(), exchange.ranks(), out.len());
    let mine = nodes(rank);
    let starts = |nodes: &Nodes, from: usize, len: usize| {
        let nodes = *nodes;
        (0..nodes.len()).map(move |k| (nodes.all()[k], from + k * len))
    };
    if ranks == 1 {
        if status != Status::Well {
            return Ok(Some((rank, status)));
        }
        match folded(own, starts(&mine, 0, len), len) {
            Some(at) => out.copy_from_slice(&own[at..at + len]),
            None => out.fill(T::ZERO),
        }
        return Ok(None);
    }
    if exchange.reduction() == Reduction::Fast {
        let mut all = Scratch::new(len + 1);
        all.fill(T::ZERO);
        if let Some(at) = folded(own, starts(&mine, 0, len), len)
            && status == Status::Well
        {
            all[..len].copy_from_slice(&own[at..at + len]);
        }
        all[len] = T::from_usize(status.number());
        exchange.add(&mut all)?;
        if all[len] != T::ZERO {
            return statuses(exchange, status);
        }
        out.copy_from_slice(&all[..len]);
        return Ok(None);
    }
    let subtrees: usize = (0..ranks).map(|r| nodes(r).len()).sum();
    if subtrees * len <= FEW {
        // Everyone gets everything, and adds it up.
        let counts: Vec<usize> = (0..ranks).map(|r| nodes(r).len() * len + 1).collect();
        let mut message = Scratch::new(counts[rank]);
        let end = counts[rank] - 1;
        message[..end].copy_from_slice(&own[..end]);
        message[end] = T::from_usize(status.number());
        let mut all = Scratch::new(counts.iter().sum());
        exchange.gather(&message, &counts, &mut all)?;
        let found = summed_up(&mut all, &counts, len, &nodes, |at, all| match at {
            Some(at) => out.copy_from_slice(&all[at..at + len]),
            None => out.fill(T::ZERO),
        });
        return Ok(found);
    }
    // Everyone adds up some of the entries, and tells all others.
    let bounds = |r: usize| len * r / ranks..len * (r + 1) / ranks;
    let width = bounds(rank).len();
    let to: Vec<usize> = (0..ranks).map(|r| mine.len() * bounds(r).len() + 1).collect();
    let from: Vec<usize> = (0..ranks).map(|r| nodes(r).len() * width + 1).collect();
    let mut message = Scratch::new(to.iter().sum());
    let mut at = 0;
    for r in 0..ranks {
        for k in 0..mine.len() {
            let entries = &own[k * len..(k + 1) * len][bounds(r)];
            message[at..at + entries.len()].copy_from_slice(entries);
            at += entries.len();
        }
        message[at] = T::from_usize(status.number());
        at += 1;
    }
    let mut all = Scratch::new(from.iter().sum());
    exchange.transpose(&message, &to, &from, &mut all)?;
    let mut entries = Scratch::new(width);
    let found = summed_up(&mut all, &from, width, &nodes, |at, all| match at {
        Some(at) => entries.copy_from_slice(&all[at..at + width]),
        None => entries.fill(T::ZERO),
    });
    if found.is_some() {
        return Ok(found);
    }
    let widths: Vec<usize> = (0..ranks).map(|r| bounds(r).len()).collect();
    exchange.gather(&entries, &widths, out)?;
    Ok(None)
}

/// Adds up what all ranks have sent, of each so many numbers and its status, and hands it on unless one is not well.
fn summed_up<T: Scalar>(
    all: &mut [T],
    counts: &[usize],
    len: usize,
    nodes: &impl Fn(usize) -> Nodes,
    result: impl FnOnce(Option<usize>, &[T]),
) -> Option<(usize, Status)> {
    let mut ends = 0;
    let statuses = counts.iter().map(|count| {
        ends += count;
        Status::of(all[ends - 1].to_f64() as usize)
    });
    let found = worst(statuses);
    if found.is_none() {
        let mut start = 0;
        let arrays = counts.iter().enumerate().flat_map(|(r, count)| {
            let (own, from) = (nodes(r), start);
            start += count;
            (0..own.len()).map(move |k| (own.all()[k], from + k * len))
        });
        let at = folded(all, arrays, len);
        result(at, all);
    }
    found
}

/// The rows of a problem among ranks: how many there are in all, and which parts of them are here.
#[derive(Clone, Copy, Debug)]
pub struct Among<'e, T> {
    exchange: &'e dyn Exchange<T>,
    rows: usize,
    own: (usize, usize),
    depth: usize,
}

impl<'e, T: Scalar> Among<'e, T> {
    /// Rows of which so many are here, each rank having those that [`rows`] says.
    ///
    /// # Errors
    /// [`Error::Rank`], on all ranks, for the first that has another number of rows.
    pub fn of(exchange: &'e dyn Exchange<T>, here: usize) -> Result<Self, Error> {
        let (rank, ranks) = (exchange.rank(), exchange.ranks());
        let mut all = vec![0; ranks];
        exchange.gather_whole(&[here as u64], &mut all)?;
        let counts: Vec<usize> = all.into_iter().map(|n| usize::try_from(n).unwrap_or(usize::MAX)).collect();
        let total = counts.iter().fold(0, |sum: usize, &n| sum.saturating_add(n));
        check_counts(&counts, |rank| rows(total, ranks, rank).len(), "rows", "rows")?;
        let own = parts_of(total, ranks, rank);
        Ok(Self { exchange, rows: total, own: (own.start, own.end), depth: Nodes::most(own) })
    }

    /// Lets all ranks know whether this one has failed; what these numbers are, which are to be the same on all, and
    /// entries, of which the [`fingerprint`] is.
    ///
    /// # Errors
    /// The own one; else [`Error::Rank`] for the first rank that has failed or has others.
    pub fn agree<R>(
        self,
        result: Result<R, Error>,
        numbers: &[(&'static str, usize)],
        entries: impl FnOnce(&R) -> Vec<(&'static str, u64)>,
    ) -> Result<R, Error> {
        let mut said: Vec<u64> = vec![u64::from(result.is_err())];
        said.extend(numbers.iter().map(|&(_, n)| n as u64));
        let prints = result.as_ref().map_or(Vec::new(), entries);
        let mut all = vec![0; self.exchange.ranks() * said.len()];
        self.exchange.gather_whole(&said, &mut all)?;
        let result = result?;
        let ranks = || all.chunks_exact(said.len()).enumerate();
        if let Some((rank, _)) = ranks().find(|(_, said)| said[0] != 0) {
            return Err(failed(rank));
        }
        for (rank, said) in ranks() {
            if let Some(k) = (1..said.len()).find(|&k| said[k] != all[k]) {
                let (name, found, expected) = (numbers[k - 1].0, said[k], all[k]);
                let reason = format!("`{name}` is {found}, on rank 0 it is {expected}");
                return Err(Error::Rank { rank, reason: reason.into() });
            }
        }
        // All have them, since none has failed.
        let own: Vec<u64> = prints.iter().map(|&(_, print)| print).collect();
        let mut all = vec![0; self.exchange.ranks() * own.len()];
        self.exchange.gather_whole(&own, &mut all)?;
        for (rank, said) in all.chunks_exact(own.len().max(1)).enumerate() {
            if let Some(k) = (0..said.len()).find(|&k| said[k] != all[k]) {
                let reason = format!("`{}` is not what it is on rank 0", prints[k].0);
                return Err(Error::Rank { rank, reason: reason.into() });
            }
        }
        Ok(result)
    }

    /// How many rows there are, those of all ranks.
    #[inline]
    #[must_use]
    pub fn rows(self) -> usize {
        self.rows
    }

    /// The parts that are here.
    pub(crate) fn own(self) -> Range<usize> {
        self.own.0..self.own.1
    }

    /// How many sums of subtrees are there at once.
    pub(crate) fn depth(self) -> usize {
        self.depth
    }

    /// The rows of a part, counted from the first that is here.
    pub(crate) fn part(self, part: usize) -> Range<usize> {
        let from = first_row(self.rows, self.own.0);
        first_row(self.rows, part) - from..first_row(self.rows, part + 1) - from
    }

    /// The rows of a part that has as many as any.
    pub(crate) fn longest(self) -> usize {
        let parts = parts(self.rows);
        if parts == 1 { self.rows } else { (self.rows.div_ceil(parts)).next_multiple_of(8) + 8 }
    }

    /// Adds up the sums of all ranks: `own` are those of the subtrees here, or an error.
    ///
    /// # Errors
    /// The own one; else [`Error::Rank`] for the first rank that has failed.
    pub(crate) fn sum_up(self, own: Result<&mut [T], Error>, out: &mut [T]) -> Result<(), Error> {
        let exchange = self.exchange;
        let nodes = |rank: usize| Nodes::of(parts_of(self.rows, exchange.ranks(), rank));
        if exchange.ranks() == 1 {
            let own = own?;
            out.copy_from_slice(&own[..out.len()]);
            return Ok(());
        }
        match own {
            Ok(own) => match sum_up(exchange, nodes, own, Status::Well, out)? {
                Some((rank, _)) => Err(failed(rank)),
                None => Ok(()),
            },
            Err(error) => {
                let mut none = Scratch::new(nodes(exchange.rank()).len() * out.len());
                none.fill(T::ZERO);
                sum_up(exchange, nodes, &mut none, Status::Failed, out)?;
                Err(error)
            }
        }
    }
}

/// What tells entries from others, as far as 64 bits do: for [`Among::agree`].
pub fn fingerprint<T: Copy>(entries: &[T], bits: impl Fn(T) -> u64) -> u64 {
    // FNV-1a, a word at a time, and the upper half mixed in.
    let mixed = |print: u64, x: &T| (print ^ bits(*x)).wrapping_mul(0x0100_0000_01b3).rotate_left(29);
    entries.iter().fold(0xcbf2_9ce4_8422_2325 ^ entries.len() as u64, mixed)
}

/// Checks that each rank has as many as it is to have.
///
/// # Errors
/// [`Error::Rank`] for the first that has not.
pub(crate) fn check_counts(
    counts: &[usize],
    expected: impl Fn(usize) -> usize,
    what: &str,
    method: &str,
) -> Result<(), Error> {
    let Some(rank) = (0..counts.len()).find(|&r| counts[r] != expected(r)) else { return Ok(()) };
    let (found, total) = (counts[rank], counts.iter().fold(0, |sum: usize, &n| sum.saturating_add(n)));
    let reason = format!(
        "it has {found} of the {total} {what}, and is to have {}: `Ranks::{method}` says which",
        expected(rank)
    );
    Err(Error::Rank { rank, reason: reason.into() })
}

/// One array a rank: the leaves of a tree of as many as there are ranks.
pub(crate) fn one_each(rank: usize) -> Nodes {
    Nodes::of(rank..rank + 1)
}
