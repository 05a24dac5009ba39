//! Derivatives that textbooks and matrixcalculus.org print, as written by hand, against the derived ones.
//!
//! Petersen and Pedersen, *The Matrix Cookbook* (2012), section 2; Magnus and Neudecker, *Matrix Differential
//! Calculus* (2019), chapter 9; Laue, Mitterreiter and Giesen, "Computing higher order derivatives of matrix
//! and tensor expressions" (NeurIPS 2018), whose examples are logistic regression, matrix factorisation and
//! x'Ax.

use crate::checks::{
    between, close, consistent, flat, identity, inv, matrix, outer, regular, sigmoid, tr, vector,
};
use gradsmith::Objective as _;
use ndarray::{Array1, Array2, Axis};

type M = Array2<f64>;
type V = Array1<f64>;

// ---- linear and quadratic forms

identity!(linear_form: "a'*x", wrt(x: vector);
    a: Array1<f64> = vector(4, 1),; x = vector(4, 2);
    a.dot(&x); flat!(a));

identity!(quadratic_form: "x'*A*x", wrt(x: vector);
    A: Array2<f64> = matrix(4, 4, 1),; x = vector(4, 2);
    x.dot(&A.dot(&x)); flat!((&A + &A.t()).dot(&x)));

// The expression that matrixcalculus.org opens with.
identity!(matrixcalculus_by_x: "x'*A*x + c*sin(y)'*x", wrt(x: vector);
    A: Array2<f64> = matrix(4, 4, 1), c: f64 = 0.7, y: Array1<f64> = vector(4, 3),; x = vector(4, 2);
    x.dot(&A.dot(&x)) + c * y.mapv(f64::sin).dot(&x);
    flat!((&A + &A.t()).dot(&x) + c * y.mapv(f64::sin)));

identity!(matrixcalculus_by_y: "x'*A*x + c*sin(y)'*x", wrt(y: vector);
    A: Array2<f64> = matrix(4, 4, 1), c: f64 = 0.7, x: Array1<f64> = vector(4, 3),; y = vector(4, 2);
    x.dot(&A.dot(&x)) + c * y.mapv(f64::sin).dot(&x);
    flat!(c * y.mapv(f64::cos) * &x));

identity!(matrixcalculus_by_matrix_and_scalar: "x'*A*x + c*sin(y)'*x", wrt(A: matrix, c: scalar);
    x: Array1<f64> = vector(4, 3), y: Array1<f64> = vector(4, 2),; A = matrix(4, 4, 1), c = [0.7];
    x.dot(&A.dot(&x)) + c[0] * y.mapv(f64::sin).dot(&x);
    flat!(outer(&x, &x), [y.mapv(f64::sin).dot(&x)]));

identity!(bilinear_form: "a'*X*b", wrt(X: matrix);
    a: Array1<f64> = vector(3, 1), b: Array1<f64> = vector(4, 2),; X = matrix(3, 4, 3);
    a.dot(&X.dot(&b)); flat!(outer(&a, &b)));

identity!(bilinear_form_turned: "a'*X'*b", wrt(X: matrix);
    a: Array1<f64> = vector(4, 1), b: Array1<f64> = vector(3, 2),; X = matrix(3, 4, 3);
    b.dot(&X.dot(&a)); flat!(outer(&b, &a)));

identity!(gram_form: "a'*X*X'*a", wrt(X: matrix[3, 4]);
    a: Array1<f64> = vector(3, 1),; X = matrix(3, 4, 3);
    X.t().dot(&a).dot(&X.t().dot(&a)); flat!(2.0 * outer(&a, &X.t().dot(&a))));

identity!(cookbook_77: "b'*X'*X*c", wrt(X: matrix[3, 4]);
    b: Array1<f64> = vector(4, 1), c: Array1<f64> = vector(4, 2),; X = matrix(3, 4, 3);
    X.dot(&b).dot(&X.dot(&c)); flat!(X.dot(&(outer(&b, &c) + outer(&c, &b)))));

identity!(cookbook_78: "(X*b + c)'*D*(X*b + c)", wrt(X: matrix);
    b: Array1<f64> = vector(4, 1), c: Array1<f64> = vector(3, 2), D: Array2<f64> = matrix(3, 3, 4),;
    X = matrix(3, 4, 3);
    { let r = X.dot(&b) + &c; r.dot(&D.dot(&r)) };
    flat!(outer(&(&D + &D.t()).dot(&(X.dot(&b) + &c)), &b)));

