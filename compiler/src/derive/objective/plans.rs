//! What each method has to compute.

use super::constraints::Restricted;
use super::locals::{Local, locals};
use super::sparse::Sparse;
use super::*;
use std::cell::{Cell, RefCell};

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
    pub(super) hessian: Matrix,
    /// Of a residual: itself, its Jacobian, JᵀJv.
    pub(super) residual: Vec<Plan>,
    /// The Hessian's entries that may be other than 0, where most are not.
    pub(super) sparse_hessian: Option<Sparse>,
    /// The same of a residual's Jacobian.
    pub(super) sparse_jacobian: Option<Sparse>,
    /// What restricts the variables.
    pub(super) restricted: Option<Restricted>,
    /// The entries of the constraints' Jacobian, and of the Lagrangian's Hessian, where most are 0.
    pub(super) sparse_constraints: Option<Sparse>,
    pub(super) sparse_lagrangian: Option<Sparse>,
    /// What the formula gives names.
    pub(super) locals: Vec<Local>,
    /// What cannot be computed of rows that are among several processes.
    pub(super) undivided: Option<String>,
    /// Whether the Hessian can then be found by its products with vectors alone.
    pub(super) by_products: bool,
}

/// A matrix of derivatives, in blocks.
pub(super) struct Matrix {
    pub(super) plan: Plan,
    /// Those that are not 0, by row and column of blocks.
    pub(super) blocks: Vec<Block>,
}

impl Matrix {
    /// Of these blocks, row by row: none is computed that is 0 or another one again, unless it is the only one.
    pub(super) fn of(
        g: &Graph,
        rows: &[Vec<NodeId>],
        name: &dyn Fn(usize, usize) -> String,
        plan: &impl Fn(Vec<(String, NodeId)>) -> Plan,
    ) -> Self {
        let mut outputs: Vec<(String, NodeId)> = Vec::new();
        let mut blocks = Vec::new();
        let single = rows.len() == 1 && rows[0].len() == 1;
        for (i, row) in rows.iter().enumerate() {
            for (j, &node) in row.iter().enumerate() {
                if !single && g.is_zero(node) {
                    continue;
                }
                let output = outputs.iter().position(|(_, n)| *n == node).unwrap_or_else(|| {
                    outputs.push((name(i, j), node));
                    outputs.len() - 1
                });
                blocks.push(Block { at: (i, j), output });
            }
        }
        Self { plan: plan(outputs), blocks }
    }
}

impl Plans {
    /// Plans by which these `rows`, if any, may be among several processes.
    pub(super) fn new(program: &ObjectiveProgram, rows: Option<Extent>) -> Self {
        let undivided = RefCell::new(None);
        let plan = |outputs: Vec<(String, NodeId)>| {
            let outputs: Vec<Output> =
                outputs.into_iter().map(|(name, node)| Output { name, node }).collect();
            planned(&program.graph, &outputs, rows).unwrap_or_else(|what| {
                undivided.borrow_mut().get_or_insert(what);
                schedule(&program.graph, &outputs, Policy::Blocks, &emit::name_or_text)
            })
        };
        let by_products = Cell::new(false);
        let of_matrix = |outputs: Vec<(String, NodeId)>| {
            let outputs: Vec<Output> =
                outputs.into_iter().map(|(name, node)| Output { name, node }).collect();
            planned(&program.graph, &outputs, rows).unwrap_or_else(|_| {
                by_products.set(true);
                schedule(&program.graph, &[], Policy::Blocks, &emit::name_or_text)
            })
        };
        let hessian = Matrix::of(&program.graph, &program.hessian, &of_variables(program), &of_matrix);
        let value = ("value".to_owned(), program.value);
        let gradient = by_variable(program, "d_", &program.gradient);
        Self {
            value: plan(vec![value.clone()]),
            both: plan(std::iter::once(value).chain(gradient.clone()).collect()),
            gradient: plan(gradient),
            product: plan(by_variable(program, "h_", &program.hessian_product)),
            hessian,
            residual: program.residual.as_ref().map_or_else(Vec::new, |r| {
                vec![
                    plan(vec![("residual".to_owned(), r.residual)]),
                    plan(by_variable(program, "j_", &r.jacobian)),
                    plan(by_variable(program, "g_", &r.gauss_newton_product)),
                ]
            }),
            // Which entries are other than 0 may depend on rows that are not here.
            sparse_hessian: rows.is_none().then(|| Sparse::hessian(program)).flatten(),
            sparse_jacobian: rows.is_none().then(|| Sparse::jacobian(program)).flatten(),
            restricted: Restricted::new(program, plan),
            sparse_constraints: rows.is_none().then(|| Sparse::constraints(program)).flatten(),
            sparse_lagrangian: rows.is_none().then(|| Sparse::lagrangian(program)).flatten(),
            locals: locals(program, rows),
            undivided: undivided.into_inner(),
            by_products: by_products.get(),
        }
    }

