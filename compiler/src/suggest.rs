//! Did you mean: the name that a misspelt one was most likely meant to be, and how what other tools call
//! so is written here.

mod elsewhere;

/// Names of other tools, without underscores and in lower case, and what they are called here.
const SYNONYMS: &[(&str, &str)] = &[
    ("trace", "tr"),
    ("ln", "log"),
    ("logarithm", "log"),
    ("arcsin", "asin"),
    ("arccos", "acos"),
    ("arctan", "atan"),
    ("arctan2", "atan2"),
    ("tg", "tan"),
    ("arctg", "atan"),
    ("sh", "sinh"),
    ("ch", "cosh"),
    ("th", "tanh"),
    ("cuberoot", "cbrt"),
    ("absolute", "abs"),
    ("sgn", "sign"),
    ("signum", "sign"),
    ("fabs", "abs"),
    ("root", "sqrt"),
    ("sqr", "square"),
    ("pow2", "square"),
    ("lngamma", "lgamma"),
    ("gammaln", "lgamma"),
    ("loggamma", "lgamma"),
    ("lngammafn", "lgamma"),
    ("psi", "digamma"),
    ("betaln", "lbeta"),
    ("logbeta", "lbeta"),
    ("lnbeta", "lbeta"),
    ("ndtr", "normal_cdf"),
    ("normcdf", "normal_cdf"),
    ("stdnormalcdf", "normal_cdf"),
    ("normpdf", "normal_pdf"),
    ("logndtr", "log_normal_cdf"),
    ("normlogcdf", "log_normal_cdf"),
    ("lognormcdf", "log_normal_cdf"),
    ("stdnormallcdf", "log_normal_cdf"),
    ("log1pexp", "softplus"),
    ("log1exp", "softplus"),
    ("invgammalpdf", "inverse_gamma_lpdf"),
    ("doubleexponentiallpdf", "laplace_lpdf"),
    ("multinormallpdf", "multivariate_normal_lpdf"),
    ("negbinomial2lpmf", "negative_binomial_lpmf"),
    ("logistic", "sigmoid"),
    ("expit", "sigmoid"),
    ("sigm", "sigmoid"),
    ("swish", "silu"),
    ("identity", "linear"),
    ("hardtanh", "hard_tanh"),
    ("rectifier", "relu"),
    ("lrelu", "leaky_relu"),
    ("prelu", "leaky_relu"),
    ("clamp", "clip"),
    ("ifelse", "where"),
    ("if", "where"),
    ("cases", "where"),
    ("maximum", "max"),
    ("minimum", "min"),
    ("fmax", "max"),
    ("fmin", "min"),
    ("amax", "max"),
    ("amin", "min"),
    ("average", "mean"),
    ("avg", "mean"),
    ("norm", "norm2"),
    ("norm3", "norm2"),
    ("normfro", "norm2"),
    ("frobenius", "norm2"),
    ("normmax", "norm_inf"),
    ("inner", "dot"),
    ("vdot", "dot"),
    ("vecdot", "dot"),
    ("dotproduct", "dot"),
    ("lse", "logsumexp"),
    ("logsoftmax", "log_softmax"),
    ("softargmax", "softmax"),
    ("transpose", "t"),
    ("inverse", "inv"),
    ("determinant", "det"),
    ("slogdet", "logdet"),
    ("identitymatrix", "eye"),
    ("ones", "vector"),
    ("sumrows", "rowsum"),
    ("sumcols", "colsum"),
    ("linsolve", "solve"),
    ("bce", "cross_entropy"),
    ("binarycrossentropy", "cross_entropy"),
    ("ce", "cross_entropy"),
    ("xent", "cross_entropy"),
    ("cce", "categorical_cross_entropy"),
    ("nll", "categorical_cross_entropy"),
    ("sparsecategoricalcrossentropy", "categorical_cross_entropy"),
    ("bcewithlogits", "cross_entropy_with_logits"),
    ("l2loss", "quadratic"),
    ("squarederror", "quadratic"),
    ("sse", "quadratic"),
    ("meansquarederror", "mse"),
    ("meanabsoluteerror", "mae"),
    ("l1loss", "mae"),
    ("pinball", "quantile"),
    ("kld", "kl_divergence"),
    ("kl", "kl_divergence"),
    ("logcosh", "log_cosh"),
    ("ridge", "l2"),
    ("weightdecay", "l2"),
    ("lasso", "l1"),
    ("elastic", "elastic_net"),
];

