//! What the methods share: inputs, parameters, temporaries, the steps of a plan.

use super::*;
use crate::emit::document::Piece;
use crate::pipeline::Partial;

impl Items<'_> {
    /// The lines that check the inputs and make slices of them.
    pub(super) fn inputs(&self, targets: bool) -> TokenStream {
        let rt = &self.model.rt;
        let mut names: Vec<(String, NodeId)> = self.program.inputs.clone();
        if targets {
            names.push(("y".to_owned(), self.program.y));
        }
        let idents: Vec<Ident> = names.iter().map(|(name, _)| codegen::identifier(name)).collect();
        let Some(first) = idents.first() else { return TokenStream::new() };
        let checks = names.iter().zip(&idents).map(|((name, node), ident)| {
            let columns = self.columns(*node);
            quote!(let #ident = &#rt::checked(#name, [m, #columns], &#ident)?[..];)
        });
        quote! {
            let m = #rt::batch(#first.nrows(), workspace.capacity)?;
            #(#checks)*
        }
    }

    /// How many entries a node has for each example, along the axes after the batch's: what a row of it holds.
    pub(super) fn columns(&self, node: NodeId) -> TokenStream {
        let extents = &self.graph().extents;
        let own = self.graph().shape(node).iter().skip(1);
        let n: usize = own.map(|&e| extents.as_constant(e).unwrap_or(0)).product();
        let n = Literal::usize_unsuffixed(n);
        quote!(#n)
    }

    /// The arrays of a batch, as arguments of a method.
    pub(super) fn data_params(&self) -> Vec<TokenStream> {
        let (rt, t) = (&self.model.rt, self.t());
        let params = self.program.inputs.iter().map(|(n, _)| {
            let ident = codegen::identifier(n);
            quote!(#ident: #rt::ArrayView2<'_, #t>)
        });
        params.collect()
    }

    /// The lines that name the tensors in the buffer of a value of the parameters' type, each by `name` of
    /// its number.
    pub(super) fn split(&self, of: &str, mutable: bool, name: impl Fn(usize) -> Ident) -> TokenStream {
        let of = format_ident!("{of}");
        let names: Vec<Ident> = (0..self.tensors.len()).map(name).collect();
        self.model.split(&names, &quote!(#of.buffer), &quote!(TENSOR_LENGTHS), mutable)
    }

    /// The lines that name the parameters' tensors.
    pub(super) fn parameters(&self, mutable: bool) -> TokenStream {
        self.split("parameters", mutable, |k| self.tensors[k].ident.clone())
    }

    /// The lines that name the tensors of `gradient` that a plan fills, from its output `first` on.
    pub(super) fn gradients(&self, plan: &Plan, first: usize) -> TokenStream {
        self.split("gradient", true, |k| {
            let buffer = plan.output_buffers[first + k];
            codegen::identifier(&plan.buffers[buffer.0].name)
        })
    }

    /// The lines that name the temporaries in the workspace.
    pub(super) fn temporaries(&self, plan: &Plan) -> TokenStream {
        let batch = self.program.batch;
        let temporaries = plan.buffers.iter().filter(|b| b.storage == Storage::Temporary);
        let (names, sizes) = temporaries
            .map(|b| {
                let (examples, size) = Self::size(plan, b, batch);
                let size = Literal::usize_unsuffixed(size);
                let size = if examples { quote!(m * #size) } else { quote!(#size) };
                (codegen::identifier(&b.name), size)
            })
            .unzip::<_, _, Vec<Ident>, Vec<TokenStream>>();
        self.model.split(&names, &quote!(workspace.buffer), &quote!([#(#sizes),*]), true)
    }

    /// What a node is, as a formula.
    fn formula(&self) -> impl Fn(&Graph, NodeId) -> String + use<> {
        let view = View::of_batch(self.program.batch);
        move |g, n| emit::text(g, n, &view).replace(pipeline::EXAMPLE_WEIGHTS, "weights")
    }

    /// A step of descent: the values, the check that they are finite, the updates.
    pub(super) fn descent(&self) -> (TokenStream, Plan) {
        let rt = &self.model.rt;
        let output = |name: &str, node: NodeId| Output { name: name.to_owned(), node };
        let values = [output("data", self.program.data), output("penalty", self.program.penalty)];
        let slopes: Vec<(NodeId, Output)> = self
            .program
            .gradient
            .iter()
            .filter_map(|p| {
                let parameter = self.graph().inputs().iter().find(|i| i.name == p.name)?;
                Some((parameter.node, output(&format!("grad_{}", p.name), p.node)))
            })
            .collect();
        // No name of the text has a space in it.
        let descent = crate::schedule::descent(
            self.graph(),
            &values,
            &slopes,
            "learning rate",
            &codegen::is_one_function,
            &emit::name_or_text,
        );
        let (steps, updates) = codegen::descent(&descent, &self.context(), &self.formula());
        let method = descent.plan;
        let (body, cost) = (self.in_scope(&method, &steps), self.cost(&method));
        let (parameters, moved) = (self.parameters(false), self.parameters(true));
        let code = quote! {
            #parameters
            #body
            let cost = #cost?;
            #moved
            #updates
            #rt::Ok(cost)
        };
        (code, method)
    }

    /// The steps of a plan, with what they read in scope.
    pub(super) fn body(&self, plan: &Plan) -> TokenStream {
        self.in_scope(plan, &codegen::body(plan, &self.context(), &self.formula()))
    }

    /// The steps of a plan after the lines that name the hyper-parameters and temporaries they read.
    fn in_scope(&self, plan: &Plan, steps: &TokenStream) -> TokenStream {
        let hyper = self.model.hyper_bindings(plan, &self.context());
        let temporaries = self.temporaries(plan);
        quote!(#hyper #temporaries #steps)
    }

    /// A line that mentions the hyper-parameters that the texts speak of and no method reads: `0*lambda` is
    /// no mistake.
    pub(super) fn unread(&self, methods: &[&Plan]) -> TokenStream {
        let buffers = || methods.iter().flat_map(|m| &m.buffers).filter(|b| b.storage == Storage::Input);
        let unread: Vec<TokenStream> = self
            .model
            .fields
            .iter()
            .map(|f| (&f.name, &f.ident))
            .filter(|(name, _)| self.model.speaks_of(name))
            .chain(self.model.vectors().map(|f| (&f.name, &f.ident)))
            .filter(|(name, _)| !buffers().any(|b| b.name == **name))
            .map(|(_, field)| quote!(&self.#field))
            .collect();
        if unread.is_empty() { quote!() } else { quote!(let _ = (#(#unread,)*);) }
    }

    /// The cost, or where it began not to be finite.
    pub(super) fn cost(&self, method: &Plan) -> TokenStream {
        let rt = &self.model.rt;
        let scalar = |k: usize| {
            let buffer = method.output_buffers[k];
            codegen::identifier(&method.buffers[buffer.0].name)
        };
        let (data, penalty) = (scalar(0), scalar(1));
        let inputs: Vec<TokenStream> = self
            .program
            .inputs
            .iter()
            .map(|(name, node)| (name.clone(), *node))
            .chain(std::iter::once(("y".to_owned(), self.program.y)))
            .map(|(name, node)| {
                let (ident, columns) = (codegen::identifier(&name), self.columns(node));
                quote!((#name, #ident, #columns))
            })
            .collect();
        quote!(#rt::finite_cost(#data, #penalty, &[#(#inputs),*], parameters))
    }

    /// rustdoc with the formulas: of `predict_into`, `value`, `value_and_gradient`, `sgd_step`.
    pub(super) fn docs(&self) -> [TokenStream; 4] {
        let view = View::of_batch(self.program.batch);
        let g = self.graph();
        let equation = |left: Piece, node: NodeId| docs::paragraphs(g, &view, left, node);
        let named = |name: &str, node: NodeId| equation(Piece::Name(name.to_owned()), node);
        let mut shown = Vec::new();
        let values_of: TokenStream = self
            .program
            .values
            .iter()
            .filter(|(_, node)| {
                let new = !shown.contains(node);
                shown.push(*node);
                new
            })
            .map(|(name, node)| named(name, *node))
            .collect();
        let (cost, penalty) = (named("data", self.program.data), named("penalty", self.program.penalty));
        let deltas: TokenStream = self.program.deltas.iter().map(|(name, node)| named(name, *node)).collect();
        let by = |p: &Partial| equation(derivation::total("C", &p.name), p.node);
        let gradient: TokenStream = self.program.gradient.iter().map(by).collect();
        let [columns, outputs] = [self.inputs_in_words(), self.outputs_in_words()];
        let predicts = docs::lines(&format!(
            "Writes the outputs of the m examples to `out`, m×{outputs}, a row an example. {columns} Allocates nothing."
        ));
        let values = docs::lines(&format!(
            "The cost of a batch of m examples, C = data + penalty: the mean of the examples' data cost, and the penalty, \
             which counts once. {columns} `y` is m×{outputs}. Allocates nothing."
        ));
        let gradients = docs::lines(
            "The cost of a batch and its total gradient by every parameter, which replaces what `gradient` holds: what \
             back-propagation brings, and the penalty's direct share. Entry i of the gradient belongs to entry i of the \
             parameters. Arrays are those of `value`. Allocates nothing.",
        );
        let steps = docs::lines(
            "A step of gradient descent on the batch, `parameters -= learning_rate * gradient`, and the cost before it. The \
             same as `value_and_gradient` and `Sgd`, but no gradient of a weight matrix is written down: its product is \
             added to the weights. Allocates nothing.",
        );
        let shapes = "# Errors\n\
             - `EmptyBatch`: there are no examples.\n\
             - `ShapeMismatch`: an array has other rows or columns than it must; the error names it, the axis and both \
             extents.\n\
             - `WorkspaceTooSmall`: the batch has more rows than the workspace was made for.";
        let finite = "- `NonFinite`: the cost is NaN or infinite; the error names the first entry that is, of the inputs, \
             then of the parameters.";
        let [of_shapes, of_values] =
            [shapes.to_owned(), format!("{shapes}\n{finite}")].map(|e| docs::lines(&e));
        let of_steps = docs::lines(&format!(
            "{shapes}\n{finite}\n- `InvalidOption`: the learning rate is not finite and greater than 0.\n\n\
             After an error the parameters are what they were."
        ));
        let blank = quote!(#[doc = ""]);
        [
            quote!(#predicts #values_of #blank #of_shapes),
            quote!(#values #cost #penalty #blank #of_values),
            quote!(#gradients #deltas #gradient #blank #of_values),
            quote!(#steps #blank #of_steps),
        ]
    }

    /// What the inputs are, for documentation.
    fn inputs_in_words(&self) -> String {
        let one = |(name, node): &(String, NodeId)| format!("`{name}` is m×{}", self.columns(*node));
        self.program.inputs.iter().map(one).collect::<Vec<_>>().join(", ") + "."
    }

    fn outputs_in_words(&self) -> String {
        self.columns(self.program.output).to_string()
    }
}
