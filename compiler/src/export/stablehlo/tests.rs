use super::*;
use crate::export::{Precision, program};
use crate::front::{CostText, NetworkText, ObjectiveText, declaration};
use crate::lower::objective;
use crate::ops;
use crate::syntax::ast::{DeclaredExtent, DeclaredShape};

fn extent(text: &str) -> DeclaredExtent {
    match text {
        "_" => DeclaredExtent::Free,
        _ => text.parse().map_or_else(|_| DeclaredExtent::Symbol(text.to_owned()), DeclaredExtent::Constant),
    }
}

/// Of `X: m n; w: n; p: whole m`.
fn objective(expr: &str, declarations: &str, wrt: &str) -> Program {
    let variables = declarations.split("; ").map(|text| {
        let (name, shape) = text.split_once(':').expect(text);
        let whole = shape.contains("whole");
        let extents: Vec<DeclaredExtent> =
            shape.split_whitespace().filter(|word| *word != "whole").map(extent).collect();
        let shape = match extents.as_slice() {
            [] => DeclaredShape::Scalar,
            [n] => DeclaredShape::Vector(Some(n.clone())),
            [r, c] => DeclaredShape::Matrix(Some((r.clone(), c.clone()))),
            more => DeclaredShape::Tensor(more.to_vec()),
        };
        crate::syntax::ast::Declaration { whole, ..declaration(name, shape) }
    });
    let text = ObjectiveText {
        expr: expr.to_owned(),
        variables: variables.collect(),
        wrt: wrt.split(',').map(|name| (name.to_owned(), objective::whole(expr))).collect(),
        ..ObjectiveText::default()
    };
    program::objective(&text).unwrap_or_else(|errors| panic!("{expr}: {errors}"))
}

fn options(extents: &[(&str, usize)]) -> Options {
    let extents = extents.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
    Options { extents, ..Options::default() }
}

fn module(expr: &str, declarations: &str, wrt: &str, extents: &[(&str, usize)]) -> String {
    let program = objective(expr, declarations, wrt);
    write(&program, &options(extents)).unwrap_or_else(|refusal| panic!("{expr}: {refusal}"))
}

const LOGISTIC: (&str, &str, &str) = ("sum(log(1 + exp(-y .* (X*w))))", "X: m n; y: m; w: n", "w");

