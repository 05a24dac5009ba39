//! The front end, from texts to lowered and derived programs: where the derives and the command line both
//! start.
//!
//! A caller says which texts there are and gets a program, or everything that is wrong with the texts, each
//! mistake with its place. Whoever asked shows these mistakes in a way of its own: at tokens, or under a
//! line.

use crate::diag::{Diagnostic, Diagnostics, ErrorKind};
use crate::lower::constraints::Restrictions;
use crate::lower::cost::{Cost, Define, TermKind};
use crate::lower::network::{NetworkCost, Parsed};
use crate::lower::objective::Objective;
use crate::lower::{Role, cost, network, objective};
use crate::pipeline::{self, CostProgram, NetworkProducts, NetworkProgram, ObjectiveProgram};
use crate::simplify::{Log, NODES, PASSES};
use crate::source::{Place, SourceId, Span};
use crate::suggest::did_you_mean;
use crate::syntax::ast::{Declaration, DeclaredExtent, DeclaredShape, Ident, Network};
use crate::syntax::parse;

/// A declaration that no text holds.
#[must_use]
pub fn declaration(name: &str, shape: DeclaredShape) -> Declaration {
    let name = Ident { name: name.to_owned(), span: Span::default() };
    Declaration { name, shape, shape_span: Span::default(), symmetric: false, whole: false }
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

/// What is wrong with the names of hyper-parameters: those that the cost supplies, and those of declared
/// tensors.
fn misnamed(hyper: &[String], declared: &[&str]) -> Diagnostics {
    let mut errors = Diagnostics::new();
    for (n, name) in hyper.iter().map(|text| cost::hyper_parameter(text).0).enumerate() {
        let message = if let Some(what) = cost::supplied(name) {
            format!("the hyper-parameter `{name}` has a name that the cost supplies: `{name}` is {what}")
        } else if declared.contains(&name) {
            format!("the hyper-parameter `{name}` has the name of a tensor: `{name}` is declared")
        } else {
            continue;
        };
        let place = Place { source: SourceId::Hyper(n as u32), span: Span::default() };
        let help = format!("call it otherwise, such as `my_{name}`");
        errors.push(Diagnostic::new(ErrorKind::DuplicateDefinition, place, message).with_help(help));
    }
    errors
}

/// A cost's texts.
#[derive(Clone, Debug, Default)]
pub struct CostText {
    /// The expression.
    pub expr: String,
    /// The user's definitions.
    pub defines: Vec<String>,
    /// Names of the hyper-parameters, `c: vector` for one with an entry for each output.
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

    /// The cost of one example, with its direct derivatives.
    ///
    /// # Errors
    /// Everything that is wrong with the texts.
    pub fn program(&self) -> Result<CostProgram, Diagnostics> {
        self.derived(self.lower_example()?)
    }

    /// The same, of a cost whose derivatives need no network: no term speaks of the activations and of a
    /// tensor, or of a weight and of a bias.
    ///
    /// # Errors
    /// Everything that is wrong with the texts; each term that couples these.
    pub fn separate_program(&self) -> Result<CostProgram, Diagnostics> {
        let cost = self.lower_example()?;
        let mut found = Diagnostics::new();
        for term in &cost.terms {
            let couples = term.instances.iter().any(|i| match term.kind {
                TermKind::Data => i.weight.is_some() || i.bias.is_some(),
                TermKind::Penalty => i.weight.is_some() && i.bias.is_some(),
                TermKind::Constant => false,
            });
            if couples {
                found.push(self.coupled(&term.origin));
            }
        }
        found.propagate()?;
        self.derived(cost)
    }

    /// Refuses what the passes have not finished.
    pub(crate) fn checked(&self, log: &Log) -> Result<(), Diagnostics> {
        simplified(log, &self.expr)
    }

    fn derived(&self, cost: Cost) -> Result<CostProgram, Diagnostics> {
        let program = pipeline::cost(cost);
        self.checked(&program.log)?;
        Ok(program)
    }

    fn coupled(&self, term: &str) -> Diagnostic {
        let whole = Span::new(0, self.expr.len());
        let span = self.expr.find(term).map_or(whole, |start| Span::new(start, start + term.len()));
        let place = Place { source: SourceId::Expression, span };
        let message = format!("`{term}` couples what a cost alone keeps apart: activations, weights, biases");
        Diagnostic::new(ErrorKind::Unsupported, place, message)
            .with_help("derive `Network`, which knows them all")
    }

    fn lowered(&self, batched: bool) -> Result<Cost, Diagnostics> {
        let mut errors = Collector::default();
        let defines = errors.defines(&self.defines);
        let program = errors.take(parse::program(&self.expr, SourceId::Expression));
        let Some(program) = program.filter(|_| errors.0.is_empty()) else { return Err(errors.0) };
        let declared: Vec<&str> = self.tensors.iter().map(|(d, _)| d.name.name.as_str()).collect();
        misnamed(&self.hyper, &declared).propagate()?;
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
    /// Names of the hyper-parameters, `c: vector` for one with an entry for each output.
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
        for (n, input) in undeclared(&layers, &declared, &self.inputs) {
            errors.0.push(undeclared_input(n, input));
        }
        errors.0.propagate()?;
        let spelled = network::spell(&layers, &declared, &self.inputs)?;
        let tensors: Vec<&str> = spelled.declarations.iter().map(|(d, _)| d.name.name.as_str()).collect();
        misnamed(&self.hyper, &tensors).propagate()?;
        network::lower(Parsed {
            network: &self.network,
            declarations: &self.declarations,
            spelled: &spelled,
            text: &self.cost,
            program: &program,
            defines: &defines,
            hyper: &self.hyper,
        })
    }

    /// The inputs that nothing declares; none where texts do not parse.
    #[must_use]
    pub fn undeclared_inputs(&self) -> Vec<&str> {
        let layers = parse::network(&self.network, SourceId::Network);
        let declared = parse::declarations(&self.declarations, SourceId::Declarations);
        match (layers, declared) {
            (Ok(layers), Ok(declared)) => {
                undeclared(&layers, &declared, &self.inputs).map(|(_, name)| name).collect()
            }
            _ => Vec::new(),
        }
    }

    /// With the total gradient.
    ///
    /// # Errors
    /// Everything that is wrong with the texts.
    pub fn program(&self) -> Result<NetworkProgram, Diagnostics> {
        let program = pipeline::network(self.lower()?);
        simplified(&program.log, &self.cost)?;
        Ok(program)
    }

    /// The same where each example has a weight.
    ///
    /// # Errors
    /// Everything that is wrong with the texts.
    pub fn weighted_program(&self) -> Result<NetworkProgram, Diagnostics> {
        let program = pipeline::weighted_network(self.lower()?);
        simplified(&program.log, &self.cost)?;
        Ok(program)
    }

    /// The products of second order of the network that these texts are.
    ///
    /// # Errors
    /// Where they are too intricate to simplify.
    pub fn products(&self, program: &NetworkProgram) -> Result<NetworkProducts, Diagnostics> {
        let products = pipeline::network_products(program);
        simplified(&products.log, &self.cost)?;
        Ok(products)
    }
}

/// The inputs that nothing declares: the arrow form has one, `x`.
fn undeclared<'a>(
    layers: &Network,
    declared: &[Declaration],
    inputs: &'a [String],
) -> impl Iterator<Item = (u32, &'a str)> {
    let known = |name: &str| match layers {
        Network::Arrow(_) => name == "x",
        Network::Long(_) => declared.iter().any(|d| d.name.name == name),
    };
    (0..).zip(inputs.iter().map(String::as_str)).filter(move |(_, name)| !known(name))
}

