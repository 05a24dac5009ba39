//! The lines of one function: each operation with its types, the same operation on the same values once.

use crate::export::Precision;
use crate::export::arrays::Kind;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;

/// What a value is: entries of a kind along axes of so many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Type {
    pub(super) dims: Vec<usize>,
    pub(super) kind: Kind,
}

impl Type {
    pub(super) fn new(dims: &[usize], kind: Kind) -> Self {
        Self { dims: dims.to_vec(), kind }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.dims.contains(&0)
    }
}

/// A value in a function: its name there, and what it is.
#[derive(Clone, Debug)]
pub(super) struct Val {
    pub(super) name: String,
    pub(super) ty: Type,
}

impl Val {
    pub(super) fn rank(&self) -> usize {
        self.ty.dims.len()
    }
}

/// What all functions of a module share.
#[derive(Debug)]
pub(super) struct Module {
    pub(super) precision: Precision,
    /// Functions that others call, each after those that it calls.
    pub(super) private: Vec<String>,
    named: BTreeSet<String>,
}

impl Module {
    pub(super) fn new(precision: Precision) -> Self {
        Self { precision, private: Vec::new(), named: BTreeSet::new() }
    }

    /// Whether nobody has asked for a function of this name before.
    pub(super) fn is_new(&mut self, name: &str) -> bool {
        self.named.insert(name.to_owned())
    }

    pub(super) fn text(&self, ty: &Type) -> String {
        let mut text = "tensor<".to_owned();
        for n in &ty.dims {
            let _ = write!(text, "{n}x");
        }
        text + match (ty.kind, self.precision) {
            (Kind::Truth, _) => "i1>",
            (Kind::Number, Precision::F32) => "f32>",
            (Kind::Number, Precision::F64) => "f64>",
            (Kind::Whole, Precision::F32) => "i32>",
            (Kind::Whole, Precision::F64) => "i64>",
        }
    }

    /// A number as it is written: decimal, of which the number itself comes back.
    fn number(&self, x: f64) -> String {
        let x = match self.precision {
            Precision::F32 => f64::from(x as f32),
            Precision::F64 => x,
        };
        if !x.is_finite() {
            return match self.precision {
                Precision::F32 if x.is_nan() => "0x7FC00000".to_owned(),
                Precision::F32 => format!("0x{:08X}", (x as f32).to_bits()),
                Precision::F64 if x.is_nan() => "0x7FF8000000000000".to_owned(),
                Precision::F64 => format!("0x{:016X}", x.to_bits()),
            };
        }
        if x == x.trunc() && x.abs() < 1e15 {
            return format!("{x:.1}");
        }
        let (mantissa, exponent) = match format!("{x:e}").split_once('e') {
            Some((m, e)) => (m.to_owned(), e.to_owned()),
            None => (x.to_string(), "0".to_owned()),
        };
        if (1e-5..1e15).contains(&x.abs()) {
            return x.to_string();
        }
        let point = if mantissa.contains('.') { "" } else { ".0" };
        format!("{mantissa}{point}e{exponent}")
    }
}

/// The function that is being written.
#[derive(Debug)]
pub(super) struct Lines<'m> {
    pub(super) module: &'m mut Module,
    pub(super) text: String,
    indent: usize,
    /// The name of what an operation with these operands gives.
    known: HashMap<String, String>,
    names: BTreeMap<String, usize>,
    next: usize,
}

/// A name without what MLIR has no place for.
pub(super) fn sanitised(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    let name: String = name.chars().map(plain).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) || name.is_empty() { format!("_{name}") } else { name }
}

fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|n| n.to_string()).collect();
    items.join(", ")
}

impl<'m> Lines<'m> {
    pub(super) fn new(module: &'m mut Module) -> Self {
        Self {
            module,
            text: String::new(),
            indent: 2,
            known: HashMap::new(),
            names: BTreeMap::new(),
            next: 0,
        }
    }

    /// A name that no other value of the function has.
    pub(super) fn fresh(&mut self, name: &str) -> String {
        let name = sanitised(name);
        let times = self.names.entry(name.clone()).or_insert(0);
        *times += 1;
        match *times {
            1 => format!("%{name}"),
            n => {
                let longer = format!("{name}_{n}");
                if self.names.contains_key(&longer) {
                    return self.fresh(&longer);
                }
                self.names.insert(longer.clone(), 1);
                format!("%{longer}")
            }
        }
    }

