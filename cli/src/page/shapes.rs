//! What has which shape.

use crate::derived::Derived;
use gradsmith_compiler::emit::svg::escaped;
use gradsmith_compiler::ir::{Extent, Graph, NodeId};
use gradsmith_compiler::lower::Role;
use gradsmith_compiler::pipeline::NetworkProgram;

/// What a value of a network is.
fn value(program: &NetworkProgram, name: &str) -> &'static str {
    let activations = &program.written.activations;
    if activations.iter().any(|a| a.argument == name) {
        "pre-activation"
    } else if activations.iter().any(|a| a.value == name) {
        "activation"
    } else {
        "value"
    }
}

/// A table: name, what it is, shape.
#[must_use]
pub(super) fn table(derived: &Derived<'_>) -> String {
    let g = derived.graph();
    let mut rows: Vec<(String, &str, String)> = Vec::new();
    let role = |role: Role| match role {
        Role::Weight => "weight",
        Role::Bias => "bias",
        _ => "parameter",
    };
    let known = |rows: &[(String, &str, String)], name: &str| rows.iter().any(|(n, ..)| n == name);
    match derived {
        Derived::Cost(_, p) => {
            rows.push(("a".to_owned(), "activations of one example", shape(g, p.a, None)));
            rows.push(("y".to_owned(), "targets of one example", shape(g, p.a, None)));
            for t in &p.tensors {
                let says = role(t.partial.role);
                rows.push((t.partial.name.clone(), says, shape(g, t.partial.by, None)));
                rows.push((
                    format!("∂C/∂{}", t.partial.name),
                    "direct partial",
                    shape(g, t.partial.node, None),
                ));
            }
            rows.push(("∂c/∂a".to_owned(), "derivative, of one example", shape(g, p.d_activation, None)));
            rows.push(("C".to_owned(), "cost", "scalar".to_owned()));
        }
        Derived::Network(_, p, _) => {
            let batch = Some(p.batch);
            for (name, node) in &p.inputs {
                rows.push((name.clone(), "input", shape(g, *node, batch)));
            }
            rows.push(("y".to_owned(), "targets", shape(g, p.y, batch)));
            for (name, node) in &p.values {
                rows.push((name.clone(), value(p, name), shape(g, *node, batch)));
            }
            for (name, node) in &p.deltas {
                rows.push((name.clone(), "cotangent", shape(g, *node, batch)));
            }
            for partial in &p.gradient {
                let of = shape(g, partial.by, batch);
                rows.push((partial.name.clone(), role(partial.role), of.clone()));
                rows.push((format!("dC/d{}", partial.name), "gradient", of));
            }
            rows.push(("C".to_owned(), "cost", "scalar".to_owned()));
        }
        Derived::Objective(text, p) => {
            let multipliers = p.restricted.iter().flat_map(|held| &held.constraints);
            let multipliers: Vec<NodeId> = multipliers.map(|c| c.multiplier.1).collect();
            for input in g.inputs() {
                let what = if p.wrt.iter().any(|(_, node)| *node == input.node) {
                    "variable"
                } else if multipliers.contains(&input.node) {
                    "multiplier of a constraint"
                } else if text.variables.iter().any(|d| d.name.name == input.name) {
                    "data"
                } else {
                    // What derivatives go along.
                    continue;
                };
                rows.push((input.name.clone(), what, shape(g, input.node, None)));
            }
            for (name, node) in &p.locals.nodes {
                rows.push((name.clone(), "value", shape(&p.locals.graph, *node, None)));
            }
            rows.push(("f".to_owned(), "objective", shape(g, p.value, None)));
            for ((name, _), node) in p.wrt.iter().zip(&p.gradient) {
                rows.push((format!("∂f/∂{name}"), "gradient", shape(g, *node, None)));
            }
            for (i, row) in p.hessian.iter().enumerate() {
                for (j, node) in row.iter().enumerate() {
                    let name = if i == j {
                        format!("∂²f/∂{}²", p.wrt[i].0)
                    } else {
                        format!("∂²f/∂{}∂{}", p.wrt[i].0, p.wrt[j].0)
                    };
                    rows.push((name, "block of the Hessian", shape(g, *node, None)));
                }
            }
        }
    }
    if !matches!(derived, Derived::Objective(..)) {
        let all: Vec<_> = g.inputs().iter().map(|i| (i.name.clone(), i.node)).collect();
        for (name, node) in all {
            if !known(&rows, &name) {
                rows.push((name, "hyper-parameter", shape(g, node, None)));
            }
        }
    }
    let mut out = String::from(
        "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">name</th><th scope=\"col\">what it is</th><th \
         scope=\"col\">shape</th></tr></thead><tbody>\n",
    );
    for (name, says, shape) in rows {
        out.push_str(&format!(
            "<tr><th scope=\"row\"><code>{}</code></th><td>{says}</td><td>{}</td></tr>\n",
            escaped(&name),
            escaped(&shape)
        ));
    }
    out.push_str("</tbody></table></div>\n");
    if matches!(derived, Derived::Network(..)) {
        out.push_str("<p>of one example, where a batch has m rows</p>\n");
    }
    out
}

fn shape(g: &Graph, node: NodeId, batch: Option<Extent>) -> String {
    let batch = batch.map(|b| g.extents.find(b));
    let axes = g.shape(node).iter().filter(|e| Some(g.extents.find(**e)) != batch);
    let extents: Vec<String> = axes.map(|&e| g.extent_text(e)).collect();
    match extents.len() {
        0 => "scalar".to_owned(),
        1 => format!("vector, {}", extents[0]),
        2 => format!("matrix, {}", extents.join(" × ")),
        _ => format!("tensor, {}", extents.join(" × ")),
    }
}
