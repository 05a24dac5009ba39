//! An axis: the range of numbers it shows, where they are, and which of them it names.

/// The largest number that is drawn: differences of such are finite.
const LARGEST: f64 = 1e300;

/// How many numbers an axis names, at most about.
const TICKS: f64 = 8.0;

/// From numbers to places between 0 and 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    logarithmic: bool,
    /// Whether only whole numbers are named.
    whole: bool,
    /// Both ends; of a logarithmic axis, their decimal logarithms.
    low: f64,
    high: f64,
}

impl Axis {
    /// An axis on which all of these numbers are that can be.
    pub(super) fn of(numbers: impl Iterator<Item = f64>, logarithmic: bool) -> Self {
        let mut axis = Self { logarithmic, whole: false, low: f64::INFINITY, high: f64::NEG_INFINITY };
        for number in numbers {
            if let Some(number) = axis.scaled(number) {
                (axis.low, axis.high) = (axis.low.min(number), axis.high.max(number));
            }
        }
        if axis.low > axis.high {
            (axis.low, axis.high) = (0.0, 1.0);
        }
        // One number, or as good as one: it is in the middle.
        let size = axis.low.abs().max(axis.high.abs());
        let margin = if axis.high - axis.low > 1e-9 * size.max(1e-280) {
            0.04 * (axis.high - axis.low)
        } else if logarithmic || size < 1e-280 {
            0.5
        } else {
            0.5 * size
        };
        (axis.low, axis.high) = (axis.low - margin, axis.high + margin);
        axis
    }

    /// Names whole numbers only.
    pub(super) fn whole(self) -> Self {
        Self { whole: true, ..self }
    }

    /// The number, or its logarithm, if there is a place for it.
    fn scaled(&self, number: f64) -> Option<f64> {
        let can_be = number.abs() <= LARGEST && (number > 0.0 || !self.logarithmic);
        can_be.then(|| if self.logarithmic { number.log10() } else { number })
    }

    /// Where a number is: 0 at the low end, 1 at the high one.
    pub(super) fn place(&self, number: f64) -> Option<f64> {
        self.scaled(number).map(|number| (number - self.low) / (self.high - self.low))
    }

    /// Round numbers along the axis: their places and names.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        if !self.logarithmic {
            let span = self.high - self.low;
            return self.numbers().into_iter().map(|(x, name)| ((x - self.low) / span, name)).collect();
        }
        let decades = self.decades();
        if decades.len() > 2 {
            return decades;
        }
        // Two decades or less: round numbers between, as on any axis.
        let even = Self {
            logarithmic: false,
            whole: false,
            low: 10_f64.powf(self.low),
            high: 10_f64.powf(self.high),
        };
        even.numbers().into_iter().filter_map(|(x, name)| Some((self.place(x)?, name))).collect()
    }

    /// Powers of ten, each or every other few; where they are few, 2 and 5 times them, too.
    fn decades(&self) -> Vec<(f64, String)> {
        let span = self.high - self.low;
        let every = (span / (1.5 * TICKS)).ceil().max(1.0);
        let between: &[i32] = if span > 3.0 { &[1] } else { &[1, 2, 5] };
        let (first, last) = ((self.low / every).floor(), (self.high / every).floor());
        let mut decades = Vec::new();
        for k in (0..20).map(|k| first + f64::from(k)).take_while(|&k| k <= last) {
            let exponent = k * every;
            for &times in between {
                let at = exponent + f64::from(times).log10();
                let name = if exponent.abs() <= 3.0 {
                    format!("{}", f64::from(times) * 10_f64.powi(exponent as i32))
                } else {
                    format!("{times}e{exponent}")
                };
                if (self.low..=self.high).contains(&at) {
                    decades.push(((at - self.low) / span, name));
                }
            }
        }
        decades
    }

    /// Multiples of 1, 2 or 5 times a power of ten, with their names.
    fn numbers(&self) -> Vec<(f64, String)> {
        let rough = (self.high - self.low) / TICKS;
        let rough = if self.whole { rough.max(1.0) } else { rough };
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|k| k * power >= rough).unwrap_or(10.0) * power;
        let size = self.low.abs().max(self.high.abs());
        // As many digits as tell neighbours apart.
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        let digits = (size / step).log10().ceil().clamp(0.0, 15.0) as usize;
        let name = |number: f64| {
            if (1e-3..1e6).contains(&size) {
                format!("{number:.decimals$}")
            } else if number == 0.0 {
                "0".to_owned()
            } else {
                format!("{number:.digits$e}")
            }
        };
        let named = |k: f64| (k * step, name(k * step + 0.0));
        let (first, last) = ((self.low / step).ceil(), (self.high / step).floor());
        (0..20).map(|k| first + f64::from(k)).take_while(|&k| k <= last).map(named).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    fn names(numbers: &[f64], logarithmic: bool) -> String {
        let ticks = Axis::of(numbers.iter().copied(), logarithmic).ticks();
        ticks.into_iter().map(|(_, name)| name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn round_numbers_are_named() {
        assert_eq!(names(&[0.0, 1.0], false), "0.0 0.2 0.4 0.6 0.8 1.0");
        assert_eq!(names(&[0.0, 30.0], false), "0 5 10 15 20 25 30");
        assert_eq!(names(&[-3.0, 4.0], false), "-3 -2 -1 0 1 2 3 4");
        assert_eq!(names(&[1.0003, 1.0007], false), "1.0003 1.0004 1.0005 1.0006 1.0007");
        assert_eq!(names(&[0.0, 5e-9], false), "0 1.0e-9 2.0e-9 3.0e-9 4.0e-9 5.0e-9");
        assert_eq!(names(&[1e-5, 2.0], true), "1e-5 1e-4 0.001 0.01 0.1 1");
        assert_eq!(names(&[2.0, 9.0], true), "2 3 4 5 6 7 8 9");
        assert_eq!(names(&[0.03, 0.8], true), "0.05 0.1 0.2 0.5");
        let whole = Axis::of([0.0, 2.0].into_iter(), false).whole().ticks();
        assert_eq!(whole.into_iter().map(|(_, name)| name).collect::<Vec<_>>(), ["0", "1", "2"]);
        let wide = "1e-30 1e-24 1e-18 1e-12 1e-6 1 1e6 1e12 1e18 1e24 1e30";
        assert_eq!(names(&[1e-30, 1e30], true), wide);
    }

    #[test]
    fn every_axis_has_numbers_in_order_and_room_for_all() {
        let mut rng = Rng::new(2);
        for round in 0..10_000 {
            let scale = 10_f64.powf(580.0 * rng.uniform() - 290.0);
            let offset = if round % 3 == 0 { 0.0 } else { rng.normal() * scale * 10_f64.powi(round % 8) };
            let numbers = [offset + rng.normal() * scale, offset + rng.normal() * scale];
            let numbers = if round % 2 == 0 { numbers.map(f64::abs) } else { numbers };
            let axis = Axis::of(numbers.into_iter(), round % 2 == 0);
            let ticks = axis.ticks();
            assert!((2..=14).contains(&ticks.len()), "{numbers:?} {ticks:?}");
            assert!(
                ticks.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 != pair[1].1),
                "{ticks:?}"
            );
            assert!(ticks.iter().all(|tick| (-1e-6..=1.000_001).contains(&tick.0)), "{ticks:?}");
            for number in numbers {
                let place = axis.place(number);
                assert!(place.is_some_and(|place| (0.03..=0.97).contains(&place)), "{number} {place:?}");
            }
        }
    }
}
