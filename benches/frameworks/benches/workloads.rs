//! All workloads by all libraries: `cargo bench --manifest-path benches/frameworks/Cargo.toml`.

use divan::Bencher;
use frameworks::{Failure, Library, Workload, agree};
use gradsmith::parallel;
use std::env;
use std::process::{self, Command};

/// How many threads burn and candle take: rayon reads it once, before a program could set it.
const THREADS: &str = "RAYON_NUM_THREADS";

fn main() -> Result<(), Failure> {
    let Some(threads) = env::var_os(THREADS) else {
        let again =
            Command::new(env::current_exe()?).args(env::args_os().skip(1)).env(THREADS, "1").status()?;
        process::exit(again.code().unwrap_or(1));
    };
    parallel::set_threads(threads.to_str().unwrap_or_default().parse()?);
    Workload::ALL.into_iter().try_for_each(agree)?;
    divan::main();
    Ok(())
}

fn time(bencher: Bencher<'_, '_>, library: Library, workload: Workload) {
    let data = workload.data();
    let mut contestant = library.on(&data).expect("a workload on which all libraries have agreed");
    bencher.bench_local(|| contestant.run());
}

#[divan::bench(args = Library::ALL)]
fn w1_b1(bencher: Bencher<'_, '_>, library: Library) {
    time(bencher, library, Workload::W1(1));
}

#[divan::bench(args = Library::ALL)]
fn w1_b32(bencher: Bencher<'_, '_>, library: Library) {
    time(bencher, library, Workload::W1(32));
}

#[divan::bench(args = Library::ALL)]
fn w2_b10(bencher: Bencher<'_, '_>, library: Library) {
    time(bencher, library, Workload::W2(10));
}

#[divan::bench(args = Library::ALL)]
fn w2_b100(bencher: Bencher<'_, '_>, library: Library) {
    time(bencher, library, Workload::W2(100));
}

#[divan::bench(args = Library::ALL)]
fn w3(bencher: Bencher<'_, '_>, library: Library) {
    time(bencher, library, Workload::W3);
}

#[divan::bench(args = Library::ALL)]
fn w5a(bencher: Bencher<'_, '_>, library: Library) {
    time(bencher, library, Workload::W5a);
}

#[divan::bench(args = Library::ALL)]
fn w6a(bencher: Bencher<'_, '_>, library: Library) {
    time(bencher, library, Workload::W6a);
}
