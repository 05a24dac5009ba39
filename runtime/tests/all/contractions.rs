//! Contractions and reductions against loops that are plainly right.

use gradsmith_runtime::__private::{
    Accum, Mat, MatMut, Math, VectorProduct, axpy, gram, log_softmax, logsumexp, matmul, matmul_onto,
    matmul_small, matvec_pair, max, softmax, step,
};
use gradsmith_runtime::Scalar;
use gradsmith_runtime::parallel::set_threads;
use ndarray::{Array2, ArrayView2, s};

/// Numbers in [−1, 1), the same in every run.
fn numbers<T: Scalar>(n: usize, seed: u64) -> Vec<T> {
    gradsmith_test_support::numbers::numbers(n, seed).map(T::from_f64).collect()
}

fn matrix<T: Scalar>(rows: usize, cols: usize, seed: u64) -> Array2<T> {
    Array2::from_shape_vec((rows, cols), numbers(rows * cols, seed)).unwrap()
}

/// Checks one product, for both values of `accum`, against a sum in double precision.
fn check<T: Scalar>(a: ArrayView2<'_, T>, b: ArrayView2<'_, T>, out: &mut Array2<T>, what: &str) {
    let alpha = T::from_f64(0.75);
    let k = a.ncols();
    let exact = a.mapv(|x| x.to_f64()).dot(&b.mapv(|x| x.to_f64()));
    for accum in [Accum::Replace, Accum::Add] {
        let before = if accum == Accum::Add {
            out.fill(T::from_f64(0.5));
            0.5
        } else {
            out.fill(T::NAN);
            0.0
        };
        matmul(MatMut::from(out.view_mut()), accum, alpha, Mat::from(a), Mat::from(b));
        for ((i, j), &x) in out.indexed_iter() {
            let error = (x.to_f64() - (0.75 * exact[(i, j)] + before)).abs();
            let bound = (k as f64 + 4.0) * T::EPSILON.to_f64();
            assert!(error <= bound, "{} {what} {accum:?} ({i}, {j}): {error:e}", T::NAME);
        }
    }
}

/// The same for a product onto a part of what is there.
fn check_onto<T: Scalar>(a: ArrayView2<'_, T>, b: ArrayView2<'_, T>, out: &mut Array2<T>, what: &str) {
    let exact = a.mapv(|x| x.to_f64()).dot(&b.mapv(|x| x.to_f64()));
    out.fill(T::from_f64(0.5));
    let (alpha, beta) = (T::from_f64(-0.5), T::from_f64(0.25));
    matmul_onto(MatMut::from(out.view_mut()), beta, alpha, Mat::from(a), Mat::from(b));
    for ((i, j), &x) in out.indexed_iter() {
        let error = (x.to_f64() - (0.125 - 0.5 * exact[(i, j)])).abs();
        let bound = (a.ncols() as f64 + 4.0) * T::EPSILON.to_f64();
        assert!(error <= bound, "{} {what} onto ({i}, {j}): {error:e}", T::NAME);
    }
}

fn shapes<T: Scalar>() {
    let sizes = [1, 2, 5, 13, 33];
    for m in sizes {
        for n in sizes {
            for k in [0, 1, 7, 35] {
                layouts::<T>(m, k, n);
            }
        }
    }
    // Several blocks of every loop, with rests.
    for (m, k, n) in [
        (10, 784, 100),
        (100, 784, 100),
        (53, 401, 301),
        (300, 200, 40),
        (29, 5, 1100),
        (1, 700, 130),
        (120, 2100, 6),
    ] {
        layouts::<T>(m, k, n);
    }
}

fn layouts<T: Scalar>(m: usize, k: usize, n: usize) {
    let (a, at) = (matrix::<T>(m, k, 1), matrix::<T>(k, m, 2));
    let (b, bt) = (matrix::<T>(k, n, 3), matrix::<T>(n, k, 4));
    let what = |layout| format!("{m}×{k}×{n} {layout}");
    let mut out = Array2::zeros((m, n));
    check(a.view(), b.view(), &mut out, &what("a b"));
    check(at.t(), b.view(), &mut out, &what("aᵀ b"));
    check(a.view(), bt.t(), &mut out, &what("a bᵀ"));
    check(at.t(), bt.t(), &mut out, &what("aᵀ bᵀ"));
    check_onto(at.t(), b.view(), &mut out, &what("aᵀ b"));
    check_onto(a.view(), bt.t(), &mut out, &what("a bᵀ"));
    let mut out = Array2::zeros((n, m)).reversed_axes();
    check(a.view(), b.view(), &mut out, &what("a b, out by columns"));
    check(at.t(), bt.t(), &mut out, &what("aᵀ bᵀ, out by columns"));
    check_onto(a.view(), b.view(), &mut out, &what("a b, out by columns"));
}

