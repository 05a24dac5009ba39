//! Student's t.

use super::FitError;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// Above so many degrees of freedom the quantile is that of the normal distribution and three terms by 1/ν: then it has
/// nine digits, where the incomplete beta function has lost some.
const MANY: usize = 1000;

/// Of a level that is one, between 0 and 1: the number below.
pub(super) fn of_level(level: f64, degrees_of_freedom: usize) -> Result<f64, FitError> {
    if level > 0.0 && level < 1.0 {
        Ok(two_sided(level, degrees_of_freedom))
    } else {
        Err(FitError::Level(level))
    }
}

/// The number that a variable of Student's t with so many degrees of freedom exceeds in size with probability
/// 1 - `level`; infinite where there is no degree of freedom.
fn two_sided(level: f64, degrees_of_freedom: usize) -> f64 {
    let (below, degrees) = (0.5 + level / 2.0, degrees_of_freedom as f64);
    if degrees_of_freedom <= MANY {
        return StudentsT::new(0.0, 1.0, degrees).map_or(f64::INFINITY, |t| t.inverse_cdf(below));
    }
    // M. Abramowitz and I. Stegun, "Handbook of mathematical functions", 1964, 26.7.5.
    let z = Normal::new(0.0, 1.0).map_or(f64::NAN, |normal| normal.inverse_cdf(below));
    let square = z * z;
    let first = (square + 1.0) / 4.0;
    let second = ((5.0 * square + 16.0) * square + 3.0) / 96.0;
    z * (1.0 + (first + second / degrees) / degrees)
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
            (0.95, 1000, 1.9623390808264083),
            (0.95, 1001, 1.9623367052808798),
            (0.6827, 1_000_000, 1.000_022_213_345),
            (0.95, usize::MAX, 1.959_963_984_540_054),
        ] {
            let found = two_sided(level, degrees);
            assert!((found / expected - 1.0).abs() < 1e-7, "{level}, {degrees}: {found}");
        }
        assert_eq!(two_sided(0.95, 0), f64::INFINITY);
    }
}
