//! Formulas that are too wide, broken: rows below each other, at their outermost, loosest operators.

use super::layout::Layout;
use super::svg::width;

/// Operators at which a formula is broken, loosest first; a product that is not written comes last.
const LEVELS: [&[&str]; 3] = [&["="], &["+", "−"], &["⊙", "⊘", "⊗"]];

/// Where there is less room than this nothing is broken: it would be a column of single letters.
const NARROWEST: f64 = 5.0;

/// What goes on in another row is farther in by so much, in sizes of a letter.
const INDENT: f64 = 1.0;

/// The rows of a formula, none wider than there is room for where it can be broken at all.
pub(super) fn rows(layout: Layout, room: f64) -> Vec<Layout> {
    if width(&layout) <= room {
        return vec![layout];
    }
    let Layout::Row(parts) = layout else { return vec![squeezed(layout, room)] };
    let parts = flat(parts);
    let Some(segments) = segments(&parts) else { return vec![squeezed_row(parts, room)] };
    let mut rows: Vec<Layout> = Vec::new();
    let mut row: Vec<Layout> = Vec::new();
    for segment in segments {
        let left = if rows.is_empty() { room } else { room - INDENT };
        let both = Layout::Row([row.clone(), segment.clone()].concat());
        if row.is_empty() || width(&both) <= left {
            row.extend(segment);
        } else {
            rows.push(squeezed_row(std::mem::replace(&mut row, segment), left));
        }
    }
    let left = if rows.is_empty() { room } else { room - INDENT };
    rows.push(squeezed_row(row, left));
    rows
}

/// The formula in one box that is no wider than there is room for.
pub(super) fn squeezed(layout: Layout, room: f64) -> Layout {
    let all = width(&layout);
    if all <= room || room < NARROWEST {
        return layout;
    }
    // What stands around an inner part keeps its width.
    let within = |inner: &Layout| room - (all - width(inner));
    match layout {
        Layout::Row(parts) => {
            let mut rows = rows(Layout::Row(parts), room);
            if rows.len() == 1 { rows.remove(0) } else { Layout::Lines(rows) }
        }
        Layout::Fraction(above, below) => {
            Layout::Fraction(Box::new(squeezed(*above, room)), Box::new(squeezed(*below, room)))
        }
        Layout::Super(base, script) => {
            let room = within(&base);
            Layout::Super(Box::new(squeezed(*base, room)), script)
        }
        Layout::Sub(base, script) => {
            let room = within(&base);
            Layout::Sub(Box::new(squeezed(*base, room)), script)
        }
        Layout::Root(inner) => {
            let room = within(&inner);
            Layout::Root(Box::new(squeezed(*inner, room)))
        }
        Layout::Fence(open, inner, close) => {
            let room = within(&inner);
            Layout::Fence(open, Box::new(squeezed(*inner, room)), close)
        }
        Layout::Cases(cases) => {
            let squeeze = |(value, condition): (Layout, Layout)| {
                let room = room - width(&condition) - 2.0;
                (squeezed(value, room), condition)
            };
            Layout::Cases(cases.into_iter().map(squeeze).collect())
        }
        other => other,
    }
}

/// Parts that are to stay beside each other: the widest of them gives way.
fn squeezed_row(mut parts: Vec<Layout>, room: f64) -> Layout {
    let all = width(&Layout::Row(parts.clone()));
    if all > room {
        let widest = (0..parts.len()).max_by(|&a, &b| width(&parts[a]).total_cmp(&width(&parts[b])));
        if let Some(widest) = widest {
            let left = room - (all - width(&parts[widest]));
            let part = std::mem::replace(&mut parts[widest], Layout::Juxtaposed);
            parts[widest] = squeezed(part, left);
        }
    }
    if parts.len() == 1 { parts.remove(0) } else { Layout::Row(parts) }
}

/// Rows within a row, where no other stands beside them.
fn flat(mut parts: Vec<Layout>) -> Vec<Layout> {
    while let [Layout::Row(inner)] = &mut *parts {
        parts = std::mem::take(inner);
    }
    parts
}

/// The parts between the loosest operators, each but the first with the operator before it.
fn segments(parts: &[Layout]) -> Option<Vec<Vec<Layout>>> {
    let split = |is_sign: &dyn Fn(&Layout) -> bool| {
        let mut segments = vec![Vec::new()];
        for part in parts {
            if is_sign(part) && segments.last().is_some_and(|last| !last.is_empty()) {
                segments.push(Vec::new());
            }
            segments.last_mut().into_iter().for_each(|last| last.push(part.clone()));
        }
        (segments.len() > 1).then_some(segments)
    };
    let of_level =
        |signs: &&[&str]| split(&|part| matches!(part, Layout::Binary(sign) if signs.contains(sign)));
    let written = LEVELS.iter().find_map(of_level);
    let mut found = written.or_else(|| split(&|part| matches!(part, Layout::Juxtaposed)))?;
    // A product that is not written within a row is where it begins another.
    for segment in found.iter_mut().skip(1) {
        if let Some(first @ Layout::Juxtaposed) = segment.first_mut() {
            *first = Layout::Binary("·");
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::{rows, width};
    use crate::emit::latex::latex;
    use crate::emit::layout::Layout;

    fn letters(count: usize, sign: &'static str) -> Vec<Layout> {
        let letter = || Layout::Letter("x".to_owned());
        (0..count).flat_map(|k| [(k > 0).then_some(Layout::Binary(sign)), Some(letter())]).flatten().collect()
    }

    #[test]
    fn rows_are_as_wide_as_there_is_room_for_also_within_parentheses() {
        let sum = Layout::Row(letters(40, "+"));
        let inner = Layout::Fence("(", Box::new(Layout::Row(letters(30, "⊙"))), ")");
        for whole in [sum, Layout::Row([letters(3, "+"), vec![Layout::Binary("+"), inner]].concat())] {
            let all = latex(&whole).matches('x').count();
            let rows = rows(whole, 12.0);
            assert!(rows.len() > 1 && rows.iter().all(|row| width(row) <= 12.0), "{rows:?}");
            assert_eq!(rows.iter().map(|row| latex(row).matches('x').count()).sum::<usize>(), all);
        }
    }
}
