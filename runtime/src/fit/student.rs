//! Student's t.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// The number that a variable of Student's t with so many degrees of freedom exceeds in size with probability
/// 1 - `level`; infinite where there is no degree of freedom.
pub(super) fn two_sided(level: f64, degrees_of_freedom: usize) -> f64 {
    // Beyond this many it is the normal distribution to the last digit.
    let degrees = (degrees_of_freedom as f64).min(1e15);
    StudentsT::new(0.0, 1.0, degrees).map_or(f64::INFINITY, |t| t.inverse_cdf(0.5 + level / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_tables() {
        // scipy.stats.t.ppf((1 + level) / 2, degrees)
        for (level, degrees, expected) in [
            (0.95, 1, 12.706_204_736_174_694),
            (0.95, 12, 2.178_812_829_667_228),
            (0.99, 30, 2.749_995_653_567_225),
            (0.6827, 1_000_000, 1.000_022_213_345),
        ] {
            let found = two_sided(level, degrees);
            assert!((found / expected - 1.0).abs() < 1e-7, "{level}, {degrees}: {found}");
        }
        assert_eq!(two_sided(0.95, 0), f64::INFINITY);
    }
}
