//! Which entries of a node something reads that a choice has taken.
//!
//! `where(c, u, 0)` has no share of u where c does not hold. So the cotangent of u is 0 there, and all that
//! it is multiplied by on the way to the leaves; but 0 times what is no number is none. With the cotangents
//! the sweep carries, for each node below a choice, how often its entries are read by what is taken, and
//! where that is 0, a factor that may be no number is 0. An entry that something taken reads has been
//! evaluated: if it is no number, the value has been none.

use super::Sweep;
use crate::ir::build::indices_of;
use crate::ir::{Factor, Graph, Index, NodeId, Number, Op, Operand, Tensor};
use crate::syntax::ast::CompareOp;

/// What has been given to a node: a cotangent, and how often its entries are read by what is taken; `None` is
/// always.
#[derive(Clone, Debug)]
pub(super) struct Share {
    pub(super) ct: NodeId,
    pub(super) taken: Option<Operand>,
}

/// Whether each node is read by something that is no branch of a choice, and that is read so itself.
pub(super) fn always_read(g: &Graph, order: &[NodeId], roots: &[NodeId]) -> Vec<bool> {
    let mut always = vec![false; g.len()];
    for root in roots {
        always[root.0 as usize] = true;
    }
    let mark = |always: &mut Vec<bool>, id: NodeId| always[id.0 as usize] = true;
    for &id in order.iter().rev() {
        if !always[id.0 as usize] {
            continue;
        }
        match g.op(id) {
            Op::Select { lhs, rhs, .. } => {
                mark(&mut always, lhs.node);
                mark(&mut always, rhs.node);
            }
            _ => g.node(id).each_child(|child| mark(&mut always, child)),
        }
    }
    always
}

/// A choice with nothing in one branch, apart.
struct Masked {
    op: CompareOp,
    lhs: Tensor,
    rhs: Tensor,
    /// Which outcome has the value, and the value.
    holds: bool,
    value: Tensor,
    /// The indices of the choice: what runs along them alone the constructors move into the branch.
    along: Vec<Index>,
}

impl Masked {
    /// A choice with 0 in one branch, times whatever stands beside it.
    fn of(g: &mut Graph, t: &Tensor) -> Option<Self> {
        Self::found(g, t, false)
    }

    /// The same, if one number for all entries decides.
    fn by_number(g: &mut Graph, t: &Tensor) -> Option<Self> {
        Self::found(g, t, true)
    }

    fn found(g: &mut Graph, t: &Tensor, by_number: bool) -> Option<Self> {
        if g.is_named(t.node) {
            return None;
        }
        match g.op(t.node).clone() {
            Op::Select { op, lhs, rhs, then, otherwise } => {
                let holds = g.is_zero(otherwise.node);
                let one = lhs.axes.is_empty() && rhs.axes.is_empty();
                if (!holds && !g.is_zero(then.node)) || (by_number && !one) {
                    return None;
                }
                let value = g.tensor(if holds { &then } else { &otherwise }, &t.indices);
                let [lhs, rhs] = [&lhs, &rhs].map(|o| g.tensor(o, &t.indices));
                Some(Self { op, lhs, rhs, holds, value, along: t.indices.clone() })
            }
            Op::Product { coeff, factors, bound } if bound.is_empty() => {
                let mut rest: Vec<(Tensor, Number)> =
                    factors.iter().map(|f| (g.tensor(&f.operand, &t.indices), f.power)).collect();
                let selects = |t: &Tensor| matches!(g.op(t.node), Op::Select { .. });
                let candidates: Vec<usize> =
                    (0..rest.len()).filter(|&k| rest[k].1.is_one() && selects(&rest[k].0)).collect();
                let mut found = candidates.into_iter().map(|k| (k, Self::found(g, &rest[k].0, by_number)));
                let (k, masked) = found.find_map(|(k, masked)| Some((k, masked?)))?;
                rest[k].0 = masked.value;
                let axes = indices_of(rest.iter().map(|(t, _)| t));
                let value = Tensor::new(g.contract(coeff, &rest, &axes), axes);
                Some(Self { value, ..masked })
            }
            _ => None,
        }
    }

    /// Whether one number for all entries decides.
    fn is_whole(&self) -> bool {
        self.lhs.indices.is_empty() && self.rhs.indices.is_empty()
    }

