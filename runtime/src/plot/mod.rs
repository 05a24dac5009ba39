//! Pictures, as SVG: how a training went, and how a curve fits points.
//!
//! [`training`] and [`fit`] draw these two;
//! [`Plot`] draws whatever is put on it. An SVG is a text that browsers show, and vector
//! programs and LaTeX take. It is written here by hand, so that the feature `plot` brings no dependency.
//!
//! ```
//! use gradsmith_runtime::plot::fit;
//!
//! let (x, y) = ([0.0, 1.0, 2.0, 3.0], [0.1, 0.9, 2.2, 2.8]);
//! let (lower, upper) = ([-0.3, 0.7, 1.7, 2.6], [0.3, 1.3, 2.3, 3.4]);
//! let svg = fit((&x, &y), (&x, &x), Some((&lower, &upper)))?.title("a line").axes("x", "y").svg();
//! assert!(svg.starts_with("<svg "));
//! # Ok::<(), gradsmith_runtime::Error>(())
//! ```

use crate::error::Error;
use crate::train::History;

mod axis;
mod svg;

/// What tells series apart, also in grey and for most who see fewer colours (Okabe and Ito, 2008).
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

/// Points that are data, and no model.
const DATA: &str = "#333333";

/// Points, curves and bands over two axes.
///
/// What is NaN or infinite, beyond 1e300, or not above 0 where the axis is logarithmic, is left out; a curve has
/// a gap there.
#[derive(Clone, Debug)]
pub struct Plot {
    title: String,
    x_label: String,
    y_label: String,
    logarithmic: bool,
    /// Whether `x` counts something.
    counted: bool,
    series: Vec<Series>,
    /// How many colours are taken.
    colours: usize,
}

#[derive(Clone, Debug)]
struct Series {
    name: String,
    colour: &'static str,
    x: Vec<f64>,
    y: Vec<f64>,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Points,
    Curve {
        dashed: bool,
    },
    /// From `y` up to these.
    Band {
        upper: Vec<f64>,
    },
}

impl Default for Plot {
    fn default() -> Self {
        Self::new()
    }
}

impl Plot {
    /// Axes with nothing on them.
    #[must_use]
    pub fn new() -> Self {
        Self {
            title: String::new(),
            x_label: String::new(),
            y_label: String::new(),
            logarithmic: false,
            counted: false,
            series: Vec::new(),
            colours: 0,
        }
    }

    /// What stands above it.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// What stands beside the axes.
    #[must_use]
    pub fn axes(mut self, x: impl Into<String>, y: impl Into<String>) -> Self {
        (self.x_label, self.y_label) = (x.into(), y.into());
        self
    }

    /// Makes the axis of `y` logarithmic.
    #[must_use]
    pub fn logarithmic(mut self) -> Self {
        self.logarithmic = true;
        self
    }

    /// Adds points.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if there are not as many `y` as `x`.
    pub fn points(self, name: impl Into<String>, x: &[f64], y: &[f64]) -> Result<Self, Error> {
        self.add(name.into(), x, y, Kind::Points)
    }

    /// Adds a curve: points joined by lines, in the order in which they come.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if there are not as many `y` as `x`.
    pub fn curve(self, name: impl Into<String>, x: &[f64], y: &[f64]) -> Result<Self, Error> {
        self.add(name.into(), x, y, Kind::Curve { dashed: false })
    }

    /// Adds a curve in dashes.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if there are not as many `y` as `x`.
    pub fn dashes(self, name: impl Into<String>, x: &[f64], y: &[f64]) -> Result<Self, Error> {
        self.add(name.into(), x, y, Kind::Curve { dashed: true })
    }

    /// Adds a band between two curves, in the colour of what is added next, and below it.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if there are not as many `lower` and `upper` as `x`.
    pub fn band(
        self,
        name: impl Into<String>,
        x: &[f64],
        lower: &[f64],
        upper: &[f64],
    ) -> Result<Self, Error> {
        same_length("lower", x, lower)?;
        same_length("upper", x, upper)?;
        self.add(name.into(), x, lower, Kind::Band { upper: upper.to_vec() })
    }

    /// The picture, 640 by 420 points.
    #[must_use]
    pub fn svg(&self) -> String {
        svg::draw(self)
    }

    fn add(mut self, name: String, x: &[f64], y: &[f64], kind: Kind) -> Result<Self, Error> {
        same_length("y", x, y)?;
        let colour = COLOURS[self.colours % COLOURS.len()];
        self.colours += usize::from(!matches!(kind, Kind::Band { .. }));
        self.series.push(Series { name, colour, x: x.to_vec(), y: y.to_vec(), kind });
        Ok(self)
    }
}

fn same_length(name: &'static str, x: &[f64], y: &[f64]) -> Result<(), Error> {
    if x.len() == y.len() { Ok(()) } else { Err(Error::shape(name, 0, x.len(), y.len())) }
}

/// How a training went: the data cost by epochs, of the training data and of the validation data, and the
/// penalty apart from it, where there is one.
///
/// ```
/// # let history = gradsmith_runtime::train::History::default();
/// let svg = gradsmith_runtime::plot::training(&history).logarithmic().svg();
/// # assert!(svg.contains("epoch"));
/// ```
#[must_use]
pub fn training(history: &History) -> Plot {
    let mut plot = Plot::new().title("Training").axes("epoch", "cost");
    plot.counted = true;
    let epochs: Vec<f64> = history.epochs.iter().map(|record| record.epoch as f64).collect();
    let mut add = |name: &str, cost: Vec<f64>, dashed: bool| {
        let colour = COLOURS[plot.series.len()];
        let (name, kind) = (name.to_owned(), Kind::Curve { dashed });
        plot.series.push(Series { name, colour, x: epochs.clone(), y: cost, kind });
    };
    add("data cost, training", history.epochs.iter().map(|record| record.train.data).collect(), false);
    if history.epochs.iter().any(|record| record.validation.is_some()) {
        let cost = history.epochs.iter().map(|record| record.validation.map_or(f64::NAN, |cost| cost.data));
        add("data cost, validation", cost.collect(), false);
    }
    if history.epochs.iter().any(|record| record.train.penalty != 0.0) {
        add("penalty", history.epochs.iter().map(|record| record.train.penalty).collect(), true);
    }
    plot.colours = plot.series.len();
    plot
}

