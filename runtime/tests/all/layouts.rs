//! Products of matrices in every layout that `ndarray` can make, around the sizes of the kernels' tiles: the
//! numbers are right, and what is beside the output is left alone.

use gradsmith_runtime::__private::{
    Accum, Mat, MatMut, VectorProduct, gram, matmul, matmul_onto, matmul_small, matvec_pair, step,
};
use gradsmith_runtime::Scalar;
use gradsmith_runtime::parallel::set_threads;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, array, s};

/// What is on both sides of an array, and between its numbers.
const BESIDE: f64 = 7.0;
/// Numbers on both sides.
const MARGIN: usize = 70;

/// How a matrix lies in an array that is larger.
#[derive(Clone, Copy, Debug)]
struct Layout {
    /// From a row to the next, in rows of the array, which may be before.
    down: isize,
    /// From a column to the next.
    right: isize,
    /// Columns of the array that are not the matrix's.
    gap: usize,
    /// By its columns.
    turned: bool,
    /// Whether all rows, all columns are one and the same.
    once: (bool, bool),
}

impl Layout {
    /// Those that an output may have, and then those with rows and columns that are repeated.
    fn all(repeated: bool) -> Vec<Self> {
        let mut all = Vec::new();
        for turned in [false, true] {
            for (down, right, gap) in [
                (1, 1, 0),
                (1, 1, 1),
                (1, 1, 2),
                (-1, 1, 0),
                (-1, 1, 1),
                (-1, 1, 2),
                (-1, 1, 5),
                (2, 1, 0),
                (-2, 1, 0),
                (-3, 1, 1),
                (1, -1, 0),
                (-1, -1, 0),
                (-1, -1, 1),
                (1, 2, 0),
                (-1, 2, 1),
                (1, -3, 0),
            ] {
                all.push(Layout { down, right, gap, turned, once: (false, false) });
            }
            if repeated {
                for once in [(true, false), (false, true), (true, true)] {
                    all.push(Layout { down: -1, right: 1, gap: 1, turned, once });
                }
            }
        }
        all
    }

    /// The matrix within the array, as rows and columns are stored.
    fn stored(self, (rows, cols): (usize, usize)) -> (usize, usize) {
        let (rows, cols) = (if self.once.0 { 1 } else { rows }, if self.once.1 { 1 } else { cols });
        if self.turned { (cols, rows) } else { (rows, cols) }
    }

    /// Rows and columns of the array that the matrix is spread over.
    fn spread(self, shape: (usize, usize)) -> (usize, usize) {
        let (rows, cols) = self.stored(shape);
        let over = |n: usize, step: isize| (n - 1) * step.unsigned_abs() + 1;
        (over(rows, self.down), over(cols, self.right))
    }

    /// Rows and columns of the array.
    fn array(self, shape: (usize, usize)) -> (usize, usize) {
        let (height, width) = self.spread(shape);
        (height + 2, width + self.gap)
    }

    /// Memory for it, filled.
    fn memory<T: Copy>(self, shape: (usize, usize), filled: T) -> Vec<T> {
        let (height, width) = self.array(shape);
        vec![filled; height * width + 2 * MARGIN]
    }

    /// The matrix in this memory.
    fn view_mut<T>(self, memory: &mut [T], shape: (usize, usize)) -> ArrayViewMut2<'_, T> {
        let ((height, width), array) = (self.spread(shape), self.array(shape));
        let end = memory.len() - MARGIN;
        let array = ArrayViewMut2::from_shape(array, &mut memory[MARGIN..end]).unwrap();
        let left = self.gap / 2;
        let view = array.slice_move(s![1..=height; self.down, left..left + width; self.right]);
        if self.turned { view.reversed_axes() } else { view }
    }

    /// A matrix of numbers in this layout; of what is repeated, the one row or column.
    fn numbers<T: Scalar>(self, shape: (usize, usize), seed: u64) -> Laid<T> {
        let mut memory = self.memory(shape, T::NAN);
        let mut numbers = gradsmith_test_support::numbers::numbers(2_000_000, seed);
        self.view_mut(&mut memory, shape).mapv_inplace(|_| T::from_f64(numbers.next().unwrap()));
        Laid { layout: self, shape, memory }
    }
}