    /// The same choice of another value.
    fn with(&self, g: &mut Graph, value: &Tensor) -> Tensor {
        let zero = g.constant(Number::ZERO);
        let (then, otherwise) = if self.holds { (value, &zero) } else { (&zero, value) };
        g.select(self.op, &self.lhs, &self.rhs, then, otherwise)
    }

    fn is_same_choice(&self, other: &Self) -> bool {
        (self.op, &self.lhs, &self.rhs, self.holds) == (other.op, &other.lhs, &other.rhs, other.holds)
    }
}

/// `f` of what choices by a number leave of `t`, within these choices: what they decide is not asked before.
pub(super) fn beneath(g: &mut Graph, t: &Tensor, f: &mut dyn FnMut(&mut Graph, &Tensor) -> Tensor) -> Tensor {
    match Masked::by_number(g, t) {
        Some(masked) => {
            let value = beneath(g, &masked.value, f);
            masked.with(g, &value)
        }
        None => f(g, t),
    }
}

/// A tensor as the choices by numbers that it is the sum of, or itself.
fn choices(g: &mut Graph, t: &Tensor) -> Vec<Tensor> {
    if let Some(choice) = Masked::by_number(g, t) {
        let inside = choices(g, &choice.value);
        return match inside.len() {
            1 => vec![t.clone()],
            _ => inside.iter().map(|value| choice.with(g, value)).collect(),
        };
    }
    let Op::Sum(terms) = g.op(t.node).clone() else { return vec![t.clone()] };
    let mut all = Vec::new();
    for term in terms.iter().filter(|_| !g.is_named(t.node)).cloned().collect::<Vec<_>>() {
        let operand = g.tensor(&term.operand, &t.indices);
        let scaled = g.contract(term.coeff, &[(operand, Number::ONE)], &t.indices);
        let scaled = Tensor::new(scaled, t.indices.clone());
        if Masked::by_number(g, &scaled).is_none() {
            return vec![t.clone()];
        }
        all.extend(choices(g, &scaled));
    }
    if all.is_empty() { vec![t.clone()] } else { all }
}

/// `t`, and 0 where nothing taken reads it.
fn masked(g: &mut Graph, taken: &Tensor, t: &Tensor) -> Tensor {
    if g.as_constant(taken.node).is_some() {
        return t.clone();
    }
    if let Some(choice) = Masked::of(g, taken) {
        let value = masked(g, &choice.value, t);
        return choice.with(g, &value);
    }
    let zero = g.constant(Number::ZERO);
    g.select(CompareOp::Greater, taken, &zero, t, &zero)
}

/// Whether `ct` is a choice of something only where `taken` is not 0, into which the constructors move all
/// factors along `indices`.
fn covers(g: &mut Graph, ct: &Tensor, taken: &Tensor, indices: &[Index]) -> bool {
    if g.as_constant(taken.node).is_some() {
        return true;
    }
    let Some(choice) = Masked::of(g, ct) else { return false };
    let reaches = choice.is_whole() || indices.iter().all(|i| choice.along.contains(i));
    match Masked::of(g, taken) {
        Some(wanted) if choice.is_same_choice(&wanted) => {
            reaches && covers(g, &choice.value, &wanted.value, indices)
        }
        _ => reaches && covers(g, &choice.value, taken, indices),
    }
}

/// How often what is along `kept` is read: the sum over all other indices.
fn counted(g: &mut Graph, taken: &Tensor, kept: impl Fn(&Index) -> bool) -> Tensor {
    let axes: Vec<Index> = indices_of([taken]).into_iter().filter(|i| kept(i)).collect();
    if axes == taken.indices {
        return taken.clone();
    }
    Tensor::new(g.contract(Number::ONE, &[(taken.clone(), Number::ONE)], &axes), axes)
}

/// Whether only choices by numbers, for all entries at once, decide: then nothing of it has been evaluated.
fn is_by_number(g: &Graph, taken: NodeId) -> bool {
    match g.op(taken) {
        Op::Number(_) => true,
        Op::Select { lhs, rhs, .. } => {
            lhs.axes.is_empty()
                && rhs.axes.is_empty()
                && g.node(taken).children()[2..].iter().all(|&c| is_by_number(g, c))
        }
        Op::Sum(terms) => terms.iter().all(|t| is_by_number(g, t.operand.node)),
        _ => false,
    }
}

