//! Nothing is computed twice: the operations of plans, counted, are those that the mathematics asks for.

use gradsmith_compiler::emit;
use gradsmith_compiler::eval::Sizes;
use gradsmith_compiler::front::{NetworkText, ObjectiveText, declaration};
use gradsmith_compiler::ir::Extent;
use gradsmith_compiler::lower::objective;
use gradsmith_compiler::pipeline::Derivatives;
use gradsmith_compiler::pipeline::{self, NetworkProgram};
use gradsmith_compiler::schedule::{MatMul, Operations, Output, Plan, Policy, Step, Storage, schedule};
use gradsmith_compiler::syntax::ast::{DeclaredExtent, DeclaredShape};

fn program(network: &str, declarations: &str, cost: &str) -> NetworkProgram {
    let text = NetworkText {
        network: network.to_owned(),
        declarations: declarations.to_owned(),
        cost: cost.to_owned(),
        hyper: vec!["lambda".to_owned()],
        ..NetworkText::default()
    };
    pipeline::network(text.lower().unwrap_or_else(|e| panic!("{network}: {e}")))
}

/// The operations of value and gradient, for a batch of `m`.
fn gradient(program: &NetworkProgram, m: usize) -> Operations {
    let mut outputs = vec![("data".to_owned(), program.data), ("penalty".to_owned(), program.penalty)];
    outputs.extend(program.gradient.iter().map(|p| (format!("grad_{}", p.name), p.node)));
    let outputs: Vec<Output> = outputs.into_iter().map(|(name, node)| Output { name, node }).collect();
    let sizes = Sizes::from([("m".to_owned(), m)]);
    schedule(&program.graph, &outputs, Policy::Store, &emit::name_or_text).operations(&sizes)
}

/// The calls of one function.
fn calls(operations: &Operations, name: &str) -> u64 {
    operations.calls.get(name).copied().unwrap_or(0)
}

#[test]
fn digits_five_products_and_one_sigmoid_a_unit() {
    let m = 32;
    let p = program("784 -> 100 sigmoid -> 10 sigmoid", "", "cross_entropy + l2(lambda)");
    let count = gradient(&p, m);
    let (m, w1, w2) = (m as u64, 784 * 100, 100 * 10);
    // Two forwards, two for the weights' gradients, and one that carries δ back: none to the inputs.
    assert_eq!(count.products, m * (2 * w1 + 3 * w2));
    assert_eq!(calls(&count, "sigmoid"), m * (100 + 10));
    // The value takes softplus(-z) and softplus(z), each for its own tail; nothing else is called.
    assert_eq!(calls(&count, "softplus"), 2 * m * 10);
    assert_eq!(count.calls.values().sum::<u64>(), m * (100 + 10 + 20), "{:?}", count.calls);
    // Penalty and its gradient: a square, a sum and λw, for each weight; a bias or an activation takes a few.
    let small = 40 * (m * 110 + 110);
    assert!(count.arithmetic <= 5 * (w1 + w2) + small, "{}", count.arithmetic);
}

#[test]
fn softmax_exponentiates_for_the_outputs_and_for_their_logarithm() {
    let count = gradient(&program("20 -> 10 tanh -> 5 softmax", "", "categorical_cross_entropy"), 8);
    assert_eq!(count.products, 8 * (2 * 200 + 3 * 50));
    assert_eq!(calls(&count, "tanh"), 8 * 10);
    assert!(calls(&count, "exp") <= 2 * 8 * 5, "{:?}", count.calls);
    assert_eq!(calls(&count, "log"), 8);
}

#[test]
fn every_layer_costs_the_same() {
    let of = |depth: usize| {
        let layers = " -> 6 tanh".repeat(depth);
        gradient(&program(&format!("6{layers} -> 6 linear"), "", "mse + l2(lambda)"), 4)
    };
    let (ten, twenty, forty) = (of(10), of(20), of(40));
    assert_eq!(calls(&ten, "tanh"), 4 * 6 * 10);
    assert_eq!(calls(&forty, "tanh"), 4 * 6 * 40);
    assert_eq!(forty.products - twenty.products, 2 * (twenty.products - ten.products));
    assert_eq!(forty.arithmetic - twenty.arithmetic, 2 * (twenty.arithmetic - ten.arithmetic));
}

#[test]
fn what_is_used_often_is_computed_once() {
    let p = program(
        "h = tanh(W*x + b); g = h + sigmoid(V*h); a = g .* h + h",
        "x: 5, W: 4 x 5, b: 4, V: 4 x 4",
        "quadratic",
    );
    let count = gradient(&p, 3);
    assert_eq!(calls(&count, "tanh"), 3 * 4);
    // The derivative of sigmoid is y σ(-x), or y (1 - y) where that is as good.
    assert!(calls(&count, "sigmoid") <= 2 * 3 * 4, "{:?}", count.calls);
    assert_eq!(count.products, 3 * (2 * 20 + 3 * 16));
}

