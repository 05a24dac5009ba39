//! Calls: element-wise functions, functions of whole arrays, matrix functions, definitions.

use super::{Kind, Lowered, Lowerer, Reported, Value};
use crate::diag::{Diagnostic, ErrorKind};
use crate::ir::{AxisFn, Extent, ExtentKind, Index, Number, Tensor};
use crate::ops;
use crate::source::Place;
use crate::syntax::ast::{Call, CompareOp, Expr, ExprKind};

/// Functions that are not element-wise rows: name, parameters, how many of them are required, what they are.
pub const BUILTINS: &[(&str, &[&str], usize, &str)] = &[
    ("sqrt", &["x"], 1, "the square root of each number, x.^0.5"),
    ("sum", &["x"], 1, "the sum of all numbers"),
    ("mean", &["x"], 1, "the mean of all numbers"),
    ("norm1", &["x"], 1, "the sum of the numbers' sizes, |x₁| + |x₂| + …; of a matrix too, entry by entry"),
    ("norm2", &["x"], 1, "the square root of the sum of squares; of a matrix too (Frobenius)"),
    ("norm_inf", &["x"], 1, "the greatest of the numbers' sizes"),
    ("dot", &["x", "y"], 2, "the inner product of two vectors, x' * y"),
    ("outer", &["x", "y"], 2, "the outer product of two vectors, x * y'"),
    (
        "max",
        &["x", "y"],
        1,
        "the greatest of all numbers, its derivative shared equally among ties; max(x, y) takes the greater, number by number, half to each side at a tie",
    ),
    (
        "min",
        &["x", "y"],
        1,
        "the least of all numbers, its derivative shared equally among ties; min(x, y) takes the lesser, number by number, half to each side at a tie",
    ),
    ("logsumexp", &["x"], 1, "log(sum(exp(x))), without overflow"),
    ("softmax", &["x"], 1, "exp(x) / sum(exp(x)) of a vector, without overflow"),
    ("log_softmax", &["x"], 1, "log(softmax(x)), without underflow"),
    ("rowsum", &["X"], 1, "the sum of each row: a vector"),
    ("colsum", &["X"], 1, "the sum of each column: a vector"),
    ("rowmax", &["X"], 1, "the greatest number of each row: a vector"),
    (
        "where",
        &["condition", "u", "v"],
        3,
        "u where the condition holds, v elsewhere: number by number, with < <= > >= ==",
    ),
    ("t", &["X"], 1, "the transpose, X'"),
    ("tr", &["A"], 1, "the trace: the sum of the diagonal of a square matrix"),
    (
        "det",
        &["A"],
        1,
        "the determinant of a square matrix; its derivative, det(A) * inv(A)', is there where that is 0, too",
    ),
    ("logdet", &["A"], 1, "log(det(A)), without overflow; an error where the determinant is not positive"),
    (
        "inv",
        &["A"],
        1,
        "the inverse of a square matrix; an error where there is none. Products with it are solved, and no inverse is formed",
    ),
    (
        "solve",
        &["A", "b"],
        2,
        "inv(A) * b, b a vector or a matrix, by factors of A: Cholesky where A is symmetric and positive definite, else LU; an error where A is singular",
    ),
    ("diag", &["x"], 1, "the square matrix with a vector on its diagonal; of a matrix, its diagonal"),
    ("vector", &["c"], 1, "the vector of c in each place, of the length that its neighbours need"),
    ("matrix", &["c"], 1, "the matrix of c in each place, of the shape that its neighbours need"),
    ("prod", &["x"], 1, "the product of all numbers; its derivative is right where some are 0, too"),
    (
        "cumsum",
        &["x"],
        1,
        "the sums of a vector's entries up to each: cumsum(x)[i] is the sum of x[j], j <= i",
    ),
    ("flatten", &["T"], 1, "the entries of a matrix or tensor as a vector, row by row"),
    (
        "pad",
        &["x", "p"],
        2,
        "zeros, p of them on both sides of each axis; pad(X, p, q) says how many for each axis",
    ),
    (
        "reshape",
        &["v", "n"],
        2,
        "the entries of an array, row by row, under other extents: reshape(v, n, m) is a matrix",
    ),
    ("len", &["x"], 1, "how many entries a vector has"),
    ("rows", &["X"], 1, "how many rows a matrix has"),
    ("cols", &["X"], 1, "how many columns a matrix has"),
    ("extent", &["T", "axis"], 2, "how many entries an array has along an axis, which are numbered from 0"),
    ("kron", &["A", "B"], 2, "the Kronecker product: A with each number replaced by that number times B"),
];

