//! Operators: `+ - * / .* ./ ^ .^`, with the shapes they ask for.

use super::{Kind, Lowered, Lowerer, Reported, Value};
use crate::diag::{Diagnostic, ErrorKind};
use crate::ir::{Index, Number, Tensor};
use crate::source::{Place, SourceId};
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, Link, Power};

/// How many factors a product may have: its derivative has as many terms, each as long.
const MAX_FACTORS: usize = 500;

/// The operands of a chain so far, to be added up or multiplied.
struct Run {
    additive: bool,
    parts: Vec<(Number, Tensor)>,
}

impl<'a> Lowerer<'a> {
    pub(super) fn literal(&mut self, text: &str, place: Place) -> Lowered {
        let Some(n) = Number::parse(text) else {
            let kind = ErrorKind::NumberOutOfRange;
            return Err(self.report(Diagnostic::new(kind, place, "number out of range")));
        };
        Ok(Value { tensor: self.graph.constant(n), kind: Kind::Scalar, place })
    }

    pub(super) fn chain(&mut self, first: &'a Expr, rest: &'a [Link], frame: usize) -> Lowered {
        let mut operands = self.operands(first, rest, frame).into_iter();
        let mut value = operands.next().unwrap_or(Err(Reported));
        let from = first.span;
        // Sums and element-wise products are made at once, when all their operands are known.
        let mut run = Run { additive: false, parts: Vec::new() };
        if let Ok(v) = &value {
            run.parts.push((Number::ONE, v.tensor.clone()));
        }
        for (k, link) in rest.iter().enumerate() {
            let last = k + 1 == rest.len();
            let operand = operands.next().unwrap_or(Err(Reported));
            value = match (value, operand) {
                (Ok(l), Ok(r)) => {
                    let whole = self.place(frame, from.to(link.operand.span));
                    if matches!(link.op, BinaryOp::Div | BinaryOp::ElementDiv) {
                        // Alone it is an infinity, of which the caller knows whether it may be.
                        let alone = last && self.are_constants(&run);
                        if !alone {
                            self.check_divisor(&r, whole)?;
                        }
                    }
                    self.linked(link.op, l, r, &mut run, whole).map(|kind| Value {
                        tensor: run.parts[0].1.clone(),
                        kind,
                        place: whole,
                    })
                }
                _ => Err(Reported),
            };
        }
        let value = value?;
        let tensor = self.made(&mut run);
        Ok(Value { tensor, ..value })
    }

    /// The operands of a chain, each a finite number if it is a constant. 0·log(0) is 0: a logarithm of 0 beside a
    /// factor 0 is that 0.
    fn operands(&mut self, first: &'a Expr, rest: &'a [Link], frame: usize) -> Vec<Lowered> {
        let divisor = |k: usize| k > 0 && matches!(rest[k - 1].op, BinaryOp::Div | BinaryOp::ElementDiv);
        let product = rest.iter().all(|link| !matches!(link.op, BinaryOp::Add | BinaryOp::Sub));
        let exprs: Vec<&'a Expr> =
            std::iter::once(first).chain(rest.iter().map(|link| &link.operand)).collect();
        let mut logs = Vec::new();
        let mut operands: Vec<Lowered> = Vec::new();
        for (k, expr) in exprs.iter().enumerate() {
            let value = self.extended(expr, frame).and_then(|value| {
                if product && !divisor(k) && self.is_log_of_zero(expr, &value) {
                    logs.push(k);
                    return Ok(value);
                }
                self.check_finite(&value).map(|()| value)
            });
            operands.push(value);
        }
        let is_zero = |v: &Lowered| v.as_ref().is_ok_and(|v| self.graph.is_zero(v.tensor.node));
        let vanishes = (0..exprs.len()).any(|k| !divisor(k) && is_zero(&operands[k]));
        for k in logs {
            let Ok(value) = &mut operands[k] else { continue };
            if vanishes {
                value.tensor = self.graph.constant(Number::ZERO);
            } else if let Err(reported) = self.check_finite(value) {
                operands[k] = Err(reported);
            }
        }
        if product {
            let of = |k: usize, v: &Lowered| {
                let n = v.as_ref().ok().and_then(|v| self.graph.as_constant(v.tensor.node))?;
                Some(if divisor(k) { n.pow(Number::MINUS_ONE) } else { n })
            };
            let constants = operands.iter().enumerate().filter_map(|(k, v)| of(k, v));
            let mut constants = constants.filter(|n| n.is_finite());
            // As they stand: what is out of range by then is no number to go on with.
            let too_large = constants.try_fold(Number::ONE, |product, n| {
                Some(product.mul(n)).filter(|product| product.is_finite())
            });
            if too_large.is_none()
                && let (Some(last), Some(operand)) = (rest.last(), operands.last_mut())
            {
                let place = self.place(frame, first.span.to(last.operand.span));
                *operand = Err(self.constants_too_large(place));
            }
        }
        operands
    }

