// Any scalar.
// Pinned: d_activation_into
#[cost(huber(delta) + l2(lambda))]
struct Generic<T> {
    delta: T,
    lambda: T,
}
