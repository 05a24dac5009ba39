//! Modules of graphs: planned, generated, with the data of their inputs.

use super::Module;
use cargo_gradsmith::cases::{Named, Tensor, named};
use gradsmith_compiler::codegen::{self, Context, Float};
use gradsmith_compiler::emit;
use gradsmith_compiler::eval::{Evaluator, Sizes};
use gradsmith_compiler::ir::{ExtentKind, Graph, NodeId};
use gradsmith_compiler::schedule::{Output, Policy, Storage, schedule};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// The sizes of symbolic extents that follow from the data of the inputs.
pub(crate) fn sizes(graph: &Graph, data: &Named<&Tensor>) -> Sizes {
    let mut sizes = Sizes::new();
    for input in graph.inputs() {
        let Some(tensor) = named(data, &input.name) else { continue };
        for (&extent, &size) in graph.shape(input.node).iter().zip(&tensor.shape) {
            if let ExtentKind::Symbol(symbol) = graph.extents.kind(extent) {
                sizes.insert(symbol.clone(), size);
            }
        }
    }
    sizes
}

/// `&[1.0, 2.0]`
pub(crate) fn slice(values: &[f64]) -> TokenStream {
    let values = values.iter().map(|v| number(*v));
    quote!(&[#(#values),*])
}

/// A number, exactly; what is none, by name.
pub(crate) fn number(value: f64) -> TokenStream {
    if value.is_nan() {
        return quote!(f64::NAN);
    }
    if value.is_infinite() {
        return if value < 0.0 { quote!(f64::NEG_INFINITY) } else { quote!(f64::INFINITY) };
    }
    let literal = Literal::f64_unsuffixed(value.abs());
    if value.is_sign_negative() { quote!(-#literal) } else { quote!(#literal) }
}

/// What the interpreter says of `nodes`.
pub(crate) fn interpreted(graph: &Graph, nodes: &[NodeId], data: &Named<&Tensor>) -> Vec<Vec<f64>> {
    let of = |name: &str| named(data, name).map_or_else(Vec::new, |t| t.data.clone());
    let inputs: Vec<Vec<f64>> = graph.inputs().iter().map(|i| of(&i.name)).collect();
    let sizes = sizes(graph, data);
    let mut evaluator = Evaluator::new(graph, &inputs, &sizes);
    nodes.iter().map(|&node| evaluator.eval(node).to_vec()).collect()
}

/// A module that yields `nodes`, planned together, in double precision.
pub(crate) fn module(
    graph: &Graph,
    nodes: &[(String, NodeId)],
    data: &Named<&Tensor>,
    policy: Policy,
) -> Module {
    module_in(Float::F64, graph, nodes, data, policy)
}

/// The same in either precision.
pub(crate) fn module_in(
    float: Float,
    graph: &Graph,
    nodes: &[(String, NodeId)],
    data: &Named<&Tensor>,
    policy: Policy,
) -> Module {
    let t = if matches!(float, Float::F32) { quote!(f32) } else { quote!(f64) };
    let outputs: Vec<Output> =
        nodes.iter().map(|(name, node)| Output { name: name.clone(), node: *node }).collect();
    let plan = schedule(graph, &outputs, policy, &emit::name_or_text);
    let sizes = sizes(graph, data);
    let extents = sizes.iter().map(|(name, size)| {
        let size = Literal::usize_unsuffixed(*size);
        (name.clone(), quote!(#size))
    });
    let cx = Context { rt: quote!(::gradsmith::__private), float, extents: extents.collect(), divided: None };
    let mut body = cx.bind_blocks(&plan);
    for buffer in &plan.buffers {
        let name = codegen::identifier(&buffer.name);
        match buffer.storage {
            Storage::Input => {
                let values = named(data, &buffer.name).map_or(&[][..], |t| &t.data);
                if buffer.shape.is_empty() {
                    let value = number(values.first().copied().unwrap_or(f64::NAN));
                    body.extend(quote!(let #name: #t = #value;));
                } else if named(data, &buffer.name).is_some_and(|t| t.whole) {
                    let values = values.iter().map(|v| Literal::usize_unsuffixed(*v as usize));
                    body.extend(quote!(let #name: &[usize] = &[#(#values),*];));
                } else {
                    let values = slice(values);
                    body.extend(quote!(let #name: &[#t] = #values;));
                }
            }
            // What is read before it is written shows.
            Storage::Output | Storage::Temporary | Storage::Block | Storage::Parts => {
                let n = cx.numbers(&plan, buffer);
                body.extend(quote!(let mut #name = vec![#t::NAN; #n]; let #name = &mut #name[..];));
            }
            Storage::Scalar => {}
        }
    }
    body.extend(codegen::body(&plan, &cx, &|_, _| String::new()));
    let results = plan.output_buffers.iter().map(|b| {
        let buffer = &plan.buffers[b.0];
        let name = codegen::identifier(&buffer.name);
        if buffer.shape.is_empty() {
            quote!(vec![f64::from(#name)])
        } else {
            quote!(#name.iter().map(|&x| f64::from(x)).collect())
        }
    });
    body.extend(quote!(Ok(vec![#(#results),*])));
    Module { items: TokenStream::new(), body }
}
