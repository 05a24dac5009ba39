//! The trainer and the gradient check, on a network that is right by inspection.

use std::ops::ControlFlow;

use crate::common::{Line, Linear, examples};
use gradsmith_runtime::check::{CheckOptions, check_network};
use gradsmith_runtime::metrics::accuracy;
use gradsmith_runtime::optim::{Adam, Optimizer, Sgd};
use gradsmith_runtime::train::{Data, EarlyStopping, Ended, Evaluator, History, Monitor, Order, Trainer};
use gradsmith_runtime::{Error, Init, Network, Parameters};
use ndarray::{Array2, ArrayView2, s};

type Outcome = Result<(), Error>;

/// Trains from zero for three epochs of batches of 8 of 50, and returns everything.
fn train(seed: u64) -> Result<(Line, History), Error> {
    let (x, y) = examples(50, 1);
    let network = Linear::new(0.01);
    let mut line = Line::zeros();
    let data = Data::new(x.view(), y.view())?;
    let mut trainer = Trainer::new(&network, Adam::new(0.1)?).batch_size(8).epochs(3).seed(seed);
    let history = trainer.fit(&mut line, data, Some(data))?;
    Ok((line, history))
}

#[test]
fn training_finds_the_line() -> Outcome {
    let (x, y) = examples(200, 3);
    let network = Linear::new(0.0);
    let mut line = Linear::init(Init::FanIn, 4);
    let data = Data::new(x.view(), y.view())?;
    let history =
        Trainer::new(&network, Sgd::new(0.1)?).batch_size(16).epochs(50).fit(&mut line, data, None)?;
    for (got, want) in line.0.iter().zip([2.0, -3.0, 0.5]) {
        assert!((got - want).abs() < 1e-6, "{line:?}");
    }
    assert_eq!((history.epochs.len(), history.best, history.ended), (50, None, Ended::Completed));
    assert!(history.epochs.windows(2).take(20).all(|pair| pair[1].train.total() < pair[0].train.total()));
    assert!(history.epochs.iter().all(|epoch| epoch.validation.is_none() && epoch.metric.is_none()));
    Ok(())
}

#[test]
fn batches_as_given_are_the_steps_one_would_write() -> Outcome {
    let (x, y) = examples(5, 2);
    let network = Linear::new(0.1);
    let mut line = Line::zeros();
    let data = Data::new(x.view(), y.view())?;
    let mut trainer = Trainer::new(&network, Sgd::new(0.25)?).batch_size(2).epochs(2).order(Order::AsGiven);
    let history = trainer.fit(&mut line, data, None)?;

    let mut want = Line::zeros();
    let (mut workspace, mut gradient) = (network.workspace(2), Line::zeros());
    let mut costs = [0.0; 2];
    for cost in &mut costs {
        for rows in [0..2, 2..4, 4..5] {
            let share = rows.len() as f64 / 5.0;
            let (x, y) = (x.slice(s![rows.clone(), ..]), y.slice(s![rows, ..]));
            *cost += share * network.value_and_gradient(&want, x, y, &mut workspace, &mut gradient)?.total();
            for (w, g) in want.0.iter_mut().zip(gradient.0) {
                *w -= 0.25 * g;
            }
        }
    }
    assert_eq!(line, want);
    for (epoch, cost) in history.epochs.iter().zip(costs) {
        assert!((epoch.train.total() - cost).abs() < 1e-14);
    }
    Ok(())
}

#[test]
fn a_shuffled_epoch_sees_every_row_once() -> Outcome {
    // With steps too small to change anything, an epoch's cost is that of the whole data, whatever the order.
    let (x, y) = examples(53, 2);
    let network = Linear::new(0.5);
    let mut line = Line([1.0, -1.0, 0.25]);
    let data = Data::new(x.view(), y.view())?;
    let want = Evaluator::new(1).cost(&network, &line, data)?;
    let history =
        Trainer::new(&network, Sgd::new(1e-300)?).batch_size(10).fit(&mut line, data, Some(data))?;
    for epoch in history.epochs {
        assert!((epoch.train.data - want.data).abs() < 1e-13);
        assert!((epoch.train.penalty - 0.5).abs() < 1e-15);
        assert_eq!(epoch.validation, Some(want));
    }
    Ok(())
}

#[test]
fn equal_seeds_train_equally() -> Outcome {
    assert_eq!(train(7)?, train(7)?);
    assert_ne!(train(7)?.0, train(8)?.0);
    Ok(())
}

#[test]
fn a_batch_larger_than_the_data_is_the_data() -> Outcome {
    let (x, y) = examples(6, 2);
    let network = Linear::new(0.0);
    let data = Data::new(x.view(), y.view())?;
    let run = |size, order| {
        let mut line = Line::zeros();
        Trainer::new(&network, Sgd::new(0.1)?).batch_size(size).order(order).fit(&mut line, data, None)?;
        Ok::<_, Error>(line)
    };
    assert_eq!(run(6, Order::AsGiven)?, run(1000, Order::AsGiven)?);
    assert_eq!(run(6, Order::Shuffled)?, run(1000, Order::Shuffled)?);
    Ok(())
}

