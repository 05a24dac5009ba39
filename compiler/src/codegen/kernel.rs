//! Loops: a nest over the plan's space, rows cut to slices, sums in lanes.

use super::expr::{Code, Level, Writer};
use super::{Context, buffer_ident, constant_product, identifier, plain_identifier};
use crate::ir::{AxisFn, Extent, Graph, NodeId, Number, Op, Operand};
use crate::schedule::{BufferId, Class, Loop, Plan, Storage, class};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeMap;

/// Partial sums that run beside each other along a row of many.
const LANES: usize = 32;
/// The same where the whole loop is one row: enough to hide the latency of an addition in every vector width.
const LONG_LANES: usize = 64;

/// An array as a loop reads or writes it.
struct Access {
    buffer: BufferId,
    /// Its extents: those of the node read or written, which may be another shape of the same entries.
    shape: Vec<Extent>,
    /// For each axis of the array, the axis of the loop.
    axes: Vec<usize>,
    written: bool,
    /// The variable or slice that stands for it in the innermost loop.
    name: Ident,
}

impl Access {
    fn is(&self, buffer: BufferId, shape: &[Extent], axes: &[usize]) -> bool {
        self.buffer == buffer && self.shape == shape && self.axes == axes
    }
}

/// A reduction of a loop.
struct Sum {
    node: NodeId,
    buffer: BufferId,
    /// For each axis of the result, the axis of the loop.
    out: Vec<usize>,
    max: bool,
    coeff: Number,
    /// Scalar factors, with their powers.
    scalars: Vec<(NodeId, Number)>,
    /// Where it is gathered: lanes, one variable, or an access of its own.
    lanes: bool,
    name: Ident,
    access: Option<usize>,
}

/// The generated loop: its function and its call.
pub(super) struct Kernel<'a> {
    plan: &'a Plan,
    g: &'a Graph,
    cx: &'a Context,
    l: &'a Loop,
    /// One flat loop over everything, because nothing distinguishes the axes.
    flat: bool,
    accesses: Vec<Access>,
    sums: Vec<Sum>,
    /// Scalars read, in order.
    scalars: Vec<Ident>,
    extents: Vec<Ident>,
}

impl<'a> Kernel<'a> {
    pub(super) fn new(plan: &'a Plan, cx: &'a Context, l: &'a Loop) -> Self {
        let g = &plan.graph;
        let accesses = Vec::new();
        let mut kernel = Self {
            plan,
            g,
            cx,
            l,
            flat: false,
            accesses,
            sums: Vec::new(),
            scalars: Vec::new(),
            extents: Vec::new(),
        };
        kernel.find_accesses();
        kernel
    }

    /// For each local of a node, the axis of the loop.
    fn positions(&self, id: NodeId) -> Vec<usize> {
        let class = class(self.g, id);
        match class {
            Class::Reduction { space, .. } => (0..space.len())
                .map(|local| space.iter().position(|&s| s as usize == local).unwrap_or(0))
                .collect(),
            _ => (0..self.l.space.len()).collect(),
        }
    }

    fn computed_here(&self, id: NodeId) -> bool {
        self.l.body.contains(&id)
    }

    fn operands(&self, id: NodeId) -> Vec<Operand> {
        match self.g.op(id) {
            Op::Sum(terms) => terms.iter().map(|t| t.operand.clone()).collect(),
            Op::Product { factors, .. } => factors.iter().map(|f| f.operand.clone()).collect(),
            Op::Map { args, .. } => args.clone(),
            Op::Select { lhs, rhs, then, otherwise, .. } => {
                vec![lhs.clone(), rhs.clone(), then.clone(), otherwise.clone()]
            }
            Op::Axis { arg, .. } => vec![arg.clone()],
            _ => Vec::new(),
        }
    }

