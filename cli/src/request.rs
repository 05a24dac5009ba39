//! What `explain` and `expand` are asked about: a cost, a network with its cost, or an objective, put
//! together from the command line.

use crate::Failure;
use clap::ArgMatches;
use gradsmith_compiler::catalog;
use gradsmith_compiler::diag::{Diagnostic, Diagnostics};
use gradsmith_compiler::front::{CostText, NetworkText, ObjectiveText, declaration};
use gradsmith_compiler::lower::Role;
use gradsmith_compiler::lower::cost::supplied;
use gradsmith_compiler::ops;
use gradsmith_compiler::source::{Place, SourceId, Span};
use gradsmith_compiler::suggest::did_you_mean;
use gradsmith_compiler::syntax::ast::{
    Arg, Declaration, DeclaredShape, Definition, Expr, ExprKind, Param, Program, Subscript,
};
use gradsmith_compiler::syntax::parse::{self, canonical_name};

/// What is asked about.
#[derive(Clone, Debug)]
pub enum Request {
    /// A cost of activations and targets.
    Cost(CostText),
    /// A network and its cost.
    Network(NetworkText),
    /// An expression over declared variables.
    Objective(ObjectiveText),
}

impl Request {
    /// Reads the arguments that `explain` and `expand` share.
    ///
    /// # Errors
    /// Declarations that do not parse, options that do not go together.
    pub fn from_matches(matches: &ArgMatches) -> Result<Self, Failure> {
        let all = |id: &str| -> Vec<String> { matches.get_many(id).into_iter().flatten().cloned().collect() };
        let one = |id: &str| -> Option<String> { matches.get_one::<String>(id).cloned() };
        let expr = one("expr").unwrap_or_default();
        let defines = all("define");
        let hyper: Vec<String> = all("hyper").iter().map(|n| canonical_name(n.trim())).collect();
        if let Some(network) = one("network") {
            let inputs = all("inputs").iter().map(|n| canonical_name(n.trim())).collect();
            let declarations = one("declare").unwrap_or_default();
            return Ok(Self::network(expr, network, declarations, inputs, hyper, defines));
        }
        let (vars, wrt) = (all("var"), all("wrt"));
        if !vars.is_empty() || !wrt.is_empty() {
            let mut text = objective(expr, defines, &vars, &wrt, matches.get_flag("residual"))?;
            text.bounds = one("bounds").unwrap_or_default();
            text.constraints = all("st");
            return Ok(Self::Objective(text));
        }
        Self::cost(expr, one("declare"), hyper, defines)
    }

    /// A network and its cost; without `hyper`, what nothing declares is a hyper-parameter.
    #[must_use]
    pub fn network(
        cost: String,
        network: String,
        declarations: String,
        inputs: Vec<String>,
        hyper: Vec<String>,
        defines: Vec<String>,
    ) -> Self {
        // What does not parse is said when it is lowered.
        let tensors = declared(&declarations).unwrap_or_default();
        let hyper = if hyper.is_empty() { free_names(&cost, &defines, &tensors) } else { hyper };
        Self::Network(NetworkText { network, declarations, inputs, hyper, cost, defines })
    }

    /// A cost; its tensors are `w` and `b` where none are declared.
    ///
    /// # Errors
    /// Declarations that do not parse.
    pub fn cost(
        expr: String,
        declarations: Option<String>,
        hyper: Vec<String>,
        defines: Vec<String>,
    ) -> Result<Self, Failure> {
        let tensors = match declarations {
            Some(text) => declared(&text)?,
            None => vec![
                declaration("w", DeclaredShape::Matrix(None)),
                declaration("b", DeclaredShape::Vector(None)),
            ],
        };
        let role = |d: &Declaration| match d.shape {
            DeclaredShape::Matrix(_) | DeclaredShape::Tensor(_) => Role::Weight,
            _ => Role::Bias,
        };
        Ok(Self::Cost(CostText {
            hyper: if hyper.is_empty() { free_names(&expr, &defines, &tensors) } else { hyper },
            expr,
            defines,
            tensors: tensors.into_iter().map(|d| (d.clone(), role(&d))).collect(),
        }))
    }

