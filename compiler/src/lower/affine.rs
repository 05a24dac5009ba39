//! What may be a subscript, or an end of a range: whole numbers, extents, indices, and sums and whole multiples of
//! these.

use super::{Kind, Lowerer, Reported};
use crate::diag::{Diagnostic, ErrorKind};
use crate::ir::{Affine, Extent, Form};
use crate::source::{Place, SourceId};
use crate::syntax::ast::{BinaryOp, Call, Expr, ExprKind};

impl<'a> Lowerer<'a> {
    /// A subscript, or an end of a range: whole numbers, extents, indices; sums and whole multiples of them.
    pub(super) fn affine(&mut self, expr: &'a Expr, frame: usize) -> Result<Affine<usize>, Reported> {
        let place = self.place(frame, expr.span);
        match &expr.kind {
            ExprKind::Number(text) => match text.parse::<i64>() {
                Ok(n) if text.bytes().all(|b| b.is_ascii_digit()) && n < 1 << 48 => {
                    if self.has_point(place) {
                        return Err(self.not_whole(place));
                    }
                    Ok(Affine::fixed(Form::constant(n)))
                }
                _ if text.bytes().all(|b| b.is_ascii_digit()) => {
                    let message = format!("the subscript `{}` is outside of anything", self.text(place));
                    Err(self.report(Diagnostic::new(ErrorKind::OutOfRange, place, message)))
                }
                _ => Err(self.not_whole(place)),
            },
            ExprKind::Name(name) => self.affine_name(name, place, frame),
            ExprKind::Negate(x) => Ok(self.affine(x, frame)?.times(-1)),
            ExprKind::Chain(first, rest) => {
                let mut value = self.affine(first, frame)?;
                for link in rest {
                    let right = match link.op {
                        BinaryOp::Div | BinaryOp::ElementDiv | BinaryOp::ElementMul => {
                            return Err(self.not_affine(place));
                        }
                        _ => self.affine(&link.operand, frame)?,
                    };
                    value = match link.op {
                        BinaryOp::Add => value.plus(&right, 1),
                        BinaryOp::Sub => value.plus(&right, -1),
                        _ => self.affine_product(&value, &right, place)?,
                    };
                }
                Ok(value)
            }
            ExprKind::Call(call) => {
                if let Some(e) = self.extent_call(call, place, frame)? {
                    return Ok(Affine::fixed(self.graph.extents.form(e)));
                }
                Err(self.not_affine(place))
            }
            ExprKind::Subscripted(s) if self.is_whole(&s.base, frame) => {
                let message = format!("`{}` must stand alone as a subscript", self.text(place));
                let help = "hold the sum in the data, or in a field of its own";
                Err(self.report(Diagnostic::new(ErrorKind::NotAffine, place, message).with_help(help)))
            }
            _ => Err(self.not_affine(place)),
        }
    }

    /// Whether a number is written with a point, as `1.0` is.
    fn has_point(&self, place: Place) -> bool {
        self.text(place).contains(['.', 'e', 'E'])
    }

    fn affine_product(
        &mut self,
        a: &Affine<usize>,
        b: &Affine<usize>,
        place: Place,
    ) -> Result<Affine<usize>, Reported> {
        match (a.as_constant(), b.as_constant()) {
            (Some(n), _) => Ok(b.times(n)),
            (_, Some(n)) => Ok(a.times(n)),
            _ => {
                let message = format!("`{}` is not a whole multiple of an index", self.text(place));
                let help = "the multiple must be a number; for rows of one length that stand one after the other, `reshape(v, n, m)[i, j]` is `v[m*i + j]`";
                Err(self.report(Diagnostic::new(ErrorKind::NotAffine, place, message).with_help(help)))
            }
        }
    }

