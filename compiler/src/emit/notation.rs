//! What is written on the page: a small tree between the graph and the text, LaTeX and MathML of it.
//!
//! The tree knows matrix notation, not indices: orientation, products and quotients are settled. The
//! functions here put it together and keep it tidy: `a - y`, never `a + -1*y`; a minus comes first only where
//! nothing is positive; negative powers are quotients, powers of 1/2 roots; scalar factors go to the front.

use super::place::Condition;
use super::scale::{scaled, without_scale};
use crate::ir::{AxisFn, Number};
use crate::ops::ElementFn;
use crate::syntax::ast::CompareOp;

/// A formula.
#[derive(Clone, Debug, PartialEq)]
pub enum Notation {
    /// A number, not negative but in exponents.
    Number(Number),
    /// π
    Pi,
    /// A variable, a hyper-parameter, an extent, a named value.
    Name(String),
    /// That of a symmetric matrix, which is its own transpose.
    Symmetric(String),
    /// Terms, each with whether it is subtracted; at least two.
    Sum(Vec<(bool, Self)>),
    /// The formula with its sign changed.
    Negative(Box<Self>),
    /// Scalar factors, then at most one array.
    Times(Vec<Self>),
    /// A quotient by a scalar.
    Over(Box<Self>, Box<Self>),
    /// An entry-by-entry product of arrays.
    Elementwise(Vec<Self>),
    /// An entry-by-entry quotient of arrays; the dividend may be a scalar.
    ElementOver(Box<Self>, Box<Self>),
    /// A product of matrices; a vector is a column, its transpose a row.
    Matmul(Vec<Self>),
    /// Base and exponent.
    Power(Box<Self>, Box<Self>),
    /// Base and exponent, entry by entry.
    ElementPower(Box<Self>, Box<Self>),
    /// The square root, entry by entry.
    Sqrt(Box<Self>),
    /// A transpose.
    Transpose(Box<Self>),
    /// An element-wise function.
    Map(ElementFn, Vec<Self>),
    /// `where(lhs op rhs, then, otherwise)`: the four in this order.
    Where(CompareOp, Box<[Self; 4]>),
    /// A function of whole arrays.
    Whole(Whole, Vec<Self>),
    /// The sum over the examples of a batch of what is written for one.
    Examples(Box<Self>),
    /// A sum and the like over indices, of those values of the body for which the conditions hold.
    Reduced(Reducer, Vec<Bound>, Vec<Condition>, Box<Self>),
    /// A function along indices, of which each entry has one.
    AxisOver(AxisFn, Vec<String>, Box<Self>),
    /// An entry of an array, by its subscripts.
    Entry(Box<Self>, Vec<Self>),
    /// A part of an array.
    Part(Box<Self>, Vec<Slice>),
    /// The array that has these entries.
    Array(Box<Self>, Vec<Bound>),
    /// The body where all the conditions hold, else 0.
    When(Vec<Condition>, Box<Self>),
    /// Blocks in rows.
    Block(Vec<Vec<Self>>),
    /// An extent that has no name but by an array: `len(x)`.
    Size(&'static str, String, Option<usize>),
}

/// What reduces over indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reducer {
    /// A sum.
    Sum,
    /// A product.
    Product,
    /// Another function.
    Axis(AxisFn),
}

impl Reducer {
    /// The name in the cost language.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Product => "prod",
            Self::Axis(f) => f.name(),
        }
    }
}

/// An index that something runs over.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// Its letter.
    pub name: String,
    /// Its range; none where it is evident.
    pub range: Option<Span>,
}

/// The values of an index.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// The first value and the end, for text: no index stands in them.
    pub written: [Notation; 2],
    /// The first and the last, which may be other indices.
    pub limits: [Notation; 2],
    /// Whether text must say it: its uses alone would not give this range.
    pub needed: bool,
}

/// A part of an axis.
#[derive(Clone, Debug, PartialEq)]
pub enum Slice {
    /// `:`
    All,
    /// One entry.
    At(Notation),
    /// The first, and the one after the last, where they are not the ends of the axis; and the first and the
    /// last.
    Range(Box<[Option<Notation>; 2]>, Box<[Notation; 2]>),
}

