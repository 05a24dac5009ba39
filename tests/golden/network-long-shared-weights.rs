// Weights that serve twice.
// Pinned: predict_into
#[network("h = tanh(W*x + b); g = tanh(W*h + b); a = V*g + c", x: 6, W: 6 x 6, b: 6, V: 2 x 6, c: 2)]
#[cost(mse + l2(lambda))]
pub struct Shared {
    lambda: f64,
}
