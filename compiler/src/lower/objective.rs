//! Objectives: an expression over declared variables.

use super::{Kind, Lowerer, Role, Shape};
use crate::diag::{Diagnostic, Diagnostics, ErrorKind};
use crate::ir::{Graph, NodeId};
use crate::source::{Place, SourceId, Span};
use crate::suggest::did_you_mean;
use crate::syntax::ast::{Declaration, Definition, Program};

/// A lowered objective.
#[derive(Debug)]
pub struct Objective {
    /// The graph.
    pub graph: Graph,
    /// The value: a scalar, or a vector for a residual.
    pub value: NodeId,
    /// The `wrt` variables, in the order asked for.
    pub wrt: Vec<NodeId>,
}

/// What an objective's text must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A number: an objective.
    Scalar,
    /// A vector: a residual.
    Vector,
}

/// Lowers an objective.
///
/// `text` is the source of `program`; `wrt` names the variables to differentiate by, with the place of each.
///
/// # Errors
/// Everything that is wrong with names, shapes and extents.
pub fn lower(
    text: &str,
    program: &Program,
    defines: &[(Definition, SourceId, String)],
    variables: &[Declaration],
    wrt: &[(String, Place)],
    wanted: Wanted,
) -> Result<Objective, Diagnostics> {
    let mut texts = vec![(SourceId::Expression, text)];
    texts.extend(defines.iter().map(|(_, id, t)| (*id, t.as_str())));
    let mut l = Lowerer::new(&texts);
    for d in variables {
        let shape = Shape::declared(&mut l.graph, d);
        if let (true, Shape::Matrix(rows, cols)) = (d.symmetric, &shape)
            && !l.graph.extents.unify(*rows, *cols)
        {
            let place = wrt.iter().find(|(name, _)| *name == d.name.name).map_or(whole(text), |(_, p)| *p);
            let message = format!("`{}` is declared symmetric, but is not square", d.name.name);
            let help = "give it as many rows as columns: `symmetric matrix[n, n]`";
            l.report(Diagnostic::new(ErrorKind::NotSquare, place, message).with_help(help));
        }
        l.declare(&d.name.name, &shape, Role::Plain, false);
    }
    l.add_defines(defines);
    for (name, place) in wrt {
        if l.variables.contains_key(name) {
            continue;
        }
        let local = program.locals.iter().any(|d| d.name.name == *name);
        let message = if local {
            format!("`{name}` is defined by the expression; one differentiates by variables")
        } else {
            format!("`{name}` is to be differentiated by, but nothing declares it")
        };
        let near =
            did_you_mean(name, l.order.iter().map(String::as_str)).map(|n| format!("did you mean `{n}`?"));
        let mut d = Diagnostic::new(ErrorKind::UndeclaredWrt, *place, message);
        d.help = near;
        l.report(d);
    }
    let frame = l.open_frame(program, SourceId::Expression);
    l.lower_locals(frame);
    let value = l.expr(&program.result, frame);
    if let Ok(v) = &value {
        match (wanted, v.kind) {
            (Wanted::Scalar, Kind::Scalar) | (Wanted::Vector, Kind::Column(_) | Kind::Row(_)) => {}
            (Wanted::Scalar, _) => {
                let message = format!("an objective is a scalar, but {}", l.describe(v));
                let help = "sum it up, or take a norm: `sum(...)`, `norm2(...)^2`";
                l.report(Diagnostic::new(ErrorKind::NotScalar, v.place, message).with_help(help));
            }
            (Wanted::Vector, _) => {
                let message = format!("a residual is a vector, but {}", l.describe(v));
                l.report(Diagnostic::new(ErrorKind::ShapeMismatch, v.place, message));
            }
        }
    }
    l.check_sizes();
    let Ok(value) = value else {
        return Err(l.errors.propagate().err().unwrap_or_default());
    };
    let node = l.node(&value);
    let Lowerer { errors, mut graph, variables, .. } = l;
    errors.propagate()?;
    let mut roots = vec![node];
    roots.extend(wrt.iter().filter_map(|(name, _)| variables.get(name).map(|v| v.node)));
    let roots = super::settle(&mut graph, &roots);
    Ok(Objective { graph, value: roots[0], wrt: roots[1..].to_vec() })
}

/// A place in the expression, for callers that have no better one.
#[must_use]
pub fn whole(text: &str) -> Place {
    Place { source: SourceId::Expression, span: Span::new(0, text.len()) }
}

#[cfg(test)]
mod tests {
    use crate::diag::ErrorKind;
    use crate::front::ObjectiveText;

    fn text(expr: &str, declarations: &str) -> ObjectiveText {
        ObjectiveText {
            expr: expr.to_owned(),
            declarations: declarations.to_owned(),
            ..ObjectiveText::default()
        }
    }

    #[test]
    fn a_symmetric_matrix_is_square_whatever_the_formula_says_of_it() -> Result<(), crate::diag::Diagnostics>
    {
        for declared in ["S: symmetric matrix", "S: symmetric matrix[n, m]", "S: symmetric matrix[n, 3]"] {
            let program = text("sum(exp(S))", declared).program()?;
            let g = &program.graph;
            let shape = g.shape(program.wrt[0].1);
            assert_eq!(shape[0], shape[1], "{declared}");
            assert_eq!(g.shape(program.hessian[0][0]), [shape[0]; 4], "{declared}");
        }
        Ok(())
    }

    #[test]
    fn one_that_cannot_be_square_is_refused_where_it_is_declared() {
        let errors =
            text("sum(exp(S))", "x: vector, S: symmetric matrix[2, 3]").lower().err().unwrap_or_default();
        let found: Vec<_> = errors.iter().map(|d| (d.kind, d.place.span.start)).collect();
        assert_eq!(found, [(ErrorKind::NotSquare, 11)], "{errors}");
    }
}
