//! Characters and operators of other notations, and how this language spells what was meant.

/// Spelled otherwise here: what was written, and what to write.
const SPELLINGS: &[(&str, &str)] = &[
    // Operators of other languages
    (".**", ".^"),
    (".'", "'"),
    (".+", "+"),
    (".-", "-"),
    ("@", "*"),
    ("=<", "<="),
    ("=>", ">="),
    // Dashes and signs that keyboards and word processors put in
    ("−", "-"),
    ("–", "-"),
    ("—", "-"),
    ("‐", "-"),
    ("‑", "-"),
    ("×", "*"),
    ("·", "*"),
    ("⋅", "*"),
    ("∗", "*"),
    ("•", "*"),
    ("∙", "*"),
    ("∘", ".*"),
    ("÷", "/"),
    ("∕", "/"),
    ("⁄", "/"),
    ("’", "'"),
    ("‘", "'"),
    ("′", "'"),
    ("´", "'"),
    ("`", "'"),
    ("⊤", "'"),
    ("ᵗ", "'"),
    ("≤", "<="),
    ("≥", ">="),
    ("⩽", "<="),
    ("⩾", ">="),
    ("≡", "=="),
    ("→", "->"),
    ("⟶", "->"),
    ("\u{37e}", ";"), // the Greek question mark
    // Exponents
    ("⁻¹", "^-1"),
    ("⁰", "^0"),
    ("¹", "^1"),
    ("²", "^2"),
    ("³", "^3"),
    ("⁴", "^4"),
    ("⁵", "^5"),
    ("⁶", "^6"),
    ("⁷", "^7"),
    ("⁸", "^8"),
    ("⁹", "^9"),
    ("⁻", "^-"),
    ("½", "1/2"),
    ("¼", "1/4"),
    ("¾", "3/4"),
    // Letters that look Latin
    ("а", "a"),
    ("в", "b"),
    ("с", "c"),
    ("ԁ", "d"),
    ("е", "e"),
    ("һ", "h"),
    ("і", "i"),
    ("ј", "j"),
    ("к", "k"),
    ("о", "o"),
    ("р", "p"),
    ("ѕ", "s"),
    ("т", "t"),
    ("у", "y"),
    ("х", "x"),
    ("ԝ", "w"),
    ("А", "A"),
    ("В", "B"),
    ("С", "C"),
    ("Е", "E"),
    ("Н", "H"),
    ("І", "I"),
    ("Ј", "J"),
    ("К", "K"),
    ("М", "M"),
    ("О", "O"),
    ("Р", "P"),
    ("Ѕ", "S"),
    ("Т", "T"),
    ("У", "Y"),
    ("Х", "X"),
    ("ı", "i"),
    ("ℓ", "l"),
    ("ℎ", "h"),
    // Mathematics that is a function here
    ("√", "sqrt"),
    ("∑", "sum"),
    ("∏", "prod"),
    // Ranges
    ("...", ".."),
    ("…", ".."),
    ("‥", ".."),
    ("∈", "in"),
];

/// Subscripts, and the index that each is.
const SUBSCRIPTS: &[(char, char)] = &[
    ('₀', '0'),
    ('₁', '1'),
    ('₂', '2'),
    ('₃', '3'),
    ('₄', '4'),
    ('₅', '5'),
    ('₆', '6'),
    ('₇', '7'),
    ('₈', '8'),
    ('₉', '9'),
    ('ₙ', 'n'),
    ('ₘ', 'm'),
    ('ₖ', 'k'),
    ('ᵢ', 'i'),
    ('ⱼ', 'j'),
];

/// What has no other spelling, only a way out.
const WAYS_OUT: &[(&str, &str)] = &[
    ("**", "write `^` for a number, `.^` entry by entry"),
    ("\\", "write `solve(A, b)` for the solution of `A*x = b`"),
    ("!=", "turn it around: `where(x == y, v, u)` for `where(x != y, u, v)`"),
    ("~=", "turn it around: `where(x == y, v, u)` for `where(x ~= y, u, v)`"),
    ("≠", "turn it around: `where(x == y, v, u)` for `where(x ≠ y, u, v)`"),
    ("&&", "put one `where` into another: `where(p, where(q, u, v), v)`"),
    ("&", "put one `where` into another: `where(p, where(q, u, v), v)`"),
    ("||", "write `norm2(x)` for a norm; for a choice, put one `where` into another"),
    ("|", "write `abs(x)` for the absolute value, `det(A)` for a determinant"),
    ("‖", "write `norm2(x)`"),
    ("!", "write `exp(lgamma(n + 1))` for a factorial"),
    ("?", "write `where(x < y, u, v)` for a choice"),
    ("{", "group with `(` and `)`"),
    ("}", "group with `(` and `)`"),
    ("\"", "an expression holds no text, only numbers and names"),
    ("“", "an expression holds no text, only numbers and names"),
    ("”", "an expression holds no text, only numbers and names"),
    (
        "%",
        "there is no remainder: what is next on a ring is named by data, `x[next[i]]`; a percentage is `/ 100`",
    ),
    ("//", "comments stand outside the expression; for a quotient write `/`"),
    ("#", "comments stand outside the expression"),
    ("$", "leave it out"),
    ("∂", "derivatives are taken for you; write the function itself"),
    ("∇", "derivatives are taken for you; write the function itself"),
    ("∞", "there is no infinite value"),
];

/// The way out for a token that the language does not have.
pub(super) fn advice(token: &str) -> Option<String> {
    if let Some(spelling) = spelling(token) {
        return Some(format!("write `{spelling}`"));
    }
    if let Some((_, way_out)) = WAYS_OUT.iter().find(|(text, _)| *text == token) {
        return Some((*way_out).to_owned());
    }
    let mut chars = token.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => match SUBSCRIPTS.iter().find(|(subscript, _)| *subscript == c) {
            Some((_, index)) => Some(format!("write `[{index}]` for an entry, `_{index}` as part of a name")),
            None if is_invisible(c) => Some("remove it: it is invisible".to_owned()),
            None if c.is_alphabetic() && !c.is_ascii() => {
                Some("names have ASCII or Greek letters".to_owned())
            }
            None => None,
        },
        _ => None,
    }
}

/// How the language spells `token`, if it is only spelled otherwise.
fn spelling(token: &str) -> Option<String> {
    if let Some((_, spelling)) = SPELLINGS.iter().find(|(text, _)| *text == token) {
        return Some((*spelling).to_owned());
    }
    let mut chars = token.chars();
    match (chars.next(), chars.next()) {
        // The full-width forms repeat the printable ASCII characters, in their order.
        (Some(c @ '！'..='～'), None) => {
            char::from_u32(c as u32 - ('！' as u32 - '!' as u32)).map(String::from)
        }
        _ => None,
    }
}

/// The tokens of the tables that start `input`: the longest.
pub(super) fn known(input: &str) -> Option<&'static str> {
    let texts = SPELLINGS.iter().chain(WAYS_OUT).map(|(text, _)| *text);
    texts.filter(|text| input.starts_with(text)).max_by_key(|text| text.len())
}

/// Zero-width, byte-order, direction and control characters.
pub(super) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}
