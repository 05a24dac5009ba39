//! Mistakes in `bounds(...)` and `st(...)`.
use gradsmith::Objective;

#[derive(Objective)]
#[objective("sum(w.^2)", wrt(w: vector), bounds(w > 0), st("sum(w) = 1"))]
struct Strict;

#[derive(Objective)]
#[objective("sum(w.^2)", wrt(w: vector[3], v: vector[2]), bounds(w >= v, k <= 1, w == k, w[0] >= 2*sum(w), w <= u))]
struct Bounds {
    k: f64,
    u: [f64; 2],
}

#[derive(Objective)]
#[objective("sum(w.^2)", wrt(w: vector[3]), st("w", "w <= u", "sum(w) <= totl", "where(w <= 1, w, 0) <= 1 + "))]
struct Constraints {
    u: [f64; 2],
    total: f64,
}

#[derive(Objective)]
#[objective("sum(w.^2)", wrt(w: vector[3]), st("sum(u) <= total", "sum(w) <= totl", "w <= u"))]
struct OfData {
    u: [f64; 2],
    total: f64,
}

#[derive(Objective)]
#[objective("sum(w.^2)", wrt(w: vector), bounds(), st())]
struct Nothing;

#[derive(Objective)]
#[objective("sum(w.^2)", wrt(w: vector), bounds(w >= 0), bounds(w <= 1), st("sum(w) == 1"), st("w <= 2"))]
struct Twice;

#[derive(Objective)]
#[objective("sum(w.^2)", wrt(w: vector), bounds = 3, st: 4, sth("w <= 1"))]
struct Unlike;

#[derive(Objective)]
#[residual("w - y", wrt(w: vector), bounds(0 <= w <= y <= 3))]
struct Chained {
    y: [f64; 2],
}

fn main() {}