/// How often the entries of a node are read, of what its readers say.
pub(super) fn together(g: &mut Graph, id: NodeId, shares: &[Share]) -> Option<Operand> {
    let axes = g.whole(id).indices;
    let mut all: Vec<Tensor> = Vec::new();
    for share in shares {
        let taken = g.tensor(share.taken.as_ref()?, &axes);
        if !all.contains(&taken) {
            all.push(taken);
        }
    }
    while let Some((k, n, common)) = both_branches(g, &all) {
        all.remove(n);
        all.remove(k);
        if !all.contains(&common) {
            all.push(common);
        }
    }
    if all.iter().any(|t| g.as_constant(t.node).is_some()) {
        return None;
    }
    let terms: Vec<_> = all.into_iter().map(|t| (Number::ONE, t)).collect();
    let taken = match terms.as_slice() {
        [(_, only)] => only.clone(),
        _ => g.sum(&terms),
    };
    Some(on(&taken, &axes))
}

/// Two that are taken where one and the same comparison holds, and where it does not, and where both are.
fn both_branches(g: &mut Graph, all: &[Tensor]) -> Option<(usize, usize, Tensor)> {
    if all.len() < 2 {
        return None;
    }
    let choices: Vec<Option<Masked>> = all.iter().map(|t| Masked::of(g, t)).collect();
    let apart = |a: &Masked, b: &Masked| {
        let same = (a.op, &a.lhs, &a.rhs, &a.value) == (b.op, &b.lhs, &b.rhs, &b.value);
        same && a.holds != b.holds
    };
    choices.iter().enumerate().find_map(|(k, first)| {
        let first = first.as_ref()?;
        let n = choices.iter().rposition(|second| second.as_ref().is_some_and(|s| apart(first, s)))?;
        (k < n).then(|| (k, n, first.value.clone()))
    })
}

/// A tensor of indices among `axes` as an operand of whose axes they are.
fn on(t: &Tensor, axes: &[Index]) -> Operand {
    let place = |i: &Index| axes.iter().position(|a| a == i).unwrap_or(0) as u8;
    Operand { node: t.node, axes: t.indices.iter().map(place).collect() }
}

/// The sum of cotangents that are one choice by a number each, all the same, as one.
pub(super) fn one_choice(g: &mut Graph, parts: &[Tensor], axes: &[Index]) -> Option<NodeId> {
    let choices: Vec<Masked> = parts.iter().map(|t| Masked::by_number(g, t)).collect::<Option<_>>()?;
    let first = choices.first().filter(|first| choices.iter().all(|c| c.is_same_choice(first)))?;
    let values: Vec<Tensor> = choices.iter().map(|c| c.value.clone()).collect();
    let value = match one_choice(g, &values, axes) {
        Some(node) => Tensor::new(node, axes.to_vec()),
        None => {
            let terms: Vec<_> = values.into_iter().map(|t| (Number::ONE, t)).collect();
            g.sum(&terms)
        }
    };
    let chosen = first.with(g, &value);
    Some(g.tensor_as(&chosen, axes))
}

impl Sweep {
    /// Takes note of how often the entries of the node at hand are read.
    pub(super) fn begin(&mut self, g: &Graph, taken: Option<&Operand>, ct: &Tensor, locals: &[Index]) {
        self.taken = taken.map(|taken| g.tensor(taken, locals));
        self.ct = Some(ct.clone());
    }

    /// Where a choice is made, what is read of its branches: what is read of it, where they are taken.
    pub(super) fn choose(&mut self, g: &mut Graph, choose: &mut dyn FnMut(&mut Graph, &Tensor) -> Tensor) {
        let taken = self.taken.take().unwrap_or_else(|| g.constant(Number::ONE));
        self.taken = Some(beneath(g, &taken, choose));
    }

    /// Every entry along these indices is read where one is.
    pub(super) fn spread(&mut self, g: &mut Graph, along: &[Index]) {
        self.taken = self.taken.take().map(|taken| counted(g, &taken, |i| !along.contains(i)));
    }

    /// What is read of an operand of the node at hand.
    pub(super) fn taken_of(&self, g: &mut Graph, operand: &Operand, locals: &[Index]) -> Option<Operand> {
        let axes: Vec<Index> = operand.axes.iter().map(|&a| locals[a as usize]).collect();
        let taken = counted(g, self.taken.as_ref()?, |i| axes.contains(i));
        Some(on(&taken, &axes))
    }

