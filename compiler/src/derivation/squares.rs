//! The Hessian of a sum of squares as JᵀJ + Σ r ∇²r, and its product with a direction.

use super::{Pen, Row, whole};
use crate::emit;
use crate::emit::document::{Line, Piece};
use crate::emit::notation::{Bound, Notation, Reducer};
use crate::ir::{Graph, NodeId, Number, Op};
use crate::pipeline::ObjectiveProgram;
use crate::pipeline::steps::jacobian_product;

/// What an objective is the sum of the squares of, if that is not linear in the variables.
pub(super) struct Squares {
    /// What r is called.
    name: String,
    /// How often JᵀJ + Σ r ∇²r counts: once where f = ½ Σ r².
    scale: Number,
    /// What J v is called, and what it is.
    product: (String, NodeId),
}

/// A vector with a name, of whose squares the objective is the sum, where its Hessian is more than a block of few
/// words: a residual, or what a formula of several variables squares.
pub(super) fn squares_of(g: &mut Graph, program: &ObjectiveProgram) -> Option<Squares> {
    let Op::Product { coeff, factors, bound } = g.op(program.value).clone() else { return None };
    let [factor] = factors.as_slice() else { return None };
    let r = factor.operand.node;
    if factor.power != Number::TWO || bound.len() != 1 || g.rank(r) != 1 || matches!(g.op(r), Op::Input(_)) {
        return None;
    }
    let by: Vec<NodeId> = program.wrt.iter().map(|(_, by)| *by).collect();
    let linear = match &program.residual {
        Some(r) => !by.iter().any(|v| g.reachable(&r.jacobian).contains(v)),
        None => !program.hessian.iter().flatten().any(|h| by.iter().any(|v| g.reachable(&[*h]).contains(v))),
    };
    if linear || (program.residual.is_none() && program.wrt.len() < 3) {
        return None;
    }
    let name = free(g, &["r", "r_"]);
    g.set_name(r, &name);
    let product = jacobian_product(g, r, &by, &program.directions);
    let along = free(g, &["Jv", "Jv_"]);
    g.set_name(product, &along);
    let called = |node: NodeId, name: String| g.name(node).map_or(name, str::to_owned);
    let (name, along) = (called(r, name), called(product, along));
    Some(Squares { name, scale: coeff.mul(Number::TWO), product: (along, product) })
}

/// The first of the names that nothing has, else the last.
fn free(g: &Graph, names: &[&str]) -> String {
    let is_free = |name: &&&str| !g.names().any(|known| known == **name);
    names.iter().find(is_free).or(names.last()).map_or_else(String::new, |name| (*name).to_owned())
}

/// The letters of the general formulas, none of which the graph has.
struct Letters {
    /// Two variables.
    u: Notation,
    w: Notation,
    /// The index of the residual.
    k: Notation,
}

impl Letters {
    fn of(g: &Graph) -> Self {
        let free = |names: &[&str]| Notation::Name(free(g, names));
        Self { u: free(&["u", "p", "u_"]), w: free(&["w", "q", "w_"]), k: free(&["k", "i", "k_"]) }
    }
}

impl Squares {
    /// What J v is, which the page introduces.
    pub(super) fn along(&self) -> NodeId {
        self.product.1
    }

    fn scaled(&self, value: Notation) -> Notation {
        match self.scale {
            scale if scale.is_one() => value,
            scale => Notation::Times(vec![Notation::Number(scale), value]),
        }
    }

    /// `J_u'` times something.
    fn transposed_times(&self, u: &Notation, right: Notation) -> Piece {
        let transposed = Notation::Transpose(Box::new(jacobian(u)));
        whole(self.scaled(Notation::Matmul(vec![transposed, right])))
    }

    /// `sum[k] r[k] *` something, over more than the index of the residual where more is given.
    fn weighted(&self, letters: &Letters, over: &[&Notation]) -> Piece {
        let letter = |note: &&Notation| Bound { name: emit::text::formula(note), range: None };
        let bounds = std::iter::once(&&letters.k).chain(over).map(letter).collect();
        let entry = Box::new(self.entry(letters));
        whole(self.scaled(Notation::Reduced(Reducer::Sum, bounds, Vec::new(), entry)))
    }

    fn entry(&self, letters: &Letters) -> Notation {
        Notation::Entry(Box::new(Notation::Name(self.name.clone())), vec![letters.k.clone()])
    }

    /// JᵀJ + Σ r ∇²r, of any two variables.
    pub(super) fn hessian(&self, g: &Graph) -> Line {
        let letters = Letters::of(g);
        let by = vec![letters.u.clone(), letters.w.clone()];
        let right = vec![
            self.transposed_times(&letters.u, jacobian(&letters.w)),
            Piece::Plus,
            self.weighted(&letters, &[]),
            Piece::Times,
            Piece::Partial(self.entry(&letters), by.clone()),
        ];
        let [u, w] = [&letters.u, &letters.w].map(emit::text::formula);
        let note = format!(
            "for any two variables {u} and {w}, with J_{u} = ∂{}/∂{u}; `--entries` writes each of these",
            self.name
        );
        Line::equation(Piece::Partial(Notation::Name("f".to_owned()), by), right).noted(note)
    }

    /// J v, and the product by any variable: Jᵀ (J v) + Σ r ∇²r v.
    pub(super) fn product(&self, pen: &Pen<'_>) -> Vec<Line> {
        let letters = Letters::of(pen.g);
        let [u, w] = [&letters.u, &letters.w].map(emit::text::formula);
        let (name, node) = &self.product;
        let mut lines = Vec::new();
        let row = Row::new(Piece::Name(name.clone()), *node).noted(format!(
            "J_{u} * v_{u} of all variables {u}, added up: how {} changes along v",
            self.name
        ));
        pen.equations(&mut lines, vec![row], &mut super::Room::unlimited());
        let direction = Notation::Name(format!("v_{w}"));
        let right = vec![
            self.transposed_times(&letters.u, Notation::Name(name.clone())),
            Piece::Plus,
            self.weighted(&letters, &[&letters.w]),
            Piece::Times,
            Piece::Partial(self.entry(&letters), vec![letters.u.clone(), letters.w.clone()]),
            Piece::Times,
            whole(direction),
        ];
        let note = format!(
            "for any variable {u}; the sum is over the entries of {} and all variables {w}",
            self.name
        );
        lines.push(Line::equation(Piece::HessianProduct(letters.u), right).noted(note));
        lines
    }
}

/// The Jacobian by a variable.
fn jacobian(by: &Notation) -> Notation {
    Notation::Name(format!("J_{}", emit::text::formula(by)))
}
