//! What the user's crate computes is right: gradients against central differences, in every precision.
#![allow(
    unused_results,
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::shadow_reuse,
    clippy::shadow_unrelated,
    clippy::wildcard_imports,
    clippy::many_single_char_names,
    clippy::suboptimal_flops,
    clippy::cast_precision_loss,
    clippy::missing_docs_in_private_items,
    reason = "tests"
)]

use gradsmith_user::*;
use gs::check::{CheckOptions, check_gradient, check_network};
use gs::{Cost, Init, Network, Scalar};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

fn matrix<T: Scalar>(rows: usize, cols: usize, low: f64, high: f64) -> Array2<T> {
    let mut numbers = gradsmith_test_support::numbers::numbers(rows * cols, 12_345);
    // From [-1, 1) to [low, high).
    let number = || T::from_f64(low + (high - low) * f64::midpoint(numbers.next().unwrap(), 1.0));
    Array2::from_shape_simple_fn((rows, cols), number)
}

/// Every derivative of a cost against the values it is one of.
fn check_cost<C: Cost>(cost: &C) {
    let a: Array2<C::Scalar> = matrix(5, 3, 0.15, 0.85);
    let y: Array2<C::Scalar> = matrix(5, 3, 0.2, 0.7);
    let w: Array2<C::Scalar> = matrix(4, 3, -0.9, 0.8);
    let b: Array1<C::Scalar> = matrix(1, 7, -0.9, 0.8).remove_axis(ndarray::Axis(0));
    let options = CheckOptions::default();
    let view = |x: &'_ [C::Scalar], like: &Array2<C::Scalar>| {
        Array2::from_shape_vec(like.dim(), x.to_vec()).unwrap()
    };

    let d = cost.d_activation(a.view(), y.view()).unwrap();
    let f = |x: &[C::Scalar]| cost.data(view(x, &a).view(), y.view()).unwrap();
    let report = check_gradient(f, d.as_slice().unwrap(), a.as_slice().unwrap(), options).unwrap();
    assert!(report.passed(), "d_activation: {report}");

    let d = cost.d_weight(w.view()).unwrap();
    let f = |x: &[C::Scalar]| cost.weight_penalty(view(x, &w).view()).unwrap();
    let report = check_gradient(f, d.as_slice().unwrap(), w.as_slice().unwrap(), options).unwrap();
    assert!(report.passed(), "d_weight: {report}");

    let d = cost.d_bias(b.view()).unwrap();
    let f = |x: &[C::Scalar]| cost.bias_penalty(ArrayView1::from(x)).unwrap();
    let report = check_gradient(f, d.as_slice().unwrap(), b.as_slice().unwrap(), options).unwrap();
    assert!(report.passed(), "d_bias: {report}");
}

fn check<N: Network>(network: &N) {
    let (x, y) = (matrix(6, N::INPUTS, -1.0, 1.0), matrix(6, N::OUTPUTS, 0.1, 0.9));
    let parameters = N::init(Init::FanIn, 7);
    let report = check_network(network, &parameters, x.view(), y.view(), CheckOptions::default()).unwrap();
    assert!(report.passed(), "{report}");
}

/// Hyper-parameters 1, 2, 3, ... for the fields in their order.
const fn awkward() -> Awkward {
    Awkward {
        m: 0.01,
        m_: 0.02,
        k: 0.03,
        rows: 0.04,
        cols: 0.05,
        units: 0.06,
        out: 0.07,
        data: 0.08,
        math: 0.09,
        xs: 0.10,
        total: 0.11,
        rest: 0.12,
        gradient: 0.13,
        λ: 0.14,
        r#type: 0.15,
        r#fn: 0.16,
        one_over_m: 0.17,
        s1: 0.18,
        t1: 0.19,
        v1: 0.20,
        a_row: 0.21,
        y_value: 0.22,
        sum_s1: 0.23,
        count_k: 0.24,
        step_1_s1: 0.25,
        i: 0.26,
        j: 0.27,
        l: 0.28,
        start: 0.29,
        lane: 0.30,
        width: 0.31,
        value: 0.32,
        penalty: 0.33,
        cost: 0.34,
        d_activation: 0.35,
        w_row: 0.36,
        d_w: 0.37,
        type_: 0.38,
        n: 0.39,
        constant: 0.40,
        zs: 0.41,
        chunk: 0.42,
        a_row_chunks: 0.43,
        a_row_rest: 0.44,
        w_row_chunks: 0.45,
    }
}

