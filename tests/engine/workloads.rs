//! The workloads of the benchmark, kept from sliding back: what their plans cost and how much code they are.
//!
//! The definitions are those of `benches/contestant`, read from its sources. A plan that costs less, or less
//! code, is a reason to lower a bound here.

use gradsmith_compiler::derive::{derive_network, derive_objective};
use gradsmith_compiler::emit;
use gradsmith_compiler::eval::Sizes;
use gradsmith_compiler::front::{NetworkText, ObjectiveText, declaration};
use gradsmith_compiler::ir::NodeId;
use gradsmith_compiler::lower::objective;
use gradsmith_compiler::pipeline::{self, ObjectiveProgram};
use gradsmith_compiler::schedule::{Operations, Output, Policy, schedule};
use gradsmith_compiler::syntax::ast::{Declaration, DeclaredExtent, DeclaredShape};
use proc_macro2::{Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Item, ItemStruct};

const SOURCES: [&str; 4] = [
    include_str!("../../benches/contestant/src/indices.rs"),
    include_str!("../../benches/contestant/src/networks.rs"),
    include_str!("../../benches/contestant/src/objectives.rs"),
    include_str!("../../benches/contestant/src/rosenbrock.rs"),
];

/// The struct of a workload.
fn definition(name: &str) -> ItemStruct {
    let items = SOURCES.iter().flat_map(|s| syn::parse_file(s).expect("the benchmark is Rust").items);
    let structs = items.filter_map(|item| match item {
        Item::Struct(s) => Some(s),
        _ => None,
    });
    structs.into_iter().find(|s| s.ident == name).unwrap_or_else(|| panic!("no workload {name}"))
}

/// The cost or objective of a workload.
fn expression(name: &str) -> String {
    let attributes = definition(name).attrs.into_iter();
    let lists = attributes.filter_map(|a| a.meta.require_list().ok().cloned());
    let mut found = lists.filter(|l| l.path.is_ident("objective"));
    let tokens = found.next().expect("an objective").tokens;
    let Some(TokenTree::Literal(text)) = tokens.into_iter().next() else { panic!("{name}: no expression") };
    syn::parse_str::<syn::LitStr>(&text.to_string()).expect("a string").value()
}

/// The code without its documentation, which costs a compiler next to nothing.
fn undocumented(stream: TokenStream) -> TokenStream {
    let mut out = Vec::new();
    let mut rest = stream.into_iter().peekable();
    while let Some(tree) = rest.next() {
        match (tree, rest.peek()) {
            (TokenTree::Punct(sign), Some(TokenTree::Group(group)))
                if sign.as_char() == '#' && is_documentation(group.stream()) =>
            {
                rest.next();
            }
            (TokenTree::Group(group), _) => {
                out.push(Group::new(group.delimiter(), undocumented(group.stream())).into());
            }
            (tree, _) => out.push(tree),
        }
    }
    out.into_iter().collect()
}

fn tokens(stream: TokenStream) -> usize {
    let count = |tree: TokenTree| match tree {
        TokenTree::Group(group) => 2 + tokens(group.stream()),
        _ => 1,
    };
    stream.into_iter().map(count).sum()
}

/// `doc = ".."`, or that for rustdoc alone.
fn is_documentation(attribute: TokenStream) -> bool {
    let text = attribute.to_string();
    text.starts_with("doc =") || text.starts_with("cfg_attr (doc ,")
}

#[test]
fn the_code_is_no_longer_than_it_is() {
    let mut found = Vec::new();
    for (name, most) in [
        ("Tiny", 10_000),
        ("Digits", 7_600),
        ("Deeper", 11_300),
        ("Large", 10_200),
        ("Logistic", 3_950),
        ("Masked", 5_500),
        ("FirstLayer", 14_800),
        ("Messy", 8_150),
        ("Rosenbrock", 41_400),
        ("Chain", 6_300),
        ("Process", 11_800),
        ("Rated", 11_200),
    ] {
        let mut item = definition(name);
        let network = item.attrs.iter().any(|a| a.path().is_ident("network"));
        item.attrs.retain(|a| !a.path().is_ident("derive") && !a.path().is_ident("doc"));
        let item = item.into_token_stream();
        let code = if network { derive_network(item) } else { derive_objective(item) };
        let count = tokens(undocumented(code));
        found.push((name, count, most));
    }
    assert!(found.iter().all(|(_, count, most)| count <= most), "workload, tokens, bound: {found:?}");
}

#[test]
fn a_network_reads_like_the_four_equations() {
    let item = quote::quote! {
        #[network(784 -> 100 sigmoid -> 10 sigmoid)]
        #[cost(cross_entropy + l2(lambda / n))]
        struct Digits {
            lambda: f64,
            n: f64,
        }
    };
    let text = prettyplease::unparse(&syn::parse2(undocumented(derive_network(item))).expect("items"));
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.iter().position(|l| l.contains("fn value_and_gradient(")).expect("the method");
    let end = lines[from..].iter().position(|l| *l == "        }").expect("its end");
    assert!(end < 105, "value_and_gradient has {} lines", end + 1);
    assert!(lines.len() <= 850, "{} lines in all", lines.len());
}

