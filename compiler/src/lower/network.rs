//! Networks: the arrow form is spelled out as definitions, then both forms are lowered alike.

use super::cost::{Cost, Define};
use super::{Kind, Lowerer, Role, Shape, Variable};
use crate::catalog;
use crate::diag::{Diagnostic, Diagnostics, ErrorKind};
use crate::ir::{NodeId, Tensor};
use crate::ops;
use crate::source::{Place, SourceId, Span};
use crate::suggest::function_meant;
use crate::syntax::ast::{
    Arg, ArrowNetwork, BinaryOp, Call, Declaration, DeclaredExtent, DeclaredShape, Expr, ExprKind, Ident,
    Link, Local, Network, Program,
};

/// A network and its cost.
#[derive(Clone, Debug)]
pub struct NetworkCost {
    /// The cost; its graph has the network in it.
    pub cost: Cost,
    /// What the data supplies, in order: name and node, a batch of vectors.
    pub inputs: Vec<(String, NodeId)>,
    /// The layers' values by name, in the order computed: `z1`, `a1`, …
    pub values: Vec<(String, NodeId)>,
    /// Which of them are a function of another one.
    pub activations: Vec<Activation>,
}

/// A value that is an activation's of another: `a1 = leaky_relu(z1, 0.2)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activation {
    /// The value's name.
    pub value: String,
    /// The function's.
    pub function: String,
    /// The name of its argument.
    pub argument: String,
    /// What else it is given, as written.
    pub rest: Vec<String>,
}

/// The values that are an activation's of a value with a name.
fn activations_of(locals: &[Local]) -> Vec<Activation> {
    let known = activations();
    let activation = |local: &Local| {
        let ExprKind::Call(call) = &local.value.kind else { return None };
        let (first, rest) = call.args.split_first()?;
        let ExprKind::Name(argument) = &first.value.kind else { return None };
        let is_value = locals.iter().any(|l| l.name.name == *argument);
        let function = &call.function.name;
        (first.name.is_none() && is_value && known.contains(&function.as_str())).then(|| Activation {
            value: local.name.name.clone(),
            function: function.clone(),
            argument: argument.clone(),
            rest: rest.iter().map(ToString::to_string).collect(),
        })
    };
    locals.iter().filter_map(activation).collect()
}

/// A network spelled out: what it declares and defines.
#[derive(Clone, Debug)]
pub struct Spelled {
    /// Inputs, weights and biases.
    pub declarations: Vec<(Declaration, Declared)>,
    /// `z1 = w1*x + b1; a1 = sigmoid(z1); …`, the output being `a`.
    pub locals: Vec<Local>,
}

/// What a declared tensor of a network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declared {
    /// The data supplies it.
    Input,
    /// A weight: a matrix.
    Weight,
    /// A bias: a vector.
    Bias,
}

/// Spells a network out. `declarations` and `inputs` are those of the long form; where no input is named, `x`
/// is one, and so are `x1`, `x2`, ...
///
/// # Errors
/// An activation that is none.
pub fn spell(
    network: &Network,
    declarations: &[Declaration],
    inputs: &[String],
) -> Result<Spelled, Diagnostics> {
    match network {
        Network::Arrow(arrow) => spell_arrow(arrow),
        Network::Long(locals) => {
            let named_x =
                |n: &str| n.strip_prefix('x').is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()));
            let is_input =
                |n: &str| if inputs.is_empty() { named_x(n) } else { inputs.iter().any(|i| i == n) };
            let declared = |d: &Declaration| {
                if is_input(&d.name.name) {
                    Declared::Input
                } else if matches!(d.shape, DeclaredShape::Matrix(_) | DeclaredShape::Tensor(_)) {
                    Declared::Weight
                } else {
                    Declared::Bias
                }
            };
            let declarations: Vec<_> = declarations.iter().map(|d| (d.clone(), declared(d))).collect();
            let locals = with_pre_activations(locals, &declarations);
            Ok(Spelled { declarations, locals })
        }
    }
}

