//! Time per evaluation, and the lines that tell of it.

use gradsmith::Scalar;
use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

/// A variable of the environment as a number.
fn setting(name: &str, otherwise: f64) -> f64 {
    std::env::var(name).ok().and_then(|s| s.parse().ok()).unwrap_or(otherwise)
}

/// How many threads may be used (`BENCH_THREADS`).
#[must_use]
pub fn threads() -> usize {
    setting("BENCH_THREADS", 1.0) as usize
}

/// The Euclidean norm, added up in double precision.
#[must_use]
pub fn norm<T: Scalar>(x: &[T]) -> f64 {
    x.iter().map(|x| x.to_f64().powi(2)).sum::<f64>().sqrt()
}

/// Where a workload's results go.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Which workload, such as `W2.b10`.
    pub case: &'static str,
    /// The number type's name.
    pub dtype: &'static str,
    /// The value at the seeded input.
    pub loss: f64,
    /// The gradient's norm there.
    pub gnorm: f64,
}

impl Line {
    /// Calls `f` for `BENCH_MS` ms after a warm-up of a quarter of it, in samples of 1 ms or one call, and
    /// prints the line.
    ///
    /// Under `BENCH_COUNT="W1.b1 f32 100"` it calls that one 100 times, and neither times nor prints.
    pub fn time<R>(self, mut f: impl FnMut() -> R) {
        if let Ok(count) = std::env::var("BENCH_COUNT") {
            let mut words = count.split(' ');
            let meant = words.next() == Some(self.case) && words.next() == Some(self.dtype);
            let times = words.next().filter(|_| meant).and_then(|n| n.parse().ok()).unwrap_or(0);
            for _ in 0..times {
                black_box(f());
            }
            return;
        }
        let seconds = setting("BENCH_MS", 1000.0) * 1e-3;
        let (start, mut calls) = (Instant::now(), 0);
        while calls < 3 || start.elapsed().as_secs_f64() < 0.25 * seconds {
            black_box(f());
            calls += 1;
        }
        let each = start.elapsed().as_secs_f64() / f64::from(calls);
        let inner = ((1e-3 / each) as u64).max(1);
        let mut samples = Vec::new();
        let start = Instant::now();
        while samples.len() < 5 || start.elapsed().as_secs_f64() < seconds {
            let sample = Instant::now();
            for _ in 0..inner {
                black_box(f());
            }
            samples.push(sample.elapsed().as_secs_f64() * 1e9 / inner as f64);
        }
        samples.sort_by(f64::total_cmp);
        let build = std::env::var("BENCH_BUILD").unwrap_or_default();
        let Self { case, dtype, loss, gnorm } = self;
        let (threads, median, min, n) = (threads(), samples[samples.len() / 2], samples[0], samples.len());
        let evals = inner * n as u64;
        let line = format!(
            "{{\"contestant\":\"gradsmith\",\"build\":\"{build}\",\"case\":\"{case}\",\"dtype\":\"{dtype}\",\
             \"threads\":{threads},\"median_ns\":{median:.1},\"min_ns\":{min:.1},\"samples\":{n},\"evals\":{evals},\
             \"loss\":{loss:?},\"gnorm\":{gnorm:?}}}\n"
        );
        // Nobody listens any more: nothing left to do.
        let _ = std::io::stdout().lock().write_all(line.as_bytes());
    }
}
