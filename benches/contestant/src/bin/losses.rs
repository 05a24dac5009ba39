//! `losses`: each loss of the catalog, and forms that are affine in losses, by gradsmith and by loops as a
//! careful person writes them: ns for each output, of the value and of the gradient by the activations.
//!
//! The loops are plain Rust: one pass, eight sums beside each other, functions of the standard library.
//! Arguments are names of losses to leave the others out.
#![allow(clippy::print_stdout, reason = "a program whose output is a table")]

use gradsmith::Cost;
use ndarray::Array2;
use std::hint::black_box;
use std::time::Instant;

/// A cost by hand: what one example costs, given its outputs and targets, and its gradient.
trait Hand {
    /// The mean over the examples.
    fn data(&self, a: &[f64], y: &[f64], k: usize) -> f64;
    /// Its gradient.
    fn gradient(&self, a: &[f64], y: &[f64], k: usize, out: &mut [f64]);
}

/// A cost whose entries know nothing of each other: `scale(k) · Σ f + constant(k)`.
struct Entries<F, G> {
    f: F,
    df: G,
    scale: fn(f64) -> f64,
    constant: fn(f64) -> f64,
}

/// A cost of a whole row.
struct Rows<F, G> {
    f: F,
    df: G,
}

impl<F: Fn(f64, f64) -> f64, G: Fn(f64, f64) -> f64> Hand for Entries<F, G> {
    #[inline(never)]
    fn data(&self, a: &[f64], y: &[f64], k: usize) -> f64 {
        let mut sums = [0.0; 8];
        let (a8, y8) = (a.as_chunks::<8>(), y.as_chunks::<8>());
        for (a, y) in a8.0.iter().zip(y8.0) {
            for lane in 0..8 {
                sums[lane] += (self.f)(a[lane], y[lane]);
            }
        }
        let rest: f64 = a8.1.iter().zip(y8.1).map(|(&a, &y)| (self.f)(a, y)).sum();
        let m = (a.len() / k) as f64;
        (self.scale)(k as f64) * (sums.iter().sum::<f64>() + rest) / m + (self.constant)(k as f64)
    }

    #[inline(never)]
    fn gradient(&self, a: &[f64], y: &[f64], k: usize, out: &mut [f64]) {
        let factor = (self.scale)(k as f64) * k as f64 / a.len() as f64;
        for ((out, &a), &y) in out.iter_mut().zip(a).zip(y) {
            *out = factor * (self.df)(a, y);
        }
    }
}

impl<F: Fn(&[f64], &[f64]) -> f64, G: Fn(&[f64], &[f64], f64, &mut [f64])> Hand for Rows<F, G> {
    #[inline(never)]
    fn data(&self, a: &[f64], y: &[f64], k: usize) -> f64 {
        let rows = a.chunks_exact(k).zip(y.chunks_exact(k));
        rows.map(|(a, y)| (self.f)(a, y)).sum::<f64>() / (a.len() / k) as f64
    }

    #[inline(never)]
    fn gradient(&self, a: &[f64], y: &[f64], k: usize, out: &mut [f64]) {
        let factor = k as f64 / a.len() as f64;
        for ((out, a), y) in out.chunks_exact_mut(k).zip(a.chunks_exact(k)).zip(y.chunks_exact(k)) {
            (self.df)(a, y, factor, out);
        }
    }
}

/// The fastest of some runs, in ns.
fn fastest(mut f: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..15 {
        let start = Instant::now();
        f();
        best = best.min(start.elapsed().as_secs_f64() * 1e9);
    }
    best
}

/// What the outputs and targets of a loss are.
#[derive(Clone, Copy)]
enum Domain {
    /// Any numbers.
    Real,
    /// Outputs and targets between 0 and 1.
    Unit,
    /// Outputs of any size, targets of -1 and 1.
    Sign,
}

