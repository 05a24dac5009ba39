//! What is written with indices, for those who ask by name. What the forms mean is in `binder`, `subscript`, `block`
//! and `range`.

/// A form: what it is called, how it is written, what it is, and an example.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// The name before the brackets, or a word for what has none.
    pub name: &'static str,
    /// How it is written.
    pub syntax: &'static str,
    /// What it is.
    pub says: &'static str,
    /// A formula that has it.
    pub example: &'static str,
}

const fn form(name: &'static str, syntax: &'static str, says: &'static str, example: &'static str) -> Form {
    Form { name, syntax, says, example }
}

/// All of them: what runs over indices, what builds arrays, what entries are and which values indices take.
pub const FORMS: &[Form] = &[
    form(
        "sum",
        "sum[i](e), sum[i, j](e), sum[i in a..b](e)",
        "the sum of e over all values of the indices, 0 where there are none; of vectors and matrices, entry by entry",
        "sum[i](y[i]*(x[i + 1] - x[i])^2)",
    ),
    form(
        "mean",
        "mean[i](e), mean[i, j](e), mean[i in a..b](e)",
        "the mean of e over all values of the indices",
        "mean[i, j]((A[i, j] - x[i]*y[j])^2)",
    ),
    form(
        "prod",
        "prod[i](e), prod[i, j](e), prod[i in a..b](e)",
        "the product of e over all values of the indices, 1 where there are none; its derivatives are right where some are 0, too",
        "prod[i](1 + x[i])",
    ),
    form(
        "max",
        "max[i](e), max[i, j](e), max[i in a..b](e)",
        "the greatest of e over all values of the indices, its derivative shared equally among ties",
        "max[i](abs(x[i] - y[i]))",
    ),
    form(
        "min",
        "min[i](e), min[i, j](e), min[i in a..b](e)",
        "the least of e over all values of the indices, its derivative shared equally among ties",
        "min[i](norm2(X[i, :] - v))",
    ),
    form(
        "logsumexp",
        "logsumexp[i](e), logsumexp[i in a..b](e)",
        "log(sum[i](exp(e))), without overflow",
        "sum[i](logsumexp[j](X[i, j]))",
    ),
    form("norm1", "norm1[i](e), norm1[i, j](e)", "sum[i](abs(e))", "norm1[i](x[i + 1] - x[i])"),
    form(
        "norm2",
        "norm2[i](e), norm2[i, j](e)",
        "sqrt(sum[i](e^2)), with derivative 0 where that is 0",
        "norm2[i](x[i + 2] - 2*x[i + 1] + x[i])",
    ),
    form("norm_inf", "norm_inf[i](e), norm_inf[i, j](e)", "max[i](abs(e))", "norm_inf[i](x[i + 1] - x[i])"),
    form(
        "vector",
        "vector[i](e), vector[i in a..b](e)",
        "the vector whose entries are the numbers e",
        "vector[i](x[i + 1]/x[i])",
    ),
    form(
        "matrix",
        "matrix[i, j](e), matrix[i in a..b, j in c..d](e)",
        "the matrix whose entries are the numbers e",
        "matrix[i, j](exp(-(x[i] - y[j])^2))",
    ),
    form(
        "tensor",
        "tensor[i, j, k](e), and more indices",
        "the array whose entries are the numbers e; a declaration of one is T: tensor[n, m, 3]",
        "tensor[i, j, k](x[i]*y[j]*v[k])",
    ),
    form(
        "entry",
        "x[i], X[i, j], T[0, i + 1, 2*j], w[p[k]]",
        "a number of an array, counted from 0; a subscript is a whole number, an index, an extent, or sums, differences \
         and whole multiples of them, or an entry of whole numbers that the data has, which stands alone",
        "sum[k]((X[p[k], 0] - X[p[k], 1])^2)",
    ),
    form(
        "part",
        "x[a..b], x[a..], x[..b], x[a..=b], X[i, :], X[a..b, :]",
        "the entries from a on and before b, with a..=b that one too; `:` keeps an axis whole, so that \
         X[i, :] and X[:, j] are vectors",
        "norm2(x[1..] - x[..len(x) - 1])",
    ),
    form(
        "block",
        "[a; b; c], [a, b, c], [a, b; c, d], [A, b; c', d]",
        "a column, a row, a matrix, of numbers or of arrays that fit",
        "norm2([x; 2*y])",
    ),
    form(
        "range",
        "i in a..b, i in a..=b",
        "the values of an index in the brackets of sum[i](e) and its like: from a on and before b, with a..=b that one \
         too; without a range, all values from 0 for which its uses stay inside; an index alone is the number it is",
        "sum[i in 1..len(x)](i*x[i - 1])",
    ),
];
