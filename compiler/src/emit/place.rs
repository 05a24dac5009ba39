//! Places: which entry a subscript names, as `c + Σ a·i`; and the conditions under which there is one.
//!
//! A condition is written in words of the language, `where(i >= 1, e, 0)`, so that the text can be read again
//! and a reader has one notation for what depends on an index, theirs and ours. On the page it is a brace with
//! cases, and below a sum's sign where it limits what is summed.

use super::notation::Notation;
use crate::ir::{Affine, Extent, Number, RelationKind};

/// What a place is made of: an index, or a whole number of the data.
#[derive(Clone, Debug, PartialEq)]
pub enum Atom {
    /// An index by its letter, and how many values it takes.
    Index(String, Extent),
    /// What data name, and how many entries there are to name.
    Data(Notation, Extent),
}

impl Atom {
    /// How many values it takes.
    #[must_use]
    pub fn extent(&self) -> Extent {
        match self {
            Self::Index(_, e) | Self::Data(_, e) => *e,
        }
    }

    fn note(&self) -> Notation {
        match self {
            Self::Index(name, _) => Notation::Name(name.clone()),
            Self::Data(note, _) => note.clone(),
        }
    }
}

/// `offset + Σ multiple·atom`
pub type Place = Affine<Atom>;

impl Place {
    /// Whether it is the same place, in whatever order its terms stand.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.plus(other, -1) == Self::default()
    }

    /// Whether an index of this letter takes part, alone or in what data name.
    #[must_use]
    pub fn has(&self, letter: &str) -> bool {
        self.terms.iter().any(|(atom, _)| match atom {
            Atom::Index(name, _) => name == letter,
            Atom::Data(note, _) => note.has_index(letter),
        })
    }

    /// Whether data take part.
    #[must_use]
    pub fn has_data(&self) -> bool {
        self.terms.iter().any(|(atom, _)| matches!(atom, Atom::Data(..)))
    }

    /// As a person writes it, `name` being that of an extent: `i + 1`, `n - 1 - i`.
    #[must_use]
    pub fn note(&self, name: &dyn Fn(Extent) -> Notation) -> Notation {
        let times = |note: Notation, n: i64| match n.unsigned_abs() {
            1 => note,
            n => Notation::Times(vec![Notation::Number(Number::int(n as i64)), note]),
        };
        let atoms = |plus: bool| {
            self.terms
                .iter()
                .filter(move |(_, n)| (*n > 0) == plus)
                .map(move |(a, n)| (!plus, times(a.note(), *n)))
        };
        let extents = |plus: bool| {
            let terms = self.offset.terms.iter().filter(move |(_, n)| (*n > 0) == plus);
            terms.map(move |(e, n)| (!plus, times(name(*e), *n)))
        };
        let mut all: Vec<(bool, Notation)> = atoms(true).chain(extents(true)).collect();
        let c = self.offset.constant;
        if c != 0 {
            all.push((c < 0, Notation::Number(Number::int(c.saturating_abs()))));
        }
        all.extend(extents(false).chain(atoms(false)));
        match all.as_slice() {
            [] => Notation::Number(Number::ZERO),
            [(false, one)] => one.clone(),
            [(true, one)] => super::notation::negative(one.clone()),
            // Something positive comes first, if anything is.
            [(true, _), ..] if all.iter().any(|(minus, _)| !minus) => {
                let at = all.iter().position(|(minus, _)| !minus).unwrap_or(0);
                all[..=at].rotate_right(1);
                Notation::Sum(all)
            }
            _ => Notation::Sum(all),
        }
    }
}

/// How the sides of a condition compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// `==`
    Equal,
    /// `!=`, which the language says by a `where` with 0 first.
    Unequal,
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `<`
    Less,
}

/// What must hold of indices.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// What must be 0, must not be, or must not be negative.
    pub place: Place,
    /// Which of these.
    pub kind: ConditionKind,
    /// The left side.
    pub left: Notation,
    /// How it compares.
    pub compared: Compared,
    /// The right side.
    pub right: Notation,
    /// Whether the limits at a sum's sign say it.
    pub limited: bool,
}

/// How a place compares with 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionKind {
    /// It is 0.
    Equal,
    /// It is not 0.
    Unequal,
    /// It is not negative.
    AtLeast,
}

impl From<RelationKind> for ConditionKind {
    fn from(kind: RelationKind) -> Self {
        match kind {
            RelationKind::Equal => Self::Equal,
            RelationKind::AtLeast => Self::AtLeast,
        }
    }
}

impl Condition {
    /// The condition, solved for one of its indices: `j <= i`, `i >= 1`.
    #[must_use]
    pub fn new(kind: ConditionKind, place: Place, name: &dyn Fn(Extent) -> Notation) -> Self {
        let single = |(_, n): &&(Atom, i64)| n.abs() == 1;
        let data = place.terms.iter().find(|t| single(t) && matches!(t.0, Atom::Data(..)));
        let chosen = match kind {
            ConditionKind::AtLeast => place.terms.iter().rfind(single),
            _ => data.or_else(|| place.terms.iter().find(single)),
        };
        let Some((atom, sign)) = chosen.cloned() else {
            let (left, right) = (place.note(name), Notation::Number(Number::ZERO));
            let compared = match kind {
                ConditionKind::Equal => Compared::Equal,
                ConditionKind::Unequal => Compared::Unequal,
                ConditionKind::AtLeast => Compared::AtLeast,
            };
            return Self { place, kind, left, compared, right, limited: false };
        };
        // sign·atom + rest ≥ 0
        let mut right = place.plus(&Place::of(atom.clone()), -sign).times(-sign);
        let between = !right.terms.is_empty() && right.offset.terms.is_empty();
        let compared = match (kind, sign) {
            (ConditionKind::Equal, _) => Compared::Equal,
            (ConditionKind::Unequal, _) => Compared::Unequal,
            (ConditionKind::AtLeast, 1) if between && right.offset.constant == 1 => {
                right = right.shifted(-1);
                Compared::More
            }
            (ConditionKind::AtLeast, 1) => Compared::AtLeast,
            (ConditionKind::AtLeast, _) if between && right.offset.constant == -1 => {
                right = right.shifted(1);
                Compared::Less
            }
            (ConditionKind::AtLeast, _) => Compared::AtMost,
        };
        let (left, right) = (atom.note(), right.note(name));
        Self { place, kind, left, compared, right, limited: false }
    }
}
