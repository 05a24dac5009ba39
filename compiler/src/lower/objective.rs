//! Objectives: an expression over declared variables.

use super::constraints::{Constraint, Limit, Restrictions};
use super::{Kind, Lowerer, Role, Shape};
use crate::diag::{Diagnostic, Diagnostics, ErrorKind};
use crate::ir::{Graph, NodeId, Op};
use crate::source::{Place, SourceId, Span};
use crate::suggest::did_you_mean;
use crate::syntax::ast::{Declaration, DeclaredExtent, DeclaredShape, Definition, Program};

/// A lowered objective.
#[derive(Debug)]
pub struct Objective {
    /// The graph.
    pub graph: Graph,
    /// The value: a scalar, or a vector for a residual.
    pub value: NodeId,
    /// The `wrt` variables, in the order asked for.
    pub wrt: Vec<NodeId>,
    /// What is to hold, in the order written.
    pub constraints: Vec<Constraint>,
    /// Limits of variables, in the order written.
    pub limits: Vec<Limit>,
    /// What the text gives names.
    pub locals: Locals,
}

/// The definitions of a text, `K = ...;`, in a graph of their own: a derivation may do without them, or name what is
/// left of them.
#[derive(Clone, Debug)]
pub struct Locals {
    /// The graph.
    pub graph: Graph,
    /// Names and nodes, in the order of the text: those that are arrays of numbers.
    pub nodes: Vec<(String, NodeId)>,
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
/// `text` is the source of `program`; `wrt` names the variables to differentiate by, with the place of each. A
/// second declaration of a variable says more of it, as `data(...)` does, which is its place then.
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
    restricted(text, program, defines, variables, wrt, wanted, &Restrictions::default())
}

