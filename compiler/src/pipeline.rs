//! The road from a lowered graph to what is planned and printed: stabilise, differentiate, simplify.

use crate::diff;
use crate::ir::{Graph, NodeId, Number, Op, Tensor};
use crate::lower::Role;
use crate::lower::cost::{Cost, Part, Term};
use crate::lower::network::NetworkCost;
use crate::simplify::{self, Log};
use std::collections::BTreeSet;

/// A derivative, ready to be planned or printed.
#[derive(Clone, Debug)]
pub struct Partial {
    /// What it is taken by.
    pub name: String,
    /// That node.
    pub by: NodeId,
    /// Weight, bias or neither.
    pub role: Role,
    /// The derivative.
    pub node: NodeId,
}

/// A cost with its direct partial derivatives, of one example.
#[derive(Clone, Debug)]
pub struct CostProgram {
    /// The graph of all.
    pub graph: Graph,
    /// The terms as they were lowered, their nodes now stable.
    pub terms: Vec<Term>,
    /// The data cost of one example, with the constants that speak of the number of outputs.
    pub data: NodeId,
    /// What mentions neither data nor tensors, nor the number of outputs.
    pub constant: NodeId,
    /// ∂c/∂a, of one example.
    pub d_activation: NodeId,
    /// The diagonal of ∂²c/∂a², of one example.
    pub hessian_diagonal: NodeId,
    /// Penalty and direct derivative of each declared tensor.
    pub tensors: Vec<TensorPartial>,
    /// The rules that fired.
    pub log: Log,
}

/// What a cost says of one tensor.
#[derive(Clone, Debug)]
pub struct TensorPartial {
    /// The tensor's penalty.
    pub penalty: NodeId,
    /// Its derivative.
    pub partial: Partial,
}

fn total(g: &mut Graph, nodes: &[NodeId]) -> NodeId {
    let terms: Vec<_> = nodes.iter().map(|&n| (Number::ONE, Tensor::new(n, Vec::new()))).collect();
    g.sum_as(&terms, &[])
}

/// Derives a cost of one example, lowered without a batch.
#[must_use]
pub fn cost(cost: Cost) -> CostProgram {
    let Cost { mut graph, mut terms, a, tensors, .. } = cost;
    let roots: Vec<NodeId> = terms.iter().map(|t| t.node).collect();
    let (stable, before) = simplify::stabilise(&mut graph, &roots);
    for (t, node) in terms.iter_mut().zip(stable) {
        t.node = node;
    }
    let of = |terms: &[Term], part: Part| -> Vec<NodeId> {
        terms.iter().filter(|t| t.part == part).map(|t| t.node).collect()
    };
    // A constant that speaks of the number of outputs is known with the examples only.
    let counts = |n: &NodeId| graph.reachable(&[*n]).iter().any(|&id| matches!(graph.op(id), Op::Extent(_)));
    let (counting, constant): (Vec<_>, Vec<_>) = of(&terms, Part::Constant).into_iter().partition(counts);
    let data = total(&mut graph, &[of(&terms, Part::Data), counting].concat());
    let constant = total(&mut graph, &constant);
    let d_activation = diff::gradient(&mut graph, data, &[a])[0];
    let penalty = total(&mut graph, &of(&terms, Part::Penalty));
    let by: Vec<NodeId> = tensors.iter().map(|t| t.node).collect();
    let partials = diff::gradient(&mut graph, penalty, &by);
    let mut roots = vec![data, constant, d_activation];
    // A penalty of one tensor: the terms that depend on it.
    for t in &tensors {
        let own: Vec<NodeId> = of(&terms, Part::Penalty)
            .into_iter()
            .filter(|n| graph.reachable(&[*n]).contains(&t.node))
            .collect();
        roots.push(total(&mut graph, &own));
    }
    roots.extend(partials);
    roots.extend(terms.iter().map(|t| t.node));
    let (roots, after) = simplify::simplify(&mut graph, &roots);
    let second = diff::jacobian(&mut graph, roots[2], &[a])[0];
    let (second, _) = simplify::simplify(&mut graph, &[second]);
    let diagonal = diff::diagonal(&mut graph, second[0], 0, 1);
    let (diagonal, _) = simplify::simplify(&mut graph, &[diagonal]);
    let hessian_diagonal = diagonal[0];
    let n = tensors.len();
    for (t, node) in terms.iter_mut().zip(&roots[3 + 2 * n..]) {
        t.node = *node;
    }
    let tensors = tensors
        .into_iter()
        .enumerate()
        .map(|(k, t)| TensorPartial {
            penalty: roots[3 + k],
            partial: Partial { name: t.name, by: t.node, role: t.role, node: roots[3 + n + k] },
        })
        .collect();
    CostProgram {
        graph,
        terms,
        data: roots[0],
        constant: roots[1],
        d_activation: roots[2],
        hessian_diagonal,
        tensors,
        log: before.then(&after),
    }
}

