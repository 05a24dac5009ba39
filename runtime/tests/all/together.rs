//! Training in which ranks share the examples: the mini-batches are those of one process, and all ranks have the same
//! bits.

use std::ops::ControlFlow;

use crate::common::threads::{Thread, ranks};
use crate::common::{Line, Linear, examples};
use gradsmith_runtime::optim::Adam;
use gradsmith_runtime::ranks::{Ranks, Reduction};
use gradsmith_runtime::train::{Data, EarlyStopping, Ended, Event, History, Monitor, Order, Run, Trainer};
use gradsmith_runtime::{Error, Parameters};
use ndarray::{Array2, ArrayView2, s};

type Found = Result<(Line, History), Error>;

fn trainer<'n>(network: &'n Linear, order: Order) -> Result<Trainer<'n, Linear, Adam<f64>>, Error> {
    let metric = |a: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>| {
        Ok(-(&a - &y).mapv(f64::abs).sum() / a.nrows() as f64)
    };
    let rule = EarlyStopping::new(Monitor::Metric, 2);
    Ok(Trainer::new(network, Adam::new(0.1)?)
        .batch_size(8)
        .epochs(12)
        .seed(3)
        .order(order)
        .metric(metric)
        .early_stopping(rule)
        .clip(gradsmith_runtime::optim::Clip::norm(0.5)?))
}

/// Weights of which some are 0.
fn weights(rows: impl Iterator<Item = usize>) -> Vec<f64> {
    rows.map(|row| (row / 7 % 3) as f64).collect()
}

fn one_process(order: Order, weighted: bool) -> Found {
    let ((x, y), (held_x, held_y)) = (examples(50, 1), examples(21, 2));
    let (network, mut line) = (Linear::new(0.01), Line::zeros());
    let ws = weights(0..50);
    let mut data = Data::new(x.view(), y.view())?;
    if weighted {
        data = data.with_weights(&ws)?;
    }
    let held_out = Data::new(held_x.view(), held_y.view())?;
    let history = trainer(&network, order)?.fit(&mut line, data, Some(held_out))?;
    Ok((line, history))
}

/// The rows that a rank has.
fn share(rank: &Thread<'_>, all: &Array2<f64>) -> Array2<f64> {
    all.slice(s![rank.rank()..;rank.ranks(), ..]).to_owned()
}

fn on_a_rank(rank: &Thread<'_>, order: Order, weighted: bool) -> Found {
    let ((x, y), (held_x, held_y)) = (examples(50, 1), examples(21, 2));
    let [x, y, held_x, held_y] = [x, y, held_x, held_y].map(|all| share(rank, &all));
    assert_eq!(rank.examples(50).len(), x.nrows());
    let (network, mut line) = (Linear::new(0.01), Line::zeros());
    let ws = weights(rank.examples(50));
    let mut data = Data::new(x.view(), y.view())?;
    if weighted {
        data = data.with_weights(&ws)?;
    }
    let held_out = Data::new(held_x.view(), held_y.view())?;
    let history = trainer(&network, order)?.among(rank).fit(&mut line, data, Some(held_out))?;
    Ok((line, history))
}

#[test]
fn ranks_make_the_steps_of_one_process() {
    for (order, weighted) in [(Order::Shuffled, false), (Order::AsGiven, false), (Order::Shuffled, true)] {
        let (line, history) = one_process(order, weighted).unwrap();
        for (number, reduction) in
            [(1, Reduction::Ordered), (2, Reduction::Ordered), (3, Reduction::Fast), (5, Reduction::Ordered)]
        {
            let found = ranks(number, |rank| on_a_rank(&rank.with(reduction), order, weighted).unwrap());
            assert!(found.iter().all(|f| *f == found[0]), "{number} ranks: the same bits");
            let (other, records) = &found[0];
            for (a, b) in line.0.iter().zip(&other.0) {
                assert!((a - b).abs() < 1e-12, "{number} ranks: {line:?} and {other:?}");
            }
            assert_eq!((history.best, history.ended), (records.best, records.ended));
            assert_eq!(history.epochs.len(), records.epochs.len());
            for (a, b) in history.epochs.iter().zip(&records.epochs) {
                assert!((a.train.total() - b.train.total()).abs() < 1e-12, "{a} and {b}");
                let validation =
                    |e: &gradsmith_runtime::train::EpochRecord| e.validation.map(|c| c.total()).unwrap();
                assert!((validation(a) - validation(b)).abs() < 1e-12);
                assert!((a.metric.unwrap() - b.metric.unwrap()).abs() < 1e-12);
            }
        }
    }
}

