//! Values that the formula gives names, `K = ...;`, at a point: a method for each.
//!
//! Their memory is taken by their first call, so that a problem which is only minimised needs none of it; and
//! they are `#[inline]`, so that no code is made of those that nobody calls.

use super::*;
use crate::derive::bounds;
use crate::derive::scaffold::Scaffold;
use crate::lower::objective::Locals;
use crate::pipeline;

/// Nodes that the methods of a formula's names may compute, all together. A chain of names, as a recurrent network
/// that is unrolled, would else come to the square of its length.
const NODES: usize = 2_000;

/// A value that the formula names.
pub(super) struct Local {
    name: String,
    pub(super) plan: Plan,
}

/// The values that a formula names, in the order of the text, as many as the budget allows; of those that cannot be
/// computed where `rows` are among several processes, none.
pub(super) fn locals(program: &ObjectiveProgram, rows: Option<Extent>) -> Vec<Local> {
    let Locals { graph, nodes } = &program.locals;
    let mut room = NODES;
    let mut takes = |node: NodeId| match room.checked_sub(graph.reachable(&[node]).len()) {
        Some(left) => {
            room = left;
            true
        }
        None => false,
    };
    let chosen: Vec<_> = nodes.iter().take_while(|(_, node)| takes(*node)).cloned().collect();
    if chosen.is_empty() {
        return Vec::new();
    }
    let chosen = Locals { graph: graph.clone(), nodes: chosen };
    let Locals { graph, nodes } = pipeline::locals(chosen, &program.wrt);
    let plan = |(name, node): (String, NodeId)| {
        let output = Output { name: name.clone(), node };
        Some(Local { plan: plans::planned(&graph, &[output], rows).ok()?, name })
    };
    nodes.into_iter().filter_map(plan).collect()
}

impl Items<'_> {
    /// Leaves those out whose extents the problem does not know, as it may be of one that nothing reads.
    pub(super) fn leave_out_locals(&mut self) {
        let mut locals = std::mem::take(&mut self.plans.locals);
        locals.retain(|local| self.knows_extents(&local.plan));
        self.plans.locals = locals;
    }

    fn knows_extents(&self, plan: &Plan) -> bool {
        let (g, mut roots) = (&plan.graph, Vec::new());
        let outputs: Vec<NodeId> = plan.outputs.iter().map(|o| o.node).collect();
        for id in g.reachable(&outputs) {
            g.shape(id).iter().for_each(|&e| bounds::roots(g, e, &mut roots));
            if let Op::Extent(e) = g.op(id) {
                bounds::roots(g, *e, &mut roots);
            }
        }
        let known = |e: &Extent| matches!(g.extents.kind(*e), ExtentKind::Symbol(name) if self.extents.iter().any(|x| x.name == *name));
        roots.iter().all(known)
    }

    /// The names of values that have methods, in the order of the text.
    pub(super) fn names_of_locals(&self) -> impl Iterator<Item = &str> {
        self.plans.locals.iter().map(|local| local.name.as_str())
    }

    /// The methods.
    pub(super) fn locals(&self) -> TokenStream {
        let (problem, (bounds, args)) = (&self.problem, self.generics());
        let idents = self.other_methods(self.names_of_locals());
        let methods = self.plans.locals.iter().zip(idents).map(|(local, ident)| self.local(local, &ident));
        let methods: Vec<TokenStream> = methods.collect();
        if methods.is_empty() {
            return TokenStream::new();
        }
        quote! {
            impl #bounds #problem #args {
                #(#methods)*
            }
        }
    }

    fn local(&self, Local { name, plan }: &Local, ident: &Ident) -> TokenStream {
        let (rt, t, vis) = (&self.model.rt, self.t(), &self.model.input.vis);
        let doc = self.about(name, plan);
        let check = self.check_x(&[]);
        let (node, buffer) = (plan.outputs[0].node, plan.output_buffers[0]);
        let (name, shape) = (Self::buffer(plan, buffer), plan.graph.shape(node));
        let grow = self.grow_for(plan);
        let (returned, work) = if shape.is_empty() {
            let work = self.work(plan, &[self.x_cut()], &quote!(), Some(&name));
            (t.clone(), quote!(#grow #work #rt::Ok(#name)))
        } else {
            let cx = self.context_of_self();
            let entries = cx.entries(&plan.graph, shape);
            let extents: Vec<TokenStream> = shape.iter().map(|&e| cx.extent(&plan.graph, e)).collect();
            let (array, extents) = (Scaffold::array(shape.len()), Scaffold::extents(&extents));
            let cut = Cut { from: quote!(out), parts: vec![(name, shape)], mutable: true };
            let body = self.body(plan, &[self.x_cut(), cut]);
            let work = quote! {
                #grow
                let mut out = #rt::zeros::<#t>(#entries);
                {
                    let out = &mut out[..];
                    #body
                }
                #rt::shaped(out, #extents)
            };
            (quote!(#rt::#array<#t>), work)
        };
        quote! {
            #doc
            #[inline]
            #vis fn #ident(&mut self, x: &[#t]) -> #rt::Result<#returned, #rt::Error> {
                #check
                #work
            }
        }
    }

    /// The documentation of a method.
    fn about(&self, name: &str, plan: &Plan) -> TokenStream {
        let (graph, node) = (&self.program.locals.graph, plan.outputs[0].node);
        let written = self.program.locals.nodes.iter().find(|(local, _)| local == name);
        let (graph, node) = written.map_or((&plan.graph, node), |(_, node)| (graph, *node));
        let formula = emit::text(graph, node, &View::default());
        let doc = if formula.chars().count() <= methods::LONGEST {
            format!(" `{name} = {formula}` at `x`.")
        } else {
            format!(" The formula's `{name}` at `x`.")
        };
        quote! {
            #[doc = #doc]
            /// An array is a new one; memory besides is taken by the first call.
            ///
            /// # Errors
            /// Those of `value`, but numbers that are not finite are given as they are.
        }
    }

    /// The line that makes the workspace large enough.
    fn grow_for(&self, plan: &Plan) -> TokenStream {
        let Some(memory) = self.memory_of(plan) else { return TokenStream::new() };
        let bind = self.bind_extents(&memory);
        quote!({ #bind self.workspace.grow(#memory); })
    }
}

#[cfg(test)]
mod tests {
    use crate::derive::Derive;
    use quote::quote;

    /// What a derive makes of this formula of a vector w.
    fn code(text: &str) -> String {
        let item = quote!(
            #[objective(#text, wrt(w: vector[3]))]
            struct Named {
                y: [f64; 3],
            }
        );
        Derive::Objective.code(item).expect("an objective").to_string()
    }

    #[test]
    fn a_method_says_what_it_gives() {
        let code = code("r = w - y; s = r'*r; gradient = 2*r; s + norm2(y)");
        for said in ["`r = w - y` at `x`.", "`s = sum(r.^2)` at `x`.", "fn r (", "fn s (", "fn gradient_ ("] {
            assert!(code.contains(said), "no {said}");
        }
    }

    #[test]
    fn a_long_chain_has_methods_for_its_beginning() {
        let chain: String = (1..200).map(|k| format!("h{k} = tanh(h{} + y); ", k - 1)).collect();
        let code = code(&format!("h0 = w.^2; {chain} sum(h199)"));
        let made = (0..200).filter(|k| code.contains(&format!("fn h{k} ("))).count();
        assert!((20..80).contains(&made) && code.contains("fn h0 ("), "{made}");
    }
}