pub(crate) fn is_builtin(name: &str) -> bool {
    BUILTINS.iter().any(|(n, ..)| *n == name)
}

/// Functions of an array and of any number of whole numbers.
const RESHAPES: [&str; 2] = ["pad", "reshape"];

impl<'a> Lowerer<'a> {
    pub(super) fn call(&mut self, expr: &'a Expr, call: &'a Call, frame: usize) -> Lowered {
        let name = call.function.name.as_str();
        let place = self.place(frame, expr.span);
        let at = self.place(frame, call.function.span);
        if let Some(extent) = self.extent_call(call, place, frame)? {
            let tensor = Tensor::new(self.graph.extent_value(extent), Vec::new());
            return Ok(Value { tensor, kind: Kind::Scalar, place });
        }
        if RESHAPES.contains(&name) {
            return self.reshaping(name, call, place, frame);
        }
        if let Some((_, params, required, _)) = BUILTINS.iter().find(|(n, ..)| *n == name) {
            let defaults: Vec<bool> = (0..params.len()).map(|k| k >= *required).collect();
            let bound = self.bind_arguments(name, params, &defaults, &call.args, place, frame)?;
            let args: Vec<&'a Expr> = bound.into_iter().flatten().collect();
            return self.builtin(name, &args, place, frame);
        }
        if let Some(f) = ops::element(name).filter(|f| f.spec().public) {
            let params: &[&str] = if f.spec().derivatives.len() == 1 { &["x"] } else { &["x", "y"] };
            let bound =
                self.bind_arguments(name, params, &vec![false; params.len()], &call.args, place, frame)?;
            let args: Vec<&'a Expr> = bound.into_iter().flatten().collect();
            return self.builtin(name, &args, place, frame);
        }
        // Inside the catalog the functions that only rewriting makes may be called, too.
        if self.frames[frame].source == crate::source::SourceId::Catalog && ops::element(name).is_some() {
            let args: Vec<&'a Expr> = call.args.iter().map(|a| &a.value).collect();
            return self.builtin(name, &args, place, frame);
        }
        if let Some((definition, _)) = self.definition(name) {
            let callee = self.call_frame(expr, definition, &call.args, place, frame)?;
            return self.body(definition, callee);
        }
        let is_variable =
            self.variables.contains_key(name) || self.frames[frame].bindings.iter().any(|(n, _)| n == name);
        if is_variable {
            let message = format!("`{name}` is a variable, not a function");
            let inside: Vec<String> =
                call.args.iter().map(|a| self.text(self.place(frame, a.value.span))).collect();
            let help = format!("an entry is `{name}[{}]`, a product `{name} * (...)`", inside.join(", "));
            return Err(self.report(Diagnostic::new(ErrorKind::NotAFunction, at, message).with_help(help)));
        }
        Err(self.unknown(name, at, frame, "function"))
    }

    /// `pad(x, p, ...)` and `reshape(x, n, ...)`.
    fn reshaping(&mut self, name: &str, call: &'a Call, place: Place, frame: usize) -> Lowered {
        if let Some(named) = call.args.iter().find_map(|a| a.name.as_ref()) {
            let at = self.place(frame, named.span);
            let message = format!("`{name}` has no argument called `{}`", named.name);
            return Err(self.report(Diagnostic::new(ErrorKind::UnknownArgument, at, message)));
        }
        let args: Vec<&'a Expr> = call.args.iter().map(|a| &a.value).collect();
        let [x, numbers @ ..] = args.as_slice() else {
            let message = format!("`{name}` asks for an array and numbers");
            return Err(self.report(Diagnostic::new(ErrorKind::MissingArgument, place, message)));
        };
        if numbers.is_empty() {
            let message = format!("`{name}` asks for a number after the array");
            let help = if name == "pad" { "write `pad(x, 1)`" } else { "write `reshape(x, n, m)`" };
            return Err(
                self.report(Diagnostic::new(ErrorKind::MissingArgument, place, message).with_help(help))
            );
        }
        let x = self.expr(x, frame)?;
        if name == "pad" {
            self.pad(&x, numbers, place, frame)
        } else {
            self.reshape(&x, numbers, place, frame)
        }
    }