/// Functions of whole arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    /// Sum of all entries.
    Sum,
    /// Mean of all entries.
    Mean,
    /// Euclidean or Frobenius norm.
    Norm,
    /// Trace.
    Trace,
    /// The diagonal of a matrix, the diagonal matrix of a vector.
    Diag,
    /// The sum of each row.
    RowSum,
    /// The sum of each column.
    ColSum,
    /// The greatest entry of each row.
    RowMax,
    /// A function along all axes.
    All(AxisFn),
    /// A function along each row.
    Rows(AxisFn),
    /// Inverse.
    Inverse,
    /// Determinant.
    Det,
    /// Its logarithm.
    LogDet,
    /// The Kronecker product.
    Kron,
    /// A vector of equal entries.
    Vector,
    /// A matrix of equal entries.
    Matrix,
    /// The identity.
    Eye,
    /// The same entries in other axes.
    Reshape,
    /// The same entries, row by row.
    Flatten,
    /// Product of all entries.
    Product,
    /// Each entry the sum of those up to it.
    CumSum,
    /// Zeros on both sides of each axis; the widths follow the array.
    Pad,
}

impl Whole {
    /// The name in the cost language; one made up where the language has none.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Norm => "norm2",
            Self::Trace => "tr",
            Self::Diag => "diag",
            Self::RowSum => "rowsum",
            Self::ColSum => "colsum",
            Self::RowMax => "rowmax",
            Self::All(f) => f.name(),
            Self::Rows(AxisFn::Max) => "rowmax",
            Self::Rows(AxisFn::Norm) => "row_norm2",
            Self::Rows(AxisFn::LogSumExp) => "row_logsumexp",
            Self::Rows(AxisFn::Softmax) => "row_softmax",
            Self::Rows(AxisFn::LogSoftmax) => "row_log_softmax",
            Self::Inverse => "inv",
            Self::Det => "det",
            Self::LogDet => "logdet",
            Self::Kron => "kron",
            Self::Vector => "vector",
            Self::Matrix => "matrix",
            Self::Eye => "eye",
            Self::Reshape => "reshape",
            Self::Product => "prod",
            Self::CumSum => "cumsum",
            Self::Pad => "pad",
            Self::Flatten => "flatten",
        }
    }
}

/// A formula with what its place needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// The formula. One of rank 0 may stand for an array of equal entries.
    pub note: Notation,
    /// 0 scalar, 1 column, 2 matrix, more: no matrix form.
    pub rank: usize,
    /// Made of scalars only, so a coefficient rather than a result.
    pub plain: bool,
}

impl Notation {
    /// Whether an index of this letter is read in a subscript of data.
    #[must_use]
    pub fn has_index(&self, letter: &str) -> bool {
        match self {
            Self::Name(name) => name == letter,
            Self::Entry(_, at) => at.iter().any(|note| note.has_index(letter)),
            Self::Sum(terms) => terms.iter().any(|(_, t)| t.has_index(letter)),
            Self::Times(parts) => parts.iter().any(|t| t.has_index(letter)),
            Self::Negative(inner) => inner.has_index(letter),
            _ => false,
        }
    }
}

impl Notation {
    /// All subscripts of entries.
    #[must_use]
    pub fn subscripts(&self) -> Vec<Self> {
        let mut found = Vec::new();
        let mut stack = vec![self];
        while let Some(note) = stack.pop() {
            if let Self::Entry(_, at) = note {
                for place in at {
                    if !found.contains(place) {
                        found.push(place.clone());
                    }
                }
            }
            stack.extend(note.children());
        }
        found
    }

    /// The formulas that it is made of.
    #[must_use]
    pub fn children(&self) -> Vec<&Self> {
        match self {
            Self::Entry(array, at) => std::iter::once(&**array).chain(at).collect(),
            Self::Sum(terms) => terms.iter().map(|(_, term)| term).collect(),
            Self::Times(all)
            | Self::Elementwise(all)
            | Self::Matmul(all)
            | Self::Map(_, all)
            | Self::Whole(_, all) => all.iter().collect(),
            Self::Negative(a)
            | Self::Sqrt(a)
            | Self::Transpose(a)
            | Self::Examples(a)
            | Self::Reduced(_, _, _, a)
            | Self::AxisOver(_, _, a)
            | Self::Part(a, _)
            | Self::Array(a, _)
            | Self::When(_, a) => vec![&**a],
            Self::Over(a, b) | Self::ElementOver(a, b) | Self::Power(a, b) | Self::ElementPower(a, b) => {
                vec![&**a, &**b]
            }
            Self::Where(_, parts) => parts.iter().collect(),
            Self::Block(rows) => rows.iter().flatten().collect(),
            Self::Number(_) | Self::Pi | Self::Name(_) | Self::Symmetric(_) | Self::Size(..) => Vec::new(),
        }
    }
}

