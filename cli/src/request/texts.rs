//! What is written about a cost, a network or an objective, text by text, and where in these texts a mistake is.

use clap::ArgMatches;
use gradsmith_compiler::diag::{Diagnostic, Diagnostics};
use gradsmith_compiler::source::Span;

/// What an expression is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// A cost of activations and targets.
    Cost,
    /// The cost of a network.
    Network,
    /// An expression over declared variables.
    #[default]
    Objective,
}

impl Kind {
    /// Each with its name.
    pub const NAMED: [(&'static str, Self); 3] =
        [("objective", Self::Objective), ("cost", Self::Cost), ("network", Self::Network)];

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(n, _)| *n == name).map(|(_, kind)| *kind)
    }
}

/// A text, called as the option of the command line that gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The expression itself.
    Expr,
    /// `--network`
    Network,
    /// `--declare`
    Declare,
    /// `--inputs`
    Inputs,
    /// `--hyper`
    Hyper,
    /// `--define`
    Define,
    /// `--var`
    Var,
    /// `--wrt`
    Wrt,
    /// `--bounds`
    Bounds,
    /// `--st`
    St,
}

impl Field {
    /// Its name on the command line and in the live page.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Expr => "expr",
            Self::Network => "network",
            Self::Declare => "declare",
            Self::Inputs => "inputs",
            Self::Hyper => "hyper",
            Self::Define => "define",
            Self::Var => "var",
            Self::Wrt => "wrt",
            Self::Bounds => "bounds",
            Self::St => "st",
        }
    }
}

/// A mistake, and the text that it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The text.
    pub field: Field,
    /// What is wrong: over the line, with a caret under it.
    pub says: String,
}

impl Mistake {
    /// What is wrong with `text`.
    #[must_use]
    pub fn new(field: Field, error: Diagnostic, text: &str) -> Self {
        Self { field, says: Diagnostics::from(error).render(&|_| Some(text.to_owned())) }
    }
}

/// All texts, as they are written. What a kind has no use for is left empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// The cost or the objective.
    pub expr: String,
    /// The network, in either form.
    pub network: String,
    /// Declarations of tensors, of a network's long form or of a cost; `w` and `b` where a cost has none.
    pub declare: String,
    /// Names of the tensors that the data supplies, separated by commas.
    pub inputs: Vec<String>,
    /// Hyper-parameters, separated by commas; what nothing declares, where there are none.
    pub hyper: Vec<String>,
    /// Definitions, one each.
    pub defines: Vec<String>,
    /// Declarations of an objective's variables and data.
    pub variables: Vec<String>,
    /// Names or declarations of the variables to differentiate by.
    pub wrt: Vec<String>,
    /// Limits of variables, separated by commas.
    pub bounds: String,
    /// What is to hold besides.
    pub constraints: Vec<String>,
    /// Whether the expression is a vector r, and stands for ½ Σ r².
    pub residual: bool,
}

impl Texts {
    /// The texts that the command line gives, and what they make the expression.
    #[must_use]
    pub fn from_matches(matches: &ArgMatches) -> (Kind, Self) {
        let all = |id: &str| -> Vec<String> { matches.get_many(id).into_iter().flatten().cloned().collect() };
        let one = |id: &str| matches.get_one::<String>(id).cloned().unwrap_or_default();
        let texts = Self {
            expr: one("expr"),
            network: one("network"),
            declare: one("declare"),
            inputs: all("inputs"),
            hyper: all("hyper"),
            defines: all("define"),
            variables: all("var"),
            wrt: all("wrt"),
            bounds: one("bounds"),
            constraints: all("st"),
            residual: matches.get_flag("residual"),
        };
        let kind = if matches.contains_id("network") {
            Kind::Network
        } else if texts.variables.is_empty() && texts.wrt.is_empty() {
            Kind::Cost
        } else {
            Kind::Objective
        };
        (kind, texts)
    }
}

/// Texts as the lines of one, in which places are counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines(pub(super) String);

impl Lines {
    /// Adds a text; where it begins.
    pub(super) fn push(&mut self, text: &str) -> usize {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        let start = self.0.len();
        self.0.push_str(text);
        start
    }
}

/// The items between commas, each with its place; empty ones are left out.
pub(crate) fn items(text: &str) -> impl Iterator<Item = (&str, Span)> {
    let mut at = 0;
    text.split(',').filter_map(move |part| {
        let start = at + part.len() - part.trim_start().len();
        at += part.len() + 1;
        let item = part.trim();
        (!item.is_empty()).then(|| (item, Span::new(start, start + item.len())))
    })
}

/// Lists of items as lines, and where each item is.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    pub(super) lines: Lines,
    pub(super) items: Vec<(String, Span)>,
}

impl Listed {
    pub(super) fn of(texts: &[String]) -> Self {
        let mut listed = Self::default();
        for text in texts {
            let start = listed.lines.push(text);
            let moved = |(item, span): (&str, Span)| {
                (item.to_owned(), Span::new(start + span.start, start + span.end))
            };
            listed.items.extend(items(text).map(moved));
        }
        listed
    }

    pub(super) fn span(&self, n: u32) -> Span {
        self.items.get(n as usize).map_or_else(Span::default, |(_, span)| *span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_have_places_in_the_lines_of_all() {
        let listed = Listed::of(&["lambda, n".to_owned(), " c : vector,,".to_owned()]);
        let found: Vec<(&str, &str)> = listed
            .items
            .iter()
            .map(|(item, span)| (item.as_str(), &listed.lines.0[span.start..span.end]))
            .collect();
        assert_eq!(found, [("lambda", "lambda"), ("n", "n"), ("c : vector", "c : vector")]);
        assert!(Listed::of(&[String::new()]).items.is_empty());
    }
}
