//! Each equality that the derivation of an objective prints is true: the reverse sweep, the names of what formulas share,
//! the Hessian of a sum of squares, and the products with a direction.

use super::steps::{Point, agree};
use gradsmith_compiler::diff;
use gradsmith_compiler::front::ObjectiveText;
use gradsmith_compiler::ir::NodeId;
use gradsmith_compiler::pipeline::steps::{Local, Parts, jacobian_product, sweep};
use gradsmith_compiler::pipeline::{ObjectiveProgram, ResidualProgram};
use gradsmith_compiler::source::{Place, SourceId, Span};
use gradsmith_compiler::syntax::ast::Declaration;
use gradsmith_compiler::syntax::parse;

fn variable(text: &str) -> Declaration {
    parse::declarations(text, SourceId::Declarations).expect("a declaration").remove(0)
}

/// Checks the sweep of an objective, that its cotangents are what the other formulas call by their names, and its product
/// with a direction; how many values the sweep goes through.
fn check_objective(expr: &str, data: &[&str], wrt: &[&str], residual: bool) -> usize {
    let all: Vec<Declaration> = data.iter().chain(wrt).map(|text| variable(text)).collect();
    let place = Place { source: SourceId::Expression, span: Span::new(0, expr.len()) };
    let by = wrt.iter().map(|text| (variable(text).name.name, place)).collect();
    let text = ObjectiveText {
        expr: expr.to_owned(),
        variables: all,
        wrt: by,
        residual,
        ..ObjectiveText::default()
    };
    let program = text.program().unwrap_or_else(|e| panic!("{expr}: {e:?}"));
    let mut graph = program.graph.clone();
    let mut roots = vec![program.value];
    roots.extend(&program.gradient);
    roots.extend(program.hessian.iter().flatten());
    roots.extend(&program.hessian_product);
    let mut parts = Parts::of(&graph, &roots, true);
    let names = parts.name_value(&mut graph);
    let swept = sweep(&graph, program.value, &program.wrt, &names);
    let named = parts.name_all(&mut graph, &swept.cotangents);
    for (k, (name, node)) in named.iter().enumerate() {
        assert!(named[..k].iter().all(|(n, id)| n != name && id != node), "{expr}: {name} twice");
    }
    let g = &swept.graph;
    let sizes = [("n", 4), ("d", 2), ("a", 3), ("b", 2), ("c", 2)];
    let value = |name: &str, x: f64| match name {
        "p" => (3.0 * x).floor(),
        "q" => (2.0 * x).floor(),
        _ => 0.3 + x,
    };
    let point = Point::new(g, 11, &sizes, &swept.stands_for, &value);
    for (name, node) in &swept.cotangents {
        let input = g.inputs().iter().find(|i| i.name == *name).expect("a cotangent");
        agree(&point.eval(g, input.node), &point.eval(g, *node), &format!("{expr}: {name}"));
    }
    for v in &swept.values {
        let written = names.iter().find(|(name, _)| *name == v.name).map_or(program.value, |(_, node)| *node);
        agree(&point.eval(g, v.formula), &point.eval(g, written), &format!("{expr}: {}", v.name));
        // The shares that a value hands back are what its local derivatives make of its cotangent.
        let cotangent = point.eval(g, v.cotangent);
        for passed in &v.passed {
            let share = point.eval(g, passed.share);
            let what = format!("{expr}: {} by {}", v.name, passed.by);
            match passed.local {
                Some(Local::ByEntry(slope)) => {
                    let slope = point.eval(g, slope);
                    let product: Vec<f64> = cotangent.iter().zip(&slope).map(|(c, s)| c * s).collect();
                    agree(&product, &share, &what);
                }
                Some(Local::Jacobian(j)) => {
                    let j = point.eval(g, j);
                    let columns = share.len();
                    let row = |k: usize| -> f64 {
                        cotangent.iter().enumerate().map(|(i, c)| c * j[i * columns + k]).sum()
                    };
                    let product: Vec<f64> = (0..columns).map(row).collect();
                    agree(&product, &share, &what);
                }
                None => {}
            }
        }
    }
    for (share, gradient) in swept.gradient.iter().zip(&program.gradient) {
        agree(&point.eval(g, *share), &point.eval(g, *gradient), expr);
    }
    if let Some(r) = &program.residual {
        check_squares(expr, &program, r, &value, &sizes);
    }
    check_product(expr, &program, &value, &sizes);
    swept.values.len()
}

