//! Costs: the mean over the examples of what the text says of one, penalties counted once.
//!
//! A cost is split into its terms first: products by and quotients of constants distribute over sums, and the
//! terms of a definition are terms of the cost. A term that mentions `w` stands for its sum over all weight
//! tensors, one that mentions `b` for its sum over all biases; one that differs from example to example, for
//! its mean.

use super::names::{Meaning, Mentions};
use super::{Binding, Instance, Kind, Lowered, Lowerer, Reported, Role, Shape, Value};
use crate::diag::{Diagnostic, Diagnostics, ErrorKind};
use crate::ir::{Extent, Graph, NodeId, Number, Tensor};
use crate::source::SourceId;
use crate::syntax::ast::{BinaryOp, Declaration, Definition, Expr, ExprKind, Program};

/// What a cost supplies by this name, so that no hyper-parameter may have it.
#[must_use]
pub fn supplied(name: &str) -> Option<&'static str> {
    let numbered = |letter: char| {
        let digits = name.strip_prefix(letter);
        digits.is_some_and(|d| !d.starts_with('0') && !d.is_empty() && d.chars().all(|c| c.is_ascii_digit()))
    };
    Some(match name {
        "a" => "the output activations",
        "y" => "the targets",
        "z" => "the output pre-activations",
        "x" => "the input of a network",
        "w" => "each weight tensor",
        "b" => "each bias",
        _ if numbered('w') => "the weight of a layer",
        _ if numbered('b') => "the bias of a layer",
        _ => return None,
    })
}

/// What a term depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TermKind {
    /// Differs from example to example: its mean is part of the data cost.
    Data,
    /// Speaks of weights or biases alone.
    Penalty,
    /// Speaks of neither.
    Constant,
}

/// A term of a cost.
#[derive(Clone, Debug)]
pub struct Term {
    /// The user's words for it: `l2(lambda / n)`.
    pub origin: String,
    /// What it depends on, and so where it is counted.
    pub kind: TermKind,
    /// Its whole contribution to the cost: averaged over the batch, summed over tensors.
    pub node: NodeId,
    /// Per example (with the batch's axis) for a data term; per tensor instance, in order, for a penalty.
    pub instances: Vec<Instanced>,
}

/// A term for one choice of tensors.
#[derive(Clone, Debug)]
pub struct Instanced {
    /// The weight that `w` stands for, if the term speaks of `w`.
    pub weight: Option<String>,
    /// The bias that `b` stands for, if the term speaks of `b`.
    pub bias: Option<String>,
    /// Before the mean: along the batch if it is a data term, a scalar otherwise.
    pub node: NodeId,
}

/// A tensor that costs may penalise.
#[derive(Clone, Debug)]
pub struct TensorNode {
    /// Its name.
    pub name: String,
    /// Its node, an input.
    pub node: NodeId,
    /// Weight or bias.
    pub role: Role,
}

/// A lowered cost, alone or on top of a network.
#[derive(Clone, Debug)]
pub struct Cost {
    /// The graph.
    pub graph: Graph,
    /// The data cost: the mean of the data terms, and the constants.
    pub data: NodeId,
    /// The penalties.
    pub penalty: NodeId,
    /// The terms, in the order written.
    pub terms: Vec<Term>,
    /// The output activations `a`, a batch of vectors: an input, or a network's output.
    pub a: NodeId,
    /// The output pre-activations `z` of a network.
    pub z: Option<NodeId>,
    /// The targets `y`, a batch of vectors.
    pub y: NodeId,
    /// Weights and biases.
    pub tensors: Vec<TensorNode>,
    /// The extent of the batch.
    pub batch: Extent,
}

/// A definition with its source and text.
pub type Define = (Definition, SourceId, String);

/// Lowers a cost of activations `a` and targets `y`, both m×k.
///
/// `hyper` names the hyper-parameters, those that have an entry for each output as `c: vector`; `tensors` declares the weights and biases. Without `batched` the cost
/// is that of one example: `a` and `y` are vectors, and no mean is taken.
///
/// # Errors
/// Everything that is wrong with names, shapes and extents.
pub fn lower(
    text: &str,
    program: &Program,
    defines: &[Define],
    hyper: &[String],
    tensors: &[(Declaration, Role)],
    batched: bool,
) -> Result<Cost, Diagnostics> {
    let mut texts = vec![(SourceId::Expression, text)];
    texts.extend(defines.iter().map(|(_, id, t)| (*id, t.as_str())));
    let mut l = Lowerer::new(&texts);
    if batched {
        l.open_batch();
    }
    let k = l.graph.extents.symbol("k");
    l.declare("a", &Shape::Vector(k), Role::Plain, true);
    l.declare("y", &Shape::Vector(k), Role::Plain, true);
    for (d, role) in tensors {
        let shape = l.declared(d);
        l.declare(&d.name.name, &shape, *role, false);
    }
    l.declare_hyper(hyper, k, !batched);
    l.outputs = Some(k);
    l.add_defines(defines);
    finish(l, program, None)
}

