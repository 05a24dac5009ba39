//! Python modules: on NumPy, and the same text on `jax.numpy`.

mod arguments;
mod check;
mod expr;
mod functions;
mod helpers;
mod names;

use super::program::{Argument, Extra, Function, Program, Results};
use super::{Options, Precision, Refusal};
use crate::ir::{Extent, ExtentKind, Graph};
use crate::syntax::ast::Definition;
use expr::{Writer, form_text, tuple};
use names::{Names, name_of};

/// What differs between the two.
#[derive(Debug)]
pub(super) struct Dialect {
    /// The array module: `np`, `jnp`.
    module: &'static str,
    /// The import lines, but for those that only some modules need.
    imports: &'static [&'static str],
    /// The function that an element-wise one is there, if it is.
    native: fn(&str) -> Option<&'static str>,
    logsumexp: &'static str,
    softmax: &'static str,
    log_softmax: &'static str,
    /// Before each function: NumPy warns of numbers out of range in branches that are not taken.
    decorator: Option<&'static str>,
    /// What the module can do that the other cannot, for its docstring.
    note: &'static str,
    is_jax: bool,
}

static NUMPY: Dialect = Dialect {
    module: "np",
    imports: &["import numpy as np"],
    native: helpers::of_numpy,
    logsumexp: "special.logsumexp",
    softmax: "special.softmax",
    log_softmax: "special.log_softmax",
    decorator: Some("@np.errstate(all=\"ignore\")"),
    note: "`params` is a dictionary of arrays by name. Needs NumPy, and SciPy where `special` is imported.",
    is_jax: false,
};

static JAX: Dialect = Dialect {
    module: "jnp",
    imports: &["import jax", "import jax.numpy as jnp", "import numpy as np"],
    native: helpers::of_jax,
    logsumexp: "jax.nn.logsumexp",
    softmax: "jax.nn.softmax",
    log_softmax: "jax.nn.log_softmax",
    decorator: None,
    note: "`params` is a pytree: a dictionary of arrays by name, as they are called in files of parameters. Every \
           function may be compiled by `jax.jit`.",
    is_jax: true,
};

/// Writes a module on NumPy.
pub(super) fn numpy(program: &Program, options: &Options) -> Result<String, Refusal> {
    write(program, options, &NUMPY)
}

/// Writes a module on JAX.
pub(super) fn jax(program: &Program, options: &Options) -> Result<String, Refusal> {
    write(program, options, &JAX)
}

/// What a module needs besides its functions.
#[derive(Debug, Default)]
pub(super) struct Helpers {
    plain: Vec<&'static str>,
    definitions: Vec<&'static Definition>,
    special: bool,
    missing: Vec<String>,
}

impl Helpers {
    /// A function of a module that may have to be imported.
    fn uses(&mut self, name: &str) {
        self.special |= name.starts_with("special.");
    }

    /// A function that is written out.
    fn plain(&mut self, name: &'static str) {
        if !self.plain.contains(&name) {
            self.plain.push(name);
        }
    }

    /// An element-wise function by its definition, and those that it calls.
    fn element(&mut self, definition: &'static Definition, dialect: &Dialect) -> String {
        if !self.definitions.iter().any(|d| d.name.name == definition.name.name) {
            for called in functions::called(definition, dialect) {
                self.element(called, dialect);
            }
            self.definitions.push(definition);
        }
        functions::python_name(&definition.name.name)
    }

    fn missing(&mut self, name: &str) {
        self.missing.push(name.to_owned());
    }
}

fn write(program: &Program, options: &Options, dialect: &'static Dialect) -> Result<String, Refusal> {
    if options.shard.is_some() {
        return Err(Refusal {
            message: "a Python module has no mesh in it".to_owned(),
            help: "divide the arrays that it is called with, or export `--to stablehlo`".to_owned(),
        });
    }
    let mut module =
        Module { program, options, dialect, names: Names::default(), helpers: Helpers::default() };
    module.declare();
    let mut bodies = Vec::new();
    for function in &program.functions {
        bodies.extend(module.function(function));
    }
    if let Some(name) = module.helpers.missing.first() {
        return Err(Refusal {
            message: format!("`{name}` of this order has no definition for engines"),
            help: "derivatives of lower order have: leave the Hessian out by a lower order of the function"
                .to_owned(),
        });
    }
    let check = module.checks();
    let tail = module.tail();
    let mut lines = module.head();
    lines.extend(module.helper_lines());
    lines.extend(check);
    lines.extend(bodies);
    lines.extend(tail);
    Ok(lines.join("\n") + "\n")
}

