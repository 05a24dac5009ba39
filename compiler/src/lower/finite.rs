//! Constants that are no finite numbers: refused, except where infinity means what it says, as a bound.

use super::{Kind, Lowerer, Reported, Value};
use crate::diag::{Diagnostic, ErrorKind};
use crate::ir::{Number, Op, Tensor};
use crate::source::Place;
use crate::syntax::ast::CompareOp;

impl Lowerer<'_> {
    /// The constant that a value is, if it is infinite or undefined.
    fn not_finite(&self, value: &Value) -> Option<f64> {
        let n = self.graph.as_constant(value.tensor.node)?.to_f64();
        (!n.is_finite()).then_some(n)
    }

    /// The infinity that a value is.
    pub(super) fn infinity(&self, value: &Value) -> Option<f64> {
        self.not_finite(value).filter(|n| n.is_infinite())
    }

    /// Refuses a value that is, or has for a factor, a constant that is no finite number.
    pub(super) fn check_finite(&mut self, value: &Value) -> Result<(), Reported> {
        let within = self.graph.has_finite_constants(value.tensor.node);
        match self.not_finite(value) {
            None if within => Ok(()),
            None => Err(self.constants_too_large(value.place)),
            Some(n) => {
                let (what, help) = if n.is_nan() {
                    ("undefined", "no input changes that: write the number that is meant")
                } else {
                    ("infinite", "a bound of `clip`, `max` or `min` may be infinite, nothing else")
                };
                let message = format!("`{}` is a constant that is {what}", self.text(value.place));
                Err(self.out_of_range(value.place, message, help))
            }
        }
    }

    /// Refuses factors that are infinite together.
    pub(super) fn constants_too_large(&mut self, place: Place) -> Reported {
        let message = format!("the constants of `{}` come to more than a number holds", self.text(place));
        let help = "write them in other units, or say what is computed first: `1e200*(1e200*s)`";
        self.out_of_range(place, message, help)
    }

    /// What a function of constants comes to, where that is no finite number and so not folded. Not of what the
    /// catalog alone calls: where a density is 0 its logarithm is infinite, and no mistake.
    pub(super) fn constant_call(&mut self, tensor: Tensor) -> Tensor {
        let Op::Map { function, args } = self.graph.op(tensor.node) else { return tensor };
        if !function.spec().public {
            return tensor;
        }
        let args: Option<Vec<f64>> =
            args.iter().map(|a| self.graph.as_constant(a.node).map(Number::to_f64)).collect();
        let Some(args) = args else { return tensor };
        let value = (function.spec().eval)(&args);
        self.graph.constant(Number::float(value))
    }

    /// Refuses a division by a constant 0.
    pub(super) fn check_divisor(&mut self, divisor: &Value, whole: Place) -> Result<(), Reported> {
        if !self.graph.is_zero(divisor.tensor.node) {
            return Ok(());
        }
        let message = format!("a division by `{}`, which is 0", self.text(divisor.place));
        let help = "a bound of `clip`, `max` or `min` may be infinite, as `1/0` is; nothing else";
        Err(self.out_of_range(whole, message, help))
    }

    fn out_of_range(&mut self, place: Place, message: String, help: &str) -> Reported {
        self.report(Diagnostic::new(ErrorKind::NumberOutOfRange, place, message).with_help(help))
    }

    /// `max` or `min` of two values, one of them an infinity: that one, or the other.
    pub(super) fn bounded(
        &mut self,
        name: &str,
        x: &Value,
        y: &Value,
        kind: Kind,
        place: Place,
    ) -> Option<Value> {
        let least = if name == "max" { f64::NEG_INFINITY } else { f64::INFINITY };
        let (infinity, bound, other) = match (self.infinity(x), self.infinity(y)) {
            (_, Some(n)) => (n, y, x),
            (Some(n), None) => (n, x, y),
            (None, None) => return None,
        };
        let chosen = if infinity.to_bits() == least.to_bits() { other } else { bound };
        Some(Value { tensor: chosen.tensor.clone(), kind, place })
    }

    /// What a comparison with an infinity comes to, where it is the same for every number: `x > inf` never
    /// holds.
    pub(super) fn decided(&self, op: CompareOp, lhs: &Value, rhs: &Value) -> Option<bool> {
        let [l, r] = [lhs, rhs].map(|v| self.graph.as_constant(v.tensor.node).map(Number::to_f64));
        if let (Some(l), Some(r)) = (l, r)
            && (l.is_infinite() || r.is_infinite())
        {
            return Some(crate::ops::compare(op, l, r));
        }
        let never = match op {
            CompareOp::Less => (f64::INFINITY, f64::NEG_INFINITY),
            CompareOp::Greater => (f64::NEG_INFINITY, f64::INFINITY),
            _ => return None,
        };
        let is = |v: &Value, infinity: f64| self.infinity(v) == Some(infinity);
        (is(lhs, never.0) || is(rhs, never.1)).then_some(false)
    }
}
