//! What is printed of the reference cases: no delta, and text that means the same when it is read again.

use cargo_gradsmith::cases::interpret::Data;
use cargo_gradsmith::cases::{Body, Case, Named, Objective, Tensor, named, read};
use gradsmith_compiler::diag::{Diagnostics, ErrorKind};
use gradsmith_compiler::emit::{self, Inner, Lines, View};
use gradsmith_compiler::front::{ObjectiveText, declaration};
use gradsmith_compiler::ir::{Graph, NodeId};
use gradsmith_compiler::lower::objective;
use gradsmith_compiler::pipeline::ObjectiveProgram;
use gradsmith_compiler::syntax::ast::{Declaration, DeclaredShape};
use gradsmith_test_support::skipped;
use std::fs;
use std::path::Path;

/// The cases of a folder beside the workspace, or of the project's own; none, and a line that says so, where it
/// is not.
fn cases(folder: &str) -> Vec<Case> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(folder);
    let Ok(files) = fs::read_dir(&folder) else {
        skipped(&format!("no folder of reference cases `{}` is there", folder.display()));
        return Vec::new();
    };
    let mut files: Vec<_> = files.filter_map(|file| Some(file.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == "json"));
    files.sort();
    let text = |file| fs::read_to_string(file).expect("a file of cases");
    files.into_iter().flat_map(|file| read::cases(&text(file)).expect("cases")).collect()
}

fn text_of(o: &Objective, expr: &str, wrt: &[String], variables: Vec<Declaration>) -> ObjectiveText {
    ObjectiveText {
        expr: expr.to_owned(),
        variables,
        wrt: wrt.iter().map(|name| (name.clone(), objective::whole(&o.expr))).collect(),
        ..ObjectiveText::default()
    }
}

/// Where the cases with indices are.
const INDICES: &str = "../shared/oracles/indices";

type Declare = fn(&Tensor, &str) -> Declaration;

fn declared(o: &Objective, declare: Declare) -> Vec<Declaration> {
    o.vars.iter().map(|(name, tensor)| declare(tensor, name)).collect()
}

/// A formula as text to be read: its definitions, and what it is.
fn parts(lines: &Lines) -> (String, String) {
    let define = |(name, note): &(String, _)| format!("{name} = {}; ", emit::text::formula(note));
    let definitions = lines.definitions.iter().map(define).collect();
    (definitions, emit::text::write(&Lines { definitions: Vec::new(), ..lines.clone() }))
}

fn eval(graph: &Graph, node: NodeId, data: &Named<&Tensor>) -> Vec<f64> {
    Data::new(graph, data).eval(graph, &[node], &[]).concat()
}

/// Reads the text of a node again and says in what it differs. The language has no number `p[k]`, so a sum over
/// the k that data name cannot be read.
fn differs(
    o: &Objective,
    p: &ObjectiveProgram,
    node: NodeId,
    like: Option<&str>,
    declare: Declare,
) -> Option<String> {
    let vars: Named<&Tensor> = o.vars.iter().map(|(name, tensor)| (name.clone(), tensor)).collect();
    let want = eval(&p.graph, node, &vars);
    let seed = Tensor {
        data: (0..want.len()).map(|k| 0.3 + ((k * 7 + 3) % 11) as f64 / 10.0).collect(),
        ..like
            .and_then(|name| named(&o.vars, name))
            .map_or_else(|| Tensor::new(Vec::new(), vec![1.0]), Tensor::clone)
    };
    let weighted: f64 = match seed.shape.is_empty() {
        true => want[0],
        false => want.iter().zip(&seed.data).map(|(w, s)| w * s).sum(),
    };
    for inner in [Inner::Expanded, Inner::Defined] {
        let lines = emit::lines(&p.graph, node, &View { inner, ..View::default() });
        let (definitions, value) = parts(&lines);
        let whole = o.vars.iter().filter(|(_, t)| t.whole);
        let all = format!("{definitions}{value}");
        if whole.clone().any(|(name, _)| all.contains(&format!("where({name}["))) {
            continue;
        }
        let mut variables = declared(o, declare);
        let mut data = vars.clone();
        let expr = if seed.shape.is_empty() {
            format!("{definitions}({value})")
        } else {
            let name = "seed_".to_owned();
            variables.push(
                like.map_or_else(|| declaration(&name, DeclaredShape::Scalar), |_| declare(&seed, &name)),
            );
            data.push((name.clone(), &seed));
            format!("{definitions}sum(({value}) .* {name})")
        };
        let again = match text_of(o, &expr, &[], variables).lower() {
            Ok(again) => again,
            // An extent without a name, in a formula that has no index otherwise.
            Err(errors)
                if errors.iter().all(|d| {
                    d.message.contains("unknown name `")
                        && ["_len`", "_rows`", "_cols`"].iter().any(|e| d.message.contains(e))
                        || d.message.contains("nothing says how large")
                }) =>
            {
                continue;
            }
            // The product of two extents is one to reshape by, and not one to write.
            Err(errors)
                if errors.iter().any(|d| d.kind == ErrorKind::NotAffine)
                    && (all.contains(") * ") || all.contains(")*")) =>
            {
                continue;
            }
            // `where(i >= 1, x[i-1], 0)` says what is meant; a subscript is checked whatever stands around it.
            Err(errors) if like.is_some() && outside(&errors) => continue,
            Err(errors) => return Some(format!("{all}\n    cannot be read: {errors}")),
        };
        let got = eval(&again.graph, again.value, &data)[0];
        let close = (got - weighted).abs() <= 1e-8 * weighted.abs().max(1.0);
        let alike = close || (got.is_nan() && weighted.is_nan());
        if !alike {
            return Some(format!("{all}\n    is {got}, not {weighted}"));
        }
    }
    None
}

