//! What is exported: a few functions of named arrays.

use super::arrays::{Body, Id};
use super::lower;
use crate::derivation::{self, Room, Shown, Steps};
use crate::diag::Diagnostics;
use crate::front::{CostText, NetworkText, ObjectiveText};
use crate::ir::{Extent, Graph, NodeId, Number, Op, Tensor};
use crate::pipeline::steps::network_steps;
use crate::pipeline::{Derivatives, total};
use std::rc::Rc;

/// An array that functions take.
#[derive(Clone, Debug)]
pub struct Argument {
    /// Its name in the formula.
    pub name: String,
    /// Its extents.
    pub shape: Vec<Extent>,
    /// Whether its entries are whole numbers: places, from 0.
    pub whole: bool,
}

/// What a function gives.
#[derive(Clone, Debug)]
pub enum Results {
    /// An array.
    One(NodeId),
    /// An array for each of some names.
    Named(Vec<(String, NodeId)>),
    /// A number, and the same.
    Pair(NodeId, Vec<(String, NodeId)>),
    /// An array for each two of some names: the axes of the first, then those of the second.
    Blocks(Vec<(String, Vec<(String, NodeId)>)>),
}

impl Results {
    /// The arrays, in order.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeId> {
        match self {
            Self::One(node) => vec![*node],
            Self::Named(named) => named.iter().map(|(_, node)| *node).collect(),
            Self::Pair(first, named) => {
                std::iter::once(*first).chain(named.iter().map(|(_, node)| *node)).collect()
            }
            Self::Blocks(rows) => {
                rows.iter().flat_map(|(_, row)| row.iter().map(|(_, node)| *node)).collect()
            }
        }
    }
}

/// What a function takes besides parameters and data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extra {
    /// Nothing.
    None,
    /// An array of each parameter's shape, by these names of inputs: a direction.
    Directions(Vec<String>),
    /// The learning rate, by this name.
    Rate(String),
}

/// A function of the parameters and the data.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name, the same for every engine.
    pub name: &'static str,
    /// What it gives, in a line.
    pub says: String,
    /// Whether it takes all data, or only what the network's output needs.
    pub all_data: bool,
    /// What it takes besides.
    pub extra: Extra,
    /// What it gives.
    pub results: Results,
    /// The graph of all.
    pub graph: Rc<Graph>,
}

impl Function {
    /// Its values as arrays; `size` says how many values an index takes, as far as that is known.
    #[must_use]
    pub fn body(&self, size: &dyn Fn(Extent) -> usize) -> (Body, Vec<Id>) {
        lower::lowered(&self.graph, &self.results.nodes(), size)
    }
}

/// What is exported.
#[derive(Clone, Debug)]
pub struct Program {
    /// What it is, in a line.
    pub title: String,
    /// The derivation, as text.
    pub derivation: String,
    /// What is differentiated by.
    pub parameters: Vec<Argument>,
    /// What else the functions take.
    pub data: Vec<Argument>,
    /// Of the data, those that a network's output needs.
    pub inputs: Vec<String>,
    /// The functions.
    pub functions: Vec<Function>,
}

impl Program {
    /// The data that a function takes: all, or a network's inputs, for activations take no hyper-parameters.
    #[must_use]
    pub fn data_of(&self, function: &Function) -> Vec<&Argument> {
        self.data.iter().filter(|a| function.all_data || self.inputs.contains(&a.name)).collect()
    }
}

fn argument(g: &Graph, name: &str, node: NodeId) -> Argument {
    let shape = g.shape(node).iter().map(|&e| g.extents.find(e)).collect();
    let whole = g.inputs().iter().any(|i| i.node == node && i.whole);
    Argument { name: name.to_owned(), shape, whole }
}

/// The inputs that are no parameters.
fn others(g: &Graph, parameters: &[NodeId]) -> Vec<Argument> {
    let data = g.inputs().iter().filter(|i| !parameters.contains(&i.node));
    data.map(|i| argument(g, &i.name, i.node)).collect()
}

fn named(names: &[String], nodes: &[NodeId]) -> Vec<(String, NodeId)> {
    names.iter().cloned().zip(nodes.iter().copied()).collect()
}

/// With its axes behind the first `at` before those.
fn turned(g: &mut Graph, node: NodeId, at: usize) -> NodeId {
    let whole = g.whole(node);
    let out = [&whole.indices[at..], &whole.indices[..at]].concat();
    g.tensor_as(&whole, &out)
}

/// All blocks of a symmetric matrix of those on and below its diagonal.
fn all_blocks(
    g: &mut Graph,
    names: &[String],
    by: &[NodeId],
    lower: &[Vec<NodeId>],
) -> Vec<(String, Vec<(String, NodeId)>)> {
    let mut rows = Vec::new();
    for (i, name) in names.iter().enumerate() {
        let mut row = Vec::new();
        for (j, other) in names.iter().enumerate() {
            let block =
                match (lower.get(i).and_then(|row| row.get(j)), lower.get(j).and_then(|row| row.get(i))) {
                    (Some(&block), _) => block,
                    (None, Some(&block)) => turned(g, block, g.rank(by[j])),
                    (None, None) => continue,
                };
            row.push((other.clone(), block));
        }
        rows.push((name.clone(), row));
    }
    rows
}

