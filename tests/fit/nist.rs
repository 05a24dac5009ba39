//! The 27 nonlinear regressions of NIST's Statistical Reference Datasets, from both starts.
//!
//! <https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml>; the files are looked for in `../shared/nist`, or where
//! `GRADSMITH_NIST` says.

use gradsmith::fit::{FitError, Solve};
use gradsmith::{Error, Objective, Residual};
use gradsmith_test_support::{note, skipped};
use std::path::PathBuf;
use std::{env, fs};

/// Digits that are asked for: -log10 of the relative error.
const DIGITS: f64 = 6.0;
/// Here the residuals are 8e-14 of data of size 1, of which a number of 53 bits has three digits: what is made of them has
/// no more.
const ROUNDED: (&str, f64) = ("Lanczos1", 2.5);

/// A file: predictors and response, both starts, and what is certified.
#[derive(Debug)]
struct Certified {
    y: Vec<f64>,
    x: Vec<Vec<f64>>,
    starts: [Vec<f64>; 2],
    values: Vec<f64>,
    deviations: Vec<f64>,
    squares: f64,
}

impl Certified {
    /// `b1 = start start value deviation`, then `Residual Sum of Squares:`, then from line 61 on y and x.
    fn read(text: &str) -> Option<Self> {
        let numbers =
            |line: &str| line.split_whitespace().map_while(|word| word.parse().ok()).collect::<Vec<f64>>();
        let (mut starts, mut values, mut deviations) = ([Vec::new(), Vec::new()], Vec::new(), Vec::new());
        let rows = text.lines().filter_map(|line| line.split_once(" = "));
        for (_, row) in
            rows.filter(|(name, _)| name.trim().strip_prefix('b').is_some_and(|k| k.parse::<u8>().is_ok()))
        {
            let [first, second, value, deviation] = numbers(row)[..] else { continue };
            starts[0].push(first);
            starts[1].push(second);
            values.push(value);
            deviations.push(deviation);
        }
        let squares = text.lines().find_map(|line| line.strip_prefix("Residual Sum of Squares:"))?;
        let rows: Vec<Vec<f64>> = text.lines().skip(60).map(numbers).filter(|row| row.len() > 1).collect();
        let columns = rows.first()?.len();
        let column = |k: usize| rows.iter().map(|row| row[k]).collect::<Vec<f64>>();
        let squares = squares.trim().parse().ok()?;
        Some(Self {
            y: column(0),
            x: (1..columns).map(column).collect(),
            starts,
            values,
            deviations,
            squares,
        })
    }
}

/// The digits in which two numbers agree.
fn digits(found: f64, certified: f64) -> f64 {
    let error = (found - certified).abs() / certified.abs();
    (-error.log10()).clamp(0.0, 11.0)
}

fn worst(found: impl Iterator<Item = f64>, certified: &[f64]) -> f64 {
    found.zip(certified).map(|(f, &c)| digits(f, c)).fold(11.0, f64::min)
}

/// A residual over the data of a file.
type Problem<'a> = Box<dyn Residual<Scalar = f64> + 'a>;
/// What makes it.
type Model = for<'a> fn(&'a Certified) -> Result<Problem<'a>, Error>;

macro_rules! regressions {
    ($($name:literal $model:ident: $text:literal, $wrt:tt, [$($field:ident = $column:literal),*];)*) => {
        $(
            #[derive(Objective)]
            #[residual($text, wrt $wrt)]
            struct $model<'a> {
                y: &'a [f64],
                $($field: &'a [f64],)*
            }
        )*

        const MODELS: &[(&str, Model)] = &[$((
            $name,
            |data| {
                let model = $model { y: &data.y, $($field: &data.x[$column]),* };
                Ok(Box::new(model.prepare()?))
            },
        )),*];
    };
}

