//! Networks that are none.

use gradsmith::Network;

#[derive(Network)]
#[network("h = tanh(W*x + b)", x: 3, W: 2 x 3, b: 2)]
#[cost(quadratic)]
struct MissingOutput;

#[derive(Network)]
#[network(3 -> 0 sigmoid)]
#[cost(quadratic)]
struct NoUnits;

#[derive(Network)]
#[network(3 -> 2.5 sigmoid)]
#[cost(quadratic)]
struct HalfAUnit;

#[derive(Network)]
#[network(3 -> 99999999999999999999 sigmoid)]
#[cost(quadratic)]
struct TooManyUnits;

#[derive(Network)]
#[network(3 sigmoid -> 2 softmax)]
#[cost(quadratic)]
struct ActivationOfTheInput;

#[derive(Network)]
#[network(3)]
#[cost(quadratic)]
struct NoLayer;

#[derive(Network)]
#[network(3 -> 2)]
#[cost(quadratic)]
struct NoActivation;

#[derive(Network)]
#[network(3 -> 2 norm2)]
#[cost(quadratic)]
struct NotAnActivation;

#[derive(Network)]
#[network(3 - 2 sigmoid)]
#[cost(quadratic)]
struct NotAnArrow;

#[derive(Network)]
#[network("a = W*x + b", x: 3, W: 2 by 3, b: 2)]
#[cost(quadratic)]
struct Declaration;

#[derive(Network)]
#[network("a = W*x + b", inputs(u), x: 3, W: 2 x 3, b: 2)]
#[cost(quadratic)]
struct UnknownInput;

#[derive(Network)]
#[network("a = W*x + b", x: 3, W: 2 x 3, W: 2 x 3, b: 2)]
#[cost(quadratic)]
struct DeclaredTwice;

#[derive(Network)]
#[network("a = W*x + b", inputs(x: 3), W: 2 x 3, b: 2)]
#[cost(quadratic)]
struct InputsWithLengths;

#[derive(Network)]
#[network("a = W*x + b" x: 3, W: 2 x 3, b: 2)]
#[cost(quadratic)]
struct MissingComma;

#[derive(Network)]
#[network()]
#[cost(quadratic)]
struct Nothing;

#[derive(Network)]
#[network(3 -> 2 sigmoid)]
#[cost(quadratic + l2(0.1) * a)]
struct CostNotAScalar;

// Commas in the place of arrows.
#[derive(Network)]
#[network(784, 100, 10)]
#[cost(mse)]
struct Commas;

// A size that is known at run time only.
#[derive(Network)]
#[network(4 -> n relu -> 1 linear)]
#[cost(mse)]
struct SizedLater;

fn main() {}