/// The locals with the argument of each activation under a name of its own: `h = tanh(W*x + b)` becomes
/// `z_h = W*x + b; h = tanh(z_h)`, so that its cotangent is computed once and has a name, `delta_h`.
fn with_pre_activations(locals: &[Local], declarations: &[(Declaration, Declared)]) -> Vec<Local> {
    let known = activations();
    let mut taken: Vec<String> = locals.iter().map(|l| l.name.name.clone()).collect();
    taken.extend(declarations.iter().map(|(d, _)| d.name.name.clone()));
    let mut spelled = Vec::new();
    for local in locals {
        let mut local = local.clone();
        if let ExprKind::Call(call) = &mut local.value.kind
            && known.contains(&call.function.name.as_str())
            && let Some(argument) = call.args.first_mut().filter(|a| a.name.is_none())
            && !matches!(argument.value.kind, ExprKind::Name(_) | ExprKind::Number(_))
        {
            let name = if local.name.name == "a" { "z".to_owned() } else { format!("z_{}", local.name.name) };
            if !taken.contains(&name) {
                taken.push(name.clone());
                let span = argument.value.span;
                let value =
                    std::mem::replace(&mut argument.value, Expr { kind: ExprKind::Name(name.clone()), span });
                spelled.push(Local { name: Ident { name, span }, value });
            }
        }
        spelled.push(local);
    }
    spelled
}

fn spell_arrow(arrow: &ArrowNetwork) -> Result<Spelled, Diagnostics> {
    let mut errors = Diagnostics::new();
    let vector = |n| DeclaredShape::Vector(Some(DeclaredExtent::Constant(n)));
    let declare = |name: String, shape, span| Declaration {
        name: Ident { name, span },
        shape,
        shape_span: span,
        symmetric: false,
        whole: false,
    };
    let mut declarations =
        vec![(declare("x".to_owned(), vector(arrow.inputs), arrow.inputs_span), Declared::Input)];
    let mut locals = Vec::new();
    let (mut previous, mut width) = ("x".to_owned(), arrow.inputs);
    for (k, layer) in arrow.layers.iter().enumerate() {
        let n = k + 1;
        let span = layer.units_span;
        let shape = DeclaredShape::Matrix(Some((
            DeclaredExtent::Constant(layer.units),
            DeclaredExtent::Constant(width),
        )));
        declarations.push((declare(format!("w{n}"), shape, span), Declared::Weight));
        declarations.push((declare(format!("b{n}"), vector(layer.units), span), Declared::Bias));
        let named = |name: String| Expr { kind: ExprKind::Name(name), span };
        let link = |op, operand| Link { op, op_span: span, operand };
        let product =
            ExprKind::Chain(Box::new(named(format!("w{n}"))), vec![link(BinaryOp::Mul, named(previous))]);
        let z = ExprKind::Chain(
            Box::new(Expr { kind: product, span }),
            vec![link(BinaryOp::Add, named(format!("b{n}")))],
        );
        let last = n == arrow.layers.len();
        locals.push(Local { name: Ident { name: format!("z{n}"), span }, value: Expr { kind: z, span } });
        if let Some(error) = check_activation(&layer.activation) {
            errors.push(error);
        }
        let call = activation(&layer.activation, named(format!("z{n}")));
        let at = layer.activation.function.span;
        locals.push(Local { name: Ident { name: format!("a{n}"), span: at }, value: call });
        if last {
            let value = Expr { kind: ExprKind::Name(format!("a{n}")), span: at };
            locals.push(Local { name: Ident { name: "a".to_owned(), span: at }, value });
        }
        previous = format!("a{n}");
        width = layer.units;
    }
    errors.propagate()?;
    Ok(Spelled { declarations, locals })
}

fn activation(layer: &Call, z: Expr) -> Expr {
    let mut args = vec![Arg { name: None, value: z }];
    args.extend(layer.args.iter().cloned());
    let end = layer.args.last().map_or(layer.function.span, |a| a.value.span);
    let span = layer.function.span.to(end);
    Expr { kind: ExprKind::Call(Call { function: layer.function.clone(), args }), span }
}

