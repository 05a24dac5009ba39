//! Nothing is allocated per call: networks once their workspace is there, objectives once they are prepared,
//! costs whose derivatives are written to the caller's arrays. Counted by the allocator itself.

use gradsmith::{Cost, Error, Init, Network, Objective, Parameters, Scalar};
use gradsmith_test_support::counting::allocations;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut2, s};

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![1_u8; 100]))).0, 1);
}

// ---- networks

#[derive(Network)]
#[network(784 -> 100 sigmoid -> 10 sigmoid)]
#[cost(cross_entropy + l2(lambda / n))]
struct Digits {
    lambda: f32,
    n: f32,
}

#[derive(Network)]
#[network(13 -> 40 relu -> 33 gelu -> 3 softmax)]
#[cost(categorical_cross_entropy + l1(0.01) + elastic_net(0.1, 0.5) + l2(0.1, b))]
struct Wine;

#[derive(Network)]
#[network("h = tanh(W*x + b); g = h + tanh(W*h + c); a = softmax(V*g)", x: 20, W: 20 x 20, b: 20, c: 20, V: 4 x 20)]
#[cost(categorical_cross_entropy + activity_l2(0.1) + group_lasso(0.1) + orthogonal(0.1))]
struct Shared;

#[derive(Network)]
#[network(1 -> 1 linear)]
#[cost(mse)]
struct Line;

/// Small enough to be one function.
#[derive(Network)]
#[network(6 -> 64 relu -> 8 relu -> 4 linear)]
#[cost(quadratic)]
#[gradsmith(scalar = f32)]
struct Tiny;

#[derive(Network)]
#[network(60 -> 48 tanh -> 40 relu -> 10 softmax)]
#[cost(categorical_cross_entropy + l2(lambda))]
struct Deeper {
    lambda: f32,
}

/// A product with a direction, as a struct has it.
macro_rules! product {
    ($method:ident) => {
        |n, p, (x, y), workspace, v, out| n.$method(p, x, y, workspace, v, out)
    };
}

/// Parameters, inputs and targets, workspace, direction, result.
type Product<N> = fn(
    &N,
    &<N as Network>::Parameters,
    (ArrayView2<'_, <N as Network>::Scalar>, ArrayView2<'_, <N as Network>::Scalar>),
    &mut <N as Network>::Workspace,
    &<N as Network>::Parameters,
    &mut <N as Network>::Parameters,
) -> Result<(), Error>;

/// Runs a network on a full batch, then on a short one: no call allocates, and the short one gives what it
/// gives in a workspace of its own size.
fn run<N: Network>(name: &str, network: &N, products: [Product<N>; 2]) -> Result<(), Error>
where
    N::Parameters: Parameters<Scalar = N::Scalar>,
{
    let number = |k: usize| N::Scalar::from_f64((k * 7 % 11) as f64 / 11.0 - 0.3);
    let m = 32;
    let x = Array2::from_shape_fn((m, N::INPUTS), |(i, j)| number(i * 31 + j));
    let y = Array2::from_shape_fn((m, N::OUTPUTS), |(i, j)| {
        if i % N::OUTPUTS == j { N::Scalar::ONE } else { N::Scalar::ZERO }
    });
    let parameters = N::init(Init::Glorot, 1);
    let mut gradient = N::Parameters::zeros();
    let mut workspace = network.workspace(m);
    let mut out = Array2::from_elem((m, N::OUTPUTS), N::Scalar::ZERO);
    network.value_and_gradient(&parameters, x.view(), y.view(), &mut workspace, &mut gradient)?;
    for rows in [m, 7, 1, m] {
        let (x, y) = (x.slice(s![..rows, ..]), y.slice(s![..rows, ..]));
        let mut out = out.slice_mut(s![..rows, ..]);
        let (count, result) =
            allocations(|| network.value_and_gradient(&parameters, x, y, &mut workspace, &mut gradient));
        let cost = result?;
        assert_eq!(count, 0, "{name}: value_and_gradient of {rows} rows");
        let mut moved = N::Parameters::from_slice(parameters.as_slice())?;
        let (count, result) = allocations(|| network.sgd_step(&mut moved, x, y, &mut workspace, 0.1));
        assert_eq!(result?, cost, "{name}: the cost before a step");
        assert_eq!(count, 0, "{name}: sgd_step of {rows} rows");
        let (count, result) = allocations(|| network.value(&parameters, x, y, &mut workspace));
        assert_eq!(count, 0, "{name}: value of {rows} rows");
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-5 * a.abs().max(1.0);
        let value = result?;
        assert!(
            near(cost.to_f64().total(), value.to_f64().total()),
            "{name}: {cost:?}, {value:?} of {rows} rows"
        );
        let (count, result) =
            allocations(|| network.predict_into(&parameters, x, &mut workspace, out.view_mut()));
        result?;
        assert_eq!(count, 0, "{name}: predict_into of {rows} rows");
        let mut other = N::Parameters::zeros();
        network.value_and_gradient(&parameters, x, y, &mut network.workspace(rows), &mut other)?;
        assert!(other.as_slice() == gradient.as_slice(), "{name}: the gradient of {rows} rows");
        assert!(network.predict(&parameters, x)? == out, "{name}: the outputs of {rows} rows");
        for (k, product) in products.into_iter().enumerate() {
            let (v, (mut there, mut alone)) =
                (N::init(Init::Glorot, 2), (N::Parameters::zeros(), N::Parameters::zeros()));
            let (count, result) =
                allocations(|| product(network, &parameters, (x, y), &mut workspace, &v, &mut there));
            result?;
            assert_eq!(count, 0, "{name}: product {k} of {rows} rows");
            product(network, &parameters, (x, y), &mut network.workspace(rows), &v, &mut alone)?;
            assert!(there.as_slice() == alone.as_slice(), "{name}: product {k} of {rows} rows");
        }
    }
    Ok(())
}

