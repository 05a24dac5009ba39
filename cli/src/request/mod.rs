//! What `explain`, `expand`, `export` and the live page are asked about: a cost, a network with its cost, or an
//! objective, read from [`Texts`], wherever these come from.

pub(crate) mod names;
mod texts;

pub use texts::{Field, Kind, Mistake, Texts};

use crate::Failure;
use clap::ArgMatches;
use gradsmith_compiler::diag::{Diagnostic, Diagnostics, ErrorKind};
use gradsmith_compiler::front::{CostText, NetworkText, ObjectiveText, declaration};
use gradsmith_compiler::lower::Role;
use gradsmith_compiler::lower::cost::hyper_parameter;
use gradsmith_compiler::source::{Place, SourceId, Span};
use gradsmith_compiler::syntax::ast::{Declaration, DeclaredShape, ExprKind};
use gradsmith_compiler::syntax::parse::{self, canonical_name};
use texts::{Lines, Listed, items};

/// What is asked about, and how it was written.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is asked about.
    pub subject: Subject,
    written: Written,
}

/// What is asked about.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A cost of activations and targets.
    Cost(CostText),
    /// A network and its cost.
    Network(NetworkText),
    /// An expression over declared variables.
    Objective(ObjectiveText),
}

/// The texts of which only parts are in the subject: mistakes are shown in them.
#[derive(Clone, Debug, Default)]
struct Written {
    declarations: Lines,
    /// Where those begin that say what is differentiated by.
    wrt: usize,
    inputs: Listed,
    hyper: Listed,
}

impl Request {
    /// Reads the arguments that `explain`, `expand` and `export` share.
    ///
    /// # Errors
    /// As of [`Request::of`].
    pub fn from_matches(matches: &ArgMatches) -> Result<Self, Failure> {
        let (kind, texts) = Texts::from_matches(matches);
        Self::of(kind, texts)
    }

    /// Reads the texts of an expression of this kind. What is wrong with the expression itself shows when it is derived.
    ///
    /// # Errors
    /// Declarations that do not parse; names that are none; nothing to differentiate by.
    pub fn of(kind: Kind, texts: Texts) -> Result<Self, Failure> {
        let mut written = Written::default();
        let subject = match kind {
            Kind::Cost => Subject::Cost(cost(texts, &mut written)?),
            Kind::Network => Subject::Network(network(texts, &mut written)?),
            Kind::Objective => Subject::Objective(objective(texts, &mut written)?),
        };
        Ok(Self { subject, written })
    }

    /// What is wrong with the texts, each error under the line it is about.
    #[must_use]
    pub fn refusal(&self, errors: &Diagnostics) -> Failure {
        Failure::Texts(errors.iter().map(|error| self.mistake(error)).collect())
    }

    fn mistake(&self, error: &Diagnostic) -> Mistake {
        let mut error = error.clone();
        for place in std::iter::once(&mut error.place).chain(error.secondary.iter_mut().map(|(p, _)| p)) {
            match place.source {
                SourceId::Hyper(n) => place.span = self.written.hyper.span(n),
                SourceId::Input(n) => place.span = self.written.inputs.span(n),
                _ => {}
            }
        }
        let says = Diagnostics::from(error.clone()).render(&|source| self.source(source));
        Mistake { field: self.field(error.place), says }
    }

    fn field(&self, place: Place) -> Field {
        let objective = matches!(self.subject, Subject::Objective(_));
        match place.source {
            SourceId::Network => Field::Network,
            SourceId::Declarations if objective && place.span.start >= self.written.wrt => Field::Wrt,
            SourceId::Declarations if objective => Field::Var,
            SourceId::Declarations => Field::Declare,
            SourceId::Input(_) => Field::Inputs,
            SourceId::Hyper(_) => Field::Hyper,
            SourceId::Define(_) => Field::Define,
            SourceId::Bounds => Field::Bounds,
            SourceId::Constraint(_) => Field::St,
            SourceId::Expression | SourceId::Data | SourceId::Catalog => Field::Expr,
        }
    }

    fn source(&self, source: SourceId) -> Option<String> {
        let (expression, network, defines) = match &self.subject {
            Subject::Cost(c) => (&c.expr, "", &c.defines),
            Subject::Network(n) => (&n.cost, n.network.as_str(), &n.defines),
            Subject::Objective(o) => (&o.expr, "", &o.defines),
        };
        let (bounds, constraints) = match &self.subject {
            Subject::Objective(o) => (o.bounds.as_str(), &o.constraints[..]),
            _ => ("", &[][..]),
        };
        match source {
            SourceId::Expression => Some(expression.clone()),
            SourceId::Network => Some(network.to_owned()),
            SourceId::Declarations => Some(self.written.declarations.0.clone()),
            SourceId::Input(_) => Some(self.written.inputs.lines.0.clone()),
            SourceId::Hyper(_) => Some(self.written.hyper.lines.0.clone()),
            SourceId::Define(n) => defines.get(n as usize).cloned(),
            SourceId::Bounds => Some(bounds.to_owned()),
            SourceId::Constraint(n) => constraints.get(n as usize).cloned(),
            SourceId::Data | SourceId::Catalog => None,
        }
    }
}

