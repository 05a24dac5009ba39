//! Every method of the traits that derives implement, called on what is derived: those that allocate give
//! what those that fill give, and defaults are what they say.

#![allow(non_snake_case, reason = "matrices have capital letters, as in the textbook")]

use crate::checks::{close, matrix, vector};
use gradsmith::check::CheckOptions;
use gradsmith::{Cost, CostValue, Error, Init, Network, Objective, Parameters, Residual, Variable};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use std::path::Path;
use std::{fs, io};

#[derive(Cost)]
#[cost(quadratic + l2(lambda) + l1(mu, b) + 3)]
struct Penalised {
    lambda: f64,
    mu: f64,
}

#[test]
fn of_costs() -> Result<(), Error> {
    let cost = Penalised { lambda: 0.5, mu: 0.25 };
    let (a, y, w, b) = (matrix(4, 3, 1), matrix(4, 3, 2), matrix(3, 2, 3), vector(3, 4));
    let value = cost.value(a.view(), y.view(), &[w.view()], &[b.view()])?;
    let data = (&a - &y).mapv(|d| d * d).sum() / 8.0;
    let (weights, biases) = (0.25 * w.mapv(|w| w * w).sum(), 0.25 * b.mapv(f64::abs).sum());
    close([&cost.data(a.view(), y.view())?, &value.data], [&data, &(data + 3.0)], 1e-14);
    close(
        [&cost.weight_penalty(w.view())?, &cost.bias_penalty(b.view())?, &value.penalty, &value.total()],
        [&weights, &biases, &(weights + biases), &(data + 3.0 + weights + biases)],
        1e-14,
    );
    assert_eq!(cost.constant(), 3.0);
    assert_eq!(cost.penalty(&[w.view()], &[b.view()])?, value.penalty);

    let same = [0.5; 4];
    close([&cost.data_weighted(a.view(), y.view(), &same)?], [&data], 1e-14);
    assert_eq!(
        cost.value_weighted(a.view(), y.view(), &same, &[w.view()], &[b.view()])?.penalty,
        value.penalty
    );
    let weighted = cost.d_activation_weighted(a.view(), y.view(), &same)?;
    let mut d_a = Array2::from_elem(a.dim(), f64::NAN);
    cost.d_activation_weighted_into(a.view(), y.view(), &same, d_a.view_mut())?;
    assert_eq!(d_a, weighted);
    close(&weighted, &cost.d_activation(a.view(), y.view())?, 1e-14);

    let mut d_a = Array2::from_elem(a.dim(), f64::NAN);
    cost.d_activation_into(a.view(), y.view(), d_a.view_mut())?;
    assert_eq!(d_a, cost.d_activation(a.view(), y.view())?);
    close(&d_a, &((&a - &y) / 4.0), 1e-15);
    let mut d_w = Array2::from_elem(w.dim(), f64::NAN);
    cost.d_weight_into(w.view(), d_w.view_mut())?;
    assert_eq!(d_w, cost.d_weight(w.view())?);
    close(&d_w, &(0.5 * &w), 1e-15);
    let mut d_b = Array1::from_elem(b.dim(), f64::NAN);
    cost.d_bias_into(b.view(), d_b.view_mut())?;
    assert_eq!(d_b, cost.d_bias(b.view())?);
    close(&d_b, &b.mapv(|b| 0.25 * b.signum()), 1e-15);
    Ok(())
}

#[derive(Network)]
#[network(3 -> 4 tanh -> 2 sigmoid)]
#[cost(cross_entropy + l2(0.1))]
struct Net;

