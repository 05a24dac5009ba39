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

fn main() {}