/// Value, gradient, Hessian-vector product and Hessian of an objective, and what a residual or constraints have besides.
///
/// # Errors
/// Everything that is wrong with the texts.
pub fn objective(text: &ObjectiveText) -> Result<Program, Diagnostics> {
    let program = text.program()?;
    let derivation = derivation::objective(&program, text, Shown::carried(), Room::of_page).text();
    let names: Vec<String> = program.wrt.iter().map(|(name, _)| name.clone()).collect();
    let by: Vec<NodeId> = program.wrt.iter().map(|(_, node)| *node).collect();
    let mut graph = program.graph;
    let rows = all_blocks(&mut graph, &names, &by, &program.hessian);
    let directions: Vec<String> =
        program.directions.iter().map(|d| graph.name(*d).unwrap_or_default().to_owned()).collect();
    let parameters = program.wrt.iter().map(|(name, node)| argument(&graph, name, *node)).collect();
    let multipliers: Vec<NodeId> =
        program.restricted.iter().flat_map(|r| r.constraints.iter().map(|c| c.multiplier.1)).collect();
    let none: Vec<NodeId> = [&by[..], &program.directions, &multipliers].concat();
    let graph = Rc::new(graph);
    let function = |name, says: &str, extra, results| Function {
        name,
        says: says.to_owned(),
        all_data: true,
        extra,
        results,
        graph: Rc::clone(&graph),
    };
    let gradient = named(&names, &program.gradient);
    let mut functions = vec![
        function("value", "The value, a number.", Extra::None, Results::One(program.value)),
        function(
            "value_and_gradient",
            "The value, and its derivative by each parameter.",
            Extra::None,
            Results::Pair(program.value, gradient),
        ),
        function(
            "hessian_vector_product",
            "The product of the second derivatives with a direction, which has the parameters' names and shapes.",
            Extra::Directions(directions),
            Results::Named(named(&names, &program.hessian_product)),
        ),
        function(
            "hessian",
            "The second derivatives: for two parameters the axes of the first, then those of the second.",
            Extra::None,
            Results::Blocks(rows),
        ),
    ];
    if let Some(r) = &program.residual {
        functions.push(function(
            "residual",
            "The residual, a vector.",
            Extra::None,
            Results::One(r.residual),
        ));
        functions.push(function(
            "jacobian",
            "The residual's derivative by each parameter: the residual's axis, then the parameter's.",
            Extra::None,
            Results::Named(named(&names, &r.jacobian)),
        ));
    }
    if let Some(r) = &program.restricted
        && !r.constraints.is_empty()
    {
        let each = r.constraints.iter();
        let values = each.clone().map(|c| (c.multiplier.0.clone(), c.node)).collect();
        let jacobian = each.map(|c| (c.multiplier.0.clone(), named(&names, &c.jacobian))).collect();
        let said =
            "by the names of their multipliers: 0 where it is an equation (mu), else 0 at most (lambda).";
        functions.push(function(
            "constraints",
            &format!("The constraints, {said}"),
            Extra::None,
            Results::Named(values),
        ));
        functions.push(function(
            "constraint_jacobian",
            "The constraints' derivatives: the axes of the constraint, then those of the parameter.",
            Extra::None,
            Results::Blocks(jacobian),
        ));
    }
    // An input that no function needs has served derivatives to be taken.
    let roots: Vec<NodeId> = functions.iter().flat_map(|f| f.results.nodes()).collect();
    let used = graph.reachable(&roots);
    let data = graph.inputs().iter().filter(|i| used.contains(&i.node) && !none.contains(&i.node));
    let data = data.map(|i| argument(&graph, &i.name, i.node)).collect();
    let title = if text.residual { "Half the sum of squares of a residual." } else { "An objective." };
    Ok(Program { title: title.to_owned(), derivation, parameters, data, inputs: Vec::new(), functions })
}

