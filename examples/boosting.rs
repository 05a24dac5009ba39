//! Gradient-boosted trees with a custom objective: the loss is one word; its gradient and the diagonal of its
//! Hessian are derived, per example and not averaged, as XGBoost and LightGBM ask for them.
//!
//! The trees are fitted to red wines: to tell the good from the others (`logistic`, targets ±1; the score is
//! a log-odds), and to the tasters' marks (`huber`, and a loss that is not symmetric). Every round compares the derived numbers with those of
//! the textbooks: for labels y = ±1, g = −y/(1 + e^(ys)) and h = |g|(1 − |g|); for Huber's loss
//! g = clip(s − y), and h = 1 inside, 0 outside; for the asymmetric one g = k(s − y), h = k, with k by the side.
//!
//! ```text
//! cargo run --release --example boosting
//! ```
#![allow(clippy::print_stdout, reason = "a program that reports on standard output")]

use gradsmith::{Cost, Error, Rng};
use ndarray::{Array2, ArrayView2, s};

#[derive(Cost)]
#[cost(logistic)]
struct Logistic;

#[derive(Cost)]
#[cost(huber(delta))]
struct Huber {
    delta: f64,
}

/// A mark that is too high counts `high` times: whoever promises more than the wine holds loses a customer.
#[derive(Cost)]
#[define("careful(high) = sum(where(a > y, high, 1) .* (a - y).^2)/2")]
#[cost(careful(high))]
struct Careful {
    high: f64,
}

const ROUNDS: usize = 100;
const DEPTH: usize = 3;
const RATE: f64 = 0.1;
/// The penalty of a leaf's value v: λ/2 v². It also holds the leaves whose examples have no curvature.
const LAMBDA: f64 = 1.0;

type View<'a> = ArrayView2<'a, f64>;

/// A regression tree of second order: the value of a leaf is −Σg/(Σh + λ).
enum Tree {
    Leaf(f64),
    Split { column: usize, at: f64, below: Box<Tree>, above: Box<Tree> },
}

impl Tree {
    fn grow(x: View<'_>, g: View<'_>, h: View<'_>, rows: &mut [usize], depth: usize) -> Self {
        let sum = |v: View<'_>| rows.iter().map(|&row| v[(row, 0)]).sum::<f64>();
        let (all_g, all_h) = (sum(g), sum(h));
        let score = |g: f64, h: f64| g * g / (h + LAMBDA);
        let (mut highest, mut best) = (score(all_g, all_h), None);
        for column in 0..if depth == 0 { 0 } else { x.ncols() } {
            rows.sort_by(|&a, &b| x[(a, column)].total_cmp(&x[(b, column)]));
            let (mut below_g, mut below_h) = (0.0, 0.0);
            for pair in rows.windows(2) {
                below_g += g[(pair[0], 0)];
                below_h += h[(pair[0], 0)];
                let (here, next) = (x[(pair[0], column)], x[(pair[1], column)]);
                let apart = score(below_g, below_h) + score(all_g - below_g, all_h - below_h);
                if here < next && apart > highest {
                    (highest, best) = (apart, Some((column, next)));
                }
            }
        }
        let Some((column, at)) = best else { return Self::Leaf(-all_g / (all_h + LAMBDA)) };
        rows.sort_by_key(|&row| x[(row, column)] >= at);
        let (below, above) = rows.split_at_mut(rows.partition_point(|&row| x[(row, column)] < at));
        let [below, above] = [below, above].map(|rows| Box::new(Self::grow(x, g, h, rows, depth - 1)));
        Self::Split { column, at, below, above }
    }

    fn value(&self, x: View<'_>, row: usize) -> f64 {
        match self {
            Self::Leaf(value) => *value,
            Self::Split { column, at, below, above } => {
                (if x[(row, *column)] < *at { below } else { above }).value(x, row)
            }
        }
    }
}