/// Words longer than this are compared for nothing but case and underscores.
const LONGEST: usize = 64;

/// A sentence of help where a function is called `word` and there is none: did you mean another, or how
/// to write what other tools call so.
#[must_use]
pub fn function_meant<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    let candidates: Vec<&str> = candidates.collect();
    match elsewhere::meaning(&fold(word)) {
        // What means something else must not be taken for a slip. A user's own function may be called so.
        Some(_) if candidates.iter().any(|c| c.eq_ignore_ascii_case(word)) => {}
        Some("") => return None,
        Some(here) => return Some(format!("write {here}")),
        None => {}
    }
    if let Some((name, index)) = over_index(word) {
        return Some(format!("write `{name}[{index}](...)`"));
    }
    did_you_mean(word, candidates.into_iter()).map(|near| format!("did you mean `{near}`?"))
}

/// `Σ`, `Σ_k`, `sum_k` as a function: what goes over which index here.
fn over_index(word: &str) -> Option<(&str, &str)> {
    let (name, index) = match word.split_once('_') {
        Some((name, index)) => (name, index),
        None if matches!(word, "Sigma" | "Pi") => (word, "i"),
        None => return None,
    };
    let name = match name {
        "Sigma" => "sum",
        "Pi" => "prod",
        "sum" | "prod" | "mean" | "max" | "min" => name,
        _ => return None,
    };
    (index.len() == 1 && index.starts_with(|c: char| c.is_ascii_alphabetic())).then_some((name, index))
}

/// How a function that other tools call `word` is written here: in words, empty where it is not; nothing
/// where it is called so here too, or is not known.
#[must_use]
pub fn spelled_here(word: &str) -> Option<String> {
    let folded = fold(word);
    if let Some(here) = elsewhere::meaning(&folded) {
        return Some(here.to_owned());
    }
    let (_, here) = SYNONYMS.iter().find(|(there, _)| *there == folded)?;
    Some(format!("`{here}(...)`"))
}

/// The candidate that `word` most likely stands for, if one is near.
///
/// In this order: equal but for case and underscores; what another tool's name means here; the fewest letters
/// left out, added, changed or swapped. The same answer whatever the order of the candidates.
#[must_use]
pub fn did_you_mean<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(word);
    let candidates: Vec<&str> = candidates.filter(|candidate| *candidate != word).collect();
    let alike = candidates.iter().filter(|candidate| fold(candidate) == folded);
    if let Some(alike) = alike.min_by_key(|candidate| (distance(word, candidate), **candidate)) {
        return Some(alike);
    }
    let here = SYNONYMS.iter().find(|(there, _)| *there == folded).map(|(_, here)| *here);
    if let Some(synonym) = here.and_then(|here| candidates.iter().find(|candidate| **candidate == here)) {
        return Some(synonym);
    }
    let length = word.chars().count();
    if !(2..=LONGEST).contains(&length) {
        return None;
    }
    // A short word is mostly its first letter; a long one may have a slip in every third. Of a
    // log-density the distribution's name must be near.
    let lower = word.to_lowercase();
    let ending = DENSITY_ENDINGS.iter().find(|ending| lower.ends_with(**ending));
    let allowed = ((length - ending.map_or(0, |e| e.len())) / 3).max(1);
    let alike = |c: &str| logarithmic(c) == logarithmic(&lower) && distribution(c) == distribution(&lower);
    let near = candidates.iter().filter(|c| alike(c)).filter_map(|candidate| {
        let longer = candidate.chars().count().abs_diff(length);
        if longer > allowed {
            return None;
        }
        let name = candidate.to_lowercase();
        if length <= 3 && name.chars().next() != lower.chars().next() {
            return None;
        }
        let edits = distance(&lower, &name);
        (edits <= allowed).then(|| (edits, longer, distance(word, candidate), *candidate))
    });
    near.min().map(|(.., candidate)| candidate)
}

