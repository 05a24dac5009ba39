//! Extents: where each comes from, and what `prepare` checks of them.

use super::*;
use crate::derive::bounds::{self, Forms};
use crate::ir::{Asks, Form};

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
    fn root(&self, e: Extent) -> Option<&str> {
        let extents = &self.graph().extents;
        let ExtentKind::Symbol(name) = extents.kind(e) else { return None };
        (bounds::factors(self.graph(), e).is_none() && extents.derived(e).is_none()).then_some(name)
    }

    /// The names of what an extent is made of, itself if it is made of nothing.
    fn roots(&self, extents: &[Extent]) -> Vec<&str> {
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
        let buffers = self.plans.all().flat_map(|p| &p.buffers).map(|b| codegen::identifier(&b.name));
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

    /// The lines that refuse ranges of a negative length, and subscripts that are outside.
    pub(super) fn check_bounds(&self) -> TokenStream {
        let (forms, extents) = (self.forms(), &self.graph().extents);
        let known = bounds::resolved(self.graph());
        let mut lines = forms.checks(&known);
        let mut counted: Vec<Form> =
            known.into_iter().filter(|b| b.asks == Asks::Count).map(|b| b.form).collect();
        // An extent that follows from others is one of a range, or of an array that is too short.
        let inputs = self.graph().inputs().iter().flat_map(|i| self.graph().shape(i.node));
        for form in inputs.filter_map(|&e| extents.derived(e)) {
            if !form.is_never_negative() && !counted.contains(&form) && self.can_tell(&form) {
                lines.extend(forms.range(&format!("`{}`", extents.text(&form)), &form));
                counted.push(form);
            }
        }
        lines
    }

    /// The lines that refuse products of extents that are not what the formula makes them equal to: a number, a
    /// form, another product.
    fn check_products(&self) -> TokenStream {
        let (rt, g, forms) = (&self.model.rt, self.graph(), self.forms());
        let is_here = |e: Extent| self.can_tell(&Form::of(e));
        let mut lines = TokenStream::new();
        for (product, (a, b)) in g.extents.products() {
            let same = |(c, d): (Extent, Extent)| {
                let find = |e| g.extents.find(e);
                (find(c), find(d)) == (find(a), find(b))
            };
            let numbers = [a, b].iter().all(|&e| g.extents.as_constant(e).is_some());
            if numbers || !is_here(a) || !is_here(b) || !is_here(product) {
                continue;
            }
            let expected = match (g.extents.as_constant(product), g.extents.derived(product)) {
                (Some(n), _) => Literal::usize_unsuffixed(n).to_token_stream(),
                (None, Some(form)) => {
                    let form = forms.parts(&form);
                    quote!(#rt::extent(#form))
                }
                (None, None) if bounds::factors(g, product).is_some_and(same) => continue,
                (None, None) => forms.clamped(product),
            };
            let text = format!("{}*{}", g.extents.name(a), g.extents.name(b));
            let (a, b) = (forms.clamped(a), forms.clamped(b));
            lines.extend(quote!(#rt::check_shape(#text, &[#expected], &[#rt::entries_of(&[#a, #b])])?;));
        }
        lines
    }

    /// Whether all that a form is made of has a value here.
    fn can_tell(&self, form: &Form) -> bool {
        let terms: Vec<Extent> = form.terms.iter().map(|(e, _)| *e).collect();
        let unknown = |e: &Extent| *self.graph().extents.kind(*e) == ExtentKind::Unknown;
        !terms.iter().any(unknown)
            && self.roots(&terms).iter().all(|name| self.extents.iter().any(|x| x.name == *name))
    }

    /// Whether each axis of a field is where its extent comes from, its type included, so that nothing can be
    /// wrong with it.
    fn defines_its_extents(&self, k: usize, node: NodeId) -> bool {
        let field = &self.model.data[k];
        if field.is_laid_out() {
            return false;
        }
        if field.length.is_some() {
            return true;
        }
        self.graph().shape(node).iter().enumerate().all(|(axis, &e)| {
            let from_here =
                |x: &SymbolicExtent| matches!(x.origin, Origin::Field(f, a) if (f, a) == (k, axis));
            self.root(e).is_some_and(|name| self.extents.iter().any(|x| x.name == *name && from_here(x)))
        })
    }

    /// The lines that refuse fields of other shapes than the formula asks for.
    pub(super) fn check_shapes(&self) -> TokenStream {
        let rt = &self.model.rt;
        let cx = self.context();
        let mut lines = TokenStream::new();
        for (k, f, node) in self.arrays() {
            if self.defines_its_extents(k, node) {
                continue;
            }
            let (name, found) = (&f.name, self.extents_of_field(k));
            let shape = self.graph().shape(node).iter().map(|&e| cx.extent(self.graph(), e));
            let expected = if f.is_laid_out() {
                quote!([#rt::entries_of(&[#(#shape),*])])
            } else {
                quote!([#(#shape),*])
            };
            lines.extend(quote!(#rt::check_shape(#name, &#expected, &#found)?;));
        }
        lines.extend(self.check_products());
        lines
    }

    /// The lines that refuse data without entries where a part of the formula has no value then.
    pub(super) fn check_entries(&self) -> TokenStream {
        let rt = &self.model.rt;
        let extents = &self.graph().extents;
        let mut pending: Vec<(Extent, &str)> = extents.needs();
        pending.reverse();
        let mut checks = TokenStream::new();
        let mut checked = BTreeSet::new();
        while let Some((e, text)) = pending.pop() {
            let ExtentKind::Symbol(name) = extents.kind(e) else { continue };
            if let Some(form) = extents.derived(e) {
                if self.can_tell(&form) {
                    checks.extend(self.forms().some(text, &form));
                }
                continue;
            }
            let Some(known) = self.extents.iter().find(|x| x.name == *name).filter(|_| checked.insert(name))
            else {
                continue;
            };
            let (tensor, axis) = match known.origin {
                Origin::Field(k, axis) | Origin::Solved { field: k, axis, .. } => {
                    (self.model.data[k].name.clone(), axis)
                }
                Origin::Quotient { field, .. } => (self.model.data[field].name.clone(), 0),
                Origin::Product(a, b) => {
                    pending.extend([(b, text), (a, text)]);
                    continue;
                }
                Origin::Parameter => self.along(e).unwrap_or_else(|| (known.ident.to_string(), 0)),
            };
            let (ident, axis) = (&known.ident, Literal::usize_unsuffixed(axis));
            checks.extend(quote!(#rt::check_some(#tensor, #axis, #ident, #text)?;));
        }
        checks
    }

    /// The variable, and its axis, whose extent this is.
    fn along(&self, extent: Extent) -> Option<(String, usize)> {
        let g = self.graph();
        let is = |e: &Extent| g.extents.find(*e) == g.extents.find(extent);
        self.program
            .wrt
            .iter()
            .find_map(|(name, node)| Some((name.clone(), g.shape(*node).iter().position(is)?)))
    }
}

#[cfg(test)]
mod tests {
    use crate::derive::Derive;
    use quote::quote;

    /// What a derive makes of an objective of these fields: `prepare`, without spaces.
    fn prepare(attribute: proc_macro2::TokenStream, fields: proc_macro2::TokenStream) -> String {
        let item = quote!(#[objective(#attribute)] struct Fit { #fields });
        let code = Derive::Objective.code(item).expect("an objective").to_string();
        let (_, prepare) = code.split_once("fn prepare").expect("prepare");
        let end = prepare.find("impl <").unwrap_or(prepare.len());
        prepare[..end].replace([' ', '\n'], "")
    }

    #[track_caller]
    fn has(code: &str, parts: &[&str]) {
        for part in parts {
            assert!(code.contains(part), "no {part} in {code}");
        }
    }

    #[test]
    fn an_extent_that_follows_from_the_data_is_no_parameter() {
        let code = prepare(
            quote!("sum[i, k](w[k]*x[i + k]*y[i])", wrt(w: vector)),
            quote!(x: Vec<f64>, y: Vec<f64>),
        );
        has(
            &code,
            &["<'p>(self,)->", "rt::check_range(\"therangeof`k`\",rt::affine(1,&[(1,x_len),(-1,y_len)]))?;"],
        );
        let code = prepare(
            quote!("sum[i](y[i]*(x[i + 1] - x[i]))", wrt(y: vector)),
            quote!(x: ndarray::ArrayView1<'static, f32>),
        );
        has(&code, &["letx_len=rt::Datum::<f32>::extents(&self.x)[0];", "rt::affine(-1,&[(1,x_len)])"]);
    }

    #[test]
    fn a_list_is_divided_by_the_extents_that_are_known() {
        let code = prepare(
            quote!("c*sum(T .* S)", wrt(c: scalar), data(T: tensor[n, d, 2], S: tensor[n, d, 2], s: vector[d])),
            quote!(T: Vec<f64>, S: ndarray::Array3<f64>, s: Vec<f64>),
        );
        has(
            &code,
            &["rt::check_shape(\"T\",&[rt::entries_of(&[n,d,2])],&rt::Datum::<f64>::extents(&self.T))?;"],
        );
        let code = prepare(
            quote!("c*sum(T) + sum(s)", wrt(c: scalar), data(T: tensor[n, d, 2], s: vector[d])),
            quote!(T: &'static [f64], s: Vec<f64>),
        );
        has(&code, &["letn=rt::quotient(rt::Datum::<f64>::extents(&self.T)[0],&[d,2]);"]);
        let code = prepare(quote!("c*sum(T)", wrt(c: scalar), data(T: tensor[n, d, 2])), quote!(T: Vec<f64>));
        has(&code, &["<'p>(self,n:usize,d:usize,)->"]);
    }

    #[test]
    fn products_of_extents_that_the_formula_makes_equal_are_compared() {
        let matrices = quote!(a: ndarray::Array2<f64>, b: ndarray::Array2<f64>, z: ndarray::Array2<f64>);
        let code = prepare(quote!("c*norm2(kron(a, b) - z)^2", wrt(c: scalar)), matrices.clone());
        has(&code, &["letz_rows=a_rows*b_rows;", "rt::check_shape(\"z\",&[z_rows,z_cols]"]);
        let code = prepare(quote!("c*norm2(kron(a, b) - kron(z, a))^2", wrt(c: scalar)), matrices);
        has(
            &code,
            &["rt::check_shape(\"z_rows*a_rows\",&[a_rows_b_rows],&[rt::entries_of(&[z_rows,a_rows])])?;"],
        );
        let code = prepare(
            quote!("c*dot(flatten(a), v)", wrt(c: scalar)),
            quote!(a: ndarray::Array2<f64>, v: [f64; 12]),
        );
        has(&code, &["rt::check_shape(\"a_rows*a_cols\",&[12],&[rt::entries_of(&[a_rows,a_cols])])?;"]);
    }

    #[test]
    fn of_whole_numbers_what_is_read_is_looked_at() {
        let code = prepare(
            quote!("sum[k](w[t[k, 0]]*v[t[k + 1, 1]])", wrt(w: vector, v: vector), data(t: indices[n, 2])),
            quote!(t: Vec<i32>),
        );
        let read = |first: &str, column: u8, length: &str, extent: &str| {
            format!(
                "rt::Reads{{axes:&[(rt::affine({first},&[]),&[1]),(rt::affine({column},&[]),&[0])],counts:&[{length}],extent:{extent}}}"
            )
        };
        has(&code, &[&read("0", 0, "(n-1)", "w_len"), &read("1", 1, "(n-1)", "v_len")]);
        let code = prepare(quote!("sum[k](w[p[k]])", wrt(w: vector)), quote!(p: Vec<u8>));
        has(&code, &["&[rt::Reads{axes:&[],counts:&[],extent:w_len}]"]);
    }
}
