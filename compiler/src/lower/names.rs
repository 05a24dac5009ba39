//! What a name stands for, and calls of definitions.

use super::errors::article;
use super::limits::{CALL_DEPTH, MAX_FRAMES};
use super::{Binding, Frame, Kind, Lowered, Lowerer, Reported, Target, Value};
use crate::catalog;
use crate::diag::{Diagnostic, ErrorKind};
use crate::ir::{Extent, Number, Tensor};
use crate::ops;
use crate::source::{Place, SourceId};
use crate::syntax::ast::{Arg, Call, Definition, Expr, ExprKind, Program, Subscript};

/// What a name stands for.
pub(super) enum Meaning<'a> {
    /// A local or a parameter: frame and position.
    Bound(usize, usize),
    /// A declared name, or what `w` and `b` stand for.
    Variable(String),
    /// A definition without its arguments.
    Definition(&'a Definition),
    Pi,
    Eye,
    Outputs,
    /// An index that is open, by its place among the ranges.
    Index(usize),
    /// An extent that a declaration names.
    Symbol(Extent),
    /// `w` or `b` where there is no such tensor.
    NoTensor,
    /// A local that comes later, or is being defined.
    NotYet,
    Function,
    Unknown,
}

/// What an expression depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mentions {
    /// Something that differs from example to example.
    pub(super) data: bool,
    /// The generic weight.
    pub(super) weights: bool,
    /// The generic bias.
    pub(super) biases: bool,
    /// One tensor by name.
    pub(super) tensor: bool,
}

impl Mentions {
    fn or(self, other: Self) -> Self {
        Self {
            data: self.data || other.data,
            weights: self.weights || other.weights,
            biases: self.biases || other.biases,
            tensor: self.tensor || other.tensor,
        }
    }

    /// Whether it is a constant of the training.
    pub(super) fn nothing(self) -> bool {
        self == Self::default()
    }
}

