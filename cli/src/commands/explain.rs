//! `cargo gradsmith explain`: a cost or objective, its derivatives, and the steps to them.

use crate::Failure;
use crate::derivatives::{Derivatives, total};
use crate::request::Request;
use gradsmith_compiler::diag::Diagnostics;
use gradsmith_compiler::ir::NodeId;
use gradsmith_compiler::lower::cost::Cost;
use std::io::Write;

/// What was asked about, differentiated.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The scalar and its gradients.
    pub derivatives: Derivatives,
    /// The names of the variables differentiated by.
    pub names: Vec<String>,
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
                Ok(Self { derivatives, names })
            }
            Request::Cost(text) => {
                let cost = text.lower().map_err(refused)?;
                Ok(Self::of_cost(cost, true))
            }
            Request::Network(text) => Ok(Self::of_cost(text.lower().map_err(refused)?.cost, false)),
        }
    }

    fn of_cost(mut cost: Cost, activations: bool) -> Self {
        let value = total(&mut cost.graph, &[cost.data, cost.penalty]);
        let mut names: Vec<String> = cost.tensors.iter().map(|t| t.name.clone()).collect();
        let mut wrt: Vec<NodeId> = cost.tensors.iter().map(|t| t.node).collect();
        if activations {
            names.insert(0, "a".to_owned());
            wrt.insert(0, cost.a);
        }
        Self { derivatives: Derivatives::of(cost.graph, value, &wrt), names }
    }
}

/// Prints the derivation.
///
/// # Errors
/// Texts that are wrong.
pub fn run(request: &Request, _format: &str, out: &mut dyn Write) -> Result<bool, Failure> {
    let subject = Subject::of(request)?;
    writeln!(out, "derivatives by {}", subject.names.join(", "))?;
    for rule in subject.derivatives.log.rules() {
        writeln!(out, "by {}: {} = {}", rule.name, rule.lhs, rule.rhs)?;
    }
    Ok(true)
}
