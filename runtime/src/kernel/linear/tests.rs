use super::*;
use crate::rng::Rng;
use ndarray::{Array2, ShapeBuilder};

/// A matrix with memory for its factors.
struct Square {
    n: usize,
    a: Vec<f64>,
    lu: Vec<f64>,
    exchanges: Vec<f64>,
}

impl Square {
    fn new(a: &[f64]) -> Self {
        let n = a.len().isqrt();
        Self { n, a: a.to_vec(), lu: vec![0.0; n * n], exchanges: vec![0.0; n] }
    }

    /// Nothing on the diagonal stands out, so that rows are exchanged in nearly every step.
    fn random(n: usize, rng: &mut Rng) -> Self {
        Self::new(&(0..n * n).map(|_| 2.0 * rng.uniform() - 1.0).collect::<Vec<f64>>())
    }

    /// B·Bᵀ + shift: symmetric to the last bit.
    fn symmetric(n: usize, shift: f64, rng: &mut Rng) -> Self {
        let b = Self::random(n, rng).a;
        let mut a = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                let dot: f64 = (0..n).map(|k| b[i * n + k] * b[j * n + k]).sum();
                let entry = dot + if i == j { shift } else { 0.0 };
                (a[i * n + j], a[j * n + i]) = (entry, entry);
            }
        }
        Self::new(&a)
    }

    fn hilbert(n: usize) -> Self {
        Self::new(&(0..n * n).map(|k| 1.0 / (k / n + k % n + 1) as f64).collect::<Vec<f64>>())
    }

    fn factors(&mut self) -> Factors<'_, f64> {
        factor(&self.a, self.n, &mut self.lu, &mut self.exchanges)
    }

    fn matrix(&self) -> Array2<f64> {
        Array2::from_shape_vec((self.n, self.n), self.a.clone()).expect("n·n numbers")
    }

    fn det(&mut self) -> f64 {
        self.factors().det()
    }

    fn logdet(&mut self) -> Result<f64, Error> {
        self.factors().logdet("logdet(A)")
    }

    fn inverse(&mut self) -> Result<Array2<f64>, Error> {
        let n = self.n;
        let mut out = Array2::zeros((n, n));
        self.factors().inverse(out.as_slice_mut().expect("row-major"), "inv(A)")?;
        Ok(out)
    }
}

const A: [f64; 9] = [0.0, 2.0, 1.0, 4.0, 1.0, -1.0, 2.0, 3.0, 5.0];
const SINGULAR: [f64; 4] = [1.0, 2.0, 2.0, 4.0];

fn size(a: &Array2<f64>) -> f64 {
    a.iter().fold(0.0_f64, |m, x| m.max(x.abs()))
}

#[test]
fn determinants_have_their_sign_and_singular_matrices_are_refused() {
    // expanded by the first row: -2 (20 + 2) + 1 (12 - 2)
    assert!((Square::new(&A).det() + 34.0).abs() < 1e-12);
    assert_eq!(Square::new(&[]).det(), 1.0);
    assert!(matches!(Square::new(&A).logdet(), Err(Error::NotPositiveDefinite { .. })));
    let large = Square::new(&[1e200, 0.0, 0.0, 1e200]).logdet().expect("positive");
    assert!((large - 400.0 * 10f64.ln()).abs() < 1e-9);
    // Positive, but not on the diagonal: two exchanges.
    let turned = Square::new(&[0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0]).logdet();
    assert_eq!(turned, Ok(0.0));
    let singular = || Square::new(&SINGULAR);
    assert_eq!(singular().inverse(), Err(Error::Singular { expression: "inv(A)".into() }));
    assert_eq!(singular().logdet(), Err(Error::Singular { expression: "logdet(A)".into() }));
    assert_eq!(singular().det(), 0.0);
    let (mut singular, mut x) = (singular(), [0.0; 2]);
    let factors = singular.factors();
    let refused = Err(Error::Singular { expression: "inv(A)".into() });
    assert_eq!(factors.solve(MatMut::column(&mut x), 1.0, Mat::column(&[1.0, 1.0]), "inv(A)"), refused);
    let turned = factors.solve_transposed(MatMut::column(&mut x), 1.0, Mat::column(&[1.0, 1.0]), "inv(A)");
    assert_eq!(turned, refused);
}