#[test]
fn networks_allocate_nothing_and_a_short_last_batch_works() -> Result<(), Error> {
    let digits = Digits { lambda: 0.1, n: 50_000.0 };
    run("Digits", &digits, [product!(hessian_vector_product), product!(gauss_newton_product)])?;
    run("Wine", &Wine, [product!(hessian_vector_product), product!(gauss_newton_product)])?;
    run("Shared", &Shared, [product!(hessian_vector_product), product!(gauss_newton_product)])?;
    run("Tiny", &Tiny, [product!(hessian_vector_product), product!(gauss_newton_product)])?;
    let deeper = Deeper { lambda: 0.1 };
    run("Deeper", &deeper, [product!(hessian_vector_product), product!(gauss_newton_product)])?;
    run("Line", &Line, [product!(hessian_vector_product), product!(gauss_newton_product)])
}

#[test]
fn a_batch_beyond_the_workspace_is_an_error() {
    let x = Array2::from_elem((4, 1), 1.0);
    let result = Line.value(&Line::init(Init::He, 1), x.view(), x.view(), &mut Line.workspace(3));
    assert!(matches!(result, Err(Error::WorkspaceTooSmall { .. })), "{result:?}");
}

// ---- objectives

#[derive(Objective)]
#[objective("mean(log(1 + exp(-y .* (X*w)))) + lambda/2 * norm2(w)^2", wrt(w: vector))]
#[allow(non_snake_case, reason = "as in the formula")]
struct Regression<'a> {
    X: ArrayView2<'a, f64>,
    y: ArrayView1<'a, f64>,
    lambda: f64,
}

#[derive(Objective)]
#[objective("norm2(M .* (U*V' - T))^2", wrt(U: matrix))]
#[allow(non_snake_case, reason = "as in the formula")]
struct Masked<'a> {
    M: ArrayView2<'a, f64>,
    V: ArrayView2<'a, f64>,
    T: ArrayView2<'a, f64>,
}

#[derive(Objective)]
#[objective(
    "A = tanh(X*W + vector(1)*b1'); Z = A*W2; mean(log(rowsum(exp(Z))) - rowsum(Y .* Z))",
    wrt(W: matrix)
)]
#[allow(non_snake_case, reason = "as in the formula")]
struct FirstLayer<'a> {
    X: ArrayView2<'a, f64>,
    Y: ArrayView2<'a, f64>,
    W2: ArrayView2<'a, f64>,
    b1: ArrayView1<'a, f64>,
}

#[derive(Objective)]
#[objective("a = sin(x*y); exp(0.1*(x - y)) + log(1 + a^2)*cos(x*y) + sqrt(1 + x^2)", wrt(x: scalar, y: scalar))]
struct Messy;

