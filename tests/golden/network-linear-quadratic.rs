#[network(11 -> 1 linear)]
#[cost(quadratic)]
pub struct LeastSquares;