#[test]
fn whole_numbers_are_known_to_be_singular() {
    let refused = Err(Error::Singular { expression: "inv(A)".into() });
    let nine: Vec<f64> = (1..10).map(f64::from).collect();
    let mut rng = Rng::new(11);
    for n in [3, 4, 7, 12] {
        // One row is a sum of others, at any scale; so are B·B' with B of n rows and n - 1 columns.
        let mut whole = |entries: usize| -> Vec<f64> {
            (0..entries).map(|_| (8.0 * rng.uniform()).round() - 4.0).collect()
        };
        let (mut rows, b) = (whole(n * n), whole(n * (n - 1)));
        (0..n).for_each(|k| rows[(n - 1) * n + k] = rows[k] - 3.0 * rows[n + k]);
        let dot = |i: usize, j: usize| (0..n - 1).map(|k| b[i * (n - 1) + k] * b[j * (n - 1) + k]).sum();
        let gram: Vec<f64> = (0..n * n).map(|at| dot(at / n, at % n)).collect();
        for a in [&rows, &gram, &nine] {
            for scale in [1.0, 0.25, 1e3, 2.0_f64.powi(-200)] {
                let mut a = Square::new(&a.iter().map(|x| x * scale).collect::<Vec<_>>());
                assert_eq!(a.det(), 0.0, "{n}, {scale}");
                assert_eq!(a.inverse(), refused, "{n}, {scale}");
            }
        }
    }
    // Nearly is not.
    let mut nearly = nine.clone();
    nearly[8] += 1e-9;
    let det = Square::new(&nearly).det();
    assert!((det / -3e-9 - 1.0).abs() < 1e-5, "{det:e}");
    assert!((Square::new(&[1.0, 1.0, 1.0, 1.0 + f64::EPSILON]).det() - f64::EPSILON).abs() < 1e-30);
    // As doubles, 0.1 * 2.1 is not 0.3 * 0.7, but 0.1 * 0.6 is 0.2 * 0.3.
    let decimals = Square::new(&[0.1, 0.3, 0.7, 2.1]).det();
    assert!(decimals != 0.0 && decimals.abs() < 1e-16);
    assert_eq!(Square::new(&[0.1, 0.3, 0.2, 0.6]).det(), 0.0);
}

#[test]
fn every_size_is_inverted_whatever_its_halves() {
    let mut rng = Rng::new(7);
    for n in (1..20).chain([24, 25, 33, 48, 65, 97]) {
        for mut a in [Square::random(n, &mut rng), Square::symmetric(n, 0.1, &mut rng)] {
            let inverse = a.inverse().expect("regular");
            let identity = a.matrix().dot(&inverse);
            for ((i, j), x) in identity.indexed_iter() {
                let error = (x - f64::from(u8::from(i == j))).abs();
                assert!(error < 1e-13 * n as f64 * size(&a.matrix()) * size(&inverse), "{n}: {error:e}");
            }
            let back = Square::new(inverse.as_slice().expect("row-major")).det();
            let product = a.det() * back;
            assert!((product - 1.0).abs() < 1e-10 * size(&inverse) * size(&a.matrix()), "{n}: {product:e}");
        }
    }
}

#[test]
fn inverses_of_definite_matrices_are_symmetric_to_the_last_bit() {
    let mut rng = Rng::new(13);
    for n in [64, 65, 97, 130, 200] {
        let mut a = Square::symmetric(n, 0.1, &mut rng);
        let inverse = a.inverse().expect("regular");
        assert_eq!(inverse, inverse.t(), "{n}");
        let error = size(&(a.matrix().dot(&inverse) - Array2::<f64>::eye(n)));
        assert!(error < 1e-14 * n as f64 * size(&a.matrix()) * size(&inverse), "{n}: {error:e}");
        // Of one that is not positive definite there is an inverse, too.
        a.a[(n - 1) * n + n - 1] -= 4.0 * n as f64;
        let inverse = a.inverse().expect("regular");
        let error = size(&(a.matrix().dot(&inverse) - Array2::<f64>::eye(n)));
        assert!(error < 1e-13 * n as f64 * size(&a.matrix()) * size(&inverse), "{n}: {error:e}");
    }
}

