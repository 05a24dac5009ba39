// Small enough to be one function.
// Pinned: hessian_vector_product
#[network(2 -> 3 sigmoid -> 1 sigmoid)]
#[cost(quadratic)]
pub struct Xor;
