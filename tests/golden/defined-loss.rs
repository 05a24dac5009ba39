// A loss of the user's own.
// Pinned: d_activation_into
#[define("pseudo_huber(d) = d^2 * sum(sqrt(1 + ((a - y)/d).^2) - 1)")]
#[cost(pseudo_huber(delta) + group_lasso(lambda))]
struct Robust {
    delta: f64,
    lambda: f64,
}
