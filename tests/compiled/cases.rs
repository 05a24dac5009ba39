//! Modules of reference cases: what the derives generate, or what the code generator makes of a plan.

use super::objectives;
use super::plans::{self, number, slice};
use super::{Module, Outcome};
use cargo_gradsmith::cases::compare::{Array, Disagreement, compare};
use cargo_gradsmith::cases::{
    Body, Case, Context, Cost, HessianProduct, Named, Network, Objective, Reject, Tensor, named, scalars,
};
use gradsmith_compiler::derive::{derive_cost, derive_network, derive_objective};
use gradsmith_compiler::pipeline::{Derivatives, total};
use gradsmith_compiler::schedule::Policy;
use gradsmith_compiler::syntax::ast::Declaration;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

/// A case as generated code: the module, and what its arrays are to be.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    /// The module.
    pub(crate) module: Module,
    /// What made it: `derive(Cost)`, `derive(Network)`, `plan`.
    pub(crate) road: &'static str,
    wanted: Vec<(Array, Vec<f64>)>,
}

impl Subject {
    /// A module whose arrays are to be these.
    pub(crate) fn new(module: Module, road: &'static str, wanted: Vec<(Array, Vec<f64>)>) -> Self {
        Self { module, road, wanted }
    }

    /// What its outcome does not agree with.
    pub(crate) fn disagreements(&self, case: &Case, outcome: &Outcome) -> Vec<Disagreement> {
        let mut found = Vec::new();
        match outcome {
            Ok(arrays) => {
                for ((array, wanted), got) in self.wanted.iter().zip(arrays) {
                    compare(case.tolerance, array.clone(), wanted, got, &mut found);
                }
                if arrays.len() != self.wanted.len() {
                    found.push(Disagreement::Other(format!("{} arrays came back", arrays.len())));
                }
            }
            Err(why) => found.push(Disagreement::Other(why.clone())),
        }
        found
    }
}

/// The case as generated code; none for what must be refused.
pub(crate) fn subject(case: &Case) -> Option<Result<Subject, String>> {
    match &case.body {
        Body::Objective(o) => Some(match objectives::subject(o) {
            Ok(Some(subject)) => Ok(subject),
            Ok(None) => objective(o),
            Err(why) => Err(why),
        }),
        Body::Cost(c) => Some(cost(c)),
        Body::Network(n) => Some(network(n)),
        Body::Reject(_) => None,
    }
}

fn sized(name: &str, tensor: &Tensor) -> Declaration {
    tensor.declared(name)
}

fn borrowed<'a>(lists: &[&'a Named<Tensor>]) -> Named<&'a Tensor> {
    lists.iter().flat_map(|list| list.iter()).map(|(name, tensor)| (name.clone(), tensor)).collect()
}

fn names<T>(list: &Named<T>) -> Vec<String> {
    list.iter().map(|(name, _)| name.clone()).collect()
}

pub(crate) fn gradient_of(
    name: &str,
    list: &Named<Vec<f64>>,
    label: String,
) -> Result<(Array, Vec<f64>), String> {
    let wanted = named(list, name).ok_or_else(|| format!("the case has no {label}"))?;
    Ok((Array::Gradient(label), wanted.clone()))
}

// ---- objectives

fn objective(o: &Objective) -> Result<Subject, String> {
    let text = o.text(&sized);
    let lowered = text.lower().map_err(|e| e.to_string())?;
    let d = Derivatives::of(lowered.graph, lowered.value, &lowered.wrt);
    let mut nodes = vec![("value".to_owned(), d.value)];
    let mut wanted = vec![(Array::Value, vec![o.value])];
    for (name, node) in o.wrt.iter().zip(&d.gradient) {
        nodes.push((format!("grad_{name}"), *node));
        wanted.push(gradient_of(name, &o.gradient, format!("gradient[{name}]"))?);
    }
    let vars: Named<&Tensor> = o.vars.iter().map(|(name, tensor)| (name.clone(), tensor)).collect();
    Ok(Subject { module: plans::module(&d.graph, &nodes, &vars, Policy::Store), road: "plan", wanted })
}

// ---- costs

