//! Nothing is allocated by a kernel that has run once at its shape, nor by any after `reserve`.
#![allow(unsafe_code, reason = "a global allocator is unsafe to write")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use gradsmith_runtime::axis;
use gradsmith_runtime::contract::{Accum, dot, gram, matmul, reserve, sum_rows};
use gradsmith_runtime::matrix::{Mat, MatMut};

struct Counting;

thread_local!(static COUNT: Cell<usize> = const { Cell::new(0) });

// SAFETY: every call is the system's, with a count before it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn kernels_allocate_nothing_the_second_time() {
    let (m, k, n) = (100, 300, 90);
    let (a, b) = (vec![1.0f64; m * k], vec![1.0; k * n]);
    let (mut out, mut soft, mut sums) = (vec![0.0; k * n], vec![0.0; m * n], vec![0.0; n]);
    let mut step = || {
        let (x, w) = (Mat::rows(&a[..m * k], m, k), Mat::rows(&b, k, n));
        matmul(MatMut::rows(&mut out[..m * n], m, n), Accum::Replace, 1.0, x, w);
        matmul(MatMut::rows(&mut out[..m * n], m, n), Accum::Add, 1.0, x, Mat::rows(&b, n, k).t());
        matmul(MatMut::rows(&mut out, k, n), Accum::Add, 1.0, x.t(), Mat::rows(&b[..m * n], m, n));
        axis::softmax(&mut soft, &a[..m * n], m, n, 1);
        sum_rows(&mut sums, Accum::Replace, 1.0, Mat::rows(&soft, m, n));
        dot(&soft, &soft)
    };
    step();
    let before = COUNT.get();
    step();
    assert_eq!(COUNT.get() - before, 0);
}

#[test]
fn after_reserving_products_allocate_nothing_the_first_time() {
    let most = 1500;
    let (a, b) = (vec![1.0f32; most * most], vec![1.0; most * most]);
    let mut out = vec![0.0; most * most];
    reserve::<f32>();
    let before = COUNT.get();
    for (m, k, n) in
        [(700, 600, 900), (513, 385, 33), (40, 250, 8000), (most, 3, most), (12, most, most), (1, most, most)]
    {
        let (x, w, turned) =
            (Mat::rows(&a[..m * k], m, k), Mat::rows(&b[..k * n], k, n), Mat::rows(&b[..k * n], n, k).t());
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
    assert_eq!(COUNT.get() - before, 0);
}
