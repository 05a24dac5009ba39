//! Sums of very many terms are as exact as those of a few: |error| ≤ 32 ε Σ |xᵢ|, whatever takes the sum.
//!
//! Terms that are all alike are the worst of the usual ones: a running sum rounds them all the same way.

use gradsmith_runtime::__private::{
    Accum, Division, EachRow, Fold, Mat, MatMut, Runs, Share, Summed, Total, VectorProduct, axpy, gram,
    log_softmax, logsumexp, mat, matmul, matmul_onto, matmul_small, matvec_pair, norm, product, rows,
    softmax, step, sum, sums,
};
use gradsmith_runtime::Scalar;
use gradsmith_runtime::parallel::set_threads;
use ndarray::{Array2, s};

/// Terms of the longest sums.
const MANY: usize = 20_000_000;
/// Of those that take longer.
const FEWER: usize = 100_000;

/// Terms that are alike, of one sign, of both.
const KINDS: [&str; 4] = ["0.1", "0.81", "positive", "mixed"];

fn terms<T: Scalar>(kind: &str, n: usize) -> Vec<T> {
    // A generator that takes no time in an unoptimised build.
    let mut state = 12_345_u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 24)
    };
    match kind {
        "0.1" => vec![T::from_f64(0.1); n],
        "0.81" => vec![T::from_f64(0.9) * T::from_f64(0.9); n],
        "positive" => (0..n).map(|_| T::from_f64(random())).collect(),
        _ => (0..n).map(|_| T::from_f64(2.0 * random() - 1.0)).collect(),
    }
}

/// The sum of terms and of their magnitudes, exact but for 10⁻⁹ of it.
fn exactly(terms: impl Iterator<Item = f64>) -> (f64, f64) {
    let (mut sum, mut magnitude) = (Total::ZERO, 0.0);
    for x in terms {
        sum.add(x);
        magnitude += x.abs();
    }
    (sum.sum(), magnitude)
}

#[track_caller]
fn assert_close<T: Scalar>(found: T, (exact, magnitude): (f64, f64), what: &str) {
    let error = (found.to_f64() - exact).abs() / magnitude / T::EPSILON.to_f64();
    assert!(error <= 32.0, "{} {what}: {found} for {exact}, {error:.1} ε", T::NAME);
}

#[test]
fn along_arrays() {
    for kind in KINDS {
        let x = terms::<f32>(kind, if kind == "0.81" { MANY } else { FEWER + 77 });
        let exact = exactly(x.iter().map(|&x| f64::from(x)));
        let found = sum(
            x.len(),
            (&x[..],),
            #[inline(always)]
            move |_, s: f32, (x,)| s + x,
        );
        assert_close(found, exact, kind);
        let x = &x[..FEWER + 77];
        let exact = exactly(x.iter().map(|&x| f64::from(x)));
        let [one, two] = sums(
            x.len(),
            (x,),
            #[inline(always)]
            move |_, [one, two]: [f32; 2], (x,)| [one + x, two + 2.0 * x],
        );
        assert_close(one, exact, kind);
        assert_close(two, (2.0 * exact.0, 2.0 * exact.1), kind);
        let (row, [most, folded]) = step(
            (x,),
            #[inline(always)]
            |math, (x,)| {
                let row = math.row_sum(
                    x.len(),
                    (x,),
                    #[inline(always)]
                    |_, s: f32, (x,)| s + x,
                );
                let folds = math.row_folds(
                    [Fold::Max, Fold::Sum],
                    x.len(),
                    (x,),
                    #[inline(always)]
                    |math, [most, s], (x,)| [math.max(most, x), s + x],
                );
                (row, folds)
            },
        );
        assert_close(row, exact, kind);
        assert_close(folded, exact, kind);
        assert_eq!(most, x.iter().fold(0.0, |a: f32, &b| a.max(b)));
    }
}

#[test]
fn down_columns() {
    let (height, width) = (FEWER, 2);
    for kind in ["0.1", "positive"] {
        let x = terms::<f32>(kind, height * width);
        let (mut found, row) = ([0.0; 2], [1.0, 3.0]);
        rows(
            height,
            width,
            (&x[..], EachRow(&row[..]), Summed(&mut found[..])),
            #[inline(always)]
            move |math, (x, row, found)| *found = math.mul_add(x, row, *found),
        );
        for j in 0..width {
            let column = x.iter().skip(j).step_by(width).map(|&x| f64::from(x) * f64::from(row[j]));
            assert_close(found[j], exactly(column), kind);
        }
    }
}

