//! GFLOP/s of `contract::matmul`, matrixmultiply, gemm and OpenBLAS on this machine, one thread, as a table:
//! `cargo run --release --features avx512,openblas`. At AVX2: without `avx512`, with `GRADSMITH_LEVEL=avx2` and
//! `OPENBLAS_CORETYPE=Haswell`. (matrixmultiply has no kernels beyond AVX2.)
use std::hint::black_box;
use std::time::Instant;

use gradsmith_runtime::Scalar;
use gradsmith_runtime::__private::{Accum, Mat, MatMut, matmul};

/// m, k, n and a layout: b where the second factor is transposed, as in X·Wᵀ, t where the first is, as in δᵀ·X.
const SHAPES: [(usize, usize, usize, char); 20] = [
    (10, 784, 100, 'b'),
    (10, 784, 100, ' '),
    (100, 10, 784, 't'),
    (100, 784, 100, 'b'),
    (100, 784, 100, ' '),
    (100, 100, 784, 't'),
    (784, 100, 100, 't'),
    (128, 784, 512, ' '),
    (128, 512, 512, 'b'),
    (512, 128, 784, 't'),
    (128, 512, 10, ' '),
    (512, 512, 512, 'b'),
    (512, 512, 512, ' '),
    (512, 2048, 2048, ' '),
    (2048, 512, 2048, 't'),
    (10000, 200, 1, ' '),
    (200, 10000, 1, 't'),
    (1, 784, 100, ' '),
    (32, 6, 64, ' '),
    (8, 8, 8, ' '),
];

/// The routines of a library for one type: out = a·b with strides of rows and columns.
trait Peers: Scalar {
    fn matrixmultiply(p: &mut Problem<Self>);
    fn gemm(p: &mut Problem<Self>);
    fn openblas(p: &mut Problem<Self>);
}

struct Problem<T> {
    shape: (usize, usize, usize),
    layout: char,
    a: Vec<T>,
    b: Vec<T>,
    out: Vec<T>,
}

impl<T: Scalar> Problem<T> {
    fn new((m, k, n, layout): (usize, usize, usize, char)) -> Self {
        let numbers = |n: usize| (0..n).map(|i| T::from_f64((i as f64).sin())).collect::<Vec<T>>();
        Self { shape: (m, k, n), layout, a: numbers(m * k), b: numbers(k * n), out: numbers(m * n) }
    }

    /// Strides of rows and columns of both factors.
    fn strides(&self) -> [isize; 4] {
        let (m, k, n) = self.shape;
        let a = if self.layout == 't' { [1, m as isize] } else { [k as isize, 1] };
        let b = if self.layout == 'b' { [1, k as isize] } else { [n as isize, 1] };
        [a[0], a[1], b[0], b[1]]
    }

    fn own(&mut self) {
        let (m, k, n) = self.shape;
        let a = if self.layout == 't' { Mat::rows(&self.a, k, m).t() } else { Mat::rows(&self.a, m, k) };
        let b = if self.layout == 'b' { Mat::rows(&self.b, n, k).t() } else { Mat::rows(&self.b, k, n) };
        matmul(MatMut::rows(black_box(&mut self.out), m, n), Accum::Replace, T::ONE, a, b);
    }
}

#[cfg(feature = "openblas")]
mod blas {
    use std::ffi::c_int;
    pub(crate) const ROW_MAJOR: c_int = 101;
    macro_rules! routines {
        ($($name:ident: $t:ty)*) => { unsafe extern "C" {$(
            #[allow(clippy::too_many_arguments)]
            pub(crate) fn $name(
                order: c_int, a_transposed: c_int, b_transposed: c_int, m: c_int, n: c_int, k: c_int,
                alpha: $t, a: *const $t, lda: c_int, b: *const $t, ldb: c_int, beta: $t, c: *mut $t, ldc: c_int,
            );
        )*}};
    }
    routines!(cblas_sgemm: f32 cblas_dgemm: f64);
    unsafe extern "C" {
        pub(crate) fn openblas_set_num_threads(count: c_int);
    }
}