    /// Whether a value is a logarithm of 0, as it stands there.
    pub(super) fn is_log_of_zero(&self, expr: &Expr, value: &Value) -> bool {
        match &expr.kind {
            ExprKind::Negate(inner) => self.is_log_of_zero(inner, value),
            ExprKind::Call(call) => call.function.name == "log" && self.infinity(value).is_some(),
            _ => false,
        }
    }

    /// Whether all operands so far are constants.
    fn are_constants(&self, run: &Run) -> bool {
        run.parts.iter().all(|(_, t)| self.graph.as_constant(t.node).is_some())
    }

    /// One link more of a chain: its shape. The tensor of `l` is what `run` comes to.
    fn linked(
        &mut self,
        op: BinaryOp,
        l: Value,
        r: Value,
        run: &mut Run,
        place: Place,
    ) -> Result<Kind, Reported> {
        let (right, kind) = match op {
            BinaryOp::Add | BinaryOp::Sub => {
                let name = if op == BinaryOp::Add { "+" } else { "-" };
                let (_, right, kind) = self.aligned(l, r, name, place)?;
                run.additive = true;
                let sign = if op == BinaryOp::Add { Number::ONE } else { Number::MINUS_ONE };
                run.parts.push((sign, right));
                return Ok(kind);
            }
            BinaryOp::Mul => match (l.kind, r.kind) {
                (Kind::Scalar, kind) | (kind, Kind::Scalar) => (r.tensor, kind),
                (Kind::Column(i), Kind::Row(j)) => (r.tensor, Kind::Matrix(i, j)),
                _ => {
                    let tensor = self.made(run);
                    let v = self.times(Value { tensor, ..l }, r, place)?;
                    run.parts = vec![(Number::ONE, v.tensor)];
                    return Ok(v.kind);
                }
            },
            BinaryOp::Div => (self.divisor(&l, &r, place)?, l.kind),
            BinaryOp::ElementMul => {
                let (_, right, kind) = self.aligned(l, r, ".*", place)?;
                (right, kind)
            }
            BinaryOp::ElementDiv => {
                let (_, right, kind) = self.aligned(l, r, "./", place)?;
                (self.graph.power(&right, Number::MINUS_ONE), kind)
            }
        };
        if run.parts.len() >= MAX_FACTORS {
            let message = format!("a product of more than {MAX_FACTORS} factors");
            let help = "name parts of it: `p = ...; q = ...; p * q`";
            return Err(self.report(Diagnostic::new(ErrorKind::TooLong, place, message).with_help(help)));
        }
        run.parts.push((Number::ONE, right));
        Ok(kind)
    }

    /// The sum or product of a run, which then is its only part.
    fn made(&mut self, run: &mut Run) -> Tensor {
        let parts = std::mem::take(&mut run.parts);
        let tensor = match parts.as_slice() {
            [(_, only)] => only.clone(),
            _ if run.additive => self.graph.sum(&parts),
            _ => {
                let factors: Vec<Tensor> = parts.into_iter().map(|(_, t)| t).collect();
                self.graph.multiply(&factors)
            }
        };
        run.parts = vec![(Number::ONE, tensor.clone())];
        tensor
    }

