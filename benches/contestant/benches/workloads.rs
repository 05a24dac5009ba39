//! gradsmith beside hand-written `ndarray`: `cargo bench -p peers`.

use divan::{Bencher, black_box};
use gradsmith::{Network, Objective};
use ndarray::{Array1, Array2};
use peers::hand::{Net, logistic, masked};
use peers::indices::{Chain, Process, Rated};
use peers::inputs::{Factorisation, ITEMS, Points, Ratings, Regression, USERS, matrix, symmetric};
use peers::loops::{Likelihood, chain, rated};
use peers::networks::{Tiny, Training, deeper, digits};
use peers::objectives::{Logistic, Masked};

fn main() {
    divan::main();
}

fn derived<N: Network>(bencher: Bencher<'_, '_>, network: N, workload: u64, batch: usize) {
    let mut training = Training::new(network, workload, batch).expect("the network of the workload");
    bencher.bench_local(|| training.step());
}

fn by_hand<T: peers::hand::Number>(bencher: Bencher<'_, '_>, workload: u64, batch: usize) {
    let mut net = Net::<T>::new(workload, batch);
    bencher.bench_local(|| net.step());
}

/// 6-64-8-4, ReLU, squared distance; value and gradient.
#[divan::bench_group]
mod w1 {
    use super::*;

    #[divan::bench(args = [1, 32])]
    fn gradsmith(bencher: Bencher<'_, '_>, batch: usize) {
        let mut training = Training::new(Tiny, 1, batch).expect("the network of the workload");
        bencher.bench_local(|| training.gradient());
    }

    #[divan::bench(args = [1, 32])]
    fn ndarray(bencher: Bencher<'_, '_>, batch: usize) {
        let mut net = Net::<f32>::new(1, batch);
        bencher.bench_local(|| black_box(&mut net).gradient());
    }
}

/// 784-100-10, sigmoid, cross-entropy, penalty; value, gradient, step.
#[divan::bench_group]
mod w2 {
    use super::*;

    #[divan::bench(args = [10, 100])]
    fn gradsmith_f32(bencher: Bencher<'_, '_>, batch: usize) {
        derived(bencher, digits::<f32>(), 2, batch);
    }

    #[divan::bench(args = [10, 100])]
    fn ndarray_f32(bencher: Bencher<'_, '_>, batch: usize) {
        by_hand::<f32>(bencher, 2, batch);
    }

    #[divan::bench(args = [10, 100])]
    fn gradsmith_f64(bencher: Bencher<'_, '_>, batch: usize) {
        derived(bencher, digits::<f64>(), 2, batch);
    }

    #[divan::bench(args = [10, 100])]
    fn ndarray_f64(bencher: Bencher<'_, '_>, batch: usize) {
        by_hand::<f64>(bencher, 2, batch);
    }
}

/// 784-512-512-10, ReLU, softmax, penalty, batch 128; value, gradient, step.
#[divan::bench_group]
mod w3 {
    use super::*;

    #[divan::bench]
    fn gradsmith(bencher: Bencher<'_, '_>) {
        derived(bencher, deeper(), 3, 128);
    }

    #[divan::bench]
    fn ndarray(bencher: Bencher<'_, '_>) {
        by_hand::<f32>(bencher, 3, 128);
    }
}

/// Logistic regression, 10,000 × 200; value and gradient.
#[divan::bench_group]
mod w5a {
    use super::*;

    #[divan::bench]
    fn gradsmith(bencher: Bencher<'_, '_>) {
        let data = Regression::<f64>::new();
        let mut problem = Logistic::new(&data).prepare().expect("shapes that fit");
        let mut gradient = vec![0.0; data.w.len()];
        bencher.bench_local(|| problem.value_and_gradient_into(black_box(&data.w), &mut gradient));
    }

    #[divan::bench]
    fn ndarray(bencher: Bencher<'_, '_>) {
        let data = Regression::<f64>::new();
        let (w, mut gradient) = (Array1::from(data.w.clone()), Array1::zeros(200));
        bencher.bench_local(|| logistic(black_box(&data), &w, &mut gradient));
    }
}

/// Masked factorisation, n = 500, k = 10; value and gradient.
#[divan::bench_group]
mod w6a {
    use super::*;

    #[divan::bench]
    fn gradsmith(bencher: Bencher<'_, '_>) {
        let data = Factorisation::<f64>::new(500, 10);
        let mut problem = Masked::new(&data).prepare().expect("shapes that fit");
        let mut gradient = vec![0.0; data.u.len()];
        bencher.bench_local(|| problem.value_and_gradient_into(black_box(&data.u), &mut gradient));
    }

    #[divan::bench]
    fn ndarray(bencher: Bencher<'_, '_>) {
        let data = Factorisation::<f64>::new(500, 10);
        let u = matrix(data.u.clone(), 500, 10);
        let (mut residual, mut gradient) = (Array2::zeros((500, 500)), Array2::zeros((500, 10)));
        bencher.bench_local(|| masked(black_box(&data), &u, &mut residual, &mut gradient));
    }
}

/// Rosenbrock's function of a million variables; value and gradient.
#[divan::bench_group]
mod w10 {
    use super::*;

    const N: usize = 1_000_000;

    #[divan::bench(types = [f32, f64])]
    fn gradsmith<T: gradsmith::Scalar>(bencher: Bencher<'_, '_>) {
        let mut problem = Chain::<T>::default().prepare(N).expect("two variables and more");
        let (x, mut gradient) = (symmetric(1000, N, 1.5), vec![T::ZERO; N]);
        bencher.bench_local(|| problem.value_and_gradient_into(black_box(&x), &mut gradient));
    }

    #[divan::bench(types = [f32, f64])]
    fn loops<T: peers::hand::Number>(bencher: Bencher<'_, '_>) {
        let (x, mut gradient) = (symmetric(1000, N, 1.5), vec![T::ZERO; N]);
        bencher.bench_local(|| chain(black_box(&x), &mut gradient));
    }
}

/// Gaussian process, 500 points; value and gradient.
#[divan::bench_group]
mod w11 {
    use super::*;

    #[divan::bench]
    fn gradsmith(bencher: Bencher<'_, '_>) {
        let data = Points::new(500);
        let mut problem = Process::new(&data).prepare().expect("shapes that fit");
        let mut gradient = [0.0; 3];
        bencher.bench_local(|| problem.value_and_gradient_into(black_box(&Points::AT), &mut gradient));
    }

    #[divan::bench]
    fn ndarray(bencher: Bencher<'_, '_>) {
        let data = Points::new(500);
        let mut likelihood = Likelihood::new(&data);
        bencher.bench_local(|| likelihood.gradient(black_box(Points::AT)));
    }
}

/// A million ratings, 16 factors; value and gradient.
#[divan::bench_group]
mod w12 {
    use super::*;

    #[divan::bench(types = [f32, f64])]
    fn gradsmith<T: gradsmith::Scalar>(bencher: Bencher<'_, '_>) {
        let data = Ratings::<T>::new(1_000_000);
        let mut problem = Rated::new(&data).prepare(USERS, ITEMS).expect("users and items that are there");
        let mut gradient = vec![T::ZERO; data.factors.len()];
        bencher.bench_local(|| problem.value_and_gradient_into(black_box(&data.factors), &mut gradient));
    }

    #[divan::bench(types = [f32, f64])]
    fn loops<T: peers::hand::Number>(bencher: Bencher<'_, '_>) {
        let data = Ratings::<T>::new(1_000_000);
        let mut gradient = vec![T::ZERO; data.factors.len()];
        bencher.bench_local(|| rated(black_box(&data), &mut gradient));
    }
}
