//! Words for errors: shapes, lists, the text under a place.

use super::{Kind, Lowerer, Value};
use crate::source::Place;

/// `a` or `an` before a word.
pub(super) fn article(word: &str) -> String {
    let vowel = word.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {word}", if vowel { "an" } else { "a" })
}

/// `a`, `b` and `c`, in backticks, cut after a dozen.
pub(super) fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(12).map(|n| format!("`{n}`")).collect();
    let more = if names.len() > 12 { ", ..." } else { "" };
    match shown.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [head @ .., last] if more.is_empty() => format!("{} and {last}", head.join(", ")),
        all => format!("{}{more}", all.join(", ")),
    }
}

/// A name cut to a readable length.
pub(super) fn shortened(name: &str) -> String {
    if name.chars().count() <= 60 {
        return name.to_owned();
    }
    let head: String = name.chars().take(57).collect();
    format!("{head}...")
}

impl Lowerer<'_> {
    /// The text at a place.
    pub(super) fn text(&self, place: Place) -> String {
        let text = self.texts.get(&place.source).and_then(|t| {
            let span = place.span.balanced(t);
            t.get(span.start..span.end)
        });
        shortened(text.unwrap_or("this"))
    }

    /// The text at a place, in parentheses where it is a sum or a product, whose own the place leaves out.
    pub(super) fn operand_text(&self, place: Place) -> String {
        let text = self.text(place);
        let mut depth = 0;
        let open = text.chars().any(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth == 0 && matches!(c, '+' | '-' | '*' | '/')
        });
        if open { format!("({text})") } else { text }
    }

    /// `a 3×4 matrix`, `a column vector of length n`.
    pub(super) fn describe_kind(&self, kind: Kind) -> String {
        let name = |i| {
            let n = self.graph.extent_text(self.graph.extents.of(i));
            if n == "?" { "any".to_owned() } else { n }
        };
        match kind {
            Kind::Scalar => "a scalar".to_owned(),
            Kind::Column(i) => format!("a column vector of length {}", name(i)),
            Kind::Row(i) => format!("a row vector of length {}", name(i)),
            Kind::Matrix(i, j) => format!("a {}×{} matrix", name(i), name(j)),
            Kind::Tensor(axes) => {
                let all: Vec<String> = axes.all().iter().map(|&i| name(i)).collect();
                format!("a {} tensor", all.join("×"))
            }
        }
    }

    /// `` `A*x` is a column vector of length 3 ``
    pub(super) fn describe(&self, value: &Value) -> String {
        format!("`{}` is {}", self.text(value.place), self.describe_kind(value.kind))
    }
}