#[test]
fn products_of_all_small_shapes_single() {
    shapes::<f32>();
}

#[test]
fn products_of_all_small_shapes_double() {
    shapes::<f64>();
}

/// A product of constant extents, with numbers on both sides of the output that it leaves alone; 0 for M is
/// each of some.
fn small<T: Scalar, const M: usize, const N: usize, const K: usize, const A: bool, const B: bool>() {
    let rows: &[usize] = if M == 0 { &[1, 2, 7, 8, 9, 31, 32] } else { &[M] };
    for &m in rows {
        let (a, b) = (matrix::<T>(m, K, 1), matrix::<T>(K, N, 2));
        let (at, bt) = (a.t().as_standard_layout().into_owned(), b.t().as_standard_layout().into_owned());
        let exact = a.mapv(|x| x.to_f64()).dot(&b.mapv(|x| x.to_f64()));
        for (accum, before) in [(Accum::Replace, T::NAN), (Accum::Add, T::from_f64(0.5))] {
            let mut out = vec![T::from_f64(7.0); m * N + 64];
            out[32..32 + m * N].fill(before);
            let left = if A { Mat::from(at.t()) } else { Mat::from(a.view()) };
            let right = if B { Mat::from(bt.t()) } else { Mat::from(b.view()) };
            let call = |math, out: &mut [T]| {
                let out = MatMut::rows(out, m, N);
                matmul_small::<_, M, N, K, A, B>(math, out, accum, T::from_f64(0.75), left, right);
            };
            step(&mut out[32..32 + m * N], call);
            let added = if accum == Accum::Add { 0.5 } else { 0.0 };
            for ((i, j), exact) in exact.indexed_iter() {
                let error = (out[32 + i * N + j].to_f64() - (0.75 * exact + added)).abs();
                let what = format!("{m}×{K}×{N} {A} {B} {accum:?} ({i}, {j})");
                assert!(error <= (K as f64 + 4.0) * T::EPSILON.to_f64(), "{} {what}: {error:e}", T::NAME);
            }
            let beside = out[..32].iter().chain(&out[32 + m * N..]);
            assert!(beside.copied().all(|x| x == T::from_f64(7.0)), "{m}×{K}×{N} {accum:?}: beside");
        }
    }
}

#[test]
fn products_of_constant_extents() {
    macro_rules! all {
        ($($m:literal $n:literal $k:literal;)*) => {$(
            small::<f32, $m, $n, $k, false, false>();
            small::<f32, $m, $n, $k, false, true>();
            small::<f32, $m, $n, $k, true, false>();
            small::<f32, $m, $n, $k, true, true>();
            small::<f64, $m, $n, $k, false, true>();
            small::<f64, $m, $n, $k, true, false>();
        )*};
    }
    all! {
        0 64 6; 0 8 64; 0 4 8; 0 1 5; 0 3 2; 0 17 3; 0 40 33; 0 5 1;
        64 6 3; 8 64 2; 4 8 9; 1 1 1; 6 1 70; 3 5 40; 33 20 17; 1 90 3;
    }
}

#[test]
fn what_was_said_of_a_product_may_be_wrong() {
    let (a, b) = (matrix::<f64>(5, 6, 1), matrix::<f64>(6, 7, 2));
    let mut out = Array2::zeros((5, 7));
    let call = |math, out: &mut Array2<f64>| {
        let out = MatMut::from(out.view_mut());
        matmul_small::<_, 3, 9, 4, true, true>(
            math,
            out,
            Accum::Replace,
            1.0,
            (&a).into_view(),
            (&b).into_view(),
        );
    };
    step(&mut out, call);
    assert!((&out - &a.dot(&b)).iter().all(|e| e.abs() < 1e-14));
}

#[test]
fn products_of_strided_views() {
    let (a, b) = (matrix::<f64>(40, 60, 1), matrix::<f64>(60, 50, 2));
    let views = [
        (a.slice(s![..;2, ..;3]), b.slice(s![..20, 3..40])),
        (a.slice(s![..;-1, 1..;2]), b.slice(s![..;2, ..;-1])),
        (a.slice(s![3..30, ..;-2]), b.slice(s![30.., ..;4])),
    ];
    for (a, b) in views {
        let k = a.ncols().min(b.nrows());
        let (a, b) = (a.slice(s![.., ..k]), b.slice(s![..k, ..]));
        let (m, n) = (a.nrows(), b.ncols());
        check(a, b, &mut Array2::zeros((m, n)), "strided");
        // An output with neither rows nor columns adjacent.
        let mut wide = Array2::<f64>::zeros((2 * m, 2 * n));
        matmul(wide.slice_mut(s![..;2, ..;2]).into(), Accum::Replace, 1.0, a.into(), b.into());
        let error = (&wide.slice(s![..;2, ..;2]) - &a.dot(&b)).iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        assert!(error < 1e-13 && wide.slice(s![1..;2, ..]).iter().all(|&x| x == 0.0));
    }
}

