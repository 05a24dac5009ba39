//! Steps: scalars, loops, matrix products, calls, in the order of the plan.

use super::expr::{Code, Precedence, Writer};
use super::indexing::{Arrays, Indexing, summed};
use super::kernel::{Kernel, extent_scalar};
use super::{Context, Names, together, unparenthesised};
use crate::ir::{AxisFn, Extent, Graph, NodeId, Number, Op, Operand, Term};
use crate::schedule::{BufferId, Condition, Descent, Places, Plan, Reduction, RunningSum, Step};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use std::collections::{BTreeSet, HashMap};

/// Says what a node is, as a formula, for the comments of the generated code. What has been computed has a
/// name in the graph.
pub type Formula<'a> = &'a dyn Fn(&Graph, NodeId) -> String;

/// The statements of a plan.
///
/// In scope they expect: for each input and output array and each temporary a slice of its name (`&[T]`, or
/// `&mut [T]` where it is written), for each scalar input a variable. After them each scalar output is a
/// variable.
#[must_use]
pub fn body(plan: &Plan, cx: &Context, formula: Formula<'_>) -> TokenStream {
    let names = Names::new(plan);
    if together::suits(plan) {
        return together::body(plan, &names, cx, formula);
    }
    Steps::of(plan, &names, cx, formula, false).0
}

/// The statements of a plan of scalars for a function of its own, compiled for the processor at hand, that
/// has `math`; `None` where such a function does not pay.
#[must_use]
pub fn scalars(plan: &Plan, cx: &Context, formula: Formula<'_>) -> Option<TokenStream> {
    together::scalars(plan, &Names::new(plan), cx, formula)
}

/// Whether the steps of a plan become one function, so that nothing outside can read its scalars.
#[must_use]
pub fn is_one_function(plan: &Plan) -> bool {
    together::suits(plan)
}

