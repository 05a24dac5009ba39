// What the book comes to next.
// Pinned: data
#[cost(cross_entropy + l2(lambda / n))]
struct Classification {
    lambda: f64,
    n: f64,
}
