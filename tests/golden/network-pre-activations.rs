// A cost of what activations are given.
// Pinned: value
#[network(3 -> 2 sigmoid)]
#[cost(quadratic + 0.01 * sum(z.^2) + activity_l1(mu))]
pub struct PreActivation {
    mu: f64,
}
