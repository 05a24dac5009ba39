// The book's network.
// Pinned: all
#[network(784 -> 100 sigmoid -> 10 sigmoid)]
#[cost(cross_entropy + l2(lambda / n))]
pub struct Digits {
    lambda: f64,
    n: f64,
}
