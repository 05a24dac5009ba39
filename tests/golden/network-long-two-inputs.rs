// Two inputs.
// Pinned: predict_into
#[network("a = sigmoid(W*x + V*u + b)", inputs(x, u), x: 5, u: 3, W: 2 x 5, V: 2 x 3, b: 2)]
#[cost(cross_entropy)]
pub struct TwoInputs;