/// Output, value, gradient, Hessian-vector product and a step of gradient descent of a network.
///
/// # Errors
/// Everything that is wrong with the texts.
pub fn network(text: &NetworkText) -> Result<Program, Diagnostics> {
    let program = text.program()?;
    let products = text.products(&program)?;
    let derivation = derivation::network(&program, &network_steps(&program), text, Steps::All).text();
    let names: Vec<String> = program.gradient.iter().map(|p| p.name.clone()).collect();
    let by: Vec<NodeId> = program.gradient.iter().map(|p| p.by).collect();
    let mut graph = program.graph.clone();
    let parameters: Vec<Argument> =
        program.gradient.iter().map(|p| argument(&graph, &p.name, p.by)).collect();
    let data = others(&graph, &by);
    let value = total(&mut graph, &[program.data, program.penalty]);
    let mut rate_name = "learning_rate".to_owned();
    while graph.inputs().iter().any(|i| i.name == rate_name) {
        rate_name.push('_');
    }
    let rate = graph.input(&rate_name, &[]);
    let mut stepped = Vec::new();
    for p in &program.gradient {
        let weight = graph.whole(p.by);
        let gradient = Tensor::new(p.node, weight.indices.clone());
        let rate = (Tensor::new(rate, Vec::new()), Number::ONE);
        let change = graph.contract(Number::ONE, &[rate, (gradient, Number::ONE)], &weight.indices);
        let change = Tensor::new(change, weight.indices.clone());
        let out = weight.indices.clone();
        stepped.push(graph.sum_as(&[(Number::ONE, weight), (Number::MINUS_ONE, change)], &out));
    }
    let gradient: Vec<NodeId> = program.gradient.iter().map(|p| p.node).collect();
    let graph = Rc::new(graph);
    let function = |name, says: &str, all_data, extra, results| Function {
        name,
        says: says.to_owned(),
        all_data,
        extra,
        results,
        graph: Rc::clone(&graph),
    };
    let directions: Vec<String> =
        products.directions.iter().map(|d| products.graph.name(*d).unwrap_or_default().to_owned()).collect();
    let functions = vec![
        function("predict", "The output activations, a row an example.", false, Extra::None, Results::One(program.output)),
        function("value", "The cost of the batch, a number.", true, Extra::None, Results::One(value)),
        function(
            "value_and_gradient",
            "The cost of the batch, and its derivative by each parameter.",
            true,
            Extra::None,
            Results::Pair(value, named(&names, &gradient)),
        ),
        function(
            "gradient_step",
            "The cost, and the parameters after one step of gradient descent.",
            true,
            Extra::Rate(rate_name),
            Results::Pair(value, named(&names, &stepped)),
        ),
        Function {
            name: "hessian_vector_product",
            says: "The product of the second derivatives with a direction, which has the parameters' names and shapes."
                .to_owned(),
            all_data: true,
            extra: Extra::Directions(directions),
            results: Results::Named(named(&names, &products.hessian)),
            graph: Rc::new(products.graph),
        },
    ];
    let inputs = program.inputs.iter().map(|(name, _)| name.clone()).collect();
    let title = "A network and its cost.".to_owned();
    Ok(Program { title, derivation, parameters, data, inputs, functions })
}

/// The cost of a batch of activations, and its direct derivatives.
///
/// # Errors
/// Everything that is wrong with the texts.
pub fn cost(text: &CostText) -> Result<Program, Diagnostics> {
    let derivation = derivation::cost(&text.program()?, text, Steps::All).text();
    let mut lowered = text.lower()?;
    let value = total(&mut lowered.graph, &[lowered.data, lowered.penalty]);
    // Tensors that the cost does not speak of are nothing to it.
    let used = lowered.graph.reachable(&[value]);
    lowered.tensors.retain(|t| used.contains(&t.node));
    let mut by = vec![lowered.a];
    by.extend(lowered.tensors.iter().map(|t| t.node));
    let d = Derivatives::of(lowered.graph, value, &by);
    text.checked(&d.log)?;
    let parameters: Vec<Argument> =
        lowered.tensors.iter().map(|t| argument(&d.graph, &t.name, t.node)).collect();
    let tensors: Vec<NodeId> = lowered.tensors.iter().map(|t| t.node).collect();
    let used = d.graph.reachable(&[vec![d.value, lowered.a, lowered.y], d.gradient.clone()].concat());
    let is_used = |node: NodeId| used.contains(&node) && matches!(d.graph.op(node), Op::Input(_));
    let data = d.graph.inputs().iter().filter(|i| !tensors.contains(&i.node) && is_used(i.node));
    let data = data.map(|i| argument(&d.graph, &i.name, i.node)).collect();
    let names: Vec<String> = lowered.tensors.iter().map(|t| t.name.clone()).collect();
    let graph = Rc::new(d.graph);
    let function = |name, says: &str, results| Function {
        name,
        says: says.to_owned(),
        all_data: true,
        extra: Extra::None,
        results,
        graph: Rc::clone(&graph),
    };
    let mut functions = vec![
        function("value", "The cost of the batch, a number.", Results::One(d.value)),
        function(
            "d_activation",
            "The derivative of the batch's cost by the activations, a row an example; 1/m is inside.",
            Results::One(d.gradient[0]),
        ),
    ];
    if !names.is_empty() {
        functions.push(function(
            "d_parameters",
            "The direct derivative by each tensor that the cost speaks of; back-propagation adds to it.",
            Results::Named(named(&names, &d.gradient[1..])),
        ));
    }
    let title = "A cost of activations and targets.".to_owned();
    Ok(Program { title, derivation, parameters, data, inputs: Vec::new(), functions })
}
