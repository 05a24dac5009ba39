//! Texts as what is asked about: a reader for each kind.

use super::texts::{Field, Lines, Listed, Mistake, Texts, items};
use super::{Written, names};
use crate::Failure;
use gradsmith_compiler::diag::{Diagnostic, ErrorKind};
use gradsmith_compiler::front::{CostText, NetworkText, ObjectiveText, declaration};
use gradsmith_compiler::lower::Role;
use gradsmith_compiler::lower::cost::hyper_parameter;
use gradsmith_compiler::source::{Place, SourceId, Span};
use gradsmith_compiler::syntax::ast::{Declaration, DeclaredShape, ExprKind};
use gradsmith_compiler::syntax::parse::{self, canonical_name};

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
pub(super) fn network(texts: Texts, written: &mut Written) -> Result<NetworkText, Failure> {
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
pub(super) fn cost(texts: Texts, written: &mut Written) -> Result<CostText, Failure> {
    let Texts { expr, declare: text, hyper, defines, .. } = texts;
    written.hyper = Listed::of(&hyper);
    let tensors = if text.trim().is_empty() {
        vec![declaration("w", DeclaredShape::Matrix(None)), declaration("b", DeclaredShape::Vector(None))]
    } else {
        let lines = &mut written.declarations;
        let mut tensors = Vec::new();
        for d in declared(&text, Field::Declare, lines)? {
            if let Some(mistake) = declare(d, Field::Declare, &mut tensors, lines) {
                return Err(mistake.into());
            }
        }
        tensors
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
pub(super) fn objective(texts: Texts, written: &mut Written) -> Result<ObjectiveText, Failure> {
    let Texts { expr, defines, variables: texts, wrt, bounds, constraints, residual, .. } = texts;
    let mut mistakes = Vec::new();
    let mut variables: Vec<Declaration> = Vec::new();
    let lines = &mut written.declarations;
    for text in texts.iter().filter(|text| !text.trim().is_empty()) {
        match declared(text, Field::Var, lines) {
            Ok(all) => {
                all.into_iter().for_each(|d| mistakes.extend(declare(d, Field::Var, &mut variables, lines)))
            }
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
            all.into_iter().for_each(|d| mistakes.extend(declare(d, Field::Wrt, &mut variables, lines)));
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

/// Declares one more. The same said twice does no harm; another shape is a mistake.
fn declare(d: Declaration, field: Field, known: &mut Vec<Declaration>, lines: &Lines) -> Option<Mistake> {
    let shape = |d: &Declaration| (d.shape.clone(), d.symmetric, d.whole);
    match known.iter().find(|k| k.name.name == d.name.name) {
        None => known.push(d),
        Some(k) if shape(k) == shape(&d) => {}
        Some(_) => {
            let name = &d.name.name;
            let place = Place { source: SourceId::Declarations, span: d.name.span.to(d.shape_span) };
            let message = format!("`{name}` is declared with two shapes");
            let help = match field {
                Field::Wrt => format!("leave one out: `{name}` alone asks for what is declared already"),
                _ => "leave one out".to_owned(),
            };
            let error = Diagnostic::new(ErrorKind::DuplicateDefinition, place, message).with_help(help);
            return Some(Mistake::new(field, error, &lines.0));
        }
    }
    None
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
