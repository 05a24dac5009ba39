//! What each method has to compute.

use super::locals::{Local, locals};
use super::sparse::Sparse;
use super::*;

/// A block of the Hessian.
pub(super) struct Block {
    /// The variables, by number.
    pub(super) at: (usize, usize),
    /// Which output of the plan it is.
    pub(super) output: usize,
}

/// What each method computes.
pub(super) struct Plans {
    pub(super) value: Plan,
    pub(super) gradient: Plan,
    pub(super) both: Plan,
    pub(super) product: Plan,
    pub(super) hessian: Plan,
    /// The Hessian's blocks on and below the diagonal that are not 0.
    pub(super) blocks: Vec<Block>,
    /// Of a residual: itself, its Jacobian, JᵀJv.
    pub(super) residual: Vec<Plan>,
    /// The Hessian's entries that may be other than 0, where most are not.
    pub(super) sparse_hessian: Option<Sparse>,
    /// The same of a residual's Jacobian.
    pub(super) sparse_jacobian: Option<Sparse>,
    /// What the formula gives names.
    pub(super) locals: Vec<Local>,
}

impl Plans {
    pub(super) fn new(program: &ObjectiveProgram) -> Self {
        let plan = |outputs: Vec<(String, NodeId)>| {
            let outputs: Vec<Output> =
                outputs.into_iter().map(|(name, node)| Output { name, node }).collect();
            schedule(&program.graph, &outputs, Policy::Blocks, &emit::name_or_text)
        };
        let value = ("value".to_owned(), program.value);
        let gradient = by_variable(program, "d_", &program.gradient);
        let mut hessian: Vec<(String, NodeId)> = Vec::new();
        let mut blocks = Vec::new();
        for (i, row) in program.hessian.iter().enumerate() {
            for (j, &node) in row.iter().enumerate() {
                // A lone block is the Hessian; of several, none is computed that is 0 or another one again.
                let single = program.hessian.len() == 1;
                if !single && program.graph.is_zero(node) {
                    continue;
                }
                let output = hessian.iter().position(|(_, n)| *n == node).unwrap_or_else(|| {
                    hessian.push((format!("h_{}_{}", program.wrt[i].0, program.wrt[j].0), node));
                    hessian.len() - 1
                });
                blocks.push(Block { at: (i, j), output });
            }
        }
        Self {
            value: plan(vec![value.clone()]),
            both: plan(std::iter::once(value).chain(gradient.clone()).collect()),
            gradient: plan(gradient),
            product: plan(by_variable(program, "h_", &program.hessian_product)),
            hessian: plan(hessian),
            blocks,
            residual: program.residual.as_ref().map_or_else(Vec::new, |r| {
                vec![
                    plan(vec![("residual".to_owned(), r.residual)]),
                    plan(by_variable(program, "j_", &r.jacobian)),
                    plan(by_variable(program, "g_", &r.gauss_newton_product)),
                ]
            }),
            sparse_hessian: Sparse::hessian(program),
            sparse_jacobian: Sparse::jacobian(program),
            locals: locals(program),
        }
    }

    /// Those of sparse matrices.
    fn sparse(&self) -> impl Iterator<Item = &Plan> {
        [&self.sparse_hessian, &self.sparse_jacobian].into_iter().flatten().map(|s| &s.plan)
    }

    /// Those whose memory is there from the start, or asked for by `reserve`.
    pub(super) fn all(&self) -> impl Iterator<Item = &Plan> {
        let Self { value, gradient, both, product, hessian, residual, .. } = self;
        [value, gradient, both, product, hessian].into_iter().chain(residual).chain(self.sparse())
    }
}

impl Plans {
    /// Those of all methods.
    pub(super) fn of_methods(&self) -> impl Iterator<Item = &Plan> {
        self.all().chain(self.locals.iter().map(|local| &local.plan))
    }
}

/// A node for each variable, named after it.
fn by_variable(program: &ObjectiveProgram, prefix: &str, nodes: &[NodeId]) -> Vec<(String, NodeId)> {
    program.wrt.iter().zip(nodes).map(|((n, _), node)| (format!("{prefix}{n}"), *node)).collect()
}

/// Whether a method has the array in its workspace: temporaries, and blocks that it copies out.
pub(super) fn taken_of_workspace(buffer: &Buffer, blocks: bool) -> bool {
    matches!(buffer.storage, Storage::Temporary | Storage::Block | Storage::Parts)
        || (blocks && buffer.storage == Storage::Output)
}

impl Items<'_> {
    /// One variable, no scalar: the Hessian is one block.
    pub(super) fn single(&self) -> bool {
        self.program.wrt.len() == 1 && !self.shape_of_wrt(0).is_empty()
    }

    /// Whether a plan is that of the Hessian, or of the Jacobian, or of their entries.
    pub(super) fn makes_a_matrix(&self, plan: &Plan) -> bool {
        let is = |other: &Plan| std::ptr::eq(plan, other);
        is(&self.plans.hessian) || self.plans.residual.get(1).is_some_and(is) || self.plans.sparse().any(is)
    }

    /// Whether the method of a plan computes blocks, or pieces, and copies them to where they belong.
    pub(super) fn copies_out(&self, plan: &Plan) -> bool {
        let is = |other: &Plan| std::ptr::eq(plan, other);
        (is(&self.plans.hessian) && !self.single())
            || self.plans.residual.get(1).is_some_and(is)
            || self.plans.sparse().any(is)
    }
}
