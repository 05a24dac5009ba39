//! Plan to Rust: each step of a plan becomes a few lines that a person would write.
//!
//! A loop becomes a call of the runtime with a closure, `#[inline(always)]`, that is the formula of an entry,
//! or, where arrays are not walked together, a nest in a closure; slices are cut to a row before its
//! innermost loop, so that no bounds check is left in it. Sums run in several lanes. The generated size
//! depends on the expression, never on the extents.

mod blocks;
mod examples;
mod expr;
mod indexing;
mod kernel;
mod linear;
mod product;
pub mod sparse;
mod step;
mod together;
mod when;

pub use examples::{Repeated, Rows, repeated};
pub use step::{Formula, body, descent, is_one_function, scalars};

use crate::ir::{Extent, ExtentKind, Graph, Number, Op};
use crate::schedule::{Blocks, Buffer, BufferId, Plan, Storage};
use proc_macro2::{Delimiter, Ident, Literal, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use std::collections::{BTreeMap, BTreeSet};

/// The number type of the generated code.
#[derive(Clone, Debug)]
pub enum Float {
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// A type parameter bound by the runtime's `Scalar`.
    Generic(Ident),
}

impl Float {
    /// The type.
    #[must_use]
    pub fn tokens(&self) -> TokenStream {
        match self {
            Self::F32 => quote!(f32),
            Self::F64 => quote!(f64),
            Self::Generic(t) => quote!(#t),
        }
    }
}

/// What the generator knows besides the plan.
#[derive(Clone, Debug)]
pub struct Context {
    /// What generated code calls of the runtime, by a short name: `rt`.
    pub rt: TokenStream,
    /// The number type.
    pub float: Float,
    /// For each symbolic extent, the expression (of type `usize`) that has its value.
    pub extents: BTreeMap<String, TokenStream>,
    /// The extent of rows that may be among several processes, by its name: its value is the number of those here.
    pub divided: Option<String>,
}

impl Context {
    /// The number as an expression of the number type.
    #[must_use]
    pub fn number(&self, n: Number) -> TokenStream {
        self.literal(n.to_f64())
    }

    fn literal(&self, value: f64) -> TokenStream {
        if let Float::Generic(t) = &self.float {
            let rt = &self.rt;
            if value == 0.0 {
                return quote!(<#t as #rt::Scalar>::ZERO);
            }
            if value == 1.0 {
                return quote!(<#t as #rt::Scalar>::ONE);
            }
            let literal = positive_literal(value.abs(), "f64");
            let literal = if value < 0.0 { quote!(-#literal) } else { quote!(#literal) };
            return quote!(<#t as #rt::Scalar>::from_f64(#literal));
        }
        let float = if matches!(self.float, Float::F32) { "f32" } else { "f64" };
        let literal = positive_literal(value.abs(), float);
        if value < 0.0 { quote!((-#literal)) } else { quote!(#literal) }
    }

    /// The number of values an index over `e` takes, as an expression of type `usize`.
    #[must_use]
    pub fn extent(&self, g: &Graph, e: Extent) -> TokenStream {
        match g.extents.kind(e) {
            ExtentKind::Constant(n) => {
                let n = Literal::usize_unsuffixed(*n);
                quote!(#n)
            }
            ExtentKind::Symbol(name) => match self.extents.get(name) {
                Some(tokens) => tokens.clone(),
                None => match (g.extents.factors(e), g.extents.derived(e)) {
                    (Some((a, b)), _) => {
                        let (a, b) = (self.extent(g, a), self.extent(g, b));
                        quote!((#a * #b))
                    }
                    (None, Some(form)) => {
                        let form = indexing::difference(&self.halves(g, [], &form));
                        quote!((#form))
                    }
                    (None, None) => {
                        let ident = plain_identifier(name);
                        quote!(#ident)
                    }
                },
            },
            ExtentKind::Unknown => quote!(0),
        }
    }

    /// The number as which formulas know an extent: that of all rows, where some of them are here.
    #[must_use]
    pub fn count(&self, g: &Graph, e: Extent) -> TokenStream {
        let Some(rows) = &self.divided else { return self.extent(g, e) };
        let mut all = self.clone();
        all.divided = None;
        // What is made of others is computed of these.
        let mut pending = vec![e];
        while let Some(e) = pending.pop() {
            if let Some((a, b)) = g.extents.factors(e) {
                pending.extend([a, b]);
            } else if let Some(form) = g.extents.derived(e) {
                pending.extend(form.terms.iter().map(|(e, _)| *e));
            } else {
                continue;
            }
            if let ExtentKind::Symbol(name) = g.extents.kind(e) {
                all.extents.remove(name);
            }
        }
        all.extents.insert(rows.clone(), quote!(among.rows()));
        all.extent(g, e)
    }

    /// The number of entries of an array, as an expression of type `usize`.
    #[must_use]
    pub fn entries(&self, g: &Graph, shape: &[Extent]) -> TokenStream {
        if shape.is_empty() { quote!(1) } else { self.product(g, shape) }
    }

    /// What the number of entries of a buffer's array is the product of.
    #[must_use]
    pub fn factors(&self, plan: &Plan, buffer: &Buffer) -> Vec<TokenStream> {
        let division = plan.blocks().map(|b| self.division(plan, b));
        self.factors_by(plan, buffer, &division.unwrap_or_default())
    }

    /// The same, where the division of the rows is this.
    fn factors_by(&self, plan: &Plan, buffer: &Buffer, division: &TokenStream) -> Vec<TokenStream> {
        let each = |shape: &[Extent]| -> Vec<TokenStream> {
            if !shape.is_empty() && constant_product(&plan.graph, shape).is_some() {
                // One number, where all extents are.
                return vec![self.entries(&plan.graph, shape)];
            }
            shape.iter().map(|&e| self.extent(&plan.graph, e)).collect()
        };
        let (first, shape) = match (buffer.storage, buffer.shape.as_slice()) {
            (Storage::Block, [_, row @ ..]) => (Some(quote!(#division.block_rows())), row),
            (Storage::Parts, shape) => (Some(quote!(#division.others())), shape),
            (_, shape) => (None, shape),
        };
        first.into_iter().chain(each(shape)).collect()
    }

    /// How the rows are divided.
    fn division(&self, plan: &Plan, b: &Blocks) -> TokenStream {
        let (rt, t) = (&self.rt, self.float.tokens());
        let rows = self.extent(&plan.graph, b.extent);
        if self.divided.is_some() {
            // One division for all passes.
            let (mut row, mut sum): (&[Extent], Option<&[Extent]>) = (&[], None);
            for pass in plan.passes() {
                row = if pass.row.len() > row.len() { &pass.row } else { row };
                for shape in pass.sums.iter().map(|s| &plan.buffers[s.buffer.0].shape[..]) {
                    sum = sum.filter(|sum| sum.len() >= shape.len()).or(Some(shape));
                }
            }
            let row = self.entries(&plan.graph, row);
            let sum = sum.map_or_else(|| quote!(0), |shape| self.entries(&plan.graph, shape));
            return quote!(#rt::Parts::of(among, #row, #sum));
        }
        let row = self.entries(&plan.graph, &b.row);
        if b.is_one_part() {
            return quote!(#rt::Division::in_order::<#t>(#rows, #row));
        }
        let sum = b.sums.iter().map(|s| &plan.buffers[s.buffer.0].shape).max_by_key(|shape| shape.len());
        let sum = sum.map_or_else(|| quote!(0), |shape| self.entries(&plan.graph, shape));
        quote!(#rt::Division::of::<#t>(#rows, #row, #sum))
    }

    /// The line that says how rows are divided, where the plan has blocks: [`body`] expects it before, and
    /// arrays of as many [`numbers`](Self::numbers).
    #[must_use]
    pub fn bind_blocks(&self, plan: &Plan) -> TokenStream {
        plan.blocks().map_or_else(TokenStream::new, |b| {
            let division = self.division(plan, b);
            quote!(let blocks = #division;)
        })
    }

    /// The number of entries of a buffer's array, in lines after [`bind_blocks`](Self::bind_blocks).
    #[must_use]
    pub fn numbers(&self, plan: &Plan, buffer: &Buffer) -> TokenStream {
        times(&self.factors_by(plan, buffer, &quote!(blocks)))
    }

    /// The product of extents.
    fn product(&self, g: &Graph, extents: &[Extent]) -> TokenStream {
        if let Some(n) = constant_product(g, extents) {
            let n = Literal::usize_unsuffixed(n);
            return quote!(#n);
        }
        let factors: Vec<TokenStream> = extents.iter().map(|&e| self.extent(g, e)).collect();
        times(&factors)
    }
}

/// The product of these factors.
#[must_use]
pub fn times(factors: &[TokenStream]) -> TokenStream {
    match factors {
        [] => quote!(1),
        [first, rest @ ..] => quote!(#first #(* #rest)*),
    }
}

/// A text's constants are finite; what a derivative has for a factor may be more than a number holds, as the
/// 2e400 in the second derivative of `(1e200*s)^2`.
fn positive_literal(value: f64, float: &str) -> TokenStream {
    if value.is_finite() {
        return Literal::f64_unsuffixed(value).into_token_stream();
    }
    let float = Ident::new(float, Span::call_site());
    let what = if value.is_nan() { quote!(NAN) } else { quote!(INFINITY) };
    quote!(::core::primitive::#float::#what)
}

/// The product of extents, where all are numbers.
fn constant_product(g: &Graph, extents: &[Extent]) -> Option<usize> {
    extents.iter().map(|&e| g.extents.as_constant(e)).product()
}

/// A name of the text as an identifier, none that the generated code uses itself: `m` becomes `m_`, `m_`
/// becomes `m__`.
#[must_use]
pub fn identifier(name: &str) -> Ident {
    let mut clean = plain_name(name);
    let stem = name.trim_end_matches('_');
    if is_reserved(stem) || is_made(stem) {
        clean.push('_');
    }
    Ident::new(&clean, Span::call_site())
}

/// Whether a name looks like one that is made in loops: `v1`, `i4`, `a_row`, `a_row_2`, `z_value`, `sum_s1`,
/// `s1_total`.
fn is_made(name: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let base = name.rsplit_once('_').filter(|(_, k)| digits(k)).map_or(name, |(base, _)| base);
    name.strip_prefix(['v', 'i']).is_some_and(digits)
        || ["_row", "_value", "_extent", "_total", "_lane", "_lanes"].iter().any(|end| base.ends_with(end))
        || ["sum_", "count_", "extent_", "slot_"].iter().any(|start| name.starts_with(start))
}

/// A name of the text as an identifier.
#[must_use]
pub fn plain_identifier(name: &str) -> Ident {
    Ident::new(&plain_name(name), Span::call_site())
}

/// A name of the text as one that Rust accepts.
fn plain_name(name: &str) -> String {
    let mut clean: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if !clean.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        clean.insert(0, '_');
    }
    if is_keyword(clean.trim_end_matches('_')) || clean.chars().all(|c| c == '_') {
        clean.push('_');
    }
    clean
}

/// Words that are no identifiers in any edition.
fn is_keyword(name: &str) -> bool {
    matches!(
        name,
        "abstract"
            | "as"
            | "async"
            | "await"
            | "become"
            | "box"
            | "break"
            | "const"
            | "continue"
            | "crate"
            | "do"
            | "dyn"
            | "else"
            | "enum"
            | "extern"
            | "false"
            | "final"
            | "fn"
            | "for"
            | "gen"
            | "if"
            | "impl"
            | "in"
            | "let"
            | "loop"
            | "macro"
            | "match"
            | "mod"
            | "move"
            | "mut"
            | "override"
            | "priv"
            | "pub"
            | "ref"
            | "return"
            | "self"
            | "Self"
            | "static"
            | "struct"
            | "super"
            | "trait"
            | "true"
            | "try"
            | "type"
            | "typeof"
            | "unsafe"
            | "unsized"
            | "use"
            | "virtual"
            | "where"
            | "while"
            | "yield"
    )
}

/// Names that the generated code uses itself.
fn is_reserved(name: &str) -> bool {
    matches!(
        name,
        "math"
            | "single"
            | "out"
            | "start"
            | "block"
            | "blocks"
            | "among"
            | "width"
            | "lane"
            | "workspace"
            | "parameters"
            | "gradient"
            | "learning_rate"
            | "direction"
            | "i"
            | "j"
            | "k"
            | "l"
            | "m"
            | "rows"
            | "cols"
            | "units"
            | "scratch"
            | "total"
            | "cost"
            | "numbers"
            | "one_over_m"
            | "at_once"
            | "examples"
            | "example_weights"
            | "taken"
            | "TENSOR_LENGTHS"
    )
}

/// Whether the identifier occurs in the code.
#[must_use]
pub fn mentions(code: &TokenStream, name: &str) -> bool {
    code.clone().into_iter().any(|token| match token {
        TokenTree::Group(group) => mentions(&group.stream(), name),
        TokenTree::Ident(ident) => ident == name,
        _ => false,
    })
}

/// An expression that stands alone, without parentheses around all of it.
fn unparenthesised(tokens: TokenStream) -> TokenStream {
    let mut all = tokens.clone().into_iter();
    match (all.next(), all.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::Parenthesis => {
            group.stream()
        }
        _ => tokens,
    }
}

/// Stands for a value that the plan does not have. That is a bug of the compiler, so it does not compile,
/// rather than be a wrong number.
fn lost() -> expr::Code {
    expr::Code::atom(quote!(::core::compile_error!("gradsmith lost a value here: please report the formula")))
}

/// The identifiers of a plan's buffers, made once.
struct Names {
    idents: Vec<Ident>,
    taken: BTreeSet<String>,
    /// The plan's graph, where each node with a buffer has its name: for comments.
    graph: Graph,
}

impl Names {
    fn new(plan: &Plan) -> Self {
        let idents: Vec<Ident> = plan.buffers.iter().map(|b| identifier(&b.name)).collect();
        let taken = idents.iter().map(Ident::to_string).collect();
        let mut graph = plan.graph.clone();
        for (&node, &buffer) in &plan.buffer_of {
            // The same entries under another shape are no value of their own.
            if !matches!(graph.op(node), Op::Merge { .. } | Op::Split { .. }) {
                graph.set_name(node, &plan.buffers[buffer.0].name);
            }
        }
        Self { idents, taken, graph }
    }

    fn of(&self, id: BufferId) -> &Ident {
        &self.idents[id.0]
    }

    fn has(&self, name: &str) -> bool {
        self.taken.contains(name)
    }
}
