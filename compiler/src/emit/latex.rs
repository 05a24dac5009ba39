//! Notation to LaTeX, for any engine (KaTeX, MathJax, amsmath).

use super::Lines;
use super::document::{Cell, Document, Line, Piece, Table};
use super::layout::{Layout, page};
use super::notation::Notation;
use super::template::COMMANDS;
use crate::syntax::parse::greek_name;

/// The formula; its definitions after it.
#[must_use]
pub fn write(lines: &Lines) -> String {
    latex(&page(lines))
}

/// One `aligned` block per section, after its table.
#[must_use]
pub fn document(document: &Document) -> String {
    let mut out = String::new();
    for section in document.sections() {
        if !out.is_empty() {
            out.push('\n');
        }
        // A comment, which may hold any character; an upright d is enough there.
        let mut title = section.title.join("\n% ").replace('∂', "d");
        if !section.marks.is_empty() {
            title.push_str(&format!(" {}", marks(&section.marks)));
        }
        out.push_str(&format!("% {title}\n"));
        out.push_str(&table(&section.table));
        if section.lines.is_empty() {
            continue;
        }
        let lines: Vec<String> = section.lines.iter().map(line).collect();
        out.push_str(&format!("\\begin{{aligned}}\n{}\n\\end{{aligned}}\n", lines.join(" \\\\\n")));
    }
    out
}

fn line(line: &Line) -> String {
    let left = match line.footnote {
        Some(number) => format!("\\text{{[{number}] }} {}", piece(&line.left)),
        None => piece(&line.left),
    };
    let left = if line.is_continued() { String::new() } else { left + " " };
    let sign = if line.equation { "=" } else { ":" };
    let right: Vec<String> = line.right.iter().filter(|p| !matches!(p, Piece::Aside(_))).map(piece).collect();
    let mut note = Vec::new();
    if !line.marks.is_empty() {
        note.push(words(&marks(&line.marks)));
    }
    if !line.note.is_empty() {
        note.push(words(&line.note));
    }
    let note = if note.is_empty() { String::new() } else { format!(" && {}", note.join(" \\; ")) };
    format!("  {left}&{sign} {}{note}", right.join(" "))
}

fn marks(numbers: &[usize]) -> String {
    let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
    format!("[{}]", numbers.join(", "))
}

/// An `array` with a line under its head.
fn table(table: &Table) -> String {
    if table.rows.is_empty() {
        return String::new();
    }
    let cell = |cell: &Cell| cell.iter().map(piece).collect::<Vec<_>>().join(" ");
    let head: Vec<String> = table.head.iter().map(|text| words(text)).collect();
    let rows: Vec<String> =
        table.rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join(" & ")).collect();
    let columns = "l".repeat(table.head.len());
    format!(
        "\\begin{{array}}{{{columns}}}\n  {} \\\\ \\hline\n  {}\n\\end{{array}}\n",
        head.join(" & "),
        rows.join(" \\\\\n  ")
    )
}

fn piece(piece: &Piece) -> String {
    match piece {
        Piece::Words(text) | Piece::Aside(text) => words(text),
        Piece::Code(text) => format!("\\texttt{{{}}}", plain(text)),
        Piece::Formula(lines) => write(lines),
        Piece::Name(text) => name(text),
        Piece::Total(of, by) => format!("\\frac{{d{of}}}{{d{}}}", note(by)),
        Piece::Partial(of, by) => match by.as_slice() {
            [a, b] if a == b => format!("\\frac{{\\partial^2 {}}}{{\\partial {}^2}}", note(of), note(a)),
            [a, b] => {
                format!("\\frac{{\\partial^2 {}}}{{\\partial {} \\partial {}}}", note(of), note(a), note(b))
            }
            by => {
                let by: String = by.iter().map(note).collect();
                format!("\\frac{{\\partial {}}}{{\\partial {by}}}", note(of))
            }
        },
        Piece::HessianProduct(by) => format!("(H v)_{{{}}}", note(by)),
        Piece::GaussNewtonProduct(by) => format!("(J^{{\\top}} J v)_{{{}}}", note(by)),
        Piece::Function { name: function, prime, args } => {
            let prime = if *prime { "'" } else { "" };
            let args: Vec<String> = args.iter().map(note).collect();
            format!("{}{prime}\\left({}\\right)", called(function), args.join(", "))
        }
        Piece::Equals => "=".to_owned(),
        Piece::Plus => "+".to_owned(),
        Piece::Times => "\\,".to_owned(),
        Piece::Elementwise => "\\odot".to_owned(),
        Piece::Zero => "0".to_owned(),
    }
}

fn note(note: &Notation) -> String {
    latex(&super::layout::layout(note))
}

/// A function by its name: `\sigma` where the page has a letter for it.
fn called(name: &str) -> String {
    match name {
        "sigmoid" => r"\sigma".to_owned(),
        name if COMMANDS.contains(&name) => format!(r"\{name}"),
        name => format!(r"\operatorname{{{}}}", escaped(name)),
    }
}

fn words(text: &str) -> String {
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
            '∂' => out.push_str("$\\partial$"),
            'δ' => out.push_str("$\\delta$"),
            'ᵀ' => out.push_str("$^{\\top}$"),
            'λ' => out.push_str("$\\lambda$"),
            '√' => out.push_str("$\\sqrt{}$"),
            'Σ' => out.push_str("$\\sum$"),
            '∇' => out.push_str("$\\nabla$"),
            '²' => out.push_str("$^2$"),
            _ => out.push(c),
        }
    }
    out
}

/// A name.
pub(super) fn name(text: &str) -> String {
    latex(&super::layout::name(text))
}

fn latex(layout: &Layout) -> String {
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
        Layout::Fraction(above, below) => format!(r"\frac{{{}}}{{{}}}", latex(above), latex(below)),
        Layout::Super(base, script) => format!("{}^{}", latex(base), script_of(script)),
        Layout::Sub(base, script) => format!("{}_{}", latex(base), script_of(script)),
        Layout::Root(inner) => format!(r"\sqrt{{{}}}", latex(inner)),
        Layout::Fence("‖", inner, _) => format!(r"\left\lVert {} \right\rVert", latex(inner)),
        Layout::Fence(open, inner, close) => format!(r"\left{open}{}\right{close}", latex(inner)),
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
        sign => sign,
    }
}

fn escaped(text: &str) -> String {
    text.replace('_', r"\_").replace('?', r"\mathord{?}")
}
