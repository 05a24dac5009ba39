// A penalty for each layer.
// Pinned: predict_into
#[network(5 -> 4 tanh -> 1 exp)]
#[cost(poisson + l1(mu, w1) + l2(lambda, w2))]
pub struct Counts {
    mu: f64,
    lambda: f64,
}
