//! The seeded inputs of every workload: splitmix64, one stream an array.

use gradsmith::Scalar;
use ndarray::{Array1, Array2};

/// The weight of the penalty, where a workload has one.
pub const LAMBDA: f64 = 1e-3;
/// The learning rate of a step.
pub const RATE: f64 = 1e-3;

const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;
const STREAM: u64 = 0xD134_2543_DE82_EF95;

/// The numbers of array `id`, each in [0, 2⁵³).
fn words(id: u64) -> impl Iterator<Item = u64> {
    let mut state = id.wrapping_mul(STREAM);
    std::iter::repeat_with(move || {
        state = state.wrapping_add(GAMMA);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) >> 11
    })
}

/// Uniform in [0, 1).
fn units(id: u64) -> impl Iterator<Item = f64> {
    words(id).map(|w| w as f64 / (1_u64 << 53) as f64)
}

/// `n` numbers of array `id`, uniform in [0, 1).
#[must_use]
pub fn unit<T: Scalar>(id: u64, n: usize) -> Vec<T> {
    units(id).take(n).map(T::from_f64).collect()
}

/// `n` numbers of array `id`, uniform in [−scale, scale).
#[must_use]
pub fn symmetric<T: Scalar>(id: u64, n: usize, scale: f64) -> Vec<T> {
    units(id).take(n).map(|u| T::from_f64(scale * (2.0 * u - 1.0))).collect()
}

/// `n` classes below `k`.
#[must_use]
pub fn classes(id: u64, n: usize, k: u64) -> Vec<usize> {
    words(id).take(n).map(|w| (w % k) as usize).collect()
}

/// A matrix of these entries, row by row.
///
/// # Panics
/// If there are not rows·cols of them.
#[must_use]
pub fn matrix<T>(entries: Vec<T>, rows: usize, cols: usize) -> Array2<T> {
    Array2::from_shape_vec((rows, cols), entries).expect("as many entries as the shape says")
}

/// A batch, and weights and biases to start from: weights are inputs × units, as the workloads define them.
#[derive(Clone, Debug)]
pub struct Perceptron<T> {
    /// A row an example.
    pub x: Array2<T>,
    /// A row an example: numbers, or a one of the class.
    pub y: Array2<T>,
    /// inputs × units, a layer each.
    pub weights: Vec<Array2<T>>,
    /// A number a unit, a layer each.
    pub biases: Vec<Array1<T>>,
}

impl<T: Scalar> Perceptron<T> {
    /// The network of workload 1 to 4 or 7.
    ///
    /// # Panics
    /// For another number.
    #[must_use]
    pub fn of(workload: u64, batch: usize) -> Self {
        let sizes: &[usize] = match workload {
            1 => &[6, 64, 8, 4],
            2 => &[784, 100, 10],
            3 => &[784, 512, 512, 10],
            4 => &[1024, 2048, 2048, 1024],
            7 => &[10, 10, 10, 10],
            _ => panic!("workload {workload} has no network"),
        };
        let id = 100 * workload;
        let (inputs, outputs) = (sizes[0], sizes[sizes.len() - 1]);
        let x = match workload {
            2 | 3 => unit(id, batch * inputs),
            _ => symmetric(id, batch * inputs, 1.0),
        };
        let y = match workload {
            1 | 4 => symmetric(id + 1, batch * outputs, 1.0),
            _ => {
                let classes = classes(id + 1, batch, outputs as u64);
                let one = |i: usize| T::from_f64(f64::from(u8::from(classes[i / outputs] == i % outputs)));
                (0..batch * outputs).map(one).collect()
            }
        };
        let layers = (10..).step_by(2).zip(sizes.windows(2));
        let weights = layers.clone().map(|(at, size)| {
            let scale = (3.0 / size[0] as f64).sqrt();
            matrix(symmetric(id + at, size[0] * size[1], scale), size[0], size[1])
        });
        let biases = layers.clone().map(|(at, size)| Array1::from(symmetric(id + at + 1, size[1], 0.1)));
        Self {
            x: matrix(x, batch, inputs),
            y: matrix(y, batch, outputs),
            weights: weights.collect(),
            biases: biases.collect(),
        }
    }