    fn find_accesses(&mut self) {
        let l = self.l;
        let mut users: Vec<NodeId> = l.body.clone();
        users.extend(l.reductions.iter().map(|r| r.node));
        for id in users {
            let positions = self.positions(id);
            for operand in self.operands(id) {
                let axes: Vec<usize> = operand.axes.iter().map(|&a| positions[a as usize]).collect();
                self.note_read(operand.node, axes);
            }
        }
        let all: Vec<usize> = (0..l.space.len()).collect();
        for (node, buffer) in &l.stores {
            if !self.computed_here(*node) {
                self.note_read(*node, (0..self.g.rank(*node)).collect());
            }
            self.access(*buffer, self.g.shape(*node), all.clone(), true);
        }
        for r in &l.reductions {
            let (node, buffer) = (r.node, r.buffer);
            for (scalar, _) in &r.scalars {
                self.note_read(*scalar, Vec::new());
            }
            let positions = self.positions(node);
            let out: Vec<usize> = (0..self.g.rank(node)).map(|local| positions[local]).collect();
            let (max, coeff) = match self.g.op(node) {
                Op::Axis { function: AxisFn::Max, .. } => (true, Number::ONE),
                Op::Product { coeff, .. } => (false, *coeff),
                _ => (false, Number::ONE),
            };
            let (coeff, scalars) = (coeff.mul(r.coeff), r.scalars.clone());
            let innermost = l.space.len().wrapping_sub(1);
            let lanes = !out.contains(&innermost);
            let access =
                (!out.is_empty()).then(|| self.access(buffer, self.g.shape(node), out.clone(), true));
            let name = format_ident!("sum_{}", identifier(&self.plan.buffers[buffer.0].name));
            self.sums.push(Sum { node, buffer, out, max, coeff, scalars, lanes, name, access });
        }
        let whole = |a: &Access| a.axes == all;
        self.flat = l.space.len() > 1
            && self.accesses.iter().all(whole)
            && self.sums.iter().all(|s| s.out.is_empty())
            && !self.speaks_of_positions();
    }

    /// Whether an entry depends on where it is, not only on what is there: a Kronecker delta.
    fn speaks_of_positions(&self) -> bool {
        let delta = |id: NodeId| matches!(self.g.op(id), Op::Delta);
        let users = self.l.body.iter().copied().chain(self.l.reductions.iter().map(|r| r.node));
        users.into_iter().any(|id| delta(id) || self.operands(id).iter().any(|o| delta(o.node)))
    }

    fn note_read(&mut self, node: NodeId, axes: Vec<usize>) {
        if self.computed_here(node) && axes.iter().enumerate().all(|(k, a)| k == *a) {
            return;
        }
        match self.g.op(node) {
            Op::Number(_) | Op::Pi | Op::Delta => {}
            Op::Extent(_) => {
                let name = extent_scalar(self.cx, self.g, node);
                if !self.scalars.contains(&name) {
                    self.scalars.push(name);
                }
            }
            _ => {
                let Some(&buffer) = self.plan.buffer_of.get(&node) else { return };
                if self.plan.buffers[buffer.0].shape.is_empty() {
                    let name = buffer_ident(self.plan, buffer);
                    if !self.scalars.contains(&name) {
                        self.scalars.push(name);
                    }
                } else {
                    self.access(buffer, self.g.shape(node), axes, false);
                }
            }
        }
    }

    fn access(&mut self, buffer: BufferId, shape: &[Extent], axes: Vec<usize>, written: bool) -> usize {
        let shape: Vec<Extent> = shape.iter().map(|&e| self.g.extents.find(e)).collect();
        let known = self.accesses.iter().position(|a| a.is(buffer, &shape, &axes));
        if let Some(k) = known {
            self.accesses[k].written |= written;
            return k;
        }
        let again = self.accesses.iter().filter(|a| a.buffer == buffer).count();
        let base = buffer_ident(self.plan, buffer);
        let name =
            if again == 0 { format_ident!("{base}_row") } else { format_ident!("{base}_row_{}", again + 1) };
        self.accesses.push(Access { buffer, shape, axes, written, name });
        self.accesses.len() - 1
    }

    /// The access by which the entries of `node` in `buffer` are read or written.
    fn find(&self, buffer: BufferId, node: NodeId, axes: &[usize]) -> Option<&Access> {
        let shape: Vec<Extent> = self.g.shape(node).iter().map(|&e| self.g.extents.find(e)).collect();
        self.accesses.iter().find(|a| a.is(buffer, &shape, axes))
    }

