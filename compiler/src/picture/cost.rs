//! The picture of a cost of activations and targets: the network that makes these is a box without contents.

use super::{Leaf, Pen, Scene, Stage, by_partial, by_total, canvas, name};
use crate::emit::View;
use crate::emit::document::Piece;
use crate::emit::notation::Notation;
use crate::emit::{Lines, svg};
use crate::lower::Role;
use crate::lower::cost::TermKind;
use crate::pipeline::CostProgram;

/// As SVG.
#[must_use]
pub fn cost(program: &CostProgram, text: &str) -> String {
    let g = &program.graph;
    let pen = Pen { g, view: View::default() };
    let note = |name: &str| Notation::Name(name.to_owned());
    let formula =
        |value: Notation| Piece::Formula(Lines { definitions: Vec::new(), value, indices: Vec::new() });
    let back = |role: Role| match role {
        Role::Weight => {
            let transposed = Notation::Transpose(Box::new(note("a_prev")));
            formula(Notation::Matmul(vec![note("δ"), transposed]))
        }
        _ => formula(note("δ")),
    };
    let mut leaves = Vec::new();
    let mut penalised = Vec::new();
    for tensor in &program.tensors {
        let by = &tensor.partial.name;
        let is_direct = !g.is_zero(tensor.partial.node);
        let mut total = vec![by_total("C", by), Piece::Equals, back(tensor.partial.role)];
        if is_direct {
            penalised.push(by.as_str());
            total.extend([Piece::Plus, by_partial("C", by)]);
        }
        leaves.push(Leaf {
            name: name(by),
            gradient: vec![svg::pieces(&total)],
            direct: is_direct.then(|| pen.equation(by_partial("C", by), tensor.partial.node)),
            mentioned: is_direct,
            also: Vec::new(),
        });
    }
    let of = |kind: TermKind| program.terms.iter().filter(move |t| t.kind == kind);
    let mut data = vec![svg::words("of one example")];
    data.extend(of(TermKind::Data).map(|t| pen.formula(t.node, &t.origin)));
    let penalties = pen.penalties(&program.terms);
    let network = Stage {
        forward: vec![svg::words("a network"), svg::pieces(&[Piece::Name("a".to_owned())])],
        back: vec![svg::words("back-propagation"), name("δ")],
        leaves,
        reads: Vec::new(),
    };
    let targets = Leaf { name: name("y"), ..Leaf::default() };
    let data = Stage {
        forward: data,
        back: vec![pen.equation(by_partial("C", "a"), program.d_activation)],
        leaves: vec![targets],
        reads: vec![0],
    };
    let plus = (!penalties.is_empty()).then(|| svg::words("plus penalties"));
    let last = Stage {
        forward: [name("C"), svg::words("the mean over examples")].into_iter().chain(plus).collect(),
        back: vec![svg::words("1/m for each example")],
        leaves: Vec::new(),
        reads: vec![1],
    };
    let direct = match penalised.as_slice() {
        [] => "No penalty mentions a parameter.".to_owned(),
        names => format!(
            "The penalties mention {} and neither a nor y: their share goes past the network and its cotangents, and is added to the gradient by {} alone.",
            names.join(", "),
            names.join(", ")
        ),
    };
    let scene = Scene {
        title: format!("Where the derivatives of {text} come from"),
        description: format!(
            "Forward: a network makes a, the cost of one example compares it with y, C is the mean over the examples. Backward: the cotangent of a goes back through the network to the gradients. {direct}"
        ),
        start: vec![name("a_prev")],
        stages: vec![network, data, last],
        penalties,
        lane: "penalty",
    };
    canvas::drawn(&scene)
}
