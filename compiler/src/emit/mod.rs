//! Graph to page: a node in matrix notation, as a textbook has it, as text, LaTeX and MathML.
//!
//! ```text
//! node --lines--> Notation --text--> `X' * (X * w - y)`
//!                          --latex--> X^{\top} \left(X w - y\right)
//!                          --mathml--> <math>...</math>
//! ```
//!
//! A node of rank 1 is written as a column, one of rank 2 as rows by columns. Along the batch, what is
//! written is for one example, and a sum over the batch is `Σ_examples`: the gradient of a layer's weights is
//! `1/m * Σ_examples delta2 * a1'`, where `delta2` and `a1` are one example's vectors. Text is the cost
//! language wherever the language can say it, so it can be parsed again; named values are written by name, so
//! whoever reads it back wants [`Inner::Defined`] or [`Inner::Expanded`].
//!
//! What has no matrix form is written by its entries, `sum[k](A[i,k] * B[k,j] * C[k,j])`, and an array of them
//! as `matrix[i, j](...)`. Indices that are relations in the graph are solved, so that no delta is left:
//!
//! - an entry is read at its place, `x[i+1]`, `w[p[k]]`; parts and blocks have the language's words, `x[1..]`,
//!   `[A, b; c', d]`; where a formula reads neighbours of one array it is written by entries;
//! - what is 0 but for some entries has conditions, `where(i >= 1, ..., 0) + where(i <= n - 2, ..., 0)`, in the
//!   language's words because a reader knows these and one notation is enough; on the page they are a brace with
//!   cases. A subscript under such a condition may be outside where it does not hold, which the language refuses
//!   of a user; so may a condition compare what data name, `where(p[k] == j, ..., 0)`: that is to be read only;
//! - what limits an index of a sum stands at its sign, `\sum_{j=0}^{i}`; in text it is a `where` within, as ranges
//!   of the language hold no index. Text says a range where the subscripts alone would not give it;
//! - a matrix that is 0 but for some diagonals is written one after the other, see [`bands()`].

mod bands;
mod blocks;
mod broken;
mod contract;
mod convert;
pub mod document;
mod entries;
mod fold;
mod functions;
pub mod html;
#[cfg(test)]
mod index_tests;
pub mod latex;
mod latex_page;
mod layout;
pub mod mathml;
mod means;
pub mod notation;
mod parts;
mod pieces;
pub mod place;
mod ranges;
mod relations;
mod scale;
mod solve;
pub mod svg;
mod template;
#[cfg(test)]
mod tests;
pub mod text;
mod text_page;

use crate::ir::{Extent, Factor, Graph, NodeId, Op};
pub use bands::{Band, bands};
use convert::Converter;
use notation::{Bound, Notation, Tree, Whole};
use std::collections::{BTreeMap, BTreeSet};

/// How values that the text or a stage named are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Inner {
    /// By name: `W2' * delta2`.
    #[default]
    Named,
    /// By name, with the definitions first: `r = X * w - y; r' * r`.
    Defined,
    /// In full.
    Expanded,
}

/// How to look at a node.
#[derive(Clone, Debug)]
pub struct View {
    /// The extent of the batch: the axis over it is not shown.
    pub batch: Option<Extent>,
    /// Whether the node itself is written in full though it has a name.
    pub expand_top: bool,
    /// Named values inside.
    pub inner: Inner,
    /// How many parts a formula may have before what it shares is written once, as a local definition.
    pub budget: usize,
}

impl Default for View {
    fn default() -> Self {
        Self { batch: None, expand_top: true, inner: Inner::Named, budget: 80 }
    }
}

impl View {
    /// The view of one example of a batch of this extent.
    #[must_use]
    pub fn of_batch(batch: Extent) -> Self {
        Self { batch: Some(batch), ..Self::default() }
    }
}

/// A formula with the local definitions it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    /// Names and what they stand for, in the order needed.
    pub definitions: Vec<(String, Notation)>,
    /// The formula.
    pub value: Notation,
    /// The indices that it is the entry at, of an array that has no matrix form.
    pub indices: Vec<Bound>,
}

impl Lines {
    /// In the cost language's own notation.
    #[must_use]
    pub fn text(&self) -> String {
        text::write(self)
    }

    /// In presentation MathML.
    #[must_use]
    pub fn mathml(&self) -> String {
        mathml::write(self)
    }
}

/// What a formula can be written as.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name: `text`, `latex`, `mathml`.
    pub name: &'static str,
    /// Writes a formula.
    pub write: fn(&Lines) -> String,
    /// Writes a page of formulas.
    pub document: fn(&document::Document) -> String,
}

