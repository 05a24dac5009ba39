//! StableHLO: a module of MLIR in text, for XLA and what else reads it.
//!
//! [`ops`] writes each operation on arrays, with [`elements`] for element-wise functions and [`linear`] for what is made of
//! matrices; [`lines`] are those of one function. Every shape is a number.

mod elements;
mod linear;
mod lines;
mod ops;

use super::arrays::Kind;
use super::program::{Argument, Extra, Function, Program, Results};
use super::{Options, Refusal, Shard};

use crate::ir::{Asks, Extent, ExtentKind, Graph, InputId, NodeId, Op};
use lines::{Lines, Module, Type, Val};
use std::collections::BTreeSet;

/// The version of StableHLO that modules are written for; later ones read it.
const VERSION: &str = "1.8.0";

/// An array that a function of the module takes or gives.
struct Port {
    name: String,
    shape: Vec<Extent>,
    ty: Type,
}

/// Writes a module.
pub(super) fn write(program: &Program, options: &Options) -> Result<String, Refusal> {
    let mut missing = BTreeSet::new();
    for function in &program.functions {
        missing.extend(unknown(program, function, options));
    }
    if !missing.is_empty() {
        return Err(without_extents(&missing, options));
    }
    for function in &program.functions {
        fits(&function.graph, options)?;
    }
    let mut module = Module::new(options.precision);
    let mut public = Vec::new();
    let mut divided = false;
    for function in &program.functions {
        let (text, divides) = written(&mut module, program, function, options)?;
        public.push(text);
        divided |= divides;
    }
    if let Some(shard) = &options.shard {
        checked(program, shard, options, divided)?;
    }
    Ok(assembled(program, options, &public, &module.private))
}

fn assembled(program: &Program, options: &Options, public: &[String], private: &[String]) -> String {
    let mut text = String::new();
    let mut said = |line: &str| {
        text += if line.is_empty() { "//" } else { "// " };
        text += line;
        text.push('\n');
    };
    said(&program.title);
    said("");
    for line in program.derivation.trim_end().lines() {
        said(line.trim_end());
    }
    said("");
    said(&format!(
        "StableHLO {VERSION}. Every function takes its arguments in order and gives its results in order, without"
    ));
    said(
        "structure: parameters, then data. What runs a module runs `@main`: call the function wanted so, as by",
    );
    said("`text.replace(\"@value(\", \"@main(\")`.");
    match &options.shard {
        Some(shard) => {
            text += &format!(
                "module @gradsmith attributes {{mhlo.num_partitions = {} : i32, mhlo.num_replicas = 1 : i32}} {{\n",
                shard.devices
            );
            text += &format!(
                "  sdy.mesh @mesh = <[\"{}\"={}]>\n\n",
                lines::sanitised(&shard.axis),
                shard.devices
            );
        }
        None => text += "module @gradsmith {\n",
    }
    let functions: Vec<&str> = public.iter().chain(private).map(String::as_str).collect();
    text += &functions.join("\n");
    text + "}\n"
}

/// The node of an input, in the graph of a function or of another one of the program.
fn input<'p>(program: &'p Program, function: &'p Function, name: &str) -> Option<(&'p Graph, NodeId)> {
    let graphs = std::iter::once(function).chain(&program.functions).map(|f| &*f.graph);
    let find = |g: &'p Graph| g.inputs().iter().find(|i| i.name == name).map(|i| (g, i.node));
    graphs.filter_map(find).next()
}

/// What a function takes, in order.
fn arguments<'p>(program: &'p Program, function: &'p Function) -> Vec<&'p Argument> {
    program.parameters.iter().chain(program.data_of(function)).collect()
}

fn extras(extra: &Extra) -> Vec<&String> {
    match extra {
        Extra::None => Vec::new(),
        Extra::Directions(names) => names.iter().collect(),
        Extra::Rate(name) => vec![name],
    }
}

/// The extents whose sizes a function takes, which nobody said.
fn unknown(program: &Program, function: &Function, options: &Options) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let g = &*function.graph;
    for id in g.reachable(&function.results.nodes()) {
        let mut extents = g.shape(id).to_vec();
        match g.op(id) {
            Op::Extent(e) => extents.push(*e),
            Op::Product { bound, .. } | Op::Axis { bound, .. } => extents.extend(bound),
            Op::Others { bound, .. } => extents.push(*bound),
            Op::Holds(relation) => extents.extend(relation.offset.terms.iter().map(|(e, _)| *e)),
            _ => {}
        }
        extents.iter().for_each(|&e| missing(g, e, options, &mut names));
    }
    for argument in arguments(program, function) {
        if let Some((g, node)) = input(program, function, &argument.name) {
            g.shape(node).iter().for_each(|&e| missing(g, e, options, &mut names));
        }
    }
    names
}

