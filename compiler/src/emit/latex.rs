//! Notation to LaTeX, for any engine (KaTeX, MathJax, amsmath).

use super::Lines;
use super::layout::{Layout, page};
use super::template::COMMANDS;
use crate::syntax::parse::greek_name;

pub use super::latex_page::document;

/// The formula; its definitions after it.
#[must_use]
pub fn write(lines: &Lines) -> String {
    latex(&page(lines))
}

/// Words within a formula.
pub(super) fn words(text: &str) -> String {
    format!("\\text{{{}}}", plain(text))
}

/// Plain text, with commands for the characters that LaTeX takes otherwise.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '_' | '%' | '&' | '#' | '$' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            '^' => out.push_str("\\^{}"),
            '~' => out.push_str("\\~{}"),
            '\\' => out.push_str("\\textbackslash{}"),
            // The text fonts have other signs there.
            '<' | '>' | '|' => out.push_str(&format!("${c}$")),
            '∂' => out.push_str("$\\partial$"),
            'ᵀ' => out.push_str("$^{\\top}$"),
            '√' => out.push_str("$\\sqrt{}$"),
            'Σ' => out.push_str("$\\sum$"),
            '∇' => out.push_str("$\\nabla$"),
            '²' => out.push_str("$^2$"),
            c if !c.is_ascii() && greek_name(c).is_some() => {
                out.push_str(&format!("${}$", letter(&c.to_string())))
            }
            _ => out.push(c),
        }
    }
    out
}

/// A text of the cost language among words; a long one may be broken behind its signs.
pub(super) fn code(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    let is_long = text.chars().count() > 12;
    while let Some(c) = chars.next() {
        out.push_str(&plain(&c.to_string()));
        // A line may end at a space anyway.
        let next = chars.peek().is_some_and(|next| next.is_alphanumeric() || *next == '(');
        if is_long && next && matches!(c, '+' | '-' | '*' | '/' | ',' | ';' | '(' | '=' | '^') {
            out.push_str("\\allowbreak ");
        }
    }
    out
}