/// The plan of value and gradient of an objective over `X: n×d`, `w: d`, `y: n`, by `w`.
fn plan_of(expr: &str) -> Plan {
    let symbol = |s: &str| DeclaredExtent::Symbol(s.to_owned());
    let text = ObjectiveText {
        expr: expr.to_owned(),
        variables: vec![
            declaration("X", DeclaredShape::Matrix(Some((symbol("n"), symbol("d"))))),
            declaration("D", DeclaredShape::Matrix(Some((symbol("n"), symbol("n"))))),
            declaration("w", DeclaredShape::Vector(Some(symbol("d")))),
            declaration("y", DeclaredShape::Vector(Some(symbol("n")))),
        ],
        wrt: vec![("w".to_owned(), objective::whole(expr))],
        ..ObjectiveText::default()
    };
    let lowered = text.lower().unwrap_or_else(|e| panic!("{expr}: {e}"));
    let d = Derivatives::of(lowered.graph, lowered.value, &lowered.wrt);
    let output = |name: &str, node| Output { name: name.to_owned(), node };
    let outputs = [output("value", d.value), output("gradient", d.gradient[0])];
    schedule(&d.graph, &outputs, Policy::Blocks, &emit::name_or_text)
}

/// Its operations, for n = 1000 and d = 20.
fn objective_of(expr: &str) -> Operations {
    plan_of(expr).operations(&Sizes::from([("n".to_owned(), 1000), ("d".to_owned(), 20)]))
}

#[test]
fn least_squares_takes_two_passes_over_the_data() {
    assert_eq!(objective_of("norm2(X*w - y)^2/2").products, 2 * 1000 * 20);
}

#[test]
fn data_read_twice_are_read_in_blocks() {
    let products = |expr: &str| {
        let plan = plan_of(expr);
        let in_blocks = plan.steps.iter().find_map(|s| match s {
            Step::Blocks(b) => Some(b.steps.iter().filter(|s| matches!(s, Step::MatMul(_))).count()),
            _ => None,
        });
        in_blocks.unwrap_or(0)
    };
    // X*w and X'*r of the same block.
    assert_eq!(products("norm2(X*w - y)^2/2"), 2);
    assert_eq!(products("sum(log(1 + exp(-y .* (X*w))))"), 2);
    // The gradient wants all of X*w before it begins: its norm, which is no square.
    assert_eq!(products("norm2(X*w - y)"), 0);
    assert_eq!(products("sum(exp(w))"), 0);
    // What stays inside has room for a block; without blocks, for all rows.
    let whole = |expr: &str| plan_of(expr).buffers.iter().filter(|b| b.storage == Storage::Temporary).count();
    assert_eq!(whole("norm2(X*w - y)^2/2"), 0);
    assert_ne!(whole("norm2(X*w - y)"), 0);
}

#[test]
fn two_vectors_meet_a_matrix_in_one_pass() {
    let pairs = |expr: &str| {
        let plan = plan_of(expr);
        let products: Vec<&MatMul> =
            plan.flat_steps().filter_map(|s| if let Step::MatMul(m) = s { Some(m) } else { None }).collect();
        products.windows(2).filter(|w| plan.is_pair(w[0], w[1])).count()
    };
    assert_eq!(pairs("sum(exp(X*w) .* sin(X*w.^2))"), 1);
    assert_eq!(pairs("sum(exp(X*w))"), 0);
    // The second vector is the first's product.
    assert_eq!(pairs("sum(exp(D*(D*(X*w))))"), 0);
}

#[test]
fn logistic_regression_calls_one_function_for_the_value_and_one_for_the_gradient() {
    let count = objective_of("sum(log(1 + exp(-y .* (X*w))))");
    assert_eq!(count.products, 2 * 1000 * 20);
    assert!(count.calls.values().sum::<u64>() <= 2 * 1000, "{:?}", count.calls);
}

#[test]
fn what_is_used_twice_is_not_formed_where_its_parts_are_less_work() {
    let (n, d) = (1000, 20);
    // `X'*D*X`, in the value and in the gradient, would be 20.4 million.
    assert_eq!(objective_of("norm2(X'*D*X*w)^2").products, 2 * (2 * n * d + n * n));
    // X*w, D*(X*w), D'*(X*w), and X' once by their sum or twice.
    let count = objective_of("w'*(X'*D*X)*w").products;
    assert!(count <= 3 * n * d + 2 * n * n + n, "{count}");
}

