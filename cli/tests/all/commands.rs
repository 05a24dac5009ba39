//! The commands as a person calls them: what is printed, where, and the exit code.

use std::process::Command;

/// Exit code, standard output, standard error.
fn run(args: &[&str]) -> (i32, String, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_cargo-gradsmith")).args(args).output().expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

fn succeeds(args: &[&str], wanted: &[&str]) {
    let (code, out, err) = run(args);
    assert_eq!((code, err.as_str()), (0, ""), "{args:?}");
    for part in wanted {
        assert!(out.contains(part), "{args:?} lacks `{part}`:\n{out}");
    }
}

fn fails(args: &[&str], wanted: &[&str]) {
    let (code, out, err) = run(args);
    assert_eq!((code, out.as_str()), (2, ""), "{args:?}");
    for part in wanted {
        assert!(err.contains(part), "{args:?} lacks `{part}`:\n{err}");
    }
}

#[test]
fn explain_shows_what_a_lecturer_writes() {
    let rosenbrock = "sum[i](100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2)";
    succeeds(
        &["explain", rosenbrock, "--var", "x:vector[n]", "--wrt", "x"],
        &[
            "∂f/∂x[i] = where(i <= n - 2, 2 * x[i] - 2 - 400 * x[i] * (x[i+1] - x[i]^2), 0)\n",
            "             + where(i >= 1, 200 * (x[i] - x[i-1]^2), 0)\n",
            "∂²f/∂x[i]∂x[i+1] = -400 * x[i]\n",
            "∂²f/∂x[i]∂x[i-1] = -400 * x[i-1]    (all others are 0)",
        ],
    );
}

#[test]
fn export_writes_programs_for_other_engines() {
    let ridge =
        ["export", "norm2(X*w - y)^2/2 + lam/2*norm2(w)^2", "--var", "X:matrix[n,d]", "--var", "y:vector"];
    let ridge = [&ridge[..], &["--var", "lam:scalar", "--wrt", "w:vector", "--to"]].concat();
    let to = |engine: &'static str, more: &[&'static str]| [&ridge[..], &[engine], more].concat();
    succeeds(
        &to("numpy", &[]),
        &[
            "import numpy as np",
            "def value_and_gradient(params, X, y, lam):",
            "t1 = X @ w - y",
            "lam * w + X.T @ t1",
        ],
    );
    succeeds(&to("jax", &["--dtype", "f32"]), &["import jax.numpy as jnp", "DTYPE = jnp.float32"]);
    let sizes = ["--extents", "n=6,d=2"];
    succeeds(&to("stablehlo", &sizes), &["func.func public @hessian(", "tensor<6x2xf64>"]);
    let shard = [&sizes[..], &["--shard", "n=data"]].concat();
    succeeds(&to("stablehlo", &shard), &["sdy.mesh @mesh = <[\"data\"=2]>"]);
    fails(&to("stablehlo", &[]), &["error:", "help: ", "--extents", "n", "d"]);
    fails(&to("stablehlo", &["--extents", "n=six"]), &["`n=six` is no extent", "--extents m=1000,d=20"]);
    fails(&to("numpy", &["--shard", "n=data"]), &["no mesh", "--to stablehlo"]);
    fails(&to("stablehlo", &["--shard", "n"]), &["--shard m=data"]);
    fails(&to("fortran", &[]), &["fortran", "numpy, jax, stablehlo"]);
    fails(&["export", "quadratc", "--to", "numpy"], &["quadratic"]);
}

