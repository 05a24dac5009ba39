// One layer, one output.
// Pinned: predict_into
#[network(11 -> 1 linear)]
#[cost(quadratic)]
pub struct LeastSquares;
