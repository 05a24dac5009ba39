//! `peers | limits`: each workload's time beside the least that this machine allows, from its measured peak
//! of multiply-adds and its measured bandwidth, whichever takes longer.
#![allow(unsafe_code, reason = "vector instructions, to measure their peak")]
#![allow(clippy::print_stdout, reason = "a program whose output is a table")]

use std::hint::black_box;
use std::io::BufRead;
use std::time::Instant;

/// The fastest of some runs, in ns.
fn fastest(mut f: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..20 {
        let start = Instant::now();
        f();
        best = best.min(start.elapsed().as_secs_f64() * 1e9);
    }
    best
}

#[cfg(target_arch = "x86_64")]
macro_rules! fma_loop {
    ($name:ident, $vector:ident, $feature:literal, $set:ident, $fma:ident, $lanes:literal, $t:ident) => {
        /// Multiply-adds in 12 chains.
        ///
        /// # Safety
        /// The processor has the instructions.
        #[target_feature(enable = $feature)]
        unsafe fn $name(times: usize) -> $t {
            use std::arch::x86_64::{$fma, $set};
            let (x, y) = ($set(1.000_000_1), $set(1e-9));
            let mut chains = [y; 12];
            for _ in 0..times {
                for chain in &mut chains {
                    *chain = $fma(x, *chain, y);
                }
            }
            let mut total = 0.0;
            for chain in chains {
                // SAFETY: a vector is its lanes.
                let lanes: [$t; $lanes] = unsafe { std::mem::transmute(chain) };
                total += lanes.iter().sum::<$t>();
            }
            total
        }
    };
}

#[cfg(target_arch = "x86_64")]
fma_loop!(wide_f32, __m512, "avx512f", _mm512_set1_ps, _mm512_fmadd_ps, 16, f32);
#[cfg(target_arch = "x86_64")]
fma_loop!(wide_f64, __m512d, "avx512f", _mm512_set1_pd, _mm512_fmadd_pd, 8, f64);
#[cfg(target_arch = "x86_64")]
fma_loop!(narrow_f32, __m256, "avx2,fma", _mm256_set1_ps, _mm256_fmadd_ps, 8, f32);
#[cfg(target_arch = "x86_64")]
fma_loop!(narrow_f64, __m256d, "avx2,fma", _mm256_set1_pd, _mm256_fmadd_pd, 4, f64);

/// Multiply-adds a nanosecond in f32 and f64.
#[cfg(target_arch = "x86_64")]
fn peak() -> Option<(f64, f64)> {
    const TIMES: usize = 200_000;
    let wide = is_x86_feature_detected!("avx512f");
    let narrow = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    if !wide && !narrow {
        return None;
    }
    let rate = |lanes: usize, time: f64| (12 * lanes * TIMES) as f64 / time;
    // SAFETY: the processor has the instructions.
    Some(unsafe {
        if wide {
            (
                rate(16, fastest(|| _ = black_box(wide_f32(black_box(TIMES))))),
                rate(8, fastest(|| _ = black_box(wide_f64(black_box(TIMES))))),
            )
        } else {
            (
                rate(8, fastest(|| _ = black_box(narrow_f32(black_box(TIMES))))),
                rate(4, fastest(|| _ = black_box(narrow_f64(black_box(TIMES))))),
            )
        }
    })
}

#[cfg(not(target_arch = "x86_64"))]
fn peak() -> Option<(f64, f64)> {
    None
}

/// Bytes a nanosecond, reading an array of so many.
fn bandwidth(bytes: usize) -> f64 {
    let numbers = vec![1.0_f64; bytes / 8];
    let read = || {
        let mut sums = [0.0; 32];
        for block in black_box(&numbers).as_chunks::<32>().0 {
            for (sum, x) in sums.iter_mut().zip(block) {
                *sum += x;
            }
        }
        _ = black_box(sums);
    };
    bytes as f64 / fastest(read)
}

