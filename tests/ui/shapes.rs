//! Shapes that do not fit.

use gradsmith::{Cost, Network};

#[derive(Cost)]
#[cost(sum(a * y))]
struct VectorProduct;

#[derive(Cost)]
#[cost(sum((a - y) * (a + y)))]
struct VectorProductOfSums;

#[derive(Cost)]
#[cost(sum((a - y)^2))]
struct VectorPower;

#[derive(Cost)]
#[cost(sum(a / y))]
struct VectorDivision;

#[derive(Cost)]
#[cost((a - y).^2)]
struct NotAScalar;

#[derive(Cost)]
#[cost(quadratic + sum(w + a))]
struct MatrixAndVector;

#[derive(Cost)]
#[cost(quadratic + tr(w)^0.5 + sum(w^0.5))]
struct MatrixPower;

#[derive(Cost)]
#[cost(sum(a < y))]
struct Condition;

#[derive(Cost)]
#[cost(sum(where(a, a, y)))]
struct NoCondition;

#[derive(Network)]
#[network("h = tanh(W*x + b); a = V*h", x: 3, W: 4 x 3, b: 4, V: 2 x 5)]
#[cost(quadratic)]
struct Layers;

#[derive(Network)]
#[network("a = W*x + b", x: 3, W: 2 x 3, b: 4)]
#[cost(quadratic)]
struct Bias;

fn main() {}
