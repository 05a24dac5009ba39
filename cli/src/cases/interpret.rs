//! Cases through the compiler and its interpreter.

use super::compare::{Array, Disagreement, compare};
use super::reject;
use super::{Body, Case, Cost, Named, Network, Objective, Tensor, named, scalars};
use gradsmith_compiler::diag::Diagnostics;
use gradsmith_compiler::eval::{Evaluator, Sizes};
use gradsmith_compiler::ir::{ExtentKind, Graph, NodeId};
use gradsmith_compiler::lower::Role;
use gradsmith_compiler::pipeline::{Derivatives, total};
use gradsmith_compiler::syntax::ast::Declaration;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// The stack that a case must do with.
const STACK: usize = 2 << 20;

/// The time that a case may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Runs a case, on a small stack of its own and for a limited time: what it does not agree with.
#[must_use]
pub fn run(case: &Arc<Case>) -> Vec<Disagreement> {
    let (send, receive) = mpsc::channel();
    let own = Arc::clone(case);
    let thread = thread::Builder::new().stack_size(STACK).spawn(move || {
        // Nobody listens any more after a time-out.
        let _ = send.send(disagreements(&own));
    });
    let thread = match thread {
        Ok(thread) => thread,
        Err(error) => return vec![Disagreement::Other(format!("no thread to run it on: {error}"))],
    };
    match receive.recv_timeout(LIMIT) {
        Ok(found) => found,
        Err(mpsc::RecvTimeoutError::Timeout) => {
            vec![Disagreement::Other(format!("no answer within {} s", LIMIT.as_secs()))]
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            let payload = thread.join().err();
            let text = payload.as_ref().and_then(|p| {
                p.downcast_ref::<String>().map(String::as_str).or_else(|| p.downcast_ref::<&str>().copied())
            });
            vec![Disagreement::Other(format!("panicked: {}", text.unwrap_or("without a message")))]
        }
    }
}

/// What a case does not agree with.
fn disagreements(case: &Case) -> Vec<Disagreement> {
    let mut found = Vec::new();
    let ran = match &case.body {
        Body::Objective(o) => objective(case, o, &mut found),
        Body::Cost(c) => cost(case, c, &mut found),
        Body::Network(n) => network(case, n, &mut found),
        Body::Reject(r) => {
            found = reject::run(r);
            Ok(())
        }
    };
    if let Err(errors) = ran {
        found.push(Disagreement::Other(format!("refused: {errors}")));
    }
    found
}

/// The data of a graph's inputs, and the sizes of its symbolic extents that follow from them.
#[derive(Debug)]
pub struct Data {
    inputs: Vec<Vec<f64>>,
    sizes: Sizes,
}

impl Data {
    /// Each input by its name; one without data is empty.
    #[must_use]
    pub fn new(graph: &Graph, data: &Named<&Tensor>) -> Self {
        let mut inputs = Vec::new();
        let mut sizes = Sizes::new();
        for input in graph.inputs() {
            let Some(tensor) = named(data, &input.name) else {
                inputs.push(Vec::new());
                continue;
            };
            for (&extent, &size) in graph.shape(input.node).iter().zip(&tensor.shape) {
                if let ExtentKind::Symbol(symbol) = graph.extents.kind(extent) {
                    sizes.insert(symbol.clone(), size);
                }
            }
            inputs.push(tensor.data.clone());
        }
        Self { inputs, sizes }
    }

    /// The values of `nodes`, the inputs made last being `directions`.
    #[must_use]
    pub fn eval(&self, graph: &Graph, nodes: &[NodeId], directions: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let mut inputs = self.inputs.clone();
        inputs.resize(graph.inputs().len() - directions.len(), Vec::new());
        inputs.extend_from_slice(directions);
        let mut evaluator = Evaluator::new(graph, &inputs, &self.sizes);
        nodes.iter().map(|&node| evaluator.eval(node).to_vec()).collect()
    }
}

fn objective(case: &Case, o: &Objective, found: &mut Vec<Disagreement>) -> Result<(), Diagnostics> {
    objective_of(case, o, &|name, tensor| tensor.declared(name), found)?;
    // What indices mean hangs on extents: once more with extents that only the data tell.
    if o.expr.contains('[') && o.vars.iter().all(|(_, tensor)| tensor.extents.is_none()) {
        objective_of(case, o, &|name, tensor| tensor.declared_free(name), found)?;
    }
    Ok(())
}

fn objective_of(
    case: &Case,
    o: &Objective,
    declare: &dyn Fn(&str, &Tensor) -> Declaration,
    found: &mut Vec<Disagreement>,
) -> Result<(), Diagnostics> {
    let text = o.text(declare);
    let lowered = text.lower()?;
    let vars: Named<&Tensor> = o.vars.iter().map(|(name, tensor)| (name.clone(), tensor)).collect();
    let d = Derivatives::of(lowered.graph, lowered.value, &lowered.wrt);
    let data = Data::new(&d.graph, &vars);
    value_and_gradient(case, &d, &data, o.value, &o.wrt, &o.gradient, |n| format!("gradient[{n}]"), found);
    for (k, name) in o.wrt.iter().enumerate() {
        let (hessian, product) = (named(&o.hessian, name), named(&o.products, name));
        if hessian.is_none() && product.is_none() {
            continue;
        }
        let mut second = d.clone();
        let nodes = second.hessian_product(&[k]);
        let apply = |v: Vec<f64>| data.eval(&second.graph, &nodes, &[v]).concat();
        if let Some(wanted) = hessian {
            let n = named(&o.vars, name).map_or(0, |t| t.data.len());
            let mut got = vec![0.0; n * n];
            for column in 0..n {
                let basis = (0..n).map(|row| f64::from(u8::from(row == column))).collect();
                for (row, entry) in apply(basis).into_iter().enumerate() {
                    got[row * n + column] = entry;
                }
            }
            compare(case.tolerance, Array::Hessian(format!("hessian[{name},{name}]")), wanted, &got, found);
        }
        if let Some(product) = product {
            let got = apply(product.direction.clone());
            compare(
                case.tolerance,
                Array::HessianProduct(format!("hvp[{name}]")),
                &product.result,
                &got,
                found,
            );
        }
    }
    Ok(())
}

