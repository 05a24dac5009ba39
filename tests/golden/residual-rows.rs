// Least squares: the product with J'J, never J.
// Pinned: gauss_newton_product_into
#[residual("tanh(X*w) - y", wrt(w: vector))]
struct Curve<'a> {
    X: ArrayView2<'a, f64>,
    y: ArrayView1<'a, f64>,
}
