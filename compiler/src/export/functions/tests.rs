use super::*;
use crate::ops::{self, ElementOp, compare};
use crate::syntax::ast::{BinaryOp, Binder, Call, Expr, ExprKind, Program, Range};
use std::collections::BTreeSet;
use std::f64::consts::PI;

/// Walks all of an expression.
fn walk(expr: &Expr, see: &mut impl FnMut(&Expr)) {
    see(expr);
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::Name(_) => {}
        ExprKind::Negate(inner) => walk(inner, see),
        ExprKind::Chain(first, links) => {
            walk(first, see);
            links.iter().for_each(|link| walk(&link.operand, see));
        }
        ExprKind::Power(power) => {
            walk(&power.base, see);
            walk(&power.exponent, see);
        }
        ExprKind::Call(call) => call.args.iter().for_each(|arg| walk(&arg.value, see)),
        ExprKind::Compare(comparison) => {
            walk(&comparison.lhs, see);
            walk(&comparison.rhs, see);
        }
        ExprKind::Binder(binder) => {
            binder.range_ends().for_each(|end| walk(end, see));
            walk(&binder.body, see);
        }
        ExprKind::Transpose(_) | ExprKind::Subscripted(_) | ExprKind::Block(_) => {
            panic!("no expression of numbers: {expr}")
        }
    }
}

fn exprs(body: &Program) -> impl Iterator<Item = &Expr> {
    body.locals.iter().map(|local| &local.value).chain([&body.result])
}

fn whole(expr: &Expr) -> Option<i32> {
    match &expr.kind {
        ExprKind::Number(text) => text.parse().ok(),
        _ => None,
    }
}

/// From, up to, without the end.
fn range(range: &Range) -> Option<(i32, i32)> {
    let end = whole(range.end.as_ref()?)?;
    Some((whole(range.start.as_ref()?)?, end + i32::from(range.inclusive)))
}

#[test]
fn every_block_is_a_definition_that_prints() {
    let mut count = 0;
    for text in texts() {
        let definition =
            parse::definition(&text, SourceId::Catalog).unwrap_or_else(|error| panic!("{error}"));
        let printed = definition.to_string();
        let again = parse::definition(&printed, SourceId::Catalog);
        assert_eq!(again.map(|d| d.to_string()), Ok(printed));
        count += 1;
    }
    assert_eq!(count, all().len());
    let names: BTreeSet<&str> = all().iter().map(|definition| definition.name.name.as_str()).collect();
    assert_eq!(names.len(), count);
    assert!(names.iter().all(|name| !is_primitive(name)));
}

#[test]
fn every_function_is_primitive_or_defined() {
    let orders = ["polygamma", "sinc_derivative"];
    for op in ops::ALL {
        let count = op.derivatives.len();
        if is_primitive(op.name) {
            assert!(PRIMITIVES.contains(&(op.name, count)), "{}", op.name);
        } else if orders.contains(&op.name) {
            assert!(op.takes_order() && (1..=6).all(|n| for_order(op.name, n).is_some()), "{}", op.name);
        } else {
            let definition = definition(op.name).unwrap_or_else(|| panic!("`{}` has no definition", op.name));
            assert_eq!(definition.params.len(), count, "{}", op.name);
        }
    }
    // And what is no function for this file alone.
    for definition in all() {
        let name = &definition.name.name;
        let of_order = orders.iter().any(|order| name.starts_with(order));
        assert_eq!(ops::element(name).is_none() && !of_order, name.starts_with('_'), "`{name}`");
    }
    assert!(for_order("polygamma", 0).is_none() && for_order("polygamma", 7).is_none());
    assert!(for_order("sinc_derivative", 0).is_some() && for_order("exp", 1).is_none());
}

