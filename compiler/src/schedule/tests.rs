//! What each phase finds out, on formulas that fit in a line.

use super::assign::Assigned;
use super::place::{Absorbed, Classified, Leveled, Placed};
use super::rewrite::Rewritten;
use super::{Class, Output, Plan, Policy, Step, Storage, schedule};
use crate::front::ObjectiveText;
use crate::ir::verify::verify;
use crate::ir::{Graph, NodeId, Number, Op};
use crate::lower::objective::{self, Wanted};
use crate::source::SourceId;
use crate::syntax::parse;

const VARIABLES: &str =
    "A: matrix[n,n], B: matrix[n,n], X: matrix[m,n], u: vector[n], v: vector[n], y: vector[m]";

/// The graph of a vector, simplified, and the vector as an output.
fn formula(text: &str) -> (Graph, Vec<Output>) {
    let program = parse::program(text, SourceId::Expression).unwrap_or_else(|e| panic!("{text}: {e}"));
    let variables = parse::declarations(VARIABLES, SourceId::Declarations).expect("declarations");
    let lowered = objective::lower(text, &program, &[], &variables, &[], Wanted::Vector)
        .unwrap_or_else(|e| panic!("{text}: {e}"));
    let mut g = lowered.graph;
    let (roots, _) = crate::simplify::simplify(&mut g, &[lowered.value]);
    (g, vec![Output { name: "out".to_owned(), node: roots[0] }])
}

fn rewritten(text: &str, policy: Policy) -> Rewritten {
    let (g, outputs) = formula(text);
    Rewritten::of(&g, &outputs, policy, None, &|_, _| String::new())
}

fn leveled(text: &str) -> Leveled {
    let classified = Classified::of(Absorbed::of(rewritten(text, Policy::Store)), Policy::Store);
    Leveled::of(classified, Policy::Store)
}

fn plan(text: &str) -> Plan {
    Assigned::of(Placed::of(leveled(text), Policy::Store)).plan()
}

/// The only node of this kind.
fn only(nodes: &Classified, kind: impl Fn(&Op) -> bool) -> NodeId {
    let mut found = nodes.order.iter().copied().filter(|&id| kind(nodes.graph.op(id)));
    let id = found.next().expect("a node of this kind");
    assert_eq!(found.next(), None, "one node of this kind");
    id
}

/// The steps by their kinds.
fn kinds(plan: &Plan) -> Vec<&'static str> {
    let kind = |s: &Step| match s {
        Step::Scalar(_) => "scalar",
        Step::Loop(_) => "loop",
        Step::MatMul(_) => "product",
        Step::Solve(_) => "solve",
        Step::Factor(_) => "factor",
        Step::Axis(_) => "axis",
        Step::Linear(_) => "linear",
        Step::Blocks(_) => "blocks",
        Step::When(_) => "when",
        Step::Descend { .. } => "descend",
    };
    plan.steps.iter().map(kind).collect()
}

#[test]
fn what_is_rewritten_is_legal() {
    for text in [
        "softmax(X*u) .* exp(-y) + sigmoid(y)",
        "X*(A'*A)*u + X*((A'*A)'*v)",
        "inv(A'*A + eye)*X'*y + A*v/sum(y.^2) + u/sum(y.^2)",
        "(A .* (u*v'))*v + diag(A)",
    ] {
        for policy in [Policy::Store, Policy::Blocks, Policy::Recompute] {
            let after = rewritten(text, policy);
            let mut roots: Vec<NodeId> = after.outputs.iter().map(|o| o.node).collect();
            roots.extend(after.matrices.iter().map(|m| m.node));
            assert_eq!(verify(&after.graph, &roots), Ok(()), "{text}, {policy:?}");
        }
    }
}

#[test]
fn a_sum_is_begun_by_a_loop_and_finished_by_a_product() {
    let absorbed = Absorbed::of(rewritten("A*u + 2*v", Policy::Store));
    let [(sum, found)] = &absorbed.accumulated.iter().collect::<Vec<_>>()[..] else { panic!("one sum") };
    assert_eq!(**sum, absorbed.outputs[0].node);
    let init = found.init.expect("2 v");
    assert_eq!(absorbed.graph.coefficient(init), Number::TWO);
    let [product] = &found.products[..] else { panic!("one product") };
    assert!(absorbed.absorbed.contains(&product.node));

    let plan = plan("A*u + 2*v");
    assert_eq!(kinds(&plan), ["loop", "product"]);
    let Step::MatMul(m) = &plan.steps[1] else { panic!("{:?}", plan.steps[1]) };
    assert!(m.accumulate && m.out == plan.output_buffers[0]);
}