#[test]
fn explain_shows_costs_networks_and_objectives() {
    succeeds(
        &["explain", "quadratic + l2(λ / n)"],
        &["∂C/∂a", "a - y", "∂C/∂w", "lambda/n * w", "does not mention a"],
    );
    succeeds(
        &["gradsmith", "explain", "cross_entropy", "--network", "3 -> 2 sigmoid"],
        &["z1 = w1 * x + b1", "delta1 = ∂c/∂z1 = ∂c/∂a1 .* sigmoid'(z1)", "= a1 - y", "log of sigmoid"],
    );
    let variables = ["--var", "X:matrix[n,d]", "--var", "y:vector[n]", "--wrt", "w:vector"];
    let objective = [&["explain", "norm2(X*w - y)^2/2"], &variables[..]].concat();
    succeeds(&objective, &["t1 = X * w - y", "= X' * t1", "∂²f/∂w² = X' * X", "(Hv)_w = X' * X * v_w"]);
    let symmetric = ["--var", "K:symmetric matrix[n,n]", "--wrt", "w:vector"];
    succeeds(&[&["explain", "w'*K*w"], &symmetric[..]].concat(), &["∂f/∂w = 2 * K * w", "∂²f/∂w² = 2 * K"]);
    succeeds(
        &[&["expand", "w'*K*w"], &symmetric[..]].concat(),
        &["data(K:symmetric matrix[n, n])", "check_symmetric"],
    );
    let chain = |text, wanted: &str| {
        let other = ["--var", "A:matrix[n,n]", "--var", "B:symmetric matrix[n,n]"];
        succeeds(&[&["explain", text, "--steps=none"], &symmetric[..], &other[..]].concat(), &[wanted]);
    };
    chain("w'*K*K*K*w", "∂f/∂w = 2 * K * K * K * w");
    chain("w'*K*B*K*w", "∂f/∂w = 2 * K * B * K * w");
    chain("P = K*B*K; w'*P*w", "∂f/∂w = 2 * P * w");
    chain("P = A*K*A' + K^3 + B; w'*P*w", "∂f/∂w = 2 * P * w");
    chain("w'*inv(K*K*K)*w", "∂f/∂w = 2 * inv(K * K * K) * w");
    chain("w'*inv(A*K*A')*w", "∂f/∂w = 2 * inv(A * K * A') * w");
    chain("w'*K*inv(K*K + K)*K*w", "∂f/∂w = 2 * K * inv(K * K + K) * K * w");
    // What reads otherwise from its other end is not symmetric.
    chain("P = K*B; w'*P*w", "∂f/∂w = P' * w + P * w");
    chain("P = A*K*B*A'; w'*P*w", "∂f/∂w = P' * w + P * w");
    let said = ["`n` is an extent of `K`, and a variable or field by itself", "call the extent otherwise"];
    fails(&[&["explain", "n*w'*K*w"], &symmetric[..], &["--var", "n:scalar"]].concat(), &said);
    let latex = [&objective[..], &["--format", "latex"]].concat();
    let wanted = [r"\frac{\partial f}{\partial w} &= X^{\top} d_{t_1}", r"&= X^{\top} t_1"];
    succeeds(&latex, &wanted);
    for notation in gradsmith_compiler::emit::ALL {
        let (code, out, err) = run(&[&objective[..], &["--format", notation.name]].concat());
        assert_eq!((code, err.as_str()), (0, ""), "{}", notation.name);
        assert_eq!(out.matches("gradient").count(), 1, "{}: {out}", notation.name);
    }
    let mathml = [&objective[..], &["--format", "mathml"]].concat();
    succeeds(&mathml, &["<mfrac><mrow><mo>∂</mo><mi>f</mi></mrow><mrow><mo>∂</mo><mi>w</mi></mrow></mfrac>"]);
    let define = "pseudo_huber(d) = d^2 * sum(sqrt(1 + ((a - y)/d).^2) - 1)";
    succeeds(&["explain", "pseudo_huber(d)", "--define", define, "--hyper", "d"], &["∂C/∂a"]);
    succeeds(
        &[
            "explain",
            "mse",
            "--network",
            "a = W*x + V*u",
            "--declare",
            "x: 3, u: 2, W: 2 x 3, V: 2 x 2",
            "--inputs",
            "x,u",
        ],
        &["dC/dW", "dC/dV"],
    );
}