#[test]
fn definitions_are_made_of_what_engines_have() {
    let mut known: Vec<(&str, usize)> = PRIMITIVES.to_vec();
    for Definition { name, params, body } in all() {
        let name = name.name.as_str();
        let mut names: BTreeSet<&str> = ["pi", "inf", "nan", "least"].into();
        let new = |names: &BTreeSet<&str>, local: &str| {
            let taken = names.contains(local) || is_primitive(local) || definition(local).is_some();
            assert!(!taken, "`{local}` of `{name}` has two meanings");
        };
        for param in params {
            assert!(param.default.is_none());
            new(&names, &param.name.name);
            names.insert(&param.name.name);
        }
        for (k, expr) in exprs(body).enumerate() {
            let mut indices = Vec::new();
            walk(expr, &mut |part| {
                if let ExprKind::Binder(binder) = &part.kind {
                    assert!(["sum", "prod"].contains(&binder.function.name.as_str()), "{part}");
                    assert_eq!(binder.indices.len(), 1, "{part}");
                    let (from, to) =
                        binder.indices[0].range.as_ref().and_then(range).expect("a constant range");
                    assert!(from < to && to - from <= 24, "{part}");
                    new(&names, &binder.indices[0].name.name);
                    indices.push(binder.indices[0].name.name.clone());
                }
            });
            walk(expr, &mut |part| match &part.kind {
                ExprKind::Name(used) => {
                    assert!(names.contains(used.as_str()) || indices.contains(used), "{used} in {name}");
                }
                ExprKind::Power(power) => {
                    let exponent = whole(&power.exponent);
                    assert!(exponent.is_some_and(|n| n >= 0) && !power.elementwise, "{part} in {name}");
                }
                ExprKind::Chain(_, links) => {
                    let plain = |op| !matches!(op, BinaryOp::ElementMul | BinaryOp::ElementDiv);
                    assert!(links.iter().all(|link| plain(link.op)), "{part} in {name}");
                }
                ExprKind::Call(Call { function, args }) => {
                    let called = (function.name.as_str(), args.len());
                    assert!(known.contains(&called), "{part} in {name}");
                    assert!(args.iter().all(|arg| arg.name.is_none()), "{part} in {name}");
                }
                _ => {}
            });
            if let Some(local) = body.locals.get(k) {
                new(&names, &local.name.name);
                names.insert(&local.name.name);
            }
        }
        known.push((name, params.len()));
    }
}

/// A definition's value, in double precision and with std's primitives.
fn value(definition: &Definition, args: &[f64]) -> f64 {
    let Definition { params, body, .. } = definition;
    let mut names: Vec<(&str, f64)> =
        params.iter().zip(args).map(|(param, arg)| (param.name.name.as_str(), *arg)).collect();
    for local in &body.locals {
        let number = eval(&local.value, &names);
        names.push((&local.name.name, number));
    }
    eval(&body.result, &names)
}

