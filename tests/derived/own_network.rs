//! A hand-written network gains or loses L2 by its cost's attribute, and nothing else knows: the program of
//! `examples/own_network.rs`, taken at its word.

use gradsmith::{Cost, Rng};
use ndarray::{Array1, Array2};

#[path = "../../examples/own_network.rs"]
#[allow(dead_code, reason = "its `main` is not called")]
mod example;

use example::{Layer, Network, Quadratic, QuadraticL2, descend};

const LAMBDA: f64 = 0.37;

/// Two structs that differ by their attribute and by nothing else: field, name and use are the same text.
macro_rules! loss {
    ($module:ident, $cost:meta) => {
        mod $module {
            #[derive(gradsmith::Cost)]
            #[$cost]
            pub(super) struct Loss {
                #[allow(dead_code, reason = "not every cost here has a penalty")]
                pub(super) lambda: f64,
            }
        }
    };
}

loss!(plain, cost(cross_entropy));
loss!(penalised, cost(cross_entropy + l2(lambda)));

fn uniform(rows: usize, columns: usize, seed: u64) -> Array2<f64> {
    let mut rng = Rng::new(seed);
    Array2::from_shape_simple_fn((rows, columns), || 0.1 + 0.8 * rng.uniform())
}

fn bits(array: &Array2<f64>) -> Vec<u64> {
    array.iter().map(|entry| entry.to_bits()).collect()
}

/// The same network twice, and the gradients of the two costs.
fn gradients<A: Cost<Scalar = f64>, B: Cost<Scalar = f64>>(plain: A, l2: B) -> [Vec<Layer>; 3] {
    let (x, y) = (uniform(7, 3, 1), uniform(7, 2, 2));
    let (plain, l2) = (Network::new(&[3, 5, 4, 2], plain, 3), Network::new(&[3, 5, 4, 2], l2, 3));
    let gradient = |result: Result<_, gradsmith::Error>| result.expect("shapes match");
    [gradient(plain.backprop(&x, &y)), gradient(l2.backprop(&x, &y)), plain.layers]
}

fn assert_differ_by_lambda_w([plain, l2, layers]: [Vec<Layer>; 3]) {
    for ((plain, l2), layer) in plain.iter().zip(&l2).zip(&layers) {
        assert_eq!(plain.b, l2.b, "biases are not penalised");
        for ((plain, l2), w) in plain.w.iter().zip(&l2.w).zip(&layer.w) {
            let rounding = 4.0 * f64::EPSILON * (plain.abs() + (LAMBDA * w).abs());
            assert!((l2 - plain - LAMBDA * w).abs() <= rounding, "{l2} - {plain} is not {LAMBDA} * {w}");
        }
    }
}

#[test]
fn the_gradients_differ_by_lambda_w() {
    assert_differ_by_lambda_w(gradients(Quadratic, QuadraticL2 { lambda: LAMBDA }));
    assert_differ_by_lambda_w(gradients(plain::Loss { lambda: LAMBDA }, penalised::Loss { lambda: LAMBDA }));
}

#[test]
fn d_activation_is_the_same_bit_for_bit() -> Result<(), gradsmith::Error> {
    let (a, y) = (uniform(7, 5, 1), uniform(7, 5, 2));
    let plain_d_a = Quadratic.d_activation(a.view(), y.view())?;
    let d_a = QuadraticL2 { lambda: LAMBDA }.d_activation(a.view(), y.view())?;
    assert_eq!(bits(&plain_d_a), bits(&d_a));
    let plain_d_a = plain::Loss { lambda: LAMBDA }.d_activation(a.view(), y.view())?;
    let d_a = penalised::Loss { lambda: LAMBDA }.d_activation(a.view(), y.view())?;
    assert_eq!(bits(&plain_d_a), bits(&d_a));
    Ok(())
}

#[test]
fn the_direct_partials_are_zero_and_lambda_w() -> Result<(), gradsmith::Error> {
    let (w, b) = (uniform(4, 3, 5), Array1::from_elem(4, 0.5));
    let l2 = QuadraticL2 { lambda: LAMBDA };
    assert_eq!(Quadratic.d_weight(w.view())?, Array2::<f64>::zeros((4, 3)));
    assert_eq!(l2.d_weight(w.view())?, LAMBDA * &w);
    assert_eq!(Quadratic.d_bias(b.view())?, Array1::<f64>::zeros(4));
    assert_eq!(l2.d_bias(b.view())?, Array1::<f64>::zeros(4));
    Ok(())
}

/// The optimiser's type says it: a rate, numbers, a gradient. No cost, no λ, nothing generic that could
/// smuggle one in; and a step of training is that function of what backpropagation returns.
#[test]
fn the_optimiser_never_sees_lambda() -> Result<(), gradsmith::Error> {
    let optimiser: fn(f64, &mut [f64], &[f64]) = descend;
    let (x, y) = (uniform(7, 3, 1), uniform(7, 2, 2));
    let mut network = Network::new(&[3, 5, 2], QuadraticL2 { lambda: LAMBDA }, 3);
    let mut expected = network.layers.clone();
    for (by, layer) in network.backprop(&x, &y)?.iter().zip(&mut expected) {
        optimiser(2.0, layer.w.as_slice_mut().unwrap(), by.w.as_slice().unwrap());
        optimiser(2.0, layer.b.as_slice_mut().unwrap(), by.b.as_slice().unwrap());
    }
    network.train(&x, &y, 1)?;
    for (layer, expected) in network.layers.iter().zip(&expected) {
        assert_eq!((&layer.w, &layer.b), (&expected.w, &expected.b));
    }
    Ok(())
}

#[test]
fn the_derivations_say_why() {
    assert!(QuadraticL2::DERIVATION.contains("does not mention a"), "{}", QuadraticL2::DERIVATION);
    assert!(QuadraticL2::DERIVATION.contains("lambda * w"), "{}", QuadraticL2::DERIVATION);
    assert!(!Quadratic::DERIVATION.contains("lambda"), "{}", Quadratic::DERIVATION);
}

/// The whole gradient is right, too: central differences of C by every weight.
#[test]
fn backprop_agrees_with_differences() -> Result<(), gradsmith::Error> {
    let (x, y) = (uniform(7, 3, 1), uniform(7, 2, 2));
    let mut network = Network::new(&[3, 5, 2], QuadraticL2 { lambda: LAMBDA }, 3);
    let gradient = network.backprop(&x, &y)?;
    let value = |network: &Network<QuadraticL2>| {
        let weights: Vec<_> = network.layers.iter().map(|layer| layer.w.view()).collect();
        network.cost.value(network.feedforward(&x)[2].view(), y.view(), &weights, &[]).map(|c| c.total())
    };
    for (l, by) in gradient.iter().enumerate() {
        for (place, slope) in by.w.indexed_iter() {
            let w = network.layers[l].w[place];
            let mut at = |w| {
                network.layers[l].w[place] = w;
                value(&network)
            };
            let difference = (at(w + 1e-5)? - at(w - 1e-5)?) / 2e-5;
            at(w)?;
            assert!((difference - slope).abs() < 1e-8, "w{} at {place:?}: {difference}, {slope}", l + 1);
        }
    }
    Ok(())
}