    // ---- the pieces of the function

    fn index(axis: usize) -> Ident {
        const NAMES: [&str; 4] = ["i", "j", "k", "l"];
        let name = NAMES.get(axis).map_or_else(|| format!("i{axis}"), |n| (*n).to_owned());
        Ident::new(&name, Span::call_site())
    }

    /// The position in the array of the loop's current entry, with `axes` of it left out.
    fn offset(&self, a: &Access, leave_out_last: bool) -> TokenStream {
        let count = a.axes.len() - usize::from(leave_out_last);
        let mut flat: Option<TokenStream> = None;
        for (k, &axis) in a.axes.iter().take(count).enumerate() {
            let i = Self::index(axis);
            flat = Some(match flat {
                None => quote!(#i),
                Some(f) if k == 1 => {
                    let n = self.cx.extent(self.g, a.shape[k]);
                    quote!(#f * #n + #i)
                }
                Some(f) => {
                    let n = self.cx.extent(self.g, a.shape[k]);
                    quote!((#f) * #n + #i)
                }
            });
        }
        flat.unwrap_or_else(|| quote!(0))
    }

    fn innermost(&self) -> usize {
        self.l.space.len().wrapping_sub(1)
    }

    /// Whether the last axis of the array, and no other, is the innermost of the loop: then rows are slices.
    fn is_row(&self, a: &Access) -> bool {
        self.flat || {
            let n = a.axes.len();
            a.axes[n - 1] == self.innermost() && !a.axes[..n - 1].contains(&self.innermost())
        }
    }

    fn runs_inside(&self, a: &Access) -> bool {
        self.flat || a.axes.contains(&self.innermost())
    }

    /// Whether sums are gathered in lanes: they must run along the innermost axis, and it must be long.
    fn uses_lanes(&self) -> bool {
        self.sums.iter().any(|s| s.lanes) && {
            let extents = if self.flat { &self.l.space[..] } else { &self.l.space[self.innermost()..] };
            constant_product(self.g, extents).is_none_or(|n| n > 2 * LANES)
        }
    }

    /// The value of an operand in the innermost loop.
    fn operand_code(&self, operand: &Operand, positions: &[usize], values: &BTreeMap<NodeId, Code>) -> Code {
        let axes: Vec<usize> = operand.axes.iter().map(|&a| positions[a as usize]).collect();
        self.value(operand.node, &axes, values)
    }

    fn value(&self, node: NodeId, axes: &[usize], values: &BTreeMap<NodeId, Code>) -> Code {
        if axes.iter().enumerate().all(|(k, a)| k == *a)
            && let Some(code) = values.get(&node)
        {
            return code.clone();
        }
        match self.g.op(node) {
            Op::Number(n) => Code::fixed(self.cx.number(*n)),
            Op::Pi => Code::fixed(self.cx.literal(std::f64::consts::PI)),
            Op::Extent(_) => {
                let name = extent_scalar(self.cx, self.g, node);
                Code::fixed(quote!(#name))
            }
            Op::Delta => self.delta(axes),
            _ => {
                let Some(&buffer) = self.plan.buffer_of.get(&node) else { return super::lost() };
                if self.plan.buffers[buffer.0].shape.is_empty() {
                    let name = buffer_ident(self.plan, buffer);
                    return Code::fixed(quote!(#name));
                }
                match self.find(buffer, node, axes) {
                    Some(a) if self.runs_inside(a) => Code::atom(self.entry(a)),
                    Some(a) => Code::fixed(self.entry(a)),
                    None => super::lost(),
                }
            }
        }
    }

    /// 1 where two indices are equal, 0 elsewhere.
    fn delta(&self, axes: &[usize]) -> Code {
        let (i, j) = (Self::index(axes[0]), Self::index(axes[1]));
        let (one, zero) = (self.cx.number(Number::ONE), self.cx.number(Number::ZERO));
        Code { tokens: quote!(if #i == #j { #one } else { #zero }), level: Level::Sum, varies: true }
    }

    /// The array's entry in the innermost loop.
    fn entry(&self, a: &Access) -> TokenStream {
        let name = &a.name;
        if self.is_row(a) {
            let j = self.inner_index();
            quote!(#name[#j])
        } else if self.runs_inside(a) {
            let (array, offset) = (buffer_ident(self.plan, a.buffer), self.offset(a, false));
            quote!(#array[#offset])
        } else {
            quote!(#name)
        }
    }

    fn inner_index(&self) -> Ident {
        if self.uses_lanes() {
            Ident::new("lane", Span::call_site())
        } else if self.flat {
            Self::index(0)
        } else {
            Self::index(self.innermost())
        }
    }

    /// The statements of the innermost loop, and whether they use `math`.
    fn inner(&self) -> (TokenStream, bool) {
        let mut writer = Writer { g: self.g, cx: self.cx, math: false };
        let mut values: BTreeMap<NodeId, Code> = BTreeMap::new();
        let mut statements = TokenStream::new();
        let identity: Vec<usize> = (0..self.l.space.len()).collect();
        let mut uses: BTreeMap<NodeId, usize> = BTreeMap::new();
        let summed: Vec<NodeId> = self.l.reductions.iter().map(|r| r.node).collect();
        for id in self.l.body.iter().chain(&summed) {
            for operand in self.operands(*id) {
                // A power wants its base in a variable.
                let squared = matches!(self.g.op(*id), Op::Product { factors, .. }
                    if factors.iter().any(|f| f.operand == operand && !f.power.is_one() && f.power != Number::MINUS_ONE));
                *uses.entry(operand.node).or_default() += if squared { 2 } else { 1 };
            }
        }
        let mut taken: Vec<Ident> = self.plan.buffers.iter().map(|b| identifier(&b.name)).collect();
        let mut temporaries = 0;
        for &id in &self.l.body {
            let code = match self.g.op(id) {
                Op::Delta => self.delta(&identity),
                _ => writer.node(id, &mut |_, o| self.operand_code(o, &identity, &values)),
            };
            let stored = self.l.stores.iter().filter(|(n, _)| *n == id).count();
            let used = uses.get(&id).copied().unwrap_or(0);
            if self.g.name(id).is_none() && used + stored <= 1 {
                values.insert(id, code);
                continue;
            }
            let name = match self.g.name(id) {
                Some(name) => unique(&mut taken, &format!("{}_value", identifier(name))),
                None => {
                    temporaries += 1;
                    unique(&mut taken, &format!("v{temporaries}"))
                }
            };
            let tokens = &code.tokens;
            statements.extend(quote!(let #name = #tokens;));
            let named = quote!(#name);
            values.insert(id, if code.varies { Code::atom(named) } else { Code::fixed(named) });
        }
        for (node, buffer) in &self.l.stores {
            let axes: Vec<usize> = (0..self.g.rank(*node)).collect();
            let value = self.value(*node, &axes, &values).tokens;
            if let Some(a) = self.find(*buffer, *node, &identity) {
                let entry = self.entry(a);
                statements.extend(quote!(#entry = #value;));
            }
        }
        for s in &self.sums {
            statements.extend(self.gather(s, &mut writer, &values));
        }
        (statements, writer.math)
    }

    /// Adds the loop's current entry to a sum.
    fn gather(&self, s: &Sum, writer: &mut Writer<'_>, values: &BTreeMap<NodeId, Code>) -> TokenStream {
        let positions = self.positions(s.node);
        // A product of two is added in one operation.
        let mut pair: Option<(TokenStream, TokenStream)> = None;
        let value = match self.g.op(s.node).clone() {
            Op::Product { factors, .. } => {
                let mut parts: Vec<(Code, Number)> = factors
                    .iter()
                    .map(|f| (self.operand_code(&f.operand, &positions, values), f.power))
                    .collect();
                if !s.lanes {
                    parts.extend(s.scalars.iter().map(|(n, p)| (self.value(*n, &[], values), *p)));
                }
                let coeff = if s.lanes { Number::ONE } else { s.coeff };
                let last = parts.iter().rposition(|(c, p)| p.is_one() && c.varies);
                if let Some(last) = last.filter(|_| parts.len() > 1) {
                    let (b, _) = parts.remove(last);
                    let a = writer.product(coeff, &parts);
                    let (a, b) = (a.tokens, b.tokens);
                    pair = Some((a.clone(), b.clone()));
                    Code::atom(quote!(#a * #b))
                } else if let ([(c, p)], true) = (parts.as_slice(), coeff.is_one())
                    && *p == Number::TWO
                    && c.level == Level::Atom
                {
                    pair = Some((c.tokens.clone(), c.tokens.clone()));
                    writer.product(coeff, &parts)
                } else {
                    writer.product(coeff, &parts)
                }
            }
            Op::Axis { arg, .. } => self.operand_code(&arg, &positions, values),
            _ => super::lost(),
        };
        let target = if s.lanes {
            let name = &s.name;
            if self.uses_lanes() {
                let j = self.inner_index();
                quote!(#name[#j])
            } else {
                quote!(#name)
            }
        } else {
            s.access.map(|k| self.entry(&self.accesses[k])).unwrap_or_default()
        };
        let tokens = &value.tokens;
        if let (false, Some((a, b))) = (s.max, &pair) {
            writer.math = true;
            return quote!(#target = math.mul_add(#a, #b, #target););
        }
        if s.max {
            writer.math = true;
            quote!(#target = math.max(#target, #tokens);)
        } else {
            quote!(#target += #tokens;)
        }
    }

    fn neutral(&self, s: &Sum) -> TokenStream {
        if s.max { self.minus_infinity() } else { self.cx.number(Number::ZERO) }
    }

    fn minus_infinity(&self) -> TokenStream {
        let (runtime, t) = (&self.cx.runtime, self.cx.float.tokens());
        quote!(<#t as #runtime::Scalar>::NEG_INFINITY)
    }

    /// The row loop: slices, lanes, the innermost loop, what is done after it.
    fn row(&self) -> (TokenStream, bool) {
        let (inner, math) = self.inner();
        let j = self.inner_index();
        let n = if self.flat {
            self.cx.product(self.g, &self.l.space)
        } else {
            self.cx.extent(self.g, self.l.space[self.innermost()])
        };
        let mut before = TokenStream::new();
        for a in &self.accesses {
            let (name, array) = (&a.name, buffer_ident(self.plan, a.buffer));
            let mutable = if a.written { quote!(mut) } else { quote!() };
            if self.flat {
                before.extend(quote!(let #name = &#mutable #array[..#n];));
            } else if self.is_row(a) {
                let offset = self.offset(a, true);
                if a.axes.len() == 1 {
                    before.extend(quote!(let #name = &#mutable #array[..#n];));
                } else {
                    let offset = if a.axes.len() == 2 { offset } else { quote!((#offset)) };
                    before.extend(quote!(let #name = &#mutable #array[#offset * #n..][..#n];));
                }
            } else if !self.runs_inside(a) && !a.written {
                let offset = self.offset(a, false);
                before.extend(quote!(let #name = #array[#offset];));
            }
        }
        let mut after = TokenStream::new();
        let lanes = self.uses_lanes();
        let runtime = &self.cx.runtime;
        let width = if self.is_single_row() { LONG_LANES } else { LANES };
        let count = Literal::usize_unsuffixed(width);
        let rows = self.accesses.iter().all(|a| self.is_row(a) || !self.runs_inside(a));
        let position = self.speaks_of_positions() || !rows;
        for s in self.sums.iter().filter(|s| s.lanes) {
            let (name, neutral) = (&s.name, self.neutral(s));
            if lanes && !position {
                // Folded where the chunks are.
            } else if lanes {
                before.extend(quote!(let mut #name = [#neutral; #count];));
                let fold = if s.max { quote!(max_of_lanes) } else { quote!(sum_of_lanes) };
                after.extend(quote!(let #name = #runtime::contract::#fold(#name);));
            } else {
                before.extend(quote!(let mut #name = #neutral;));
            }
            if let Some(k) = s.access {
                let a = &self.accesses[k];
                let (array, offset) = (buffer_ident(self.plan, a.buffer), self.offset(a, false));
                let value = self.scaled(s, &s.name);
                after.extend(self.put(s, &quote!(#array[#offset]), &value));
            } else if !self.is_single_row() {
                let total = format_ident!("{}_total", s.name);
                after.extend(if s.max {
                    quote!(#total = math.max(#total, #name);)
                } else {
                    quote!(#total += #name;)
                });
            }
        }
        let looped = if lanes && !position {
            self.chunked(&inner, &n, width)
        } else if lanes {
            let windows = self.accesses.iter().filter(|a| self.is_row(a)).map(|a| {
                let name = &a.name;
                let mutable = if a.written { quote!(mut) } else { quote!() };
                quote!(let #name = &#mutable #name[start..start + width];)
            });
            let j = Self::index(self.innermost());
            quote! {
                let mut start = 0;
                while start < #n {
                    let width = (#n - start).min(#count);
                    #(#windows)*
                    for lane in 0..width {
                        let #j = start + lane;
                        #inner
                    }
                    start += width;
                }
            }
        } else {
            quote!(for #j in 0..#n { #inner })
        };
        let math = math || self.sums.iter().any(|s| s.max);
        (quote!(#before #looped #after), math)
    }

    /// The row in chunks of `width`, a lane an entry, and what is left of it in lanes of its own: each sum becomes one
    /// number.
    fn chunked(&self, inner: &TokenStream, n: &TokenStream, width: usize) -> TokenStream {
        let runtime = &self.cx.runtime;
        let count = Literal::usize_unsuffixed(width);
        let extents = if self.flat { &self.l.space[..] } else { &self.l.space[self.innermost()..] };
        let left = constant_product(self.g, extents).map_or(1, |n| n % width);
        let sums: Vec<&Sum> = self.sums.iter().filter(|s| s.lanes).collect();
        let names: Vec<&Ident> = sums.iter().map(|s| &s.name).collect();
        let arrays = sums.iter().map(|s| {
            let (name, neutral) = (&s.name, self.neutral(s));
            quote!(let mut #name = [#neutral; #count];)
        });
        let arrays = quote!(#(#arrays)*);
        let folded: Vec<TokenStream> = sums
            .iter()
            .map(|s| {
                let name = &s.name;
                let fold = if s.max { quote!(max_of_lanes) } else { quote!(sum_of_lanes) };
                quote!(#runtime::contract::#fold(#name))
            })
            .collect();
        let rows: Vec<&Access> = self.accesses.iter().filter(|a| self.is_row(a)).collect();
        let part = |a: &Access, end: &str| format_ident!("{}_{end}", a.name);
        let split = rows.iter().map(|a| {
            let (name, chunks, rest) = (&a.name, part(a, "chunks"), part(a, "rest"));
            let method = if a.written { quote!(as_chunks_mut) } else { quote!(as_chunks) };
            quote!(let (#chunks, #rest) = #name.#method::<#count>();)
        });
        let borrow = |a: &Access| if a.written { quote!(&mut) } else { quote!(&) };
        let chunk = rows.iter().map(|a| {
            let (name, chunks, borrow) = (&a.name, part(a, "chunks"), borrow(a));
            quote!(let #name = #borrow #chunks[chunk];)
        });
        let rest = rows.iter().map(|a| {
            let (name, rest, borrow) = (&a.name, part(a, "rest"), borrow(a));
            quote!(let #name = #borrow #rest[..width];)
        });
        let (tuple, binding) = match (folded.as_slice(), names.as_slice()) {
            ([one], [name]) => (quote!(#one), quote!(#name)),
            (all, names) => (quote!((#(#all),*)), quote!((#(#names),*))),
        };
        let main = quote! {
            #(#split)*
            let #binding = {
                #arrays
                for chunk in 0..#n / #count {
                    #(#chunk)*
                    for lane in 0..#count { #inner }
                }
                #tuple
            };
        };
        if left == 0 {
            return main;
        }
        let ends: Vec<Ident> = names.iter().map(|n| format_ident!("{n}_rest")).collect();
        let end_binding = match ends.as_slice() {
            [one] => quote!(#one),
            all => quote!((#(#all),*)),
        };
        let both = sums.iter().zip(&ends).map(|(s, end)| {
            let name = &s.name;
            if s.max { quote!(let #name = math.max(#name, #end);) } else { quote!(let #name = #name + #end;) }
        });
        quote! {
            #main
            let #end_binding = {
                #arrays
                let width = #n % #count;
                #(#rest)*
                for lane in 0..width { #inner }
                #tuple
            };
            #(#both)*
        }
    }

    /// A gathered sum, times its constant and scalars.
    fn scaled(&self, s: &Sum, name: &Ident) -> TokenStream {
        let mut parts = vec![(Code::atom(quote!(#name)), Number::ONE)];
        let none = BTreeMap::new();
        parts.extend(s.scalars.iter().map(|(n, p)| (self.value(*n, &[], &none), *p)));
        let mut writer = Writer { g: self.g, cx: self.cx, math: false };
        writer.product(s.coeff, &parts).tokens
    }

    fn put(&self, s: &Sum, target: &TokenStream, value: &TokenStream) -> TokenStream {
        // One visit only: the result has all axes but the innermost.
        let once = s.out.len() + 1 == self.l.space.len();
        match (once, s.max) {
            (true, _) => quote!(#target = #value;),
            (false, true) => quote!(#target = math.max(#target, #value);),
            (false, false) => quote!(#target += #value;),
        }
    }

    fn is_single_row(&self) -> bool {
        self.flat || self.l.space.len() <= 1
    }

    /// The whole nest.
    fn nest(&self) -> (TokenStream, bool) {
        let (mut code, math) = if self.l.space.is_empty() { (TokenStream::new(), false) } else { self.row() };
        if !self.flat {
            for axis in (0..self.innermost().min(self.l.space.len())).rev() {
                let i = Self::index(axis);
                let n = self.cx.extent(self.g, self.l.space[axis]);
                code = quote!(for #i in 0..#n { #code });
            }
        }
        let mut before = TokenStream::new();
        for s in &self.sums {
            let neutral = self.neutral(s);
            if let Some(k) = s.access {
                let once = s.lanes && s.out.len() + 1 == self.l.space.len();
                if !once {
                    let a = &self.accesses[k];
                    let array = buffer_ident(self.plan, a.buffer);
                    let n = self.cx.product(self.g, &a.shape);
                    before.extend(quote!(#array[..#n].fill(#neutral);));
                }
            } else if !self.is_single_row() {
                let total = format_ident!("{}_total", s.name);
                before.extend(quote!(let mut #total = #neutral;));
            }
        }
        (quote!(#before #code), math)
    }

    /// The scalars that the loop yields, as names of the caller and expressions of the loop.
    fn results(&self) -> (Vec<Ident>, Vec<TokenStream>) {
        let mut names = Vec::new();
        let mut values = Vec::new();
        for s in self.sums.iter().filter(|s| s.access.is_none()) {
            names.push(buffer_ident(self.plan, s.buffer));
            let name = if self.is_single_row() { s.name.clone() } else { format_ident!("{}_total", s.name) };
            values.push(self.scaled(s, &name));
        }
        (names, values)
    }

    /// Symbolic extents that the loop speaks of.
    fn extent_args(&self) -> Vec<(String, Ident, TokenStream)> {
        let mut args: Vec<(String, Ident, TokenStream)> = Vec::new();
        let indices: Vec<Ident> = (0..self.l.space.len()).map(Self::index).collect();
        let taken = |name: &Ident| {
            indices.contains(name) || self.plan.buffers.iter().any(|b| identifier(&b.name) == *name)
        };
        let mut extents = self.l.space.clone();
        for a in &self.accesses {
            extents.extend(&a.shape);
        }
        for e in extents {
            if self.g.extents.as_constant(e).is_some() {
                continue;
            }
            let name = self.g.extents.name(e);
            if !args.iter().any(|(n, ..)| *n == name) {
                let mut ident = plain_identifier(&name);
                while taken(&ident) {
                    ident = format_ident!("{ident}_extent");
                }
                args.push((name, ident, self.cx.extent(self.g, e)));
            }
        }
        args
    }

    /// The function `name` and the statement that calls it.
    pub(super) fn tokens(mut self, name: &Ident, doc: &[String]) -> TokenStream {
        let outer = self.cx;
        let extents = self.extent_args();
        // Inside the function an extent goes by its own name.
        let mut inner_cx = outer.clone();
        inner_cx.extents = extents.iter().map(|(name, ident, _)| (name.clone(), quote!(#ident))).collect();
        let passed: Vec<TokenStream> = extents.iter().map(|(.., value)| value.clone()).collect();
        self.extents = extents.into_iter().map(|(_, ident, _)| ident).collect();
        let this = Kernel { cx: &inner_cx, ..self };
        this.finish(name, doc, &passed, outer)
    }

    fn finish(&self, name: &Ident, doc: &[String], passed: &[TokenStream], outer: &Context) -> TokenStream {
        let (code, math) = self.nest();
        let (results, values) = self.results();
        let t = self.cx.float.tokens();
        let runtime = &self.cx.runtime;
        let generics = match &self.cx.float {
            super::Float::Generic(t) => quote!(<#t: #runtime::Scalar>),
            _ => quote!(),
        };
        let mut params: Vec<Ident> = self.extents.clone();
        let mut types: Vec<TokenStream> = self.extents.iter().map(|_| quote!(usize)).collect();
        let mut args: Vec<TokenStream> = passed.to_vec();
        for s in &self.scalars {
            params.push(s.clone());
            types.push(quote!(#t));
            args.push(quote!(#s));
        }
        let mut seen: Vec<BufferId> = Vec::new();
        for a in &self.accesses {
            if seen.contains(&a.buffer) {
                continue;
            }
            seen.push(a.buffer);
            let array = buffer_ident(self.plan, a.buffer);
            let written = self.accesses.iter().any(|other| other.buffer == a.buffer && other.written);
            params.push(array.clone());
            let slice = self.plan.buffers[a.buffer.0].storage != Storage::Scalar;
            debug_assert!(slice, "scalars are passed by value");
            types.push(if written { quote!(&mut [#t]) } else { quote!(&[#t]) });
            args.push(if written { quote!(&mut *#array) } else { quote!(&*#array) });
        }
        let math_param = if math { quote!(math) } else { quote!(_) };
        let _ = outer;
        let tuple = |items: &[TokenStream]| match items {
            [one] => quote!((#one,)),
            all => quote!((#(#all),*)),
        };
        let params: Vec<TokenStream> = params.iter().map(|p| quote!(#p)).collect();
        let (params, types, args) = (tuple(&params), tuple(&types), tuple(&args));
        let (returns, result, binding) = match (results.as_slice(), values.as_slice()) {
            ([], _) => (quote!(), quote!(), quote!()),
            ([r], [v]) => (quote!(-> #t), quote!(#v), quote!(let #r =)),
            (rs, vs) => {
                let ts = rs.iter().map(|_| &t);
                (quote!(-> (#(#ts),*)), quote!((#(#vs),*)), quote!(let (#(#rs),*) =))
            }
        };
        quote! {
            #(#[doc = #doc])*
            #[inline(always)]
            fn #name #generics (#math_param: #runtime::simd::Math, #params: #types) #returns {
                #code
                #result
            }
            #binding #runtime::simd!(#name, #args);
        }
    }
}

/// The name, or one like it that is not taken yet.
fn unique(taken: &mut Vec<Ident>, name: &str) -> Ident {
    let mut ident = Ident::new(name, Span::call_site());
    let mut k = 2;
    while taken.contains(&ident) {
        ident = format_ident!("{name}_{k}");
        k += 1;
    }
    taken.push(ident.clone());
    ident
}

/// The variable that has an extent's value as a number.
pub(super) fn extent_scalar(cx: &Context, g: &Graph, node: NodeId) -> Ident {
    let _ = cx;
    match g.op(node) {
        Op::Extent(e) => format_ident!("count_{}", plain_identifier(&g.extents.name(*e))),
        _ => Ident::new("count", Span::call_site()),
    }
}