impl Tree {
    /// A scalar that is made of scalars.
    #[must_use]
    pub fn plain(note: Notation) -> Self {
        Self { note, rank: 0, plain: true }
    }

    /// A formula of this rank.
    #[must_use]
    pub fn of_rank(note: Notation, rank: usize) -> Self {
        Self { note, rank, plain: false }
    }

    /// Entry-by-entry sum of `coeff · tree`.
    #[must_use]
    pub fn sum(terms: Vec<(Number, Self)>) -> Self {
        let rank = terms.iter().map(|(_, t)| t.rank).max().unwrap_or(0);
        let plain = terms.iter().all(|(_, t)| t.plain);
        let notes = terms.into_iter().map(|(c, t)| (false, Self::product(c, vec![(t, Number::ONE)]).note));
        Self { note: sum(notes.collect()), rank, plain }
    }

    /// Entry-by-entry `coeff · Π tree^power`.
    #[must_use]
    pub fn product(coeff: Number, factors: Vec<(Self, Number)>) -> Self {
        let rank = factors.iter().map(|(t, _)| t.rank).max().unwrap_or(0);
        let plain = factors.iter().all(|(t, _)| t.plain);
        let (mut coeff, mut scalars, mut arrays) = (coeff, Vec::new(), Vec::new());
        for (t, power) in factors {
            if let (Notation::Number(n), 0) = (&t.note, t.rank) {
                coeff = coeff.mul(n.pow(power));
            } else if t.rank == 0 {
                scalars.push((t, power));
            } else if power.is_one() {
                let (above, below, minus, rest) = without_scale(t.note);
                scalars.extend(above.into_iter().map(|n| (Self::plain(n), Number::ONE)));
                scalars.extend(below.into_iter().map(|n| (Self::plain(n), Number::MINUS_ONE)));
                coeff = if minus { coeff.neg() } else { coeff };
                arrays.push((rest, power));
            } else {
                arrays.push((t.note, power));
            }
        }
        let body = (!arrays.is_empty()).then(|| elementwise(arrays));
        Self { note: scaled(coeff, scalars, body), rank, plain }
    }

    /// Entry-by-entry power.
    #[must_use]
    pub fn power(base: Self, exponent: Self) -> Self {
        let (rank, plain) = (base.rank.max(exponent.rank), base.plain && exponent.plain);
        let (b, e) = (Box::new(base.note), Box::new(exponent.note));
        let note = if rank == 0 { Notation::Power(b, e) } else { Notation::ElementPower(b, e) };
        Self { note, rank, plain }
    }
}

/// A sum, with signs drawn out of the terms, sums within taken apart, and something positive in front if
/// anything is.
#[must_use]
pub fn sum(terms: Vec<(bool, Notation)>) -> Notation {
    let mut flat: Vec<(bool, Notation)> = Vec::new();
    for (minus, note) in terms {
        match note {
            Notation::Negative(inner) => flat.push((!minus, *inner)),
            Notation::Sum(inner) => flat.extend(inner.into_iter().map(|(m, n)| (m != minus, n))),
            note => flat.push((minus, note)),
        }
    }
    flat.sort_by_key(|(_, note)| !leads(note));
    if let Some(k) = flat.iter().position(|(minus, _)| !minus) {
        flat[..=k].rotate_right(1);
    } else if let Some((k, turned)) =
        flat.iter().enumerate().find_map(|(k, (_, note))| Some((k, turned(note)?)))
    {
        flat[k] = (false, turned);
        flat[..=k].rotate_right(1);
    }
    match flat.len() {
        1 => match flat.remove(0) {
            (true, note) => negative(note),
            (false, note) => note,
        },
        _ => Notation::Sum(flat),
    }
}

