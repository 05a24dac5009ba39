//! What `prepare` checks of extents: ranges, shapes, and that there is something where there has to be.

use super::*;
use crate::derive::bounds;
use crate::ir::{Asks, Form};

impl Items<'_> {
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
                lines.extend(forms.range(&format!("`{}`", self.graph().form_text(&form)), &form));
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
            let text = format!("{}*{}", g.extent_text(a), g.extent_text(b));
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
            let there_are = if self.is_rows(name) { quote!(among.rows()) } else { quote!(#ident) };
            checks.extend(quote!(#rt::check_some(#tensor, #axis, #there_are, #text)?;));
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
        has(&code, &["<'p>(self,n:usize,d:usize)->"]);
    }

    #[test]
    fn products_of_extents_that_the_formula_makes_equal_are_compared() {
        let matrices = quote!(a: ndarray::Array2<f64>, b: ndarray::Array2<f64>, z: ndarray::Array2<f64>);
        let code = prepare(quote!("c*norm2(kron(a, b) - z)^2", wrt(c: scalar)), matrices.clone());
        has(&code, &["letz_rows=a_rows*b_rows;", "rt::check_shape(\"z\",&[z_rows,z_cols]"]);
        let code = prepare(quote!("c*norm2(kron(a, b) - kron(z, a))^2", wrt(c: scalar)), matrices);
        has(
            &code,
            &["rt::check_shape(\"rows(z)*rows(a)\",&[a_rows_b_rows],&[rt::entries_of(&[z_rows,a_rows])])?;"],
        );
        let code = prepare(
            quote!("c*dot(flatten(a), v)", wrt(c: scalar)),
            quote!(a: ndarray::Array2<f64>, v: [f64; 12]),
        );
        has(&code, &["rt::check_shape(\"rows(a)*cols(a)\",&[12],&[rt::entries_of(&[a_rows,a_cols])])?;"]);
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
