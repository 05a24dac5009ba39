//! What restricts the variables: bounds, constraints, the Lagrangian's second order.

use super::plans::Matrix;
use super::*;
use crate::derivation::partial;
use crate::emit::document::Piece;
use crate::pipeline::{ConstraintProgram, ConstraintsProgram};

/// What the methods compute.
pub(super) struct Restricted {
    pub(super) values: Plan,
    pub(super) product: Plan,
    pub(super) transposed: Plan,
    pub(super) hessian_product: Plan,
    pub(super) jacobian: Matrix,
    pub(super) hessian: Matrix,
    /// The limits of the variables.
    pub(super) limits: Plan,
}

impl Restricted {
    pub(super) fn new(
        program: &ObjectiveProgram,
        plan: impl Fn(Vec<(String, NodeId)>) -> Plan,
    ) -> Option<Self> {
        let restricted = program.restricted.as_ref()?;
        let of_rows = |name: &str, node: &dyn Fn(&ConstraintProgram) -> NodeId| {
            let rows = restricted.constraints.iter().enumerate();
            rows.map(|(k, c)| (format!("{name}_{}", k + 1), node(c))).collect::<Vec<_>>()
        };
        let jacobian: Vec<Vec<NodeId>> = restricted.constraints.iter().map(|c| c.jacobian.clone()).collect();
        let of_rows_and_variables = |i: usize, j: usize| format!("j_{}_{}", i + 1, program.wrt[j].0);
        let limits = restricted.limits.iter().enumerate();
        Some(Self {
            values: plan(of_rows("c", &|c| c.node)),
            product: plan(of_rows("jv", &|c| c.product)),
            transposed: plan(plans::by_variable(program, "d_", &restricted.transposed_product)),
            hessian_product: plan(plans::by_variable(program, "h_", &restricted.hessian_product)),
            jacobian: Matrix::of(&program.graph, &jacobian, &of_rows_and_variables, &plan),
            hessian: Matrix::of(&program.graph, &restricted.hessian, &plans::of_variables(program), &plan),
            limits: plan(limits.map(|(k, l)| (format!("limit_{}", k + 1), l.node)).collect()),
        })
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Plan> {
        let Self { values, product, transposed, hessian_product, jacobian, hessian, limits } = self;
        [values, product, transposed, hessian_product, limits, &jacobian.plan, &hessian.plan].into_iter()
    }
}

impl Items<'_> {
    /// The number of entries of the first so many constraints together.
    pub(super) fn row(&self, program: &ConstraintsProgram, constraints: usize) -> TokenStream {
        let shapes = program.constraints[..constraints].iter().map(|c| self.size(self.graph().shape(c.node)));
        let sizes: Vec<TokenStream> = shapes.collect();
        if sizes.is_empty() { quote!(0) } else { quote!(#(#sizes)+*) }
    }

    pub(super) fn multipliers_cut<'s>(&'s self, program: &'s ConstraintsProgram) -> Cut<'s> {
        let part = |c: &ConstraintProgram| {
            let (name, node) = &c.multiplier;
            (codegen::identifier(name), self.graph().shape(*node))
        };
        Cut {
            from: quote!(multipliers),
            parts: program.constraints.iter().map(part).collect(),
            mutable: false,
        }
    }

    /// The outputs of a plan, one for each constraint, cut from `out`; and what writes the scalar ones there.
    fn rows_cut<'s>(&'s self, plan: &Plan, program: &'s ConstraintsProgram) -> (Cut<'s>, TokenStream) {
        let shapes = program.constraints.iter().map(|c| self.graph().shape(c.node));
        Self::outputs_cut(plan, quote!(out), &plan.output_buffers, shapes)
    }

    /// The checks and the body of a method that writes a number for each constraint.
    fn writes_rows<'s>(
        &'s self,
        plan: &Plan,
        program: &'s ConstraintsProgram,
        mut cuts: Vec<Cut<'s>>,
    ) -> TokenStream {
        let (cut, after) = self.rows_cut(plan, program);
        cuts.push(cut);
        let body = self.body(plan, &self.without_empty(cuts));
        quote!(#body #after)
    }

    /// The body of a method that writes a number for each entry of the variables.
    fn writes_variables<'s>(&'s self, plan: &Plan, mut cuts: Vec<Cut<'s>>) -> TokenStream {
        let (cut, after) = self.out_cut(plan, quote!(out), 0);
        cuts.push(cut);
        let body = self.body(plan, &self.without_empty(cuts));
        quote!(#body #after)
    }

    fn without_empty<'s>(&self, cuts: Vec<Cut<'s>>) -> Vec<Cut<'s>> {
        cuts.into_iter().filter(|cut| !cut.parts.is_empty()).collect()
    }

    pub(super) fn constrained(&self) -> TokenStream {
        let (Some(program), Some(plans)) = (&self.program.restricted, &self.plans.restricted) else {
            return TokenStream::new();
        };
        let (rt, problem, t) = (&self.model.rt, &self.problem, self.t());
        let (bounds, args) = self.generics();
        let rows = self.row(program, program.constraints.len());
        let bind = self.bind_extents(&rows);
        let check = self.check_x(&[]);
        let check_rows = quote!(#rt::check_length(#rt::Constrained::constraints(self), out.len())?;);
        let check_multipliers =
            quote!(#rt::check_length(#rt::Constrained::constraints(self), multipliers.len())?;);
        let values = self.writes_rows(&plans.values, program, vec![self.x_cut()]);
        let product = self.writes_rows(&plans.product, program, vec![self.x_cut(), self.v_cut()]);
        let jacobian = self.jacobian_of_constraints(program, &plans.jacobian);
        let multipliers = || self.multipliers_cut(program);
        let transposed = self.writes_variables(&plans.transposed, vec![self.x_cut(), multipliers()]);
        let along =
            self.writes_variables(&plans.hessian_product, vec![self.x_cut(), self.v_cut(), multipliers()]);
        let hessian = self.square(&plans.hessian, &self.without_empty(vec![self.x_cut(), multipliers()]));
        let (limits, relations) = (self.limits(program, &plans.limits), self.relations(program));
        let check_direction = self.check_x(&["direction"]);
        let (check_out, check_both) = (self.check_x(&["out"]), self.check_x(&["direction", "out"]));
        let docs = self.documented_constraints(program);
        let sparse = self.sparse_constraints(&check_multipliers);
        quote! {
            #[automatically_derived]
            impl #bounds #rt::Constrained for #problem #args {
                fn constraints(&self) -> usize {
                    #bind
                    #rows
                }

                #relations

                #limits

                #docs
                fn constraints_into(&mut self, x: &[#t], out: &mut [#t]) -> #rt::Result<(), #rt::Error> {
                    #check
                    #check_rows
                    {
                        let out = &mut *out;
                        #values
                    }
                    #rt::Cause::of(self, x, #rt::finite_entries("the constraints", out))
                }

                fn constraint_jacobian_into(
                    &mut self,
                    x: &[#t],
                    mut out: #rt::ArrayViewMut2<'_, #t>,
                ) -> #rt::Result<(), #rt::Error> {
                    #check
                    #rt::check_shape("out", &[#rt::Constrained::constraints(self), n], out.shape())?;
                    #jacobian
                    #rt::Ok(())
                }

                fn constraint_product_into(
                    &mut self,
                    x: &[#t],
                    direction: &[#t],
                    out: &mut [#t],
                ) -> #rt::Result<(), #rt::Error> {
                    #check_direction
                    #check_rows
                    #product
                    #rt::Ok(())
                }

                fn constraint_transposed_product_into(
                    &mut self,
                    x: &[#t],
                    multipliers: &[#t],
                    out: &mut [#t],
                ) -> #rt::Result<(), #rt::Error> {
                    #check_out
                    #check_multipliers
                    #transposed
                    #rt::Ok(())
                }

                fn lagrangian_hessian_into(
                    &mut self,
                    x: &[#t],
                    multipliers: &[#t],
                    mut out: #rt::ArrayViewMut2<'_, #t>,
                ) -> #rt::Result<(), #rt::Error> {
                    #check
                    #check_multipliers
                    #rt::check_shape("out", &[n, n], out.shape())?;
                    #hessian
                }

                fn lagrangian_hessian_vector_product_into(
                    &mut self,
                    x: &[#t],
                    multipliers: &[#t],
                    direction: &[#t],
                    out: &mut [#t],
                ) -> #rt::Result<(), #rt::Error> {
                    #check_both
                    #check_multipliers
                    #along
                    #rt::Ok(())
                }

                #sparse
            }
        }
    }

    /// What a solver that is no solver under constraints asks an objective.
    pub(super) fn restrictions(&self) -> TokenStream {
        let Some(program) = &self.program.restricted else { return TokenStream::new() };
        let (rt, t) = (&self.model.rt, self.t());
        let has_constraints = !program.constraints.is_empty();
        quote! {
            fn limits(&mut self) -> #rt::Result<#rt::Option<[#rt::Array1<#t>; 2]>, #rt::Error> {
                #rt::Constrained::bounds(self).map(#rt::Some)
            }

            fn has_constraints(&self) -> bool {
                #has_constraints
            }
        }
    }

    /// How the rows compare with 0.
    fn relations(&self, program: &ConstraintsProgram) -> TokenStream {
        let rt = &self.model.rt;
        let rows = program.constraints.iter().map(|c| {
            let relation = if c.is_equation { quote!(Equal) } else { quote!(AtMost) };
            let size = self.size(self.graph().shape(c.node));
            quote!(relations.extend(::core::iter::repeat_n(#rt::Relation::#relation, #size));)
        });
        let rows = quote!(#(#rows)*);
        let bind = self.bind_extents(&rows);
        quote! {
            fn relations(&self) -> ::std::vec::Vec<#rt::Relation> {
                #bind
                let mut relations = ::std::vec::Vec::with_capacity(#rt::Constrained::constraints(self));
                #rows
                relations
            }
        }
    }

    fn limits(&self, program: &ConstraintsProgram, plan: &Plan) -> TokenStream {
        let (rt, t, cx) = (&self.model.rt, self.t(), self.context());
        let body = self.body(plan, &[]);
        let limits = program.limits.iter().zip(&plan.output_buffers).map(|(limit, &buffer)| {
            let name = Self::buffer(plan, buffer);
            let values = if plan.buffers[buffer.0].shape.is_empty() {
                quote!(::core::slice::from_ref(&#name))
            } else {
                quote!(&*#name)
            };
            let shape = self.shape_of_wrt(limit.variable);
            let (offset, size) = (self.offset(limit.variable), self.size(shape));
            let (at, count) = match &limit.entry {
                None => (offset, size),
                Some(entry) => {
                    let place = entry.iter().zip(shape).fold(quote!(0), |place, (k, &extent)| {
                        let (k, extent) = (Literal::usize_unsuffixed(*k), cx.extent(self.graph(), extent));
                        quote!((#place) * #extent + #k)
                    });
                    (quote!(#offset + #place), quote!(1))
                }
            };
            let (side, least) = if limit.is_lower { (quote!(lower), true) } else { (quote!(upper), false) };
            quote!(#rt::narrow(&mut #side[#at..][..#count], #values, #least)?;)
        });
        let limits = quote!(#body #(#limits)*);
        let bind = self.bind_extents(&limits);
        quote! {
            fn bounds_into(&mut self, lower: &mut [#t], upper: &mut [#t]) -> #rt::Result<(), #rt::Error> {
                let n = #rt::Objective::len(self);
                #rt::check_length(n, lower.len())?;
                #rt::check_length(n, upper.len())?;
                lower.fill(<#t as #rt::Scalar>::NEG_INFINITY);
                upper.fill(<#t as #rt::Scalar>::INFINITY);
                #bind
                #limits
                #rt::Ok(())
            }
        }
    }

    fn jacobian_of_constraints(&self, program: &ConstraintsProgram, jacobian: &Matrix) -> TokenStream {
        let (rt, t, plan) = (&self.model.rt, self.t(), &jacobian.plan);
        let body = self.body(plan, &[self.x_cut()]);
        let blocks = jacobian.blocks.iter().map(|block| {
            let (i, j) = block.at;
            let entries = self.entries_of(plan, block.output);
            let (row, column) = (self.row(program, i), self.offset(j));
            let (r, c) =
                (self.size(self.graph().shape(program.constraints[i].node)), self.size(self.shape_of_wrt(j)));
            quote!(#rt::place_part(&mut out, #entries, (#row, #column), (#r, #c));)
        });
        quote! {
            out.fill(<#t as #rt::Scalar>::ZERO);
            #body
            #(#blocks)*
        }
    }

    /// What each constraint is, how it compares with 0, and the gradient of the Lagrangian.
    fn documented_constraints(&self, program: &ConstraintsProgram) -> TokenStream {
        let name = |k: usize| format!("c_{}", k + 1);
        let compared = program.constraints.iter().enumerate();
        let compared: Vec<String> = compared
            .map(|(k, c)| format!("`{} {} 0`", name(k), if c.is_equation { "=" } else { "≤" }))
            .collect();
        let intro = docs::lines(&format!(
            "Writes the rows of c(x) to `out`. {} is asked for; where f is least under that, the gradient of the Lagrangian \
             is 0, too. Allocates nothing.\n\n",
            compared.join(", ")
        ));
        let constraints = program.constraints.iter().enumerate();
        let mut all: Vec<(Piece, NodeId)> =
            constraints.map(|(k, c)| (Piece::Name(name(k)), c.node)).collect();
        let names = self.program.wrt.iter().zip(&program.stationarity);
        all.extend(names.map(|((name, _), &node)| (partial("L", name), node)));
        let (equations, errors) = (self.equations(&all), self.errors(" a row is NaN or infinite."));
        quote!(#intro #equations #[doc = ""] #errors)
    }
}