/// Every target.
pub static ALL: &[Target] = &[
    Target { name: "text", write: text::write, document: text_page::document },
    Target { name: "latex", write: latex::write, document: latex::document },
    Target { name: "mathml", write: mathml::write, document: mathml::document },
];

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    ALL.iter().find(|t| t.name == name)
}

/// The node in the cost language's own notation.
#[must_use]
pub fn text(g: &Graph, node: NodeId, view: &View) -> String {
    text::write(&lines(g, node, view))
}

/// What messages call the node: its name, or else its formula.
#[must_use]
pub fn name_or_text(g: &Graph, node: NodeId) -> String {
    g.name(node).map_or_else(|| text(g, node, &View::default()), str::to_owned)
}

/// Formulas nest no deeper than this; what lies deeper is defined first.
const DEEPEST: usize = 40;

/// A value this small is written again rather than named.
const SMALL: usize = 6;

/// The same for a product of matrices among entries, where it is a sum over a new index each time:
/// `sum[k] R[k,j] * D[i,k]`.
const SMALL_AMONG_ENTRIES: usize = 4;

/// What the formula of a node is too long or too deep without and that has no name yet, each with a name that nothing has,
/// children first. Where a page gives them these names, its formulas have no definitions of their own.
#[must_use]
pub fn abbreviations(g: &Graph, node: NodeId, view: &View) -> Vec<(String, NodeId)> {
    let prepared = prepared(g, node, view);
    let new = prepared.define.iter().filter(|id| g.name(**id).is_none());
    new.filter_map(|id| Some((prepared.names.get(id)?.clone(), *id))).collect()
}

/// The node as notation.
#[must_use]
pub fn lines(g: &Graph, node: NodeId, view: &View) -> Lines {
    let Prepared { names, define, shared, indexed } = prepared(g, node, view);
    let write = |indexed: bool| {
        let mut converter = Converter::new(g, view.batch, names.clone(), shared.clone());
        converter.indexed = indexed;
        let lines = written(&mut converter, node, &define);
        (lines, converter.by_entries)
    };
    match write(indexed) {
        // What is written by entries anywhere is written in the language's words for them.
        (_, true) if !indexed => write(true).0,
        (lines, _) => lines,
    }
}

/// What is settled of a formula before it is written.
struct Prepared {
    /// Values that are written by name.
    names: BTreeMap<NodeId, String>,
    /// Those of them that are defined beside the formula.
    define: BTreeSet<NodeId>,
    /// What is shown more than once.
    shared: BTreeSet<NodeId>,
    /// Whether it is written by entries.
    indexed: bool,
}

fn prepared(g: &Graph, node: NodeId, view: &View) -> Prepared {
    let mut names = BTreeMap::new();
    let mut define = BTreeSet::new();
    if view.inner != Inner::Expanded {
        let mut used = BTreeSet::new();
        for id in shown(g, node, view) {
            let Some(name) = g.name(id).filter(|_| !matches!(g.op(id), Op::Input(_))) else { continue };
            // Two values of one name can be told apart only if one of them is written out.
            let clashes = view.inner == Inner::Defined
                && (!used.insert(name.to_owned()) || g.inputs().iter().any(|i| i.name == name));
            if (id == node && view.expand_top) || clashes {
                continue;
            }
            names.insert(id, name.to_owned());
            if view.inner == Inner::Defined {
                define.insert(id);
            }
        }
    }
    let indexed = Converter::is_indexed(g, view.batch, &shown(g, node, view));
    let shared = abbreviate(g, (node, indexed), view, &mut names, &mut define);
    Prepared { names, define, shared, indexed }
}

/// The formula of a node, after those of what it rests on.
fn written(converter: &mut Converter, node: NodeId, define: &BTreeSet<NodeId>) -> Lines {
    let g = converter.graph;
    let mut definitions = Vec::new();
    for &id in define {
        let tree = converter.definition(id);
        let note = filled(tree, converter.shown(g.shape(id)).len());
        if let Some(name) = converter.names.get(&id) {
            definitions.push((name.clone(), note));
        }
    }
    let tree = converter.tree(node);
    match filled(tree, converter.shown(g.shape(node)).len()) {
        Notation::Array(body, indices) => Lines { definitions, value: *body, indices },
        value => Lines { definitions, value, indices: Vec::new() },
    }
}

