//! Pages and pictures: what is on them, that they are well formed and need nothing else, and that no formula of the
//! project's cases is too much for them.

use cargo_gradsmith::cases::{Body, read};
use cargo_gradsmith::page;
use cargo_gradsmith::request::{Kind, Request, Texts};
use gradsmith_compiler::catalog;
use gradsmith_compiler::derivation::Shown;
use std::path::Path;

/// Panics where tags do not close as they open, or a text leads elsewhere.
#[track_caller]
fn well_formed(what: &str, html: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let end = rest.find('>').unwrap_or_else(|| panic!("{what}: a tag without an end: {}", head(rest)));
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        let name = tag.trim_start_matches('/').split([' ', '\n', '/']).next().unwrap_or_default();
        if tag.starts_with('!') || tag.ends_with('/') || ["meta", "input"].contains(&name) {
            continue;
        }
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{what}: `{tag}` before {}", head(rest));
        } else if ["style", "script", "textarea"].contains(&name) {
            let close = format!("</{name}>");
            let at = rest.find(&close).unwrap_or_else(|| panic!("{what}: no {close}"));
            rest = &rest[at + close.len()..];
        } else {
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "{what}: `{tag}`");
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{what}: never closed: {open:?}");
    let elsewhere = html.replace("http://www.w3.org/2000/svg", "");
    assert!(!elsewhere.contains("http:") && !elsewhere.contains("https:"), "{what} leads elsewhere");
    assert!(
        !["=\"NaN", ",NaN", "=\"inf"].iter().any(|place| html.contains(place)),
        "{what} has places that are none"
    );
}

fn head(text: &str) -> String {
    text.chars().take(80).collect()
}

fn cost(expr: &str) -> Request {
    Request::of(Kind::Cost, Texts { expr: expr.to_owned(), ..Texts::default() }).expect("a cost")
}

fn network(cost: &str, network: &str) -> Request {
    let texts = Texts { expr: cost.to_owned(), network: network.to_owned(), ..Texts::default() };
    Request::of(Kind::Network, texts).expect("a network")
}

fn objective(expr: &str, variables: &str, wrt: &str) -> Texts {
    let (variables, wrt) = (vec![variables.to_owned()], vec![wrt.to_owned()]);
    Texts { expr: expr.to_owned(), variables, wrt, ..Texts::default() }
}

#[test]
fn a_page_has_all_its_parts() {
    let ridge = objective(
        "norm2(X*w - y)^2/2 + lambda/2*norm2(w)^2",
        "X: matrix[n, d], y: vector[n], lambda: scalar",
        "w: vector",
    );
    let hostile = objective("x^2 + 0*where(x < 1, 1, 2)", "", "x: scalar");
    for request in [
        cost("quadratic + l2(lambda / n)"),
        network("cross_entropy + l2(lambda)", "4 -> 8 sigmoid -> 3 sigmoid"),
        Request::of(Kind::Objective, ridge).expect("an objective"),
        Request::of(Kind::Objective, hostile).expect("an objective"),
    ] {
        let page = page::whole(&request, Shown::default()).expect("a page");
        well_formed("a page", &page);
        for part in ["formula", "picture", "derivation", "shapes", "check", "rust"] {
            assert_eq!(page.matches(&format!("<section class=\"part\" id=\"{part}\"")).count(), 1, "{part}");
        }
        for copied in ["text", "LaTeX", "Rust", "NumPy"] {
            assert!(page.contains(&format!("<textarea id=\"copy-{copied}\"")), "{copied}");
        }
        assert!(page.contains("<td class=\"yes\">") && !page.contains("<td class=\"no\">"));
        assert_eq!(
            page,
            page::whole(&request, Shown::default()).expect("a page"),
            "the same bytes each time"
        );
    }
}

#[test]
fn a_penalty_enters_at_what_it_mentions_and_nowhere_else() {
    let picture = page::picture(&cost("quadratic + l2(lambda)")).expect("a picture");
    well_formed("the picture", &picture);
    assert!(picture.contains("The penalties mention w and neither a nor y"), "{picture}");
    // One way up from w, one to the penalty and on to C; one way back, to the share of w and into its gradient.
    assert_eq!(picture.matches("class=\"p a\"").count(), 3);
    assert_eq!(picture.matches("class=\"p a back\"").count(), 3);
    let bare = page::picture(&cost("quadratic")).expect("a picture");
    assert!(bare.contains("No penalty mentions a parameter.") && !bare.contains("class=\"p a"), "{bare}");
    let deep =
        page::picture(&network("mse + l1(mu)", "3 -> 5 relu -> 4 tanh -> 2 linear")).expect("a picture");
    well_formed("the network's", &deep);
    assert!(deep.contains("added to the gradients by w1, w2, w3 alone"), "{deep}");
}

#[test]
fn the_whole_catalog_has_pages() {
    for entry in catalog::all() {
        let (name, kind) = (entry.name(), entry.kind);
        let request = match kind {
            catalog::Kind::Loss => cost(&format!("{name} + l2(lambda)")),
            catalog::Kind::Activation => network("quadratic", &format!("3 -> 4 {name} -> 2 sigmoid")),
            _ => continue,
        };
        // Some losses want arguments, or a network's pre-activations.
        let Ok(content) = page::content(&request, Shown::default()) else { continue };
        well_formed(name, &content.body);
        assert!(!content.body.contains("<td class=\"no\">"), "{name}: the numbers disagree");
    }
}

#[test]
fn reference_cases_have_pages() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases");
    let Ok(files) = std::fs::read_dir(folder) else { return };
    let mut files: Vec<_> = files.filter_map(|file| Some(file.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == "json"));
    files.sort();
    let (mut all, mut shown) = (0, 0);
    for file in files {
        let cases = read::cases(&std::fs::read_to_string(file).expect("a file")).expect("cases");
        // An unoptimised compiler takes a tenth of a second for each page.
        for case in cases.iter().step_by(9) {
            let Body::Objective(o) = &case.body else { continue };
            let declared: Vec<String> =
                o.vars.iter().map(|(name, tensor)| tensor.declared(name).to_string()).collect();
            all += 1;
            let texts = objective(&o.expr, &declared.join(", "), &o.wrt.join(", "));
            let Ok(request) = Request::of(Kind::Objective, texts) else {
                continue;
            };
            let Ok(content) = page::content(&request, Shown::default()) else { continue };
            shown += 1;
            well_formed(&case.name, &content.body);
            assert!(!content.body.contains("<td class=\"no\">"), "{}: the numbers disagree", case.name);
        }
    }
    assert!(shown * 10 > all * 9, "{shown} of {all}");
}
