//! What the names of an objective are, where nobody has said it: by the conventions of those who write such formulas,
//! and by trying which of these the formula can be read with.

use crate::request;
use gradsmith_compiler::front::{ObjectiveText, declaration};
use gradsmith_compiler::lower::objective::whole;
use gradsmith_compiler::syntax::ast::{Declaration, DeclaredShape};

/// More names than this are not guessed.
const NAMES: usize = 9;

/// So many readings are tried.
const TRIES: usize = 400;

/// Names that stand for numbers.
const SCALARS: &[&str] = &[
    "n", "m", "d", "k", "p", "q", "s", "t", "l", "c", "r", "h", "nu", "eps", "lam", "rho", "tau", "lambda",
    "mu", "alpha", "gamma", "delta", "epsilon", "sigma", "eta", "kappa", "omega", "phi", "psi", "zeta", "xi",
];

/// What is differentiated by, most wanted first.
const VARIABLES: &[&str] = &["w", "theta", "beta", "W", "x", "U", "V", "u", "v", "X"];

/// What an objective's names are and what it is differentiated by: those in `known` as they are, the others guessed.
#[must_use]
pub fn declarations(expr: &str, known: &[Declaration], wrt: &[String]) -> (Vec<Declaration>, Vec<String>) {
    let free: Vec<String> = request::objective_names(expr)
        .into_iter()
        .filter(|name| known.iter().all(|d| d.name.name != *name))
        .collect();
    let all: Vec<&String> = free.iter().take(NAMES).collect();
    let mut best = read(&all, &vec![0; all.len()]);
    for ranks in readings(all.len()) {
        let guessed = read(&all, &ranks);
        if guessed.len() < all.len() {
            continue;
        }
        let variables: Vec<Declaration> = known.iter().chain(&guessed).cloned().collect();
        let Some(first) = variables.first() else { break };
        let text = ObjectiveText {
            expr: expr.to_owned(),
            wrt: vec![(first.name.name.clone(), whole(expr))],
            variables,
            ..ObjectiveText::default()
        };
        if text.lower().is_ok() {
            best = guessed;
            break;
        }
    }
    let wrt = if wrt.is_empty() { asked(known, &best) } else { wrt.to_vec() };
    (best, wrt)
}

/// The shapes of a name, the most likely first.
fn shapes(name: &str) -> Vec<DeclaredShape> {
    let (scalar, vector, matrix) =
        (DeclaredShape::Scalar, DeclaredShape::Vector(None), DeclaredShape::Matrix(None));
    if name.chars().next().is_some_and(char::is_uppercase) {
        vec![matrix, vector]
    } else if SCALARS.contains(&name) {
        vec![scalar, vector, matrix]
    } else {
        vec![vector, scalar, matrix]
    }
}

fn read(names: &[&String], ranks: &[usize]) -> Vec<Declaration> {
    names
        .iter()
        .zip(ranks)
        .filter_map(|(name, &rank)| Some(declaration(name, shapes(name).get(rank)?.clone())))
        .collect()
}

/// Which of its shapes each name has: the likeliest together first, as many as are tried.
fn readings(names: usize) -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    for sum in 0..=2 * names {
        let mut ranks = vec![0; names];
        fill(sum, 0, &mut ranks, &mut all);
        if all.len() >= TRIES {
            break;
        }
    }
    all.truncate(TRIES);
    all
}

fn fill(left: usize, at: usize, ranks: &mut Vec<usize>, all: &mut Vec<Vec<usize>>) {
    if all.len() >= TRIES {
        return;
    }
    if at == ranks.len() {
        if left == 0 {
            all.push(ranks.clone());
        }
        return;
    }
    for rank in 0..=left.min(2) {
        ranks[at] = rank;
        fill(left - rank, at + 1, ranks, all);
    }
    ranks[at] = 0;
}

/// What is differentiated by: of numbers alone, all that are no parameters by their names.
fn asked(known: &[Declaration], guessed: &[Declaration]) -> Vec<String> {
    let all = || known.iter().chain(guessed);
    let numbers: Vec<String> =
        all().map(|d| d.name.name.clone()).filter(|name| !SCALARS.contains(&name.as_str())).collect();
    if all().all(|d| d.shape == DeclaredShape::Scalar) && !numbers.is_empty() {
        return numbers;
    }
    let by_name = VARIABLES.iter().find(|v| all().any(|d| d.name.name == **v)).map(|v| (*v).to_owned());
    let vector = all().find(|d| matches!(d.shape, DeclaredShape::Vector(_))).map(|d| d.name.name.clone());
    by_name.or(vector).or_else(|| all().next().map(|d| d.name.name.clone())).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::declarations;

    fn guessed(expr: &str) -> String {
        let (all, wrt) = declarations(expr, &[], &[]);
        let all: Vec<String> = all.iter().map(ToString::to_string).collect();
        format!("{}; {}", all.join(", "), wrt.join(", "))
    }

    #[test]
    fn names_are_what_their_users_mean() {
        assert_eq!(guessed("norm2(X*w - y)^2/2"), "X: matrix, w: vector, y: vector; w");
        assert_eq!(guessed("x'*A*x + c*sin(y)'*x"), "x: vector, A: matrix, c: scalar, y: vector; x");
        assert_eq!(guessed("(1 - x)^2 + 100*(y - x^2)^2"), "x: scalar, y: scalar; x, y");
        assert_eq!(guessed("r = X*w - y; sum(r.^2)"), "X: matrix, w: vector, y: vector; w");
        assert_eq!(guessed("sum[i](exp(-x[i]/s))"), "x: vector, s: scalar; x");
        assert_eq!(guessed("X*w - y"), "X: matrix, w: vector, y: vector; w");
        assert_eq!(guessed("norm2(X*w - "), "; ");
    }
}