// ---- traces

identity!(trace: "tr(X)", wrt(X: matrix[3, 3]);; X = matrix(3, 3, 1);
    tr(&X); flat!(Array2::<f64>::eye(3)));

identity!(trace_of_product: "tr(A*X*B)", wrt(X: matrix);
    A: Array2<f64> = matrix(2, 3, 1), B: Array2<f64> = matrix(4, 2, 2),; X = matrix(3, 4, 3);
    tr(&A.dot(&X).dot(&B)); flat!(A.t().dot(&B.t())));

identity!(trace_of_turned_product: "tr(A*X'*B)", wrt(X: matrix);
    A: Array2<f64> = matrix(2, 4, 1), B: Array2<f64> = matrix(3, 2, 2),; X = matrix(3, 4, 3);
    tr(&A.dot(&X.t()).dot(&B)); flat!(B.dot(&A)));

identity!(trace_of_square: "tr(X^2)", wrt(X: matrix[3, 3]);; X = matrix(3, 3, 1);
    tr(&X.dot(&X)); flat!((2.0 * &X.t()).as_standard_layout()));

identity!(trace_of_cube: "tr(X^3)", wrt(X: matrix[3, 3]);; X = matrix(3, 3, 1);
    tr(&X.dot(&X).dot(&X)); flat!((3.0 * X.dot(&X)).t().as_standard_layout()));

identity!(trace_of_quadratic: "tr(X'*B*X)", wrt(X: matrix[3, 4]);
    B: Array2<f64> = matrix(3, 3, 1),; X = matrix(3, 4, 3);
    tr(&X.t().dot(&B).dot(&X)); flat!((&B + &B.t()).dot(&X)));

identity!(trace_of_two: "tr(A*X*B*X)", wrt(X: matrix);
    A: Array2<f64> = matrix(4, 3, 1), B: Array2<f64> = matrix(4, 3, 2),; X = matrix(3, 4, 3);
    tr(&A.dot(&X).dot(&B).dot(&X));
    flat!((B.dot(&X).dot(&A) + A.dot(&X).dot(&B)).t().as_standard_layout()));

// ---- determinants and inverses

identity!(determinant: "det(X)", wrt(X: matrix[3, 3]);; X = regular(3, 1);
{
    let minor = |a: usize, b: usize| X[[1, a]] * X[[2, b]] - X[[1, b]] * X[[2, a]];
    X[[0, 0]] * minor(1, 2) - X[[0, 1]] * minor(0, 2) + X[[0, 2]] * minor(0, 1)
};
{
    let cofactor = |i: usize, j: usize| {
        let (r, c) = ([(i + 1) % 3, (i + 2) % 3], [(j + 1) % 3, (j + 2) % 3]);
        X[[r[0], c[0]]] * X[[r[1], c[1]]] - X[[r[0], c[1]]] * X[[r[1], c[0]]]
    };
    flat!(Array2::from_shape_fn((3, 3), |(i, j)| cofactor(i, j)))
});

identity!(log_determinant: "logdet(X)", wrt(X: matrix[2, 2]);; X = regular(2, 1);
    (X[[0, 0]] * X[[1, 1]] - X[[0, 1]] * X[[1, 0]]).ln();
    flat!(inv(&X).t().as_standard_layout()));

identity!(log_of_determinant: "log(det(X))", wrt(X: matrix[2, 2]);; X = regular(2, 1);
    (X[[0, 0]] * X[[1, 1]] - X[[0, 1]] * X[[1, 0]]).ln();
    flat!(inv(&X).t().as_standard_layout()));

identity!(log_determinant_of_gram: "logdet(X'*X)", wrt(X: matrix[4, 2]);; X = matrix(4, 2, 1);
    { let G = X.t().dot(&X); (G[[0, 0]] * G[[1, 1]] - G[[0, 1]] * G[[1, 0]]).ln() };
    flat!(2.0 * X.dot(&inv(&X.t().dot(&X)))));

identity!(inverse_form: "a'*inv(X)*b", wrt(X: matrix);
    a: Array1<f64> = vector(3, 1), b: Array1<f64> = vector(3, 2),; X = regular(3, 3);
    a.dot(&inv(&X).dot(&b)); flat!(-outer(&inv(&X).t().dot(&a), &inv(&X).dot(&b))));

