//! When a search is done, for solvers that do not say.

use super::Error;
use argmin::core::{ArgminFloat, IterState, KV, Problem, Solver, TerminationReason, TerminationStatus};
use argmin_math::ArgminL2Norm;

/// A solver that stops where ‖∇f‖ is at most a tolerance, besides where it stops by itself.
///
/// `TrustRegion` knows no end but the number of iterations, and `NewtonCG` looks at how the cost falls; as
/// `with_tolerance_grad` of the quasi-Newton solvers does, this looks at the gradient that the solver has left in
/// the state, and computes none.
///
/// ```no_run
/// # use gradsmith_runtime::Objective;
/// # use gradsmith_runtime::argmin::Solvable;
/// # fn run<P: Objective<Scalar = f64> + 'static>(problem: Solvable<P>, start: Vec<f64>) -> Result<(), argmin::core::Error> {
/// use argmin::core::Executor;
/// use argmin::solver::trustregion::{Steihaug, TrustRegion};
/// use gradsmith_runtime::argmin::GradientTolerance;
///
/// let solver = GradientTolerance::new(TrustRegion::new(Steihaug::new().with_max_iters(20)), 1e-8);
/// let result = Executor::new(problem.matrix_free(), solver)
///     .configure(|state| state.param(start).max_iters(100))
///     .run()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct GradientTolerance<S, F> {
    solver: S,
    tolerance: F,
}

impl<S, F> GradientTolerance<S, F> {
    /// The solver, to be stopped where ‖∇f‖ ≤ `tolerance`.
    pub fn new(solver: S, tolerance: F) -> Self {
        Self { solver, tolerance }
    }
}

impl<O, P, G, J, H, R, F, S> Solver<O, IterState<P, G, J, H, R, F>> for GradientTolerance<S, F>
where
    P: Clone,
    G: ArgminL2Norm<F>,
    F: ArgminFloat,
    S: Solver<O, IterState<P, G, J, H, R, F>>,
{
    fn name(&self) -> &str {
        self.solver.name()
    }

    fn init(
        &mut self,
        problem: &mut Problem<O>,
        state: IterState<P, G, J, H, R, F>,
    ) -> Result<(IterState<P, G, J, H, R, F>, Option<KV>), Error> {
        self.solver.init(problem, state)
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<O>,
        state: IterState<P, G, J, H, R, F>,
    ) -> Result<(IterState<P, G, J, H, R, F>, Option<KV>), Error> {
        self.solver.next_iter(problem, state)
    }

    fn terminate(&mut self, state: &IterState<P, G, J, H, R, F>) -> TerminationStatus {
        match state.get_gradient() {
            Some(gradient) if gradient.l2_norm() <= self.tolerance => {
                TerminationStatus::Terminated(TerminationReason::SolverConverged)
            }
            _ => self.solver.terminate(state),
        }
    }
}
