//! Entries: what has no matrix form is written index by index, `sum[k] A[i,k] * B[k,j] * C[k,j]`.

use super::convert::Converter;
use super::functions::{applied, chosen};
use super::notation::{Notation, Tree, Whole};
use crate::ir::{Extent, NodeId, Number, Op, Operand};

/// The names that indices take, in order; what the formula itself calls so is left out.
const INDICES: [&str; 14] = ["i", "j", "k", "l", "p", "q", "r", "s", "u", "v", "i1", "j1", "k1", "l1"];

/// The name of each local's index; none for the batch, which is not shown.
type Locals = [Option<String>];

impl Converter<'_> {
    /// The array of the node's entries.
    pub(super) fn array(&mut self, id: NodeId) -> Tree {
        self.by_entries = true;
        let shape = self.graph.shape(id).to_vec();
        let shown = self.shown(&shape);
        if self.sketch {
            return Tree::of_rank(Notation::Name(String::new()), shown.len());
        }
        let mut axes: Vec<Option<String>> = vec![None; shape.len()];
        for &k in &shown {
            axes[k as usize] = Some(self.fresh(&axes));
        }
        let entry = self.entry_of_definition(id, &axes);
        let names: Vec<String> = axes.into_iter().flatten().collect();
        if names.is_empty() {
            return Tree::of_rank(entry.note, 0);
        }
        Tree::of_rank(Notation::Array(Box::new(entry.note), names), shown.len())
    }

    /// An index name that is not in use.
    fn fresh(&self, used: &Locals) -> String {
        let taken = |name: &str| {
            used.iter().flatten().chain(&self.scope).any(|u| u == name)
                || self.graph.inputs().iter().any(|i| i.name == name)
        };
        let named = INDICES.iter().find(|n| !taken(n)).map(|n| (*n).to_owned());
        named.unwrap_or_else(|| format!("i{}", used.len()))
    }

    fn entry(&mut self, o: &Operand, locals: &Locals) -> Tree {
        let axes: Vec<Option<String>> = o.axes.iter().map(|&a| locals[a as usize].clone()).collect();
        if self.names.contains_key(&o.node) || matches!(self.graph.op(o.node), Op::Input(_)) {
            let tree = self.tree(o.node);
            return entry_of(tree, &axes);
        }
        self.entry_of_definition(o.node, &axes)
    }

    /// The entry, with indices that nothing around it uses.
    fn entry_of_definition(&mut self, id: NodeId, axes: &Locals) -> Tree {
        let outside = self.scope.len();
        self.scope.extend(axes.iter().flatten().cloned());
        let tree = self.entry_of_op(id, axes);
        self.scope.truncate(outside);
        tree
    }

    fn entry_of_op(&mut self, id: NodeId, axes: &Locals) -> Tree {
        let node = self.graph.node(id).clone();
        match node.op {
            Op::Number(_) | Op::Pi | Op::Extent(_) => self.tree(id),
            Op::Delta => entry_of(Tree::of_rank(Notation::Name("delta".to_owned()), 2), axes),
            Op::Holds(_) | Op::Named(_) | Op::Position | Op::Others { .. } => {
                entry_of(Tree::of_rank(Notation::Name("index".to_owned()), node.shape.len()), axes)
            }
            Op::Sum(terms) => {
                Tree::sum(terms.iter().map(|t| (t.coeff, self.entry(&t.operand, axes))).collect())
            }
            Op::Product { coeff, factors, bound } => {
                let (locals, names, examples) = self.opened(axes, &bound);
                self.scope.extend(names.iter().cloned());
                let parts: Vec<(Tree, Number)> =
                    factors.iter().map(|f| (self.entry(&f.operand, &locals), f.power)).collect();
                if names.is_empty() && !examples {
                    return Tree::product(coeff, parts);
                }
                // What runs along no bound index stays outside.
                let free = |k: &usize| factors[*k].operand.axes.iter().all(|&a| (a as usize) < axes.len());
                let (outside, inside): (Vec<usize>, Vec<usize>) = (0..parts.len()).partition(free);
                let pick =
                    |which: Vec<usize>| which.into_iter().map(|k| parts[k].clone()).collect::<Vec<_>>();
                let mut note = Tree::product(Number::ONE, pick(inside)).note;
                if !names.is_empty() {
                    note = Notation::SumOver(names, Box::new(note));
                }
                if examples {
                    note = Notation::Examples(Box::new(note));
                }
                let mut all = pick(outside);
                all.push((Tree::of_rank(note, 0), Number::ONE));
                Tree::product(coeff, all)
            }
            Op::Map { function, args } => {
                let args = args.iter().map(|a| self.entry(a, axes)).collect();
                applied(function, args)
            }
            Op::Select { op, lhs, rhs, then, otherwise } => {
                let parts = [&lhs, &rhs, &then, &otherwise].map(|o| self.entry(o, axes)).to_vec();
                chosen(op, parts).unwrap_or_else(|| self.tree(id))
            }
            Op::Axis { function, arg, bound, .. } if function.reduces() => {
                let (locals, names, _) = self.opened(axes, &bound);
                self.scope.extend(names.iter().cloned());
                let body = self.entry(&arg, &locals);
                Tree::of_rank(Notation::AxisOver(function, names, Box::new(body.note)), 0)
            }
            Op::Axis { function, arg, along, .. } => {
                let body = self.entry(&arg, axes);
                let names = along.iter().filter_map(|&a| axes[a as usize].clone()).collect();
                Tree::of_rank(Notation::AxisOver(function, names, Box::new(body.note)), 0)
            }
            Op::Merge { arg, .. } | Op::Split { arg, .. } => {
                let inner = self.tree(arg);
                let note = Notation::Whole(Whole::Reshape, vec![inner.note]);
                entry_of(Tree::of_rank(note, axes.len()), axes)
            }
            Op::Cofactors(a, part) => {
                let matrix = self.tree(a);
                let inverse = Notation::Whole(Whole::Inverse, vec![matrix.note]);
                let entry = entry_of(Tree::of_rank(inverse, 2), axes);
                self.cofactors(a, part, entry)
            }
            Op::Input(_) | Op::Inverse(_) | Op::Det(_) | Op::LogDet(_) => {
                let tree = self.tree(id);
                entry_of(tree, axes)
            }
        }
    }

    /// The locals with names for the bound ones: all, the names of those shown, and whether the batch is
    /// summed over.
    fn opened(&self, axes: &Locals, bound: &[Extent]) -> (Vec<Option<String>>, Vec<String>, bool) {
        let mut locals = axes.to_vec();
        let (mut names, mut examples) = (Vec::new(), false);
        for &e in bound {
            if self.is_batch(e) && !examples {
                examples = true;
                locals.push(None);
                continue;
            }
            let name = self.fresh(&locals);
            names.push(name.clone());
            locals.push(Some(name));
        }
        (locals, names, examples)
    }
}

fn entry_of(tree: Tree, axes: &Locals) -> Tree {
    let names: Vec<String> = axes.iter().flatten().cloned().collect();
    if names.is_empty() || tree.rank == 0 {
        return Tree { rank: 0, ..tree };
    }
    Tree::of_rank(Notation::Entry(Box::new(tree.note), names), 0)
}
