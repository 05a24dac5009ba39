//! The picture of a cost of activations and targets: the network that makes these is a box without contents.

use super::{Leaf, Pen, Picture, Scene, Stage, by_partial, by_total, canvas, name, of_batch};
use crate::derivation::shared_by_layer;
use crate::emit::document::Piece;
use crate::emit::{View, svg};
use crate::ir::NodeId;
use crate::lower::Role;
use crate::lower::cost::{Term, TermKind};
use crate::pipeline::CostProgram;

/// Drawn.
#[must_use]
pub fn cost(program: &CostProgram, text: &str) -> Picture {
    let g = &program.graph;
    let pen = Pen { g, view: View::default() };
    let mut leaves = Vec::new();
    let mut penalised = Vec::new();
    for tensor in &program.tensors {
        let by = &tensor.partial.name;
        let is_direct = !g.is_zero(tensor.partial.node);
        let shared = shared_by_layer(tensor.partial.role == Role::Weight);
        let mut total = vec![by_total("C", by), Piece::Equals];
        if is_direct {
            penalised.push(by.as_str());
            total.extend([by_partial("C", by), Piece::Plus]);
        }
        total.push(Piece::Formula(shared));
        leaves.push(Leaf {
            name: name(by),
            gradient: vec![svg::pieces(&total)],
            direct: is_direct.then(|| pen.equation(by_partial("C", by), tensor.partial.node)),
            mentioned: is_direct,
            also: Vec::new(),
        });
    }
    let data: Vec<&Term> = program.terms.iter().filter(|t| t.kind == TermKind::Data).collect();
    let data: Vec<(NodeId, &str)> = data.iter().map(|t| (t.node, t.origin.as_str())).collect();
    let penalties = pen.penalties(&program.terms);
    let network = Stage {
        forward: vec![svg::words("a layer, and those after it"), name("a")],
        back: vec![svg::words("back-propagation"), name("δ")],
        leaves,
        reads: Vec::new(),
    };
    let targets = Leaf { name: name("y"), ..Leaf::default() };
    let data = Stage {
        forward: pen.of_example(&data),
        back: vec![pen.equation(by_partial("c", "a"), program.d_activation)],
        leaves: vec![targets],
        reads: vec![0],
    };
    let last = Stage {
        forward: of_batch(!penalties.is_empty()),
        back: vec![svg::words("for one example")],
        leaves: Vec::new(),
        reads: vec![1],
    };
    let direct = match penalised.as_slice() {
        [] => "No penalty mentions a parameter.".to_owned(),
        names => format!(
            "The penalties mention {} and neither a nor y: their share goes past the layers and their cotangents, and is added to the gradient by {} alone.",
            names.join(", "),
            names.join(", ")
        ),
    };
    let scene = Scene {
        title: format!("Where the derivatives of {text} come from"),
        description: format!(
            "Forward: a layer and those after it make a, the cost of one example compares it with y, C is the mean over the examples. Backward: the cotangent of a goes back through these to the gradients. {direct}"
        ),
        start: vec![name("a_prev")],
        stages: vec![network, data, last],
        penalties,
        lane: "penalty",
    };
    canvas::drawn(&scene)
}
