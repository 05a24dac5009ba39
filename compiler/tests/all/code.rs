//! Plans and generated code of formulas that take every kind of step, on record as in `variants`, with the operations
//! counted: what is planned otherwise is seen where it stands, also where its numbers stay.

use super::programs::{COSTS, NETWORKS};
use super::variants::{Digest, is_on_record};
use gradsmith_compiler::derive::{derive_cost, derive_network, derive_objective};
use gradsmith_compiler::emit;
use gradsmith_compiler::eval::Sizes;
use gradsmith_compiler::front::ObjectiveText;
use gradsmith_compiler::lower::objective;
use gradsmith_compiler::schedule::verify::verify;
use gradsmith_compiler::schedule::{Output, Plan, Policy, Step, Storage, schedule};
use gradsmith_compiler::source::SourceId;
use gradsmith_compiler::syntax::parse;
use proc_macro2::TokenStream;

/// What formulas speak of: data, and `w`, `V`, `b` to differentiate by.
const DATA: [(&str, &str); 9] = [
    ("X", "matrix[m, d]"),
    ("Z", "matrix[m, d]"),
    ("A", "matrix[d, d]"),
    ("K", "matrix[m, m]"),
    ("R", "matrix[d, k]"),
    ("y", "vector[m]"),
    ("c", "vector[d]"),
    ("s", "scalar"),
    ("t", "scalar"),
];
const BY: [(&str, &str); 3] = [("w", "vector[d]"), ("V", "matrix[d, k]"), ("b", "scalar")];

/// Objectives.
const OBJECTIVES: [&str; 69] = [
    "sum((X*w - y).^2)/2",
    "mean(log(1 + exp(-y .* (X*w)))) + s/2*norm2(w)^2",
    "norm2(X*w - y)^2 + t*norm1(w)",
    "w'*A*w/2 - dot(c, w)",
    "w'*X'*X*w + b*sum(w)",
    "sum(exp(X*w + b)) - y'*(X*w + b)",
    "sum((X*V - Z*V).^2)",
    "sum((X - X*V*V').^2)",
    "tr(V'*A*V) + logdet(V'*V + eye)",
    "sum((V*V' - A).^2)/4",
    "sum((X'*X*V - R).^2)",
    "sum((X*V*R' - Z).^2)",
    "sum(softmax(X*w) .* y)",
    "logsumexp(X*w) - b*dot(c, w)",
    "sum(log_softmax(X*w) .* y)",
    "sum(rowmax(X .* outer(y, w)))",
    "max(X*w) + max(w)",
    "norm_inf(X*w) + sum(abs(w).^1.5)",
    "y'*solve(K + b^2*eye, y)/2 + logdet(K + b^2*eye)/2",
    "w'*solve(A + b^2*eye, c) + det(A + w*w')",
    "w'*inv(A'*A + eye)*w + sum(inv(A'*A + b^2*eye)*c)",
    "sum((inv(A)*V).^2) + tr(inv(A)*V*R')",
    "sum(kron(V, R).^2) + sum(kron(V', X))",
    "sum(kron(A, w*c').^2)",
    "where(b > 0, sum(exp(X*w)), sum(w.^2))",
    "where(b > s, logdet(A + w*w'), where(b > t, sum(X*w), sum(w.^3)))",
    "where(b > s, sum(sin(X*w)), t) + where(b > s, sum(cos(X*w)), 0) + where(b < t, sum(sin(X*w)), 1)",
    "sum(where(X*w > y, (X*w - y).^2, abs(X*w - y)))",
    "sum(where(y > 0, log(X*w), X*w))",
    "r = X*w - y; sum(where(abs(r) <= s, r.^2/2, s*(abs(r) - s/2)))",
    "sum(s*(exp(b*w) - 1)./(1 + exp(b*w)))",
    "sum(w./(s + w) + w./(s + w).^2 + c./(s + w))",
    "sum(1 ./ (b + c)) + sum(c ./ (b + c).^2)/b + 1/b^2",
    "sum(w.^2 .* c)/sum(w.^2) + sum(w.^3)/norm2(w)",
    "sum((w + c).^3) + (s + b)^7 - (s + b)^-3",
    "sum(w.^s) + sum(abs(w).^b) + b^t",
    "sum((X .* X)*w) + sum((X.^2)*(w.^2))",
    "sum(rowsum((X*diag(w)) .* (X*A)).*y)",
    "sum(rowsum(X.*(Z*V*V')).^2)",
    "sum(diag(V*R').*w) + tr(V*R'*A)",
    "sum((diag(w)*A*diag(w)).^2)",
    "dot(w, c)^3*dot(w, w)",
    "sum((X*(w.*c) - y).^2 .* exp(X*w))",
    "y'*X*V*R'*c + w'*V*V'*w",
    "sum(sqrt(rowsum(X.^2)) .* (X*w))",
    "sum(sqrt(rowsum((X*V).^2)))",
    "norm2(X*V)^2 + norm2(V)*b + norm2(w)^3",
    "sum(exp(-rowsum((X*A).^2)) .* (X*w))",
    "sum(tanh(X*V)*R'*w)",
    "sum(sigmoid(tanh(X*V)*V'*w) .* y)",
    "sum(tanh(A*tanh(A*tanh(A*w))))",
    "w'*A^3*w + sum(A^2*V)",
    "sum(outer(w, c).*A) + sum(outer(w, w).*A.*A')",
    "q = exp(X*w); sum(q)*sum(q.^2)/sum(q.*y)",
    "q = A*w; r = q + c; dot(q, r)^2 + norm2(r)*sum(q)",
    "mean(X*w)^2 + mean(w) + sum(mean(y)*w)",
    "-0.5*sum(w) - 1.25*b + 3*sum(-w.*c) - s",
    "sum(lgamma(X*w + 9) - y.*log(X*w + 9))",
    "sum(erf(w) + atan(w) + sin(w).*cos(c))*b",
    "sum(max(X*w, y)) + sum(min(w, c)) + sum(clip(w, -s, s))",
    "((b*s + t)^2 + b)/(1 + (b*s + t)^2) + exp(b)*sin(b*s + t)",
    "sum(((X*w)*(X*w)').^2 .* K)",
    "sum(sin(w).^3 + cos(c).^2 .* w) + sin(b)^3",
    "sum(sin(w/b) + cos(c/b).*w/b)",
    "q = w'*c + b + s + t + b*s + b*t + s*t + b^2 + s^2 + t^2 + b*s*t + b^3 + s^3; sin(q) + cos(q + 1) + exp(-q)",
    "sum((A.*eye)*V) + sum((A.*eye)*w)",
    "sum(rowmax(X').*w) + sum(rowmax(V').^2)",
    "sum((X + Z)*V*R') + sum(sin((X + Z)*V*R'))",
    "sum(c.*log1p(w.^2) + log1p(w.^2).^2)",
];