/// A network with the total gradient of its cost, over a batch.
#[derive(Clone, Debug)]
pub struct NetworkProgram {
    /// The graph of all.
    pub graph: Graph,
    /// The terms of the cost, their nodes now stable.
    pub terms: Vec<Term>,
    /// The extent of the batch.
    pub batch: crate::ir::Extent,
    /// What the data supplies, by name.
    pub inputs: Vec<(String, NodeId)>,
    /// The targets.
    pub y: NodeId,
    /// The output activations.
    pub output: NodeId,
    /// The layers' values, in the order computed.
    pub values: Vec<(String, NodeId)>,
    /// The cotangents of the layers' values that backpropagation passes on, last layer first.
    pub deltas: Vec<(String, NodeId)>,
    /// The data cost of the batch.
    pub data: NodeId,
    /// The penalties.
    pub penalty: NodeId,
    /// The total gradient by each parameter.
    pub gradient: Vec<Partial>,
    /// The part of each gradient that comes from the penalty alone, in the same order.
    pub direct: Vec<NodeId>,
    /// The rules that fired.
    pub log: Log,
}

/// What the cotangent of a value is called: `delta2` for `z2`, `d_h` for `h`.
fn delta_name(value: &str) -> String {
    match value.strip_prefix('z') {
        Some(rest) if rest.chars().all(|c| c.is_ascii_digit()) || rest.starts_with('_') => {
            format!("delta{rest}")
        }
        _ => format!("d_{value}"),
    }
}

