//! The products of second order.

use super::*;

impl Items<'_> {
    /// The plan of a product with a direction: the Hessian's or the Gauss-Newton one.
    pub(super) fn product_method(&self, nodes: &[NodeId]) -> Plan {
        let outputs: Vec<Output> = self
            .program
            .gradient
            .iter()
            .zip(nodes)
            .map(|(p, node)| Output { name: format!("grad_{}", p.name), node: *node })
            .collect();
        schedule(&self.products.graph, &outputs, Policy::Store, &emit::name_or_text)
    }

    /// The two products, methods of the struct itself.
    pub(super) fn products(&self, hessian: &Plan, gauss_newton: &Plan) -> TokenStream {
        let rt = &self.model.rt;
        let vis = &self.model.input.vis;
        let t = self.t();
        let (parameters, workspace) = (&self.parameters, &self.workspace);
        let (_, args) = self.type_generics();
        let data_params = self.data_params();
        let (targets, bind) = (self.inputs(true), self.parameters(false));
        let directions =
            self.split("direction", false, |k| codegen::identifier(&format!("v_{}", self.tensors[k].name)));
        let method = |name: &str, doc: &[&str], m: &Plan| {
            let name = format_ident!("{name}");
            let (outputs, body) = (self.gradients(m, 0), self.body(m));
            quote! {
                #(#[doc = #doc])*
                ///
                /// # Errors
                /// - `EmptyBatch`: there are no examples.
                /// - `ShapeMismatch`: an array has other rows or columns than it must.
                /// - `WorkspaceTooSmall`: the batch has more rows than the workspace was made for.
                #vis fn #name(
                    &self,
                    parameters: &#parameters #args,
                    #(#data_params,)*
                    y: #rt::ArrayView2<'_, #t>,
                    workspace: &mut #workspace #args,
                    direction: &#parameters #args,
                    gradient: &mut #parameters #args,
                ) -> #rt::Result<(), #rt::Error> {
                    #targets
                    #bind
                    #directions
                    #outputs
                    #body
                    #rt::Ok(())
                }
            }
        };
        let hessian_doc = [
            " Writes the product of the cost's Hessian with `direction` to `gradient`, without the Hessian: the gradient",
            " of ⟨∇C, v⟩. A few times the work of a gradient; allocates nothing.",
        ];
        let gauss_newton_doc = [
            " Writes the Gauss-Newton product 1/m Σ Jᵀ H J v to `gradient`, where J is the Jacobian of the output",
            " pre-activations and H the Hessian of the cost by them; a penalty counts with its own Hessian. Where the",
            " parameters reach the cost by other ways than through one such value, J is the Jacobian of the outputs.",
            " Allocates nothing.",
        ];
        let hessian = method("hessian_vector_product", &hessian_doc, hessian);
        let gauss_newton = method("gauss_newton_product", &gauss_newton_doc, gauss_newton);
        let generics = generics(self.model);
        let (impl_generics, _, where_clause) = generics.split_for_impl();
        let (_, type_generics, _) = self.model.input.generics.split_for_impl();
        let name = &self.model.input.ident;
        quote! {
            impl #impl_generics #name #type_generics #where_clause {
                #hessian
                #gauss_newton
            }
        }
    }
}
