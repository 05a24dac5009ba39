//! Writes reference cases as programs for every engine, with what the interpreter makes of them: what
//! `compare.py` runs.
//!
//! `engine_cases OUT STRIDE FILE.json...`: of all cases in these files every STRIDE-th, each in a folder of its own.

#![allow(clippy::print_stdout, reason = "a run says what it wrote")]

use cargo_gradsmith::cases::compare::Tolerance;
use cargo_gradsmith::cases::{Body, Case, Named, Tensor, interpret, read, scalars};
use gradsmith_compiler::eval::{Evaluator, Sizes};
use gradsmith_compiler::export::program::{self, Extra, Function, Program, Results};
use gradsmith_compiler::export::{self, Options};
use gradsmith_compiler::ir::ExtentKind;
use serde_json::{Map, Value, json};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fs};

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let mut args = env::args().skip(1);
    let (Some(out), Some(stride)) = (args.next().map(PathBuf::from), args.next()) else {
        return Err("engine_cases OUT STRIDE FILE.json...".into());
    };
    let stride: usize = stride.parse()?;
    let (mut seen, mut written, mut refused) = (0, 0, 0);
    for file in args {
        let file = PathBuf::from(file);
        let stem = file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        for case in read::cases(&fs::read_to_string(&file)?)? {
            if matches!(case.body, Body::Reject(_)) {
                continue;
            }
            seen += 1;
            if seen % stride.max(1) != 0 {
                continue;
            }
            // What the interpreter does not get right is no measure for others.
            let case = Arc::new(case);
            if !interpret::run(&case).is_empty() {
                println!("no measure: {stem}: {}", case.name);
                continue;
            }
            match exported(&case) {
                Ok(case_files) => {
                    let folder = out.join(format!("{written:05}"));
                    write(&folder, &stem, &case, case_files)?;
                    written += 1;
                }
                Err(error) => {
                    refused += 1;
                    println!("not exported: {stem}: {}: {error}", case.name);
                }
            }
        }
    }
    println!("{written} cases written, {refused} not exported, of {seen}");
    Ok(())
}