fn batch(domain: Domain, m: usize, k: usize, seed: u32) -> Array2<f64> {
    let mut state = seed;
    Array2::from_shape_simple_fn((m, k), || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let unit = f64::from(state >> 8) / f64::from(1 << 24);
        match domain {
            Domain::Real => 4.0 * unit - 2.0,
            Domain::Unit => 0.01 + 0.98 * unit,
            Domain::Sign => {
                if seed == 1 {
                    4.0 * unit - 2.0
                } else if unit < 0.5 {
                    -1.0
                } else {
                    1.0
                }
            }
        }
    })
}

fn line(name: &str, domain: Domain, cost: &impl Cost<Scalar = f64>, hand: &impl Hand) {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if !wanted.is_empty() && !wanted.iter().any(|w| name.contains(w.as_str())) {
        return;
    }
    let mut cells = String::new();
    for (m, k) in [(1_000_000, 1), (100_000, 10)] {
        let (a, y) = (batch(domain, m, k, 1), batch(domain, m, k, 2));
        let (flat_a, flat_y) = (a.as_slice().unwrap_or(&[]), y.as_slice().unwrap_or(&[]));
        let (mut out, mut by_hand) = (Array2::zeros((m, k)), vec![0.0; m * k]);
        let times = [
            fastest(|| _ = black_box(cost.data(black_box(a.view()), y.view()))),
            fastest(|| _ = black_box(hand.data(black_box(flat_a), flat_y, k))),
            fastest(|| _ = black_box(cost.d_activation_into(black_box(a.view()), y.view(), out.view_mut()))),
            fastest(|| hand.gradient(black_box(flat_a), flat_y, k, black_box(&mut by_hand))),
        ];
        let value = cost.data(a.view(), y.view()).unwrap_or(f64::NAN) + cost.constant();
        let expected = hand.data(flat_a, flat_y, k);
        assert!((value - expected).abs() <= 1e-9 * (1.0 + expected.abs()), "{name}: {value}, not {expected}");
        let worst = out.iter().zip(&by_hand).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(worst <= 1e-9, "{name}: gradients differ by {worst:e}");
        let [data, data_hand, gradient, gradient_hand] = times.map(|t| t / (m * k) as f64);
        cells += &format!(
            " | {data:6.2} {data_hand:6.2} {:5.2} {gradient:6.2} {gradient_hand:6.2} {:5.2}",
            data / data_hand,
            gradient / gradient_hand
        );
    }
    println!("{name:42}{cells}");
}

