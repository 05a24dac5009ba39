//! Reductions along one axis of a row-major array, and softmax.
//!
//! An array of shape (d₀, …, dₖ, …) reduced along axis k is seen as (outer, len, inner): outer = the product of the
//! extents before k, len = dₖ, inner = the product of those after. Element (o, i, n) lies at (o·len + i)·inner + n.
//! `out` of a reduction has outer·inner numbers, that of a softmax as many as `x`.
//!
//! Every sum of exponentials is of e^(x − max x): without overflow for all finite input, at least one term being 1.

use crate::scalar::Scalar;
use crate::simd;
use crate::simd::Math;

#[track_caller]
fn check(name: &str, out: usize, x: usize, outer: usize, len: usize, inner: usize, full: bool) {
    let expected = if full { outer * len * inner } else { outer * inner };
    assert!(
        x == outer * len * inner && out == expected && len > 0,
        "{name}: {x} numbers to {out}, as {outer}×{len}×{inner}"
    );
}

macro_rules! over_axis {
    ($($(#[$doc:meta])* $name:ident($math:ident, $out:ident, $x:ident, $offset:ident, $stride:ident, $len:ident), $full:expr, $body:block)*) => {$(
        $(#[$doc])*
        ///
        /// # Panics
        /// If a slice's length is not the one that the extents say, or `len` is 0.
        #[track_caller]
        pub fn $name<T: Scalar>(out: &mut [T], x: &[T], outer: usize, len: usize, inner: usize) {
            check(stringify!($name), out.len(), x.len(), outer, len, inner, $full);
            #[inline(always)]
            fn kernel<T: Scalar>($math: Math, (out, $x, outer, $len, inner): (&mut [T], &[T], usize, usize, usize)) {
                for o in 0..outer {
                    for n in 0..inner {
                        let ($offset, $stride) = (o * $len * inner + n, inner);
                        if $full {
                            let $out = &mut *out;
                            $body
                        } else {
                            let $out = &mut out[o * inner + n..];
                            $body
                        }
                    }
                }
            }
            simd!(kernel, (out, x, outer, len, inner));
        }
    )*};
}

over_axis! {
    /// outᵢ = e^xᵢ / Σⱼ e^xⱼ along the axis.
    softmax(math, out, x, offset, stride, len), true, {
        let mut top = x[offset];
        for i in 1..len { top = math.max(top, x[offset + i * stride]); }
        let mut total = T::ZERO;
        for i in 0..len {
            let e = math.exp(x[offset + i * stride] - top);
            out[offset + i * stride] = e;
            total += e;
        }
        for i in 0..len { out[offset + i * stride] /= total; }
    }
    /// outᵢ = xᵢ − log Σⱼ e^xⱼ along the axis, computed as (xᵢ − max x) − log Σⱼ e^(xⱼ − max x).
    log_softmax(math, out, x, offset, stride, len), true, {
        let mut top = x[offset];
        for i in 1..len { top = math.max(top, x[offset + i * stride]); }
        let mut total = T::ZERO;
        for i in 0..len { total += math.exp(x[offset + i * stride] - top); }
        let log_total = math.log(total);
        for i in 0..len { out[offset + i * stride] = (x[offset + i * stride] - top) - log_total; }
    }
    /// log Σⱼ e^xⱼ along the axis.
    logsumexp(math, out, x, offset, stride, len), false, {
        let mut top = x[offset];
        for i in 1..len { top = math.max(top, x[offset + i * stride]); }
        let mut total = T::ZERO;
        for i in 0..len { total += math.exp(x[offset + i * stride] - top); }
        out[0] = top + math.log(total);
    }
    /// The largest number along the axis; NaN if there is one.
    max(math, out, x, offset, stride, len), false, {
        let mut top = x[offset];
        for i in 1..len { top = math.max(top, x[offset + i * stride]); }
        out[0] = top;
    }
    /// The smallest number along the axis; NaN if there is one.
    min(math, out, x, offset, stride, len), false, {
        let mut top = x[offset];
        for i in 1..len { top = math.min(top, x[offset + i * stride]); }
        out[0] = top;
    }
}
