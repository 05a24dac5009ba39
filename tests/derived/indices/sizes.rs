//! Neighbours, windows, triangles and running sums of few entries and of many: where rows have no inside, where
//! they are shorter than a vector, and where sums run in lanes.

use crate::checks::{consistent, vector};
use gradsmith::Error;

/// Checks the derivatives of what `prepare` makes of each size, at so many numbers.
macro_rules! at_sizes {
    ($subject:expr, $sizes:expr, $entries:expr) => {
        for n in $sizes {
            let mut problem = $subject.prepare(n)?;
            consistent(&mut problem, vector($entries(n), 7).as_slice().expect("one piece"));
        }
    };
}

#[derive(gradsmith::Objective)]
#[objective("sum[i]((x[i+2] - 2*x[i+1] + x[i])^2*x[i+1]^2) + sum[i]((x[i+1] - x[i]^2)^2)", wrt(x: vector))]
struct Differences;

#[derive(gradsmith::Objective)]
#[objective("sum[i](sum[j](where(j < i, x[j]^2, 0))*sin(x[i])) + sum(cumsum(x.^2).*x)", wrt(x: vector))]
struct Triangle;

#[derive(gradsmith::Objective)]
#[objective(
    "sum[i, j]((4*pad(X, 1, 1)[i+1, j+1] - pad(X, 1, 1)[i, j+1] - pad(X, 1, 1)[i+2, j+1] \
     - pad(X, 1, 1)[i+1, j] - pad(X, 1, 1)[i+1, j+2])^2*X[i, j]^2)",
    wrt(X: matrix[_, 3])
)]
struct Laplacian;

#[derive(gradsmith::Objective)]
#[objective("sum[i in 0..3](sum[k in 0..3](exp(-k)*x[2*i + k])^3) + sum[i](x[i]*x[len(x) - 1 - i]^2)", wrt(x: vector))]
struct Strides;

#[derive(gradsmith::Objective)]
#[objective("sum[i, j](where(i <= j, (x[i] - x[j])^2*x[i], 0)) + sum[i](abs(x[i+1] - x[i])^3)", wrt(x: vector))]
struct Pairs;

const SIZES: [usize; 9] = [1, 2, 3, 4, 5, 8, 9, 33, 70];

#[test]
fn differences_of_any_order() -> Result<(), Error> {
    at_sizes!(Differences, SIZES.into_iter().skip(1), |n| n);
    Ok(())
}

#[test]
fn triangles_and_running_sums() -> Result<(), Error> {
    at_sizes!(Triangle, SIZES, |n| n);
    at_sizes!(Pairs, SIZES, |n| n);
    Ok(())
}

#[test]
fn neighbours_on_a_grid() -> Result<(), Error> {
    at_sizes!(Laplacian, [1, 2, 3, 7, 20], |n| 3 * n);
    Ok(())
}

#[test]
fn strides_and_reversals() -> Result<(), Error> {
    at_sizes!(Strides, [7, 8, 9, 34, 71], |n| n);
    Ok(())
}
