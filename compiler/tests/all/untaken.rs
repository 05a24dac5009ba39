//! What a choice does not take has no share: with no numbers there, value and derivatives are those with harmless data,
//! and these are those of differences. What comes out is on record, as in `variants`: a mask more or less is right as
//! far as numbers go.

use super::variants::{Digest, is_on_record};
use gradsmith_compiler::emit::{self, View};
use gradsmith_compiler::eval::{Evaluator, Sizes};
use gradsmith_compiler::front::ObjectiveText;
use gradsmith_compiler::ir::NodeId;
use gradsmith_compiler::lower::objective;
use gradsmith_compiler::pipeline::ObjectiveProgram;
use gradsmith_compiler::source::SourceId;
use gradsmith_compiler::syntax::parse;
use gradsmith_test_support::expression::Rng;
use gradsmith_test_support::numbers::difference;
use gradsmith_test_support::untaken::{self, BY_ENTRY, BY_NUMBER, DATA, sound};

/// The variables differentiated by; all others choose, or are data.
const BY: [&str; 8] = ["s", "t", "w", "A", "S", "v", "x", "B"];
/// Choices within choices that are tried.
const SEEDS: u64 = 60;

fn program(expr: &str) -> ObjectiveProgram {
    let text = ObjectiveText {
        expr: expr.to_owned(),
        variables: parse::declarations(&untaken::declarations(), SourceId::Declarations)
            .expect("declarations"),
        wrt: BY.map(|name| (name.to_owned(), objective::whole(expr))).to_vec(),
        ..ObjectiveText::default()
    };
    text.program().unwrap_or_else(|e| panic!("{expr}\n{e}"))
}

/// An entry of a variable moved by so much.
type Moved<'a> = (&'a str, usize, f64);

/// The nodes at the data, spoilt or harmless, with a direction for the products with the Hessian.
fn values(p: &ObjectiveProgram, nodes: &[NodeId], spoilt: bool, moved: Option<Moved>) -> Vec<Vec<f64>> {
    let data = |input: &str| {
        let own = input.strip_prefix("v_").unwrap_or(input);
        let (.., bad, good) = DATA.iter().find(|(name, ..)| *name == own).expect("data of every input");
        if own != input {
            return (0..good.len()).map(|k| 0.3 + 0.2 * k as f64).collect();
        }
        let mut entries = if spoilt { bad } else { good }.to_vec();
        if let Some((_, k, h)) = moved.filter(|(name, ..)| *name == own) {
            entries[k] += h;
        }
        entries
    };
    let inputs: Vec<Vec<f64>> = p.graph.inputs().iter().map(|i| data(&i.name)).collect();
    let sizes = Sizes::new();
    let mut evaluator = Evaluator::new(&p.graph, &inputs, &sizes);
    nodes.iter().map(|&node| evaluator.eval(node).to_vec()).collect()
}

/// What the entries of the nodes change by with each entry of each variable, variable by variable.
fn differences(p: &ObjectiveProgram, nodes: &[NodeId]) -> Vec<Vec<Vec<f64>>> {
    const H: f64 = 1e-5;
    let of = |name: &'static str, n: usize| -> Vec<Vec<f64>> {
        let by_entry = (0..n).map(|k| {
            let [up, down] = [H, -H].map(|h| values(p, nodes, false, Some((name, k, h))).concat());
            up.iter().zip(&down).map(|(up, down)| (up - down) / (2.0 * H)).collect()
        });
        by_entry.collect()
    };
    BY.iter().filter_map(|by| DATA.iter().find(|(name, ..)| name == by)).map(|d| of(d.0, d.3.len())).collect()
}

/// What is wrong with a formula; what comes out is added to the digest.
fn disagreements(text: &str, digest: &mut Digest) -> (Vec<String>, usize) {
    let p = program(text);
    let mut failed = Vec::new();
    let mut expect = |what: String, got: &[f64], want: &[f64], within: f64| {
        failed.extend(difference(got, want, within, 1.0).map(|d| format!("{text}: {what}: {d}")));
    };
    let nodes = [&[p.value][..], &p.gradient, &p.hessian_product, &p.hessian.concat()].concat();
    for &node in &nodes {
        digest.add(&emit::text(&p.graph, node, &View::default()));
    }
    let [spoilt, harmless] = [true, false].map(|spoilt| values(&p, &nodes, spoilt, None));
    for (k, (got, want)) in spoilt.iter().zip(&harmless).enumerate() {
        expect(format!("output {k}, spoilt"), got, want, 1e-10);
    }
    let slopes = differences(&p, &[p.value]);
    for (k, slopes) in slopes.iter().enumerate() {
        expect(format!("the gradient by {}", BY[k]), &harmless[1 + k], &slopes.concat(), 1e-6);
    }
    // Symmetric: the change of the gradient by one variable with the other.
    let curved = differences(&p, &p.gradient);
    for (k, by) in curved.iter().enumerate() {
        let along = |entry: &Vec<f64>| entry.iter().zip(direction()).map(|(c, d)| c * d).sum::<f64>();
        let want: Vec<f64> = by.iter().map(along).collect();
        expect(
            format!("the product with the Hessian by {}", BY[k]),
            &harmless[1 + BY.len() + k],
            &want,
            1e-5,
        );
    }
    (failed, nodes.len())
}

/// The direction of the products, of all variables one after the other.
fn direction() -> impl Iterator<Item = f64> {
    let sizes = BY.iter().filter_map(|by| DATA.iter().find(|(name, ..)| name == by)).map(|d| d.3.len());
    sizes.flat_map(|n| (0..n).map(|k| 0.3 + 0.2 * k as f64))
}

fn all_agree<'a>(name: &str, texts: impl Iterator<Item = &'a str>) {
    let (mut failed, mut record) = (Vec::new(), String::new());
    for text in texts {
        let mut digest = Digest::new();
        let (found, outputs) = disagreements(text, &mut digest);
        failed.extend(found);
        record.push_str(&digest.line(outputs, text));
        record.push('\n');
    }
    assert!(failed.is_empty(), "{} disagree:\n{}", failed.len(), failed.join("\n"));
    is_on_record(name, &record);
}

#[test]
fn of_a_choice_by_a_number_the_other_branch_is_not_evaluated() {
    all_agree("by_number", BY_NUMBER.into_iter());
}

#[test]
fn of_a_choice_by_entries_those_not_taken_have_no_share() {
    all_agree("by_entry", BY_ENTRY.into_iter());
}

#[test]
fn of_choices_within_choices_likewise() {
    let texts: Vec<String> =
        (0..SEEDS).map(|seed| sound(&mut Rng::new(seed), 2 + seed as usize % 2)).collect();
    all_agree("by_chance", texts.iter().map(String::as_str));
}
