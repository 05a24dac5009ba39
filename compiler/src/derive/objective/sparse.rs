//! Matrices of which most entries are 0: which are not, and their values alone.

use super::*;
use crate::codegen::sparse::{Block, entries};
use crate::schedule::{Piece, pieces};

/// A matrix of derivatives whose structure the indices of the formula show.
pub(super) struct Sparse {
    /// The graph, with the values.
    graph: Graph,
    pub(super) plan: Plan,
    /// The pieces in the order of the values: variables of rows and columns, the piece, which output it is.
    pieces: Vec<([Option<usize>; 2], Piece, usize)>,
}

/// A block of a matrix: the variables of its rows and of its columns, if they are one's, and the block.
type At = ([Option<usize>; 2], NodeId);

impl Sparse {
    /// The Hessian's, where it is of use.
    pub(super) fn hessian(program: &ObjectiveProgram) -> Option<Self> {
        let rows = program.hessian.iter().enumerate();
        let blocks =
            rows.flat_map(|(i, row)| row.iter().enumerate().map(move |(j, &n)| ([Some(i), Some(j)], n)));
        Self::of(&program.graph, blocks, "h")
    }

    /// A residual's Jacobian's, where it is of use.
    pub(super) fn jacobian(program: &ObjectiveProgram) -> Option<Self> {
        let r = program.residual.as_ref()?;
        Self::of(&program.graph, r.jacobian.iter().enumerate().map(|(k, &n)| ([None, Some(k)], n)), "j")
    }

    fn of(graph: &Graph, blocks: impl Iterator<Item = At>, letter: &str) -> Option<Self> {
        let mut g = graph.clone();
        let (mut all, mut sparse) = (Vec::new(), false);
        for (at, node) in blocks {
            match pieces(&mut g, node) {
                Some(found) => {
                    sparse |= g.rank(node) > 0 && !found.is_empty();
                    let counts = |piece: &Piece| at[0] != at[1] || !piece.is_above_diagonal();
                    all.extend(found.into_iter().filter(counts).map(|piece| (at, piece)));
                }
                None => {
                    let whole = (0..g.rank(node)).map(crate::schedule::Place::axis).collect();
                    all.push((at, Piece { values: node, at: whole, conditions: Vec::new() }));
                }
            }
        }
        if !sparse || all.is_empty() {
            return None;
        }
        let mut outputs: Vec<Output> = Vec::new();
        let mut pieces = Vec::new();
        for (at, piece) in all {
            let output = outputs.iter().position(|o| o.node == piece.values).unwrap_or_else(|| {
                let name = format!("{letter}{}", outputs.len() + 1);
                outputs.push(Output { name, node: piece.values });
                outputs.len() - 1
            });
            pieces.push((at, piece, output));
        }
        let plan = schedule(&g, &outputs, Policy::Blocks, &emit::name_or_text);
        Some(Self { graph: g, plan, pieces })
    }
}

/// Names of what a sparse matrix' methods are.
struct Methods {
    field: Ident,
    places: Ident,
    pattern: Ident,
    values: Ident,
}

impl Methods {
    fn of(matrix: &str) -> Self {
        let name = |what: &str| format_ident!("{matrix}_{what}");
        Self {
            field: name("slots"),
            places: name("places"),
            pattern: name("pattern"),
            values: name("values_into"),
        }
    }
}