fn sigmoid(x: f64) -> f64 {
    if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// 0 at 0, as `signum` is not.
fn sign(x: f64) -> f64 {
    f64::from(u8::from(x > 0.0)) - f64::from(u8::from(x < 0.0))
}

fn sums(a: &[f64], y: &[f64]) -> (f64, f64, f64) {
    a.iter().zip(y).fold((0.0, 0.0, 0.0), |(aa, ay, yy), (&a, &y)| (aa + a * a, ay + a * y, yy + y * y))
}

fn squares(a: &[f64], y: &[f64]) -> f64 {
    a.iter().zip(y).map(|(a, y)| (a - y) * (a - y)).sum()
}

fn log_sum_exp(a: &[f64]) -> f64 {
    let most = a.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    most + a.iter().map(|a| (a - most).exp()).sum::<f64>().ln()
}

const ONE: fn(f64) -> f64 = |_| 1.0;
const NONE: fn(f64) -> f64 = |_| 0.0;

macro_rules! losses {
    ($($name:ident { $($field:ident = $value:literal)? } $text:tt $domain:ident $hand:expr;)*) => {
        $(
            #[derive(Cost)]
            #[cost($text)]
            struct $name { $($field: f64)? }
        )*

        fn lines() {
            $(line($text, Domain::$domain, &$name { $($field: $value)? }, &$hand);)*
        }
    };
}

/// `f` and its derivative, times a scale.
fn by_entry<F, G>(f: F, df: G, scale: fn(f64) -> f64) -> Entries<F, G>
where
    F: Fn(f64, f64) -> f64,
    G: Fn(f64, f64) -> f64,
{
    Entries { f, df, scale, constant: NONE }
}

losses! {
    Squares {} "sum((a - y).^2)" Real by_entry(|a, y| (a - y) * (a - y), |a, y| 2.0 * (a - y), ONE);
    Half {} "sum((a - y).^2)/2" Real by_entry(|a, y| (a - y) * (a - y), |a, y| 2.0 * (a - y), |_| 0.5);
    Negative {} "-sum((a - y).^2)" Real by_entry(|a, y| (a - y) * (a - y), |a, y| 2.0 * (a - y), |_| -1.0);
    Scaled { lambda = 0.7 } "lambda*sum((a - y).^2)" Real
        by_entry(|a, y| (a - y) * (a - y), |a, y| 2.0 * (a - y), |_| 0.7);
    Mixed { lambda = 0.7 } "lambda*quadratic + (1 - lambda)*sum(abs(a - y))" Real by_entry(
        |a, y| 0.35 * (a - y) * (a - y) + 0.3 * (a - y).abs(),
        |a, y| 0.7 * (a - y) + 0.3 * sign(a - y),
        ONE
    );
    Quadratic {} "quadratic" Real by_entry(|a, y| (a - y) * (a - y), |a, y| 2.0 * (a - y), |_| 0.5);
    Mse {} "mse" Real by_entry(|a, y| (a - y) * (a - y), |a, y| 2.0 * (a - y), |k| 1.0 / k);
    Mae {} "mae" Real by_entry(|a, y| (a - y).abs(), |a, y| sign(a - y), |k| 1.0 / k);
    Huber {} "huber" Real by_entry(
        |a, y| {
            let r = (a - y).abs();
            if r <= 1.0 { r * r / 2.0 } else { r - 0.5 }
        },
        |a, y| (a - y).clamp(-1.0, 1.0),
        ONE
    );
    LogCosh {} "log_cosh" Real by_entry(
        |a, y| {
            let r = (a - y).abs();
            r + (-2.0 * r).exp().ln_1p() - std::f64::consts::LN_2
        },
        |a, y| (a - y).tanh(),
        ONE
    );
    Quantile {} "quantile(0.3)" Real by_entry(
        |a, y| (0.3 * (y - a)).max(-0.7 * (y - a)),
        |a, y| if y > a { -0.3 } else if y < a { 0.7 } else { 0.2 },
        ONE
    );
    Insensitive {} "epsilon_insensitive" Real by_entry(
        |a, y| ((a - y).abs() - 0.1).max(0.0),
        |a, y| if (a - y).abs() > 0.1 { sign(a - y) } else { 0.0 },
        ONE
    );
    CrossEntropy {} "cross_entropy" Unit by_entry(
        |a, y| y * a.ln() + (1.0 - y) * (-a).ln_1p(),
        |a, y| y / a - (1.0 - y) / (1.0 - a),
        |_| -1.0
    );
    Categorical {} "categorical_cross_entropy" Unit by_entry(|a, y| y * a.ln(), |a, y| y / a, |_| -1.0);
    Logits {} "cross_entropy_with_logits" Unit by_entry(
        |a, y| softplus(a) - y * a,
        |a, y| sigmoid(a) - y,
        ONE
    );
    Focal {} "focal" Unit by_entry(
        |a, y| y * (1.0 - a) * (1.0 - a) * a.ln() + (1.0 - y) * a * a * (-a).ln_1p(),
        |a, y| {
            let (b, x) = (1.0 - a, 1.0 - y);
            y * (b * b / a - 2.0 * b * a.ln()) + x * (2.0 * a * (-a).ln_1p() - a * a / b)
        },
        |_| -1.0
    );
    Hinge {} "hinge" Sign by_entry(
        |a, y| (1.0 - y * a).max(0.0),
        |a, y| if y * a < 1.0 { -y } else { 0.0 },
        ONE
    );
    SquaredHinge {} "squared_hinge" Sign by_entry(
        |a, y| (1.0 - y * a).max(0.0).powi(2),
        |a, y| -2.0 * y * (1.0 - y * a).max(0.0),
        ONE
    );
    Logistic {} "logistic" Sign by_entry(|a, y| softplus(-y * a), |a, y| -y * sigmoid(-y * a), ONE);
    Divergence {} "kl_divergence" Unit by_entry(|a, y| y * (y.ln() - a.ln()), |a, y| -y / a, ONE);
    Poisson {} "poisson" Unit by_entry(|a, y| a - y * a.ln(), |a, y| 1.0 - y / a, ONE);
    PoissonLog {} "poisson_log" Real by_entry(|a, y| a.exp() - y * a, |a, y| a.exp() - y, ONE);
    Gaussian { sigma = 0.7 } "gaussian_nll(sigma)" Real Entries {
        constant: |k| k * 0.7_f64.ln(),
        ..by_entry(|a, y| (a - y) * (a - y), |a, y| 2.0 * (a - y), |_| 1.0 / 0.98)
    };
    Rmse {} "rmse" Real Rows {
        f: |a: &[f64], y: &[f64]| (squares(a, y) / a.len() as f64).sqrt(),
        df: |a: &[f64], y: &[f64], factor: f64, out: &mut [f64]| {
            let k = a.len() as f64;
            let root = (squares(a, y) / k).sqrt();
            let factor = if root == 0.0 { 0.0 } else { factor / (k * root) };
            for ((out, a), y) in out.iter_mut().zip(a).zip(y) {
                *out = factor * (a - y);
            }
        },
    };
    Function {} "log(1 + quadratic)" Real Rows {
        f: |a: &[f64], y: &[f64]| (squares(a, y) / 2.0).ln_1p(),
        df: |a: &[f64], y: &[f64], factor: f64, out: &mut [f64]| {
            let factor = factor / (1.0 + squares(a, y) / 2.0);
            for ((out, a), y) in out.iter_mut().zip(a).zip(y) {
                *out = factor * (a - y);
            }
        },
    };
    Cosine {} "cosine" Real Rows {
        f: |a: &[f64], y: &[f64]| {
            let (aa, ay, yy) = sums(a, y);
            1.0 - ay / (aa * yy).sqrt()
        },
        df: |a: &[f64], y: &[f64], factor: f64, out: &mut [f64]| {
            let (aa, ay, yy) = sums(a, y);
            let (by_a, by_y) = (factor * ay / (aa * (aa * yy).sqrt()), factor / (aa * yy).sqrt());
            for ((out, a), y) in out.iter_mut().zip(a).zip(y) {
                *out = by_a * a - by_y * y;
            }
        },
    };
    CategoricalLogits {} "categorical_cross_entropy_with_logits" Unit Rows {
        f: |a: &[f64], y: &[f64]| {
            let sum = log_sum_exp(a);
            a.iter().zip(y).map(|(a, y)| y * (sum - a)).sum::<f64>()
        },
        df: |a: &[f64], y: &[f64], factor: f64, out: &mut [f64]| {
            let most = a.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let (mut sum, mut of_y) = (0.0, 0.0);
            for ((out, a), y) in out.iter_mut().zip(a).zip(y) {
                *out = (a - most).exp();
                sum += *out;
                of_y += y;
            }
            for (out, y) in out.iter_mut().zip(y) {
                *out = factor * (of_y / sum * *out - y);
            }
        },
    };
}

fn main() {
    println!(
        "{:42} | 10⁶ × 1: value   by hand  ratio, gradient   by hand  ratio | 10⁵ × 10: the same",
        "ns for each output"
    );
    lines();
}
