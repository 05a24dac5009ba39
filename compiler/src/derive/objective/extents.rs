//! Extents: where the value of each comes from.

use super::*;
use crate::derive::bounds::{self, Forms};
use crate::ir::Form;

/// A symbolic extent.
pub(super) struct SymbolicExtent {
    pub(super) name: String,
    /// What it is called in methods: nothing else is called so.
    pub(super) ident: Ident,
    /// Where the problem keeps it.
    pub(super) field: Ident,
    pub(super) origin: Origin,
}

/// Where the value of a symbolic extent comes from.
pub(super) enum Origin {
    /// An axis of a field.
    Field(usize, usize),
    /// An axis of a field whose extent is `multiple·e + rest`.
    Solved { field: usize, axis: usize, multiple: i64, rest: Form },
    /// The entries of a list, by the other extents of the array that lies in it.
    Quotient { field: usize, others: Vec<Extent> },
    /// A parameter of `prepare`.
    Parameter,
    /// The product of two others.
    Product(Extent, Extent),
}

/// Extents by name as they become known.
struct Known(Vec<(String, Origin)>);

impl Known {
    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n == name)
    }

    fn add(&mut self, name: &str, origin: Origin) {
        if !self.has(name) {
            self.0.push((name.to_owned(), origin));
        }
    }
}