#[test]
fn of_parameters() -> Result<(), Error> {
    type P = NetParameters;
    let mut zeros = P::zeros();
    assert!(zeros.len() == 26 && !Parameters::is_empty(&zeros));
    assert!(zeros.as_slice().iter().all(|x| *x == 0.0));
    let entries = vector(26, 5).to_vec();
    zeros.as_mut_slice().copy_from_slice(&entries);
    let same = P::from_slice(&entries)?;
    assert_eq!(same.as_slice(), zeros.as_slice());
    assert!(P::from_slice(&entries[1..]).is_err());
    same.check_finite()?;
    zeros.as_mut_slice()[13] = f64::NAN;
    let place = P::locate(13).map(|(tensor, at)| (tensor.name, at));
    assert_eq!(place, Some(("b1", vec![1])));
    assert!(P::locate(26).is_none());
    let error = zeros.check_finite().expect_err("one is no number").to_string();
    assert!(error.contains("b1"), "{error}");
    Ok(())
}

#[test]
fn of_networks() -> Result<(), Error> {
    let (x, y) = (matrix(5, 3, 6), matrix(5, 2, 7).mapv(|y| (y + 1.0) / 2.0));
    let parameters = Net::init(Init::Glorot, 8);
    let mut workspace = Net.workspace(5);
    let mut a = Array2::from_elem((5, 2), f64::NAN);
    Net.predict_into(&parameters, x.view(), &mut workspace, a.view_mut())?;
    assert_eq!(a, Net.predict(&parameters, x.view())?);

    let mut gradient = <Net as Network>::Parameters::zeros();
    let both = Net.value_and_gradient(&parameters, x.view(), y.view(), &mut workspace, &mut gradient)?;
    let value: CostValue<f64> = Net.value(&parameters, x.view(), y.view(), &mut workspace)?;
    close([&both.data, &both.penalty], [&value.data, &value.penalty], 1e-14);
    let same = [0.5; 5];
    let weighted = Net.value_weighted(&parameters, x.view(), y.view(), &same, &mut workspace)?;
    close([&weighted.data, &weighted.penalty], [&value.data, &value.penalty], 1e-14);
    let mut of_weighted = <Net as Network>::Parameters::zeros();
    let weighted = Net.value_and_gradient_weighted(
        &parameters,
        x.view(),
        y.view(),
        &same,
        &mut workspace,
        &mut of_weighted,
    )?;
    close([&weighted.data, &weighted.penalty], [&value.data, &value.penalty], 1e-14);
    close(of_weighted.as_slice(), gradient.as_slice(), 1e-14);
    let mut stepped = <Net as Network>::Parameters::from_slice(parameters.as_slice())?;
    let before = Net.sgd_step(&mut stepped, x.view(), y.view(), &mut workspace, 0.5)?;
    close([&before.total()], [&both.total()], 1e-14);
    let by_hand: Vec<f64> =
        parameters.as_slice().iter().zip(gradient.as_slice()).map(|(p, g)| p - 0.5 * g).collect();
    close(stepped.as_slice(), &by_hand, 1e-14);
    Ok(())
}

#[derive(gradsmith::Objective)]
#[residual("tanh(A*w) - y", wrt(w: vector))]
struct Curve<'a> {
    A: ArrayView2<'a, f64>,
    y: ArrayView1<'a, f64>,
}

