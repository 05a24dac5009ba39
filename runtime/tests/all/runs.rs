//! Runs: schedules, clipping, callbacks, and runs that are stopped and taken up again.

use std::ops::ControlFlow;

use crate::common::{Line, Linear, examples};
use gradsmith_runtime::optim::{Adam, AdamW, Clip, Decayed, Optimizer, Sgd};
use gradsmith_runtime::train::{Data, EarlyStopping, Ended, Event, Monitor, Order, Run, Schedule, Trainer};
use gradsmith_runtime::{Error, Parameters};

type Outcome = Result<(), Error>;

/// The learning rates of the steps of four epochs with three batches each.
fn rates(schedule: Schedule) -> Result<(Vec<f64>, Vec<f64>), Error> {
    let (x, y) = examples(6, 1);
    let network = Linear::new(0.0);
    let data = Data::new(x.view(), y.view())?;
    let mut trainer = Trainer::new(&network, Sgd::new(0.5)?).batch_size(2).epochs(4).schedule(schedule);
    let (mut run, mut line, mut steps) = (Run::new(), Line::zeros(), Vec::new());
    trainer.run(&mut run, &mut line, data, None, |event| {
        if let Event::Step(step) = event {
            steps.push(step.optimizer.learning_rate());
        }
        Ok(ControlFlow::Continue(()))
    })?;
    assert_eq!(trainer.optimizer().learning_rate(), 0.5);
    Ok((steps, run.history().epochs.iter().map(|epoch| epoch.learning_rate).collect()))
}

#[test]
fn schedules_count_epochs_or_steps() -> Outcome {
    let (steps, epochs) = rates(Schedule::exponential(0.5))?;
    assert_eq!(epochs, [0.5, 0.25, 0.125, 0.0625]);
    assert_eq!(steps[..6], [0.5, 0.5, 0.5, 0.25, 0.25, 0.25]);
    let (steps, epochs) = rates(Schedule::step(2, 0.5).warm_up(2, 0.5).per_step())?;
    assert_eq!(steps[..8], [0.25, 0.375, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125]);
    assert_eq!(epochs[..2], [0.5, 0.25]);
    // At a rate of 0 nothing moves, and nothing is refused.
    assert!(rates(Schedule::cosine(1))?.1[1] > 0.0);
    Ok(())
}

#[test]
fn a_plateau_reduces_the_rate_of_the_epochs_to_come() -> Outcome {
    let (x, y) = examples(20, 1);
    let opposite = -&y;
    let network = Linear::new(0.0);
    let (train, held_out) = (Data::new(x.view(), opposite.view())?, Data::new(x.view(), y.view())?);
    let schedule = Schedule::on_plateau(EarlyStopping::new(Monitor::Total, 2), 0.5);
    let mut line = Line([2.0, -3.0, 0.5]);
    let history = Trainer::new(&network, Sgd::new(0.01)?).epochs(7).schedule(schedule).fit(
        &mut line,
        train,
        Some(held_out),
    )?;
    let rates: Vec<f64> = history.epochs.iter().map(|epoch| epoch.learning_rate).collect();
    // The first epoch is the best; the second and the third are worse.
    assert_eq!(rates, [0.01, 0.01, 0.01, 0.005, 0.005, 0.0025, 0.0025]);
    Ok(())
}

