//! Habits of other tools that are found when names and arguments are: answered in this language's words.

use gradsmith_compiler::front::{self, ObjectiveText};
use gradsmith_compiler::syntax::ast::DeclaredShape;

/// The way out that the only message about a text has.
fn help(text: &str) -> String {
    let variables = vec![
        front::declaration("x", DeclaredShape::Vector(None)),
        front::declaration("s", DeclaredShape::Scalar),
        front::declaration("X", DeclaredShape::Matrix(None)),
    ];
    let text = ObjectiveText { expr: text.to_owned(), variables, ..ObjectiveText::default() };
    let errors = text.lower().err().unwrap_or_else(|| panic!("{}: is accepted", text.expr));
    let all: Vec<_> = errors.iter().collect();
    let [error] = all.as_slice() else { panic!("{}: {} messages", text.expr, all.len()) };
    error.help.clone().unwrap_or_else(|| panic!("{}: {} has no way out", text.expr, error.message))
}

#[test]
fn are_answered_with_what_to_write() {
    for (text, way_out) in [
        ("sum(sum(X, axis=1))", "write `rowsum(X)` for the sum of each row"),
        ("sum(sum(2*X, axis=-1))", "write `rowsum(2*X)` for the sum of each row"),
        ("sum(sum(X, axis = 0))", "write `colsum(X)` for the sum of each column"),
        ("sum(max(X, dim=1))", "write `rowmax(X)` for the greatest of each row"),
        ("sum(min(X, axis=0))", "write `-rowmax(-t(X))` for the least of each column"),
        ("sum(mean(X, axis=1))", "`rowsum(X)`, the sum of each row, over the number of columns"),
        ("sum(norm2(X, axis=1))", "write `sqrt(rowsum(X.^2))` for the norm of each row"),
        ("sum(logsumexp(X, axis=1))", "write `log(rowsum(exp(X)))` for each row"),
        ("sum(sum(X, 1))", "write `rowsum(X)` for the sum of each row, `colsum(X)` of each column"),
        ("log(s, 2)", "write `log(s)/log(2)` for another base"),
        ("norm2(x, 1)", "there are `norm1(x)`, `norm2(x)` and `norm_inf(x)`"),
        ("e^s", "e to the power of x is `exp(x)`"),
        ("clip(s, 0, inf)", "write `1/0`"),
        ("pow(s, 2)", "write `x^y` for numbers, `x.^y` entry by entry"),
        ("ln(s)", "did you mean `log`?"),
        ("arctan2(s, s)", "did you mean `atan2`?"),
        ("gammaln(s)", "did you mean `lgamma`?"),
        ("gamma(s)", "write `exp(lgamma(x))`"),
        ("sum(cummax(x))", "lists the functions"),
        ("Σ(x)", "write `sum[i](...)`"),
        ("Σ_k(x)", "write `sum[k](...)`"),
        ("max_k(x)", "write `max[k](...)`"),
        ("sum(i, x[i])", "write `sum[i](x[i])`"),
        ("sum[i](x[i]) + i", "the index `i` of a `sum[i](...)` or its like ends with its parentheses"),
        ("sum[i](prod[i](x[i]))", "call the index otherwise, such as `i_` or `j`"),
        ("sum[i](x[i]*x[(i + 1) % 3])", "what is next on a ring is named by data, `x[next[i]]`"),
        ("sum[i](if x[i] > 2 then x[i] else 0)", "a choice is `where(x < y, u, v)`"),
        ("sum[i, j](x[i]*x[j]) where i < j", "a choice is `where(x < y, u, v)`"),
        ("sum[i](where(i > 0 and x[i] > 0, x[i], 0))", "put one `where` into another"),
        ("len(X)*s", "of a matrix there are `rows` and `cols`"),
        ("rows(x)*s", "of a vector there is `len`"),
        ("norm2(diff(x))", "write `x[1..] - x[..len(x) - 1]`"),
        ("sum(tril(X))", "write `matrix[i, j](where(j <= i, A[i, j], 0))`"),
        ("s*x[end]", "the last entry of `x` is `x[len(x) - 1]`"),
        ("s*end", "the last entry of `x` is `x[len(x) - 1]`"),
        ("normal_lcdf(s, 0, 1)", "write `log_normal_cdf((x - mu)/sigma)`"),
    ] {
        let help = help(text);
        assert!(help.contains(way_out), "{text}: {help}");
    }
}
