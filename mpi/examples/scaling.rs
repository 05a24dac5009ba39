//! What processes cost and gain: sums among them, an objective, a network's steps. For two processes beside two threads:
//!
//! ```text
//! cargo build --release --example scaling
//! target/release/examples/scaling 1; target/release/examples/scaling 2
//! mpirun -n 2 target/release/examples/scaling 1
//! ```
//!
//! The argument is the number of threads of each process.
#![allow(clippy::print_stdout, reason = "a program that reports on standard output")]
#![allow(non_snake_case, reason = "matrices have capital letters, as in the formula")]

use std::error::Error;
use std::ops::ControlFlow;
use std::time::Instant;

use gradsmith::optim::Sgd;
use gradsmith::ranks::{Exchange, Ranks, Reduction};
use gradsmith::train::{Data, Event, Run, Trainer};
use gradsmith::{Init, Network, Objective, Rng};
use gradsmith_mpi::Processes;
use ndarray::{Array1, Array2};

#[derive(gradsmith::Objective)]
#[objective("mean(log(1 + exp(-y .* (X*w)))) + lambda/2 * norm2(w)^2", wrt(w: vector), divided(X))]
struct Divided {
    X: Array2<f64>,
    y: Array1<f64>,
    lambda: f64,
}

#[derive(gradsmith::Objective)]
#[objective("mean(log(1 + exp(-y .* (X*w)))) + lambda/2 * norm2(w)^2", wrt(w: vector))]
struct Whole {
    X: Array2<f64>,
    y: Array1<f64>,
    lambda: f64,
}

#[derive(gradsmith::Network)]
#[network(784 -> 100 sigmoid -> 10 softmax)]
#[cost(categorical_cross_entropy + l2(0.0001))]
#[gradsmith(scalar = f32)]
struct Digits;

