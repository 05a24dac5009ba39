//! Which names nothing declares: hyper-parameters of a cost, variables of an objective.

use super::texts::Texts;
use gradsmith_compiler::catalog;
use gradsmith_compiler::lower::cost::supplied;
use gradsmith_compiler::ops;
use gradsmith_compiler::source::SourceId;
use gradsmith_compiler::suggest::did_you_mean;
use gradsmith_compiler::syntax::ast::{
    Arg, Declaration, Definition, Expr, ExprKind, Param, Program, Subscript,
};
use gradsmith_compiler::syntax::parse;

/// The names of a cost that nothing declares or defines and that are no misspelling of something known: hyper-parameters,
/// then. In the order met; a text that does not parse has none.
pub(super) fn of_cost(expr: &str, defines: &[String], tensors: &[Declaration]) -> Vec<String> {
    let Ok(program) = parse::program(expr, SourceId::Expression) else { return Vec::new() };
    let definitions = definitions(defines);
    let mut known: Vec<&str> = vec!["k", "pi", "eye"];
    known.extend(tensors.iter().map(|d| d.name.name.as_str()));
    known.extend(catalog::all().iter().map(|e| e.name()));
    known.extend(definitions.iter().map(|d| d.name.name.as_str()));
    let mut free = Free { known, supplies: true, found: Vec::new() };
    free.program(&program, &[]);
    free.definitions(&definitions);
    free.found
}

/// The names that an objective's texts speak of and do not define, in the order met; those of a text that does not parse
/// are left out.
pub(crate) fn of_objective(texts: &Texts) -> Vec<String> {
    let definitions = definitions(&texts.defines);
    let program = parse::program(&texts.expr, SourceId::Expression).ok();
    let mut known: Vec<&str> = vec!["pi", "eye"];
    known.extend(definitions.iter().map(|d| d.name.name.as_str()));
    let mut free = Free { known, supplies: false, found: Vec::new() };
    // What the formula calls its parts, constraints may speak of.
    let mut locals: Vec<&str> = Vec::new();
    if let Some(program) = &program {
        free.program(program, &[]);
        locals.extend(program.locals.iter().map(|d| d.name.name.as_str()));
    }
    free.definitions(&definitions);
    let restrictions = std::iter::once(&texts.bounds).chain(&texts.constraints);
    for text in restrictions.filter(|text| !text.trim().is_empty()) {
        for relation in parse::relations(text, SourceId::Bounds).unwrap_or_default() {
            free.expr(&relation.lhs, &locals);
            free.expr(&relation.rhs, &locals);
        }
    }
    free.found
}

fn definitions(texts: &[String]) -> Vec<Definition> {
    let parsed =
        texts.iter().enumerate().map(|(n, text)| parse::definition(text, SourceId::Define(n as u32)));
    parsed.filter_map(Result::ok).collect()
}

struct Free<'a> {
    known: Vec<&'a str>,
    /// Whether it is a cost, which supplies some names itself.
    supplies: bool,
    found: Vec<String>,
}

