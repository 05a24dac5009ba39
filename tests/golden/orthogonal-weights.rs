// Products of a weight with itself.
// Pinned: d_weight_into
#[cost(cosine + orthogonal(lambda))]
struct Orthogonal {
    lambda: f64,
}
