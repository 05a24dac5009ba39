//! What a check may take, so that a page is never long in coming: counted, not timed, so that it is the same everywhere.

use super::data::{Data, ENTRIES};
use super::pairs::{Checked, Moved, Pair, grouped};
use gradsmith_compiler::eval::Sizes;
use gradsmith_compiler::ir::{Extent, Graph, NodeId, Op};

/// So many points, where there is time for them.
const POINTS: usize = 3;

/// How many entries of operands may be met in all.
const WORK: u64 = 16_000_000;

/// A variable of more entries is not moved entry by entry, but along some directions.
const ENTRY_BY_ENTRY: usize = 16;

/// So many directions, where there is time for them.
const DIRECTIONS: usize = 3;

/// In which directions variables are moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Along {
    /// Each entry by itself.
    Entries,
    /// So many directions by chance.
    Chance(usize),
    /// The one that the data give.
    Given,
}

/// At how many points, and how each group of variables is moved there.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) points: usize,
    pub(super) along: Vec<Along>,
}

/// Plans a check at data of these sizes, and leaves out, with the reason, what would take too much.
pub(super) fn planned(c: &mut Checked, data: &Data) -> Plan {
    let (graph, sizes) = (&c.graph, &data.sizes);
    for moved in &mut c.moved {
        moved.pairs.retain(|pair| {
            let why = too_large(graph, sizes, pair);
            c.without.extend(why.clone().map(|why| (pair.name.clone(), why)));
            why.is_none()
        });
    }
    c.moved.retain(|moved| !moved.pairs.is_empty());
    let all = c.moved.iter().flat_map(|m| m.pairs.iter().map(|p| p.derivative)).collect::<Vec<_>>();
    let formulas = work(graph, sizes, &all);
    let each = WORK / 2 / c.moved.len().max(1) as u64;
    let ways = |points: usize| -> Vec<Option<Along>> {
        c.moved.iter().map(|moved| way(c, data, moved, each / points as u64)).collect()
    };
    let many = ways(POINTS);
    if many.iter().all(Option::is_some) && formulas.saturating_mul(POINTS as u64) <= WORK / 2 {
        return Plan { points: POINTS, along: many.into_iter().flatten().collect() };
    }
    let once = ways(1);
    for (moved, _) in c.moved.iter().zip(&once).filter(|(_, way)| way.is_none()) {
        let work = grouped(2 * work(&c.graph, &data.sizes, &functions(moved)));
        let why = format!("differences take {work} operations, and {} are left for them", grouped(each));
        c.without.extend(moved.pairs.iter().map(|pair| (pair.name.clone(), why.clone())));
    }
    let mut kept = once.iter().map(Option::is_some);
    c.moved.retain(|_| kept.next().unwrap_or(false));
    Plan { points: 1, along: once.into_iter().flatten().collect() }
}

fn too_large(graph: &Graph, sizes: &Sizes, pair: &Pair) -> Option<String> {
    let entries = size(graph, sizes, graph.shape(pair.derivative));
    if entries > ENTRIES as u64 {
        return Some(format!("it has {} entries", grouped(entries)));
    }
    let work = work(graph, sizes, &[pair.derivative]);
    (work > WORK / 2)
        .then(|| format!("it takes {} operations, and {} are left for it", grouped(work), grouped(WORK / 2)))
}

fn functions(moved: &Moved) -> Vec<NodeId> {
    moved.pairs.iter().map(|pair| pair.function).collect()
}

/// How variables are moved where the differences may take this much.
fn way(c: &Checked, data: &Data, moved: &Moved, limit: u64) -> Option<Along> {
    let work = work(&c.graph, &data.sizes, &functions(moved));
    let affordable = |times: usize| work.saturating_mul(2 * times as u64) <= limit;
    if moved.along.is_some() {
        return affordable(1).then_some(Along::Given);
    }
    let entries: u64 = moved.by.iter().map(|&by| size(&c.graph, &data.sizes, c.graph.shape(by))).sum();
    if entries <= ENTRY_BY_ENTRY as u64 && affordable(entries as usize) {
        return Some(Along::Entries);
    }
    [DIRECTIONS, 1].into_iter().find(|n| affordable(*n)).map(Along::Chance)
}

fn size(g: &Graph, sizes: &Sizes, extents: &[Extent]) -> u64 {
    extents.iter().map(|&e| g.extents.size(e, sizes, 0) as u64).fold(1, u64::saturating_mul)
}

/// What it takes to evaluate nodes: how many entries of operands are met.
fn work(g: &Graph, sizes: &Sizes, nodes: &[NodeId]) -> u64 {
    let of = |node: NodeId| {
        let (inner, operands) = match g.op(node) {
            Op::Product { factors, bound, .. } => (size(g, sizes, bound), factors.len() as u64),
            Op::Axis { bound, .. } => (size(g, sizes, bound), 1),
            Op::Sum(terms) => (1, terms.len() as u64),
            Op::Input(_) => (1, 0),
            _ => (1, 1),
        };
        size(g, sizes, g.shape(node)).saturating_mul(inner).saturating_mul(operands)
    };
    g.reachable(nodes).into_iter().map(of).fold(1, u64::saturating_add)
}
