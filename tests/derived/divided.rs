//! Objectives whose rows are divided among ranks: values and derivatives are those of all rows, and have the same bits
//! on any number of ranks.

#![allow(non_snake_case, reason = "matrices have capital letters, as in the textbook")]

use gradsmith::ranks::{Ranks, Reduction};
use gradsmith::{Error, Objective, Rng};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, s};

mod threads {
    gradsmith_test_support::threads_as_ranks!(gradsmith);
}
use threads::{Thread, ranks};

/// What all methods give at a point.
#[derive(Clone, Debug, PartialEq)]
struct All {
    value: f64,
    both: f64,
    gradient: Array1<f64>,
    product: Array1<f64>,
    hessian: Array2<f64>,
}

impl All {
    fn of(mut problem: impl Objective<Scalar = f64>) -> Result<Self, Error> {
        let n = problem.len();
        let x: Vec<f64> = (0..n).map(|k| 0.3 - 0.1 * k as f64).collect();
        let v: Vec<f64> = (0..n).map(|k| 0.2 * k as f64 - 0.5).collect();
        let mut gradient = vec![0.0; n];
        let both = problem.value_and_gradient_into(&x, &mut gradient)?;
        let value = problem.value(&x)?;
        let alone = problem.gradient(&x)?;
        near("gradients", alone.as_slice().unwrap(), &gradient);
        Ok(Self {
            value,
            both,
            gradient: alone,
            product: problem.hessian_vector_product(&x, &v)?,
            hessian: problem.hessian(&x)?,
        })
    }

    fn is_near(&self, other: &Self) {
        near("values", &[self.value, self.both], &[other.value, other.both]);
        near("gradients", self.gradient.as_slice().unwrap(), other.gradient.as_slice().unwrap());
        near("products", self.product.as_slice().unwrap(), other.product.as_slice().unwrap());
        near("Hessians", self.hessian.as_slice().unwrap(), other.hessian.as_slice().unwrap());
    }
}

#[track_caller]
fn near(what: &str, a: &[f64], b: &[f64]) {
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= 1e-11 * (1.0 + b.abs()), "{what}: {a} and {b}");
    }
}

/// Rows by chance.
struct Rows {
    x: Array2<f64>,
    y: Array1<f64>,
}

impl Rows {
    fn of(n: usize) -> Self {
        let mut rng = Rng::new(7 + n as u64);
        let mut number = || 2.0 * rng.uniform() - 1.0;
        let x = Array2::from_shape_simple_fn((n, 4), &mut number);
        let y = Array1::from_shape_simple_fn(n, &mut number);
        Self { x, y }
    }
}

/// An objective as it is, and one that may be divided, of one formula.
macro_rules! both {
    ($($name:ident: $text:literal),* $(,)?) => {$(
        mod $name {
            use super::*;

            #[derive(Objective)]
            #[objective($text, wrt(w: vector[4]), data(X: matrix[n, 4], y: vector[n]))]
            struct Whole<'a> {
                X: ArrayView2<'a, f64>,
                y: ArrayView1<'a, f64>,
                #[allow(dead_code, reason = "not every formula reads every field")]
                lambda: f64,
            }

            #[derive(Objective)]
            #[objective($text, wrt(w: vector[4]), data(X: matrix[n, 4], y: vector[n]), divided(X))]
            struct Divided<'a> {
                X: ArrayView2<'a, f64>,
                y: ArrayView1<'a, f64>,
                #[allow(dead_code, reason = "not every formula reads every field")]
                lambda: f64,
            }

            fn on_a_rank(rank: &Thread<'_>, rows: &Rows) -> Result<All, Error> {
                let own = rank.rows(rows.y.len());
                let (X, y) = (rows.x.slice(s![own.clone(), ..]), rows.y.slice(s![own]));
                All::of(Divided { X, y, lambda: 0.3 }.prepare_among(rank)?)
            }

            #[test]
            fn has_the_same_bits_on_any_number_of_ranks() {
                for n in [1, 3, 70, 1_003, 5_000] {
                    let rows = Rows::of(n);
                    let (X, y) = (rows.x.view(), rows.y.view());
                    let whole = All::of(Whole { X, y, lambda: 0.3 }.prepare().unwrap()).unwrap();
                    let alone = All::of(Divided { X, y, lambda: 0.3 }.prepare().unwrap()).unwrap();
                    alone.is_near(&whole);
                    for number in 1..=4 {
                        for found in ranks(number, |rank| on_a_rank(rank, &rows)) {
                            assert_eq!(found.as_ref(), Ok(&alone), "{n} rows on {number} ranks");
                        }
                    }
                    for found in ranks(3, |rank| on_a_rank(&rank.with(Reduction::Fast), &rows)) {
                        found.unwrap().is_near(&whole);
                    }
                }
                assert!(Divided::DIVIDED.contains(&"X"));
            }
        }
    )*};
}

