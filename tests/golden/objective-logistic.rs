// Logistic regression: value and gradient in one pass over blocks of rows.
// Pinned: all
#[objective("mean(log(1 + exp(-y .* (X*w)))) + lambda/2 * norm2(w)^2", wrt(w: vector))]
struct Logistic<'a> {
    X: ArrayView2<'a, f64>,
    y: ArrayView1<'a, f64>,
    lambda: f64,
}
