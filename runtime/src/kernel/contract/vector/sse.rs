//! The vectors of SSE2, which is part of x86-64.
#![allow(unsafe_code, reason = "vector instructions, and loads and stores through pointers")]

use core::arch::x86_64::*;

use super::Vector;

vector!(
    __m128,
    f32,
    4,
    16,
    false,
    cfg!(target_feature = "fma"),
    usize,
    |n: usize| n,
    _mm_set1_ps,
    _mm_loadu_ps,
    load_first,
    _mm_storeu_ps,
    store_first,
    |n, a, b| {
        let mask = _mm_loadu_ps(LANES_32.as_ptr().add(4 - n).cast());
        _mm_or_ps(_mm_and_ps(mask, a), _mm_andnot_ps(mask, b))
    },
    // A program may be compiled for more than its level, and FMA is more than SSE2.
    |a, b, c| if cfg!(target_feature = "fma") {
        _mm_fmadd_ps(a, b, c)
    } else {
        _mm_add_ps(_mm_mul_ps(a, b), c)
    },
    _mm_mul_ps,
    _mm_add_ps,
    |v| {
        let s = _mm_add_ps(v, _mm_movehl_ps(v, v));
        _mm_cvtss_f32(_mm_add_ss(s, _mm_shuffle_ps::<1>(s, s)))
    },
    totals,
    transpose_32
);
vector!(
    __m128d,
    f64,
    2,
    16,
    false,
    cfg!(target_feature = "fma"),
    usize,
    |n: usize| n,
    _mm_set1_pd,
    _mm_loadu_pd,
    load_first_64,
    _mm_storeu_pd,
    store_first_64,
    |n, a, b| {
        let mask = _mm_loadu_pd(LANES_64.as_ptr().add(2 - n).cast());
        _mm_or_pd(_mm_and_pd(mask, a), _mm_andnot_pd(mask, b))
    },
    |a, b, c| if cfg!(target_feature = "fma") {
        _mm_fmadd_pd(a, b, c)
    } else {
        _mm_add_pd(_mm_mul_pd(a, b), c)
    },
    _mm_mul_pd,
    _mm_add_pd,
    |v| _mm_cvtsd_f64(_mm_add_sd(v, _mm_unpackhi_pd(v, v))),
    totals_64,
    transpose_64
);

/// Lanes are selected by a window into these, of 4 from 4 − n on, of 2 from 2 − n.
static LANES_32: [i32; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];
static LANES_64: [i64; 4] = [-1, -1, 0, 0];

/// The first lanes of a vector.
///
/// # Safety
/// There are n numbers; more than 4 are taken for 4.
#[inline(always)]
pub(super) unsafe fn load_first(n: usize, p: *const f32) -> __m128 {
    // SAFETY: the caller's.
    unsafe {
        match n {
            0 => _mm_setzero_ps(),
            1 => _mm_load_ss(p),
            2 => _mm_castpd_ps(_mm_load_sd(p.cast())),
            3 => _mm_movelh_ps(_mm_castpd_ps(_mm_load_sd(p.cast())), _mm_load_ss(p.add(2))),
            _ => _mm_loadu_ps(p),
        }
    }
}

/// # Safety
/// As for [`load_first`].
#[inline(always)]
pub(super) unsafe fn store_first(p: *mut f32, n: usize, v: __m128) {
    // SAFETY: the caller's.
    unsafe {
        if n >= 4 {
            return _mm_storeu_ps(p, v);
        }
        let (mut left, mut p) = (v, p);
        if n & 2 != 0 {
            _mm_store_sd(p.cast(), _mm_castps_pd(left));
            left = _mm_movehl_ps(left, left);
            p = p.add(2);
        }
        if n & 1 != 0 {
            _mm_store_ss(p, left);
        }
    }
}

/// # Safety
/// There are n ≤ 2 numbers.
#[inline(always)]
unsafe fn load_first_64(n: usize, p: *const f64) -> __m128d {
    // SAFETY: the caller's.
    unsafe {
        match n {
            0 => _mm_setzero_pd(),
            1 => _mm_load_sd(p),
            _ => _mm_loadu_pd(p),
        }
    }
}

/// # Safety
/// As for [`load_first_64`].
#[inline(always)]
pub(super) unsafe fn store_first_64(p: *mut f64, n: usize, v: __m128d) {
    // SAFETY: the caller's.
    unsafe {
        match n {
            0 => {}
            1 => _mm_store_sd(p, v),
            _ => _mm_storeu_pd(p, v),
        }
    }
}

/// # Safety
/// SSE2 is part of x86-64.
#[inline(always)]
unsafe fn totals([a, b, c, d]: [__m128; 4]) -> [f32; 4] {
    // SAFETY: there is room for a vector.
    unsafe {
        let halves = |x, y| _mm_add_ps(_mm_unpacklo_ps(x, y), _mm_unpackhi_ps(x, y));
        let (x, y) = (halves(a, b), halves(c, d));
        let mut sums = [0.0; 4];
        _mm_storeu_ps(sums.as_mut_ptr(), _mm_add_ps(_mm_movelh_ps(x, y), _mm_movehl_ps(y, x)));
        sums
    }
}

/// # Safety
/// SSE2 is part of x86-64.
#[inline(always)]
unsafe fn totals_64([a, b, c, d]: [__m128d; 4]) -> [f64; 4] {
    // SAFETY: there is room for two vectors.
    unsafe {
        let pair = |x, y| _mm_add_pd(_mm_unpacklo_pd(x, y), _mm_unpackhi_pd(x, y));
        let mut sums = [0.0; 4];
        _mm_storeu_pd(sums.as_mut_ptr(), pair(a, b));
        _mm_storeu_pd(sums.as_mut_ptr().add(2), pair(c, d));
        sums
    }
}

/// # Safety
/// There are 4×4 numbers at both places, that far apart.
#[inline(always)]
pub(super) unsafe fn transpose_32(from: *const f32, from_stride: isize, to: *mut f32, to_stride: usize) {
    // SAFETY: the caller's; SSE is part of x86-64.
    unsafe {
        let row = |i: isize| _mm_loadu_ps(from.offset(i * from_stride));
        let (r0, r1, r2, r3) = (row(0), row(1), row(2), row(3));
        let (a, b) = (_mm_unpacklo_ps(r0, r1), _mm_unpacklo_ps(r2, r3));
        let (c, d) = (_mm_unpackhi_ps(r0, r1), _mm_unpackhi_ps(r2, r3));
        _mm_storeu_ps(to, _mm_movelh_ps(a, b));
        _mm_storeu_ps(to.add(to_stride), _mm_movehl_ps(b, a));
        _mm_storeu_ps(to.add(2 * to_stride), _mm_movelh_ps(c, d));
        _mm_storeu_ps(to.add(3 * to_stride), _mm_movehl_ps(d, c));
    }
}

/// # Safety
/// There are 4×4 numbers at both places, that far apart.
#[inline(always)]
unsafe fn transpose_64(from: *const f64, from_stride: isize, to: *mut f64, to_stride: usize) {
    // SAFETY: the caller's; each square of 2 by 2 is inside the 4 by 4.
    unsafe {
        for row in [0, 2] {
            for col in [0, 2] {
                let above = _mm_loadu_pd(from.offset(row * from_stride + col));
                let below = _mm_loadu_pd(from.offset((row + 1) * from_stride + col));
                let to = to.add(col as usize * to_stride + row as usize);
                _mm_storeu_pd(to, _mm_unpacklo_pd(above, below));
                _mm_storeu_pd(to.add(to_stride), _mm_unpackhi_pd(above, below));
            }
        }
    }
}
