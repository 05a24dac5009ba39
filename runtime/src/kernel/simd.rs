//! Vector instructions chosen at run time, for loops that contain no `unsafe`.
//!
//! `cargo build` compiles for the oldest processor of its target, which on x86-64 means SSE2 and no fused
//! multiply-add. [`simd`] calls a loop in a copy that is compiled for the processor at hand; generated code and
//! tests reach it as [`step`](crate::__private::step):
//!
//! ```
//! use gradsmith_runtime::__private::{Math, step};
//!
//! #[inline(always)]
//! fn activate(math: Math, (z, a): (&[f64], &mut [f64])) {
//!     for (a, &z) in a.iter_mut().zip(z) {
//!         *a = math.sigmoid(z);
//!     }
//! }
//!
//! let z = [-1.0, 0.0, 1.0];
//! let mut a = [0.0; 3];
//! step((&z[..], &mut a[..]), #[inline(always)] |math, args| activate(math, args));
//! assert_eq!(a[1], 0.5);
//! ```
//!
//! The loop must be `#[inline(always)]` and have no call in it that is not: then it becomes part of the copy,
//! and the compiler turns it into vector instructions. The closure in between is marked for the same reason:
//! a function handed over by name is called through a shim that is not always inlined (rust-lang/rust#96929).
//! Whether all is inlined changes speed only. Results differ between processors in the last bits, because a
//! fused multiply-add rounds once where two operations round twice.
//!
//! # A lower level
//!
//! On x86-64 there are three levels: `avx512`, `avx2`, and `baseline`. The environment variable
//! `GRADSMITH_LEVEL`, set to one of these words, holds a process back to that level, for tests and benchmarks
//! on a better machine; it never makes it use what the processor lacks. It is read once, when the first kernel
//! is called. Set to anything else it is as if it were not set, but for a line on standard error.
#![allow(unsafe_code, reason = "a function compiled for more than the target's baseline is unsafe to call")]

use core::ops::{Add, Mul};

/// Access to the elementary functions, and the knowledge of whether multiply-add is one instruction here.
///
/// [`step`](crate::__private::step) hands it to the closure it calls. It is a compile-time constant after
/// inlining.
#[derive(Clone, Copy, Debug)]
pub struct Math {
    fma: bool,
    /// For numbers that come alone.
    pub(crate) alone: bool,
    /// What the function was compiled for that holds this: the processor has those instructions.
    #[cfg(target_arch = "x86_64")]
    pub(crate) level: u8,
}

impl Math {
    /// The functions for the target's baseline, for use outside [`simd`]: a handful of numbers, or a test.
    #[inline(always)]
    pub const fn portable() -> Self {
        Math {
            fma: cfg!(any(target_feature = "fma", target_arch = "aarch64")),
            alone: false,
            #[cfg(target_arch = "x86_64")]
            level: x86::BASELINE,
        }
    }

    /// The same functions for single numbers: those of the standard library, where they are faster than what
    /// vectorises.
    #[inline(always)]
    #[must_use]
    pub const fn single(self) -> Self {
        Math { alone: true, ..self }
    }

    /// Whether [`mul_add`](Self::mul_add) rounds once.
    #[inline(always)]
    pub(crate) const fn is_fused(self) -> bool {
        self.fma
    }

    /// a·b + c; with one rounding where the processor has an instruction for it, else with two.
    #[inline(always)]
    pub fn mul_add<T: FusedMulAdd>(self, a: T, b: T, c: T) -> T {
        if self.fma { a.fused_mul_add(b, c) } else { a * b + c }
    }
}

/// A number that has a·b + c with one rounding. Not nameable outside this crate.
pub trait FusedMulAdd: Copy + Add<Output = Self> + Mul<Output = Self> {
    /// self·b + c, rounded once.
    fn fused_mul_add(self, b: Self, c: Self) -> Self;
}

macro_rules! fused_mul_add {
    ($($t:ident)*) => {$(
        impl FusedMulAdd for $t {
            #[inline(always)]
            fn fused_mul_add(self, b: Self, c: Self) -> Self {
                self.mul_add(b, c)
            }
        }
    )*};
}

fused_mul_add!(f32 f64);