    /// An objective, of declarations in one text and names or declarations to differentiate by in another.
    ///
    /// # Errors
    /// Declarations that do not parse; nothing to differentiate by.
    pub fn objective(expr: String, variables: &str, wrt: &str) -> Result<Self, Failure> {
        let texts = |text: &str| if text.trim().is_empty() { Vec::new() } else { vec![text.to_owned()] };
        Ok(Self::Objective(objective(expr, Vec::new(), &texts(variables), &texts(wrt), false)?))
    }

    /// What is wrong with the texts, each error under the line it is about.
    #[must_use]
    pub fn refusal(&self, errors: &Diagnostics) -> Failure {
        let (expression, network, declarations, defines) = match self {
            Self::Cost(c) => (&c.expr, "", "", &c.defines),
            Self::Network(n) => (&n.cost, n.network.as_str(), n.declarations.as_str(), &n.defines),
            Self::Objective(o) => (&o.expr, "", "", &o.defines),
        };
        let (bounds, constraints) = match self {
            Self::Objective(o) => (o.bounds.as_str(), &o.constraints[..]),
            _ => ("", &[][..]),
        };
        let text = errors.render(&|source| match source {
            SourceId::Expression => Some(expression.clone()),
            SourceId::Network => Some(network.to_owned()),
            SourceId::Declarations if !declarations.is_empty() => Some(declarations.to_owned()),
            SourceId::Define(n) => defines.get(n as usize).cloned(),
            SourceId::Bounds => Some(bounds.to_owned()),
            SourceId::Constraint(n) => constraints.get(n as usize).cloned(),
            SourceId::Declarations | SourceId::Data | SourceId::Hyper(_) | SourceId::Catalog => None,
        });
        Failure::Input(text)
    }
}

pub(crate) fn declared(text: &str) -> Result<Vec<Declaration>, Failure> {
    parse::declarations(text, SourceId::Declarations).map_err(|e| misread(text, e))
}

fn same_shape(a: &Declaration, b: &Declaration) -> bool {
    (&a.shape, a.symmetric, a.whole) == (&b.shape, b.symmetric, b.whole)
}

fn misread(text: &str, error: Diagnostic) -> Failure {
    Failure::Input(Diagnostics::from(error).render(&|_| Some(text.to_owned())))
}

fn objective(
    expr: String,
    defines: Vec<String>,
    vars: &[String],
    wrt: &[String],
    residual: bool,
) -> Result<ObjectiveText, Failure> {
    let mut variables: Vec<Declaration> = Vec::new();
    for text in vars {
        variables.extend(declared(text)?);
    }
    let mut asked = Vec::new();
    for text in wrt {
        // `w:vector` declares and asks; `w` asks for what `--var` declares.
        let names: Vec<String> = if text.contains(':') {
            let more = declared(text)?;
            let names = more.iter().map(|d| d.name.name.clone()).collect();
            for declaration in more {
                let name = &declaration.name.name;
                match variables.iter().find(|d| d.name.name == *name) {
                    None => variables.push(declaration),
                    // The same said twice does no harm.
                    Some(d) if same_shape(d, &declaration) => {}
                    Some(_) => {
                        return Err(Failure::Input(format!(
                            "error: `{name}` is declared with two shapes\nhelp: leave one out: `--wrt {name}` asks for what `--var` declares"
                        )));
                    }
                }
            }
            names
        } else {
            text.split(',').map(|n| canonical_name(n.trim())).filter(|n| !n.is_empty()).collect()
        };
        let place = Place { source: SourceId::Declarations, span: Span::default() };
        asked.extend(names.into_iter().map(|name| (name, place)));
    }
    if asked.is_empty() {
        let names = variables.iter().map(|d| d.name.name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Failure::Input(format!(
            "error: nothing to differentiate by\nhelp: say which with `--wrt`: one of {names}"
        )));
    }
    Ok(ObjectiveText { expr, defines, variables, wrt: asked, residual, ..ObjectiveText::default() })
}