/// H v is the Hessian's blocks times v.
fn check_product(
    expr: &str,
    program: &ObjectiveProgram,
    value: &dyn Fn(&str, f64) -> f64,
    sizes: &[(&str, usize)],
) {
    let g = &program.graph;
    let point = Point::new(g, 11, sizes, &[], value);
    let directions: Vec<Vec<f64>> = program.directions.iter().map(|&v| point.eval(g, v)).collect();
    for (i, &product) in program.hessian_product.iter().enumerate() {
        let mut sum = vec![0.0; directions[i].len()];
        for (j, v) in directions.iter().enumerate() {
            let block = point.eval(g, program.hessian[i.max(j)][i.min(j)]);
            for (a, sum) in sum.iter_mut().enumerate() {
                let entry = |b: usize| {
                    if j <= i { block[a * v.len() + b] } else { block[b * directions[i].len() + a] }
                };
                *sum += v.iter().enumerate().map(|(b, v)| entry(b) * v).sum::<f64>();
            }
        }
        agree(&point.eval(g, product), &sum, &format!("{expr}: H v"));
    }
}

/// The Hessian is JᵀJ + Σ r ∇²r, its product with v is Jᵀ(J v) + Σ r ∇²r v, and the gradient Jᵀr.
fn check_squares(
    expr: &str,
    program: &ObjectiveProgram,
    r: &ResidualProgram,
    value: &dyn Fn(&str, f64) -> f64,
    sizes: &[(&str, usize)],
) {
    let mut g = program.graph.clone();
    let by: Vec<NodeId> = program.wrt.iter().map(|(_, n)| *n).collect();
    let second: Vec<Vec<NodeId>> = r.jacobian.iter().map(|&j| diff::jacobian(&mut g, j, &by)).collect();
    let product = jacobian_product(&mut g, r.residual, &by, &program.directions);
    let point = Point::new(&g, 11, sizes, &[], value);
    let residual = point.eval(&g, r.residual);
    let rows = residual.len();
    let jacobian: Vec<Vec<f64>> = r.jacobian.iter().map(|&j| point.eval(&g, j)).collect();
    let directions: Vec<Vec<f64>> = program.directions.iter().map(|&v| point.eval(&g, v)).collect();
    let along = point.eval(&g, product);
    let mut summed = vec![0.0; rows];
    for (j, v) in jacobian.iter().zip(&directions) {
        for (k, sum) in summed.iter_mut().enumerate() {
            *sum += v.iter().enumerate().map(|(a, v)| j[k * (j.len() / rows) + a] * v).sum::<f64>();
        }
    }
    agree(&summed, &along, &format!("{expr}: J v"));
    for (i, &of_direction) in program.hessian_product.iter().enumerate() {
        let u = jacobian[i].len() / rows;
        let mut sum: Vec<f64> =
            (0..u).map(|a| (0..rows).map(|k| jacobian[i][k * u + a] * along[k]).sum()).collect();
        for (j, direction) in directions.iter().enumerate() {
            let curved = point.eval(&g, second[i][j]);
            for (a, sum) in sum.iter_mut().enumerate() {
                for k in 0..rows {
                    let row = &curved[(k * u + a) * direction.len()..][..direction.len()];
                    *sum += residual[k] * row.iter().zip(direction).map(|(c, v)| c * v).sum::<f64>();
                }
            }
        }
        agree(&sum, &point.eval(&g, of_direction), &format!("{expr}: H v by squares"));
    }
    for (i, row) in program.hessian.iter().enumerate() {
        let gradient = point.eval(&g, program.gradient[i]);
        let u = jacobian[i].len() / rows;
        let back: Vec<f64> =
            (0..u).map(|a| (0..rows).map(|k| jacobian[i][k * u + a] * residual[k]).sum()).collect();
        agree(&back, &gradient, expr);
        for (j, &block) in row.iter().enumerate() {
            let v = jacobian[j].len() / rows;
            let curved = point.eval(&g, second[i][j]);
            let mut sum = vec![0.0; u * v];
            for k in 0..rows {
                for a in 0..u {
                    for b in 0..v {
                        sum[a * v + b] += jacobian[i][k * u + a] * jacobian[j][k * v + b]
                            + residual[k] * curved[(k * u + a) * v + b];
                    }
                }
            }
            agree(&sum, &point.eval(&g, block), expr);
        }
    }
}

