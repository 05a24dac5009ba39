//! Hyper-parameters that are vectors, with an entry for each output: weights of classes, of positives, of outputs.

use crate::checks::{close, matrix};
use gradsmith::check::check_gradient;
use gradsmith::{Cost, Error, Init, Network, Scalar};
use ndarray::{Array1, Array2, ArrayView1, array};

/// Probabilities, and targets of 0 and 1.
fn outputs(m: usize, k: usize) -> (Array2<f64>, Array2<f64>) {
    let a = matrix(m, k, 1).mapv(|x| 0.5 + 0.4 * x);
    (a, matrix(m, k, 2).mapv(|x| f64::from(u8::from(x > 0.0))))
}

#[derive(Cost)]
#[define("positives(p) = -sum(p .* y .* log(a) + (1 - y) .* log(1 - a))")]
#[cost(share * positives(p))]
struct Positives<'a, T> {
    p: ArrayView1<'a, T>,
    share: T,
}

/// The mean over examples of an entry-by-entry loss, and its derivative by `a`.
fn by_hand(
    (a, y): (&Array2<f64>, &Array2<f64>),
    loss: impl Fn(usize, f64, f64) -> f64,
    slope: impl Fn(usize, f64, f64) -> f64,
) -> (f64, Array2<f64>) {
    let m = a.nrows() as f64;
    let value = a.indexed_iter().map(|((i, j), &a)| loss(j, a, y[[i, j]])).sum::<f64>() / m;
    (value, Array2::from_shape_fn(a.dim(), |(i, j)| slope(j, a[[i, j]], y[[i, j]]) / m))
}

#[test]
fn positives_weigh_what_the_field_says() -> Result<(), Error> {
    for k in [1, 2, 3, 5, 16] {
        let (a, y) = outputs(11, k);
        let p = Array1::from_shape_fn(k, |j| 1.0 + j as f64);
        let cost = Positives { p: p.view(), share: 2.0 };
        let (value, slopes) = by_hand(
            (&a, &y),
            |j, a, y| -2.0 * (p[j] * y * a.ln() + (1.0 - y) * (1.0 - a).ln()),
            |j, a, y| -2.0 * (p[j] * y / a - (1.0 - y) / (1.0 - a)),
        );
        close([&cost.data(a.view(), y.view())?], [&value], 1e-13);
        close(&cost.d_activation(a.view(), y.view())?, &slopes, 1e-13);
        let (gradient, hessian) = cost.gradient_and_hessian_diagonal(a.view(), y.view())?;
        close(&gradient, &(11.0 * slopes), 1e-12);
        let second = by_hand(
            (&a, &y),
            |_, _, _| 0.0,
            |j, a, y| 22.0 * (p[j] * y / (a * a) + (1.0 - y) / ((1.0 - a) * (1.0 - a))),
        );
        close(&hessian, &second.1, 1e-12);
    }
    Ok(())
}

#[derive(Cost)]
#[cost("sum(c .* exp(a - y)) + sqrt(sum(c .* (a - y).^2)) + norm2(c) + sum(sqrt(c)) * mae + l2(0.5)")]
struct Mixed {
    c: [f64; 3],
}

/// Functions of entries and of sums beside each other, what is made of the vector alone, and terms without it.
#[test]
fn vectors_stand_wherever_a_formula_has_one() -> Result<(), Error> {
    let c = [0.5, 2.0, 1.0];
    let cost = Mixed { c };
    let (a, y) = outputs(37, 3);
    let one = |a: ArrayView1<'_, f64>, y: ArrayView1<'_, f64>| {
        let sum = |f: fn(f64, f64) -> f64| (0..3).map(|j| f(c[j], a[j] - y[j])).sum::<f64>();
        let roots = sum(|c, _| c.sqrt());
        sum(|c, r| c * r.exp())
            + sum(|c, r| c * r * r).sqrt()
            + sum(|c, _| c * c).sqrt()
            + roots * sum(|_, r| r.abs()) / 3.0
    };
    let value =
        |a: &Array2<f64>| a.rows().into_iter().zip(y.rows()).map(|(a, y)| one(a, y)).sum::<f64>() / 37.0;
    close([&cost.data(a.view(), y.view())?], [&value(&a)], 1e-13);
    let slopes = cost.d_activation(a.view(), y.view())?;
    let flat: Vec<f64> = a.iter().copied().collect();
    let of = |x: &[f64]| Array2::from_shape_vec((37, 3), x.to_vec()).map_or(f64::NAN, |a| value(&a));
    let report = check_gradient(of, slopes.as_slice().unwrap_or_default(), &flat, Default::default())?;
    assert!(report.passed(), "{report}");
    close([&cost.weight_penalty(array![[2.0]].view())?], [&1.0], 1e-15);
    Ok(())
}