/// How a curve fits points: x and y of the points, x and y of the curve, and around it, at its x, a band from a
/// lower to an upper end.
///
/// # Errors
/// [`Error::ShapeMismatch`] if lengths that belong together differ.
pub fn fit(
    points: (&[f64], &[f64]),
    curve: (&[f64], &[f64]),
    band: Option<(&[f64], &[f64])>,
) -> Result<Plot, Error> {
    let mut plot = Plot::new();
    if let Some((lower, upper)) = band {
        plot = plot.band("band", curve.0, lower, upper)?;
    }
    let mut plot = plot.curve("fit", curve.0, curve.1)?.points("data", points.0, points.1)?;
    if let Some(data) = plot.series.last_mut() {
        data.colour = DATA;
    }
    plot.colours -= 1;
    Ok(plot)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::cost::CostValue;
    use crate::rng::Rng;
    use crate::train::EpochRecord;

    fn record(epoch: usize, validation: bool, penalty: f64) -> EpochRecord {
        let train = CostValue { data: 1.0 / (1.0 + epoch as f64), penalty };
        EpochRecord {
            epoch,
            train,
            validation: validation.then_some(train),
            metric: None,
            learning_rate: 0.1,
        }
    }

    #[test]
    fn training_shows_what_there_is() {
        let drawn = |validation, penalty| {
            let epochs = (0..5).map(|epoch| record(epoch, validation, penalty)).collect();
            training(&History { epochs, ..History::default() }).svg()
        };
        let svg = drawn(true, 0.25);
        for name in ["data cost, training", "data cost, validation", "penalty", "epoch", "Training"] {
            assert!(svg.contains(&format!(">{name}</text>")), "{svg}");
        }
        assert_eq!(svg.matches("<path").count(), 3, "{svg}");
        assert_eq!(drawn(false, 0.0).matches("<path").count(), 1);
    }

    #[test]
    fn a_fit_is_a_band_a_curve_and_points() -> Result<(), Error> {
        let (x, y) = ([0.0, 1.0, 2.0], [0.0, 1.0, 4.0]);
        let svg = fit((&x[..2], &y[..2]), (&x, &y), Some((&y, &y)))?.svg();
        assert_eq!((svg.matches("<path").count(), svg.matches("<circle").count()), (2, 3), "{svg}");
        let error = |result: Result<Plot, Error>| result.map(|_| ()).unwrap_err();
        assert_eq!(error(fit((&x, &y[..2]), (&x, &y), None)), Error::shape("y", 0, 3, 2));
        assert_eq!(error(fit((&x, &y), (&x, &y), Some((&y, &y[..1])))), Error::shape("upper", 0, 3, 1));
        assert_eq!(error(fit((&x, &y), (&x[..1], &y[..1]), Some((&y, &y)))), Error::shape("lower", 0, 1, 3));
        Ok(())
    }

    #[test]
    fn names_are_text_and_no_markup() -> Result<(), Error> {
        let plot =
            Plot::new().title("a < b & \"c\"").axes("<script>", "y").curve("</svg>", &[0.0], &[0.0])?;
        let svg = plot.svg();
        assert!(svg.contains("a &lt; b &amp; &quot;c&quot;") && svg.contains("&lt;script&gt;"), "{svg}");
        assert_eq!(svg.matches("</svg>").count(), 1);
        Ok(())
    }

    #[test]
    fn curves_have_gaps_where_there_is_no_number() -> Result<(), Error> {
        let x = [0.0, 1.0, 2.0, 3.0, 4.0];
        let y = [1.0, 2.0, f64::NAN, 1.0, -2.0];
        let moves = |plot: Plot| plot.svg().matches('M').count();
        assert_eq!(moves(Plot::new().curve("y", &x, &y)?), 2);
        assert_eq!(moves(Plot::new().curve("y", &x, &y)?.logarithmic()), 2);
        assert_eq!(moves(Plot::new().band("y", &x, &y, &x)?), 2);
        Ok(())
    }

    #[test]
    fn whatever_is_drawn_has_places() -> Result<(), Error> {
        let mut rng = Rng::new(8);
        let odd = [
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            f64::MIN,
            0.0,
            -0.0,
            5e-324,
            1e-300,
            1e300,
            1.0,
            1.0 + f64::EPSILON,
        ];
        for round in 0..2000 {
            let mut numbers =
                |n: usize| -> Vec<f64> {
                    let exponent = 10_f64.powf(600.0 * rng.uniform() - 300.0);
                    (0..n)
                        .map(|_| {
                            if rng.below(3) == 0 {
                                odd[rng.below(odd.len())]
                            } else {
                                rng.normal() * exponent
                            }
                        })
                        .collect()
                };
            let n = round % 7;
            let (x, y, z) = (numbers(n), numbers(n), numbers(n));
            let mut plot = Plot::new().points("a", &x, &y)?.band("b", &x, &y, &z)?.curve("c", &x, &z)?;
            if round % 2 == 0 {
                plot = plot.logarithmic();
            }
            let svg = plot.svg();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{x:?} {y:?} {z:?}\n{svg}");
            assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
            assert!(svg.len() < 20_000, "{svg}");
        }
        Ok(())
    }
}