/// Solves A X = B and Aᵀ X = B, and compares what comes of it with B: the residual is as small as A and X
/// allow.
fn residuals(a: &mut Square, b: &Array2<f64>, out: &mut Array2<f64>) {
    let (n, matrix) = (a.n, a.matrix());
    for transposed in [false, true] {
        let (to, from) = (MatMut::from(out.view_mut()), Mat::from(b.view()));
        let factors = a.factors();
        let done = match transposed {
            false => factors.solve(to, -2.0, from, "inv(A)"),
            true => factors.solve_transposed(to, -2.0, from, "inv(A)"),
        };
        assert_eq!(done, Ok(()));
        let matrix = if transposed { matrix.t() } else { matrix.view() };
        let residual = matrix.dot(out) + 2.0 * b;
        let bound = 1e-15 * (n * n) as f64 * size(&matrix.to_owned()) * size(out);
        assert!(size(&residual) <= bound + 1e-14, "{n} {transposed}: {:e} {bound:e}", size(&residual));
    }
}

#[test]
fn systems_are_solved_in_every_layout() {
    let mut rng = Rng::new(11);
    for n in [0, 1, 2, 3, 5, 16, 17, 33, 65, 97] {
        for m in [1, 2, 7] {
            for mut a in [Square::random(n, &mut rng), Square::symmetric(n, 0.1, &mut rng)] {
                let b = Array2::from_shape_simple_fn((n, m), || rng.normal());
                residuals(&mut a, &b, &mut Array2::zeros((n, m)));
                residuals(&mut a, &b, &mut Array2::zeros((n, m).f()));
                let columns = Array2::from_shape_fn((n, m).f(), |at| b[at]);
                residuals(&mut a, &columns, &mut Array2::zeros((n, m).f()));
                // Neither rows nor columns adjacent.
                let (mut apart, wanted) = (Array2::<f64>::zeros((2 * n, 3 * m)), b.mapv(|x| 2.0 * x));
                let mut x = apart.slice_mut(ndarray::s![..;2, ..;3]);
                let done = a.factors().solve(MatMut::from(x.view_mut()), 2.0, Mat::from(b.view()), "inv(A)");
                assert_eq!(done, Ok(()));
                let error = size(&(a.matrix().dot(&x) - wanted));
                assert!(error <= 1e-15 * (n * n) as f64 * size(&a.matrix()) * size(&x.to_owned()) + 1e-14);
            }
        }
    }
}

#[test]
fn what_is_positive_definite_exchanges_no_rows_and_what_is_not_falls_back() {
    let mut rng = Rng::new(3);
    for n in [2, 5, 32, 33, 90] {
        let mut definite = Square::symmetric(n, 0.5, &mut rng);
        assert_eq!(definite.factors().exchanged().count(), 0, "{n}");
        // U = D Lᵀ
        let factors = definite.factors();
        let at = |i: usize, j: usize| factors.lu[i * n + j];
        for i in 0..n {
            for j in 0..i {
                assert!((at(i, j) * at(j, j) - at(j, i)).abs() <= 1e-14 * (n as f64), "{n}");
            }
        }
        // The last pivot alone is negative, or the first.
        for k in [0, n - 1] {
            let mut indefinite = Square::symmetric(n, 0.5, &mut rng);
            indefinite.a[k * n + k] -= 2.0 * n as f64;
            residuals(&mut indefinite, &Array2::ones((n, 3)), &mut Array2::zeros((n, 3)));
            let refused = matches!(indefinite.logdet(), Err(Error::NotPositiveDefinite { .. }));
            assert!(refused && indefinite.det() < 0.0, "{n}");
        }
    }
}

#[test]
fn solutions_are_as_exact_as_their_system_allows() {
    for n in 8..=12 {
        let mut a = Square::hilbert(n);
        // The right side of a known solution; and one that a product by the inverse gets wrong.
        let known = Array2::from_shape_fn((n, 1), |(i, _)| 1.0 + i as f64);
        let b = a.matrix().dot(&known);
        let residual = |x: &Array2<f64>| size(&(a.matrix().dot(x) - &b)) / size(x);
        let mut x = Array2::zeros((n, 1));
        let solved = Square::hilbert(n).factors().solve(
            MatMut::from(x.view_mut()),
            1.0,
            Mat::from(b.view()),
            "inv(A)",
        );
        assert_eq!(solved, Ok(()));
        let inverse = Square::hilbert(n).inverse().expect("regular");
        assert!(residual(&x) < 4.0 * f64::EPSILON, "{n}: {:e}", residual(&x));
        assert!(residual(&inverse.dot(&b)) > 1e4 * residual(&x).max(f64::EPSILON), "{n}");
        assert_eq!(a.factors().exchanged().count(), 0);
    }
}

