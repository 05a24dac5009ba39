//! Constants that are infinite or undefined.

use gradsmith::{Cost, Network, Objective};

#[derive(Objective)]
#[objective("1/0*s", wrt(s: scalar))]
struct Infinite;

#[derive(Objective)]
#[objective(sum(x)/0 + 1, wrt(x: vector))]
struct DividedByZero;

#[derive(Objective)]
#[objective("sum(x ./ (1 - 1)) + sum(x)*log(0)", wrt(x: vector))]
struct Two;

#[derive(Objective)]
#[objective("s*sqrt(-1) + 0/0", wrt(s: scalar))]
struct Undefined;

#[derive(Objective)]
#[objective("1e200*1e200*s", wrt(s: scalar))]
struct TooMuch;

#[derive(Objective)]
#[objective("top = 1/0; max(s, top) + 2*top", wrt(s: scalar))]
struct NotABound;

#[derive(Objective)]
#[objective("where(s < 1/0, s, 0) + max(s, 0/0)", wrt(s: scalar))]
struct Compared;

#[derive(Cost)]
#[cost(quadratic/0 + huber(1/0))]
struct OfACost;

#[derive(Network)]
#[network("a = sigmoid(1/0*W*x + b)", x: 3, W: 2 x 3, b: 2)]
#[cost(quadratic + l2(0^-1))]
struct OfANetwork;

// Constants that the precision does not hold.
#[derive(Objective)]
#[objective("1e300*norm2(x - y)^2", wrt(x: vector))]
struct TooMuchForSingle {
    y: Vec<f32>,
}

#[derive(Objective)]
#[objective("sum(log(x + 1e-60))", wrt(x: vector))]
#[gradsmith(scalar = f32)]
struct TooLittleForSingle;

#[derive(Objective)]
#[objective("(1e-30*s)^2", wrt(s: scalar))]
#[gradsmith(scalar = f32)]
struct SquaredForSingle;

#[derive(Cost)]
#[cost(quadratic + 1e40*l2(lambda))]
struct CostOfSingle {
    lambda: f32,
}

#[derive(Network)]
#[network(3 -> 2 sigmoid)]
#[cost(1e39*quadratic + l2(lambda))]
struct NetworkOfSingle {
    lambda: f32,
}

// A derivative of which is 2e308 t, and no number holds 2e308.
#[derive(Objective)]
#[objective("1e308*s*t + 1e308*s*t", wrt(s: scalar, t: scalar))]
struct TooMuchForADerivative;

// 0 log(0) is 0, 0/0 and 0 (1/0) are nothing.
#[derive(Objective)]
#[objective("0*(1/0)*s + 0*log(0)*s + 2*log(0)*s", wrt(s: scalar))]
struct NotALogarithm;

fn main() {}