/// Lowers the cost on top of what the lowerer has declared: `a`, `y`, perhaps `z`, tensors and
/// hyper-parameters.
pub(super) fn finish<'a>(
    mut l: Lowerer<'a>,
    program: &'a Program,
    z: Option<NodeId>,
) -> Result<Cost, Diagnostics> {
    l.is_cost = true;
    let frame = l.open_frame(program, SourceId::Expression);
    let visible = l.frames[frame].visible;
    let of = |l: &Lowerer<'a>, role| {
        l.order.iter().filter(|n| l.variables[*n].role == role).cloned().collect::<Vec<String>>()
    };
    let (weights, biases) = (of(&l, Role::Weight), of(&l, Role::Bias));
    l.instance = (weights.first().cloned(), biases.first().cloned());
    let mut sites = Vec::new();
    let site = Site {
        at: Binding { expr: &program.result, frame, visible, indices: 0 },
        coeffs: Vec::new(),
        negative: false,
    };
    l.split(site, None, &mut sites);
    let mut terms = Vec::new();
    for (site, origin) in sites {
        if let Ok(term) = l.term(&site, origin, &weights, &biases) {
            terms.push(term);
        }
    }
    l.instance = (weights.first().cloned(), biases.first().cloned());
    l.check_unused(frame);
    l.check_sizes();
    let batch = match l.batch {
        Some(b) => l.graph.extents.of(b),
        None => l.graph.extents.constant(1),
    };
    let Lowerer { errors, mut graph, variables, order, .. } = l;
    errors.propagate()?;
    let total = |graph: &mut Graph, parts: &[TermKind]| {
        let chosen: Vec<_> = terms
            .iter()
            .filter(|t| parts.contains(&t.kind))
            .map(|t| (Number::ONE, Tensor::new(t.node, Vec::new())))
            .collect();
        graph.sum_as(&chosen, &[])
    };
    let data = total(&mut graph, &[TermKind::Data, TermKind::Constant]);
    let penalty = total(&mut graph, &[TermKind::Penalty]);
    let node = |name: &str| variables.get(name).map_or(data, |v| v.node);
    let mut tensors: Vec<TensorNode> = order
        .iter()
        .filter(|n| variables[*n].role != Role::Plain)
        .map(|n| TensorNode { name: n.clone(), node: variables[n].node, role: variables[n].role })
        .collect();
    // One list of roots, so that everything is settled in one pass.
    let mut roots = vec![data, penalty, node("a"), node("y"), z.unwrap_or(data)];
    roots.extend(tensors.iter().map(|t| t.node));
    for term in &terms {
        roots.push(term.node);
        roots.extend(term.instances.iter().map(|i| i.node));
    }
    let settled = super::settle(&mut graph, &roots);
    let mut next = settled.into_iter();
    let mut take = || next.next().unwrap_or(data);
    let (data, penalty, a, y) = (take(), take(), take(), take());
    let z = Some(take()).filter(|_| z.is_some());
    for t in &mut tensors {
        t.node = take();
    }
    for term in &mut terms {
        term.node = take();
        for i in &mut term.instances {
            i.node = take();
        }
    }
    Ok(Cost { graph, data, penalty, terms, a, z, y, tensors, batch })
}

/// The name of a hyper-parameter, and whether it is a vector, with an entry for each output.
#[must_use]
pub fn hyper_parameter(text: &str) -> (&str, bool) {
    text.split_once(':').map_or((text, false), |(name, _)| (name.trim(), true))
}

impl Lowerer<'_> {
    /// Declares the hyper-parameters. Where a cost is one of examples alone, a vector belongs to the data: tensors have no
    /// axis of its extent.
    pub(super) fn declare_hyper(&mut self, hyper: &[String], outputs: Extent, of_examples: bool) {
        for text in hyper {
            let (name, vector) = hyper_parameter(text);
            if self.variables.contains_key(name) {
                continue;
            }
            let shape = if vector { Shape::Vector(outputs) } else { Shape::Scalar };
            self.declare(name, &shape, Role::Plain, vector && of_examples);
        }
    }
}

/// How many terms a cost may have.
const MAX_TERMS: usize = 1_000;

/// A term before it is lowered: `± coeffs · at`.
#[derive(Clone)]
struct Site<'a> {
    at: Binding<'a>,
    /// Constant factors; `true` where divided by.
    coeffs: Vec<(Binding<'a>, bool)>,
    negative: bool,
}

