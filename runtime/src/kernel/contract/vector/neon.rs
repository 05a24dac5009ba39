//! The vectors of NEON, which is part of aarch64.
#![allow(unsafe_code, reason = "vector instructions, and loads and stores through pointers")]

use core::arch::aarch64::*;

use super::Vector;

vector!(
    float32x4_t,
    f32,
    4,
    32,
    false,
    true,
    usize,
    |n: usize| n,
    vdupq_n_f32,
    vld1q_f32,
    load_first,
    vst1q_f32,
    store_first,
    |n, a, b| vbslq_f32(vld1q_u32(LANES_32.as_ptr().add(4 - n)), a, b),
    |a, b, c| vfmaq_f32(c, a, b),
    vmulq_f32,
    vaddq_f32,
    vaddvq_f32,
    |[a, b, c, d]: [float32x4_t; 4]| {
        let mut sums = [0.0; 4];
        vst1q_f32(sums.as_mut_ptr(), vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d)));
        sums
    },
    transpose
);
vector!(
    float64x2_t,
    f64,
    2,
    32,
    false,
    true,
    usize,
    |n: usize| n,
    vdupq_n_f64,
    vld1q_f64,
    load_first_64,
    vst1q_f64,
    store_first_64,
    |n, a, b| vbslq_f64(vld1q_u64(LANES_64.as_ptr().add(2 - n)), a, b),
    |a, b, c| vfmaq_f64(c, a, b),
    vmulq_f64,
    vaddq_f64,
    vaddvq_f64,
    |[a, b, c, d]: [float64x2_t; 4]| {
        let mut sums = [0.0; 4];
        vst1q_f64(sums.as_mut_ptr(), vpaddq_f64(a, b));
        vst1q_f64(sums.as_mut_ptr().add(2), vpaddq_f64(c, d));
        sums
    },
    transpose_64
);

/// Lanes are selected by a window into these, of 4 from 4 − n on, of 2 from 2 − n.
static LANES_32: [u32; 8] = [!0, !0, !0, !0, 0, 0, 0, 0];
static LANES_64: [u64; 4] = [!0, !0, 0, 0];

/// The first lanes of a vector.
///
/// # Safety
/// There are n ≤ 4 numbers.
#[inline(always)]
unsafe fn load_first(n: usize, p: *const f32) -> float32x4_t {
    // SAFETY: the caller's.
    unsafe {
        let zero = vdupq_n_f32(0.0);
        match n {
            0 => zero,
            1 => vld1q_lane_f32::<0>(p, zero),
            2 => vcombine_f32(vld1_f32(p), vdup_n_f32(0.0)),
            3 => vld1q_lane_f32::<2>(p.add(2), vcombine_f32(vld1_f32(p), vdup_n_f32(0.0))),
            _ => vld1q_f32(p),
        }
    }
}

/// # Safety
/// As for [`load_first`].
#[inline(always)]
unsafe fn store_first(p: *mut f32, n: usize, v: float32x4_t) {
    // SAFETY: the caller's.
    unsafe {
        match n {
            0 => {}
            1 => vst1q_lane_f32::<0>(p, v),
            2 => vst1_f32(p, vget_low_f32(v)),
            3 => {
                vst1_f32(p, vget_low_f32(v));
                vst1q_lane_f32::<2>(p.add(2), v);
            }
            _ => vst1q_f32(p, v),
        }
    }
}

/// # Safety
/// There are n ≤ 2 numbers.
#[inline(always)]
unsafe fn load_first_64(n: usize, p: *const f64) -> float64x2_t {
    // SAFETY: the caller's.
    unsafe {
        match n {
            0 => vdupq_n_f64(0.0),
            1 => vld1q_lane_f64::<0>(p, vdupq_n_f64(0.0)),
            _ => vld1q_f64(p),
        }
    }
}

/// # Safety
/// As for [`load_first_64`].
#[inline(always)]
unsafe fn store_first_64(p: *mut f64, n: usize, v: float64x2_t) {
    // SAFETY: the caller's.
    unsafe {
        match n {
            0 => {}
            1 => vst1q_lane_f64::<0>(p, v),
            _ => vst1q_f64(p, v),
        }
    }
}

/// # Safety
/// There are 4×4 numbers at both places, that far apart.
#[inline(always)]
unsafe fn transpose(from: *const f32, from_stride: isize, to: *mut f32, to_stride: usize) {
    // SAFETY: the caller's.
    unsafe {
        let row = |i: isize| vld1q_f32(from.offset(i * from_stride));
        let (r0, r1, r2, r3) = (row(0), row(1), row(2), row(3));
        // Rows of two numbers of each of two rows.
        let (a, b) = (vtrn1q_f32(r0, r1), vtrn2q_f32(r0, r1));
        let (c, d) = (vtrn1q_f32(r2, r3), vtrn2q_f32(r2, r3));
        let low = |x, y| vcombine_f32(vget_low_f32(x), vget_low_f32(y));
        let high = |x, y| vcombine_f32(vget_high_f32(x), vget_high_f32(y));
        vst1q_f32(to, low(a, c));
        vst1q_f32(to.add(to_stride), low(b, d));
        vst1q_f32(to.add(2 * to_stride), high(a, c));
        vst1q_f32(to.add(3 * to_stride), high(b, d));
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
                let above = vld1q_f64(from.offset(row * from_stride + col));
                let below = vld1q_f64(from.offset((row + 1) * from_stride + col));
                let to = to.add(col as usize * to_stride + row as usize);
                vst1q_f64(to, vtrn1q_f64(above, below));
                vst1q_f64(to.add(to_stride), vtrn2q_f64(above, below));
            }
        }
    }
}