/// Whether a term stands before others: `W * x + b`.
fn leads(note: &Notation) -> bool {
    match note {
        Notation::Matmul(factors) => !factors.iter().any(|f| matches!(f, Notation::Whole(Whole::Vector, _))),
        Notation::Times(factors) => factors.last().is_some_and(leads),
        Notation::Over(above, _) => leads(above),
        _ => false,
    }
}

/// The formula with its sign changed.
#[must_use]
pub fn negative(note: Notation) -> Notation {
    match note {
        Notation::Negative(inner) => *inner,
        note => Notation::Negative(Box::new(note)),
    }
}

/// The formula with its sign changed, where a difference in it takes the sign, and so no minus stands in front:
/// `(1 - y) ./ (1 - a)` of `(y - 1) ./ (1 - a)`.
fn turned(note: &Notation) -> Option<Notation> {
    let first = |factors: &[Notation]| {
        let at = factors.iter().position(|factor| turned(factor).is_some())?;
        let mut factors = factors.to_vec();
        factors[at] = turned(&factors[at])?;
        Some(factors)
    };
    match note {
        Notation::Sum(terms) => {
            let is_difference = terms.len() == 2 && terms.iter().any(|(minus, _)| *minus);
            is_difference.then(|| sum(terms.iter().map(|(minus, term)| (!minus, term.clone())).collect()))
        }
        Notation::Times(factors) => first(factors).map(Notation::Times),
        Notation::Elementwise(factors) => first(factors).map(Notation::Elementwise),
        Notation::Over(above, below) => Some(Notation::Over(Box::new(turned(above)?), below.clone())),
        Notation::ElementOver(above, below) => {
            Some(Notation::ElementOver(Box::new(turned(above)?), below.clone()))
        }
        _ => None,
    }
}

/// `base ^ exponent`; entry by entry where `array`.
#[must_use]
pub fn power(base: Notation, exponent: Number, array: bool) -> Notation {
    if exponent.is_one() {
        return base;
    }
    if exponent == Number::HALF {
        return root(base);
    }
    // √(Σ x²)³ = ‖x‖³
    if let Number::Ratio(n, 2) = exponent
        && let norm @ Notation::Whole(Whole::Norm, _) = root(base.clone())
    {
        return power(norm, Number::int(n), false);
    }
    let (base, exponent) = (Box::new(base), Box::new(Notation::Number(exponent)));
    if array { Notation::ElementPower(base, exponent) } else { Notation::Power(base, exponent) }
}

/// A root; that of a sum of squares is the norm.
fn root(base: Notation) -> Notation {
    if let Notation::Whole(Whole::Sum, args) = &base
        && let [Notation::ElementPower(inner, exponent)] = args.as_slice()
        && **exponent == Notation::Number(Number::TWO)
    {
        return Notation::Whole(Whole::Norm, vec![(**inner).clone()]);
    }
    Notation::Sqrt(Box::new(base))
}

/// The entry-by-entry product of arrays of one rank, with its quotients.
#[must_use]
pub fn elementwise(pieces: Vec<(Notation, Number)>) -> Notation {
    let parts = |note| match note {
        Notation::Elementwise(inner) => inner,
        Notation::Number(n) if n.is_one() => Vec::new(),
        note => vec![note],
    };
    let (mut above, mut below) = (Vec::new(), Vec::new());
    for (note, exponent) in pieces {
        let (list, other, exponent) = if exponent.is_negative() {
            (&mut below, &mut above, exponent.neg())
        } else {
            (&mut above, &mut below, exponent)
        };
        match note {
            Notation::Elementwise(inner) if exponent.is_one() => list.extend(inner),
            Notation::ElementOver(a, b) if exponent.is_one() => {
                let (a, b) = (parts(*a), parts(*b));
                list.extend(a);
                other.extend(b);
            }
            note => list.push(power(note, exponent, true)),
        }
    }
    let join = |mut list: Vec<Notation>| match list.len() {
        0 => Notation::Number(Number::ONE),
        1 => list.remove(0),
        _ => Notation::Elementwise(list),
    };
    if below.is_empty() {
        return join(above);
    }
    Notation::ElementOver(Box::new(join(above)), Box::new(join(below)))
}

