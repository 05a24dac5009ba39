//! How a loop reads and writes arrays: which axes run where, which rows are slices.

use super::*;

impl Kernel<'_> {
    /// For each local of a node, the axis of the loop.
    pub(super) fn positions(&self, id: NodeId) -> Vec<usize> {
        if let Some(places) = Places::of(self.g, id) {
            // Of an index that is a place, nobody asks.
            return places.of.iter().map(|p| p.as_axis().unwrap_or(usize::MAX)).collect();
        }
        let class = class(self.g, id);
        match class {
            Class::Reduction { space, .. } => (0..space.len())
                .map(|local| space.iter().position(|&s| s as usize == local).unwrap_or(0))
                .collect(),
            _ => (0..self.l.space.len()).collect(),
        }
    }

    pub(super) fn computed_here(&self, id: NodeId) -> bool {
        self.l.body.binary_search(&id).is_ok()
    }

    pub(super) fn operands(&self, id: NodeId) -> Vec<Operand> {
        match self.g.op(id) {
            Op::Sum(terms) => terms.iter().map(|t| t.operand.clone()).collect(),
            Op::Product { factors, .. } if self.g.has_relations(id) => {
                let arrays = factors.iter().filter(|f| !self.g.is_indicator(f.operand.node));
                arrays.map(|f| f.operand.clone()).collect()
            }
            Op::Product { factors, .. } => factors.iter().map(|f| f.operand.clone()).collect(),
            Op::Map { args, .. } => args.clone(),
            Op::Select { lhs, rhs, then, otherwise, .. } => {
                vec![lhs.clone(), rhs.clone(), then.clone(), otherwise.clone()]
            }
            Op::Axis { arg, .. } => vec![arg.clone()],
            _ => Vec::new(),
        }
    }

    pub(super) fn find_accesses(&mut self) {
        let l = self.l;
        let mut users: Vec<NodeId> = l.body.clone();
        users.extend(l.reductions.iter().map(|r| r.node));
        for id in users {
            if let Some(places) = Places::of(self.g, id) {
                self.note_places(id, &places);
                continue;
            }
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
            let places = Places::of(self.g, node).filter(|p| p.scatters(out.len()));
            let scattered = places.is_some();
            let (max, coeff) = match self.g.op(node) {
                Op::Axis { function: AxisFn::Max, .. } => (true, Number::ONE),
                Op::Product { coeff, .. } => (false, *coeff),
                _ => (false, Number::ONE),
            };
            let (coeff, scalars) = (coeff.mul(r.coeff), r.scalars.clone());
            let innermost = l.space.len().wrapping_sub(1);
            let access = match &places {
                Some(places) => Some(self.scattered(buffer, node, places)),
                None => (!out.is_empty()).then(|| self.access(buffer, self.g.shape(node), out.clone(), true)),
            };
            let lanes = !l.space.is_empty() && access.is_none_or(|k| !self.accesses[k].runs_along(innermost));
            let name = if out.is_empty() {
                self.names.of(buffer).clone()
            } else {
                format_ident!("sum_{}", self.names.of(buffer))
            };
            let accumulate = r.accumulate;
            let sum = Sum { node, out, max, coeff, scalars, lanes, name, access, accumulate, scattered };
            self.sums.push(sum);
        }
        let whole = |a: &Access| a.axes == all && a.places.is_empty();
        self.flat = l.space.len() > 1
            && self.accesses.iter().all(whole)
            && self.sums.iter().all(|s| s.out.is_empty())
            && !self.speaks_of_positions();
    }

    /// Whether an entry depends on where it is, not only on what is there: a Kronecker delta.
    pub(super) fn speaks_of_positions(&self) -> bool {
        let delta = |id: NodeId| {
            let relations = || Places::of(self.g, id).is_some_and(|p| self.asks(&p));
            self.g.is_indicator(id) || *self.g.op(id) == Op::Position || relations()
        };
        let stored = self.l.stores.iter().map(|(node, _)| *node);
        let summed = self.l.reductions.iter().map(|r| r.node);
        self.l
            .body
            .iter()
            .copied()
            .chain(stored)
            .chain(summed)
            .any(|id| delta(id) || self.operands(id).iter().any(|o| delta(o.node)))
    }

    pub(super) fn note_read(&mut self, node: NodeId, axes: Vec<usize>) {
        if self.computed_here(node) && axes.iter().enumerate().all(|(k, a)| k == *a) {
            return;
        }
        match self.g.op(node) {
            Op::Number(_) | Op::Pi | Op::Delta | Op::Holds(_) | Op::Position => {}
            Op::Named(_) => self.note_named(node, &axes),
            // A scalar has its name.
            Op::Extent(_) => {}
            _ => {
                let Some(&buffer) = self.plan.buffer_of.get(&node) else { return };
                if !self.plan.buffers[buffer.0].shape.is_empty() {
                    self.access(buffer, self.g.shape(node), axes, false);
                }
            }
        }
    }

    pub(super) fn access(
        &mut self,
        buffer: BufferId,
        shape: &[Extent],
        axes: Vec<usize>,
        written: bool,
    ) -> usize {
        let shape: Vec<Extent> = shape.iter().map(|&e| self.g.extents.find(e)).collect();
        let known = self.accesses.iter().position(|a| a.is(buffer, &shape, &axes));
        if let Some(k) = known {
            self.accesses[k].written |= written;
            return k;
        }
        let name = self.names.of(buffer).clone();
        self.accesses.push(Access { buffer, shape, axes, places: Vec::new(), guarded: false, written, name });
        self.accesses.len() - 1
    }

    /// An entry, or a row, goes by the array's name; of an array that is read in several ways, by one that
    /// says so.
    pub(super) fn name_accesses(&mut self) {
        let buffers: Vec<BufferId> = self.accesses.iter().map(|a| a.buffer).collect();
        for (k, a) in self.accesses.iter_mut().enumerate() {
            if buffers.iter().filter(|b| **b == a.buffer).count() > 1 {
                let base = self.names.of(a.buffer);
                let before = buffers[..k].iter().filter(|b| **b == a.buffer).count();
                a.name = if before == 0 {
                    format_ident!("{base}_row")
                } else {
                    format_ident!("{base}_row_{}", before + 1)
                };
            }
        }
    }

    /// The access by which the entries of `node` in `buffer` are read or written.
    pub(super) fn find(&self, buffer: BufferId, node: NodeId, axes: &[usize]) -> Option<&Access> {
        let shape: Vec<Extent> = self.g.shape(node).iter().map(|&e| self.g.extents.find(e)).collect();
        self.accesses.iter().find(|a| a.is(buffer, &shape, axes))
    }

    // ---- the pieces of the function

    pub(in crate::codegen) fn index(axis: usize) -> Ident {
        const NAMES: [&str; 4] = ["i", "j", "k", "l"];
        let name = NAMES.get(axis).map_or_else(|| format!("i{axis}"), |n| (*n).to_owned());
        Ident::new(&name, Span::call_site())
    }

    /// The position in the array of the loop's current entry, with `axes` of it left out.
    pub(super) fn offset(&self, a: &Access, leave_out_last: bool) -> TokenStream {
        if !a.places.is_empty() {
            return self.place_offset(a, leave_out_last);
        }
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

    pub(super) fn innermost(&self) -> usize {
        self.l.space.len().wrapping_sub(1)
    }

    /// Whether the last axis of the array, and no other, is the innermost of the loop: then rows are slices.
    pub(super) fn is_row(&self, a: &Access) -> bool {
        if !a.places.is_empty() {
            return !a.guarded && self.is_row_of_places(a);
        }
        self.flat || {
            let n = a.axes.len();
            a.axes[n - 1] == self.innermost() && !a.axes[..n - 1].contains(&self.innermost())
        }
    }

    pub(super) fn runs_inside(&self, a: &Access) -> bool {
        self.flat || a.guarded || a.runs_along(self.innermost())
    }

    /// Whether sums are gathered in lanes: they must run along the innermost axis, and it must be long.
    pub(super) fn uses_lanes(&self) -> bool {
        !self.is_edge() && self.sums.iter().any(|s| s.lanes) && {
            let extents = if self.flat { &self.l.space[..] } else { &self.l.space[self.innermost()..] };
            constant_product(self.g, extents).is_none_or(|n| n > FEW)
        }
    }
}
