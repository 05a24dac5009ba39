//! What a check may take, so that a page is never long in coming: counted, not timed, so that it is the same everywhere.

use super::data::{Data, ENTRIES};
use super::pairs::{Checked, Moved, Pair, grouped};
use gradsmith_compiler::eval::Sizes;
use gradsmith_compiler::ir::{Extent, Graph, NodeId, Op};

/// So many points, where all of them are done soon.
const POINTS: usize = 3;

/// How many entries of operands may be met in all: 0.4 s of an interpreter that is optimised.
const WORK: u64 = 12_000_000;

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
    let many = ways(c, data, WORK / 8 / POINTS as u64);
    if many.iter().all(Option::is_some) && formulas.saturating_mul(POINTS as u64) <= WORK / 8 {
        return Plan { points: POINTS, along: many.into_iter().flatten().collect() };
    }
    let once = ways(c, data, WORK / 2);
    for (moved, _) in c.moved.iter().zip(&once).filter(|(_, way)| way.is_none()) {
        let work = grouped(differences(c, data, moved));
        let why = format!("its differences take {work} operations, more than are left for them");
        c.without.extend(moved.pairs.iter().map(|pair| (pair.name.clone(), why.clone())));
    }
    let mut kept = once.iter().map(Option::is_some);
    c.moved.retain(|_| kept.next().unwrap_or(false));
    Plan { points: 1, along: once.into_iter().flatten().collect() }
}

/// What one difference takes.
fn differences(c: &Checked, data: &Data, moved: &Moved) -> u64 {
    let functions: Vec<NodeId> = moved.pairs.iter().map(|pair| pair.function).collect();
    work(&c.graph, &data.sizes, &functions).saturating_mul(2)
}

/// How each group of variables is moved where all differences may take this much: each along one direction before any goes
/// along more.
fn ways(c: &Checked, data: &Data, mut left: u64) -> Vec<Option<Along>> {
    let each: Vec<u64> = c.moved.iter().map(|moved| differences(c, data, moved)).collect();
    let mut take = |work: u64| {
        let affordable = work <= left;
        left -= if affordable { work } else { 0 };
        affordable
    };
    let first: Vec<bool> = each.iter().map(|work| take(*work)).collect();
    let mut ways = Vec::new();
    for ((moved, work), affordable) in c.moved.iter().zip(each).zip(first) {
        let entries: u64 = moved.by.iter().map(|&by| size(&c.graph, &data.sizes, c.graph.shape(by))).sum();
        let mut more = |directions: usize| take(work.saturating_mul(directions as u64 - 1));
        ways.push(if !affordable {
            None
        } else if moved.along.is_some() {
            Some(Along::Given)
        } else if entries == 0 || entries <= ENTRY_BY_ENTRY as u64 && more(entries as usize) {
            Some(Along::Entries)
        } else {
            Some(Along::Chance(if more(DIRECTIONS) { DIRECTIONS } else { 1 }))
        });
    }
    ways
}

fn too_large(graph: &Graph, sizes: &Sizes, pair: &Pair) -> Option<String> {
    let entries = size(graph, sizes, graph.shape(pair.derivative));
    if entries > ENTRIES as u64 {
        return Some(format!("it has {} entries", grouped(entries)));
    }
    let work = work(graph, sizes, &[pair.derivative]);
    (work > WORK / 2).then(|| format!("it takes {} operations, more than are left for it", grouped(work)))
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