/// Multiply-adds of a network's gradient: forwards, weights' gradients, deltas but the first.
fn network(sizes: &[usize], batch: usize) -> usize {
    let products = |sizes: &[usize]| sizes.windows(2).map(|p| p[0] * p[1]).sum::<usize>();
    batch * (2 * products(sizes) + products(&sizes[1..]))
}

/// Multiply-adds that the result needs, and numbers that are read or written beyond the second-level cache.
fn cost(case: &str) -> Option<(usize, usize)> {
    let weights = |sizes: &[usize]| sizes.windows(2).map(|p| p[0] * p[1]).sum::<usize>();
    let (w3, w4) = ([784, 512, 512, 10], [1024, 2048, 2048, 1024]);
    Some(match case {
        "W1.b1" => (network(&[6, 64, 8, 4], 1), 0),
        "W1.b32" => (network(&[6, 64, 8, 4], 32), 0),
        "W2.b10" => (network(&[784, 100, 10], 10), 0),
        "W2.b100" => (network(&[784, 100, 10], 100), 0),
        // Weights read twice and written once, at the least.
        "W3" => (network(&w3, 128), 3 * weights(&w3)),
        "W4" => (network(&w4, 512), 3 * weights(&w4)),
        "W5a" => (2 * 10_000 * 200, 10_000 * 200),
        "W5b" => (3 * 10_000 * 200, 10_000 * 200),
        // The half of a symmetric matrix.
        "W5c" => (10_000 * (2 * 200 + 200 * 201 / 2), 10_000 * 200),
        "W6a" => (2 * 500 * 500 * 10, 2 * 500 * 500),
        // The result, 500×500, is written.
        "W6b" => (100 * 100 * 15, 500 * 500),
        "W7" => (20 * (2 * 2 * 1000 + 3 * 100) + 20 * 55 * 55, 0),
        "W10" => (6 * 1_000_000, 2 * 1_000_000),
        // Distances, a factor and an inverse, of each the half.
        "W11" => (500 * 500 / 2 * 8 + 500 * 500 * 500 / 2, 0),
        "W12" => (3 * 16 * 1_000_000, 3 * 1_000_000),
        _ => return None,
    })
}

/// What follows `"key":` in a line.
fn field<'l>(line: &'l str, key: &str) -> Option<&'l str> {
    let rest = line.split_once(&format!("\"{key}\":"))?.1;
    rest.split([',', '}']).next().map(|value| value.trim_matches(['"', ' ']))
}

fn main() {
    let Some((single, double)) = peak() else {
        println!("no measure of the peak on this processor");
        return;
    };
    let levels = [(8_000_000, bandwidth(8_000_000)), (100_000_000, bandwidth(100_000_000))];
    println!("multiply-adds: {single:.1} a ns in f32, {double:.1} in f64");
    for (bytes, rate) in levels {
        println!("reading {} MB: {rate:.1} GB/s", bytes / 1_000_000);
    }
    println!(
        "\n| case | | µs, median | least | limited by | ratio |\n| --- | --- | ---: | ---: | --- | ---: |"
    );
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let (Some(case), Some(dtype)) = (field(&line, "case"), field(&line, "dtype")) else { continue };
        let Some(median) = field(&line, "median_ns").and_then(|m| m.parse::<f64>().ok()) else { continue };
        let Some((multiplications, numbers)) = cost(case) else {
            println!("| {case} | {dtype} | {:.3} | | | |", median * 1e-3);
            continue;
        };
        let (peak, size) = if dtype == "f32" { (single, 4) } else { (double, 8) };
        let compute = multiplications as f64 / peak;
        let bytes = numbers * size;
        let rate = if bytes > 30_000_000 { levels[1].1 } else { levels[0].1 };
        let memory = bytes as f64 / rate;
        let (least, by) = if compute > memory { (compute, "arithmetic") } else { (memory, "memory") };
        println!(
            "| {case} | {dtype} | {:.3} | {:.3} | {by} | {:.2} |",
            median * 1e-3,
            least * 1e-3,
            median / least
        );
    }
}
