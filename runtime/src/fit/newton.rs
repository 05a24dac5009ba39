//! The last steps to a minimum: Newton's method for what is 0 there, with the Lagrangian's own Hessian.
//!
//! Sequential programming knows the Hessian from differences of gradients, and ends with half the digits. Where it has
//! ended the constraints that hold are known; with these as equations, x and λ are the root of ∇L = 0, c = 0 (J. Nocedal
//! and S. Wright, "Numerical optimization", 2006, section 18.1).

use super::FitError;
use super::minimise::{Adapter, State};
use crate::kernel::linear;
use crate::kernel::matrix::{Mat, MatMut};
use crate::model::constrained::Constrained;
use ndarray::{Array1, Array2};

/// What the move to a bound may add to the residual.
const ROUNDED: f64 = 1e-9;
/// How far a step may go, in the size of x.
const FAR: f64 = 1e-2;
/// Steps, of which each about doubles the digits.
const STEPS: usize = 8;

/// The state at the end of as many steps as make it better.
pub(super) fn polished<P: Constrained + ?Sized>(
    problem: &Adapter<'_, P>,
    mut state: State,
) -> Result<State, FitError> {
    // What is at a bound but for rounding is there.
    let mut x = state.x.clone();
    for (k, x) in x.iter_mut().enumerate().filter(|(k, _)| state.bound_multipliers[*k] != 0.0) {
        *x = problem.bound(k, state.bound_multipliers[k] < 0.0);
    }
    if let Ok(there) = problem.state(x.to_vec(), state.multipliers.clone())
        && there.residual() <= state.residual().max(ROUNDED)
    {
        state = there;
    }
    for _ in 0..STEPS {
        let Some(next) = step(problem, &state)? else { break };
        let is_better = next.residual() < state.residual();
        if !is_better {
            break;
        }
        state = next;
    }
    Ok(state)
}

/// The state after one step, if there is one.
fn step<P: Constrained + ?Sized>(problem: &Adapter<'_, P>, state: &State) -> Result<Option<State>, FitError> {
    let rows: Vec<usize> = (0..state.rows.len()).filter(|&row| problem.holds(state, row)).collect();
    let free: Vec<usize> = (0..state.x.len()).filter(|&k| state.bound_multipliers[k] == 0.0).collect();
    let n = free.len();
    let Ok(hessian) = problem.curvature(state) else { return Ok(None) };
    let mut a = Array2::zeros((n + rows.len(), n + rows.len()));
    let mut b = Array1::zeros(n + rows.len());
    for (i, &p) in free.iter().enumerate() {
        b[i] = -state.slope[p];
        for (j, &q) in free.iter().enumerate() {
            a[[i, j]] = hessian[[p, q]];
        }
        for (k, &row) in rows.iter().enumerate() {
            a[[i, n + k]] = state.jacobian[[row, p]];
            a[[n + k, i]] = state.jacobian[[row, p]];
        }
    }
    for (k, &row) in rows.iter().enumerate() {
        b[n + k] = -state.rows[row];
    }
    let Some(found) = solved(&a, &b) else { return Ok(None) };
    let (mut x, mut multipliers) = (state.x.clone(), state.multipliers.clone());
    for (i, &p) in free.iter().enumerate() {
        x[p] += found[i];
    }
    for (k, &row) in rows.iter().enumerate() {
        multipliers[row] += found[n + k];
    }
    // A step out of the bounds is none, nor is one that goes far: then another root was found.
    let (moved, size) = ((&x - &state.x).mapv(f64::abs).sum(), state.x.mapv(f64::abs).sum());
    if !problem.is_within(&x) || moved > FAR * (1.0 + size) {
        return Ok(None);
    }
    Ok(problem.state(x.to_vec(), multipliers).ok())
}

/// The solution of a system; none where it is singular.
fn solved(a: &Array2<f64>, b: &Array1<f64>) -> Option<Array1<f64>> {
    let n = b.len();
    let (a, b): (Vec<f64>, Vec<f64>) = (a.iter().copied().collect(), b.to_vec());
    let (mut lu, mut exchanges, mut x) = (vec![0.0; n * n], vec![0.0; n], vec![0.0; n]);
    let factors = linear::factor(&a, n, &mut lu, &mut exchanges);
    factors.solve(MatMut::column(&mut x), 1.0, Mat::column(&b), "the system of a step").ok()?;
    x.iter().all(|x| x.is_finite()).then(|| Array1::from(x))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn systems_are_solved_or_refused() {
        let x = solved(&array![[0.0, 2.0], [1.0, 1.0]], &array![4.0, 5.0]).unwrap();
        assert_eq!(x, array![3.0, 2.0]);
        assert!(solved(&array![[1.0, 2.0], [2.0, 4.0]], &array![1.0, 2.0]).is_none());
        assert!(solved(&Array2::zeros((0, 0)), &Array1::zeros(0)).is_some());
    }
}
