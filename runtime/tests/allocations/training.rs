//! Nothing is allocated per step, counted by the allocator itself.

use crate::common::{Line, Linear, examples};
use gradsmith_runtime::check::check_finite;
use gradsmith_runtime::optim::{Adam, AdamW, Clip, Momentum, Nesterov, Optimizer, RmsProp, Sgd};
use gradsmith_runtime::train::{Data, Evaluator, Order, Schedule, Trainer};
use gradsmith_runtime::{Error, Parameters, metrics};
use gradsmith_test_support::counting::allocations;

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![1_u8; 100]))).0, 1);
}

#[test]
fn optimisers_allocate_on_the_first_step_at_most() -> Result<(), Error> {
    let optimizers: [Box<dyn Optimizer<f32>>; 6] = [
        Box::new(Sgd::new(0.1)?),
        Box::new(Momentum::new(0.1, 0.9)?),
        Box::new(Nesterov::new(0.1, 0.9)?),
        Box::new(RmsProp::new(0.1)?),
        Box::new(Adam::new(0.1)?),
        Box::new(AdamW::new(0.1)?),
    ];
    let (mut theta, gradient) = ([1.0; 50], [0.5; 50]);
    for mut optimizer in optimizers {
        optimizer.step(&mut theta, &gradient)?;
        let (count, result) = allocations(|| (0..10).try_for_each(|_| optimizer.step(&mut theta, &gradient)));
        result?;
        assert_eq!(count, 0);
        optimizer.reset(50);
        assert_eq!(allocations(|| optimizer.step(&mut theta, &gradient)), (0, Ok(())));
    }
    Ok(())
}

#[test]
fn training_allocates_as_often_for_many_steps_as_for_few() -> Result<(), Error> {
    let network = Linear::new(0.1);
    for order in [Order::Shuffled, Order::AsGiven] {
        let run = |rows: usize, epochs: usize| {
            let (x, y) = examples(rows, 1);
            let data = Data::new(x.view(), y.view())?;
            let mut line = Line::zeros();
            let mut trainer = Trainer::new(&network, AdamW::new(0.01)?)
                .batch_size(8)
                .epochs(epochs)
                .order(order)
                .schedule(Schedule::cosine(10).warm_up(3, 0.1).per_step())
                .clip(Clip::norm(0.5)?);
            let (count, result) = allocations(|| trainer.fit(&mut line, data, Some(data)));
            result.map(|_| count)
        };
        // The last batch is short; the history has room for four epochs from its first.
        assert_eq!(run(20, 1)?, run(2003, 4)?, "{order:?}");
    }
    Ok(())
}

#[test]
fn labels_and_masks_are_no_reason_to_allocate_more() -> Result<(), Error> {
    let network = Linear::new(0.1);
    for order in [Order::Shuffled, Order::AsGiven] {
        let run = |rows: usize, epochs: usize| {
            let (x, _) = examples(rows, 1);
            let labels: Vec<u8> = (0..rows).map(|row| u8::from(row % 3 == 0)).collect();
            let mask: Vec<_> = (0..rows).map(|row| if row % 5 == 0 { 0.0 } else { 2.0 }).collect();
            let data = Data::labels(x.view(), &labels)?.with_weights(&mask)?;
            let mut line = Line::zeros();
            let adam = Adam::new(0.01)?;
            let mut trainer = Trainer::new(&network, adam).batch_size(8).epochs(epochs).order(order);
            let (count, result) = allocations(|| trainer.fit(&mut line, data, None));
            result.map(|_| count)
        };
        assert_eq!(run(20, 1)?, run(2003, 4)?, "{order:?}");
    }
    Ok(())
}

#[test]
fn evaluation_allocates_once() -> Result<(), Error> {
    let network = Linear::new(0.1);
    let (x, y) = examples(1000, 1);
    let (checked, data) = allocations(|| Data::new(x.view(), y.view()));
    assert_eq!(checked, 0);
    let (data, line) = (data?, Line::zeros());
    let mut evaluator = Evaluator::new(1);
    evaluator.cost(&network, &line, data)?;
    let (count, result) = allocations(|| {
        evaluator.cost(&network, &line, data)?;
        evaluator.metric(&network, &line, metrics::accuracy, data)?;
        check_finite("x", x.view())
    });
    result?;
    assert_eq!(count, 0);
    Ok(())
}