/// The product of matrices, flat.
#[must_use]
pub fn matmul(left: Notation, right: Notation) -> Notation {
    let mut all = Vec::new();
    for side in [left, right] {
        match side {
            Notation::Matmul(inner) => all.extend(inner),
            Notation::Whole(Whole::Eye, _) => {}
            side => all.push(side),
        }
    }
    match all.len() {
        0 => Notation::Whole(Whole::Eye, Vec::new()),
        1 => all.remove(0),
        _ => Notation::Matmul(all),
    }
}

/// The transpose of an array, brought to its parts where that is shorter.
#[must_use]
pub fn transpose(note: Notation) -> Notation {
    match note {
        note if is_symmetric(&note) => note,
        Notation::Transpose(inner) => *inner,
        Notation::Matmul(inner) => {
            let last = inner.len().saturating_sub(1);
            // Between others a diagonal is a matrix; at the ends it may be the vector of a matrix's diagonal.
            let turned = |(k, note): (usize, Notation)| match note {
                Notation::Whole(Whole::Diag, _) if k > 0 && k < last => note,
                note => transpose(note),
            };
            Notation::Matmul(inner.into_iter().enumerate().map(turned).rev().collect())
        }
        Notation::Negative(inner) => negative(transpose(*inner)),
        Notation::Times(mut inner) => {
            if let Some(last) = inner.pop() {
                inner.push(transpose(last));
            }
            Notation::Times(inner)
        }
        Notation::Over(above, below) => Notation::Over(Box::new(transpose(*above)), below),
        Notation::Sum(terms) if terms.iter().all(|(_, term)| is_array(term)) => {
            let turned = Notation::Sum(terms.iter().map(|(sign, t)| (*sign, transpose(t.clone()))).collect());
            let note = Notation::Sum(terms);
            if transposes(&turned) <= transposes(&note) {
                turned
            } else {
                Notation::Transpose(Box::new(note))
            }
        }
        note => Notation::Transpose(Box::new(note)),
    }
}

/// Whether an array is seen to be its own transpose.
fn is_symmetric(note: &Notation) -> bool {
    match note {
        Notation::Symmetric(_) | Notation::Whole(Whole::Eye | Whole::Matrix, _) => true,
        Notation::Whole(Whole::Inverse, args) => args.iter().all(is_symmetric),
        Notation::Negative(inner) | Notation::Over(inner, _) => is_symmetric(inner),
        Notation::Times(factors) => factors.last().is_some_and(is_symmetric),
        Notation::Sum(terms) => terms.iter().all(|(_, term)| is_symmetric(term)),
        Notation::Matmul(factors) => {
            let last = factors.len().saturating_sub(1);
            factors.iter().take(factors.len().div_ceil(2)).enumerate().all(|(k, factor)| {
                let diagonal = matches!(factor, Notation::Whole(Whole::Diag, _)) && k > 0;
                let turned = if diagonal { factor.clone() } else { transpose(factor.clone()) };
                turned == factors[last - k]
            })
        }
        _ => false,
    }
}

/// Whether a term is seen to be no scalar that stands for an array of it, or may be transposed as one.
fn is_array(note: &Notation) -> bool {
    match note {
        Notation::Matmul(_) | Notation::Transpose(_) => true,
        Notation::Whole(whole, _) => {
            matches!(whole, Whole::Inverse | Whole::Diag | Whole::Eye | Whole::Matrix)
        }
        Notation::Symmetric(_) => true,
        Notation::Negative(inner) | Notation::Over(inner, _) => is_array(inner),
        Notation::Times(factors) => factors.last().is_some_and(is_array),
        _ => false,
    }
}

/// How many transposes a sum of products of matrices has.
pub(super) fn transposes(note: &Notation) -> usize {
    match note {
        Notation::Matmul(factors) => factors.iter().map(transposes).sum(),
        Notation::Sum(terms) => terms.iter().map(|(_, term)| transposes(term)).sum(),
        Notation::Negative(inner) | Notation::Over(inner, _) => transposes(inner),
        Notation::Times(factors) => factors.last().map_or(0, transposes),
        Notation::Transpose(_) => 1,
        _ => 0,
    }
}
