//! Products with relations in a loop: parts of arrays, entries that data name, conditions between indices.

use super::*;
use crate::codegen::indexing::{Arrays, Indexing};

impl Kernel<'_> {
    /// Notes what a product with relations reads.
    pub(super) fn note_places(&mut self, id: NodeId, places: &Places) {
        for operand in self.operands(id) {
            let axes = places.axes(&operand);
            let plain: Option<Vec<usize>> = axes.iter().map(Place::as_axis).collect();
            // Rows that are longer than the loop are parts.
            let extent = |e: &Extent| self.g.extents.find(*e);
            let whole = |plain: &Vec<usize>| {
                let shape = self.g.shape(operand.node).iter().map(extent);
                shape.eq(plain.iter().map(|&axis| extent(&self.l.space[axis])))
            };
            match plain.filter(whole) {
                Some(plain) if !self.asks(places) || !self.runs_over_array(operand.node) => {
                    self.note_read(operand.node, plain);
                }
                Some(plain)
                    if self.computed_here(operand.node) && plain.iter().enumerate().all(|(k, a)| k == *a) => {
                }
                _ => self.note_part(operand.node, axes, self.asks(places)),
            }
        }
        for place in &places.of {
            self.note_data(place);
        }
    }

    fn runs_over_array(&self, node: NodeId) -> bool {
        self.g.rank(node) > 0
    }

    /// Notes that the entries of an array at these places are read.
    fn note_part(&mut self, node: NodeId, places: Vec<Place>, guarded: bool) {
        let Some(&buffer) = self.plan.buffer_of.get(&node) else { return };
        if self.plan.buffers[buffer.0].shape.is_empty() {
            return;
        }
        self.part(buffer, self.g.shape(node), places, guarded, false);
    }

    /// Notes the data that name a place.
    fn note_data(&mut self, place: &Place) {
        place.each_named(&mut |named| self.note_part(named.data, named.at.clone(), true));
    }

    /// Notes the data of a relation that stands for itself.
    pub(super) fn note_named(&mut self, node: NodeId, axes: &[usize]) {
        let Op::Named(data) = self.g.op(node) else { return };
        let places = axes[1..].iter().map(|&a| Place::axis(a)).collect();
        self.note_data(&Places::entry_of(self.g, *data, places));
    }

    /// Where a sum with relations is added.
    pub(super) fn scattered(&mut self, buffer: BufferId, node: NodeId, places: &Places) -> usize {
        let out = places.of[..self.g.rank(node)].to_vec();
        let guarded = self.asks(places);
        self.part(buffer, self.g.shape(node), out, guarded, true)
    }

    fn part(
        &mut self,
        buffer: BufferId,
        shape: &[Extent],
        places: Vec<Place>,
        guarded: bool,
        written: bool,
    ) -> usize {
        // Without a loop nothing is read before it.
        let guarded = guarded || self.l.space.is_empty();
        let shape: Vec<Extent> = shape.iter().map(|&e| self.g.extents.find(e)).collect();
        let same =
            |a: &Access| a.buffer == buffer && a.shape == shape && a.places == places && a.written == written;
        if let Some(k) = self.accesses.iter().position(same) {
            self.accesses[k].guarded |= guarded;
            return k;
        }
        let name = self.names.of(buffer).clone();
        self.accesses.push(Access { buffer, shape, axes: Vec::new(), places, guarded, written, name });
        self.accesses.len() - 1
    }

    /// Whether places are those of adjacent entries along the innermost axis.
    pub(super) fn is_row_of_places(&self, a: &Access) -> bool {
        let inner = self.innermost();
        let Some((last, before)) = a.places.split_last() else { return false };
        let named = last.named.iter().flat_map(|(named, _)| &named.at).any(|p| p.runs_along(inner));
        let along = last.affine.multiple(&inner) == 1 && !named;
        along && !before.iter().any(|p| p.runs_along(inner))
    }

    /// The position in the array of the entry at the access's places; of its row, where the row's own index is
    /// left out.
    pub(super) fn place_offset(&self, a: &Access, leave_out_last: bool) -> TokenStream {
        let left_out = leave_out_last.then(|| self.innermost());
        self.indexing().offset(&a.shape, &a.places, left_out)
    }

    fn indexing(&self) -> Indexing<'_> {
        Indexing { g: self.g, arrays: Arrays::Of(self.plan, self.names), cx: self.cx }
    }

    /// What is added in an affine form, and what is taken away.
    pub(super) fn halves(&self, a: Affine) -> [Vec<TokenStream>; 2] {
        self.indexing().halves(&a.into())
    }

    pub(super) fn condition(&self, c: &Condition) -> TokenStream {
        self.indexing().condition(c)
    }

    /// The extents that places and conditions speak of.
    pub(super) fn extents_of_places(&self) -> Vec<Extent> {
        let mut all = Vec::new();
        let mut add = |place: &Place| {
            let g = self.g;
            place.each_affine(&mut |affine| {
                all.extend(g.extents.resolved(&affine.offset).terms.into_iter().map(|(e, _)| e));
            });
            place.each_named(&mut |named| all.extend(g.shape(named.data)));
        };
        for id in self.l.body.iter().copied().chain(self.l.reductions.iter().map(|r| r.node)) {
            let Some(places) = Places::of(self.g, id) else { continue };
            places.of.iter().chain(places.conditions.iter().map(|c| &c.value)).for_each(&mut add);
        }
        all
    }

    /// A relation as a number.
    pub(super) fn relation(&self, node: NodeId, axes: &[usize]) -> Code {
        let holds = match self.g.op(node) {
            Op::Named(data) => {
                let places = axes[1..].iter().map(|&a| Place::axis(a)).collect();
                let named = self.indexing().place(&Places::entry_of(self.g, *data, places));
                let i = Self::index(axes[0]);
                quote!(#named == #i)
            }
            _ => match self.g.relation(node, axes) {
                Some((kind, value)) => self.condition(&Condition { kind, value: value.into() }),
                None => return crate::codegen::lost(),
            },
        };
        let (one, zero) = (self.cx.number(Number::ONE), self.cx.number(Number::ZERO));
        let tokens = quote!(if #holds { #one } else { #zero });
        Code { tokens, precedence: Precedence::Sum, varies: true, equal: Some(holds) }
    }

    /// The value of an index.
    pub(super) fn position(&self, axis: usize) -> Code {
        let (rt, t, i) = (&self.cx.rt, self.cx.float.tokens(), Self::index(axis));
        Code::atom(quote!(#rt::count::<#t>(#i)))
    }

    /// A place as a number: where the product counts, it is one.
    fn number_of(&self, place: &Place) -> Code {
        let (rt, t, number) = (&self.cx.rt, self.cx.float.tokens(), self.indexing().place(place));
        Code::atom(quote!(#rt::count::<#t>(#number)))
    }

    /// The factors of a product with relations, and when it counts.
    fn parts(
        &self,
        id: NodeId,
        places: &Places,
        values: &BTreeMap<NodeId, Code>,
    ) -> (Vec<(Code, Number)>, Vec<TokenStream>) {
        let Op::Product { factors, .. } = self.g.op(id) else { return (Vec::new(), Vec::new()) };
        let arrays = factors.iter().filter(|f| !self.g.is_indicator(f.operand.node));
        let parts = arrays.map(|f| (self.placed_operand(&f.operand, places, values), f.power)).collect();
        (parts, self.asked(places).map(|c| self.condition(c)).collect())
    }

    /// When an entry of a product with relations counts.
    pub(super) fn conditions(&self, id: NodeId) -> Vec<TokenStream> {
        let places = Places::of(self.g, id);
        places.iter().flat_map(|p| self.asked(p)).map(|c| self.condition(c)).collect()
    }

    fn placed_operand(&self, operand: &Operand, places: &Places, values: &BTreeMap<NodeId, Code>) -> Code {
        let axes = places.axes(operand);
        if let (Op::Position, [place]) = (self.g.op(operand.node), axes.as_slice()) {
            return self.number_of(place);
        }
        let buffer = self.plan.buffer_of.get(&operand.node);
        let shape: Vec<Extent> = self.g.shape(operand.node).iter().map(|&e| self.g.extents.find(e)).collect();
        let part =
            |a: &&Access| Some(&a.buffer) == buffer && !a.written && a.shape == shape && a.places == axes;
        match self.accesses.iter().find(part) {
            Some(a) if self.runs_inside(a) => Code::atom(self.entry(a)),
            Some(a) => Code::fixed(self.entry(a)),
            None => {
                let plain: Option<Vec<usize>> = axes.iter().map(Place::as_axis).collect();
                plain.map_or_else(crate::codegen::lost, |plain| self.value(operand.node, &plain, values))
            }
        }
    }

    /// One entry of a product with relations that has nothing to sum.
    pub(super) fn placed(
        &self,
        id: NodeId,
        writer: &mut Writer<'_>,
        values: &BTreeMap<NodeId, Code>,
    ) -> Code {
        let (Some(places), Op::Product { coeff, .. }) = (Places::of(self.g, id), self.g.op(id)) else {
            return crate::codegen::lost();
        };
        let (parts, conditions) = self.parts(id, &places, values);
        let product = writer.product(*coeff, &parts);
        if conditions.is_empty() {
            return product;
        }
        let (value, zero) = (product.tokens, self.cx.number(Number::ZERO));
        let tokens = quote!(if #(#conditions)&&* { #value } else { #zero });
        Code { tokens, precedence: Precedence::Sum, varies: true, equal: None }
    }

    /// A sum so far and the entry at hand, as one; the entry alone, if no sum is named.
    pub(super) fn gathered_placed(
        &self,
        s: &Sum,
        places: &Places,
        target: Option<&TokenStream>,
        writer: &mut Writer<'_>,
        values: &BTreeMap<NodeId, Code>,
    ) -> Code {
        let (mut parts, conditions) = self.parts(s.node, places, values);
        if !s.lanes {
            parts.extend(s.scalars.iter().map(|(n, p)| (self.value(*n, &[], values), *p)));
        }
        let coeff = if s.lanes { Number::ONE } else { s.coeff };
        let value = writer.product(coeff, &parts);
        let zero = self.cx.number(Number::ZERO);
        let (tokens, otherwise) = match target {
            Some(target) => {
                let value = value.at(Precedence::Product);
                (quote!(#target + #value), quote!(#target))
            }
            None => (value.tokens, quote!(#zero)),
        };
        let tokens = if conditions.is_empty() || s.scattered && target.is_some() {
            tokens
        } else {
            quote!(if #(#conditions)&&* { #tokens } else { #otherwise })
        };
        Code { tokens, precedence: Precedence::Sum, varies: true, equal: None }
    }
}
