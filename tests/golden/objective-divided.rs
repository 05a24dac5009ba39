// Rows that may be among several processes: all that runs along them in blocks, in two passes for the gradient of a root.
// Pinned: all
#[objective("sqrt(mean((X*w - y).^2)) + lambda*sum(w.^4)", wrt(w: vector), divided(X))]
struct RootMeanSquare<'a> {
    X: ArrayView2<'a, f64>,
    y: ArrayView1<'a, f64>,
    lambda: f64,
}
