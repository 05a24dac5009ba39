//! Instructions per evaluation of W1, W5a and W8, counted by valgrind's callgrind, beside those recorded in
//! `instructions.txt`:
//!
//! ```sh
//! cargo run --release -p peers --bin instructions             # compares; fails where a case takes 2% more than recorded
//! cargo run --release -p peers --bin instructions -- --record # records what it counts
//! ```
//!
//! Unlike times, counts are the same on a loaded machine. They belong to a version of rustc and of the C
//! library, and to the processor that valgrind plays: the releases so far have AVX2 but no AVX-512.
#![allow(clippy::print_stdout, reason = "a program whose output is a table")]

use peers::{networks, objectives};
use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// A case, its number type, and how many evaluations make a difference that is counted.
const CASES: [(&str, &str, u64); 6] = [
    ("W1.b1", "f32", 500),
    ("W1.b32", "f32", 50),
    ("W5a", "f32", 2),
    ("W5a", "f64", 2),
    ("W8r", "f64", 1000),
    ("W8m", "f64", 1000),
];

/// More than recorded by this share is a failure.
const TOLERANCE: f64 = 0.02;

fn record() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.txt"))
}

/// The instructions of a process that evaluates a case so often.
fn count(case: &str, dtype: &str, evaluations: u64) -> Result<u64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["--run", case])
        .env("BENCH_COUNT", format!("{case} {dtype} {evaluations}"))
        .output()
        .map_err(|e| format!("valgrind cannot be run: {e}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected :"));
    match collected.and_then(|(_, n)| n.trim().parse().ok()) {
        Some(n) if output.status.success() => Ok(n),
        _ => Err(format!("{case} under valgrind:\n{said}").into()),
    }
}

/// Evaluates in this process what `BENCH_COUNT` says.
fn run(case: &str) -> Result<(), gradsmith::Error> {
    gradsmith::parallel::set_threads(1);
    match &case[..2] {
        "W1" => networks::w1(),
        "W5" => objectives::w5::<f32>().and_then(|()| objectives::w5::<f64>()),
        _ => objectives::w8(),
    }
}

fn compare(recording: bool) -> Result<bool, Box<dyn Error>> {
    let recorded = std::fs::read_to_string(record()).unwrap_or_default();
    let before = |case: &str, dtype: &str| {
        recorded.lines().find_map(|line| {
            let mut words = line.split_whitespace();
            let same = words.next() == Some(case) && words.next() == Some(dtype);
            words.next().filter(|_| same).and_then(|n| n.parse::<u64>().ok())
        })
    };
    let mut kept =
        String::from("# Instructions per evaluation, by callgrind: see src/bin/instructions.rs.\n");
    let mut good = true;
    println!("case    dtype  instructions  recorded  ratio");
    for (case, dtype, evaluations) in CASES {
        // What comes before and after the evaluations is the same in both.
        let (few, many) = (count(case, dtype, evaluations)?, count(case, dtype, 3 * evaluations)?);
        let each = many.saturating_sub(few) / (2 * evaluations);
        writeln!(kept, "{case} {dtype} {each}")?;
        match before(case, dtype) {
            Some(n) => {
                let ratio = each as f64 / n as f64;
                good &= ratio <= 1.0 + TOLERANCE;
                println!("{case:7} {dtype:5} {each:13} {n:9}  {ratio:.3}");
            }
            None => {
                good &= recording;
                println!("{case:7} {dtype:5} {each:13}         -");
            }
        }
    }
    if recording {
        std::fs::write(record(), kept)?;
    }
    Ok(good || recording)
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--run", case] if case.len() > 1 => {
            run(case)?;
            Ok(ExitCode::SUCCESS)
        }
        [] | ["--compare"] => Ok(if compare(false)? { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
        ["--record"] => Ok(if compare(true)? { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
        _ => Err("usage: instructions [--compare | --record]".into()),
    }
}