#[test]
fn what_is_not_finite_is_refused() {
    for bad in [f64::NAN, f64::INFINITY] {
        for n in [2, 30, 60] {
            for at in [n * n / 2, n - 1, (n - 1) * n, 0] {
                let mut a = vec![0.0; n * n];
                a.iter_mut().step_by(n + 1).for_each(|x| *x = 1.0);
                a[at] = bad;
                a[n * n - 1] = bad;
                assert!(Square::new(&a).inverse().is_err(), "{n}, {bad}");
                assert!(Square::new(&a).logdet().is_err(), "{n}, {bad}");
                let (mut lu, mut exchanges) = (vec![0.0; n * n], vec![0.0; n]);
                let factors = factor_symmetric(&a, n, &mut lu, &mut exchanges);
                assert!(factors.logdet("logdet(A)").is_err(), "{n}, {bad}");
            }
        }
    }
}

/// The determinant by expansion, as a polynomial in the entries; its derivatives are determinants of what is
/// left without the rows and columns.
fn expanded(a: &[f64], rows: &[usize], columns: &[usize], n: usize) -> f64 {
    let [row, below @ ..] = rows else { return 1.0 };
    let mut sum = 0.0;
    for (k, &column) in columns.iter().enumerate() {
        let others: Vec<usize> = columns.iter().copied().filter(|&c| c != column).collect();
        let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
        sum += sign * a[row * n + column] * expanded(a, below, &others, n);
    }
    sum
}

/// ∂ det/∂aᵢⱼ, or ∂² det/∂aᵢⱼ∂aₖₗ.
fn minor(a: &[f64], n: usize, without: &[(usize, usize)]) -> f64 {
    let mut sign = 1.0;
    let (mut rows, mut columns): (Vec<usize>, Vec<usize>) = ((0..n).collect(), (0..n).collect());
    for (i, j) in without {
        let (Some(r), Some(c)) = (rows.iter().position(|x| x == i), columns.iter().position(|x| x == j))
        else {
            return 0.0;
        };
        if (r + c) % 2 == 1 {
            sign = -sign;
        }
        rows.remove(r);
        columns.remove(c);
    }
    sign * expanded(a, &rows, &columns, n)
}

/// The adjugate and the second derivatives of the determinant against minors, each to `within` times what
/// minors of entries as large as A's may be.
fn derivatives_of_det<T: Scalar>(what: &str, a: &[f64], within: f64) {
    let n = a.len().isqrt();
    let given: Vec<T> = a.iter().map(|&x| T::from_f64(x)).collect();
    let (mut lu, mut exchanges) = (vec![T::ZERO; n * n], vec![T::ZERO; n]);
    let factors = factor(&given, n, &mut lu, &mut exchanges);
    let of = |write: &dyn Fn(&mut [T])| -> Vec<f64> {
        let mut out = vec![T::NAN; n * n];
        write(&mut out);
        out.iter().map(|x| x.to_f64()).collect()
    };
    let largest = a.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    let most = |k: usize| {
        let factorial: f64 = (1..=n.saturating_sub(k)).map(|x| x as f64).product();
        within * factorial.sqrt() * largest.powi(n as i32 - k as i32) + T::MIN_POSITIVE.to_f64()
    };
    let error = (factors.det().to_f64() - minor(a, n, &[])).abs();
    assert!(error <= most(0), "{what}: det is off by {error:e}");
    let adjugate = of(&|out| factors.adjugate(&given, out));
    let (p, q) =
        (of(&|out| factors.adjugate_first(&given, out)), of(&|out| factors.adjugate_second(&given, out)));
    for (i, j) in (0..n * n).map(|at| (at / n, at % n)) {
        let error = (adjugate[j * n + i] - minor(a, n, &[(i, j)])).abs();
        assert!(error <= most(1), "{what}: adj[{j}, {i}] is off by {error:e}");
        for (k, l) in (0..n * n).map(|at| (at / n, at % n)) {
            let at = |m: &[f64], r: usize, c: usize| m[r * n + c];
            let got = at(&p, j, i) * at(&q, l, k) + at(&q, j, i) * at(&p, l, k)
                - at(&p, l, i) * at(&q, j, k)
                - at(&q, l, i) * at(&p, j, k);
            let error = (got - minor(a, n, &[(i, j), (k, l)])).abs();
            assert!(n < 2 || error <= most(2), "{what}: ∂²/∂[{i},{j}]∂[{k},{l}] is off by {error:e}");
        }
    }
}