macro_rules! peers {
    ($t:ty, $mm:ident, $blas:ident) => {
        impl Peers for $t {
            fn matrixmultiply(p: &mut Problem<$t>) {
                let ((m, k, n), [ar, ac, br, bc]) = (p.shape, p.strides());
                let (a, b, out) = (p.a.as_ptr(), p.b.as_ptr(), black_box(&mut p.out).as_mut_ptr());
                // SAFETY: the arrays have m·k, k·n and m·n numbers, and the strides are theirs.
                unsafe { matrixmultiply::$mm(m, k, n, 1.0, a, ar, ac, b, br, bc, 0.0, out, n as isize, 1) }
            }

            fn gemm(p: &mut Problem<$t>) {
                let ((m, k, n), [ar, ac, br, bc]) = (p.shape, p.strides());
                let (a, b, out) = (p.a.as_ptr(), p.b.as_ptr(), black_box(&mut p.out).as_mut_ptr());
                let one = gemm::Parallelism::None;
                // SAFETY: as above.
                unsafe {
                    gemm::gemm(
                        m, n, k, out, 1, n as isize, false, a, ac, ar, b, bc, br, 0.0, 1.0, false, false, false, one,
                    );
                }
            }

            #[cfg(feature = "openblas")]
            fn openblas(p: &mut Problem<$t>) {
                let ((m, k, n), transposed) = (p.shape, |layout: char| if p.layout == layout { 112 } else { 111 });
                let (a_form, b_form) = (transposed('t'), transposed('b'));
                let lda = if p.layout == 't' { m } else { k } as i32;
                let ldb = if p.layout == 'b' { k } else { n } as i32;
                let (m, k, n) = (m as i32, k as i32, n as i32);
                let (a, b, out) = (p.a.as_ptr(), p.b.as_ptr(), black_box(&mut p.out).as_mut_ptr());
                // SAFETY: as above.
                unsafe { blas::$blas(blas::ROW_MAJOR, a_form, b_form, m, n, k, 1.0, a, lda, b, ldb, 0.0, out, n) }
            }

            #[cfg(not(feature = "openblas"))]
            fn openblas(_: &mut Problem<$t>) {}
        }
    };
}

peers!(f32, sgemm, cblas_sgemm);
peers!(f64, dgemm, cblas_dgemm);

/// GFLOP/s of each, the fastest of rounds in which they take turns.
fn rates<T: Peers>(shape: (usize, usize, usize, char)) -> [f64; 4] {
    let mut p = Problem::<T>::new(shape);
    let routines: [fn(&mut Problem<T>); 4] = [Problem::own, T::matrixmultiply, T::gemm, T::openblas];
    let mut results: Vec<Vec<T>> = Vec::new();
    for routine in routines {
        routine(&mut p);
        results.push(p.out.clone());
    }
    for result in &results[1..] {
        for (&x, &own) in result.iter().zip(&results[0]) {
            let off = (x.to_f64() - own.to_f64()).abs();
            assert!(off < 1e-2, "{shape:?}: products differ by {off}");
        }
    }
    let mut least = [f64::INFINITY; 4];
    for _ in 0..12 {
        for (least, routine) in least.iter_mut().zip(routines) {
            let mut time = |count: u32| {
                let start = Instant::now();
                (0..count).for_each(|_| routine(&mut p));
                start.elapsed().as_secs_f64() / f64::from(count)
            };
            let count = (4e-3 / time(1)).clamp(1.0, 1e5) as u32;
            *least = least.min(time(count));
        }
    }
    let (m, k, n, _) = shape;
    least.map(|seconds| 2.0 * (m * k * n) as f64 / seconds / 1e9)
}

fn main() {
    #[cfg(feature = "openblas")]
    // SAFETY: sets a number.
    unsafe {
        blas::openblas_set_num_threads(1);
    }
    println!("| m × k × n | f32 own | matrixmultiply | gemm | OpenBLAS | f64 own | matrixmultiply | gemm | OpenBLAS |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for shape @ (m, k, n, layout) in SHAPES {
        let cells: Vec<String> = (rates::<f32>(shape).into_iter().chain(rates::<f64>(shape)))
            .map(|rate| if rate.is_infinite() || rate > 1e4 { "–".into() } else { format!("{rate:.1}") })
            .collect();
        println!("| {} | {} |", format!("{m} × {k} × {n} {layout}").trim_end(), cells.join(" | "));
    }
}
