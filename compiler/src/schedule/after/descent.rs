//! A step of descent planned with the gradient: θ ← θ − η ∂C/∂θ, products going straight into the parameters.
//!
//! A gradient `λ w + δ aᵀ` never becomes an array: w ← (1 − η λ) w − η δ aᵀ is one pass over w. Invariant: no
//! parameter is changed before every step that reads one, so what is computed is what the gradient's own plan
//! computes.

use crate::ir::{Graph, NodeId, Number, Op, Operand, Tensor};
use crate::schedule::plan::{Buffer, BufferId, Loop, MatMul, Plan, Step, Storage};
use std::collections::BTreeSet;

/// A plan of values, and what moves the parameters after it.
#[derive(Clone, Debug)]
pub struct Descent {
    /// Computes the values, and everything that the updates read.
    pub plan: Plan,
    /// Moves the parameters, one after the other.
    pub updates: Vec<Step>,
}

/// A constant, and scalars with their powers.
type Scale = (Number, Vec<(NodeId, Number)>);

/// A parameter, and which output its gradient is.
struct Slope {
    parameter: NodeId,
    output: usize,
}

impl Descent {
    /// A step of descent of a plan whose last outputs are the gradients of these parameters, with the
    /// learning rate by this name: see [`descent`](crate::schedule::descent).
    pub(crate) fn of(
        plan: Plan,
        parameters: &[NodeId],
        (rate, eta): (&str, NodeId),
        whole: &dyn Fn(&Plan) -> bool,
    ) -> Self {
        let first = plan.outputs.len() - parameters.len();
        let slopes: Vec<Slope> = parameters
            .iter()
            .enumerate()
            .map(|(k, &parameter)| Slope { parameter, output: first + k })
            .collect();
        let mut descent = Self { plan, updates: Vec::new() };
        descent.add_scalar_input(rate, eta);
        let read = if whole(&descent.plan) {
            descent.plan.output_buffers.iter().copied().collect()
        } else {
            descent.read()
        };
        for slope in &slopes {
            descent.update(slope, eta, &slopes, &read);
        }
        descent
    }

    fn add_scalar_input(&mut self, name: &str, node: NodeId) {
        self.plan.buffers.push(Buffer { name: name.to_owned(), storage: Storage::Input, shape: Vec::new() });
        self.plan.buffer_of.insert(node, BufferId(self.plan.buffers.len() - 1));
    }

    /// Buffers that a node reads, or a loop that copies: gradients among them must be arrays.
    fn read(&self) -> BTreeSet<BufferId> {
        let roots: Vec<NodeId> = self.plan.outputs.iter().map(|o| o.node).collect();
        let order = self.plan.graph.reachable(&roots);
        let children = order.iter().flat_map(|&id| self.plan.graph.node(id).children());
        let copied = self.plan.flat_steps().flat_map(|step| match step {
            Step::Loop(l) => l.stores.as_slice(),
            _ => &[],
        });
        let copied = copied.filter(|(n, b)| self.plan.buffer_of.get(n).is_some_and(|of| of != b));
        let nodes = children.chain(copied.map(|(n, _)| *n));
        nodes.filter_map(|n| self.plan.buffer_of.get(&n).copied()).collect()
    }

    fn update(&mut self, slope: &Slope, eta: NodeId, all: &[Slope], read: &BTreeSet<BufferId>) {
        let gradient = self.plan.output_buffers[slope.output];
        let Some(&parameter) = self.plan.buffer_of.get(&slope.parameter) else {
            return; // Nothing reads it, so its gradient is 0.
        };
        let parameters: BTreeSet<BufferId> =
            all.iter().filter_map(|s| self.plan.buffer_of.get(&s.parameter).copied()).collect();
        let straight =
            if read.contains(&gradient) { None } else { self.straight(gradient, slope, &parameters) };
        let Some(decay) = straight else {
            let storage = &mut self.plan.buffers[gradient.0].storage;
            if *storage == Storage::Output {
                *storage = Storage::Temporary;
            }
            self.updates.push(Step::Descend { array: parameter, rate: eta, slope: gradient });
            return;
        };
        // What the products were added to goes into the factor of what is there.
        let decay = decay.map(|(coeff, scalars)| self.decay(eta, coeff, &scalars));
        let mut steps = Vec::new();
        for step in std::mem::take(&mut self.plan.steps) {
            match step {
                Step::MatMul(m) if m.out == gradient => {
                    let decay = decay.filter(|_| !self.updates.iter().any(|s| writes(s, parameter)));
                    let mut scalars = m.scalars.clone();
                    scalars.push((eta, Number::ONE));
                    self.updates.push(Step::MatMul(MatMul {
                        out: parameter,
                        accumulate: true,
                        decay,
                        coeff: m.coeff.neg(),
                        scalars,
                        ..m
                    }));
                }
                Step::Loop(mut l) => {
                    l.stores.retain(|(_, b)| *b != gradient);
                    if !l.stores.is_empty() || !l.reductions.is_empty() {
                        l.body = needed(&self.plan.graph, &l);
                        steps.push(Step::Loop(l));
                    }
                }
                other => steps.push(other),
            }
        }
        self.plan.steps = steps;
    }

