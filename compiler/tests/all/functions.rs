//! Every element-wise function keeps what its row says: derivatives, range, form without a guard; and the
//! runtime has it.

use gradsmith_compiler::diff;
use gradsmith_compiler::eval::{Evaluator, Sizes};
use gradsmith_compiler::front::{self, ObjectiveText};
use gradsmith_compiler::ir::{Graph, NodeId, Tensor};
use gradsmith_compiler::ops::interval::Interval;
use gradsmith_compiler::ops::{self, ElementOp};
use gradsmith_compiler::syntax::ast::DeclaredShape;
use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::path::Path;

/// A graph of the function at scalar inputs, one for each argument.
fn applied(op: &ElementOp) -> (Graph, Vec<NodeId>, NodeId) {
    let mut g = Graph::new();
    let inputs: Vec<NodeId> = (0..op.derivatives.len()).map(|n| g.input(&format!("x{n}"), &[])).collect();
    let args: Vec<Tensor> = inputs.iter().map(|&node| Tensor::new(node, Vec::new())).collect();
    let value = g.call(op.name, &args).node;
    (g, inputs, value)
}

fn evaluated(g: &Graph, node: NodeId, args: &[f64]) -> f64 {
    let values: Vec<Vec<f64>> = args.iter().map(|v| vec![*v]).collect();
    Evaluator::new(g, &values, &Sizes::default()).scalar(node)
}

/// Arguments in the row's domain.
fn arguments(op: &ElementOp, sample: usize) -> Vec<f64> {
    let at = |n: usize| {
        let u = ((sample * 7 + n * 5 + 3) % 12) as f64 / 12.0 + 0.017;
        op.domain.0 + u * (op.domain.1 - op.domain.0)
    };
    let mut args: Vec<f64> = (0..op.derivatives.len()).map(at).collect();
    if op.takes_order() {
        // The order is a whole number.
        args[0] = f64::from(sample as u32 % 3 + 1);
    }
    args
}

#[test]
fn derivatives_agree_with_central_differences() {
    for op in ops::ALL {
        let (mut g, inputs, value) = applied(op);
        let derivatives = diff::gradient(&mut g, value, &inputs);
        for (k, text) in op.derivatives.iter().enumerate() {
            // What sums of exponentials are shifted by is differentiated as a constant.
            let held = matches!(op.name, "held" | "peak");
            if held || op.takes_order() && k == 0 {
                continue;
            }
            for args in (0..12).map(|sample| arguments(op, sample)) {
                let got = evaluated(&g, derivatives[k], &args);
                let h = 1e-6;
                let (mut up, mut down) = (args.clone(), args.clone());
                up[k] += h;
                down[k] -= h;
                let [up, down] = [up, down].map(|args| (op.eval)(&args));
                // Also where both are the same infinity.
                let want = if up == down { 0.0 } else { (up - down) / (2.0 * h) };
                let scale = want.abs().max(1.0);
                assert!(
                    (got - want).abs() < 1e-6 * scale,
                    "{} by argument {k} at {args:?}: {text} = {got}, not {want}",
                    op.name
                );
            }
        }
    }
}

#[test]
fn of_an_order_that_is_no_whole_number_there_is_no_polygamma() {
    let polygamma = ops::ALL.iter().find(|op| op.name == "polygamma").expect("polygamma");
    for order in [0.0, -1.0, 0.5, 1.5, f64::NAN] {
        assert!((polygamma.eval)(&[order, 2.0]).is_nan(), "of order {order}");
    }
}

#[test]
fn values_lie_in_the_range_of_the_arguments() {
    for op in ops::ALL {
        for sample in 0..12 {
            let (args, other) = (arguments(op, sample), arguments(op, (sample + 5) % 12));
            let value = (op.eval)(&args);
            let point: Vec<Interval> = args.iter().map(|&x| Interval::new(x, x)).collect();
            let wide: Vec<Interval> =
                args.iter().zip(&other).map(|(a, b)| Interval::new(a.min(*b), a.max(*b))).collect();
            for intervals in [point, wide] {
                let range = (op.range)(&intervals);
                let slack = 1e-12 * value.abs().max(1.0);
                assert!(
                    range.low - slack <= value && value <= range.high + slack,
                    "{} at {args:?} is {value}, outside {range:?}",
                    op.name
                );
            }
        }
    }
}

