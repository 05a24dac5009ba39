//! Running sums along an axis, and from its other end, in one pass, with the digits that are lost on the way.

use crate::kernel::scalar::Scalar;

/// Columns that are summed beside each other.
const COLUMNS: usize = 16;

/// For each `i` along an axis of length `len`, `scale` times the sum of the first terms of `x`, up to that of index
/// `i + ahead - behind`. Shapes are `[outer, len, inner]` and `[outer, terms, inner]`.
///
/// # Panics
/// If the slices are not of these shapes.
#[track_caller]
pub fn sums_upto<T: Scalar>(
    out: &mut [T],
    x: &[T],
    shape: [usize; 4],
    [ahead, behind]: [usize; 2],
    scale: T,
) {
    let [_, len, terms, _] = shape;
    // So many terms of the first i.
    let count = |i: usize| (i + ahead + 1).saturating_sub(behind).min(terms);
    running(out, x, shape, scale, (0..len).map(|i| (i, count(i))), |k| k);
}

/// The same of the last terms, from that of index `i - ahead + behind` on.
///
/// # Panics
/// If the slices are not of these shapes.
#[track_caller]
pub fn sums_onwards<T: Scalar>(
    out: &mut [T],
    x: &[T],
    shape: [usize; 4],
    [ahead, behind]: [usize; 2],
    scale: T,
) {
    let [_, len, terms, _] = shape;
    let count = |i: usize| terms - (i + behind).saturating_sub(ahead).min(terms);
    running(out, x, shape, scale, (0..len).rev().map(|i| (i, count(i))), |k| terms - 1 - k);
}

/// `steps` says of which index how many terms are summed, ever more of them; `term` which the k-th is.
#[track_caller]
fn running<T: Scalar>(
    out: &mut [T],
    x: &[T],
    [outer, len, terms, inner]: [usize; 4],
    scale: T,
    steps: impl Iterator<Item = (usize, usize)> + Clone,
    term: impl Fn(usize) -> usize,
) {
    let fits = out.len() == outer * len * inner && x.len() == outer * terms * inner;
    assert!(fits, "running sums: {} numbers to {} along {terms} and {len}", x.len(), out.len());
    for row in 0..outer {
        let (out, x) =
            (&mut out[row * len * inner..][..len * inner], &x[row * terms * inner..][..terms * inner]);
        for first in (0..inner).step_by(COLUMNS) {
            let width = (inner - first).min(COLUMNS);
            let (mut sums, mut excess, mut done) = ([T::ZERO; COLUMNS], [T::ZERO; COLUMNS], 0);
            for (i, count) in steps.clone() {
                while done < count {
                    let x = &x[term(done) * inner + first..][..width];
                    for ((sum, excess), &x) in sums.iter_mut().zip(&mut excess).zip(x) {
                        // What is lost of the smaller of the two.
                        let new = *sum + x;
                        let of_x = new - *sum;
                        *excess += (*sum - (new - of_x)) + (x - of_x);
                        *sum = new;
                    }
                    done += 1;
                }
                let out = &mut out[i * inner + first..][..width];
                for ((out, &sum), &excess) in out.iter_mut().zip(&sums).zip(&excess) {
                    let total = sum + excess;
                    // Of an infinite sum, what is lost is no number.
                    *out = scale * if total.is_nan() { sum } else { total };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{sums_onwards, sums_upto};

    #[test]
    fn up_to_an_index_and_from_it_on() {
        let x = [1.0, 2.0, 4.0, 8.0];
        let mut out = [0.0; 4];
        sums_upto(&mut out, &x, [1, 4, 4, 1], [0, 0], 2.0);
        assert_eq!(out, [2.0, 6.0, 14.0, 30.0]);
        sums_upto(&mut out, &x, [1, 4, 4, 1], [0, 1], 1.0);
        assert_eq!(out, [0.0, 1.0, 3.0, 7.0]);
        sums_onwards(&mut out, &x, [1, 4, 4, 1], [0, 0], 1.0);
        assert_eq!(out, [15.0, 14.0, 12.0, 8.0]);
        sums_onwards(&mut out, &x, [1, 4, 4, 1], [0, 1], 1.0);
        assert_eq!(out, [14.0, 12.0, 8.0, 0.0]);
    }

    #[test]
    fn fewer_terms_and_more() {
        let mut out = [0.0; 4];
        sums_upto(&mut out, &[1.0, 2.0], [1, 4, 2, 1], [1, 0], 1.0);
        assert_eq!(out, [3.0; 4]);
        sums_onwards(&mut out, &[1.0, 2.0], [1, 4, 2, 1], [2, 0], 1.0);
        assert_eq!(out, [3.0, 3.0, 3.0, 2.0]);
        sums_upto(&mut out, &[], [1, 4, 0, 1], [0, 0], 1.0);
        assert_eq!(out, [0.0; 4]);
        sums_upto(&mut [], &[1.0], [1, 0, 1, 1], [0, 0], 1.0);
    }

    #[test]
    fn along_a_middle_axis() {
        // [outer, terms, inner] = [2, 2, 17]
        let x: Vec<f64> = (0..68).map(f64::from).collect();
        let mut out = vec![0.0; 68];
        sums_upto(&mut out, &x, [2, 2, 2, 17], [0, 0], 1.0);
        assert_eq!((out[16], out[33], out[34 + 16], out[34 + 33]), (16.0, 16.0 + 33.0, 50.0, 50.0 + 67.0));
    }

    #[test]
    fn what_is_lost_on_the_way_is_kept() {
        let x = [1e16, 1.0, 1.0, -1e16];
        let mut out = [0.0; 4];
        sums_upto(&mut out, &x, [1, 4, 4, 1], [0, 0], 1.0);
        assert_eq!(out[3], 2.0);
    }
}
