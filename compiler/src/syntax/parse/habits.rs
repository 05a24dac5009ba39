//! Habits of other languages that no grammar of this one lets through, and how to write what was meant:
//! `x**2`, `w.T`, `np.exp(x)`, `x.sum()`.

use super::State;
use super::lexer::{continues_name, number, space, starts_name, starts_number};
use crate::suggest;

/// Names of libraries, and their short forms, that stand before a function elsewhere.
const LIBRARIES: &[&str] = &[
    "np",
    "numpy",
    "jnp",
    "jax",
    "torch",
    "tf",
    "tensorflow",
    "F",
    "nn",
    "functional",
    "scipy",
    "sp",
    "special",
    "stats",
    "math",
    "Math",
    "cmath",
    "sympy",
    "sm",
    "K",
    "keras",
    "xp",
    "cp",
    "cupy",
    "linalg",
    "f64",
    "f32",
    "std",
];

/// What is a method of an array elsewhere.
const METHODS: &[&str] = &[
    "sum",
    "mean",
    "max",
    "min",
    "prod",
    "dot",
    "norm",
    "abs",
    "exp",
    "log",
    "ln",
    "sqrt",
    "sin",
    "cos",
    "tanh",
    "pow",
    "powi",
    "powf",
    "square",
    "sigmoid",
    "softmax",
    "log_softmax",
    "relu",
    "logsumexp",
    "trace",
    "det",
    "inverse",
    "inv",
    "std",
    "var",
    "clip",
    "clamp",
    "cumsum",
    "diag",
    "matmul",
    "mm",
    "erf",
    "sign",
    "floor",
    "round",
];

impl State<'_> {
    /// The way out where `token`, at `start`, follows an operand.
    pub(super) fn explain_habit(&self, token: &str, start: usize) -> Option<String> {
        match token {
            "**" => self.explain_stars(start),
            "." => self.explain_point(start),
            _ => None,
        }
    }

    /// The name or number that ends at `end`.
    fn word_before(&self, end: usize) -> &str {
        let before = self.text[..end].trim_end();
        &before[before.trim_end_matches(|c| continues_name(c) || c == '.').len()..]
    }

    fn explain_stars(&self, start: usize) -> Option<String> {
        let base = self.word_before(start);
        let exponent = space(&self.text[start + 2..]);
        let rest = if starts_number(exponent) {
            number(self, exponent).map_or("", |(rest, _)| rest)
        } else {
            exponent.trim_start_matches(continues_name)
        };
        let exponent = &exponent[..exponent.len() - rest.len()];
        let short = |word: &str| !word.is_empty() && word.len() < 20;
        (short(base) && short(exponent) && !space(rest).starts_with('('))
            .then(|| format!("write `{base}^{exponent}` for numbers, `{base}.^{exponent}` entry by entry"))
    }

    fn explain_point(&self, start: usize) -> Option<String> {
        let path = self.word_before(start);
        let owner = path.rsplit('.').next().unwrap_or(path);
        // `numpy.linalg.norm` is `norm`.
        let (mut library, mut rest) = (LIBRARIES.contains(&owner), space(&self.text[start + 1..]));
        let name = loop {
            if !rest.starts_with(starts_name) {
                return None;
            }
            let after = rest.trim_start_matches(continues_name);
            let name = &rest[..rest.len() - after.len()];
            let next = space(after).strip_prefix('.').map(space).filter(|next| next.starts_with(starts_name));
            rest = after;
            match next {
                Some(next) if library => {
                    library = library || LIBRARIES.contains(&name);
                    rest = next;
                }
                _ => break name,
            }
        };
        if name.len() > 40 || owner.len() > 40 {
            return None;
        }
        let called = space(rest).starts_with('(');
        if library {
            let instead = match suggest::spelled_here(name) {
                Some(phrase) if !phrase.is_empty() => format!("write {phrase}"),
                Some(_) => format!("there is no `{name}` here"),
                None => format!("write `{name}{}`", if called { "(...)" } else { "" }),
            };
            return Some(format!("leave `{owner}.` out: {instead}"));
        }
        let operand = if owner.is_empty() { "A" } else { owner };
        match name {
            "T" | "mT" | "H" | "transpose" | "t" => Some(format!(
                "the transpose of `{operand}` is `{operand}'` in a string, `t({operand})` anywhere"
            )),
            _ if owner == "self" => Some(format!("write `{name}`: fields are known by their names")),
            _ if called && METHODS.contains(&name) => Some(match suggest::spelled_here(name) {
                Some(phrase) if !phrase.is_empty() => {
                    format!("functions stand before what they are of: write {phrase}")
                }
                Some(_) => format!("there is no `{name}` here"),
                None => {
                    let alone = space(space(rest).get(1..).unwrap_or("")).starts_with(')');
                    let more = if alone { "" } else { ", ..." };
                    let of = if owner.is_empty() { "..." } else { owner };
                    format!("functions stand before what they are of: write `{name}({of}{more})`")
                }
            }),
            _ => None,
        }
    }
}