identity!(solution: "a'*solve(X, b)", wrt(X: matrix, b: vector);
    a: Array1<f64> = vector(3, 1),; X = regular(3, 3), b = vector(3, 2);
    a.dot(&inv(&X).dot(&b));
    flat!(-outer(&inv(&X).t().dot(&a), &inv(&X).dot(&b)), inv(&X).t().dot(&a)));

identity!(trace_of_inverse: "tr(A*inv(X)*B)", wrt(X: matrix);
    A: Array2<f64> = matrix(2, 3, 1), B: Array2<f64> = matrix(3, 2, 2),; X = regular(3, 3);
    tr(&A.dot(&inv(&X)).dot(&B));
    flat!((-inv(&X).dot(&B).dot(&A).dot(&inv(&X))).t().as_standard_layout()));

// ---- norms

identity!(frobenius: "norm2(X)^2", wrt(X: matrix[3, 4]);; X = matrix(3, 4, 1);
    (&X * &X).sum(); flat!(2.0 * &X));

identity!(distance: "norm2(x - a)", wrt(x: vector);
    a: Array1<f64> = vector(4, 1),; x = vector(4, 2);
    (&x - &a).dot(&(&x - &a)).sqrt();
    flat!((&x - &a) / (&x - &a).dot(&(&x - &a)).sqrt()));

identity!(gaussian_kernel: "exp(-norm2(x - y)^2/(2*s^2))", wrt(x: vector, s: scalar);
y: Array1<f64> = vector(4, 1),; x = vector(4, 2), s = [0.9];
{ let d = (&x - &y).dot(&(&x - &y)); (-d / (2.0 * s[0] * s[0])).exp() };
{
    let (d, s) = ((&x - &y).dot(&(&x - &y)), s[0]);
    let k = (-d / (2.0 * s * s)).exp();
    flat!(-k / (s * s) * (&x - &y), [k * d / (s * s * s)])
});

// ---- of machine learning

identity!(least_squares: "norm2(X*w - y)^2", wrt(w: vector);
    X: Array2<f64> = matrix(6, 3, 1), y: Array1<f64> = vector(6, 2),; w = vector(3, 3);
    { let r = X.dot(&w) - &y; r.dot(&r) }; flat!(2.0 * X.t().dot(&(X.dot(&w) - &y))));

identity!(logistic_regression: "sum(log(vector(1) + exp(-y .* (X*w))))", wrt(w: vector);
    X: Array2<f64> = matrix(6, 3, 1), y: Array1<f64> = vector(6, 2).mapv(f64::signum),; w = vector(3, 3);
    (&y * &X.dot(&w)).mapv(|m| (-m).exp().ln_1p()).sum();
    flat!(-X.t().dot(&(&y * &(&y * &X.dot(&w)).mapv(|m| sigmoid(-m))))));

identity!(log_sum_exp: "logsumexp(A*x)", wrt(x: vector);
    A: Array2<f64> = matrix(5, 3, 1),; x = vector(3, 2);
    A.dot(&x).mapv(f64::exp).sum().ln();
    { let e = A.dot(&x).mapv(f64::exp); flat!(A.t().dot(&(&e / e.sum()))) });

identity!(entropy: "sum(x .* log(x))", wrt(x: vector[4]);; x = between(0.2, 1.5, 4, 1);
    (&x * &x.mapv(f64::ln)).sum(); flat!(x.mapv(f64::ln) + 1.0));

identity!(poisson_regression: "sum(exp(X*w) - y .* (X*w))", wrt(w: vector);
    X: Array2<f64> = matrix(6, 3, 1), y: Array1<f64> = between(0.0, 3.0, 6, 2),; w = vector(3, 3);
    (X.dot(&w).mapv(f64::exp) - &y * &X.dot(&w)).sum();
    flat!(X.t().dot(&(X.dot(&w).mapv(f64::exp) - &y))));