// ---- networks

/// Multiplications, other arithmetic and calls of value and gradient, for a batch of `m`.
fn network(layers: &str, cost: &str, m: usize) -> Operations {
    let text = NetworkText {
        network: layers.to_owned(),
        cost: cost.to_owned(),
        hyper: vec!["lambda".to_owned()],
        ..NetworkText::default()
    };
    let program = pipeline::network(text.lower().unwrap_or_else(|e| panic!("{layers}: {e}")));
    let mut outputs = vec![("data".to_owned(), program.data), ("penalty".to_owned(), program.penalty)];
    outputs.extend(program.gradient.iter().map(|p| (format!("grad_{}", p.name), p.node)));
    let outputs: Vec<Output> = outputs.into_iter().map(|(name, node)| Output { name, node }).collect();
    schedule(&program.graph, &outputs, Policy::Store, &emit::name_or_text)
        .operations(&Sizes::from([("m".to_owned(), m)]))
}

/// A product for each layer's value and for its weights' gradient, and one for each delta but the first.
fn products(sizes: &[u64], m: u64) -> u64 {
    let weights = |sizes: &[u64]| sizes.windows(2).map(|w| w[0] * w[1]).sum::<u64>();
    m * (2 * weights(sizes) + weights(&sizes[1..]))
}

#[test]
fn networks_multiply_as_often_as_back_propagation() {
    for (layers, cost, sizes, m) in [
        ("6 -> 64 relu -> 8 relu -> 4 linear", "quadratic", &[6, 64, 8, 4][..], 32),
        ("784 -> 100 sigmoid -> 10 sigmoid", "cross_entropy + l2(lambda)", &[784, 100, 10], 10),
        (
            "784 -> 512 relu -> 512 relu -> 10 softmax",
            "categorical_cross_entropy + l2(lambda)",
            &[784, 512, 512, 10],
            128,
        ),
        (
            "1024 -> 2048 tanh -> 2048 tanh -> 1024 tanh",
            "quadratic + l2(lambda)",
            &[1024, 2048, 2048, 1024],
            512,
        ),
    ] {
        let count = network(layers, cost, m);
        assert_eq!(count.products, products(sizes, m as u64), "{layers}");
        let units: u64 = sizes[1..].iter().sum();
        assert!(count.calls.values().sum::<u64>() <= 3 * m as u64 * units, "{layers}: {:?}", count.calls);
    }
}

// ---- objectives

/// A workload's objective with its data, by the variables named in `wrt`. Extents are symbols and numbers.
fn program(name: &str, variables: &[(&str, &[&str])], wrt: &[&str]) -> ObjectiveProgram {
    let expr = expression(name);
    let fields = definition(name).fields;
    let extent = |s: &str| s.parse().map_or(DeclaredExtent::Symbol(s.to_owned()), DeclaredExtent::Constant);
    let declare = |(name, extents): &(&str, &[&str])| {
        let shape = match extents {
            [] => DeclaredShape::Scalar,
            [n] => DeclaredShape::Vector(Some(extent(n))),
            [n, k, ..] => DeclaredShape::Matrix(Some((extent(n), extent(k)))),
        };
        let mut field = fields.iter().filter(|f| f.ident.as_ref().is_some_and(|i| i == name));
        let whole = field.any(|f| f.ty.to_token_stream().to_string().contains("u32"));
        Declaration { whole, ..declaration(name, shape) }
    };
    let wrt: Vec<String> = wrt.iter().map(|w| (*w).to_owned()).collect();
    let text = ObjectiveText {
        variables: variables.iter().map(declare).collect(),
        wrt: wrt.iter().map(|w| (w.clone(), objective::whole(&expr))).collect(),
        expr,
        ..ObjectiveText::default()
    };
    let lowered = text.lower().unwrap_or_else(|e| panic!("{name}: {e}"));
    let symmetric = vec![false; wrt.len()];
    pipeline::objective(lowered, &wrt, &symmetric, false)
}

fn operations(p: &ObjectiveProgram, nodes: &[NodeId], sizes: &[(&str, usize)]) -> Operations {
    let output = |(k, &node): (usize, &NodeId)| Output { name: format!("out{k}"), node };
    let outputs: Vec<Output> = nodes.iter().enumerate().map(output).collect();
    let sizes: Sizes = sizes.iter().map(|(s, n)| ((*s).to_owned(), *n)).collect();
    schedule(&p.graph, &outputs, Policy::Store, &emit::name_or_text).operations(&sizes)
}

fn value_and_gradient(p: &ObjectiveProgram) -> Vec<NodeId> {
    std::iter::once(p.value).chain(p.gradient.iter().copied()).collect()
}