    pub(super) fn raw(&mut self, line: &str) {
        let _ = writeln!(self.text, "{:1$}{line}", "", 2 * self.indent);
    }

    /// Calls the value that the last line gives by a name of the text; of any other there are users already.
    pub(super) fn rename(&mut self, val: Val, name: &str) -> Val {
        let start = format!("{} = ", val.name);
        let Some(at) = self.text.rfind(&start) else { return val };
        let op = self.text[at + start.len()..].trim_end().to_owned();
        let is_last = self.known.get(&op) == Some(&val.name);
        if !is_last || !val.name[1..].starts_with(|c: char| c.is_ascii_digit()) {
            return val;
        }
        let name = self.fresh(name);
        self.text.truncate(at);
        let _ = writeln!(self.text, "{name} = {op}");
        self.known.insert(op, name.clone());
        Val { name, ty: val.ty }
    }

    fn t(&self, ty: &Type) -> String {
        self.module.text(ty)
    }

    /// The value of an operation, as it is spelled.
    fn line(&mut self, ty: Type, op: String) -> Val {
        if let Some(known) = self.known.get(&op) {
            return Val { name: known.clone(), ty };
        }
        let name = format!("%{}", self.next);
        self.next += 1;
        self.raw(&format!("{name} = {op}"));
        self.known.insert(op, name.clone());
        Val { name, ty }
    }

    pub(super) fn number(&mut self, x: f64, dims: &[usize]) -> Val {
        let ty = Type::new(dims, Kind::Number);
        let op = format!("stablehlo.constant dense<{}> : {}", self.module.number(x), self.t(&ty));
        self.line(ty, op)
    }

    pub(super) fn whole(&mut self, n: i64, dims: &[usize]) -> Val {
        let ty = Type::new(dims, Kind::Whole);
        let op = format!("stablehlo.constant dense<{n}> : {}", self.t(&ty));
        self.line(ty, op)
    }

    /// 0 or false everywhere.
    pub(super) fn zeros(&mut self, ty: &Type) -> Val {
        match ty.kind {
            Kind::Number => self.number(0.0, &ty.dims),
            Kind::Whole => self.whole(0, &ty.dims),
            Kind::Truth => {
                let op = format!("stablehlo.constant dense<false> : {}", self.t(ty));
                self.line(ty.clone(), op)
            }
        }
    }

    /// An operation whose operands and result are of one type.
    pub(super) fn plain(&mut self, op: &str, args: &[&Val]) -> Val {
        let ty = args.first().map_or_else(|| Type::new(&[], Kind::Number), |a| a.ty.clone());
        let op = format!("stablehlo.{op} {} : {}", list(args.iter().map(|a| &a.name)), self.t(&ty));
        self.line(ty, op)
    }

    /// An operation of one value that gives another type.
    fn made(&mut self, op: &str, a: &Val, rest: &str, ty: Type) -> Val {
        let op = format!("stablehlo.{op} {}{rest} : ({}) -> {}", a.name, self.t(&a.ty), self.t(&ty));
        self.line(ty, op)
    }

    pub(super) fn compare(&mut self, direction: &str, a: &Val, b: &Val) -> Val {
        let ty = Type::new(&a.ty.dims, Kind::Truth);
        let how = match a.ty.kind {
            Kind::Number => "FLOAT",
            Kind::Whole => "SIGNED",
            Kind::Truth => "UNSIGNED",
        };
        let types = format!("({}, {}) -> {}", self.t(&a.ty), self.t(&b.ty), self.t(&ty));
        let op = format!("stablehlo.compare {direction}, {}, {}, {how} : {types}", a.name, b.name);
        self.line(ty, op)
    }

    pub(super) fn select(&mut self, holds: &Val, then: &Val, otherwise: &Val) -> Val {
        let names = list([&holds.name, &then.name, &otherwise.name]);
        let op = format!("stablehlo.select {names} : {}, {}", self.t(&holds.ty), self.t(&then.ty));
        self.line(then.ty.clone(), op)
    }

