//! What deep formulas take: how often the compiler allocates for them, which is what it does, and how much
//! code they are. All of it grows with the formula, and not with the paths through it.

use gradsmith_compiler::derivation::{self, Room, Shown};
use gradsmith_compiler::derive::derive_objective;
use gradsmith_compiler::front::{ObjectiveText, declaration};
use gradsmith_compiler::lower::objective;
use gradsmith_compiler::syntax::ast::{DeclaredExtent, DeclaredShape};
use gradsmith_test_support::counting::allocations;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::quote;

/// A formula, its data and its variables, each with its extents.
struct Formula {
    text: String,
    data: Vec<(String, Vec<&'static str>)>,
    variables: Vec<(String, Vec<&'static str>)>,
}

/// What a formula takes.
#[derive(Clone, Copy, Debug)]
struct Taken {
    /// Nodes of the formula and its derivatives.
    nodes: usize,
    /// Allocations of the derivation, as the command line prints it.
    explained: usize,
    /// Those of the derive.
    derived: usize,
    /// The derive's tokens.
    tokens: usize,
    /// Its characters.
    characters: usize,
}

fn named(names: &[(&str, &[&'static str])]) -> Vec<(String, Vec<&'static str>)> {
    names.iter().map(|(name, extents)| ((*name).to_owned(), extents.to_vec())).collect()
}

fn tokens(stream: TokenStream) -> usize {
    let count = |tree: TokenTree| match tree {
        TokenTree::Group(group) => 2 + tokens(group.stream()),
        _ => 1,
    };
    stream.into_iter().map(count).sum()
}

impl Formula {
    fn taken(&self) -> Taken {
        let shape = |extents: &[&str]| {
            let symbol = |s: &str| DeclaredExtent::Symbol(s.to_owned());
            match *extents {
                [] => DeclaredShape::Scalar,
                [n] => DeclaredShape::Vector(Some(symbol(n))),
                [n, m, ..] => DeclaredShape::Matrix(Some((symbol(n), symbol(m)))),
            }
        };
        let all = self.data.iter().chain(&self.variables);
        let text = ObjectiveText {
            expr: self.text.clone(),
            variables: all.map(|(name, extents)| declaration(name, shape(extents))).collect(),
            wrt: self.variables.iter().map(|(n, _)| (n.clone(), objective::whole(&self.text))).collect(),
            ..ObjectiveText::default()
        };
        let (explained, nodes) = allocations(|| {
            let program = text.program().unwrap_or_else(|e| panic!("{}: {e}", self.text));
            let page = derivation::objective(&program, &text, Shown::default(), Room::unlimited);
            assert!(!page.text().is_empty());
            program.graph.len()
        });
        let ident = |name: &str| Ident::new(name, Span::call_site());
        let fields = self.data.iter().map(|(name, extents)| {
            let name = ident(name);
            match extents.len() {
                0 => quote!(#name: f64),
                1 => quote!(#name: Vec<f64>),
                _ => quote!(#name: Array2<f64>),
            }
        });
        let wrt = self.variables.iter().map(|(name, extents)| {
            let (name, extents) = (ident(name), extents.iter().map(|e| ident(e)));
            match extents.len() {
                0 => quote!(#name: scalar),
                1 => quote!(#name: vector[#(#extents),*]),
                _ => quote!(#name: matrix[#(#extents),*]),
            }
        });
        let expr = &self.text;
        let item = quote!(#[objective(#expr, wrt(#(#wrt),*))] struct Grown { #(#fields),* });
        let (derived, code) = allocations(|| derive_objective(item));
        let characters = code.to_string();
        assert!(!characters.contains("compile_error"), "{characters:.300}");
        Taken { nodes, explained, derived, tokens: tokens(code), characters: characters.len() }
    }
}

fn tower(depth: usize) -> Formula {
    let text = (0..depth).fold("x".to_owned(), |inner, _| format!("softmax(A*{inner})"));
    Formula {
        text: format!("sum({text}.^2)"),
        data: Vec::new(),
        variables: named(&[("x", &["n"]), ("A", &["n", "n"])]),
    }
}

fn locals(count: usize) -> Formula {
    let (mut text, mut q) = (String::new(), "x".to_owned());
    for k in 1..=count {
        text += &format!("q{k} = A*({q}.*softmax({q})) + where({q}>0,{q},x); ");
        q = format!("q{k}");
    }
    Formula {
        text: format!("{text}sum({q}.^2)"),
        data: named(&[("A", &["n", "n"])]),
        variables: named(&[("x", &["n"])]),
    }
}

fn power(n: usize) -> Formula {
    Formula {
        text: format!("tr(A^{n}*B)"),
        data: named(&[("B", &["n", "n"])]),
        variables: named(&[("A", &["n", "n"])]),
    }
}

fn product(n: usize) -> Formula {
    let names: Vec<String> = (1..=n).map(|k| format!("x{k}")).collect();
    Formula {
        text: names.join("*"),
        data: Vec::new(),
        variables: names.into_iter().map(|name| (name, Vec::new())).collect(),
    }
}

fn recurrent(steps: usize) -> Formula {
    let mut text = String::new();
    let mut data = named(&[("h0", &["d"]), ("y", &["d"])]);
    for k in 1..=steps {
        text += &format!("h{k} = tanh(W*h{} + U*x{k} + b); ", k - 1);
        data.push((format!("x{k}"), vec!["m"]));
    }
    Formula {
        text: format!("{text}sum((h{steps} - y).^2)"),
        data,
        variables: named(&[("W", &["d", "d"]), ("U", &["d", "m"]), ("b", &["d"])]),
    }
}

/// Twice as much takes little more than twice as long, in each stage.
fn holds(name: &str, half: &Formula, whole: &Formula) -> Taken {
    let (half, whole) = (half.taken(), whole.taken());
    let of = |t: &Taken| [t.nodes, t.explained, t.derived, t.tokens];
    let grows = of(&half).into_iter().zip(of(&whole)).map(|(half, whole)| 10 * whole / half);
    assert!(grows.into_iter().all(|tenths| tenths <= 30), "{name}: {half:?}, {whole:?}");
    whole
}

#[test]
fn towers_of_functions_along_axes() {
    holds("softmax", &tower(3), &tower(6));
}

#[test]
fn local_definitions_that_stand_on_each_other() {
    let taken = holds("locals", &locals(7), &locals(15));
    assert!(taken.derived <= 3_300_000, "{taken:?}");
}

#[test]
fn matrix_powers_are_squared() {
    let taken = holds("powers", &power(30), &power(60));
    assert!(taken.nodes <= 250, "{taken:?}");
}

#[test]
fn products_of_many_factors() {
    let taken = holds("products", &product(20), &product(40));
    assert!(taken.characters <= 200_000, "{taken:?}");
}

#[test]
fn recurrent_networks_with_shared_weights() {
    holds("recurrent", &recurrent(8), &recurrent(16));
}
