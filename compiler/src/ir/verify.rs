//! The check that runs in debug and test builds after every stage that changes a graph: what a legal node is.
//!
//! That includes the macro of a user's debug build, and the rewritings of the schedule. It is one walk over
//! the nodes without a copy of any, so that a defect of the compiler is an error there, too, and not a wrong
//! derivative.

use super::graph::{Graph, NodeId, Op, Operand};
use super::index::Extent;

/// Says what is wrong with the nodes that `roots` need, if anything.
///
/// # Errors
/// The first illegal node, as a sentence. It is a bug of the compiler, never of the input.
pub fn verify(graph: &Graph, roots: &[NodeId]) -> Result<(), String> {
    for id in graph.reachable(roots) {
        verify_node(graph, id).map_err(|what| format!("{what} in {:?}", graph.node(id)))?;
    }
    Ok(())
}

fn verify_node(graph: &Graph, id: NodeId) -> Result<(), &'static str> {
    let node = graph.node(id);
    let same = |a: Extent, b: Extent| graph.extents.find(a) == graph.extents.find(b);
    let fits = |operand: &Operand, locals: &[Extent]| {
        let shape = graph.shape(operand.node);
        shape.len() == operand.axes.len()
            && operand
                .axes
                .iter()
                .zip(shape)
                .all(|(&a, &e)| locals.get(a as usize).is_some_and(|&l| same(l, e)))
    };
    let mut younger = false;
    node.each_child(|child| younger |= child >= id);
    if younger {
        return Err("a child that is younger than its parent");
    }
    match &node.op {
        Op::Number(_) | Op::Pi | Op::Extent(_) if !node.shape.is_empty() => Err("a scalar with axes"),
        Op::Det(a) | Op::LogDet(a) if node.shape.len() + 2 != graph.rank(*a) => {
            Err("a number for each matrix that is not one")
        }
        Op::Delta if node.shape.len() != 2 => Err("a square matrix that is none"),
        Op::Delta | Op::Inverse(_) | Op::Cofactors(..) if !matches!(node.shape[..], [.., rows, columns] if same(rows, columns)) => {
            Err("a square matrix that is none")
        }
        Op::Holds(relation) if relation.coeffs.len() != node.shape.len() || relation.coeffs.contains(&0) => {
            Err("a relation that is not one of its indices")
        }
        Op::Named(data) if node.shape.len() != graph.rank(*data) + 1 => {
            Err("a name of an entry without its place")
        }
        Op::Position if node.shape.len() != 1 => Err("the place of no index"),
        Op::Others { arg, order, bound } => {
            let mut locals = node.shape.clone();
            locals.push(*bound);
            let left = node.shape.len().checked_sub(*order as usize);
            let kept = left.is_some_and(|kept| node.shape[kept..].iter().all(|&e| same(e, *bound)));
            if fits(arg, &locals) && kept { Ok(()) } else { Err("a product of others that does not fit") }
        }
        Op::Sum(terms) => {
            if terms.len() < 2 {
                return Err("a sum of fewer than two terms");
            }
            if !terms.iter().all(|t| fits(&t.operand, &node.shape)) {
                return Err("a term that does not fit");
            }
            if terms.iter().any(|t| t.coeff.is_zero()) {
                return Err("a term that is zero");
            }
            Ok(())
        }
        Op::Product { factors, bound, .. } => {
            let mut locals = node.shape.clone();
            locals.extend(bound);
            if !factors.iter().all(|f| fits(&f.operand, &locals)) {
                return Err("a factor that does not fit");
            }
            if factors.iter().any(|f| f.power.is_zero()) {
                return Err("a factor to the power zero");
            }
            let used = |local: usize| factors.iter().any(|f| f.operand.axes.contains(&(local as u8)));
            if !(node.shape.len()..locals.len()).all(used) {
                return Err("a bound index along nothing");
            }
            Ok(())
        }
        Op::Map { function, args } => {
            if args.len() != function.spec().derivatives.len() {
                return Err("a function with the wrong number of arguments");
            }
            if args.iter().all(|a| fits(a, &node.shape)) {
                Ok(())
            } else {
                Err("an argument that does not fit")
            }
        }
        Op::Select { lhs, rhs, then, otherwise, .. } => {
            if [lhs, rhs, then, otherwise].iter().all(|o| fits(o, &node.shape)) {
                Ok(())
            } else {
                Err("a branch that does not fit")
            }
        }
        Op::Axis { function, arg, along, bound } => {
            let mut locals = node.shape.clone();
            locals.extend(bound);
            if !fits(arg, &locals) || along.is_empty() {
                return Err("an argument that does not fit");
            }
            let reduced = along.iter().all(|&a| (a as usize >= node.shape.len()) == function.reduces());
            if reduced { Ok(()) } else { Err("axes that are neither kept nor reduced") }
        }
        _ => Ok(()),
    }
}

/// [`verify`] in debug builds, nothing in release builds.
///
/// # Panics
/// In debug builds, where a stage broke the graph.
pub fn debug_verify(graph: &Graph, roots: &[NodeId]) {
    if cfg!(debug_assertions)
        && let Err(what) = verify(graph, roots)
    {
        debug_assert!(false, "{what}");
    }
}