impl Free<'_> {
    fn definitions(&mut self, definitions: &[Definition]) {
        for d in definitions {
            let params: Vec<&str> = d.params.iter().map(|p: &Param| p.name.name.as_str()).collect();
            for default in d.params.iter().filter_map(|p| p.default.as_ref()) {
                self.expr(default, &params);
            }
            self.program(&d.body, &params);
        }
    }

    fn program(&mut self, program: &Program, bound: &[&str]) {
        let mut bound = bound.to_vec();
        for local in &program.locals {
            self.expr(&local.value, &bound);
            bound.push(&local.name.name);
        }
        self.expr(&program.result, &bound);
    }

    fn expr(&mut self, expr: &Expr, bound: &[&str]) {
        match &expr.kind {
            ExprKind::Number(_) => {}
            ExprKind::Name(name) => self.name(name, bound),
            ExprKind::Negate(x) | ExprKind::Transpose(x) => self.expr(x, bound),
            ExprKind::Chain(first, rest) => {
                self.expr(first, bound);
                rest.iter().for_each(|link| self.expr(&link.operand, bound));
            }
            ExprKind::Power(p) => {
                self.expr(&p.base, bound);
                self.expr(&p.exponent, bound);
            }
            ExprKind::Call(call) => call.args.iter().for_each(|arg: &Arg| self.expr(&arg.value, bound)),
            ExprKind::Compare(c) => {
                self.expr(&c.lhs, bound);
                self.expr(&c.rhs, bound);
            }
            ExprKind::Subscripted(x) => {
                self.expr(&x.base, bound);
                x.subscripts.iter().flat_map(Subscript::exprs).for_each(|e| self.expr(e, bound));
            }
            ExprKind::Binder(binder) => {
                binder.range_ends().for_each(|end| self.expr(end, bound));
                let mut bound = bound.to_vec();
                bound.extend(binder.indices.iter().map(|index| index.name.name.as_str()));
                self.expr(&binder.body, &bound);
            }
            ExprKind::Block(rows) => rows.iter().flatten().for_each(|entry| self.expr(entry, bound)),
        }
    }

    fn name(&mut self, name: &str, bound: &[&str]) {
        let taken =
            self.known.contains(&name) || bound.contains(&name) || self.found.iter().any(|f| f == name);
        let function = ops::element(name).is_some();
        let long = self.known.iter().copied().filter(|k| k.len() > 2);
        // A short name is near to anything: `n`, `mu` are no misspellings.
        let misspelt = name.len() > 2 && did_you_mean(name, long).is_some();
        if !(taken || (self.supplies && supplied(name).is_some()) || function || misspelt) {
            self.found.push(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Texts, of_cost, of_objective};
    use gradsmith_compiler::source::SourceId;
    use gradsmith_compiler::syntax::parse;

    #[test]
    fn what_nothing_defines_is_a_hyper_parameter() {
        assert_eq!(of_cost("quadratic + l2(lambda / n)", &[], &[]), ["lambda", "n"]);
        assert_eq!(of_cost("quadratc + l2(λ)", &[], &[]), ["lambda"]);
        assert_eq!(of_cost("r = a - y; sum(r.^2) * c", &[], &[]), ["c"]);
        let define = ["scaled(d) = d * s * sum(abs(a - y))".to_owned()];
        assert_eq!(of_cost("scaled(2) + l1(mu, w1)", &define, &[]), ["mu", "s"]);
        assert!(of_cost("quadratic +", &[], &[]).is_empty());
        let tensors = parse::declarations("V: 2 x 3", SourceId::Declarations).unwrap_or_default();
        assert_eq!(of_cost("l2(mu, V) + sum(b) + sum(x)", &[], &tensors), ["mu"]);
    }

    #[test]
    fn an_index_is_no_hyper_parameter() {
        let found = |text| of_cost(text, &[], &[]);
        assert_eq!(found("sum[i](c*(a[i] - y[i])^2) + s*a[r]"), ["c", "s", "r"]);
        assert_eq!(found("max[i in 0..q, j in 1..=2](a[i + j])*i"), ["q", "i"]);
        assert_eq!(found("sum([p, a']) + [v; y][0]"), ["p", "v"]);
    }

    #[test]
    fn an_objective_speaks_of_names_in_all_its_texts() {
        let texts = Texts {
            expr: "r = X*w - y; sum(tail(r))".to_owned(),
            defines: vec!["tail(v) = c*v.^2".to_owned()],
            bounds: "l <= w <= 1".to_owned(),
            constraints: vec!["sum(w) == s, norm2(r) <= 2".to_owned(), "nonsense(".to_owned()],
            ..Texts::default()
        };
        assert_eq!(of_objective(&texts), ["X", "w", "y", "c", "l", "s"]);
    }
}
