//! Random data for a derived program, the same on every machine.

use super::differences::symmetrise;
use super::pairs::{Moved, grouped};
use gradsmith_compiler::eval::Sizes;
use gradsmith_compiler::ir::{Bound, ExtentKind, Graph, NodeId};
use std::collections::BTreeSet;

/// Extents that have no number get these, one after the other: small, and no two alike.
const EXTENTS: [usize; 6] = [4, 3, 5, 2, 6, 7];

/// More entries than this are no check but a computation.
pub(super) const ENTRIES: usize = 100_000;

/// From so many entries on, extents that have no number are as small as can be.
const MANY: usize = 10_000;

/// Where numbers are drawn from: both signs, or, for what is defined there alone, positive ones, and those below 1.
#[derive(Clone, Copy, Debug)]
pub(super) enum Draw {
    Normal,
    Positive,
    Part,
}

/// Values for all inputs of a graph.
#[derive(Clone, Debug)]
pub(super) struct Data {
    pub(super) inputs: Vec<Vec<f64>>,
    pub(super) sizes: Sizes,
}

/// A generator of numbers in (0, 1), by xorshift.
#[derive(Debug)]
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    pub(super) fn drawn(&mut self, draw: Draw) -> f64 {
        match draw {
            Draw::Normal => {
                let radius = (-2.0 * self.uniform().ln()).sqrt();
                radius * (std::f64::consts::TAU * self.uniform()).cos()
            }
            Draw::Positive => 0.3 + 1.5 * self.uniform(),
            Draw::Part => 0.1 + 0.8 * self.uniform(),
        }
    }
}

impl Data {
    /// Data for what the graph is given, other ones for each `point`. In what `shares` names each row is of positive numbers
    /// that sum to 1, as targets are.
    ///
    /// # Errors
    /// Why there are none: that would be a lot, or no sizes fit.
    pub(super) fn random(g: &Graph, draw: Draw, shares: Option<NodeId>, point: u64) -> Result<Self, String> {
        let sizes = fitting(g).ok_or("no small sizes of the arrays fit the formula")?;
        let mut random = Random(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(2 * point + 1));
        let mut inputs = Vec::new();
        for input in g.inputs() {
            let extents: Vec<usize> =
                g.shape(input.node).iter().map(|&e| g.extents.size(e, &sizes, 0)).collect();
            let entries = extents.iter().fold(1usize, |n, e| n.saturating_mul(*e));
            if entries > ENTRIES {
                let (name, entries, limit) = (&input.name, grouped(entries as u64), grouped(ENTRIES as u64));
                return Err(format!("{name} has {entries} entries, and data are made for {limit} at most"));
            }
            let mut values: Vec<f64> = if input.whole {
                // Two values: whatever they name is there.
                (0..entries).map(|_| f64::from(u8::from(random.uniform() < 0.5))).collect()
            } else {
                (0..entries).map(|_| random.drawn(draw)).collect()
            };
            // Rates, widths and weights of penalties are positive.
            if input.data && extents.is_empty() && !input.whole {
                values.iter_mut().for_each(|v| *v = v.abs().max(0.1));
            }
            if input.symmetric {
                symmetrise(&mut values);
            }
            // Away from singular: what is inverted has an inverse, what has a logarithm of its determinant has one.
            if let [n, m] = extents.as_slice()
                && n == m
            {
                (0..*n).for_each(|i| values[i * m + i] += 3.0 * *n as f64);
            }
            if Some(input.node) == shares {
                let row = extents.last().copied().unwrap_or(1).max(1);
                for row in values.chunks_mut(row) {
                    let total: f64 = row.iter().map(|v| v.abs() + 0.1).sum();
                    row.iter_mut().for_each(|v| *v = (v.abs() + 0.1) / total);
                }
            }
            inputs.push(values);
        }
        Ok(Self { inputs, sizes })
    }

    /// Draws the directions of `moved` anew: they need no data's properties but the symmetry of what they move.
    pub(super) fn direct(&mut self, g: &Graph, moved: &Moved) {
        let place = |node: &NodeId| g.inputs().iter().position(|i| i.node == *node);
        let mut random = Random(0xd1b5_4a32_d192_ed03);
        for (by, direction) in moved.by.iter().zip(moved.along.iter().flatten()) {
            let (Some(by), Some(direction)) = (place(by), place(direction)) else { continue };
            let values = &mut self.inputs[direction];
            values.iter_mut().for_each(|v| *v = random.drawn(Draw::Normal));
            if g.inputs()[by].symmetric {
                symmetrise(values);
            }
        }
    }
}

/// Numbers for the symbols of extents, with which every subscript stays inside; small ones first where that makes a lot.
fn fitting(g: &Graph) -> Option<Sizes> {
    let sizes = fitting_from(g, 0)?;
    let size =
        |node| g.shape(node).iter().map(|&e| g.extents.size(e, &sizes, 0)).fold(1, usize::saturating_mul);
    let entries = g.inputs().iter().map(|i| size(i.node)).fold(0, usize::saturating_add);
    if entries > MANY { fitting_from(g, EXTENTS.iter().position(|n| *n == 2)?) } else { Some(sizes) }
}

fn fitting_from(g: &Graph, first: usize) -> Option<Sizes> {
    let mut symbols = BTreeSet::new();
    for input in g.inputs() {
        for e in g.shape(input.node).iter().flat_map(|&e| g.extents.roots(e)) {
            if let ExtentKind::Symbol(name) = g.extents.kind(e) {
                symbols.insert(name.clone());
            }
        }
    }
    let count = EXTENTS.len();
    (first..first + 2 * count).find_map(|turn| {
        let number = |k: usize| EXTENTS[(k + turn) % count] + 8 * (turn / count);
        let sizes: Sizes = symbols.iter().enumerate().map(|(k, s)| (s.clone(), number(k))).collect();
        let inside = |b: &Bound| b.form.value(|e| g.extents.size(e, &sizes, 0)) >= 0;
        g.extents.bounds().iter().all(inside).then_some(sizes)
    })
}
