//! What the derivations say: a formula that a textbook would print.
#![allow(dead_code, reason = "of these problems the derivation is read, not the data")]

use gradsmith::Objective;
use ndarray::{Array1, Array2};

fn line<'a>(derivation: &'a str, start: &str) -> &'a str {
    derivation.lines().find(|l| l.trim_start().starts_with(start)).unwrap_or("").trim()
}

#[derive(Objective)]
#[objective("r = X*w - y; mean(where(abs(r) <= delta, r.^2/2, delta*(abs(r) - delta/2)))", wrt(w: vector))]
struct Huber {
    X: Array2<f64>,
    y: Array1<f64>,
    delta: f64,
}

#[test]
fn a_choice_by_rows_is_a_diagonal() {
    assert_eq!(
        line(Huber::DERIVATION, "∂²f/∂w²"),
        "∂²f/∂w² = X' * diag(where(abs(r) <= delta, 1, 0)) * X / rows(X)"
    );
}

#[derive(Objective)]
#[objective("log(sigmoid(t)*exp(a) + sigmoid(-t)*exp(b))", wrt(t: scalar, a: scalar))]
struct Mixture {
    b: f64,
}

#[test]
fn opposite_sigmoids_add_up_to_one() {
    assert!(!Mixture::DERIVATION.contains("sigmoid(t) + sigmoid(-t)"), "{}", Mixture::DERIVATION);
}

#[derive(Objective)]
#[objective("mean(sqrt(1 + rowsum(((X - vector(1)*p')*R).^2)))", wrt(R: matrix))]
struct Distances {
    X: Array2<f64>,
    p: Array1<f64>,
}

#[test]
fn entries_name_the_products_they_share() {
    let hessian = Distances::DERIVATION.split("∂²f/∂R[i,j]∂R[k,l]").nth(1).unwrap_or_default();
    assert!(hessian.contains("t1[q,j]"), "{hessian}");
    assert_eq!(line(Distances::DERIVATION, "t1"), "t1 = (X - vector(1) * p') * R");
}

#[test]
fn locals_stand_on_lines_of_their_own() {
    let text = Huber::DERIVATION;
    assert!(text.starts_with("r = X*w - y\nf = mean(where("), "{text}");
    assert_eq!(line(text, "r = X * w"), "r = X * w - y");
    let gradient = line(text, "∂f/∂w");
    assert!(
        gradient.starts_with("∂f/∂w = X' * where(abs(r) <= delta, r, delta * sign(r)) / rows(X)"),
        "{gradient}"
    );
    let title =
        Huber::DERIVATION_LATEX.lines().find(|line| line.starts_with("\\subsection*")).unwrap_or_default();
    let lines: Vec<&str> = title.split("\\\\").collect();
    assert!(lines.len() == 2 && lines[0].contains("r = ") && lines[1].contains("f = mean("), "{title}");
}