impl<'a> Lowerer<'a> {
    pub(super) fn meaning(&self, name: &str, frame: usize) -> Meaning<'a> {
        if let Some(k) = self.open_index(name, frame) {
            return Meaning::Index(k);
        }
        let f = &self.frames[frame];
        if let Some(k) = f.bindings.iter().rposition(|(n, _)| n == name) {
            return if k < f.visible { Meaning::Bound(frame, k) } else { Meaning::NotYet };
        }
        // The catalog sees what the cost supplies, and nothing of the user's.
        let in_catalog = f.source == SourceId::Catalog;
        if self.is_cost && self.named_tensor(name, frame) {
            return Meaning::Variable(name.to_owned());
        }
        if self.is_cost && (name == "w" || name == "b") {
            let target = if name == "b" { &Target::Biases } else { &f.target };
            let tensor = match target {
                Target::Weights => self.instance.0.clone(),
                Target::Biases => self.instance.1.clone(),
                Target::Tensor(t) => Some(t.clone()),
            };
            return tensor.map_or(Meaning::NoTensor, Meaning::Variable);
        }
        let supplied = matches!(name, "a" | "y" | "z");
        if self.variables.contains_key(name) && (!in_catalog || supplied) {
            return Meaning::Variable(name.to_owned());
        }
        match name {
            "pi" => return Meaning::Pi,
            "eye" => return Meaning::Eye,
            "k" if self.is_cost => return Meaning::Outputs,
            _ => {}
        }
        if let Some(extent) = self.symbol(name, frame) {
            return Meaning::Symbol(extent);
        }
        match self.definition(name) {
            Some((d, _)) => Meaning::Definition(d),
            None if self.is_function(name) => Meaning::Function,
            None => Meaning::Unknown,
        }
    }

    /// Whether the name is that of a tensor which is itself called `w` or `b`: in a network's cost, that is
    /// the one meant.
    fn named_tensor(&self, name: &str, frame: usize) -> bool {
        let f = &self.frames[frame];
        let own = f.source == SourceId::Expression && f.expanding.is_empty();
        let tensor = |v: &super::Variable| v.role != super::Role::Plain;
        (name == "w" || name == "b") && self.is_network && own && self.variables.get(name).is_some_and(tensor)
    }

    /// The user's or the catalog's definition of this name; losses and penalties only in a cost.
    pub(super) fn definition(&self, name: &str) -> Option<(&'a Definition, SourceId)> {
        if let Some((d, source)) = self.defines.get(name) {
            return Some((d, *source));
        }
        let entry = catalog::find(name)?;
        (self.is_cost || entry.kind.is_function()).then_some((&entry.definition, SourceId::Catalog))
    }

    /// Lowers a name.
    pub(super) fn name(&mut self, expr: &'a Expr, name: &str, frame: usize) -> Lowered {
        let place = self.place(frame, expr.span);
        match self.meaning(name, frame) {
            Meaning::Bound(frame, k) => {
                let value = self.bound(frame, k)?;
                Ok(self.fresh(&value))
            }
            Meaning::Variable(name) => {
                if self.variables[&name].whole && !self.naming {
                    let message =
                        format!("`{name}` holds whole numbers, which are subscripts and nothing else");
                    let help = format!(
                        "name an entry with it, `x[{name}[k]]`, or hold the numbers in a field of the cost's type"
                    );
                    let kind = ErrorKind::NotAnIndex;
                    return Err(self.report(Diagnostic::new(kind, place, message).with_help(help)));
                }
                let value = self.variables[&name].value.clone();
                Ok(self.fresh(&value))
            }
            Meaning::Definition(definition) => {
                let callee = self.call_frame(expr, definition, &[], place, frame)?;
                if !definition.params.is_empty()
                    || self.frames[callee].blame.is_some()
                    || self.quiet
                    || self.naming
                {
                    return self.body(definition, callee);
                }
                self.constant_definition(definition, callee)
            }
            Meaning::Pi => {
                let pi = self.graph.pi();
                Ok(Value { tensor: Tensor::new(pi, Vec::new()), kind: Kind::Scalar, place })
            }
            Meaning::Eye => {
                let extent = self.graph.extents.unknown();
                self.unsized_places.push((extent, place, "eye".to_owned()));
                let (i, j) = (self.graph.extents.index(extent), self.graph.extents.index(extent));
                let delta = self.graph.delta(extent);
                Ok(Value { tensor: Tensor::new(delta, vec![i, j]), kind: Kind::Matrix(i, j), place })
            }
            Meaning::Outputs => {
                let node = match self.outputs {
                    Some(extent) => self.graph.extent_value(extent),
                    None => self.graph.number(Number::ONE),
                };
                Ok(Value { tensor: Tensor::new(node, Vec::new()), kind: Kind::Scalar, place })
            }
            Meaning::NoTensor => {
                let tensor = self.graph.constant(Number::ZERO);
                Ok(Value { tensor, kind: Kind::Scalar, place })
            }
            Meaning::NotYet => {
                let message = format!("`{name}` is used before it is defined");
                let help = "a definition may use only the names above it, never its own";
                let kind = ErrorKind::RecursiveDefinition;
                Err(self.report(Diagnostic::new(kind, place, message).with_help(help)))
            }
            Meaning::Function => {
                let message = format!("`{name}` is a function and needs arguments");
                let help = format!("write `{name}(...)`");
                let kind = ErrorKind::FunctionWithoutArguments;
                Err(self.report(Diagnostic::new(kind, place, message).with_help(help)))
            }
            Meaning::Index(k) => Ok(self.index_value(k, place)),
            Meaning::Symbol(extent) => {
                let tensor = Tensor::new(self.graph.extent_value(extent), Vec::new());
                Ok(Value { tensor, kind: Kind::Scalar, place })
            }
            Meaning::Unknown => Err(self.unknown(name, place, frame, "name")),
        }
    }

    /// A definition without parameters is one value, as a local is, and called so; but where it speaks of the
    /// tensors that are penalised, it is one for each of these.
    fn constant_definition(&mut self, definition: &'a Definition, callee: usize) -> Lowered {
        let mentions = self.mentions(&definition.body.result, callee);
        if mentions.weights || mentions.biases || mentions.tensor {
            return self.body(definition, callee);
        }
        let name = &definition.name.name;
        if let Some(known) = self.constants.get(name).cloned() {
            return known.map(|value| self.fresh(&value));
        }
        let value = self.body(definition, callee);
        if let Ok(value) = &value {
            self.name_value(value.tensor.node, name);
        }
        self.constants.insert(name.clone(), value.clone());
        value
    }

    /// Lowers the body of a definition in the frame of its call.
    pub(super) fn body(&mut self, definition: &'a Definition, callee: usize) -> Lowered {
        self.expr(&definition.body.result, callee)
    }

    /// The frame of a call: its arguments and the definition's locals bound. One frame per call, however
    /// often it is looked at; a call that is wrong is reported once.
    pub(super) fn call_frame(
        &mut self,
        expr: &'a Expr,
        definition: &'a Definition,
        args: &'a [Arg],
        place: Place,
        frame: usize,
    ) -> Result<usize, Reported> {
        let key = (std::ptr::from_ref(expr) as usize, frame);
        if let Some(known) = self.calls.get(&key) {
            return *known;
        }
        let made = self.make_frame(definition, args, place, frame);
        if !self.quiet {
            self.calls.insert(key, made);
        }
        made
    }

    fn make_frame(
        &mut self,
        definition: &'a Definition,
        args: &'a [Arg],
        place: Place,
        frame: usize,
    ) -> Result<usize, Reported> {
        let name = &definition.name.name;
        if self.frames.len() >= MAX_FRAMES {
            let message = format!("written out, this is more than {MAX_FRAMES} calls of definitions");
            return Err(self.exhaust(ErrorKind::TooLong, place, message));
        }
        let caller = &self.frames[frame];
        if caller.expanding.contains(name) || caller.expanding.len() >= CALL_DEPTH {
            let message = format!("`{name}` is defined by itself");
            let help = "a definition is expanded where it is used, so it cannot call itself, directly or through another";
            let kind = ErrorKind::RecursiveDefinition;
            return Err(self.report(Diagnostic::new(kind, place, message).with_help(help)));
        }
        let mut expanding = caller.expanding.clone();
        expanding.push(name.clone());
        let (visible, mut target) = (caller.visible, caller.target.clone());
        let source = self.definition(name).map_or(SourceId::Catalog, |(_, s)| s);
        let blame = match (source, self.frames[frame].blame) {
            (_, Some(outer)) => Some(outer),
            (SourceId::Catalog, None) => Some(place),
            _ => None,
        };
        // A penalty takes one argument more: the tensors it is meant for.
        let params: Vec<&str> = definition.params.iter().map(|p| p.name.name.as_str()).collect();
        let defaults: Vec<bool> = definition.params.iter().map(|p| p.default.is_some()).collect();
        let positional = args.iter().take_while(|a| a.name.is_none()).count();
        let mut own = args;
        if positional > params.len() && self.is_penalty(definition) {
            if let Some(surplus) = args.get(params.len() + 1) {
                let at = self.place(frame, surplus.value.span);
                let takes = super::arguments::counted(params.len());
                let message = format!("`{name}` takes {takes} and what it penalises, not {}", args.len());
                return Err(self.report(Diagnostic::new(ErrorKind::TooManyArguments, at, message)));
            }
            target = self.target(&args[params.len()].value, frame)?;
            own = &args[..params.len()];
        }
        let bound = self.bind_arguments(name, &params, &defaults, own, place, frame)?;
        let callee = self.frames.len();
        let (bindings, indices) = (Vec::new(), Vec::new());
        self.frames.push(Frame { source, blame, bindings, visible: 0, indices, target, expanding });
        for (param, arg) in definition.params.iter().zip(bound) {
            let binding = match (arg, &param.default) {
                (Some(expr), _) => {
                    Binding { expr, frame, visible, indices: self.frames[frame].indices.len() }
                }
                (None, Some(default)) => {
                    let seen = self.frames[callee].bindings.len();
                    Binding { expr: default, frame: callee, visible: seen, indices: 0 }
                }
                (None, None) => continue,
            };
            self.frames[callee].bindings.push((param.name.name.clone(), binding));
        }
        self.frames[callee].visible = self.frames[callee].bindings.len();
        self.bind_locals(callee, &definition.body);
        Ok(callee)
    }

    /// What a penalty's last argument names.
    fn target(&mut self, expr: &'a Expr, frame: usize) -> Result<Target, Reported> {
        let place = self.place(frame, expr.span);
        let tensors: Vec<String> =
            self.order.iter().filter(|n| self.variables[*n].role != super::Role::Plain).cloned().collect();
        if let ExprKind::Name(name) = &expr.kind {
            match name.as_str() {
                _ if self.named_tensor(name, frame) => return Ok(Target::Tensor(name.clone())),
                "w" => return Ok(self.frames[frame].target.clone()),
                "b" => return Ok(Target::Biases),
                _ if tensors.contains(name) => return Ok(Target::Tensor(name.clone())),
                _ => {}
            }
        }
        let text = self.text(place);
        let mut known = vec!["w".to_owned(), "b".to_owned()];
        known.extend(tensors.into_iter().filter(|name| name != "w" && name != "b"));
        let message = format!("`{text}` is no tensor of this cost");
        let help = if known.len() > 2 {
            format!("a penalty's last argument says what it penalises: {}", super::errors::list(&known))
        } else {
            "without a network there are `w`, any weight, and `b`, any bias; a network's cost may name one layer"
                .to_owned()
        };
        Err(self.report(Diagnostic::new(ErrorKind::UnknownName, place, message).with_help(help)))
    }

    /// Whether the definition speaks of the generic `w`.
    pub(super) fn is_penalty(&self, definition: &'a Definition) -> bool {
        fn in_program(l: &Lowerer<'_>, p: &Program, bound: &[&str], seen: &mut Vec<String>) -> bool {
            let mut bound = bound.to_vec();
            for local in &p.locals {
                if in_expr(l, &local.value, &bound, seen) {
                    return true;
                }
                bound.push(&local.name.name);
            }
            in_expr(l, &p.result, &bound, seen)
        }
        fn called(l: &Lowerer<'_>, name: &str, seen: &mut Vec<String>) -> bool {
            if seen.iter().any(|s| s == name) {
                return false;
            }
            seen.push(name.to_owned());
            let Some((d, _)) = l.definition(name) else { return false };
            let params: Vec<&str> = d.params.iter().map(|p| p.name.name.as_str()).collect();
            in_program(l, &d.body, &params, seen)
        }
        fn in_expr(l: &Lowerer<'_>, e: &Expr, bound: &[&str], seen: &mut Vec<String>) -> bool {
            match &e.kind {
                ExprKind::Number(_) => false,
                ExprKind::Name(n) => !bound.contains(&n.as_str()) && (n == "w" || called(l, n, seen)),
                ExprKind::Negate(x) | ExprKind::Transpose(x) => in_expr(l, x, bound, seen),
                ExprKind::Chain(x, rest) => {
                    in_expr(l, x, bound, seen) || rest.iter().any(|r| in_expr(l, &r.operand, bound, seen))
                }
                ExprKind::Power(p) => {
                    in_expr(l, &p.base, bound, seen) || in_expr(l, &p.exponent, bound, seen)
                }
                ExprKind::Compare(c) => in_expr(l, &c.lhs, bound, seen) || in_expr(l, &c.rhs, bound, seen),
                ExprKind::Call(c) => {
                    c.args.iter().any(|a| in_expr(l, &a.value, bound, seen))
                        || called(l, &c.function.name, seen)
                }
                ExprKind::Subscripted(x) => {
                    in_expr(l, &x.base, bound, seen)
                        || x.subscripts.iter().flat_map(Subscript::exprs).any(|e| in_expr(l, e, bound, seen))
                }
                // An index hides nothing, so what is called `w` in there is the weights.
                ExprKind::Binder(b) => {
                    in_expr(l, &b.body, bound, seen) || b.range_ends().any(|e| in_expr(l, e, bound, seen))
                }
                ExprKind::Block(rows) => rows.iter().flatten().any(|e| in_expr(l, e, bound, seen)),
            }
        }
        self.is_cost && called(self, &definition.name.name, &mut Vec::new())
    }

    /// What an expression depends on, through locals, arguments and definitions.
    pub(super) fn mentions(&mut self, expr: &'a Expr, frame: usize) -> Mentions {
        if self.check_depth(self.place(frame, expr.span)).is_err() {
            return Mentions::default();
        }
        self.depth += 1;
        let mentions = match &expr.kind {
            ExprKind::Number(_) => Mentions::default(),
            ExprKind::Name(name) => self.name_mentions(expr, name, frame),
            ExprKind::Negate(x) | ExprKind::Transpose(x) => self.mentions(x, frame),
            ExprKind::Chain(first, rest) => {
                let first = self.mentions(first, frame);
                rest.iter().fold(first, |m, link| m.or(self.mentions(&link.operand, frame)))
            }
            ExprKind::Power(p) => self.mentions(&p.base, frame).or(self.mentions(&p.exponent, frame)),
            ExprKind::Compare(c) => self.mentions(&c.lhs, frame).or(self.mentions(&c.rhs, frame)),
            ExprKind::Call(call) => self.call_mentions(expr, call, frame),
            ExprKind::Subscripted(x) => {
                let base = self.mentions(&x.base, frame);
                let subscripts = x.subscripts.iter().flat_map(Subscript::exprs);
                subscripts.fold(base, |m, e| m.or(self.mentions(e, frame)))
            }
            ExprKind::Binder(b) => {
                let body = self.mentions(&b.body, frame);
                b.range_ends().fold(body, |m, e| m.or(self.mentions(e, frame)))
            }
            ExprKind::Block(rows) => {
                let entries = rows.iter().flatten();
                entries.fold(Mentions::default(), |m, e| m.or(self.mentions(e, frame)))
            }
        };
        self.depth -= 1;
        mentions
    }

    fn name_mentions(&mut self, expr: &'a Expr, name: &str, frame: usize) -> Mentions {
        if self.is_cost && self.named_tensor(name, frame) && !self.is_bound(name, frame) {
            return Mentions { tensor: true, ..Mentions::default() };
        }
        if self.is_cost && (name == "w" || name == "b") && !self.is_bound(name, frame) {
            let target = if name == "b" { &Target::Biases } else { &self.frames[frame].target };
            return match target {
                Target::Weights => Mentions { weights: true, ..Mentions::default() },
                Target::Biases => Mentions { biases: true, ..Mentions::default() },
                Target::Tensor(_) => Mentions { tensor: true, ..Mentions::default() },
            };
        }
        match self.meaning(name, frame) {
            Meaning::Bound(frame, k) => {
                if let Some(known) = self.mentioned.get(&(frame, k)) {
                    return *known;
                }
                let binding = self.frames[frame].bindings[k].1;
                let seen = std::mem::replace(&mut self.frames[binding.frame].visible, binding.visible);
                let m = self.mentions(binding.expr, binding.frame);
                self.frames[binding.frame].visible = seen;
                self.mentioned.insert((frame, k), m);
                m
            }
            Meaning::Variable(name) => {
                let v = &self.variables[&name];
                Mentions { data: v.batched, tensor: v.role != super::Role::Plain, ..Mentions::default() }
            }
            Meaning::Definition(d) => self.definition_mentions(expr, d, &[], frame),
            _ => Mentions::default(),
        }
    }

    fn is_bound(&self, name: &str, frame: usize) -> bool {
        self.frames[frame].bindings.iter().any(|(n, _)| n == name)
    }

    fn call_mentions(&mut self, expr: &'a Expr, call: &'a Call, frame: usize) -> Mentions {
        match self.definition(&call.function.name) {
            Some((d, _)) => self.definition_mentions(expr, d, &call.args, frame),
            None => call.args.iter().fold(Mentions::default(), |m, a| m.or(self.mentions(&a.value, frame))),
        }
    }

    fn definition_mentions(
        &mut self,
        expr: &'a Expr,
        d: &'a Definition,
        args: &'a [Arg],
        frame: usize,
    ) -> Mentions {
        let place = self.place(frame, expr.span);
        match self.call_frame(expr, d, args, place, frame) {
            Ok(callee) => self.mentions(&d.body.result, callee),
            Err(Reported) => Mentions::default(),
        }
    }

    fn is_function(&self, name: &str) -> bool {
        ops::element(name).is_some_and(|f| f.spec().public) || super::call::is_builtin(name)
    }

    /// Reports a name that nothing has.
    pub(super) fn unknown(&mut self, name: &str, place: Place, frame: usize, what: &str) -> Reported {
        let mut candidates: Vec<String> = Vec::new();
        if what == "function" {
            candidates.extend(ops::ALL.iter().filter(|o| o.public).map(|o| o.name.to_owned()));
            candidates.extend(super::call::BUILTINS.iter().map(|(n, ..)| (*n).to_owned()));
        } else {
            let f = &self.frames[frame];
            candidates.extend(f.bindings.iter().take(f.visible).map(|(n, _)| n.clone()));
            candidates.extend(self.order.iter().cloned());
        }
        candidates.extend(self.defines.keys().cloned());
        candidates.extend(
            catalog::all()
                .iter()
                .filter(|e| {
                    let function = e.kind.is_function();
                    if what == "function" { self.is_cost || function } else { self.is_cost && !function }
                })
                .map(|e| e.definition.name.name.clone()),
        );
        let shown = super::errors::shortened(name);
        let message = format!("unknown {what} `{shown}`");
        let mut d = Diagnostic::new(ErrorKind::UnknownName, place, message);
        let names = candidates.iter().map(String::as_str);
        let near = if what == "function" {
            crate::suggest::function_meant(name, names)
        } else {
            crate::suggest::did_you_mean(name, names).map(|near| format!("did you mean `{near}`?"))
        };
        if what != "function" && self.ranges.iter().any(|range| range.name == name) {
            d = d.with_help(format!(
                "the index `{name}` of a `sum[{name}](...)` or its like ends with its parentheses"
            ));
        } else if name == "end" && what != "function" {
            d = d.with_help(
                "the last entry of `x` is `x[len(x) - 1]`, and all from the second on are `x[1..]`",
            );
        } else if let Some(near) = near {
            d = d.with_help(near);
        } else if what == "name" {
            let loss = catalog::find(name).is_some() && !self.is_cost;
            let f = &self.frames[frame];
            let mut known: Vec<String> = f.bindings.iter().take(f.visible).map(|(n, _)| n.clone()).collect();
            known.extend(self.order.iter().filter(|n| !known.contains(n)).cloned().collect::<Vec<_>>());
            d = d.with_help(if name == "z" && self.is_cost {
                "pre-activations are a network's: derive `Network`".to_owned()
            } else if matches!(name, "e" | "E") {
                "the number e is `exp(1)`, and e to the power of x is `exp(x)`".to_owned()
            } else if matches!(name, "I" | "Id" | "identity") {
                "the identity is `eye`, of the size that its place asks for".to_owned()
            } else if matches!(name, "inf" | "Inf" | "infinity") {
                "a bound of `clip`, `max` or `min` may be infinite: write `1/0`; nothing else may".to_owned()
            } else if loss {
                format!(
                    "`{shown}` is {} of `#[cost]`; an objective is written out in its variables",
                    article("part")
                )
            } else if known.is_empty() {
                "nothing is declared here".to_owned()
            } else {
                format!("the names here are {}", super::errors::list(&known))
            });
        } else if matches!(name, "eye" | "identity" | "ident") {
            d = d.with_help("write `eye` without arguments: its size is that which its place asks for");
        } else {
            d = d.with_help(
                "`cargo gradsmith catalog` lists the functions; another can be written with `#[define]`",
            );
        }
        self.report(d)
    }
}

