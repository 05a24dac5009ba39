// The book's first cost.
// Pinned: all
#[cost(quadratic + l2(lambda / n))]
struct Regression {
    lambda: f64,
    n: f64,
}
