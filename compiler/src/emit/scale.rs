//! Scalar factors: to the front of a product, as one fraction.

use super::notation::{Notation, Reducer, Tree, negative, power};
use crate::ir::Number;

/// `coeff · Π scalar^power · body`: coefficients first, as a fraction where something divides, then what is
/// no mere coefficient, then the body.
pub(super) fn scaled(coeff: Number, scalars: Vec<(Tree, Number)>, body: Option<Notation>) -> Notation {
    let mut scale = Scale::new(coeff);
    let mut results = Vec::new();
    for (t, exponent) in scalars {
        // A mere divisor: `c / x`, not `c * (1/x)`.
        if let Notation::Over(one, below) = &t.note
            && exponent.is_one()
            && **one == Notation::Number(Number::ONE)
        {
            scale.below.push((**below).clone());
        } else if exponent.is_negative() {
            scale.below.push(power(t.note, exponent.neg(), false));
        } else if t.plain {
            scale.above.push(power(t.note, exponent, false));
        } else {
            results.push(power(t.note, exponent, false));
        }
    }
    // `c / x` rather than `c * (1 / x)`, entry by entry.
    if let Some(Notation::ElementOver(one, below)) = &body
        && **one == Notation::Number(Number::ONE)
        && scale.below.is_empty()
        && results.is_empty()
        && !scale.above.is_empty()
    {
        let above = product(std::mem::take(&mut scale.above));
        let note = Notation::ElementOver(Box::new(above), below.clone());
        return if scale.minus { negative(note) } else { note };
    }
    results.extend(body);
    // Results that are scaled themselves: all coefficients go to the front.
    let mut flat = Vec::new();
    for note in results {
        let (above, below, minus, rest) = without_scale(note);
        scale.minus ^= minus;
        scale.above.extend(above);
        scale.below.extend(below);
        if rest != Notation::Number(Number::ONE) {
            flat.push(rest);
        }
    }
    scale.apply(flat)
}

struct Scale {
    minus: bool,
    above: Vec<Notation>,
    below: Vec<Notation>,
}

impl Scale {
    fn new(coeff: Number) -> Self {
        let (mut above, mut below) = (Vec::new(), Vec::new());
        let size = if coeff.is_negative() { coeff.neg() } else { coeff };
        match size {
            // What prints as a decimal stays one.
            Number::Ratio(n, d) if d != 1 && size.to_string().contains('/') => {
                if n != 1 {
                    above.push(Notation::Number(Number::int(n)));
                }
                below.push(Notation::Number(Number::int(d)));
            }
            _ if size.is_one() => {}
            _ => above.push(Notation::Number(size)),
        }
        Self { minus: coeff.is_negative(), above, below }
    }

    /// The fraction in front of `results`, or under them where nothing but a divisor is there.
    fn apply(mut self, results: Vec<Notation>) -> Notation {
        let note = if self.below.is_empty() {
            self.above.extend(results);
            product(self.above)
        } else {
            let below = Box::new(product(self.below));
            let one_of_examples = matches!(
                results.as_slice(),
                [.., Notation::Examples(_) | Notation::Reduced(Reducer::Sum, ..)]
            );
            if results.is_empty() {
                Notation::Over(Box::new(product(self.above)), below)
            } else if self.above.is_empty() && !one_of_examples {
                Notation::Over(Box::new(product(results)), below)
            } else {
                let mut all = vec![Notation::Over(Box::new(product(self.above)), below)];
                all.extend(results);
                Notation::Times(all)
            }
        };
        if self.minus { negative(note) } else { note }
    }
}

fn product(mut factors: Vec<Notation>) -> Notation {
    match factors.len() {
        0 => Notation::Number(Number::ONE),
        1 => factors.remove(0),
        _ => Notation::Times(factors),
    }
}

/// What is left of an array when its scalar factors are taken away: factors, divisors, whether negative, the
/// rest.
pub(super) fn without_scale(note: Notation) -> (Vec<Notation>, Vec<Notation>, bool, Notation) {
    match note {
        Notation::Negative(inner) => {
            let (above, below, minus, rest) = without_scale(*inner);
            (above, below, !minus, rest)
        }
        Notation::Times(mut inner) => match inner.pop() {
            Some(last) => {
                let (above, below, minus, rest) = without_scale(last);
                let mut all = Vec::new();
                let mut under = below;
                for note in inner {
                    match note {
                        Notation::Over(a, b) => {
                            if *a != Notation::Number(Number::ONE) {
                                all.push(*a);
                            }
                            under.push(*b);
                        }
                        note => all.push(note),
                    }
                }
                all.extend(above);
                (all, under, minus, rest)
            }
            None => (Vec::new(), Vec::new(), false, Notation::Number(Number::ONE)),
        },
        Notation::Over(above, below) => {
            let (a, mut b, minus, rest) = without_scale(*above);
            b.push(*below);
            (a, b, minus, rest)
        }
        note => (Vec::new(), Vec::new(), false, note),
    }
}