/// Words, among them names of values and derivatives: `delta2` and `∂c/∂a2` are set as formulas are.
pub(super) fn prose(text: &str) -> String {
    let word = |word: &str| {
        if let Some(by) = word.strip_prefix("(Hv)_") {
            return format!("$(H v)_{{{}}}$", latex(&super::layout::name(by)));
        }
        let is_around = |c: char| matches!(c, ',' | ';' | ':' | '(' | ')' | '.');
        let bare = word.trim_matches(is_around);
        let Some(formula) = mathematical(bare) else { return code(word) };
        let at = word.find(bare).unwrap_or(0);
        format!("{}${formula}${}", plain(&word[..at]), plain(&word[at + bare.len()..]))
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// The formula that a word is: a derivative, or a name with a number or a subscript.
fn mathematical(word: &str) -> Option<String> {
    let of_name = |text: &str| {
        let is_letter = |c: char| c.is_alphanumeric() || c == '_';
        let is_name = text.starts_with(char::is_alphabetic) && text.chars().all(is_letter);
        // A subscript hangs on a letter: `d_a2`, `mu_1`, but not `cross_entropy`.
        let hangs = |(stem, _): (&str, &str)| {
            stem.chars().count() == 1 || ('Α'..='ω').any(|c| greek_name(c) == Some(stem))
        };
        let is_numbered = match text.split_once('_') {
            Some(parts) => hangs(parts),
            None => text.ends_with(|c: char| c.is_ascii_digit()),
        };
        // Single letters are values, but for the words among them.
        let is_single = text.chars().count() == 1 && !matches!(text, "a" | "I");
        let is_greek = text.chars().count() == 1 && !text.is_ascii();
        (is_name, is_numbered || is_single || is_greek)
    };
    let name = |text: &str| latex(&super::layout::name(text));
    if let Some((above, below)) = word.split_once('/') {
        let sign = if word.starts_with('∂') { '∂' } else { 'd' };
        let (above, below) = (above.strip_prefix(sign)?, below.strip_prefix(sign)?);
        let command = if sign == '∂' { "\\partial " } else { "d" };
        return (of_name(above).0 && of_name(below).0)
            .then(|| format!("{command}{} / {command}{}", name(above), name(below)));
    }
    (of_name(word) == (true, true)).then(|| name(word))
}

/// A box.
pub(super) fn latex(layout: &Layout) -> String {
    match layout {
        Layout::Row(row) => {
            let mut out = String::new();
            for (k, piece) in row.iter().enumerate() {
                let text = match piece {
                    Layout::Juxtaposed => {
                        let words = [k.checked_sub(1).and_then(|p| row.get(p)), row.get(k + 1)];
                        let wide = words.iter().flatten().any(|n| is_word(n));
                        if wide { r" \, ".to_owned() } else { " ".to_owned() }
                    }
                    piece => latex(piece),
                };
                // A command must not run into the letter after it.
                let command = out.rfind('\\').is_some_and(|at| {
                    out.len() > at + 1 && out[at + 1..].chars().all(|c| c.is_ascii_alphabetic())
                });
                if command && text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
                    out.push(' ');
                }
                out.push_str(&text);
            }
            out
        }
        Layout::Letter(text) => letter(text),
        Layout::Word(text) => format!(r"\mathrm{{{}}}", escaped(text)),
        Layout::Function(name) => match name.as_str() {
            name if COMMANDS.contains(&name) => format!(r"\{name}"),
            "norm2" => r"\operatorname{norm}".to_owned(),
            name => format!(r"\operatorname{{{}}}", escaped(name)),
        },
        Layout::Text(text) => format!(r"\text{{{text}}}"),
        Layout::Words(text) => words(text),
        Layout::Lines(rows) => aligned(rows, "[t]"),
        Layout::Number(text) => match text.split_once('e') {
            Some((mantissa, exponent)) => format!(r"{mantissa} \cdot 10^{{{exponent}}}"),
            None => text.clone(),
        },
        Layout::Binary(sign) => format!(" {} ", symbol(sign)),
        Layout::Symbol(",") => ", ".to_owned(),
        Layout::Symbol("∑") => r"\sum ".to_owned(),
        Layout::Symbol("∏") => r"\prod ".to_owned(),
        Layout::Symbol("…") => r" \dots ".to_owned(),
        Layout::Symbol(sign) => symbol(sign).to_owned(),
        Layout::Juxtaposed => " ".to_owned(),
        Layout::Fraction(above, below) => format!(r"\frac{{{}}}{{{}}}", centred(above), centred(below)),
        Layout::Super(base, script) => format!("{}^{}", latex(base), script_of(script)),
        Layout::Sub(base, script) => format!("{}_{}", latex(base), script_of(script)),
        Layout::Root(inner) => format!(r"\sqrt{{{}}}", centred(inner)),
        Layout::Fence("‖", inner, _) => format!(r"\left\lVert {} \right\rVert", centred(inner)),
        Layout::Fence(open, inner, close) => format!(r"\left{open}{}\right{close}", centred(inner)),
        Layout::Big(sign, under, over) => {
            let over = over.as_ref().map(|over| format!("^{}", script_of(over))).unwrap_or_default();
            format!("{}_{}{over} ", latex(sign).trim_end(), script_of(under))
        }
        Layout::Table(rows) => {
            let row = |row: &Vec<Layout>| row.iter().map(latex).collect::<Vec<_>>().join(" & ");
            let rows: Vec<String> = rows.iter().map(row).collect();
            format!(r"\begin{{matrix}} {} \end{{matrix}}", rows.join(r" \\ "))
        }
        Layout::Cases(cases) => {
            let rows: Vec<String> = cases
                .iter()
                .map(|(value, condition)| format!("{} & {}", latex(value), latex(condition)))
                .collect();
            format!(r"\begin{{cases}} {} \end{{cases}}", rows.join(r" \\ "))
        }
    }
}

/// Rows below each other.
fn aligned(rows: &[Layout], place: &str) -> String {
    let row = |(k, row): (usize, &Layout)| match k {
        0 => format!("& {}", latex(row)),
        // An operator that begins a row is still one between two operands.
        _ => format!(r"&\quad {{}}{}", latex(row).trim_start()),
    };
    let rows: Vec<String> = rows.iter().enumerate().map(row).collect();
    format!(r"\begin{{aligned}}{place} {} \end{{aligned}}", rows.join(r" \\ "))
}

/// What signs grow with.
fn centred(layout: &Layout) -> String {
    match layout {
        Layout::Lines(rows) => aligned(rows, ""),
        layout => latex(layout),
    }
}

fn is_word(layout: &Layout) -> bool {
    match layout {
        Layout::Word(_) | Layout::Function(_) => true,
        Layout::Row(row) => row.first().is_some_and(is_word),
        Layout::Super(base, _) | Layout::Sub(base, _) => is_word(base),
        _ => false,
    }
}

/// One letter or digit as it is, anything longer in braces.
fn script_of(script: &Layout) -> String {
    let text = match script {
        Layout::Row(row) if row.iter().all(|l| matches!(l, Layout::Letter(_))) => {
            row.iter().map(latex).collect()
        }
        script => latex(script),
    };
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) if c.is_ascii_alphanumeric() => text,
        _ => format!("{{{text}}}"),
    }
}

fn letter(text: &str) -> String {
    let Some(c) = text.chars().next().filter(|c| !c.is_ascii()) else { return escaped(text) };
    match greek_name(c) {
        // Those that look like Latin capitals have no command.
        Some(
            name @ ("Alpha" | "Beta" | "Epsilon" | "Zeta" | "Eta" | "Iota" | "Kappa" | "Mu" | "Nu"
            | "Omicron" | "Rho" | "Tau" | "Chi"),
        ) => {
            let latin = match name {
                "Eta" => "H",
                "Nu" => "N",
                "Rho" => "P",
                "Chi" => "X",
                name => &name[..1],
            };
            format!(r"\mathrm{{{latin}}}")
        }
        Some("omicron") => "o".to_owned(),
        Some("epsilon") => r"\varepsilon".to_owned(),
        Some("phi") => r"\varphi".to_owned(),
        Some(name) => format!(r"\{name}"),
        None => text.to_owned(),
    }
}

fn symbol(sign: &'static str) -> &'static str {
    match sign {
        "−" => "-",
        "⊙" => r"\odot",
        "⊘" => r"\oslash",
        "⊗" => r"\otimes",
        "⊤" => r"\top",
        "𝟏" => r"\mathbf{1}",
        "∑" => r"\sum",
        "·" => r"\cdot",
        "≤" => r"\le",
        "≥" => r"\ge",
        "≠" => r"\ne",
        "∏" => r"\prod",
        "∂" => r"\partial",
        "′" => "'",
        sign => sign,
    }
}

fn escaped(text: &str) -> String {
    text.replace('_', r"\_").replace('?', r"\mathord{?}")
}