#[test]
fn callbacks_hear_of_each_step_and_may_break_off_there() -> Outcome {
    let (x, y) = examples(10, 2);
    let network = Linear::new(0.1);
    let data = Data::new(x.view(), y.view())?;
    let mut trainer = Trainer::new(&network, Sgd::new(0.25)?).batch_size(4).epochs(3).order(Order::AsGiven);
    let (mut run, mut line, mut before, mut seen) = (Run::new(), Line::zeros(), Line::zeros(), Vec::new());
    trainer.run(&mut run, &mut line, data, None, |event| {
        match event {
            Event::Step(step) => {
                for ((after, before), g) in step.parameters.0.iter().zip(before.0).zip(step.gradient.0) {
                    assert_eq!(*after, before - 0.25 * g);
                }
                before = step.parameters.clone();
                assert!(step.cost.total() > 0.0);
                seen.push((step.epoch, Some(step.batch)));
            }
            Event::Epoch(epoch) => seen.push((epoch.record.epoch, None)),
        }
        Ok(if seen.len() == 6 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    assert_eq!(seen, [(0, Some(0)), (0, Some(1)), (0, Some(2)), (0, None), (1, Some(0)), (1, Some(1))]);
    let history = run.into_history();
    assert_eq!((history.epochs.len(), history.ended), (1, Ended::ByCallback));
    let failing = trainer.run(&mut Run::new(), &mut line, data, None, |_| Err(Error::EmptyBatch));
    assert_eq!(failing, Err(Error::EmptyBatch));
    Ok(())
}

#[test]
fn gradients_are_clipped_before_the_step() -> Outcome {
    let (x, y) = examples(10, 2);
    let network = Linear::new(0.0);
    let data = Data::new(x.view(), y.view())?;
    let mut trainer = Trainer::new(&network, Sgd::new(0.1)?).epochs(1).clip(Clip::norm(0.125)?);
    let mut line = Line::zeros();
    trainer.run(&mut Run::new(), &mut line, data, None, |event| {
        if let Event::Step(step) = event {
            let norm = step.gradient.0.iter().map(|g| g * g).sum::<f64>().sqrt();
            assert!((norm - 0.125).abs() < 1e-15, "{norm}");
        }
        Ok(ControlFlow::Continue(()))
    })?;
    assert!((line.0.iter().map(|w| w * w).sum::<f64>().sqrt() - 0.0125).abs() < 1e-15);
    Ok(())
}

#[test]
fn the_trainer_says_which_numbers_are_which_tensor() -> Outcome {
    let (x, y) = (ndarray::Array2::zeros((4, 2)), ndarray::Array2::from_elem((4, 1), 1.0));
    let network = Linear::new(0.0);
    let data = Data::new(x.view(), y.view())?;
    // A line that is right: there is no gradient, and what moves decays.
    let train = |decayed| {
        let adamw = AdamW::new(0.5)?.weight_decay(0.5)?.decayed(decayed);
        let mut line = Line([1.0, 2.0, 1.0]);
        Trainer::new(&network, adamw).epochs(1).fit(&mut line, data, None)?;
        Ok::<_, Error>(line.0)
    };
    assert_eq!(train(Decayed::default())?, [0.75, 1.5, 1.0]);
    assert_eq!(train(Decayed::named(["b"]))?, [1.0, 2.0, 0.75]);
    let error = train(Decayed::named(["w1"])).unwrap_err();
    assert_eq!(error.to_string(), "there is no tensor `w1` among the parameters `w`, `b`");
    Ok(())
}

/// Everything that a run may remember: means, warm-up, plateaus, the best epoch, the order of examples.
pub(crate) fn trainer(network: &Linear, epochs: usize) -> Result<Trainer<'_, Linear, AdamW<f64>>, Error> {
    let waits = EarlyStopping::new(Monitor::Data, 3).min_change(0.02);
    Ok(Trainer::new(network, AdamW::new(0.2)?)
        .batch_size(8)
        .epochs(epochs)
        .seed(5)
        .clip(Clip::norm(1.0)?)
        .early_stopping(EarlyStopping::new(Monitor::Total, 30))
        .schedule(Schedule::on_plateau(waits, 0.5).warm_up(20, 0.1).per_step()))
}

#[test]
fn a_run_goes_on_from_where_it_was_left_to_the_bit() -> Outcome {
    let (x, y) = examples(50, 1);
    let network = Linear::new(0.01);
    let data = Data::new(x.view(), y.view())?;
    let (mut whole, mut line) = (Run::new(), Line::zeros());
    let mut checkpoints = Vec::new();
    trainer(&network, 25)?.run(&mut whole, &mut line, data, Some(data), |event| {
        if let Event::Epoch(epoch) = event {
            checkpoints.push((epoch.run.clone(), epoch.parameters.clone(), epoch.optimizer.clone()));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    assert!(whole.history().epochs.iter().any(|epoch| epoch.learning_rate < 0.1));
    for (run, parameters, optimizer) in checkpoints {
        assert_eq!(run.history().ended, Ended::NotYet);
        let (mut run, mut parameters) = (run, parameters);
        let mut rest = trainer(&network, 25)?;
        *rest.optimizer() = optimizer;
        rest.run(&mut run, &mut parameters, data, Some(data), |_| Ok(ControlFlow::Continue(())))?;
        assert_eq!(run, whole);
        assert_eq!(parameters.0.map(f64::to_bits), line.0.map(f64::to_bits));
    }
    Ok(())
}

#[test]
fn a_run_that_is_over_is_over() -> Outcome {
    let (x, y) = examples(20, 1);
    let opposite = -&y;
    let network = Linear::new(0.0);
    let (train, held_out) = (Data::new(x.view(), opposite.view())?, Data::new(x.view(), y.view())?);
    let rule = EarlyStopping::new(Monitor::Total, 2);
    let mut trainer = Trainer::new(&network, Adam::new(0.01)?).epochs(9).early_stopping(rule);
    let (mut run, mut line) = (Run::new(), Line([2.0, -3.0, 0.5]));
    trainer.run(&mut run, &mut line, train, Some(held_out), |_| Ok(ControlFlow::Continue(())))?;
    let (before, at) = (run.clone(), line.clone());
    assert_eq!((run.history().epochs.len(), run.history().ended), (3, Ended::Early));
    trainer.run(&mut run, &mut line, train, Some(held_out), |_| Err(Error::EmptyBatch))?;
    assert_eq!((run, line), (before, at));
    Ok(())
}

#[test]
fn schedules_say_what_they_need() -> Outcome {
    let (x, y) = examples(10, 6);
    let network = Linear::new(0.0);
    let data = Data::new(x.view(), y.view())?;
    let error = |schedule, validation| {
        let (sgd, mut line) = (Sgd::new(0.1)?, Line::zeros());
        Trainer::new(&network, sgd).schedule(schedule).fit(&mut line, data, validation)
    };
    let plateau = |monitor| Schedule::on_plateau(EarlyStopping::new(monitor, 1), 0.5);
    let cases = [
        (plateau(Monitor::Total), None, "`schedule` needs validation data"),
        (plateau(Monitor::Metric), Some(data), "`schedule` needs a `metric`, which it is told to monitor"),
        (Schedule::step(0, 0.5), None, "`every` is 0, must be at least 1"),
    ];
    for (schedule, validation, message) in cases {
        assert_eq!(error(schedule, validation).map_err(|e| e.to_string()), Err(message.to_owned()));
    }
    Ok(())
}