/// Arrays that a loop adds to, from what they held, and sums apart from what they are too large by.
#[test]
fn in_runs() {
    for kind in KINDS {
        for rows in [0, 1, 48, 49, FEWER + 77] {
            let x = terms::<f32>(kind, 3 * rows);
            let (mut first, mut others, mut apart, mut excess) = ([0.5], [0.25, 0.0], 0.0_f32, 0.0);
            let mut runs = Runs::of(rows);
            let mut next = 0;
            while let Some(range) = runs.next([&mut first[..], &mut others[..]]) {
                assert!(range.start == next && range.len() <= 48, "{range:?} after {next}");
                next = range.end;
                for x in x[3 * range.start..3 * range.end].chunks(3) {
                    first[0] += x[0];
                    others[0] += x[1];
                    others[1] += x[2];
                    Total::add_to(&mut apart, &mut excess, x[0]);
                }
            }
            assert_eq!(next, rows);
            let column = |j: usize| x.iter().skip(j).step_by(3).map(|&x| f64::from(x));
            let all = [(first[0], 0.5, 0), (others[0], 0.25, 1), (others[1], 0.0, 2), (apart, 0.0, 0)];
            for (found, held, j) in all {
                let (sum, magnitude) = exactly(column(j).chain([held]));
                assert_close(found, (sum, magnitude.max(1e-30)), kind);
            }
        }
    }
}

#[test]
fn block_by_block() {
    for (kind, threads) in [("0.1", 1), ("positive", 3), ("0.81", 2)] {
        let rows = 40 * FEWER;
        let x = terms::<f32>(kind, rows);
        let division = Division::of::<f32>(rows, 1, 1);
        let (mut in_array, mut others) = ([0.0], vec![f32::NAN; division.others()]);
        set_threads(threads);
        let [returned] = division.run([Share::Sum(&mut in_array, &mut others)], |block, [array]| {
            let x = &x[block];
            let found = sum(
                x.len(),
                (x,),
                #[inline(always)]
                move |_, s: f32, (x,)| s + x,
            );
            axpy(1.0, &[found], array);
            [found]
        });
        set_threads(1);
        let exact = exactly(x.iter().map(|&x| f64::from(x)));
        assert_close(returned, exact, kind);
        assert_close(in_array[0], exact, kind);
    }
}

/// The first numbers of a product, against sums in double precision.
#[track_caller]
fn assert_product(found: &Array2<f32>, a: Mat<'_, f32>, b: Mat<'_, f32>, what: &str) {
    let (a, b) = (a.view(), b.view());
    for (i, j) in [(0, 0), (found.nrows() - 1, found.ncols() - 1)] {
        let pairs = a.row(i).into_iter().zip(b.column(j));
        let exact = exactly(pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)));
        assert_close(found[(i, j)], exact, &format!("{what} ({i}, {j})"));
    }
}

#[test]
fn products_of_many_terms() {
    for kind in ["0.1", "positive"] {
        for (m, n, k) in [
            (1, 1, 5 * FEWER),
            (1, 1, 3000),
            (3, 1, FEWER),
            (1, 3, FEWER),
            (8, 8, FEWER / 4),
            (5, 17, FEWER / 8),
            (14, 40, FEWER / 40),
            (33, 1, 9000),
            (130, 9, 700),
        ] {
            let (a, b) = (terms::<f32>(kind, m * k), terms::<f32>("0.1", k * n));
            let left = [mat(&a, m, k), mat(&a, k, m).t()];
            let right = [mat(&b, k, n), mat(&b, n, k).t()];
            for (l, &left) in left.iter().enumerate() {
                for (r, &right) in right.iter().enumerate() {
                    let what = format!("{kind} {m}×{k}×{n} {l}{r}");
                    let mut out = Array2::zeros((m, n));
                    matmul(MatMut::from(out.view_mut()), Accum::Replace, 1.0, left, right);
                    assert_product(&out, left, right, &what);
                }
            }
        }
    }
}

/// Where there is an output before, with a factor; where the kernels are not this crate's; where extents might
/// have been known.
#[test]
fn other_products_of_many_terms() {
    let (m, n, k) = (3, 2, FEWER);
    let (a, b) = (terms::<f32>("0.1", m * k), terms::<f32>("positive", k * n));
    let (a, b) = (mat(&a, k, m).t(), mat(&b, k, n));
    let mut out = Array2::from_elem((m, n), 1.0);
    matmul_onto(MatMut::from(out.view_mut()), 0.5, 2.0, a, b);
    let out = (out - 0.5) / 2.0;
    assert_product(&out, a, b, "onto");
    let mut wide = Array2::from_elem((2 * m, 2 * n), f32::NAN);
    matmul(MatMut::from(wide.slice_mut(s![..;2, ..;2])), Accum::Replace, 1.0, a, b);
    assert_product(&wide.slice(s![..;2, ..;2]).to_owned(), a, b, "with gaps");
    let mut out = Array2::zeros((1, 1));
    let (row, column) = (terms::<f32>("0.81", 400_000), terms::<f32>("0.1", 400_000));
    let (row, column) = (Mat::row(&row), Mat::column(&column));
    step(
        MatMut::from(out.view_mut()),
        #[inline(always)]
        |math, out| {
            matmul_small::<f32, 1, 1, 400_000, false, false>(math, out, Accum::Replace, 1.0, row, column);
        },
    );
    assert_product(&out, row, column, "small");
    product(out.as_slice_mut().unwrap(), 1.0, row, column);
    assert_product(&out, row, column, "product");
}