#[test]
fn a_hyper_parameter_has_a_name_of_its_own() {
    let said =
        ["the hyper-parameter `b` has a name that the cost supplies: `b` is each bias", "such as `my_b`"];
    fails(&["explain", "quadratic + b*l2(1)", "--hyper", "b"], &said);
    fails(&["explain", "quadratic", "--network", "3 -> 2 sigmoid", "--hyper", "b"], &said);
    fails(&["expand", "quadratic + l2(w7)", "--hyper", "lambda,w7"], &["`w7` is the weight of a layer"]);
    let long =
        ["--network", "a = W*x + V*u", "--declare", "x: 3, u: 2, W: 2 x 3, V: 2 x 2", "--inputs", "x,u"];
    let named = [&["explain", "mse + l2(V, V)"], &long[..], &["--hyper", "V"]].concat();
    fails(&named, &["the hyper-parameter `V` has the name of a tensor: `V` is declared", "such as `my_V`"]);
    let by_tensor = [&["explain", "mse + l2(mu, V)"], &long[..]].concat();
    succeeds(&by_tensor, &["dC/dV", "mu * V"]);
}

#[test]
fn expand_begins_with_what_is_asked_most() {
    let in_order = |args: &[&str], parts: &[&str]| {
        let (code, out, err) = run(args);
        assert_eq!((code, err.as_str()), (0, ""), "{args:?}");
        assert!(!out.contains("<math"), "{args:?} has what only rustdoc is for:\n{out}");
        let mut from = 0;
        for part in parts {
            let found = out[from..].find(part).map(|at| from + at);
            from = found.unwrap_or_else(|| panic!("{args:?} lacks `{part}` where it is due:\n{out}"));
        }
    };
    in_order(
        &["expand", "quadratic + l2(0.1)", "--network", "2 -> 1 sigmoid"],
        &[
            "fn predict_into(",
            "fn value(",
            "fn value_and_gradient(",
            "fn sgd_step(",
            "const DERIVATION: &'static str = r\"\nnetwork 2 -> 1 sigmoid\n  z1 = w1 * x + b1\n",
            "struct MyNetworkParameters",
        ],
    );
    in_order(
        &["expand", "quadratic + l2(0.1)", "--network", "2 -> 1 sigmoid"],
        &["fn sgd_step(", "fn zeros()", "fn hessian_vector_product(", "fn gauss_newton_product("],
    );
    in_order(
        &["expand", "quadratic"],
        &["fn data(", "fn d_activation_into(", "fn d_weight_into(", "fn gradient_and_hessian_diagonal_into("],
    );
    in_order(
        &["expand", "norm2(w)^2", "--wrt", "w:vector"],
        &["fn value(", "fn gradient_into(", "fn value_and_gradient_into(", "fn hessian_into(", "fn prepare"],
    );
}