#[test]
fn a_product_has_its_form_from_its_class_on() {
    let nodes = leveled("exp(A*B')*v").nodes;
    let forms = nodes.order.iter().filter_map(|&id| match nodes.class_of(id) {
        Class::MatMul(form) => Some(form),
        _ => None,
    });
    let plan = plan("exp(A*B')*v");
    assert_eq!(kinds(&plan), ["product", "loop"]);
    let Step::MatMul(m) = &plan.steps[0] else { panic!("{:?}", plan.steps[0]) };
    assert_eq!(forms.collect::<Vec<_>>(), [&m.form]);
    assert_eq!((&m.form.rows[..], &m.form.cols[..], &m.form.summed[..]), (&[0][..], &[1][..], &[2][..]));
    assert_eq!((&m.form.left.axes[..], &m.form.right.axes[..]), (&[0, 2][..], &[1, 2][..]));
}

#[test]
fn what_reads_a_whole_array_comes_a_level_later() {
    let leveled = leveled("exp(A*exp(u))");
    let nodes = &leveled.nodes;
    let product = only(nodes, |op| matches!(op, Op::Product { .. }));
    let functions: Vec<NodeId> =
        nodes.order.iter().copied().filter(|&id| matches!(nodes.graph.op(id), Op::Map { .. })).collect();
    let [inner, outer] = functions[..] else { panic!("{functions:?}") };
    // A call follows the loops of its level.
    assert_eq!([inner, product, outer].map(|id| leveled.level_of(id)), [0, 0, 1]);
}

#[test]
fn stored_is_what_another_loop_reads() {
    let stored = |text: &str| {
        let placed = Placed::of(leveled(text), Policy::Store);
        let sums = |id: &&NodeId| matches!(placed.nodes().graph.op(**id), Op::Map { .. });
        placed.stored.iter().filter(sums).count()
    };
    // The loop over u computes what it needs itself; a product wants an array.
    assert_eq!(stored("exp(u) .* v"), 0);
    assert_eq!(stored("A*exp(u)"), 1);
    assert_eq!(stored("sin(u) .* v + A*sin(u)"), 1);
}

#[test]
fn an_inverse_has_an_array_if_something_reads_its_entries() {
    let solved = plan("inv(A)*u");
    assert_eq!(kinds(&solved), ["factor", "solve"]);
    let inverse = |plan: &Plan| plan.buffer_of.keys().any(|&id| matches!(plan.graph.op(id), Op::Inverse(_)));
    assert!(!inverse(&solved));
    let Step::Solve(s) = &solved.steps[1] else { panic!("{:?}", solved.steps[1]) };
    assert!(s.system.left && !s.system.transposed);
    assert!(solved.factors.contains_key(&s.system.matrix));

    let read = plan("exp(inv(A))*u");
    assert_eq!(kinds(&read), ["factor", "linear", "loop"]);
    assert!(inverse(&read));
}

#[test]
fn the_caller_says_what_a_matrix_is_called() {
    let (g, outputs) = formula("inv(A'*A)*u");
    // Of the formula as it is written: `A'*A` is a product there, whatever the plan makes of it.
    let naming = |g: &Graph, n: NodeId| format!("a {}", if g.name(n).is_none() { "formula" } else { "name" });
    let plan = schedule(&g, &outputs, Policy::Store, &naming);
    assert_eq!(plan.factors.into_values().map(|f| f.text).collect::<Vec<_>>(), ["a formula"]);
}

#[test]
fn names_of_arrays_are_unique() {
    let plan = plan("A*exp(u) + B*exp(v) + inv(A)*u + inv(B)*v");
    let mut names: Vec<&str> = plan.buffers.iter().map(|b| b.name.as_str()).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
    let count = |storage| plan.buffers.iter().filter(|b| b.storage == storage).count();
    assert_eq!((count(Storage::Input), count(Storage::Output)), (4, 1));
}

/// The plans of value, gradient, Hessian and its product of a scalar formula, by each of its variables.
fn plans_of(text: &str, policy: Policy) -> Vec<Plan> {
    let declared = "A: matrix[n,n], B: matrix[n,n], X: matrix[m,n], u: vector[n], y: vector[m], s: scalar";
    let program = parse::program(text, SourceId::Expression).unwrap_or_else(|e| panic!("{text}: {e}"));
    let variables = parse::declarations(declared, SourceId::Declarations).expect("declarations");
    let by = ["A", "u", "s"].map(|name| (name.to_owned(), objective::whole(text)));
    let lowered = objective::lower(text, &program, &[], &variables, &by, Wanted::Scalar)
        .unwrap_or_else(|e| panic!("{text}: {e}"));
    let names = by.map(|(name, _)| name);
    let p = crate::pipeline::objective(lowered, &names, &[false; 3], false);
    let planned = |nodes: &[NodeId]| {
        let output = |(k, node): (usize, &NodeId)| Output { name: format!("out{k}"), node: *node };
        let outputs: Vec<Output> = nodes.iter().enumerate().map(output).collect();
        schedule(&p.graph, &outputs, policy, &|_, _| String::new())
    };
    let mut both = vec![p.value];
    both.extend(&p.gradient);
    vec![planned(&both), planned(&p.hessian_product), planned(&p.hessian.concat())]
}