#[test]
fn costs_agree_with_differences() {
    check_cost(&Unit);
    check_cost(&Single { lambda: 0.3, n: 7.0 });
    check_cost(&Generic::<f64, str, 2> { delta: 0.2, lambda: 0.3, note: "", counts: [0; 2] });
    check_cost(&Generic::<f32, str, 0> { delta: 0.2, lambda: 0.3, note: "", counts: [] });
    check_cost(&Both { lambda: 0.3 });
    check_cost(&awkward());
}

#[test]
fn awkward_names_keep_their_values() {
    let cost = awkward();
    // Σ n · n/100 for n = 1..=45, but `m_` is 2 · 0.02 and the first is 1 · 0.01.
    let awkward = (1..=45).map(|n| f64::from(n * n) / 100.0).sum::<f64>();
    let (a, y, w) = (matrix(5, 3, 0.1, 0.9), matrix(5, 3, 0.2, 0.7), matrix(4, 3, -1.0, 1.0));
    let quadratic: f64 = (&a - &y).mapv(|d: f64| d * d).sum() / 2.0 / 5.0;
    let data = awkward * quadratic + awkward * a.mapv(f64::tanh).sum() / 5.0 + awkward;
    let penalty = awkward / 2.0 * w.mapv(|w: f64| w * w).sum() + awkward * w.mapv(f64::exp).sum();
    let value = cost.value(a.view(), y.view(), &[w.view()], &[]).unwrap();
    assert!((value.data - data).abs() < 1e-12 * data, "{value} {data}");
    assert!((value.penalty - penalty).abs() < 1e-12 * penalty, "{value} {penalty}");
}

#[test]
fn networks_agree_with_differences() {
    check(&Both { lambda: 0.3 });
    check(&Precision { lambda: 0.3_f64, n: 7.0 });
    check(&Precision { lambda: 0.3_f32, n: 7.0 });
    check(&SinglePrecision { unused: 0.0 });
    check(&AwkwardTensors { rest: 0.3, y_row: 0.01 });
    check(&AwkwardNetwork {
        m: 1.1,
        k: 0.2,
        parameters: 1.3,
        workspace: 0.1,
        data: 0.5,
        y_row: 0.6,
        rest: 0.7,
        x2: 0.8,
        v1: 0.9,
        delta2: 0.1,
        d_a1: 0.2,
        grad_w1: 0.3,
        z1: 0.4,
        a1: 0.5,
        s1: 0.6,
        t1: 0.7,
        count_m: 0.8,
        numbers: 0.9,
        buffer: 1.0,
        capacity: 1.1,
    });
}

#[test]
fn two_inputs_agree_with_differences() {
    let (x, u, y) = (matrix(6, 3, -1.0, 1.0), matrix(6, 2, -1.0, 1.0), matrix(6, 2, 0.1, 0.9));
    let p = TwoInputs::init(Init::FanIn, 3);
    let (mut workspace, mut gradient) = (TwoInputs.workspace(6), TwoInputsParameters::zeros());
    let views: (ArrayView2<'_, f64>, ArrayView2<'_, f64>) = (x.view(), u.view());
    TwoInputs.value_and_gradient(&p, views.0, views.1, y.view(), &mut workspace, &mut gradient).unwrap();
    let f = |entries: &[f64]| {
        let mut p = TwoInputsParameters::zeros();
        p.as_mut_slice().copy_from_slice(entries);
        TwoInputs.value(&p, x.view(), u.view(), y.view(), &mut TwoInputs.workspace(6)).unwrap().total()
    };
    let report = check_gradient(f, gradient.as_slice(), p.as_slice(), CheckOptions::default()).unwrap();
    assert!(report.passed(), "{report}");
}

#[test]
fn derives_inside_functions_agree_with_those_outside() {
    assert!(inside_a_function(&matrix(2, 2, 0.1, 0.9)).is_some());
}

#[test]
fn derivations_say_what_is_derived() {
    assert!(Single::DERIVATION.contains("cross_entropy"));
    assert!(<Both as Cost>::DERIVATION.contains("∂C/∂a"));
    assert!(Both::DERIVATION.contains("delta1"));
    assert!(Ridge::DERIVATION.contains('X'));
}