/// Derives a network's cost: back-propagation from the examples' costs, and the penalties' direct part beside it.
#[must_use]
pub fn network(network: NetworkCost) -> NetworkProgram {
    let NetworkCost { cost, inputs, values } = network;
    let Cost { mut graph, mut terms, a, y, tensors, batch, .. } = cost;
    // Values first: each example's cost, the penalties, the layers.
    let mut roots: Vec<NodeId> = vec![a];
    roots.extend(values.iter().map(|(_, n)| *n));
    roots.extend(terms.iter().map(|t| t.node));
    roots.extend(terms.iter().flat_map(|t| t.instances.iter().map(|i| i.node)));
    let (stable, before) = simplify::stabilise(&mut graph, &roots);
    let mut next = stable.into_iter();
    let mut take = |old: NodeId| next.next().unwrap_or(old);
    let output = take(a);
    let values: Vec<(String, NodeId)> = values.into_iter().map(|(n, old)| (n, take(old))).collect();
    for t in &mut terms {
        t.node = take(t.node);
    }
    for i in terms.iter_mut().flat_map(|t| &mut t.instances) {
        i.node = take(i.node);
    }
    let of = |parts: &[Part]| -> Vec<NodeId> {
        terms.iter().filter(|t| parts.contains(&t.part)).map(|t| t.node).collect()
    };
    let (data_nodes, penalty_nodes) = (of(&[Part::Data, Part::Constant]), of(&[Part::Penalty]));
    let data = total(&mut graph, &data_nodes);
    let penalty = total(&mut graph, &penalty_nodes);
    // Backwards from Σ over the examples; the mean's 1/m comes last, as in the textbook.
    let m = graph.extents.index(batch);
    let examples: Vec<_> = terms
        .iter()
        .filter(|t| t.part == Part::Data)
        .flat_map(|t| &t.instances)
        .map(|i| (Number::ONE, Tensor::new(i.node, vec![m])))
        .collect();
    let by: Vec<NodeId> = tensors.iter().map(|t| t.node).collect();
    let known = values.clone();
    let name = |_: &Graph, id: NodeId| known.iter().find(|(_, n)| *n == id).map(|(n, _)| delta_name(n));
    let mut deltas: Vec<NodeId> = Vec::new();
    let propagated = if examples.is_empty() {
        diff::gradient(&mut graph, data, &by)
    } else {
        let per_example = graph.sum_as(&examples, &[m]);
        let ones = graph.fill(Number::ONE, &[m]);
        let mut wanted = by.clone();
        wanted.extend(values.iter().map(|(_, n)| *n));
        let mut all = diff::pullback(&mut graph, &[(per_example, ones)], &wanted, &name);
        deltas = all.split_off(by.len());
        all
    };
    let direct = diff::gradient(&mut graph, penalty, &by);
    let count = Tensor::new(graph.extent_value(batch), Vec::new());
    let mean = graph.power(&count, Number::MINUS_ONE);
    let mut totals = Vec::new();
    for (data_part, penalty_part) in propagated.iter().zip(&direct) {
        let t = graph.whole(*data_part);
        let mut terms = vec![(Number::ONE, Tensor::new(*penalty_part, t.indices.clone()))];
        if !examples.is_empty() {
            let scaled = graph.contract(
                Number::ONE,
                &[(t.clone(), Number::ONE), (mean.clone(), Number::ONE)],
                &t.indices,
            );
            terms.push((Number::ONE, Tensor::new(scaled, t.indices.clone())));
        }
        totals.push(graph.sum_as(&terms, &t.indices));
    }
    let mut roots = vec![data, penalty, output];
    roots.extend(&totals);
    roots.extend(&direct);
    roots.extend(&deltas);
    roots.extend(terms.iter().map(|t| t.node));
    let (roots, after) = simplify::simplify(&mut graph, &roots);
    let roots = simplify::by_activations(&mut graph, &roots);
    let (p, d) = (totals.len(), deltas.len());
    for (t, node) in terms.iter_mut().zip(&roots[3 + 2 * p + d..]) {
        t.node = *node;
    }
    let gradient = tensors
        .into_iter()
        .zip(&roots[3..])
        .map(|(t, node)| Partial { name: t.name, by: t.node, role: t.role, node: *node })
        .collect();
    let named = roots[3 + 2 * p..3 + 2 * p + d].iter().zip(&values);
    let mut deltas: Vec<(String, NodeId)> = named
        .filter(|(node, _)| !graph.is_zero(**node))
        .map(|(node, (name, _))| (delta_name(name), *node))
        .filter(|(name, node)| graph.name(*node) == Some(name))
        .collect();
    deltas.reverse();
    NetworkProgram {
        data: roots[0],
        penalty: roots[1],
        output: roots[2],
        direct: roots[3 + p..3 + 2 * p].to_vec(),
        graph,
        terms,
        batch,
        inputs,
        y,
        values,
        deltas,
        gradient,
        log: before.then(&after),
    }
}

/// An objective with its derivatives of first and second order.
#[derive(Clone, Debug)]
pub struct ObjectiveProgram {
    /// The graph of all.
    pub graph: Graph,
    /// The value.
    pub value: NodeId,
    /// The variables to differentiate by.
    pub wrt: Vec<(String, NodeId)>,
    /// The gradient by each.
    pub gradient: Vec<NodeId>,
    /// An input for each: the direction of the Hessian-vector product.
    pub directions: Vec<NodeId>,
    /// The Hessian-vector product, by variable: of the full Hessian with all directions at once.
    pub product: Vec<NodeId>,
    /// The Hessian's blocks on and below the diagonal: `hessian[i][j]`, the axes of variable i before those of j.
    pub hessian: Vec<Vec<NodeId>>,
    /// For a residual: itself, its Jacobian by each variable, and JᵀJv.
    pub residual: Option<ResidualProgram>,
    /// The rules that fired.
    pub log: Log,
}

/// What a residual has besides the objective ½ Σ r² that it makes.
#[derive(Clone, Debug)]
pub struct ResidualProgram {
    /// The residual, a vector.
    pub residual: NodeId,
    /// Its Jacobian by each variable: the residual's axis, then the variable's.
    pub jacobian: Vec<NodeId>,
    /// The Gauss-Newton product JᵀJv by each variable.
    pub product: Vec<NodeId>,
}

