//! Which derivatives are checked, and what each of them is the derivative of.

use crate::derived::Derived;
use gradsmith_compiler::ir::{Graph, NodeId};
use gradsmith_compiler::pipeline::{CostProgram, NetworkProgram, ObjectiveProgram, total};
use std::fmt::Write as _;

/// How a derivative is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// For each entry of the function those of the input.
    Entries,
    /// The derivative of each entry by the entry of the input in the same place.
    Diagonal,
    /// Multiplied by the direction already.
    Product,
}

/// Which of all derivatives it is, in the order in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Gradient,
    Jacobian,
    Hessian,
    Constraint,
    Lagrangian,
    Product,
}

/// A derivative beside what it is the derivative of.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) part: Part,
    pub(super) name: String,
    pub(super) derivative: NodeId,
    pub(super) layout: Layout,
    /// What it is the derivative of.
    pub(super) of: String,
    pub(super) function: NodeId,
}

impl Pair {
    fn new(part: Part, name: String, derivative: NodeId, of: &str, function: NodeId) -> Self {
        Self { part, name, derivative, layout: Layout::Entries, of: of.to_owned(), function }
    }
}

/// All that is checked by moving the same inputs.
#[derive(Debug)]
pub(super) struct Moved {
    pub(super) by: Vec<NodeId>,
    /// The inputs that are the direction, where the derivatives are products with it.
    pub(super) along: Option<Vec<NodeId>>,
    pub(super) pairs: Vec<Pair>,
}

/// What there is to check.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) graph: Graph,
    /// What must be a number for anything to be checked, and how it is called.
    pub(super) value: NodeId,
    pub(super) called: &'static str,
    pub(super) moved: Vec<Moved>,
    /// An input whose rows are shares, as targets are.
    pub(super) shares: Option<NodeId>,
    /// What cannot be checked, and why.
    pub(super) without: Vec<(String, String)>,
    /// What else is to be said of the data.
    pub(super) says: &'static str,
}

/// What there is to check of a derived program.
pub(super) fn of(derived: &Derived<'_>) -> Checked {
    match derived {
        Derived::Cost(_, p) => cost(p),
        Derived::Network(text, p, _) => {
            let products = text.products(p);
            let mut checked = network(p, products.as_ref().map_or(&p.graph, |p| &p.graph));
            match products {
                Ok(products) => {
                    let of_each = p.gradient.iter().zip(&products.hessian);
                    let pairs = of_each.map(|(partial, product)| Pair {
                        layout: Layout::Product,
                        ..Pair::new(
                            Part::Product,
                            format!("(Hv)_{}", partial.name),
                            *product,
                            &format!("∂C/∂{}", partial.name),
                            partial.node,
                        )
                    });
                    checked.moved.push(Moved {
                        by: p.gradient.iter().map(|partial| partial.by).collect(),
                        along: Some(products.directions),
                        pairs: pairs.collect(),
                    });
                }
                Err(why) => {
                    let why = why.iter().next().map_or_else(String::new, |error| error.message.clone());
                    checked.without.push(("Hessian times v".to_owned(), why));
                }
            }
            checked
        }
        Derived::Objective(_, p) => objective(p),
    }
}

fn cost(p: &CostProgram) -> Checked {
    let mut graph = p.graph.clone();
    let mut parts = vec![p.data, p.constant];
    parts.extend(p.tensors.iter().map(|t| t.penalty));
    let value = total(&mut graph, &parts);
    let diagonal = Pair {
        layout: Layout::Diagonal,
        ..Pair::new(
            Part::Hessian,
            "diagonal of ∂²c/∂a²".to_owned(),
            p.hessian_diagonal,
            "∂c/∂a",
            p.d_activation,
        )
    };
    let by_a = Pair::new(Part::Gradient, "∂c/∂a".to_owned(), p.d_activation, "c", p.data);
    let mut moved = vec![Moved { by: vec![p.a], along: None, pairs: vec![by_a, diagonal] }];
    for t in &p.tensors {
        let pair = Pair::new(Part::Gradient, format!("∂C/∂{}", t.partial.name), t.partial.node, "C", value);
        moved.push(Moved { by: vec![t.partial.by], along: None, pairs: vec![pair] });
    }
    let shares = graph.inputs().iter().find(|i| i.name == "y").map(|i| i.node);
    let says = "These are a cost's own derivatives: w and b stand for those of any layer and are of any size. What \
                back-propagation brings is checked where a network is given.";
    Checked { graph, value, called: "C of one example", moved, shares, without: Vec::new(), says }
}

