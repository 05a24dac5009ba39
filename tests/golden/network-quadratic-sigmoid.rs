// Small enough to be one function.
// Pinned: predict_into
#[network(2 -> 3 sigmoid -> 1 sigmoid)]
#[cost(quadratic)]
pub struct Xor;
