//! More of the Matrix Cookbook, by the numbers of its equations, and what optimisation courses differentiate.
//!
//! Petersen and Pedersen, *The Matrix Cookbook* (version of 15 November 2012); Boyd and Vandenberghe, *Convex
//! Optimization* (2004), for the barrier, the geometric program and the distances.

use crate::checks::{between, close, consistent, flat, identity, inv, matrix, outer, regular, tr, vector};
use gradsmith::Objective as _;
use ndarray::{Array1, Array2};

type M = Array2<f64>;
type V = Array1<f64>;

/// By the first row: for matrices of two or three rows.
fn det(a: &M) -> f64 {
    match a.nrows() {
        2 => a[[0, 0]] * a[[1, 1]] - a[[0, 1]] * a[[1, 0]],
        _ => (0..3)
            .map(|j| {
                let (p, q) = ((j + 1) % 3, (j + 2) % 3);
                a[[0, j]] * (a[[1, p]] * a[[2, q]] - a[[1, q]] * a[[2, p]])
            })
            .sum(),
    }
}

fn square(x: &V) -> f64 {
    x.dot(x)
}

// ---- determinants

identity!(equation_51: "det(A*X*B)", wrt(X: matrix);
    A: Array2<f64> = regular(3, 1), B: Array2<f64> = regular(3, 2),; X = regular(3, 3);
    det(&A.dot(&X).dot(&B)); flat!(det(&A.dot(&X).dot(&B)) * &inv(&X).t()));

identity!(equation_52: "det(X'*A*X)", wrt(X: matrix[3, 3]);
    A: Array2<f64> = regular(3, 1),; X = regular(3, 3);
    det(&X.t().dot(&A).dot(&X)); flat!(2.0 * det(&X.t().dot(&A).dot(&X)) * &inv(&X).t()));

identity!(equation_54: "det(X'*A*X)", wrt(X: matrix[3, 2]);
A: Array2<f64> = regular(3, 1),; X = matrix(3, 2, 3);
det(&X.t().dot(&A).dot(&X));
{
    let middle = X.t().dot(&A).dot(&X);
    let sides = A.dot(&X).dot(&inv(&middle)) + A.t().dot(&X).dot(&inv(&middle).t());
    flat!(det(&middle) * &sides)
});

identity!(equation_57: "log(abs(det(X)))", wrt(X: matrix[3, 3]);; X = -regular(3, 3);
    det(&X).abs().ln(); flat!(inv(&X).t()));

identity!(equation_58: "det(X^3)", wrt(X: matrix[2, 2]);; X = regular(2, 1);
    det(&X).powi(3); flat!(3.0 * det(&X).powi(3) * &inv(&X).t()));

// ---- inverses

identity!(equation_62: "det(inv(X))", wrt(X: matrix[3, 3]);; X = regular(3, 1);
    1.0 / det(&X); flat!(-1.0 / det(&X) * &inv(&X).t()));

identity!(equation_64: "tr(inv(X + A))", wrt(X: matrix);
    A: Array2<f64> = regular(3, 1),; X = matrix(3, 3, 2);
    tr(&inv(&(&X + &A))); flat!(-&inv(&(&X + &A)).dot(&inv(&(&X + &A))).t()));

identity!(equation_125: "tr(inv(X'*C*X)*A)", wrt(X: matrix[3, 2]);
C: Array2<f64> = regular(3, 1), A: Array2<f64> = matrix(2, 2, 2),; X = matrix(3, 2, 3);
tr(&inv(&X.t().dot(&C).dot(&X)).dot(&A));
{
    let P = inv(&X.t().dot(&C).dot(&X));
    let middle = P.dot(&A).dot(&P);
    flat!(-(C.dot(&X).dot(&middle) + C.t().dot(&X).dot(&middle.t())))
});

identity!(mahalanobis: "(x - m)'*inv(S)*(x - m)", wrt(x: vector, S: matrix);
m: Array1<f64> = vector(3, 1),; x = vector(3, 2), S = regular(3, 3);
(&x - &m).dot(&inv(&S).dot(&(&x - &m)));
{
    let (P, d) = (inv(&S), &x - &m);
    flat!((&P + &P.t()).dot(&d), -outer(&P.t().dot(&d), &P.dot(&d)))
});

// ---- second and higher order in a matrix

