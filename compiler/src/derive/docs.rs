//! What generated items say of themselves beside their formulas: the derivation, errors, memory.

use crate::derivation::{self, Derivation};
use crate::emit::View;
use crate::emit::document::Piece;
use crate::ir::{Graph, NodeId, Op};
use crate::picture::Picture;
use proc_macro2::{Literal, TokenStream};
use quote::quote;
use syn::Visibility;

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

/// How many bytes of a picture a derive carries.
const PICTURE: usize = 60_000;

/// A picture of where the derivatives come from, in documentation and nowhere else: code that is compiled, or printed
/// by `cargo expand`, is without it.
fn picture(picture: &Picture) -> TokenStream {
    let svg = picture.svg();
    let doc = if svg.len() > PICTURE {
        " The picture is large: `cargo gradsmith explain --format svg` draws it".to_owned()
    } else {
        format!(" {}\n{svg}</div>", scrolling("0"))
    };
    quote!(#[cfg_attr(doc, doc = #doc)])
}

/// A box whose contents may be wider than the page. rustdoc lets whatever stands in its pages scroll. A formula needs
/// that to its side alone; it would have a scroll bar beside it where a letter reaches beyond its line.
fn scrolling(padding: &str) -> String {
    format!(r#"<div style="overflow:auto hidden;padding:{padding}">"#)
}

/// The constants that carry a derivation, which stands in the documentation of the first, under its picture.
pub(super) fn derivation(
    vis: &Visibility,
    what: &str,
    derivation: &Derivation,
    drawn: &Picture,
) -> TokenStream {
    let (shown, latex) = (derivation.text(), derivation.latex());
    let picture = picture(drawn);
    let mut fence = "```".to_owned();
    while shown.contains(&fence) {
        fence.push('`');
    }
    let page = lines(&format!("{fence}text\n{}\n{fence}", shown.trim_end()));
    let doc = format!(" {what}");
    let (text, latex) = (text(&shown), text(&latex));
    quote! {
        #[doc = #doc]
        ///
        #picture
        ///
        #page
        #vis const DERIVATION: &'static str = #text;
        /// The derivation as LaTeX, for the body of a document with amsmath.
        #vis const DERIVATION_LATEX: &'static str = #latex;
    }
}

/// What a node is equal to, as text and as MathML.
pub(super) fn equation(g: &Graph, view: &View, left: Piece, node: NodeId) -> [String; 2] {
    let [text, mathml] = derivation::documented(g, view, left, node);
    [text, format!("{}{mathml}</div>", scrolling(".25em 0 .75em"))]
}

/// The same as two paragraphs of documentation, after others.
pub(super) fn paragraphs(g: &Graph, view: &View, left: Piece, node: NodeId) -> TokenStream {
    let [text, mathml] = equation(g, view, left, node);
    let (text, mathml) = (format!(" `{text}`"), format!(" {mathml}"));
    quote!(#[doc = ""] #[doc = #text] #[doc = ""] #[doc = #mathml])
}

/// Whether computing a node may fail because a matrix is singular.
pub(super) fn has_matrices(g: &Graph, node: NodeId) -> bool {
    let is_one = |op: &Op| matches!(op, Op::Inverse(_) | Op::LogDet(_) | Op::Det(_) | Op::Cofactors(..));
    g.reachable(&[node]).into_iter().any(|n| is_one(g.op(n)))
}

#[cfg(test)]
mod tests {
    use super::{PICTURE, text};
    use crate::picture::Picture;

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

    /// A line of HTML in Markdown goes on until an empty line.
    #[test]
    fn a_picture_is_for_documentation_alone_and_one_block_of_markdown() {
        let mut drawn = Picture {
            title: "a < b".to_owned(),
            description: "of a kind".to_owned(),
            width: 10.0,
            height: 5.0,
            body: "<path d=\"M0,0 L1,1\"/>\n".to_owned(),
        };
        let attribute = super::picture(&drawn);
        let attribute: syn::Attribute = syn::parse_quote!(#attribute);
        let syn::Meta::List(list) = &attribute.meta else { panic!("a list of a condition and an attribute") };
        let text = list.tokens.to_string();
        let doc = text.strip_prefix("doc , doc = ").expect("it is there for rustdoc");
        let doc = syn::parse_str::<syn::LitStr>(doc).expect("a string").value();
        assert!(doc.starts_with(" <div") && doc.ends_with("</svg>\n</div>"), "{doc}");
        assert!(doc.contains("a &lt; b") && doc.lines().all(|line| !line.trim().is_empty()), "{doc}");
        drawn.body = drawn.body.repeat(PICTURE / 10);
        assert!(super::picture(&drawn).to_string().contains("explain --format svg"));
    }
}