/// What one sum takes in is not read by another that begins with the first.
#[test]
fn a_sum_that_begins_with_another_leaves_it_whole() {
    for policy in [Policy::Blocks, Policy::Store, Policy::Recompute] {
        for text in [
            "where(s > 0, det((B - A')*(B - A')'), min(B*A))",
            "where(s > 0, logdet((B - A')*(B - A')'), min(B*A))",
            "det((B - A')*(B - A')')*s + sum((B*A).^2)",
        ] {
            plans_of(text, policy);
        }
    }
}

/// Of every two parts, one chosen by the other, and by a number.
#[test]
fn every_step_reads_what_is_there() {
    let parts = [
        "det(A*B)",
        "logdet(A*A')",
        "sum(solve(A, u))",
        "(u'*inv(A)*u)",
        "sum(inv(A*B')*u)",
        "tr(inv(A)*B)",
        "min(A*B)",
        "max(X*u)",
        "norm2(X*u - y)",
        "logsumexp(A*u)",
        "sum(softmax(A*u) .* u)",
        "det((B - A')*(B - A')')",
        "sum((A*B).^2)",
        "sum(rowmax(A*B))",
        "s*sum(exp(A .* B))",
    ];
    let chosen = |a: &str, b: &str| {
        [format!("where(s > 0, {a}, {b})"), format!("where({a} > s, {b}, {a})"), format!("max({a}, {b})^2")]
    };
    for (k, a) in parts.iter().enumerate() {
        for (n, b) in parts.iter().enumerate().filter(|(n, _)| (k * 7 + n * 3) % 5 == 0) {
            let policy = [Policy::Blocks, Policy::Store, Policy::Recompute][(k + n) % 3];
            let text = &chosen(a, b)[(k + 2 * n) % 3];
            for plan in plans_of(text, policy) {
                assert_eq!(super::verify::verify(&plan), Ok(()), "{policy:?}: {text}");
            }
        }
    }
}

/// The plan of an objective's value and gradient.
fn objective_plan(text: &str, declared: &str) -> Plan {
    let text = ObjectiveText {
        expr: text.to_owned(),
        declarations: declared.to_owned(),
        ..ObjectiveText::default()
    };
    let program = text.program().unwrap_or_else(|e| panic!("{}: {e}", text.expr));
    let gradient = program.gradient.iter().zip(&program.wrt);
    let outputs = std::iter::once(("value".to_owned(), program.value))
        .chain(gradient.map(|(node, (name, _))| (format!("d_{name}"), *node)));
    let outputs: Vec<Output> = outputs.map(|(name, node)| Output { name, node }).collect();
    schedule(&program.graph, &outputs, Policy::Store, &|_, _| String::new())
}

fn temporaries(plan: &Plan) -> usize {
    plan.buffers.iter().filter(|b| b.storage == Storage::Temporary).count()
}

#[test]
fn neighbours_are_computed_in_one_loop_beside_their_sum() {
    let plan = objective_plan("sum[i](100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2)", "x: vector[n]");
    let loops: Vec<_> = plan.steps.iter().filter(|s| matches!(s, Step::Loop(_))).collect();
    assert_eq!((loops.len(), temporaries(&plan)), (1, 0), "{:?}", kinds(&plan));
    // What calls a function is stored, and not found twice.
    let plan = objective_plan("sum[i](exp(x[i])*exp(x[i+1]))", "x: vector[n]");
    assert!(temporaries(&plan) > 0);
}

#[test]
fn running_sums_are_one_pass() {
    for text in [
        "sum(cumsum(x).^2)",
        "sum[i](sum[j](where(j < i, x[j]^2, 0))*x[i])",
        "sum[i](x[i] - log(1 + sum[j](where(j >= i, x[j]^2, 0))))",
    ] {
        let plan = objective_plan(text, "x: vector[n]");
        let longest = plan.flat_steps().map(|s| match s {
            Step::Loop(l) => l.space.len(),
            _ => 0,
        });
        assert_eq!(longest.max(), Some(1), "{text}: {:?}", kinds(&plan));
        assert!(kinds(&plan).contains(&"axis"), "{text}: {:?}", kinds(&plan));
    }
}

#[test]
fn a_convolution_is_a_product_for_each_example() {
    let text = "sum[s, f, i, j](sum[c, u, v](W[f,c,u,v]*x[s,c,i+u,j+v])^2)";
    let plan = objective_plan(text, "W: tensor[4,3,5,5], x: tensor[m,3,9,9]");
    let products: Vec<usize> = plan
        .flat_steps()
        .filter_map(|s| match s {
            Step::MatMul(m) => Some(m.form.around.len() + m.form.around_summed.len()),
            _ => None,
        })
        .collect();
    assert_eq!(products, [1; 3]);
}