/// What becomes of training in which one rank does this after a step, or after an epoch.
fn where_one(
    leaves: impl Fn(&Thread<'_>, bool, usize) -> Result<ControlFlow<()>, Error> + Sync,
) -> Vec<(Result<(), Error>, Ended, usize)> {
    ranks(3, |rank| {
        let (x, y) = examples(50, 1);
        let [x, y] = [x, y].map(|all| share(rank, &all));
        let data = Data::new(x.view(), y.view()).unwrap();
        let (network, mut line, mut run) = (Linear::new(0.01), Line::zeros(), Run::new());
        let mut trainer = Trainer::new(&network, Adam::new(0.1).unwrap()).batch_size(8).epochs(3).among(rank);
        let result = trainer.run(&mut run, &mut line, data, None, |event| match event {
            Event::Step(step) => leaves(rank, true, step.batch),
            Event::Epoch(epoch) => leaves(rank, false, epoch.record.epoch),
        });
        (result, run.history().ended, run.history().epochs.len())
    })
}

#[test]
fn what_one_rank_breaks_off_all_do() {
    for (in_step, at, epochs) in [(true, 2, 0), (true, 6, 0), (false, 1, 2), (false, 2, 3)] {
        let found = where_one(|rank, step, k| {
            let breaks = rank.rank() == 1 && step == in_step && k == at;
            Ok(if breaks { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        });
        for (result, ended, done) in found {
            assert_eq!((result, ended, done), (Ok(()), Ended::ByCallback, epochs), "{in_step} {at}");
        }
        let found = where_one(|rank, step, k| {
            let fails = rank.rank() == 2 && step == in_step && k == at;
            if fails { Err(Error::EmptyBatch) } else { Ok(ControlFlow::Continue(())) }
        });
        let errors: Vec<String> = found.into_iter().map(|f| f.0.unwrap_err().to_string()).collect();
        assert_eq!(errors[0], "rank 2: it has failed, by an error of its own");
        assert_eq!(errors[1], errors[0]);
        assert!(errors[2].starts_with("the batch has no rows"), "{errors:?}");
    }
}

#[test]
fn ranks_begin_alike() {
    let begin = |own: &(dyn Fn(&Thread<'_>) -> (usize, f64, u64) + Sync)| {
        let found = ranks(2, |rank| {
            let (rows, w, seed) = own(rank);
            let (x, y) = examples(rows, 1);
            let data = Data::new(x.view(), y.view())?;
            let (network, mut line) = (Linear::new(0.01), Line::from_slice(&[w, 0.0, 0.0])?);
            Trainer::new(&network, Adam::new(0.1)?).seed(seed).among(rank).fit(&mut line, data, None)
        });
        let errors: Vec<_> = found.into_iter().map(|f| f.map(|_| ()).unwrap_err().to_string()).collect();
        assert_eq!(errors[0], errors[1]);
        errors[0].clone()
    };
    assert_eq!(begin(&|r| (5, r.rank() as f64, 0)), "rank 1: `parameters` is not what it is on rank 0");
    assert_eq!(begin(&|r| (5, 0.0, r.rank() as u64)), "rank 1: `seed` is not what it is on rank 0");
    assert_eq!(
        begin(&|r| (5 + 2 * r.rank(), 0.0, 0)),
        "rank 0: it has 5 of the 12 examples, and is to have 6: `Ranks::examples` says which"
    );
}
