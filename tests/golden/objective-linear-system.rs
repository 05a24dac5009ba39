// A likelihood of Gauss: one factorisation for a system, a logarithm and the gradient.
// Pinned: value_and_gradient_into
#[objective("y'*solve(K + s^2*eye, y)/2 + logdet(K + s^2*eye)/2", wrt(s: scalar, y: vector))]
struct GaussianProcess<'a> {
    K: ArrayView2<'a, f64>,
}