impl Items<'_> {
    /// The name of an extent that is neither a number nor made of others.
    pub(super) fn root(&self, e: Extent) -> Option<&str> {
        let extents = &self.graph().extents;
        let ExtentKind::Symbol(name) = extents.kind(e) else { return None };
        (bounds::factors(self.graph(), e).is_none() && extents.derived(e).is_none()).then_some(name)
    }

    /// The names of what an extent is made of, itself if it is made of nothing.
    pub(super) fn roots(&self, extents: &[Extent]) -> Vec<&str> {
        let mut found = Vec::new();
        extents.iter().for_each(|e| bounds::roots(self.graph(), *e, &mut found));
        found.into_iter().filter_map(|e| self.root(e)).collect()
    }

    fn are_known(&self, extents: &[Extent], known: &Known) -> bool {
        self.roots(extents).iter().all(|name| known.has(name))
    }

    /// The fields that are arrays, with their shapes.
    pub(super) fn arrays(&self) -> Vec<(usize, &DataField, NodeId)> {
        let fields = self.model.data.iter().enumerate().filter(|(_, f)| f.rank > 0);
        fields.filter_map(|(k, f)| Some((k, f, self.node(&f.name)?))).collect()
    }

    pub(super) fn find_extents(&mut self) {
        let mut known = Known(Vec::new());
        let laid_out = |f: &DataField| f.is_laid_out();
        for (k, _, node) in self.arrays().into_iter().filter(|(_, f, _)| !laid_out(f)) {
            for (axis, &e) in self.graph().shape(node).iter().enumerate() {
                if let Some(name) = self.root(e) {
                    known.add(name, Origin::Field(k, axis));
                }
            }
        }
        while self.solve(&mut known) {}
        // What is given for variables may tell more of the fields.
        for (_, node) in &self.program.wrt {
            self.add_parameters(self.graph().shape(*node), &mut known);
        }
        while self.solve(&mut known) {}
        let mut pending: Vec<Extent> = Vec::new();
        for (.., node) in self.arrays() {
            pending.extend(self.graph().shape(node));
        }
        for id in self.graph().reachable(&self.roots_of_methods()) {
            pending.extend(self.graph().shape(id));
            if let Op::Extent(e) = self.graph().op(id) {
                pending.push(*e);
            }
        }
        for bound in bounds::resolved(self.graph()) {
            pending.push(bound.axis);
            pending.extend(bound.form.terms.iter().map(|(e, _)| *e));
        }
        self.add_parameters(&pending, &mut known);
        // A product after its factors.
        for id in (0..self.graph().len() as u32).map(NodeId) {
            for &e in self.graph().shape(id) {
                self.add_products(e, &mut known);
            }
        }
        // Data, variables, directions, temporaries, the flat vector: what an extent must not be called.
        let buffers = self.plans.of_methods().flat_map(|p| &p.buffers).map(|b| codegen::identifier(&b.name));
        let taken: BTreeSet<Ident> = buffers.chain([format_ident!("x")]).collect();
        self.extents = known
            .0
            .into_iter()
            .map(|(name, origin)| {
                let field = format_ident!("extent_{}", codegen::plain_identifier(&name));
                let short = codegen::identifier(&name);
                let ident = if taken.contains(&short) { field.clone() } else { short };
                SymbolicExtent { name, ident, field, origin }
            })
            .collect();
    }

    /// What `prepare` has to be told of these extents.
    fn add_parameters(&self, extents: &[Extent], known: &mut Known) {
        self.roots(extents).into_iter().for_each(|name| known.add(name, Origin::Parameter));
    }

    /// All that the methods compute.
    fn roots_of_methods(&self) -> Vec<NodeId> {
        let p = self.program;
        let mut roots = vec![p.value];
        roots.extend(p.gradient.iter().chain(&p.hessian_product).chain(p.hessian.iter().flatten()));
        if let Some(r) = &p.residual {
            roots.push(r.residual);
            roots.extend(r.jacobian.iter().chain(&r.gauss_newton_product));
        }
        roots
    }

    /// Makes known what the shapes of fields tell of one extent that is not known yet; whether there was one.
    fn solve(&self, known: &mut Known) -> bool {
        for (field, f, node) in self.arrays() {
            let shape = self.graph().shape(node);
            if f.is_laid_out() {
                let open: Vec<usize> =
                    (0..shape.len()).filter(|&k| !self.are_known(&shape[k..=k], known)).collect();
                if let [axis] = open[..]
                    && let Some(name) = self.root(shape[axis])
                {
                    let others = shape.iter().enumerate().filter(|(k, _)| *k != axis).map(|(_, &e)| e);
                    known.add(name, Origin::Quotient { field, others: others.collect() });
                    return true;
                }
                continue;
            }
            for (axis, &e) in shape.iter().enumerate() {
                let Some(form) = self.graph().extents.derived(e) else { continue };
                let open: Vec<&(Extent, i64)> =
                    form.terms.iter().filter(|(e, _)| !self.are_known(&[*e], known)).collect();
                if let [&(open, multiple)] = open[..]
                    && let Some(name) = self.root(open)
                {
                    let rest = form.plus(&Form::of(open), -multiple);
                    known.add(name, Origin::Solved { field, axis, multiple, rest });
                    return true;
                }
            }
        }
        false
    }

    fn add_products(&self, e: Extent, known: &mut Known) {
        let extents = &self.graph().extents;
        if let Some((a, b)) = bounds::factors(self.graph(), e)
            && let ExtentKind::Symbol(name) = extents.kind(e)
            && !known.has(name)
            && self.are_known(&[a, b], known)
        {
            self.add_products(a, known);
            self.add_products(b, known);
            known.add(name, Origin::Product(a, b));
        }
    }

    /// What code knows that reads extents of the problem itself, in whose scope nothing is called as they are.
    pub(super) fn context_of_self(&self) -> Context {
        let extents = self.extents.iter().map(|e| {
            let field = &e.field;
            (e.name.clone(), quote!(self.#field))
        });
        Context { extents: extents.collect(), ..self.context() }
    }

    /// What writes forms of extents before it is known that none is negative.
    pub(super) fn forms(&self) -> Forms<'_> {
        Forms { g: self.graph(), cx: self.context() }
    }

    /// The extents of a field as it is given.
    pub(super) fn extents_of_field(&self, k: usize) -> TokenStream {
        let rt = &self.model.rt;
        let (field, entry) = (&self.model.data[k].ident, self.entry_type(k));
        quote!(#rt::Datum::<#entry>::extents(&self.#field))
    }

    /// The type of a field's entries.
    pub(super) fn entry_type(&self, k: usize) -> TokenStream {
        self.model.data[k].whole.as_ref().map_or_else(|| self.t(), ToTokens::to_token_stream)
    }

    /// The lines that give extents their values, and the parameters that say the others.
    pub(super) fn define_extents(&self) -> (TokenStream, Vec<TokenStream>) {
        let rt = &self.model.rt;
        let (forms, mut lines, mut params) = (self.forms(), TokenStream::new(), Vec::new());
        for SymbolicExtent { ident, origin, .. } in &self.extents {
            let value = match origin {
                Origin::Field(k, axis) => {
                    let (extents, axis) = (self.extents_of_field(*k), Literal::usize_unsuffixed(*axis));
                    quote!(#extents[#axis])
                }
                Origin::Solved { field, axis, multiple, rest } => {
                    let (extents, axis) = (self.extents_of_field(*field), Literal::usize_unsuffixed(*axis));
                    let (multiple, rest) = (bounds::signed(*multiple), forms.parts(rest));
                    quote!(#rt::solved(#extents[#axis], #multiple, #rest))
                }
                Origin::Quotient { field, others } => {
                    let extents = self.extents_of_field(*field);
                    let others = others.iter().map(|&e| forms.clamped(e));
                    quote!(#rt::quotient(#extents[0], &[#(#others),*]))
                }
                Origin::Parameter => {
                    params.push(quote!(#ident: usize));
                    continue;
                }
                Origin::Product(a, b) => {
                    let (a, b) = (forms.clamped(*a), forms.clamped(*b));
                    quote!(#a * #b)
                }
            };
            lines.extend(quote!(let #ident = #value;));
        }
        (lines, params)
    }
}
