//! Objectives and networks under `mpirun`, on one to four processes, beside the same in one process.
//!
//! The test starts itself: with `GRADSMITH_RANKS` set it is one of the processes, and does what that names.
#![allow(clippy::print_stdout, reason = "a test without a harness, and processes that report to it")]
#![allow(non_snake_case, reason = "matrices have capital letters, as in the formula")]

use std::error::Error as StdError;
use std::io::Read;
use std::process::{Command, ExitCode, Output, Stdio};
use std::time::{Duration, Instant};

use argmin::core::{Executor, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use gradsmith::argmin::Solvable;
use gradsmith::fit::Minimise;
use gradsmith::optim::Adam;
use gradsmith::ranks::{Alone, Exchange, Ranks, Reduction};
use gradsmith::train::{Data, Trainer};
use gradsmith::{Init, Network, Objective, Rng};
use gradsmith_mpi::Processes;
use ndarray::{Array1, Array2};

type Outcome<T> = Result<T, Box<dyn StdError>>;

/// Which check a process is for.
const CHECK: &str = "GRADSMITH_RANKS";

/// How long processes may take before they are taken to wait for each other.
const LONGEST: Duration = Duration::from_secs(60);

#[derive(gradsmith::Objective)]
#[objective("mean(log(1 + exp(-y .* (X*w)))) + lambda/2 * norm2(w)^2", wrt(w: vector), divided(X))]
struct Logistic {
    X: Array2<f64>,
    y: Array1<f64>,
    lambda: f64,
}

/// The same, of rows that are all here.
#[derive(gradsmith::Objective)]
#[objective("mean(log(1 + exp(-y .* (X*w)))) + lambda/2 * norm2(w)^2", wrt(w: vector))]
struct Whole {
    X: Array2<f64>,
    y: Array1<f64>,
    lambda: f64,
}

#[derive(gradsmith::Objective)]
#[objective(
    "sqrt(mean((X*w - y).^2)) + sum(w.^4)",
    wrt(w: vector),
    divided(X),
    bounds(w >= -0.2),
    st("sum(w) == 0.5")
)]
struct Restricted {
    X: Array2<f64>,
    y: Array1<f64>,
}

/// In single precision, and by entries that data name.
#[derive(gradsmith::Objective)]
#[objective(
    "sum[k]((dot(U[i[k], :], V[j[k], :]) - r[k])^2) + lambda*(norm2(U)^2 + norm2(V)^2)",
    wrt(U: matrix[7, 3], V: matrix[5, 3]),
    data(i: indices[n], j: indices[n], r: vector[n]),
    divided(r)
)]
struct Ratings {
    i: Vec<usize>,
    j: Vec<usize>,
    r: Vec<f32>,
    lambda: f32,
}

#[derive(gradsmith::Network)]
#[network(20 -> 16 tanh -> 4 softmax)]
#[cost(categorical_cross_entropy + l2(0.001))]
#[gradsmith(scalar = f32)]
struct Classifier;

/// Rows of a range, each the same wherever it is made.
fn rows(range: impl Iterator<Item = usize>, columns: usize) -> (Array2<f64>, Array1<f64>) {
    let (mut entries, mut y) = (Vec::new(), Vec::new());
    for row in range {
        let mut rng = Rng::new(row as u64);
        let own: Vec<f64> = (0..columns).map(|_| rng.normal()).collect();
        let score = own.iter().take(columns / 2).sum::<f64>() + 2.0 * rng.normal();
        y.push(if score > 0.0 { 1.0 } else { -1.0 });
        entries.extend(own);
    }
    (Array2::from_shape_vec((y.len(), columns), entries).unwrap_or_default(), Array1::from_vec(y))
}

/// The bits of numbers, as a line has them.
fn bits<'n>(numbers: impl IntoIterator<Item = &'n f64>) -> String {
    numbers.into_iter().map(|x| format!("{:016x}", x.to_bits())).collect::<Vec<_>>().join(" ")
}

/// L-BFGS on the logistic regression of 10,000 × 200, a Newton step's Hessian and a product at its end.
fn logistic(ranks: &dyn Exchange<f64>) -> Outcome<String> {
    let (X, y) = rows(ranks.rows(10_000), 200);
    let problem = Logistic { X, y, lambda: 1e-3 }.prepare_among(ranks)?;
    let x = minimised(problem.clone())?;
    let mut problem = problem;
    let value = problem.value(&x)?;
    let product = problem.hessian_vector_product(&x, &x)?;
    let hessian = problem.hessian(&x)?;
    let diagonal: Vec<f64> = hessian.diag().to_vec();
    Ok(format!("{} | {} | {} | {}", bits(&x), bits([&value]), bits(&product), bits(&diagonal)))
}

fn minimised(problem: impl Objective<Scalar = f64>) -> Outcome<Vec<f64>> {
    let n = problem.len();
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), 10).with_tolerance_grad(1e-8)?;
    let result = Executor::new(Solvable::new(problem), solver)
        .configure(|state| state.param(vec![0.0; n]).max_iters(100))
        .run()?;
    Ok(result.state().get_best_param().cloned().unwrap_or_default())
}