/// The nodes that a formula may show, children first: all that the node needs, but nothing behind a name.
fn shown(g: &Graph, node: NodeId, view: &View) -> BTreeSet<NodeId> {
    let mut seen = BTreeSet::new();
    let mut stack = vec![node];
    while let Some(id) = stack.pop() {
        if seen.insert(id) {
            let named = g.name(id).is_some() && view.inner == Inner::Named;
            if !named || (id == node && view.expand_top) {
                g.node(id).each_child(|c| stack.push(c));
            }
        }
    }
    seen
}

/// A scalar that stands for an array of this rank, as that array.
fn filled(tree: Tree, rank: usize) -> Notation {
    match (tree.rank, rank) {
        (0, 1) => Notation::Whole(Whole::Vector, vec![tree.note]),
        (0, 2) => Notation::Whole(Whole::Matrix, vec![tree.note]),
        _ => tree.note,
    }
}

/// Names what is shared, where the formula would be long without, and what is deep, so that no formula is. A
/// formula by entries names the products of matrices that it shares. Returns what the formula shows more than
/// once.
fn abbreviate(
    g: &Graph,
    (node, indexed): (NodeId, bool),
    view: &View,
    names: &mut BTreeMap<NodeId, String>,
    define: &mut BTreeSet<NodeId>,
) -> BTreeSet<NodeId> {
    let mut shown = BTreeSet::new();
    let mut shared = BTreeSet::new();
    let mut used = BTreeSet::new();
    let mut stack = vec![node];
    stack.extend(define.iter().flat_map(|id| g.node(*id).children()));
    while let Some(id) = stack.pop() {
        if shown.insert(id) && !names.contains_key(&id) {
            g.node(id).each_child(|child| {
                if !used.insert(child) {
                    shared.insert(child);
                }
                stack.push(child);
            });
        }
    }
    // An entry of an array at another place, which is as short as the array itself.
    let is_read = |id: NodeId| match g.op(id) {
        Op::Product { factors, .. } => {
            let mut arrays = factors.iter().filter(|f| !g.is_indicator(f.operand.node));
            let leaf = |f: &Factor| matches!(g.op(f.operand.node), Op::Input(_)) && f.power.is_one();
            arrays.clone().count() < factors.len() && arrays.clone().count() == 1 && arrays.all(leaf)
        }
        _ => false,
    };
    // How many parts a node's formula has, and how deep they nest.
    let measure = |id: NodeId, sizes: &BTreeMap<NodeId, (usize, usize)>| {
        if is_read(id) {
            return (1, 1);
        }
        let (mut size, mut depth) = (1usize, 0);
        g.node(id).each_child(|c| {
            let (s, d) = sizes.get(&c).copied().unwrap_or((1, 1));
            (size, depth) = (size.saturating_add(s), depth.max(d));
        });
        (size, 1 + depth)
    };
    let mut sizes = BTreeMap::new();
    for &id in &shown {
        let size = if names.contains_key(&id) { (1, 1) } else { measure(id, &sizes) };
        sizes.insert(id, size);
    }
    let long = sizes.get(&node).is_some_and(|s| s.0 > view.budget || s.1 > DEEPEST);
    let product =
        |id: NodeId| g.rank(id) > 0 && matches!(g.op(id), Op::Product { bound, .. } if !bound.is_empty());
    let dear = |id: NodeId| product(id) && sizes.get(&id).is_some_and(|s| s.0 >= SMALL_AMONG_ENTRIES);
    let by_entries = shared.iter().any(|&id| id != node && dear(id))
        && Converter::writes_entries(g, view.batch, names.clone(), shared.clone(), (node, indexed));
    if !long && !by_entries {
        return shared;
    }
    let small = |id: NodeId| match (by_entries && product(id), long) {
        (true, _) => SMALL_AMONG_ENTRIES,
        (false, true) => SMALL,
        (false, false) => usize::MAX,
    };
    let mut fresh = Fresh::new(g);
    for &id in &shown {
        let named = names.contains_key(&id);
        let mut size = if named { (1, 1) } else { measure(id, &sizes) };
        let dear = (shared.contains(&id) && size.0 >= small(id)) || size.1 > DEEPEST;
        if id != node && dear && !named {
            names.insert(id, fresh.name());
            define.insert(id);
            size = (1, 1);
        }
        sizes.insert(id, size);
    }
    shared
}

/// `t1`, `t2`, ... without those that mean something already.
struct Fresh<'a> {
    taken: BTreeSet<&'a str>,
    number: usize,
}

impl<'a> Fresh<'a> {
    fn new(g: &'a Graph) -> Self {
        Self { taken: g.names().collect(), number: 0 }
    }

    fn name(&mut self) -> String {
        loop {
            self.number += 1;
            let name = format!("t{}", self.number);
            if !self.taken.contains(name.as_str()) {
                return name;
            }
        }
    }
}
