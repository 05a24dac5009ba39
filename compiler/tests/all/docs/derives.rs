//! The pages of the derives, `macros/docs`: each attribute, each option and each item that is generated
//! stands in them.

use gradsmith_compiler::derive::{derive_cost, derive_network, derive_objective};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;
use std::collections::BTreeSet;

/// A page's code: what it has in backticks and in its examples.
fn code(page: &str) -> BTreeSet<String> {
    let path = format!("{}/../macros/docs/{page}.md", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the page is in the repository");
    let name = |c: char| c.is_alphanumeric() || c == '_';
    text.split('`').skip(1).step_by(2).flat_map(|code| code.split(|c| !name(c)).map(str::to_owned)).collect()
}

/// Traits of the runtime's hidden module, of which a user sees nothing.
const HIDDEN: &[&str] = &["Cause"];

/// The names that these tokens declare: structs, and what implementations have.
fn items(tokens: TokenStream) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let (mut implementation, mut hidden) = (false, false);
    let mut before = String::new();
    for token in tokens {
        match &token {
            TokenTree::Ident(ident) => {
                if before == "struct" {
                    found.insert(ident.to_string());
                }
                implementation |= ident == "impl";
                hidden |= implementation && HIDDEN.iter().any(|name| ident == name);
                before = ident.to_string();
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                if !hidden {
                    found.extend(if implementation {
                        members(group.stream())
                    } else {
                        items(group.stream())
                    });
                }
                (implementation, hidden) = (false, false);
            }
            _ => before.clear(),
        }
    }
    found
}

/// The functions, constants and types of an implementation.
fn members(tokens: TokenStream) -> BTreeSet<String> {
    let all: Vec<String> = tokens.into_iter().map(|t| t.to_string()).collect();
    let declares = |w: &&[String]| ["fn", "const", "type"].contains(&w[0].as_str());
    all.windows(2).filter(declares).map(|w| w[1].clone()).collect()
}

#[track_caller]
fn documented(page: &str, generated: TokenStream, at_least: &[&str]) {
    let items = items(generated);
    for name in at_least {
        assert!(items.contains(*name), "`{name}` is not generated: {items:?}");
    }
    let code = code(page);
    let missing: Vec<&String> = items.iter().filter(|name| !code.contains(*name)).collect();
    assert!(missing.is_empty(), "macros/docs/{page}.md does not mention {missing:?}");
}

#[test]
fn each_item_of_a_cost_is_documented() {
    let generated = derive_cost(quote! {
        #[cost(quadratic + l2(lambda))]
        struct Loss {
            lambda: f64,
        }
    });
    documented("cost", generated, &["d_activation_into", "gradient_and_hessian_diagonal", "DERIVATION"]);
}

#[test]
fn each_item_of_a_network_is_documented() {
    let generated = derive_network(quote! {
        #[network(4 -> 1 sigmoid)]
        #[cost(quadratic)]
        struct Net;
    });
    documented("network", generated, &["NetParameters", "w1_mut", "sgd_step", "gauss_newton_product"]);
}

#[test]
fn each_item_of_an_objective_is_documented() {
    let generated = derive_objective(quote! {
        #[residual("A*w", wrt(w: vector))]
        struct Fit {
            A: Array2<f64>,
        }
    });
    documented("objective", generated, &["FitProblem", "prepare", "hessian_into", "jacobian_into", "w"]);
    let generated = derive_objective(quote! {
        #[objective("sum((y - w).^2)", wrt(w: scalar), divided(y))]
        struct Fit {
            y: Array1<f64>,
        }
    });
    documented("objective", generated, &["FitProblem", "prepare_among", "DIVIDED"]);
}

/// The attributes of each derive, as `macros/src/lib.rs` has them, and the options of `#[gradsmith(...)]`.
/// Where an array has no matrix form the page shows an entry of it, and the left side says which.
#[test]
fn formulas_of_methods_are_equations() {
    let code = derive_objective(quote! {
        #[residual("vector[i](x[i+1]*x[i]^2 - c)", wrt(x: vector, c: scalar))]
        struct Neighbours;
    });
    let code = code.to_string();
    let partial = |of: &str, by: &str| {
        format!("<mfrac><mrow><mo>∂</mo>{of}</mrow><mrow><mo>∂</mo>{by}</mrow></mfrac><mo>=</mo>")
    };
    let entry = |of: &str, at: &str| format!("<msub><mi>{of}</mi><mi>{at}</mi></msub>");
    for left in [
        format!("{}<mo>=</mo>", entry("r", "i")),
        partial(&entry("r", "i"), &entry("x", "j")),
        partial("<mi>r</mi>", "<mi>c</mi>"),
        partial("<mi>f</mi>", &entry("x", "i")),
        format!("<mi>v</mi><mo>)</mo></mrow>{}</msub><mo>=</mo>", entry("x", "i")),
    ] {
        assert!(code.contains(&left), "no {left}");
    }
}

#[test]
fn each_attribute_is_documented() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../macros/src/lib.rs");
    let macros = std::fs::read_to_string(path).expect("the macros are in the repository");
    let mut seen = 0;
    for declared in macros.lines().filter_map(|line| line.strip_prefix("#[proc_macro_derive(")) {
        let (name, attributes) = declared.split_once(", attributes(").expect("a derive has attributes");
        let code = code(&name.to_lowercase());
        let attributes = attributes.trim_end_matches([')', ']']).split(", ");
        for word in attributes.chain(["crate", "scalar"]) {
            assert!(code.contains(word), "`{word}` of `{name}` is not documented");
        }
        assert!(name != "Network" || code.contains("weighted"));
        seen += 1;
    }
    assert_eq!(seen, 3);
}

/// The tokens without comments, which are attributes by now.
fn without_docs(tokens: TokenStream) -> TokenStream {
    let mut kept: Vec<TokenTree> = Vec::new();
    for token in tokens {
        let TokenTree::Group(group) = token else {
            kept.push(token);
            continue;
        };
        let inner = group.stream();
        if inner.clone().into_iter().next().is_some_and(|first| first.to_string() == "doc") {
            kept.pop(); // #
        } else {
            kept.push(Group::new(group.delimiter(), without_docs(inner)).into());
        }
    }
    kept.into_iter().collect()
}

/// The code that the guide shows is what is generated, comments and spaces aside.
#[test]
fn the_guide_shows_code_that_is_generated() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../src/guide/generated_code.md");
    let text = std::fs::read_to_string(path).expect("the chapter is in the repository");
    let shown = text.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a listing");
    let code = derive_network(quote! {
        #[network(784 -> 100 sigmoid -> 10 sigmoid)]
        #[cost(cross_entropy + l2(lambda / n))]
        struct MyNetwork {
            lambda: f64,
            n: f64,
        }
    });
    let bare = |code: &str| {
        let code: String = code.split_whitespace().collect();
        code.replace(",)", ")")
    };
    let code = bare(&without_docs(code).to_string());
    for part in shown.split("...\n") {
        let lines: Vec<&str> = part.lines().filter(|line| !line.starts_with("///")).collect();
        let part = bare(&lines.join("\n"));
        assert!(code.contains(&part), "{part} is not generated");
    }
}