#[test]
fn products_leave_what_is_beside_the_output() {
    for cols in 1..40 {
        let (a, b) = (matrix::<f32>(13, 9, 1), matrix::<f32>(9, cols, 2));
        let mut wide = Array2::<f32>::from_elem((13, 64), 7.0);
        matmul(
            wide.slice_mut(s![.., ..cols]).into(),
            Accum::Replace,
            1.0,
            (&a).into_view(),
            (&b).into_view(),
        );
        assert!(wide.slice(s![.., cols..]).iter().all(|&x| x == 7.0));
    }
}

trait IntoView<'a, T> {
    fn into_view(self) -> Mat<'a, T>;
}

impl<'a, T: Scalar> IntoView<'a, T> for &'a Array2<T> {
    fn into_view(self) -> Mat<'a, T> {
        Mat::from(self.view())
    }
}

#[test]
#[should_panic = "matmul: 2×2 from 2×3 and 2×2"]
fn products_of_other_shapes_say_which() {
    let (a, b) = (matrix::<f64>(2, 3, 1), matrix::<f64>(2, 2, 2));
    matmul(MatMut::rows(&mut [0.0; 4], 2, 2), Accum::Replace, 1.0, (&a).into_view(), (&b).into_view());
}

#[test]
fn sums_of_every_length() {
    for n in 0..200 {
        let (x, y) = (numbers::<f64>(n, 1), numbers::<f64>(n, 2));
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-13;
        assert!(near(Math::portable().sum_map(&x, |x| x * x), x.iter().map(|x| x * x).sum()));
        let mut z = y.clone();
        axpy(0.5, &x, &mut z);
        assert!(z.iter().zip(x.iter().zip(&y)).all(|(&z, (&x, &y))| near(z, y + 0.5 * x)));
    }
}

/// max and log Σ e^(x − max), of the numbers of one line along the axis
fn reference(line: &[f64]) -> (f64, f64) {
    let top = line.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (top, line.iter().map(|x| (x - top).exp()).sum::<f64>().ln())
}

#[test]
fn reductions_along_every_axis() {
    for (outer, len, inner) in [
        (1, 1, 1),
        (3, 10, 1),
        (40, 7, 1),
        (2, 300, 1),
        (1, 1000, 1),
        (2, 5, 3),
        (3, 4, 300),
        (1, 2, 257),
        (0, 3, 2),
    ] {
        let x: Vec<f64> = numbers::<f64>(outer * len * inner, 9).iter().map(|x| 20.0 * x).collect();
        let run = |f: fn(&mut [f64], &[f64], usize, usize, usize), n: usize| {
            let mut out = vec![f64::NAN; n];
            f(&mut out, &x, outer, len, inner);
            out
        };
        let (lines, all) = (outer * inner, x.len());
        let (soft, log_soft) = (run(softmax, all), run(log_softmax, all));
        let lse = run(logsumexp, lines);
        let greatest = run(max, lines);
        for o in 0..outer {
            for n in 0..inner {
                let at = |i: usize| (o * len + i) * inner + n;
                let line: Vec<f64> = (0..len).map(|i| x[at(i)]).collect();
                let (top, log_total) = reference(&line);
                let out = o * inner + n;
                let near = |a: f64, b: f64| (a - b).abs() <= 1e-14 * b.abs().max(1.0);
                assert!(greatest[out] == top && near(lse[out], top + log_total));
                for (i, &x) in line.iter().enumerate() {
                    let exact = (x - top) - log_total;
                    assert!(near(log_soft[at(i)], exact));
                    assert!((soft[at(i)] / exact.exp() - 1.0).abs() < 3e-14);
                }
            }
        }
    }
}

#[test]
fn softmax_is_stable() {
    let mut out = [0.0; 3];
    softmax(&mut out, &[1e4, 1e4, 1e4], 1, 3, 1);
    assert!(out.iter().all(|&x| (x * 3.0f64 - 1.0).abs() < 1e-14));
    log_softmax(&mut out, &[1e308, -1e308, 1e308], 1, 3, 1);
    let half = -core::f64::consts::LN_2;
    assert!((out[0] - half).abs() < 1e-14 && (out[2] - half).abs() < 1e-14 && out[1] < -1e308);
    let mut one = [0.0];
    logsumexp(&mut one, &[1e4, 1e4], 1, 2, 1);
    assert!((one[0] - (1e4 + core::f64::consts::LN_2)).abs() <= 1e-14 * 1e4);
    max(&mut one, &[1.0, f64::NAN, 2.0], 1, 3, 1);
    assert!(one[0].is_nan());
    let mut pair = [0.0f32; 2];
    softmax(&mut pair, &[-1e30, 0.0], 1, 2, 1);
    assert_eq!(pair, [0.0, 1.0]);
}