#[test]
fn without_its_guard_a_function_is_the_same() {
    for op in ops::ALL {
        let Some(unguarded) = &op.unguarded else { continue };
        let zeros = vec![Interval::new(-1.0, 1.0); op.derivatives.len()];
        assert!(!(unguarded.holds)(&zeros), "{} needs its guard around 0", op.name);
        let names = &ops::parameters(op.derivatives.len())[..op.derivatives.len()];
        let variables: Vec<_> = names.iter().map(|n| front::declaration(n, DeclaredShape::Scalar)).collect();
        let expr = unguarded.plain.to_owned();
        let text = ObjectiveText { expr, variables, ..ObjectiveText::default() };
        let plain = text.lower().unwrap_or_else(|e| panic!("{}: {e}", op.name));
        for args in (0..12).map(|sample| arguments(op, sample)) {
            let point: Vec<Interval> = args.iter().map(|&x| Interval::new(x, x)).collect();
            assert!((unguarded.holds)(&point), "{} at {args:?}, away from 0", op.name);
            let (got, want) = (evaluated(&plain.graph, plain.value, &args), (op.eval)(&args));
            assert!((got - want).abs() <= 1e-14 * want.abs().max(1.0), "{} at {args:?}", op.name);
        }
    }
}

/// The runtime's tables of values, computed with 400 bits: name, arguments and value, all in hexadecimal but
/// the name.
fn recorded(table: &str) -> Vec<(String, Vec<f64>, f64)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/tests/all/data").join(table);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let rows = text.lines().filter_map(|line| {
        let (name, numbers) = line.split_once(' ')?;
        let number = |word| u64::from_str_radix(word, 16).map(f64::from_bits).ok();
        let mut numbers: Vec<f64> = numbers.split(' ').map(number).collect::<Option<_>>()?;
        // What the value is more than its double.
        numbers.pop()?;
        let value = numbers.pop()?;
        Some((name.to_owned(), numbers, value))
    });
    rows.collect()
}

#[test]
fn values_are_those_on_record() {
    let mut failed = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, args, want) in ["elementary.txt", "of_two.txt"].into_iter().flat_map(recorded) {
        let (name, args) = match name.strip_prefix("sinc_") {
            Some("slope") => ("sinc_derivative", vec![1.0, args[0]]),
            Some("curve") => ("sinc_derivative", vec![2.0, args[0]]),
            _ => (name.as_str(), args),
        };
        let Some(function) = ops::element(name) else { continue };
        seen.insert(function.name());
        let got = (function.spec().eval)(&args);
        // Near a zero some functions are exact to the numbers that they subtract there.
        let scale = match name {
            "sinc_derivative" => 1.0 / args[1].abs().max(1.0),
            "logaddexp" => args[0].abs().max(args[1].abs()),
            "gamma_kernel" | "digamma_gap" if args[0] < 16.0 => {
                1.0 / args[0] + args[1] * (1.0 + args[1].ln().abs())
            }
            "lgamma" | "digamma" => 1.0,
            _ => 0.0,
        };
        if (got - want).abs() > 2e-14 * want.abs().max(scale).max(f64::MIN_POSITIVE) {
            failed.push(format!("{name}{args:?} = {got:e}, not {want:e}"));
        }
    }
    assert!(failed.is_empty(), "{} differ:\n{}", failed.len(), failed.join("\n"));
    assert!(seen.len() > 30, "{seen:?}");
}

#[test]
fn the_runtime_has_a_method_for_every_function() {
    let methods = methods_of_math();
    let missing: Vec<&str> = ops::ALL.iter().map(|op| op.name).filter(|n| !methods.contains(*n)).collect();
    assert!(missing.is_empty(), "the runtime's `Math` has no method {missing:?}; it has {methods:?}");
}

/// The methods of the runtime's `Math`, wherever their implementations stand.
fn methods_of_math() -> BTreeSet<String> {
    let mut methods = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src")];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        for path in entries.map(|entry| entry.expect("an entry of a folder").path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file");
                let tokens: TokenStream = text.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                implementations(&tokens.into_iter().collect::<Vec<_>>(), &mut methods);
            }
        }
    }
    methods
}

/// Adds the methods of each `impl Math { ... }`.
fn implementations(tokens: &[TokenTree], methods: &mut BTreeSet<String>) {
    for window in tokens.windows(3) {
        if let [TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Group(body)] = window
            && word == "impl"
            && name == "Math"
        {
            named_in(&body.stream().into_iter().collect::<Vec<_>>(), methods);
        }
    }
}

/// Adds what follows `fn`, and what a list of names given to a macro holds, one before each semicolon.
fn named_in(tokens: &[TokenTree], methods: &mut BTreeSet<String>) {
    for window in tokens.windows(2) {
        if let [TokenTree::Ident(word), TokenTree::Ident(name)] = window
            && word == "fn"
        {
            methods.insert(name.to_string());
        }
    }
    for window in tokens.windows(3) {
        if let [TokenTree::Ident(_), TokenTree::Punct(bang), TokenTree::Group(list)] = window
            && bang.as_char() == '!'
        {
            let list: Vec<TokenTree> = list.stream().into_iter().collect();
            for pair in list.windows(2) {
                if let [TokenTree::Ident(name), TokenTree::Punct(end)] = pair
                    && end.as_char() == ';'
                {
                    methods.insert(name.to_string());
                }
            }
        }
    }
}
