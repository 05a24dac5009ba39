//! Infinity and NaN in each number of a product's operands in turn: they reach what depends on them, and
//! nothing else.

use gradsmith_runtime::__private::{
    Accum, Mat, MatMut, VectorProduct, gram, matmul, matmul_small, matvec_pair, step,
};
use gradsmith_runtime::Scalar;

fn numbers<T: Scalar>(n: usize, seed: u64) -> Vec<T> {
    gradsmith_test_support::numbers::numbers(n, seed).map(T::from_f64).collect()
}

/// What takes the place of a number.
fn strange<T: Scalar>() -> [T; 3] {
    [T::INFINITY, T::NEG_INFINITY, T::NAN]
}

/// A product of operands that are stored by rows, or by columns where it says so.
struct Product<T> {
    size: (usize, usize, usize),
    by_columns: (bool, bool),
    accum: Accum,
    a: Vec<T>,
    b: Vec<T>,
}

impl<T: Scalar> Product<T> {
    fn new(size: (usize, usize, usize), by_columns: (bool, bool), accum: Accum) -> Self {
        let (m, n, k) = size;
        Product { size, by_columns, accum, a: numbers(m * k, 1), b: numbers(k * n, 2) }
    }

    fn a(&self) -> Mat<'_, T> {
        let (m, _, k) = self.size;
        if self.by_columns.0 { Mat::rows(&self.a, k, m).t() } else { Mat::rows(&self.a, m, k) }
    }

    fn b(&self) -> Mat<'_, T> {
        let (_, n, k) = self.size;
        if self.by_columns.1 { Mat::rows(&self.b, n, k).t() } else { Mat::rows(&self.b, k, n) }
    }

    /// What the kernel makes of it.
    fn run(&self, kernel: &impl Fn(MatMut<'_, T>, Accum, Mat<'_, T>, Mat<'_, T>)) -> Vec<T> {
        let (m, n, _) = self.size;
        let mut out = vec![T::from_f64(0.5); m * n];
        kernel(MatMut::rows(&mut out, m, n), self.accum, self.a(), self.b());
        out
    }

    /// Puts strange numbers in every `step`-th place of `a`, then of `b`, and compares with loops.
    fn check(mut self, step: usize, kernel: impl Fn(MatMut<'_, T>, Accum, Mat<'_, T>, Mat<'_, T>)) {
        let (m, n, k) = self.size;
        let plain = self.run(&kernel);
        for at in (0..m * k + k * n).step_by(step) {
            let in_a = at < m * k;
            for x in strange() {
                let place = if in_a { &mut self.a[at] } else { &mut self.b[at - m * k] };
                let before = core::mem::replace(place, x);
                let found = self.run(&kernel);
                let (a, b) = (self.a().view(), self.b().view());
                for (place, (&found, &plain)) in found.iter().zip(&plain).enumerate() {
                    let (i, j) = (place / n, place % n);
                    let hit = if in_a {
                        i == if self.by_columns.0 { at % m } else { at / k }
                    } else {
                        j == if self.by_columns.1 { (at - m * k) / k } else { (at - m * k) % n }
                    };
                    let right = if hit {
                        let sum: f64 = (0..k).map(|k| a[(i, k)].to_f64() * b[(k, j)].to_f64()).sum();
                        found.to_f64() == sum || found.to_f64().is_nan() && sum.is_nan()
                    } else {
                        found == plain
                    };
                    assert!(
                        right,
                        "{} {m}×{k}×{n} {:?} {:?}: {} at {at} makes ({i}, {j}) {}",
                        T::NAME,
                        self.by_columns,
                        self.accum,
                        x.to_f64(),
                        found.to_f64(),
                    );
                }
                let place = if in_a { &mut self.a[at] } else { &mut self.b[at - m * k] };
                *place = before;
            }
        }
    }
}

/// A kernel for small products, of extents that are known or 0.
macro_rules! small {
    ($m:literal $n:literal $k:literal $a:literal $b:literal) => {
        |out, accum, a, b| {
            let call = |math, out| matmul_small::<_, $m, $n, $k, $a, $b>(math, out, accum, T::ONE, a, b);
            step(out, call)
        }
    };
}

const LAYOUTS: [(bool, bool); 4] = [(false, false), (false, true), (true, false), (true, true)];

fn products<T: Scalar>() {
    for m in [1, 3, 8, 9, 12] {
        for n in [1, 2, 3, 5, 8, 9, 17] {
            for k in [1, 2, 9] {
                // At each of the sizes all layouts; of many numbers every fifth.
                for (l, by_columns) in LAYOUTS.into_iter().enumerate() {
                    let accum = if (l + m + n + k) % 2 == 0 { Accum::Replace } else { Accum::Add };
                    let step = if m * k + k * n > 40 { 5 } else { 1 };
                    let product = |accum| Product::<T>::new((m, n, k), by_columns, accum);
                    product(accum).check(step, |out, accum, a, b| matmul(out, accum, T::ONE, a, b));
                    match l {
                        0 => product(Accum::Add).check(step, small!(0 0 0 false false)),
                        1 => product(Accum::Add).check(step, small!(0 0 0 false true)),
                        2 => product(Accum::Add).check(step, small!(0 0 0 true false)),
                        _ => product(Accum::Add).check(step, small!(0 0 0 true true)),
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_not_finite_stays_in_its_rows_and_columns_single() {
    products::<f32>();
}

#[test]
fn what_is_not_finite_stays_in_its_rows_and_columns_double() {
    products::<f64>();
}

fn constant_extents<T: Scalar>() {
    macro_rules! all {
        ($($m:literal $n:literal $k:literal;)*) => {$(
            for accum in [Accum::Add, Accum::Replace] {
                let product = |by_columns| Product::<T>::new(($m, $n, $k), by_columns, accum);
                product((false, false)).check(1, small!($m $n $k false false));
                product((false, true)).check(1, small!($m $n $k false true));
            }
        )*};
    }
    all! { 12 3 1; 7 1 5; 9 5 2; 13 7 1; 8 9 3; 17 17 1; 3 40 1; 1 6 20; }
}

#[test]
fn what_is_not_finite_stays_where_extents_are_known() {
    constant_extents::<f32>();
    constant_extents::<f64>();
}

/// Packed, transposed, by dot products; some numbers only.
#[test]
fn what_is_not_finite_stays_in_large_products() {
    for (m, n, k) in [(53, 37, 21), (53, 140, 21), (150, 33, 140), (1, 300, 40), (40, 1, 40), (40, 70, 1)] {
        for by_columns in LAYOUTS {
            for accum in [Accum::Replace, Accum::Add] {
                let step = (m * k + k * n) / 5 + 1;
                Product::<f32>::new((m, n, k), by_columns, accum)
                    .check(step, |out, accum, a, b| matmul(out, accum, 1.0, a, b));
                Product::<f64>::new((m, n, k), by_columns, accum)
                    .check(step, |out, accum, a, b| matmul(out, accum, 1.0, a, b));
            }
        }
    }
}

fn grams<T: Scalar>() {
    for n in [1, 2, 3, 5, 8, 9, 17, 25, 50] {
        for k in [1, 3, 8, 17] {
            let mut x = numbers::<T>(k * n, 3);
            let run = |x: &[T]| {
                let mut out = vec![T::from_f64(0.5); n * n];
                gram(MatMut::rows(&mut out, n, n), Accum::Add, T::ONE, Mat::rows(x, k, n), None);
                out
            };
            let plain = run(&x);
            for at in (0..k * n).step_by(if n > 9 { 7 } else { 1 }) {
                for strange in strange() {
                    let before = core::mem::replace(&mut x[at], strange);
                    for (place, (&found, &plain)) in run(&x).iter().zip(&plain).enumerate() {
                        let hit = place / n == at % n || place % n == at % n;
                        let right = if hit { !found.is_finite() } else { found == plain };
                        assert!(right, "{} {k}×{n}: {at} makes {place} {}", T::NAME, found.to_f64());
                    }
                    x[at] = before;
                }
            }
        }
    }
}

#[test]
fn what_is_not_finite_stays_in_its_row_and_column_of_a_gram_matrix() {
    grams::<f32>();
    grams::<f64>();
}

fn pairs<T: Scalar>() {
    for m in [1, 3, 4, 5, 8, 9] {
        for k in [1, 3, 4, 8, 9, 17] {
            let (mut a, x) = (numbers::<T>(m * k, 1), numbers::<T>(k, 2));
            let mut y = x.clone();
            let run = |a: &[T], y: &[T]| {
                let (mut first, mut second) = (vec![T::NAN; m], vec![T::from_f64(0.5); m]);
                let vectors = [
                    VectorProduct { out: &mut first, accum: Accum::Replace, alpha: T::ONE, x: &x },
                    VectorProduct { out: &mut second, accum: Accum::Add, alpha: T::ONE, x: y },
                ];
                matvec_pair(Mat::rows(a, m, k), vectors);
                [first, second].concat()
            };
            let plain = run(&a, &y);
            for at in 0..m * k + k {
                for strange in strange() {
                    let place = if at < m * k { &mut a[at] } else { &mut y[at - m * k] };
                    let before = core::mem::replace(place, strange);
                    for (place, (&found, &plain)) in run(&a, &y).iter().zip(&plain).enumerate() {
                        let hit = if at < m * k { place % m == at / k } else { place >= m };
                        let right = if hit { !found.is_finite() } else { found == plain };
                        assert!(right, "{} {m}×{k}: {at} makes {place} {}", T::NAME, found.to_f64());
                    }
                    let place = if at < m * k { &mut a[at] } else { &mut y[at - m * k] };
                    *place = before;
                }
            }
        }
    }
}

#[test]
fn what_is_not_finite_stays_in_its_row_of_two_vectors() {
    pairs::<f32>();
    pairs::<f64>();
}