    pub(super) fn convert(&mut self, a: &Val, kind: Kind) -> Val {
        if a.ty.kind == kind {
            return a.clone();
        }
        self.made("convert", a, "", Type::new(&a.ty.dims, kind))
    }

    pub(super) fn reshape(&mut self, a: &Val, dims: &[usize]) -> Val {
        if a.ty.dims == dims {
            return a.clone();
        }
        self.made("reshape", a, "", Type::new(dims, a.ty.kind))
    }

    /// Axis k of a value as axis `places[k]`.
    pub(super) fn broadcast(&mut self, a: &Val, places: &[usize], dims: &[usize]) -> Val {
        if a.ty.dims == dims && places.iter().enumerate().all(|(k, &p)| k == p) {
            return a.clone();
        }
        let rest = format!(", dims = [{}]", list(places));
        self.made("broadcast_in_dim", a, &rest, Type::new(dims, a.ty.kind))
    }

    /// A value of the same rank or a scalar, with entries along all axes.
    pub(super) fn spread(&mut self, a: &Val, dims: &[usize]) -> Val {
        let places: Vec<usize> = (0..a.rank()).collect();
        self.broadcast(a, &places, dims)
    }

    pub(super) fn transpose(&mut self, a: &Val, order: &[usize]) -> Val {
        if order.iter().enumerate().all(|(k, &o)| k == o) {
            return a.clone();
        }
        let dims: Vec<usize> = order.iter().map(|&k| a.ty.dims[k]).collect();
        let rest = format!(", dims = [{}]", list(order));
        self.made("transpose", a, &rest, Type::new(&dims, a.ty.kind))
    }

    pub(super) fn reverse(&mut self, a: &Val, axis: usize) -> Val {
        let op = format!("stablehlo.reverse {}, dims = [{axis}] : {}", a.name, self.t(&a.ty));
        self.line(a.ty.clone(), op)
    }

    pub(super) fn iota(&mut self, axis: usize, dims: &[usize]) -> Val {
        let ty = Type::new(dims, Kind::Whole);
        if ty.is_empty() {
            return self.zeros(&ty);
        }
        let op = format!("stablehlo.iota dim = {axis} : {}", self.t(&ty));
        self.line(ty, op)
    }

    /// The entries from `start` on along an axis, `count` of them.
    pub(super) fn slice(&mut self, a: &Val, axis: usize, start: usize, count: usize) -> Val {
        let mut dims = a.ty.dims.clone();
        if start == 0 && dims[axis] == count {
            return a.clone();
        }
        let part = |(k, &n): (usize, &usize)| match k == axis {
            true => format!("{start}:{}", start + count),
            false => format!("0:{n}"),
        };
        let rest = format!(" [{}]", list(dims.iter().enumerate().map(part)));
        dims[axis] = count;
        self.made("slice", a, &rest, Type::new(&dims, a.ty.kind))
    }

    pub(super) fn pad(&mut self, a: &Val, axis: usize, before: usize, after: usize) -> Val {
        let zero = self.zeros(&Type::new(&[], a.ty.kind));
        let mut dims = a.ty.dims.clone();
        dims[axis] += before + after;
        let at = |n: usize| list((0..a.rank()).map(|k| if k == axis { n } else { 0 }));
        let (low, high, interior) = (at(before), at(after), list(a.ty.dims.iter().map(|_| 0)));
        let ty = Type::new(&dims, a.ty.kind);
        let types = format!("({}, {}) -> {}", self.t(&a.ty), self.t(&zero.ty), self.t(&ty));
        let op = format!(
            "stablehlo.pad {}, {}, low = [{low}], high = [{high}], interior = [{interior}] : {types}",
            a.name, zero.name
        );
        self.line(ty, op)
    }

    pub(super) fn concatenate(&mut self, parts: &[Val], axis: usize) -> Val {
        let [first, ..] = parts else { return self.number(0.0, &[0]) };
        if parts.len() == 1 {
            return first.clone();
        }
        let mut ty = first.ty.clone();
        ty.dims[axis] = parts.iter().map(|p| p.ty.dims[axis]).sum();
        let types = format!("({}) -> {}", list(parts.iter().map(|p| self.t(&p.ty))), self.t(&ty));
        let names = list(parts.iter().map(|p| &p.name));
        let op = format!("stablehlo.concatenate {names}, dim = {axis} : {types}");
        self.line(ty, op)
    }

