//! The steps of back-propagation.

use super::{
    Called, Chain, Factor, Holds, Step, needs, over_common_denominator, rules_beyond, with, with_all,
};
use crate::diff;
use crate::ir::{AxisFn, Graph, NodeId, Number, Op, Tensor};
use crate::lower::cost::TermKind;
use crate::lower::network::Activation;
use crate::pipeline::NetworkProgram;
use crate::pipeline::network::delta_name;
use crate::simplify::{self, Log};

/// The steps of a network's derivation.
#[derive(Clone, Debug)]
pub struct NetworkSteps {
    /// The graph of all: the program's, and what is made here.
    pub graph: Graph,
    /// Inputs that stand for nodes, so that steps are written with their names.
    pub stands_for: Vec<(NodeId, NodeId)>,
    /// Each term, of one example where it is of data: as written, then as it is computed.
    pub terms: Vec<TermSteps>,
    /// The cost of the batch: the mean of `c`, and what is counted once.
    pub total: NodeId,
    /// Backwards: the cotangents, last layer first.
    pub backwards: Vec<Chain>,
    /// The total derivative by each parameter.
    pub gradient: Vec<Chain>,
}

/// A term of the cost.
#[derive(Clone, Debug)]
pub struct TermSteps {
    /// As it was written, and as it is computed, where that is another formula; none where it stands for more
    /// than one formula.
    pub steps: Vec<NodeId>,
    /// The rules that made the second of the first.
    pub rules: Vec<&'static str>,
}

/// What the steps are made in.
struct Made<'a> {
    g: Graph,
    program: &'a NetworkProgram,
    stands_for: Vec<(NodeId, NodeId)>,
    /// The cost of the examples: as written, and as it is computed.
    written: NodeId,
    computed: NodeId,
    /// The rules that were used so far.
    used: Vec<(&'static str, usize)>,
}

/// The steps to what a network's program has derived.
#[must_use]
pub fn network_steps(program: &NetworkProgram) -> NetworkSteps {
    let mut g = program.graph.clone();
    let m = g.extents.index(program.batch);
    let sum = |g: &mut Graph, nodes: Vec<NodeId>| {
        let terms: Vec<_> = nodes.into_iter().map(|n| (Number::ONE, Tensor::new(n, vec![m]))).collect();
        if terms.is_empty() { g.fill(Number::ZERO, &[m]) } else { g.sum_as(&terms, &[m]) }
    };
    let of_data = |k: &usize| program.terms[*k].kind == TermKind::Data;
    let data: Vec<usize> = (0..program.terms.len()).filter(of_data).collect();
    let written: Vec<NodeId> = data.iter().flat_map(|&k| program.written.instances[k].clone()).collect();
    let computed: Vec<NodeId> =
        data.iter().flat_map(|&k| program.terms[k].instances.iter().map(|i| i.node)).collect();
    let has_examples = !computed.is_empty();
    let (written, computed) = (sum(&mut g, written), sum(&mut g, computed));
    let mut made = Made { g, program, stands_for: Vec::new(), written, computed, used: Vec::new() };
    let terms = (0..program.terms.len()).map(|k| made.term(k)).collect();
    let total = made.total(has_examples);
    let backwards = if has_examples { made.backwards() } else { Vec::new() };
    let gradient = made.gradient(has_examples);
    NetworkSteps { graph: made.g, stands_for: made.stands_for, terms, total, backwards, gradient }
}