fn undeclared_input(n: u32, name: &str) -> Diagnostic {
    let place = Place { source: SourceId::Input(n), span: Span::default() };
    Diagnostic::new(ErrorKind::UnknownName, place, format!("the input `{name}` is not declared"))
        .with_help(format!("say its length: `{name}: 3`"))
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
    /// Declarations of more variables to differentiate by, as in `w: vector, b: scalar`.
    pub declarations: String,
    /// What is to be said of the others beside their declaration, as in `X: matrix[n, d], K: symmetric matrix`.
    pub data: String,
    /// The expression is a vector r, and stands for ½ Σ r².
    pub residual: bool,
    /// Limits of the variables: `w >= 0, l <= s <= u`.
    pub bounds: String,
    /// What is to hold: `sum(w) == 1`, each a text of its own, in the order of their rows.
    pub constraints: Vec<String>,
}

impl ObjectiveText {
    /// Parses and lowers.
    ///
    /// # Errors
    /// Everything that is wrong with the texts.
    pub fn lower(&self) -> Result<Objective, Diagnostics> {
        Ok(self.lowered()?.0)
    }

    /// With all derivatives of first and second order.
    ///
    /// # Errors
    /// Everything that is wrong with the texts.
    pub fn program(&self) -> Result<ObjectiveProgram, Diagnostics> {
        let (lowered, wrt) = self.lowered()?;
        let symmetric: Vec<bool> = wrt.iter().map(|(_, symmetric)| *symmetric).collect();
        let names: Vec<String> = wrt.into_iter().map(|(name, _)| name).collect();
        let program = pipeline::objective(lowered, &names, &symmetric, self.residual);
        simplified(&program.log, &self.expr)?;
        Ok(program)
    }

