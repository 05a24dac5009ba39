//! What is wanted against what was got.

use std::fmt;

/// How far off is near enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tolerance {
    /// Each entry within `within · max(1, max |wanted|)` over its array.
    Arrays {
        /// The factor.
        within: f64,
    },
    /// Each entry within `within · |wanted| + 1e-300`, one of a gradient within `floor` more; a Hessian by
    /// the other rule, within 1e-12.
    Entries {
        /// The factor.
        within: f64,
        /// What a gradient may be off besides.
        floor: f64,
    },
}

/// What an array of figures is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Array {
    /// The value.
    Value,
    /// A gradient, by the name of its variable: `gradient[w]`, `d_activation`.
    Gradient(String),
    /// A Hessian: `hessian[w,w]`.
    Hessian(String),
    /// A Hessian-vector product: `hvp[w]`.
    HessianProduct(String),
}

impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value => f.write_str("value"),
            Self::Gradient(name) | Self::Hessian(name) | Self::HessianProduct(name) => f.write_str(name),
        }
    }
}

/// One thing that is not as a case wants it.
#[derive(Clone, Debug, PartialEq)]
pub enum Disagreement {
    /// Figures that are off; the worst of them.
    Figure {
        /// In which array.
        array: Array,
        /// At which of its entries.
        index: usize,
        /// The figure wanted.
        wanted: f64,
        /// The figure got.
        got: f64,
        /// How many entries of the array are off.
        count: usize,
    },
    /// An array of another length.
    Length {
        /// Which array.
        array: Array,
        /// The length wanted.
        wanted: usize,
        /// The length got.
        got: usize,
    },
    /// An error where figures were wanted, a panic, a time-out, an answer where an error was wanted; in
    /// words.
    Other(String),
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Figure { array: Array::Value, wanted, got, .. } => {
                write!(f, "value: wanted {wanted:?}, got {got:?}")
            }
            Self::Figure { array, index, wanted, got, count } => {
                write!(f, "{array}[{index}]: wanted {wanted:?}, got {got:?}")?;
                if *count > 1 {
                    write!(f, " (the worst of {count} entries)")?;
                }
                Ok(())
            }
            Self::Length { array, wanted, got } => write!(f, "{array}: wanted {wanted} entries, got {got}"),
            Self::Other(what) => f.write_str(what),
        }
    }
}

/// Compares an array; adds what disagrees to `found`.
pub fn compare(
    tolerance: Tolerance,
    array: Array,
    wanted: &[f64],
    got: &[f64],
    found: &mut Vec<Disagreement>,
) {
    if wanted.len() != got.len() {
        found.push(Disagreement::Length { array, wanted: wanted.len(), got: got.len() });
        return;
    }
    let largest = wanted.iter().fold(1.0, |m: f64, w| m.max(w.abs()));
    let near = |w: f64| match (tolerance, &array) {
        (Tolerance::Arrays { within }, _) => within * largest,
        (Tolerance::Entries { .. }, Array::Hessian(_) | Array::HessianProduct(_)) => 1e-12 * largest,
        (Tolerance::Entries { within, floor }, Array::Gradient(_)) => within * w.abs() + 1e-300 + floor,
        (Tolerance::Entries { within, .. }, Array::Value) => within * w.abs() + 1e-300,
    };
    let mut worst: Option<(f64, usize)> = None;
    let mut count = 0;
    for (index, (&w, &g)) in wanted.iter().zip(got).enumerate() {
        let off = (g - w).abs();
        let off = if off.is_nan() { f64::INFINITY } else { off / near(w) };
        if off > 1.0 {
            count += 1;
            if worst.is_none_or(|(before, _)| off > before) {
                worst = Some((off, index));
            }
        }
    }
    if let Some((_, index)) = worst {
        found.push(Disagreement::Figure { array, index, wanted: wanted[index], got: got[index], count });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn off(tolerance: Tolerance, array: Array, wanted: &[f64], got: &[f64]) -> Vec<String> {
        let mut found = Vec::new();
        compare(tolerance, array, wanted, got, &mut found);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn arrays_share_a_scale_entries_have_their_own() {
        let gradient = || Array::Gradient("gradient[w]".to_owned());
        let arrays = Tolerance::Arrays { within: 1e-3 };
        let entries = Tolerance::Entries { within: 1e-3, floor: 0.0 };
        assert!(off(arrays, gradient(), &[100.0, 0.0], &[100.05, 0.05]).is_empty());
        assert_eq!(
            off(entries, gradient(), &[100.0, 0.0], &[100.05, 0.05]),
            ["gradient[w][1]: wanted 0.0, got 0.05"]
        );
        assert!(off(Tolerance::Entries { within: 0.0, floor: 0.1 }, gradient(), &[0.0], &[0.05]).is_empty());
        assert_eq!(off(entries, Array::Value, &[1.0], &[2.0]), ["value: wanted 1.0, got 2.0"]);
    }

    #[test]
    fn nan_and_lengths_disagree() {
        let arrays = Tolerance::Arrays { within: 1e-3 };
        assert_eq!(off(arrays, Array::Value, &[1.0], &[f64::NAN]), ["value: wanted 1.0, got NaN"]);
        let hessian = Array::Hessian("hessian[w,w]".to_owned());
        assert_eq!(off(arrays, hessian, &[1.0], &[]), ["hessian[w,w]: wanted 1 entries, got 0"]);
    }
}