#[test]
fn two_vectors_at_once() {
    let (m, k) = (2, FEWER);
    let (a, x, y) = (terms::<f32>("positive", m * k), terms("0.1", k), terms("0.81", k));
    let (mut first, mut second) = (Array2::zeros((m, 1)), Array2::zeros((m, 1)));
    let vector = |out, x| VectorProduct { out, accum: Accum::Replace, alpha: 1.0, x };
    matvec_pair(
        mat(&a, m, k),
        [vector(first.as_slice_mut().unwrap(), &x), vector(second.as_slice_mut().unwrap(), &y)],
    );
    assert_product(&first, mat(&a, m, k), Mat::column(&x), "first");
    assert_product(&second, mat(&a, m, k), Mat::column(&y), "second");
}

#[test]
fn gram_matrices_of_many_rows() {
    for (n, k) in [(8, FEWER / 2), (3, FEWER), (50, FEWER / 16)] {
        for weighted in [false, true] {
            let (x, w) = (terms::<f32>("positive", k * n), vec![0.1_f32; k]);
            for (order, x) in [mat(&x, k, n), mat(&x, n, k).t()].into_iter().enumerate() {
                let mut out = Array2::from_elem((n, n), 1.0);
                gram(MatMut::from(out.view_mut()), Accum::Add, 1.0, x, weighted.then_some(&w[..]));
                let x = x.view();
                for (i, j) in [(0, 0), (0, n - 1), (n - 1, 1)] {
                    let weight = if weighted { f64::from(0.1_f32) } else { 1.0 };
                    let entries = x.column(i).into_iter().zip(x.column(j));
                    let terms = entries.map(|(&a, &b)| weight * f64::from(a) * f64::from(b));
                    let exact = exactly(terms.chain([1.0]));
                    assert_close(out[(i, j)], exact, &format!("{k}×{n} {order} {weighted} ({i}, {j})"));
                }
            }
        }
    }
}

/// The sum of n exponentials e⁰ is n.
#[test]
fn along_an_axis() {
    let n = 999_991;
    let x = vec![0.1_f32; n];
    for (columns, name) in [(1, "row"), (3, "columns")] {
        let len = n / columns;
        let x = &x[..len * columns];
        let total = (len as f64, len as f64);
        let mut out = vec![0.0; columns];
        logsumexp(&mut out, x, 1, len, columns);
        assert_close(((f64::from(out[0]) - f64::from(0.1_f32)).exp()) as f32, total, name);
        norm(&mut out, x, 1, len, columns);
        let squares = len as f64 * f64::from(0.1_f32).powi(2);
        assert_close(out[0] * out[0], (squares, squares), name);
        let mut all = vec![0.0; x.len()];
        softmax(&mut all, x, 1, len, columns);
        assert_close(1.0 / all[columns], total, name);
        log_softmax(&mut all, x, 1, len, columns);
        assert_close((-f64::from(all[columns])).exp() as f32, total, name);
    }
}

/// In double precision, where no reference has more digits: of a number times a power of two nothing is lost
/// but what sums lose.
#[test]
fn double_precision_likewise() {
    let n = 1 << 19;
    let x = vec![0.1_f64; n];
    let exact = (n as f64 * 0.1, n as f64 * 0.1);
    let found = sum(
        n,
        (&x[..],),
        #[inline(always)]
        move |_, s: f64, (x,)| s + x,
    );
    assert_close(found, exact, "sum");
    let mut out = [0.0];
    product(&mut out, 1.0, Mat::row(&x), Mat::column(&vec![1.0; n]));
    assert_close(out[0], exact, "dot");
    let mut out = [0.0; 4];
    product(&mut out, 1.0, mat(&x, n / 4, 4).t(), Mat::column(&vec![1.0; n / 4]));
    assert_close(out[3], (exact.0 / 4.0, exact.1 / 4.0), "columns");
}