/// Derives an objective, or the objective ½ Σ r² of a residual. `symmetric` says which variables are symmetric
/// matrices: their gradient is the symmetric part of the gradient by all entries.
#[must_use]
pub fn objective(
    objective: crate::lower::objective::Objective,
    wrt: &[String],
    symmetric: &[bool],
    residual: bool,
) -> ObjectiveProgram {
    let crate::lower::objective::Objective { mut graph, value, wrt: by } = objective;
    let g = &mut graph;
    let r = residual.then_some(value);
    let value = match r {
        Some(r) => {
            let t = g.whole(r);
            g.contract(Number::HALF, &[(t, Number::TWO)], &[])
        }
        None => value,
    };
    let mut roots = vec![value];
    roots.extend(r);
    let (stable, before) = simplify::stabilise(g, &roots);
    let (value, r) = (stable[0], r.map(|_| stable[1]));
    let mut roots = vec![value];
    roots.extend(diff::gradient(g, value, &by));
    for (k, node) in roots[1..].iter_mut().enumerate() {
        *node = symmetric_part(g, *node, symmetric, k, 0);
    }
    let (roots, after) = simplify::simplify(g, &roots);
    let (value, gradient) = (roots[0], roots[1..].to_vec());
    let mut log = before.then(&after);
    // ∇⟨∇f, v⟩
    let directions: Vec<NodeId> = by
        .iter()
        .zip(wrt)
        .map(|(node, name)| {
            let shape = g.shape(*node).to_vec();
            g.input(&format!("v_{name}"), &shape)
        })
        .collect();
    let along = inner_products(g, &gradient, &directions);
    let mut product = diff::gradient(g, along, &by);
    for (k, node) in product.iter_mut().enumerate() {
        *node = symmetric_part(g, *node, symmetric, k, 0);
    }
    let (product, fired) = simplify::simplify(g, &product);
    log = log.then(&fired);
    let mut hessian = Vec::new();
    for (i, row) in gradient.iter().enumerate() {
        let mut blocks = diff::jacobian(g, *row, &by[..=i]);
        let rank = g.rank(*row);
        for (k, node) in blocks.iter_mut().enumerate() {
            *node = symmetric_part(g, *node, symmetric, k, rank);
        }
        let (blocks, fired) = simplify::simplify(g, &blocks);
        log = log.then(&fired);
        hessian.push(blocks);
    }
    let residual = r.map(|r| {
        let (jacobian, product) = gauss_newton(g, r, &by, &directions);
        let mut roots = vec![r];
        roots.extend(&jacobian);
        roots.extend(&product);
        let (roots, _) = simplify::simplify(g, &roots);
        let n = by.len();
        ResidualProgram {
            residual: roots[0],
            jacobian: roots[1..=n].to_vec(),
            product: roots[1 + n..].to_vec(),
        }
    });
    let wrt = wrt.iter().cloned().zip(by).collect();
    ObjectiveProgram { graph, value, wrt, gradient, directions, product, hessian, residual, log }
}

/// Σ ⟨aᵢ, bᵢ⟩ over whole arrays.
fn inner_products(g: &mut Graph, a: &[NodeId], b: &[NodeId]) -> NodeId {
    let terms: Vec<_> = a
        .iter()
        .zip(b)
        .map(|(&x, &y)| {
            let x = g.whole(x);
            let y = Tensor::new(y, x.indices.clone());
            let inner = g.contract(Number::ONE, &[(x, Number::ONE), (y, Number::ONE)], &[]);
            (Number::ONE, Tensor::new(inner, Vec::new()))
        })
        .collect();
    g.sum_as(&terms, &[])
}

/// The Jacobian of `r` and JᵀJv. J v is the derivative of ⟨Jᵀs, v⟩ by s, since Jᵀs is linear in s.
fn gauss_newton(g: &mut Graph, r: NodeId, by: &[NodeId], v: &[NodeId]) -> (Vec<NodeId>, Vec<NodeId>) {
    let jacobian = diff::jacobian(g, r, by);
    let jv = pushforward(g, r, by, v);
    let product = diff::pullback(g, &[(r, jv)], by, &|_, _| None);
    (jacobian, product)
}

/// J v: the change of `of` when each of `by` changes along its direction.
fn pushforward(g: &mut Graph, of: NodeId, by: &[NodeId], v: &[NodeId]) -> NodeId {
    let shape = g.shape(of).to_vec();
    let s = g.input("seed", &shape);
    let back = diff::pullback(g, &[(of, s)], by, &|_, _| None);
    let along = inner_products(g, &back, v);
    diff::gradient(g, along, &[s])[0]
}

/// The symmetric part of a node along the axes `at`, `at + 1`, where variable k is declared symmetric.
fn symmetric_part(g: &mut Graph, node: NodeId, symmetric: &[bool], k: usize, at: usize) -> NodeId {
    if !symmetric.get(k).copied().unwrap_or(false) || g.rank(node) < at + 2 {
        return node;
    }
    let t = g.whole(node);
    let mut turned = t.clone();
    turned.indices.swap(at, at + 1);
    g.sum_as(&[(Number::HALF, t.clone()), (Number::HALF, turned)], &t.indices)
}

