//! What every objective must fulfil, and the data that tests are made of.

#![allow(dead_code, unused_imports, unused_macros, reason = "each binary uses its part")]

use gradsmith::check::CheckOptions;
use gradsmith::{Objective, Rng};
use gradsmith_test_support::numbers::difference;
use ndarray::{Array1, Array2};

/// Entries in [-1, 1].
pub(crate) fn vector(n: usize, seed: u64) -> Array1<f64> {
    let mut rng = Rng::new(seed);
    Array1::from_shape_simple_fn(n, || 2.0 * rng.uniform() - 1.0)
}

/// Entries in [-1, 1].
pub(crate) fn matrix(rows: usize, cols: usize, seed: u64) -> Array2<f64> {
    vector(rows * cols, seed).into_shape_with_order((rows, cols)).expect("as many entries")
}

/// Regular, with a positive determinant: entries in [-1, 1], and n on the diagonal.
pub(crate) fn regular(n: usize, seed: u64) -> Array2<f64> {
    matrix(n, n, seed) + n as f64 * Array2::eye(n)
}

/// Entries in [lo, hi].
pub(crate) fn between(lo: f64, hi: f64, n: usize, seed: u64) -> Array1<f64> {
    vector(n, seed).mapv(|x| lo + (hi - lo) * (x + 1.0) / 2.0)
}

/// The inverse, by Gauss and Jordan.
pub(crate) fn inv(a: &Array2<f64>) -> Array2<f64> {
    let n = a.nrows();
    let (mut a, mut b) = (a.clone(), Array2::eye(n));
    for c in 0..n {
        let best = (c..n).max_by(|&i, &j| a[[i, c]].abs().total_cmp(&a[[j, c]].abs())).unwrap_or(c);
        for k in 0..n {
            a.swap([c, k], [best, k]);
            b.swap([c, k], [best, k]);
        }
        let pivot = a[[c, c]];
        a.row_mut(c).mapv_inplace(|x| x / pivot);
        b.row_mut(c).mapv_inplace(|x| x / pivot);
        for r in (0..n).filter(|&r| r != c) {
            let factor = a[[r, c]];
            for k in 0..n {
                a[[r, k]] -= factor * a[[c, k]];
                b[[r, k]] -= factor * b[[c, k]];
            }
        }
    }
    b
}

/// A column times a row.
pub(crate) fn outer(a: &Array1<f64>, b: &Array1<f64>) -> Array2<f64> {
    Array2::from_shape_fn((a.len(), b.len()), |(i, j)| a[i] * b[j])
}

/// The sum of the diagonal.
pub(crate) fn tr(a: &Array2<f64>) -> f64 {
    a.diag().sum()
}

pub(crate) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Whether two numbers are within `within`, relative to the one wanted, absolute below 1.
pub(crate) fn near(got: f64, want: f64, within: f64) -> bool {
    (got - want).abs() <= within * want.abs().max(1.0)
}

/// Entries that are close, relative to the largest, absolute below 1.
#[track_caller]
pub(crate) fn close<'a>(
    got: impl IntoIterator<Item = &'a f64>,
    wanted: impl IntoIterator<Item = &'a f64>,
    tolerance: f64,
) {
    let (got, wanted): (Vec<f64>, Vec<f64>) =
        (got.into_iter().copied().collect(), wanted.into_iter().copied().collect());
    let off = difference(&got, &wanted, tolerance, 1.0);
    assert!(off.is_none(), "{}\n{got:?}\n{wanted:?}", off.unwrap_or_default());
}

/// The calls of a problem against each other, and against central differences.
#[track_caller]
pub(crate) fn consistent<P: Objective<Scalar = f64>>(problem: &mut P, x: &[f64]) {
    let n = problem.len();
    assert_eq!(n, x.len());
    let (value, gradient) = problem.value_and_gradient(x).expect("regular");
    close([&value], [&problem.value(x).expect("regular")], 1e-14);
    close(&gradient, &problem.gradient(x).expect("regular"), 1e-14);
    let report = problem.check_gradient(x, CheckOptions::default()).expect("finite");
    assert!(report.passed(), "{report}");

    let hessian = problem.hessian(x).expect("regular");
    close(&hessian, hessian.t().as_standard_layout().iter(), 1e-13);
    let mut filled = Array2::zeros((n, n));
    for ((row, column), value) in
        problem.hessian_pattern().iter().zip(problem.hessian_values(x).expect("regular"))
    {
        assert!(row >= column, "({row}, {column}) is above the diagonal");
        (filled[[row, column]], filled[[column, row]]) = (value, value);
    }
    close(&filled, &hessian, 1e-13);
    for seed in [11, 12] {
        let v = vector(n, seed);
        let product = problem.hessian_vector_product(x, v.as_slice().expect("one piece")).expect("regular");
        close(&product, &hessian.dot(&v), 1e-12);
        // (∇f(x + hv) - ∇f(x - hv)) / 2h
        let h = 1e-5;
        let mut along = |h: f64| {
            let moved: Vec<f64> = x.iter().zip(&v).map(|(x, v)| x + h * v).collect();
            problem.gradient(&moved).expect("regular")
        };
        let difference = (along(h) - along(-h)) / (2.0 * h);
        close(&product, &difference, 1e-7);
    }
}

/// Matrices and vectors one after the other, as the problem wants its variables.
macro_rules! flat {
    ($($variable:expr),*) => {{
        let mut all: Vec<f64> = Vec::new();
        $(all.extend($variable.iter());)*
        all
    }};
}
pub(crate) use flat;

/// One identity: the text, data and point, and the value and gradient by hand.
macro_rules! identity {
    (
        $name:ident: $text:literal, wrt($($wrt:tt)*);
        $($field:ident: $ty:ty = $datum:expr,)*;
        $($variable:ident = $point:expr),*;
        $value:expr; $gradient:expr $(,)?
    ) => {
        #[test]
        fn $name() -> Result<(), gradsmith::Error> {
            #[derive(gradsmith::Objective)]
            #[objective($text, wrt($($wrt)*))]
            struct Identity {
                $($field: $ty),*
            }
            $(let $field: $ty = $datum;)*
            $(let $variable = $point;)*
            let mut problem = Identity { $($field: $field.clone()),* }.prepare()?;
            let x = flat!($($variable),*);
            consistent(&mut problem, &x);
            close([&problem.value(&x)?], [&$value], 1e-13);
            let gradient: Vec<f64> = $gradient;
            close(&problem.gradient(&x)?, &gradient, 1e-12);
            Ok(())
        }
    };
}
pub(crate) use identity;