fn outside(errors: &Diagnostics) -> bool {
    errors.iter().all(|d| d.kind == ErrorKind::OutOfRange)
}

fn each(mut visit: impl FnMut(&Case, &Objective, Declare)) {
    let constants: Declare = |tensor, name| tensor.declared(name);
    let free: Declare = |tensor, name| tensor.declared_free(name);
    for case in cases(INDICES) {
        // At 0 the language's norm has the derivative 0, which no quotient has.
        if case.name == "k_norm2_zero" {
            continue;
        }
        let Body::Objective(o) = &case.body else { continue };
        visit(&case, o, constants);
        if o.vars.iter().all(|(_, tensor)| tensor.extents.is_none()) {
            visit(&case, o, free);
        }
    }
}

#[test]
fn text_of_indices_means_the_same_when_it_is_read() {
    let (mut all, mut wrong) = (0, Vec::new());
    each(|case, o, declare| {
        let program = match text_of(o, &o.expr, &o.wrt, declared(o, declare)).program() {
            Ok(program) => program,
            // A right answer would be as good as the refusal; what it is not is printed.
            Err(errors) if errors.iter().all(|d| d.kind == ErrorKind::Unsupported) => return,
            Err(errors) => return wrong.push(format!("{}: {errors}", case.name)),
        };
        let gradients =
            program.wrt.iter().zip(&program.gradient).map(|((name, _), &g)| (g, Some(name.as_str())));
        for (node, like) in std::iter::once((program.value, None)).chain(gradients) {
            all += 1;
            if let Some(why) = differs(o, &program, node, like, declare) {
                wrong.push(format!("{} {}: {why}", case.name, like.unwrap_or("value")));
            }
        }
    });
    assert!(wrong.is_empty(), "{} of {all}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_delta_is_printed() {
    let all = ["tests/cases", "../shared/oracles", INDICES];
    let cases: Vec<Case> = all.iter().flat_map(|folder| cases(folder)).collect();
    let mut wrong = Vec::new();
    for case in &cases {
        let Body::Objective(o) = &case.body else { continue };
        // Names of the user's own are no deltas.
        if o.expr.contains("delta") || o.expr.contains('δ') {
            continue;
        }
        let Ok(p) = text_of(o, &o.expr, &o.wrt, declared(o, |t, name| t.declared(name))).program() else {
            continue;
        };
        let all = [p.value].into_iter().chain(p.gradient).chain(p.hessian_product);
        for node in all.chain(p.hessian.into_iter().flatten()) {
            let lines = emit::lines(&p.graph, node, &View::default());
            for target in emit::ALL {
                let text = (target.write)(&lines);
                if ["delta", "δ", "index["].iter().any(|word| text.contains(word)) {
                    wrong.push(format!("{}, {}: {text}", case.name, target.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
