//! Eight derivations as a person reads them, each reviewed line by line: `cli/tests/derivations/*.txt`. After a change
//! that is meant, `UPDATE_DERIVATIONS=1 cargo test -p cargo-gradsmith derivations` writes them anew, to be read.

use std::fs;
use std::path::Path;
use std::process::Command;

/// A name, and what follows `explain`.
type Fixture = (&'static str, &'static [&'static str]);

const FIXTURES: [Fixture; 8] = [
    ("quadratic-l2", &["quadratic + l2(lambda)"]),
    ("digits", &["cross_entropy + l2(lambda / n)", "--network", "784 -> 100 sigmoid -> 10 sigmoid"]),
    ("softmax", &["categorical_cross_entropy", "--network", "4 -> 8 relu -> 3 softmax"]),
    (
        "logistic-regression",
        &[
            "mean(log(1 + exp(-y .* (X*w)))) + lambda/2 * norm2(w)^2",
            "--var=X:matrix[n,d]",
            "--var=y:vector[n]",
            "--var=lambda:scalar",
            "--wrt=w:vector",
        ],
    ),
    (
        "ridge",
        &[
            "r = X*w - y; r'*r/2 + lambda/2 * norm2(w)^2",
            "--var=X:matrix[n,d]",
            "--var=y:vector[n]",
            "--var=lambda:scalar",
            "--wrt=w:vector",
        ],
    ),
    (
        "fit",
        &[
            "b1*exp(-b2*x) + b3*exp(-(x - b4).^2/b5^2) + b6*x + b7 - y",
            "--residual",
            "--var=x:vector[n]",
            "--var=y:vector[n]",
            "--wrt=b1:scalar",
            "--wrt=b2:scalar",
            "--wrt=b3:scalar",
            "--wrt=b4:scalar",
            "--wrt=b5:scalar",
            "--wrt=b6:scalar",
            "--wrt=b7:scalar",
        ],
    ),
    (
        "factorisation",
        &[
            "sum[k]((r[k] - dot(U[p[k], :], V[q[k], :]))^2) + lambda*(norm2(U)^2 + norm2(V)^2)",
            "--var=r:vector[n]",
            "--var=p:indices[n]",
            "--var=q:indices[n]",
            "--var=lambda:scalar",
            "--wrt=U:matrix[users,d]",
            "--wrt=V:matrix[items,d]",
        ],
    ),
    (
        "gaussian-process",
        &[
            "K = matrix[i, j](exp(-sum[c]((X[i,c] - X[j,c])^2) / (2*l^2))) + s^2*eye; y'*solve(K, y)/2 + logdet(K)/2",
            "--var=X:matrix[n,d]",
            "--var=y:vector[n]",
            "--wrt=l:scalar",
            "--wrt=s:scalar",
        ],
    ),
];

fn explained(args: &[&str]) -> String {
    let program = env!("CARGO_BIN_EXE_cargo-gradsmith");
    let output = Command::new(program).arg("explain").args(args).output().expect("the program runs");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// How long a line may be.
const WIDTH: usize = 92;

/// What is typed, in lines of a shell.
fn asked(args: &[&str]) -> String {
    let mut lines = vec!["$ cargo gradsmith explain".to_owned()];
    for arg in args {
        let arg = if arg.contains([' ', '*']) { format!("\"{arg}\"") } else { (*arg).to_owned() };
        // A text of several definitions goes on in another line, which is as good as a space.
        let arg = if arg.len() + 6 > WIDTH { arg.replace("; ", ";\n     ") } else { arg };
        match lines.last_mut() {
            Some(line) if line.len() + arg.len() + 3 <= WIDTH => *line += &format!(" {arg}"),
            _ => lines.push(format!("    {arg}")),
        }
    }
    lines.join(" \\\n")
}

#[test]
fn eight_derivations_are_as_they_were_reviewed() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/derivations"));
    let mut differ = Vec::new();
    for (name, args) in FIXTURES {
        let text = format!("{}\n\n{}", asked(args), explained(args));
        for line in text.lines() {
            assert!(line.chars().count() <= WIDTH && line.trim_end() == line, "{name}: {line:?}");
        }
        let path = folder.join(format!("{name}.txt"));
        if std::env::var_os("UPDATE_DERIVATIONS").is_some() {
            fs::create_dir_all(folder).expect("a folder");
            fs::write(&path, &text).expect("the text can be written");
        }
        if fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n") != text {
            differ.push(format!("{name}:\n{text}"));
        }
    }
    assert!(differ.is_empty(), "read them, then UPDATE_DERIVATIONS=1\n{}", differ.join("\n"));
}

#[test]
fn all_steps_the_key_steps_or_none() {
    let (_, digits) = FIXTURES[1];
    let [all, key, none] =
        ["all", "key", "none"].map(|steps| explained(&[digits, &["--steps", steps]].concat()));
    assert_eq!(all, explained(digits), "all of them without being asked");
    for (text, letters, chain) in [(&all, true, true), (&key, false, true), (&none, false, false)] {
        assert_eq!(text.contains("what the letters mean"), letters, "{text}");
        assert_eq!(text.contains("delta2 = ∂c/∂z2 = ∂c/∂a2 .* sigmoid'(z2)"), chain, "{text}");
        assert_eq!(text.contains("= (a2 - y) ./ (a2 .* (1 - a2)) .* a2 .* (1 - a2)"), chain, "{text}");
        assert_eq!(text.contains("rewritten with"), chain, "{text}");
        assert!(text.contains("= a2 - y"), "{text}");
    }
    let (_, ridge) = FIXTURES[4];
    for (steps, swept) in [("all", true), ("key", false), ("none", false)] {
        let text = explained(&[ridge, &["--steps", steps]].concat());
        assert_eq!(text.contains("the reverse sweep, from f back to w"), swept, "{text}");
    }
}

#[test]
fn the_entries_of_a_fits_hessian_are_there_when_asked_for() {
    let (_, fit) = FIXTURES[5];
    let short = explained(fit);
    assert!(short.contains("∂²f/∂u∂w = J_u' * J_w + sum[k] r[k] * ∂²r[k]/∂u∂w"), "{short}");
    assert!(!short.contains("∂²f/∂b2∂b1") && short.contains("∂r/∂b7"), "{short}");
    let long = explained(&[fit, &["--entries"]].concat());
    assert_eq!(long.lines().filter(|line| line.starts_with("  ∂²f/∂")).count(), 28, "{long}");
    assert!(long.contains("(Hv)_b7"), "{long}");
}

#[test]
fn every_notation_has_the_steps() {
    let (_, digits) = FIXTURES[1];
    let latex = explained(&[digits, &["--format", "latex"]].concat());
    let chain = r"\frac{\partial c}{\partial a_2} \odot \sigma'\left(z_2\right)";
    assert!(latex.contains(chain), "{latex}");
    let mathml = explained(&[digits, &["--format", "mathml"]].concat());
    assert!(mathml.contains("<msup><mi>σ</mi><mo>′</mo></msup>"), "{mathml}");
    let (_, ridge) = FIXTURES[4];
    let latex = explained(&[ridge, &["--format", "latex"]].concat());
    assert!(latex.contains(r"\begin{array}{llll}"), "{latex}");
}
