//! What is asked about, derived once: what `explain` prints, and a page shows in parts.

use crate::Failure;
use crate::request::{Request, Subject};
use gradsmith_compiler::derivation::{self, Derivation, Room, Shown};
use gradsmith_compiler::front::{CostText, NetworkText, ObjectiveText};
use gradsmith_compiler::ir::Graph;
use gradsmith_compiler::picture::{self, Picture};
use gradsmith_compiler::pipeline::steps::{NetworkSteps, network_steps};
use gradsmith_compiler::pipeline::{CostProgram, NetworkProgram, ObjectiveProgram};

/// A derived program of any kind, with the texts that it was derived from.
#[derive(Debug)]
pub(crate) enum Derived<'a> {
    Cost(&'a CostText, Box<CostProgram>),
    /// With its steps, which derivation, picture and formula speak of.
    Network(&'a NetworkText, Box<NetworkProgram>, Box<NetworkSteps>),
    Objective(&'a ObjectiveText, Box<ObjectiveProgram>),
}

impl<'a> Derived<'a> {
    /// # Errors
    /// Texts that are wrong: each error under the line it is about.
    pub(crate) fn of(request: &'a Request) -> Result<Self, Failure> {
        match &request.subject {
            Subject::Cost(text) => text.program().map(|p| Self::Cost(text, Box::new(p))),
            Subject::Network(text) => text.program().map(|p| {
                let steps = network_steps(&p);
                Self::Network(text, Box::new(p), Box::new(steps))
            }),
            Subject::Objective(text) => text.program().map(|p| Self::Objective(text, Box::new(p))),
        }
        .map_err(|e| request.refusal(&e))
    }

    pub(crate) fn graph(&self) -> &Graph {
        match self {
            Self::Cost(_, p) => &p.graph,
            Self::Network(_, p, _) => &p.graph,
            Self::Objective(_, p) => &p.graph,
        }
    }

    pub(crate) fn derivation(&self, shown: Shown) -> Derivation {
        match self {
            Self::Cost(text, p) => derivation::cost(p, text, shown.steps),
            Self::Network(text, p, steps) => derivation::network(p, steps, text, shown.steps),
            Self::Objective(text, p) => derivation::objective(p, text, shown, Room::unlimited),
        }
    }

    /// The picture of where the derivatives come from.
    pub(crate) fn picture(&self) -> Picture {
        match self {
            Self::Cost(text, p) => picture::cost(p, &text.expr),
            Self::Network(text, p, steps) => picture::network(p, steps, &text.network, &text.cost),
            Self::Objective(text, p) => picture::objective(p, &text.expr),
        }
    }
}