    /// Two operands of one shape, or one of them a scalar, along the same indices.
    pub(super) fn aligned(
        &mut self,
        l: Value,
        r: Value,
        op: &str,
        place: Place,
    ) -> Result<(Tensor, Tensor, Kind), Reported> {
        let kind = match (l.kind, r.kind) {
            (kind, Kind::Scalar) | (Kind::Scalar, kind) => kind,
            (Kind::Column(_), Kind::Column(_))
            | (Kind::Row(_), Kind::Row(_))
            | (Kind::Matrix(..), Kind::Matrix(..)) => l.kind,
            (Kind::Tensor(x), Kind::Tensor(y)) if x.all().len() == y.all().len() => l.kind,
            _ => return Err(self.mismatch(&l, &r, op, place)),
        };
        let (li, ri) = (l.kind.indices(), r.kind.indices());
        let r_tensor = if li.is_empty() || ri.is_empty() {
            r.tensor.clone()
        } else {
            if !self.unify(&li, &ri) {
                return Err(self.mismatch(&l, &r, op, place));
            }
            r.tensor.clone().renamed(&ri, &li)
        };
        Ok((l.tensor, r_tensor, kind))
    }

    /// Makes the extents of two index lists equal, pairwise.
    fn unify(&mut self, l: &[Index], r: &[Index]) -> bool {
        l.iter().zip(r).all(|(&i, &j)| {
            let (a, b) = (self.graph.extents.of(i), self.graph.extents.of(j));
            self.graph.extents.unify(a, b)
        })
    }

    pub(super) fn mismatch(&mut self, l: &Value, r: &Value, op: &str, place: Place) -> Reported {
        // A constraint is the difference of its sides, and is not written as one.
        let written = self.texts.get(&place.source).and_then(|t| t.get(place.span.start..place.span.end));
        let relation = matches!(place.source, SourceId::Bounds | SourceId::Constraint(_)) && op == "-";
        let is_sign = |sign: &&str| relation && written.is_some_and(|text| text.contains(sign));
        let op = ["<=", ">=", "=="].into_iter().find(is_sign).unwrap_or(op);
        let message = format!("the shapes of `{op}` do not fit: {}, {}", self.describe(l), self.describe(r));
        let help = match (l.kind, r.kind) {
            (Kind::Row(_), Kind::Column(_)) | (Kind::Column(_), Kind::Row(_)) => {
                Some("one side is a row: transpose it with `'`".to_owned())
            }
            _ => None,
        };
        let mut d = Diagnostic::new(ErrorKind::ShapeMismatch, place, message);
        d.help = help;
        self.report(d)
    }

    /// `*`: scalar times anything, or the matrix product.
    pub(super) fn times(&mut self, l: Value, r: Value, place: Place) -> Lowered {
        let (inner, kind) = match (l.kind, r.kind) {
            (Kind::Scalar, kind) | (kind, Kind::Scalar) => {
                return Ok(Value { tensor: self.graph.multiply(&[l.tensor, r.tensor]), kind, place });
            }
            (Kind::Row(i), Kind::Column(j)) => ((i, j), Kind::Scalar),
            (Kind::Row(i), Kind::Matrix(j, c)) => ((i, j), Kind::Row(c)),
            (Kind::Matrix(r, i), Kind::Column(j)) => ((i, j), Kind::Column(r)),
            (Kind::Matrix(r, i), Kind::Matrix(j, c)) => ((i, j), Kind::Matrix(r, c)),
            (Kind::Column(i), Kind::Row(j)) => {
                let kind = Kind::Matrix(i, j);
                return Ok(Value { tensor: self.graph.multiply(&[l.tensor, r.tensor]), kind, place });
            }
            (Kind::Column(_), Kind::Column(_)) | (Kind::Row(_), Kind::Row(_)) => {
                return Err(self.vector_product(&l, &r, place));
            }
            (Kind::Column(_), Kind::Matrix(..)) | (Kind::Matrix(..), Kind::Row(_)) => {
                return Err(self.mismatch(&l, &r, "*", place));
            }
            (Kind::Tensor(_), _) | (_, Kind::Tensor(_)) => {
                let message = format!(
                    "`*` is the product of matrices, but {}, {}",
                    self.describe(&l),
                    self.describe(&r)
                );
                let help = "write the sum: `sum[k](T[i, j, k]*v[k])`; `.*` multiplies element by element";
                let kind = ErrorKind::ShapeMismatch;
                return Err(self.report(Diagnostic::new(kind, place, message).with_help(help)));
            }
        };
        if !self.unify(&[inner.0], &[inner.1]) {
            return Err(self.mismatch(&l, &r, "*", place));
        }
        let right = r.tensor.renamed(&[inner.1], &[inner.0]);
        Ok(Value { tensor: self.product_over(&[l.tensor, right], &[inner.0], kind), kind, place })
    }