identity!(equation_82: "(X*b)'*D*(X*c)", wrt(X: matrix);
    b: Array1<f64> = vector(4, 1), c: Array1<f64> = vector(4, 2), D: Array2<f64> = matrix(3, 3, 3),; X = matrix(3, 4, 4);
    X.dot(&b).dot(&D.dot(&X.dot(&c)));
    flat!(outer(&D.t().dot(&X.dot(&b)), &c) + outer(&D.dot(&X.dot(&c)), &b)));

identity!(equation_84: "(x - A*s)'*W*(x - A*s)", wrt(s: vector[2], x: vector, A: matrix);
W: Array2<f64> = { let w = matrix(3, 3, 1); &w + &w.t() },;
s = vector(2, 2), x = vector(3, 3), A = matrix(3, 2, 4);
{ let r = &x - &A.dot(&s); r.dot(&W.dot(&r)) };
{
    let Wr = W.dot(&(&x - &A.dot(&s)));
    flat!(-2.0 * A.t().dot(&Wr), 2.0 * &Wr, -2.0 * outer(&Wr, &s))
});

identity!(equation_113: "tr(B'*X'*C*X*B)", wrt(X: matrix);
    B: Array2<f64> = matrix(4, 2, 1), C: Array2<f64> = matrix(3, 3, 2),; X = matrix(3, 4, 3);
    tr(&B.t().dot(&X.t()).dot(&C).dot(&X).dot(&B));
    flat!((C.t().dot(&X) + C.dot(&X)).dot(&B).dot(&B.t())));

identity!(equation_116: "tr(A*X*B*X'*C)", wrt(X: matrix);
    A: Array2<f64> = matrix(2, 3, 1), B: Array2<f64> = matrix(4, 4, 2), C: Array2<f64> = matrix(3, 2, 3),; X = matrix(3, 4, 4);
    tr(&A.dot(&X).dot(&B).dot(&X.t()).dot(&C));
    flat!(A.t().dot(&C.t()).dot(&X).dot(&B.t()) + C.dot(&A).dot(&X).dot(&B)));

identity!(equation_118: "tr((A*X*B + C)*(A*X*B + C)')", wrt(X: matrix);
    A: Array2<f64> = matrix(2, 3, 1), B: Array2<f64> = matrix(4, 2, 2), C: Array2<f64> = matrix(2, 2, 3),; X = matrix(3, 4, 4);
    (A.dot(&X).dot(&B) + &C).mapv(|x| x * x).sum();
    flat!(2.0 * A.t().dot(&(A.dot(&X).dot(&B) + &C)).dot(&B.t())));

identity!(equation_120: "tr(kron(X, X))", wrt(X: matrix[3, 3]);; X = matrix(3, 3, 1);
    tr(&X).powi(2); flat!(2.0 * tr(&X) * &M::eye(3)));

identity!(equation_121: "tr(X^4)", wrt(X: matrix[3, 3]);; X = matrix(3, 3, 1);
    tr(&X.dot(&X).dot(&X).dot(&X)); flat!(4.0 * &X.dot(&X).dot(&X).t()));

identity!(principal_components: "norm2(X - U*U'*X)^2", wrt(U: matrix[3, 2]);
X: Array2<f64> = matrix(3, 5, 1),; U = matrix(3, 2, 2);
(&X - &U.dot(&U.t()).dot(&X)).mapv(|x| x * x).sum();
{
    let R = &X - &U.dot(&U.t()).dot(&X);
    flat!(-2.0 * (R.dot(&X.t()) + X.dot(&R.t())).dot(&U))
});

identity!(orthogonality: "norm2(X'*X - eye)^2", wrt(X: matrix[4, 2]);; X = matrix(4, 2, 1);
    (X.t().dot(&X) - M::eye(2)).mapv(|x| x * x).sum();
    flat!(4.0 * X.dot(&(X.t().dot(&X) - M::eye(2)))));

// ---- of vectors

identity!(rayleigh_quotient: "x'*A*x/(x'*x)", wrt(x: vector);
    A: Array2<f64> = matrix(4, 4, 1),; x = vector(4, 2);
    x.dot(&A.dot(&x)) / square(&x);
    flat!(((&A + &A.t()).dot(&x) - 2.0 * x.dot(&A.dot(&x)) / square(&x) * &x) / square(&x)));