    fn affine_name(&mut self, name: &str, place: Place, frame: usize) -> Result<Affine<usize>, Reported> {
        if let Some(k) = self.open_index(name, frame) {
            return Ok(Affine::of(k));
        }
        if let Some(e) = self.symbol(name, frame) {
            return Ok(Affine::fixed(self.graph.extents.form(e)));
        }
        let known = self.variables.contains_key(name)
            || self.frames[frame].bindings.iter().any(|(n, _)| n == name)
            || matches!(name, "pi" | "eye");
        if !known {
            return Err(self.unknown(name, place, frame, "index"));
        }
        let message = if self.variables.get(name).is_some_and(|v| v.whole) {
            format!("`{name}` is data, of which one entry may be a subscript")
        } else {
            format!("`{name}` is not an index")
        };
        let help = if self.variables.get(name).is_some_and(|v| v.whole) {
            format!("write `{name}[k]` with an index `k`: `sum[k](x[{name}[k]])`")
        } else {
            "subscripts are whole numbers, indices of `sum[i](...)` and its like, and extents such as `len(x)`".to_owned()
        };
        Err(self.report(Diagnostic::new(ErrorKind::NotAnIndex, place, message).with_help(help)))
    }

    fn not_whole(&mut self, place: Place) -> Reported {
        let message = format!("`{}` is not a whole number", self.text(place));
        let help = "entries are numbered 0, 1, 2, ...";
        self.report(Diagnostic::new(ErrorKind::NotWhole, place, message).with_help(help))
    }

    fn not_affine(&mut self, place: Place) -> Reported {
        let message = format!("`{}` is no subscript", self.text(place));
        let help = "a subscript is a whole number, an index, or sums, differences and whole multiples of such: `2*i + 1`, `len(x) - 1 - i`";
        self.report(Diagnostic::new(ErrorKind::NotAffine, place, message).with_help(help))
    }

    /// The extent that a declaration calls so.
    pub(super) fn symbol(&self, name: &str, frame: usize) -> Option<Extent> {
        let hidden = self.frames[frame].bindings.iter().any(|(n, _)| n == name)
            || self.variables.contains_key(name)
            || self.frames[frame].source == SourceId::Catalog;
        if hidden { None } else { self.symbols.get(name).copied() }
    }

    /// The extent that `len`, `rows`, `cols` or `extent` is a call for.
    pub(super) fn extent_call(
        &mut self,
        call: &'a Call,
        place: Place,
        frame: usize,
    ) -> Result<Option<Extent>, Reported> {
        let name = call.function.name.as_str();
        let params: &[&str] = match name {
            "len" => &["x"],
            "rows" | "cols" => &["X"],
            "extent" => &["T", "axis"],
            _ => return Ok(None),
        };
        let bound =
            self.bind_arguments(name, params, &vec![false; params.len()], &call.args, place, frame)?;
        let args: Vec<&'a Expr> = bound.into_iter().flatten().collect();
        let Some(&first) = args.first() else { return Err(Reported) };
        // How many whole numbers there are is a number, though they are none.
        self.naming = self.is_whole(first, frame);
        let value = self.expr(first, frame);
        self.naming = false;
        let value = value?;
        let axes = value.kind.indices();
        let axis = match (name, value.kind) {
            ("len", Kind::Column(i) | Kind::Row(i)) => Some(i),
            ("rows", Kind::Matrix(i, _)) | ("cols", Kind::Matrix(_, i)) => Some(i),
            ("extent", _) if !axes.is_empty() => {
                let Some(&second) = args.get(1) else { return Err(Reported) };
                let at = self.place(frame, second.span);
                let axis = self.affine(second, frame)?.as_constant();
                let Some(axis) = axis else { return Err(self.not_whole(at)) };
                let Some(&i) = usize::try_from(axis).ok().and_then(|k| axes.get(k)) else {
                    let message =
                        format!("{} has no axis {axis}", self.describe(&value).replace(" is ", ", "));
                    let help = format!("axes are numbered from 0 to {}", axes.len() - 1);
                    return Err(
                        self.report(Diagnostic::new(ErrorKind::OutOfRange, at, message).with_help(help))
                    );
                };
                Some(i)
            }
            _ => None,
        };
        let Some(axis) = axis else {
            let what = match name {
                "len" => "a vector",
                "extent" => "an array",
                _ => "a matrix",
            };
            return Err(self.wants(what, name, &value));
        };
        Ok(Some(self.graph.extents.of(axis)))
    }
}