/// Each method that writes to the caller's memory, called twice: the second time it allocates nothing.
fn no_allocation<P: Objective<Scalar = f64>>(name: &str, problem: &mut P) -> Result<(), Error> {
    let n = problem.len();
    let x: Vec<f64> = (0..n).map(|k| (k * 7 % 11) as f64 / 11.0 - 0.3).collect();
    let (mut g, mut hv, mut h) = (x.clone(), x.clone(), Array2::zeros((n, n)));
    for second in [false, true] {
        let counts = [
            ("value", allocations(|| problem.value(&x).map(drop))),
            ("gradient", allocations(|| problem.gradient_into(&x, &mut g))),
            ("both", allocations(|| problem.value_and_gradient_into(&x, &mut g).map(drop))),
            ("product", allocations(|| problem.hessian_vector_product_into(&x, &g, &mut hv))),
            ("Hessian", allocations(|| problem.hessian_into(&x, h.view_mut()))),
        ];
        for (method, (count, result)) in counts {
            result?;
            assert!(!second || count == 0, "{name}: {method} allocates {count} times");
        }
    }
    Ok(())
}

#[test]
fn objectives_allocate_nothing() -> Result<(), Error> {
    let matrix = |rows: usize, cols: usize| {
        Array2::from_shape_fn((rows, cols), |(i, j)| ((i * 31 + j * 7) % 17) as f64 / 17.0 - 0.5)
    };
    let vector = |n: usize| Array1::from_shape_fn(n, |i| if i % 3 == 0 { 1.0 } else { -1.0 });
    // Enough rows for several blocks.
    let (x, y) = (matrix(3000, 20), vector(3000));
    no_allocation("Regression", &mut Regression { X: x.view(), y: y.view(), lambda: 0.1 }.prepare()?)?;
    let (m, v, t) = (matrix(30, 30), matrix(30, 4), matrix(30, 30));
    no_allocation("Masked", &mut Masked { M: m.view(), V: v.view(), T: t.view() }.prepare()?)?;
    let (x, y, w2, b1) = (matrix(20, 5), matrix(20, 4), matrix(6, 4), vector(6));
    let layer = FirstLayer { X: x.view(), Y: y.view(), W2: w2.view(), b1: b1.view() };
    no_allocation("FirstLayer", &mut layer.prepare()?)?;
    no_allocation("Messy", &mut Messy.prepare()?)
}

// ---- costs

/// `gradient_and_hessian_diagonal_into`, as a struct has it.
type SecondOrder<C> = fn(
    &C,
    (ArrayView2<'_, f64>, ArrayView2<'_, f64>),
    (ArrayViewMut2<'_, f64>, ArrayViewMut2<'_, f64>),
) -> Result<(), Error>;

