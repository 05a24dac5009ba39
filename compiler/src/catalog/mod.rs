//! The catalog: losses, penalties, activations and log-densities, as definitions in the cost language.
//!
//! The files are blocks with a blank line between: comment lines, then a definition on one line. A block of
//! comments alone heads a file. To add an entry is to add a block. In penalties `w` is the target: it stands
//! for each weight tensor in turn, or for what a further last argument of the call names.
//!
//! Never: an entry known to Rust code by its name.

use crate::diag::Diagnostic;
use crate::source::SourceId;
use crate::syntax::ast::Definition;
use crate::syntax::parse;
use std::sync::LazyLock;

/// What an entry is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Of outputs and targets: `quadratic`.
    Loss,
    /// Of weights, or of outputs alone: `l2(lambda)`.
    Penalty,
    /// Element-wise: `relu(x)`.
    Activation,
    /// The logarithm of a density or of a probability: `normal_lpdf(x, mu, sigma)`.
    Density,
}

impl Kind {
    /// Whether it is a function of its arguments alone, which any formula may call; losses and penalties
    /// speak of what a cost supplies.
    #[must_use]
    pub fn is_function(self) -> bool {
        matches!(self, Self::Activation | Self::Density)
    }
}

/// A definition of the catalog.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Which file it is from.
    pub kind: Kind,
    /// The definition.
    pub definition: Definition,
    /// The comment above it, line by line: what it is, domain, kinks, other tools, source.
    pub doc: Vec<String>,
    /// The definition as the file has it.
    pub text: &'static str,
}

impl Entry {
    /// What a cost calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.definition.name.name
    }
}

const FILES: [(Kind, &str); 4] = [
    (Kind::Loss, include_str!("losses.cost")),
    (Kind::Penalty, include_str!("penalties.cost")),
    (Kind::Activation, include_str!("activations.cost")),
    (Kind::Density, include_str!("densities.cost")),
];

// A block that does not parse is left out; the test below sees that none is.
static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    FILES.iter().flat_map(|(kind, text)| blocks(*kind, text)).filter_map(Result::ok).collect()
});

/// Every entry: losses, penalties, activations, densities, each in the order of its file.
#[must_use]
pub fn all() -> &'static [Entry] {
    &ENTRIES
}

/// The entry called `name`.
#[must_use]
pub fn find(name: &str) -> Option<&'static Entry> {
    all().iter().find(|entry| entry.name() == name)
}

/// The entries of one file.
fn blocks(kind: Kind, text: &'static str) -> impl Iterator<Item = Result<Entry, Diagnostic>> {
    text.split("\n\n").filter_map(move |block| {
        let line = block.lines().find(|line| !line.is_empty() && !line.starts_with('#'))?;
        let doc = block.lines().filter_map(|line| line.strip_prefix('#')).map(|line| line.trim().to_owned());
        let doc = doc.collect();
        let definition = parse::definition(line, SourceId::Catalog);
        Some(definition.map(|definition| Entry { kind, definition, doc, text: line }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_block_parses_and_prints() {
        for (kind, text) in FILES {
            for block in blocks(kind, text) {
                let entry = block.unwrap_or_else(|error| panic!("{error}"));
                let printed = entry.definition.to_string();
                let again = parse::definition(&printed, SourceId::Catalog);
                assert_eq!(again.map(|d| d.to_string()), Ok(printed));
            }
        }
    }

    #[test]
    fn every_entry_is_found_by_a_name_of_its_own() {
        let names: BTreeSet<&str> = all().iter().map(Entry::name).collect();
        assert_eq!(names.len(), all().len());
        for entry in all() {
            assert_eq!(find(entry.name()).map(|found| found.text), Some(entry.text));
        }
        assert!(find("frobnicate").is_none());
    }

    #[test]
    fn every_entry_says_what_it_is_and_where_it_holds() {
        for entry in all() {
            let [what, domain, .., elsewhere, source] = entry.doc.as_slice() else {
                panic!("`{}` has too few doc lines", entry.name());
            };
            assert!(what.ends_with('.') && domain.starts_with("Domain: "), "`{}`", entry.name());
            assert!(elsewhere.starts_with("Elsewhere: "), "`{}`", entry.name());
            assert!(source.starts_with("Source: "), "`{}`", entry.name());
        }
    }

    #[test]
    fn penalties_are_of_weights_or_outputs_and_losses_of_outputs() {
        for entry in all() {
            let body = entry.definition.body.to_string();
            let mentions = |name: &str| body.split(|c: char| !c.is_alphanumeric()).any(|word| word == name);
            match entry.kind {
                Kind::Loss => assert!(!mentions("w"), "`{}`", entry.name()),
                Kind::Penalty => assert!(mentions("w") != mentions("a"), "`{}`", entry.name()),
                Kind::Activation => assert_eq!(entry.definition.params[0].name.name, "x"),
                Kind::Density => assert!(entry.definition.params.iter().all(|p| p.default.is_none())),
            }
        }
    }
}
