// A Hessian of blocks: diagonal, full, and mixed.
// Pinned: hessian_into
#[objective("sum(exp(s*w)) + t^2*dot(c, w)", wrt(s: scalar, t: scalar, w: vector))]
struct Blocks<'a> {
    c: ArrayView1<'a, f64>,
}
