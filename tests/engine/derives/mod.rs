//! Derives by chance: random objectives, residuals, costs and networks, expanded as the macros expand them,
//! compiled by rustc with warnings as errors, and compared with the interpreter.
//!
//! `GRADSMITH_RANDOM` is how many (100 by itself, with seeds that are the same in every run),
//! `GRADSMITH_RANDOM_SEED` the first seed. `.ci/random` runs many.

mod networks;
mod objectives;

use crate::compiled::{self, Module, Outcome};
use gradsmith_compiler::{catalog, lower, ops};
use gradsmith_test_support::formula::{Formula, calls};
use gradsmith_test_support::{expression::Rng, note};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Derives that are compiled together.
const BATCH: u64 = 120;

/// What became of one seed.
enum Drawn {
    /// The derive refuses it.
    Refused {
        why: String,
        text: String,
    },
    /// The numbers that come out are not moderate, so that a comparison says nothing.
    Immoderate,
    Ready(Derived),
}

/// A derive to compile.
struct Derived {
    /// What was drawn, to be read where it fails.
    text: String,
    module: Module,
    /// What its outcome does not agree with.
    check: Check,
}

type Check = Box<dyn Fn(&Outcome) -> Vec<String>>;

#[derive(Default)]
struct Count {
    /// By kind: how many, and the first.
    refused: BTreeMap<String, (u64, String)>,
    immoderate: u64,
    compiled: u64,
    compared: u64,
}

impl Count {
    fn refusals(&self) -> u64 {
        self.refused.values().map(|(n, _)| n).sum()
    }
}

fn from_environment(name: &str, default: u64) -> u64 {
    let set = std::env::var(name).ok().filter(|text| !text.is_empty());
    set.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no whole number")))
}

/// A message without what it quotes.
fn kind(message: &str) -> String {
    let line = message.split("\\n").next().unwrap_or_default().lines().next().unwrap_or_default();
    line.split('`').step_by(2).collect::<Vec<_>>().join("…")
}

fn draw(seed: u64) -> Drawn {
    let rng = &mut Rng::new(seed);
    match seed % 10 {
        0 => networks::cost(rng),
        1 | 2 => networks::network(rng),
        3 => objectives::draw(rng, true),
        _ => objectives::draw(rng, false),
    }
}

#[test]
fn compile_without_a_warning_and_agree_with_the_interpreter() {
    let number = from_environment("GRADSMITH_RANDOM", 100);
    let first = from_environment("GRADSMITH_RANDOM_SEED", 40_000);
    // Runs with other seeds may go side by side.
    let name = format!("random-derives-{first}");
    let (mut count, mut failed) = (Count::default(), Vec::new());
    let mut from = first;
    while from < first + number {
        let to = (from + BATCH).min(first + number);
        let mut batch = Vec::new();
        for seed in from..to {
            match catch_unwind(AssertUnwindSafe(|| draw(seed))) {
                Ok(Drawn::Refused { why, text }) => {
                    let first = (0, format!("{seed}: {text}\n    {why}"));
                    count.refused.entry(kind(&why)).or_insert(first).0 += 1;
                }
                Ok(Drawn::Immoderate) => count.immoderate += 1,
                Ok(Drawn::Ready(derived)) => batch.push((seed, derived)),
                Err(panic) => {
                    let why = panic.downcast_ref::<String>().map_or("a panic", String::as_str);
                    failed.push(format!("{seed}: panicked: {why}"));
                }
            }
        }
        let modules: Vec<Module> = batch.iter().map(|(_, d)| d.module.clone()).collect();
        for ((seed, derived), outcome) in batch.iter().zip(compiled::run(&name, &modules)) {
            let does_compile = !outcome.as_ref().is_err_and(|why| why.starts_with("does not compile"));
            count.compiled += u64::from(does_compile);
            count.compared += u64::from(outcome.is_ok());
            let found = (derived.check)(&outcome);
            if !found.is_empty() {
                let text = format!("{seed}: {}\n    {}", derived.text, found.join("\n    "));
                if number > 100 {
                    note(&text);
                }
                failed.push(text);
            }
        }
        if number > 100 {
            note(&format!("{} of {number}, {} failed", to - first, failed.len()));
        }
        from = to;
    }
    note(&format!(
        "seeds {first} to {}: {} refused, {} with numbers not moderate, {} compiled, {} compared, {} failed",
        first + number - 1,
        count.refusals(),
        count.immoderate,
        count.compiled,
        count.compared,
        failed.len()
    ));
    for (kind, (n, first)) in &count.refused {
        note(&format!("refused, {n} times: {kind}\n    the first: {first}"));
    }
    assert!(failed.is_empty(), "{}\n{}", failed.len(), failed.join("\n"));
    let poor = 20 * (count.refusals() + count.immoderate) > number;
    assert!(!poor, "more than one in twenty is refused or not moderate: the generator is poor");
}

/// Whatever users may call is called by some of the formulas that are compiled.
#[test]
fn draw_every_function_of_the_language() {
    let texts: Vec<String> = (0..400)
        .map(|seed| {
            let formula = Formula::random(&mut Rng::new(seed), 3, seed % 4 == 0);
            [formula.defines, vec![formula.text]].concat().join("\n")
        })
        .collect();
    let activations = catalog::all().iter().filter(|e| e.kind.is_function());
    let functions = ops::ALL.iter().filter(|f| f.public).map(|f| f.name);
    let builtins = lower::BUILTINS.iter().map(|(name, ..)| *name);
    let all: Vec<&str> = activations.map(|e| e.name()).chain(functions).chain(builtins).collect();
    assert!(all.len() > 50, "{all:?}");
    let never: Vec<_> = all.iter().filter(|f| !texts.iter().any(|text| calls(text, f))).collect();
    assert!(never.is_empty(), "never drawn: {never:?}");
    let notation = [
        "'*",
        ")'",
        "⊙",
        "⊘",
        "*eye",
        "- 0.5*eye",
        "λ",
        "lambda",
        "Σ",
        "π",
        ").^",
        "^3",
        "u = ",
        "slope = ",
        "ρ = ",
    ];
    let never: Vec<_> = notation.iter().filter(|n| !texts.iter().any(|text| text.contains(*n))).collect();
    assert!(never.is_empty(), "never written: {never:?}");
}