/// The declarations in a text, at their places in the lines of all.
fn declared(text: &str, field: Field, lines: &mut Lines) -> Result<Vec<Declaration>, Mistake> {
    let start = lines.push(text);
    let mut all = parse::declarations(text, SourceId::Declarations)
        .map_err(|error| Mistake::new(field, error, text))?;
    for d in &mut all {
        for span in [&mut d.name.span, &mut d.shape_span] {
            *span = Span::new(start + span.start, start + span.end);
        }
    }
    Ok(all)
}

/// Hyper-parameters: those that are listed, else what nothing declares.
fn hyper_parameters(listed: &Listed, guess: impl FnOnce() -> Vec<String>) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for (item, span) in &listed.items {
        let (name, vector) = hyper_parameter(item);
        let is_name = parse::program(name, SourceId::Hyper(0))
            .is_ok_and(|p| p.locals.is_empty() && matches!(p.result.kind, ExprKind::Name(_)));
        let says_vector = item.split_once(':').is_none_or(|(_, shape)| shape.trim() == "vector");
        if !(is_name && says_vector) {
            let place = Place { source: SourceId::Hyper(0), span: *span };
            let error =
                Diagnostic::new(ErrorKind::UnexpectedToken, place, format!("`{item}` is no hyper-parameter"))
                    .with_help(
                        "names, separated by commas: `lambda, n`; `c: vector` has an entry for each output",
                    );
            return Err(Mistake::new(Field::Hyper, error, &listed.lines.0).into());
        }
        let name = canonical_name(name.trim());
        names.push(if vector { format!("{name}: vector") } else { name });
    }
    Ok(if names.is_empty() { guess() } else { names })
}

/// A network and its cost. What does not parse is said when it is lowered.
fn network(texts: Texts, written: &mut Written) -> Result<NetworkText, Failure> {
    let Texts { expr: cost, network, declare: declarations, inputs, hyper, defines, .. } = texts;
    written.declarations.push(&declarations);
    written.inputs = Listed::of(&inputs);
    written.hyper = Listed::of(&hyper);
    let tensors = parse::declarations(&declarations, SourceId::Declarations).unwrap_or_default();
    let hyper = hyper_parameters(&written.hyper, || names::of_cost(&cost, &defines, &tensors))?;
    let inputs = written.inputs.items.iter().map(|(name, _)| canonical_name(name)).collect();
    Ok(NetworkText { network, declarations, inputs, hyper, cost, defines })
}

/// A cost; its tensors are `w` and `b` where none are declared.
fn cost(texts: Texts, written: &mut Written) -> Result<CostText, Failure> {
    let Texts { expr, declare, hyper, defines, .. } = texts;
    written.hyper = Listed::of(&hyper);
    let tensors = if declare.trim().is_empty() {
        vec![declaration("w", DeclaredShape::Matrix(None)), declaration("b", DeclaredShape::Vector(None))]
    } else {
        declared(&declare, Field::Declare, &mut written.declarations)?
    };
    let role = |d: &Declaration| match d.shape {
        DeclaredShape::Matrix(_) | DeclaredShape::Tensor(_) => Role::Weight,
        _ => Role::Bias,
    };
    let hyper = hyper_parameters(&written.hyper, || names::of_cost(&expr, &defines, &tensors))?;
    let tensors = tensors.into_iter().map(|d| (d.clone(), role(&d))).collect();
    Ok(CostText { hyper, expr, defines, tensors })
}