/// Matrices of every rank from 0 to n, of small whole numbers, so that they are exactly of that rank.
fn of_rank(n: usize, rank: usize, rng: &mut Rng) -> Vec<f64> {
    let mut a = vec![0.0; n * n];
    for _ in 0..rank {
        let [u, v]: [Vec<f64>; 2] =
            std::array::from_fn(|_| (0..n).map(|_| (7.0 * rng.uniform()).floor() - 3.0).collect());
        a.iter_mut().enumerate().for_each(|(at, x)| *x += u[at / n] * v[at % n]);
    }
    a
}

#[test]
fn derivatives_of_determinants_are_their_minors_whatever_the_rank() {
    let mut rng = Rng::new(41);
    let counted: Vec<f64> = (1..=9).map(f64::from).collect();
    let shifted = [0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0];
    let mut matrices = vec![
        ("1 to 9".to_owned(), counted),
        ("nilpotent".to_owned(), shifted.to_vec()),
        ("one entry".to_owned(), vec![0.0]),
        ("one row".to_owned(), vec![1.0, 2.0, 2.0, 4.0]),
        ("regular".to_owned(), A.to_vec()),
        ("symmetric".to_owned(), vec![2.0, 1.0, 1.0, 2.0]),
        ("Hilbert's".to_owned(), Square::hilbert(6).a),
    ];
    for n in 1..=6 {
        for rank in 0..=n {
            matrices.push((format!("{n}×{n} of rank {rank}"), of_rank(n, rank, &mut rng)));
        }
        // The last pivots are small, not 0.
        let mut near = of_rank(n, n.saturating_sub(2), &mut rng);
        near.iter_mut().for_each(|x| *x += 1e-9 * (rng.uniform() - 0.5));
        matrices.push((format!("{n}×{n}, nearly of rank {}", n.saturating_sub(2)), near));
        matrices.push((format!("{n}×{n}, symmetric"), Square::symmetric(n, 0.1, &mut rng).a));
    }
    for (what, a) in &matrices {
        derivatives_of_det::<f64>(what, a, 1e-13);
        let rounded: Vec<f64> = a.iter().map(|&x| f64::from(x as f32)).collect();
        derivatives_of_det::<f32>(&format!("{what}, single"), &rounded, 2e-5);
    }
}

#[test]
fn derivatives_of_determinants_are_in_range_where_they_are() {
    let scaled = |scale: f64, a: &[f64]| -> Vec<f64> { a.iter().map(|x| scale * x).collect() };
    for (what, base) in [("regular", A.to_vec()), ("singular", (1..=9).map(f64::from).collect())] {
        for scale in [1e-200, 1e-100, 1e100] {
            derivatives_of_det::<f64>(&format!("{what}, {scale:e}"), &scaled(scale, &base), 1e-13);
        }
    }
    // The determinant is 1e100, the product of the first two pivots is not.
    let mut graded = Square::new(&[1e200, 0.0, 0.0, 0.0, 1e200, 0.0, 0.0, 0.0, 1e-300]);
    assert!((graded.det() / 1e100 - 1.0).abs() < 1e-14);
    let mut out = [0.0; 9];
    let a = graded.a.clone();
    graded.factors().adjugate(&a, &mut out);
    assert!((out[0] / 1e-100 - 1.0).abs() < 1e-14, "{out:?}");
    let mut unbounded = Square::new(&[f64::NAN, 1.0, 1.0, 1.0]);
    let a = unbounded.a.clone();
    unbounded.factors().adjugate(&a, &mut out[..4]);
    assert!(out[..4].iter().all(|x| x.is_nan()));
}