/// Lowers an objective with what restricts its variables.
///
/// # Errors
/// Everything that is wrong with names, shapes and extents.
pub fn restricted(
    text: &str,
    program: &Program,
    defines: &[(Definition, SourceId, String)],
    variables: &[Declaration],
    wrt: &[(String, Place)],
    wanted: Wanted,
    restrictions: &Restrictions,
) -> Result<Objective, Diagnostics> {
    let mut texts = vec![(SourceId::Expression, text)];
    texts.extend(restrictions.texts());
    texts.extend(defines.iter().map(|(_, id, t)| (*id, t.as_str())));
    let mut l = Lowerer::new(&texts);
    for (k, d) in variables.iter().enumerate() {
        let name = &d.name.name;
        if l.variables.contains_key(name) {
            continue;
        }
        let more = variables[k + 1..].iter().filter(|more| more.name.name == *name);
        // Extents are called as the text calls them.
        let shape = l.declared(&more.clone().fold(d.clone(), called));
        let asked = wrt.iter().find(|(asked, _)| asked == name).map_or(whole(text), |(_, p)| *p);
        let (mut symmetric, whole_numbers) = (false, d.whole);
        for (d, place) in std::iter::once((d, asked)).chain(more.map(|d| (d, of_data(d)))) {
            l.say_more(&shape, whole_numbers, d, place);
            symmetric |= d.symmetric;
        }
        let node = l.declare(name, &shape, Role::Plain, false);
        if symmetric {
            l.graph.set_symmetric(node);
        }
        if d.whole {
            l.set_whole(name, node);
        }
    }
    l.add_defines(defines);
    for (name, place) in wrt {
        if let Some(known) = l.variables.get(name) {
            if known.whole {
                let message = format!("`{name}` holds whole numbers, and one differentiates by numbers");
                let help = "give it as data: a field of `usize`, `u32`, `i64` and the like";
                l.report(Diagnostic::new(ErrorKind::NotWhole, *place, message).with_help(help));
            }
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
    let names: Vec<String> = wrt.iter().map(|(name, _)| name.clone()).collect();
    let constraints = l.constraints(restrictions, frame);
    let limits = l.limits(restrictions, &names, frame);
    let by: Vec<NodeId> = names.iter().filter_map(|n| l.variables.get(n).map(|v| v.node)).collect();
    l.check_constraints(&constraints, &by);
    l.check_limits(&limits, &by);
    l.check_sizes();
    let Ok(value) = value else {
        return Err(l.errors.propagate().err().unwrap_or_default());
    };
    let mut roots = vec![l.node(&value)];
    roots.extend(constraints.iter().map(|(value, ..)| l.node(value)).collect::<Vec<_>>());
    roots.extend(limits.iter().map(|(_, value)| l.node(value)).collect::<Vec<_>>());
    roots.extend(by);
    let locals = l.locals(frame);
    let Lowerer { errors, mut graph, .. } = l;
    errors.propagate()?;
    let mut roots = super::settle(&mut graph, &roots).into_iter();
    let value = roots.next().unwrap_or(value.tensor.node);
    let constraint =
        |(node, (_, is_equation, text)): (NodeId, (_, bool, String))| Constraint { node, is_equation, text };
    let constraints = roots.by_ref().take(constraints.len()).zip(constraints).map(constraint).collect();
    let limit = |(node, (limit, _)): (NodeId, (Limit, _))| Limit { node, ..limit };
    let limits = roots.by_ref().take(limits.len()).zip(limits).map(limit).collect();
    Ok(Objective { graph, value, wrt: roots.collect(), constraints, limits, locals })
}

/// A declaration with the symbols of another one, where it leaves extents open.
fn called(d: Declaration, more: &Declaration) -> Declaration {
    let symbol = |extent: &DeclaredExtent| matches!(extent, DeclaredExtent::Symbol(_));
    let shape = match (&d.shape, &more.shape) {
        (DeclaredShape::Vector(None), DeclaredShape::Vector(Some(n))) if symbol(n) => more.shape.clone(),
        (DeclaredShape::Matrix(None), DeclaredShape::Matrix(Some((n, m)))) => {
            let open = |e: &DeclaredExtent| if symbol(e) { e.clone() } else { DeclaredExtent::Free };
            DeclaredShape::Matrix(Some((open(n), open(m))))
        }
        (DeclaredShape::Tensor(known), DeclaredShape::Tensor(said)) if known.len() == said.len() => {
            let pairs = known.iter().zip(said);
            let open = |(k, s): (&DeclaredExtent, &DeclaredExtent)| {
                if *k == DeclaredExtent::Free && symbol(s) { s.clone() } else { k.clone() }
            };
            DeclaredShape::Tensor(pairs.map(open).collect())
        }
        _ => return d,
    };
    Declaration { shape, ..d }
}

/// The place of a declaration in `data(...)`.
fn of_data(d: &Declaration) -> Place {
    Place { source: SourceId::Data, span: d.name.span.to(d.shape_span) }
}

impl Lowerer<'_> {
    /// The values of a frame's definitions, once all extents are known.
    fn locals(&mut self, frame: usize) -> Locals {
        let names: Vec<String> = self.frames[frame].bindings.iter().map(|(name, _)| name.clone()).collect();
        let (mut graph, mut found) = (self.graph.clone(), Vec::new());
        for (k, name) in names.into_iter().enumerate() {
            let Ok(v) = self.bound(frame, k) else { continue };
            // A bound that is infinite and a list of subscripts have no value that a caller could use.
            let whole =
                matches!(self.graph.op(v.tensor.node), Op::Input(id) if self.graph.input_of(*id).whole);
            if !whole && self.infinity(&v).is_none() {
                let axes = self.axes(&v);
                found.push((name, graph.tensor_as(&v.tensor, &axes)));
            }
        }
        let roots: Vec<NodeId> = found.iter().map(|(_, node)| *node).collect();
        let roots = super::settle(&mut graph, &roots);
        Locals { graph, nodes: found.into_iter().map(|(name, _)| name).zip(roots).collect() }
    }

    /// Takes a variable's shape to be the one declared, too.
    fn say_more(&mut self, shape: &Shape, whole: bool, d: &Declaration, place: Place) {
        let name = &d.name.name;
        let declared = self.declared(d);
        let (known, said) = (shape.extents(), declared.extents());
        if place.source == SourceId::Data && d.whole && !whole {
            let message = format!("`{name}` holds numbers by its type, and whole numbers here");
            let help = "whole numbers, which name entries, are fields of `usize`, `u32`, `i64` and the like";
            self.report(Diagnostic::new(ErrorKind::NotWhole, place, message).with_help(help));
            return;
        }
        if known.len() != said.len() {
            let word = |s: &Shape| match s {
                Shape::Scalar => "scalar",
                Shape::Vector(_) => "vector",
                Shape::Matrix(..) => "matrix",
                Shape::Tensor(_) => "tensor",
            };
            let message =
                format!("`{name}` is a {} by its type, and a {} here", word(shape), word(&declared));
            let help = format!("say `{name}: {}`, or give the field another type", word(shape));
            self.report(Diagnostic::new(ErrorKind::ShapeMismatch, place, message).with_help(help));
            return;
        }
        for (&known, &said) in known.iter().zip(&said) {
            if !self.graph.extents.unify(known, said) {
                let [known, said] = [known, said].map(|e| self.graph.extent_text(e));
                let message = format!("`{name}` has {known} entries by its type, and {said} here");
                let help = "leave the number out: the type says it";
                self.report(Diagnostic::new(ErrorKind::ShapeMismatch, place, message).with_help(help));
            }
        }
        if let (true, &[rows, cols]) = (d.symmetric, &known[..])
            && !self.graph.extents.unify(rows, cols)
        {
            let message = format!("`{name}` is declared symmetric, but is not square");
            let help = "give it as many rows as columns: `symmetric matrix[n, n]`";
            self.report(Diagnostic::new(ErrorKind::NotSquare, place, message).with_help(help));
        }
    }
}

/// A place in the expression, for callers that have no better one.
#[must_use]
pub fn whole(text: &str) -> Place {
    Place { source: SourceId::Expression, span: Span::new(0, text.len()) }
}

#[cfg(test)]
mod tests {
    use crate::diag::ErrorKind;
    use crate::emit::{View, text as text_of};
    use crate::front::ObjectiveText;
    use crate::ir::Op;
    use crate::source::SourceId;
    use crate::syntax::ast::DeclaredShape;

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

    /// An objective of a symmetric S, a matrix A and vectors w and y, by w.
    fn with_data(expr: &str, data: &str) -> ObjectiveText {
        let field = |name: &str, shape| crate::front::declaration(name, shape);
        let matrices = ["S", "A"].map(|name| field(name, DeclaredShape::Matrix(None)));
        let vectors = ["y", "u"].map(|name| field(name, DeclaredShape::Vector(None)));
        ObjectiveText {
            variables: matrices.into_iter().chain(vectors).collect(),
            data: data.to_owned(),
            ..text(expr, "w: vector")
        }
    }

    #[test]
    fn kernels_of_pairs_are_symmetric() -> Result<(), crate::diag::Diagnostics> {
        for (kernel, symmetric) in [
            ("exp(-sum[c]((X[i, c] - X[j, c])^2)/2)", true),
            ("exp(2*s - exp(-2*s)*sum[c]((X[i, c] - X[j, c])^2)/2)", true),
            ("(s + sum[c](X[i, c]*X[j, c]))^2", true),
            ("1/(1 + s*(y[i] - y[j])^2)", true),
            ("exp(-sum[c]((X[i, c] - X[j, c])^3))", false),
            ("exp(-sum[c]((X[i, c] - 2*X[j, c])^2))", false),
            ("(y[i] - y[j])*s", false),
        ] {
            let text = format!("logdet(matrix[i, j]({kernel}))");
            let mut program = self::text(&text, "X: matrix[n, d], y: vector[n], s: scalar").program()?;
            let Op::LogDet(matrix) = *program.graph.op(program.value) else {
                panic!("{kernel}: no determinant");
            };
            assert_eq!(program.graph.is_symmetric(matrix), symmetric, "{kernel}");
        }
        Ok(())
    }

    #[test]
    fn symmetric_data_and_variables_are_their_own_transposes() -> Result<(), crate::diag::Diagnostics> {
        for zero in [
            "w'*S*y - w'*S'*y",
            "tr(S*A) - tr(S'*A)",
            "tr(A*S*A) - tr(A*S'*A)",
            "sum(exp(S) - exp(S)')",
            "sum(S.*A) - sum(S'.*A)",
            "sum(max(S, A) - max(S', A))",
            "sum(where(S > A, S, 0) - where(S' > A, S', 0))",
            "w'*(rowmax(S) - rowmax(S'))",
            "w'*(inv(S) - inv(S)')*y",
            "tr(inv(S + eye)*A) - tr(inv(S' + eye)'*A)",
            "tr(A*(2*S.^2 + S)*A) - tr(A*(2*S.^2 + S)'*A)",
            "w'*S*A*S'*y - w'*S'*A*S*y",
            "sum((S*S - (S*S)').^2)",
            "colsum(S)'*w - rowsum(S)'*w",
        ] {
            for (text, which) in [
                (with_data(zero, "S: symmetric matrix"), "data"),
                (text(zero, "S: symmetric matrix, A: matrix, w: vector, y: vector"), "variable"),
            ] {
                let program = text.program()?;
                assert!(program.graph.is_zero(program.value), "{zero}, S a {which}");
            }
        }
        // Of another matrix nothing is known.
        let other = with_data("w'*S*y - w'*S'*y", "").program()?;
        assert!(!other.graph.is_zero(other.value));
        Ok(())
    }

    #[test]
    fn derivatives_by_symmetric_data_are_written_without_transposes() -> Result<(), crate::diag::Diagnostics>
    {
        let view = View::default();
        for (expr, gradient) in [
            ("w'*S*w", "2*S*w"),
            ("w'*inv(S)*w/2 + logdet(S)", "inv(S) * w"),
            ("y'*A*S*A'*w", "A * S * A' * y"),
            ("y'*S*S*A*w", "A' * S * S * y"),
        ] {
            let program = with_data(expr, "S: symmetric matrix").program()?;
            let written = text_of(&program.graph, program.gradient[0], &view);
            assert_eq!(written.replace(' ', ""), gradient.replace(' ', ""), "{expr}");
        }
        for (expr, gradient) in [
            ("logdet(S)", "inv(S)"),
            ("tr(inv(S))", "-inv(S)*inv(S)"),
            ("tr(S*S)", "2*S"),
            ("sum((S*S).^2)", ""),
        ] {
            let program = text(expr, "S: symmetric matrix").program()?;
            let written = text_of(&program.graph, program.gradient[0], &view).replace(' ', "");
            assert!(!written.contains('\''), "{written}");
            assert!(gradient.is_empty() || written == gradient, "{expr}: {written}");
        }
        Ok(())
    }

    #[test]
    fn what_data_says_of_fields_is_checked() {
        for (data, kind, at) in [
            ("S: symmetric matrix[2, 3]", ErrorKind::NotSquare, "S: symmetric matrix[2, 3]"),
            ("S: vector[n]", ErrorKind::ShapeMismatch, "S: vector[n]"),
            ("T: matrix[n, n]", ErrorKind::UnknownName, "T"),
            ("w: vector[n]", ErrorKind::DuplicateDefinition, "w"),
            ("S: matrix[y, n]", ErrorKind::DuplicateDefinition, "matrix[y, n]"),
            ("y: vector[w]", ErrorKind::DuplicateDefinition, "vector[w]"),
            ("y: vector[3], u: vector[n], y: vector[n]", ErrorKind::DuplicateDefinition, "y"),
        ] {
            let errors = with_data("sum(S) + w'*w + y'*u", data).lower().err().unwrap_or_default();
            let found: Vec<_> = errors.iter().map(|d| (d.kind, d.place)).collect();
            let [(found_kind, place)] = found[..] else { panic!("{data}: {errors}") };
            assert_eq!(place.source, SourceId::Data, "{data}: {errors}");
            assert_eq!((found_kind, &data[place.span.start..place.span.end]), (kind, at), "{errors}");
            assert!(errors.iter().all(|d| d.help.is_some()), "{errors}");
        }
        // Extents that `data` calls by one name are one.
        let errors = with_data("sum(y) + sum(u) + w'*w", "y: vector[3], u: vector[n]").lower().err();
        assert!(errors.is_none(), "{errors:?}");
        let errors = with_data("y'*u + w'*w", "y: vector[3], u: vector[4]").lower().err();
        assert!(errors.is_some());
    }

    #[test]
    fn one_that_cannot_be_square_is_refused_where_it_is_declared() {
        let errors =
            text("sum(exp(S))", "x: vector, S: symmetric matrix[2, 3]").lower().err().unwrap_or_default();
        let found: Vec<_> = errors.iter().map(|d| (d.kind, d.place.span.start)).collect();
        assert_eq!(found, [(ErrorKind::NotSquare, 11)], "{errors}");
    }
}