/// Calls `kernel` in a copy compiled for the best vector instructions this processor has.
///
/// On x86-64: AVX-512 (F, DQ, VL, BW), else AVX2 with FMA, else the target's baseline. Elsewhere: the
/// baseline. The processor is asked once, and what holds it back: see the [module](self). `kernel` should be a
/// closure marked `#[inline(always)]`, for what is said there, too.
#[inline]
pub(crate) fn simd<A, R>(kernel: impl FnOnce(Math, A) -> R, args: A) -> R {
    #[cfg(target_arch = "x86_64")]
    match x86::level() {
        // SAFETY: `level` has found every feature that `avx512` is compiled for.
        x86::AVX512 => unsafe { x86::avx512(kernel, args) },
        // SAFETY: `level` has found every feature that `avx2` is compiled for.
        x86::AVX2 => unsafe { x86::avx2(kernel, args) },
        _ => x86::baseline(kernel, args),
    }
    #[cfg(not(target_arch = "x86_64"))]
    kernel(Math::portable(), args)
}

/// [`simd`] for functions of single numbers, which fill no vector: AVX2 with FMA at most, for AVX-512 would
/// be a third copy to compile and no faster. A kernel with 100 numbers of Rosenbrock's function takes 70 ns
/// with AVX2, 69 to 82 with AVX-512, 97 with SSE2.
#[inline]
pub(crate) fn scalars<A, R>(kernel: impl FnOnce(Math, A) -> R, args: A) -> R {
    #[cfg(target_arch = "x86_64")]
    if x86::level() >= x86::AVX2 {
        // SAFETY: `level` has found every feature that `avx2` is compiled for, alone or among others.
        unsafe { x86::avx2(kernel, args) }
    } else {
        x86::baseline(kernel, args)
    }
    #[cfg(not(target_arch = "x86_64"))]
    kernel(Math::portable(), args)
}

/// `simd!(kernel, args)` calls `kernel(math, args)`, compiled for the best vector instructions this processor
/// has: [`simd`] with the closure written out.
macro_rules! simd {
    ($kernel:expr, $args:expr) => {
        $crate::kernel::simd::simd(
            #[inline(always)]
            |math, args| $kernel(math, args),
            $args,
        )
    };
}

#[cfg(target_arch = "x86_64")]
pub(crate) mod x86 {
    use core::sync::atomic::{AtomicU8, Ordering};
    use std::io::Write as _;

    use super::Math;

    pub(super) const BASELINE: u8 = 1;
    pub(crate) const AVX2: u8 = 2;
    pub(crate) const AVX512: u8 = 3;

    /// 0 = not asked yet. The first answer stays, and nothing else is told by it, so `Relaxed` is enough.
    static LEVEL: AtomicU8 = AtomicU8::new(0);

    #[inline(always)]
    pub(crate) fn level() -> u8 {
        match LEVEL.load(Ordering::Relaxed) {
            0 => detect(),
            level => level,
        }
    }

    #[cold]
    fn detect() -> u8 {
        let avx2 = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2");
        let avx512 = avx2
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512bw");
        let has = match (avx512, avx2) {
            (true, _) => AVX512,
            (_, true) => AVX2,
            _ => BASELINE,
        };
        let level = most().min(has);
        // What the environment says may have changed since another thread asked.
        LEVEL
            .compare_exchange(0, level, Ordering::Relaxed, Ordering::Relaxed)
            .map_or_else(|first| first, |_| level)
    }

    /// Holds a process back: see the [module](super).
    const VARIABLE: &str = "GRADSMITH_LEVEL";

    /// The level that the environment allows.
    fn most() -> u8 {
        let Some(asked) = std::env::var_os(VARIABLE) else { return AVX512 };
        match asked.to_str() {
            Some("baseline") => BASELINE,
            Some("avx2") => AVX2,
            Some("avx512" | "") => AVX512,
            _ => {
                // Nobody may be there to read it.
                let _ = writeln!(
                    std::io::stderr(),
                    "gradsmith: {VARIABLE} is {asked:?}, which is no level: avx512, avx2 or baseline"
                );
                AVX512
            }
        }
    }

    /// Out of line, as the others are, so that a caller does not reserve stack for what it hardly ever runs.
    #[inline(never)]
    pub(super) fn baseline<A, R>(kernel: impl FnOnce(Math, A) -> R, args: A) -> R {
        kernel(Math::portable(), args)
    }

    /// # Safety
    /// The processor has the features named in the attribute.
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma,bmi1,bmi2")]
    pub(super) unsafe fn avx512<A, R>(kernel: impl FnOnce(Math, A) -> R, args: A) -> R {
        kernel(Math { fma: true, alone: false, level: AVX512 }, args)
    }

    /// # Safety
    /// The processor has the features named in the attribute.
    #[target_feature(enable = "avx2,fma,bmi1,bmi2")]
    pub(super) unsafe fn avx2<A, R>(kernel: impl FnOnce(Math, A) -> R, args: A) -> R {
        kernel(Math { fma: true, alone: false, level: AVX2 }, args)
    }
}
