//! Scalar expressions: one entry of a node, from one entry of each operand.

use super::Context;
use super::when::comparison_operator;
use crate::ir::{Graph, NodeId, Number, Op, Operand};
use crate::schedule::by_coefficient;
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

/// More terms than these are added by halves.
const MANY_TERMS: usize = 16;

/// How tightly an expression binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Precedence {
    Sum,
    Product,
    Unary,
    Atom,
}

/// An expression.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) tokens: TokenStream,
    pub(super) precedence: Precedence,
    /// Whether it changes along the innermost loop.
    pub(super) varies: bool,
    /// For a delta, which is 1 or 0, when it is 1.
    pub(super) equal: Option<TokenStream>,
}

impl Code {
    pub(super) fn atom(tokens: TokenStream) -> Self {
        Self { tokens, precedence: Precedence::Atom, varies: true, equal: None }
    }

    /// What the innermost loop does not change.
    pub(super) fn fixed(tokens: TokenStream) -> Self {
        Self { tokens, precedence: Precedence::Atom, varies: false, equal: None }
    }

    /// The tokens, in parentheses where they bind more loosely than `precedence`.
    pub(super) fn at(&self, precedence: Precedence) -> TokenStream {
        let tokens = &self.tokens;
        if self.precedence < precedence { quote!((#tokens)) } else { quote!(#tokens) }
    }
}

/// What a scalar expression is written with.
pub(super) struct Writer<'a> {
    pub(super) g: &'a Graph,
    pub(super) cx: &'a Context,
    /// What functions are methods of: `math` in a loop, `single` outside.
    pub(super) receiver: &'static str,
    /// Whether it has been used.
    pub(super) math: bool,
    /// Two axes of the loop whose indices are equal: a delta of them is 1.
    pub(super) equal: Option<[u8; 2]>,
}

impl Writer<'_> {
    /// Whether an operand is a delta of indices that are equal.
    fn is_one(&self, operand: &Operand) -> bool {
        matches!(self.g.op(operand.node), Op::Delta)
            && self.equal.is_some_and(|[a, b]| operand.axes == [a, b] || operand.axes == [b, a])
    }

    fn call(&mut self, name: &str, args: &[TokenStream]) -> Code {
        self.math = true;
        let (receiver, method) = (format_ident!("{}", self.receiver), format_ident!("{name}"));
        Code::atom(quote!(#receiver.#method(#(#args),*)))
    }

    /// One entry of `id`; `operand` gives the entry of an operand.
    pub(super) fn node(&mut self, id: NodeId, operand: &mut dyn FnMut(&mut Self, &Operand) -> Code) -> Code {
        match self.g.op(id).clone() {
            Op::Sum(terms) => {
                let mut parts: Vec<(Number, Option<Code>)> = Vec::new();
                for t in &terms {
                    parts.push(match self.g.as_constant(t.operand.node) {
                        Some(n) => (t.coeff.mul(n), None),
                        None => (t.coeff, Some(operand(self, &t.operand))),
                    });
                }
                self.sum(&parts)
            }
            Op::Product { coeff, factors, .. } => {
                let mut parts = Vec::new();
                let mut diagonal = Vec::new();
                for f in &factors {
                    if self.is_one(&f.operand) {
                        continue;
                    }
                    let code = operand(self, &f.operand);
                    match code.equal {
                        Some(condition) => diagonal.push(condition),
                        None => parts.push((code, f.power)),
                    }
                }
                let product = self.product(coeff, &parts);
                if diagonal.is_empty() {
                    return product;
                }
                let (value, zero) = (product.tokens, self.cx.number(Number::ZERO));
                let tokens = quote!(if #(#diagonal)&&* { #value } else { #zero });
                Code { tokens, precedence: Precedence::Sum, varies: true, equal: None }
            }
            Op::Map { function, args } => {
                let codes: Vec<Code> = args.iter().map(|a| operand(self, a)).collect();
                if function.spec().takes_order() {
                    let order = self.g.as_constant(args[0].node).and_then(Number::as_int).unwrap_or(1);
                    let order = Literal::i32_unsuffixed(order as i32);
                    let mut tokens = vec![quote!(#order)];
                    tokens.extend(codes[1..].iter().map(|c| c.tokens.clone()));
                    return self.call(function.name(), &tokens);
                }
                let tokens: Vec<TokenStream> = codes.iter().map(|c| c.tokens.clone()).collect();
                self.call(function.name(), &tokens)
            }
            Op::Select { op, lhs, rhs, then, otherwise } => {
                let [l, r] = [&lhs, &rhs].map(|o| operand(self, o).at(Precedence::Sum));
                let [u, v] = [&then, &otherwise].map(|o| operand(self, o).tokens);
                let op = comparison_operator(op);
                Code {
                    tokens: quote!(if #l #op #r { #u } else { #v }),
                    precedence: Precedence::Sum,
                    varies: true,
                    equal: None,
                }
            }
            // Other nodes are never written entry by entry.
            _ => super::lost(),
        }
    }

    /// `Σ coeff · term`, where no term is 1: terms of one coefficient, but for their signs, are added first.
    fn sum(&self, parts: &[(Number, Option<Code>)]) -> Code {
        let coefficients: Vec<_> = parts.iter().map(|(c, code)| code.as_ref().map(|_| *c)).collect();
        let parts: Vec<(Number, Option<Code>)> = by_coefficient(&coefficients)
            .into_iter()
            .map(|group| match group.as_slice() {
                [one] => parts[*one].clone(),
                several => {
                    let size = parts[several[0]].0.magnitude();
                    let negative = several.iter().all(|&k| parts[k].0.is_negative());
                    let sign =
                        |c: Number| if c.is_negative() == negative { Number::ONE } else { Number::MINUS_ONE };
                    let same: Vec<_> =
                        several.iter().map(|&k| (sign(parts[k].0), parts[k].1.clone())).collect();
                    (if negative { size.neg() } else { size }, Some(self.added(&same)))
                }
            })
            .collect();
        self.added(&parts)
    }

    /// `Σ coeff · term`, a positive term first.
    fn added(&self, parts: &[(Number, Option<Code>)]) -> Code {
        let varies = parts.iter().any(|(_, code)| code.as_ref().is_some_and(|c| c.varies));
        let first = parts.iter().position(|(c, _)| !c.is_negative()).unwrap_or(0);
        let mut order: Vec<&(Number, Option<Code>)> = vec![&parts[first]];
        order.extend(parts.iter().enumerate().filter(|(k, _)| *k != first).map(|(_, part)| part));
        Code { tokens: self.terms(&order), precedence: Precedence::Sum, varies, equal: None }
    }

    /// Terms added one after the other; many of them by halves, so that one addition need not wait for all
    /// before it.
    fn terms(&self, parts: &[&(Number, Option<Code>)]) -> TokenStream {
        if parts.len() > MANY_TERMS {
            let (left, right) = parts.split_at(parts.len().div_ceil(2));
            let [left, right] = [left, right].map(|half| self.terms(half));
            return quote!((#left) + (#right));
        }
        let mut tokens = TokenStream::new();
        for (n, (coeff, code)) in parts.iter().enumerate() {
            let negative = coeff.is_negative();
            let size = coeff.magnitude();
            let term = match code {
                None => self.cx.number(size),
                Some(code) if size.is_one() => code.at(Precedence::Product),
                Some(code) => {
                    let (c, t) = (self.cx.number(size), code.at(Precedence::Unary));
                    quote!(#c * #t)
                }
            };
            tokens.extend(match (n, negative) {
                (0, false) => term,
                (_, true) => quote!(-#term),
                (_, false) => quote!(+ #term),
            });
        }
        tokens
    }

    /// `coeff · Π factor^power`
    pub(super) fn product(&mut self, coeff: Number, parts: &[(Code, Number)]) -> Code {
        let mut above: Vec<TokenStream> = Vec::new();
        let mut below: Vec<TokenStream> = Vec::new();
        let varies = parts.iter().any(|(c, _)| c.varies);
        // What the loop does not change comes first, so that it is multiplied once, outside.
        let (fixed, varying): (Vec<_>, Vec<_>) = parts.iter().partition(|(c, _)| !c.varies);
        for (code, power) in fixed.into_iter().chain(varying) {
            let negative = power.is_negative();
            let size = if negative { power.neg() } else { *power };
            if let Some(n) = power.divisions().filter(|_| self.receiver == "single") {
                let divisor = code.at(Precedence::Unary);
                below.extend((0..n).map(|_| divisor.clone()));
                continue;
            }
            let raised = self.power(code, size);
            if negative { below.push(raised) } else { above.push(raised) }
        }
        // A small denominator is divided by: 1/2 x is x / 2.
        let mut coeff = coeff;
        if let Number::Ratio(n, d) = coeff
            && d != 1
            && n.abs() == 1
            && below.is_empty()
        {
            below.push(self.cx.number(Number::int(d)));
            coeff = Number::int(n);
        }
        let negative = coeff == Number::MINUS_ONE && !above.is_empty();
        if (!coeff.is_one() || above.is_empty()) && !negative {
            above.insert(0, self.cx.number(coeff));
        }
        let (first, rest) = (&above[0], &above[1..]);
        let mut tokens = quote!(#first #(* #rest)*);
        let single = rest.is_empty() && below.is_empty();
        match below.as_slice() {
            [] => {}
            [one] => tokens = quote!(#tokens / #one),
            // One after the other, alone: their product may overflow where the quotient does not. In a loop
            // a division is too dear for that.
            all if self.receiver == "single" => tokens = quote!(#tokens #(/ #all)*),
            all => {
                let (first, rest) = (&all[0], &all[1..]);
                tokens = quote!(#tokens / (#first #(* #rest)*));
            }
        }
        if negative {
            return Code { tokens: quote!(-#tokens), precedence: Precedence::Sum, varies, equal: None };
        }
        Code {
            tokens,
            precedence: if single { Precedence::Unary } else { Precedence::Product },
            varies,
            equal: None,
        }
    }

    fn power(&mut self, code: &Code, power: Number) -> TokenStream {
        let simple = code.precedence == Precedence::Atom && code.tokens.clone().into_iter().count() <= 2;
        let tokens = &code.tokens;
        match power.as_int() {
            Some(1) => return code.at(Precedence::Unary),
            Some(2) if simple => return quote!((#tokens * #tokens)),
            Some(3) if simple => return quote!((#tokens * #tokens * #tokens)),
            Some(n) => {
                let n = Literal::i32_unsuffixed(n as i32);
                return self.call("powi", &[tokens.clone(), quote!(#n)]).tokens;
            }
            None => {}
        }
        if power == Number::HALF {
            return self.call("sqrt", std::slice::from_ref(tokens)).tokens;
        }
        let exponent = self.cx.number(power);
        self.call("pow", &[tokens.clone(), exponent]).tokens
    }
}