#[test]
fn a_vector_of_another_length_is_named() {
    let (a, y) = outputs(2, 2);
    let error = Mixed { c: [1.0; 3] }.data(a.view(), y.view()).map_err(|e| e.to_string());
    assert_eq!(error, Err("`c` has 3 rows (axis 0), expected 2".to_owned()));
}

#[derive(Network)]
#[network(4 -> 5 tanh -> 3 softmax)]
#[define("by_class(c) = -sum(c .* y .* log(a))")]
#[cost(by_class(c) + l2(lambda))]
struct Classes<T> {
    c: Vec<T>,
    lambda: T,
}

/// What the weights of a class do is what weights of its examples do, but for the mean's divisor.
fn class_weights<T: Scalar>(of: fn(f64) -> T, tolerance: f64) -> Result<(), Error> {
    let c = [0.5, 2.0, 1.0].map(of);
    let x = matrix(9, 4, 3).mapv(of);
    let y = Array2::from_shape_fn((9, 3), |(i, j)| of(f64::from(u8::from(i * i % 3 == j))));
    let (weighted, plain) =
        (Classes { c: c.to_vec(), lambda: of(0.0) }, Classes { c: vec![of(1.0); 3], lambda: of(0.0) });
    let examples: Vec<T> = (0..9).map(|i| c[i * i % 3]).collect();
    let total: f64 = examples.iter().map(|w| w.to_f64()).sum();
    let parameters = Classes::<T>::init(Init::FanIn, 3);
    let mut workspace = plain.workspace(9);
    let (mut g, mut h) = (ClassesParameters::zeros(), ClassesParameters::zeros());
    let by_class = weighted.value_and_gradient(&parameters, x.view(), y.view(), &mut workspace, &mut g)?;
    let by_example = plain.value_and_gradient_weighted(
        &parameters,
        x.view(),
        y.view(),
        &examples,
        &mut workspace,
        &mut h,
    )?;
    let f64s = |p: &ClassesParameters<T>, scale: f64| -> Vec<f64> {
        p.as_slice().iter().map(|x| x.to_f64() * scale).collect()
    };
    close([&by_class.data.to_f64()], [&(by_example.data.to_f64() * total / 9.0)], tolerance);
    close(&f64s(&g, 1.0), &f64s(&h, total / 9.0), tolerance);
    // One step, and the products, read them too.
    let mut moved = parameters.clone();
    weighted.sgd_step(&mut moved, x.view(), y.view(), &mut workspace, 0.5)?;
    let by_hand: Vec<f64> = f64s(&parameters, 1.0).iter().zip(f64s(&g, 0.5)).map(|(p, g)| p - g).collect();
    close(&f64s(&moved, 1.0), &by_hand, tolerance);
    let mut product = ClassesParameters::zeros();
    weighted.hessian_vector_product(&parameters, x.view(), y.view(), &mut workspace, &g, &mut product)?;
    let short = Classes { c: vec![of(1.0); 2], lambda: of(0.0) };
    let error = short.value(&parameters, x.view(), y.view(), &mut workspace).map_err(|e| e.to_string());
    assert_eq!(error.err(), Some("`c` has 2 rows (axis 0), expected 3".to_owned()));
    Ok(())
}

#[test]
fn classes_have_weights() -> Result<(), Error> {
    class_weights(|x| x, 1e-14)?;
    class_weights(|x| x as f32, 1e-5)
}