fn cost(c: &Cost) -> Result<Subject, String> {
    let mut wanted = vec![
        (Array::Value, vec![c.value]),
        (Array::Gradient("d_activation".to_owned()), c.d_activation.clone()),
    ];
    for (name, _) in &c.weights {
        wanted.push(gradient_of(name, &c.d_weight, format!("d_weight[{name}]"))?);
    }
    for (name, _) in &c.biases {
        wanted.push(gradient_of(name, &c.d_bias, format!("d_bias[{name}]"))?);
    }
    if names_no_tensor(c) {
        let expansion = derive_cost(cost_struct(&c.expr, &c.defines, &names(&c.hyper)));
        let refusal = expansion.to_string();
        if !refusal.contains("compile_error") {
            return Ok(Subject { module: derived_cost(c, expansion), road: "derive(Cost)", wanted });
        }
        if !refusal.contains("couples what a cost alone keeps apart") {
            return Err(format!("derive(Cost) refuses: {}", messages(&refusal)));
        }
    }
    Ok(Subject { module: planned_cost(c)?, road: "plan", wanted })
}

/// Whether the derive sees all there is to see: no tensor goes by its own name, weights are matrices.
fn names_no_tensor(c: &Cost) -> bool {
    let text = format!("{} {}", c.expr, c.defines.join(" "));
    let mut words = text.split(|ch: char| !(ch.is_alphanumeric() || ch == '_'));
    let generic = |n: &str| n == "w" || n == "b";
    !words.any(|word| c.weights.iter().chain(&c.biases).any(|(n, _)| n == word && !generic(n)))
        && c.weights.iter().all(|(_, t)| t.shape.len() == 2)
        && c.biases.iter().all(|(_, t)| t.shape.len() == 1)
}

/// The first error messages of an expansion.
pub(crate) fn messages(expansion: &str) -> String {
    let first: Vec<&str> =
        expansion.split("compile_error").skip(1).map(|rest| rest.split('}').next().unwrap_or("")).collect();
    first.join(" | ")
}