impl Made<'_> {
    fn term(&mut self, k: usize) -> TermSteps {
        let term = &self.program.terms[k];
        let ([written], [computed]) = (&*self.program.written.instances[k], &*term.instances) else {
            // Of several tensors: their sum.
            let instances = term.instances.iter().map(|i| (Number::ONE, self.g.whole(i.node)));
            let instances: Vec<_> = instances.collect();
            let axes = instances.first().map(|(_, t)| t.indices.clone()).unwrap_or_default();
            let parts: Vec<_> =
                instances.into_iter().map(|(n, t)| (n, Tensor::new(t.node, axes.clone()))).collect();
            let sum = self.g.sum_as(&parts, &axes);
            let (_, log) = simplify::simplify(&mut self.g, &[sum]);
            return TermSteps { steps: Vec::new(), rules: rules_beyond(&log, &[]) };
        };
        let mut steps = vec![*written];
        let (_, log) = simplify::stabilise(&mut self.g.clone(), &[*written]);
        let (simple, after) = simplify::simplify(&mut self.g, &[computed.node]);
        let rules = rules_beyond(&log.then(&after), &[]);
        if !rules.is_empty() && simple[0] != *written {
            steps.push(simple[0]);
        }
        TermSteps { steps, rules }
    }

    /// `1/m Σ c + penalties`
    fn total(&mut self, has_examples: bool) -> NodeId {
        let program = self.program;
        let scalar = |node: NodeId| (Number::ONE, Tensor::new(node, Vec::new()));
        let mut parts = Vec::new();
        if has_examples {
            let m = self.g.extents.index(program.batch);
            let c = self.g.input("c", &[program.batch]);
            self.stands_for.push((c, self.computed));
            let count = Tensor::new(self.g.extent_value(program.batch), Vec::new());
            let factors = [(Tensor::new(c, vec![m]), Number::ONE), (count, Number::MINUS_ONE)];
            parts.push(scalar(self.g.contract(Number::ONE, &factors, &[])));
        }
        let others = program.terms.iter().filter(|t| t.kind != TermKind::Data);
        parts.extend(others.map(|t| scalar(t.node)));
        self.g.sum_as(&parts, &[])
    }

    /// The rules that the passes use on the way to a cotangent and have not used for those behind it.
    fn rules_to(&mut self, of: NodeId) -> Vec<&'static str> {
        let mut g = self.g.clone();
        let m = g.extents.index(self.program.batch);
        let start = g.fill(Number::ONE, &[m]);
        let known = &self.program.values;
        let name = |_: &Graph, id: NodeId| known.iter().find(|(_, n)| *n == id).map(|(n, _)| delta_name(n));
        // Names are as they were when the program was derived: none yet.
        g.forget_names(self.program.deltas.iter().map(|(name, _)| name.as_str()));
        let cotangent = diff::pullback(&mut g, &[(self.computed, start)], &[of], &name)[0];
        let (_, log) = simplify::simplify(&mut g, &[cotangent]);
        self.new_rules(&log)
    }

    fn new_rules(&mut self, log: &Log) -> Vec<&'static str> {
        let new = rules_beyond(log, &self.used);
        for (name, count) in &log.fired {
            match self.used.iter_mut().find(|(n, _)| n == name) {
                Some((_, known)) => *known = (*known).max(*count),
                None => self.used.push((name, *count)),
            }
        }
        new
    }

    fn backwards(&mut self) -> Vec<Chain> {
        let program = self.program;
        let mut chains = Vec::new();
        let value_of = |delta: &str| program.values.iter().find(|(v, _)| delta_name(v) == delta);
        for (name, node) in &program.deltas {
            let Some((value, at)) = value_of(name) else { continue };
            let symbol = Factor { called: Called::Partial("c".to_owned(), value.clone()), node: *node };
            let mut steps = vec![Step::product(vec![symbol])];
            let activation = program.written.activations.iter().find(|a| a.argument == *value);
            let mut reached = false;
            if let Some(activation) = activation
                && let Some(own) = self.through(activation, *node, *at, &mut chains)
            {
                steps.extend(own);
                reached = true;
            }
            if !reached {
                steps.push(Step::full(*node));
            }
            if let Some(where_one) = self.where_targets_sum_to_one(*node) {
                steps.push(where_one);
            }
            let rules = self.rules_to(*at);
            chains.push(Chain { name: name.clone(), steps, rules });
        }
        chains
    }

    /// The steps from the cotangent of an activation to that of its argument `at`, which is `node`.
    fn through(
        &mut self,
        activation: &Activation,
        node: NodeId,
        at: NodeId,
        chains: &mut Vec<Chain>,
    ) -> Option<Vec<Step>> {
        let program = self.program;
        let value = program.values.iter().find(|(name, _)| *name == activation.value)?.1;
        if value == at {
            return None;
        }
        let d_name = delta_name(&activation.value);
        let of_value = match program.deltas.iter().find(|(name, _)| *name == d_name) {
            // All that depends on the argument does so through the activation.
            Some((_, d)) if !needs(&self.g, self.computed, at, &[value]) => *d,
            Some(_) => return None,
            None if value == program.output => {
                let (terms, d) = self.by_output(&activation.value)?;
                let called = Called::Partial("c".to_owned(), activation.value.clone());
                let steps =
                    vec![Step::product(vec![Factor { called, node: d }]), Step::full(terms), Step::full(d)];
                chains.push(Chain { name: d_name.clone(), steps, rules: Vec::new() });
                d
            }
            None => return None,
        };
        let named = program.deltas.iter().any(|(name, _)| *name == d_name);
        // f(z), with z an input.
        let shape = self.g.shape(at).to_vec();
        let argument = self.g.input(&activation.argument, &shape);
        let f = with(&mut self.g, value, at, argument);
        let is_entrywise = !self.g.reachable(&[f]).into_iter().any(|id| {
            matches!(self.g.op(id), Op::Axis { .. })
                || matches!(self.g.op(id), Op::Product { bound, .. } if !bound.is_empty())
        });
        if !is_entrywise {
            return self.spread(activation, (f, argument), (of_value, value), (node, at));
        }
        let axes = self.g.whole(f).indices;
        let ones = self.g.fill(Number::ONE, &axes);
        let slope = diff::pullback(&mut self.g, &[(f, ones)], &[argument], &|_, _| None)[0];
        let slope = with(&mut self.g, slope, argument, at);
        let (slope, _) = simplify::simplify(&mut self.g, &[slope]);
        let nothing = self.g.number(Number::ZERO);
        let slope = simplify::by_activations(&mut self.g, &slope, nothing)[0];
        let called = Called::Partial("c".to_owned(), activation.value.clone());
        let prime =
            Called::Slope(activation.function.clone(), activation.argument.clone(), activation.rest.clone());
        let symbols = vec![Factor { called, node: of_value }, Factor { called: prime.clone(), node: slope }];
        let mut steps = vec![Step::product(symbols)];
        let in_full = if named { Called::Name(d_name) } else { Called::Full };
        if self.g.as_constant(slope).is_some_and(Number::is_one) {
            steps.push(Step::full(node));
            return Some(steps);
        }
        // A choice is said in words, then the product is the choice itself.
        if !matches!(self.g.op(slope), Op::Select { .. }) {
            steps.push(Step::product(vec![Factor { called: in_full, node: of_value }, Factor::full(slope)]));
        }
        if matches!(self.g.op(slope), Op::Select { .. }) {
            let choice = Some(Factor { called: prime, node: slope });
            steps.push(Step { choice, ..Step::full(node) });
        } else {
            let cancels = is_divided_by(&self.g, of_value, slope).then_some(slope);
            steps.push(Step { cancels, ..Step::full(node) });
        }
        Some(steps)
    }

    /// The steps through a function each of whose entries depends on all entries of its argument.
    fn spread(
        &mut self,
        activation: &Activation,
        (f, argument): (NodeId, NodeId),
        (of_value, value): (NodeId, NodeId),
        (node, at): (NodeId, NodeId),
    ) -> Option<Vec<Step>> {
        let shape = self.g.shape(f).to_vec();
        let symbol = self.g.input(&delta_name(&activation.value), &shape);
        self.stands_for.push((symbol, of_value));
        let back = diff::pullback(&mut self.g, &[(f, symbol)], &[argument], &|_, _| None)[0];
        let back = with_all(&mut self.g, back, &[(f, value), (argument, at)]);
        let (back, _) = simplify::simplify(&mut self.g, &[back]);
        let in_full = with(&mut self.g, back[0], symbol, of_value);
        let mut first = Step::full(back[0]);
        if let Op::Axis { function: AxisFn::Softmax, .. } = self.g.op(f) {
            let (a, z) = (&activation.value, &activation.argument);
            first = first.noted(format!(
                "Σ_j ∂c/∂{a}[j] * ∂{a}[j]/∂{z}[i]: softmax has the Jacobian diag({a}) - {a} * {a}'"
            ));
        }
        let mut steps = vec![first];
        if in_full != node && in_full != back[0] {
            steps.push(Step::full(in_full));
        }
        steps.push(Step::full(node));
        Some(steps)
    }

    /// ∂c/∂a of the cost as it was written, with a as a value of its own.
    fn by_output(&mut self, name: &str) -> Option<(NodeId, NodeId)> {
        let program = self.program;
        let output = program.written.output;
        let shape = self.g.shape(output).to_vec();
        let a = self.g.input(name, &shape);
        let c = with(&mut self.g, self.written, output, a);
        // What speaks of other values, too, is not a function of a alone.
        let others = program.values.iter().any(|(_, n)| *n != program.output && needs(&self.g, c, *n, &[]));
        let is_value =
            |id: NodeId| self.g.name(id).is_some_and(|n| program.values.iter().any(|(v, _)| v == n));
        let own = self.g.reachable(&[c]);
        if others || own.iter().any(|&id| id != a && is_value(id)) {
            return None;
        }
        let m = self.g.extents.index(program.batch);
        let start = self.g.fill(Number::ONE, &[m]);
        let slope = diff::pullback(&mut self.g, &[(c, start)], &[a], &|_, _| None);
        let (slope, _) = simplify::simplify(&mut self.g, &slope);
        let quotient = match over_common_denominator(&mut self.g, slope[0]) {
            Some(quotient) if self.is_shorter(quotient, slope[0]) => quotient,
            _ => slope[0],
        };
        let mut at_output = |node: NodeId| with(&mut self.g, node, a, program.output);
        Some((at_output(slope[0]), at_output(quotient)))
    }

    fn is_shorter(&self, a: NodeId, b: NodeId) -> bool {
        let g = &self.g;
        g.reachable(&[a]).len() <= g.reachable(&[b]).len()
    }

    /// `a - y` for `sum(y) * a - y`.
    fn where_targets_sum_to_one(&mut self, node: NodeId) -> Option<Step> {
        let y = self.program.y;
        let m = self.g.extents.index(self.program.batch);
        let k = *self.g.shape(y).get(1)?;
        let k = self.g.extents.index(k);
        let total = self.g.contract(Number::ONE, &[(Tensor::new(y, vec![m, k]), Number::ONE)], &[m]);
        if !needs(&self.g, node, total, &[]) {
            return None;
        }
        let one = self.g.fill(Number::ONE, &[m]);
        let at_one = with(&mut self.g, node, total, one);
        let (at_one, _) = simplify::simplify(&mut self.g, &[at_one]);
        if needs(&self.g, at_one[0], total, &[]) || at_one[0] == node {
            return None;
        }
        let step = Step::full(at_one[0]).noted("where the targets sum to 1, as those of one class in k do");
        Some(Step { holds: Holds::TargetsSumToOne, ..step })
    }

    /// `dC/dw = ∂C/∂w + 1/m Σ delta a'`
    fn gradient(&mut self, has_examples: bool) -> Vec<Chain> {
        let program = self.program;
        let mut chains = Vec::new();
        for (partial, direct) in program.gradient.iter().zip(&program.direct) {
            let values: Vec<NodeId> = program.values.iter().map(|(_, n)| *n).collect();
            // What data terms say of a tensor themselves is in back-propagation's share.
            let mixed = has_examples && needs(&self.g, self.computed, partial.by, &values);
            let axes = self.g.whole(partial.node).indices;
            let whole = Tensor::new(partial.node, axes.clone());
            let own = Tensor::new(*direct, axes.clone());
            let back = self.g.sum_as(&[(Number::ONE, whole), (Number::MINUS_ONE, own)], &axes);
            let mut steps = Vec::new();
            if !mixed && !self.g.is_zero(*direct) && !self.g.is_zero(back) {
                let called = Called::Partial("C".to_owned(), partial.name.clone());
                let direct = Factor { called, node: *direct };
                let terms = vec![vec![direct], vec![Factor::full(back)]];
                steps.push(Step { terms, ..Step::default() });
            }
            steps.push(Step::full(partial.node));
            let rules = if has_examples { self.rules_to(partial.by) } else { Vec::new() };
            chains.push(Chain { name: partial.name.clone(), steps, rules });
        }
        chains
    }
}

/// Whether a quotient has all factors of `divisor` below.
fn is_divided_by(g: &Graph, quotient: NodeId, divisor: NodeId) -> bool {
    let factors = |node: NodeId| match g.op(node) {
        Op::Product { factors, .. } => factors.iter().map(|f| (f.operand.node, f.power)).collect(),
        _ => vec![(node, Number::ONE)],
    };
    let below = factors(quotient);
    let of_divisor = factors(divisor);
    g.as_constant(divisor).is_none()
        && of_divisor.iter().all(|(node, power)| {
            power.is_one() && below.iter().any(|(other, p)| other == node && *p == Number::MINUS_ONE)
        })
}
