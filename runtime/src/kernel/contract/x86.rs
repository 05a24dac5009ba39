//! The levels of x86-64: which of a product's vectors the processor has.
#![allow(unsafe_code, reason = "functions compiled for more than the target's baseline")]

use core::arch::x86_64::{__m256, __m256d, __m512, __m512d};

use super::forms;
use super::level::{Level, level};
use super::small_forms;
use super::vector::Vector;
use crate::kernel::gemm::{Gemm, Small};
use crate::kernel::simd::Math;
use crate::kernel::simd::x86::{AVX2, AVX512, level};

level!(avx512, [#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma,bmi1,bmi2")]], __m512 __m512d);
level!(avx2, [#[target_feature(enable = "avx2,fma,bmi1,bmi2")]], __m256 __m256d);

/// Computes the product.
///
/// # Safety
/// `p` describes memory that is there: `out` for writing, `a` and `b` for reading, without overlap.
pub(super) unsafe fn product<Wide, Narrow, Portable>(p: &Gemm<Wide::T>)
where
    Wide: Level,
    Narrow: Level<T = Wide::T>,
    Portable: Level<T = Wide::T>,
{
    // SAFETY: the processor has the level's instructions; the caller's.
    unsafe {
        match level() {
            AVX512 => forms::product::<Wide>(p),
            AVX2 => forms::product::<Narrow>(p),
            _ => forms::product::<Portable>(p),
        }
    }
}

/// Computes two products of one matrix with a column each, if the layout suits them; else returns false.
///
/// # Safety
/// As for [`product`]; both have `a` in common, with its shape and strides.
pub(super) unsafe fn pair<Wide, Narrow, Portable>(products: &[Gemm<Wide::T>; 2]) -> bool
where
    Wide: Level,
    Narrow: Level<T = Wide::T>,
    Portable: Level<T = Wide::T>,
{
    // SAFETY: the processor has the level's instructions; the caller's.
    unsafe {
        match level() {
            AVX512 => forms::pair::<Wide>(products),
            AVX2 => forms::pair::<Narrow>(products),
            _ => forms::pair::<Portable>(products),
        }
    }
}

/// Computes a small product, if the caller was compiled for vector instructions and there is a form for it; else
/// returns false.
///
/// # Safety
/// As for [`product`]; it is as S knows it.
#[inline(always)]
pub(super) unsafe fn small_product<S, Wide, Narrow, Portable>(math: Math, p: &Gemm<Wide::T>) -> bool
where
    S: Small,
    Wide: Vector,
    Narrow: Vector<T = Wide::T>,
    Portable: Vector<T = Wide::T>,
{
    // SAFETY: the processor has the level's instructions; the caller's.
    unsafe {
        match math.level {
            AVX512 => small_512::<S, Wide, Narrow>(p),
            AVX2 => small_256::<S, Narrow>(p),
            _ => small_forms::form::<S, Portable>(&S::known(p)),
        }
    }
}

/// # Safety
/// As for [`small_product`]; the processor has the features named.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma,bmi1,bmi2")]
unsafe fn small_512<S: Small, Wide: Vector, Narrow: Vector<T = Wide::T>>(p: &Gemm<Wide::T>) -> bool {
    let p = S::known(p);
    // SAFETY: the caller's.
    unsafe {
        // A vector of which the half is enough takes the time of a whole one.
        if const { S::N == 0 } {
            if p.n <= Narrow::LANES {
                small_forms::form::<S, Narrow>(&p)
            } else {
                small_forms::form::<S, Wide>(&p)
            }
        } else if const { S::N <= Narrow::LANES } {
            small_forms::form::<S, Narrow>(&p)
        } else {
            small_forms::form::<S, Wide>(&p)
        }
    }
}

/// # Safety
/// As for [`small_product`]; the processor has the features named.
#[target_feature(enable = "avx2,fma,bmi1,bmi2")]
unsafe fn small_256<S: Small, V: Vector>(p: &Gemm<V::T>) -> bool {
    // SAFETY: the caller's.
    unsafe { small_forms::form::<S, V>(&S::known(p)) }
}