#[test]
fn logistic_regression() {
    let p = program("Logistic", &[("X", &["n", "d"]), ("y", &["n"]), ("lambda", &[]), ("w", &["d"])], &["w"]);
    let (n, d) = (10_000, 200);
    let sizes = [("n", n as usize), ("d", d as usize)];
    let count = operations(&p, &value_and_gradient(&p), &sizes);
    assert_eq!(count.products, 2 * n * d);
    assert_eq!(count.calls.values().sum::<u64>(), 2 * n, "{:?}", count.calls);
    let count = operations(&p, &p.hessian_product, &sizes);
    assert_eq!(count.products, 3 * n * d);
    let count = operations(&p, &p.hessian[0], &sizes);
    assert!(count.products <= n * d + n * d * d, "{}", count.products);
}

#[test]
fn masked_factorisation() {
    let p = program(
        "Masked",
        &[("M", &["n", "n"]), ("V", &["n", "k"]), ("T", &["n", "n"]), ("U", &["n", "k"])],
        &["U"],
    );
    let (n, k) = (500, 10);
    let count = operations(&p, &value_and_gradient(&p), &[("n", n as usize), ("k", k as usize)]);
    assert_eq!(count.products, 2 * n * n * k);
    let (n, k) = (100, 5);
    let count = operations(&p, &p.hessian[0], &[("n", n as usize), ("k", k as usize)]);
    // Block i is 2 V' diag(M_i^2) V, and the others are 0.
    assert!(count.products <= n * n * k * k + n * n * k, "{}", count.products);
}

#[test]
fn hessian_of_a_first_layer() {
    let (a, b) = (&["m", "d"][..], &["d", "d"][..]);
    let data = [
        ("X", a),
        ("Y", a),
        ("W2", b),
        ("W3", b),
        ("b1", &b[..1]),
        ("b2", &b[..1]),
        ("b3", &b[..1]),
        ("W", b),
    ];
    let p = program("FirstLayer", &data, &["W"]);
    let count = operations(&p, &p.hessian[0], &[("m", 20), ("d", 10)]);
    assert!(count.products <= 272_000, "{}", count.products);
}

#[test]
fn scalar_functions() {
    let names: Vec<String> = (0..100).map(|k| format!("x{k}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let variables: Vec<(&str, &[&str])> = names.iter().map(|n| (*n, &[][..])).collect();
    let p = program("Rosenbrock", &variables, &names);
    let count = operations(&p, &value_and_gradient(&p), &[]);
    assert!(count.arithmetic <= 1_879, "{count:?}");
    assert!(count.calls.is_empty(), "{count:?}");
    let p = program("Messy", &variables[..6], &names[..6]);
    let count = operations(&p, &value_and_gradient(&p), &[]);
    assert!(count.arithmetic <= 95 && count.calls.values().sum::<u64>() <= 10, "{count:?}");
}

#[test]
fn long_chain() {
    let n = 1_000_000;
    let p = program("Chain", &[("x", &["n"])], &["x"]);
    let count = operations(&p, &value_and_gradient(&p), &[("n", n as usize)]);
    // What neighbours need is found at each of them, in one pass, rather than kept for the next.
    assert!(count.products == 0 && count.calls.is_empty() && count.arithmetic <= 28 * n, "{count:?}");
}

#[test]
fn gaussian_process() {
    let data = [("X", &["n", "d"][..]), ("y", &["n"]), ("l", &[]), ("s", &[]), ("t", &[])];
    let p = program("Process", &data, &["l", "s", "t"]);
    let (n, d) = (500, 8);
    let count = operations(&p, &value_and_gradient(&p), &[("n", n as usize), ("d", d as usize)]);
    // One factor, Cholesky's, serves the inverse, the determinant and one system.
    assert!(count.products <= n * n * n / 6 + 2 * n * n * n / 3 + n * n, "{}", count.products);
    assert!(count.arithmetic <= (3 * d + 12) * n * n + 5 * n, "{}", count.arithmetic);
    let called = |name: &str| count.calls.get(name).copied().unwrap_or(0);
    assert_eq!([called("factor_symmetric"), called("inverse")], [1, 1]);
    assert!(called("exp") <= n * n + 2, "{:?}", count.calls);
}

#[test]
fn list_of_ratings() {
    let list = &["m"][..];
    let data = [("r", list), ("p", list), ("q", list), ("lambda", &[])];
    let factors = [("U", &["users", "16"][..]), ("V", &["items", "16"])];
    let p = program("Rated", &[&data[..], &factors].concat(), &["U", "V"]);
    let (m, users, items) = (1_000_000, 10_000, 5_000);
    let sizes = [("m", m as usize), ("users", users as usize), ("items", items as usize)];
    let count = operations(&p, &value_and_gradient(&p), &sizes);
    assert!(count.products <= 2 * 16 * m && count.calls.is_empty(), "{count:?}");
    assert!(count.arithmetic <= (6 * 16 + 3) * m + 5 * 16 * (users + items) + 4, "{}", count.arithmetic);
}
