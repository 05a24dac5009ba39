//! What signs mean that formulas in textbook notation use, and the cost language has words for.

/// A sign as formulas have it, and what it is called and means.
const SIGNS: [(&str, &str, &str); 8] = [
    ("⊙", "⊙", "product, entry by entry"),
    ("⊘", "⊘", "quotient, entry by entry"),
    ("⊤", "A<sup>⊤</sup>", "A transposed"),
    ("‖", "‖A‖²", "sum of the squares of all entries of a vector or a matrix"),
    ("<mi>σ</mi>", "σ(z)", "1/(1 + e<sup>−z</sup>), the sigmoid"),
    ("softplus", "softplus(z)", "log(1 + e<sup>z</sup>)"),
    ("′", "f′", "derivative of a function f of one number"),
    ("𝟏", "𝟏", "entries that are all 1"),
];

/// Those that a part of the page uses, in words; nothing where it uses none.
#[must_use]
pub(super) fn legend(html: &str) -> String {
    let used = SIGNS.iter().filter(|(sign, ..)| html.contains(sign));
    let said: Vec<String> = used.map(|(_, name, means)| format!("<b>{name}</b> {means}")).collect();
    if said.is_empty() {
        return String::new();
    }
    format!("<p class=\"legend\">Signs: {}.</p>\n", said.join("; "))
}

#[cfg(test)]
mod tests {
    use super::legend;

    #[test]
    fn what_is_used_is_said_and_nothing_else() {
        let said = legend("<math><mi>a</mi><mo>⊙</mo><msup><mi>b</mi><mo>⊤</mo></msup></math>");
        assert!(said.contains("<b>⊙</b>") && said.contains("<b>A<sup>⊤</sup></b>"), "{said}");
        assert!(!said.contains('σ') && legend("<math><mi>x</mi></math>").is_empty(), "{said}");
    }
}