fn grams<T: Scalar>() {
    for (k, n) in [(0, 3), (1, 1), (7, 5), (40, 33), (530, 70), (30, 301), (257, 460)] {
        let x: Array2<T> = matrix(k, n, 5);
        let by_columns: Array2<T> = matrix(n, k, 7);
        let weights: Vec<T> = numbers(k, 6);
        for (x, w) in [(x.view(), Some(&weights[..])), (x.view(), None), (by_columns.t(), Some(&weights[..]))]
        {
            let mut scaled = x.mapv(|x| x.to_f64());
            for (mut row, k) in scaled.rows_mut().into_iter().zip(0..) {
                row *= w.map_or(1.0, |w| w[k].to_f64());
            }
            let exact = x.t().mapv(|x| x.to_f64()).dot(&scaled);
            // What is below the diagonal is not read.
            let mut out = Array2::from_shape_fn((n, n), |(i, j)| if i > j { T::NAN } else { T::ONE });
            gram(MatMut::from(out.view_mut()), Accum::Add, T::from_f64(0.5), Mat::from(x), w);
            // In double precision the sum compared with is rounded, too.
            let bound = 2.0 * (k as f64 + 4.0) * T::EPSILON.to_f64();
            for ((i, j), &found) in out.indexed_iter() {
                let error = (found.to_f64() - 0.5 * exact[(i, j)] - 1.0).abs();
                assert!(error <= bound, "{} {k}×{n} ({i}, {j}): {error:e}", T::NAME);
                assert_eq!(found, out[(j, i)]);
            }
        }
    }
}

#[test]
fn gram_is_the_weighted_product_with_its_transpose() {
    grams::<f32>();
    grams::<f64>();
}

#[test]
fn products_do_not_depend_on_the_number_of_threads() {
    let on = |threads: usize| {
        set_threads(threads);
        let mut found: Vec<Vec<f64>> = Vec::new();
        for (m, k, n) in
            [(120, 130, 140), (10, 784, 300), (7, 100, 3000), (150, 130, 140), (4000, 600, 1), (1, 600, 4000)]
        {
            let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
            for transposed in [false, true] {
                let a = if transposed { Mat::rows(&a, k, m).t() } else { Mat::rows(&a, m, k) };
                for b in [Mat::rows(&b, k, n), Mat::rows(&b, n, k).t()] {
                    let mut out = vec![0.0; m * n];
                    matmul(MatMut::rows(&mut out, m, n), Accum::Replace, 1.0, a, b);
                    found.push(out);
                }
            }
        }
        let (x, w) = (numbers(400 * 90, 3), numbers(400, 4));
        let mut out = vec![0.0; 90 * 90];
        gram(MatMut::rows(&mut out, 90, 90), Accum::Replace, 1.0, Mat::rows(&x, 400, 90), Some(&w));
        found.push(out);
        set_threads(1);
        found
    };
    let one = on(1);
    assert!([2, 5, 100].into_iter().all(|threads| one == on(threads)));
}

#[test]
fn two_vectors_are_multiplied_at_once() {
    fn check<T: Scalar>() {
        for (m, k) in [(0, 3), (3, 0), (1, 1), (1, 40), (4, 16), (7, 33), (30, 200), (13, 5)] {
            let stored: Array2<T> = matrix(m, k, 5);
            let turned: Array2<T> = matrix(k, m, 6);
            for a in [stored.view(), turned.t()] {
                let (x, y) = (numbers::<T>(k, 7), numbers::<T>(k, 8));
                let (mut first, mut second) = (vec![T::NAN; m], vec![T::ONE; m]);
                let (two, half) = (T::from_f64(2.0), T::from_f64(0.5));
                let replaced = VectorProduct { out: &mut first, accum: Accum::Replace, alpha: two, x: &x };
                let added = VectorProduct { out: &mut second, accum: Accum::Add, alpha: half, x: &y };
                matvec_pair(Mat::from(a), [replaced, added]);
                for i in 0..m {
                    let sum = |x: &[T]| (0..k).map(|j| a[(i, j)].to_f64() * x[j].to_f64()).sum::<f64>();
                    let bound = (k as f64 + 4.0) * T::EPSILON.to_f64();
                    assert!((first[i].to_f64() - 2.0 * sum(&x)).abs() <= 2.0 * bound, "{m}×{k}, {i}");
                    assert!((second[i].to_f64() - 1.0 - 0.5 * sum(&y)).abs() <= bound, "{m}×{k}, {i}");
                }
            }
        }
    }
    check::<f32>();
    check::<f64>();
}