/// The names of a cost that nothing declares or defines and that are no misspelling of something known: hyper-parameters,
/// then. In the order met; a text that does not parse has none.
fn free_names(expr: &str, defines: &[String], tensors: &[Declaration]) -> Vec<String> {
    let parsed = parse::program(expr, SourceId::Expression);
    let definitions: Vec<Definition> = defines
        .iter()
        .enumerate()
        .filter_map(|(n, text)| parse::definition(text, SourceId::Define(n as u32)).ok())
        .collect();
    let Ok(program) = parsed else { return Vec::new() };
    let mut known: Vec<&str> = vec!["k", "pi", "eye"];
    known.extend(tensors.iter().map(|d| d.name.name.as_str()));
    known.extend(catalog::all().iter().map(|e| e.name()));
    known.extend(definitions.iter().map(|d| d.name.name.as_str()));
    let mut free = Free { known, supplies: true, found: Vec::new() };
    free.program(&program, &[]);
    for d in &definitions {
        let params: Vec<&str> = d.params.iter().map(|p: &Param| p.name.name.as_str()).collect();
        for default in d.params.iter().filter_map(|p| p.default.as_ref()) {
            free.expr(default, &params);
        }
        free.program(&d.body, &params);
    }
    free.found
}

/// The names that an objective speaks of and does not define, in the order met; none where it does not parse.
pub(crate) fn objective_names(expr: &str) -> Vec<String> {
    let Ok(program) = parse::program(expr, SourceId::Expression) else { return Vec::new() };
    let mut free = Free { known: vec!["pi", "eye"], supplies: false, found: Vec::new() };
    free.program(&program, &[]);
    free.found
}

struct Free<'a> {
    known: Vec<&'a str>,
    /// Whether it is a cost, which supplies some names itself.
    supplies: bool,
    found: Vec<String>,
}

impl Free<'_> {
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
    use super::{declared, free_names};
    use gradsmith_compiler::syntax::ast::{DeclaredExtent, DeclaredShape};

    #[test]
    fn what_nothing_defines_is_a_hyper_parameter() {
        assert_eq!(free_names("quadratic + l2(lambda / n)", &[], &[]), ["lambda", "n"]);
        assert_eq!(free_names("quadratc + l2(λ)", &[], &[]), ["lambda"]);
        assert_eq!(free_names("r = a - y; sum(r.^2) * c", &[], &[]), ["c"]);
        let define = ["scaled(d) = d * s * sum(abs(a - y))".to_owned()];
        assert_eq!(free_names("scaled(2) + l1(mu, w1)", &define, &[]), ["mu", "s"]);
        assert!(free_names("quadratic +", &[], &[]).is_empty());
        let tensors = declared("V: 2 x 3").unwrap_or_default();
        assert_eq!(free_names("l2(mu, V) + sum(b) + sum(x)", &[], &tensors), ["mu"]);
    }

    #[test]
    fn an_index_is_no_hyper_parameter() {
        let found = |text| free_names(text, &[], &[]);
        assert_eq!(found("sum[i](c*(a[i] - y[i])^2) + s*a[r]"), ["c", "s", "r"]);
        assert_eq!(found("max[i in 0..q, j in 1..=2](a[i + j])*i"), ["q", "i"]);
        assert_eq!(found("sum([p, a']) + [v; y][0]"), ["p", "v"]);
    }

    #[test]
    fn tensors_and_whole_numbers_are_declared() {
        let all = declared("p:indices[n], T:tensor[2,3,4]").unwrap_or_default();
        let [p, tensor] = all.as_slice() else { panic!("two declarations") };
        assert_eq!(p.shape, DeclaredShape::Vector(Some(DeclaredExtent::Symbol("n".to_owned()))));
        assert!(p.whole && !tensor.whole);
        assert_eq!(tensor.shape, DeclaredShape::Tensor([2, 3, 4].map(DeclaredExtent::Constant).to_vec()));
    }
}
