//! Products of all entries but some: what the derivatives of a product are.
//!
//! Nothing is divided by, so that they are right where entries are 0.

use crate::kernel::scalar::Scalar;

/// The most indices that are left out at once: those of derivatives that anybody takes.
const MOST: usize = 8;

/// For each row of `len` numbers of `x`, the products of all but those at the indices of `order` axes of length
/// `len`: len^order numbers, 0 where two indices are one. Without any, the product of all.
///
/// # Panics
/// If the slices are not as long as that, or `order` is more than 8.
#[track_caller]
pub fn others<T: Scalar>(out: &mut [T], x: &[T], len: usize, order: u8) {
    let block = len.checked_pow(u32::from(order));
    let rows = x.len().checked_div(len).unwrap_or(out.len());
    let fits = block.is_some_and(|block| out.len() == rows * block) && x.len() == rows * len;
    assert!(
        fits && usize::from(order) <= MOST,
        "others: {} numbers to {} in rows of {len}",
        x.len(),
        out.len()
    );
    let block = block.unwrap_or(1);
    for row in 0..rows {
        let (out, x) = (&mut out[row * block..][..block], &x[row * len..][..len]);
        leave_out(out, x, usize::from(order), &mut [0; MOST], 0);
    }
}

/// The same for one row, with the first `count` of `but` left out already.
fn leave_out<T: Scalar>(out: &mut [T], x: &[T], order: usize, but: &mut [usize; MOST], count: usize) {
    let left_out = |k: &usize, but: &[usize; MOST]| but[..count].contains(k);
    match order {
        0 => {
            let kept = x.iter().enumerate().filter(|(k, _)| !left_out(k, but));
            out[0] = kept.fold(T::ONE, |product, (_, &x)| product * x);
        }
        1 => {
            // Those before it, then those after it.
            let mut product = T::ONE;
            for (k, (out, &x)) in out.iter_mut().zip(x).enumerate() {
                *out = product;
                if !left_out(&k, but) {
                    product *= x;
                }
            }
            let mut product = T::ONE;
            for (k, (out, &x)) in out.iter_mut().zip(x).enumerate().rev() {
                if left_out(&k, but) {
                    *out = T::ZERO;
                } else {
                    *out *= product;
                    product *= x;
                }
            }
        }
        _ => {
            let block = out.len() / x.len().max(1);
            for (k, out) in out.chunks_exact_mut(block.max(1)).enumerate() {
                if left_out(&k, but) {
                    out.fill(T::ZERO);
                } else {
                    but[count] = k;
                    leave_out(out, x, order - 1, but, count + 1);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::others;

    #[test]
    fn all_but_none_one_and_two() {
        let x = [2.0, 0.0, 3.0, 5.0, 0.5, 4.0];
        let (mut all, mut one, mut two) = ([0.0; 2], [0.0; 6], [0.0; 18]);
        others(&mut all, &x, 3, 0);
        others(&mut one, &x, 3, 1);
        others(&mut two, &x, 3, 2);
        assert_eq!(all, [0.0, 10.0]);
        assert_eq!(one, [0.0, 6.0, 0.0, 2.0, 20.0, 2.5]);
        assert_eq!(two[..9], [0.0, 3.0, 0.0, 3.0, 0.0, 2.0, 0.0, 2.0, 0.0]);
        assert_eq!(two[9..], [0.0, 4.0, 0.5, 4.0, 0.0, 5.0, 0.5, 5.0, 0.0]);
    }

    #[test]
    fn of_nothing() {
        let mut all = [0.0; 2];
        others(&mut all, &[], 0, 0);
        assert_eq!(all, [1.0; 2]);
        others::<f32>(&mut [], &[], 0, 1);
    }
}