    /// Entries along axes made into one, beginning with `init`.
    pub(super) fn reduce(&mut self, op: &str, a: &Val, axes: &[usize], init: f64) -> Val {
        let init = match a.ty.kind {
            Kind::Whole => self.whole(init as i64, &[]),
            Kind::Number => self.number(init, &[]),
            Kind::Truth => self.zeros(&Type::new(&[], Kind::Truth)),
        };
        let kept = a.ty.dims.iter().enumerate().filter(|(k, _)| !axes.contains(k));
        let dims: Vec<usize> = kept.map(|(_, &n)| n).collect();
        if a.ty.is_empty() || axes.is_empty() {
            return if axes.is_empty() { a.clone() } else { self.spread(&init, &dims) };
        }
        let ty = Type::new(&dims, a.ty.kind);
        let types = format!("({}, {}) -> {}", self.t(&a.ty), self.t(&init.ty), self.t(&ty));
        let op = format!(
            "stablehlo.reduce({} init: {}) applies stablehlo.{op} across dimensions = [{}] : {types}",
            a.name,
            init.name,
            list(axes)
        );
        self.line(ty, op)
    }

    /// Whether all hold along axes.
    pub(super) fn every(&mut self, a: &Val, axes: &[usize]) -> Val {
        let not = self.plain("not", &[a]);
        let any = self.reduce("or", &not, axes, 0.0);
        self.plain("not", &[&any])
    }

    /// Σ over the contracting axes of products; the axes of the result are the batching ones, then those left of
    /// either.
    pub(super) fn dot(
        &mut self,
        (a, b): (&Val, &Val),
        batch: (&[usize], &[usize]),
        summed: (&[usize], &[usize]),
    ) -> Val {
        let left = |v: &Val, batch: &[usize], summed: &[usize]| -> Vec<usize> {
            let kept = v.ty.dims.iter().enumerate();
            kept.filter(|(k, _)| !batch.contains(k) && !summed.contains(k)).map(|(_, &n)| n).collect()
        };
        let mut dims: Vec<usize> = batch.0.iter().map(|&k| a.ty.dims[k]).collect();
        dims.extend(left(a, batch.0, summed.0));
        dims.extend(left(b, batch.1, summed.1));
        let ty = Type::new(&dims, Kind::Number);
        if a.ty.is_empty() || b.ty.is_empty() {
            return self.zeros(&ty);
        }
        let mut how = String::new();
        if !batch.0.is_empty() {
            let _ = write!(how, ", batching_dims = [{}] x [{}]", list(batch.0), list(batch.1));
        }
        let _ = write!(how, ", contracting_dims = [{}] x [{}]", list(summed.0), list(summed.1));
        // Some devices multiply numbers of single precision with fewer digits, unless told not to.
        if self.module.precision == Precision::F32 {
            how += ", precision = [HIGHEST, HIGHEST]";
        }
        let types = format!("({}, {}) -> {}", self.t(&a.ty), self.t(&b.ty), self.t(&ty));
        let op = format!("stablehlo.dot_general {}, {}{how} : {types}", a.name, b.name);
        self.line(ty, op)
    }

    /// Along an axis the entries at places, whose axes stand there instead.
    pub(super) fn take(&mut self, a: &Val, axis: usize, places: &Val) -> Val {
        let more = places.rank();
        let mut dims = a.ty.dims.clone();
        dims.splice(axis..=axis, places.ty.dims.iter().copied());
        let ty = Type::new(&dims, a.ty.kind);
        if ty.is_empty() || a.ty.is_empty() {
            return self.zeros(&ty);
        }
        let offsets: Vec<usize> = (0..dims.len()).filter(|k| *k < axis || *k >= axis + more).collect();
        let sizes = a.ty.dims.iter().enumerate().map(|(k, &n)| if k == axis { 1 } else { n });
        let numbers = format!(
            "offset_dims = [{}], collapsed_slice_dims = [{axis}], start_index_map = [{axis}], index_vector_dim = {more}",
            list(offsets)
        );
        let sizes = list(sizes);
        self.gather_op(a, places, &numbers, &sizes, ty)
    }

