//! The same input gives the same bytes: every catalog entry and twenty networks, expanded in two processes.

#![allow(clippy::print_stdout, reason = "the second process answers on stdout")]

use gradsmith_compiler::catalog;
use gradsmith_compiler::derive::{derive_cost, derive_network};
use proc_macro2::TokenStream;
use quote::quote;
use std::process::Command;
use std::{env, fs};

/// Set for the process that only answers; its value is the file to write to.
const ANSWER_TO: &str = "GRADSMITH_DETERMINISM_ANSWER";

const NETWORKS: [&str; 20] = [
    "784 -> 100 sigmoid -> 10 softmax",
    "784 -> 30 sigmoid -> 10 sigmoid",
    "4 -> 3 tanh -> 2 linear",
    "1 -> 1 linear",
    "13 -> 8 relu -> 8 relu -> 8 relu -> 3 softmax",
    "5 -> 4 gelu -> 3 silu -> 2 mish -> 1 softplus",
    "5 -> 4 softmax -> 3 softmax",
    "5 -> 4 leaky_relu(0.2) -> 3 elu(alpha = 0.5) -> 2 sigmoid",
    "6 -> 5 softsign -> 4 hard_tanh -> 3 atan",
    "2 -> 2 tanh -> 2 tanh -> 2 tanh -> 2 tanh -> 2 tanh -> 2 tanh -> 2 tanh -> 2 tanh -> 2 tanh",
    "3 -> 3 selu -> 3 square -> 3 exp",
    "8 -> 16 erf -> 4 sin",
    "h = tanh(W*x + b); a = W'*h + c | x: 4, W: 2 x 4, b: 2, c: 4",
    "h = x + relu(W1*x + b1); g = h + relu(W2*h + b2); a = softmax(V*g) | x: 3, W1: 3 x 3, b1: 3, W2: 3 x 3, b2: 3, V: 2 x 3",
    "h = tanh(A*x + B*u + b); a = C*h + c | x: 3, u: 2, A: 4 x 3, B: 4 x 2, b: 4, C: 2 x 4, c: 2, inputs(x, u)",
    "g = sigmoid(G*x + d); c = tanh(W*x + b); a = g .* c + (1 - g) .* x | x: 3, G: 3 x 3, d: 3, W: 3 x 3, b: 3",
    "h = relu(U*(V*x) + b); a = softmax(W*h) | x: 5, U: 4 x 2, V: 2 x 5, b: 4, W: 3 x 4",
    "h = W*x + b; m = mean(h); s = sqrt(mean((h - m).^2) + 1e-3); a = softmax(g .* ((h - m)/s) + c) | x: 3, W: 4 x 3, b: 4, g: 4, c: 4",
    "a = max(W1*x + b1, W2*x + b2) | x: 3, W1: 2 x 3, b1: 2, W2: 2 x 3, b2: 2",
    "s = softmax(K*q); v = K'*s; a = W*v + b | q: 3, K: 5 x 3, W: 2 x 3, b: 2, inputs(q)",
];

const COSTS: [&str; 4] = [
    "quadratic + l2(lambda / n)",
    "cross_entropy + l1(lambda) + group_lasso(0.1) + orthogonal(lambda)",
    "categorical_cross_entropy(smoothing = 0.1) + elastic_net(lambda, 0.5) + l2(0.1, b)",
    "mse + activity_l2(lambda) + n*k + log(1 + sum(w.^2)) + huber(lambda)",
];

fn structure(attributes: &TokenStream) -> TokenStream {
    quote!(#attributes struct Subject { lambda: f64, n: f64 })
}

/// Every expansion, one after the other.
fn expansions() -> String {
    let mut text = String::new();
    let mut add = |what: &str, tokens: &TokenStream| {
        let tokens = tokens.to_string();
        assert!(!tokens.contains("compile_error"), "{what}: {tokens}");
        text.push_str(&format!("{what}\n{tokens}\n"));
    };
    let required = |entry: &catalog::Entry| {
        let asked = entry.definition.params.iter().filter(|p| p.default.is_none()).count();
        let args = vec!["lambda"; asked].join(", ");
        if asked == 0 { entry.name().to_owned() } else { format!("{}({args})", entry.name()) }
    };
    let of_catalog = catalog::all().iter().filter(|e| !e.kind.is_function()).map(required);
    for cost in of_catalog.chain(COSTS.iter().map(|c| (*c).to_owned())) {
        add(&cost, &derive_cost(structure(&quote!(#[cost(#cost)]))));
    }
    for (k, network) in NETWORKS.iter().enumerate() {
        let cost = COSTS[k % COSTS.len()];
        let network = match network.split_once('|') {
            None => quote!(#network),
            Some((network, declarations)) => {
                let declarations: TokenStream = declarations.parse().expect("tokens");
                quote!(#network, #declarations)
            }
        };
        add(&network.to_string(), &derive_network(structure(&quote!(#[network(#network)] #[cost(#cost)]))));
    }
    text
}

#[test]
fn two_processes_expand_alike() {
    let here = expansions();
    if let Some(file) = env::var_os(ANSWER_TO) {
        fs::write(file, here).expect("the answer can be written");
        return;
    }
    assert_eq!(here, expansions(), "twice in one process");
    let file = format!("{}/determinism.txt", env!("CARGO_TARGET_TMPDIR"));
    // The harness names tests without the crate.
    let name = concat!(module_path!(), "::two_processes_expand_alike");
    let name = name.split_once("::").map_or(name, |(_, name)| name);
    let status = Command::new(env::current_exe().expect("this test's own program"))
        .args(["--exact", name, "--quiet"])
        .env(ANSWER_TO, &file)
        .output()
        .expect("it runs");
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    let there = fs::read_to_string(&file).expect("the answer can be read");
    println!("{} bytes", here.len());
    // Not assert_eq: the texts are long.
    let differs = here.lines().zip(there.lines()).position(|(a, b)| a != b);
    assert!(here == there, "line {differs:?} differs");
}