regressions! {
    "Misra1a" Misra1a: "b[0]*(1 - exp(-b[1]*x)) - y", (b: vector[2]), [x = 0];
    "Chwirut2" Chwirut2: "exp(-b[0]*x)./(b[1] + b[2]*x) - y", (b: vector[3]), [x = 0];
    "Chwirut1" Chwirut1: "exp(-b[0]*x)./(b[1] + b[2]*x) - y", (b: vector[3]), [x = 0];
    "Lanczos3" Lanczos3: "b[0]*exp(-b[1]*x) + b[2]*exp(-b[3]*x) + b[4]*exp(-b[5]*x) - y", (b: vector[6]), [x = 0];
    "Gauss1" Gauss1: "b[0]*exp(-b[1]*x) + b[2]*exp(-(x - b[3]).^2/b[4]^2) + b[5]*exp(-(x - b[6]).^2/b[7]^2) - y",
        (b: vector[8]), [x = 0];
    "Gauss2" Gauss2: "b[0]*exp(-b[1]*x) + b[2]*exp(-(x - b[3]).^2/b[4]^2) + b[5]*exp(-(x - b[6]).^2/b[7]^2) - y",
        (b: vector[8]), [x = 0];
    "DanWood" DanWood: "b[0]*x.^b[1] - y", (b: vector[2]), [x = 0];
    "Misra1b" Misra1b: "b[0]*(1 - (1 + b[1]*x/2).^(-2)) - y", (b: vector[2]), [x = 0];
    "Kirby2" Kirby2: "(b[0] + b[1]*x + b[2]*x.^2)./(1 + b[3]*x + b[4]*x.^2) - y", (b: vector[5]), [x = 0];
    "Hahn1" Hahn1: "(b[0] + b[1]*x + b[2]*x.^2 + b[3]*x.^3)./(1 + b[4]*x + b[5]*x.^2 + b[6]*x.^3) - y",
        (b: vector[7]), [x = 0];
    "Nelson" Nelson: "b[0] - b[1]*t .* exp(-b[2]*x) - log(y)", (b: vector[3]), [t = 0, x = 1];
    "MGH17" Mgh17: "b[0] + b[1]*exp(-x*b[3]) + b[2]*exp(-x*b[4]) - y", (b: vector[5]), [x = 0];
    "Lanczos1" Lanczos1: "b[0]*exp(-b[1]*x) + b[2]*exp(-b[3]*x) + b[4]*exp(-b[5]*x) - y", (b: vector[6]), [x = 0];
    "Lanczos2" Lanczos2: "b[0]*exp(-b[1]*x) + b[2]*exp(-b[3]*x) + b[4]*exp(-b[5]*x) - y", (b: vector[6]), [x = 0];
    "Gauss3" Gauss3: "b[0]*exp(-b[1]*x) + b[2]*exp(-(x - b[3]).^2/b[4]^2) + b[5]*exp(-(x - b[6]).^2/b[7]^2) - y",
        (b: vector[8]), [x = 0];
    "Misra1c" Misra1c: "b[0]*(1 - (1 + 2*b[1]*x).^(-1/2)) - y", (b: vector[2]), [x = 0];
    "Misra1d" Misra1d: "b[0]*b[1]*x./(1 + b[1]*x) - y", (b: vector[2]), [x = 0];
    "Roszman1" Roszman1: "b[0] - b[1]*x - atan(b[2]./(x - b[3]))/pi - y", (b: vector[4]), [x = 0];
    "ENSO" Enso: "w = 2*pi*x;
        b[0] + b[1]*cos(w/12) + b[2]*sin(w/12) + b[4]*cos(w/b[3]) + b[5]*sin(w/b[3]) + b[7]*cos(w/b[6]) + b[8]*sin(w/b[6]) - y",
        (b: vector[9]), [x = 0];
    "MGH09" Mgh09: "b[0]*(x.^2 + x*b[1])./(x.^2 + x*b[2] + b[3]) - y", (b: vector[4]), [x = 0];
    "Thurber" Thurber: "(b[0] + b[1]*x + b[2]*x.^2 + b[3]*x.^3)./(1 + b[4]*x + b[5]*x.^2 + b[6]*x.^3) - y",
        (b: vector[7]), [x = 0];
    "BoxBOD" BoxBod: "b[0]*(1 - exp(-b[1]*x)) - y", (b: vector[2]), [x = 0];
    "Rat42" Rat42: "b[0]./(1 + exp(b[1] - b[2]*x)) - y", (b: vector[3]), [x = 0];
    "MGH10" Mgh10: "b[0]*exp(b[1]./(x + b[2])) - y", (b: vector[3]), [x = 0];
    "Eckerle4" Eckerle4: "b[0]/b[1]*exp(-((x - b[2])/b[1]).^2/2) - y", (b: vector[3]), [x = 0];
    "Rat43" Rat43: "b[0]./(1 + exp(b[1] - b[2]*x)).^(1/b[3]) - y", (b: vector[4]), [x = 0];
    "Bennett5" Bennett5: "b[0]*(b[1] + x).^(-1/b[2]) - y", (b: vector[3]), [x = 0];
}

/// What was found from a start: digits of the parameters, of their deviations, of the sum of squares.
struct Row {
    start: usize,
    digits: [f64; 3],
    said: String,
}

fn fitted(model: Model, data: &Certified, start: usize) -> Result<Row, FitError> {
    let estimate = model(data)?.solve(&data.starts[start])?;
    let values = worst(estimate.parameters.iter().map(|p| p.value), &data.values);
    let deviations = worst(estimate.parameters.iter().map(|p| p.standard_error), &data.deviations);
    let e = estimate.evaluations;
    let said = format!("{} + {} calls, {}", e.residuals, e.jacobians, estimate.stopped);
    Ok(Row { start, digits: [values, deviations, digits(estimate.rss, data.squares)], said })
}

#[test]
fn certified_parameters_are_found() {
    let folder = env::var_os("GRADSMITH_NIST")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/nist"), PathBuf::from);
    if !folder.is_dir() {
        return skipped(&format!("no certified regressions in {}", folder.display()));
    }
    let mut table = String::from("data set, start: digits of parameters, deviations, Σ r²\n");
    let mut missed = Vec::new();
    for (name, model) in MODELS {
        let text = fs::read_to_string(folder.join(format!("{name}.dat"))).expect("a file of the folder");
        let data = Certified::read(&text).expect("a file as NIST has them");
        assert_eq!(data.starts[0].len(), model(&data).expect("data that fit").len(), "{name}");
        for start in 0..2 {
            match fitted(*model, &data, start) {
                Ok(Row { start, digits: [values, deviations, squares], said }) => {
                    table += &format!(
                        "{name:<9} {}  {values:5.1} {deviations:5.1} {squares:5.1}  {said}\n",
                        start + 1
                    );
                    let of_deviations = if name == &ROUNDED.0 { ROUNDED.1 } else { DIGITS };
                    if values < DIGITS || deviations < of_deviations {
                        missed.push(format!("{name}, start {}", start + 1));
                    }
                }
                Err(error) => {
                    table += &format!("{name:<9} {}  {error}\n", start + 1);
                    missed.push(format!("{name}, start {}", start + 1));
                }
            }
        }
    }
    note(&table);
    assert!(missed.is_empty(), "{missed:?}\n{table}");
}