    /// Weights and biases as gradsmith's parameters lie: layer after layer, weights units × inputs.
    #[must_use]
    pub fn parameters(&self) -> Vec<T> {
        let layers = self.weights.iter().zip(&self.biases);
        layers.flat_map(|(w, b)| w.t().iter().chain(b).copied().collect::<Vec<_>>()).collect()
    }
}

/// Logistic regression on 10,000 examples of 200 numbers.
#[derive(Clone, Debug)]
pub struct Regression<T> {
    /// A row an example.
    pub x: Array2<T>,
    /// −1 or 1.
    pub y: Array1<T>,
    /// The weights to evaluate at.
    pub w: Vec<T>,
    /// What the Hessian is multiplied by.
    pub v: Vec<T>,
}

impl<T: Scalar> Regression<T> {
    /// The data of workload 5.
    #[must_use]
    pub fn new() -> Self {
        let (n, d) = (10_000, 200);
        let sign = |class: usize| T::from_f64(2.0 * class as f64 - 1.0);
        Self {
            x: matrix(symmetric(500, n * d, 1.0), n, d),
            y: classes(501, n, 2).into_iter().map(sign).collect(),
            w: symmetric(502, d, 0.2),
            v: symmetric(503, d, 1.0),
        }
    }
}

impl<T: Scalar> Default for Regression<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// An n × n matrix of which some entries are known, to be approximated by U Vᵀ.
#[derive(Clone, Debug)]
pub struct Factorisation<T> {
    /// n × k, to evaluate at.
    pub u: Vec<T>,
    /// n × k.
    pub v: Array2<T>,
    /// n × n.
    pub t: Array2<T>,
    /// n × n: 1 where the entry is known, else 0.
    pub m: Array2<T>,
}

impl<T: Scalar> Factorisation<T> {
    /// The data of workload 6.
    #[must_use]
    pub fn new(n: usize, k: usize) -> Self {
        let known = classes(603, n * n, 2).into_iter().map(|class| T::from_f64(class as f64));
        Self {
            u: symmetric(600, n * k, 1.0),
            v: matrix(symmetric(601, n * k, 1.0), n, k),
            t: matrix(symmetric(602, n * n, 1.0), n, n),
            m: matrix(known.collect(), n, n),
        }
    }
}

/// Points in 8 dimensions with a value each, for a Gaussian process.
#[derive(Clone, Debug)]
pub struct Points {
    /// A row a point.
    pub x: Array2<f64>,
    /// A number a point.
    pub y: Array1<f64>,
}

impl Points {
    /// Logarithms of the length scale, the signal's variance and the noise's, to evaluate at.
    pub const AT: [f64; 3] = [0.5, 0.2, -2.0];

    /// The data of workload 11, which has 500, or the first `n` of them.
    #[must_use]
    pub fn new(n: usize) -> Self {
        let d = 8;
        Self { x: matrix(symmetric(1100, n * d, 1.0), n, d), y: symmetric(1101, n, 1.0).into() }
    }
}

/// What 10,000 users say of 5,000 items: `r[k]` is what user `p[k]` says of item `q[k]`.
#[derive(Clone, Debug)]
pub struct Ratings<T> {
    /// A number a rating.
    pub r: Array1<T>,
    /// Who rates.
    pub p: Array1<u32>,
    /// What is rated.
    pub q: Array1<u32>,
    /// users × factors, then items × factors, row by row, to evaluate at.
    pub factors: Vec<T>,
}

/// How many users rate.
pub const USERS: usize = 10_000;
/// How many items they rate.
pub const ITEMS: usize = 5_000;
/// Numbers that each user and each item has.
pub const FACTORS: usize = 16;

impl<T: Scalar> Ratings<T> {
    /// The data of workload 12, which has a million, or the first `n` of them.
    #[must_use]
    pub fn new(n: usize) -> Self {
        let named = |id, count: usize| classes(id, n, count as u64).into_iter().map(|i| i as u32).collect();
        let mut factors = symmetric(1203, USERS * FACTORS, 0.5);
        factors.extend(symmetric::<T>(1204, ITEMS * FACTORS, 0.5));
        Self { r: symmetric(1202, n, 1.0).into(), p: named(1200, USERS), q: named(1201, ITEMS), factors }
    }
}