#[test]
fn evaluation_in_chunks_is_evaluation_at_once() -> Outcome {
    let (x, y) = examples(1000, 5);
    let network = Linear::new(0.3);
    let line = Line([1.0, -2.0, 0.0]);
    let data = Data::new(x.view(), y.view())?;
    let at_once = network.value(&line, x.view(), y.view(), &mut network.workspace(1000))?;
    let mut evaluator = Evaluator::new(1);
    let chunked = evaluator.cost(&network, &line, data)?;
    assert!((chunked.data - at_once.data).abs() < 1e-12 && (chunked.penalty - at_once.penalty).abs() < 1e-15);
    let outputs = network.predict(&line, x.view())?;
    let want = accuracy(outputs.view(), y.view())?;
    assert!((evaluator.metric(&network, &line, accuracy, data)? - want).abs() < 1e-15);
    assert!(want > 0.5 && want < 1.0);
    Ok(())
}

/// Training data pull the line away from the validation data, on which it starts perfect.
#[test]
fn early_stopping_waits_and_goes_back_to_the_best() -> Outcome {
    let (x, y) = examples(40, 6);
    let opposite = -&y;
    let network = Linear::new(0.0);
    let mut line = Line([2.0, -3.0, 0.5]);
    let (train, held_out) = (Data::new(x.view(), opposite.view())?, Data::new(x.view(), y.view())?);
    let mut after = Vec::new();
    let history = Trainer::new(&network, Sgd::new(0.01)?)
        .epochs(100)
        .early_stopping(EarlyStopping::new(Monitor::Total, 3))
        .fit_with(&mut line, train, Some(held_out), |epoch| {
            after.push(epoch.parameters.clone());
            Ok(ControlFlow::Continue(()))
        })?;
    assert_eq!((history.epochs.len(), history.best, history.ended), (4, Some(0), Ended::Early));
    assert_eq!(line, after[0]);
    assert_ne!(line, after[3]);
    Ok(())
}

#[test]
fn early_stopping_goes_on_while_it_improves_enough() -> Outcome {
    let (x, y) = examples(40, 6);
    let network = Linear::new(0.0);
    let data = Data::new(x.view(), y.view())?;
    let run = |stopping| {
        let mut line = Line::zeros();
        let sgd = Sgd::new(0.05)?;
        Trainer::new(&network, sgd).epochs(30).early_stopping(stopping).fit(&mut line, data, Some(data))
    };
    let history = run(EarlyStopping::new(Monitor::Data, 1))?;
    assert_eq!((history.epochs.len(), history.best, history.ended), (30, Some(29), Ended::Completed));
    let history = run(EarlyStopping::new(Monitor::Data, 1).min_change(0.5))?;
    assert_eq!(history.ended, Ended::Early);
    Ok(())
}

#[test]
fn early_stopping_can_watch_the_metric() -> Outcome {
    fn constant(_: ArrayView2<'_, f64>, _: ArrayView2<'_, f64>) -> Result<f64, Error> {
        Ok(0.5)
    }
    let (x, y) = examples(40, 6);
    let network = Linear::new(0.0);
    let data = Data::new(x.view(), y.view())?;
    let mut line = Line::zeros();
    let history = Trainer::new(&network, Sgd::new(0.05)?)
        .metric(constant)
        .early_stopping(EarlyStopping::new(Monitor::Metric, 2))
        .fit(&mut line, data, Some(data))?;
    assert_eq!((history.epochs.len(), history.best, history.ended), (3, Some(0), Ended::Early));
    assert_eq!(history.epochs[0].metric, Some(0.5));
    Ok(())
}

