//! Which factors of a contraction meet first: the pair of the least work, or one that is summed before it
//! meets another.
//!
//! An inverse is best met by something that it shares one index with: then the two are a system to be solved.
//! Where an order leaves only its entries to be read, they have to be computed first, and that is part of the
//! order's work.

use crate::ir::{Extent, ExtentKind, Graph, Index};
use crate::schedule::form::loops_around;

/// What an extent known only at run time is taken for when orders are compared.
const UNKNOWN_EXTENT: f64 = 256.0;

/// A factor as the order sees it.
#[derive(Clone, Debug)]
pub(super) struct Along {
    /// The index of each axis.
    pub(super) indices: Vec<Index>,
    /// Whether it is an inverse whose entries nothing has asked for yet.
    pub(super) inverse: bool,
}

/// What is done next.
#[derive(Clone, Debug)]
pub(super) struct Next {
    pub(super) first: usize,
    /// What it meets, further on in the list; none if it is summed alone.
    pub(super) second: Option<usize>,
    /// The indices of what comes of it.
    pub(super) result: Vec<Index>,
    /// The multiplications, those of the entries of inverses among them.
    pub(super) work: f64,
}

impl Next {
    /// What becomes of the factors.
    fn applied(self, mut factors: Vec<Along>) -> Vec<Along> {
        if let Some(second) = self.second {
            factors.remove(second);
        }
        factors[self.first] = Along { indices: self.result, inverse: false };
        factors
    }
}

/// The multiplications of a product of these factors, in the order that [`next`] says.
pub(super) fn work(g: &Graph, mut factors: Vec<Along>, out: &[Index]) -> f64 {
    let read = |k: &usize| factors[*k].inverse && !solvable(&factors, *k, out);
    let mut work: f64 = (0..factors.len()).filter(read).map(|k| entries(g, &factors[k])).sum();
    while let Some(next) = next(g, &factors, out) {
        work += next.work;
        factors = next.applied(factors);
    }
    work + size(g, &factors.iter().fold(Vec::new(), |all, f| union(&all, &f.indices)))
}

/// What is done next, or nothing if what is left is one loop or one product of two.
pub(super) fn next(g: &Graph, factors: &[Along], out: &[Index]) -> Option<Next> {
    let mut best: Option<((f64, usize, f64), Next)> = None;
    let mut consider = |next: Next, loops: usize| {
        let key = (next.work, loops, size(g, &next.result));
        if best.as_ref().is_none_or(|(least, _)| key < *least) {
            best = Some((key, next));
        }
    };
    let once: Vec<bool> = factors.iter().map(|f| each_once(&f.indices)).collect();
    for first in 0..factors.len() {
        for second in first + 1..factors.len() {
            let [a, b] = [first, second].map(|k| &factors[k]);
            if once[first] && once[second] && !a.indices.iter().any(|i| b.indices.contains(i)) {
                continue; // an outer product is never the way to begin
            }
            let along = union(&a.indices, &b.indices);
            let rest: Vec<&Along> =
                (0..factors.len()).filter(|k| ![first, second].contains(k)).map(|k| &factors[k]).collect();
            let solved = [(first, second), (second, first)]
                .into_iter()
                .find_map(|(k, other)| unknown(factors, k, other, out).map(|kept| (k, kept)));
            let kept = solved.map(|(_, kept)| kept);
            // Two are left: that is what is done last, unless the unknown is then summed.
            if rest.is_empty() && kept.is_none_or(|i| out.contains(&i)) {
                continue;
            }
            let result = result_indices(&along, &rest, kept, out);
            let loops = match rest.as_slice() {
                [last] => loops_around(&result, &last.indices, out),
                _ => 0,
            };
            let mut next = Next { first, second: Some(second), result, work: size(g, &along) };
            next.work += newly_read(g, factors, &next, solved.map(|(k, _)| k), out);
            consider(next, loops);
        }
    }
    let whole = size(g, &factors.iter().fold(Vec::new(), |all, f| union(&all, &f.indices)));
    for (first, f) in factors.iter().enumerate() {
        let others = || factors.iter().enumerate().filter(|(k, _)| *k != first);
        let needed = |i: &Index| out.contains(i) || others().any(|(_, o)| o.indices.contains(i));
        let result: Vec<Index> = f.indices.iter().copied().filter(needed).collect();
        if factors.len() > 1 && result.len() < f.indices.len() {
            let mut next = Next { first, second: None, result, work: size(g, &f.indices) };
            next.work += newly_read(g, factors, &next, None, out);
            if factors.len() > 2 || next.work < whole {
                consider(next, 0);
            }
        }
    }
    best.map(|(_, next)| next)
}