    /// Those of sparse matrices.
    fn sparse(&self) -> impl Iterator<Item = &Plan> {
        let Self { sparse_hessian, sparse_jacobian, sparse_constraints, sparse_lagrangian, .. } = self;
        let all = [sparse_hessian, sparse_jacobian, sparse_constraints, sparse_lagrangian];
        all.into_iter().flatten().map(|s| &s.plan)
    }

    /// Those whose memory is there from the start, or asked for by `reserve`.
    pub(super) fn all(&self) -> impl Iterator<Item = &Plan> {
        let Self { value, gradient, both, product, hessian, residual, .. } = self;
        let restricted = self.restricted.iter().flat_map(Restricted::all);
        let objective = [value, gradient, both, product, &hessian.plan].into_iter();
        objective.chain(residual).chain(self.sparse()).chain(restricted)
    }
}

/// What a block of a Hessian is called.
pub(super) fn of_variables(program: &ObjectiveProgram) -> impl Fn(usize, usize) -> String {
    |i, j| format!("h_{}_{}", program.wrt[i].0, program.wrt[j].0)
}

impl Plans {
    /// Those of all methods.
    pub(super) fn of_methods(&self) -> impl Iterator<Item = &Plan> {
        self.all().chain(self.locals.iter().map(|local| &local.plan))
    }
}

/// A plan by which these `rows`, if any, may be among several processes.
///
/// # Errors
/// What cannot be computed then.
pub(super) fn planned(graph: &Graph, outputs: &[Output], rows: Option<Extent>) -> Result<Plan, String> {
    match rows {
        None => Ok(schedule(graph, outputs, Policy::Blocks, &emit::name_or_text)),
        Some(rows) => schedule_divided(graph, outputs, rows, &emit::name_or_text),
    }
}

/// A node for each variable, named after it.
pub(super) fn by_variable(
    program: &ObjectiveProgram,
    prefix: &str,
    nodes: &[NodeId],
) -> Vec<(String, NodeId)> {
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

    /// The plans of square matrices whose blocks are copied out, unless there is one alone.
    fn squares(&self) -> impl Iterator<Item = &Plan> {
        let lagrangian = self.plans.restricted.iter().map(|r| &r.hessian.plan);
        std::iter::once(&self.plans.hessian.plan).chain(lagrangian)
    }

    /// The others that are matrices.
    fn other_matrices(&self) -> impl Iterator<Item = &Plan> {
        let of_constraints = self.plans.restricted.iter().map(|r| &r.jacobian.plan);
        self.plans.residual.get(1).into_iter().chain(of_constraints).chain(self.plans.sparse())
    }

    /// Whether a plan is that of a Hessian, or of a Jacobian, or of their entries.
    pub(super) fn makes_a_matrix(&self, plan: &Plan) -> bool {
        self.squares().chain(self.other_matrices()).any(|other| std::ptr::eq(plan, other))
    }

    /// Whether the method of a plan computes blocks, or pieces, and copies them to where they belong.
    pub(super) fn copies_out(&self, plan: &Plan) -> bool {
        let is = |other: &Plan| std::ptr::eq(plan, other);
        self.squares().any(is) && !self.single()
            || self.other_matrices().any(is)
            || self.plans.restricted.as_ref().is_some_and(|r| is(&r.limits))
    }
}
