//! Pieces of a line as boxes on the page.

use super::document::Piece;
use super::layout::{self, Layout, page};
use super::notation::Notation;

/// The box of a piece; none of words, which are set as text.
pub(super) fn boxed(piece: &Piece) -> Option<Layout> {
    let note = |note: &Notation| layout::layout(note);
    let symbol = Layout::Symbol;
    let letter = |text: &str| Layout::Letter(text.to_owned());
    let over = |above: Vec<Layout>, below: Vec<Layout>| {
        Layout::Fraction(Box::new(Layout::Row(above)), Box::new(Layout::Row(below)))
    };
    let squared = |base: Layout| Layout::Super(Box::new(base), Box::new(Layout::Number("2".to_owned())));
    let part = |inner: Vec<Layout>, by: &Notation| {
        let row = [vec![symbol("(")], inner, vec![symbol(")")]].concat();
        Layout::Sub(Box::new(Layout::Row(row)), Box::new(note(by)))
    };
    Some(match piece {
        Piece::Words(_) | Piece::Code(_) => return None,
        Piece::Formula(lines) => page(lines),
        Piece::Name(text) => layout::name(text),
        Piece::Total(of, by) => over(vec![letter("d"), letter(of)], vec![letter("d"), note(by)]),
        Piece::Partial(of, by) => match by.as_slice() {
            [a, b] if a == b => over(
                vec![squared(symbol("∂")), Layout::Juxtaposed, note(of)],
                vec![symbol("∂"), squared(note(a))],
            ),
            [a, b] => over(
                vec![squared(symbol("∂")), Layout::Juxtaposed, note(of)],
                vec![symbol("∂"), note(a), Layout::Juxtaposed, symbol("∂"), note(b)],
            ),
            by => {
                let below = by.iter().flat_map(|by| [symbol("∂"), note(by)]).collect();
                over(vec![symbol("∂"), note(of)], below)
            }
        },
        Piece::HessianProduct(by) => part(vec![letter("H"), Layout::Juxtaposed, letter("v")], by),
        Piece::GaussNewtonProduct(by) => {
            let transposed = Layout::Super(Box::new(letter("J")), Box::new(symbol("⊤")));
            part(vec![transposed, Layout::Juxtaposed, letter("J"), Layout::Juxtaposed, letter("v")], by)
        }
        Piece::Function { name, prime, args } => {
            let mut row = vec![match name.as_str() {
                "sigmoid" => letter("σ"),
                name => Layout::Function(name.to_owned()),
            }];
            row.extend(prime.then(|| symbol("′")));
            row.push(Layout::Fence("(", Box::new(layout::list(args)), ")"));
            Layout::Row(row)
        }
        Piece::Equals => Layout::Binary("="),
        Piece::AtLeast => Layout::Binary("≥"),
        Piece::AtMost => Layout::Binary("≤"),
        Piece::Plus => Layout::Binary("+"),
        Piece::Times => Layout::Juxtaposed,
        Piece::Elementwise => Layout::Binary("⊙"),
        Piece::Zero => Layout::Number("0".to_owned()),
    })
}

/// Pieces that are no words, side by side.
pub(super) fn row(pieces: &[Piece]) -> Layout {
    let mut row = Vec::new();
    for layout in pieces.iter().filter_map(boxed) {
        match layout {
            // What stands beside others is broken where they are.
            Layout::Row(parts) => row.extend(parts),
            layout => row.push(layout),
        }
    }
    Layout::Row(row)
}