/// How names of log-densities end, here and elsewhere.
const DENSITY_ENDINGS: [&str; 5] = ["_lpdf", "_lpmf", "_logpdf", "_logpmf", "_lupdf"];

/// Whether a longer word begins as names of logarithms do: `logsigmoid` is no slip for `sigmoid`.
fn logarithmic(word: &str) -> bool {
    word.len() > 5 && word.starts_with("log")
}

/// How a word ends that is a distribution function and no density.
fn distribution(word: &str) -> Option<&'static str> {
    ["_lccdf", "_lcdf", "_icdf", "_cdf", "_rng"].into_iter().find(|ending| word.ends_with(ending))
}

/// Lower case, no underscores.
fn fold(word: &str) -> String {
    word.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

/// Edits from one word to the other: insert, delete, change, or swap two neighbours. Long words count as far.
fn distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().take(LONGEST + 1).collect();
    let to: Vec<char> = to.chars().take(LONGEST + 1).collect();
    let mut before_last = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, &f) in from.iter().enumerate() {
        let mut row = vec![i + 1; to.len() + 1];
        for (j, &t) in to.iter().enumerate() {
            let changed = last[j] + usize::from(f != t);
            row[j + 1] = changed.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && f == to[j - 1] && from[i - 1] == t {
                let swapped: usize = before_last[j - 1];
                row[j + 1] = row[j + 1].min(swapped + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const FUNCTIONS: &str = "exp log log1p expm1 sqrt square abs sign sin cos tan asin acos atan sinh cosh tanh sigmoid \
        softplus relu leaky_relu elu selu gelu silu mish softsign hard_tanh erf lgamma digamma max min clip where sum \
        mean norm1 norm2 norm_inf dot outer logsumexp softmax log_softmax rowsum colsum rowmax tr det logdet inv solve \
        diag eye vector matrix kron t pi";

    fn functions_and(names: &str, word: &str) -> Option<String> {
        let candidates = FUNCTIONS.split_whitespace().chain(names.split_whitespace());
        did_you_mean(word, candidates).map(str::to_owned)
    }

    fn among(names: &str, word: &str) -> Option<String> {
        did_you_mean(word, names.split_whitespace()).map(str::to_owned)
    }

    #[test]
    fn misspelt_functions_are_found() {
        for (word, meant) in [
            ("sigmod", "sigmoid"),
            ("sofmax", "softmax"),
            ("Sum", "sum"),
            ("SoftMax", "softmax"),
            ("norm3", "norm2"),
            ("trace", "tr"),
            ("ln", "log"),
            ("arcsin", "asin"),
            ("arc_tan", "atan"),
            ("swish", "silu"),
            ("softplsu", "softplus"),
            ("logSoftmax", "log_softmax"),
            ("row_sum", "rowsum"),
            ("epx", "exp"),
        ] {
            assert_eq!(functions_and("", word).as_deref(), Some(meant), "{word}");
        }
        for word in ["frobnicate", "lambda", "q", "zz", ""] {
            assert_eq!(functions_and("x y s A B", word), None, "{word}");
        }
    }

    #[test]
    fn misspelt_names_are_found() {
        for (names, word, meant) in [
            ("x y s", "yy", Some("y")),
            ("x y s", "x1", Some("x")),
            ("x y s", "X", Some("x")),
            ("x y s", "lambda", None),
            ("x weights", "weigths", Some("weights")),
            ("lambda n", "mu", None),
            ("lambda n", "lamda", Some("lambda")),
            ("w1 w2 b1 b2 w b", "w9", Some("w1")),
            ("b2 w2 b1 w1", "w9", Some("w1")),
            ("w1 b1", "w2", Some("w1")),
            ("x W b1", "b2", Some("b1")),
            ("d a y", "dd", Some("d")),
            ("a y w b", "x", None),
            ("a y w b", "z", None),
            ("x slope", "slop", Some("slope")),
            ("delta", "delt", Some("delta")),
            ("l1 l2", "l22", Some("l2")),
            ("Sigma sigma", "sigm", Some("sigma")),
        ] {
            assert_eq!(among(names, word).as_deref(), meant, "{word} among {names}");
        }
    }

    #[test]
    fn catalog_names_are_found_without_their_underscores() {
        let catalog = || crate::catalog::all().iter().map(crate::catalog::Entry::name);
        for (word, meant) in [
            ("quadratc", "quadratic"),
            ("cross_entrpy", "cross_entropy"),
            ("crossentropy", "cross_entropy"),
            ("categorical_crossentropy", "categorical_cross_entropy"),
            ("CrossEntropy", "cross_entropy"),
            ("bce", "cross_entropy"),
            ("ce", "cross_entropy"),
            ("logcosh", "log_cosh"),
            ("l3", "l1"),
        ] {
            assert_eq!(did_you_mean(word, catalog()), Some(meant), "{word}");
        }
        assert_eq!(did_you_mean("frobnicate", catalog()), None);
    }

    /// All that a formula may call in an objective.
    fn meant(word: &str) -> Option<String> {
        let functions = crate::ops::ALL.iter().filter(|op| op.public).map(|op| op.name);
        let entries = crate::catalog::all().iter().filter(|e| e.kind.is_function());
        let builtins = crate::lower::BUILTINS.iter().map(|(name, ..)| *name);
        function_meant(word, functions.chain(entries.map(crate::catalog::Entry::name)).chain(builtins))
    }

    #[test]
    fn other_tools_names_are_known_by_their_meaning() {
        for (word, here) in [
            ("pow", "write `x^y` for numbers, `x.^y` entry by entry"),
            ("gamma", "write `exp(lgamma(x))` for x > 0; `lgamma(x)` is its logarithm"),
            ("ln", "did you mean `log`?"),
            ("arctan2", "did you mean `atan2`?"),
            ("gammaln", "did you mean `lgamma`?"),
            ("betaln", "did you mean `lbeta`?"),
            ("log_ndtr", "did you mean `log_normal_cdf`?"),
            ("norm_cdf", "did you mean `normal_cdf`?"),
            ("log_add_exp", "did you mean `logaddexp`?"),
            ("Sinc", "did you mean `sinc`?"),
            ("log_sigmoid", "write `log(sigmoid(x))`, which keeps its tail"),
            ("normal_lcdf", "write `log_normal_cdf((x - mu)/sigma)`"),
            ("normal_logpdf", "did you mean `normal_lpdf`?"),
            ("gamma_lpd", "did you mean `gamma_lpdf`?"),
            ("poisson_lpdf", "did you mean `poisson_lpmf`?"),
            ("std", "write `sqrt(mean((x - mean(x)).^2))`"),
        ] {
            assert_eq!(meant(word).as_deref(), Some(here), "{word}");
        }
    }

    /// What another tool means by a word that is near one of this language, and is something else.
    #[test]
    fn a_word_that_means_something_else_is_no_slip() {
        for word in [
            "cumprod",
            "erfcx",
            "erfinv",
            "erfi",
            "pinv",
            "expm",
            "norm0",
            "uniform_lpdf",
            "skew_normal_lpdf",
            "gammainc",
            "zeta",
            "floor",
            "round",
            "median",
            "argmax",
            "cov",
            "conj",
            "real",
            "sqrtm",
            "chol",
            "logcumsumexp",
            "glu",
            "cauchy_lcdf",
            "weibull_cdf",
            "gamma_rng",
            "crelu",
            "expn",
        ] {
            assert_eq!(meant(word), None, "{word}");
        }
    }

    #[test]
    fn the_table_of_other_tools_names_is_in_order() {
        for (k, (word, here)) in elsewhere::ELSEWHERE.iter().enumerate() {
            assert_eq!(fold(word), *word, "folded");
            assert!(here.is_empty() || here.contains('`'), "{word}");
            let before =
                elsewhere::ELSEWHERE[..k].iter().map(|(w, _)| *w).chain(SYNONYMS.iter().map(|(w, _)| *w));
            assert!(before.into_iter().all(|other| other != *word), "{word} stands twice");
            // A function of this language is called so where it is called.
            assert!(crate::ops::element(word).is_none_or(|f| !f.spec().public), "{word}");
        }
    }

    #[test]
    fn a_megabyte_is_nothing_like_anything() {
        assert_eq!(functions_and("q", &"q".repeat(1_000_000)), None);
    }
}