/// Boosts from a constant score on the first three quarters of the rows. `derived` is what the derive gives,
/// `by_hand` gradient and curvature of one example by score and target, `right` whether a score hits a
/// target.
fn boost<C: Cost<Scalar = f64>>(
    (cost, x, y, start): (&C, View<'_>, View<'_>, f64),
    derived: impl Fn(View<'_>, View<'_>) -> Result<(Array2<f64>, Array2<f64>), Error>,
    by_hand: impl Fn(f64, f64) -> (f64, f64),
    right: impl Fn(f64, f64) -> bool,
) -> Result<(), Error> {
    // The rest is about weights, which only networks have.
    println!("{}\n", C::DERIVATION.split("\n\n∂C/∂w").next().unwrap_or_default());
    println!("round    loss: known   held out    right: known   held out");
    let (mut scores, mut largest) = (Array2::from_elem(y.dim(), start), 0.0_f64);
    let known = x.nrows() * 3 / 4;
    for round in 0..=ROUNDS {
        if round % 10 == 0 {
            let report = |s: View<'_>, y: View<'_>| {
                let hits = s.iter().zip(y).filter(|(s, y)| right(**s, **y)).count();
                Ok::<_, Error>((cost.data(s, y)?, 100.0 * hits as f64 / s.len() as f64))
            };
            let (loss, share) = report(scores.slice(s![..known, ..]), y.slice(s![..known, ..]))?;
            let (new_loss, new_share) = report(scores.slice(s![known.., ..]), y.slice(s![known.., ..]))?;
            println!("{round:>5} {loss:>14.4} {new_loss:>10.4} {share:>13.1} % {new_share:>8.1} %");
        }
        let (g, h) = derived(scores.view(), y)?;
        for ((s, y), (g, h)) in scores.iter().zip(y).zip(g.iter().zip(&h)) {
            let (hand_g, hand_h) = by_hand(*s, *y);
            largest = largest.max((g - hand_g).abs()).max((h - hand_h).abs());
        }
        let tree = Tree::grow(x, g.view(), h.view(), &mut (0..known).collect::<Vec<_>>(), DEPTH);
        scores.indexed_iter_mut().for_each(|((row, _), score)| *score += RATE * tree.value(x, row));
    }
    println!("largest difference from gradient and curvature by hand, over all rounds: {largest:.1e}\n");
    Ok(())
}

fn main() -> Result<(), Error> {
    let wines = linfa_datasets::winequality();
    let mut order: Vec<usize> = (0..wines.targets.len()).collect();
    Rng::new(1).shuffle(&mut order);
    let (rows, columns) = wines.records.dim();
    let x = Array2::from_shape_fn((rows, columns), |(row, column)| wines.records[(order[row], column)]);
    let marks = Array2::from_shape_fn((rows, 1), |(row, _)| wines.targets[order[row]] as f64);
    let good = marks.mapv(|mark| if mark >= 6.0 { 1.0 } else { -1.0 });

    println!("--- {rows} red wines, good or not: `logistic`, {ROUNDS} trees of depth {DEPTH} ---\n");
    let by_hand = |s: f64, y: f64| {
        let g = -y / (1.0 + (y * s).exp());
        (g, g.abs() * (1.0 - g.abs()))
    };
    let derived = |s: View<'_>, y: View<'_>| Logistic.gradient_and_hessian_diagonal(s, y);
    // The log-odds of the first three quarters.
    let known = good.slice(s![..rows * 3 / 4, ..]);
    let share = known.iter().filter(|y| **y > 0.0).count() as f64 / known.len() as f64;
    let start = (share / (1.0 - share)).ln();
    boost((&Logistic, x.view(), good.view(), start), derived, by_hand, |s, y| s * y > 0.0)?;

    println!("--- their marks from 3 to 8: `huber`, delta = 1/2 ---\n");
    let huber = Huber { delta: 0.5 };
    let by_hand = |s: f64, y: f64| ((s - y).clamp(-0.5, 0.5), f64::from((s - y).abs() <= 0.5));
    let derived = |s: View<'_>, y: View<'_>| huber.gradient_and_hessian_diagonal(s, y);
    boost((&huber, x.view(), marks.view(), 5.5), derived, by_hand, |s, y| s.round() == y)?;

    println!("--- the same, and too high is four times as bad: a loss of one's own ---\n");
    let careful = Careful { high: 4.0 };
    let weight = |s: f64, y: f64| if s > y { 4.0 } else { 1.0 };
    let by_hand = |s: f64, y: f64| (weight(s, y) * (s - y), weight(s, y));
    let derived = |s: View<'_>, y: View<'_>| careful.gradient_and_hessian_diagonal(s, y);
    boost((&careful, x.view(), marks.view(), 5.5), derived, by_hand, |s, y| s <= y)
}