/// The gradient of a network, in a graph that holds at least that of its program.
fn network(p: &NetworkProgram, graph: &Graph) -> Checked {
    let mut graph = graph.clone();
    let value = total(&mut graph, &[p.data, p.penalty]);
    let moved = p.gradient.iter().map(|partial| {
        let pair = Pair::new(Part::Gradient, format!("∂C/∂{}", partial.name), partial.node, "C", value);
        Moved { by: vec![partial.by], along: None, pairs: vec![pair] }
    });
    let moved = moved.collect();
    Checked { graph, value, called: "C", moved, shares: Some(p.y), without: Vec::new(), says: "" }
}

fn objective(p: &ObjectiveProgram) -> Checked {
    let names: Vec<&str> = p.wrt.iter().map(|(name, _)| name.as_str()).collect();
    let first = |f: &str, i: usize| format!("∂{f}/∂{}", names[i]);
    let second = |f: &str, i: usize, j: usize| match i == j {
        true => format!("∂²{f}/∂{}²", names[i]),
        false => format!("∂²{f}/∂{}∂{}", names[i], names[j]),
    };
    let mut moved = Vec::new();
    for (j, (_, by)) in p.wrt.iter().enumerate() {
        let mut pairs = vec![Pair::new(Part::Gradient, first("f", j), p.gradient[j], "f", p.value)];
        if let Some(r) = &p.residual {
            pairs.push(Pair::new(Part::Jacobian, first("r", j), r.jacobian[j], "r", r.residual));
        }
        // The blocks on and below the diagonal.
        for (i, row) in p.hessian.iter().enumerate().skip(j) {
            pairs.push(Pair::new(Part::Hessian, second("f", i, j), row[j], &first("f", i), p.gradient[i]));
        }
        if let Some(held) = &p.restricted {
            for (k, c) in held.constraints.iter().enumerate() {
                let name = first(&format!("g{}", k + 1), j);
                pairs.push(Pair::new(
                    Part::Constraint,
                    name,
                    c.jacobian[j],
                    &format!("g{}: {}", k + 1, c.text),
                    c.node,
                ));
            }
            pairs.push(Pair::new(
                Part::Lagrangian,
                first("L", j),
                held.stationarity[j],
                "L",
                held.lagrangian,
            ));
            for (i, row) in held.hessian.iter().enumerate().skip(j) {
                pairs.push(Pair::new(
                    Part::Lagrangian,
                    second("L", i, j),
                    row[j],
                    &first("L", i),
                    held.stationarity[i],
                ));
            }
        }
        moved.push(Moved { by: vec![*by], along: None, pairs });
    }
    let products = p.hessian_product.iter().enumerate().map(|(i, product)| Pair {
        layout: Layout::Product,
        ..Pair::new(Part::Product, format!("(Hv)_{}", names[i]), *product, &first("f", i), p.gradient[i])
    });
    moved.push(Moved {
        by: p.wrt.iter().map(|(_, by)| *by).collect(),
        along: Some(p.directions.clone()),
        pairs: products.collect(),
    });
    Checked {
        graph: p.graph.clone(),
        value: p.value,
        called: "f",
        moved,
        shares: None,
        without: Vec::new(),
        says: "",
    }
}

/// A number with its thousands apart.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (k, digit) in digits.chars().enumerate() {
        if k > 0 && (digits.len() - k).is_multiple_of(3) {
            out.push(',');
        }
        let _ = write!(out, "{digit}");
    }
    out
}