/// Residuals.
const RESIDUALS: [&str; 5] =
    ["X*w - y", "tanh(X*w) - b*y", "exp(b*y) .* (X*w)", "K*(X*w) - y", "sqrt(1 + (X*w - y).^2) - 1"];

/// Small ones, of extents that are known, and their variables: planned as one closure where they suit.
const SMALL: [(&str, &str); 10] = [
    ("norm2(A*w - c)^2", "w: vector[3], A: matrix[2, 3], c: vector[2]"),
    ("w'*A*w + sum(w)", "w: vector[3], A: matrix[3, 3]"),
    ("sum(exp(A*w))", "w: vector[3], A: matrix[2, 3]"),
    ("sum((A*B).^2)", "A: matrix[2, 3], B: matrix[3, 2]"),
    ("sum(tanh(A*tanh(B*w)))", "w: vector[2], A: matrix[2, 3], B: matrix[3, 2]"),
    ("logsumexp(A*w) + det(B)", "w: vector[3], A: matrix[2, 3], B: matrix[2, 2]"),
    ("(x^2 + y^2)*exp(x*y) + x/y", "x: scalar, y: scalar"),
    ("where(x > y, x^2, y^3) + sin(x)*max(w)", "x: scalar, y: scalar, w: vector[2]"),
    ("x*y + x", "x: scalar, y: scalar"),
    ("sin(x)*sin(y)*exp(x)*cos(y)*tanh(x)*atan(y) + log(x)*sqrt(y)", "x: scalar, y: scalar"),
];

fn mentions(text: &str, name: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).any(|word| word == name)
}

/// The input of a derive, in one of three types of numbers.
fn input(kind: &str, text: &str, n: usize) -> String {
    let by = BY.iter().filter(|(name, _)| mentions(text, name));
    let by: Vec<String> =
        by.map(|(name, shape)| format!("{name}: {}", shape.split('[').next().unwrap_or_default())).collect();
    let (generics, float) = [("<'a>", "f64"), ("<'a>", "f32"), ("<'a, T>", "T")][n % 3];
    let fields = DATA.iter().filter(|(name, _)| mentions(text, name));
    let fields: Vec<String> = fields
        .map(|(name, shape)| match shape.matches(',').count() {
            _ if *shape == "scalar" => format!("{name}: {float}"),
            0 => format!("{name}: ArrayView1<'a, {float}>"),
            _ => format!("{name}: ArrayView2<'a, {float}>"),
        })
        .collect();
    let views = fields.iter().any(|f| f.contains("'a"));
    let generics = match (generics, views, fields.is_empty()) {
        ("<'a>", false, _) | (_, false, true) => "",
        (_, false, false) => "<T>",
        (generics, ..) => generics,
    };
    let float = if generics.is_empty() && float != "f64" { "#[gradsmith(scalar = f32)] " } else { "" };
    format!(
        "#[{kind}(\"{text}\", wrt({}))] {float}struct S{generics} {{ {} }}",
        by.join(", "),
        fields.join(", ")
    )
}

