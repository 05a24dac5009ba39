//! `cargo gradsmith explain`: a cost or objective, its derivatives, and the rules that led to them.

use crate::Failure;
use crate::derivatives::{Derivatives, total};
use crate::request::Request;
use gradsmith_compiler::diag::Diagnostics;
use gradsmith_compiler::emit::notation::Notation;
use gradsmith_compiler::emit::{self, Lines, Target, View};
use gradsmith_compiler::ir::{Extent, NodeId};
use gradsmith_compiler::lower::cost::{Cost, Part, Term};
use gradsmith_compiler::lower::network::NetworkCost;
use std::io::Write;

/// What was asked about, differentiated.
#[derive(Clone, Debug)]
pub struct Subject {
    /// What the scalar is called: `f` or `C`.
    pub name: &'static str,
    /// The scalar and its gradients.
    pub derivatives: Derivatives,
    /// The names of the variables differentiated by.
    pub names: Vec<String>,
    /// The extent of the batch, if there is one.
    pub batch: Option<Extent>,
    /// The terms of a cost.
    pub terms: Vec<Term>,
}

impl Subject {
    /// Lowers and differentiates.
    ///
    /// # Errors
    /// Texts that are wrong: each error under the line it is about.
    pub fn of(request: &Request) -> Result<Self, Failure> {
        let refused = |errors: Diagnostics| request.refusal(&errors);
        match request {
            Request::Objective(text) => {
                let lowered = text.lower().map_err(refused)?;
                let derivatives = Derivatives::of(lowered.graph, lowered.value, &lowered.wrt);
                let names = text.wrt.iter().map(|(name, _)| name.clone()).collect();
                Ok(Self { name: "f", derivatives, names, batch: None, terms: Vec::new() })
            }
            Request::Cost(text) => {
                let cost = text.lower().map_err(refused)?;
                let mut wrt = vec![("a".to_owned(), cost.a)];
                wrt.extend(cost.tensors.iter().map(|t| (t.name.clone(), t.node)));
                Ok(Self::of_cost(cost, &wrt))
            }
            Request::Network(text) => {
                let NetworkCost { cost, .. } = text.lower().map_err(refused)?;
                let wrt: Vec<_> = cost.tensors.iter().map(|t| (t.name.clone(), t.node)).collect();
                Ok(Self::of_cost(cost, &wrt))
            }
        }
    }

    fn of_cost(mut cost: Cost, wrt: &[(String, NodeId)]) -> Self {
        let value = total(&mut cost.graph, &[cost.data, cost.penalty]);
        let nodes: Vec<NodeId> = wrt.iter().map(|(_, node)| *node).collect();
        Self {
            name: "C",
            derivatives: Derivatives::of(cost.graph, value, &nodes),
            names: wrt.iter().map(|(name, _)| name.clone()).collect(),
            batch: Some(cost.batch),
            terms: cost.terms,
        }
    }

    fn view(&self) -> View {
        View { batch: self.batch, ..View::default() }
    }
}

/// Prints the derivation in the notation of this name.
///
/// # Errors
/// Texts that are wrong, a notation that does not exist.
pub fn run(request: &Request, format: &str, out: &mut dyn Write) -> Result<bool, Failure> {
    let Some(target) = emit::target(format) else {
        return Err(Failure::Input(format!("error: formulas are not written as `{format}`")));
    };
    let subject = Subject::of(request)?;
    let latex = target.name == "latex";
    let comment = if latex { "% " } else { "" };
    for term in &subject.terms {
        writeln!(out, "{comment}{}: {}", term.origin, counted(term.part))?;
    }
    if !subject.terms.is_empty() {
        writeln!(out)?;
    }
    let d = &subject.derivatives;
    let line = |out: &mut dyn Write, d: &Derivatives, head: &str, node| -> Result<(), Failure> {
        let formula = formula(target, d, node, &subject.view());
        let written = if latex {
            writeln!(out, "\\[ {head} = {formula} \\]")
        } else {
            writeln!(out, "{head} = {formula}")
        };
        Ok(written?)
    };
    line(out, d, subject.name, d.value)?;
    for (name, &gradient) in subject.names.iter().zip(&d.gradient) {
        let head = if latex {
            format!("\\frac{{\\partial {}}}{{\\partial {}}}", subject.name, written(target, name))
        } else {
            format!("∂{}/∂{name}", subject.name)
        };
        line(out, d, &head, gradient)?;
    }
    let mut log = d.log.clone();
    if matches!(request, Request::Objective(_)) {
        for (k, name) in subject.names.iter().enumerate() {
            let mut second = d.clone();
            let product = second.product(&[k]);
            let head = if latex {
                let name = written(target, name);
                format!("\\frac{{\\partial^2 f}}{{\\partial {name}^2}} v")
            } else {
                format!("∂²f/∂{name}² v")
            };
            line(out, &second, &head, product[0])?;
            log = second.log;
        }
    }
    for (k, rule) in log.rules().enumerate() {
        if k == 0 {
            writeln!(out, "\n{comment}Rules used:")?;
        }
        writeln!(out, "{comment}  {}: {} = {} for {}", rule.name, rule.lhs, rule.rhs, rule.domain)?;
    }
    Ok(true)
}

fn formula(target: &Target, d: &Derivatives, node: NodeId, view: &View) -> String {
    (target.write)(&emit::lines(&d.graph, node, view))
}

/// A name by itself.
fn written(target: &Target, name: &str) -> String {
    (target.write)(&Lines { definitions: Vec::new(), value: Notation::Name(name.to_owned()) })
}

fn counted(part: Part) -> &'static str {
    match part {
        Part::Data => "differs from example to example; its mean is the data cost",
        Part::Penalty => "a penalty, counted once; it does not mention `a`, so ∂C/∂a has no part of it",
        Part::Constant => "a constant; no derivative has a part of it",
    }
}
