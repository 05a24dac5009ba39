// Losses beside each other, and a constant.
// Pinned: data
#[cost(0.5 * mae + quadratic + l1(mu) + 3)]
struct Mixed {
    mu: f64,
}