    /// What is read of an operand whose entries go under another shape.
    pub(super) fn taken_as(
        &self,
        g: &mut Graph,
        axes: &[Index],
        shaped: impl Fn(&mut Graph, NodeId) -> NodeId,
    ) -> Option<Operand> {
        let taken = self.taken.as_ref()?;
        if taken.indices.is_empty() {
            return Some(on(taken, axes));
        }
        let whole = g.tensor_as(taken, axes);
        let node = shaped(g, whole);
        Some(Operand { node, axes: (0..g.rank(node) as u8).collect() })
    }

    pub(super) fn is_always_read(&self, id: NodeId) -> bool {
        self.always.get(id.0 as usize).copied().unwrap_or(false)
    }

    /// Whether 0 times a factor may be something else. What is read anyway has been evaluated anyway.
    fn is_risky(&mut self, g: &Graph, (t, power): &(Tensor, Number)) -> bool {
        let factor = Factor { operand: Operand { node: t.node, axes: Vec::new() }, power: *power };
        let evaluated = power.is_one() && self.is_always_read(t.node);
        !(evaluated || self.finite.is_finite_power(g, &factor))
    }

    /// The factors with each of the choices by numbers that their cotangent is the sum of, where something
    /// must not be computed but for these. Whether one of several is taken is no question for a choice of its
    /// own: the answer may take what only some of them want.
    pub(super) fn apart(
        &mut self,
        g: &mut Graph,
        factors: &[(Tensor, Number)],
    ) -> Option<Vec<Vec<(Tensor, Number)>>> {
        let taken = self.taken.clone().filter(|taken| taken.indices.is_empty())?;
        let own = self.ct.clone()?;
        let at = factors.iter().position(|(t, _)| *t == own)?;
        let mut others = factors.iter().enumerate().filter(|(k, _)| *k != at).map(|(_, f)| f);
        let risky = others.any(|f| self.is_risky(g, f) || self.finite.may_fail(g, f.0.node));
        if !risky || covers(g, &own, &taken, &[]) {
            return None;
        }
        let choices = choices(g, &own);
        let with = |choice: Tensor| {
            let mut factors = factors.to_vec();
            factors[at].0 = choice;
            factors
        };
        (choices.len() > 1).then(|| choices.into_iter().map(with).collect())
    }

    /// Factors of a cotangent that are 0 where nothing taken reads them, if 0 times them may be something
    /// else.
    ///
    /// Data may be no numbers where other data leave them out; but where that would make a copy of a matrix
    /// that is multiplied as one, `summed`, they are taken for numbers.
    pub(super) fn safe(
        &mut self,
        g: &mut Graph,
        factors: &[(Tensor, Number)],
        summed: bool,
    ) -> Vec<(Tensor, Number)> {
        let Some(taken) = self.taken.clone() else { return factors.to_vec() };
        let own = self.ct.clone();
        let is_own = |t: &Tensor| own.as_ref() == Some(t);
        let mut factors = factors.to_vec();
        if taken.indices.is_empty() {
            // All or nothing: the cotangent is a choice by a number, into which everything goes.
            let fails = is_by_number(g, taken.node);
            let risky = factors.iter().any(|f| {
                !is_own(&f.0) && (self.is_risky(g, f) || (fails && self.finite.may_fail(g, f.0.node)))
            });
            let at = factors.iter().position(|(t, _)| is_own(t));
            if let Some(k) = at.filter(|_| risky)
                && !covers(g, &factors[k].0.clone(), &taken, &[])
            {
                factors[k].0 = masked(g, &taken, &factors[k].0.clone());
                return factors;
            }
            if at.is_some() {
                return factors;
            }
        }
        for k in 0..factors.len() {
            let (t, power) = factors[k].clone();
            let data = !summed
                && matches!(g.op(t.node), Op::Input(_))
                && !self.wants(t.node)
                && !self.is_always_read(t.node)
                && taken.indices.iter().all(|i| t.indices.contains(i))
                && !g.reachable(&[taken.node]).iter().any(|&n| self.wants(n));
            if is_own(&t) || !(data || self.is_risky(g, &(t.clone(), power))) {
                continue;
            }
            let beside = own.as_ref().filter(|ct| factors.iter().any(|(t, _)| t == *ct));
            let covered = beside.is_some_and(|ct| covers(g, ct, &taken, &t.indices));
            let taken = counted(g, &taken, |i| t.indices.contains(i));
            if !covered && !covers(g, &t, &taken, &[]) {
                let raised = g.power(&t, power);
                factors[k] = (masked(g, &taken, &raised), Number::ONE);
            }
        }
        factors
    }
}
