//! An estimate as a table, in the order that users of lmfit know.

use super::{Estimate, Parameter, Stopped};
use ndarray::Array2;
use std::fmt;

/// Correlations below this are not printed.
const WEAK: f64 = 0.1;

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "fit")?;
        line(f, "stopped", &self.stopped.to_string())?;
        let e = self.evaluations;
        line(f, "evaluations", &format!("{} residuals, {} Jacobians", e.residuals, e.jacobians))?;
        line(f, "observations", &self.observations.to_string())?;
        line(f, "parameters", &self.varied().to_string())?;
        line(f, "degrees of freedom", &self.degrees_of_freedom.to_string())?;
        line(f, "sum of squares", &number(self.rss))?;
        line(f, "reduced (variance)", &number(self.variance()))?;
        line(f, "Akaike", &number(self.akaike()))?;
        line(f, "Bayesian", &number(self.bayesian()))?;
        if let Some(r_squared) = self.r_squared {
            line(f, "R squared", &format!("{r_squared:.6}"))?;
        }
        parameters(f, &self.parameters, &self.correlation())
    }
}

/// What is known of a fit as a whole.
pub(super) fn line(f: &mut fmt::Formatter<'_>, name: &str, value: &str) -> fmt::Result {
    writeln!(f, "  {name:<26} {value}")
}

/// The parameters, then their correlations, the strong ones, the strongest first.
pub(super) fn parameters(
    f: &mut fmt::Formatter<'_>,
    parameters: &[Parameter],
    correlation: &Array2<f64>,
) -> fmt::Result {
    writeln!(f, "parameters")?;
    let width = parameters.iter().map(|p| p.name.chars().count()).max().unwrap_or(0);
    for p in parameters {
        writeln!(f, "  {:<width$}  {}", p.name, p.row())?;
    }
    let names: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
    let pairs = (0..names.len()).flat_map(|i| (0..i).map(move |j| (j, i)));
    let mut strong: Vec<(usize, usize, f64)> =
        pairs.map(|(i, j)| (i, j, correlation[[i, j]])).filter(|(_, _, c)| c.abs() >= WEAK).collect();
    strong.sort_by(|a, b| b.2.abs().total_cmp(&a.2.abs()));
    if !strong.is_empty() {
        writeln!(f, "correlations (those below {WEAK} left out)")?;
    }
    for (i, j, c) in strong {
        writeln!(f, "  {}, {}  {c:+.4}", names[i], names[j])?;
    }
    Ok(())
}

impl Parameter {
    fn row(&self) -> String {
        let (value, start) = (number(self.value), number(self.start));
        if self.fixed {
            return format!("{value} (fixed)");
        }
        let error = self.standard_error;
        if !error.is_finite() {
            return format!("{value} (not determined by the data) (start {start})");
        }
        let share = if self.value == 0.0 {
            String::new()
        } else {
            format!(" ({:.2} %)", (100.0 * error / self.value).abs())
        };
        let bound = if self.is_at_bound() { ", at a bound" } else { "" };
        format!("{value} ± {}{share} (start {start}{bound})", number(error))
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Converged => f.write_str("converged"),
            Self::NoProgress => f.write_str("no smaller sum found: a minimum, or a start too far from one"),
            Self::Iterations => f.write_str("not converged: the iterations allowed are used up"),
            Self::Failed(why) => write!(f, "not converged: {why}"),
        }
    }
}

/// With eight digits, and an exponent where it is shorter.
pub(super) fn number(x: f64) -> String {
    let size = x.abs();
    if size != 0.0 && !(1e-4..1e8).contains(&size) && size.is_finite() {
        return format!("{x:.7e}");
    }
    let places = if size == 0.0 { 7 } else { 7 - size.log10().floor() as i32 };
    format!("{x:.*}", usize::try_from(places).unwrap_or(0).max(1))
}