impl<'a> Lowerer<'a> {
    /// Runs `f` with the names that `site` sees.
    fn seeing<R>(&mut self, site: Binding<'a>, f: impl FnOnce(&mut Self) -> R) -> R {
        let seen = std::mem::replace(&mut self.frames[site.frame].visible, site.visible);
        let result = f(self);
        self.frames[site.frame].visible = seen;
        result
    }

    /// Whether the expression is a scalar, as far as that can be told; nothing is reported.
    fn is_scalar(&mut self, site: Binding<'a>) -> bool {
        let quiet = std::mem::replace(&mut self.quiet, true);
        let lowered = std::mem::take(&mut self.lowered);
        let (sizes, frames) = (self.unsized_places.len(), self.frames.len());
        let value = self.lower_seen(site);
        self.unsized_places.truncate(sizes);
        self.frames.truncate(frames);
        self.lowered = lowered;
        self.quiet = quiet;
        value.map_or(true, |v| v.kind == Kind::Scalar)
    }

    /// Splits a cost into its terms.
    fn split(&mut self, site: Site<'a>, origin: Option<String>, out: &mut Vec<(Site<'a>, Option<String>)>) {
        let place = self.place(site.at.frame, site.at.expr.span);
        if self.check_depth(place).is_err() {
            return;
        }
        if out.len() >= MAX_TERMS {
            let message = format!("written out, this cost has more than {MAX_TERMS} terms");
            self.exhaust(ErrorKind::TooLong, place, message);
            return;
        }
        self.depth += 1;
        self.split_at(site, origin, out);
        self.depth -= 1;
    }

    fn split_at(
        &mut self,
        site: Site<'a>,
        origin: Option<String>,
        out: &mut Vec<(Site<'a>, Option<String>)>,
    ) {
        let at = site.at;
        let within = |expr: &'a Expr| Binding { expr, ..at };
        match &at.expr.kind {
            ExprKind::Negate(inner) => {
                self.split(Site { at: within(inner), negative: !site.negative, ..site }, origin, out);
            }
            ExprKind::Chain(first, rest) if matches!(rest[0].op, BinaryOp::Add | BinaryOp::Sub) => {
                let operands: Vec<(&'a Expr, bool)> = std::iter::once((&**first, false))
                    .chain(rest.iter().map(|r| (&r.operand, r.op == BinaryOp::Sub)))
                    .collect();
                if !operands.iter().any(|(e, _)| self.is_scalar(within(e))) {
                    out.push((site, origin));
                    return;
                }
                for (operand, minus) in operands {
                    let negative = site.negative != minus;
                    self.split(Site { at: within(operand), negative, ..site.clone() }, origin.clone(), out);
                }
            }
            ExprKind::Chain(first, rest) => {
                let mut operands: Vec<(&'a Expr, bool)> = vec![(&**first, false)];
                operands.extend(
                    rest.iter().map(|r| (&r.operand, matches!(r.op, BinaryOp::Div | BinaryOp::ElementDiv))),
                );
                let varying: Vec<usize> = (0..operands.len())
                    .filter(|&k| !self.seeing(at, |l| l.mentions(operands[k].0, at.frame)).nothing())
                    .collect();
                let one = match varying.as_slice() {
                    [one] if !operands[*one].1 => *one,
                    _ => {
                        out.push((site, origin));
                        return;
                    }
                };
                if !operands.iter().all(|(e, _)| self.is_scalar(within(e))) {
                    out.push((site, origin));
                    return;
                }
                let mut coeffs = site.coeffs.clone();
                coeffs.extend(
                    operands.iter().enumerate().filter(|(k, _)| *k != one).map(|(_, (e, d))| (within(e), *d)),
                );
                self.split(
                    Site { at: within(operands[one].0), coeffs, negative: site.negative },
                    origin,
                    out,
                );
            }
            ExprKind::Name(name) => {
                let meaning = self.seeing(at, |l| l.meaning(name, at.frame));
                match meaning {
                    Meaning::Bound(frame, k) => {
                        let binding = self.frames[frame].bindings[k].1;
                        self.split(Site { at: binding, ..site }, origin, out);
                    }
                    Meaning::Definition(definition) => self.split_call(site, definition, &[], origin, out),
                    _ => out.push((site, origin)),
                }
            }
            ExprKind::Call(call) => match self.definition(&call.function.name) {
                Some((definition, _)) if !super::call::is_builtin(&call.function.name) => {
                    self.split_call(site, definition, &call.args, origin, out);
                }
                _ => out.push((site, origin)),
            },
            _ => out.push((site, origin)),
        }
    }

    fn split_call(
        &mut self,
        site: Site<'a>,
        definition: &'a Definition,
        args: &'a [crate::syntax::ast::Arg],
        origin: Option<String>,
        out: &mut Vec<(Site<'a>, Option<String>)>,
    ) {
        let at = site.at;
        let place = self.place(at.frame, at.expr.span);
        let origin = origin.or_else(|| Some(self.text(place)));
        let callee = self.seeing(at, |l| l.call_frame(at.expr, definition, args, place, at.frame));
        if let Ok(frame) = callee {
            let visible = self.frames[frame].visible;
            let at = Binding { expr: &definition.body.result, frame, visible, indices: 0 };
            self.split(Site { at, ..site }, origin, out);
        }
    }

    /// Lowers a term for every tensor that it stands for.
    fn term(
        &mut self,
        site: &Site<'a>,
        origin: Option<String>,
        weights: &[String],
        biases: &[String],
    ) -> Result<Term, Reported> {
        let at = site.at;
        let mut mentions = self.seeing(at, |l| l.mentions(at.expr, at.frame));
        let origin = origin.unwrap_or_else(|| self.text(self.place(at.frame, at.expr.span)));
        let mut instances = Vec::new();
        let mut contributions = Vec::new();
        for (weight, bias) in instances_of(mentions, weights, biases) {
            self.instance = (weight.clone(), bias.clone());
            let value = self.scaled(site)?;
            if let Some(batch) = self.batch {
                mentions.data = value.tensor.indices.contains(&batch);
            }
            let node = self.node(&value);
            let weight = weight.filter(|_| mentions.weights);
            let bias = bias.filter(|_| mentions.biases);
            instances.push(Instanced { weight, bias, node });
            contributions.push((Number::ONE, Tensor::new(self.mean_over_batch(&value), Vec::new())));
        }
        let node = self.graph.sum_as(&contributions, &[]);
        let penalises = mentions.weights || mentions.biases || mentions.tensor;
        let kind = match (mentions.data, penalises) {
            (true, _) => TermKind::Data,
            (false, true) => TermKind::Penalty,
            (false, false) => TermKind::Constant,
        };
        Ok(Term { origin, kind, node, instances })
    }

    /// `± coeffs · expression`, which must be a scalar.
    fn scaled(&mut self, site: &Site<'a>) -> Lowered {
        let mut value = self.lower_seen(site.at)?;
        let coeffs: Vec<(Value, bool)> = site
            .coeffs
            .iter()
            .map(|(coeff, divide)| Ok((self.lower_finite(*coeff)?, *divide)))
            .collect::<Result<_, Reported>>()?;
        let vanishes = coeffs.iter().any(|(c, divide)| !divide && self.graph.is_zero(c.tensor.node));
        if vanishes && self.is_log_of_zero(site.at.expr, &value) {
            value.tensor = self.graph.constant(Number::ZERO);
        }
        self.check_finite(&value)?;
        if value.kind != Kind::Scalar {
            let message = format!("a cost is a sum of scalars, but {}", self.describe(&value));
            let help = "sum it up, or take a norm: `sum(...)`, `norm2(...)^2`";
            let kind = ErrorKind::NotScalar;
            return Err(self.report(Diagnostic::new(kind, value.place, message).with_help(help)));
        }
        let mut factors = vec![value.tensor.clone()];
        for (c, divide) in coeffs {
            if divide {
                self.check_divisor(&c, c.place)?;
            }
            factors.push(if divide { self.graph.power(&c.tensor, Number::MINUS_ONE) } else { c.tensor });
        }
        value.tensor = self.graph.multiply(&factors);
        if site.negative {
            value.tensor = self.graph.negate(&value.tensor);
        }
        self.check_finite(&value)?;
        Ok(value)
    }

    /// (1/m) Σ over the examples, where the value differs from one to the other.
    fn mean_over_batch(&mut self, value: &Value) -> NodeId {
        let node = self.node(value);
        let Some(batch) = self.batch.filter(|b| value.tensor.indices.contains(b)) else { return node };
        let m = self.graph.extents.of(batch);
        let m = Tensor::new(self.graph.extent_value(m), Vec::new());
        let parts = [(value.tensor.clone(), Number::ONE), (m, Number::MINUS_ONE)];
        self.graph.contract(Number::ONE, &parts, &[])
    }
}

/// The tensors that `w` and `b` stand for, one after the other.
fn instances_of(mentions: Mentions, weights: &[String], biases: &[String]) -> Vec<Instance> {
    let some = |on: bool, names: &[String]| -> Vec<Option<String>> {
        if on { names.iter().cloned().map(Some).collect() } else { vec![names.first().cloned()] }
    };
    let biases = some(mentions.biases, biases);
    some(mentions.weights, weights)
        .into_iter()
        .flat_map(|w| biases.iter().map(move |b| (w.clone(), b.clone())))
        .collect()
}