#[test]
fn a_function_takes_parameters_then_data_and_gives_its_results_in_order() {
    let (expr, declarations, wrt) = LOGISTIC;
    let text = module(expr, declarations, wrt, &[("m", 4), ("n", 3)]);
    let signature = "func.func public @value_and_gradient(
      %w: tensor<3xf64> {jax.arg_info = \"w\"},
      %X: tensor<4x3xf64> {jax.arg_info = \"X\"},
      %y: tensor<4xf64> {jax.arg_info = \"y\"}) -> (
      tensor<f64> {jax.result_info = \"value\"},
      tensor<3xf64> {jax.result_info = \"w\"}) {";
    assert!(text.contains(signature), "{text}");
    assert!(text.contains("\n      %v_w: tensor<3xf64> {jax.arg_info = \"v_w\"}) -> ("), "{text}");
    assert!(text.starts_with("// An objective.\n//\n// f = sum"), "{text}");
    // The same text gives the same bytes.
    assert_eq!(text, module(expr, declarations, wrt, &[("m", 4), ("n", 3)]));
    // A definition is written once for each shape.
    assert_eq!(text.matches("func.func private @sigmoid_4(").count(), 1, "{text}");
}

#[test]
fn in_single_precision_places_have_32_bits() {
    let program = objective("sum[i](w[p[i]]^2)", "w: n; p: whole m", "w");
    let options = Options { precision: Precision::F32, ..options(&[("m", 4), ("n", 3)]) };
    let text = write(&program, &options).expect("it is written");
    assert!(text.contains("%p: tensor<4xi32> {jax.arg_info = \"p\"}"), "{text}");
    assert!(!text.contains("f64") && !text.contains("i64>"), "{text}");
}

#[test]
fn extents_must_be_known() {
    let (expr, declarations, wrt) = LOGISTIC;
    let program = objective(expr, declarations, wrt);
    let refusal = write(&program, &options(&[("n", 3)])).expect_err("m is unknown");
    assert!(refusal.message.ends_with("nothing says how large `m` is"), "{refusal}");
    assert!(refusal.help.contains("--extents n=3,m=1000"), "{refusal}");
    let free = objective("sum((X*w).^2)", "X: _ _; w: _", "w");
    let refusal = write(&free, &options(&[])).expect_err("both are unknown");
    assert!(refusal.message.ends_with("`X_cols`, `X_rows` are"), "{refusal}");
    // One that others say is no question.
    let text = module("sum[i in 0..n-1]((x[i + 1] - x[i])^2)", "x: n", "x", &[("n", 5)]);
    assert!(text.contains("tensor<4xf64>"), "{text}");
}

#[test]
fn subscripts_must_be_inside() {
    let program = objective("sum[i in 0..n-1]((x[i + 1] - x[i])^2)", "x: n", "x");
    let refusal = write(&program, &options(&[("n", 0)])).expect_err("n - 1 is negative");
    assert!(refusal.message.contains("has less than no values"), "{refusal}");
    let program = objective("x[2]^2 + sum(x)", "x: n", "x");
    let refusal = write(&program, &options(&[("n", 2)])).expect_err("there is no third entry");
    assert!(refusal.message.contains("is beyond the 2 entries that there are"), "{refusal}");
    assert_eq!(refusal.help, "give `n` another size");
}

#[test]
fn rows_are_divided_among_devices() {
    let (expr, declarations, wrt) = LOGISTIC;
    let program = objective(expr, declarations, wrt);
    let by = |extent: &str, devices: usize| {
        let shard = Shard { extent: extent.to_owned(), axis: "data".to_owned(), devices };
        write(&program, &Options { shard: Some(shard), ..options(&[("m", 4), ("n", 3)]) })
    };
    let text = by("m", 2).expect("4 rows are divided by 2");
    for part in [
        "sdy.mesh @mesh = <[\"data\"=2]>",
        "{jax.arg_info = \"X\", sdy.sharding = #sdy.sharding<@mesh, [{\"data\"}, {}]>}",
        "{jax.arg_info = \"w\", sdy.sharding = #sdy.sharding<@mesh, [{}]>}",
        "{jax.result_info = \"value\", sdy.sharding = #sdy.sharding<@mesh, []>}",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let refusal = by("m", 3).expect_err("4 rows are not divided by 3");
    assert_eq!(refusal.message, "4 rows along `m` are not divided by 3 devices");
    let refusal = by("k", 2).expect_err("there is no k");
    assert_eq!(refusal.help, "divide one of these: `m`, `n`");
}

#[test]
fn a_network_predicts_from_its_inputs_alone() {
    let text = NetworkText {
        network: "3 -> 4 leaky_relu(0.1) -> 2 softmax".to_owned(),
        inputs: vec!["x".to_owned()],
        cost: "categorical_cross_entropy + l2(lambda)".to_owned(),
        hyper: vec!["lambda".to_owned()],
        ..NetworkText::default()
    };
    let program = program::network(&text).unwrap_or_else(|errors| panic!("{errors}"));
    let text = write(&program, &options(&[("m", 5)])).expect("it is written");
    let (_, predict) = text.split_once("@predict(").expect("there is one");
    let (signature, _) = predict.split_once(") -> (").expect("it gives something");
    assert!(signature.contains("%x: tensor<5x3xf64>") && !signature.contains("%y"), "{signature}");
    assert!(text.contains("%learning_rate: tensor<f64>"), "{text}");
    // What the text has a name for is called so.
    assert!(text.contains("%z1 = "), "{text}");
}

#[test]
fn a_cost_is_of_activations_and_targets() {
    let text = CostText { expr: "cross_entropy".to_owned(), ..CostText::default() };
    let program = program::cost(&text).unwrap_or_else(|errors| panic!("{errors}"));
    let names: BTreeSet<String> =
        program.functions.iter().flat_map(|f| unknown(&program, f, &Options::default())).collect();
    let extents: Vec<(&str, usize)> = names.iter().map(|name| (name.as_str(), 2)).collect();
    let text = write(&program, &options(&extents)).expect("it is written");
    assert!(text.contains("func.func public @d_activation("), "{text}");
}

/// Each operation on arrays is met by one of these.
#[test]
fn every_operation_is_written() {
    let of =
        |expr: &str, declarations: &str, wrt: &str| module(expr, declarations, wrt, &[("m", 4), ("n", 3)]);
    for (expr, declarations, wrt, parts) in [
        (
            "sum(x.^2) + pi*n",
            "x: n",
            "x",
            &["stablehlo.multiply", "applies stablehlo.add", "dense<3.141592653589793>"][..],
        ),
        ("sum(X*w)", "X: m n; w: n", "X,w", &["stablehlo.broadcast_in_dim", "stablehlo.reduce"]),
        (
            "norm2(X*w - y)^2",
            "X: m n; w: n; y: m",
            "w",
            &["stablehlo.dot_general %X, %w", "contracting_dims = [1] x [0]"],
        ),
        (
            "logsumexp(w) + norm2(w) + max(w)",
            "w: n",
            "w",
            &["stablehlo.maximum across", "stablehlo.sqrt", "stablehlo.exponential"],
        ),
        ("sum(log_softmax(w) .* softmax(w))", "w: n", "w", &["stablehlo.subtract", "stablehlo.divide"]),
        ("sum(where(w > 0, w, w.^3))", "w: n", "w", &["stablehlo.compare GT", "stablehlo.select"]),
        ("tr(A*A)", "A: n n", "A", &["dims = [1, 0]"]),
        ("sum(diag(A).^2)", "A: n n", "A", &["stablehlo.gather"]),
        (
            "sum[i](w[p[i]]^2)",
            "w: n; p: whole m",
            "w",
            &["stablehlo.gather", "stablehlo.scatter", "%p: tensor<4xi64>"],
        ),
        (
            "sum[i in 0..n-1]((x[i + 1] - x[i])^2)",
            "x: n",
            "x",
            &["stablehlo.slice %x [1:3]", "stablehlo.pad"],
        ),
        (
            "x[0]*sum[i](x[i]*x[2 - i])",
            "x: 3",
            "x",
            &["stablehlo.reverse", "stablehlo.slice %x [0:1]", "stablehlo.reshape"],
        ),
        ("sum[i in 0..n](prod[j](x[j] + i))", "x: n", "x", &["applies stablehlo.multiply", "stablehlo.iota"]),
        ("sum(inv(A)*w)", "A: n n; w: n", "w", &["@inverse_1x3(", "stablehlo.while", "@eliminated_1x3("]),
        ("det(A)", "A: n n", "A", &["@determinant_1x3(", "@adj_1x3("]),
        ("logdet(A)", "A: n n", "A", &["@log_determinant_1x3("]),
        ("sum(w.^2.5 + w.^0.5)", "w: n", "w", &["stablehlo.power", "stablehlo.sqrt"]),
        (
            "sum(lgamma(w)) + sum(log1p(w))",
            "w: n",
            "w",
            &["@lgamma_3(", "@polygamma_1_3(", "stablehlo.optimization_barrier"],
        ),
    ] {
        let text = of(expr, declarations, wrt);
        for part in parts {
            assert!(text.contains(part), "{part} for {expr} in {text}");
        }
    }
}

#[test]
fn arrays_may_be_empty() {
    let (expr, declarations, wrt) = LOGISTIC;
    for extents in [[("m", 0), ("n", 3)], [("m", 4), ("n", 0)]] {
        let text = module(expr, declarations, wrt, &extents);
        assert!(!text.contains("stablehlo.dot_general"), "{text}");
    }
    let text = module("det(A) + logdet(A) + sum(inv(A)) + norm2(A*w)", "A: n n; w: n", "A", &[("n", 0)]);
    assert!(!text.contains("stablehlo.while"), "{text}");
}

#[test]
fn every_function_has_a_definition_or_an_operation() {
    for precision in [Precision::F32, Precision::F64] {
        let mut module = Module::new(precision);
        for op in ops::ALL {
            let function = ops::element(op.name).expect(op.name);
            let orders = if op.takes_order() { 1..=4 } else { 0..=0 };
            for order in orders {
                let mut lines = Lines::new(&mut module);
                let order = op.takes_order().then_some(order);
                let skipped = usize::from(crate::export::functions::of_order(function, order).is_some());
                let args: Vec<Val> =
                    op.derivatives[skipped..].iter().map(|_| lines.number(0.5, &[2])).collect();
                let made = elements::element(&mut lines, function, order, &args);
                assert!(made.is_ok_and(|val| val.ty.dims == [2]), "{}", op.name);
            }
        }
        let beyond = ops::element("polygamma").expect("there is one");
        let mut lines = Lines::new(&mut module);
        let args = [lines.number(9.0, &[]), lines.number(0.5, &[])];
        let refusal = elements::element(&mut lines, beyond, Some(9), &args).expect_err("of order 9");
        assert!(refusal.message.starts_with("`polygamma` of order 9"), "{refusal}");
    }
}