    /// Whether the gradient is products, added to the parameter itself times a scale, or to nothing: which.
    fn straight(
        &self,
        gradient: BufferId,
        slope: &Slope,
        parameters: &BTreeSet<BufferId>,
    ) -> Option<Option<Scale>> {
        let g = &self.plan.graph;
        let mut products = 0;
        let mut begun = None;
        for step in &self.plan.steps {
            match step {
                Step::MatMul(m) if m.out == gradient => {
                    products += 1;
                    let moved = |o: &Operand| {
                        self.plan.buffer_of.get(&o.node).is_some_and(|b| parameters.contains(b))
                    };
                    // A matrix with itself, or loops that add up, want an array of their own.
                    if m.form.gram.is_some()
                        || !m.form.around_summed.is_empty()
                        || moved(&m.form.left)
                        || moved(&m.form.right)
                    {
                        return None;
                    }
                }
                Step::Loop(l) => {
                    if l.reductions.iter().any(|r| r.buffer == gradient) {
                        return None;
                    }
                    begun = l.stores.iter().find(|(_, b)| *b == gradient).map(|(n, _)| *n).or(begun);
                }
                _ => {}
            }
        }
        if products == 0 {
            return None;
        }
        let Some(begun) = begun else { return Some(None) };
        let identity = |o: &Operand| o.axes.iter().enumerate().all(|(k, &a)| k == a as usize);
        if begun == slope.parameter {
            return Some(Some((Number::ONE, Vec::new())));
        }
        let Op::Product { coeff, factors, bound } = g.op(begun) else { return None };
        let (scalars, arrays): (Vec<_>, Vec<_>) = factors.iter().partition(|f| f.operand.axes.is_empty());
        let [array] = arrays.as_slice() else { return None };
        let itself =
            array.operand.node == slope.parameter && array.power.is_one() && identity(&array.operand);
        let scalars = scalars.iter().map(|f| (f.operand.node, f.power)).collect();
        (itself && bound.is_empty()).then_some(Some((*coeff, scalars)))
    }

    /// `1 − η coeff Π scalars` as a scalar of the plan.
    fn decay(&mut self, eta: NodeId, coeff: Number, scalars: &[(NodeId, Number)]) -> NodeId {
        let g = &mut self.plan.graph;
        let scalar = |n: NodeId| Tensor::new(n, Vec::new());
        let mut factors: Vec<(Tensor, Number)> = scalars.iter().map(|(n, p)| (scalar(*n), *p)).collect();
        factors.push((scalar(eta), Number::ONE));
        let product = g.contract(coeff, &factors, &[]);
        let one = g.constant(Number::ONE);
        let decay = g.sum_as(&[(Number::ONE, one), (Number::MINUS_ONE, scalar(product))], &[]);
        for node in g.reachable(&[decay]) {
            let given = matches!(self.plan.graph.op(node), Op::Number(_) | Op::Pi | Op::Extent(_));
            if !given && !self.plan.buffer_of.contains_key(&node) {
                let names = (1..).map(|k| format!("decay{k}"));
                let buffer = self.plan.add_buffer(names, Storage::Scalar, &[]);
                self.plan.buffer_of.insert(node, buffer);
                self.plan.steps.push(Step::Scalar(node));
            }
        }
        decay
    }
}

/// What of a loop's body its stores and reductions want.
fn needed(g: &Graph, l: &Loop) -> Vec<NodeId> {
    let mut wanted: BTreeSet<NodeId> = l.stores.iter().map(|(n, _)| *n).collect();
    wanted.extend(l.reductions.iter().flat_map(|r| g.node(r.node).children()));
    for &id in l.body.iter().rev() {
        if wanted.contains(&id) {
            wanted.extend(g.node(id).children());
        }
    }
    l.body.iter().copied().filter(|id| wanted.contains(id)).collect()
}

fn writes(step: &Step, buffer: BufferId) -> bool {
    matches!(step, Step::MatMul(m) if m.out == buffer)
}
