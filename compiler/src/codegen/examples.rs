//! Plans that run for one example after the other, in a function that has `math`.
//!
//! Between its loops an example has scalars, and what they take, a division or a logarithm, the loops wait for.
//! So some examples are worked on beside each other: the first loops of all, then their scalars, which fill
//! vectors, and so on. What loops and scalars hand each other lies in arrays of one number for each example.

use super::step::Steps;
use super::{Context, Formula, Names, mentions, together};
use crate::ir::{Extent, NodeId, Op};
use crate::schedule::{Buffer, Plan, Step, Storage};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// An array with a row for each example.
#[derive(Debug)]
pub struct Rows {
    /// What it is called.
    pub array: Ident,
    /// What the plan calls the row of one example.
    pub row: Ident,
    /// Whether it is written.
    pub written: bool,
}

/// The statements for all examples, of `k` entries each.
#[derive(Debug)]
pub struct Repeated {
    /// The statements, with the sum of the plan's value, if it has one, at the end.
    pub code: TokenStream,
    /// Whether some examples are worked on beside each other, so that temporary arrays have a row for each of
    /// them.
    pub beside: bool,
}

/// The statements for one example after the other of arrays with these rows, of so many entries; a `value`, if
/// there is one, is summed up. `None` where the plan's steps are too long to be part of one function.
#[must_use]
pub fn repeated(
    plan: &Plan,
    cx: &Context,
    formula: Formula<'_>,
    (row, rows): (&[Extent], &[Rows]),
    value: Option<&Ident>,
) -> Option<Repeated> {
    if !together::is_short(plan) {
        return None;
    }
    let names = Names::new(plan);
    let mut steps = Steps::new(plan, &names, cx, formula);
    steps.together = true;
    let head = steps.counts();
    let parts: Vec<Part> =
        parts(plan).into_iter().map(|(kind, all)| Part::of(&mut steps, kind, &all)).collect();
    let end = steps.constant_outputs();
    let temporary = |b: &&Buffer| b.storage == Storage::Temporary;
    let whole = plan.buffers.iter().filter(temporary).all(|b| b.shape == *row);
    let beside = end.is_empty() && whole && plan.steps.iter().any(|step| takes_long(plan, step));
    let examples = Examples { plan, names: &names, cx, rows, value };
    let code = if beside {
        examples.beside(&parts)
    } else {
        let all = parts.into_iter().map(|part| part.code).chain([end]).collect();
        examples.in_order(&all)
    };
    let (begin, sum) = match value {
        Some(_) => {
            let (rt, t) = (&cx.rt, cx.float.tokens());
            (quote!(let mut total = #rt::Running::<#t>::ZERO;), quote!(total.sum()))
        }
        None => (quote!(), quote!()),
    };
    Some(Repeated { code: quote!(#head #begin #code #sum), beside })
}

/// Steps that follow one another.
struct Part {
    kind: Kind,
    code: TokenStream,
    /// Of branches: whether an example takes one.
    taken: Option<TokenStream>,
}

impl Part {
    fn of(steps: &mut Steps<'_>, kind: Kind, all: &[Step]) -> Self {
        let cases = all.iter().filter_map(|s| if let Step::When(w) = s { Some(&w.cases) } else { None });
        let taken = cases.map(|c| steps.condition(c)).reduce(|any, more| quote!(#any || #more));
        Self { kind, code: steps.all(all), taken }
    }
}

/// How steps go through the examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One example after the other.
    Rows,
    /// The same, but branches alone: if no example takes one, there is nothing to do.
    Branches,
    /// All entries as if they were of one example: no number of an example is read, and no row that all have in common.
    Flat,
    /// Scalars alone.
    Scalars,
}

/// The steps of a plan, by how they go through the examples.
fn parts(plan: &Plan) -> Vec<(Kind, Vec<Step>)> {
    let runs = plan.steps.chunk_by(|a, b| kind(plan, a) == kind(plan, b));
    runs.map(|run| (kind(plan, &run[0]), run.to_vec())).collect()
}

fn kind(plan: &Plan, step: &Step) -> Kind {
    // What differs from example to example, or is one row for all of them.
    let of_one = |id: NodeId| {
        let Some(buffer) = plan.buffer_of.get(&id).map(|b| &plan.buffers[b.0]) else { return false };
        let shared = buffer.storage == Storage::Input && !matches!(buffer.name.as_str(), "a" | "y");
        buffer.storage == Storage::Scalar || (shared && !buffer.shape.is_empty())
    };
    match step {
        Step::Scalar(_) => Kind::Scalars,
        Step::When(_) => Kind::Branches,
        Step::Loop(l)
            if l.reductions.is_empty()
                && l.space.len() == 1
                && l.body.iter().any(|&id| calls(plan, id))
                && !l.body.iter().any(|&id| plan.graph.node(id).children().into_iter().any(of_one)) =>
        {
            Kind::Flat
        }
        _ => Kind::Rows,
    }
}

fn calls(plan: &Plan, id: NodeId) -> bool {
    matches!(plan.graph.op(id), Op::Map { function, .. } if !function.is_cheap())
}

/// Whether a step is worth vectors: a scalar that is a function or a quotient, a loop that calls functions.
fn takes_long(plan: &Plan, step: &Step) -> bool {
    let Step::Scalar(id) = step else { return kind(plan, step) == Kind::Flat };
    match plan.graph.op(*id) {
        Op::Map { .. } => calls(plan, *id),
        Op::Product { factors, .. } => factors.iter().any(|f| f.power.as_int().is_none_or(|n| n < 0)),
        _ => false,
    }
}

struct Examples<'a> {
    plan: &'a Plan,
    names: &'a Names,
    cx: &'a Context,
    rows: &'a [Rows],
    value: Option<&'a Ident>,
}

impl Examples<'_> {
    /// One example after the other.
    fn in_order(&self, code: &TokenStream) -> TokenStream {
        let (each, all) = walked(self.rows.iter().map(|r| each(&r.array, &r.row, r.written)));
        let single = single(code);
        let add = self.value.map(|value| quote!(total.add(#value);));
        quote!(for #each in #all { #single #code #add })
    }

    /// Some examples beside each other.
    fn beside(&self, parts: &[Part]) -> TokenStream {
        let (t, rt) = (self.cx.float.tokens(), &self.cx.rt);
        let scalars: Vec<Handed> =
            self.stored(Storage::Scalar).filter_map(|name| self.handed(parts, name)).collect();
        let lanes = scalars.iter().map(|s| &s.lanes);
        let steps = parts.iter().enumerate().map(|(k, part)| {
            let given: Vec<&Handed> = scalars.iter().filter(|s| s.first < k && s.is_read(part)).collect();
            let made: Vec<&Handed> = scalars.iter().filter(|s| s.first == k).collect();
            match part.kind {
                Kind::Rows => self.loops(part, &given, &made),
                Kind::Branches => self.branches(part, &given, &made),
                Kind::Flat => Self::flat(part),
                Kind::Scalars => self.scalars(part, &given, &made),
            }
        });
        let steps: TokenStream = steps.collect();
        let add = self.value.map(|value| {
            let lanes = format_ident!("{value}_lanes");
            let lane = format_ident!("{value}_lane");
            quote!(for #lane in &#lanes[..examples] { total.add(*#lane); })
        });
        let counted = add.is_some() || mentions(&steps, "examples");
        let examples = counted.then(|| quote!(let examples = a.len() / k;));
        let (block, blocks) = walked(self.rows.iter().map(Rows::blocks));
        quote! {
            let at_once = #rt::examples_at_once(k);
            #(let mut #lanes = [<#t as #rt::Scalar>::ZERO; #rt::EXAMPLES];)*
            for #block in #blocks { #examples #steps #add }
        }
    }

    /// The names of what is stored so.
    fn stored(&self, storage: Storage) -> impl Iterator<Item = &Ident> {
        let buffers = self.plan.buffers.iter().zip(&self.names.idents);
        buffers.filter(move |(b, _)| b.storage == storage).map(|(_, name)| name)
    }

    /// The scalar, if another part than the one that makes it reads it.
    fn handed(&self, parts: &[Part], name: &Ident) -> Option<Handed> {
        let speaks = |part: &Part| mentions(&part.code, &name.to_string());
        let first = parts.iter().position(speaks)?;
        let read = self.value == Some(name) || parts[first + 1..].iter().any(speaks);
        let (lanes, lane) = (format_ident!("{name}_lanes"), format_ident!("{name}_lane"));
        read.then(|| Handed { name: name.clone(), lanes, lane, first })
    }

    /// Loops of each example.
    fn loops(&self, part: &Part, given: &[&Handed], made: &[&Handed]) -> TokenStream {
        let code = &part.code;
        // A temporary array has a row for each example that is worked on.
        let kept = self.stored(Storage::Temporary).map(|name| (name, true));
        let rows = self.rows.iter().map(|r| (&r.row, r.written)).chain(kept);
        let rows = rows.filter(|(row, _)| mentions(code, &row.to_string()));
        let rows = rows.map(|(row, written)| each(row, row, written));
        let given = given.iter().map(|Handed { name, lanes, .. }| (quote!(&#name), quote!(#lanes.iter())));
        let new = made.iter().map(|Handed { lane, lanes, .. }| (quote!(#lane), quote!(#lanes.iter_mut())));
        let (each, all) = walked(rows.chain(given).chain(new));
        let single = single(code);
        let kept = made.iter().map(|Handed { name, lane, .. }| quote!(*#lane = #name;));
        quote!(for #each in #all { #single #code #(#kept)* })
    }

    /// The same where an example takes a branch: the compiler would do what they do for all of them.
    fn branches(&self, part: &Part, given: &[&Handed], made: &[&Handed]) -> TokenStream {
        let loops = self.loops(part, given, made);
        let Some(taken) = &part.taken else { return loops };
        let t = self.cx.float.tokens();
        let given = given.iter().filter(|s| mentions(taken, &s.name.to_string()));
        let given = given.map(|Handed { name, lanes, .. }| quote!(let #name: #t = #lanes[lane];));
        quote! {
            let mut taken = false;
            for lane in 0..examples { #(#given)* taken |= #taken; }
            if taken { #loops }
        }
    }

    /// Loops through the entries of all examples.
    fn flat(Part { code, .. }: &Part) -> TokenStream {
        quote!({ let k = a.len(); #code })
    }

    /// Scalars of all examples.
    fn scalars(&self, part: &Part, given: &[&Handed], made: &[&Handed]) -> TokenStream {
        let (rt, t, code) = (&self.cx.rt, self.cx.float.tokens(), &part.code);
        let single = mentions(code, "single").then(|| quote!(let single = math;));
        let given = given.iter().map(|Handed { name, lanes, .. }| quote!(let #name: #t = #lanes[lane];));
        let kept = made.iter().map(|Handed { name, lanes, .. }| quote!(#lanes[lane] = #name;));
        quote!(for lane in 0..#rt::EXAMPLES { #single #(#given)* #code #(#kept)* })
    }
}

/// What binds the functions of single numbers, where there are any.
fn single(code: &TokenStream) -> Option<TokenStream> {
    mentions(code, "single").then(|| quote!(let single = math.single();))
}

/// A scalar that parts hand each other.
struct Handed {
    name: Ident,
    /// Its array.
    lanes: Ident,
    /// The place for one.
    lane: Ident,
    /// The part that makes it.
    first: usize,
}

impl Handed {
    fn is_read(&self, part: &Part) -> bool {
        mentions(&part.code, &self.name.to_string())
    }
}

/// The row of each example, and the walk through them.
fn each(array: &Ident, row: &Ident, written: bool) -> (TokenStream, TokenStream) {
    let chunks = if written { quote!(chunks_exact_mut) } else { quote!(chunks_exact) };
    (quote!(#row), quote!(#array.#chunks(k)))
}

impl Rows {
    /// The rows of some examples at once.
    fn blocks(&self) -> (TokenStream, TokenStream) {
        let Self { array, row, written } = self;
        let chunks = if *written { quote!(chunks_mut) } else { quote!(chunks) };
        (quote!(#row), quote!(#array.#chunks(at_once * k)))
    }
}

/// What walks these together, and what it gives.
fn walked(all: impl Iterator<Item = (TokenStream, TokenStream)>) -> (TokenStream, TokenStream) {
    let together = |(names, walked): (TokenStream, TokenStream),
                    (name, array): (TokenStream, TokenStream)| {
        (quote!((#names, #name)), quote!(#walked.zip(#array)))
    };
    let mut all = all;
    let Some((name, first)) = all.next() else { return (quote!(()), quote!(::core::iter::once(()))) };
    all.fold((name, first), together)
}
