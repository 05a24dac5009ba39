//! The innermost loop: one entry of every node, stores, sums.

use super::*;

/// What is done for each tuple of indices.
pub(super) struct Inner {
    pub(super) statements: TokenStream,
    /// The sums in lanes with this entry, where a closure returns them.
    pub(super) yields: Vec<TokenStream>,
    /// Whether functions of `math` are called.
    pub(super) math: bool,
}

impl Kernel<'_> {
    /// The value of an operand in the innermost loop.
    pub(super) fn operand_code(
        &self,
        operand: &Operand,
        positions: &[usize],
        values: &BTreeMap<NodeId, Code>,
    ) -> Code {
        let axes: Vec<usize> = operand.axes.iter().map(|&a| positions[a as usize]).collect();
        self.value(operand.node, &axes, values)
    }

    pub(super) fn value(&self, node: NodeId, axes: &[usize], values: &BTreeMap<NodeId, Code>) -> Code {
        if axes.iter().enumerate().all(|(k, a)| k == *a)
            && let Some(code) = values.get(&node)
        {
            return code.clone();
        }
        match self.g.op(node) {
            Op::Number(n) => Code::fixed(self.cx.number(*n)),
            Op::Pi => Code::fixed(self.cx.literal(std::f64::consts::PI)),
            Op::Extent(_) => {
                let name = extent_scalar(self.g, node);
                Code::fixed(quote!(#name))
            }
            Op::Delta => self.delta(axes),
            Op::Holds(_) | Op::Named(_) => self.relation(node, axes),
            Op::Position => self.position(axes[0]),
            _ => {
                let Some(&buffer) = self.plan.buffer_of.get(&node) else { return crate::codegen::lost() };
                if self.plan.buffers[buffer.0].shape.is_empty() {
                    let name = self.names.of(buffer);
                    return Code::fixed(quote!(#name));
                }
                match self.find(buffer, node, axes) {
                    Some(a) if self.runs_inside(a) => Code::atom(self.entry(a)),
                    Some(a) => Code::fixed(self.entry(a)),
                    None => crate::codegen::lost(),
                }
            }
        }
    }

    /// 1 where two indices are equal, 0 elsewhere.
    pub(super) fn delta(&self, axes: &[usize]) -> Code {
        if self.diagonal.is_some_and(|d| d.iter().all(|&axis| axes.contains(&(axis as usize)))) {
            return Code::fixed(self.cx.number(Number::ONE));
        }
        let (i, j) = (Self::index(axes[0]), Self::index(axes[1]));
        let (one, zero) = (self.cx.number(Number::ONE), self.cx.number(Number::ZERO));
        let equal = quote!(#i == #j);
        let tokens = quote!(if #equal { #one } else { #zero });
        Code { tokens, precedence: Precedence::Sum, varies: true, equal: Some(equal) }
    }

    /// The array's entry in the innermost loop.
    pub(super) fn entry(&self, a: &Access) -> TokenStream {
        let name = &a.name;
        if self.is_entry() {
            return if a.written { quote!(*#name) } else { quote!(#name) };
        }
        if self.is_row(a) {
            let j = self.inner_index();
            quote!(#name[#j])
        } else if self.runs_inside(a) {
            let (array, offset) = (self.names.of(a.buffer), self.offset(a, false));
            quote!(#array[#offset])
        } else {
            quote!(#name)
        }
    }

    /// Whether entries are what a closure is given, rather than what an index picks.
    pub(super) fn is_entry(&self) -> bool {
        self.walk != Walk::Nest
            || (self.uses_lanes() && !self.by_position() && !self.sums.iter().any(|s| self.is_apart(s)))
    }

    pub(super) fn inner_index(&self) -> Ident {
        if self.uses_lanes() || self.window.is_some() {
            Ident::new("lane", Span::call_site())
        } else if self.flat {
            Self::index(0)
        } else {
            Self::index(self.innermost())
        }
    }

    /// The innermost loop.
    pub(super) fn inner(&self) -> Inner {
        let mut writer =
            Writer { g: self.g, cx: self.cx, receiver: "math", math: false, equal: self.diagonal };
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
        let mut taken = BTreeSet::new();
        let mut temporaries = 0;
        for &id in &self.l.body {
            let code = match self.g.op(id) {
                Op::Delta => self.delta(&identity),
                Op::Position => self.position(0),
                _ if self.g.has_relations(id) => self.placed(id, &mut writer, &values),
                _ => writer.node(id, &mut |_, o| self.operand_code(o, &identity, &values)),
            };
            let stored = self.l.stores.iter().filter(|(n, _)| *n == id).count();
            let used = uses.get(&id).copied().unwrap_or(0);
            let named = self.g.name(id).is_some() && used > 0;
            // A delta is no number to multiply by: off its diagonal there is 0, whatever the other factors are.
            let condition = stored == 0 && code.equal.is_some();
            if condition || (!named && used + stored <= 1) {
                values.insert(id, code);
                continue;
            }
            let name = match self.g.name(id) {
                Some(name) => unique(self.names, &mut taken, &format!("{}_value", identifier(name))),
                None => {
                    temporaries += 1;
                    unique(self.names, &mut taken, &format!("v{temporaries}"))
                }
            };
            let tokens = unparenthesised(code.tokens.clone());
            statements.extend(quote!(let #name = #tokens;));
            let named = quote!(#name);
            values.insert(id, if code.varies { Code::atom(named) } else { Code::fixed(named) });
        }
        for (node, buffer) in &self.l.stores {
            let axes: Vec<usize> = (0..self.g.rank(*node)).collect();
            let value = unparenthesised(self.value(*node, &axes, &values).tokens);
            if let Some(a) = self.find(*buffer, *node, &identity) {
                let entry = self.entry(a);
                statements.extend(quote!(#entry = #value;));
            }
        }
        let mut yields = Vec::new();
        for s in &self.sums {
            if s.lanes && self.is_entry() {
                let name = &s.name;
                yields.push(self.gathered(s, Some(&quote!(#name)), &mut writer, &values).at(Precedence::Sum));
                continue;
            }
            if s.lanes && self.is_edge() {
                let value = self.gathered(s, None, &mut writer, &values).tokens;
                statements.extend(Self::added_to_row(s, &unparenthesised(value)));
                continue;
            }
            let target = match s.access {
                _ if s.lanes => {
                    let name = &s.name;
                    let lane = (self.uses_lanes() || self.in_halves(s).is_some()).then(|| self.inner_index());
                    lane.map_or_else(|| quote!(#name), |lane| quote!(#name[#lane]))
                }
                Some(k) => self.entry(&self.accesses[k]),
                None => continue,
            };
            if self.is_apart(s) {
                let value = self.gathered(s, None, &mut writer, &values).tokens;
                statements.extend(self.added(s, &target, &unparenthesised(value)));
            } else {
                let value = self.gathered(s, Some(&target), &mut writer, &values).tokens;
                let statement = quote!(#target = #value;);
                // Where nothing counts, there is no entry either.
                let conditions = if s.scattered { self.conditions(s.node) } else { Vec::new() };
                statements.extend(if conditions.is_empty() {
                    statement
                } else {
                    quote!(if #(#conditions)&&* { #statement })
                });
            }
        }
        Inner { statements, yields, math: writer.math }
    }

    /// A sum so far and the loop's current entry, as one; the entry alone, if no sum is named.
    fn gathered(
        &self,
        s: &Sum,
        target: Option<&TokenStream>,
        writer: &mut Writer<'_>,
        values: &BTreeMap<NodeId, Code>,
    ) -> Code {
        if let Some(places) = Places::of(self.g, s.node) {
            return self.gathered_placed(s, &places, target, writer, values);
        }
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
                    pair = Some((a.tokens.clone(), b.tokens.clone()));
                    let (a, b) = (a.at(Precedence::Product), b.at(Precedence::Product));
                    Code::atom(quote!(#a * #b))
                } else if let ([(c, p)], true) = (parts.as_slice(), coeff.is_one())
                    && *p == Number::TWO
                    && c.precedence == Precedence::Atom
                {
                    pair = Some((c.tokens.clone(), c.tokens.clone()));
                    writer.product(coeff, &parts)
                } else {
                    writer.product(coeff, &parts)
                }
            }
            Op::Axis { arg, .. } => self.operand_code(&arg, &positions, values),
            _ => crate::codegen::lost(),
        };
        let Some(target) = target else { return value };
        if s.max {
            writer.math = true;
            let tokens = &value.tokens;
            return Code::atom(quote!(math.max(#target, #tokens)));
        }
        if let Some((a, b)) = pair {
            writer.math = true;
            return Code::atom(quote!(math.mul_add(#a, #b, #target)));
        }
        let value = value.at(Precedence::Product);
        Code { tokens: quote!(#target + #value), precedence: Precedence::Sum, varies: true, equal: None }
    }

    pub(super) fn neutral(&self, s: &Sum) -> TokenStream {
        if s.max && !self.is_of_sizes(s) { self.minus_infinity() } else { self.cx.number(Number::ZERO) }
    }

    /// Whether it is a maximum of what is never negative.
    pub(super) fn is_of_sizes(&self, s: &Sum) -> bool {
        matches!(self.g.op(s.node), Op::Axis { arg, .. } if self.g.is_size(arg.node))
    }

    pub(super) fn minus_infinity(&self) -> TokenStream {
        let (rt, t) = (&self.cx.rt, self.cx.float.tokens());
        quote!(<#t as #rt::Scalar>::NEG_INFINITY)
    }
}