identity!(cosine: "dot(x, a)/(norm2(x)*norm2(a))", wrt(x: vector);
    a: Array1<f64> = vector(4, 1),; x = vector(4, 2);
    x.dot(&a) / (square(&x) * square(&a)).sqrt();
    flat!((&a - x.dot(&a) / square(&x) * &x) / (square(&x) * square(&a)).sqrt()));

identity!(barrier: "c'*x - mu*sum(log(b - A*x))", wrt(x: vector);
    c: Array1<f64> = vector(3, 1), A: Array2<f64> = matrix(5, 3, 2), b: Array1<f64> = between(4.0, 5.0, 5, 3), mu: f64 = 0.1,;
    x = vector(3, 4);
    c.dot(&x) - mu * (&b - &A.dot(&x)).mapv(f64::ln).sum();
    flat!(&c + &(mu * A.t().dot(&(&b - &A.dot(&x)).mapv(f64::recip)))));

identity!(geometric_program: "log(sum(exp(A*x + b)))", wrt(x: vector);
A: Array2<f64> = matrix(5, 3, 1), b: Array1<f64> = vector(5, 2),; x = vector(3, 3);
(A.dot(&x) + &b).mapv(f64::exp).sum().ln();
{
    let e = (A.dot(&x) + &b).mapv(f64::exp);
    flat!(A.t().dot(&(&e / e.sum())))
});

// matrixcalculus.org's elastic net, away from the corners of the norm.
identity!(elastic_net: "norm2(A*x - y)^2 + l*norm1(x) + m*norm2(x)^2", wrt(x: vector);
    A: Array2<f64> = matrix(5, 3, 1), y: Array1<f64> = vector(5, 2), l: f64 = 0.3, m: f64 = 0.2,; x = between(0.5, 1.0, 3, 3);
    square(&(A.dot(&x) - &y)) + l * x.sum() + m * square(&x);
    flat!(2.0 * A.t().dot(&(A.dot(&x) - &y)) + l + 2.0 * m * &x));

identity!(support_vectors: "norm2(w)^2/2 + C*sum(max(vector(1) - y .* (X*w), vector(0)).^2)", wrt(w: vector);
    X: Array2<f64> = matrix(6, 3, 1), y: Array1<f64> = vector(6, 2).mapv(f64::signum), C: f64 = 0.7,; w = vector(3, 3);
    square(&w) / 2.0 + C * square(&(1.0 - &y * &X.dot(&w)).mapv(|r| r.max(0.0)));
    flat!(&w - &(2.0 * C * X.t().dot(&(&y * &(1.0 - &y * &X.dot(&w)).mapv(|r| r.max(0.0)))))));

identity!(multinomial_regression: "-sum(Y .* (X*W)) + sum(log(rowsum(exp(X*W))))", wrt(W: matrix[3, 4]);
X: Array2<f64> = matrix(5, 3, 1), Y: Array2<f64> = M::from_shape_fn((5, 4), |(i, j)| f64::from(u8::from(i % 4 == j))),;
W = matrix(3, 4, 2);
{
    let z = X.dot(&W);
    z.rows().into_iter().map(|r| r.mapv(f64::exp).sum().ln()).sum::<f64>() - (&Y * &z).sum()
};
{
    let mut P = X.dot(&W).mapv(f64::exp);
    P.rows_mut().into_iter().for_each(|mut r| { let s = r.sum(); r /= s; });
    flat!(X.t().dot(&(&P - &Y)))
});

identity!(gaussian_process: "y'*inv(K + s*eye)*y/2 + logdet(K + s*eye)/2", wrt(s: scalar, y: vector);
K: Array2<f64> = { let k = matrix(4, 4, 1); k.dot(&k.t()) },; s = [0.8], y = vector(4, 2);
{
    let A = &K + &(s[0] * M::eye(4));
    // The determinant of four rows, by those of two: |A| = |A₁₁| |A₂₂ − A₂₁ A₁₁⁻¹ A₁₂|.
    let block = |i: usize, j: usize| A.slice(ndarray::s![i..i + 2, j..j + 2]).to_owned();
    let schur = block(2, 2) - block(2, 0).dot(&inv(&block(0, 0))).dot(&block(0, 2));
    y.dot(&inv(&A).dot(&y)) / 2.0 + (det(&block(0, 0)) * det(&schur)).ln() / 2.0
};
{
    let P = inv(&(&K + &(s[0] * M::eye(4))));
    flat!([tr(&P) / 2.0 - square(&P.dot(&y)) / 2.0], P.dot(&y))
});
