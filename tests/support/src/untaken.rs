//! Choices whose other branch is spoilt: formulas, and data at which what they do not take is no number, or an error.
//! Their values and derivatives are those with harmless data there.

use crate::expression::Rng;

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;
/// Name, shape, entries that spoil an untaken branch, and harmless ones.
pub type Datum = (&'static str, &'static [usize], &'static [f64], &'static [f64]);

/// The declarations of all of [`DATA`].
#[must_use]
pub fn declarations() -> String {
    let declared = DATA.map(|(name, shape, ..)| match shape {
        [n] => format!("{name}: vector[{n}]"),
        [n, k] => format!("{name}: matrix[{n}, {k}]"),
        _ => format!("{name}: scalar"),
    });
    declared.join(", ")
}

/// `s`, `m`, `n` choose: `s > 0` does not hold, of `m > 0` only the last, of `n > 0` none.
pub const DATA: [Datum; 13] = [
    ("s", &[], &[-1.0], &[-1.0]),
    ("t", &[], &[0.7], &[0.7]),
    ("m", &[3], &[0.0, -1.0, 1.0], &[0.0, -1.0, 1.0]),
    ("n", &[3], &[0.0, -1.0, -2.0], &[0.0, -1.0, -2.0]),
    ("w", &[2], &[0.4, -1.3], &[0.4, -1.3]),
    ("X", &[3, 2], &[0.3, -0.8, 1.1, 0.6, -0.5, 0.9], &[0.3, -0.8, 1.1, 0.6, -0.5, 0.9]),
    ("A", &[2, 2], &[1.0, 1.0, 1.0, 1.0], &[2.0, 0.3, 0.1, 1.0]),
    ("S", &[2, 2], &[1.0, 2.0, 2.0, 1.0], &[2.0, 0.3, 0.3, 1.0]),
    ("v", &[2], &[0.0, -1.0], &[0.6, 1.7]),
    ("x", &[3], &[-1.0, 0.0, 2.0], &[0.5, 1.5, 2.0]),
    ("y", &[3], &[NAN, INF, 1.5], &[0.3, 0.2, 1.5]),
    ("B", &[3, 2], &[0.0, -1.0, 0.0, 0.0, 0.7, 1.9], &[0.4, 1.0, 0.5, 0.3, 0.7, 1.9]),
    ("Y", &[3, 2], &[NAN, 1.0, INF, NAN, 0.7, 1.9], &[0.4, 1.0, 0.5, 0.3, 0.7, 1.9]),
];

/// By one number for all entries: nothing of the other branch is evaluated.
pub const BY_NUMBER: [&str; 37] = [
    "where(s > 0, sum(kron(log(B), A).^2), t^2)",
    "where(t > 0, where(t > 0, s*t^2, logdet(S)) + where(t < s, sum(solve(A, w)), t), where(t > 0, det(inv(A)), t))",
    "where(s < t, where(t == s, sum(solve(A, w)), sum(sin(w))), where(sum(solve(A, w)) > 1, sum(solve(A, w)), t))",
    "where(s > 0, logdet(S), 2)",
    "where(s > 0, logdet(A), t^2)*t",
    "where(s <= 0, sum(w.^2), sum(log(x)))",
    "where(s > 0, sum(log(x .* y)), 2)",
    "where(s > 0, norm2(log(x)), 2) + t^2",
    "sum(where(s > 0, inv(A)*w, w).^2)",
    "where(s > 0, w'*inv(A)*w, w'*w)",
    "where(s > 0, where(t > 0, logdet(S), sum(solve(A, w))), sum(w.^3))",
    "where(t > 0, where(s > 0, logdet(A), sum(w.^2)), det(inv(A)))",
    "where(sum(w.^2) < 0, logdet(S), sum(exp(w)))",
    "where(sum(exp(X*w)) < 0, sum(solve(A, w)), norm2(X*w)^2)",
    "where(s > 0, logdet(S), 2) + where(s > 0, sum(log(x)), t)",
    "where(s > 0, logdet(S), 2) + where(t < 0, logdet(S), t^3)",
    "where(s > 0, where(logdet(S) > 1, sum(w), t), t^2)",
    "where(s > 0, where(sum(log(x)) > 1, tr(inv(A)), logdet(S)), t^2)",
    "where(s > 0, max(log(x)), t^2)",
    "where(s > 0, logsumexp(log(x)), t^2)",
    "sum(where(s > 0, softmax(log(v)), w).^2)",
    "where(s > 0, sum(sqrt(v)) + sum(1 ./ v), t^2)",
    "where(s > 0, sqrt(sum(log(v))), t)*sum(w)",
    "where(s > 0, det(A)^-1, t)",
    "exp(where(s > 0, logdet(S), t))*sum(w.^2)",
    "where(s > 0, norm2(X*log(v)), norm2(X*w))^2",
    "where(s > 0, where(s > 0, logdet(S), t), t^2) - where(s > 0, logdet(S), t)",
    "where(s == 0, log(s), s^2)*t + where(s > 0, log(s), t*s)",
    "f = logdet(S); where(s > 0, f^2, t) + where(t < 0, 3*f, t^2)",
    "sum(where(s > 0, S*X'*y, w) .* w) + t",
    "where(s > 0, sum(where(m > 0, log(x), y)), sum(w)^2)",
    "sum(where(m > 0, where(s > 0, y, x), 0).^2)",
    "where(s > 0, det(S)*logdet(S), t^2) + where(s > 0, 1/det(A), 0)",
    "where(s > 0, sum(log_softmax(log(v)) .* w), sum(w))^3",
    "where(s > 0, logdet(S*X'*X + S), where(t > 1, logdet(S), sum(X*w)))^2",
    "sum(where(s > 0, 1 ./ y, m).*m)*t^2",
    "where(s > 0, log(sum(sqrt(x))), t)*where(s > 0, 1/sum(log(x)), t)",
];

