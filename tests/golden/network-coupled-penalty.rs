// A penalty in which tensors meet.
// Pinned: value
#[network(3 -> 2 sigmoid)]
#[cost(quadratic + lambda * norm2(w1)^2 * norm2(b1)^2)]
pub struct Coupled {
    lambda: f64,
}