fn code(derive: fn(TokenStream) -> TokenStream, input: &str) -> String {
    let tokens: TokenStream = input.parse().unwrap_or_else(|e| panic!("{input}: {e}"));
    let code = derive(tokens).to_string();
    assert!(!code.contains("compile_error"), "{input}\n{code}");
    code
}

/// The plans of value and gradient, of the product with the Hessian and of the Hessian, by each policy.
fn plans(text: &str) -> Vec<Plan> {
    let by: Vec<&str> = BY.iter().map(|(name, _)| *name).filter(|name| mentions(text, name)).collect();
    let declared = DATA.iter().chain(&BY).filter(|(name, _)| mentions(text, name));
    let declared: Vec<String> = declared.map(|(name, shape)| format!("{name}: {shape}")).collect();
    let objective = ObjectiveText {
        expr: text.to_owned(),
        variables: parse::declarations(&declared.join(", "), SourceId::Declarations).expect("declarations"),
        wrt: by.iter().map(|name| ((*name).to_owned(), objective::whole(text))).collect(),
        ..ObjectiveText::default()
    };
    let p = objective.program().unwrap_or_else(|e| panic!("{text}\n{e}"));
    let mut all = Vec::new();
    for nodes in [[&[p.value][..], &p.gradient].concat(), p.hessian_product.clone(), p.hessian.concat()] {
        let outputs: Vec<Output> =
            nodes.iter().enumerate().map(|(k, &node)| Output { name: format!("o{k}"), node }).collect();
        for policy in [Policy::Blocks, Policy::Store, Policy::Recompute] {
            all.push(schedule(&p.graph, &outputs, policy, &emit::name_or_text));
        }
    }
    all
}

/// What they cost, and how many arrays they keep.
fn costs(plans: &[Plan]) -> String {
    let sizes = Sizes::from([("m", 1000), ("d", 20), ("k", 3)].map(|(name, n)| (name.to_owned(), n)));
    let cost = |plan: &Plan| {
        let kept = plan.buffers.iter().filter(|b| b.storage == Storage::Temporary).count();
        format!("{:?} {kept};", plan.operations(&sizes))
    };
    plans.iter().map(cost).collect()
}

/// Writes the line of a text: of the code, and of what else there is to say.
fn line(text: &str, parts: &[String]) -> String {
    let mut digest = Digest::new();
    parts.iter().for_each(|part| digest.add(part));
    digest.line(parts.len(), text) + "\n"
}

#[test]
fn objectives_are_planned_as_on_record() {
    let mut record = String::new();
    for (n, text) in OBJECTIVES.iter().enumerate() {
        record.push_str(&line(
            text,
            &[code(derive_objective, &input("objective", text, n)), costs(&plans(text))],
        ));
    }
    for (n, text) in RESIDUALS.iter().enumerate() {
        record.push_str(&line(text, &[code(derive_objective, &input("residual", text, n))]));
    }
    for (text, variables) in SMALL {
        let input = format!("#[objective(\"{text}\", wrt({variables}))] struct S;");
        record.push_str(&line(text, &[code(derive_objective, &input)]));
    }
    is_on_record("objectives", &record);
}

#[test]
fn costs_and_networks_are_planned_as_on_record() {
    let mut record = String::new();
    for (n, text) in COSTS.iter().enumerate() {
        let float = ["f64", "f32"][n % 2];
        let input = format!("#[cost({text})] struct S {{ c: {float} }}");
        record.push_str(&line(text, &[code(derive_cost, &input)]));
    }
    for (network, cost) in NETWORKS {
        let what = format!("{network}; {cost}");
        let input = format!("#[network({network})] #[cost({cost})] struct S;");
        record.push_str(&line(&what, &[code(derive_network, &input)]));
    }
    is_on_record("layers", &record);
}

/// Whether a step only adds to what is there: without it the sum is another one.
fn only_adds(step: &Step) -> bool {
    match step {
        Step::MatMul(m) => m.accumulate,
        Step::Solve(s) => s.matmul.accumulate,
        Step::Loop(l) => l.stores.is_empty() && l.reductions.iter().all(|r| r.accumulate),
        Step::Blocks(b) => !b.sums.is_empty(),
        _ => false,
    }
}

#[test]
fn what_is_missing_from_a_plan_is_seen() {
    for text in OBJECTIVES {
        for plan in plans(text) {
            assert_eq!(verify(&plan), Ok(()), "{text}");
            for k in (0..plan.steps.len()).filter(|&k| !only_adds(&plan.steps[k])) {
                let mut without = plan.clone();
                let step = without.steps.remove(k);
                assert!(verify(&without).is_err(), "{text}: without {step:?}");
            }
            if !plan.factors.is_empty() {
                assert!(
                    verify(&Plan { factors: Default::default(), ..plan.clone() }).is_err(),
                    "{text}: no factors"
                );
            }
        }
    }
}
