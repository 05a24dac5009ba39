// A way around a layer.
// Pinned: predict_into
#[network("h = tanh(W1*x + b1); a = softmax(W2*h + V*x + b2)",
          x: 784, W1: 100 x 784, b1: 100, W2: 10 x 100, V: 10 x 784, b2: 10)]
#[cost(categorical_cross_entropy + l2(lambda))]
pub struct Skip {
    lambda: f64,
}