/// Minimised under bounds and a constraint.
fn restricted(ranks: &dyn Exchange<f64>) -> Outcome<String> {
    let (X, y) = rows(ranks.rows(3_000), 6);
    let mut problem = Restricted { X, y }.prepare_among(ranks)?;
    let minimum = problem.minimise(&[0.0; 6])?;
    Ok(bits(&minimum.x))
}

/// Three rows of fewer parts than there are processes; ratings in single precision.
fn few(doubles: &dyn Exchange<f64>, singles: &dyn Exchange<f32>) -> Outcome<String> {
    let (X, y) = rows(doubles.rows(3), 4);
    let mut problem = Logistic { X, y, lambda: 0.1 }.prepare_among(doubles)?;
    let mut said = bits(&problem.gradient(&[0.1, 0.2, 0.3, 0.4])?);
    let here = singles.rows(2_000);
    let ratings = Ratings {
        i: here.clone().map(|k| k * k % 7).collect(),
        j: here.clone().map(|k| k * 3 % 5).collect(),
        r: here.map(|k| (k % 11) as f32 * 0.1).collect(),
        lambda: 0.25,
    };
    let mut problem = ratings.prepare_among(singles)?;
    let x: Vec<f32> = (0..problem.len()).map(|k| 0.05 * k as f32 - 0.4).collect();
    let (value, gradient) = problem.value_and_gradient(&x)?;
    let doubles: Vec<f64> = gradient.iter().chain([&value]).map(|&x| f64::from(x)).collect();
    said.push_str(&bits(&doubles));
    Ok(said)
}

/// An epoch of a network, shuffled.
fn network(ranks: &dyn Exchange<f32>) -> Outcome<(Vec<f32>, f64)> {
    let (x, _) = rows(ranks.examples(1_000), 20);
    let x = x.mapv(|x| x as f32);
    let mut y = Array2::zeros((x.nrows(), 4));
    for (mut y, x) in y.rows_mut().into_iter().zip(x.rows()) {
        y[usize::from(x[0] > 0.0) + 2 * usize::from(x[1] > 0.0)] = 1.0;
    }
    let mut parameters = Classifier::init(Init::FanIn, 1);
    let data = Data::new(x.view(), y.view())?;
    let mut trainer =
        Trainer::new(&Classifier, Adam::new(0.01)?).batch_size(64).epochs(1).seed(5).among(ranks);
    let history = trainer.fit(&mut parameters, data, Some(data))?;
    let cost = history.epochs[0].validation.map_or(f64::NAN, |cost| cost.total());
    Ok((parameters.as_slice().to_vec(), cost))
}

/// What a process does.
fn process(check: &str, ranks: &Processes) -> Outcome<()> {
    let said = match check {
        "logistic" => logistic(ranks)?,
        "fast" => logistic(&ranks.adding(Reduction::Fast))?,
        "restricted" => restricted(ranks)?,
        "few" => few(ranks, ranks)?,
        "network" => {
            let (parameters, cost) = network(ranks)?;
            let numbers: Vec<f64> = parameters.into_iter().map(f64::from).chain([cost]).collect();
            bits(&numbers)
        }
        "error" if ranks.rank() == 1 => return Err("the disk is full".into()),
        "panic" if ranks.rank() == 1 => panic!("a mistake"),
        "error" | "panic" => logistic(ranks)?,
        "infinite" => {
            let (mut X, y) = rows(ranks.rows(1_000), 4);
            if ranks.rank() == 1 {
                X[[3, 1]] = f64::NAN;
            }
            let mut problem = Logistic { X, y, lambda: 0.1 }.prepare_among(ranks)?;
            let error = problem.value(&[0.1; 4]).err().map_or_else(String::new, |e| e.to_string());
            assert!(!error.is_empty(), "rank {} has a value", ranks.rank());
            if ranks.rank() == 1 { error } else { String::new() }
        }
        "rows" => {
            let (X, y) = rows(0..500, 4);
            let error = Logistic { X, y, lambda: 0.1 }.prepare_among(ranks).err();
            error.map_or_else(String::new, |e| e.to_string())
        }
        "extents" => {
            let (X, y) = rows(ranks.rows(500), 4 + ranks.rank());
            let error = Logistic { X, y, lambda: 0.1 }.prepare_among(ranks).err();
            error.map_or_else(String::new, |e| e.to_string())
        }
        other => return Err(format!("no check is called {other}").into()),
    };
    if ["infinite", "rows", "extents"].contains(&check) {
        println!("SAID {said}");
        return Ok(());
    }
    // Long lines of several processes would get into each other: one speaks for all, if they agree.
    let print = said.bytes().fold(0, |print: u64, byte| print.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let mut all = vec![0; ranks.ranks()];
    ranks.gather_whole(&[print], &mut all)?;
    if all.iter().any(|&other| other != print) {
        return Err("other bits on another rank".into());
    }
    if ranks.rank() == 0 {
        println!("SAID {said}");
    }
    Ok(())
}

/// Runs a check on so many processes.
fn mpirun(check: &str, ranks: usize) -> Outcome<Output> {
    let exe = std::env::current_exe()?;
    let mut command = Command::new("mpirun");
    command.args(["--allow-run-as-root", "--oversubscribe", "-n", &ranks.to_string()]).arg(exe);
    let mut child = command.env(CHECK, check).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let began = Instant::now();
    let reads = |mut pipe: Box<dyn Read + Send>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            pipe.read_to_end(&mut bytes).map(|_| bytes)
        })
    };
    let stdout = child.stdout.take().map(|pipe| reads(Box::new(pipe)));
    let stderr = child.stderr.take().map(|pipe| reads(Box::new(pipe)));
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if began.elapsed() > LONGEST {
            child.kill()?;
            return Err(format!("{check} on {ranks} processes has not ended after {LONGEST:?}").into());
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let [stdout, stderr] = [stdout, stderr].map(|bytes| {
        let read = bytes.and_then(|bytes| bytes.join().ok());
        read.and_then(Result::ok).unwrap_or_default()
    });
    Ok(Output { status, stdout, stderr })
}