impl Items<'_> {
    /// The sparse matrices, by the names of their methods.
    fn sparse(&self) -> impl Iterator<Item = (Methods, &Sparse)> {
        let Plans { sparse_hessian, sparse_jacobian, .. } = &self.plans;
        let matrices = [("hessian", sparse_hessian.as_ref()), ("jacobian", sparse_jacobian.as_ref())];
        matrices.into_iter().filter_map(|(name, sparse)| Some((Methods::of(name), sparse?)))
    }

    /// The fields of the problem that keep where values go.
    pub(super) fn slots(&self) -> (Vec<TokenStream>, Vec<TokenStream>) {
        let (runtime, rt) = (&self.model.runtime, &self.model.rt);
        let field = |(m, _): (Methods, &Sparse)| {
            let field = m.field;
            (quote!(#field: #runtime::__private::Slots), quote!(#field: #rt::Slots::default()))
        };
        self.sparse().map(field).unzip()
    }

    /// The names of these fields.
    pub(super) fn slot_names(&self) -> Vec<Ident> {
        self.sparse().map(|(m, _)| m.field).collect()
    }

    /// The functions that say where values go.
    pub(super) fn sparse_places(&self) -> TokenStream {
        let (rt, problem) = (&self.model.rt, &self.problem);
        let (bounds, args) = self.generics();
        // Indices have the short names here.
        let cx = self.context_of_self();
        let functions: Vec<TokenStream> = self
            .sparse()
            .map(|(m, sparse)| {
                let first = |variable: Option<usize>| {
                    let before =
                        (0..variable.unwrap_or(0)).map(|k| cx.entries(&sparse.graph, self.shape_of_wrt(k)));
                    let sizes: Vec<TokenStream> = before.collect();
                    if sizes.is_empty() { quote!(0) } else { quote!(#(#sizes)+*) }
                };
                let loops = sparse.pieces.iter().map(|([row, column], piece, _)| {
                    let axes = |k: &Option<usize>| {
                        let residual =
                            || self.program.residual.as_ref().map(|r| self.graph().shape(r.residual));
                        k.map(|k| self.shape_of_wrt(k)).or_else(residual).unwrap_or_default().to_vec()
                    };
                    let block = Block {
                        at: [first(*row), first(*column)],
                        axes: [axes(row), axes(column)],
                        lower: row == column,
                    };
                    entries(&sparse.graph, &cx, piece, &block)
                });
                let (code, places) = (quote!(#(#loops)*), &m.places);
                let data = self.model.data.iter().filter(|f| {
                    f.rank > 0 && codegen::mentions(&code, &codegen::identifier(&f.name).to_string())
                });
                let data = data.map(|f| {
                    let name = codegen::identifier(&f.name);
                    quote!(let #name = &self.#name[..];)
                });
                quote! {
                    fn #places(&self, add: &mut dyn FnMut(#rt::Option<[usize; 2]>)) {
                        #(#data)*
                        #code
                    }
                }
            })
            .collect();
        if functions.is_empty() {
            return TokenStream::new();
        }
        quote! {
            impl #bounds #problem #args {
                #(#functions)*
            }
        }
    }

    pub(super) fn sparse_hessian(&self) -> TokenStream {
        let rt = &self.model.rt;
        self.sparse_methods("hessian", self.plans.sparse_hessian.as_ref(), &quote!(#rt::Objective::len(self)))
    }

    pub(super) fn sparse_jacobian(&self) -> TokenStream {
        let rt = &self.model.rt;
        let rows = quote!(#rt::Residual::residuals(self));
        self.sparse_methods("jacobian", self.plans.sparse_jacobian.as_ref(), &rows)
    }

    /// The methods of a sparse matrix of so many rows, if it is one.
    fn sparse_methods(&self, matrix: &str, sparse: Option<&Sparse>, rows: &TokenStream) -> TokenStream {
        let (rt, t) = (&self.model.rt, self.t());
        let Some(sparse) = sparse else { return TokenStream::new() };
        let Methods { field, places, pattern, values } = Methods::of(matrix);
        let plan = &sparse.plan;
        let check = self.check_x(&[]);
        let body = self.body(plan, &[self.x_cut()]);
        let pieces = sparse.pieces.iter().map(|(.., output)| {
            let buffer = plan.output_buffers[*output];
            let name = Self::buffer(plan, buffer);
            if plan.buffers[buffer.0].shape.is_empty() {
                quote!(::core::slice::from_ref(&#name))
            } else {
                quote!(&*#name)
            }
        });
        let find = quote! {
            let shape = [#rows, #rt::Objective::len(self)];
            let mut slots = #rt::take(&mut self.#field);
        };
        quote! {
            fn #pattern(&mut self) -> #rt::Pattern {
                #find
                let pattern = slots.find(shape, |add| self.#places(add)).clone();
                self.#field = slots;
                pattern
            }

            fn #values(&mut self, x: &[#t], values: &mut [#t]) -> #rt::Result<(), #rt::Error> {
                #check
                #find
                let entries = slots.find(shape, |add| self.#places(add)).len();
                self.#field = slots;
                #rt::check_shape("values", &[entries], &[values.len()])?;
                #body
                self.#field.fill(values, &[#(#pieces),*]);
                #rt::Ok(())
            }
        }
    }
}