/// Adds the names that have to be told for an extent to be known.
fn missing(g: &Graph, e: Extent, options: &Options, names: &mut BTreeSet<String>) {
    let ExtentKind::Symbol(name) = g.extents.kind(e) else {
        if *g.extents.kind(e) == ExtentKind::Unknown {
            names.insert("?".to_owned());
        }
        return;
    };
    if options.extents.contains_key(name) {
        return;
    }
    if let Some((a, b)) = g.extents.factors(e) {
        missing(g, a, options, names);
        missing(g, b, options, names);
    } else if let Some(form) = g.extents.derived(e) {
        form.terms.iter().for_each(|&(x, _)| missing(g, x, options, names));
    } else {
        names.insert(name.clone());
    }
}

fn without_extents(names: &BTreeSet<String>, options: &Options) -> Refusal {
    let list: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let known = options.extents.iter().map(|(name, n)| format!("{name}={n}"));
    let told: Vec<String> = known.chain(names.iter().map(|name| format!("{name}=1000"))).collect();
    Refusal {
        message: format!(
            "a StableHLO module has arrays of fixed shapes, and nothing says how large {} {}",
            list.join(", "),
            if names.len() == 1 { "is" } else { "are" }
        ),
        help: format!("say `--extents {}`, with the sizes that your data have", told.join(",")),
    }
}

/// Every subscript must be inside, and no range may have less than no values.
fn fits(g: &Graph, options: &Options) -> Result<(), Refusal> {
    let size = |e: Extent| options.size(g, e).unwrap_or(0);
    for bound in g.extents.bounds() {
        let form = g.extents.resolved(&bound.form);
        let none = bound.asks != Asks::Count && bound.over.iter().any(|&e| size(e) == 0);
        if form.value(size) >= 0 || none {
            continue;
        }
        let what = match bound.asks {
            Asks::Count => "has less than no values".to_owned(),
            Asks::Least => format!("is below 0, where {} entries are", size(bound.axis)),
            Asks::Most | Asks::End => format!("is beyond the {} entries that there are", size(bound.axis)),
        };
        let mut names = BTreeSet::new();
        form.terms.iter().for_each(|&(e, _)| missing(g, e, &Options::default(), &mut names));
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        return Err(Refusal {
            message: format!("with these extents, `{}` {what}", bound.text),
            help: format!("give {} another size", names.join(" or ")),
        });
    }
    Ok(())
}

/// The extent that is divided must be there, and must come out.
fn checked(program: &Program, shard: &Shard, options: &Options, divided: bool) -> Result<(), Refusal> {
    if !divided {
        let mut names = BTreeSet::new();
        for argument in program.parameters.iter().chain(&program.data) {
            for function in program.functions.iter().take(1) {
                if let Some((g, node)) = input(program, function, &argument.name) {
                    names.extend(g.shape(node).iter().map(|&e| g.extents.name(e)));
                }
            }
        }
        names.retain(|name| name.parse::<usize>().is_err());
        let list: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        return Err(Refusal {
            message: format!("no array that a function takes has an axis of extent `{}`", shard.extent),
            help: match list.as_slice() {
                [] => "declare the data with an extent of a name, such as `X: matrix[m, n]`".to_owned(),
                list => format!("divide one of these: {}", list.join(", ")),
            },
        });
    }
    let size = program.functions.first().and_then(|f| sized(program, f, shard, options)).unwrap_or(0);
    if shard.devices == 0 || !size.is_multiple_of(shard.devices) {
        return Err(Refusal {
            message: format!(
                "{size} rows along `{}` are not divided by {} devices",
                shard.extent, shard.devices
            ),
            help: "take a number of devices that divides them, or leave out the rows that are over"
                .to_owned(),
        });
    }
    Ok(())
}

/// How large the extent is that is divided.
fn sized(program: &Program, function: &Function, shard: &Shard, options: &Options) -> Option<usize> {
    arguments(program, function).iter().find_map(|argument| {
        let (g, node) = input(program, function, &argument.name)?;
        let divided = |&&e: &&Extent| g.extents.name(e) == shard.extent;
        g.shape(node).iter().find(divided).and_then(|&e| options.size(g, e))
    })
}

