//! What `explain`, `expand`, `export` and the live page are asked about: a cost, a network with its cost, or an
//! objective, read from [`Texts`], wherever these come from.

pub(crate) mod names;
mod read;
mod texts;

pub(crate) use texts::items;
pub use texts::{Field, Kind, Mistake, Texts};

use crate::Failure;
use clap::ArgMatches;
use gradsmith_compiler::diag::{Diagnostic, Diagnostics};
use gradsmith_compiler::front::{CostText, NetworkText, ObjectiveText};
use gradsmith_compiler::source::{Place, SourceId};
use texts::{Lines, Listed};

/// What is asked about, and how it was written.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is asked about.
    pub subject: Subject,
    written: Written,
}

/// What is asked about.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A cost of activations and targets.
    Cost(CostText),
    /// A network and its cost.
    Network(NetworkText),
    /// An expression over declared variables.
    Objective(ObjectiveText),
}

/// The texts of which only parts are in the subject: mistakes are shown in them.
#[derive(Clone, Debug, Default)]
struct Written {
    declarations: Lines,
    /// Where those begin that say what is differentiated by.
    wrt: usize,
    inputs: Listed,
    hyper: Listed,
}

impl Request {
    /// Reads the arguments that `explain`, `expand` and `export` share.
    ///
    /// # Errors
    /// As of [`Request::of`].
    pub fn from_matches(matches: &ArgMatches) -> Result<Self, Failure> {
        let (kind, texts) = Texts::from_matches(matches);
        Self::of(kind, texts)
    }

    /// Reads the texts of an expression of this kind. What is wrong with the expression itself shows when it is derived.
    ///
    /// # Errors
    /// Declarations that do not parse; names that are none; nothing to differentiate by.
    pub fn of(kind: Kind, texts: Texts) -> Result<Self, Failure> {
        let mut written = Written::default();
        let subject = match kind {
            Kind::Cost => Subject::Cost(read::cost(texts, &mut written)?),
            Kind::Network => Subject::Network(read::network(texts, &mut written)?),
            Kind::Objective => Subject::Objective(read::objective(texts, &mut written)?),
        };
        Ok(Self { subject, written })
    }

    /// What is wrong with the texts, each error under the line it is about.
    #[must_use]
    pub fn refusal(&self, errors: &Diagnostics) -> Failure {
        Failure::Texts(errors.iter().map(|error| self.mistake(error)).collect())
    }

    fn mistake(&self, error: &Diagnostic) -> Mistake {
        let mut error = error.clone();
        for place in std::iter::once(&mut error.place).chain(error.secondary.iter_mut().map(|(p, _)| p)) {
            match place.source {
                SourceId::Hyper(n) => place.span = self.written.hyper.span(n),
                SourceId::Input(n) => place.span = self.written.inputs.span(n),
                _ => {}
            }
        }
        let says = Diagnostics::from(error.clone()).render(&|source| self.source(source));
        Mistake { field: self.field(error.place), says }
    }

    fn field(&self, place: Place) -> Field {
        let objective = matches!(self.subject, Subject::Objective(_));
        match place.source {
            SourceId::Network => Field::Network,
            SourceId::Declarations if objective && place.span.start >= self.written.wrt => Field::Wrt,
            SourceId::Declarations if objective => Field::Var,
            SourceId::Declarations => Field::Declare,
            SourceId::Input(_) => Field::Inputs,
            SourceId::Hyper(_) => Field::Hyper,
            SourceId::Define(_) => Field::Define,
            SourceId::Bounds => Field::Bounds,
            SourceId::Constraint(_) => Field::St,
            SourceId::Expression | SourceId::Data | SourceId::Catalog => Field::Expr,
        }
    }

