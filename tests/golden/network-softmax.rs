// Single precision.
// Pinned: predict_into
#[network(784 -> 100 relu -> 10 softmax)]
#[cost(categorical_cross_entropy + l2(lambda))]
pub struct Softmax {
    lambda: f32,
}
