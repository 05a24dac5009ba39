//! What the names of an objective are, where nobody has said it: by the conventions of those who write such formulas,
//! and by trying which of these the formula can be read with.

use crate::request::{Texts, items, names};
use gradsmith_compiler::front::{ObjectiveText, declaration};
use gradsmith_compiler::lower::objective::whole;
use gradsmith_compiler::source::SourceId;
use gradsmith_compiler::syntax::ast::{Declaration, DeclaredExtent, DeclaredShape};
use gradsmith_compiler::syntax::parse::{self, canonical_name};

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

/// What was guessed, as texts; nothing where nothing had to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guess {
    /// Declarations of names that nothing declares.
    pub variables: String,
    /// What is differentiated by.
    pub wrt: String,
}

/// Completes what an objective's texts declare and what they ask for. Texts that do not parse stay as they are: what is
/// wrong is said when they are read in earnest.
pub fn complete(texts: &mut Texts) -> Guess {
    let declared = |text: &String| parse::declarations(text, SourceId::Declarations).ok();
    let also: Vec<&String> = texts.wrt.iter().filter(|text| text.contains(':')).collect();
    let all: Option<Vec<Vec<Declaration>>> = texts.variables.iter().chain(also).map(declared).collect();
    let Some(known) = all.map(|all| all.concat()) else { return Guess::default() };
    let names = texts.wrt.iter().filter(|text| !text.contains(':')).flat_map(|text| items(text));
    let asked: Vec<String> = names.map(|(name, _)| canonical_name(name)).collect();
    let declares = texts.wrt.iter().any(|text| text.contains(':'));
    let (more, by) = declarations(texts, &known, &asked);
    let mut guess = Guess::default();
    if !more.is_empty() {
        let more: Vec<String> = more.iter().map(ToString::to_string).collect();
        guess.variables = more.join(", ");
        texts.variables.push(guess.variables.clone());
    }
    if asked.is_empty() && !declares {
        guess.wrt = by.join(", ");
        texts.wrt = vec![guess.wrt.clone()];
    }
    guess
}

/// What an objective's names are and what it is differentiated by: those in `known` as they are, the others guessed.
fn declarations(texts: &Texts, known: &[Declaration], wrt: &[String]) -> (Vec<Declaration>, Vec<String>) {
    let is_known = |name: &String| known.iter().any(|d| d.name.name == *name || sizes(d).contains(name));
    let free: Vec<String> = names::of_objective(texts).into_iter().filter(|name| !is_known(name)).collect();
    let all: Vec<&String> = free.iter().take(NAMES).collect();
    let without = Texts { bounds: String::new(), constraints: Vec::new(), ..texts.clone() };
    // A constraint that is wrong does not make the formula one that nothing fits.
    let tries = if without == *texts { vec![texts] } else { vec![texts, &without] };
    let fits = tries.into_iter().find_map(|texts| {
        let readings = readings(all.len()).into_iter().map(|ranks| read(&all, &ranks));
        readings.filter(|guessed| guessed.len() == all.len()).find(|guessed| {
            let variables: Vec<Declaration> = known.iter().chain(guessed).cloned().collect();
            // Nor does a name that is none.
            let mut by = wrt.to_vec();
            by.retain(|name| variables.iter().any(|d| d.name.name == *name));
            if by.is_empty() {
                by = asked(known, guessed);
            }
            let text = ObjectiveText {
                expr: texts.expr.clone(),
                defines: texts.defines.clone(),
                wrt: by.into_iter().map(|name| (name, whole(&texts.expr))).collect(),
                variables,
                residual: texts.residual,
                bounds: texts.bounds.clone(),
                constraints: texts.constraints.clone(),
                ..ObjectiveText::default()
            };
            text.lower().is_ok()
        })
    });
    let best = fits.unwrap_or_else(|| read(&all, &vec![0; all.len()]));
    let wrt = if wrt.is_empty() { asked(known, &best) } else { wrt.to_vec() };
    (best, wrt)
}

/// The symbols of a declaration's extents.
fn sizes(d: &Declaration) -> Vec<String> {
    let extents = match &d.shape {
        DeclaredShape::Vector(Some(n)) => vec![n],
        DeclaredShape::Matrix(Some((rows, cols))) => vec![rows, cols],
        DeclaredShape::Tensor(extents) => extents.iter().collect(),
        DeclaredShape::Scalar | DeclaredShape::Vector(None) | DeclaredShape::Matrix(None) => Vec::new(),
    };
    let symbol = |e: &DeclaredExtent| match e {
        DeclaredExtent::Symbol(name) => Some(name.clone()),
        DeclaredExtent::Constant(_) | DeclaredExtent::Free => None,
    };
    extents.into_iter().filter_map(symbol).collect()
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
    use super::complete;
    use crate::request::Texts;

    fn of(mut texts: Texts) -> String {
        let guess = complete(&mut texts);
        format!("{}; {}", guess.variables, guess.wrt)
    }

    fn guessed(expr: &str) -> String {
        of(Texts { expr: expr.to_owned(), ..Texts::default() })
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

    #[test]
    fn what_is_said_is_not_guessed() {
        let texts = |expr: &str| Texts { expr: expr.to_owned(), ..Texts::default() };
        let said = |vars: &str, wrt: &str| Texts {
            variables: vec![vars.to_owned()],
            wrt: vec![wrt.to_owned()],
            ..texts("norm2(X*w - y)^2/n")
        };
        assert_eq!(of(said("X: matrix[n, d]", "")), "w: vector, y: vector; w");
        assert_eq!(of(said("X: matrix[n, d], y: vector[n]", "w: vector[d]")), "; ");
        assert_eq!(of(said("X: matrix[n, d], w: vector", "y")), "y: vector; ");
        assert_eq!(of(said("X: matrixx", "")), "; ");
    }

    #[test]
    fn definitions_residuals_and_constraints_say_more() {
        let texts = |expr: &str| Texts { expr: expr.to_owned(), ..Texts::default() };
        let fit = Texts {
            defines: vec!["peak(t, c, s) = exp(-((t - c)/s).^2)".to_owned()],
            residual: true,
            ..texts("h*peak(x, c, s) - y")
        };
        assert_eq!(of(fit), "h: scalar, x: vector, c: scalar, s: scalar, y: vector; x");
        let bounded = Texts {
            bounds: "w >= l".to_owned(),
            constraints: vec!["A*w == b".to_owned(), "(".to_owned()],
            ..texts("norm2(w)^2")
        };
        assert_eq!(of(bounded), "w: vector, l: scalar, A: matrix, b: vector; w");
    }
}
