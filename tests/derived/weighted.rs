//! Examples of different weight, masks and labels: in costs, networks and training.

use crate::checks::{close, matrix, vector};
use gradsmith::metrics::accuracy;
use gradsmith::optim::Sgd;
use gradsmith::train::{Data, Evaluator, Label, Order, Trainer};
use gradsmith::{Cost, Error, Init, Network, Parameters};
use ndarray::{Array2, Axis, array, concatenate, s};

#[derive(Cost)]
#[cost(cross_entropy + rmse + l2(0.5) + 3)]
#[gradsmith(scalar = f64)]
struct Loss;

/// Probabilities, and targets of 0 and 1.
fn outputs(m: usize, k: usize) -> (Array2<f64>, Array2<f64>) {
    let a = matrix(m, k, 1).mapv(|x| 0.5 + 0.4 * x);
    (a, matrix(m, k, 2).mapv(|x| f64::from(u8::from(x > 0.0))))
}

#[test]
fn a_weighted_cost_is_the_mean_over_what_examples_weigh() -> Result<(), Error> {
    let (mut a, mut y) = outputs(6, 3);
    let weights = [2.0, 2.0, 0.0, 0.5, 0.0, 3.0];
    let mut value = 0.0;
    let mut slopes = Array2::zeros((6, 3));
    for (i, w) in weights.iter().enumerate() {
        let row = s![i..=i, ..];
        value += w * Loss.data(a.slice(row), y.slice(row))? / 7.5;
        slopes.slice_mut(row).assign(&(w / 7.5 * Loss.d_activation(a.slice(row), y.slice(row))?));
    }
    // What is masked may be anything.
    y.row_mut(2).fill(f64::NAN);
    a.row_mut(4).fill(f64::INFINITY);
    close([&Loss.data_weighted(a.view(), y.view(), &weights)?], [&value], 1e-14);
    close(&Loss.d_activation_weighted(a.view(), y.view(), &weights)?, &slopes, 1e-14);
    let (w, b) = (matrix(3, 2, 3), vector(3, 4));
    let cost = Loss.value_weighted(a.view(), y.view(), &weights, &[w.view()], &[b.view()])?;
    close([&cost.data, &cost.penalty], [&(value + 3.0), &(0.25 * w.mapv(|w| w * w).sum())], 1e-14);
    assert_eq!(cost.penalty, Loss.penalty(&[w.view()], &[b.view()])?);
    Ok(())
}

#[test]
fn the_unit_of_weights_does_not_matter_and_a_weight_of_2_counts_twice() -> Result<(), Error> {
    let (a, y) = outputs(5, 2);
    for unit in [1.0, 0.25, 1e-6] {
        let same = [unit; 5];
        close([&Loss.data_weighted(a.view(), y.view(), &same)?], [&Loss.data(a.view(), y.view())?], 1e-15);
        close(
            &Loss.d_activation_weighted(a.view(), y.view(), &same)?,
            &Loss.d_activation(a.view(), y.view())?,
            1e-15,
        );
    }
    let twice = |x: &Array2<f64>| concatenate(Axis(0), &[x.view(), x.slice(s![1..3, ..])]).expect("rows");
    let counted = Loss.data(twice(&a).view(), twice(&y).view())?;
    let weighted = Loss.data_weighted(a.view(), y.view(), &[1.0, 2.0, 2.0, 1.0, 1.0])?;
    close([&weighted], [&counted], 1e-14);
    Ok(())
}

#[test]
fn weights_that_are_none_are_refused() {
    let (a, y) = outputs(2, 2);
    let error = |weights: &[f64]| Loss.data_weighted(a.view(), y.view(), weights).map_err(|e| e.to_string());
    assert_eq!(error(&[1.0]), Err("`weights` has 1 row (axis 0), expected 2".to_owned()));
    assert!(error(&[1.0, -0.5]).is_err_and(|e| e.contains("example 1 is -0.5")));
    assert!(error(&[0.0, 0.0]).is_err_and(|e| e.contains("weight 0")));
}

#[derive(Network)]
#[network(3 -> 5 tanh -> 4 softmax)]
#[cost(categorical_cross_entropy + l2(lambda))]
struct Net {
    lambda: f64,
}

fn classes<L: Label + TryFrom<usize>>(m: usize) -> Vec<L> {
    (0..m).filter_map(|i| L::try_from(i * i % 4).ok()).collect()
}

fn one_hot(labels: &[u8], k: usize) -> Array2<f64> {
    Array2::from_shape_fn((labels.len(), k), |(i, j)| f64::from(u8::from(usize::from(labels[i]) == j)))
}

