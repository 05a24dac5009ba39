//! The gradient against differences of values, at random data.

use super::data::{Data, Draw, Random};
use crate::derived::Derived;
use gradsmith_compiler::emit::svg::escaped;
use gradsmith_compiler::ir::{Graph, NodeId};
use gradsmith_compiler::pipeline::total;

/// How far a variable goes to each side.
const STEP: f64 = 1e-5;

/// How far both may be apart, of the greater of them and 1.
const TOLERANCE: f64 = 1e-5;

/// What is checked: a value, and its derivative by each of some inputs.
struct Checked {
    graph: Graph,
    value: NodeId,
    by: Vec<(String, NodeId, NodeId)>,
    shares: Option<NodeId>,
}

fn checked(derived: &Derived<'_>) -> Checked {
    match derived {
        Derived::Cost(_, p) => {
            let mut graph = p.graph.clone();
            let mut parts = vec![p.data, p.constant];
            parts.extend(p.tensors.iter().map(|t| t.penalty));
            let value = total(&mut graph, &parts);
            let mut by = vec![("a".to_owned(), p.a, p.d_activation)];
            by.extend(p.tensors.iter().map(|t| (t.partial.name.clone(), t.partial.by, t.partial.node)));
            let shares = graph.inputs().iter().find(|i| i.name == "y").map(|i| i.node);
            Checked { graph, value, by, shares }
        }
        Derived::Network(_, p) => {
            let mut graph = p.graph.clone();
            let value = total(&mut graph, &[p.data, p.penalty]);
            let by = p.gradient.iter().map(|g| (g.name.clone(), g.by, g.node)).collect();
            Checked { graph, value, by, shares: Some(p.y) }
        }
        Derived::Objective(_, p) => {
            let by =
                p.wrt.iter().zip(&p.gradient).map(|((name, node), d)| (name.clone(), *node, *d)).collect();
            Checked { graph: p.graph.clone(), value: p.value, by, shares: None }
        }
    }
}

/// A table: for each variable the derivative along a random direction, by the formula and by differences.
#[must_use]
pub(super) fn table(derived: &Derived<'_>) -> String {
    let c = checked(derived);
    for draw in [Draw::Normal, Draw::Positive, Draw::Part] {
        let Some(data) = Data::random(&c.graph, draw, c.shares) else {
            return "<p>not checked here: the arrays are large, or no small sizes fit</p>\n".to_owned();
        };
        if let Some(rows) = rows(&c, &data) {
            return written(&c, &data, &rows);
        }
    }
    "<p>not checked here: no random data lie where the formula is defined</p>\n".to_owned()
}

/// Name, by the formula, by differences; nothing where a number is none.
fn rows(c: &Checked, data: &Data) -> Option<Vec<(String, f64, f64)>> {
    let mut rows = Vec::new();
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for (name, by, derivative) in &c.by {
        let input = c.graph.inputs().iter().position(|i| i.node == *by)?;
        let symmetric = c.graph.inputs()[input].symmetric;
        let entries = data.inputs[input].len();
        let mut along: Vec<f64> = (0..entries).map(|_| random.drawn(Draw::Normal)).collect();
        if symmetric {
            let n = entries.isqrt();
            for i in 0..n {
                for j in 0..i {
                    along[i * n + j] = along[j * n + i];
                }
            }
        }
        let gradient = data.eval(&c.graph, &[*derivative]).concat();
        let formula: f64 = gradient.iter().zip(&along).map(|(g, v)| g * v).sum();
        let value = |sign: f64| {
            let mut moved = data.clone();
            for (x, v) in moved.inputs[input].iter_mut().zip(&along) {
                *x += sign * STEP * v;
            }
            moved.eval(&c.graph, &[c.value]).concat().first().copied().unwrap_or(f64::NAN)
        };
        let difference = (value(1.0) - value(-1.0)) / (2.0 * STEP);
        if !(formula.is_finite() && difference.is_finite()) {
            return None;
        }
        rows.push((name.clone(), formula, difference));
    }
    Some(rows)
}

fn written(c: &Checked, data: &Data, rows: &[(String, f64, f64)]) -> String {
    let value = data.eval(&c.graph, &[c.value]).concat().first().copied().unwrap_or(f64::NAN);
    let sizes: Vec<String> = data.sizes.iter().map(|(name, n)| format!("{name} = {n}")).collect();
    let at = if sizes.is_empty() { String::new() } else { format!(", {}", sizes.join(", ")) };
    let mut out = format!(
        "<p>At random data{}: value {value:.6}. Along a random direction, the derivative by the formula and by \
         differences of values:</p>\n<div class=\"scroll\"><table><thead><tr><th scope=\"col\">by</th><th \
         scope=\"col\">formula</th><th scope=\"col\">differences</th><th scope=\"col\">agree</th></tr></thead><tbody>\n",
        escaped(&at)
    );
    for (name, formula, difference) in rows {
        let apart = (formula - difference).abs() / formula.abs().max(difference.abs()).max(1.0);
        let agree = if apart <= TOLERANCE { "yes" } else { "no" };
        out.push_str(&format!(
            "<tr><th scope=\"row\"><code>{}</code></th><td>{formula:.8}</td><td>{difference:.8}</td><td \
             class=\"{agree}\">{agree}, {apart:.0e} apart</td></tr>\n",
            escaped(name)
        ));
    }
    out.push_str("</tbody></table></div>\n");
    out
}
