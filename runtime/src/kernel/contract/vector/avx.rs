//! The vectors of AVX-512 and of AVX2 with FMA.
#![allow(unsafe_code, reason = "vector instructions, and loads and stores through pointers")]

use core::arch::x86_64::*;

use super::{Vector, sse};

vector!(
    __m512,
    f32,
    16,
    32,
    true,
    true,
    __mmask16,
    |n: usize| ((1u32 << n) - 1) as __mmask16,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_maskz_loadu_ps,
    _mm512_storeu_ps,
    _mm512_mask_storeu_ps,
    |m, a, b| _mm512_mask_blend_ps(m, b, a),
    _mm512_fmadd_ps,
    _mm512_mul_ps,
    _mm512_add_ps,
    _mm512_reduce_add_ps,
    totals_512,
    sse::transpose_32
);
vector!(
    __m512d,
    f64,
    8,
    32,
    true,
    true,
    __mmask8,
    |n: usize| ((1u32 << n) - 1) as __mmask8,
    _mm512_set1_pd,
    _mm512_loadu_pd,
    _mm512_maskz_loadu_pd,
    _mm512_storeu_pd,
    _mm512_mask_storeu_pd,
    |m, a, b| _mm512_mask_blend_pd(m, b, a),
    _mm512_fmadd_pd,
    _mm512_mul_pd,
    _mm512_add_pd,
    _mm512_reduce_add_pd,
    totals_512d,
    transpose_64
);
vector!(
    __m256,
    f32,
    8,
    16,
    false,
    true,
    usize,
    |n: usize| n,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    load_first,
    _mm256_storeu_ps,
    store_first,
    |n, a, b| _mm256_blendv_ps(b, a, _mm256_loadu_ps(LANES_32.as_ptr().add(8 - n).cast())),
    _mm256_fmadd_ps,
    _mm256_mul_ps,
    _mm256_add_ps,
    |v| {
        let s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
        let s = _mm_add_ps(s, _mm_movehl_ps(s, s));
        _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)))
    },
    totals_256,
    sse::transpose_32
);
vector!(
    __m256d,
    f64,
    4,
    16,
    false,
    true,
    usize,
    |n: usize| n,
    _mm256_set1_pd,
    _mm256_loadu_pd,
    load_first_64,
    _mm256_storeu_pd,
    store_first_64,
    |n, a, b| _mm256_blendv_pd(b, a, _mm256_loadu_pd(LANES_64.as_ptr().add(4 - n).cast())),
    _mm256_fmadd_pd,
    _mm256_mul_pd,
    _mm256_add_pd,
    |v| {
        let s = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd::<1>(v));
        _mm_cvtsd_f64(_mm_add_sd(s, _mm_unpackhi_pd(s, s)))
    },
    totals_256d,
    transpose_64
);

/// AVX2 selects by a vector whose lanes are negative where the first operand is meant: a window into these, of
/// 8 lanes from 8 − n ≤ 8 on, of 4 from 4 − n.
static LANES_32: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
static LANES_64: [i64; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];

// The first lanes of a vector of AVX2, without its masks.

/// # Safety
/// There are n ≤ 8 numbers; the processor has AVX.
#[inline(always)]
unsafe fn load_first(n: usize, p: *const f32) -> __m256 {
    // SAFETY: the caller's.
    unsafe {
        if n < 4 {
            _mm256_zextps128_ps256(sse::load_first(n, p))
        } else {
            _mm256_insertf128_ps::<1>(
                _mm256_castps128_ps256(_mm_loadu_ps(p)),
                sse::load_first(n - 4, p.add(4)),
            )
        }
    }
}

/// # Safety
/// As for [`load_first`].
#[inline(always)]
unsafe fn store_first(p: *mut f32, n: usize, v: __m256) {
    // SAFETY: the caller's.
    unsafe {
        if n == 8 {
            return _mm256_storeu_ps(p, v);
        }
        let (mut left, mut p) = (_mm256_castps256_ps128(v), p);
        if n & 4 != 0 {
            _mm_storeu_ps(p, left);
            left = _mm256_extractf128_ps::<1>(v);
            p = p.add(4);
        }
        sse::store_first(p, n & 3, left);
    }
}

/// # Safety
/// There are n ≤ 4 numbers; the processor has AVX.
#[inline(always)]
unsafe fn load_first_64(n: usize, p: *const f64) -> __m256d {
    // SAFETY: the caller's.
    unsafe {
        match n {
            0 => _mm256_setzero_pd(),
            1 => _mm256_zextpd128_pd256(_mm_load_sd(p)),
            2 => _mm256_zextpd128_pd256(_mm_loadu_pd(p)),
            3 => _mm256_insertf128_pd::<1>(_mm256_castpd128_pd256(_mm_loadu_pd(p)), _mm_load_sd(p.add(2))),
            _ => _mm256_loadu_pd(p),
        }
    }
}

