//! Rows that may be among several processes: which they are, what is refused, and the code that tells the processes
//! apart.

use super::*;
use crate::derive::attr::{canonical, combine};
use crate::derive::bounds;

/// The extent of the rows that `divided(...)` speaks of.
pub(super) fn rows(model: &Model, program: &ObjectiveProgram) -> Result<Option<Extent>, syn::Error> {
    let [first, ..] = &model.divided[..] else { return Ok(None) };
    if model.objective == Some(ObjectiveKind::Residual) {
        let message = "the residuals are rows themselves, and solvers of least squares ask for all of them\n\
                       help: write their squares as an `#[objective(...)]`: `sum(r.^2)/2`";
        return Err(syn::Error::new_spanned(first, message));
    }
    let (g, mut wrong) = (&program.graph, None);
    let mut found: Option<Extent> = None;
    for ident in &model.divided {
        match rows_of(model, g, ident) {
            Ok(rows) if found.is_none_or(|e| g.extents.find(e) == rows) => found = Some(rows),
            Ok(_) => {
                let message = format!("`{ident}` has other rows than `{first}`");
                combine(&mut wrong, syn::Error::new_spanned(ident, message));
            }
            Err(message) => combine(&mut wrong, syn::Error::new_spanned(ident, message)),
        }
    }
    if let Some(error) = wrong {
        return Err(error);
    }
    let Some(rows) = found else { return Ok(None) };
    let speaks = |e: &Extent| {
        let mut roots = Vec::new();
        bounds::roots(g, *e, &mut roots);
        roots.iter().any(|e| g.extents.find(*e) == rows)
    };
    for input in g.inputs().iter().filter(|i| model.data.iter().any(|f| f.name == i.name)) {
        let shape = g.shape(input.node);
        let own = shape.first().is_some_and(|e| g.extents.find(*e) == rows);
        if shape.iter().skip(usize::from(own)).any(speaks) {
            let name = &input.name;
            let message = format!(
                "`{name}` is as long as there are rows of `{first}` along another axis than its first, so that it \
                 cannot be divided as these are"
            );
            combine(&mut wrong, syn::Error::new_spanned(first, message));
        }
    }
    if let Some(error) = wrong {
        return Err(error);
    }
    for (name, node) in &program.wrt {
        if g.shape(*node).iter().any(speaks) {
            let message = format!(
                "the variable `{name}` has entries for each row of `{first}`: all of it is in every process, and \
                 the rows are not"
            );
            combine(&mut wrong, syn::Error::new_spanned(first, message));
        }
    }
    wrong.map_or(Ok(Some(rows)), Err)
}

/// The extent of a field's rows.
fn rows_of(model: &Model, g: &Graph, ident: &Ident) -> Result<Extent, String> {
    let name = canonical(&ident.to_string());
    let field = model.data.iter().find(|f| f.name == name);
    let node = g.inputs().iter().find(|i| i.name == name).map(|i| i.node);
    let (Some(field), Some(node)) = (field, node) else {
        return Err(format!("the formula speaks of no field `{ident}`"));
    };
    let Some(&first) = g.shape(node).first() else {
        return Err(format!("`{ident}` is a number, and has no rows"));
    };
    let extents = &g.extents;
    if extents.as_constant(first).is_some() || field.length.is_some() {
        return Err(format!("`{ident}` has the same number of rows everywhere, and cannot be divided"));
    }
    if extents.factors(first).is_some() || extents.derived(first).is_some() {
        return Err(format!("how many rows `{ident}` has follows from other extents"));
    }
    Ok(extents.find(first))
}

impl Items<'_> {
    /// Refuses a formula that asks for more of the rows than sums over them.
    pub(super) fn can_be_divided(&self) -> Result<(), syn::Error> {
        let (Some(what), [first, ..]) = (&self.plans.undivided, &self.model.divided[..]) else {
            return Ok(());
        };
        let what = if what.chars().count() > methods::LONGEST { "a part of it" } else { what };
        let message = format!(
            "the rows of `{first}` cannot be divided: `{what}`, which the formula or a derivative has, is neither \
             computed row by row nor a sum over rows\n\
             help: sums over rows may be divided, and functions of them; a maximum, a product or a norm of all \
             rows, and matrices of rows by rows may not"
        );
        Err(syn::Error::new_spanned(first, message))
    }

    /// Whether these are the rows.
    pub(super) fn is_rows(&self, name: &str) -> bool {
        self.rows.is_some_and(|e| self.graph().extents.name(e) == name)
    }

    /// The fields that are divided.
    fn divided(&self) -> impl Iterator<Item = (&DataField, bool)> {
        let g = self.graph();
        let is = move |node: NodeId| {
            g.shape(node).first().is_some_and(|e| self.rows.is_some_and(|rows| g.extents.find(*e) == rows))
        };
        self.model.data.iter().map(move |f| (f, self.node(&f.name).is_some_and(is)))
    }

    /// The constant that says which fields are divided.
    pub(super) fn divided_fields(&self) -> TokenStream {
        if self.rows.is_none() {
            return TokenStream::new();
        }
        let vis = &self.model.input.vis;
        let names = self.divided().filter(|(_, divided)| *divided).map(|(f, _)| f.ident.to_string());
        quote! {
            /// The fields of which the rows may be divided among ranks.
            #vis const DIVIDED: &'static [&'static str] = &[#(#names),*];
        }
    }

    /// What all ranks are to have: extents, and entries of fields.
    pub(super) fn shared(&self) -> (TokenStream, TokenStream) {
        let rt = &self.model.rt;
        let own = |x: &&SymbolicExtent| !self.is_rows(&x.name) && !matches!(x.origin, Origin::Product(..));
        let extents = self.extents.iter().filter(own);
        let extents = extents.map(|x| {
            let (name, ident) = (x.ident.to_string(), &x.ident);
            quote!((#name, #ident))
        });
        let t = self.t();
        let fields = self.divided().filter(|(f, divided)| !divided && self.is_kept(f)).map(|(f, _)| {
            let (name, ident) = (&f.name, codegen::identifier(&f.name));
            let entries = match (f.rank, &f.whole) {
                (0, _) => quote!(&[problem.#ident]),
                _ => quote!(&problem.#ident),
            };
            let bits = if f.whole.is_some() {
                quote!(|entry: usize| entry as u64)
            } else {
                quote!(|entry: #t| #rt::Scalar::to_f64(entry).to_bits())
            };
            quote!((#name, #rt::fingerprint(#entries, #bits)))
        });
        (quote!(&[#(#extents),*]), quote!(::std::vec![#(#fields),*]))
    }
}
