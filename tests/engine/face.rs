//! What `gradsmith` and its runtime offer, by name. Whatever is public is promised to users: an entry is
//! added here by decision, never by accident, and one that is gone is missed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use syn::{Attribute, Item, Meta, UseTree, Visibility};

/// The runtime: what users call of it, by the facade.
const RUNTIME: &[&str] = &[
    "Constrained",
    "Cost",
    "CostValue",
    "Error",
    "Init",
    "Network",
    "Objective",
    "Parameters",
    "Pattern",
    "Relation",
    "Residual",
    "Rng",
    "Scalar",
    "TensorSpec",
    "UnknownInit",
    "Variable",
    "__private (hidden)",
    "argmin (feature = \"argmin\")",
    "check",
    "fit (feature = \"fit\")",
    "metrics",
    "optim",
    "parallel",
    "plot (feature = \"plot\")",
    "ranks",
    "save (any (feature = \"safetensors\" , feature = \"serde\"))",
    "train",
];

/// What the facade, on which users depend, has besides.
const FACADE_ALONE: &[&str] = &["derive(Cost)", "derive(Network)", "derive(Objective)", "guide", "language"];

#[test]
fn the_facade_offers_what_is_recorded() {
    compare("src/lib.rs", &[RUNTIME, FACADE_ALONE].concat());
}

#[test]
fn the_runtime_offers_what_is_recorded() {
    compare("runtime/src/lib.rs", RUNTIME);
}

#[test]
fn every_kind_of_item_is_seen() {
    let found = offered(
        "pub use a::{B, c::D as E}; pub use gradsmith_macros::F; #[cfg(feature = \"g\")] pub mod g {}
         #[doc(hidden)] pub fn h() {} pub struct I; pub enum J {} pub trait K {} pub type L = u8; pub const M: u8 = 0;
         pub static N: u8 = 0; pub union O { p: u8 } pub use q::*; #[macro_export] macro_rules! r { () => {} }
         mod s {} use t::U; pub(crate) fn v() {} macro_rules! w { () => {} }",
    );
    let expected = [
        "B",
        "E",
        "I",
        "J",
        "K",
        "L",
        "M",
        "N",
        "O",
        "derive(F)",
        "g (feature = \"g\")",
        "h (hidden)",
        "q::*",
        "r!",
    ];
    assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
}

/// Generated code is all that names what is hidden: each item of it is written somewhere by the generator.
#[test]
fn nothing_is_hidden_that_no_generated_code_names() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let file = syn::parse_file(&fs::read_to_string(root.join("runtime/src/lib.rs")).expect("the runtime"))
        .expect("Rust");
    let private = file.items.into_iter().find_map(|item| match item {
        Item::Mod(m) if m.ident == "__private" => m.content.map(|(_, items)| items),
        _ => None,
    });
    let mut names = BTreeSet::new();
    for item in private.expect("a module of names") {
        if let Item::Use(u) = item {
            names.extend(imported(&u.tree, ""));
        }
    }
    let mut generator = String::new();
    let mut folders = vec![root.join("compiler/src/codegen"), root.join("compiler/src/derive")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the generator") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                generator.push_str(&fs::read_to_string(&path).expect("a file"));
            }
        }
    }
    let words: BTreeSet<&str> = generator.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let unnamed: Vec<&String> = names.iter().filter(|name| !words.contains(name.as_str())).collect();
    assert!(unnamed.is_empty(), "hidden, and named by no generated code: {unnamed:?}");
}

/// Compares a file's public names with a list, and says which are too many and which too few.
fn compare(file: &str, recorded: &[&str]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let found = offered(&text);
    let recorded: BTreeSet<String> = recorded.iter().map(ToString::to_string).collect();
    let (more, fewer): (Vec<_>, Vec<_>) =
        (found.difference(&recorded).collect(), recorded.difference(&found).collect());
    assert!(more.is_empty(), "{file} offers what is not recorded: {more:?}");
    assert!(fewer.is_empty(), "{file} no longer offers {fewer:?}");
}

/// The public names at the root of a crate.
fn offered(text: &str) -> BTreeSet<String> {
    let file = syn::parse_file(text).expect("the file is Rust");
    let mut names = BTreeSet::new();
    for item in &file.items {
        let (attributes, visibility, found) = match item {
            Item::Const(i) => (&i.attrs, &i.vis, vec![i.ident.to_string()]),
            Item::Enum(i) => (&i.attrs, &i.vis, vec![i.ident.to_string()]),
            Item::ExternCrate(i) => (&i.attrs, &i.vis, vec![i.ident.to_string()]),
            Item::Fn(i) => (&i.attrs, &i.vis, vec![i.sig.ident.to_string()]),
            Item::Mod(i) => (&i.attrs, &i.vis, vec![i.ident.to_string()]),
            Item::Static(i) => (&i.attrs, &i.vis, vec![i.ident.to_string()]),
            Item::Struct(i) => (&i.attrs, &i.vis, vec![i.ident.to_string()]),
            Item::Trait(i) => (&i.attrs, &i.vis, vec![i.ident.to_string()]),
            Item::TraitAlias(i) => (&i.attrs, &i.vis, vec![i.ident.to_string()]),
            Item::Type(i) => (&i.attrs, &i.vis, vec![i.ident.to_string()]),
            Item::Union(i) => (&i.attrs, &i.vis, vec![i.ident.to_string()]),
            Item::Use(i) => (&i.attrs, &i.vis, imported(&i.tree, "")),
            Item::Macro(i) if i.attrs.iter().any(|a| a.path().is_ident("macro_export")) => {
                names.extend(i.ident.iter().map(|name| format!("{name}!")));
                continue;
            }
            _ => continue,
        };
        if matches!(visibility, Visibility::Public(_)) {
            let condition = condition(attributes);
            names.extend(found.into_iter().map(|name| format!("{name}{condition}")));
        }
    }
    names
}

/// The names that an import brings.
fn imported(tree: &UseTree, from: &str) -> Vec<String> {
    let named = |name: &dyn std::fmt::Display| match from {
        "gradsmith_macros" => vec![format!("derive({name})")],
        _ => vec![name.to_string()],
    };
    match tree {
        UseTree::Path(path) => imported(&path.tree, &path.ident.to_string()),
        UseTree::Name(name) => named(&name.ident),
        UseTree::Rename(rename) => named(&rename.rename),
        UseTree::Glob(_) => vec![format!("{from}::*")],
        UseTree::Group(group) => group.items.iter().flat_map(|tree| imported(tree, from)).collect(),
    }
}

/// What the attributes say of who sees an item.
fn condition(attributes: &[Attribute]) -> String {
    let mut text = String::new();
    for attribute in attributes {
        let Meta::List(list) = &attribute.meta else { continue };
        if list.path.is_ident("cfg") {
            text += &format!(" ({})", list.tokens);
        } else if list.path.is_ident("doc") && list.tokens.to_string() == "hidden" {
            text += " (hidden)";
        }
    }
    text
}