identity!(gaussian_log_likelihood: "logdet(P)/2 - (x - m)'*P*(x - m)/2", wrt(m: vector, P: matrix);
x: Array1<f64> = vector(2, 1),; m = vector(2, 2), P = regular(2, 3);
{
    let d = &x - &m;
    0.5 * (P[[0, 0]] * P[[1, 1]] - P[[0, 1]] * P[[1, 0]]).ln() - 0.5 * d.dot(&P.dot(&d))
};
{
    let d = &x - &m;
    let by_P: M = 0.5 * (inv(&P).t().as_standard_layout().into_owned() - outer(&d, &d));
    flat!(0.5 * (&P + &P.t()).dot(&d), by_P)
});

identity!(masked_factorisation: "norm2(W .* (X - U*V'))^2", wrt(U: matrix[4, 2], V: matrix[3, 2]);
X: Array2<f64> = matrix(4, 3, 1), W: Array2<f64> = matrix(4, 3, 2).mapv(|w| f64::from(u8::from(w > 0.0))),;
U = matrix(4, 2, 3), V = matrix(3, 2, 4);
{ let r = &W * &(&X - &U.dot(&V.t())); (&r * &r).sum() };
{
    let r: M = &W * &(U.dot(&V.t()) - &X);
    flat!(2.0 * r.dot(&V), 2.0 * r.t().dot(&U))
});

identity!(kronecker: "sum(kron(A, X))", wrt(X: matrix[2, 3]);
    A: Array2<f64> = matrix(3, 2, 1),; X = matrix(2, 3, 2);
    A.sum() * X.sum(); flat!(Array2::from_elem((2, 3), A.sum())));

identity!(diagonals: "a'*diag(x)*b + sum(diag(X).^2)", wrt(x: vector, X: matrix[2, 2]);
    a: Array1<f64> = vector(3, 1), b: Array1<f64> = vector(3, 2),; x = vector(3, 3), X = matrix(2, 2, 4);
    (&a * &x * &b).sum() + X.diag().mapv(|x| x * x).sum();
    flat!(&a * &b, [2.0 * X[[0, 0]], 0.0, 0.0, 2.0 * X[[1, 1]]]));

identity!(group_lasso: "sum(sqrt(rowsum(X.^2)))", wrt(X: matrix[3, 2]);; X = matrix(3, 2, 1);
X.rows().into_iter().map(|r| r.dot(&r).sqrt()).sum::<f64>();
{
    let norms: V = X.rows().into_iter().map(|r| r.dot(&r).sqrt()).collect();
    flat!(&X / &norms.insert_axis(Axis(1)))
});

#[derive(gradsmith::Objective)]
#[objective("sum(log(1 + exp(-y .* (X*w))))", wrt(w: vector))]
struct Logistic {
    X: Array2<f64>,
    y: Vec<f64>,
}

#[derive(gradsmith::Objective)]
#[objective("log(sum(exp(x)))", wrt(x: vector[4]))]
struct LogSumExp;

#[derive(gradsmith::Objective)]
#[objective("logdet(X)", wrt(X: matrix))]
struct LogDet;

/// X' diag(s(1 − s)) X, diag(p) − p p', −(X⁻¹)' ⊗ X⁻¹: the Hessians that textbooks print.
#[test]
fn hessians_by_hand() -> Result<(), gradsmith::Error> {
    let (X, y, w) = (matrix(6, 3, 1), vector(6, 2).mapv(f64::signum), vector(3, 3));
    let mut problem = Logistic { X: X.clone(), y: y.to_vec() }.prepare()?;
    let s = X.dot(&w).mapv(sigmoid);
    let weights = (&s * &(1.0 - &s)).insert_axis(Axis(1));
    close(&problem.hessian(&w.to_vec())?, &X.t().dot(&(&weights * &X)), 1e-14);

    let x = vector(4, 1);
    let e = x.mapv(f64::exp);
    let p = &e / e.sum();
    close(&LogSumExp.prepare()?.hessian(&x.to_vec())?, &(Array2::from_diag(&p) - outer(&p, &p)), 1e-14);

    // ∂²/∂Xᵢⱼ∂Xₖₗ = −(X⁻¹)ⱼₖ (X⁻¹)ₗᵢ
    let X = regular(3, 5);
    let P = inv(&X);
    let wanted = Array2::from_shape_fn((9, 9), |(a, b)| {
        let ((i, j), (k, l)) = ((a / 3, a % 3), (b / 3, b % 3));
        -P[[j, k]] * P[[l, i]]
    });
    close(&LogDet.prepare(3)?.hessian(&flat!(X))?, &wanted, 1e-14);
    Ok(())
}
