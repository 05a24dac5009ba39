//! Products of second order where `second_order` does not look: single precision, and networks of two inputs.
#![allow(non_snake_case, reason = "matrices have capital letters, as in the formula")]

use crate::checks::matrix;
use gradsmith::{Error, Network, Rng};
use gradsmith_test_support::numbers::difference;
use ndarray::{Array2, concatenate, s};

fn close(what: &str, got: impl IntoIterator<Item = f64>, wanted: &[f64], tolerance: f64) {
    let off = difference(&got.into_iter().collect::<Vec<_>>(), wanted, tolerance, 1e-3);
    assert!(off.is_none(), "{what}: {}", off.unwrap_or_default());
}

/// The same network in single and in double precision.
macro_rules! twins {
    ($($single:ident, $double:ident: $network:meta, $cost:meta, $targets:expr;)*) => {
        $(
            #[derive(gradsmith::Network)]
            #[$network]
            #[$cost]
            #[gradsmith(scalar = f32)]
            struct $single;

            #[derive(gradsmith::Network)]
            #[$network]
            #[$cost]
            struct $double;
        )*

        #[test]
        fn single_precision_is_double_precision_rounded() -> Result<(), Error> {
            $({
                let m = 6;
                let (x, y) = (matrix(m, $double::INPUTS, 1), $targets(m, $double::OUTPUTS));
                let (x32, y32) = (x.mapv(|x| x as f32), y.mapv(|y| y as f32));
                let mut at = <$double as Network>::Parameters::zeros();
                let (mut v, mut out) = (at.clone(), at.clone());
                let mut at32 = <$single as Network>::Parameters::zeros();
                let (mut v32, mut out32) = (at32.clone(), at32.clone());
                let mut rng = Rng::new(5);
                for k in 0..at.as_slice().len() {
                    // What both precisions have.
                    let mut number = || (2.0 * rng.uniform() - 1.0) as f32;
                    (at32.as_mut_slice()[k], v32.as_mut_slice()[k]) = (number(), number());
                    at.as_mut_slice()[k] = f64::from(at32.as_slice()[k]);
                    v.as_mut_slice()[k] = f64::from(v32.as_slice()[k]);
                }
                let x = x32.mapv(f64::from);
                let y = y32.mapv(f64::from);
                let (mut room, mut room32) = ($double.workspace(m), $single.workspace(m));
                $double.gauss_newton_product(&at, x.view(), y.view(), &mut room, &v, &mut out)?;
                $single.gauss_newton_product(&at32, x32.view(), y32.view(), &mut room32, &v32, &mut out32)?;
                let single = out32.as_slice().iter().map(|&x| f64::from(x));
                close(concat!(stringify!($single), ", G v"), single, out.as_slice(), 2e-6);
                $double.hessian_vector_product(&at, x.view(), y.view(), &mut room, &v, &mut out)?;
                $single.hessian_vector_product(&at32, x32.view(), y32.view(), &mut room32, &v32, &mut out32)?;
                let single = out32.as_slice().iter().map(|&x| f64::from(x));
                close(concat!(stringify!($single), ", H v"), single, out.as_slice(), 2e-6);
            })*
            Ok(())
        }
    };
}

fn shares(m: usize, k: usize) -> Array2<f64> {
    let y = matrix(m, k, 2).mapv(|y| y.abs() + 0.1);
    &y / &y.sum_axis(ndarray::Axis(1)).insert_axis(ndarray::Axis(1))
}

twins! {
    Sigmoid32, Sigmoid64: network(5 -> 7 tanh -> 3 sigmoid), cost(cross_entropy + l2(0.1)), shares;
    Softmax32, Softmax64: network(5 -> 8 gelu -> 6 silu -> 4 softmax), cost(categorical_cross_entropy), shares;
    Linear32, Linear64: network(5 -> 7 sin -> 2 linear), cost(log_cosh), |m, k| matrix(m, k, 2);
    Text32, Text64: network("h = tanh(W*x + b); a = V*h + U*x", x: 5, W: 4 x 5, b: 4, V: 2 x 4, U: 2 x 5), cost(mse), |m, k| matrix(m, k, 2);
}

/// Two inputs, and the same network with both as one.
mod two_inputs {
    use super::{Array2, Error, close, concatenate, matrix, s, shares};
    use gradsmith::{Network as _, Rng};

    /// Declares both, and a test that their products are the same.
    macro_rules! the_same {
        ($($test:ident: $two:literal, $one:literal, $cost:meta, $targets:expr;)*) => {
            $(
                #[test]
                fn $test() -> Result<(), Error> {
                    #[derive(gradsmith::Network)]
                    #[network($two, inputs(x, u), x: 3, u: 2, W: 4 x 3, V: 4 x 2, b: 4, A: 2 x 4, c: 2)]
                    #[$cost]
                    struct Two;

                    #[derive(gradsmith::Network)]
                    #[network($one, x: 5, W: 4 x 5, b: 4, A: 2 x 4, c: 2)]
                    #[$cost]
                    struct One;

                    let m = 7;
                    let (x, u) = (matrix(m, 3, 1), matrix(m, 2, 2));
                    let both = concatenate![ndarray::Axis(1), x, u];
                    let y: Array2<f64> = $targets(m, 2);
                    let fill = |seed: u64| {
                        let (mut two, mut rng) = (TwoParameters::zeros(), Rng::new(seed));
                        two.as_mut_slice().fill_with(|| 2.0 * rng.uniform() - 1.0);
                        (joined(&two), two)
                    };
                    fn joined(two: &TwoParameters) -> OneParameters {
                        let mut one = OneParameters::zeros();
                        one.W_mut().slice_mut(s![.., ..3]).assign(&two.W());
                        one.W_mut().slice_mut(s![.., 3..]).assign(&two.V());
                        one.b_mut().assign(&two.b());
                        one.A_mut().assign(&two.A());
                        one.c_mut().assign(&two.c());
                        one
                    }
                    let ((at1, at2), (v1, v2)) = (fill(3), fill(4));
                    let (mut room1, mut room2) = (One.workspace(m), Two.workspace(m));
                    let (mut out1, mut out2) = (OneParameters::zeros(), TwoParameters::zeros());
                    One.gauss_newton_product(&at1, both.view(), y.view(), &mut room1, &v1, &mut out1)?;
                    Two.gauss_newton_product(&at2, x.view(), u.view(), y.view(), &mut room2, &v2, &mut out2)?;
                    close("G v", joined(&out2).as_slice().iter().copied(), out1.as_slice(), 1e-13);
                    One.hessian_vector_product(&at1, both.view(), y.view(), &mut room1, &v1, &mut out1)?;
                    Two.hessian_vector_product(&at2, x.view(), u.view(), y.view(), &mut room2, &v2, &mut out2)?;
                    close("H v", joined(&out2).as_slice().iter().copied(), out1.as_slice(), 1e-13);
                    Ok(())
                }
            )*
        };
    }

    the_same! {
        regression: "h = tanh(W*x + V*u + b); a = A*h + c", "h = tanh(W*x + b); a = A*h + c",
            cost(quadratic + l2(0.1)), |m, k| matrix(m, k, 5);
        classes: "h = tanh(W*x + V*u + b); a = softmax(A*h + c)", "h = tanh(W*x + b); a = softmax(A*h + c)",
            cost(categorical_cross_entropy), shares;
        units: "h = sin(W*x + V*u + b); a = sigmoid(A*h + c)", "h = sin(W*x + b); a = sigmoid(A*h + c)",
            cost(cross_entropy), shares;
    }
}