/// The same, with code of its own for weights: terms of all kinds.
#[derive(Network)]
#[network(3 -> 5 tanh -> 4 softmax)]
#[cost(categorical_cross_entropy + activity_l2(0.3) + rmse + l2(lambda) + 2 + 0.1*sum(z.^2))]
#[gradsmith(weighted)]
struct OnePass {
    lambda: f64,
}

/// Weighted cost and gradient against those of each example.
fn is_the_mean<N: Network<Scalar = f64>>(net: &N) -> Result<(), Error> {
    let (mut x, mut y) = (matrix(6, 3, 5), one_hot(&classes::<u8>(6), 4));
    let weights = [2.0, 2.0, 0.0, 0.5, 0.0, 3.0];
    let parameters = N::init(Init::FanIn, 3);
    let mut workspace = net.workspace(6);
    let (mut gradient, mut sum) = (N::Parameters::zeros(), vec![0.0; parameters.as_slice().len()]);
    let (mut data, mut penalty) = (0.0, 0.0);
    for (i, w) in weights.iter().enumerate() {
        let row = s![i..=i, ..];
        let cost =
            net.value_and_gradient(&parameters, x.slice(row), y.slice(row), &mut workspace, &mut gradient)?;
        data += w / 7.5 * cost.data;
        penalty = cost.penalty;
        sum.iter_mut().zip(gradient.as_slice()).for_each(|(s, g)| *s += w / 7.5 * g);
    }
    y.row_mut(2).fill(f64::NAN);
    x.row_mut(4).fill(f64::NAN);
    let value = net.value_weighted(&parameters, x.view(), y.view(), &weights, &mut workspace)?;
    close([&value.data, &value.penalty], [&data, &penalty], 1e-14);
    let cost = net.value_and_gradient_weighted(
        &parameters,
        x.view(),
        y.view(),
        &weights,
        &mut workspace,
        &mut gradient,
    )?;
    close([&cost.data, &cost.penalty], [&data, &penalty], 1e-14);
    close(gradient.as_slice(), &sum, 1e-14);
    Ok(())
}

#[test]
fn a_weighted_network_is_the_mean_over_what_examples_weigh() -> Result<(), Error> {
    is_the_mean(&Net { lambda: 0.1 })?;
    is_the_mean(&OnePass { lambda: 0.1 })
}

#[test]
fn one_pass_with_equal_weights_is_that_without() -> Result<(), Error> {
    let net = OnePass { lambda: 0.0 };
    let (x, y) = (matrix(6, 3, 5), one_hot(&classes::<u8>(6), 4));
    let parameters = OnePass::init(Init::FanIn, 3);
    let (mut workspace, mut gradient) = (net.workspace(6), OnePassParameters::zeros());
    // Weights that are all the same give what none give.
    let plain = net.value_and_gradient(&parameters, x.view(), y.view(), &mut workspace, &mut gradient)?;
    let by_none = gradient.clone();
    let same = [0.3; 6];
    let cost = net.value_and_gradient_weighted(
        &parameters,
        x.view(),
        y.view(),
        &same,
        &mut workspace,
        &mut gradient,
    )?;
    close([&cost.data, &cost.penalty], [&plain.data, &plain.penalty], 1e-14);
    close(gradient.as_slice(), by_none.as_slice(), 1e-14);
    // More rows than the workspace has room for are refused as ever.
    let mut small = net.workspace(2);
    assert!(net.value_weighted(&parameters, x.view(), y.view(), &same, &mut small).is_err());
    Ok(())
}

/// Parameters and costs of the epochs after training on `data`.
fn trained(data: Data<'_, f64>, order: Order) -> Result<(NetParameters, Vec<f64>), Error> {
    let net = Net { lambda: 0.01 };
    let mut parameters = Net::init(Init::FanIn, 3);
    let history = Trainer::new(&net, Sgd::new(0.3)?)
        .batch_size(7)
        .epochs(4)
        .seed(5)
        .order(order)
        .metric(accuracy)
        .quiet()
        .fit(&mut parameters, data, Some(data))?;
    let costs = history.epochs.iter().flat_map(|e| [e.train.total(), e.metric.unwrap_or(f64::NAN)]);
    Ok((parameters, costs.collect()))
}

