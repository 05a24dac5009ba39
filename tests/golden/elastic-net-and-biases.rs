// Penalties of weights and of biases.
// Pinned: d_bias_into
#[cost(mse + elastic_net(lambda, 0.5) + l2(mu, b))]
struct ElasticNet {
    lambda: f32,
    mu: f32,
}