#[test]
fn the_reverse_sweep_of_an_objective_is_true() {
    let regression = ["X: matrix[n, d]", "y: vector[n]", "lambda: scalar"];
    /// Formula, data, variables, whether it is a residual, how many values there are at least.
    type Case<'a> = (&'a str, &'a [&'a str], &'a [&'a str], bool, usize);
    let cases: [Case<'_>; 19] = [
        ("mean(log(1 + exp(-y .* (X*w)))) + lambda/2 * norm2(w)^2", &regression, &["w: vector[d]"], false, 2),
        ("norm2(X*w - y)^2/2 + lambda/2 * norm2(w)^2", &regression, &["w: vector[d]"], false, 2),
        ("X*w - y", &regression[..2], &["w: vector[d]"], true, 2),
        (
            "b1*exp(-b2*x) + b3*exp(-(x - b4).^2/b5^2) - y",
            &["x: vector[n]", "y: vector[n]"],
            &["b1: scalar", "b2: scalar", "b3: scalar", "b4: scalar", "b5: scalar"],
            true,
            2,
        ),
        (
            "sum[k]((r[k] - dot(U[p[k], :], V[q[k], :]))^2) + lambda*(norm2(U)^2 + norm2(V)^2)",
            &["r: vector[n]", "p: indices[n]", "q: indices[n]", "lambda: scalar"],
            &["U: matrix[a, c]", "V: matrix[b, c]"],
            false,
            2,
        ),
        (
            "K = matrix[i, j](exp(-sum[c]((X[i,c] - X[j,c])^2)/(2*l^2))) + s^2*eye; y'*solve(K, y)/2 + logdet(K)/2",
            &regression[..2],
            &["l: scalar", "s: scalar"],
            false,
            3,
        ),
        ("sum[i](100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2)", &[], &["x: vector[n]"], false, 1),
        ("u = tanh(X*w); sum(u .* exp(u)) + norm2(u)", &regression[..1], &["w: vector[d]"], false, 2),
        ("s = sum(exp(w)); log(s) + s^2*w'*w", &[], &["w: vector[d]"], false, 2),
        (
            "r = X*w - y; sum(where(abs(r) <= lambda, r.^2/2, lambda*(abs(r) - lambda/2)))",
            &regression,
            &["w: vector[d]"],
            false,
            2,
        ),
        (
            "w'*S*w/2 - lambda*m'*w",
            &["S: symmetric matrix[d, d]", "m: vector[d]", "lambda: scalar"],
            &["w: vector[d]"],
            false,
            1,
        ),
        ("sum(exp(X*w) - y .* (X*w)) + lambda*norm1(w)", &regression, &["w: vector[d]"], false, 2),
        (
            "tr(A'*M*A) - log(det(M + 3*eye)) + tr(inv(M + 3*eye)*S)",
            &["A: matrix[c, d]", "S: matrix[c, c]"],
            &["M: matrix[c, c]"],
            false,
            2,
        ),
        (
            "sum[i]((x[i+1] - 2*x[i] + x[i-1])^2) + lambda*sum[i](abs(x[i+1] - x[i]))",
            &["lambda: scalar"],
            &["x: vector[n]"],
            false,
            1,
        ),
        (
            "e = vector[t](x[t] - sum[k](phi[k]*x[t-1-k]) - h); norm2(e)^2/2 + lambda*norm2(phi)^2",
            &["x: vector[n]", "lambda: scalar"],
            &["phi: vector[d]", "h: scalar"],
            false,
            2,
        ),
        (
            "-sum[k](logsumexp[j](log_softmax(u)[j] - (x[k] - mu[j])^2/(2*exp(2*s[j])) - s[j]))",
            &["x: vector[n]"],
            &["u: vector[c]", "mu: vector[c]", "s: vector[c]"],
            false,
            3,
        ),
        (
            "norm2(X*w + Z*u - y)^2/2 + lambda*norm2(w)^2 + 0.3*norm1(u)",
            &["X: matrix[n, d]", "Z: matrix[n, a]", "y: vector[n]", "lambda: scalar"],
            &["w: vector[d]", "u: vector[a]"],
            false,
            2,
        ),
        ("max(X*w + y) + logsumexp(X*w)", &regression[..2], &["w: vector[d]"], false, 2),
        (
            "tanh(W*x) + h - y",
            &["x: vector[d]", "y: vector[n]"],
            &["W: matrix[n, d]", "h: vector[n]"],
            true,
            2,
        ),
    ];
    for (expr, data, wrt, residual, least) in cases {
        let values = check_objective(expr, data, wrt, residual);
        assert!(values >= least, "{expr}: {values} values");
    }
}
