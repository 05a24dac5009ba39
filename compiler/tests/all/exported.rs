//! Programs for other engines: what is written, kind by kind. What they compute is compared by `.ci/engines`.

use gradsmith_compiler::export::{self, Options, Precision, Shard, program};
use gradsmith_compiler::front::{CostText, NetworkText, ObjectiveText};
use gradsmith_compiler::source::SourceId;
use gradsmith_compiler::syntax::parse;

fn objective(expr: &str, data: &str, wrt: &str) -> program::Program {
    let variables = if data.is_empty() {
        Vec::new()
    } else {
        parse::declarations(data, SourceId::Data).unwrap_or_else(|e| panic!("{e}"))
    };
    let text = ObjectiveText {
        expr: expr.to_owned(),
        variables,
        declarations: wrt.to_owned(),
        ..Default::default()
    };
    program::objective(&text).unwrap_or_else(|e| panic!("{expr}: {e}"))
}

fn network(network: &str, cost: &str, hyper: &[&str]) -> program::Program {
    let text = NetworkText {
        network: network.to_owned(),
        cost: cost.to_owned(),
        hyper: hyper.iter().map(|h| (*h).to_owned()).collect(),
        ..Default::default()
    };
    program::network(&text).unwrap_or_else(|e| panic!("{cost}: {e}"))
}

fn written(program: &program::Program, engine: &str, options: &Options) -> String {
    let target = export::target(engine).unwrap_or_else(|| panic!("no {engine}"));
    (target.write)(program, options).unwrap_or_else(|e| panic!("{engine}: {e}"))
}

fn numpy(program: &program::Program) -> String {
    written(program, "numpy", &Options::default())
}

/// A function of a module.
fn function<'a>(module: &'a str, name: &str) -> &'a str {
    let start = module.find(&format!("def {name}(")).unwrap_or_else(|| panic!("no {name}:\n{module}"));
    let end = module[start..].find("\n\n\n").map_or(module.len(), |end| start + end);
    &module[start..end]
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "lacks `{part}`:\n{text}");
    }
}

#[track_caller]
fn lacks(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(!text.contains(part), "has `{part}`:\n{text}");
    }
}

#[test]
fn a_module_reads_as_one_would_write_it() {
    let ridge = objective(
        "norm2(X*w - y)^2/2 + lam/2*norm2(w)^2",
        "X: matrix[n, d], y: vector[n], lam: scalar",
        "w: vector[d]",
    );
    let module = numpy(&ridge);
    has(&module, &["∂f/∂w = ", "    X: (n, d)", "_check(\"y\", y, (n,), \"(n,)\")", "def check_gradient("]);
    has(
        function(&module, "value_and_gradient"),
        &[
            "t1 = X @ w - y",
            "f = 0.5 * np.sum(t1**2) + 0.5 * (lam * np.sum(w**2))",
            "\"w\": lam * w + X.T @ t1,",
        ],
    );
    has(function(&module, "hessian"), &["lam * np.eye(d, dtype=DTYPE) + X.T @ X"]);
    // The product of matrices that is never laid down.
    has(function(&module, "hessian_vector_product"), &["lam * v_w + X.T @ (X @ v_w)"]);
}

#[test]
fn networks_keep_the_names_of_the_book() {
    let net = network("4 -> 3 sigmoid -> 2 sigmoid", "cross_entropy + l2(lambda)", &["lambda"]);
    let module = written(&net, "jax", &Options::default());
    has(
        function(&module, "gradient_step"),
        &["z1 = x @ w1.T + b1", "delta2 = a2 - y", "delta1 = a1 * d_a1 * (1 - a1)", "lambda_, learning_rate"],
    );
    has(function(&module, "predict"), &["def predict(params, x):", "return a2"]);
    // Files of parameters have the formula's names.
    has(&module, &["params[\"w1\"]", "jnp.asarray(params[\"b2\"], DTYPE)"]);
}

