//! Texts to lowered graphs: what every command starts with.

use gradsmith_compiler::diag::{Diagnostic, Diagnostics};
use gradsmith_compiler::lower::cost::{Cost, Define};
use gradsmith_compiler::lower::network::{NetworkCost, Parts};
use gradsmith_compiler::lower::objective::Objective;
use gradsmith_compiler::lower::{Role, cost, network, objective};
use gradsmith_compiler::pipeline::{self, ObjectiveProgram};
use gradsmith_compiler::source::{Place, SourceId, Span};
use gradsmith_compiler::syntax::ast::{Declaration, DeclaredShape, Ident};
use gradsmith_compiler::syntax::parse;

/// A declaration that no text holds.
#[must_use]
pub fn declaration(name: &str, shape: DeclaredShape) -> Declaration {
    let name = Ident { name: name.to_owned(), span: Span::default() };
    Declaration { name, shape, shape_span: Span::default(), symmetric: false }
}

/// Collects what parsing reports, so that all texts are looked at before giving up.
#[derive(Debug, Default)]
struct Collector(Diagnostics);

impl Collector {
    fn take<T>(&mut self, parsed: Result<T, Diagnostic>) -> Option<T> {
        parsed.map_err(|error| self.0.push(error)).ok()
    }

    fn defines(&mut self, texts: &[String]) -> Vec<Define> {
        let mut defines = Vec::new();
        for (n, text) in texts.iter().enumerate() {
            let source = SourceId::Define(n as u32);
            if let Some(definition) = self.take(parse::definition(text, source)) {
                defines.push((definition, source, text.clone()));
            }
        }
        defines
    }
}

/// An objective's texts.
#[derive(Clone, Debug, Default)]
pub struct ObjectiveText {
    /// The expression.
    pub expr: String,
    /// The user's definitions.
    pub defines: Vec<String>,
    /// The variables.
    pub variables: Vec<Declaration>,
    /// Those to differentiate by, with the place that asks for each.
    pub wrt: Vec<(String, Place)>,
    /// The expression is a vector r, and stands for ½ Σ r².
    pub residual: bool,
}

impl ObjectiveText {
    /// Parses and lowers.
    ///
    /// # Errors
    /// Everything that is wrong with the texts.
    pub fn lower(&self) -> Result<Objective, Diagnostics> {
        let mut errors = Collector::default();
        let defines = errors.defines(&self.defines);
        let program = errors.take(parse::program(&self.expr, SourceId::Expression));
        let Some(program) = program.filter(|_| errors.0.is_empty()) else { return Err(errors.0) };
        let wanted = if self.residual { objective::Wanted::Vector } else { objective::Wanted::Scalar };
        objective::lower(&self.expr, &program, &defines, &self.variables, &self.wrt, wanted)
    }

    /// With all derivatives of first and second order.
    ///
    /// # Errors
    /// Everything that is wrong with the texts.
    pub fn program(&self) -> Result<ObjectiveProgram, Diagnostics> {
        let lowered = self.lower()?;
        let wrt: Vec<String> = self.wrt.iter().map(|(name, _)| name.clone()).collect();
        let symmetric: Vec<bool> = wrt
            .iter()
            .map(|name| self.variables.iter().any(|d| d.name.name == *name && d.symmetric))
            .collect();
        Ok(pipeline::objective(lowered, &wrt, &symmetric, self.residual))
    }
}

/// A cost's texts.
#[derive(Clone, Debug, Default)]
pub struct CostText {
    /// The expression.
    pub expr: String,
    /// The user's definitions.
    pub defines: Vec<String>,
    /// Names of the hyper-parameters.
    pub hyper: Vec<String>,
    /// Weights and biases.
    pub tensors: Vec<(Declaration, Role)>,
}

impl CostText {
    /// Parses and lowers the cost of a batch.
    ///
    /// # Errors
    /// Everything that is wrong with the texts.
    pub fn lower(&self) -> Result<Cost, Diagnostics> {
        self.lowered(true)
    }

    /// Parses and lowers the cost of one example.
    ///
    /// # Errors
    /// Everything that is wrong with the texts.
    pub fn lower_example(&self) -> Result<Cost, Diagnostics> {
        self.lowered(false)
    }

    fn lowered(&self, batched: bool) -> Result<Cost, Diagnostics> {
        let mut errors = Collector::default();
        let defines = errors.defines(&self.defines);
        let program = errors.take(parse::program(&self.expr, SourceId::Expression));
        let Some(program) = program.filter(|_| errors.0.is_empty()) else { return Err(errors.0) };
        cost::lower(&self.expr, &program, &defines, &self.hyper, &self.tensors, batched)
    }
}

/// The texts of a network and its cost.
#[derive(Clone, Debug, Default)]
pub struct NetworkText {
    /// The network, in either form.
    pub network: String,
    /// The declarations of the long form.
    pub declarations: String,
    /// Names of the declared tensors that the data supplies; the language's rule where empty.
    pub inputs: Vec<String>,
    /// The cost.
    pub cost: String,
    /// The user's definitions.
    pub defines: Vec<String>,
    /// Names of the hyper-parameters.
    pub hyper: Vec<String>,
}

impl NetworkText {
    /// Parses and lowers.
    ///
    /// # Errors
    /// Everything that is wrong with the texts.
    pub fn lower(&self) -> Result<NetworkCost, Diagnostics> {
        let mut errors = Collector::default();
        let defines = errors.defines(&self.defines);
        let layers = errors.take(parse::network(&self.network, SourceId::Network));
        let declared = errors.take(parse::declarations(&self.declarations, SourceId::Declarations));
        let program = errors.take(parse::program(&self.cost, SourceId::Expression));
        let (Some(layers), Some(declared), Some(program)) = (layers, declared, program) else {
            return Err(errors.0);
        };
        errors.0.propagate()?;
        let spelled = network::spell(&layers, &declared, &self.inputs)?;
        network::lower(Parts {
            network: &self.network,
            declarations: &self.declarations,
            spelled: &spelled,
            text: &self.cost,
            program: &program,
            defines: &defines,
            hyper: &self.hyper,
        })
    }
}
