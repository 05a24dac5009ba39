//! The footnotes of a page: the rules that it refers to.

use super::{Derivation, words};
use crate::emit::document::{Line, Piece};
use crate::simplify::{self, Log, Rule};

/// The footnotes: the rules that fired, numbered in the order in which lines refer to them.
#[derive(Clone, Debug, Default)]
pub(super) struct Footnotes {
    rules: Vec<&'static str>,
}

impl Footnotes {
    /// The numbers of these rules.
    pub(super) fn marks(&mut self, rules: &[&'static str]) -> Vec<usize> {
        let mut marks = Vec::new();
        for rule in rules {
            let at = self.rules.iter().position(|known| known == rule).unwrap_or_else(|| {
                self.rules.push(rule);
                self.rules.len() - 1
            });
            marks.push(at + 1);
        }
        marks.sort_unstable();
        marks.dedup();
        marks
    }

    /// The section: those that were referred to, then what else the log says.
    pub(super) fn write(mut self, d: &mut Derivation, log: &Log) {
        let others: Vec<&'static str> = log.rules().map(|rule| rule.name).collect();
        self.marks(&others);
        if self.rules.is_empty() {
            return;
        }
        let rule = |name: &str| -> Option<&'static Rule> { simplify::ALL.iter().find(|r| r.name == name) };
        let lines = d.section("rewritten with, for any values of the letters in these rules");
        for (k, rule) in self.rules.iter().filter_map(|name| rule(name)).enumerate() {
            let right =
                vec![Piece::Code(rule.lhs.to_owned()), Piece::Equals, Piece::Code(rule.rhs.to_owned())];
            let line = Line::says(words(rule.name), right).noted(rule.domain);
            lines.push(Line { footnote: Some(k + 1), ..line });
        }
    }
}