#[test]
fn costs_have_their_direct_derivatives() {
    let text = CostText {
        expr: "quadratic + l2(lambda)".to_owned(),
        hyper: vec!["lambda".to_owned()],
        tensors: vec![(
            gradsmith_compiler::front::declaration(
                "w",
                gradsmith_compiler::syntax::ast::DeclaredShape::Matrix(None),
            ),
            gradsmith_compiler::lower::Role::Weight,
        )],
        ..Default::default()
    };
    let cost = program::cost(&text).unwrap_or_else(|e| panic!("{e}"));
    let module = numpy(&cost);
    has(function(&module, "d_activation"), &["def d_activation(params, a, y, lambda_):", "(a - y) / m"]);
    has(function(&module, "d_parameters"), &["\"w\": lambda_ * w,"]);
}

#[test]
fn relations_are_parts_and_places() {
    let module = numpy(&objective("sum[i](100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2)", "", "x: vector[n]"));
    has(function(&module, "value_and_gradient"), &["x[1:]", "x[:n - 1]", "np.pad(", "(0, 1))", "(1, 0))"]);
    lacks(function(&module, "value_and_gradient"), &["arange", "where", "einsum"]);
    let rated = objective(
        "sum[i]((r[i] - dot(U[p[i], :], V[q[i], :]))^2)",
        "p: indices[k], q: indices[k], r: vector[k]",
        "U: matrix[n, f], V: matrix[m, f]",
    );
    let module = numpy(&rated);
    has(function(&module, "value"), &["U[p]", "V[q]"]);
    has(function(&module, "value_and_gradient"), &["_scatter_add((n, f), (p[:, None], np.arange(f)"]);
    has(&module, &["p = np.asarray(p, int)", "rng.integers(n, size=(k,))"]);
    // A stride: what is between is 0.
    let strided = objective("sum[i in 0..4](x[2*i + 1]^2)", "", "x: vector[9]");
    has(function(&numpy(&strided), "value_and_gradient"), &["% 2 == 0", "// 2"]);
}

#[test]
fn names_that_mean_something_in_python_are_others() {
    let module = numpy(&objective(
        "sum(lambda*x.^2) + np*sum(value)",
        "lambda: scalar, np: scalar",
        "x: vector, value: vector",
    ));
    has(
        &module,
        &[
            "def value(params, lambda_, np_):",
            "value_ = np.asarray(params[\"value\"], DTYPE)",
            "np_ = np.asarray(np_",
        ],
    );
}

#[test]
fn every_element_wise_function_is_there_for_every_engine() {
    for op in gradsmith_compiler::ops::ALL.iter().filter(|op| op.public) {
        let args = ["x", "y"][..op.derivatives.len()].join(", ");
        let program = objective(&format!("sum({}({args}))", op.name), "", "x: vector[3], y: vector[3]");
        let options = Options { extents: [("n".to_owned(), 3)].into(), ..Options::default() };
        for target in export::ALL {
            written(&program, target.name, &options);
        }
    }
}

#[test]
fn the_same_text_every_time() {
    for target in export::ALL {
        let text = || {
            let net = network("4 -> 3 relu -> 2 softmax", "categorical_cross_entropy + l1(mu)", &["mu"]);
            let options = Options { extents: [("m".to_owned(), 8)].into(), ..Options::default() };
            written(&net, target.name, &options)
        };
        assert_eq!(text(), text());
    }
}

#[test]
fn what_cannot_be_written_is_refused_with_a_way_out() {
    let ridge = objective("norm2(X*w - y)^2", "X: matrix[n, d], y: vector[n]", "w: vector[d]");
    let refusal = |engine: &str, options: &Options| {
        let target = export::target(engine).unwrap_or_else(|| panic!("no {engine}"));
        (target.write)(&ridge, options).map_or_else(|e| e.to_string(), |text| panic!("written:\n{text}"))
    };
    has(&refusal("stablehlo", &Options::default()), &["help: ", "--extents", "d", "n"]);
    let shard = |extent: &str| Shard { extent: extent.to_owned(), axis: "data".to_owned(), devices: 4 };
    let sizes = || [("n".to_owned(), 6), ("d".to_owned(), 2)].into();
    let options =
        |extent: &str| Options { extents: sizes(), precision: Precision::F32, shard: Some(shard(extent)) };
    has(&refusal("stablehlo", &options("q")), &["q", "help: "]);
    // Six rows are not four equal parts.
    has(&refusal("stablehlo", &options("n")), &["6", "4", "help: "]);
    has(&refusal("numpy", &options("n")), &["no mesh", "help: "]);
}
