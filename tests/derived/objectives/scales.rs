//! What does not depend on the scale of its argument, in single precision at scales whose squares are out of range:
//! values and gradients against those at scale 1 in double precision.

use gradsmith::{Objective, Scalar};
use ndarray::{Array1, Array2};

/// For each expression a struct with the data `y` and `A`, and a check of it.
macro_rules! free_of_scale {
    ($($name:ident: $expr:literal;)+) => { $(
        mod $name {
            use super::*;

            #[derive(Objective)]
            #[objective($expr, wrt(x: vector[3]))]
            struct Problem<T: Scalar> {
                #[allow(dead_code, reason = "not every expression reads it")]
                y: Array1<T>,
                #[allow(dead_code, reason = "not every expression reads it")]
                A: Array2<T>,
            }

            #[test]
            fn at_every_scale() {
                let y = [0.5, -2.0, 1.25];
                let a = [1.0, 2.0, -0.5, 0.25, 3.0, 1.5, -1.0, 0.75, 2.0];
                let x = [3.0, -1.0, 2.0];
                let exact = Problem {
                    y: Array1::from(y.to_vec()),
                    A: Array2::from_shape_vec((3, 3), a.to_vec()).expect("nine entries"),
                };
                let mut exact = exact.prepare().expect("shapes that fit");
                let (value, gradient) = exact.value_and_gradient(&x).expect("numbers");
                let single = |scale: f32, data: &[f64]| data.iter().map(|&v| v as f32 * scale).collect::<Vec<_>>();
                for scale in [1e-20_f32, 1e-12, 1.0, 1e12, 1e19, 1e20] {
                    let problem = Problem {
                        y: Array1::from(single(scale, &y)),
                        A: Array2::from_shape_vec((3, 3), single(1.0, &a)).expect("nine entries"),
                    };
                    let mut problem = problem.prepare().expect("shapes that fit");
                    let (got, slope) = problem.value_and_gradient(&single(scale, &x)).expect("numbers");
                    let near = |got: f64, want: f64| (got - want).abs() <= 4e-6 * want.abs().max(1.0);
                    assert!(near(f64::from(got), value), "{} at {scale}: {got}, not {value}", $expr);
                    for (got, want) in slope.iter().zip(&gradient) {
                        let got = f64::from(*got) * f64::from(scale);
                        assert!(near(got, *want), "{} at {scale}: slope {got}, not {want}", $expr);
                    }
                }
            }
        }
    )+ };
}

free_of_scale! {
    cosine: "1 - dot(x, y)/(norm2(x)*norm2(y))";
    squared_cosine: "dot(x, y)^2/(dot(x, x)*dot(y, y))";
    normalised: "sum((x/norm2(x)).^3)";
    normalised_by_root: "sum((x/sqrt(sum(x.^2))).^3)";
    distance_of_directions: "norm2(x/norm2(x) - y/norm2(y))^2";
    rayleigh_quotient: "x'*A*x/(x'*x)";
    gain: "norm2(A*x)/norm2(x)";
}
