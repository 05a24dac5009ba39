//! How long the derives take, and how much they write:
//! `cargo run -p gradsmith-compiler --example compile_time`.
//!
//! Without `--release`, since cargo builds macros unoptimised under `--release` too. Times are CPU time, the
//! least of several runs; growth is time divided by the time of the line above, size likewise: linear is
//! where both are alike. Arguments choose lines: a title, or a title with a size.

use gradsmith_compiler::derive::{derive_network, derive_objective};
use proc_macro2::{TokenStream, TokenTree};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Instant;

type Derive = fn(TokenStream) -> TokenStream;

fn main() -> io::Result<()> {
    let only: Vec<String> = std::env::args().skip(1).collect();
    let mut out = io::stdout().lock();
    writeln!(out, "{:38} {:>10} {:>12} {:>8} {:>8}", "", "ms", "tokens", "size ×", "time ×")?;
    for (title, derive, sizes, text) in series() {
        let mut before: Option<(usize, f64)> = None;
        for &size in sizes {
            let line = format!("{title}, {size}");
            if !only.is_empty() && !only.iter().any(|word| line == *word || title.contains(word.as_str())) {
                continue;
            }
            let (ms, tokens) = measure(derive, &text(size));
            let growth = before
                .map_or(String::new(), |(s, t)| format!("{:8.1} {:8.1}", size as f64 / s as f64, ms / t));
            writeln!(out, "{:38} {ms:10.1} {tokens:12} {growth}", line)?;
            before = Some((size, ms));
        }
    }
    Ok(())
}

/// Title, derive, sizes, and the item of each size.
type Series = (&'static str, Derive, &'static [usize], fn(usize) -> String);

fn series() -> [Series; 5] {
    [
        ("network, layers", derive_network, &[1, 10, 100], network),
        ("oracles' longest sum, terms", derive_objective, &[6, 60], long_sum),
        ("scalar function, operations", derive_objective, &[20, 200, 2000], scalar),
        ("vector function, operations", derive_objective, &[20, 200, 2000], vector),
        ("chain of locals, locals", derive_objective, &[2, 20, 200], chain),
    ]
}

/// Layers of 32 units, sigmoid, the last one a softmax.
fn network(layers: usize) -> String {
    let inner = " -> 32 sigmoid".repeat(layers - 1);
    format!(
        "#[network(64{inner} -> 10 softmax)] #[cost(cross_entropy + l2(lambda))] struct N {{ lambda: f64 }}"
    )
}

fn long_sum(terms: usize) -> String {
    let terms = joined(terms, |k| format!("sum(cos(x/{k}))*{k}"));
    format!("#[objective(\"{terms}\", wrt(x: vector))] struct S;")
}

/// Five operations a term, and the sum.
fn scalar(operations: usize) -> String {
    let terms = joined(operations / 6, |k| format!("{k}*sin(x/{k} + {k}*y)"));
    format!("#[objective(\"{terms}\", wrt(x: scalar, y: scalar))] struct S;")
}

/// Six operations a term, and the sum.
fn vector(operations: usize) -> String {
    let terms = joined(operations / 7, |k| format!("{k}*exp(-(x - b/{k}).^2)"));
    format!("#[objective(\"sum({terms})\", wrt(x: vector))] struct S {{ b: Vec<f64> }}")
}

fn chain(locals: usize) -> String {
    let mut text = String::from("q0 = x; ");
    for k in 0..locals {
        let _ = write!(text, "q{} = sin(q{k})*cos(q{k}); ", k + 1);
    }
    format!("#[objective(\"{text} q{locals}\", wrt(x: scalar))] struct S;")
}

fn joined(terms: usize, term: impl Fn(usize) -> String) -> String {
    (1..=terms).map(term).collect::<Vec<_>>().join(" + ")
}

/// The least time in milliseconds, and the tokens written.
fn measure(derive: Derive, text: &str) -> (f64, usize) {
    let (mut least, mut tokens) = (f64::INFINITY, 0);
    let start = Instant::now();
    for run in 0..20 {
        if run > 0 && start.elapsed().as_secs() >= 2 {
            break;
        }
        // A derive sees its item anew each time.
        let Ok(item) = text.parse::<TokenStream>() else { return (f64::NAN, 0) };
        let one = Clock::now();
        let written = derive(item);
        least = least.min(one.ms());
        if written.to_string().contains("compile_error") {
            return (f64::NAN, 0);
        }
        tokens = count(written);
    }
    (least, tokens)
}

/// CPU time of this thread; time where the system does not tell it.
enum Clock {
    Cpu(f64),
    Wall(Instant),
}

impl Clock {
    fn now() -> Self {
        cpu_ms().map_or_else(|| Self::Wall(Instant::now()), Self::Cpu)
    }

    fn ms(&self) -> f64 {
        match self {
            Self::Cpu(start) => cpu_ms().unwrap_or(f64::NAN) - start,
            Self::Wall(start) => start.elapsed().as_secs_f64() * 1e3,
        }
    }
}

fn cpu_ms() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse::<f64>().ok().map(|ns| ns * 1e-6)
}

fn count(stream: TokenStream) -> usize {
    let tokens = stream.into_iter().map(|token| match token {
        TokenTree::Group(group) => 2 + count(group.stream()),
        _ => 1,
    });
    tokens.sum()
}