    /// The product of tensors summed over `inner`, with the batch's index first where one has it.
    pub(super) fn product_over(&mut self, factors: &[Tensor], inner: &[Index], kind: Kind) -> Tensor {
        let mut out: Vec<Index> =
            self.beside().into_iter().filter(|b| factors.iter().any(|t| t.indices.contains(b))).collect();
        out.retain(|i| !inner.contains(i));
        out.extend(kind.indices());
        let parts: Vec<_> = factors.iter().map(|t| (t.clone(), Number::ONE)).collect();
        let node = self.graph.contract_over(Number::ONE, &parts, &out, inner);
        Tensor::new(node, out)
    }

    fn vector_product(&mut self, l: &Value, r: &Value, place: Place) -> Reported {
        let (x, y) = (self.text(l.place), self.text(r.place));
        let message =
            format!("`{x}` and `{y}` are both {} vectors, `*` is the matrix product", orientation(l.kind));
        let (p, q) = (self.operand_text(l.place), self.operand_text(r.place));
        let help =
            format!("write `{p} .* {q}` for the element-wise product, `{p}' * {q}` for the inner product");
        self.report(Diagnostic::new(ErrorKind::VectorProduct, place, message).with_help(help))
    }

    /// `1/r`, which `l` is divided by.
    fn divisor(&mut self, l: &Value, r: &Value, place: Place) -> Result<Tensor, Reported> {
        if r.kind != Kind::Scalar {
            let (x, y) = (self.operand_text(l.place), self.operand_text(r.place));
            let message = format!("`/` divides by a scalar, but {}", self.describe(r));
            let help = match r.kind {
                Kind::Matrix(..) => format!("write `{x} ./ {y}` element by element, or `solve({y}, {x})`"),
                _ => format!("write `{x} ./ {y}` to divide element by element"),
            };
            return Err(
                self.report(Diagnostic::new(ErrorKind::VectorDivision, place, message).with_help(help))
            );
        }
        Ok(self.graph.power(&r.tensor, Number::MINUS_ONE))
    }

