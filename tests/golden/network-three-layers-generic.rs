// All at once.
// Pinned: predict_into
#[network(4 -> 8 leaky_relu(0.2) -> 8 gelu -> 3 softmax)]
#[cost(categorical_cross_entropy(smoothing = 0.1) + elastic_net(lambda, 0.5) + l2(mu, b))]
pub struct Deep<T> {
    lambda: T,
    mu: T,
}