/// # Safety
/// As for [`load_first_64`].
#[inline(always)]
unsafe fn store_first_64(p: *mut f64, n: usize, v: __m256d) {
    // SAFETY: the caller's.
    unsafe {
        if n == 4 {
            return _mm256_storeu_pd(p, v);
        }
        let (mut left, mut p) = (_mm256_castpd256_pd128(v), p);
        if n & 2 != 0 {
            _mm_storeu_pd(p, left);
            left = _mm256_extractf128_pd::<1>(v);
            p = p.add(2);
        }
        sse::store_first_64(p, n & 1, left);
    }
}

// The lanes of four vectors are added in pairs of vectors, so that each addition is of full vectors.

/// # Safety
/// The processor has AVX-512F.
#[inline(always)]
unsafe fn totals_512([a, b, c, d]: [__m512; 4]) -> [f32; 4] {
    // SAFETY: the caller's.
    unsafe {
        // Quarters of a and b, then of all four: one quarter each, of four numbers.
        let halves =
            |x, y| _mm512_add_ps(_mm512_shuffle_f32x4::<0x44>(x, y), _mm512_shuffle_f32x4::<0xEE>(x, y));
        let (x, y) = (halves(a, b), halves(c, d));
        let q = _mm512_add_ps(_mm512_shuffle_f32x4::<0x88>(x, y), _mm512_shuffle_f32x4::<0xDD>(x, y));
        let q = _mm512_add_ps(q, _mm512_permute_ps::<0x4E>(q));
        let q = _mm512_add_ps(q, _mm512_permute_ps::<0xB1>(q));
        let first = _mm512_setr_epi32(0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12);
        let mut sums = [0.0; 4];
        _mm_storeu_ps(sums.as_mut_ptr(), _mm512_castps512_ps128(_mm512_permutexvar_ps(first, q)));
        sums
    }
}

/// # Safety
/// The processor has AVX-512F.
#[inline(always)]
unsafe fn totals_512d([a, b, c, d]: [__m512d; 4]) -> [f64; 4] {
    // SAFETY: the caller's.
    unsafe {
        let pairs = |x, y| _mm512_add_pd(_mm512_unpacklo_pd(x, y), _mm512_unpackhi_pd(x, y));
        let (x, y) = (pairs(a, b), pairs(c, d));
        // Each half: sums of a and b, or of c and d, in two quarters.
        let h = _mm512_add_pd(_mm512_shuffle_f64x2::<0x88>(x, y), _mm512_shuffle_f64x2::<0xDD>(x, y));
        let h = _mm512_add_pd(h, _mm512_shuffle_f64x2::<0xB1>(h, h));
        let first = _mm512_setr_epi64(0, 1, 4, 5, 0, 1, 4, 5);
        let mut sums = [0.0; 4];
        _mm256_storeu_pd(sums.as_mut_ptr(), _mm512_castpd512_pd256(_mm512_permutexvar_pd(first, h)));
        sums
    }
}

/// # Safety
/// The processor has AVX.
#[inline(always)]
unsafe fn totals_256([a, b, c, d]: [__m256; 4]) -> [f32; 4] {
    // SAFETY: the caller's.
    unsafe {
        let h = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
        let mut sums = [0.0; 4];
        let s = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps::<1>(h));
        _mm_storeu_ps(sums.as_mut_ptr(), s);
        sums
    }
}

/// # Safety
/// The processor has AVX.
#[inline(always)]
unsafe fn totals_256d([a, b, c, d]: [__m256d; 4]) -> [f64; 4] {
    // SAFETY: the caller's.
    unsafe {
        let (x, y) = (_mm256_hadd_pd(a, b), _mm256_hadd_pd(c, d));
        let s = _mm256_add_pd(_mm256_permute2f128_pd::<0x20>(x, y), _mm256_permute2f128_pd::<0x31>(x, y));
        let mut sums = [0.0; 4];
        _mm256_storeu_pd(sums.as_mut_ptr(), s);
        sums
    }
}

/// # Safety
/// There are 4×4 numbers at both places, that far apart; the processor has AVX.
#[inline(always)]
unsafe fn transpose_64(from: *const f64, from_stride: isize, to: *mut f64, to_stride: usize) {
    // SAFETY: the caller's.
    unsafe {
        let r0 = _mm256_loadu_pd(from);
        let r1 = _mm256_loadu_pd(from.offset(from_stride));
        let r2 = _mm256_loadu_pd(from.offset(2 * from_stride));
        let r3 = _mm256_loadu_pd(from.offset(3 * from_stride));
        let (a, b) = (_mm256_unpacklo_pd(r0, r1), _mm256_unpackhi_pd(r0, r1));
        let (c, d) = (_mm256_unpacklo_pd(r2, r3), _mm256_unpackhi_pd(r2, r3));
        _mm256_storeu_pd(to, _mm256_permute2f128_pd::<0x20>(a, c));
        _mm256_storeu_pd(to.add(to_stride), _mm256_permute2f128_pd::<0x20>(b, d));
        _mm256_storeu_pd(to.add(2 * to_stride), _mm256_permute2f128_pd::<0x31>(a, c));
        _mm256_storeu_pd(to.add(3 * to_stride), _mm256_permute2f128_pd::<0x31>(b, d));
    }
}
