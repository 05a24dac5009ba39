//! Problems of W. Hock and K. Schittkowski, "Test examples for nonlinear programming codes", Springer 1981, from the
//! starts given there: the value known, and what is 0 at a minimum.

use gradsmith::fit::{Ended, FitError, Minimise, Minimum};
use gradsmith::{Constrained, Error, Objective};

/// A problem: its number, its start, the value at the minimum.
struct Known {
    number: u32,
    start: &'static [f64],
    value: f64,
    problem: fn() -> Result<Box<dyn Constrained<Scalar = f64>>, Error>,
}

macro_rules! problems {
    ($($number:literal $name:ident $start:tt $value:literal: $text:literal, $wrt:tt $(, bounds $bounds:tt)? $(, st $st:tt)?;)*) => {
        $(
            #[derive(Objective)]
            #[objective($text, wrt $wrt $(, bounds $bounds)? $(, st $st)?)]
            struct $name;
        )*

        const KNOWN: &[Known] = &[$(Known {
            number: $number,
            start: &$start,
            value: $value,
            problem: || Ok(Box::new($name.prepare()?)),
        }),*];
    };
}

problems! {
    1 Hs1 [-2.0, 1.0] 0.0: "100*(x[1] - x[0]^2)^2 + (1 - x[0])^2", (x: vector[2]), bounds(x[1] >= -1.5);
    3 Hs3 [10.0, 1.0] 0.0: "x[1] + 1e-5*(x[1] - x[0])^2", (x: vector[2]), bounds(x[1] >= 0);
    4 Hs4 [1.125, 0.125] 2.666_666_667: "(x[0] + 1)^3/3 + x[1]", (x: vector[2]), bounds(x[0] >= 1, x[1] >= 0);
    5 Hs5 [0.0, 0.0] -1.913_222_955: "sin(x[0] + x[1]) + (x[0] - x[1])^2 - 1.5*x[0] + 2.5*x[1] + 1",
        (x: vector[2]), bounds(-1.5 <= x[0] <= 4, -3 <= x[1] <= 3);
    6 Hs6 [-1.2, 1.0] 0.0: "(1 - x[0])^2", (x: vector[2]), st("10*(x[1] - x[0]^2) == 0");
    7 Hs7 [2.0, 2.0] -1.732_050_808: "log(1 + x[0]^2) - x[1]", (x: vector[2]), st("(1 + x[0]^2)^2 + x[1]^2 == 4");
    9 Hs9 [0.0, 0.0] -0.5: "sin(pi*x[0]/12)*cos(pi*x[1]/16)", (x: vector[2]), st("4*x[0] - 3*x[1] == 0");
    10 Hs10 [-10.0, 10.0] -1.0: "x[0] - x[1]", (x: vector[2]), st("-3*x[0]^2 + 2*x[0]*x[1] - x[1]^2 + 1 >= 0");
    11 Hs11 [4.9, 0.1] -8.498_464_223: "(x[0] - 5)^2 + x[1]^2 - 25", (x: vector[2]), st("x[1] >= x[0]^2");
    12 Hs12 [0.0, 0.0] -30.0: "x[0]^2/2 + x[1]^2 - x[0]*x[1] - 7*x[0] - 7*x[1]", (x: vector[2]),
        st("4*x[0]^2 + x[1]^2 <= 25");
    14 Hs14 [2.0, 2.0] 1.393_464_981: "(x[0] - 2)^2 + (x[1] - 1)^2", (x: vector[2]),
        st("x[0]^2/4 + x[1]^2 <= 1", "x[0] - 2*x[1] + 1 == 0");
    15 Hs15 [-2.0, 1.0] 306.5: "100*(x[1] - x[0]^2)^2 + (1 - x[0])^2", (x: vector[2]), bounds(x[0] <= 0.5),
        st("x[0]*x[1] >= 1", "x[0] + x[1]^2 >= 0");
    18 Hs18 [2.0, 2.0] 5.0: "0.01*x[0]^2 + x[1]^2", (x: vector[2]), bounds(2 <= x[0] <= 50, 0 <= x[1] <= 50),
        st("x[0]*x[1] >= 25", "norm2(x)^2 >= 25");
    19 Hs19 [20.1, 5.84] -6_961.813_88: "(x[0] - 10)^3 + (x[1] - 20)^3", (x: vector[2]),
        bounds(13 <= x[0] <= 100, 0 <= x[1] <= 100),
        st("(x[0] - 5)^2 + (x[1] - 5)^2 >= 100", "(x[1] - 5)^2 + (x[0] - 6)^2 <= 82.81");
    21 Hs21 [-1.0, -1.0] -99.96: "0.01*x[0]^2 + x[1]^2 - 100", (x: vector[2]), bounds(2 <= x[0] <= 50, -50 <= x[1] <= 50),
        st("10*x[0] - x[1] >= 10");
    22 Hs22 [2.0, 2.0] 1.0: "(x[0] - 2)^2 + (x[1] - 1)^2", (x: vector[2]), st("sum(x) <= 2", "x[0]^2 <= x[1]");
    23 Hs23 [3.0, 1.0] 2.0: "norm2(x)^2", (x: vector[2]), bounds(-50 <= x <= 50),
        st("sum(x) >= 1", "norm2(x)^2 >= 1", "9*x[0]^2 + x[1]^2 >= 9", "x[0]^2 >= x[1]", "x[1]^2 >= x[0]");
    24 Hs24 [1.0, 0.5] -1.0: "((x[0] - 3)^2 - 9)*x[1]^3/(27*sqrt(3))", (x: vector[2]), bounds(x >= 0),
        st("x[0]/sqrt(3) >= x[1]", "0 <= x[0] + sqrt(3)*x[1] <= 6");
    27 Hs27 [2.0, 2.0, 2.0] 0.04: "0.01*(x[0] - 1)^2 + (x[1] - x[0]^2)^2", (x: vector[3]), st("x[0] + x[2]^2 + 1 == 0");
    28 Hs28 [-4.0, 1.0, 1.0] 0.0: "(x[0] + x[1])^2 + (x[1] + x[2])^2", (x: vector[3]),
        st("sum[i]((i + 1)*x[i]) == 1");
    29 Hs29 [1.0, 1.0, 1.0] -22.627_416_998: "-prod[i](x[i])", (x: vector[3]),
        st("x[0]^2 + 2*x[1]^2 + 4*x[2]^2 <= 48");
    30 Hs30 [1.0, 1.0, 1.0] 1.0: "norm2(x)^2", (x: vector[3]),
        bounds(1 <= x[0] <= 10, -10 <= x[1] <= 10, -10 <= x[2] <= 10), st("x[0]^2 + x[1]^2 >= 1");
    31 Hs31 [1.0, 1.0, 1.0] 6.0: "9*x[0]^2 + x[1]^2 + 9*x[2]^2", (x: vector[3]),
        bounds(-10 <= x[0] <= 10, 1 <= x[1] <= 10, -10 <= x[2] <= 1), st("x[0]*x[1] >= 1");
    32 Hs32 [0.1, 0.7, 0.2] 1.0: "(x[0] + 3*x[1] + x[2])^2 + 4*(x[0] - x[1])^2", (x: vector[3]), bounds(x >= 0),
        st("6*x[1] + 4*x[2] - x[0]^3 >= 3", "sum(x) == 1");
    34 Hs34 [0.0, 1.05, 2.9] -0.834_032_445: "-x[0]", (x: vector[3]),
        bounds(0 <= x[0] <= 100, 0 <= x[1] <= 100, 0 <= x[2] <= 10), st("x[1] >= exp(x[0])", "x[2] >= exp(x[1])");
    35 Hs35 [0.5, 0.5, 0.5] 0.111_111_111:
        "9 - 8*x[0] - 6*x[1] - 4*x[2] + 2*x[0]^2 + 2*x[1]^2 + x[2]^2 + 2*x[0]*x[1] + 2*x[0]*x[2]", (x: vector[3]),
        bounds(x >= 0), st("x[0] + x[1] + 2*x[2] <= 3");
    36 Hs36 [10.0, 10.0, 10.0] -3_300.0: "-prod[i](x[i])", (x: vector[3]),
        bounds(0 <= x[0] <= 20, 0 <= x[1] <= 11, 0 <= x[2] <= 42), st("x[0] + 2*x[1] + 2*x[2] <= 72");
    37 Hs37 [10.0, 10.0, 10.0] -3_456.0: "-prod[i](x[i])", (x: vector[3]), bounds(0 <= x <= 42),
        st("0 <= x[0] + 2*x[1] + 2*x[2] <= 72");
    39 Hs39 [2.0, 2.0, 2.0, 2.0] -1.0: "-x[0]", (x: vector[4]),
        st("x[1] - x[0]^3 - x[2]^2 == 0", "x[0]^2 - x[1] - x[3]^2 == 0");
    40 Hs40 [0.8, 0.8, 0.8, 0.8] -0.25: "-prod[i](x[i])", (x: vector[4]),
        st("x[0]^3 + x[1]^2 == 1", "x[0]^2*x[3] == x[2]", "x[3]^2 == x[1]");
    42 Hs42 [1.0, 1.0, 1.0, 1.0] 13.857_864_376: "sum[i]((x[i] - i - 1)^2)", (x: vector[4]),
        st("x[0] == 2", "x[2]^2 + x[3]^2 == 2");
    43 Hs43 [0.0, 0.0, 0.0, 0.0] -44.0:
        "x[0]^2 + x[1]^2 + 2*x[2]^2 + x[3]^2 - 5*x[0] - 5*x[1] - 21*x[2] + 7*x[3]", (x: vector[4]),
        st("norm2(x)^2 + x[0] - x[1] + x[2] - x[3] <= 8",
            "x[0]^2 + 2*x[1]^2 + x[2]^2 + 2*x[3]^2 - x[0] - x[3] <= 10",
            "2*x[0]^2 + x[1]^2 + x[2]^2 + 2*x[0] - x[1] - x[3] <= 5");
    48 Hs48 [3.0, 5.0, -3.0, 2.0, -2.0] 0.0: "(x[0] - 1)^2 + (x[1] - x[2])^2 + (x[3] - x[4])^2", (x: vector[5]),
        st("sum(x) == 5", "x[2] - 2*(x[3] + x[4]) == -3");
    71 Hs71 [1.0, 5.0, 5.0, 1.0] 17.014_017_3: "x[0]*x[3]*(x[0] + x[1] + x[2]) + x[2]", (x: vector[4]),
        bounds(1 <= x <= 5), st("prod[i](x[i]) >= 25", "norm2(x)^2 == 40");
    76 Hs76 [0.5, 0.5, 0.5, 0.5] -4.681_818_182:
        "x[0]^2 + x[1]^2/2 + x[2]^2 + x[3]^2/2 - x[0]*x[2] + x[2]*x[3] - x[0] - 3*x[1] + x[2] - x[3]", (x: vector[4]),
        bounds(x >= 0),
        st("x[0] + 2*x[1] + x[2] + x[3] <= 5", "3*x[0] + x[1] + 2*x[2] - x[3] <= 4", "x[1] + 4*x[2] >= 1.5");
    78 Hs78 [-2.0, 1.5, 2.0, -1.0, -1.0] -2.919_700_41: "prod[i](x[i])", (x: vector[5]),
        st("norm2(x)^2 == 10", "x[1]*x[2] == 5*x[3]*x[4]", "x[0]^3 + x[1]^3 == -1");
    80 Hs80 [-2.0, 2.0, 2.0, -1.0, -1.0] 0.053_949_847_8: "exp(prod[i](x[i]))", (x: vector[5]),
        bounds(-2.3 <= x[0] <= 2.3, -2.3 <= x[1] <= 2.3, -3.2 <= x[2] <= 3.2, -3.2 <= x[3] <= 3.2, -3.2 <= x[4] <= 3.2),
        st("norm2(x)^2 == 10", "x[1]*x[2] == 5*x[3]*x[4]", "x[0]^3 + x[1]^3 == -1");
}

fn found(known: &Known) -> Result<Minimum, FitError> {
    (known.problem)()?.minimise(known.start)
}

#[test]
fn known_minima_are_found() {
    let mut wrong = String::new();
    for known in KNOWN {
        match found(known) {
            Ok(minimum) => {
                let off = (minimum.value - known.value).abs() / known.value.abs().max(1.0);
                if off > 1e-8 || minimum.residual() > 1e-6 || minimum.ended != Ended::Converged {
                    wrong += &format!(
                        "HS{}: off by {off:.1e}, {:.1e}\n{minimum}",
                        known.number,
                        minimum.residual()
                    );
                }
            }
            Err(error) => wrong += &format!("HS{}: {error}\n", known.number),
        }
    }
    assert!(KNOWN.len() >= 25 && wrong.is_empty(), "{wrong}");
}