#[test]
fn expand_prints_rust() {
    succeeds(
        &["expand", "quadratic + l2(lambda)"],
        &["#[cost(\"quadratic + l2(lambda)\")]", "lambda: f64,", "impl rt::Cost for MyCost"],
    );
    let variables = ["--var", "X:matrix[n,d]", "--var", "y:vector[n]", "--wrt", "w:vector"];
    let objective = [&["expand", "norm2(X*w - y)^2/2"], &variables[..]].concat();
    succeeds(
        &objective,
        &[
            "#[objective(\"norm2(X*w - y)^2/2\", wrt(w:vector), data(X:matrix[n, d], y:vector[n]))]",
            "struct MyObjective<'a> {",
            "X: ArrayView2<'a, f64>,",
            "fn prepare<'p>(",
            "impl<'p> rt::Objective for MyObjectiveProblem<'p>",
        ],
    );
    let ratings = ["expand", "sum[k]((r[k] - dot(U[p[k], :], V[q[k], :]))^2) + sum(T)", "--var", "r: vector"];
    let more = ["--var", "p: indices, q: indices[k_]", "--var", "V: matrix[n, 5], T: tensor[n, _, 3]"];
    succeeds(
        &[&ratings[..], &more, &["--wrt", "U: matrix[_, 5]"]].concat(),
        &[
            "p: ArrayView1<'a, usize>,",
            "V: ArrayView2<'a, f64>,",
            "T: ArrayView3<'a, f64>,",
            "q: ::std::borrow::Cow<'p, [usize]>,",
            "U_rows: usize,",
            "rt::IntoEntries::<usize>::into_entries(self.p),",
        ],
    );
    let residual = [&["expand", "X*w - y", "--residual"], &variables[..]].concat();
    succeeds(&residual, &["#[residual(", "fn gauss_newton_product_into"]);
    succeeds(&["expand", "U", "--wrt", "U:scalar"], &["struct MyObjective {}", "fn prepare"]);
    // What is declared twice alike is declared.
    succeeds(&["expand", "U", "--var", "U:scalar", "--wrt", "U:scalar"], &["struct MyObjective {}"]);
    succeeds(&["expand", "sum(c.*(a - y).^2)", "--hyper", "c: vector"], &["c: Vec<f64>"]);
    let twice = ["expand", "U", "--var", "U:scalar", "--wrt", "U:vector"];
    fails(&twice, &["`U` is declared with two shapes", "`U` alone"]);
    succeeds(
        &["expand", "mse", "--network", "a = W*x + c", "--declare", "x: 3, W: 2 x 3, c: 2"],
        &["\"a = W*x + c\"", "c:2", "MyNetworkParameters"],
    );
    let tensors = ["--declare", "x: 3 x 4, W: 2 x 3 x 4"];
    let network = ["expand", "mse", "--network", "a = vector[f](sum[c, i](W[f, c, i]*x[c, i]))"];
    succeeds(
        &[&network[..], &tensors].concat(),
        &["fn W(&self) -> rt::ArrayView3<'_, f64>", "const INPUTS: usize = 12;"],
    );
}

#[test]
fn catalog_lists_and_shows() {
    succeeds(
        &["catalog"],
        &["quadratic = sum((a - y).^2) / 2", "l2(lambda) =", "Element-wise functions:", "logdet"],
    );
    succeeds(&["catalog", "huber"], &["huber(delta = 1) =", "Domain: ", "slope"]);
    succeeds(&["catalog", "tanh"], &["tanh(x)", "1 - y^2"]);
    succeeds(&["catalog", "kron"], &["kron(A, B)", "Kronecker"]);
    succeeds(&["catalog", "det"], &["its derivative, det(A) * inv(A)', is there where that is 0, too"]);
}

#[test]
fn the_catalog_says_what_is_written_with_indices() {
    let (_, list, _) = run(&["catalog"]);
    for form in gradsmith_compiler::lower::FORMS {
        assert!(list.split_whitespace().any(|word| word == form.name), "{}", form.name);
        let example = format!("For example: {}", form.example);
        succeeds(&["catalog", form.name], &[form.syntax, form.says, &example]);
    }
    // A function of whole arrays and a form over indices by one name.
    succeeds(
        &["catalog", "sum"],
        &["sum(x)\n\nthe sum of all numbers.\n\nsum[i](e), sum[i, j](e), sum[i in a..b](e)\n\n"],
    );
    succeeds(&["catalog", "range"], &["i in a..b, i in a..=b\n\nthe values of an index"]);
    fails(&["catalog", "tensr"], &["did you mean `tensor`?"]);
}

#[test]
fn mistakes_are_shown_where_they_are() {
    fails(
        &["explain", "quadratc + l2(lambda)"],
        &[
            "error: unknown name `quadratc`",
            "  | quadratc + l2(lambda)\n  | ^^^^^^^^",
            "did you mean `quadratic`?",
        ],
    );
    fails(
        &["explain", "mse", "--network", "3 -> 2 sigmod"],
        &["  | 3 -> 2 sigmod\n  |        ^^^^^^", "sigmoid"],
    );
    fails(&["explain", "s", "--var", "s:scalr", "--wrt", "s"], &["  | s:scalr\n  |   ^^^^^"]);
    fails(&["explain", "s", "--var", "T:tensor[2,3]", "--wrt", "s"], &["expected `,`", "  |             ^"]);
    let declared = ["--var", "p:indices[n]", "--var", "T:tensor[2,3,4]", "--wrt", "s:scalar"];
    succeeds(&[&["explain", "s^3"], &declared[..]].concat(), &["∂f/∂s = 3 * s^2"]);
    fails(&[&["explain", "sum[i] s"], &declared[..]].concat(), &["`sum[i](...)`"]);
    fails(&["explain", "sum(x)", "--var", "x:vector"], &["nothing to differentiate by", "--wrt"]);
    fails(&["catalog", "hubr"], &["did you mean `huber`?"]);
    fails(&["check", "no_such_file.json"], &["no_such_file.json"]);
    fails(&["explane"], &["explain"]);
    fails(&["explain", "mse", "--define", "f(x) ="], &["  | f(x) ="]);
}

