//! Numbers made by chance, the same in every run; and what differs between numbers.

/// `n` numbers in [-1, 1).
pub fn numbers(n: usize, seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    let next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    std::iter::repeat_with(next).take(n)
}

/// What is too far off, in words: by more than `within` times the largest entry wanted, or times `least`
/// where all are smaller.
pub fn difference(got: &[f64], want: &[f64], within: f64, least: f64) -> Option<String> {
    if got.len() != want.len() {
        return Some(format!("{} entries, not {}", got.len(), want.len()));
    }
    let most = within * want.iter().fold(least, |m, w| m.max(w.abs()));
    let off = |(_, (g, w)): &(usize, (&f64, &f64))| {
        // Also of one and the same infinity.
        *g != *w && ((*g - *w).abs().is_nan() || (*g - *w).abs() > most)
    };
    let (k, (g, w)) = got.iter().zip(want).enumerate().find(off)?;
    Some(format!("entry {k} is {g}, not {w}"))
}

/// Whether two roads to one number have come to the same: both to no number, to the same infinity, to 0 of
/// either sign, or to numbers that differ by `within` relatively, or by a few of the smallest that there are.
pub fn agree(got: f64, want: f64, within: f64) -> bool {
    let off = (got - want).abs();
    got == want || (got.is_nan() && want.is_nan()) || off <= within * want.abs() + 4.0 * f64::from_bits(1)
}
