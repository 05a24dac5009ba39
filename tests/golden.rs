//! What comes out, pinned: for every entry of the catalog and for the costs, networks and objectives of
//! `tests/golden/` the derivation, its LaTeX and of the generated Rust the method that matters; of a few
//! fixtures all of it.
//!
//! A fixture is the input of a derive: with `#[network]` of `derive(Network)`, with `#[objective]` or
//! `#[residual]` of `derive(Objective)`, else of `derive(Cost)`. It begins with what it is there for, and
//! says in a line `// Pinned: ...` which methods are pinned, or `all`. The catalog needs no fixtures: an
//! entry added there is pinned here by itself. After a change that is meant:
//!
//! ```sh
//! INSTA_UPDATE=always cargo test --test golden && git diff tests/snapshots
//! ```
//!
//! What is pinned is to be read: [`MOST_LINES`] and [`MOST_BYTES`] bound it. The derivation is part of the
//! generated Rust; it stands in a section of its own, and as `".."` in the code.

use gradsmith_compiler::catalog::{self, Entry, Kind};
use gradsmith_compiler::derive::{derive_cost, derive_network, derive_objective};
use proc_macro2::{Group, Literal, TokenStream, TokenTree};
use quote::ToTokens;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};
use syn::{File, ImplItem, Item};

/// As much as a person reads.
const MOST_LINES: usize = 12_500;
const MOST_BYTES: usize = 590_000;

/// What is pinned under a name: the input of a derive, and the methods, none for all of the code.
struct Fixture {
    name: String,
    input: String,
    methods: Option<Vec<String>>,
}

impl Fixture {
    fn new(name: String, input: String, methods: &[&str]) -> Self {
        let methods = methods.iter().map(|m| (*m).to_owned()).collect();
        Self { name, input, methods: Some(methods) }
    }
}

/// What a derive made: the derivation as text and as LaTeX, and the code.
struct Expansion {
    text: String,
    latex: String,
    code: File,
}

fn expand(input: &str) -> Expansion {
    let tokens: TokenStream = input.parse().expect("a fixture is Rust");
    let code = if input.contains("#[network") {
        derive_network(tokens)
    } else if input.contains("#[objective") || input.contains("#[residual") {
        derive_objective(tokens)
    } else {
        derive_cost(tokens)
    };
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
                strings.push(string.value().trim_start().to_owned());
                TokenTree::Literal(Literal::string(".."))
            }
            TokenTree::Group(group) => {
                TokenTree::Group(Group::new(group.delimiter(), without_derivation(group.stream(), strings)))
            }
            other => other,
        })
        .collect()
}

/// One snapshot: sections under headings.
fn snapshot(fixture: &Fixture) -> String {
    let Fixture { name, input, methods } = fixture;
    let Expansion { text, latex, mut code } = expand(input);
    say_once(&mut code.items);
    if let Some(names) = methods {
        code.items = only(code.items, names);
        let rust = prettyplease::unparse(&code);
        // A method that is called otherwise by now would be pinned no more, and nobody would see it.
        let missing: Vec<_> = names.iter().filter(|name| !rust.contains(&format!("fn {name}"))).collect();
        assert!(missing.is_empty(), "{name}: nothing generated is called {missing:?}");
    }
    let rust = prettyplease::unparse(&code);
    let mut out = String::new();
    let mut sections = vec![("input", input), ("derivation", &text)];
    // The LaTeX of a derivation is the same page in another notation: that of the fixtures shows all forms.
    sections.extend(name.starts_with("combined_").then_some(("latex", &latex)));
    sections.extend((!rust.is_empty()).then_some(("rust", &rust)));
    for (title, body) in sections {
        writeln!(out, "-- {title} {}\n{}\n", "-".repeat(70 - title.len()), body.trim_end())
            .expect("a string grows");
    }
    out
}

