//! Loops whose iterations add to the entries of arrays, in runs.
//!
//! What a run has added is put away before the next one begins: sums and what they are too large by, as in a
//! [`Total`](super::sums::Total), in the thread's memory, two numbers for each entry whatever the iterations.
//! A loop that is one run puts nothing away, and takes no memory.

use core::ops::Range;

use super::memory::Scratch;
use super::scalar::Scalar;
use super::sums::{ROWS, add_to_totals};

/// The iterations of such a loop.
///
/// ```
/// use gradsmith_runtime::__private as rt;
///
/// let mut sums = [0.0_f32; 2];
/// let mut runs = rt::Runs::of(1_000_000);
/// while let Some(range) = runs.next([&mut sums[..]]) {
///     for _ in range {
///         sums[0] += 0.1;
///         sums[1] += 0.7;
///     }
/// }
/// for (sum, exact) in sums.into_iter().zip([100_000.0, 700_000.0]) {
///     assert!((sum - exact).abs() <= 32.0 * f32::EPSILON * exact, "{sum}");
/// }
/// ```
#[derive(Debug)]
pub struct Runs<T: Scalar> {
    iterations: usize,
    /// Where the next run begins.
    next: usize,
    kept: Option<Scratch<T>>,
}

impl<T: Scalar> Runs<T> {
    /// So many iterations.
    #[inline(always)]
    #[must_use]
    pub const fn of(iterations: usize) -> Self {
        Self { iterations, next: 0, kept: None }
    }

    /// The next run, for which the arrays begin at 0 if it is not the first; when there is none, they hold what
    /// they held at first and all that was added. They are the same arrays each time.
    #[inline(always)]
    pub fn next<const K: usize>(&mut self, mut arrays: [&mut [T]; K]) -> Option<Range<usize>> {
        let from = self.next;
        if from > 0 && self.iterations > ROWS {
            self.put_away(&mut arrays);
        }
        if from == self.iterations {
            return None;
        }
        self.next = self.iterations.min(from.saturating_add(ROWS));
        Some(from..self.next)
    }

    /// Adds what the arrays hold to what was put away before.
    #[inline(never)]
    fn put_away(&mut self, arrays: &mut [&mut [T]]) {
        let kept = self.kept.get_or_insert_with(|| {
            let mut kept = Scratch::new(2 * arrays.iter().map(|array| array.len()).sum::<usize>());
            kept.fill(T::ZERO);
            kept
        });
        let mut rest = &mut kept[..];
        for array in arrays {
            let (sums, others) = rest.split_at_mut(array.len());
            let (excesses, others) = others.split_at_mut(array.len());
            simd!(add_to_totals, (&mut *sums, excesses, &**array));
            if self.next == self.iterations {
                array.copy_from_slice(sums);
            } else {
                array.fill(T::ZERO);
            }
            rest = others;
        }
    }
}
