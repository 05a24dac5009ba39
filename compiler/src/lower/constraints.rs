//! Constraints and bounds of an objective: `st("A*w <= b")`, `bounds(w >= 0)`.
//!
//! An inequality is a g that is to be 0 at most: left - right, or right - left for `>=`; an equation is an
//! h = left - right that is to be 0. A bound is a number, or an array of the variable's shape, made of data alone.

use super::{Kind, Lowerer, Reported, Value};
use crate::diag::{Diagnostic, ErrorKind};
use crate::ir::{Graph, NodeId, Op};
use crate::source::{Place, SourceId, Span};
use crate::syntax::ast::{BinaryOp, CompareOp, Expr, ExprKind, Link, Relation, SubscriptKind};

/// What restricts an objective's variables, parsed.
#[derive(Clone, Debug, Default)]
pub struct Restrictions {
    /// Limits, and how far the sides are apart, which says whether their shapes fit.
    bounds: Vec<(Relation, Expr)>,
    bounds_text: String,
    /// For each text of `st(...)` its constraints: what is to be 0, or 0 at most, and how.
    constraints: Vec<(String, Vec<(Expr, CompareOp)>)>,
}

impl Restrictions {
    /// Of these texts and what they say.
    #[must_use]
    pub fn new(bounds: (&str, Vec<Relation>), constraints: Vec<(&str, Vec<Relation>)>) -> Self {
        let difference = |r: Relation| {
            let op = r.op;
            // What is 0 at most is the smaller side less the greater.
            let (left, right) = if op == CompareOp::GreaterEqual { (r.rhs, r.lhs) } else { (r.lhs, r.rhs) };
            let span = left.span.to(right.span);
            let link = Link { op: BinaryOp::Sub, op_span: r.op_span, operand: right };
            (Expr { kind: ExprKind::Chain(Box::new(left), vec![link]), span }, op)
        };
        let constraints = constraints
            .into_iter()
            .map(|(text, all)| (text.to_owned(), all.into_iter().map(difference).collect()))
            .collect();
        let bounds = (bounds.0, bounds.1.into_iter().map(|r| (r.clone(), difference(r).0)).collect());
        Self { bounds: bounds.1, bounds_text: bounds.0.to_owned(), constraints }
    }

    /// The texts, for messages.
    pub(super) fn texts(&self) -> impl Iterator<Item = (SourceId, &str)> {
        let constraints = self
            .constraints
            .iter()
            .enumerate()
            .map(|(k, (text, _))| (SourceId::Constraint(k as u32), text.as_str()));
        std::iter::once((SourceId::Bounds, self.bounds_text.as_str())).chain(constraints)
    }
}

/// A constraint: rows of which each is to be 0, or 0 at most.
#[derive(Clone, Debug)]
pub struct Constraint {
    /// Their values, of any shape: its entries are rows.
    pub node: NodeId,
    /// Whether they are to be 0.
    pub is_equation: bool,
    /// As it was written.
    pub text: String,
}

/// A limit of a variable.
#[derive(Clone, Debug)]
pub struct Limit {
    /// The variable, by its number.
    pub variable: usize,
    /// The entry, if it is of one: a subscript for each axis.
    pub entry: Option<Vec<usize>>,
    /// Whether the variable is to be this at least.
    pub is_lower: bool,
    /// A scalar, or of the variable's shape; of data alone.
    pub node: NodeId,
}

impl<'a> Lowerer<'a> {
    /// A frame for another text, in which the bindings of `frame` are seen.
    fn beside_frame(&mut self, frame: usize, source: SourceId) -> usize {
        let seen = &self.frames[frame];
        let beside = super::Frame {
            source,
            blame: None,
            bindings: seen.bindings.clone(),
            visible: seen.bindings.len(),
            indices: Vec::new(),
            target: seen.target.clone(),
            expanding: Vec::new(),
        };
        self.frames.push(beside);
        self.frames.len() - 1
    }

    /// The values of constraints, whatever their shapes, and how they compare with 0.
    pub(super) fn constraints(
        &mut self,
        restrictions: &'a Restrictions,
        frame: usize,
    ) -> Vec<(Value, bool, String)> {
        let mut found = Vec::new();
        for (k, (_, differences)) in restrictions.constraints.iter().enumerate() {
            let frame = self.beside_frame(frame, SourceId::Constraint(k as u32));
            for (difference, op) in differences {
                let Ok(value) = self.expr(difference, frame) else { continue };
                let text =
                    self.text(Place { source: SourceId::Constraint(k as u32), span: written(difference) });
                found.push((value, *op == CompareOp::Equal, text));
            }
        }
        found
    }

    /// The limits of variables: which, of what, and its value.
    pub(super) fn limits(
        &mut self,
        restrictions: &'a Restrictions,
        wrt: &[String],
        frame: usize,
    ) -> Vec<(Limit, Value)> {
        let frame = self.beside_frame(frame, SourceId::Bounds);
        let mut found = Vec::new();
        for (relation, apart) in &restrictions.bounds {
            if let Ok(limit) = self.limit(relation, apart, wrt, frame) {
                found.push(limit);
            }
        }
        found
    }