fn check_activation(call: &Call) -> Option<Diagnostic> {
    let name = call.function.name.as_str();
    let place = Place { source: SourceId::Network, span: call.function.span };
    let element = ops::element(name).is_some_and(|f| f.spec().public && f.spec().derivatives.len() == 1);
    let entry = catalog::find(name);
    if element
        || matches!(name, "softmax" | "log_softmax" | "sqrt")
        || entry.is_some_and(|e| e.kind == catalog::Kind::Activation)
    {
        return None;
    }
    if entry.is_some() || super::call::is_builtin(name) || ops::element(name).is_some() {
        let message =
            format!("`{name}` is no activation: it does not map a vector to one of the same length");
        let help = "activations are `softmax`, `linear` and every element-wise function of one argument";
        return Some(Diagnostic::new(ErrorKind::NotAnActivation, place, message).with_help(help));
    }
    let known = activations();
    let d = Diagnostic::new(ErrorKind::UnknownName, place, format!("unknown activation `{name}`"));
    Some(match function_meant(name, known.iter().copied()) {
        Some(near) => d.with_help(near),
        None => d.with_help("`cargo gradsmith catalog` lists the activations"),
    })
}

/// Every activation by name.
#[must_use]
pub fn activations() -> Vec<&'static str> {
    let mut names = vec!["softmax", "log_softmax"];
    names.extend(
        catalog::all()
            .iter()
            .filter(|e| e.kind == catalog::Kind::Activation)
            .map(|e| e.definition.name.name.as_str()),
    );
    names.extend(ops::ALL.iter().filter(|o| o.public && o.derivatives.len() == 1).map(|o| o.name));
    names
}

/// What a network and its cost are made of.
#[derive(Clone, Copy, Debug)]
pub struct Parsed<'a> {
    /// The network's text.
    pub network: &'a str,
    /// The declarations' text.
    pub declarations: &'a str,
    /// The network, spelled out.
    pub spelled: &'a Spelled,
    /// The cost's text.
    pub text: &'a str,
    /// The cost.
    pub program: &'a Program,
    /// Definitions.
    pub defines: &'a [Define],
    /// Names of the hyper-parameters, `c: vector` for one with an entry for each output.
    pub hyper: &'a [String],
}

