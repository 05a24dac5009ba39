//! Derivatives by their formulas and by central differences, at one point.

use super::data::{Data, Draw, Random};
use super::pairs::{Checked, Layout, Moved, Pair};
use super::plan::Along;
use gradsmith_compiler::eval::Evaluator;

/// How far a variable goes to each side.
pub(super) const STEP: f64 = 1e-5;

/// What relative differences are of is this at least, and this share of the function's value: what differences
/// leave of smaller derivatives is rounding.
const FLOOR: (f64, f64) = (1e-3, 1e-4);

/// What both say of one derivative at one point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    /// How many numbers were compared.
    pub(super) numbers: usize,
    /// The largest difference, of the largest number; infinite where the formula alone gives none.
    pub(super) apart: f64,
    /// Along how many directions by chance; nothing where each entry was moved by itself.
    pub(super) directions: Option<usize>,
}

/// The outcome for each pair at a point; nothing for those of which some number is none.
pub(super) fn compared(c: &Checked, moved: &Moved, along: Along, data: &Data) -> Vec<Option<Outcome>> {
    let inputs: Option<Vec<usize>> =
        moved.by.iter().map(|by| c.graph.inputs().iter().position(|i| i.node == *by)).collect();
    let Some(inputs) = inputs else { return moved.pairs.iter().map(|_| None).collect() };
    let mut at = Evaluator::new(&c.graph, &data.inputs, &data.sizes);
    let formulas: Vec<Vec<f64>> = moved.pairs.iter().map(|p| at.eval(p.derivative).to_vec()).collect();
    let values: Vec<Vec<f64>> = moved.pairs.iter().map(|p| at.eval(p.function).to_vec()).collect();
    let mut columns: Vec<Vec<(f64, f64)>> = moved.pairs.iter().map(|_| Vec::new()).collect();
    for direction in directions(c, moved, along, data, &inputs) {
        let side = |sign: f64| {
            let mut there = data.clone();
            for (&input, direction) in inputs.iter().zip(&direction) {
                for (x, v) in there.inputs[input].iter_mut().zip(direction) {
                    *x += sign * STEP * v;
                }
            }
            let mut at = Evaluator::new(&c.graph, &there.inputs, &there.sizes);
            moved.pairs.iter().map(|p| at.eval(p.function).to_vec()).collect::<Vec<_>>()
        };
        let (above, below) = (side(1.0), side(-1.0));
        for (k, pair) in moved.pairs.iter().enumerate() {
            let formula = column(pair, &formulas[k], &direction[0], values[k].len());
            let differences = above[k].iter().zip(&below[k]).map(|(a, b)| (a - b) / (2.0 * STEP));
            let both = formula.into_iter().zip(differences);
            match pair.layout {
                Layout::Diagonal => {
                    columns[k].extend(both.zip(&direction[0]).filter(|(_, v)| **v != 0.0).map(|(b, _)| b))
                }
                _ => columns[k].extend(both),
            }
        }
    }
    let random = match along {
        Along::Chance(n) => Some(n),
        Along::Given => Some(1),
        Along::Entries => None,
    };
    values.iter().zip(&columns).map(|(values, columns)| outcome(values, columns, random)).collect()
}

/// A derivative times a direction, entry by entry of the function.
fn column(pair: &Pair, formula: &[f64], direction: &[f64], rows: usize) -> Vec<f64> {
    match pair.layout {
        Layout::Product => formula.to_vec(),
        Layout::Diagonal => formula.iter().zip(direction).map(|(d, v)| d * v).collect(),
        Layout::Entries => (0..rows)
            .map(|row| {
                let row = formula.get(row * direction.len()..).unwrap_or_default();
                // What is not moved has no part, whatever its derivative is.
                let terms = row.iter().zip(direction).filter(|(_, v)| **v != 0.0);
                terms.map(|(d, v)| d * v).sum()
            })
            .collect(),
    }
}

fn outcome(values: &[f64], columns: &[(f64, f64)], directions: Option<usize>) -> Option<Outcome> {
    let largest = |numbers: &mut dyn Iterator<Item = f64>| numbers.fold(0.0, |m: f64, x| m.max(x.abs()));
    if !columns.iter().all(|(_, difference)| difference.is_finite()) {
        return None;
    }
    let mut apart = f64::INFINITY;
    if columns.iter().all(|(formula, _)| formula.is_finite()) {
        let floor = FLOOR.0.max(FLOOR.1 * largest(&mut values.iter().copied()));
        let scale = floor.max(largest(&mut columns.iter().flat_map(|(f, d)| [*f, *d])));
        apart = largest(&mut columns.iter().map(|(f, d)| f - d)) / scale;
    }
    Some(Outcome { numbers: columns.len(), apart, directions })
}

/// Directions, each with its part for every input that is moved. What is symmetric stays so.
fn directions(c: &Checked, moved: &Moved, along: Along, data: &Data, inputs: &[usize]) -> Vec<Vec<Vec<f64>>> {
    let symmetric = |input: usize| c.graph.inputs()[input].symmetric;
    let entries = |input: usize| data.inputs[input].len();
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    match along {
        Along::Given => {
            let given = moved.along.iter().flatten();
            let given = given.map(|v| c.graph.inputs().iter().position(|i| i.node == *v));
            let part = |v: Option<usize>| v.map_or_else(Vec::new, |v| data.inputs[v].clone());
            vec![given.map(part).collect()]
        }
        Along::Chance(count) => (0..count)
            .map(|_| {
                let part = |&input: &usize| {
                    let mut v: Vec<f64> = (0..entries(input)).map(|_| random.drawn(Draw::Normal)).collect();
                    if symmetric(input) {
                        symmetrise(&mut v);
                    }
                    v
                };
                inputs.iter().map(part).collect()
            })
            .collect(),
        Along::Entries => {
            let Some(&input) = inputs.first() else { return Vec::new() };
            let n = entries(input);
            let side = n.isqrt();
            let each = (0..n).filter(|k| !symmetric(input) || k / side >= k % side);
            let unit = |k: usize| {
                let mut v = vec![0.0; n];
                v[k] = 1.0;
                if symmetric(input) {
                    v[k % side * side + k / side] = 1.0;
                }
                vec![v]
            };
            each.map(unit).collect()
        }
    }
}

/// Makes a square matrix, row by row, its own transpose.
pub(super) fn symmetrise(entries: &mut [f64]) {
    let n = entries.len().isqrt();
    for i in 0..n {
        for j in 0..i {
            entries[i * n + j] = entries[j * n + i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{outcome, symmetrise};

    #[test]
    fn what_is_apart_is_a_share_of_the_largest() {
        let apart = |values: &[f64], columns: &[(f64, f64)]| outcome(values, columns, None).map(|o| o.apart);
        assert_eq!(apart(&[1.0], &[(4.0, 4.0), (1.0, 2.0)]), Some(0.25));
        assert_eq!(apart(&[1.0], &[(0.0, 0.0)]), Some(0.0));
        // Rounding of a large value is no mistake of a small derivative.
        assert!(apart(&[1e6], &[(0.0, 1e-5)]).is_some_and(|apart| apart < 1e-6));
        assert_eq!(apart(&[1.0], &[(f64::NAN, 1.0)]), Some(f64::INFINITY));
        assert_eq!(apart(&[1.0], &[(1.0, f64::NAN)]), None);
    }

    #[test]
    fn what_is_above_the_diagonal_is_as_below() {
        let mut entries = [1.0, 2.0, 3.0, 4.0];
        symmetrise(&mut entries);
        assert_eq!(entries, [1.0, 2.0, 2.0, 4.0]);
    }
}