#[test]
fn of_objectives_and_residuals() -> Result<(), Error> {
    let (a, y, w, v) = (matrix(6, 3, 9), vector(6, 10), vector(3, 11).to_vec(), vector(3, 12).to_vec());
    let mut problem = Curve { A: a.view(), y: y.view() }.prepare()?;
    problem.reserve();
    assert!(problem.len() == 3 && !Objective::is_empty(&problem) && problem.residuals() == 6);
    assert_eq!(problem.variables().iter().map(|w| (w.name, w.len())).collect::<Vec<_>>(), [("w", 3)]);

    let r = problem.residual(&w)?;
    let mut filled = vec![f64::NAN; 6];
    problem.residual_into(&w, &mut filled)?;
    assert_eq!(r.to_vec(), filled);
    let value = problem.value(&w)?;
    close([&value], [&(r.dot(&r) / 2.0)], 1e-14);

    let jacobian = problem.jacobian(&w)?;
    let mut square = Array2::from_elem((6, 3), f64::NAN);
    problem.jacobian_into(&w, square.view_mut())?;
    assert_eq!(jacobian, square);
    let gradient = problem.gradient(&w)?;
    close(&gradient, &jacobian.t().dot(&r), 1e-14);
    let mut filled = vec![f64::NAN; 3];
    problem.gradient_into(&w, &mut filled)?;
    assert_eq!(gradient.to_vec(), filled);
    let (both, beside) = problem.value_and_gradient(&w)?;
    filled.fill(f64::NAN);
    assert_eq!(problem.value_and_gradient_into(&w, &mut filled)?, both);
    assert_eq!(beside.to_vec(), filled);
    close([&both], [&value], 1e-14);
    close(&beside, &gradient, 1e-14);

    let product = problem.gauss_newton_product(&w, &v)?;
    close(&product, &jacobian.t().dot(&jacobian.dot(&Array1::from(v.clone()))), 1e-14);
    filled.fill(f64::NAN);
    problem.gauss_newton_product_into(&w, &v, &mut filled)?;
    assert_eq!(product.to_vec(), filled);
    let hessian = problem.hessian(&w)?;
    let mut square = Array2::from_elem((3, 3), f64::NAN);
    problem.hessian_into(&w, square.view_mut())?;
    assert_eq!(hessian, square);
    let product = problem.hessian_vector_product(&w, &v)?;
    close(&product, &hessian.dot(&Array1::from(v.clone())), 1e-13);
    filled.fill(f64::NAN);
    problem.hessian_vector_product_into(&w, &v, &mut filled)?;
    assert_eq!(product.to_vec(), filled);
    let report = problem.check_gradient(&w, CheckOptions::default())?;
    assert!(report.passed(), "{report}");
    assert_eq!(problem.variables(), [Variable::new("w", 0, &[3])]);
    assert!(problem.limits()?.is_none() && !problem.has_constraints());

    // Where nothing is known to be 0, patterns have all entries: of a Hessian those on and below the diagonal.
    let (pattern, mut values) = (problem.hessian_pattern(), vec![f64::NAN; 6]);
    problem.hessian_values_into(&w, &mut values)?;
    assert_eq!(problem.hessian_values(&w)?.to_vec(), values);
    let entries: Vec<f64> = pattern.iter().map(|at| hessian[at]).collect();
    assert_eq!(entries, values);
    let (pattern, mut values) = (problem.jacobian_pattern(), vec![f64::NAN; 18]);
    problem.jacobian_values_into(&w, &mut values)?;
    assert_eq!(problem.jacobian_values(&w)?.to_vec(), values);
    let entries: Vec<f64> = pattern.iter().map(|at| jacobian[at]).collect();
    assert_eq!(entries, values);
    Ok(())
}

/// The traits that derives implement.
const TRAITS: [&str; 6] = ["Constrained", "Cost", "Network", "Objective", "Parameters", "Residual"];

fn traits(folder: &Path, found: &mut Vec<syn::ItemTrait>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            traits(&path, found)?;
        } else if path.extension().is_some_and(|e| e == "rs") {
            let file = syn::parse_file(&fs::read_to_string(&path)?).expect("the runtime is Rust");
            found.extend(file.items.into_iter().filter_map(|item| match item {
                syn::Item::Trait(item) if TRAITS.iter().any(|name| item.ident == name) => Some(item),
                _ => None,
            }));
        }
    }
    Ok(())
}

/// A method added to one of the traits is called above, or beside the searches that want it.
#[test]
fn none_is_left_out() -> io::Result<()> {
    let mut found = Vec::new();
    traits(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src"), &mut found)?;
    assert_eq!(found.len(), TRAITS.len(), "the runtime has each trait once");
    let here = concat!(include_str!("methods.rs"), include_str!("../fit/constrained.rs"));
    for method in found.iter().flat_map(|t| &t.items) {
        let syn::TraitItem::Fn(method) = method else { continue };
        let name = &method.sig.ident;
        let calls = [format!(".{name}("), format!("::{name}(")];
        assert!(calls.iter().any(|call| here.contains(call)), "no test calls {name}");
    }
    Ok(())
}