/// An objective. In `wrt`, `w: vector` declares and asks; `w` asks for what is declared elsewhere.
fn objective(texts: Texts, written: &mut Written) -> Result<ObjectiveText, Failure> {
    let Texts { expr, defines, variables: texts, wrt, bounds, constraints, residual, .. } = texts;
    let mut mistakes = Vec::new();
    let mut variables: Vec<Declaration> = Vec::new();
    let lines = &mut written.declarations;
    for text in texts.iter().filter(|text| !text.trim().is_empty()) {
        match declared(text, Field::Var, lines) {
            Ok(all) => variables.extend(all),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    written.wrt = lines.0.len();
    let mut asked: Vec<(String, Place)> = Vec::new();
    for text in wrt.iter().filter(|text| !text.trim().is_empty()) {
        let names = if text.contains(':') {
            let all = match declared(text, Field::Wrt, lines) {
                Ok(all) => all,
                Err(mistake) => {
                    mistakes.push(mistake);
                    continue;
                }
            };
            let names: Vec<_> = all.iter().map(|d| (d.name.name.clone(), d.name.span)).collect();
            for d in all {
                match variables.iter().find(|known| known.name.name == d.name.name) {
                    None => variables.push(d),
                    // The same said twice does no harm.
                    Some(known) if same_shape(known, &d) => {}
                    Some(_) => mistakes.push(two_shapes(&d, lines)),
                }
            }
            names
        } else {
            let start = lines.push(text);
            let moved = |span: Span| Span::new(start + span.start, start + span.end);
            items(text).map(|(name, span)| (canonical_name(name), moved(span))).collect()
        };
        for (name, span) in names {
            let place = Place { source: SourceId::Declarations, span };
            if asked.iter().any(|(known, _)| *known == name) {
                let message = format!("`{name}` is to be differentiated by twice");
                let error =
                    Diagnostic::new(ErrorKind::DuplicateDefinition, place, message).with_help("say it once");
                mistakes.push(Mistake::new(Field::Wrt, error, &lines.0));
            } else {
                asked.push((name, place));
            }
        }
    }
    if asked.is_empty() && mistakes.is_empty() {
        mistakes.push(nothing_asked(&expr, &variables));
    }
    if !mistakes.is_empty() {
        return Err(Failure::Texts(mistakes));
    }
    Ok(ObjectiveText {
        expr,
        defines,
        variables,
        wrt: asked,
        residual,
        bounds,
        constraints,
        ..ObjectiveText::default()
    })
}

fn same_shape(a: &Declaration, b: &Declaration) -> bool {
    (&a.shape, a.symmetric, a.whole) == (&b.shape, b.symmetric, b.whole)
}

fn two_shapes(d: &Declaration, lines: &Lines) -> Mistake {
    let name = &d.name.name;
    let place = Place { source: SourceId::Declarations, span: d.name.span.to(d.shape_span) };
    let error = Diagnostic::new(
        ErrorKind::DuplicateDefinition,
        place,
        format!("`{name}` is declared with two shapes"),
    )
    .with_help(format!("leave one out: `{name}` alone asks for what is declared already"));
    Mistake::new(Field::Wrt, error, &lines.0)
}

/// An expression that does not parse is at fault before there is nothing to differentiate by.
fn nothing_asked(expr: &str, variables: &[Declaration]) -> Mistake {
    if let Err(error) = parse::program(expr, SourceId::Expression) {
        return Mistake::new(Field::Expr, error, expr);
    }
    let place = Place { source: SourceId::Declarations, span: Span::default() };
    let mut error = Diagnostic::new(ErrorKind::UndeclaredWrt, place, "nothing to differentiate by");
    if !variables.is_empty() {
        let names: Vec<String> = variables.iter().map(|d| format!("`{}`", d.name.name)).collect();
        error = error.with_help(format!("say by which (`--wrt`): {}", names.join(", ")));
    }
    Mistake::new(Field::Wrt, error, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradsmith_compiler::syntax::ast::DeclaredExtent;

    /// The field at fault, and what is said.
    #[track_caller]
    fn refused(kind: Kind, texts: Texts) -> Vec<(Field, String)> {
        let refused = match Request::of(kind, texts) {
            Err(failure) => failure,
            Ok(request) => match &request.subject {
                Subject::Cost(text) => request.refusal(&text.program().expect_err("a mistake")),
                Subject::Network(text) => request.refusal(&text.program().expect_err("a mistake")),
                Subject::Objective(text) => request.refusal(&text.program().expect_err("a mistake")),
            },
        };
        let Failure::Texts(mistakes) = refused else { panic!("{refused}") };
        mistakes.into_iter().map(|m| (m.field, m.says)).collect()
    }

    #[test]
    fn a_mistake_is_shown_in_the_text_that_it_is_in() {
        let sum = || Texts {
            expr: "c*sum(w)".to_owned(),
            variables: vec!["c: scalar".to_owned()],
            wrt: vec!["w: vector[n]".to_owned()],
            ..Texts::default()
        };
        let one = |text: &str| vec![text.to_owned()];
        for (texts, field, line, caret) in [
            (Texts { expr: "c*sun(w)".to_owned(), ..sum() }, Field::Expr, "c*sun(w)", "  ^^^"),
            (Texts { variables: one("c: scaler"), ..sum() }, Field::Var, "c: scaler", "   ^^^^^^"),
            (
                Texts { variables: one("c: scalar, n: scalar"), ..sum() },
                Field::Wrt,
                "w: vector[n]",
                "   ^^^^^^^^^",
            ),
            (Texts { wrt: one("w: vectr[n]"), ..sum() }, Field::Wrt, "w: vectr[n]", "   ^^^^^"),
            (
                Texts { wrt: vec!["w: vector".to_owned(), "c, q".to_owned()], ..sum() },
                Field::Wrt,
                "c, q",
                "   ^",
            ),
            (
                Texts { wrt: one("w: vector, c: vector"), ..sum() },
                Field::Wrt,
                "w: vector, c: vector",
                "           ^^^^^^^^^",
            ),
            (
                Texts { wrt: vec!["w: vector".to_owned(), "c, c".to_owned()], ..sum() },
                Field::Wrt,
                "c, c",
                "   ^",
            ),
            (Texts { defines: one("f(x) = x +"), ..sum() }, Field::Define, "f(x) = x +", "          ^"),
            (Texts { bounds: "w >= q".to_owned(), ..sum() }, Field::Bounds, "w >= q", "     ^"),
            (
                Texts { constraints: vec!["sum(w) <= 1".to_owned(), "w == )".to_owned()], ..sum() },
                Field::St,
                "w == )",
                "     ^",
            ),
        ] {
            let found = refused(Kind::Objective, texts);
            assert_eq!(found.len(), 1, "{found:?}");
            let shown = format!("\n  | {line}\n  | {caret}");
            let end = format!("{shown}\n");
            assert_eq!(found[0].0, field, "{}", found[0].1);
            assert!(found[0].1.contains(&end) || found[0].1.ends_with(&shown), "{shown}\n{}", found[0].1);
        }
    }

    #[test]
    fn so_it_is_in_those_of_a_network_and_a_cost() {
        let mse = || Texts { expr: "mse".to_owned(), network: "3 -> 2 tanh".to_owned(), ..Texts::default() };
        let one = |text: &str| vec![text.to_owned()];
        let long = || Texts { network: "a = V*u".to_owned(), declare: "u: 3, V: 2 x 3".to_owned(), ..mse() };
        for (kind, texts, field, shown) in [
            (
                Kind::Network,
                Texts { network: "3 -> 2 tanhh".to_owned(), ..mse() },
                Field::Network,
                "3 -> 2 tanhh\n  |        ^^^^^",
            ),
            (
                Kind::Network,
                Texts { declare: "u: 3, V: 2 y 3".to_owned(), ..long() },
                Field::Declare,
                "u: 3, V: 2 y 3",
            ),
            (Kind::Network, Texts { inputs: one("u, q"), ..long() }, Field::Inputs, "u, q\n  |    ^"),
            (Kind::Network, Texts { hyper: one("n, a"), ..mse() }, Field::Hyper, "n, a\n  |    ^"),
            (Kind::Cost, Texts { hyper: one("n, 3$"), ..mse() }, Field::Hyper, "n, 3$\n  |    ^^"),
            (
                Kind::Cost,
                Texts { hyper: one("c: matrix"), ..mse() },
                Field::Hyper,
                "c: matrix\n  | ^^^^^^^^^",
            ),
            (Kind::Cost, Texts { declare: "V: 3 x".to_owned(), ..mse() }, Field::Declare, "V: 3 x\n"),
        ] {
            let found = refused(kind, texts);
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].0, field, "{}", found[0].1);
            assert!(found[0].1.contains(shown), "{shown}\n{}", found[0].1);
        }
    }

    #[test]
    fn a_formula_that_does_not_parse_comes_before_what_it_lacks() {
        let of = |expr: &str| refused(Kind::Objective, Texts { expr: expr.to_owned(), ..Texts::default() });
        assert_eq!(of("norm2(X*w - ")[0].0, Field::Expr);
        assert_eq!(of("1 + 2"), [(Field::Wrt, "error: nothing to differentiate by".to_owned())]);
    }

    #[test]
    fn tensors_and_whole_numbers_are_declared() {
        let all =
            declared("p:indices[n], T:tensor[2,3,4]", Field::Var, &mut Lines::default()).unwrap_or_default();
        let [p, tensor] = all.as_slice() else { panic!("two declarations") };
        assert_eq!(p.shape, DeclaredShape::Vector(Some(DeclaredExtent::Symbol("n".to_owned()))));
        assert!(p.whole && !tensor.whole);
        assert_eq!(tensor.shape, DeclaredShape::Tensor([2, 3, 4].map(DeclaredExtent::Constant).to_vec()));
    }
}