struct Module<'a> {
    program: &'a Program,
    options: &'a Options,
    dialect: &'static Dialect,
    names: Names,
    helpers: Helpers,
}

impl<'a> Module<'a> {
    /// The graph that extents are named by: all functions' extents are those of the first.
    fn g(&self) -> &'a Graph {
        &self.program.functions[0].graph
    }

    fn arguments(&self) -> impl Iterator<Item = &'a Argument> + use<'a> {
        self.program.parameters.iter().chain(&self.program.data)
    }

    /// Names of arguments and of the extents that these have.
    fn declare(&mut self) {
        for argument in self.arguments() {
            self.names.declare(&argument.name);
        }
        for function in &self.program.functions {
            if let Extra::Rate(name) = &function.extra {
                self.names.declare(name);
            }
        }
        for e in self.extents() {
            self.names.declare_extent(&name_of(self.g(), e));
        }
    }

    /// The extents that arguments tell, none of which is made of others.
    fn extents(&self) -> Vec<Extent> {
        let extents = &self.g().extents;
        let mut found = Vec::new();
        for e in self.arguments().flat_map(|a| &a.shape).flat_map(|&e| extents.roots(e)) {
            if matches!(extents.kind(e), ExtentKind::Symbol(_)) && !found.contains(&e) {
                found.push(e);
            }
        }
        found
    }

    fn form(&self, e: Extent) -> String {
        form_text(self.g(), &self.names, &self.g().extents.form(e)).text
    }

    fn shape(&self, argument: &Argument) -> String {
        let axes: Vec<String> = argument.shape.iter().map(|&e| self.form(e)).collect();
        tuple(&axes)
    }

    fn described(&self, argument: &Argument) -> String {
        let kind = if argument.whole { "whole numbers, " } else { "" };
        match argument.shape.as_slice() {
            [] => {
                format!("{}: {}", argument.name, if argument.whole { "a whole number" } else { "a number" })
            }
            _ => format!("{}: {kind}{}", argument.name, self.shape(argument)),
        }
    }

    fn head(&self) -> Vec<String> {
        let mut lines = vec![format!("\"\"\"{}", self.program.title), String::new()];
        // A backslash would begin an escape, three quotes the end.
        let safe = |line: &str| line.replace('\\', "\\\\").replace("\"\"\"", "'''");
        lines.extend(self.program.derivation.trim_end().lines().map(|l| safe(l.trim_end())));
        lines.push(String::new());
        let listed = |title: &str, list: &[Argument]| {
            let items: Vec<String> = list.iter().map(|a| format!("    {}", self.described(a))).collect();
            if items.is_empty() { Vec::new() } else { [vec![title.to_owned()], items].concat() }
        };
        lines.extend(listed("Parameters:", &self.program.parameters));
        lines.extend(listed("Data:", &self.program.data));
        lines.push(String::new());
        lines.push(self.dialect.note.to_owned());
        lines.push("Written by `cargo gradsmith export`; do not edit.".to_owned());
        lines.push("\"\"\"".to_owned());
        lines.push(String::new());
        let helpers = self.helper_lines();
        if helpers.iter().any(|line| line.contains("math.")) {
            lines.push("import math".to_owned());
            lines.push(String::new());
        }
        lines.extend(self.dialect.imports.iter().map(|l| (*l).to_owned()));
        if self.helpers.special || helpers.iter().any(|line| line.contains("special.")) {
            lines.push("from scipy import special".to_owned());
        }
        let precision = match self.options.precision {
            Precision::F32 => "float32",
            Precision::F64 => "float64",
        };
        lines.push(String::new());
        if self.dialect.is_jax && self.options.precision == Precision::F64 {
            lines.push("jax.config.update(\"jax_enable_x64\", True)".to_owned());
        }
        lines.push(format!("DTYPE = {}.{precision}", self.dialect.module));
        lines
    }

    /// Functions that are written out.
    fn helper_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for name in &self.helpers.plain {
            let text = helpers::written(name, self.dialect.module);
            lines.extend([String::new(), String::new()]);
            lines.extend(text.trim_matches('\n').lines().map(str::to_owned));
        }
        for definition in &self.helpers.definitions {
            lines.extend([String::new(), String::new()]);
            lines.extend(functions::written(definition, self.dialect));
        }
        lines
    }

    /// The parameters of a Python function.
    fn signature(&self, function: &Function) -> Vec<String> {
        let mut names = vec!["params".to_owned()];
        names.extend(self.program.data_of(function).into_iter().map(|a| self.names.argument(&a.name)));
        match &function.extra {
            Extra::None => {}
            Extra::Directions(_) => names.push("direction".to_owned()),
            Extra::Rate(name) => names.push(self.names.argument(name)),
        }
        if self.program.parameters.is_empty() {
            names.remove(0);
        }
        names
    }

    fn function(&mut self, function: &Function) -> Vec<String> {
        let size = |e: Extent| self.options.size(&function.graph, e).unwrap_or(1000);
        let (body, roots) = function.body(&size);
        let mut lines = vec![String::new(), String::new()];
        lines.extend(self.dialect.decorator.map(str::to_owned));
        lines.push(format!("def {}({}):", function.name, self.signature(function).join(", ")));
        lines.push(format!("    \"\"\"{}\"\"\"", function.says));
        let uses = body.uses(&roots);
        let used: Vec<&str> = body
            .values()
            .filter(|(id, value)| uses[id.place()] > 0 && matches!(value.op, super::arrays::Op::Input(_)))
            .filter_map(|(_, value)| match value.op {
                super::arrays::Op::Input(input) => Some(function.graph.input_of(input).name.as_str()),
                _ => None,
            })
            .collect();
        let mut names = self.names.clone();
        lines.extend(self.opening(function));
        if let Extra::Directions(directions) = &function.extra {
            for (a, direction) in self.program.parameters.iter().zip(directions) {
                names.declare(direction);
                if used.contains(&direction.as_str()) {
                    let from = format!("direction[\"{}\"]", a.name);
                    lines.push(self.converted(&names.argument(direction), &from, false));
                }
            }
        }
        let mut writer = Writer::new(&function.graph, &body, self.dialect, &mut names, &mut self.helpers);
        let mut texts = writer.write(&roots);
        if matches!(function.results, Results::Pair(..)) {
            let cost = writer.names.local("f");
            writer.lines.push(format!("{cost} = {}", texts[0]));
            texts[0] = cost;
        }
        lines.extend(writer.lines.iter().map(|line| format!("    {line}")));
        lines.extend(returned(&function.results, &texts));
        lines
    }
}

/// The lines that give a function's results.
fn returned(results: &Results, texts: &[String]) -> Vec<String> {
    let entries = |names: &[(String, crate::ir::NodeId)], texts: &[String], indent: &str| -> Vec<String> {
        names.iter().zip(texts).map(|((name, _), text)| format!("{indent}\"{name}\": {text},")).collect()
    };
    match results {
        Results::One(_) => vec![format!("    return {}", texts[0])],
        Results::Named(names) => {
            let mut lines = vec!["    return {".to_owned()];
            lines.extend(entries(names, texts, "        "));
            lines.push("    }".to_owned());
            lines
        }
        Results::Pair(_, names) => {
            let mut lines = vec![format!("    return {}, {{", texts[0])];
            lines.extend(entries(names, &texts[1..], "        "));
            lines.push("    }".to_owned());
            lines
        }
        Results::Blocks(rows) => {
            let mut lines = vec!["    return {".to_owned()];
            let mut at = 0;
            for (name, row) in rows {
                lines.push(format!("        \"{name}\": {{"));
                lines.extend(entries(row, &texts[at..], "            "));
                lines.push("        },".to_owned());
                at += row.len();
            }
            lines.push("    }".to_owned());
            lines
        }
    }
}