/// Leaves of the documentation of the derivation, which has a section of its own, the line that says what it is.
fn say_once(items: &mut [Item]) {
    for item in items {
        match item {
            Item::Const(item) => {
                if let syn::Expr::Block(block) = &mut *item.expr {
                    for statement in &mut block.block.stmts {
                        if let syn::Stmt::Item(item) = statement {
                            say_once(std::slice::from_mut(item));
                        }
                    }
                }
            }
            Item::Impl(item) => {
                for member in &mut item.items {
                    if let ImplItem::Const(member) = member
                        && member.ident == "DERIVATION"
                    {
                        member.attrs.truncate(1);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The implementations of methods of these names, with these methods only, without the MathML of their
/// documentation.
fn only(items: Vec<Item>, names: &[String]) -> Vec<Item> {
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
                item.items.retain_mut(|member| match member {
                    ImplItem::Fn(f) => {
                        f.attrs.retain(|a| !a.to_token_stream().to_string().contains("<math"));
                        names.iter().any(|name| f.sig.ident == name)
                    }
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

fn pin(fixture: &Fixture) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(fixture.name.clone(), snapshot(fixture)));
}

// ---- what is pinned

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

/// Every loss alone.
fn losses() -> Vec<Fixture> {
    let loss = |entry: &Entry| {
        let (call, fields) = call(entry);
        let input = format!("#[cost({call})]\nstruct C {{ {fields}}}");
        Fixture::new(format!("loss_{}", entry.name()), input, &["d_activation_into"])
    };
    of_kind(Kind::Loss).map(loss).collect()
}

/// Every penalty beside a loss.
fn penalties() -> Vec<Fixture> {
    let penalty = |entry: &Entry| {
        let (call, fields) = call(entry);
        let input = format!("#[cost(quadratic + {call})]\nstruct C {{ {fields}}}");
        let of_activations = entry.name().starts_with("activity");
        let method = if of_activations { "d_activation_into" } else { "d_weight_into" };
        Fixture::new(format!("penalty_{}", entry.name()), input, &[method])
    };
    of_kind(Kind::Penalty).map(penalty).collect()
}

/// Every activation in a layer, and the functions that serve as activations without being in the catalog. The
/// way back is in the derivation; as code that of one with a kink, a long one, and one that couples its
/// units.
fn activations() -> Vec<Fixture> {
    let layer = |name: &str, methods: &[&str]| {
        let args = if name == "clip" { "(-1, 1)" } else { "" };
        let input = format!("#[network(3 -> 2 {name}{args})]\n#[cost(quadratic)]\nstruct N;");
        Fixture::new(format!("activation_{name}"), input, methods)
    };
    let entries = of_kind(Kind::Activation).map(|entry| match entry.name() {
        name @ ("relu" | "gelu") => layer(name, &["value_and_gradient"]),
        name => layer(name, &["predict_into"]),
    });
    let functions = ["sigmoid", "tanh", "softplus", "log_softmax", "exp", "sin", "abs"];
    let functions = functions.iter().map(|name| layer(name, &[]));
    entries.chain(functions).chain([layer("softmax", &["value_and_gradient"])]).collect()
}

/// The fixtures of the folder.
fn combined() -> Vec<Fixture> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let fixture = |file: io::Result<fs::DirEntry>| {
        let path = file.expect("a fixture has a path").path();
        let input = fs::read_to_string(&path).expect("a fixture is readable");
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a fixture has a name");
        let pinned = input.lines().find_map(|line| line.strip_prefix("// Pinned: "));
        let pinned = pinned.unwrap_or_else(|| panic!("{name} does not say what is pinned"));
        let methods = pinned.split(", ").map(str::to_owned).collect();
        Fixture {
            name: format!("combined_{}", name.replace('-', "_")),
            methods: (pinned != "all").then_some(methods),
            input,
        }
    };
    fs::read_dir(folder).expect("there are fixtures").map(fixture).collect()
}

#[test]
fn losses_are_as_reviewed() {
    losses().iter().for_each(pin);
}

#[test]
fn penalties_are_as_reviewed() {
    penalties().iter().for_each(pin);
}

#[test]
fn activations_are_as_reviewed() {
    activations().iter().for_each(pin);
}

#[test]
fn combined_costs_networks_and_objectives_are_as_reviewed() {
    combined().iter().for_each(pin);
}

// ---- how much

#[test]
fn every_snapshot_belongs_to_a_fixture() {
    let fixtures = [losses(), penalties(), activations(), combined()];
    let wanted: BTreeSet<String> = fixtures.iter().flatten().map(|f| format!("{}.snap", f.name)).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots");
    let files = fs::read_dir(folder).expect("there are snapshots").map(|f| f.expect("a file").file_name());
    let files: BTreeSet<String> = files.map(|f| f.to_string_lossy().into_owned()).collect();
    let left: Vec<_> = files.difference(&wanted).filter(|f| f.ends_with(".snap")).collect();
    assert!(left.is_empty(), "snapshots of nothing, to be deleted: {left:?}");
}

/// The files of the workspace, but for what is built.
fn files(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" {
                files(&path, found)?;
            }
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// What is pinned within a file of Rust: the strings behind `assert_snapshot!(..., @`.
fn inline(source: &str) -> Vec<&str> {
    let calls = source.split("assert_snapshot!(").skip(1);
    let string = |call| {
        let (_, rest): (&str, &str) = str::split_once(call, ", @")?;
        let (_, rest) = rest.split_once('"')?;
        Some(rest.split_once("\");").or_else(|| rest.split_once("\"#"))?.0)
    };
    calls.filter_map(string).collect()
}

#[test]
fn what_is_pinned_can_be_read() -> io::Result<()> {
    let mut all = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), &mut all)?;
    let (mut lines, mut bytes) = (0, 0);
    let mut add = |text: &str| {
        lines += text.lines().count();
        bytes += text.len();
    };
    for file in all {
        match file.extension().and_then(|e| e.to_str()) {
            Some("snap") => add(&fs::read_to_string(&file)?),
            Some("rs") => inline(&fs::read_to_string(&file)?).into_iter().for_each(&mut add),
            _ => {}
        }
    }
    assert!(
        lines > 0 && lines <= MOST_LINES && bytes <= MOST_BYTES,
        "{lines} lines, {bytes} bytes are pinned"
    );
    Ok(())
}