/// Lowers a network and its cost into one graph.
///
/// # Errors
/// Everything that is wrong with names, shapes and extents, of both.
pub fn lower(parts: Parsed<'_>) -> Result<NetworkCost, Diagnostics> {
    let mut texts = vec![
        (SourceId::Expression, parts.text),
        (SourceId::Network, parts.network),
        (SourceId::Declarations, parts.declarations),
    ];
    texts.extend(parts.defines.iter().map(|(_, id, t)| (*id, t.as_str())));
    let mut l = Lowerer::new(&texts);
    l.open_batch();
    l.is_network = true;
    for (d, declared) in &parts.spelled.declarations {
        let name = &d.name.name;
        if l.variables.contains_key(name) {
            let place = Place { source: SourceId::Declarations, span: d.name.span };
            let message = format!("`{name}` is declared twice");
            l.report(Diagnostic::new(ErrorKind::DuplicateDefinition, place, message));
            continue;
        }
        let shape = l.declared(d);
        let role = match declared {
            Declared::Input => Role::Plain,
            Declared::Weight => Role::Weight,
            Declared::Bias => Role::Bias,
        };
        l.declare(name, &shape, role, *declared == Declared::Input);
    }
    let body = network_program(parts.spelled);
    let frame = l.open_frame(&body, SourceId::Network);
    let Some(last) = parts.spelled.locals.last() else {
        let place = Place { source: SourceId::Network, span: Span::new(0, parts.network.len()) };
        return Err(Diagnostic::new(ErrorKind::Empty, place, "a network defines its output `a`").into());
    };
    let whole = Place { source: SourceId::Network, span: Span::new(0, parts.network.len()) };
    let output = l.frames[frame].bindings.iter().position(|(n, _)| n == "a");
    let Some(k) = output else {
        let message = format!("the network defines `{}`, but no output `a`", last.name.name);
        let help = "call the output activations `a`: the cost speaks of them by that name";
        l.report(Diagnostic::new(ErrorKind::MissingOutput, whole, message).with_help(help));
        return Err(l.errors);
    };
    let z = l.frames[frame].bindings.iter().position(|(n, _)| n == "z");
    let lowered: Vec<_> = (0..l.frames[frame].bindings.len()).map(|n| l.bound(frame, n)).collect();
    let z = match z {
        Some(z) => lowered[z].clone().ok(),
        None => pre_activation(&mut l, &parts.spelled.locals, frame),
    };
    let Ok(a) = &lowered[k] else { return Err(l.errors) };
    let Kind::Column(unit) = a.kind else {
        let message = format!("the output of a network is a column vector, but {}", l.describe(a));
        l.report(Diagnostic::new(ErrorKind::ShapeMismatch, a.place, message));
        return Err(l.errors);
    };
    let outputs = l.graph.extents.of(unit);
    let mut values = Vec::new();
    for (n, value) in lowered.iter().enumerate() {
        if let Ok(v) = value {
            let node = l.node(v);
            values.push((l.frames[frame].bindings[n].0.clone(), node));
        }
    }
    // From here on the names of the cost: what the network defines is out of sight, but for `a` and `z`.
    l.declare("y", &Shape::Vector(outputs), Role::Plain, true);
    let mut named = vec![("a", a.clone())];
    named.extend(z.clone().map(|z| ("z", z)));
    let mut z_node = None;
    for (name, value) in named {
        let node = l.node(&value);
        let axes = l.axes(&value);
        let batched = l.batch.is_some_and(|b| axes.contains(&b));
        if name == "z" {
            z_node = Some(node);
        }
        let value = super::Value { tensor: Tensor::new(node, axes), ..value };
        l.variables
            .insert(name.to_owned(), Variable { node, value, role: Role::Plain, batched, whole: false });
        if !l.order.iter().any(|n| n == name) {
            l.order.push(name.to_owned());
        }
    }
    l.declare_hyper(parts.hyper, outputs, false);
    l.outputs = Some(outputs);
    l.add_defines(parts.defines);
    let inputs: Vec<String> = parts
        .spelled
        .declarations
        .iter()
        .filter(|(_, d)| *d == Declared::Input)
        .map(|(d, _)| d.name.name.clone())
        .collect();
    let cost = super::cost::finish(l, parts.program, z_node)?;
    let node_of = |name: &str| cost.graph.inputs().iter().find(|i| i.name == name).map(|i| i.node);
    let inputs = inputs.iter().filter_map(|n| node_of(n).map(|node| (n.clone(), node))).collect();
    let activations = activations_of(&parts.spelled.locals);
    Ok(NetworkCost { cost, inputs, values, activations })
}

fn network_program(spelled: &Spelled) -> Program {
    let span = spelled.locals.last().map_or(Span::default(), |l| l.value.span);
    Program { locals: spelled.locals.clone(), result: Expr { kind: ExprKind::Name("a".to_owned()), span } }
}

/// The argument of the activation that makes `a`: `W*h + b` in `a = softmax(W*h + b)`, `z2` in the arrow
/// form.
fn pre_activation<'a>(l: &mut Lowerer<'a>, locals: &[Local], frame: usize) -> Option<super::Value> {
    let mut name = "a".to_owned();
    loop {
        let local = locals.iter().find(|d| d.name.name == name)?;
        match &local.value.kind {
            ExprKind::Name(next) if *next != name => name.clone_from(next),
            ExprKind::Call(_) => break,
            _ => return None,
        }
    }
    let k = l.frames[frame].bindings.iter().position(|(n, _)| *n == name)?;
    let binding = l.frames[frame].bindings[k].1;
    let ExprKind::Call(call) = &binding.expr.kind else { return None };
    let argument = &call.args.first()?.value;
    let quiet = std::mem::replace(&mut l.quiet, true);
    let value = l.lower_seen(super::Binding { expr: argument, ..binding }).ok();
    l.quiet = quiet;
    value.filter(|v| matches!(v.kind, Kind::Column(_)))
}
