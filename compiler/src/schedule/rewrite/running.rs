//! Running sums by themselves: what is multiplied by them is multiplied afterwards, and what they sum is one
//! array.
//!
//! ```text
//! Σ_j (j ≤ i) a[j] b[j] c[i] = c[i] · Σ_j (j ≤ i) s[j],   s = a .* b
//! ```

use super::by_rule;
use crate::ir::{Graph, Index, NodeId, Number, Op, Tensor};
use crate::schedule::form::{RunningSum, Summed};

/// Takes running sums out of products; the new roots.
pub(super) fn taken_out(g: &mut Graph, roots: &[NodeId]) -> Vec<NodeId> {
    let mut made = 0;
    by_rule(g, roots, |g, _, same, _| one_taken_out(g, same, &mut made))
}

fn one_taken_out(g: &mut Graph, id: NodeId, made: &mut usize) -> Option<NodeId> {
    if RunningSum::of(g, id).is_some() {
        return None;
    }
    let Summed { of, axis, .. } = Summed::of(g, id)?;
    let Op::Product { coeff, factors, .. } = g.op(id).clone() else { return None };
    let rank = g.rank(id);
    let locals = g.locals(id);
    let (out, summed) = (&locals[..rank], locals[rank]);
    let all: Vec<(Tensor, Number)> =
        factors.iter().map(|f| (g.tensor(&f.operand, &locals), f.power)).collect();
    let terms: Vec<(Tensor, Number)> = of.iter().map(|&k| all[k].clone()).collect();
    let relation = all.iter().find(|(t, _)| g.is_indicator(t.node) && t.indices.contains(&summed))?.clone();
    let rest = (0..all.len()).filter(|k| !of.contains(k) && all[*k].0 != relation.0);
    let mut rest: Vec<(Tensor, Number)> = rest.map(|k| all[k].clone()).collect();
    // The axes that the terms run along, in the order of the result.
    let runs = |i: &Index| *i == out[axis] || terms.iter().any(|(t, _)| t.indices.contains(i));
    let own: Vec<Index> = out.iter().copied().filter(runs).collect();
    let along: Vec<Index> = own.iter().map(|&i| if i == out[axis] { summed } else { i }).collect();
    *made += 1;
    let array = match &terms[..] {
        [(t, power)] if power.is_one() && t.indices == along => t.node,
        _ => {
            let array = g.contract(Number::ONE, &terms, &along);
            if g.name(array).is_none() {
                g.set_name(array, &format!("summand{made}"));
            }
            array
        }
    };
    let parts = [relation, (Tensor::new(array, along), Number::ONE)];
    let running = g.contract_over(Number::ONE, &parts, &own, &[summed]);
    if rest.is_empty() && own == out {
        return Some(g.contract_over(coeff, &parts, out, &[summed]));
    }
    rest.push((Tensor::new(running, own), Number::ONE));
    Some(g.contract_over(coeff, &rest, out, &[]))
}
