//! Times of the kernels on this machine: `cargo run --release -p gradsmith-runtime --example kernel_times`
#![allow(clippy::print_stdout, reason = "a program whose output is a table")]

use std::hint::black_box;
use std::time::Instant;

use gradsmith_runtime::__private::{Accum, Mat, MatMut, Math, matmul, softmax, step};
use gradsmith_runtime::Scalar;

/// Seconds of the fastest of some runs.
fn seconds(mut f: impl FnMut()) -> f64 {
    let mut time = |count: u32| {
        let start = Instant::now();
        (0..count).for_each(|_| f());
        start.elapsed().as_secs_f64() / f64::from(count)
    };
    let count = (1e-3 / time(1)).clamp(1.0, 1e5) as u32;
    (0..15).map(|_| time(count)).fold(f64::INFINITY, f64::min)
}

macro_rules! functions {
    ($($name:ident)*) => {
        fn elementary<T: Scalar>() {
            let x: Vec<T> = (0..4096).map(|i| T::from_f64(5.1 + 5.0 * (f64::from(i) * 0.7391).sin())).collect();
            let mut y = x.clone();
            $({
                #[inline(always)]
                fn kernel<T: Scalar>(math: Math, (x, y): (&[T], &mut [T])) {
                    for (y, &x) in y.iter_mut().zip(x) {
                        *y = math.$name(x);
                    }
                }
                let time = seconds(|| step((black_box(&x[..]), black_box(&mut y[..])), #[inline(always)] |math, args| kernel(math, args)));
                println!("{} {:12} {:6.2} ns", T::NAME, stringify!($name), time * 1e9 / x.len() as f64);
            })*
            let time = seconds(|| softmax(black_box(&mut y[..4090]), &x[..4090], 409, 10, 1));
            println!("{} softmax of 10 {:4.2} ns", T::NAME, time * 1e9 / 4090.0);
        }
    };
}

functions!(exp expm1 log log1p tanh sigmoid softplus log_cosh erf normal_cdf normal_pdf sin cos);

fn products<T: Scalar>() {
    for (m, k, n, layout) in [
        (10, 784, 100, 'b'),
        (10, 784, 100, ' '),
        (100, 10, 784, 't'),
        (100, 784, 100, ' '),
        (128, 784, 512, ' '),
        (128, 512, 10, ' '),
        (512, 2048, 2048, ' '),
        (10000, 200, 1, ' '),
        (32, 6, 64, ' '),
    ] {
        let numbers = |n: usize| (0..n).map(|i| T::from_f64((i as f64).sin())).collect::<Vec<T>>();
        let (a, b, mut out) = (numbers(m * k), numbers(k * n), numbers(m * n));
        let a = if layout == 't' { Mat::rows(&a, k, m).t() } else { Mat::rows(&a, m, k) };
        let b = if layout == 'b' { Mat::rows(&b, n, k).t() } else { Mat::rows(&b, k, n) };
        let time = seconds(|| matmul(MatMut::rows(black_box(&mut out), m, n), Accum::Replace, T::ONE, a, b));
        let rate = 2.0 * (m * k * n) as f64 / time / 1e9;
        println!("{} {m} × {k} × {n} {layout}: {:.2} µs, {rate:.1} GFLOP/s", T::NAME, time * 1e6);
    }
}

fn main() {
    elementary::<f64>();
    elementary::<f32>();
    products::<f64>();
    products::<f32>();
}