#[test]
fn a_callback_measures_schedules_and_breaks_off() -> Outcome {
    let (x, y) = examples(64, 6);
    let (other_x, other_y) = examples(32, 9);
    let network = Linear::new(0.0);
    let data = Data::new(x.view(), y.view())?;
    let other = Data::new(other_x.view(), other_y.view())?;
    let mut line = Line::zeros();
    let mut seen = Vec::new();
    let mut trainer = Trainer::new(&network, Sgd::new(0.5)?).epochs(10);
    let history = trainer.fit_with(&mut line, data, None, |epoch| {
        let rate = epoch.optimizer.learning_rate();
        epoch.optimizer.set_learning_rate(rate / 2.0)?;
        seen.push((epoch.record.epoch, epoch.accuracy(other)?, epoch.cost(other)?.total()));
        Ok(if seen.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    assert_eq!((history.epochs.len(), history.ended), (3, Ended::ByCallback));
    assert_eq!(trainer.optimizer().learning_rate(), 0.0625);
    assert_eq!(seen.iter().map(|seen| seen.0).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(seen[2].1 > 0.9 && seen[2].2 < seen[0].2);
    let failing = trainer.fit_with(&mut line, data, None, |_| Err(Error::EmptyBatch));
    assert_eq!(failing, Err(Error::EmptyBatch));
    Ok(())
}

#[test]
fn divergence_names_epoch_batch_and_tensor() -> Outcome {
    let (x, y) = examples(20, 6);
    let network = Linear::new(0.0);
    let mut line = Line::zeros();
    let data = Data::new(x.view(), y.view())?;
    let mut trainer = Trainer::new(&network, Sgd::new(1e80)?).batch_size(10).epochs(5);
    let error = trainer.fit(&mut line, data, None).unwrap_err();
    assert!(matches!(error, Error::Diverged { epoch: 0 | 1, .. }), "{error}");

    let mut line = Line([0.0, f64::INFINITY, 0.0]);
    let error = trainer.fit(&mut line, data, None).unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with("the cost is "), "{message}");
    assert!(message.ends_with(" in epoch 0, mini-batch 0: `w` is inf at [0, 1]"), "{message}");
    Ok(())
}

#[test]
fn mistakes_are_errors() -> Outcome {
    let (x, y) = examples(10, 6);
    let network = Linear::new(0.0);
    let data = Data::new(x.view(), y.view())?;
    let error = |result: Result<History, Error>| result.unwrap_err().to_string();
    let trainer = || Ok::<_, Error>(Trainer::new(&network, Sgd::new(0.1)?));
    let mut line = Line::zeros();

    assert_eq!(
        error(trainer()?.batch_size(0).fit(&mut line, data, None)),
        "`batch_size` is 0, must be at least 1"
    );
    assert_eq!(
        error(trainer()?.metric(accuracy).fit(&mut line, data, None)),
        "`metric` needs validation data"
    );
    let cases = [
        (EarlyStopping::new(Monitor::Total, 1), None, "`early_stopping` needs validation data"),
        (EarlyStopping::new(Monitor::Total, 0), Some(data), "`patience` is 0, must be at least 1"),
        (
            EarlyStopping::new(Monitor::Metric, 1),
            Some(data),
            "`early_stopping` needs a `metric`, which it is told to monitor",
        ),
    ];
    for (stopping, validation, message) in cases {
        assert_eq!(error(trainer()?.early_stopping(stopping).fit(&mut line, data, validation)), message);
    }
    let wide = Array2::zeros((10, 3));
    let wide = Data::new(wide.view(), y.view())?;
    assert_eq!(error(trainer()?.fit(&mut line, wide, None)), "`x` has 3 columns (axis 1), expected 2");
    assert_eq!(error(trainer()?.fit(&mut line, data, Some(wide))), "`x` has 3 columns (axis 1), expected 2");
    assert_eq!(line, Line::zeros());

    assert_eq!(Data::new(x.view(), y.slice(s![..9, ..])).unwrap_err(), Error::shape("y", 0, 10, 9));
    assert_eq!(Data::new(x.slice(s![..0, ..]), y.slice(s![..0, ..])).unwrap_err(), Error::EmptyBatch);
    let mut bad = x.clone();
    bad[[7, 1]] = f64::NAN;
    assert_eq!(Data::new(bad.view(), y.view()).unwrap_err().to_string(), "`x` is NaN at [7, 1]");
    Ok(())
}

#[test]
fn a_record_prints_as_one_line() -> Outcome {
    let (_, history) = train(7)?;
    let mut record = history.epochs[2];
    record.metric = Some(0.965);
    let line = format!("{record:.1}");
    assert!(line.starts_with("epoch 2: train "), "{line}");
    assert!(line.contains("; validation ") && line.ends_with("; metric 1.0"), "{line}");
    Ok(())
}

#[test]
fn check_network_agrees_with_a_right_gradient_and_places_a_wrong_one() -> Outcome {
    let (x, y) = examples(12, 6);
    let mut network = Linear::new(0.4);
    let line = Line([0.3, 1.0, -2.0]);
    let report = check_network(&network, &line, x.view(), y.view(), CheckOptions::default())?;
    assert!(report.passed(), "{report}");
    assert_eq!(report.checked, 3);
    network.flaw = 1.1;
    let report = check_network(&network, &line, x.view(), y.view(), CheckOptions::default())?;
    assert_eq!(report.failed, 1);
    assert!(report.to_string().contains("worst: entry 2 (`b` at [0]): analytic "), "{report}");
    let error = check_network(&network, &line, x.view(), y.slice(s![..3, ..]), CheckOptions::default());
    assert_eq!(error, Err(Error::shape("y", 0, 12, 3)));
    Ok(())
}