/// What the processes of a check have said: one of them, or all.
fn said(check: &str, ranks: usize) -> Outcome<Vec<String>> {
    let output = mpirun(check, ranks)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<String> =
        text.lines().filter_map(|l| l.strip_prefix("SAID ")).map(|l| l.trim().to_owned()).collect();
    if !output.status.success() || ![1, ranks].contains(&lines.len()) {
        let beginning: String = text.chars().take(600).collect();
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{check} on {ranks}: {beginning}\n{errors}").into());
    }
    Ok(lines)
}

fn numbers(line: &str) -> Vec<f64> {
    line.split([' ', '|']).filter_map(|word| u64::from_str_radix(word, 16).ok()).map(f64::from_bits).collect()
}

/// The largest difference, by the size of the numbers.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs() / (1.0 + b.abs())).fold(0.0, f64::max)
}

/// All checks, with what they found.
fn checks() -> Outcome<()> {
    // In this process, without MPI.
    let (X, y) = rows(0..10_000, 200);
    let whole = minimised(Whole { X, y, lambda: 1e-3 }.prepare()?)?;
    let alone = logistic(&Alone)?;
    let apart = distance(&numbers(&alone)[..200], &whole);
    println!("L-BFGS, 10,000 × 200: {apart:.1e} from the objective that is not divided");
    assert!(apart < 1e-6);
    for (check, expected) in
        [("logistic", &alone), ("restricted", &restricted(&Alone)?), ("few", &few(&Alone, &Alone)?)]
    {
        for ranks in 1..=4 {
            let all = said(check, ranks)?;
            assert!(all == [expected.as_str()], "{check} on {ranks} processes: other bits");
        }
        println!("{check}: the same bits on 1, 2, 3 and 4 processes as in one without MPI");
    }
    let all = said("fast", 3)?;
    let apart = distance(&numbers(&all[0])[..200], &whole);
    assert!(apart < 1e-6, "fast: {apart:e}");
    println!("fast reduction on 3 processes: all alike, {apart:.1e} from one");

    let (alone, cost) = network(&Alone)?;
    let alone: Vec<f64> = alone.into_iter().map(f64::from).chain([cost]).collect();
    for ranks in 1..=4 {
        let all = said("network", ranks)?;
        let apart = distance(&numbers(&all[0]), &alone);
        println!("network, an epoch on {ranks} processes: all alike, {apart:.1e} from one");
        assert!(apart < 1e-6);
    }

    for (check, code, message) in [("error", 1, "rank 1 of 3: the disk is full"), ("panic", 101, "a mistake")]
    {
        let began = Instant::now();
        let output = mpirun(check, 3)?;
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{check}: {text}");
        assert!(text.contains(message), "{check}: {text}");
        println!(
            "{check} on one rank: all ended after {:.1} s, and it is printed",
            began.elapsed().as_secs_f64()
        );
    }
    let all = said("infinite", 3)?;
    assert!(all.iter().any(|one| one == "`X` is NaN at [3, 1]"), "{all:?}");
    let all = said("rows", 2)?;
    assert!(
        all.iter().all(|one| one.starts_with("rank 0: it has 500 of the 1000 rows, and is to have 496")),
        "{all:?}"
    );
    let all = said("extents", 3)?;
    assert!(all.iter().all(|one| one == "rank 1: `X_cols` is 5, on rank 0 it is 4"), "{all:?}");
    println!("numbers that are not finite, other rows and other extents are refused on all");
    Ok(())
}

fn main() -> ExitCode {
    if let Ok(check) = std::env::var(CHECK) {
        gradsmith_mpi::run(|ranks| process(&check, ranks));
        return ExitCode::SUCCESS;
    }
    if Command::new("mpirun").arg("--version").output().is_err() {
        println!("NOT CHECKED: there is no mpirun");
        return ExitCode::SUCCESS;
    }
    match checks() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}