    fn values(&mut self, args: &[&'a Expr], frame: usize) -> Result<Vec<Value>, Reported> {
        let all: Vec<Lowered> = args.iter().map(|a| self.expr(a, frame)).collect();
        all.into_iter().collect()
    }

    /// The same where infinity means what it says; undefined is no bound.
    fn bounds(&mut self, args: &[&'a Expr], frame: usize) -> Result<Vec<Value>, Reported> {
        let all: Vec<Lowered> = args.iter().map(|a| self.extended(a, frame)).collect();
        let all = all.into_iter().collect::<Result<Vec<Value>, Reported>>()?;
        for value in &all {
            if self.infinity(value).is_none() {
                self.check_finite(value)?;
            }
        }
        Ok(all)
    }

    fn builtin(&mut self, name: &str, args: &[&'a Expr], place: Place, frame: usize) -> Lowered {
        if name == "where" {
            return self.choice(args, place, frame);
        }
        let bounds = args.len() == 2 && matches!(name, "max" | "min");
        let mut values = if bounds { self.bounds(args, frame)? } else { self.values(args, frame)? };
        let second = if values.len() > 1 { values.pop() } else { None };
        let Some(x) = values.pop() else { return Err(Reported) };
        if let Some(y) = second {
            return match name {
                "dot" => self.dot(x, y, place),
                "outer" => self.outer(x, y, place),
                "solve" => self.solve(x, y, place),
                "kron" => self.kron(x, y, place),
                _ => {
                    let (a, b, kind) = self.aligned(x.clone(), y.clone(), name, place)?;
                    if let Some(value) = self.bounded(name, &x, &y, kind, place).filter(|_| bounds) {
                        return Ok(value);
                    }
                    Ok(Value { tensor: self.graph.call(name, &[a, b]), kind, place })
                }
            };
        }
        let kind = x.kind;
        let value = |tensor| Ok(Value { tensor, kind, place });
        match name {
            "sqrt" => value(self.graph.power(&x.tensor, Number::HALF)),
            "sum" => Ok(self.total(&x.tensor, kind, place)),
            "mean" => {
                self.needs_entries(kind, place);
                Ok(self.mean(&x.tensor, kind, place))
            }
            "norm1" => {
                let abs = self.graph.call("abs", &[x.tensor]);
                Ok(self.total(&abs, kind, place))
            }
            "norm2" => {
                let square = self.graph.power(&x.tensor, Number::TWO);
                let mut v = self.total(&square, kind, place);
                v.tensor = self.graph.power(&v.tensor, Number::HALF);
                Ok(v)
            }
            "norm_inf" => {
                // The largest of numbers that are not negative, which is 0 of nothing.
                let abs = self.graph.call("abs", &[x.tensor]);
                Ok(self.reduced(AxisFn::Max, &abs, kind, place))
            }
            "max" => {
                self.needs_entries(kind, place);
                Ok(self.reduced(AxisFn::Max, &x.tensor, kind, place))
            }
            "min" => {
                self.needs_entries(kind, place);
                let negated = self.graph.negate(&x.tensor);
                let mut v = self.reduced(AxisFn::Max, &negated, kind, place);
                v.tensor = self.graph.negate(&v.tensor);
                Ok(v)
            }
            "logsumexp" => {
                self.needs_entries(kind, place);
                Ok(self.reduced(AxisFn::LogSumExp, &x.tensor, kind, place))
            }
            "softmax" | "log_softmax" => {
                let (Kind::Column(i) | Kind::Row(i)) = kind else {
                    return Err(self.wants("a vector", name, &x));
                };
                self.needs_entries(kind, place);
                let f = if name == "softmax" { AxisFn::Softmax } else { AxisFn::LogSoftmax };
                let t = self.broadcast(&x);
                value(self.graph.axis(f, &t, &[i]))
            }
            "prod" => Ok(self.product_of_all(&x, place)),
            "cumsum" => self.cumsum(&x, place),
            "flatten" => self.flatten(&x, place),
            "rowsum" | "colsum" | "rowmax" => {
                let Kind::Matrix(i, j) = kind else { return Err(self.wants("a matrix", name, &x)) };
                let (kept, along) = if name == "colsum" { (j, i) } else { (i, j) };
                let kind = Kind::Column(kept);
                let t = self.broadcast(&x);
                let tensor = if name == "rowmax" {
                    self.needs_entries(Kind::Column(along), place);
                    self.graph.axis(AxisFn::Max, &t, &[along])
                } else {
                    self.product_over(&[t], &[along], kind)
                };
                Ok(Value { tensor, kind, place })
            }
            "t" => Ok(Self::transposed(Value { place, ..x })),
            "tr" => {
                let t = self.square(&x, name)?;
                Ok(self.total(&t, Kind::Column(t.indices[t.indices.len() - 1]), place))
            }
            "det" | "logdet" => {
                let t = self.square_matrices(&x, x.place, name)?;
                let tensor = if name == "det" { self.graph.det(&t) } else { self.graph.logdet(&t) };
                Ok(Value { tensor, kind: Kind::Scalar, place })
            }
            "inv" => {
                let at = x.place;
                let inverse = self.inverted(x, at)?;
                self.graph.set_written(inverse.tensor.node);
                Ok(inverse)
            }
            "diag" => self.diag(x, place),
            "vector" | "matrix" => self.filled(name, x, place),
            _ => {
                let tensor = self.graph.call(name, &[x.tensor]);
                value(self.constant_call(tensor))
            }
        }
    }

    /// A value whose tensor has every index of its kind: `vector(1)` has none of its own.
    pub(super) fn broadcast(&mut self, value: &Value) -> Tensor {
        if value.kind.indices().iter().all(|i| value.tensor.indices.contains(i)) {
            return value.tensor.clone();
        }
        let axes = self.axes(value);
        Tensor::new(self.graph.tensor_as(&value.tensor, &axes), axes)
    }

    /// Notes that what is written at `place` has no value where there are no entries along these indices.
    pub(super) fn needs_entries(&mut self, kind: Kind, place: Place) {
        let text = self.text(place);
        for i in kind.indices() {
            let extent = self.graph.extents.of(i);
            self.graph.extents.need(extent, &text);
            if !self.of_entries.contains(&(extent, place)) {
                self.of_entries.push((extent, place));
            }
        }
    }

    /// The sum over all entries.
    fn total(&mut self, t: &Tensor, kind: Kind, place: Place) -> Value {
        let tensor = self.product_over(std::slice::from_ref(t), &kind.indices(), Kind::Scalar);
        Value { tensor, kind: Kind::Scalar, place }
    }

    fn mean(&mut self, t: &Tensor, kind: Kind, place: Place) -> Value {
        let mut v = self.total(t, kind, place);
        let mut factors = vec![v.tensor.clone()];
        for i in kind.indices() {
            let extent = self.graph.extents.of(i);
            let n = Tensor::new(self.graph.extent_value(extent), Vec::new());
            factors.push(self.graph.power(&n, Number::MINUS_ONE));
        }
        v.tensor = self.graph.multiply(&factors);
        v
    }

    /// A reduction over all entries.
    fn reduced(&mut self, f: AxisFn, t: &Tensor, kind: Kind, place: Place) -> Value {
        let v = Value { tensor: t.clone(), kind, place };
        let t = self.broadcast(&v);
        let tensor = self.graph.axis(f, &t, &kind.indices());
        Value { tensor, kind: Kind::Scalar, place }
    }

    pub(super) fn wants(&mut self, what: &str, function: &str, x: &Value) -> Reported {
        let message = format!("`{function}` asks for {what}, but {}", self.describe(x));
        let help = match (function, x.kind) {
            ("softmax" | "log_softmax", Kind::Matrix(..)) => {
                Some("for one softmax a row write `exp(X) ./ (rowsum(exp(X)) * vector(1)')`".to_owned())
            }
            ("rowsum" | "colsum", Kind::Column(_) | Kind::Row(_)) => {
                Some("for a vector write `sum`".to_owned())
            }
            ("rowmax", Kind::Column(_) | Kind::Row(_)) => Some("for a vector write `max`".to_owned()),
            ("len", Kind::Matrix(..)) => Some("of a matrix there are `rows` and `cols`".to_owned()),
            ("len" | "rows" | "cols", Kind::Tensor(_)) => {
                Some("of a tensor there is `extent(T, 0)`, and so on for its axes".to_owned())
            }
            ("rows" | "cols", Kind::Column(_) | Kind::Row(_)) => {
                Some("of a vector there is `len`".to_owned())
            }
            _ => None,
        };
        let mut d = Diagnostic::new(ErrorKind::ShapeMismatch, x.place, message);
        d.help = help;
        self.report(d)
    }

    /// The diagonal of a square matrix, along the matrix's row index.
    fn square(&mut self, x: &Value, function: &str) -> Result<Tensor, Reported> {
        let Kind::Matrix(i, j) = x.kind else { return Err(self.not_square(x, function)) };
        let (a, b) = (self.graph.extents.of(i), self.graph.extents.of(j));
        if !self.graph.extents.unify(a, b) {
            return Err(self.not_square(x, function));
        }
        let t = self.broadcast(x).renamed(&[j], &[i]);
        // The index of the row comes last, so that the caller finds it.
        let mut out: Vec<Index> = t.indices.iter().copied().filter(|x| *x != i).collect();
        out.push(i);
        let node = self.graph.tensor_as(&t, &out);
        Ok(Tensor::new(node, out))
    }

    fn diag(&mut self, x: Value, place: Place) -> Lowered {
        match x.kind {
            Kind::Matrix(i, _) => {
                let t = self.square(&x, "diag")?;
                Ok(Value { tensor: t, kind: Kind::Column(i), place })
            }
            Kind::Column(i) | Kind::Row(i) => {
                let extent = self.graph.extents.of(i);
                let j = self.graph.extents.index(extent);
                let delta = Tensor::new(self.graph.delta(extent), vec![i, j]);
                let tensor = self.graph.multiply(&[x.tensor, delta]);
                Ok(Value { tensor, kind: Kind::Matrix(i, j), place })
            }
            Kind::Scalar | Kind::Tensor(_) => Err(self.wants("a vector or a square matrix", "diag", &x)),
        }
    }

    fn dot(&mut self, x: Value, y: Value, place: Place) -> Lowered {
        let (xi, yi) = (x.kind.indices(), y.kind.indices());
        let is_matrix = |k| matches!(k, Kind::Matrix(..) | Kind::Tensor(_));
        if xi.len() != yi.len() || is_matrix(x.kind) != is_matrix(y.kind) {
            return Err(self.mismatch(&x, &y, "dot", place));
        }
        for (&i, &j) in xi.iter().zip(&yi) {
            let (a, b) = (self.graph.extents.of(i), self.graph.extents.of(j));
            if !self.graph.extents.unify(a, b) {
                return Err(self.mismatch(&x, &y, "dot", place));
            }
        }
        let right = y.tensor.renamed(&yi, &xi);
        let tensor = self.product_over(&[x.tensor, right], &xi, Kind::Scalar);
        Ok(Value { tensor, kind: Kind::Scalar, place })
    }

    fn outer(&mut self, x: Value, y: Value, place: Place) -> Lowered {
        let (Kind::Column(i) | Kind::Row(i)) = x.kind else { return Err(self.wants("vectors", "outer", &x)) };
        let (Kind::Column(j) | Kind::Row(j)) = y.kind else { return Err(self.wants("vectors", "outer", &y)) };
        Ok(Value { tensor: self.graph.multiply(&[x.tensor, y.tensor]), kind: Kind::Matrix(i, j), place })
    }

    fn solve(&mut self, a: Value, b: Value, place: Place) -> Lowered {
        let at = a.place;
        if let Kind::Row(_) | Kind::Scalar | Kind::Tensor(_) = b.kind {
            return Err(self.wants("a vector or a matrix on its right side", "solve", &b));
        }
        let inverse = self.inverted(a.clone(), at)?;
        let (Kind::Matrix(_, c), row) = (inverse.kind, b.kind.indices()[0]) else { return Err(Reported) };
        let (x, y) = (self.graph.extents.of(c), self.graph.extents.of(row));
        if !self.graph.extents.unify(x, y) {
            return Err(self.mismatch(&a, &b, "solve", place));
        }
        self.times(inverse, b, place)
    }

    fn kron(&mut self, a: Value, b: Value, place: Place) -> Lowered {
        let Kind::Matrix(i, j) = a.kind else { return Err(self.wants("matrices", "kron", &a)) };
        let Kind::Matrix(p, q) = b.kind else { return Err(self.wants("matrices", "kron", &b)) };
        if self.beside().iter().any(|m| a.tensor.indices.contains(m) || b.tensor.indices.contains(m)) {
            let message = "`kron` of matrices that differ from example to example is not supported";
            return Err(self.report(Diagnostic::new(ErrorKind::Unsupported, place, message)));
        }
        let all = self.graph.multiply(&[a.tensor, b.tensor]);
        let node = self.graph.tensor_as(&all, &[i, p, j, q]);
        let mut merged: Vec<Extent> = Vec::new();
        for (x, y) in [(i, p), (j, q)] {
            let (x, y) = (self.graph.extents.of(x), self.graph.extents.of(y));
            let unknown = |e: &Extent| {
                let extents = &self.graph.extents;
                *extents.kind(*e) == ExtentKind::Unknown && !extents.is_pending(*e)
            };
            if [x, y].iter().any(unknown) {
                let message = "nothing says how large a factor of this `kron` is";
                let help = "its size cannot be told from the product: write a matrix of known shape";
                let kind = ErrorKind::Unsized;
                return Err(self.report(Diagnostic::new(kind, place, message).with_help(help)));
            }
            let Some(product) = self.graph.extents.product(x, y) else {
                let message = "the extents of this `kron` are too large to count";
                return Err(self.report(Diagnostic::new(ErrorKind::Unsupported, place, message)));
            };
            merged.push(product);
        }
        let node = self.graph.merge(node, &[vec![0, 1], vec![2, 3]], &merged);
        let (r, c) = (self.graph.extents.index(merged[0]), self.graph.extents.index(merged[1]));
        Ok(Value { tensor: Tensor::new(node, vec![r, c]), kind: Kind::Matrix(r, c), place })
    }

    fn filled(&mut self, name: &str, x: Value, place: Place) -> Lowered {
        if x.kind != Kind::Scalar {
            return Err(self.wants("a scalar", name, &x));
        }
        let index = |l: &mut Self| {
            let extent = l.graph.extents.unknown();
            let text = l.text(place);
            l.unsized_places.push((extent, place, text));
            l.graph.extents.index(extent)
        };
        let kind = if name == "vector" {
            Kind::Column(index(self))
        } else {
            let (i, j) = (index(self), index(self));
            Kind::Matrix(i, j)
        };
        Ok(Value { tensor: x.tensor, kind, place })
    }

    fn choice(&mut self, args: &[&'a Expr], place: Place, frame: usize) -> Lowered {
        let [condition, then, otherwise] = args else { return Err(Reported) };
        let ExprKind::Compare(c) = &condition.kind else {
            let at = self.place(frame, condition.span);
            let message = "`where` asks for a condition first";
            let help = "write `where(x < y, u, v)`";
            let kind = ErrorKind::ConditionExpected;
            return Err(self.report(Diagnostic::new(kind, at, message).with_help(help)));
        };
        let all = self.bounds(&[&c.lhs, &c.rhs, then, otherwise], frame)?;
        let decided = self.decided(c.op, &all[0], &all[1]);
        if decided.is_none() {
            for value in &all {
                self.check_finite(value)?;
            }
        }
        // All four sides have one shape, or are scalars.
        let mut kind = Kind::Scalar;
        let mut first: Option<Value> = None;
        let mut tensors = Vec::new();
        for v in all {
            match &first {
                Some(f) => {
                    let (_, t, k) = self.aligned(f.clone(), v, "where", place)?;
                    kind = k;
                    tensors.push(t);
                }
                None if v.kind == Kind::Scalar => tensors.push(v.tensor),
                None => {
                    kind = v.kind;
                    tensors.push(v.tensor.clone());
                    first = Some(v);
                }
            }
        }
        let [lhs, rhs, then, otherwise] = tensors.as_slice() else { return Err(Reported) };
        let tensor = match decided {
            Some(holds) => {
                let [zero, one] = [Number::ZERO, Number::ONE].map(|n| self.graph.constant(n));
                let rhs = if holds { &one } else { &zero };
                self.graph.select(CompareOp::Less, &zero, rhs, then, otherwise)
            }
            None => self.graph.select(c.op, lhs, rhs, then, otherwise),
        };
        Ok(Value { tensor, kind, place })
    }
}