#[test]
fn labels_train_as_their_tables_do() -> Result<(), Error> {
    let x = matrix(40, 3, 7);
    let y = one_hot(&classes::<u8>(40), 4);
    for order in [Order::Shuffled, Order::AsGiven] {
        let table = trained(Data::new(x.view(), y.view())?, order)?;
        assert_eq!(trained(Data::labels(x.view(), &classes::<u8>(40))?, order)?, table);
        assert_eq!(trained(Data::labels(x.view(), &classes::<usize>(40))?, order)?, table);
        assert_eq!(trained(Data::labels(x.view(), &classes::<i32>(40))?, order)?, table);
    }
    Ok(())
}

#[test]
fn labels_without_an_output_are_named() -> Result<(), Error> {
    let x = matrix(5, 3, 7);
    let refused = |data| trained(data, Order::Shuffled).err().map(|e| e.to_string());
    let message = "`labels` is 4 at [3], but the axis that it names has 4 entries";
    assert_eq!(refused(Data::labels(x.view(), &[0_u8, 1, 3, 4, 9])?), Some(message.to_owned()));
    let message = "`labels` is -1 at [1], but it names entries, which count from 0";
    assert_eq!(refused(Data::labels(x.view(), &[0_i64, -1, 3, 4, 9])?), Some(message.to_owned()));
    assert!(Data::labels(x.view(), &[0_u8, 1]).is_err());
    // What does not count is not looked at.
    let data = Data::labels(x.view(), &[0_u8, 1, 3, 255, 2])?.with_weights(&[1.0, 1.0, 1.0, 0.0, 1.0])?;
    assert_eq!(refused(data), None);
    Ok(())
}

#[test]
fn rows_of_weight_0_are_not_there_and_weights_of_1_are_none() -> Result<(), Error> {
    let (mut x, mut y) = (matrix(30, 3, 8), one_hot(&classes::<u8>(30), 4));
    let kept = s![..20, ..];
    let (ones, mut mask) = (vec![1.0; 30], vec![1.0; 30]);
    mask[20..].fill(0.0);
    for order in [Order::Shuffled, Order::AsGiven] {
        let plain = trained(Data::new(x.view(), y.view())?, order)?;
        assert_eq!(trained(Data::weighted(x.view(), y.view(), &ones)?, order)?, plain);
    }
    let plain = trained(Data::new(x.slice(kept), y.slice(kept))?, Order::Shuffled)?;
    x.slice_mut(s![20.., ..]).fill(f64::NAN);
    y.slice_mut(s![20.., ..]).fill(f64::NAN);
    assert_eq!(trained(Data::weighted(x.view(), y.view(), &mask)?, Order::Shuffled)?, plain);
    Ok(())
}

#[test]
fn data_sets_are_measured_by_weight() -> Result<(), Error> {
    let (x, labels) = (matrix(600, 3, 9), classes::<u16>(600));
    let weights: Vec<f64> = (0..600).map(|i| f64::from(i % 3)).collect();
    let net = Net { lambda: 0.1 };
    let parameters = Net::init(Init::FanIn, 4);
    let mut evaluator = Evaluator::new(10);
    let data = Data::labels(x.view(), &labels)?;
    let (mut cost, mut right) = (0.0, 0.0);
    for (i, w) in weights.iter().enumerate() {
        let one = Data::labels(x.slice(s![i..=i, ..]), &labels[i..=i])?;
        cost += w / 600.0 * evaluator.cost(&net, &parameters, one)?.data;
        right += w / 600.0 * evaluator.metric(&net, &parameters, accuracy, one)?;
    }
    let weighted = data.with_weights(&weights)?;
    close([&evaluator.cost(&net, &parameters, weighted)?.data], [&cost], 1e-12);
    close([&evaluator.metric(&net, &parameters, accuracy, weighted)?], [&right], 1e-12);
    assert!(data.y().is_none() && data.weights().is_none() && weighted.weights().is_some());
    Ok(())
}

#[derive(Network)]
#[network(2 -> 1 sigmoid)]
#[cost(cross_entropy)]
struct Binary;

#[test]
fn one_output_takes_the_label_itself() -> Result<(), Error> {
    let x = array![[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let y = array![[0.0], [1.0], [1.0]];
    let parameters = Binary::init(Init::FanIn, 1);
    let mut evaluator = Evaluator::new(3);
    let by_labels = evaluator.cost(&Binary, &parameters, Data::labels(x.view(), &[0_u8, 1, 1])?)?;
    assert_eq!(by_labels, evaluator.cost(&Binary, &parameters, Data::new(x.view(), y.view())?)?);
    assert!(evaluator.cost(&Binary, &parameters, Data::labels(x.view(), &[0_u8, 1, 2])?).is_err());
    Ok(())
}
