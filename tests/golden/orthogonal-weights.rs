#[cost(cosine + orthogonal(lambda))]
struct Orthogonal {
    lambda: f64,
}