fn eval<'a>(expr: &'a Expr, names: &[(&'a str, f64)]) -> f64 {
    match &expr.kind {
        ExprKind::Number(text) => text.parse().unwrap(),
        ExprKind::Name(name) => match names.iter().find(|(known, _)| known == name) {
            Some((_, number)) => *number,
            None => match name.as_str() {
                "pi" => PI,
                "inf" => f64::INFINITY,
                "least" => f64::MIN,
                _ => f64::NAN,
            },
        },
        ExprKind::Negate(inner) => -eval(inner, names),
        ExprKind::Chain(first, links) => links.iter().fold(eval(first, names), |left, link| {
            let right = eval(&link.operand, names);
            match link.op {
                BinaryOp::Add => left + right,
                BinaryOp::Sub => left - right,
                BinaryOp::Mul | BinaryOp::ElementMul => left * right,
                BinaryOp::Div | BinaryOp::ElementDiv => left / right,
            }
        }),
        ExprKind::Power(power) => {
            let base = eval(&power.base, names);
            (0..whole(&power.exponent).unwrap()).fold(1.0, |product, _| product * base)
        }
        ExprKind::Binder(binder) => unrolled(binder, names),
        ExprKind::Call(call) if call.function.name == "where" => {
            let [condition, yes, no] = call.args.as_slice() else { panic!("{expr}") };
            let ExprKind::Compare(of) = &condition.value.kind else { panic!("{expr}") };
            let holds = compare(of.op, eval(&of.lhs, names), eval(&of.rhs, names));
            eval(if holds { &yes.value } else { &no.value }, names)
        }
        ExprKind::Call(call) => {
            let args: Vec<f64> = call.args.iter().map(|arg| eval(&arg.value, names)).collect();
            match (call.function.name.as_str(), args.as_slice()) {
                ("sqrt", [x]) => x.sqrt(),
                ("floor", [x]) => x.floor(),
                ("raw_atan2", [y, x]) => y.atan2(*x),
                (name, args) => match definition(name) {
                    Some(definition) => value(definition, args),
                    None => (ops::element(name).unwrap().spec().eval)(args),
                },
            }
        }
        _ => panic!("{expr}"),
    }
}

fn unrolled<'a>(binder: &'a Binder, names: &[(&'a str, f64)]) -> f64 {
    let index = &binder.indices[0];
    let (from, to) = index.range.as_ref().and_then(range).unwrap();
    let mut names = names.to_vec();
    names.push((&index.name.name, 0.0));
    let terms = (from..to).map(|k| {
        names.last_mut().unwrap().1 = f64::from(k);
        eval(&binder.body, &names)
    });
    if binder.function.name == "sum" { terms.sum() } else { terms.product() }
}

/// Where definitions change from one form to another, and functions from one thing to another.
const EXTREMES: [f64; 22] = [
    0.0,
    1e-300,
    1e-20,
    1e-8,
    0.3,
    0.5,
    1.0,
    1.0 + 1e-7,
    2.0 - 1e-7,
    2.0,
    3.0,
    8.0,
    11.0,
    12.5,
    20.0,
    40.0,
    700.0,
    1e5,
    1e10,
    1e300,
    f64::INFINITY,
    f64::NAN,
];

fn both_signs(numbers: impl IntoIterator<Item = f64>) -> Vec<f64> {
    numbers.into_iter().flat_map(|x| [x, -x]).collect()
}

/// Evenly over the domain.
fn within((low, high): (f64, f64), count: usize) -> impl Iterator<Item = f64> {
    (0..=count).map(move |k| low + (high - low) * (k as f64 / count as f64))
}

fn arguments_of_one(op: &ElementOp) -> Vec<f64> {
    let thresholds =
        [0.2, 0.25, 0.5, 0.55, std::f64::consts::LN_2, 1.0, 1.5, 2.0, 2.5, 8.0, 12.0, 13.0, 100.0];
    let near = |x: f64| [x, x.next_up(), x.next_down(), x + 1e-15, x - 1e-12, x + 1e-9, x - 1e-6, x + 1e-3];
    let far = (1..=74).flat_map(|k| [k as f64, k as f64 / 2.0 + 0.3, 1.7_f64.powi(k), 1.7_f64.powi(-k)]);
    let mut all = both_signs(EXTREMES.into_iter().chain(thresholds.into_iter().flat_map(near)).chain(far));
    all.extend(within(op.domain, 1000));
    all
}

fn arguments(op: &ElementOp) -> Vec<Vec<f64>> {
    let coarse = [0.0, 1e-300, 1e-8, 0.5, 1.0, 3.0, 40.0, 1e5, 1e300, f64::INFINITY, f64::NAN];
    let (ends, inside) = match op.derivatives.len() {
        1 => return arguments_of_one(op).into_iter().map(|x| vec![x]).collect(),
        2 => (both_signs(EXTREMES), 30),
        3 => (both_signs(coarse), 9),
        _ => (both_signs([0.0, 0.5, 1.0, 3.0, 1e5, 1e300, f64::INFINITY]), 4),
    };
    let numbers = |first: bool| -> Vec<f64> {
        match op.name {
            "pow_share_slope" if first => vec![0.0, 1.0, 2.0, 3.0],
            _ => ends.iter().copied().chain(within(op.domain, inside)).collect(),
        }
    };
    let mut all = vec![Vec::new()];
    for k in 0..op.derivatives.len() {
        all = all
            .iter()
            .flat_map(|start| numbers(k == 0).into_iter().map(move |x| [start.as_slice(), &[x]].concat()))
            .collect();
    }
    all
}

#[test]
fn explore() {
    let only = std::env::var("ONLY").ok();
    let mut cases: Vec<(String, &Definition, Box<dyn Fn(&[f64]) -> f64>, Vec<Vec<f64>>)> = Vec::new();
    for op in ops::ALL {
        if let Some(definition) = definition(op.name) {
            cases.push((op.name.into(), definition, Box::new(|v| (op.eval)(v)), arguments(op)));
        } else if !is_primitive(op.name) {
            for n in 0..=6 {
                let Some(definition) = for_order(op.name, n) else { continue };
                let eval = move |v: &[f64]| (op.eval)(&[f64::from(n), v[0]]);
                let args = arguments_of_one(op).into_iter().map(|x| vec![x]).collect();
                cases.push((format!("{}_{n}", op.name), definition, Box::new(eval), args));
            }
        }
    }
    for (name, definition, eval, args) in cases {
        if only.as_ref().is_some_and(|o| *o != name) {
            continue;
        }
        let start = std::time::Instant::now();
        let mut bad: Vec<(f64, Vec<f64>, f64, f64)> = Vec::new();
        let mut worst = 0.0f64;
        let n = args.len();
        for v in args {
            let (got, want) = (value(definition, &v), eval(&v));
            let error = if want.is_nan() || got.is_nan() {
                if got.is_nan() && want.is_nan() { 0.0 } else { f64::INFINITY }
            } else if got == want || got.abs().max(want.abs()) < 1e-300 {
                0.0
            } else if want.is_infinite() {
                f64::INFINITY
            } else {
                (got - want).abs() / want.abs()
            };
            if error.is_finite() {
                worst = worst.max(error);
            }
            if error > 4e-15 {
                bad.push((error, v, got, want));
            }
        }
        println!("{name}: worst {worst:.2e}; {} of {n} bad; {:?}", bad.len(), start.elapsed());
        bad.sort_by(|a, b| b.0.total_cmp(&a.0));
        let limit = if only.is_some() { 400 } else { 12 };
        let step = (bad.len() / limit).max(1);
        for (e, v, got, want) in bad.iter().step_by(step).take(limit) {
            println!("    {e:.1e} {v:?} got {got:e} want {want:e}");
        }
    }
}
