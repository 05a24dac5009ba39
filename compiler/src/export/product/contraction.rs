//! Contractions: two arrays after the other, those first of which the least is left.

use super::super::arrays::{Binary, Id, Kind, Op, Reduction};
use super::super::lower::Lowering;
use super::{Array, Condition, Product};
use crate::ir::{Extent, Number};

impl Lowering<'_> {
    /// A product summed over some indices; what is left is along the labels.
    pub(super) fn contracted(&mut self, product: &Product<'_>, arrays: Vec<Array>) -> (Id, Vec<u8>) {
        let mut operands: Vec<(Id, Vec<u8>)> = Vec::new();
        let (below, above): (Vec<Array>, Vec<Array>) =
            arrays.into_iter().partition(|a| a.power.is_negative());
        for array in above {
            operands.push((self.body.power(array.value, array.power), array.labels));
        }
        for array in below {
            let value = self.body.power(array.value, array.power.neg());
            let covers = |labels: &[u8]| array.labels.iter().all(|l| labels.contains(l));
            match operands.iter().position(|(_, labels)| covers(labels)) {
                Some(k) => {
                    let (x, labels) = operands[k].clone();
                    let place = |l: &u8| labels.iter().position(|o| o == l).unwrap_or(0) as u8;
                    let places: Vec<u8> = array.labels.iter().map(place).collect();
                    let value = self.body.align(value, &places, labels.len());
                    operands[k].0 = self.body.binary(Binary::Div, x, value);
                }
                None => {
                    let one = self.body.number(Number::ONE);
                    operands.push((self.body.binary(Binary::Div, one, value), array.labels));
                }
            }
        }
        for condition in &product.conditions {
            let needs = product.labels_within(condition);
            self.restrict(product, &mut operands, condition, &needs);
        }
        // What data name is summed up into last: until then the indices that name it are in its place.
        let mut naming: Vec<(u8, Id, Vec<u8>)> = Vec::new();
        for (at, names) in &product.scattered {
            let (places, over) = self.names(product, names);
            naming.push((*at, places, over));
        }
        let mut kept: Vec<u8> = Vec::new();
        for label in 0..product.rank as u8 {
            let named = naming.iter().find(|(at, ..)| *at == label);
            let own = named.map_or_else(|| vec![label], |(.., over)| over.clone());
            kept.extend(own.iter().filter(|l| !kept.contains(l)).copied().collect::<Vec<_>>());
        }
        let (value, labels) = self.paired(product, operands, &kept);
        if naming.is_empty() {
            return (value, labels);
        }
        // Σ of the entries at the places that data say.
        let wide: Vec<u8> = kept
            .iter()
            .copied()
            .filter(|l| labels.contains(l) || naming.iter().any(|n| n.2.contains(l)))
            .collect();
        let at = |l: &u8| wide.iter().position(|x| x == l).unwrap_or(0) as u8;
        let over: Vec<u8> = labels.iter().map(at).collect();
        let updates = self.body.align(value, &over, wide.len());
        let extents: Vec<Extent> = wide.iter().map(|&l| product.extents[l as usize]).collect();
        let updates = self.body.broadcast(updates, &extents);
        let out: Vec<u8> = (0..product.rank as u8)
            .filter(|l| wide.contains(l) || naming.iter().any(|n| n.0 == *l))
            .collect();
        let mut places = Vec::new();
        for label in &out {
            places.push(match naming.iter().find(|n| n.0 == *label) {
                Some((_, names, over)) => {
                    let over: Vec<u8> = over.iter().map(at).collect();
                    self.body.align(*names, &over, wide.len())
                }
                None => self.iota(product.extents[*label as usize], at(label), wide.len()),
            });
        }
        let shape = out.iter().map(|&l| Some(product.extents[l as usize])).collect();
        (self.body.push(Op::ScatterAdd(updates, places), shape, Kind::Number), out)
    }

    /// Makes the operand that has most of the indices of a condition 0 where that does not hold.
    fn restrict(
        &mut self,
        product: &Product<'_>,
        operands: &mut Vec<(Id, Vec<u8>)>,
        condition: &Condition,
        needs: &[u8],
    ) {
        let shared = |labels: &[u8]| needs.iter().filter(|l| labels.contains(l)).count();
        let best = (0..operands.len()).max_by_key(|&k| (shared(&operands[k].1), usize::MAX - k));
        let Some(k) = best.filter(|&k| needs.is_empty() || shared(&operands[k].1) > 0) else {
            let holds = self.condition(product, condition, needs);
            operands.push((self.body.as_numbers(holds), needs.to_vec()));
            return;
        };
        let (value, labels) = operands[k].clone();
        let mut wide = labels.clone();
        wide.extend(needs.iter().filter(|l| !labels.contains(l)));
        wide.sort_unstable();
        let places: Vec<u8> =
            labels.iter().map(|l| wide.iter().position(|w| w == l).unwrap_or(0) as u8).collect();
        let value = self.body.align(value, &places, wide.len());
        let holds = self.condition(product, condition, &wide);
        let zero = self.body.number(Number::ZERO);
        operands[k] = (self.body.select(holds, value, zero), wide);
    }

    /// Contracts two operands after the other, those first of which the least is left; what is left of all is along
    /// labels of `kept`.
    fn paired(
        &mut self,
        product: &Product<'_>,
        mut operands: Vec<(Id, Vec<u8>)>,
        kept: &[u8],
    ) -> (Id, Vec<u8>) {
        let size = |labels: &[u8], by: &Self| -> f64 {
            labels.iter().map(|&l| (by.size)(product.extents[l as usize]) as f64).product()
        };
        while operands.len() > 1 {
            let mut best: Option<(f64, f64, usize, usize)> = None;
            for i in 0..operands.len() {
                for j in i + 1..operands.len() {
                    let left = self.left_of(&operands, i, j, kept);
                    let mut union = operands[i].1.clone();
                    union.extend(operands[j].1.iter().filter(|l| !operands[i].1.contains(l)));
                    let wide = size(&operands[i].1, self).max(size(&operands[j].1, self));
                    let cost = (size(&left, self) - wide, size(&union, self));
                    if best.is_none_or(|(a, b, ..)| cost < (a, b)) {
                        best = Some((cost.0, cost.1, i, j));
                    }
                }
            }
            let Some((.., i, j)) = best else { break };
            let left = self.left_of(&operands, i, j, kept);
            let second = operands.remove(j);
            let first = operands[i].clone();
            operands[i] = (self.contract_two(product, first, second, &left), left);
        }
        let Some((value, labels)) = operands.pop() else {
            return (self.body.number(Number::ONE), Vec::new());
        };
        let gone: Vec<u8> =
            (0..labels.len() as u8).filter(|&k| !kept.contains(&labels[k as usize])).collect();
        let left = labels.iter().copied().filter(|l| kept.contains(l)).collect();
        (self.body.reduce(Reduction::Sum, value, gone), left)
    }

    /// The labels of what two operands make: those that are still needed, in order.
    fn left_of(&self, operands: &[(Id, Vec<u8>)], i: usize, j: usize, kept: &[u8]) -> Vec<u8> {
        let others = operands.iter().enumerate().filter(|(k, _)| *k != i && *k != j);
        let needed: Vec<u8> =
            others.flat_map(|(_, (_, labels))| labels.iter().copied()).chain(kept.iter().copied()).collect();
        let mut left: Vec<u8> = operands[i].1.clone();
        left.extend(operands[j].1.iter().filter(|l| !operands[i].1.contains(l)));
        left.retain(|l| needed.contains(l));
        // As the result has them, then those that are still to be summed over.
        let place = |l: &u8| kept.iter().position(|k| k == l).unwrap_or(kept.len() + *l as usize);
        left.sort_by_key(place);
        left
    }

    fn contract_two(&mut self, product: &Product<'_>, a: (Id, Vec<u8>), b: (Id, Vec<u8>), out: &[u8]) -> Id {
        let summed = |labels: &[u8]| labels.iter().any(|l| !out.contains(l));
        if !summed(&a.1) && !summed(&b.1) {
            let at = |labels: &[u8]| -> Vec<u8> {
                labels.iter().map(|l| out.iter().position(|o| o == l).unwrap_or(0) as u8).collect()
            };
            let x = self.body.align(a.0, &at(&a.1), out.len());
            let y = self.body.align(b.0, &at(&b.1), out.len());
            return self.body.binary(Binary::Mul, x, y);
        }
        let shape = out.iter().map(|&l| Some(product.extents[l as usize])).collect();
        // An index of one operand alone is summed over before.
        let alone = |mine: &(Id, Vec<u8>), other: &(Id, Vec<u8>)| -> Vec<u8> {
            let gone = |l: &u8| !out.contains(l) && !other.1.contains(l);
            (0..mine.1.len() as u8).filter(|&k| gone(&mine.1[k as usize])).collect()
        };
        let reduced = |lowering: &mut Self, mine: &(Id, Vec<u8>), gone: Vec<u8>| {
            let labels: Vec<u8> = mine
                .1
                .iter()
                .enumerate()
                .filter(|(k, _)| !gone.contains(&(*k as u8)))
                .map(|(_, &l)| l)
                .collect();
            (lowering.body.reduce(Reduction::Sum, mine.0, gone), labels)
        };
        let (gone_a, gone_b) = (alone(&a, &b), alone(&b, &a));
        let (a, b) = (reduced(self, &a, gone_a), reduced(self, &b, gone_b));
        if a.1.iter().chain(&b.1).all(|l| out.contains(l)) {
            return self.contract_two(product, a, b, out);
        }
        self.body.push(Op::Contract(vec![a, b], out.to_vec()), shape, Kind::Number)
    }
}