    fn restrictions(&self, errors: &mut Collector) -> Restrictions {
        let bounds = match self.bounds.trim() {
            "" => Vec::new(),
            _ => errors.take(parse::relations(&self.bounds, SourceId::Bounds)).unwrap_or_default(),
        };
        let constraints = self.constraints.iter().enumerate().map(|(k, text)| {
            let parsed = errors.take(parse::relations(text, SourceId::Constraint(k as u32)));
            (text.as_str(), parsed.unwrap_or_default())
        });
        let constraints = constraints.collect();
        Restrictions::new((&self.bounds, bounds), constraints)
    }

    /// The lowered objective, and the variables to differentiate by: name, and whether it is symmetric.
    fn lowered(&self) -> Result<(Objective, Vec<(String, bool)>), Diagnostics> {
        let mut errors = Collector::default();
        let defines = errors.defines(&self.defines);
        let program = errors.take(parse::program(&self.expr, SourceId::Expression));
        let declared = errors.take(parse::declarations(&self.declarations, SourceId::Declarations));
        let (mut variables, mut wrt) = (self.variables.clone(), self.wrt.clone());
        for d in declared.into_iter().flatten() {
            let place = Place { source: SourceId::Declarations, span: d.name.span };
            if variables.iter().any(|v| v.name.name == d.name.name) {
                errors.0.push(declared_already(&d.name.name, place));
            }
            wrt.push((d.name.name.clone(), place));
            variables.push(d);
        }
        let data = errors.take(parse::declarations(&self.data, SourceId::Data)).unwrap_or_default();
        let asked = |name: &str| wrt.iter().any(|(asked, _)| asked == name);
        for (k, d) in data.iter().enumerate() {
            if let Some(error) = misplaced(d, &self.variables, &data[..k], &asked) {
                errors.0.push(error);
            }
        }
        for (source, declared) in [(SourceId::Declarations, &variables[..]), (SourceId::Data, &data[..])] {
            for d in declared {
                if let Some(error) = hidden(d, source, &variables) {
                    errors.0.push(error);
                }
            }
        }
        variables.extend(data);
        let restrictions = self.restrictions(&mut errors);
        let Some(program) = program.filter(|_| errors.0.is_empty()) else { return Err(errors.0) };
        let wanted = if self.residual { objective::Wanted::Vector } else { objective::Wanted::Scalar };
        let lowered =
            objective::restricted(&self.expr, &program, &defines, &variables, &wrt, wanted, &restrictions)?;
        let symmetric = |name: &str| variables.iter().any(|d| d.name.name == name && d.symmetric);
        let wrt = wrt.into_iter().map(|(name, _)| {
            let symmetric = symmetric(&name);
            (name, symmetric)
        });
        Ok((lowered, wrt.collect()))
    }
}