#[test]
fn the_catalog_says_something_of_every_function() {
    let (_, list, _) = run(&["catalog"]);
    let listed: Vec<&str> = list.split_whitespace().collect();
    for op in gradsmith_compiler::ops::ALL.iter().filter(|op| op.public) {
        assert!(listed.contains(&op.name), "{}", op.name);
        succeeds(&["catalog", op.name], &[&format!("{}(", op.name)]);
    }
}

#[test]
fn code_that_a_derive_refuses_is_an_error_of_expand() {
    let (large, said) =
        ("1e200*(1e200*quadratic)", ["error: a constant of this formula", "more than a number holds"]);
    fails(
        &["expand", large],
        &[&said[..], &[large, "^^^^", "help: write the constants in other units"]].concat(),
    );
    fails(&["expand", large, "--network", "3 -> 2 sigmoid"], &said);
}

#[test]
fn parts_of_long_products_are_said_to_be_what_they_are() {
    let product = |n: usize| (0..n).map(|k| format!("({k}.5 + sum(a))")).collect::<Vec<_>>().join("*");
    let all = product(16);
    for extra in [&[][..], &["--network", "3 -> 2 sigmoid"]] {
        let (code, out, err) = run(&[&["explain", all.as_str()], extra].concat());
        assert_eq!((code, err.as_str()), (0, ""));
        let names = out.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| {
            word.strip_prefix('u').is_some_and(|k| !k.is_empty() && k.chars().all(|c| c.is_ascii_digit()))
        });
        let names: std::collections::BTreeSet<&str> = names.collect();
        assert!(!names.is_empty(), "{out}");
        for name in names {
            let defined = |line: &str| {
                line.trim_start().strip_prefix(name).is_some_and(|l| l.trim_start().starts_with("= "))
            };
            assert_eq!(out.lines().filter(|line| defined(line)).count(), 1, "{name} in {out}");
        }
        for format in ["latex", "mathml"] {
            let (code, out, _) = run(&[&["explain", all.as_str()], extra, &["--format", format]].concat());
            let first = if format == "latex" {
                "u_1 &= "
            } else {
                "<msub><mi>u</mi><mn>1</mn></msub></mrow></mtd><mtd><mrow><mo>=</mo>"
            };
            assert!(code == 0 && out.contains(first), "{out}");
        }
    }
}

#[test]
fn explain_writes_pages_and_pictures() {
    let page = ["explain", "quadratic + l2(lambda)", "--format", "html"];
    succeeds(
        &page,
        &["<!DOCTYPE html>", "<svg", "<math", "Copy NumPy", "prefers-color-scheme:dark", "@media print"],
    );
    succeeds(&["explain", "quadratic + l2(lambda)", "--format", "svg"], &["<svg xmlns", "<title", "</svg>"]);
    fails(&["explain", "quadratic + l22(lambda)", "--format", "svg"], &["did you mean `l2`?", "^^^"]);
    fails(&["explain", "quadratic", "--format", "pdf"], &["html", "svg"]);
}

#[cfg(not(feature = "serve"))]
#[test]
fn serve_says_what_it_takes() {
    fails(&["serve"], &["built without its server", "--features serve"]);
}

#[cfg(feature = "serve")]
#[test]
fn serve_says_that_a_port_is_taken() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = taken.local_addr().expect("its number").port().to_string();
    fails(&["serve", "--port", &port], &[&port, "choose another one"]);
}