    fn limit(
        &mut self,
        r: &'a Relation,
        apart: &'a Expr,
        wrt: &[String],
        frame: usize,
    ) -> Result<(Limit, Value), Reported> {
        let sides = [variable(&r.lhs, wrt), variable(&r.rhs, wrt)];
        let (entry, other, on_left) = match sides {
            [Some(found), None] => (found, &r.rhs, true),
            [None, Some(found)] => (found, &r.lhs, false),
            [Some(_), Some(_)] => return Err(self.no_limit(r, frame, "two variables are compared")),
            [None, None] => return Err(self.no_limit(r, frame, "no side is a variable, or an entry of one")),
        };
        if r.op == CompareOp::Equal {
            let place = self.place(frame, r.op_span);
            let message = "a bound is on one side of a variable";
            let help = "what is to be equal is a constraint, `st(...)`; or give the number as data";
            return Err(self.report(Diagnostic::new(ErrorKind::Unsupported, place, message).with_help(help)));
        }
        let whole = self.expr(if on_left { &r.lhs } else { &r.rhs }, frame)?;
        let value = self.expr(other, frame)?;
        self.expr(apart, frame)?;
        let (is, of) = (self.extents_of(&value), self.extents_of(&whole));
        if value.kind != Kind::Scalar && is != of {
            let place = value.place;
            let message = format!("{}, but {}", self.describe(&value), self.describe(&whole));
            let help = "a bound is a scalar, or has the variable's shape";
            return Err(
                self.report(Diagnostic::new(ErrorKind::ShapeMismatch, place, message).with_help(help))
            );
        }
        let (variable, entry) = entry;
        let is_lower = on_left == (r.op == CompareOp::GreaterEqual);
        Ok((Limit { variable, entry, is_lower, node: whole.tensor.node }, value))
    }

    fn extents_of(&self, value: &Value) -> Vec<crate::ir::Extent> {
        let extents = value.kind.indices().into_iter().map(|i| self.graph.extents.of(i));
        extents.map(|e| self.graph.extents.find(e)).collect()
    }

    fn no_limit(&mut self, r: &Relation, frame: usize, message: &str) -> Reported {
        let place = self.place(frame, r.lhs.span.to(r.rhs.span));
        let help = "a bound compares a variable, or an entry, with numbers and data: `w >= 0`, `b[0] <= u`; all else is a \
                    constraint, `st(...)`";
        self.report(Diagnostic::new(ErrorKind::Unsupported, place, message).with_help(help))
    }

    /// Refuses constraints that no variable is part of.
    pub(super) fn check_constraints(&mut self, constraints: &[(Value, bool, String)], by: &[NodeId]) {
        for (value, _, text) in constraints {
            if !self.graph.reachable(&[value.tensor.node]).into_iter().any(|id| by.contains(&id)) {
                let message = format!("`{text}` speaks of no variable");
                let help = "a constraint is about what is varied, `wrt(...)`; what data must fulfil is checked before";
                self.report(Diagnostic::new(ErrorKind::Unsupported, value.place, message).with_help(help));
            }
        }
    }

    /// Refuses limits that variables are part of.
    pub(super) fn check_limits(&mut self, limits: &[(Limit, Value)], by: &[NodeId]) {
        for (_, value) in limits {
            let roots = [value.tensor.node];
            if self.graph.reachable(&roots).into_iter().any(|id| by.contains(&id)) {
                let message = format!("the bound `{}` depends on a variable", self.text(value.place));
                let help =
                    "a bound is made of numbers and data; what else is to hold is a constraint, `st(...)`";
                self.report(Diagnostic::new(ErrorKind::Unsupported, value.place, message).with_help(help));
            }
        }
    }
}

/// From the first to the last letter of a difference, whichever side came first.
fn written(difference: &Expr) -> Span {
    match &difference.kind {
        ExprKind::Chain(left, links) => links.iter().fold(left.span, |span, link| span.to(link.operand.span)),
        _ => difference.span,
    }
}

/// The variable that an expression is, or is an entry of.
fn variable(expr: &Expr, wrt: &[String]) -> Option<(usize, Option<Vec<usize>>)> {
    let named = |e: &Expr| match &e.kind {
        ExprKind::Name(name) => wrt.iter().position(|w| w == name),
        _ => None,
    };
    if let ExprKind::Subscripted(x) = &expr.kind {
        let number = |kind: &SubscriptKind| match kind {
            SubscriptKind::At(e) => match &e.kind {
                ExprKind::Number(n) => n.parse().ok(),
                _ => None,
            },
            SubscriptKind::Part(_) => None,
        };
        let entry = x.subscripts.iter().map(|s| number(&s.kind)).collect::<Option<Vec<usize>>>()?;
        return Some((named(&x.base)?, Some(entry)));
    }
    Some((named(expr)?, None))
}

/// Whether a node is a number of the text, or made of such.
#[must_use]
pub fn is_constant(g: &Graph, node: NodeId) -> bool {
    g.reachable(&[node]).into_iter().all(|id| !matches!(g.op(id), Op::Input(_)))
}