    fn gather_op(&mut self, a: &Val, places: &Val, numbers: &str, sizes: &str, ty: Type) -> Val {
        let types = format!("({}, {}) -> {}", self.t(&a.ty), self.t(&places.ty), self.t(&ty));
        let op = format!(
            "\"stablehlo.gather\"({}, {}) <{{dimension_numbers = #stablehlo.gather<{numbers}>, slice_sizes = \
             array<i64: {sizes}>, indices_are_sorted = false}}> : {types}",
            a.name, places.name
        );
        self.line(ty, op)
    }

    /// Places along one more axis, the last, of all axes that they are places of.
    fn stacked(&mut self, places: &[Val], dims: &[usize]) -> Val {
        let mut deep = dims.to_vec();
        deep.push(1);
        let mut parts = Vec::new();
        for place in places {
            let place = self.spread(place, dims);
            parts.push(self.reshape(&place, &deep));
        }
        self.concatenate(&parts, dims.len())
    }

    /// The entries at places, one array of places for each axis.
    pub(super) fn gather(&mut self, a: &Val, places: &[Val], dims: &[usize]) -> Val {
        let ty = Type::new(dims, a.ty.kind);
        if ty.is_empty() || a.ty.is_empty() {
            return self.zeros(&ty);
        }
        let places = self.stacked(places, dims);
        let axes = list(0..a.rank());
        let numbers = format!(
            "collapsed_slice_dims = [{axes}], start_index_map = [{axes}], index_vector_dim = {}",
            dims.len()
        );
        let sizes = list(a.ty.dims.iter().map(|_| 1));
        self.gather_op(a, &places, &numbers, &sizes, ty)
    }

    /// Zeros to which entries are added at places, one array of places for each of `axes`; along the others, which are the
    /// last of the entries, all of them.
    pub(super) fn scatter_add(
        &mut self,
        updates: &Val,
        places: &[Val],
        axes: &[usize],
        dims: &[usize],
    ) -> Val {
        let ty = Type::new(dims, Kind::Number);
        let zeros = self.zeros(&ty);
        if ty.is_empty() || updates.ty.is_empty() {
            return zeros;
        }
        let count = updates.rank() + axes.len() - dims.len();
        let places = self.stacked(places, &updates.ty.dims[..count]);
        let windows = match updates.rank() - count {
            0 => String::new(),
            _ => format!("update_window_dims = [{}], ", list(count..updates.rank())),
        };
        let axes = list(axes);
        let numbers = format!(
            "{windows}inserted_window_dims = [{axes}], scatter_dims_to_operand_dims = [{axes}], index_vector_dim = {count}"
        );
        let scalar = self.t(&Type::new(&[], Kind::Number));
        let types =
            format!("({}, {}, {}) -> {}", self.t(&ty), self.t(&places.ty), self.t(&updates.ty), self.t(&ty));
        let space = " ".repeat(2 * self.indent);
        let op = format!(
            "\"stablehlo.scatter\"({}, {}, {}) <{{scatter_dimension_numbers = #stablehlo.scatter<{numbers}>, \
             indices_are_sorted = false, unique_indices = false}}> ({{\n{space}^bb0(%.x: {scalar}, %.y: \
             {scalar}):\n{space}  %.sum = stablehlo.add %.x, %.y : {scalar}\n{space}  stablehlo.return %.sum : \
             {scalar}\n{space}}}) : {types}",
            zeros.name, places.name, updates.name
        );
        self.line(ty, op)
    }

    pub(super) fn call(&mut self, function: &str, args: &[Val], ty: Type) -> Val {
        let types = list(args.iter().map(|a| self.t(&a.ty)));
        let names = list(args.iter().map(|a| &a.name));
        let op = format!("call @{function}({names}) : ({types}) -> {}", self.t(&ty));
        self.line(ty, op)
    }

