//! Files of cases, as `check` reports them.

use cargo_gradsmith::Failure;
use cargo_gradsmith::commands::check;
use std::path::PathBuf;

const CASES: &str = r#"[
  {"name": "right", "expr": "sum(x.^2)", "vars": {"x": {"kind": "vector", "shape": [2], "data": [1, 2]}},
   "wrt": ["x"], "value": 5, "gradient": {"x": [2, 4]}, "hessian": {"x,x": [2, 0, 0, 2]},
   "hvp": {"x": {"v": [1, -1], "result": [2, -2]}}, "tolerance": 1e-10, "tags": []},
  {"name": "wrong", "expr": "λ*sum(x)", "wrt": ["x", "lambda"], "value": 3,
   "vars": {"x": {"kind": "vector", "shape": [2], "data": [1, 1]}, "lambda": {"kind": "scalar", "shape": [], "data": [2]}},
   "gradient": {"x": [2, 1], "λ": [2]}, "tolerance": 1e-10, "tags": []},
  {"name": "cost", "expr": "quadratic + l2(μ)", "defines": [], "hyper": {"mu": 0.5},
   "a": {"kind": "matrix", "shape": [2, 1], "data": [1, 3]}, "y": {"kind": "matrix", "shape": [2, 1], "data": [0, 1]},
   "weights": {"w1": {"kind": "matrix", "shape": [1, 1], "data": [2]}}, "biases": {},
   "value": 2.25, "d_activation": [0.5, 1], "d_weight": {"w1": [1]}, "d_bias": {}, "tolerance": 1e-10, "tags": []},
  {"name": "network", "form": "arrow", "network": "1 -> 1 linear", "cost": "quadratic", "defines": [], "hyper": {},
   "inputs": {"x": {"kind": "matrix", "shape": [2, 1], "data": [1, 2]}},
   "y": {"kind": "matrix", "shape": [2, 1], "data": [0, 0]},
   "params": {"w1": {"kind": "matrix", "shape": [1, 1], "data": [1]}, "b1": {"kind": "vector", "shape": [1], "data": [0]}},
   "weights": ["w1"], "biases": ["b1"], "value": 1.25, "gradient": {"w1": [2.5], "b1": [1.5]},
   "hvp": {"v": {"w1": [1], "b1": [0]}, "result": {"w1": [2.5], "b1": [1.5]}}, "tolerance": 1e-10, "tags": []},
  {"name": "extreme", "form": "objective", "expr": "log(sigmoid(s))", "wrt": ["s"], "required": true,
   "vars": {"s": {"kind": "scalar", "shape": [], "data": [-1000]}}, "value": -1000, "gradient": {"s": [1]},
   "tolerance": 1e-14, "tags": []},
  {"name": "refused", "context": "objective", "expr": "sum(yy)", "vars": {"y": {"kind": "vector", "shape": ["n"]}},
   "wrt": ["y"], "span_in": "expr", "span": [4, 6], "kind": "unknown-name", "suggestion": "y", "may_accept": false},
  {"name": "accepted", "context": "objective", "expr": "sum(y)", "vars": {"y": {"kind": "vector", "shape": ["n"]}},
   "wrt": ["y"], "span_in": "expr", "span": [0, 3], "kind": "none", "suggestion": null, "may_accept": false},
  {"name": "deep", "context": "objective", "generator": [{"text": "(", "times": 9000}, {"text": "y", "times": 1}],
   "vars": {"y": {"kind": "scalar", "shape": []}}, "wrt": ["y"], "span_in": "expr", "span": null,
   "kind": "unbalanced", "suggestion": null, "may_accept": false}
]"#;

fn checked(name: &str, json: &str) -> Result<(bool, String), Failure> {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, json)?;
    let mut out = Vec::new();
    let good = check::run(&[path], &mut out)?;
    Ok((good, String::from_utf8_lossy(&out).into_owned()))
}

#[test]
fn all_five_kinds_run_and_disagreements_are_reported() {
    let (good, report) = checked("cases.json", CASES).expect("a file of cases");
    assert!(!good);
    let want = "\
cases.json: wrong: value: wanted 3.0, got 4.0
cases.json: wrong: gradient[x][1]: wanted 1.0, got 2.0
cases.json: accepted: accepted, but it is to be refused
6 passed, 2 failed
";
    assert_eq!(report, want);
}

#[test]
fn what_is_no_file_of_cases_is_said_so() {
    for (json, want) in [
        ("{}", "a file of cases is an array of objects"),
        ("[1]", "case 0 is not an object"),
        ("[{\"name\": \"odd\"}]", "`odd`: no kind of case has these fields"),
        ("[{\"name\": \"odd\", \"vars\": {}}]", "`odd`: `expr` is missing or not what it should be"),
        (
            r#"[{"name": "odd", "expr": "s", "vars": {"s": {"kind": "vector", "shape": [], "data": [1]}}}]"#,
            "`odd`: `vars.s` is missing or not what it should be: kind and shape disagree",
        ),
        (
            r#"[{"name": "odd", "context": "cost", "expr": "a", "span_in": "here"}]"#,
            "`odd`: `here` is no text of a case",
        ),
        ("[", "EOF while parsing"),
    ] {
        match checked("broken.json", json) {
            Err(Failure::Input(text)) => assert!(text.contains(want), "{text}"),
            other => panic!("{json}: {other:?}"),
        }
    }
}