/// A case's files by name, and what it wants.
struct Exported {
    programs: Vec<(&'static str, Result<String, String>)>,
    wanted: Value,
}

fn write(folder: &Path, file: &str, case: &Case, exported: Exported) -> Result<(), Failure> {
    fs::create_dir_all(folder)?;
    let mut refused = Map::new();
    for (engine, text) in exported.programs {
        match text {
            Ok(text) => fs::write(folder.join(engine), text)?,
            Err(why) => {
                refused.insert(engine.to_owned(), json!(why));
            }
        }
    }
    let (rule, within, floor) = match case.tolerance {
        Tolerance::Arrays { within } => ("arrays", within, 0.0),
        Tolerance::Entries { within, floor } => ("entries", within, floor),
    };
    let mut wanted = exported.wanted;
    wanted["name"] = json!(format!("{file}: {}", case.name));
    wanted["rule"] = json!(rule);
    wanted["within"] = json!(within);
    wanted["floor"] = json!(floor);
    wanted["refused"] = Value::Object(refused);
    fs::write(folder.join("case.json"), serde_json::to_string(&wanted)?)?;
    Ok(())
}

fn exported(case: &Case) -> Result<Exported, Failure> {
    let declared = |name: &str, tensor: &Tensor| tensor.declared(name);
    // Where a function has no second derivative the case has none, and there is nothing to agree on.
    let (program, arrays, second) = match &case.body {
        Body::Objective(o) => {
            let text = o.text(&declared);
            let blocks = o.hessian.iter().map(|(name, _)| name.clone()).collect();
            let second = Second { blocks, products: !o.products.is_empty() || !o.hessian.is_empty() };
            (program::objective(&text)?, o.vars.clone(), second)
        }
        Body::Cost(c) => {
            let text = c.text(&declared);
            let batch = vec![("a".to_owned(), c.a.clone()), ("y".to_owned(), c.y.clone())];
            (
                program::cost(&text)?,
                [batch, c.weights.clone(), c.biases.clone(), scalars(&c.hyper)].concat(),
                Second::default(),
            )
        }
        Body::Network(n) => {
            let text = n.text();
            let y = vec![("y".to_owned(), n.y.clone())];
            let arrays = [n.inputs.clone(), y, n.params.clone(), scalars(&n.hyper)].concat();
            (program::network(&text)?, arrays, Second { blocks: Vec::new(), products: n.product.is_some() })
        }
        Body::Reject(_) => return Err("is to be refused".into()),
    };
    let mut found = wanted(&program, &arrays, &second);
    // An example is a row of the case's arrays, whatever its shape.
    let g = &program.functions[0].graph;
    for a in program.parameters.iter().chain(&program.data) {
        let shape: Vec<usize> = a.shape.iter().map(|&e| g.extents.size(e, &found.1, 0)).collect();
        found.0["arguments"][&a.name]["shape"] = json!(shape);
    }
    let options = Options { extents: found.1, ..Options::default() };
    let files = ["numpy", "jax", "stablehlo"].into_iter().filter_map(|name| {
        let target = export::target(name)?;
        let file = match name {
            "numpy" => "on_numpy.py",
            "jax" => "on_jax.py",
            _ => "module.mlir",
        };
        Some((file, (target.write)(&program, &options).map_err(|e| e.to_string())))
    });
    let programs = files.collect();
    found.0["parameters"] = json!(program.parameters.iter().map(|a| &a.name).collect::<Vec<_>>());
    Ok(Exported { programs, wanted: found.0 })
}

/// Which derivatives of second order a case has.
#[derive(Default)]
struct Second {
    /// Of which variables the Hessian's own block.
    blocks: Vec<String>,
    /// Whether products.
    products: bool,
}

impl Second {
    /// Whether a function's result is one that the case speaks of; `k` is its place.
    fn has(&self, function: &Function, k: usize) -> bool {
        match &function.results {
            Results::Blocks(rows) if function.name == "hessian" => {
                let blocks = rows.iter().flat_map(|(a, row)| row.iter().map(move |(b, _)| (a, b)));
                blocks.into_iter().nth(k).is_some_and(|(a, b)| a == b && self.blocks.contains(a))
            }
            _ => function.name != "hessian_vector_product" || self.products,
        }
    }
}

/// The arguments, and each function's results by the interpreter; and the sizes of the extents.
fn wanted(program: &Program, arrays: &Named<Tensor>, second: &Second) -> (Value, Sizes) {
    let mut arguments = Map::new();
    for (name, tensor) in arrays {
        arguments
            .insert(name.clone(), json!({"shape": tensor.shape, "data": tensor.data, "whole": tensor.whole}));
    }
    let (mut all_sizes, mut functions) = (Sizes::new(), Map::new());
    let mut directions = Map::new();
    for function in &program.functions {
        let g = &function.graph;
        let mut sizes = Sizes::new();
        let mut inputs = Vec::new();
        for input in g.inputs() {
            let direction = match &function.extra {
                Extra::Directions(names) => names.iter().position(|n| *n == input.name),
                _ => None,
            };
            let source = direction.map_or(&input.name, |k| &program.parameters[k].name);
            let tensor = arrays.iter().find(|(n, _)| n == source).map(|(_, t)| t);
            if let Some(tensor) = tensor {
                for (&extent, &size) in g.shape(input.node).iter().zip(&tensor.shape) {
                    if let ExtentKind::Symbol(symbol) = g.extents.kind(extent) {
                        sizes.insert(symbol.clone(), size);
                    }
                }
            }
            inputs.push(match (tensor, &function.extra) {
                (Some(tensor), _) if direction.is_some() => {
                    let along: Vec<f64> =
                        (0..tensor.data.len()).map(|k| ((k * 7 % 11) as f64 - 5.0) / 8.0).collect();
                    directions.insert(source.clone(), json!({"shape": tensor.shape, "data": along}));
                    along
                }
                (Some(tensor), _) => tensor.data.clone(),
                (None, Extra::Rate(name)) if *name == input.name => vec![0.125],
                _ => Vec::new(),
            });
        }
        all_sizes.extend(sizes.clone());
        if (0..function.results.nodes().len()).all(|k| !second.has(function, k)) {
            continue;
        }
        let mut evaluator = Evaluator::new(g, &inputs, &sizes);
        let mut results = Vec::new();
        for (k, &node) in function.results.nodes().iter().enumerate() {
            results.push(if second.has(function, k) {
                json!(evaluator.eval(node).iter().map(|x| figure(*x)).collect::<Vec<_>>())
            } else {
                Value::Null
            });
        }
        let extra = match &function.extra {
            Extra::None => "",
            Extra::Directions(_) => "direction",
            Extra::Rate(_) => "rate",
        };
        let takes: Vec<&String> = program.data_of(function).iter().map(|a| &a.name).collect();
        functions
            .insert(function.name.to_owned(), json!({"results": results, "extra": extra, "takes": takes}));
    }
    (json!({"arguments": arguments, "direction": directions, "functions": functions}), all_sizes)
}

/// JSON has no infinity.
fn figure(x: f64) -> Value {
    if x.is_finite() { json!(x) } else { json!(x.to_string()) }
}