/// An error where rewriting has given up. What it leaves is right, but may overflow where the truth is
/// finite, or take many times as long as it should; and a derive has no way to say so but an error.
fn simplified(log: &Log, text: &str) -> Result<(), Diagnostics> {
    let (message, help) = if log.too_large {
        let message =
            format!("this and its derivatives come to more than {NODES} nodes, the budget of a formula");
        (
            message,
            "differentiate by fewer variables at once, and put scalars that are treated alike into a vector",
        )
    } else if log.gave_up {
        let message = format!("this is too intricate to simplify: rules still apply after {PASSES} passes");
        (message, "name parts of it, as in `r = X*w - y; r'*r`: what has a name is simplified by itself")
    } else {
        return Ok(());
    };
    let place = Place { source: SourceId::Expression, span: Span::new(0, text.len()) };
    Err(Diagnostic::new(ErrorKind::TooIntricate, place, message).with_help(help).into())
}

/// The error of a declaration in `data(...)` that is none of a field.
fn misplaced(
    d: &Declaration,
    fields: &[Declaration],
    before: &[Declaration],
    asked: &dyn Fn(&str) -> bool,
) -> Option<Diagnostic> {
    let name = &d.name.name;
    let place = Place { source: SourceId::Data, span: d.name.span };
    if before.iter().any(|b| b.name.name == *name) {
        let message = format!("`data(...)` speaks of `{name}` twice");
        let help = "say all of it in one declaration";
        return Some(Diagnostic::new(ErrorKind::DuplicateDefinition, place, message).with_help(help));
    }
    if asked(name) {
        let message = format!("`{name}` is a variable, and `data(...)` is about data");
        let help = "declare it in `wrt(...)`, with its extents";
        return Some(Diagnostic::new(ErrorKind::DuplicateDefinition, place, message).with_help(help));
    }
    if fields.iter().any(|f| f.name.name == *name) {
        return None;
    }
    let near = did_you_mean(name, fields.iter().map(|f| f.name.name.as_str()));
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("give the struct a field `{name}`, or declare a variable in `wrt(...)`"),
    };
    let message = format!("`{name}` is no field of the struct");
    Some(Diagnostic::new(ErrorKind::UnknownName, place, message).with_help(help))
}

/// The error of an extent that is called as a field or a variable is.
fn hidden(d: &Declaration, source: SourceId, variables: &[Declaration]) -> Option<Diagnostic> {
    let extents = match &d.shape {
        DeclaredShape::Scalar | DeclaredShape::Vector(None) | DeclaredShape::Matrix(None) => Vec::new(),
        DeclaredShape::Vector(Some(n)) => vec![n],
        DeclaredShape::Matrix(Some((rows, cols))) => vec![rows, cols],
        DeclaredShape::Tensor(extents) => extents.iter().collect(),
    };
    let taken = extents.into_iter().find_map(|e| match e {
        DeclaredExtent::Symbol(s) => variables.iter().find(|v| v.name.name == *s),
        DeclaredExtent::Constant(_) | DeclaredExtent::Free => None,
    })?;
    let (name, symbol) = (&d.name.name, &taken.name.name);
    let message = format!("`{symbol}` is an extent of `{name}`, and a variable or field by itself");
    let help = "call the extent otherwise: a symbol is a number of entries that nothing else is called";
    let place = Place { source, span: d.shape_span };
    Some(Diagnostic::new(ErrorKind::DuplicateDefinition, place, message).with_help(help))
}

fn declared_already(name: &str, place: Place) -> Diagnostic {
    let message = format!("`{name}` is a field of the struct and a variable of `wrt`");
    let help = "a variable is given at each call; take the field away, or call it otherwise";
    Diagnostic::new(ErrorKind::DuplicateDefinition, place, message).with_help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_that_is_not_simplified_to_the_end_is_refused() {
        let text = "quadratic + l2(lambda)";
        assert_eq!(simplified(&Log::default(), text), Ok(()));
        let errors = simplified(&Log { gave_up: true, ..Log::default() }, text).expect_err("an error");
        let shown = errors.render(&|_| Some(text.to_owned()));
        assert!(shown.contains(text) && shown.contains("name parts of it"), "{shown}");
        let errors = simplified(&Log { too_large: true, ..Log::default() }, text).expect_err("an error");
        let shown = errors.render(&|_| Some(text.to_owned()));
        assert!(shown.contains("100000 nodes") && shown.contains("fewer variables"), "{shown}");
    }
}
