//! What must be refused, and how.

use super::compare::Disagreement;
use super::{Context, Fault, Reject};
use gradsmith_compiler::diag::{Diagnostic, Diagnostics};
use gradsmith_compiler::front::{CostText, NetworkText, ObjectiveText, declaration};
use gradsmith_compiler::lower::{Role, objective};
use gradsmith_compiler::pipeline::Derivatives;
use gradsmith_compiler::source::SourceId;
use gradsmith_compiler::syntax::ast::DeclaredShape;

/// What is not as the case wants it.
pub(super) fn run(r: &Reject) -> Vec<Disagreement> {
    let refusal = match r.context {
        Context::Objective => refused_objective(r),
        Context::Cost => refused_cost(r),
        Context::Network => refused_network(r),
    };
    let Err(errors) = refusal else {
        let wrong =
            (!r.may_accept).then(|| Disagreement::Other("accepted, but it is to be refused".to_owned()));
        return wrong.into_iter().collect();
    };
    if errors.iter().any(|error| is_right(r, error)) {
        return Vec::new();
    }
    let wanted =
        if r.spans.is_empty() { "anywhere".to_owned() } else { format!("in {:?} of {:?}", r.spans, r.fault) };
    let offer = r.suggestion.as_ref().map_or_else(String::new, |s| format!(" offering `{s}`"));
    let got: Vec<String> = errors
        .iter()
        .map(|e| {
            let (span, source) = (e.place.span, e.place.source);
            format!("[{}, {}) of {source:?}: {e}", span.start, span.end)
        })
        .collect();
    let got = got.join("; ").replace('\n', "; ");
    vec![Disagreement::Other(format!("wanted an error {wanted}{offer}, got {got}"))]
}

/// Whether an error points where it should and offers what it should.
fn is_right(r: &Reject, error: &Diagnostic) -> bool {
    let source = match (r.fault, r.context) {
        (Fault::Expr, Context::Network) => SourceId::Network,
        (Fault::Expr | Fault::Cost, _) => SourceId::Expression,
        (Fault::Define(n), _) => SourceId::Define(n as u32),
    };
    let (start, end) = (error.place.span.start, error.place.span.end);
    let meets = |&(from, to): &(usize, usize)| {
        if start == end || from == to { start <= to && from <= end } else { start < to && from < end }
    };
    let placed = r.spans.is_empty() || (error.place.source == source && r.spans.iter().any(meets));
    placed && r.suggestion.as_ref().is_none_or(|s| error.text().contains(s))
}

fn refused_objective(r: &Reject) -> Result<(), Diagnostics> {
    let text = ObjectiveText {
        expr: r.expr.clone(),
        defines: r.defines.clone(),
        variables: r.vars.iter().map(|(_, declared)| declared.clone()).collect(),
        wrt: r.wrt.iter().map(|name| (name.clone(), objective::whole(&r.expr))).collect(),
        ..ObjectiveText::default()
    };
    let lowered = text.lower()?;
    let _ = Derivatives::of(lowered.graph, lowered.value, &lowered.wrt);
    Ok(())
}

fn refused_cost(r: &Reject) -> Result<(), Diagnostics> {
    let weights = r.weights.iter().map(|n| (declaration(n, DeclaredShape::Matrix(None)), Role::Weight));
    let biases = r.biases.iter().map(|n| (declaration(n, DeclaredShape::Vector(None)), Role::Bias));
    let text = CostText {
        expr: r.expr.clone(),
        defines: r.defines.clone(),
        hyper: r.hyper.clone(),
        tensors: weights.chain(biases).collect(),
    };
    let lowered = text.lower()?;
    let _ = Derivatives::of(lowered.graph, lowered.data, &[lowered.a]);
    Ok(())
}

fn refused_network(r: &Reject) -> Result<(), Diagnostics> {
    let text = NetworkText {
        network: r.expr.clone(),
        declarations: r.declarations.clone(),
        inputs: Vec::new(),
        cost: r.cost.clone(),
        defines: r.defines.clone(),
        hyper: r.hyper.clone(),
    };
    let lowered = text.lower()?.cost;
    let wrt: Vec<_> = lowered.tensors.iter().map(|t| t.node).collect();
    let _ = Derivatives::of(lowered.graph, lowered.data, &wrt);
    Ok(())
}