/// The statements of a step of descent: those of its plan, and those that move the parameters after them.
#[must_use]
pub fn descent(d: &Descent, cx: &Context, formula: Formula<'_>) -> (TokenStream, TokenStream) {
    let plan = &d.plan;
    let names = Names::new(plan);
    // A product of an update speaks of scalars of the plan, which one function would keep to itself.
    let separate = d.updates.iter().any(|step| matches!(step, Step::MatMul(_)));
    let body = if separate { Steps::of(plan, &names, cx, formula, false).0 } else { body(plan, cx, formula) };
    let mut writer = Steps::new(plan, &names, cx, formula);
    let updates: TokenStream = d.updates.iter().map(|step| writer.step(step)).collect();
    let rt = &cx.rt;
    let head = if writer.single { quote!(let single = #rt::Math::portable().single();) } else { quote!() };
    (body, quote!(#head #updates))
}

/// The scalar that a step computes.
fn scalar_of(step: &Step) -> Option<NodeId> {
    if let Step::Scalar(id) = step { Some(*id) } else { None }
}

pub(super) struct Steps<'a> {
    pub(super) plan: &'a Plan,
    pub(super) names: &'a Names,
    /// Arrays to which products are added.
    pub(super) continued: BTreeSet<BufferId>,
    pub(super) cx: &'a Context,
    pub(super) formula: Formula<'a>,
    /// Whether the steps are part of one function that has `math`.
    pub(super) together: bool,
    pub(super) math: bool,
    /// Whether they use `single`.
    pub(super) single: bool,
    /// Scalars that are there already, computed together with others.
    done: BTreeSet<NodeId>,
    /// The scalars of the steps that these stand among.
    beside: Vec<NodeId>,
    /// Sums of scalars, by their terms.
    pub(super) sums: HashMap<Vec<(NodeId, Number)>, NodeId>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(plan: &'a Plan, names: &'a Names, cx: &'a Context, formula: Formula<'a>) -> Self {
        Steps {
            plan,
            names,
            continued: BTreeSet::new(),
            cx,
            formula,
            together: false,
            math: false,
            single: false,
            done: BTreeSet::new(),
            beside: Vec::new(),
            sums: HashMap::new(),
        }
    }

    /// The statements, and whether they use `math`.
    pub(super) fn of(
        plan: &'a Plan,
        names: &'a Names,
        cx: &'a Context,
        formula: Formula<'a>,
        together: bool,
    ) -> (TokenStream, bool) {
        let continued = plan.flat_steps().filter_map(|s| match s {
            Step::MatMul(m) if m.accumulate => Some(m.out),
            _ => None,
        });
        let continued = continued.collect();
        let mut steps = Steps { continued, together, ..Steps::new(plan, names, cx, formula) };
        let mut code = steps.counts();
        code.extend(steps.all(&plan.steps));
        code.extend(steps.constant_outputs());
        let rt = &cx.rt;
        let portable = quote!(#rt::Math::portable());
        let head = match (steps.single, together) {
            (false, _) => quote!(),
            (true, false) => quote!(let single = #portable.single();),
            (true, true) => quote!(let single = math.single();),
        };
        (quote!(#head #code), steps.math || steps.single)
    }
}

impl Steps<'_> {
    /// The lines that bind the extents that the plan has as numbers.
    pub(super) fn counts(&self) -> TokenStream {
        let (plan, cx) = (self.plan, self.cx);
        let mut roots: Vec<NodeId> = plan.outputs.iter().map(|o| o.node).collect();
        roots.extend(plan.flat_steps().filter_map(scalar_of));
        let extents = plan.graph.reachable(&roots).into_iter().filter_map(|id| {
            let Op::Extent(e) = plan.graph.op(id) else { return None };
            let (name, n) = (extent_scalar(&plan.graph, id), cx.count(&plan.graph, *e));
            let (t, rt) = (cx.float.tokens(), &cx.rt);
            Some(quote!(let #name: #t = #rt::count(#n);))
        });
        extents.collect()
    }

    /// The lines that bind outputs that no step computes.
    pub(super) fn constant_outputs(&mut self) -> TokenStream {
        let outputs = self.plan.outputs.iter().zip(&self.plan.output_buffers);
        outputs.map(|(output, buffer)| self.scalar_output(output.node, *buffer)).collect()
    }

    /// For steps within these, where extents go by other names.
    pub(super) fn within<'b>(&'b self, cx: &'b Context) -> Steps<'b> {
        let continued = self.continued.clone();
        Steps { continued, ..Steps::new(self.plan, self.names, cx, self.formula) }
    }

    /// Steps in order, two that read one matrix at once.
    pub(super) fn all(&mut self, mut steps: &[Step]) -> TokenStream {
        let mut code = TokenStream::new();
        let outside = std::mem::replace(&mut self.beside, steps.iter().filter_map(scalar_of).collect());
        while let [step, rest @ ..] = steps {
            if let [Step::MatMul(first), Step::MatMul(second), after @ ..] = steps
                && !self.together
                && self.plan.is_pair(first, second)
            {
                code.extend(self.matvec_pair([first, second]));
                steps = after;
            } else {
                code.extend(self.step(step));
                steps = rest;
            }
        }
        self.beside = outside;
        code
    }

    fn step(&mut self, step: &Step) -> TokenStream {
        match step {
            Step::Scalar(id) if self.done.contains(id) => TokenStream::new(),
            Step::Scalar(id) => self.sine_and_cosine(*id).unwrap_or_else(|| self.scalar(*id)),
            Step::Loop(l) => {
                let mut doc: Vec<String> = l.stores.iter().map(|(n, b)| self.store_doc(*n, *b)).collect();
                doc.extend(l.reductions.iter().map(|r| self.reduction_doc(r)));
                doc.retain(|d| !d.is_empty());
                self.math |= self.together;
                Kernel::new(self.plan, self.names, self.cx, l, self.together).tokens(&doc)
            }
            Step::MatMul(m) => self.matmul(m),
            Step::Axis(id) => self.axis(*id),
            Step::Factor(a) => self.factored(*a),
            Step::Solve(m) => self.solve(m),
            Step::Linear(id) => self.linear(*id),
            Step::Blocks(b) => self.blocks(b),
            Step::When(w) => self.when(w),
            Step::Descend { array, rate, slope } => {
                let (array, slope) = (self.names.of(*array), self.names.of(*slope));
                let (rate, rt) = (self.scalar_value(*rate).tokens, &self.cx.rt);
                let doc = format!(" `{array} -= {rate} * {slope}`");
                quote! {
                    #[doc = #doc]
                    #rt::axpy(-#rate, #slope, #array);
                }
            }
        }
    }

    /// The formula of a node, of what has been computed before.
    pub(super) fn text(&self, id: NodeId) -> String {
        (self.formula)(&self.names.graph, id)
    }

    /// What a loop writes: a node, or what a sum begins with before products are added to it.
    fn store_doc(&self, node: NodeId, buffer: BufferId) -> String {
        let begins = self.plan.buffer_of.get(&node) != Some(&buffer) && self.continued.contains(&buffer);
        let doc = self.assignment(buffer, "=", "", &self.text(node));
        if begins && !doc.is_empty() { format!("{doc}, to begin with") } else { doc }
    }

    /// What a loop sums up.
    fn reduction_doc(&self, r: &Reduction) -> String {
        let factor = self.factor(r.coeff, &r.scalars);
        self.assignment(r.buffer, if r.accumulate { "+=" } else { "=" }, &factor, &self.text(r.node))
    }

    /// `name = factor * formula`
    pub(super) fn assignment(&self, to: BufferId, sign: &str, factor: &str, formula: &str) -> String {
        if formula.is_empty() {
            return String::new();
        }
        let name = &self.plan.buffers[to.0].name;
        // A local definition goes before.
        let (before, value) = formula.rsplit_once("; ").map_or(("", formula), |(d, value)| (d, value));
        let before = if before.is_empty() { String::new() } else { format!("{before}; ") };
        format!(" `{before}{name} {sign} {factor}{value}`")
    }

    fn indexing(&self) -> Indexing<'_> {
        Indexing { g: &self.plan.graph, arrays: Arrays::Of(self.plan, self.names), cx: self.cx }
    }

    fn operand(&self, operand: &Operand) -> Code {
        self.scalar_value(operand.node)
    }

    pub(super) fn scalar_value(&self, node: NodeId) -> Code {
        let g = &self.plan.graph;
        match g.op(node) {
            Op::Number(n) => Code::atom(self.cx.number(*n)),
            Op::Pi => Code::atom(self.cx.literal(std::f64::consts::PI)),
            Op::Extent(_) => {
                let name = extent_scalar(g, node);
                Code::atom(quote!(#name))
            }
            // Between extents alone.
            Op::Holds(_) => match g.relation(node, &[]) {
                Some((kind, value)) => {
                    let holds = self.indexing().condition(&Condition { kind, value: value.into() });
                    let (one, zero) = (self.cx.number(Number::ONE), self.cx.number(Number::ZERO));
                    Code::atom(quote!((if #holds { #one } else { #zero })))
                }
                None => super::lost(),
            },
            _ => match self.plan.buffer_of.get(&node) {
                Some(&b) => {
                    let name = self.names.of(b);
                    Code::atom(quote!(#name))
                }
                None => super::lost(),
            },
        }
    }

    fn scalar(&mut self, id: NodeId) -> TokenStream {
        let mut writer =
            Writer { g: &self.plan.graph, cx: self.cx, receiver: "single", math: false, equal: None };
        let code = match self.negated(id) {
            Some(other) => {
                Code { tokens: quote!(-#other), precedence: Precedence::Sum, varies: true, equal: None }
            }
            None if self.plan.graph.has_relations(id) => self.placed(id, &mut writer),
            None => writer.node(id, &mut |_, o| self.operand(o)),
        };
        self.single |= writer.math;
        let Some(&b) = self.plan.buffer_of.get(&id) else { return TokenStream::new() };
        let (name, t, tokens) = (self.names.of(b), self.cx.float.tokens(), unparenthesised(code.tokens));
        quote!(let #name: #t = #tokens;)
    }

    /// An entry of an array, or several multiplied.
    fn placed(&self, id: NodeId, writer: &mut Writer<'_>) -> Code {
        let g = &self.plan.graph;
        let (Some(places), Op::Product { coeff, factors, .. }) = (Places::of(g, id), g.op(id)) else {
            return super::lost();
        };
        let indexing = self.indexing();
        let arrays = factors.iter().filter(|f| !g.is_indicator(f.operand.node));
        let parts: Vec<(Code, Number)> = arrays
            .map(|f| {
                let node = f.operand.node;
                let Some(&buffer) = self.plan.buffer_of.get(&node).filter(|_| g.rank(node) > 0) else {
                    return (self.scalar_value(node), f.power);
                };
                let offset = indexing.offset(g.shape(node), &places.axes(&f.operand), None);
                let array = self.names.of(buffer);
                (Code::atom(quote!(#array[#offset])), f.power)
            })
            .collect();
        let product = writer.product(*coeff, &parts);
        if places.conditions.is_empty() {
            return product;
        }
        let conditions = places.conditions.iter().map(|c| indexing.condition(c));
        let (value, zero) = (product.tokens, self.cx.number(Number::ZERO));
        let tokens = quote!(if #(#conditions)&&* { #value } else { #zero });
        Code { tokens, precedence: Precedence::Sum, varies: true, equal: None }
    }

    /// The sum, computed before, that has the terms of this one with the other sign: so that what depends on
    /// it and on its negative is seen to be related, as the exponentials of both branches of a sigmoid are.
    fn negated(&mut self, id: NodeId) -> Option<Ident> {
        let Op::Sum(terms) = self.plan.graph.op(id) else { return None };
        let key = |negate: bool| -> Vec<(NodeId, Number)> {
            let term = |t: &Term| (t.operand.node, if negate { t.coeff.neg() } else { t.coeff });
            let mut key: Vec<_> = terms.iter().map(term).collect();
            key.sort_unstable_by_key(|(node, _)| *node);
            key
        };
        let names = self.names;
        let other = self.sums.get(&key(true)).and_then(|n| self.plan.buffer_of.get(n));
        if other.is_none() {
            self.sums.insert(key(false), id);
        }
        other.map(|&b| names.of(b).clone())
    }

    /// The sine and the cosine of one number at once, where the plan has both.
    fn sine_and_cosine(&mut self, id: NodeId) -> Option<TokenStream> {
        let g = &self.plan.graph;
        let argument = |id: NodeId, name: &str| match g.op(id) {
            Op::Map { function, args } if function.name() == name => Some(args[0].node),
            _ => None,
        };
        let (of, other) =
            argument(id, "sin").map(|x| (x, "cos")).or_else(|| argument(id, "cos").map(|x| (x, "sin")))?;
        let partner = self.beside.iter().copied().find(|&n| argument(n, other) == Some(of))?;
        let (sine, cosine) = if other == "cos" { (id, partner) } else { (partner, id) };
        let [sine, cosine] = [sine, cosine].map(|n| self.plan.buffer_of.get(&n).map(|&b| self.names.of(b)));
        let (sine, cosine) = (sine?, cosine?);
        self.single = true;
        self.done.insert(partner);
        let (t, x) = (self.cx.float.tokens(), self.scalar_value(of).tokens);
        Some(quote!(let (#sine, #cosine): (#t, #t) = single.sin_cos(#x);))
    }

    /// A scalar output that no step computes: a constant or an input.
    fn scalar_output(&self, node: NodeId, buffer: BufferId) -> TokenStream {
        let g = &self.plan.graph;
        let constant = matches!(g.op(node), Op::Number(_) | Op::Pi | Op::Extent(_) | Op::Holds(_));
        if !g.shape(node).is_empty() || !constant {
            return TokenStream::new();
        }
        let (name, t, value) =
            (self.names.of(buffer), self.cx.float.tokens(), self.scalar_value(node).tokens);
        quote!(let #name: #t = #value;)
    }

    /// Products of all entries of rows, but some.
    fn others(&self, id: NodeId, arg: NodeId, order: u8, bound: Extent) -> TokenStream {
        let g = &self.plan.graph;
        let (Some(&out), Some(&x)) = (self.plan.buffer_of.get(&id), self.plan.buffer_of.get(&arg)) else {
            return TokenStream::new();
        };
        let (rt, order) = (&self.cx.rt, Literal::u8_unsuffixed(order));
        let (out_name, x, len) = (self.names.of(out), self.names.of(x), self.cx.extent(g, bound));
        if self.plan.buffers[out.0].shape.is_empty() {
            let (t, zero) = (self.cx.float.tokens(), self.cx.number(Number::ZERO));
            return quote! {
                let mut #out_name: [#t; 1] = [#zero];
                #rt::others(&mut #out_name, #x, #len, #order);
                let [#out_name] = #out_name;
            };
        }
        quote!(#rt::others(#out_name, #x, #len, #order);)
    }

    /// Sums up to an index, or from it on.
    fn running(&self, id: NodeId, sum: &RunningSum) -> TokenStream {
        let g = &self.plan.graph;
        let buffer = |node| self.plan.buffer_of.get(&node).map(|&b| self.names.of(b));
        let (Some(out), Some(x)) = (buffer(id), buffer(sum.read.node)) else { return TokenStream::new() };
        let (rt, shape, read) = (&self.cx.rt, g.shape(id), g.shape(sum.read.node));
        let (outer, inner) =
            (self.cx.product(g, &shape[..sum.axis]), self.cx.product(g, &shape[sum.axis + 1..]));
        let [len, terms] = [shape, read].map(|shape| self.cx.extent(g, shape[sum.axis]));
        let function = if sum.onwards { quote!(sums_onwards) } else { quote!(sums_upto) };
        let [ahead, behind] = self.cx.halves(g, [], &sum.offset).map(|half| summed(&half));
        let scale = self.cx.number(g.coefficient(id));
        quote!(#rt::#function(#out, #x, [#outer, #len, #terms, #inner], [#ahead, #behind], #scale);)
    }

    fn axis(&mut self, id: NodeId) -> TokenStream {
        let g = &self.plan.graph;
        if let Some(sum) = RunningSum::of(g, id) {
            return self.running(id, &sum);
        }
        if let Op::Others { arg, order, bound } = g.op(id) {
            return self.others(id, arg.node, *order, *bound);
        }
        let Op::Axis { function, arg, along, .. } = g.op(id) else { return TokenStream::new() };
        let (Some(&out), Some(&x)) = (self.plan.buffer_of.get(&id), self.plan.buffer_of.get(&arg.node))
        else {
            return TokenStream::new();
        };
        let shape = g.shape(arg.node);
        let on: Vec<bool> = arg.axes.iter().map(|a| along.contains(a)).collect();
        let first = on.iter().position(|b| *b).unwrap_or(0);
        let last = on.iter().rposition(|b| *b).unwrap_or(0);
        let [outer, len, inner] =
            [&shape[..first], &shape[first..=last], &shape[last + 1..]].map(|e| self.cx.product(g, e));
        let rt = &self.cx.rt;
        let f = match function {
            AxisFn::Softmax => quote!(softmax),
            AxisFn::LogSoftmax => quote!(log_softmax),
            AxisFn::LogSumExp => quote!(logsumexp),
            AxisFn::Norm => quote!(norm),
            AxisFn::Max => quote!(max),
        };
        let (out_name, x) = (self.names.of(out), self.names.of(x));
        if self.plan.buffers[out.0].shape.is_empty() {
            let (t, zero) = (self.cx.float.tokens(), self.cx.number(Number::ZERO));
            return quote! {
                let mut #out_name: [#t; 1] = [#zero];
                #rt::#f(&mut #out_name, #x, #outer, #len, #inner);
                let [#out_name] = #out_name;
            };
        }
        quote!(#rt::#f(#out_name, #x, #outer, #len, #inner);)
    }
}
