//! Examples of different weight in one pass, where `#[gradsmith(weighted)]` asks for it.
//!
//! Without it the trait's methods take a pass for each run of one weight, which is as fast for the few weights of
//! classes and masks, and costs a network that has none no code.

use super::*;

/// The program of a network whose examples have weights, if it is asked for.
pub(super) fn program(
    model: &Model,
    text: &NetworkText,
    plain: &NetworkProgram,
) -> Result<Option<NetworkProgram>, syn::Error> {
    let Some(asked) = &model.weighted else { return Ok(None) };
    if plain.inputs.len() != 1 {
        let message = "`weighted` is for networks of one input, which the trait `Network` is for";
        return Err(syn::Error::new_spanned(asked, message));
    }
    text.weighted_program().map(Some).map_err(|d| errors(model, &d))
}

/// The methods, and what they compute.
pub(super) struct Weighted {
    pub(super) methods: TokenStream,
    value: Plan,
    gradient: Plan,
}

impl Weighted {
    pub(super) fn plans(&self) -> [&Plan; 2] {
        [&self.value, &self.gradient]
    }
}

impl Items<'_> {
    pub(super) fn weighted(&self, program: &NetworkProgram) -> Weighted {
        let plan = |gradient: bool| {
            let output = |name: &str, node: NodeId| Output { name: name.to_owned(), node };
            let mut outputs = vec![output("data", program.data), output("penalty", program.penalty)];
            let all = program.gradient.iter().map(|p| output(&format!("grad_{}", p.name), p.node));
            outputs.extend(all.filter(|_| gradient));
            schedule(&program.graph, &outputs, Policy::Store, &emit::name_or_text)
        };
        let (value, gradient) = (plan(false), plan(true));
        let (rt, t, (_, args)) = (&self.model.rt, self.t(), self.type_generics());
        let (parameters, workspace) = (&self.parameters, &self.workspace);
        let (targets, bind) = (self.inputs(true), self.parameters(false));
        let (value_body, value_result) = (self.body(&value), self.cost(&value));
        let (gradient_body, gradient_result) = (self.body(&gradient), self.cost(&gradient));
        let gradients = self.gradients(&gradient, 2);
        let x = codegen::identifier(&self.program.inputs[0].0);
        let methods = quote! {
            /// The cost of a batch whose examples have weights ω, in one pass: its data part is Σᵢ ωᵢ cᵢ / Σᵢ ωᵢ, and the
            /// penalty counts once. Of an example of weight 0 nothing is read. Allocates nothing.
            ///
            /// # Errors
            /// Those of `value`. `ShapeMismatch`: there are not as many weights as examples. `ExampleWeight`: one is
            /// negative, NaN or infinite. `NoWeight`: all are 0.
            fn value_weighted(
                &self,
                parameters: &#parameters #args,
                #x: #rt::ArrayView2<'_, #t>,
                y: #rt::ArrayView2<'_, #t>,
                weights: &[#t],
                workspace: &mut #workspace #args,
            ) -> #rt::Result<#rt::CostValue<#t>, #rt::Error> {
                #rt::weighted_value((#x, y), weights, |#x, y, example_weights| {
                    #targets
                    #bind
                    #value_body
                    #value_result
                })
            }

            /// The cost of a batch whose examples have weights, and its gradient, in one pass. Allocates nothing.
            ///
            /// # Errors
            /// Those of `value_weighted`.
            fn value_and_gradient_weighted(
                &self,
                parameters: &#parameters #args,
                #x: #rt::ArrayView2<'_, #t>,
                y: #rt::ArrayView2<'_, #t>,
                weights: &[#t],
                workspace: &mut #workspace #args,
                gradient: &mut #parameters #args,
            ) -> #rt::Result<#rt::CostValue<#t>, #rt::Error> {
                #rt::weighted_gradient((#x, y), weights, gradient, |#x, y, example_weights, gradient| {
                    #targets
                    #bind
                    #gradients
                    #gradient_body
                    #gradient_result
                })
            }
        };
        Weighted { methods, value, gradient }
    }
}
