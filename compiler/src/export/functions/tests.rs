use super::*;
use crate::ops::{self, ElementOp, compare, reference};
use crate::syntax::ast::{BinaryOp, Binder, Call, Expr, ExprKind, Program, Range};
use std::collections::BTreeSet;
use std::f64::consts::{LN_2, PI};

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

/// An engine: what it rounds numbers to, and its least number.
#[derive(Clone, Copy)]
struct Engine {
    round: fn(f64) -> f64,
    least: f64,
}

const DOUBLE: Engine = Engine { round: |x| x, least: f64::MIN };
// A result in double precision, rounded, is that of single precision.
const SINGLE: Engine = Engine { round: |x| f64::from(x as f32), least: f32::MIN as f64 };

impl Engine {
    /// A definition's value, with std's primitives.
    fn value(self, definition: &Definition, args: &[f64]) -> f64 {
        let Definition { params, body, .. } = definition;
        let mut names: Vec<(&str, f64)> =
            params.iter().zip(args).map(|(param, arg)| (param.name.name.as_str(), *arg)).collect();
        for local in &body.locals {
            let number = self.eval(&local.value, &names);
            names.push((&local.name.name, number));
        }
        self.eval(&body.result, &names)
    }

    fn eval<'a>(self, expr: &'a Expr, names: &[(&'a str, f64)]) -> f64 {
        let eval = |expr| self.eval(expr, names);
        match &expr.kind {
            ExprKind::Number(text) => (self.round)(text.parse().unwrap()),
            ExprKind::Name(name) => match names.iter().find(|(known, _)| known == name) {
                Some((_, number)) => *number,
                None => match name.as_str() {
                    "pi" => (self.round)(PI),
                    "inf" => f64::INFINITY,
                    "least" => self.least,
                    _ => f64::NAN,
                },
            },
            ExprKind::Negate(inner) => -eval(inner),
            ExprKind::Chain(first, links) => links.iter().fold(eval(first), |left, link| {
                let right = eval(&link.operand);
                (self.round)(match link.op {
                    BinaryOp::Add => left + right,
                    BinaryOp::Sub => left - right,
                    BinaryOp::Mul | BinaryOp::ElementMul => left * right,
                    BinaryOp::Div | BinaryOp::ElementDiv => left / right,
                })
            }),
            ExprKind::Power(power) => {
                let base = eval(&power.base);
                (0..whole(&power.exponent).unwrap()).fold(1.0, |product, _| (self.round)(product * base))
            }
            ExprKind::Binder(binder) => self.unrolled(binder, names),
            ExprKind::Call(call) => match (call.function.name.as_str(), call.args.as_slice()) {
                ("where", [condition, yes, no]) => {
                    let ExprKind::Compare(of) = &condition.value.kind else { panic!("{expr}") };
                    let holds = compare(of.op, eval(&of.lhs), eval(&of.rhs));
                    eval(if holds { &yes.value } else { &no.value })
                }
                (name, args) => {
                    let args: Vec<f64> = args.iter().map(|arg| eval(&arg.value)).collect();
                    self.call(name, &args)
                }
            },
            _ => panic!("{expr}"),
        }
    }

    fn call(self, name: &str, args: &[f64]) -> f64 {
        match (name, args) {
            ("sqrt", [x]) => (self.round)(x.sqrt()),
            ("floor", [x]) => x.floor(),
            ("raw_atan2", [y, x]) => (self.round)(y.atan2(*x)),
            _ => match definition(name) {
                Some(definition) => self.value(definition, args),
                None => (self.round)((ops::element(name).unwrap().spec().eval)(args)),
            },
        }
    }

    fn unrolled<'a>(self, binder: &'a Binder, names: &[(&'a str, f64)]) -> f64 {
        let index = &binder.indices[0];
        let (from, to) = index.range.as_ref().and_then(range).unwrap();
        let mut names = names.to_vec();
        names.push((&index.name.name, 0.0));
        let sum = binder.function.name == "sum";
        (from..to).fold(if sum { 0.0 } else { 1.0 }, |left, k| {
            names.last_mut().unwrap().1 = f64::from(k);
            let term = self.eval(&binder.body, &names);
            (self.round)(if sum { left + term } else { left * term })
        })
    }
}

/// Numbers of every size, and those where functions are one thing or another.
const EXTREMES: [f64; 21] = [
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

/// Where definitions go from one form to another.
const THRESHOLDS: [f64; 13] = [0.2, 0.25, 0.5, 0.55, LN_2, 1.0, 1.5, 2.0, 2.5, 8.0, 12.0, 13.0, 100.0];

fn both_signs(numbers: impl IntoIterator<Item = f64>) -> Vec<f64> {
    numbers.into_iter().flat_map(|x| [x, -x]).collect()
}

/// Evenly over the domain.
fn within((low, high): (f64, f64), count: usize) -> impl Iterator<Item = f64> {
    (0..=count).map(move |k| low + (high - low) * (k as f64 / count as f64))
}

fn numbers(domain: (f64, f64)) -> Vec<f64> {
    let near = |x: f64| [x, x.next_up(), x.next_down(), x + 1e-15, x - 1e-12, x + 1e-9, x - 1e-6, x + 1e-3];
    let far = (1..=74).flat_map(|k| {
        let number = f64::from(k);
        [number, 0.5 * number + 0.3, 1.7_f64.powi(k), 1.7_f64.powi(-k), 1.3_f64.powi(k)]
    });
    let mut all = both_signs(EXTREMES.into_iter().chain(THRESHOLDS.into_iter().flat_map(near)).chain(far));
    all.extend(within(domain, 400));
    all
}

/// What a function is compared at.
fn arguments(op: &ElementOp) -> Vec<Vec<f64>> {
    let count = op.derivatives.len();
    let few = [0.0, 1e-300, 1e-8, 0.5, 1.0, 3.0, 40.0, 1e5, 1e300, f64::INFINITY, f64::NAN];
    let fewer = [0.0, -0.5, 0.5, 3.0, 1e300, f64::INFINITY, f64::NAN];
    let each = match count {
        1 => numbers(op.domain),
        2 => both_signs(EXTREMES).into_iter().chain(within(op.domain, 20)).collect(),
        3 => both_signs(few).into_iter().chain(within(op.domain, 7)).collect(),
        _ => fewer.into_iter().chain(within(op.domain, 1)).collect(),
    };
    tuples(op, &each)
}

/// Arguments from `each`, but for an order.
fn tuples(op: &ElementOp, each: &[f64]) -> Vec<Vec<f64>> {
    let count = op.derivatives.len();
    let mut all: Vec<Vec<f64>> = match op.takes_order() {
        true => (0..3).map(|order| vec![f64::from(order)]).collect(),
        false => vec![Vec::new()],
    };
    for _ in all[0].len()..count {
        all = all.iter().flat_map(|start| each.iter().map(|x| [start.as_slice(), &[*x]].concat())).collect();
    }
    all
}

/// What is allowed besides 4e-15 of the value: 1e-15 of this, which is the size of what the reference adds up.
fn scale(name: &str, args: &[f64]) -> f64 {
    let (a, b) = (args[0], *args.get(1).unwrap_or(&0.0));
    let (lgamma, trigamma) = (reference::lgamma, |x| reference::polygamma(1.0, x));
    let positive = a > 0.0 && a + b > 0.0;
    match name {
        // Exact about its zeros at 1 and 2. Else the reference takes the logarithm of a product off that of a large
        // factorial, or reflects.
        "lgamma" if a > 0.0 && a < 2.5 => 0.0,
        "lgamma" | "factorial_gap" | "gamma_kernel" => 10.0,
        // Beside its zeros, and those of the gap.
        "digamma" | "digamma_gap" => 3.0,
        // The reference takes a difference, of numbers of this size.
        "truncated_variance" if a < 0.0 && a > -2.0 => 4.0,
        "log_exprel2" if a.abs() >= 1.0 => 1.0 / a / a,
        // Beside their zeros.
        _ if name.starts_with("sinc") => 0.3,
        // The even ones have zeros below 0, where the reference's cotangent is only as exact as a difference from π/2.
        "polygamma_2" if a < 0.0 => 2.0 * PI.powi(3),
        "polygamma_4" if a < 0.0 => 16.0 * PI.powi(5),
        "polygamma_6" if a < 0.0 => 272.0 * PI.powi(7),
        // Terms of one sign above 0, of both below.
        "digamma_step" | "trigamma_step" if !positive => 10.0 + trigamma(a).abs() + trigamma(a + b).abs(),
        "log_gamma_ratio" if b.abs() < 1.0 => 10.0 * b.abs(),
        "log_gamma_ratio" if a.min(a + b) < 12.0 => 10.0 + lgamma(a).abs() + lgamma(a + b).abs(),
        "lbeta" if a.min(b) < 12.0 => 10.0 + lgamma(a).abs() + lgamma(b).abs() + lgamma(a + b).abs(),
        // Beside 1, where they are 0; or the reference's difference.
        "rising_gap" if a >= 12.0 && b > 0.0 => b * b / a,
        "rising_gap" => scale("log_gamma_ratio", args) + (b * a.ln()).abs() + lgamma(a + b).abs(),
        "rising_gap_slope" if a >= 12.0 && b > 0.0 => b * b / (a * a),
        "rising_gap_slope" => scale("digamma_step", args) + (b / a).abs(),
        _ => 0.0,
    }
}

/// Whether a + b is a number as it is, and so is b + k for whole k; and below 0 neither a nor a + b is close to a pole:
/// there one would see the rounding of the sum, and that of the reference's steps.
fn is_plain(a: f64, b: f64) -> bool {
    let sum = a + b;
    let near_pole = |x: f64| x < 0.0 && x != x.round() && (x - x.round()).abs() < 1e-6;
    let short = b * 2f64.powi(40) == (b * 2f64.powi(40)).round();
    !sum.is_finite() || (short && sum - a == b && sum - b == a && !near_pole(a) && !near_pole(sum))
}

fn differs(name: &str, args: &[f64], got: f64, want: f64) -> bool {
    if want.is_nan() || want.is_infinite() || got.is_nan() {
        return got.total_cmp(&want).is_ne() && !(got.is_nan() && want.is_nan());
    }
    let allowed = 4e-15 * want.abs() + 1e-15 * scale(name, args);
    (got - want).abs() > allowed.max(1e-300)
}

#[test]
fn definitions_are_the_functions() {
    let of_sums =
        ["log_gamma_ratio", "lbeta", "digamma_step", "trigamma_step", "rising_gap", "rising_gap_slope"];
    let mut faults = Vec::new();
    let mut compare = |name: &str, args: &[f64], definition: &Definition, want: f64| {
        let got = DOUBLE.value(definition, args);
        if differs(name, args, got, want) {
            faults.push(format!("{name}{args:?} is {got:e}, not {want:e}"));
        }
    };
    for op in ops::ALL {
        if let Some(definition) = definition(op.name) {
            for args in arguments(op) {
                let above = args.len() == 2 && args[0] > 0.0 && args[1] > 0.0;
                if above || !of_sums.contains(&op.name) || is_plain(args[0], args[1]) {
                    compare(op.name, &args, definition, (op.eval)(&args));
                }
            }
        }
        for order in 0..=6 {
            if let Some(definition) = for_order(op.name, order) {
                for x in numbers(op.domain) {
                    let want = (op.eval)(&[f64::from(order), x]);
                    compare(&definition.name.name, &[x], definition, want);
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} differ:\n{}", faults.len(), faults.join("\n"));
}

/// The thresholds and constants serve there too: what is left of the difference is rounding.
#[test]
fn definitions_are_the_functions_in_single_precision() {
    let mut faults = Vec::new();
    let mut compare = |name: &str, args: &[f64], definition: &Definition, want: f64| {
        let got = SINGLE.value(definition, args);
        let allowed = 1e-5 * want.abs() + 1e-6;
        if (got - want).abs() > allowed || got.is_nan() {
            faults.push(format!("{name}{args:?} is {got:e}, not {want:e}"));
        }
    };
    for op in ops::ALL {
        let each: Vec<f64> =
            within(op.domain, if op.derivatives.len() > 2 { 4 } else { 40 }).map(SINGLE.round).collect();
        if let Some(definition) = definition(op.name) {
            for args in tuples(op, &each) {
                compare(op.name, &args, definition, (op.eval)(&args));
            }
        }
        for order in 0..=6 {
            if let Some(definition) = for_order(op.name, order) {
                for x in &each {
                    compare(&definition.name.name, &[*x], definition, (op.eval)(&[f64::from(order), *x]));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} differ:\n{}", faults.len(), faults.join("\n"));
}