#[allow(clippy::too_many_arguments, reason = "what is wanted, what was got, and what to call it")]
fn value_and_gradient(
    case: &Case,
    d: &Derivatives,
    data: &Data,
    value: f64,
    names: &[String],
    gradient: &Named<Vec<f64>>,
    label: impl Fn(&str) -> String,
    found: &mut Vec<Disagreement>,
) {
    let mut nodes = vec![d.value];
    nodes.extend(&d.gradient);
    let got = data.eval(&d.graph, &nodes, &[]);
    compare(case.tolerance, Array::Value, &[value], &got[0], found);
    for (name, got) in names.iter().zip(&got[1..]) {
        let array = Array::Gradient(label(name));
        match named(gradient, name) {
            Some(wanted) => compare(case.tolerance, array, wanted, got, found),
            None => found.push(Disagreement::Other(format!("the case has no {array}"))),
        }
    }
}

fn borrowed<'a>(lists: &[&'a Named<Tensor>]) -> Named<&'a Tensor> {
    lists.iter().flat_map(|list| list.iter()).map(|(name, tensor)| (name.clone(), tensor)).collect()
}

fn cost(case: &Case, c: &Cost, found: &mut Vec<Disagreement>) -> Result<(), Diagnostics> {
    let text = c.text(&|name, tensor| tensor.declared(name));
    let mut lowered = text.lower()?;
    let value = total(&mut lowered.graph, &[lowered.data, lowered.penalty]);
    let mut wrt = vec![lowered.a];
    wrt.extend(lowered.tensors.iter().map(|t| t.node));
    let d = Derivatives::of(lowered.graph, value, &wrt);
    let hyper = scalars(&c.hyper);
    let batch = vec![("a".to_owned(), c.a.clone()), ("y".to_owned(), c.y.clone())];
    let data = Data::new(&d.graph, &borrowed(&[&batch, &c.weights, &c.biases, &hyper]));
    let mut wrt_names = vec!["a".to_owned()];
    wrt_names.extend(lowered.tensors.iter().map(|t| t.name.clone()));
    let mut wanted = vec![("a".to_owned(), c.d_activation.clone())];
    wanted.extend(c.d_weight.iter().chain(&c.d_bias).cloned());
    let is_weight = |n: &str| named(&c.weights, n).is_some();
    let label = |n: &str| match n {
        "a" => "d_activation".to_owned(),
        _ if is_weight(n) => format!("d_weight[{n}]"),
        _ => format!("d_bias[{n}]"),
    };
    value_and_gradient(case, &d, &data, c.value, &wrt_names, &wanted, label, found);
    Ok(())
}

fn network(case: &Case, n: &Network, found: &mut Vec<Disagreement>) -> Result<(), Diagnostics> {
    let text = n.text();
    let lowered = text.lower()?;
    let mut cost = lowered.cost;
    for (role, wanted) in [(Role::Weight, &n.weights), (Role::Bias, &n.biases)] {
        let got: Vec<&String> = cost.tensors.iter().filter(|t| t.role == role).map(|t| &t.name).collect();
        if got != wanted.iter().collect::<Vec<_>>() {
            found.push(Disagreement::Other(format!("wanted {wanted:?} for {role:?}, got {got:?}")));
        }
    }
    let value = total(&mut cost.graph, &[cost.data, cost.penalty]);
    let wrt: Vec<NodeId> = cost.tensors.iter().map(|t| t.node).collect();
    let wrt_names: Vec<String> = cost.tensors.iter().map(|t| t.name.clone()).collect();
    let mut d = Derivatives::of(cost.graph, value, &wrt);
    let hyper = scalars(&n.hyper);
    let y = vec![("y".to_owned(), n.y.clone())];
    let data = Data::new(&d.graph, &borrowed(&[&n.inputs, &y, &n.params, &hyper]));
    let label = |n: &str| format!("gradient[{n}]");
    value_and_gradient(case, &d, &data, n.value, &wrt_names, &n.gradient, label, found);
    if let Some(products) = &n.product {
        let nodes = d.hessian_product(&(0..wrt.len()).collect::<Vec<_>>());
        let zeros = |name: &String| named(&n.params, name).map_or(0, |t| t.data.len());
        let directions: Vec<Vec<f64>> = wrt_names
            .iter()
            .map(|w| named(products, w).map_or_else(|| vec![0.0; zeros(w)], |p| p.direction.clone()))
            .collect();
        let got = data.eval(&d.graph, &nodes, &directions);
        for (name, got) in wrt_names.iter().zip(&got) {
            if let Some(product) = named(products, name) {
                compare(
                    case.tolerance,
                    Array::HessianProduct(format!("hvp[{name}]")),
                    &product.result,
                    got,
                    found,
                );
            }
        }
    }
    Ok(())
}
