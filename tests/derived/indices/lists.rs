//! Lists longer than the blocks that they are gone through in.

use crate::checks::consistent;
use gradsmith::check::CheckOptions;
use gradsmith::{Error, Objective};
use ndarray::ArrayView2;

const USERS: usize = 30;
const ITEMS: usize = 20;
const RATINGS: usize = 3001;
const FACTORS: usize = 8;

#[derive(Clone, Debug, Objective)]
#[objective(
    "sum[k](w[k]*(dot(U[p[k], :], V[q[k], :]) + b[p[k]] - r[k])^2) + norm2(V)^2",
    wrt(U: matrix[users, 8], V: matrix[items, 8], b: vector[users])
)]
struct Rated<'a> {
    r: &'a [f64],
    w: &'a [f64],
    p: &'a [u32],
    q: &'a [u32],
}

/// Numbers between -1 and 1 that have no pattern.
fn some(n: usize, seed: f64) -> Vec<f64> {
    (0..n).map(|k| ((k as f64 + 1.0) * seed).sin()).collect()
}

/// Names of so many rows, with repeats.
fn names(n: usize, of: usize, seed: f64) -> Vec<u32> {
    some(n, seed).iter().map(|x| ((x + 1.0) / 2.0 * (of - 1) as f64).round() as u32).collect()
}

#[test]
fn ratings_in_many_blocks_are_those_added_one_by_one() -> Result<(), Error> {
    let (r, w) = (some(RATINGS, 1.3), some(RATINGS, 0.7));
    let (p, q) = (names(RATINGS, USERS, 2.1), names(RATINGS, ITEMS, 3.7));
    let mut problem = Rated { r: &r, w: &w, p: &p, q: &q }.prepare(USERS, ITEMS)?;
    let x = some(problem.len(), 0.9);
    let (u, rest) = x.split_at(USERS * FACTORS);
    let (v, b) = rest.split_at(ITEMS * FACTORS);

    let mut expected = vec![0.0; x.len()];
    let mut sum: f64 = v.iter().map(|v| v * v).sum();
    for (slope, v) in expected[USERS * FACTORS..].iter_mut().zip(v) {
        *slope = 2.0 * v;
    }
    for k in 0..RATINGS {
        let (user, item) = (p[k] as usize, q[k] as usize);
        let (u, v) = (&u[user * FACTORS..][..FACTORS], &v[item * FACTORS..][..FACTORS]);
        let rest = u.iter().zip(v).map(|(u, v)| u * v).sum::<f64>() + b[user] - r[k];
        sum += w[k] * rest * rest;
        let slope = 2.0 * w[k] * rest;
        for c in 0..FACTORS {
            expected[user * FACTORS + c] += slope * v[c];
            expected[(USERS + item) * FACTORS + c] += slope * u[c];
        }
        expected[(USERS + ITEMS) * FACTORS + user] += slope;
    }
    let mut gradient = vec![f64::NAN; x.len()];
    let value = problem.value_and_gradient_into(&x, &mut gradient)?;
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-11 * (1.0 + b.abs());
    assert!(near(value, sum) && near(problem.value(&x)?, sum), "{value} {sum}");
    assert!(gradient.iter().zip(&expected).all(|(&a, &b)| near(a, b)));
    Ok(())
}

/// A list that names entries as long as itself: a block of them is not all that it names.
#[derive(Clone, Debug, Objective)]
#[objective("sum[k]((x[p[k]] - x[k])^2) + sum[k](exp(x[p[k]]*x[k]))", wrt(x: vector[n]), data(p: indices[n]))]
struct Linked<'a> {
    p: &'a [u32],
}

/// Effects of groups beside a regression: rows of the matrix in parts, the groups after them.
#[derive(Clone, Debug, Objective)]
#[objective("norm2(X*w + matrix[k, c](u[g[k]]*z[c])*e - y)^2", wrt(w: vector, u: vector[groups]))]
struct Mixed<'a> {
    X: ArrayView2<'a, f64>,
    y: &'a [f64],
    g: &'a [u32],
    z: &'a [f64],
    e: &'a [f64],
}

#[test]
fn gradients_are_those_of_differences() -> Result<(), Error> {
    let n = 2100;
    let p = names(n, n, 2.3);
    let report = Linked { p: &p }.prepare()?.check_gradient(&some(n, 1.1), CheckOptions::default())?;
    assert!(report.passed(), "{report}");
    let (x, y, g) = (some(n * 3, 1.7), some(n, 0.3), names(n, 7, 1.9));
    let x = ArrayView2::from_shape((n, 3), &x).expect("as many as that");
    let (z, e) = (some(2, 0.4), some(2, 0.6));
    let mut mixed = Mixed { X: x, y: &y, g: &g, z: &z, e: &e }.prepare(7)?;
    let at = some(mixed.len(), 2.9);
    consistent(&mut mixed, &at);
    Ok(())
}

/// The first entry by itself: it is the first of all, not of a block.
#[derive(Clone, Debug, Objective)]
#[objective("sum[i]((v[i]*w[p[i]] - y[i])^2*w[p[i]]) + v[0]^3 + sum[i](v[i]*w[p[i]]*len(v))", wrt(v: vector[n], w: vector[m]), data(p: indices[n], y: vector[n]))]
struct First<'a> {
    p: &'a [u32],
    y: &'a [f64],
}

/// An index counted from 1, and rows that lie before those named.
#[derive(Clone, Debug, Objective)]
#[objective("sum[i](w[p[i]]^2*v[i + 1]*i) + sum[i](exp(w[p[i]])*y[i])", wrt(v: vector, w: vector[m]), data(p: indices[n], y: vector[n]))]
struct Counted<'a> {
    p: &'a [u32],
    y: &'a [f64],
}

#[test]
fn what_speaks_of_the_whole_list_is_not_of_a_block() -> Result<(), Error> {
    let n = 2100;
    let (p, y) = (names(n, 9, 2.3), some(n, 0.7));
    let mut first = First { p: &p, y: &y }.prepare(9)?;
    let report = first.check_gradient(&some(n + 9, 1.1), CheckOptions::default())?;
    assert!(report.passed(), "{report}");
    let mut counted = Counted { p: &p, y: &y }.prepare(9)?;
    let x = some(counted.len(), 1.1);
    let report = counted.check_gradient(&x, CheckOptions::default().tolerance(1e-5))?;
    assert!(report.passed(), "{report}");
    Ok(())
}