/// An attribute's argument: bare tokens where they are tokens of Rust, as people write them, else a string.
fn attribute(text: &str) -> TokenStream {
    let bare: Option<TokenStream> = if text.len() > 2000 { None } else { text.parse().ok() };
    bare.filter(|tokens| !tokens.is_empty() && !text.contains('"')).unwrap_or_else(|| {
        let literal = Literal::string(text);
        quote!(#literal)
    })
}

pub(crate) fn field(name: &str) -> Ident {
    let ident = gradsmith_compiler::codegen::identifier(name).to_string();
    // A word of Rust got an underscore; the language does not know that one, so it is written raw.
    match ident.strip_suffix('_') {
        Some(word) if word == name => Ident::new_raw(word, Span::call_site()),
        _ => Ident::new(name, Span::call_site()),
    }
}

fn cost_struct(expr: &str, defines: &[String], hyper: &[String]) -> TokenStream {
    let cost = attribute(expr);
    let defines = defines.iter().map(|d| attribute(d));
    let fields = hyper.iter().map(|n| field(n));
    quote! {
        #[cost(#cost)]
        #(#[define(#defines)])*
        pub struct Subject { #(pub #fields: f64),* }
    }
}

/// The struct without attributes, and a value of it.
fn subject_struct(hyper: &Named<f64>) -> (TokenStream, TokenStream) {
    let fields: Vec<Ident> = hyper.iter().map(|(n, _)| field(n)).collect();
    let values = hyper.iter().map(|(_, v)| number(*v));
    (quote!(pub struct Subject { #(pub #fields: f64),* }), quote!(Subject { #(#fields: #values),* }))
}

/// A view of a tensor.
fn view(tensor: &Tensor) -> TokenStream {
    let data = slice(&tensor.data);
    match *tensor.shape.as_slice() {
        [rows, cols] => {
            let (rows, cols) = (Literal::usize_unsuffixed(rows), Literal::usize_unsuffixed(cols));
            quote!(::gradsmith::__private::matrix(#data, #rows, #cols))
        }
        _ => quote!(::gradsmith::__private::ArrayView1::from(&#data[..])),
    }
}

fn derived_cost(c: &Cost, expansion: TokenStream) -> Module {
    let (item, value) = subject_struct(&c.hyper);
    let (a, y) = (view(&c.a), view(&c.y));
    let weights: Vec<_> = c.weights.iter().map(|(_, t)| view(t)).collect();
    let biases: Vec<_> = c.biases.iter().map(|(_, t)| view(t)).collect();
    let list = |array: TokenStream| quote!(#array.iter().copied().collect::<Vec<f64>>());
    let d_activation = list(quote!(cost.d_activation(#a, #y)?));
    let d_weights = weights.iter().map(|w| list(quote!(cost.d_weight(#w)?)));
    let d_biases = biases.iter().map(|b| list(quote!(cost.d_bias(#b)?)));
    let body = quote! {
        use ::gradsmith::Cost as _;
        let cost = #value;
        let value = cost.value(#a, #y, &[#(#weights),*], &[#(#biases),*])?.total();
        Ok(vec![vec![value], #d_activation, #(#d_weights,)* #(#d_biases,)*])
    };
    Module { items: quote!(#item #expansion), body }
}

/// A cost with its derivatives: by the activations, then by each tensor; and the data of its inputs.
fn lowered_cost(c: &Cost) -> Result<(Derivatives, Vec<String>, Named<Tensor>), String> {
    let text = c.text(&sized);
    let mut lowered = text.lower().map_err(|e| e.to_string())?;
    let value = total(&mut lowered.graph, &[lowered.data, lowered.penalty]);
    let mut wrt = vec![lowered.a];
    wrt.extend(lowered.tensors.iter().map(|t| t.node));
    let names: Vec<String> = lowered.tensors.iter().map(|t| t.name.clone()).collect();
    let mut data = vec![("a".to_owned(), c.a.clone()), ("y".to_owned(), c.y.clone())];
    data.extend(c.weights.iter().chain(&c.biases).cloned());
    data.extend(scalars(&c.hyper));
    Ok((Derivatives::of(lowered.graph, value, &wrt), names, data))
}

fn planned_cost(c: &Cost) -> Result<Module, String> {
    let (d, names, data) = lowered_cost(c)?;
    let mut nodes = vec![("value".to_owned(), d.value), ("d_activation".to_owned(), d.gradient[0])];
    nodes.extend(names.iter().zip(&d.gradient[1..]).map(|(name, n)| (format!("grad_{name}"), *n)));
    Ok(plans::module(&d.graph, &nodes, &borrowed(&[&data]), Policy::Store))
}

/// A direction in a tensor's space.
fn direction(tensor: &Tensor) -> Tensor {
    let data = (0..tensor.data.len()).map(|k| ((k * 7 + 3) % 11) as f64 / 5.0 - 1.0).collect();
    Tensor::new(tensor.shape.clone(), data)
}

/// Makes what the interpreter says what the case wants.
pub(crate) fn want_what_is_interpreted(body: &mut Body) -> Result<(), String> {
    match body {
        Body::Cost(c) => {
            let (d, names, data) = lowered_cost(c)?;
            let nodes: Vec<_> = std::iter::once(d.value).chain(d.gradient.iter().copied()).collect();
            let mut got = plans::interpreted(&d.graph, &nodes, &borrowed(&[&data])).into_iter();
            c.value = got.next().map_or(f64::NAN, |v| v[0]);
            c.d_activation = got.next().unwrap_or_default();
            let weights = c.weights.len();
            let mut partials: Named<Vec<f64>> = names.into_iter().zip(got).collect();
            c.d_bias = partials.split_off(weights);
            c.d_weight = partials;
        }
        Body::Network(n) => {
            let lowered = n.text().lower().map_err(|e| e.to_string())?;
            let mut cost = lowered.cost;
            let value = total(&mut cost.graph, &[cost.data, cost.penalty]);
            let wrt: Vec<_> = cost.tensors.iter().map(|t| t.node).collect();
            let names: Vec<String> = cost.tensors.iter().map(|t| t.name.clone()).collect();
            let mut d = Derivatives::of(cost.graph, value, &wrt);
            let inputs = d.graph.inputs().len();
            let product = d.hessian_product(&(0..wrt.len()).collect::<Vec<_>>());
            // The directions are the inputs that came last.
            let directions: Named<Tensor> = d.graph.inputs()[inputs..]
                .iter()
                .zip(&names)
                .filter_map(|(input, name)| Some((input.name.clone(), direction(named(&n.params, name)?))))
                .collect();
            let nodes: Vec<_> =
                std::iter::once(d.value).chain(d.gradient.iter().copied()).chain(product).collect();
            let (hyper, y) = (scalars(&n.hyper), vec![("y".to_owned(), n.y.clone())]);
            let data = borrowed(&[&n.inputs, &y, &n.params, &hyper, &directions]);
            let mut got = plans::interpreted(&d.graph, &nodes, &data).into_iter();
            n.value = got.next().map_or(f64::NAN, |v| v[0]);
            n.gradient = names.iter().cloned().zip(got.by_ref()).collect();
            let products = directions.into_iter().zip(got);
            let products = products.map(|((_, v), result)| HessianProduct { direction: v.data, result });
            n.product = Some(names.into_iter().zip(products).collect());
        }
        Body::Objective(_) | Body::Reject(_) => {}
    }
    Ok(())
}

// ---- networks

fn network_struct(network: &str, declarations: &str, inputs: &[String], of: TokenStream) -> TokenStream {
    let network = if declarations.is_empty() {
        attribute(network)
    } else {
        let (network, declarations) = (Literal::string(network), attribute(declarations));
        let inputs = inputs.iter().map(|n| field(n));
        quote!(#network, #declarations, inputs(#(#inputs),*))
    };
    quote!(#[network(#network)] #of)
}

fn network(n: &Network) -> Result<Subject, String> {
    let lowered = n.text().lower().map_err(|e| e.to_string())?;
    let tokens = cost_struct(&n.cost, &n.defines, &names(&n.hyper));
    let expansion = derive_network(network_struct(&n.network, &n.declarations, &names(&n.inputs), tokens));
    let refusal = expansion.to_string();
    if refusal.contains("compile_error") {
        return Err(format!("derive(Network) refuses: {}", messages(&refusal)));
    }
    let mut wanted = vec![(Array::Value, vec![n.value])];
    for (name, _) in &n.params {
        wanted.push(gradient_of(name, &n.gradient, format!("gradient[{name}]"))?);
    }
    wanted.push((Array::Value, vec![n.value]));
    // What the network says of the inputs is the interpreter's business.
    let hyper = scalars(&n.hyper);
    let y = vec![("y".to_owned(), n.y.clone())];
    let data = borrowed(&[&n.inputs, &y, &n.params, &hyper]);
    let output = plans::interpreted(&lowered.cost.graph, &[lowered.cost.a], &data).concat();
    wanted.push((Array::Gradient("predict".to_owned()), output));

    let (item, value) = subject_struct(&n.hyper);
    let params = n.params.iter().map(|(name, t)| {
        let data = slice(&t.data);
        quote!((#name, &#data[..]))
    });
    let gradients = n.params.iter().map(|(name, _)| quote!(of(&gradient, #name)));
    let views: Vec<TokenStream> = lowered
        .inputs
        .iter()
        .map(|(name, _)| named(&n.inputs, name).map_or_else(|| quote!(()), view))
        .collect();
    let y = view(&n.y);
    let [m, k] = [n.y.shape[0], n.y.shape[1]].map(Literal::usize_unsuffixed);
    let product = network_product(n, &quote!(#(#views,)* #y), &mut wanted);
    let body = quote! {
        use ::gradsmith::{Network as _, Parameters as _};
        let subject = #value;
        let tensor = |name: &str| {
            let t = SubjectParameters::TENSORS.iter().find(|t| t.name == name).expect("a tensor of the case");
            t.offset..t.offset + t.len()
        };
        let of = |p: &SubjectParameters, name: &str| p.as_slice()[tensor(name)].to_vec();
        let mut parameters = SubjectParameters::zeros();
        for (name, data) in [#(#params),*] {
            parameters.as_mut_slice()[tensor(name)].copy_from_slice(data);
        }
        let mut gradient = SubjectParameters::zeros();
        gradient.as_mut_slice().fill(f64::NAN);
        // Room for more than there is, as for a short last batch.
        let mut workspace = subject.workspace(#m + 2);
        let cost = subject.value_and_gradient(&parameters, #(#views,)* #y, &mut workspace, &mut gradient)?;
        let value = subject.value(&parameters, #(#views,)* #y, &mut workspace)?;
        let mut output = vec![f64::NAN; #m * #k];
        subject.predict_into(
            &parameters,
            #(#views,)*
            &mut workspace,
            ::gradsmith::__private::matrix_mut(&mut output, #m, #k),
        )?;
        let mut results = vec![vec![cost.total()], #(#gradients,)* vec![value.total()], output];
        #product
        Ok(results)
    };
    Ok(Subject { module: Module { items: quote!(#item #expansion), body }, road: "derive(Network)", wanted })
}

/// The product of the Hessian with the case's direction, in all parameters at once.
fn network_product(n: &Network, data: &TokenStream, wanted: &mut Vec<(Array, Vec<f64>)>) -> TokenStream {
    let Some(product) = &n.product else { return quote!() };
    let directions = product.iter().map(|(name, p)| {
        let direction = slice(&p.direction);
        quote!((#name, &#direction[..]))
    });
    let results = product.iter().map(|(name, p)| {
        wanted.push((Array::HessianProduct(format!("hvp[{name}]")), p.result.clone()));
        quote!(of(&gradient, #name))
    });
    quote! {
        let mut direction = SubjectParameters::zeros();
        for (name, data) in [#(#directions),*] {
            direction.as_mut_slice()[tensor(name)].copy_from_slice(data);
        }
        gradient.as_mut_slice().fill(f64::NAN);
        subject.hessian_vector_product(&parameters, #data, &mut workspace, &direction, &mut gradient)?;
        results.extend([#(#results),*]);
    }
}

// ---- what must be refused

/// What is wrong with the derive's answer to a text that must be refused; none where it cannot be asked.
pub(crate) fn refused_by_derive(r: &Reject) -> Option<Vec<Disagreement>> {
    let expansion = match r.context {
        Context::Objective => {
            // A field says its rank only, so all variables are declared; `wrt` of what is none is not for it.
            if r.wrt.is_empty() || r.wrt.iter().any(|n| named(&r.vars, n).is_none()) {
                return None;
            }
            // Whole numbers are none to differentiate by.
            let (whole, variables): (Vec<_>, Vec<_>) = r.vars.iter().partition(|(_, d)| d.whole);
            let declared = |all: &[&(String, Declaration)]| {
                let all: Vec<String> = all.iter().map(|(_, d)| d.to_string()).collect();
                all.join(", ").parse::<TokenStream>().ok()
            };
            let (expr, wrt, said) = (Literal::string(&r.expr), declared(&variables)?, declared(&whole)?);
            let data = (!whole.is_empty()).then(|| quote!(, data(#said)));
            let fields = whole.iter().map(|(name, _)| field(name));
            let defines = r.defines.iter().map(|d| attribute(d));
            derive_objective(quote! {
                #[objective(#expr, wrt(#wrt) #data)]
                #(#[define(#defines)])*
                struct Subject { #(#fields: Vec<usize>),* }
            })
        }
        Context::Cost => derive_cost(cost_struct(&r.expr, &r.defines, &r.hyper)),
        Context::Network => {
            let of = cost_struct(&r.cost, &r.defines, &r.hyper);
            derive_network(network_struct(&r.expr, &r.declarations, &[], of))
        }
    };
    let text = expansion.to_string();
    let found = if !text.contains("compile_error") {
        (!r.may_accept).then(|| "the derive accepts it".to_owned())
    } else {
        let offered = r.suggestion.as_ref().filter(|s| !text.contains(s.as_str()));
        offered.map(|s| format!("the derive does not offer `{s}`: {}", messages(&text)))
    };
    Some(found.into_iter().map(Disagreement::Other).collect())
}
