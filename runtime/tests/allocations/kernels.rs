//! Nothing is allocated by a kernel that has run once at its shape, nor by any once there is a workspace.

use gradsmith_runtime::__private::{Accum, Mat, MatMut, Workspace, factor, gram, matmul, norm, softmax};
use gradsmith_test_support::counting::allocations;

#[test]
fn kernels_allocate_nothing_the_second_time() {
    let (m, k, n) = (100, 300, 90);
    let (a, b) = (vec![1.0f64; m * k], vec![1.0; k * n]);
    let (mut out, mut soft, mut norms) = (vec![0.0; k * n], vec![0.0; m * n], vec![0.0; n]);
    let mut step = || {
        let (x, w) = (Mat::rows(&a[..m * k], m, k), Mat::rows(&b, k, n));
        matmul(MatMut::rows(&mut out[..m * n], m, n), Accum::Replace, 1.0, x, w);
        matmul(MatMut::rows(&mut out[..m * n], m, n), Accum::Add, 1.0, x, Mat::rows(&b, n, k).t());
        matmul(MatMut::rows(&mut out, k, n), Accum::Add, 1.0, x.t(), Mat::rows(&b[..m * n], m, n));
        // Neither rows nor columns are adjacent.
        matmul(MatMut::strided(&mut out, (m, n), (2 * n, 2)), Accum::Add, 1.0, x, w);
        gram(
            MatMut::strided(&mut out, (60, 60), (2 * n, 2)),
            Accum::Add,
            1.0,
            Mat::rows(&b[..600], 10, 60),
            None,
        );
        softmax(&mut soft, &a[..m * n], m, n, 1);
        norm(&mut norms, &soft, 1, m, n);
    };
    step();
    assert_eq!(allocations(step).0, 0);
}

#[test]
fn systems_allocate_nothing_the_second_time() {
    for n in [5, 100] {
        let mut a: Vec<f64> = (0..n * n).map(|k| ((k * k) as f64).sin()).collect();
        let b = vec![1.0; n * 7];
        let (mut room, mut exchanges) = (vec![0.0; n * n], vec![0.0; n]);
        let (mut x, mut inverse) = (vec![0.0; n * 7], vec![0.0; n * n]);
        let mut step = |a: &[f64]| {
            let factors = factor(a, n, &mut room, &mut exchanges);
            let (rows, columns) = (Mat::rows(&b, n, 7), Mat::rows(&b, 7, n).t());
            let solved = factors.solve(MatMut::rows(&mut x, n, 7), 1.0, rows, "inv(A)");
            let turned = factors.solve_transposed(MatMut::rows(&mut x, 7, n).t(), 2.0, columns, "inv(A)");
            solved.and(turned).and(factors.inverse(&mut inverse, "inv(A)")).is_ok()
        };
        assert!(step(&a));
        assert_eq!(allocations(|| step(&a)), (0, true));
        // Symmetric, and positive definite.
        a.fill(1.0);
        a.iter_mut().step_by(n + 1).for_each(|x| *x = 2.0);
        assert!(step(&a));
        assert_eq!(allocations(|| step(&a)), (0, true));
    }
}

#[test]
fn beside_a_workspace_products_allocate_nothing_the_first_time() {
    let most = 1500;
    let (a, b) = (vec![1.0f32; most * most], vec![1.0; most * most]);
    let mut out = vec![0.0; most * most];
    // A problem of nothing: what its products pack is the thread's.
    let _ = Workspace::<f32>::new(0, 0);
    let mut all = || {
        for (m, k, n) in [
            (700, 600, 900),
            (513, 385, 33),
            (40, 250, 8000),
            (most, 3, most),
            (12, most, most),
            (1, most, most),
            (100, 20_000, 90),
            (2, 900_000, 1),
        ] {
            let (x, w, turned) = (
                Mat::rows(&a[..m * k], m, k),
                Mat::rows(&b[..k * n], k, n),
                Mat::rows(&b[..k * n], n, k).t(),
            );
            matmul(MatMut::rows(&mut out[..m * n], m, n), Accum::Replace, 1.0, x, w);
            matmul(MatMut::rows(&mut out[..m * n], m, n), Accum::Replace, 1.0, x, turned);
            matmul(
                MatMut::rows(&mut out[..m * n], m, n),
                Accum::Replace,
                1.0,
                Mat::rows(&a[..m * k], k, m).t(),
                turned,
            );
        }
        gram(
            MatMut::rows(&mut out[..360_000], 600, 600),
            Accum::Replace,
            1.0,
            Mat::rows(&a[..420_000], 700, 600),
            None,
        );
        gram(
            MatMut::rows(&mut out[..3600], 60, 60),
            Accum::Add,
            1.0,
            Mat::rows(&a[..1_800_000], 30_000, 60),
            None,
        );
    };
    assert_eq!(allocations(&mut all).0, 0);
}
