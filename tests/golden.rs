//! What comes out, pinned: for every entry of the catalog and for the combined costs and networks of `tests/golden/`
//! the derivation, its LaTeX and the generated Rust.
//!
//! A fixture is the input of a derive; with `#[network]` it is the input of `derive(Network)`. The catalog needs no
//! fixtures: an entry added there is pinned here by itself, with the methods that are about it. After a change that
//! is meant:
//!
//! ```sh
//! INSTA_UPDATE=always cargo test --test golden && git diff tests/snapshots
//! ```
//!
//! The derivation is part of the generated Rust; it stands in a section of its own, and as `".."` in the code.

use gradsmith_compiler::catalog::{self, Entry, Kind};
use gradsmith_compiler::derive::{derive_cost, derive_network};
use proc_macro2::{Group, Literal, TokenStream, TokenTree};
use std::fmt::Write;
use std::path::Path;
use syn::{File, ImplItem, Item};

/// What a derive made: the derivation as text and as LaTeX, and the code.
struct Expansion {
    text: String,
    latex: String,
    code: File,
}

fn expand(input: &str) -> Expansion {
    let tokens: TokenStream = input.parse().expect("a fixture is Rust");
    let code = if input.contains("#[network") { derive_network(tokens) } else { derive_cost(tokens) };
    let mut strings = Vec::new();
    let code = without_derivation(code, &mut strings);
    let [text, latex] = strings.try_into().unwrap_or_else(|s: Vec<String>| {
        panic!("expected a derivation and its LaTeX in\n{input}found {s:?}\n{code}")
    });
    let code = syn::parse2(code).expect("the generated code is Rust");
    Expansion { text, latex, code }
}

/// The code with `".."` for the strings of `DERIVATION` and `DERIVATION_LATEX`, which go to `strings`.
fn without_derivation(code: TokenStream, strings: &mut Vec<String>) -> TokenStream {
    let mut inside = false;
    code.into_iter()
        .map(|token| match token {
            TokenTree::Ident(ref ident) => {
                inside |= ident.to_string().starts_with("DERIVATION");
                token
            }
            TokenTree::Literal(literal) if inside => {
                inside = false;
                let string: syn::LitStr =
                    syn::parse_str(&literal.to_string()).expect("a derivation is a string");
                strings.push(string.value());
                TokenTree::Literal(Literal::string(".."))
            }
            TokenTree::Group(group) => {
                TokenTree::Group(Group::new(group.delimiter(), without_derivation(group.stream(), strings)))
            }
            other => other,
        })
        .collect()
}

/// One snapshot: sections under headings. Of the code all, or the methods of these names.
fn snapshot(input: &str, methods: Option<&[&str]>) -> String {
    let Expansion { text, latex, mut code } = expand(input);
    if let Some(names) = methods {
        code.items = only(code.items, names);
    }
    let rust = prettyplease::unparse(&code);
    let mut out = String::new();
    for (title, body) in [("input", input), ("derivation", &text), ("latex", &latex), ("rust", &rust)] {
        writeln!(out, "-- {title} {}\n{}\n", "-".repeat(70 - title.len()), body.trim_end())
            .expect("a string grows");
    }
    out
}

/// The implementations of methods of these names, with these methods only.
fn only(items: Vec<Item>, names: &[&str]) -> Vec<Item> {
    let mut found = Vec::new();
    for item in items {
        match item {
            Item::Const(item) => {
                if let syn::Expr::Block(block) = *item.expr {
                    let inner = block.block.stmts.into_iter().filter_map(|s| match s {
                        syn::Stmt::Item(item) => Some(item),
                        _ => None,
                    });
                    found.extend(only(inner.collect(), names));
                }
            }
            Item::Impl(mut item) => {
                item.items.retain(|member| match member {
                    ImplItem::Fn(f) => names.iter().any(|name| f.sig.ident == name),
                    _ => false,
                });
                item.attrs.clear();
                found.extend((!item.items.is_empty()).then_some(Item::Impl(item)));
            }
            _ => {}
        }
    }
    found
}

fn pin(name: &str, snapshot: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name.to_owned(), snapshot));
}

/// The call of an entry that gives every parameter without a default a hyper-parameter of its name.
fn call(entry: &Entry) -> (String, String) {
    let needed: Vec<&str> = entry
        .definition
        .params
        .iter()
        .filter(|p| p.default.is_none())
        .map(|p| p.name.name.as_str())
        .collect();
    let fields: String = needed.iter().map(|p| format!("{p}: f64, ")).collect();
    let args = if needed.is_empty() { String::new() } else { format!("({})", needed.join(", ")) };
    (format!("{}{args}", entry.name()), fields)
}

fn of_kind(kind: Kind) -> impl Iterator<Item = &'static Entry> {
    catalog::all().iter().filter(move |entry| entry.kind == kind)
}

/// A loss alone.
#[test]
fn losses() {
    for entry in of_kind(Kind::Loss) {
        let (call, fields) = call(entry);
        let input = format!("#[cost({call})]\nstruct C {{ {fields}}}");
        let methods = ["data", "d_activation_into"];
        pin(&format!("loss_{}", entry.name()), &snapshot(&input, Some(&methods)));
    }
}

/// A penalty beside a loss.
#[test]
fn penalties() {
    for entry in of_kind(Kind::Penalty) {
        let (call, fields) = call(entry);
        let input = format!("#[cost(quadratic + {call})]\nstruct C {{ {fields}}}");
        let methods = ["data", "weight_penalty", "d_activation_into", "d_weight_into"];
        pin(&format!("penalty_{}", entry.name()), &snapshot(&input, Some(&methods)));
    }
}

/// An activation as hidden layer.
#[test]
fn activations() {
    for entry in of_kind(Kind::Activation) {
        let name = entry.name();
        let args = if name == "clip" { "(-1, 1)" } else { "" };
        pin_activation(name, args);
    }
}

/// The functions that serve as activations without being in the catalog.
#[test]
fn functions_as_activations() {
    for name in ["sigmoid", "tanh", "softplus", "softmax", "log_softmax", "exp", "sin", "abs"] {
        pin_activation(name, "");
    }
}

fn pin_activation(name: &str, args: &str) {
    let input = format!("#[network(3 -> 4 {name}{args} -> 2 linear)]\n#[cost(quadratic)]\nstruct N;");
    let methods = ["predict_into", "value_and_gradient"];
    pin(&format!("activation_{name}"), &snapshot(&input, Some(&methods)));
}

/// The fixtures.
#[test]
fn costs_and_networks() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    for file in std::fs::read_dir(folder).expect("there are fixtures") {
        let path = file.expect("a fixture has a path").path();
        let input = std::fs::read_to_string(&path).expect("a fixture is readable");
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a fixture has a name");
        pin(&format!("combined_{}", name.replace('-', "_")), &snapshot(&input, None));
    }
}