#[cfg(test)]
mod tests {
    use crate::diag::Diagnostics;
    use crate::front::{NetworkText, ObjectiveText};
    use crate::ir::{Graph, NodeId};

    /// How many of what the roots are made of are called so.
    fn called(g: &Graph, roots: &[NodeId], name: &str) -> usize {
        g.reachable(roots).into_iter().filter(|&id| g.name(id) == Some(name)).count()
    }

    #[test]
    fn a_definition_without_parameters_is_called_as_a_local_is() -> Result<(), Diagnostics> {
        let text = |expr: &str, defines: &[&str]| ObjectiveText {
            expr: expr.to_owned(),
            defines: defines.iter().map(|d| (*d).to_owned()).collect(),
            declarations: "l: scalar, y: vector".to_owned(),
            ..ObjectiveText::default()
        };
        let (used, kernel) =
            ("dot(y, solve(K, y)) + logdet(K)", "matrix[i, j](exp(-l*(y[i] - y[j])^2)) + eye");
        let defined = text(used, &[&format!("K = {kernel}")]).program()?;
        let local = text(&format!("K = {kernel}; {used}"), &[]).program()?;
        for program in [&defined, &local] {
            assert_eq!(called(&program.graph, &[program.value], "K"), 1);
        }
        let written = |p: &crate::pipeline::ObjectiveProgram| {
            crate::emit::text(&p.graph, p.gradient[0], &crate::emit::View::default())
        };
        assert_eq!(written(&defined), written(&local));
        Ok(())
    }

    /// `q` is one thing for each weight, so a formula that spoke of `q` would speak of any of them.
    #[test]
    fn a_name_of_several_values_is_none() -> Result<(), Diagnostics> {
        let text = NetworkText {
            network: "2 -> 3 tanh -> 1 linear".to_owned(),
            cost: "quadratic + power(2) + flat + share".to_owned(),
            defines: [
                "power(c) = q = sum(w.^2); c*q + q^c",
                "flat = norm2(w)",
                "share = r = mean(y - a); r^2",
            ]
            .map(str::to_owned)
            .to_vec(),
            ..NetworkText::default()
        };
        let program = text.program()?;
        let roots: Vec<NodeId> = program.terms.iter().map(|t| t.node).collect();
        let count = |name: &str| called(&program.graph, &roots, name);
        assert_eq!(["q", "flat", "r"].map(count), [0, 0, 1]);
        Ok(())
    }
}