/// The multiplications for the entries of inverses whose products could be solved without them, and after
/// this step cannot.
fn newly_read(g: &Graph, factors: &[Along], next: &Next, solved: Option<usize>, out: &[Index]) -> f64 {
    if !factors.iter().any(|f| f.inverse) {
        return 0.0;
    }
    let after = next.clone().applied(factors.to_vec());
    let place = |k: usize| if next.second.is_some_and(|s| s < k) { k - 1 } else { k };
    let could = (0..factors.len()).filter(|&k| Some(k) != solved && solvable(factors, k, out));
    could
        .filter(|&k| k == next.first || Some(k) == next.second || !solvable(&after, place(k), out))
        .map(|k| entries(g, &factors[k]))
        .sum()
}

/// Whether one of the factors may be the matrix of a system.
pub(super) fn has_system(factors: &[Along], out: &[Index]) -> bool {
    (0..factors.len()).any(|k| solvable(factors, k, out))
}

/// Whether an inverse may yet be the matrix of a system: one of its indices is summed, and nothing has both.
fn solvable(factors: &[Along], k: usize, out: &[Index]) -> bool {
    let f = &factors[k];
    let &[i, j] = f.indices.as_slice() else { return false };
    let others = || factors.iter().enumerate().filter(|(other, _)| *other != k).map(|(_, o)| &o.indices);
    let both = i == j || others().any(|o| o.contains(&i) && o.contains(&j));
    f.inverse && !both && [i, j].iter().any(|x| !out.contains(x) && others().any(|o| o.contains(x)))
}

/// If factor `k` is an inverse, and it and `other` are a system: the index of the unknown.
fn unknown(factors: &[Along], k: usize, other: usize, out: &[Index]) -> Option<Index> {
    let (f, given) = (&factors[k], &factors[other].indices);
    if !f.inverse {
        return None;
    }
    let &[i, j] = f.indices.as_slice() else { return None };
    let rest =
        || factors.iter().enumerate().filter(|(n, _)| ![k, other].contains(n)).map(|(_, o)| &o.indices);
    let needed = |x: &Index| out.contains(x) || rest().any(|o| o.contains(x));
    let (unknown, summed) = match (given.contains(&i), given.contains(&j)) {
        (true, false) => (j, i),
        (false, true) => (i, j),
        _ => return None,
    };
    let once = given.iter().filter(|x| **x == summed).count() == 1;
    (once && !needed(&summed) && given.iter().all(|x| *x == summed || needed(x))).then_some(unknown)
}

/// What it takes to have the entries of an inverse besides its factors.
fn entries(g: &Graph, f: &Along) -> f64 {
    size(g, &f.indices).powf(1.5)
}

fn size(g: &Graph, indices: &[Index]) -> f64 {
    indices.iter().map(|&i| extent(g, g.extents.of(i))).product()
}

/// The number of entries of an array.
pub(super) fn entries_of(g: &Graph, shape: &[Extent]) -> f64 {
    shape.iter().map(|&e| extent(g, e)).product()
}

fn extent(g: &Graph, e: Extent) -> f64 {
    match g.extents.kind(e) {
        ExtentKind::Constant(n) => *n as f64,
        _ => UNKNOWN_EXTENT,
    }
}

fn each_once(indices: &[Index]) -> bool {
    indices.iter().enumerate().all(|(k, i)| !indices[..k].contains(i))
}

fn union(a: &[Index], b: &[Index]) -> Vec<Index> {
    let mut all: Vec<Index> = Vec::new();
    for &i in a.iter().chain(b) {
        if !all.contains(&i) {
            all.push(i);
        }
    }
    all
}

/// Of the indices of two factors those that are wanted after they have met.
fn result_indices(along: &[Index], rest: &[&Along], kept: Option<Index>, out: &[Index]) -> Vec<Index> {
    let mut result = along.to_vec();
    result.retain(|i| out.contains(i) || kept == Some(*i) || rest.iter().any(|f| f.indices.contains(i)));
    // Indices of the whole in its order, so that they lie side by side as they do there.
    let mut in_order: Vec<Index> = out.iter().copied().filter(|i| result.contains(i)).collect();
    in_order.reverse();
    for place in result.iter_mut().filter(|i| out.contains(i)) {
        *place = in_order.pop().unwrap_or(*place);
    }
    result
}
