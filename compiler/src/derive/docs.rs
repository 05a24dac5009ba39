//! What generated items say of themselves beside their formulas: the derivation, errors, memory.

use crate::derivation;
use crate::emit::View;
use crate::emit::document::Piece;
use crate::ir::{Graph, NodeId, Op};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// A text as an expression, which code shows line by line. rustdoc would print a mere literal as the value of its
/// constant, escaped and in one line.
pub(super) fn text(text: &str) -> TokenStream {
    let mut guard = String::new();
    while text.contains(&format!("\"{guard}")) {
        guard.push('#');
    }
    let raw = format!("r{guard}\"\n{text}\"{guard}").parse::<Literal>();
    let literal = raw.unwrap_or_else(|_| Literal::string(text));
    quote!(#literal.trim_ascii_start())
}

/// Lines of documentation.
pub(super) fn lines(text: &str) -> TokenStream {
    let lines = text.lines().map(|line| if line.is_empty() { String::new() } else { format!(" {line}") });
    quote!(#(#[doc = #lines])*)
}

/// The constants that carry a derivation, which stands in the documentation of the first.
pub(super) fn derivation(vis: &TokenStream, what: &str, shown: &str, latex: &str) -> TokenStream {
    let mut fence = "```".to_owned();
    while shown.contains(&fence) {
        fence.push('`');
    }
    let page = lines(&format!("{fence}text\n{}\n{fence}", shown.trim_end()));
    let doc = format!(" {what}");
    let (text, latex) = (text(shown), text(latex));
    quote! {
        #[doc = #doc]
        ///
        #page
        #vis const DERIVATION: &'static str = #text;
        /// The derivation as LaTeX, an `aligned` block for each section.
        #vis const DERIVATION_LATEX: &'static str = #latex;
    }
}

/// The formula of a node as text, and as MathML what it is equal to.
///
/// rustdoc lets whatever stands in its pages scroll. A formula needs that to its side alone; it would have a scroll bar
/// beside it where a letter reaches beyond its line.
pub(super) fn formula(g: &Graph, view: &View, left: Piece, node: NodeId) -> [String; 2] {
    let [text, mathml] = derivation::documented(g, view, left, node);
    [text, format!(r#"<div style="overflow:auto hidden;padding:.25em 0 .75em">{mathml}</div>"#)]
}

/// Whether computing a node may fail because a matrix is singular.
pub(super) fn has_matrices(g: &Graph, node: NodeId) -> bool {
    let is_one = |op: &Op| matches!(op, Op::Inverse(_) | Op::LogDet(_) | Op::Det(_) | Op::Cofactors(..));
    g.reachable(&[node]).into_iter().any(|n| is_one(g.op(n)))
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn a_text_is_written_as_it_is() {
        for written in ["one\n  two\\", "a \"quoted\" word", "an end \"# of it"] {
            let code = text(written).to_string();
            let literal = code.split_once(" . trim_ascii_start").map(|(literal, _)| literal);
            let parsed: syn::LitStr = syn::parse_str(literal.expect("a call")).expect("a string");
            assert_eq!(parsed.value().trim_ascii_start(), written);
            assert!(code.contains(written), "{code}");
        }
    }
}