/// The second order of a network's cost along a direction: the product with the Hessian, and with its Gauss-Newton part.
#[derive(Clone, Debug)]
pub struct NetworkProducts {
    /// The graph of both.
    pub graph: Graph,
    /// An input for each parameter.
    pub directions: Vec<NodeId>,
    /// ∇⟨∇C, v⟩, by parameter.
    pub hessian: Vec<NodeId>,
    /// (1/m) Σ Jᵀ H_z J v, and the penalty's Hessian times v, by parameter.
    pub gauss_newton: Vec<NodeId>,
}

/// What the loss is a function of: the last named value through which alone the parameters reach output and data cost;
/// else the first such value of the output's shape, which are the pre-activations; else the output.
fn before_loss(g: &Graph, program: &NetworkProgram, by: &[NodeId]) -> NodeId {
    let (output, data) = (program.output, program.data);
    let in_data = g.reachable(&[data]);
    let depends = |id: NodeId| g.reachable(&[id]).iter().any(|n| by.contains(n));
    let alone = |id: NodeId, roots: &[NodeId]| {
        let (mut stack, mut met) = (roots.to_vec(), BTreeSet::from([id]));
        while let Some(next) = stack.pop() {
            if met.insert(next) {
                stack.extend(g.node(next).children());
            }
        }
        id != output && !by.iter().any(|p| met.contains(p)) && in_data.contains(&id) && depends(id)
    };
    let unnamed: Vec<NodeId> = g
        .reachable(&[output])
        .into_iter()
        .filter(|&id| !by.contains(&id) && g.shape(id) == g.shape(output))
        .collect();
    let named = program.values.iter().rev().map(|(_, n)| *n);
    let found = |roots: &[NodeId]| named.clone().chain(unnamed.iter().copied()).find(|&id| alone(id, roots));
    // A cost may speak of inner values beside the output, and of the output's arguments instead of it.
    let of_output = || if in_data.contains(&output) { None } else { found(&[output]) };
    found(&[output, data]).or_else(of_output).unwrap_or(output)
}

/// Derives the products of second order. The Gauss-Newton product takes the cost as a function of the output
/// pre-activations `z` (of the activations where the network has none): J is their Jacobian, H_z the cost's Hessian.
#[must_use]
pub fn network_products(program: &NetworkProgram) -> NetworkProducts {
    let mut graph = program.graph.clone();
    let g = &mut graph;
    let by: Vec<NodeId> = program.gradient.iter().map(|p| p.by).collect();
    let directions: Vec<NodeId> = program
        .gradient
        .iter()
        .map(|p| {
            let shape = g.shape(p.by).to_vec();
            g.input(&format!("v_{}", p.name), &shape)
        })
        .collect();
    let gradient: Vec<NodeId> = program.gradient.iter().map(|p| p.node).collect();
    let along = inner_products(g, &gradient, &directions);
    let hessian = diff::gradient(g, along, &by);
    let seen = before_loss(g, program, &by);
    let slope = diff::gradient(g, program.data, &[seen])[0];
    let jv = pushforward(g, seen, &by, &directions);
    // H_z u with u = J v held fixed: the pullback of the slope along u, to z alone.
    let curved = diff::pullback(g, &[(slope, jv)], &[seen], &|_, _| None)[0];
    let back = diff::pullback(g, &[(seen, curved)], &by, &|_, _| None);
    let direct = inner_products(g, &program.direct, &directions);
    let penalty = diff::gradient(g, direct, &by);
    let gauss_newton: Vec<NodeId> = back
        .iter()
        .zip(&penalty)
        .map(|(a, b)| {
            let t = g.whole(*a);
            let other = Tensor::new(*b, t.indices.clone());
            g.sum_as(&[(Number::ONE, t.clone()), (Number::ONE, other)], &t.indices)
        })
        .collect();
    let mut roots = hessian;
    roots.extend(&gauss_newton);
    let (roots, _) = simplify::simplify(g, &roots);
    let roots = simplify::by_activations(g, &roots);
    let n = by.len();
    NetworkProducts { hessian: roots[..n].to_vec(), gauss_newton: roots[n..].to_vec(), graph, directions }
}
