//! Products with vectors of 16 bytes, which need no more than the target has.
#![allow(unsafe_code, reason = "the kernels take pointers, because a matrix may be strided either way")]

use super::level::level;
use super::vector::{Portable32, Portable64};

level!(baseline, [], Portable32 Portable64);

/// Arrays as vectors, by which the products of processors are computed that no test here runs on.
#[cfg(all(test, any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon"))))]
mod tests {
    use crate::kernel::contract::dispatch::product_of;
    use crate::kernel::contract::forms;
    use crate::kernel::contract::level::{Level, level};
    use crate::kernel::contract::vector::{Lanes32, Lanes64};
    use crate::kernel::gemm::{Accum, Gemm};
    use crate::kernel::matrix::{Mat, MatMut};
    use crate::kernel::scalar::Scalar as _;

    level!(arrays, [], Lanes32 Lanes64);

    fn numbers<V: Level>(n: usize, step: f64) -> Vec<V::T> {
        (0..n).map(|i| V::T::from_f64((i as f64 * step).sin())).collect()
    }

    #[track_caller]
    fn assert_product<V: Level>(
        (m, k, n): (usize, usize, usize),
        a_turned: bool,
        b_turned: bool,
        triangle: bool,
    ) {
        let (a, b, before) = (numbers::<V>(m * k, 0.7), numbers::<V>(k * n, 0.3), numbers::<V>(m * n, 1.1));
        let of = |data, turned, rows, cols| {
            if turned { Mat::rows(data, cols, rows).t() } else { Mat::rows(data, rows, cols) }
        };
        // A triangle is of a matrix times itself.
        let b = if triangle { a.clone() } else { b };
        let (a, b) = (of(&a[..], a_turned, m, k), of(&b[..], b_turned, k, n));
        let (half, two) = (V::T::from_f64(0.5), V::T::from_f64(2.0));
        let mut out = before.clone();
        let p = product_of(&mut MatMut::rows(&mut out, m, n), Accum::Add, half, two, a, b);
        let p = p.map(|p| if triangle { Gemm { diagonal: 0, ..p } } else { p });
        // SAFETY: the matrices are there, the output is borrowed for writing alone, and arrays need no
        // instructions.
        unsafe { forms::product::<V>(&p.expect("columns are adjacent")) };
        let (a, b) = (a.view(), b.view());
        for i in 0..m {
            for j in if triangle { i } else { 0 }..n {
                let terms = (0..k).map(|k| a[(i, k)].to_f64() * b[(k, j)].to_f64());
                let exact = 0.5 * before[i * n + j].to_f64() + 2.0 * terms.sum::<f64>();
                let error = (out[i * n + j].to_f64() - exact).abs();
                assert!(error < 64.0 * V::T::EPSILON.to_f64() * k as f64, "{m}×{k}×{n} at {i}, {j}: {error}");
            }
        }
    }

    fn products<V: Level>() {
        let shapes = [
            (1, 1, 1),
            (1, 7, 9),
            (9, 1, 7),
            (5, 300, 1),
            (1, 40, 130),
            (13, 20, 17),
            (90, 140, 37),
            (7, 600, 21),
        ];
        for shape in shapes {
            for (a_turned, b_turned) in [(false, false), (false, true), (true, false), (true, true)] {
                assert_product::<V>(shape, a_turned, b_turned, false);
            }
        }
        for (n, k) in [(1, 3), (5, 9), (30, 300), (101, 20)] {
            assert_product::<V>((n, k, n), true, false, true);
            assert_product::<V>((n, k, n), false, true, true);
        }
    }

    #[test]
    fn arrays_are_vectors() {
        products::<Lanes32>();
        products::<Lanes64>();
    }
}