/// A matrix to read.
struct Laid<T> {
    layout: Layout,
    shape: (usize, usize),
    memory: Vec<T>,
}

impl<T: Scalar> Laid<T> {
    /// Calls `f` with the matrix, its rows and columns repeated.
    fn with<R>(&mut self, f: impl FnOnce(ArrayView2<'_, T>) -> R) -> R {
        let view = self.layout.view_mut(&mut self.memory, self.shape);
        f(view.broadcast(self.shape).expect("rows and columns, once or all"))
    }
}

/// Compares memory with an output of these numbers in it: near to them, and untouched beside.
#[track_caller]
fn compare<T: Scalar>(
    found: &[T],
    layout: Layout,
    exact: &Array2<f64>,
    bound: f64,
    what: impl FnOnce() -> String,
) {
    let mut expected = layout.memory(exact.dim(), f64::NAN);
    layout.view_mut(&mut expected, exact.dim()).assign(exact);
    let right = |(found, expected): (&T, &f64)| {
        let found = found.to_f64();
        // The terms of large sums are alike, where rows and columns are repeated.
        let bound = bound * expected.abs().max(1.0);
        if expected.is_nan() { found == BESIDE } else { (found - expected).abs() <= bound }
    };
    if let Some(at) = found.iter().zip(&expected).position(|pair| !right(pair)) {
        let place = if expected[at].is_nan() { "beside" } else { "inside" };
        panic!("{} {}: {} {place}, {} is right", T::NAME, what(), found[at].to_f64(), expected[at]);
    }
}

/// alpha·a·b by loops.
fn naive<T: Scalar>(alpha: f64, a: ArrayView2<'_, T>, b: ArrayView2<'_, T>) -> Array2<f64> {
    Array2::from_shape_fn((a.nrows(), b.ncols()), |(i, j)| {
        let terms = a.row(i).into_iter().zip(b.column(j));
        alpha * terms.map(|(a, b)| a.to_f64() * b.to_f64()).sum::<f64>()
    })
}

/// Every size around those of tiles: 12, 8, 6, 4 rows, one and more vectors of 4, 8, 16 columns.
fn sizes() -> Vec<(usize, usize, usize)> {
    let mut sizes = Vec::new();
    for m in [12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 25] {
        for n in [2, 1, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33] {
            for k in [1, 2, 4, 7, 8, 9, 17] {
                sizes.push((m, n, k));
            }
        }
    }
    sizes
}

/// Every two layouts with a third of the third ones, at sizes in turn, by one function after the other.
fn products<T: Scalar>() {
    let (sizes, inputs) = (sizes(), Layout::all(true));
    // A number of sizes that shares no divisor with those of layouts and functions, so that all meet.
    let mut sizes = sizes[..1451].iter().cycle();
    let mut function = 0;
    for (o, out) in Layout::all(false).into_iter().enumerate() {
        for (l, &left) in inputs.iter().enumerate() {
            for &right in inputs.iter().skip((o + l) % 3).step_by(3) {
                let &(m, n, k) = sizes.next().unwrap();
                function = (function + 1) % 7;
                product::<T>((m, n, k), [out, left, right], function);
            }
        }
    }
}

fn product<T: Scalar>((m, n, k): (usize, usize, usize), layouts: [Layout; 3], function: usize) {
    let [layout, left, right] = layouts;
    let (mut a, mut b) = (left.numbers::<T>((m, k), 1), right.numbers::<T>((k, n), 2));
    let mut memory = layout.memory((m, n), T::from_f64(BESIDE));
    let mut out = layout.view_mut(&mut memory, (m, n));
    let accum = if function.is_multiple_of(2) { Accum::Add } else { Accum::Replace };
    let before = if accum == Accum::Add { 0.5 } else { f64::NAN };
    out.fill(T::from_f64(before));
    let alpha = T::from_f64(0.75);
    let exact = a.with(|a| {
        b.with(|b| {
            let product = naive(0.75, a, b);
            let (a, b) = (Mat::from(a), Mat::from(b));
            macro_rules! small {
                ($a:literal $b:literal) => {{
                    let call = |math, out| {
                        matmul_small::<T, 0, 0, 0, $a, $b>(math, MatMut::from(out), accum, alpha, a, b);
                    };
                    step(out, call);
                }};
            }
            match function {
                0 | 1 => matmul(MatMut::from(out), accum, alpha, a, b),
                2 => matmul_onto(MatMut::from(out), T::ONE, alpha, a, b),
                3 => small!(false false),
                4 => small!(false true),
                5 => small!(true false),
                _ => small!(true true),
            }
            product
        })
    });
    let exact = if accum == Accum::Add { exact + before } else { exact };
    let bound = (k as f64 + 4.0) * T::EPSILON.to_f64();
    compare(&memory, layout, &exact, bound, || {
        format!("{m}×{k}×{n} by {function}: {layout:?} from {left:?} and {right:?}")
    });
}

#[test]
fn products_of_every_layout_single() {
    products::<f32>();
}

#[test]
fn products_of_every_layout_double() {
    products::<f64>();
}

/// Where rows and columns beyond one tile are computed from packed operands, or by dot products.
#[test]
fn large_products_of_every_layout() {
    for (i, out) in Layout::all(false).into_iter().enumerate() {
        let inputs = Layout::all(true);
        for (j, &left) in inputs.iter().enumerate() {
            let right = inputs[(7 * i + 5 * j) % inputs.len()];
            let size = [(53, 21, 9), (1, 70, 40), (40, 1, 70), (41, 35, 34), (5, 130, 9)][(i + j) % 5];
            if j % 2 == 0 {
                product::<f32>(size, [out, left, right], (i + j / 2) % 7);
            } else {
                product::<f64>(size, [out, left, right], (i + j / 2) % 7);
            }
        }
    }
}

/// Products that are divided among threads: each writes a part of the output, whatever lies beside it.
#[test]
fn products_of_every_layout_on_several_threads() {
    let inputs = Layout::all(true);
    for (i, out) in Layout::all(false).into_iter().enumerate() {
        let (left, right) = (inputs[(5 * i) % inputs.len()], inputs[(7 * i + 3) % inputs.len()]);
        let size = [(131, 127, 131), (700, 9, 330), (9, 701, 330), (64, 33, 1000)][i % 4];
        set_threads(1 + i / 4 % 4);
        if i % 2 == 0 {
            product::<f32>(size, [out, left, right], i % 3);
        } else {
            product::<f64>(size, [out, left, right], i % 3);
        }
        let n = 160;
        gram_of::<f32>((100, n), [out, left], i % 2 == 0, i % 4 < 2);
    }
    set_threads(1);
}

/// Without rows, columns or terms there is nothing to read, and nothing is written but zeros.
#[test]
fn nothing_to_multiply() {
    let sizes = [(0, 3, 4), (3, 0, 4), (3, 4, 0), (0, 0, 0), (1, 1, 0), (0, 1, 1), (1, 0, 1)];
    for (m, n, k) in sizes {
        for step_by in [2, -2] {
            let room = |rows: usize, cols: usize| Array2::from_elem((2 * rows, 2 * cols), BESIDE);
            let (a, b, mut c) = (room(m, k), room(k, n), room(m, n));
            let (left, right) = (a.slice(s![..;step_by, ..;2]), b.slice(s![..;2, ..;step_by]));
            for accum in [Accum::Replace, Accum::Add] {
                c.fill(BESIDE);
                let out = c.slice_mut(s![..;step_by, ..;2]);
                matmul(MatMut::from(out), accum, 1.0, Mat::from(left), Mat::from(right));
                let call = |math, out| {
                    let (a, b) = (Mat::from(left), Mat::from(right));
                    matmul_small::<f64, 0, 0, 0, false, false>(math, MatMut::from(out), accum, 1.0, a, b);
                };
                let mut small = Array2::from_elem((m, n), BESIDE);
                step(small.view_mut(), call);
                let expected = if accum == Accum::Add { BESIDE } else { 0.0 };
                assert!(small.iter().all(|&x| x == expected), "{m}×{k}×{n} {accum:?}: {small}");
                let own = c.slice(s![..;step_by, ..;2]);
                assert!(own.iter().all(|&x| x == expected), "{m}×{k}×{n} {accum:?}: {c}");
                let beside = c.iter().filter(|&&x| x == BESIDE).count();
                let untouched = if accum == Accum::Add { c.len() } else { c.len() - m * n };
                assert_eq!(beside, untouched, "{m}×{k}×{n}");
            }
            let mut square = Array2::from_elem((n, n), BESIDE);
            gram(MatMut::from(square.view_mut()), Accum::Replace, 1.0, Mat::from(right), None);
            let zeros = square.iter().all(|&x| x == 0.0);
            assert!(zeros || k > 0, "{k}×{n}: {square}");
            let (mut one, mut two) = (vec![BESIDE; m], vec![BESIDE; m]);
            let x = vec![1.0; k];
            let vector = |out, accum| VectorProduct { out, accum, alpha: 1.0, x: &x };
            matvec_pair(
                Mat::from(left),
                [vector(&mut one[..], Accum::Replace), vector(&mut two[..], Accum::Add)],
            );
            assert!(two.iter().all(|&x| x == BESIDE) || k > 0);
        }
    }
}

/// Rows that lie backwards, in an array as wide as they are and in a wider one.
#[test]
fn rows_backwards_are_written_where_they_lie() {
    let a = Array2::from_shape_fn((12, 1), |(i, _)| 1.0 + i as f64);
    for (cols, width) in [(2, 2), (2, 4), (3, 4), (4, 4), (1, 8)] {
        let b = Array2::from_shape_fn((1, cols), |(_, j)| 1.0 + j as f64);
        let mut back = Array2::from_elem((12, width), -1.0);
        let out = back.slice_mut(s![..;-1, ..cols]);
        matmul(MatMut::from(out), Accum::Replace, 1.0, Mat::from(a.view()), Mat::from(b.view()));
        for ((i, j), &x) in back.indexed_iter() {
            let expected = if j < cols { (12.0 - i as f64) * (1.0 + j as f64) } else { -1.0 };
            assert_eq!(x, expected, "{cols} of {width}: {i}, {j}");
        }
    }
}

/// Extents that are known, or left open, say nothing of a row with gaps.
#[test]
fn one_row_with_gaps() {
    let (a, b) = (array![[2.0]], array![[1.0, 2.0, 3.0]]);
    let mut wide = array![[9.0; 6]];
    let call = |math, out| {
        let (a, b) = (Mat::from(a.view()), Mat::from(b.view()));
        matmul_small::<f64, 0, 0, 0, false, false>(math, MatMut::from(out), Accum::Replace, 1.0, a, b);
    };
    step(wide.slice_mut(s![.., ..;2]), call);
    assert_eq!(wide, array![[2.0, 9.0, 4.0, 9.0, 6.0, 9.0]]);
}

#[test]
#[should_panic = "numbers do not make a"]
fn a_repeated_number_makes_no_matrix_without_end() {
    let _ = Mat::strided(&[1.0], (usize::MAX, 3), (0, 0));
}

fn grams<T: Scalar>() {
    for (i, layout) in Layout::all(false).into_iter().enumerate() {
        for (j, input) in Layout::all(true).into_iter().enumerate() {
            let n = [1, 2, 3, 4, 5, 8, 9, 17, 24, 25, 33, 49, 50][(i + j) % 13];
            let k = [1, 2, 7, 8, 9, 17][(3 * i + j) % 6];
            gram_of::<T>((k, n), [layout, input], j % 2 == 0, i % 2 == 0);
        }
    }
}

fn gram_of<T: Scalar>((k, n): (usize, usize), [layout, input]: [Layout; 2], weighted: bool, add: bool) {
    let mut x = input.numbers::<T>((k, n), 3);
    let weights: Vec<T> = gradsmith_test_support::numbers::numbers(k, 4).map(T::from_f64).collect();
    let weights = weighted.then_some(&weights[..]);
    let accum = if add { Accum::Add } else { Accum::Replace };
    let mut memory = layout.memory((n, n), T::from_f64(BESIDE));
    let mut out = layout.view_mut(&mut memory, (n, n));
    out.fill(T::from_f64(0.5));
    let mut exact = x.with(|x| {
        gram(MatMut::from(out), accum, T::from_f64(0.75), Mat::from(x), weights);
        let mut weighted = x.mapv(|x| x.to_f64());
        for (k, mut row) in weighted.rows_mut().into_iter().enumerate() {
            row *= weights.map_or(1.0, |w| w[k].to_f64());
        }
        0.75 * x.t().mapv(|x| x.to_f64()).dot(&weighted)
    });
    if add {
        exact += 0.5;
    }
    let bound = 2.0 * (k as f64 + 4.0) * T::EPSILON.to_f64();
    compare(&memory, layout, &exact, bound, || format!("{k}×{n}: {layout:?} from {input:?}"));
}

#[test]
fn grams_of_every_layout() {
    grams::<f32>();
    grams::<f64>();
}

fn pairs<T: Scalar>() {
    for input in Layout::all(true) {
        for m in [1, 2, 3, 4, 5, 7, 8, 9, 12, 17] {
            for k in [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33] {
                let mut a = input.numbers::<T>((m, k), 1);
                let vector =
                    |seed| gradsmith_test_support::numbers::numbers(k, seed).map(T::from_f64).collect();
                let (x, y): (Vec<T>, Vec<T>) = (vector(2), vector(3));
                // Both outputs in one memory, with numbers beside.
                let mut memory = vec![T::from_f64(BESIDE); 2 * m + 3 * MARGIN];
                let (first, second) = memory.split_at_mut(m + MARGIN);
                let (first, second) = (&mut first[MARGIN..], &mut second[MARGIN..MARGIN + m]);
                second.fill(T::from_f64(0.5));
                let exact = a.with(|a| {
                    let vectors = [
                        VectorProduct { out: first, accum: Accum::Replace, alpha: T::ONE, x: &x },
                        VectorProduct { out: second, accum: Accum::Add, alpha: T::ONE, x: &y },
                    ];
                    matvec_pair(Mat::from(a), vectors);
                    let column = |x: &[T]| Array2::from_shape_vec((k, 1), x.to_vec()).unwrap();
                    [naive(1.0, a, column(&x).view()), naive(1.0, a, column(&y).view()) + 0.5]
                });
                let mut expected = vec![BESIDE; memory.len()];
                for i in 0..m {
                    expected[MARGIN + i] = exact[0][(i, 0)];
                    expected[2 * MARGIN + m + i] = exact[1][(i, 0)];
                }
                let bound = (k as f64 + 4.0) * T::EPSILON.to_f64();
                for (at, (found, expected)) in memory.iter().zip(expected).enumerate() {
                    let near = (found.to_f64() - expected).abs() <= bound;
                    assert!(near, "{} {m}×{k} {input:?}, {at}: {} for {expected}", T::NAME, found.to_f64());
                }
            }
        }
    }
}

#[test]
fn pairs_of_every_layout() {
    pairs::<f32>();
    pairs::<f64>();
}