    fn source(&self, source: SourceId) -> Option<String> {
        let (expression, network, defines) = match &self.subject {
            Subject::Cost(c) => (&c.expr, "", &c.defines),
            Subject::Network(n) => (&n.cost, n.network.as_str(), &n.defines),
            Subject::Objective(o) => (&o.expr, "", &o.defines),
        };
        let (bounds, constraints) = match &self.subject {
            Subject::Objective(o) => (o.bounds.as_str(), &o.constraints[..]),
            _ => ("", &[][..]),
        };
        match source {
            SourceId::Expression => Some(expression.clone()),
            SourceId::Network => Some(network.to_owned()),
            SourceId::Declarations => Some(self.written.declarations.0.clone()),
            SourceId::Input(_) => Some(self.written.inputs.lines.0.clone()),
            SourceId::Hyper(_) => Some(self.written.hyper.lines.0.clone()),
            SourceId::Define(n) => defines.get(n as usize).cloned(),
            SourceId::Bounds => Some(bounds.to_owned()),
            SourceId::Constraint(n) => constraints.get(n as usize).cloned(),
            SourceId::Data | SourceId::Catalog => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The field at fault, and what is said.
    #[track_caller]
    fn refused(kind: Kind, texts: Texts) -> Vec<(Field, String)> {
        let refused = match Request::of(kind, texts) {
            Err(failure) => failure,
            Ok(request) => match &request.subject {
                Subject::Cost(text) => request.refusal(&text.program().expect_err("a mistake")),
                Subject::Network(text) => request.refusal(&text.program().expect_err("a mistake")),
                Subject::Objective(text) => request.refusal(&text.program().expect_err("a mistake")),
            },
        };
        let Failure::Texts(mistakes) = refused else { panic!("{refused}") };
        mistakes.into_iter().map(|m| (m.field, m.says)).collect()
    }

    #[test]
    fn a_mistake_is_shown_in_the_text_that_it_is_in() {
        let sum = || Texts {
            expr: "c*sum(w)".to_owned(),
            variables: vec!["c: scalar".to_owned()],
            wrt: vec!["w: vector[n]".to_owned()],
            ..Texts::default()
        };
        let one = |text: &str| vec![text.to_owned()];
        for (texts, field, line, caret) in [
            (Texts { expr: "c*sun(w)".to_owned(), ..sum() }, Field::Expr, "c*sun(w)", "  ^^^"),
            (Texts { variables: one("c: scaler"), ..sum() }, Field::Var, "c: scaler", "   ^^^^^^"),
            (
                Texts { variables: one("c: scalar, n: scalar"), ..sum() },
                Field::Wrt,
                "w: vector[n]",
                "   ^^^^^^^^^",
            ),
            (Texts { wrt: one("w: vectr[n]"), ..sum() }, Field::Wrt, "w: vectr[n]", "   ^^^^^"),
            (
                Texts { wrt: vec!["w: vector".to_owned(), "c, q".to_owned()], ..sum() },
                Field::Wrt,
                "c, q",
                "   ^",
            ),
            (
                Texts { wrt: one("w: vector, c: vector"), ..sum() },
                Field::Wrt,
                "w: vector, c: vector",
                "           ^^^^^^^^^",
            ),
            (
                Texts { wrt: vec!["w: vector".to_owned(), "c, c".to_owned()], ..sum() },
                Field::Wrt,
                "c, c",
                "   ^",
            ),
            (Texts { defines: one("f(x) = x +"), ..sum() }, Field::Define, "f(x) = x +", "          ^"),
            (Texts { bounds: "w >= q".to_owned(), ..sum() }, Field::Bounds, "w >= q", "     ^"),
            (
                Texts { constraints: vec!["sum(w) <= 1".to_owned(), "w == )".to_owned()], ..sum() },
                Field::St,
                "w == )",
                "     ^",
            ),
        ] {
            let found = refused(Kind::Objective, texts);
            assert_eq!(found.len(), 1, "{found:?}");
            let shown = format!("\n  | {line}\n  | {caret}");
            let end = format!("{shown}\n");
            assert_eq!(found[0].0, field, "{}", found[0].1);
            assert!(found[0].1.contains(&end) || found[0].1.ends_with(&shown), "{shown}\n{}", found[0].1);
        }
    }

    #[test]
    fn so_it_is_in_those_of_a_network_and_a_cost() {
        let mse = || Texts { expr: "mse".to_owned(), network: "3 -> 2 tanh".to_owned(), ..Texts::default() };
        let one = |text: &str| vec![text.to_owned()];
        let long = || Texts { network: "a = V*u".to_owned(), declare: "u: 3, V: 2 x 3".to_owned(), ..mse() };
        for (kind, texts, field, shown) in [
            (
                Kind::Network,
                Texts { network: "3 -> 2 tanhh".to_owned(), ..mse() },
                Field::Network,
                "3 -> 2 tanhh\n  |        ^^^^^",
            ),
            (
                Kind::Network,
                Texts { declare: "u: 3, V: 2 y 3".to_owned(), ..long() },
                Field::Declare,
                "u: 3, V: 2 y 3",
            ),
            (Kind::Network, Texts { inputs: one("u, q"), ..long() }, Field::Inputs, "u, q\n  |    ^"),
            (Kind::Network, Texts { hyper: one("n, a"), ..mse() }, Field::Hyper, "n, a\n  |    ^"),
            (Kind::Cost, Texts { hyper: one("n, 3$"), ..mse() }, Field::Hyper, "n, 3$\n  |    ^^"),
            (
                Kind::Cost,
                Texts { hyper: one("c: matrix"), ..mse() },
                Field::Hyper,
                "c: matrix\n  | ^^^^^^^^^",
            ),
            (Kind::Cost, Texts { declare: "V: 3 x".to_owned(), ..mse() }, Field::Declare, "V: 3 x\n"),
        ] {
            let found = refused(kind, texts);
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].0, field, "{}", found[0].1);
            assert!(found[0].1.contains(shown), "{shown}\n{}", found[0].1);
        }
    }

    #[test]
    fn what_is_declared_with_two_shapes_is_a_mistake() {
        let twice =
            || Texts { declare: "V: 3, V: 2 x 3".to_owned(), expr: "mse".to_owned(), ..Texts::default() };
        let [(field, says)] = &refused(Kind::Cost, twice())[..] else { panic!("one mistake") };
        assert_eq!(*field, Field::Declare);
        assert!(says.contains("  | V: 3, V: 2 x 3\n  |       ^^^^^^^^"), "{says}");
        let variables = vec!["x: scalar".to_owned(), "x: vector".to_owned(), "x: scalar".to_owned()];
        let twice =
            Texts { expr: "x^2".to_owned(), variables, wrt: vec!["x".to_owned()], ..Texts::default() };
        let [(field, says)] = &refused(Kind::Objective, twice)[..] else { panic!("one mistake") };
        assert_eq!(*field, Field::Var);
        assert!(says.contains("  | x: vector\n  | ^^^^^^^^^"), "{says}");
    }

    #[test]
    fn a_formula_that_does_not_parse_comes_before_what_it_lacks() {
        let of = |expr: &str| refused(Kind::Objective, Texts { expr: expr.to_owned(), ..Texts::default() });
        assert_eq!(of("norm2(X*w - ")[0].0, Field::Expr);
        assert_eq!(of("1 + 2"), [(Field::Wrt, "error: nothing to differentiate by".to_owned())]);
    }
}
