//! A page about a cost, a network or an objective: formula, picture, derivation, shapes, a check by numbers, the
//! generated Rust; what can be copied of it; and the file that holds it all, which needs no network and no other file.
//!
//! ```text
//! request --content--> parts of HTML, texts to copy --whole--> a file
//!                                                   \--answer--> what a live page shows
//! ```

mod check;
mod code;
pub mod guess;
mod plot;
mod shapes;
mod signs;

use crate::Failure;
use crate::commands::{expand, export};
use crate::derived::Derived;
use crate::request::{Request, Subject};
use gradsmith_compiler::derivation::{self, Shown};
use gradsmith_compiler::emit::document::{Line, Piece};
use gradsmith_compiler::emit::{self, Inner, View, html, mathml, svg::escaped};
use gradsmith_compiler::export::Options;
use gradsmith_compiler::ir::{Graph, NodeId};
use gradsmith_compiler::lower::cost::{Term, TermKind};
use gradsmith_compiler::pipeline::steps::TermSteps;

/// Colours, type and widths of every page.
const STYLE: &str = include_str!("page.css");

/// What buttons do.
pub(crate) const SCRIPT: &str = include_str!("page.js");

/// What a file may do: nothing but show itself.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'";

/// A page's parts.
#[derive(Clone, Debug)]
pub struct Content {
    /// What it is about, in plain words.
    pub title: String,
    /// What stands on it, as HTML.
    pub body: String,
    /// What can be copied: what it is called, and the text.
    pub copies: Vec<(&'static str, String)>,
}

/// The picture of where the derivatives come from, as SVG.
///
/// # Errors
/// Texts that are wrong: each error under the line it is about.
pub fn picture(request: &Request) -> Result<String, Failure> {
    Ok(Derived::of(request)?.picture().svg())
}

/// What the page says.
///
/// # Errors
/// Texts that are wrong: each error under the line it is about.
pub fn content(request: &Request, shown: Shown) -> Result<Content, Failure> {
    let derived = Derived::of(request)?;
    let derivation = derived.derivation(shown);
    let title = match &request.subject {
        Subject::Cost(text) => text.expr.clone(),
        Subject::Network(text) => format!("{} on {}", text.cost, text.network),
        Subject::Objective(text) => text.expr.clone(),
    };
    let mut rust = Vec::new();
    let rust = expand::run(request, &mut rust).map(|_| String::from_utf8_lossy(&rust).into_owned());
    let mut numpy = Vec::new();
    let numpy = export::run(request, "numpy", &Options::default(), None, &mut numpy)
        .map(|_| String::from_utf8_lossy(&numpy).into_owned());
    let mut body = String::new();
    let mut section = |id: &str, heading: &str, inner: &str| {
        body.push_str(&format!(
            "<section class=\"part\" id=\"{id}\" aria-labelledby=\"{id}-h\"><h2 id=\"{id}-h\">{heading}</h2>\n{inner}</section>\n"
        ));
    };
    let formula = formula(&derived);
    section("formula", "Formula", &formula);
    let picture = derived.picture().svg();
    let legend = "<p class=\"legend\">Solid: values, from left to right. Dashed, blue: derivatives, on their way back. \
                  Orange: what speaks of a parameter directly, as a penalty does, and its derivative.</p>";
    section(
        "picture",
        "Picture",
        &format!(
            "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"picture of the derivative\">{picture}</div>{legend}"
        ),
    );
    let steps = derivation.written(&html::FRAGMENT);
    let signs = signs::legend(&format!("{formula}{steps}"));
    section("derivation", "Derivation", &format!("{steps}{signs}"));
    if let Some(plot) = plot::plot(&derived) {
        section("plot", "Plot", &plot);
    }
    section("shapes", "Shapes", &shapes::table(&derived));
    section("check", "Check by numbers", &check::table(&derived));
    let shown = match &rust {
        Ok(rust) => code::beside(rust),
        Err(why) => format!("<pre class=\"wrong\">{}</pre>", escaped(&why.to_string())),
    };
    section("rust", "Generated Rust", &shown);
    let mut copies = vec![("text", derivation.text()), ("LaTeX", derivation.latex())];
    copies.extend(rust.ok().map(|text| ("Rust", text)));
    copies.extend(numpy.ok().map(|text| ("NumPy", text)));
    Ok(Content { title, body, copies })
}

/// The value: of a batch, and what it is the mean of.
fn formula(derived: &Derived<'_>) -> String {
    let g = derived.graph();
    let piece = |g: &Graph, node: NodeId, view: &View| Piece::Formula(emit::lines(g, node, view));
    let joined = |parts: Vec<Piece>| {
        let mut right = Vec::new();
        for part in parts {
            if !right.is_empty() {
                right.push(Piece::Plus);
            }
            right.push(part);
        }
        right
    };
    // What is of one example, and what is counted once.
    let apart = |terms: &[Term], written: Vec<Piece>| {
        let (mut of_example, mut once) = (Vec::new(), Vec::new());
        for (term, piece) in terms.iter().zip(written) {
            let part = if term.kind == TermKind::Data { &mut of_example } else { &mut once };
            part.push(piece);
        }
        if of_example.is_empty() {
            return vec![("C", joined(once))];
        }
        once.insert(0, Piece::Formula(derivation::mean_of_examples()));
        vec![("c", joined(of_example)), ("C", joined(once))]
    };
    let equations: Vec<(&str, Vec<Piece>)> = match derived {
        Derived::Cost(_, p) => {
            apart(&p.terms, p.terms.iter().map(|t| piece(g, t.node, &View::default())).collect())
        }
        Derived::Network(_, p, steps) => {
            let view = View { batch: Some(p.batch), ..View::default() };
            let of_example = |(t, own): (&Term, &TermSteps)| match t.kind {
                TermKind::Data => own.steps.first().copied(),
                _ => Some(t.node),
            };
            match p.terms.iter().zip(&steps.terms).map(of_example).collect::<Option<Vec<NodeId>>>() {
                Some(nodes) => {
                    apart(&p.terms, nodes.into_iter().map(|n| piece(&steps.graph, n, &view)).collect())
                }
                // Some part of it is known for a batch alone.
                None => vec![("C", joined(p.terms.iter().map(|t| piece(g, t.node, &view)).collect()))],
            }
        }
        Derived::Objective(_, p) => {
            let view = View { inner: Inner::Defined, ..View::default() };
            vec![("f", vec![piece(g, p.value, &view)])]
        }
    };
    let written = equations.into_iter().map(|(left, right)| {
        let line = Line::equation(Piece::Name(left.to_owned()), right);
        format!("<div class=\"scroll large\">{}</div>", mathml::equation(&line))
    });
    let words = match derived {
        Derived::Cost(..) | Derived::Network(..) => {
            "<p class=\"legend\">c: the cost of one example; C: that of a batch of m examples</p>"
        }
        Derived::Objective(..) => "",
    };
    format!("{}{words}", written.collect::<String>())
}

/// The buttons, and what they copy.
#[must_use]
pub fn buttons(copies: &[(&'static str, String)]) -> String {
    let mut out = String::from("<div class=\"copies\" role=\"group\" aria-label=\"copy\">");
    for (name, text) in copies {
        out.push_str(&format!(
            "<button type=\"button\" data-copy=\"copy-{name}\">Copy {name}</button>\
             <textarea id=\"copy-{name}\" hidden readonly aria-hidden=\"true\">\n{}</textarea>",
            escaped(text)
        ));
    }
    out.push_str("<span class=\"copied\" role=\"status\" aria-live=\"polite\"></span></div>\n");
    out
}

/// The page as a file of its own.
///
/// # Errors
/// Texts that are wrong: each error under the line it is about.
pub fn whole(request: &Request, shown: Shown) -> Result<String, Failure> {
    let content = content(request, shown)?;
    let head = format!("<h1><code>{}</code></h1>\n{}", escaped(&content.title), buttons(&content.copies));
    let body = format!("<main>\n{head}{}</main>", content.body);
    Ok(file(&content.title, &body, &format!("<script>\n{SCRIPT}</script>"), POLICY))
}

/// A file of HTML around what it shows; `script` is an element, `policy` what it may do.
#[must_use]
pub fn file(title: &str, body: &str, script: &str, policy: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n{body}\n{script}\n</body>\n</html>\n",
        escaped(title)
    )
}
