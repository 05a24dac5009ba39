//! Matrices of which most entries are 0: which are not, and their values alone.

use super::*;
use crate::codegen::sparse::{Block, entries};
use crate::schedule::{Piece, pieces};

/// A matrix of derivatives whose structure the indices of the formula show.
pub(super) struct Sparse {
    /// The graph, with the values.
    graph: Graph,
    pub(super) plan: Plan,
    /// The pieces in the order of the values: what rows and columns are, the piece, which output it is.
    pieces: Vec<([Side; 2], Piece, usize)>,
}

/// What the rows, or the columns, of a block are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// The entries of a variable.
    Variable(usize),
    /// The residuals.
    Residual,
    /// The rows of a constraint.
    Constraint(usize),
}

/// A block of a matrix: its rows, its columns, and the block.
type At = ([Side; 2], NodeId);

impl Sparse {
    /// The Hessian's, where it is of use.
    pub(super) fn hessian(program: &ObjectiveProgram) -> Option<Self> {
        Self::square(program, &program.hessian)
    }

    /// The Lagrangian's.
    pub(super) fn lagrangian(program: &ObjectiveProgram) -> Option<Self> {
        Self::square(program, &program.restricted.as_ref()?.hessian)
    }

    fn square(program: &ObjectiveProgram, rows: &[Vec<NodeId>]) -> Option<Self> {
        let block = |i: usize, j: usize, &n: &NodeId| ([Side::Variable(i), Side::Variable(j)], n);
        let rows = rows.iter().enumerate();
        let blocks = rows.flat_map(|(i, row)| row.iter().enumerate().map(move |(j, n)| block(i, j, n)));
        Self::of(&program.graph, blocks, "h")
    }

    /// That of the constraints' Jacobian.
    pub(super) fn constraints(program: &ObjectiveProgram) -> Option<Self> {
        let rows = program.restricted.as_ref()?.constraints.iter().enumerate();
        let block = |i: usize, k: usize, &n: &NodeId| ([Side::Constraint(i), Side::Variable(k)], n);
        let blocks = rows.flat_map(|(i, c)| c.jacobian.iter().enumerate().map(move |(k, n)| block(i, k, n)));
        Self::of(&program.graph, blocks, "j")
    }

    /// A residual's Jacobian's, where it is of use.
    pub(super) fn jacobian(program: &ObjectiveProgram) -> Option<Self> {
        let r = program.residual.as_ref()?;
        Self::of(
            &program.graph,
            r.jacobian.iter().enumerate().map(|(k, &n)| ([Side::Residual, Side::Variable(k)], n)),
            "j",
        )
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
        let Plans { sparse_hessian, sparse_jacobian, sparse_constraints, sparse_lagrangian, .. } =
            &self.plans;
        let matrices = [
            ("hessian", sparse_hessian.as_ref()),
            ("jacobian", sparse_jacobian.as_ref()),
            ("constraint_jacobian", sparse_constraints.as_ref()),
            ("lagrangian_hessian", sparse_lagrangian.as_ref()),
        ];
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
                let first = |side: Side| {
                    let before: Vec<Side> = match side {
                        Side::Variable(k) => (0..k).map(Side::Variable).collect(),
                        Side::Constraint(k) => (0..k).map(Side::Constraint).collect(),
                        Side::Residual => Vec::new(),
                    };
                    let sizes = before.into_iter().map(|side| cx.entries(&sparse.graph, self.shape_of(side)));
                    let sizes: Vec<TokenStream> = sizes.collect();
                    if sizes.is_empty() { quote!(0) } else { quote!(#(#sizes)+*) }
                };
                let loops = sparse.pieces.iter().map(|([row, column], piece, _)| {
                    let axes = |side: &Side| self.shape_of(*side).to_vec();
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

    fn shape_of(&self, side: Side) -> &[Extent] {
        let node = match side {
            Side::Variable(k) => return self.shape_of_wrt(k),
            Side::Residual => self.program.residual.as_ref().map(|r| r.residual),
            Side::Constraint(k) => self.program.restricted.as_ref().map(|r| r.constraints[k].node),
        };
        node.map(|node| self.graph().shape(node)).unwrap_or_default()
    }

    pub(super) fn sparse_hessian(&self) -> TokenStream {
        let rt = &self.model.rt;
        let rows = quote!(#rt::Objective::len(self));
        self.sparse_methods("hessian", self.plans.sparse_hessian.as_ref(), &rows, None)
    }

    pub(super) fn sparse_constraints(&self, check_multipliers: &TokenStream) -> TokenStream {
        let rt = &self.model.rt;
        let rows = quote!(#rt::Constrained::constraints(self));
        let jacobian =
            self.sparse_methods("constraint_jacobian", self.plans.sparse_constraints.as_ref(), &rows, None);
        let rows = quote!(#rt::Objective::len(self));
        let lagrangian = self.plans.sparse_lagrangian.as_ref();
        let hessian = self.sparse_methods("lagrangian_hessian", lagrangian, &rows, Some(check_multipliers));
        quote!(#jacobian #hessian)
    }

    pub(super) fn sparse_jacobian(&self) -> TokenStream {
        let rt = &self.model.rt;
        let rows = quote!(#rt::Residual::residuals(self));
        self.sparse_methods("jacobian", self.plans.sparse_jacobian.as_ref(), &rows, None)
    }

    /// The methods of a sparse matrix of so many rows, if it is one; with what checks multipliers, if it takes some.
    fn sparse_methods(
        &self,
        matrix: &str,
        sparse: Option<&Sparse>,
        rows: &TokenStream,
        multipliers: Option<&TokenStream>,
    ) -> TokenStream {
        let (rt, t) = (&self.model.rt, self.t());
        let Some(sparse) = sparse else { return TokenStream::new() };
        let Methods { field, places, pattern, values } = Methods::of(matrix);
        let plan = &sparse.plan;
        let check = self.check_x(&[]);
        let mut cuts = vec![self.x_cut()];
        let of_rows = self.program.restricted.as_ref().map(|r| self.multipliers_cut(r));
        cuts.extend(multipliers.and(of_rows).filter(|cut| !cut.parts.is_empty()));
        let argument = multipliers.map(|_| quote!(multipliers: &[#t],));
        let body = self.body(plan, &cuts);
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

            fn #values(
                &mut self,
                x: &[#t],
                #argument
                values: &mut [#t],
            ) -> #rt::Result<(), #rt::Error> {
                #check
                #multipliers
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