    pub(super) fn power(&mut self, power: &'a Power, place: Place, frame: usize) -> Lowered {
        let base = self.expr(&power.base, frame);
        let exponent = self.expr(&power.exponent, frame);
        let (base, exponent) = (base?, exponent?);
        if power.elementwise || (base.kind == Kind::Scalar && exponent.kind == Kind::Scalar) {
            let (b, e, kind) =
                self.aligned(base, exponent, if power.elementwise { ".^" } else { "^" }, place)?;
            return Ok(Value { tensor: self.element_power(&b, &e), kind, place });
        }
        match (base.kind, exponent.kind) {
            (Kind::Matrix(i, j), Kind::Scalar) => {
                let n = self.graph.as_constant(exponent.tensor.node).and_then(Number::as_int);
                let Some(n) = n.filter(|n| n.abs() <= 64) else {
                    let message = "a matrix is raised to integer powers from -64 to 64 only";
                    let help = "write `.^` to raise each entry";
                    let kind = ErrorKind::MatrixPowerExponent;
                    return Err(self.report(Diagnostic::new(kind, exponent.place, message).with_help(help)));
                };
                if !self.unify(&[i], &[j]) {
                    return Err(self.not_square(&base, "^"));
                }
                self.matrix_power(&base, n, place)
            }
            _ => {
                let (x, y) = (self.operand_text(base.place), self.operand_text(exponent.place));
                let message = format!("`^` is the power of scalars and square matrices, but {}", {
                    if exponent.kind == Kind::Scalar {
                        self.describe(&base)
                    } else {
                        self.describe(&exponent)
                    }
                });
                let help = format!("write `{x}.^{y}` to raise each entry");
                Err(self.report(Diagnostic::new(ErrorKind::VectorPower, place, message).with_help(help)))
            }
        }
    }

    fn element_power(&mut self, base: &Tensor, exponent: &Tensor) -> Tensor {
        match self.graph.as_constant(exponent.node) {
            Some(n) => self.graph.power(base, n),
            None => self.graph.call("pow", &[base.clone(), exponent.clone()]),
        }
    }

    pub(super) fn not_square(&mut self, value: &Value, what: &str) -> Reported {
        let message = format!("`{what}` asks for a square matrix, but {}", self.describe(value));
        self.report(Diagnostic::new(ErrorKind::NotSquare, value.place, message))
    }

    fn matrix_power(&mut self, base: &Value, n: i64, place: Place) -> Lowered {
        let Kind::Matrix(i, j) = base.kind else { return Err(Reported) };
        if n == 0 {
            let extent = self.graph.extents.of(i);
            let delta = self.graph.delta(extent);
            return Ok(Value { tensor: Tensor::new(delta, vec![i, j]), kind: base.kind, place });
        }
        let mut factor = base.clone();
        if n < 0 {
            factor = self.inverted(factor, place)?;
        }
        // By squares, each of them one node: 8 products for the 60th power, and as many in its derivative.
        let mut value = factor.clone();
        let below_highest = n.unsigned_abs().ilog2();
        for bit in (0..below_highest).rev() {
            let same = self.fresh(&value);
            value = self.times(value, same, place)?;
            if n.unsigned_abs() >> bit & 1 == 1 {
                let next = self.fresh(&factor);
                value = self.times(value, next, place)?;
            }
        }
        Ok(value)
    }

    /// The inverse of a matrix value that does not differ from example to example, but perhaps with an index.
    pub(super) fn inverted(&mut self, value: Value, place: Place) -> Lowered {
        let t = self.square_matrices(&value, place, "inv")?;
        Ok(Value { tensor: self.graph.inverse(&t), kind: value.kind, place })
    }

    /// The tensor of a square matrix, its last axes row and column.
    pub(super) fn square_matrices(
        &mut self,
        value: &Value,
        place: Place,
        what: &str,
    ) -> Result<Tensor, Reported> {
        let Kind::Matrix(i, j) = value.kind else { return Err(self.not_square(value, what)) };
        if !self.unify(&[i], &[j]) {
            return Err(self.not_square(value, what));
        }
        // One for each value of the indices around it.
        let others = value.tensor.indices.iter().copied().filter(|index| *index != i && *index != j);
        let axes: Vec<Index> = others.chain([i, j]).collect();
        if self.batch.is_some_and(|batch| axes.contains(&batch)) {
            let message =
                format!("`{what}` of a matrix that differs from example to example is not supported");
            return Err(self.report(Diagnostic::new(ErrorKind::Unsupported, place, message)));
        }
        let node = self.graph.tensor_as(&value.tensor, &axes);
        Ok(Tensor::new(node, axes))
    }
}

fn orientation(kind: Kind) -> &'static str {
    if matches!(kind, Kind::Row(_)) { "row" } else { "column" }
}