    /// A call of a function of several results.
    pub(super) fn call_many(&mut self, function: &str, args: &[Val], types: &[Type]) -> Vec<Val> {
        let from = list(args.iter().map(|a| self.t(&a.ty)));
        let names = list(args.iter().map(|a| &a.name));
        let to = list(types.iter().map(|ty| self.t(ty)));
        let op = format!("call @{function}({names}) : ({from}) -> ({to})");
        let name = match self.known.get(&op) {
            Some(known) => known.clone(),
            None => {
                let name = format!("%{}", self.next);
                self.next += 1;
                self.raw(&format!("{name}:{} = {op}", types.len()));
                self.known.insert(op, name.clone());
                name
            }
        };
        let each = types.iter().enumerate();
        each.map(|(k, ty)| Val { name: format!("{name}#{k}"), ty: ty.clone() }).collect()
    }

    /// The same entries' bits as another kind.
    pub(super) fn bits(&mut self, a: &Val, kind: Kind) -> Val {
        self.made("bitcast_convert", a, "", Type::new(&a.ty.dims, kind))
    }

    /// `count` times `step`: of the number of the turn and the values so far, the next ones.
    pub(super) fn repeat(
        &mut self,
        count: usize,
        start: &[Val],
        step: impl FnOnce(&mut Self, &Val, &[Val]) -> Vec<Val>,
    ) -> Vec<Val> {
        let zero = self.whole(0, &[]);
        let turn = Val { name: self.fresh("turn"), ty: zero.ty.clone() };
        let mut inner = Vec::new();
        for val in start {
            inner.push(Val { name: self.fresh("state"), ty: val.ty.clone() });
        }
        let bound = inner.iter().zip(start).map(|(to, from)| format!("{} = {}", to.name, from.name));
        let bound = list(std::iter::once(format!("{} = {}", turn.name, zero.name)).chain(bound));
        let types = list(std::iter::once(&turn).chain(&inner).map(|val| self.t(&val.ty)));
        let name = format!("%{}", self.next);
        self.next += 1;
        self.raw(&format!("{name}:{} = stablehlo.while({bound}) : {types}", start.len() + 1));
        self.raw("cond {");
        // What is known outside is not named inside: a body has no operands but its own.
        let outside = std::mem::take(&mut self.known);
        self.indent += 1;
        let end = self.whole(i64::try_from(count).unwrap_or(i64::MAX), &[]);
        let goes_on = self.compare("LT", &turn, &end);
        self.raw(&format!("stablehlo.return {} : {}", goes_on.name, self.t(&goes_on.ty)));
        self.indent -= 1;
        self.raw("} do {");
        self.known.clear();
        self.indent += 1;
        let next = step(self, &turn, &inner);
        let one = self.whole(1, &[]);
        let later = self.plain("add", &[&turn, &one]);
        let names = list(std::iter::once(&later).chain(&next).map(|val| &val.name));
        self.raw(&format!("stablehlo.return {names} : {types}"));
        self.indent -= 1;
        self.raw("}");
        self.known = outside;
        let each = start.iter().enumerate();
        each.map(|(k, val)| Val { name: format!("{name}#{}", k + 1), ty: val.ty.clone() }).collect()
    }

    /// A function of arguments of these types, written once: its name. `make` gives its results.
    pub(super) fn function(
        &mut self,
        name: &str,
        types: &[Type],
        make: impl FnOnce(&mut Lines<'_>, &[Val]) -> Vec<Val>,
    ) -> String {
        if self.module.is_new(name) {
            let mut lines = Lines::new(self.module);
            let mut args = Vec::new();
            for ty in types {
                args.push(Val { name: lines.fresh("a"), ty: ty.clone() });
            }
            let results = make(&mut lines, &args);
            let signature = list(args.iter().map(|a| format!("{}: {}", a.name, lines.t(&a.ty))));
            let types = list(results.iter().map(|r| lines.t(&r.ty)));
            let names = list(results.iter().map(|r| &r.name));
            let body = std::mem::take(&mut lines.text);
            self.module.private.push(format!(
                "  func.func private @{name}({signature}) -> ({types}) {{\n{body}    return {names} : {types}\n  }}\n"
            ));
        }
        name.to_owned()
    }
}