/// The least and the median of so many, in microseconds; processes begin each together.
fn timed(ranks: &Processes, times: usize, mut work: impl FnMut()) -> (f64, f64) {
    let mut all: Vec<f64> = (0..times)
        .map(|_| {
            let mut said = vec![0; ranks.ranks()];
            let _ = ranks.gather_whole(&[0], &mut said);
            let began = Instant::now();
            work();
            began.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    all.sort_by(f64::total_cmp);
    (all[0], all[times / 2])
}

fn random(rows: usize, columns: usize) -> (Array2<f64>, Array1<f64>) {
    let mut rng = Rng::new(1);
    let X = Array2::from_shape_simple_fn((rows, columns), || rng.normal());
    let y = X.column(0).mapv(|x| if x > 0.0 { 1.0 } else { -1.0 });
    (X, y)
}

/// Numbers of all ranks added: by MPI, in order by all, in order by each some of them.
fn sums(ranks: &Processes) {
    let (number, rank) = (ranks.ranks(), ranks.rank());
    for n in [200, 2_000, 79_513, 5_000_000] {
        let own = vec![1.0_f32; n];
        let mut sum = own.clone();
        let times = if n > 1_000_000 { 15 } else { 101 };
        let fast = timed(ranks, times, || {
            sum.copy_from_slice(&own);
            let _ = ranks.add(&mut sum);
        });
        let mut all = vec![0.0; n * number];
        let gathered = timed(ranks, times, || {
            let _ = ranks.gather(&own, &vec![n; number], &mut all);
            sum.fill(0.0);
            for one in all.chunks_exact(n) {
                sum.iter_mut().zip(one).for_each(|(sum, x)| *sum += x);
            }
        });
        let share: Vec<usize> = (0..number).map(|r| n * (r + 1) / number - n * r / number).collect();
        let mut mine = vec![0.0; share[rank]];
        let some = timed(ranks, times, || {
            let from = vec![share[rank]; number];
            let _ = ranks.transpose(&own, &share, &from, &mut all[..share[rank] * number]);
            mine.fill(0.0);
            for one in all[..share[rank] * number].chunks_exact(share[rank]) {
                mine.iter_mut().zip(one).for_each(|(sum, x)| *sum += x);
            }
            let _ = ranks.gather(&mine, &share, &mut sum);
        });
        if rank == 0 {
            let show = |(least, median): (f64, f64)| format!("{least:.0} ({median:.0})");
            println!(
                "sum of {n} f32, µs, least (median): all-reduce {}, gathered {}, some each {}",
                show(fast),
                show(gathered),
                show(some)
            );
        }
    }
}

fn objective(ranks: &Processes, total: usize) -> Result<(), Box<dyn Error>> {
    let columns = 200;
    let (X, y) = random(ranks.rows(total).len(), columns);
    let (w, mut gradient) = (vec![0.01; columns], vec![0.0; columns]);
    let times = if total >= 50_000 { 51 } else { 301 };
    let mut found = Vec::new();
    for reduction in [Reduction::Ordered, Reduction::Fast] {
        let ranks = ranks.adding(reduction);
        let mut problem = Divided { X: X.clone(), y: y.clone(), lambda: 1e-3 }.prepare_among(&ranks)?;
        let mut failed = false;
        found.push(timed(&ranks, times, || {
            failed |= problem.value_and_gradient_into(&w, &mut gradient).is_err();
        }));
        if failed {
            return Err("no value".into());
        }
    }
    if ranks.ranks() == 1 {
        let mut problem = Whole { X, y, lambda: 1e-3 }.prepare()?;
        found.push(timed(ranks, times, || {
            let _ = problem.value_and_gradient_into(&w, &mut gradient);
        }));
    }
    if ranks.rank() == 0 {
        let names = ["divided, in order", "divided, fast", "not divided"];
        let all: Vec<String> = names
            .iter()
            .zip(found)
            .map(|(name, (least, median))| format!("{name} {:.2} ({:.2})", least / 1e3, median / 1e3))
            .collect();
        println!("logistic regression {total} × {columns} f64, value and gradient, ms: {}", all.join(", "));
    }
    Ok(())
}

fn network(ranks: &Processes, batch: usize, among: bool) -> Result<(), Box<dyn Error>> {
    let total = (20 * batch).max(2_000);
    let rows = if among { ranks.examples(total).len() } else { total };
    let mut rng = Rng::new(2);
    let x = Array2::from_shape_simple_fn((rows, 784), || rng.uniform() as f32);
    let labels: Vec<u8> = (0..rows).map(|k| (k % 10) as u8).collect();
    let data = Data::labels(x.view(), &labels)?;
    let mut all = Vec::new();
    for _ in 0..5 {
        let mut parameters = Digits::init(Init::FanIn, 1);
        let mut trainer = Trainer::new(&Digits, Sgd::new(0.1)?).batch_size(batch).epochs(1);
        if among {
            trainer = trainer.among(ranks);
        }
        let mut began = Instant::now();
        trainer.run(&mut Run::new(), &mut parameters, data, None, |event| {
            if let Event::Step(_) = event {
                all.push(began.elapsed().as_secs_f64() * 1e6);
            }
            began = Instant::now();
            Ok(ControlFlow::Continue(()))
        })?;
    }
    all.sort_by(f64::total_cmp);
    if ranks.rank() == 0 {
        let how = if among { "among ranks" } else { "alone" };
        let (least, median) = (all[0], all[all.len() / 2]);
        println!("784-100-10 f32, a step of {batch} examples, {how}, µs: {least:.0} ({median:.0})");
    }
    Ok(())
}

fn main() {
    let threads = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1);
    gradsmith::parallel::set_threads(threads);
    gradsmith_mpi::run(|ranks| -> Result<(), Box<dyn Error>> {
        if ranks.rank() == 0 {
            println!("{} processes, {threads} threads each", ranks.ranks());
        }
        if ranks.ranks() > 1 {
            sums(ranks);
        }
        // The same for any number of processes; as many for each of them.
        for total in [10_000, 100_000, 10_000 * ranks.ranks(), 50_000 * ranks.ranks()] {
            objective(ranks, total)?;
        }
        for batch in [10, 100, 1_000] {
            network(ranks, batch, ranks.ranks() > 1)?;
        }
        Ok(())
    });
}
