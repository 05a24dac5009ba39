//! When something is wanted: which comparisons of numbers have to come out how.
//!
//! `where(s > 0, u, v)` wants u in the case that s > 0 holds, v in the case that it does not. What several
//! choices want is wanted in any of their cases.

use crate::ir::{Graph, NodeId, Op, Operand};
use crate::syntax::ast::CompareOp;

/// So many cases are told apart. What has more is computed always.
const MOST: usize = 16;

/// A comparison of two scalars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Comparison {
    /// How they are compared.
    pub op: CompareOp,
    /// The left one.
    pub lhs: NodeId,
    /// The right one.
    pub rhs: NodeId,
}

impl Comparison {
    /// What decides a choice for all entries at once, and the branch if it holds, and if it does not.
    #[must_use]
    pub(crate) fn of(g: &Graph, id: NodeId) -> Option<(Self, [&Operand; 2])> {
        match g.op(id) {
            Op::Select { op, lhs, rhs, then, otherwise } if lhs.axes.is_empty() && rhs.axes.is_empty() => {
                Some((Self { op: *op, lhs: lhs.node, rhs: rhs.node }, [then, otherwise]))
            }
            _ => None,
        }
    }
}

/// A comparison, and whether it has to hold.
pub type Outcome = (Comparison, bool);

/// Cases, of each what has to come out how. The numbers that are compared are there once what stands before
/// in the same case has come out so. A case of nothing is always there; where there is no case, nothing is
/// wanted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cases(Vec<Vec<Outcome>>);

impl Cases {
    /// Whatever comes out.
    #[must_use]
    pub fn always() -> Self {
        Self(vec![Vec::new()])
    }

    /// Whether there is no condition.
    #[must_use]
    pub fn are_all(&self) -> bool {
        self.0.iter().any(Vec::is_empty)
    }

    /// The cases, one after the other.
    #[must_use]
    pub fn all(&self) -> &[Vec<Outcome>] {
        &self.0
    }

    /// All that is compared, with repetition.
    pub fn comparisons(&self) -> impl Iterator<Item = Comparison> {
        self.0.iter().flatten().map(|(comparison, _)| *comparison)
    }

    /// The numbers that are compared, with repetition.
    pub fn compared(&self) -> impl Iterator<Item = NodeId> {
        self.comparisons().flat_map(|c| [c.lhs, c.rhs])
    }

    /// Of these cases those where this comes out so, too.
    #[must_use]
    pub(super) fn and(&self, outcome: Outcome) -> Self {
        let (comparison, holds) = outcome;
        let mut cases = self.clone();
        cases.0.retain(|case| !case.contains(&(comparison, !holds)));
        for case in cases.0.iter_mut().filter(|case| !case.contains(&outcome)) {
            case.push(outcome);
        }
        cases
    }

    /// These cases and those.
    #[must_use]
    pub(super) fn or(&self, other: &Self) -> Self {
        let mut cases = self.0.clone();
        for case in &other.0 {
            add(&mut cases, case.clone());
        }
        cases.sort();
        if cases.len() > MOST { Self::always() } else { Self(cases) }
    }

    /// The same whatever comes out of one comparison.
    #[must_use]
    pub(super) fn without(&self, comparison: Comparison) -> Self {
        let mut cases = Vec::new();
        for case in &self.0 {
            add(&mut cases, case.iter().copied().filter(|(c, _)| *c != comparison).collect());
        }
        Self(cases)
    }
}

/// Adds a case: those that it holds are gone, and of two that differ in how one comparison comes out, what
/// they have in common is left.
fn add(cases: &mut Vec<Vec<Outcome>>, case: Vec<Outcome>) {
    let holds = |wide: &[Outcome], narrow: &[Outcome]| wide.iter().all(|o| narrow.contains(o));
    if cases.iter().any(|wide| holds(wide, &case)) {
        return;
    }
    cases.retain(|narrow| !holds(&case, narrow));
    let but_for = |other: &[Outcome]| {
        let at = case.iter().position(|(c, so)| other.contains(&(*c, !so)))?;
        let rest = |k: usize, o: &Outcome| k == at || other.contains(o);
        let same = other.len() == case.len() && case.iter().enumerate().all(|(k, o)| rest(k, o));
        same.then_some(at)
    };
    match cases.iter().enumerate().find_map(|(k, other)| Some((k, but_for(other)?))) {
        Some((k, at)) => {
            cases.remove(k);
            let mut common = case;
            common.remove(at);
            add(cases, common);
        }
        None => cases.push(case),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(k: u32) -> Comparison {
        Comparison { op: CompareOp::Less, lhs: NodeId(k), rhs: NodeId(0) }
    }

    fn cases(all: &[&[(u32, bool)]]) -> Cases {
        let case = |case: &&[(u32, bool)]| case.iter().map(|&(k, so)| (at(k), so)).collect();
        all.iter().map(|c| Cases(vec![case(c)])).reduce(|a, b| a.or(&b)).expect("a case")
    }

    #[test]
    fn what_both_outcomes_want_is_wanted_always() {
        assert_eq!(cases(&[&[(1, true)], &[(1, false)]]), Cases::always());
        assert_eq!(cases(&[&[(1, true), (2, true)], &[(1, true), (2, false)]]), cases(&[&[(1, true)]]));
        assert_eq!(cases(&[&[(1, true)], &[(1, true), (2, false)]]), cases(&[&[(1, true)]]));
        assert_eq!(cases(&[&[(1, true), (2, true)], &[]]), Cases::always());
        assert_eq!(cases(&[&[(1, true)], &[(2, false)]]).all().len(), 2);
        let four = [true, false].map(|a| [true, false].map(|b| [(1, a), (2, b)]));
        let four: Vec<&[(u32, bool)]> = four.iter().flatten().map(|c| &c[..]).collect();
        assert_eq!(cases(&four), Cases::always());
    }

    #[test]
    fn a_comparison_left_out_leaves_more_cases() {
        assert_eq!(cases(&[&[(1, true), (2, true)]]).without(at(1)), cases(&[&[(2, true)]]));
        assert_eq!(cases(&[&[(1, true)]]).without(at(1)), Cases::always());
        assert_eq!(cases(&[&[(1, true)]]).and((at(2), false)), cases(&[&[(1, true), (2, false)]]));
        assert_eq!(cases(&[&[(1, true)]]).and((at(1), false)), Cases(Vec::new()));
    }
}
