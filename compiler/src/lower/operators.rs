//! Operators: `+ - * / .* ./ ^ .^`, with the shapes they ask for.

use super::{Kind, Lowered, Lowerer, Reported, Value};
use crate::diag::{Diagnostic, ErrorKind};
use crate::ir::{Index, Number, Tensor};
use crate::source::Place;
use crate::syntax::ast::{BinaryOp, Expr, Link, Power};

impl<'a> Lowerer<'a> {
    pub(super) fn literal(&mut self, text: &str, place: Place) -> Lowered {
        let Some(n) = Number::parse(text) else {
            let kind = ErrorKind::NumberOutOfRange;
            return Err(self.report(Diagnostic::new(kind, place, "number out of range")));
        };
        Ok(Value { tensor: self.graph.constant(n), kind: Kind::Scalar, place })
    }

    pub(super) fn chain(&mut self, first: &'a Expr, rest: &'a [Link], frame: usize) -> Lowered {
        let mut value = self.expr(first, frame);
        let from = first.span;
        for link in rest {
            let operand = self.expr(&link.operand, frame);
            value = match (value, operand) {
                (Ok(l), Ok(r)) => {
                    let whole = self.place(frame, from.to(link.operand.span));
                    self.binary(link.op, l, r, whole).map(|mut v| {
                        v.place = whole;
                        v
                    })
                }
                _ => Err(Reported),
            };
        }
        value
    }

    fn binary(&mut self, op: BinaryOp, l: Value, r: Value, place: Place) -> Lowered {
        match op {
            BinaryOp::Add => self.add(l, r, Number::ONE, place),
            BinaryOp::Sub => self.add(l, r, Number::MINUS_ONE, place),
            BinaryOp::Mul => self.times(l, r, place),
            BinaryOp::Div => self.divide(l, r, place),
            BinaryOp::ElementMul => {
                let (l, r, kind) = self.aligned(l, r, ".*", place)?;
                Ok(Value { tensor: self.graph.multiply(&[l, r]), kind, place })
            }
            BinaryOp::ElementDiv => {
                let (l, r, kind) = self.aligned(l, r, "./", place)?;
                let inverse = self.graph.power(&r, Number::MINUS_ONE);
                Ok(Value { tensor: self.graph.multiply(&[l, inverse]), kind, place })
            }
        }
    }

    pub(super) fn add(&mut self, l: Value, r: Value, sign: Number, place: Place) -> Lowered {
        let op = if sign.is_negative() { "-" } else { "+" };
        let (l, r, kind) = self.aligned(l, r, op, place)?;
        Ok(Value { tensor: self.graph.sum(&[(Number::ONE, l), (sign, r)]), kind, place })
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
            self.batch.iter().copied().filter(|b| factors.iter().any(|t| t.indices.contains(b))).collect();
        out.extend(kind.indices());
        let parts: Vec<_> = factors.iter().map(|t| (t.clone(), Number::ONE)).collect();
        let node = self.graph.contract_over(Number::ONE, &parts, &out, inner);
        Tensor::new(node, out)
    }

    fn vector_product(&mut self, l: &Value, r: &Value, place: Place) -> Reported {
        let (x, y) = (self.text(l.place), self.text(r.place));
        let message =
            format!("`{x}` and `{y}` are both {} vectors, `*` is the matrix product", orientation(l.kind));
        let help =
            format!("write `{x} .* {y}` for the element-wise product, `{x}' * {y}` for the inner product");
        self.report(Diagnostic::new(ErrorKind::VectorProduct, place, message).with_help(help))
    }

    fn divide(&mut self, l: Value, r: Value, place: Place) -> Lowered {
        if r.kind != Kind::Scalar {
            let (x, y) = (self.text(l.place), self.text(r.place));
            let message = format!("`/` divides by a scalar, but {}", self.describe(&r));
            let help = match r.kind {
                Kind::Matrix(..) => format!("write `{x} ./ {y}` element by element, or `solve({y}, {x})`"),
                _ => format!("write `{x} ./ {y}` to divide element by element"),
            };
            return Err(
                self.report(Diagnostic::new(ErrorKind::VectorDivision, place, message).with_help(help))
            );
        }
        let inverse = self.graph.power(&r.tensor, Number::MINUS_ONE);
        Ok(Value { tensor: self.graph.multiply(&[l.tensor, inverse]), kind: l.kind, place })
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
                let (x, y) = (self.text(base.place), self.text(exponent.place));
                let message = format!("`^` is the power of scalars and square matrices, but {}", {
                    if exponent.kind == Kind::Scalar {
                        self.describe(&base)
                    } else {
                        self.describe(&exponent)
                    }
                });
                let help = format!("write `{x} .^ {y}` to raise each entry");
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
        let mut value = factor.clone();
        for _ in 1..n.unsigned_abs() {
            let next = self.fresh(&factor);
            value = self.times(value, next, place)?;
        }
        Ok(value)
    }

    /// The inverse of a matrix value that does not differ from example to example.
    pub(super) fn inverted(&mut self, value: Value, place: Place) -> Lowered {
        let t = self.unbatched_matrix(&value, place, "inv")?;
        Ok(Value { tensor: self.graph.inverse(&t), kind: value.kind, place })
    }

    /// The tensor of a square matrix, its axes row and column.
    pub(super) fn unbatched_matrix(
        &mut self,
        value: &Value,
        place: Place,
        what: &str,
    ) -> Result<Tensor, Reported> {
        let Kind::Matrix(i, j) = value.kind else { return Err(self.not_square(value, what)) };
        if !self.unify(&[i], &[j]) {
            return Err(self.not_square(value, what));
        }
        if self.batch.is_some_and(|b| value.tensor.indices.contains(&b)) {
            let message =
                format!("`{what}` of a matrix that differs from example to example is not supported");
            return Err(self.report(Diagnostic::new(ErrorKind::Unsupported, place, message)));
        }
        let node = self.graph.tensor_as(&value.tensor, &[i, j]);
        Ok(Tensor::new(node, vec![i, j]))
    }
}

fn orientation(kind: Kind) -> &'static str {
    if matches!(kind, Kind::Row(_)) { "row" } else { "column" }
}
