//! Singular matrices told from nearly singular ones.
//!
//! Rounding leaves something where the last pivot is 0. But all entries are whole multiples of some power of
//! two, and whether a determinant of whole numbers is 0 can be known exactly: it is so where it is 0 modulo
//! primes whose product is more than it could be.

use super::pivots;
use crate::kernel::scalar::Scalar;

/// The primes are 2⁶² less these, the greatest there are.
const BELOW: [u64; 4] = [57, 87, 117, 143];
/// The bits that each of them decides.
const BITS: f64 = 61.9;

/// Whether the n×n matrix `a`, of which `lu` are the factors, has determinant 0 for certain. Where its entries
/// have many digits, or it has many of them, that is not found out.
pub(super) fn is_certain<T: Scalar>(a: &[T], lu: &[T], n: usize) -> bool {
    let size = |(least, greatest): (f64, f64), p: T| {
        let p = p.abs().to_f64();
        (least.min(p), greatest.max(p))
    };
    let (least, greatest) = pivots(lu, n).fold((f64::INFINITY, 0.0), size);
    // What rounding makes of a pivot 0 is far below the others. (NaN is not.)
    let suspect = least <= T::EPSILON.to_f64().sqrt() * greatest && greatest.is_finite();
    if !suspect || a.iter().any(|x| !x.is_finite()) {
        return false;
    }
    let Some(unit) = a.iter().filter_map(|x| Whole::of(x.to_f64())).map(|w| w.exponent).min() else {
        return true;
    };
    let norms = a.chunks_exact(n).map(|row| row.iter().fold(0.0_f64, |norm, x| norm.hypot(x.to_f64())));
    // Hadamard: a determinant is at most the product of the rows' norms.
    let bits: f64 = norms.map(|norm| norm.log2() - f64::from(unit)).sum();
    let needed = (bits / BITS).floor().max(0.0) as usize + 1;
    needed <= BELOW.len() && BELOW[..needed].iter().all(|k| vanishes(a, n, unit, (1 << 62) - k))
}

/// Whether the determinant of a/2^unit is 0 modulo a prime: by elimination.
fn vanishes<T: Scalar>(a: &[T], n: usize, unit: i32, prime: u64) -> bool {
    let field = Field { prime };
    let mut rest: Vec<u64> = a.iter().map(|x| field.number(x.to_f64(), unit)).collect();
    for c in 0..n {
        let Some(r) = (c..n).find(|r| rest[r * n + c] != 0) else { return true };
        if r != c {
            super::lu::swap_rows(&mut rest, n, c, r);
        }
        let inverse = field.power(rest[c * n + c], prime - 2);
        let (above, below) = rest.split_at_mut((c + 1) * n);
        let above = &above[c * n + c..];
        for row in below.chunks_exact_mut(n) {
            let factor = field.times(row[c], inverse);
            row[c..].iter_mut().zip(above).for_each(|(x, &u)| *x = field.less(*x, field.times(factor, u)));
        }
    }
    false
}

/// The whole numbers modulo a prime below 2⁶².
struct Field {
    prime: u64,
}

impl Field {
    fn times(&self, a: u64, b: u64) -> u64 {
        (u128::from(a) * u128::from(b) % u128::from(self.prime)) as u64
    }

    fn less(&self, a: u64, b: u64) -> u64 {
        if a < b { a + self.prime - b } else { a - b }
    }

    fn power(&self, base: u64, mut exponent: u64) -> u64 {
        let (mut power, mut square) = (1, base);
        while exponent > 0 {
            if exponent % 2 == 1 {
                power = self.times(power, square);
            }
            square = self.times(square, square);
            exponent /= 2;
        }
        power
    }

    /// x/2^unit, which is whole.
    fn number(&self, x: f64, unit: i32) -> u64 {
        let Some(whole) = Whole::of(x) else { return 0 };
        let steps = whole.exponent.abs_diff(unit);
        let size = self.times(whole.odd, self.power(2, u64::from(steps)));
        if x < 0.0 { self.less(0, size) } else { size }
    }
}

/// |x| as odd · 2^exponent.
#[derive(Debug, PartialEq)]
struct Whole {
    odd: u64,
    exponent: i32,
}

impl Whole {
    /// None of 0.
    fn of(x: f64) -> Option<Self> {
        const FRACTION: u32 = f64::MANTISSA_DIGITS - 1;
        let bits = x.abs().to_bits();
        let (power, fraction) = ((bits >> FRACTION) as i32, bits & ((1 << FRACTION) - 1));
        let whole = if power == 0 { fraction } else { fraction | 1 << FRACTION };
        let smallest = f64::MIN_EXP - f64::MANTISSA_DIGITS as i32;
        let exponent = smallest + (power - 1).max(0) + whole.trailing_zeros() as i32;
        (whole != 0).then(|| Self { odd: whole >> whole.trailing_zeros(), exponent })
    }
}

#[cfg(test)]
mod tests {
    use super::{Field, Whole, vanishes};

    #[test]
    fn numbers_are_taken_apart() {
        let parts = |x: f64| Whole::of(x).map(|w| (w.odd, w.exponent));
        assert_eq!([1.0, 6.0, 0.75, -40.0].map(parts), [(1, 0), (3, 1), (3, -2), (5, 3)].map(Some));
        assert_eq!(parts(0.0), None);
        assert_eq!(parts(f64::MIN_POSITIVE), Some((1, -1022)));
        assert_eq!(parts(f64::from_bits(3)), Some((3, -1074)));
        assert_eq!(parts(1.0 + f64::EPSILON), Some(((1 << 52) + 1, -52)));
    }

    #[test]
    fn determinants_vanish_modulo_their_factors() {
        let (a, field) = ([3.0, 8.0, 1.0, 5.0], Field { prime: 7 });
        assert_eq!(a.map(|x| field.number(x, 0)), [3, 1, 1, 5]);
        assert_eq!((field.number(-3.0, 0), field.number(0.75, -2), field.power(3, 5)), (4, 3, 5));
        assert!(vanishes(&a, 2, 0, 7) && !vanishes(&a, 2, 0, 5));
        assert!(vanishes(&[0.0, 2.0, 0.0, 3.0], 2, 0, 5) && !vanishes(&[0.0, 2.0, 3.0, 0.0], 2, 0, 5));
    }
}
