// One layer, one output: short enough to show a step of gradient descent, and products of second order.
// Pinned: sgd_step, hessian_vector_product, gauss_newton_product
#[network(11 -> 1 linear)]
#[cost(quadratic)]
pub struct LeastSquares;
