//! What is printed of formulas with indices: value, gradient and Hessian, in every notation.
//! `UPDATE_PRINTED=1` writes `printed.txt` anew; it is then to be read.

use super::{ALL, View, bands, lines, text};
use crate::front::{ObjectiveText, declaration};
use crate::lower::objective;
use crate::pipeline::ObjectiveProgram;
use crate::source::SourceId;
use crate::syntax::ast::{Declaration, DeclaredShape};
use crate::syntax::parse;
use std::fmt::Write;

const FORMULAS: [(&str, &str, &str, &str); 16] = [
    ("Rosenbrock", "sum[i](100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2)", "x: vector[n]", "x"),
    (
        "total variation",
        "sum[i]((x[i] - y[i])^2)/2 + mu*sum[i](abs(x[i+1] - x[i]))",
        "x: vector, y: vector, mu: scalar",
        "x",
    ),
    ("autoregression", "sum[t]((x[t] - sum[k](phi[k]*x[t-1-k]))^2)", "x: vector, phi: vector", "phi"),
    ("correlation", "norm2(vector[i](sum[k](w[k]*x[i+k])) - y)^2", "w: vector, x: vector, y: vector", "w"),
    ("gather", "sum[k]((r[k] - w[p[k]])^2)", "r: vector, w: vector, p: indices", "w"),
    ("running sums", "norm2(cumsum(x) - y)^2", "x: vector, y: vector", "x"),
    ("product", "prod(x)", "x: vector", "x"),
    ("minor", "det(X[1.., ..2])", "X: matrix[3, 3]", "X"),
    ("block", "sum(([A, b; c', d]*v).^2)", "A: matrix, b: vector, c: vector, d: scalar, v: vector", "b"),
    ("slices", "norm2(x[1..])^2 + dot(X[0, :], X[:, 2])", "x: vector, X: matrix[n, n]", "x"),
    ("reversal", "sum[i](x[i]*x[len(x) - 1 - i])", "x: vector[n]", "x"),
    ("triangle", "sum[i, j](where(j < i, (x[i] - x[j])^2, 0))", "x: vector", "x"),
    (
        "window over both ends",
        "norm2(vector[i](sum[k](w[k]*pad(x, 1)[i+k])))^2",
        "w: vector[3], x: vector",
        "w",
    ),
    (
        "kernel matrix",
        "logdet(matrix[i, j](exp(-sum[c]((X[i,c] - X[j,c])^2)/l)) + eye)",
        "X: matrix, l: scalar",
        "l",
    ),
    (
        "constant of an autoregression",
        "sum[t]((x[t] - c - phi*x[t-1])^2)",
        "x: vector, phi: scalar, c: scalar",
        "c",
    ),
    ("rows one after the other", "sum(flatten(u).^3)", "u: matrix[3, 2]", "u"),
];

fn program(expr: &str, variables: &str, wrt: &str) -> ObjectiveProgram {
    let whole = |d: Declaration| match variables.contains(&format!("{}: indices", d.name.name)) {
        true => Declaration { whole: true, ..declaration(&d.name.name, DeclaredShape::Vector(None)) },
        false => d,
    };
    let variables = variables.replace("indices", "vector");
    let declared = parse::declarations(&variables, SourceId::Declarations).expect("declarations");
    let text = ObjectiveText {
        expr: expr.to_owned(),
        variables: declared.into_iter().map(whole).collect(),
        wrt: vec![(wrt.to_owned(), objective::whole(expr))],
        ..ObjectiveText::default()
    };
    text.program().unwrap_or_else(|errors| panic!("{expr}: {errors}"))
}

#[test]
fn formulas_with_indices_are_written_as_in_a_textbook() {
    let mut page = String::new();
    let view = View::default();
    for (name, expr, variables, wrt) in FORMULAS {
        let p = program(expr, variables, wrt);
        writeln!(page, "{name}: {expr}").expect("a string");
        for target in ALL {
            let mut line = |what: &str, text: &str| {
                writeln!(page, "  {}, {what}: {text}", target.name).expect("a string");
            };
            line("f", &(target.write)(&lines(&p.graph, p.value, &view)));
            line("gradient", &(target.write)(&lines(&p.graph, p.gradient[0], &view)));
            match bands(&p.graph, p.hessian[0][0], &view) {
                _ if target.name == "mathml" => {}
                None => line("Hessian", &(target.write)(&lines(&p.graph, p.hessian[0][0], &view))),
                Some(bands) => {
                    for ([row, column], formula) in &bands {
                        let at = format!("Hessian[{},{}]", text::formula(row), text::formula(column));
                        line(&at, &(target.write)(formula));
                    }
                }
            }
        }
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/emit/printed.txt");
    if std::env::var_os("UPDATE_PRINTED").is_some() {
        std::fs::write(file, &page).expect("the file is written");
    }
    let wanted = std::fs::read_to_string(file).expect("the file is there");
    for (got, wanted) in page.lines().zip(wanted.lines()) {
        assert_eq!(got, wanted);
    }
    assert_eq!(page.lines().count(), wanted.lines().count());
}