/// The extents of the arrays that the Hessian's plan keeps by the way. Variables are those with a capital.
fn kept_for_the_hessian(expr: &str, variables: &[(&str, &[&str])]) -> Vec<Vec<String>> {
    let extent =
        |s: &str| s.parse().map_or_else(|_| DeclaredExtent::Symbol(s.to_owned()), DeclaredExtent::Constant);
    let shape = |extents: &[&str]| match extents {
        [] => DeclaredShape::Scalar,
        [n] => DeclaredShape::Vector(Some(extent(n))),
        [n, d, ..] => DeclaredShape::Matrix(Some((extent(n), extent(d)))),
    };
    let capital = |name: &&str| name.starts_with(char::is_uppercase);
    let wrt = variables.iter().map(|(name, _)| name).filter(|n| capital(n));
    let text = ObjectiveText {
        expr: expr.to_owned(),
        variables: variables.iter().map(|(name, extents)| declaration(name, shape(extents))).collect(),
        wrt: wrt.map(|name| ((*name).to_owned(), objective::whole(expr))).collect(),
        ..ObjectiveText::default()
    };
    let program = text.program().unwrap_or_else(|e| panic!("{expr}: {e}"));
    let blocks = program.hessian.iter().flatten().enumerate();
    let outputs: Vec<Output> = blocks.map(|(k, &node)| Output { name: format!("h{k}"), node }).collect();
    let plan = schedule(&program.graph, &outputs, Policy::Blocks, &emit::name_or_text);
    let kept = [Storage::Temporary, Storage::Block, Storage::Parts];
    let kept = plan.buffers.iter().filter(|b| kept.contains(&b.storage));
    let name = |&e: &Extent| plan.graph.extents.name(e);
    kept.map(|b| b.shape.iter().map(name).collect()).collect()
}

/// Second derivatives by matrices have four axes; no more than these are ever stored.
#[test]
fn no_array_of_four_axes_is_kept_for_a_hessian() {
    // The block of both has `(U[k,j] V[i,l] - (x - U*V')[k,i] δ[j,l])` in it.
    let factors = "norm2(w .* (x - U*V'))^2/2";
    let kept = kept_for_the_hessian(
        factors,
        &[("x", &["n", "d"]), ("w", &["n", "d"]), ("U", &["n", "3"]), ("V", &["d", "3"])],
    );
    assert!(kept.iter().all(|extents| extents.len() < 4), "{kept:?}");
    // By L alone: sums over q of `x[q,k] s[q] (x[q,i] δ[j,l] - ...)`, where n d³ numbers would be.
    let density = "sum(log(1 + exp(rowsum((x*L).^2))))";
    let kept = kept_for_the_hessian(density, &[("x", &["n", "d"]), ("L", &["d", "d"])]);
    let over_data = kept.iter().filter(|extents| extents.contains(&"n".to_owned()));
    assert!(over_data.clone().all(|extents| extents.len() < 4), "{kept:?}");
}

#[test]
fn a_system_is_solved_and_never_by_an_inverse() {
    let (n, d) = (1000, 20);
    let count = objective_of("norm2(solve(D, X*w - y))^2");
    // D⁻¹ r and its gradient's D⁻ᵀ by one factorisation.
    assert_eq!((calls(&count, "factor"), calls(&count, "inverse")), (1, 0));
    assert_eq!(count.products, n * n * n / 3 + 2 * n * n + 2 * n * d);
    for expr in [
        "(X*w)'*inv(D)*y",
        "r = X*w - y; r'*solve(D, r)",
        "sum(inv(D)*X*w)",
        "tr(X'*inv(D)*X) * sum(w)",
        "sum(rowsum(X .* (inv(D)*X)) .^ 2) + sum(w)",
        "norm2(D'*inv(D)'*inv(D)*(X*w))^2",
    ] {
        let count = objective_of(expr);
        assert_eq!((calls(&count, "factor"), calls(&count, "inverse")), (1, 0), "{expr}");
        assert!(count.products <= n * n * n / 3 + 2 * n * n * d + 4 * n * n + 4 * n * d, "{expr}: {count:?}");
    }
}

#[test]
fn all_that_is_asked_of_a_matrix_is_asked_of_its_factors() {
    let count = objective_of("y'*solve(D + exp(sum(w))*eye, y) + logdet(D + exp(sum(w))*eye)");
    // The gradient is a trace of the inverse, so that is written out: once, from the same factors.
    assert_eq!((calls(&count, "factor"), calls(&count, "inverse")), (1, 1));
    let count = objective_of("w'*solve(X'*X + eye, w) + logdet(X'*X + eye) + det(X'*X + eye)");
    assert_eq!((calls(&count, "factor_symmetric"), calls(&count, "inverse")), (1, 0));
    // A⁻¹ w is A⁻ᵀ w: solved once, for the value and for the gradient.
    let (n, d) = (1000, 20);
    assert_eq!(count.products, n * (d * d + d) / 2 + d * d * d / 6 + d * d);
}

#[test]
fn what_is_summed_alone_is_summed_first() {
    let (n, d) = (1000, 20);
    // D meets the row sums of X; every entry of the product would be n² d.
    assert!(objective_of("sum(D*X) * sum(w)").products <= n * n + n * d);
}