both! {
    logistic: "mean(log(1 + exp(-y .* (X*w)))) + lambda/2 * norm2(w)^2",
    sum_and_penalty: "sum((X*w - y).^2) + lambda * sum(w.^4)",
    rmse: "sqrt(mean((X*w - y).^2)) + lambda * norm2(w)^2",
    ratio: "sum(exp(X*w)) / sum(y.^2 + 1) * mean(X*w .* y)",
    // Sums that rows ask for: two passes, and more for derivatives.
    standardised: "r = X*w; c = r - mean(r); log(mean(c.^2) + lambda) + mean(tanh(c / sqrt(mean(c.^2) + 1)))",
    columns: "m = X'*(X*w - y); norm2(m)^2 / rows(X) + mean(X) * sum(w)",
    branches: "s = mean(X*w); where(s > 0, sum((X*w - y).^2), mean(exp(X*w))) + sum(where(X*w > y, X*w, y))",
    elastic: "sum(log(cosh(X*w - y))) + lambda*sum(abs(w)) + sum[i, j](X[i, j]^2 * w[j]^2 * y[i])",
}

/// By entries that data name: the Hessian is no sum over rows, and found by its products.
macro_rules! ratings {
    ($($name:ident $($divided:ident)?),*) => {$(
        #[derive(Objective)]
        #[objective(
            "sum[k]((dot(U[i[k], :], V[j[k], :]) - r[k])^2) + lambda*(norm2(U)^2 + norm2(V)^2)",
            wrt(U: matrix[7, 2], V: matrix[5, 2]),
            data(i: indices[n], j: indices[n], r: vector[n])
            $(, $divided(r))?
        )]
        struct $name {
            i: Vec<usize>,
            j: Vec<usize>,
            r: Vec<f64>,
            lambda: f64,
        }

        impl $name {
            fn of(rows: std::ops::Range<usize>) -> Self {
                Self {
                    i: rows.clone().map(|k| k * k % 7).collect(),
                    j: rows.clone().map(|k| k * 3 % 5).collect(),
                    r: rows.map(|k| (k % 11) as f64 * 0.1).collect(),
                    lambda: 0.25,
                }
            }
        }
    )*};
}

ratings!(Ratings, DividedRatings divided);

#[test]
fn entries_that_data_name_are_summed_up_by_all() {
    for n in [4, 500] {
        let whole = All::of(Ratings::of(0..n).prepare().unwrap()).unwrap();
        let alone = All::of(DividedRatings::of(0..n).prepare().unwrap()).unwrap();
        alone.is_near(&whole);
        for number in 1..=4 {
            let found = ranks(number, |rank| All::of(DividedRatings::of(rank.rows(n)).prepare_among(rank)?));
            assert!(found.iter().all(|f| f.as_ref() == Ok(&alone)), "{n} rows on {number} ranks");
        }
    }
}