/// The allocations of each method that writes to the caller's array, and of the values.
fn counts<C: Cost<Scalar = f64>>(
    cost: &C,
    second_order: SecondOrder<C>,
) -> Result<[(&'static str, usize); 7], Error> {
    let (m, k) = (5, 40);
    let a = Array2::from_shape_fn((m, k), |(i, j)| 0.05 + 0.9 * ((i * 7 + j * 3) % 17) as f64 / 17.0);
    let y = Array2::from_shape_fn((m, k), |(i, j)| 0.05 + 0.9 * ((i * 5 + j * 2) % 13) as f64 / 13.0);
    let w = Array2::from_shape_fn((6, 35), |(i, j)| ((i * 3 + j * 5) % 19) as f64 / 19.0 - 0.5);
    let b = Array1::from_shape_fn(6, |i| i as f64 / 6.0 - 0.4);
    let (mut da, mut dw, mut db, mut ha) = (a.clone(), w.clone(), b.clone(), a.clone());
    let mut all = [("", 0); 7];
    // Once to warm up, once to count.
    for _ in 0..2 {
        let data = allocations(|| cost.data(a.view(), y.view()));
        let d_activation = allocations(|| cost.d_activation_into(a.view(), y.view(), da.view_mut()));
        let weight = allocations(|| cost.weight_penalty(w.view()));
        let d_weight = allocations(|| cost.d_weight_into(w.view(), dw.view_mut()));
        let bias = allocations(|| cost.bias_penalty(b.view()));
        let d_bias = allocations(|| cost.d_bias_into(b.view(), db.view_mut()));
        let outputs = (da.view_mut(), ha.view_mut());
        let second = allocations(|| second_order(cost, (a.view(), y.view()), outputs));
        all = [
            ("data", data.0),
            ("d_activation_into", d_activation.0),
            ("weight_penalty", weight.0),
            ("d_weight_into", d_weight.0),
            ("bias_penalty", bias.0),
            ("d_bias_into", d_bias.0),
            ("gradient_and_hessian_diagonal_into", second.0),
        ];
        for value in [data.1, weight.1, bias.1] {
            value?;
        }
        for written in [d_activation.1, d_weight.1, d_bias.1, second.1] {
            written?;
        }
    }
    Ok(all)
}

/// A struct for each entry, and the list of all: entry, what allocates.
macro_rules! costs {
    ($($entry:ident ( $($cost:tt)* ) $name:ident;)*) => {
        $(
            #[derive(Cost)]
            #[cost($($cost)*)]
            struct $name;
        )*
        fn all() -> Result<Vec<(&'static str, Vec<&'static str>)>, Error> {
            let some = |counts: [(&'static str, usize); 7]| {
                counts.into_iter().filter(|(_, n)| *n > 0).map(|(what, _)| what).collect::<Vec<_>>()
            };
            Ok(vec![$((stringify!($entry), some(counts(&$name, |cost, (a, y), (g, h)| {
                cost.gradient_and_hessian_diagonal_into(a, y, g, h)
            })?))),*])
        }
    };
}

costs! {
    quadratic(quadratic) Quadratic;
    mse(mse) Mse;
    mae(mae) Mae;
    rmse(rmse) Rmse;
    huber(huber) Huber;
    log_cosh(log_cosh) LogCosh;
    quantile(quantile(0.3)) Quantile;
    epsilon_insensitive(epsilon_insensitive) EpsilonInsensitive;
    cross_entropy(cross_entropy) CrossEntropy;
    binary_cross_entropy(binary_cross_entropy) BinaryCrossEntropy;
    categorical_cross_entropy(categorical_cross_entropy(0.1)) Categorical;
    cross_entropy_with_logits(cross_entropy_with_logits) Logits;
    categorical_cross_entropy_with_logits(categorical_cross_entropy_with_logits) CategoricalLogits;
    focal(focal) Focal;
    hinge(hinge) Hinge;
    squared_hinge(squared_hinge) SquaredHinge;
    logistic(logistic) Logistic;
    kl_divergence(kl_divergence) KlDivergence;
    poisson(poisson) Poisson;
    poisson_log(poisson_log) PoissonLog;
    gaussian_nll(gaussian_nll(0.7)) GaussianNll;
    cosine(cosine) Cosine;
    l2(quadratic + l2(0.1) + l2(0.2, b)) L2;
    l1(quadratic + l1(0.1) + l1(0.2, b)) L1;
    elastic_net(quadratic + elastic_net(0.1, 0.5)) ElasticNet;
    group_lasso(quadratic + group_lasso(0.1)) GroupLasso;
    smooth_l1(quadratic + smooth_l1(0.1, 0.2)) SmoothL1;
    orthogonal(quadratic + orthogonal(0.1)) Orthogonal;
    activity_l1(quadratic + activity_l1(0.1)) ActivityL1;
    activity_l2(quadratic + activity_l2(0.1)) ActivityL2;
}

#[test]
fn costs_allocate_nothing() -> Result<(), Error> {
    for (entry, allocates) in all()? {
        assert!(allocates.is_empty(), "`{entry}`: {allocates:?}");
    }
    Ok(())
}

#[test]
fn views_that_do_not_lie_row_by_row_are_copied_to_memory_of_the_thread() -> Result<(), Error> {
    let (a, y) = (Array2::from_elem((40, 5), 0.3).reversed_axes(), Array2::from_elem((40, 5), 0.6));
    let y = y.t();
    let w = Array2::from_shape_fn((35, 6), |(i, j)| ((i * 3 + j * 5) % 19) as f64 / 19.0 - 0.5);
    let (mut da, mut dw) = (a.clone(), w.clone());
    let loss = Orthogonal;
    for run in 0..2 {
        let d_activation = allocations(|| loss.d_activation_into(a.view(), y.view(), da.view_mut()));
        let d_weight = allocations(|| loss.d_weight_into(w.t(), dw.view_mut().reversed_axes()));
        assert!(run == 0 || d_activation.0 + d_weight.0 == 0, "{} and {}", d_activation.0, d_weight.0);
        d_activation.1?;
        d_weight.1?;
    }
    let rows = w.t().as_standard_layout().into_owned();
    assert_eq!(dw.t(), loss.d_weight(rows.view())?);
    Ok(())
}

#[test]
fn every_loss_and_penalty_is_counted() -> Result<(), Error> {
    use gradsmith_compiler::catalog;
    let entries: Vec<&str> =
        catalog::all().iter().filter(|e| !e.kind.is_function()).map(catalog::Entry::name).collect();
    let counted: Vec<&str> = all()?.iter().map(|(entry, _)| *entry).collect();
    assert_eq!(entries, counted);
    Ok(())
}