/// The names of a function's results.
fn result_names(function: &Function) -> Vec<String> {
    let of = |named: &[(String, NodeId)]| named.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    match &function.results {
        Results::One(_) => vec![function.name.to_owned()],
        Results::Named(named) => of(named),
        Results::Pair(_, named) => std::iter::once("value".to_owned()).chain(of(named)).collect(),
        Results::Blocks(rows) => {
            let row = |(a, row): &(String, Vec<(String, NodeId)>)| -> Vec<String> {
                row.iter().map(|(b, _)| format!("{a}, {b}")).collect()
            };
            rows.iter().flat_map(row).collect()
        }
    }
}

fn port(g: &Graph, node: NodeId, name: &str, options: &Options) -> Port {
    let shape: Vec<Extent> = g.shape(node).iter().map(|&e| g.extents.find(e)).collect();
    let dims: Vec<usize> = shape.iter().map(|&e| options.size(g, e).unwrap_or(0)).collect();
    let whole = g.inputs().iter().any(|i| i.node == node && i.whole);
    let kind = if whole { Kind::Whole } else { Kind::Number };
    Port { name: name.to_owned(), shape, ty: Type { dims, kind } }
}

/// Which devices have which part of an array: `, sdy.sharding = …`; whether it is divided.
fn sharding(g: &Graph, shape: &[Extent], options: &Options) -> (String, bool) {
    let Some(shard) = &options.shard else { return (String::new(), false) };
    let at = shape.iter().position(|&e| g.extents.name(e) == shard.extent);
    let axis = |k: usize| match at == Some(k) {
        true => format!("{{\"{}\"}}", lines::sanitised(&shard.axis)),
        false => "{}".to_owned(),
    };
    let axes: Vec<String> = (0..shape.len()).map(axis).collect();
    (format!(", sdy.sharding = #sdy.sharding<@mesh, [{}]>", axes.join(", ")), at.is_some())
}

/// A function, and whether it takes an array that is divided.
fn written(
    module: &mut Module,
    program: &Program,
    function: &Function,
    options: &Options,
) -> Result<(String, bool), Refusal> {
    let g = &*function.graph;
    let size = |e: Extent| options.size(g, e).unwrap_or(0);
    let (body, roots) = function.body(&size);
    let mut lines = Lines::new(module);
    let mut known: Vec<(&str, Val)> = Vec::new();
    let mut signature = Vec::new();
    let mut divided = false;
    let names = arguments(program, function).into_iter().map(|a| &a.name);
    for name in names.chain(extras(&function.extra)) {
        let Some((graph, node)) = input(program, function, name) else { continue };
        let port = port(graph, node, name, options);
        let (part, divides) = sharding(graph, &port.shape, options);
        divided |= divides;
        let val = Val { name: lines.fresh(name), ty: port.ty };
        let ty = lines.module.text(&val.ty);
        signature.push(format!("{}: {ty} {{jax.arg_info = \"{}\"{part}}}", val.name, port.name));
        known.push((name, val));
    }
    let find = |id: InputId| {
        let name = &g.input_of(id).name;
        known.iter().find(|(known, _)| known == name).map(|(_, val)| val.clone())
    };
    let mut writer = ops::Writer::new(lines, &body, &size, &find);
    let results = writer.write(&roots)?;
    let lines = writer.lines;
    let mut types = Vec::new();
    let mut given = Vec::new();
    for ((val, node), name) in results.iter().zip(function.results.nodes()).zip(result_names(function)) {
        let ty = lines.module.text(&val.ty);
        let shape: Vec<Extent> = g.shape(node).iter().map(|&e| g.extents.find(e)).collect();
        let (part, _) = sharding(g, &shape, options);
        given.push(format!("{ty} {{jax.result_info = \"{name}\"{part}}}"));
        types.push(ty);
    }
    let names: Vec<&str> = results.iter().map(|val| val.name.as_str()).collect();
    let returned = if names.is_empty() {
        "    return\n".to_owned()
    } else {
        format!("    return {} : {}\n", names.join(", "), types.join(", "))
    };
    let ports = |list: &[String]| -> String {
        let lines: Vec<String> = list.iter().map(|port| format!("\n      {port}")).collect();
        lines.join(",")
    };
    let text = format!(
        "  // {}\n  func.func public @{}({}) -> ({}) {{\n{}{returned}  }}\n",
        function.says,
        function.name,
        ports(&signature),
        ports(&given),
        lines.text
    );
    Ok((text, divided))
}

#[cfg(test)]
mod tests;