/// By a number for each entry: those not taken have no share.
pub const BY_ENTRY: [&str; 27] = [
    "sum(where(m > 0, y .* x.^2, 0))",
    "sum(where(kron(m*(w.^2)', X.^2) > 0, kron(log(B), X), 0).^2)",
    "q = log(x); sum(where(m > 0, q, t)) + sum(where(n > 0, q.^2, 0)) + sum(where(m > 0, t, 2*w'*w))",
    "sum(where(m > 0, log(x), 0))",
    "sum(where(m > 0, sqrt(x)*(w'*w), m*t))",
    "sum(where(m > 0, (X*w - y).^2, 0))",
    "sum(where(m > 0, (X*w - y).^2 .* log(x), t))",
    "sum(where(m > 0, log(B)*w, 0))",
    "sum(where(m > 0, (log(B)*w - y).^2, 0))",
    "sum(where(m > 0, (sqrt(B)*w - y).^2, 0).^2)",
    "sum(where(m > 0, log(B)*(1 ./ w), 0).^2)",
    "sum(where(n > 0, X*log(v), t^2))",
    "sum(where(n > 0, (X*sqrt(v) - y).^2, X*w))",
    "sum(where(n > 0, exp(X*log(v)), t*m))^2",
    "sum(where(m > 0, rowmax(log(B)), 0) .* x)",
    "sum(where(m > 0, log(B*w + 3), 0))",
    "sum(where(m > 0, x.^-1.5, t))",
    "sum(where(m > 0, x.^1.5, 0))^2",
    "sum(where(m > 0, log(x), 0)) + sum(where(m > 0, 3*log(x), t))",
    "sum(where(m > 0, log(x), 0)) + sum(where(n > 0, log(x), t))",
    "sum(where(m > 0, rowsum(Y .* B), 0)) + t",
    "sum(where(m > 0, rowsum(Y ./ B), 0)) + t",
    "sum(where(m > 0, log(B).^2*(w.^2), 0))^2",
    "r = where(m > 0, X*w - y, 0); r'*r + norm2(r)",
    "r = where(m > 0, log(x) - y, 0); sum(abs(r)) + logsumexp(r)",
    "sum(where(m > 0, where(x > 1, log(x), y), 0))",
    "norm2(where(m > 0, log(x), 0))",
];

/// What can be computed, by chance.
pub fn sound(rng: &mut Rng, depth: usize) -> String {
    let parts = ["sum(w.^2)", "t", "norm2(X*w)", "sum(where(m > 0, log(x), t))", "sum(sin(w))", "s*t^2"];
    let Some(depth) = depth.checked_sub(1) else { return rng.pick(&parts).to_owned() };
    let condition =
        rng.pick(&["s < 0", "sum(w.^2) < 9", "norm2(X*w) > 0", "s + t < t^2", "t > 0"]).to_owned();
    let other = rng.pick(&["s > 0", "sum(exp(w)) < 0", "t < s", "t == s"]).to_owned();
    let (a, b) = (sound(rng, depth), sound(rng, depth));
    match rng.below(6) {
        0 => format!("({a} + {b})"),
        1 => format!("({a})*({b})"),
        2 => format!("where({condition}, {a}, {})", spoilt(rng, depth)),
        3 => format!("where({other}, {}, {b})", spoilt(rng, depth)),
        4 => format!("sum(where(m > 0, {a}*y, {b}*m))"),
        _ => format!("sum(where({other}, w*{}, ({b})*w))", spoilt(rng, depth)),
    }
}

/// What cannot.
fn spoilt(rng: &mut Rng, depth: usize) -> String {
    let parts = ["logdet(S)", "sum(solve(A, w))", "det(inv(A))", "sum(log(x))", "norm2(sqrt(v))", "sum(y)/t"];
    let Some(depth) = depth.checked_sub(1) else { return rng.pick(&parts).to_owned() };
    let a = spoilt(rng, depth);
    match rng.below(4) {
        0 => format!("({a} + {})", sound(rng, depth)),
        1 => format!("where({a} > 1, {}, {})", spoilt(rng, depth), sound(rng, depth)),
        2 => format!("where(t > 0, {a}, {})", sound(rng, depth)),
        _ => format!("({a})*({})", spoilt(rng, depth)),
    }
}
