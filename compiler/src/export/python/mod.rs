//! Python modules: on NumPy, and the same text on `jax.numpy`.

mod expr;
mod functions;
mod helpers;
mod names;

use super::program::{Argument, Extra, Function, Program, Results};
use super::{Options, Precision, Refusal};
use crate::ir::{Asks, Extent, ExtentKind, Form, Graph, Op};
use crate::syntax::ast::Definition;
use expr::{Writer, form_text, tuple};
use names::{Names, name_of};
use std::collections::BTreeMap;

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

/// The roots of an extent: what it is made of.
fn roots(g: &Graph, e: Extent, found: &mut Vec<Extent>) {
    let e = g.extents.find(e);
    if let (Some((a, b)), None) = (g.extents.factors(e), g.extents.as_constant(e)) {
        roots(g, a, found);
        roots(g, b, found);
        return;
    }
    let form = g.extents.form(e);
    if form == Form::of(e) {
        if matches!(g.extents.kind(e), ExtentKind::Symbol(_)) && !found.contains(&e) {
            found.push(e);
        }
        return;
    }
    for (part, _) in form.terms {
        roots(g, part, found);
    }
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
        let mut found = Vec::new();
        for argument in self.arguments() {
            argument.shape.iter().for_each(|&e| roots(self.g(), e, &mut found));
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
        names.extend(self.data_of(function).map(|a| self.names.argument(&a.name)));
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

    fn data_of(&self, function: &Function) -> impl Iterator<Item = &'a Argument> + use<'a> {
        let all = function.all_data;
        let inputs = &self.program.inputs;
        self.program.data.iter().filter(move |a| all || inputs.contains(&a.name))
    }

    fn converted(&self, name: &str, from: &str, whole: bool) -> String {
        let np = self.dialect.module;
        let entries = if whole { "int" } else { "DTYPE" };
        format!("    {name} = {np}.asarray({from}, {entries})")
    }

    /// Extents that these arguments tell, with a line for each check.
    fn extent_lines(&self, arguments: &[&Argument]) -> Vec<String> {
        let g = self.g();
        let mut lines = Vec::new();
        let mut known: Vec<Extent> = Vec::new();
        let mut checked: Vec<(usize, usize)> = Vec::new();
        // An axis that is an extent by itself tells it.
        for (i, argument) in arguments.iter().enumerate() {
            for (k, &e) in argument.shape.iter().enumerate() {
                let e = g.extents.find(e);
                let mut own = Vec::new();
                roots(g, e, &mut own);
                if own == [e] && !known.contains(&e) {
                    known.push(e);
                    checked.push((i, k));
                    let axis = format!(
                        "_axis(\"{0}\", {1}, {k}, {2})",
                        argument.name,
                        self.names.argument(&argument.name),
                        argument.shape.len()
                    );
                    lines.push(format!("    {} = {axis}", self.names.extent(&name_of(g, e))));
                }
            }
        }
        // One that is told only by a form of it.
        for argument in arguments {
            for (k, &e) in argument.shape.iter().enumerate() {
                let form = g.extents.form(g.extents.find(e));
                let open: Vec<&(Extent, i64)> =
                    form.terms.iter().filter(|(x, _)| !known.contains(x)).collect();
                if let [(x, n)] = open.as_slice()
                    && g.extents.factors(*x).is_none()
                    && *n != 0
                {
                    let rest = form.plus(&Form::of(*x), -n);
                    let axis = format!(
                        "_axis(\"{0}\", {1}, {k}, {2})",
                        argument.name,
                        self.names.argument(&argument.name),
                        argument.shape.len()
                    );
                    let rest = form_text(g, &self.names, &rest).at(expr::Level::Product);
                    let told = if *n == 1 {
                        format!("{axis} - {rest}")
                    } else {
                        format!("({axis} - {rest}) // {n}")
                    };
                    lines.push(format!("    {} = {told}", self.names.extent(&name_of(g, *x))));
                    known.push(*x);
                }
            }
        }
        for argument in arguments {
            let mut needs = Vec::new();
            argument.shape.iter().for_each(|&e| roots(g, e, &mut needs));
            if needs.iter().all(|e| known.contains(e)) {
                let name = self.names.argument(&argument.name);
                let shape = self.shape(argument);
                let formula: Vec<String> = argument.shape.iter().map(|&e| g.extent_text(e)).collect();
                let said = format!("\"{}\"", tuple(&formula));
                lines.push(format!("    _check(\"{}\", {name}, {shape}, {said})", argument.name));
            }
        }
        lines
    }

    /// What a function begins with: its arguments as arrays, and the extents that they tell.
    fn opening(&self, function: &Function) -> Vec<String> {
        if function.all_data {
            let (taken, given) = self.arguments_line();
            return vec![format!("    {given} = _arguments({taken})")];
        }
        self.reading(&self.data_of(function).collect::<Vec<_>>())
    }

    /// Parameters and these data as arrays, and the extents that they tell.
    fn reading(&self, data: &[&Argument]) -> Vec<String> {
        let mut lines = Vec::new();
        for a in &self.program.parameters {
            lines.push(self.converted(
                &self.names.argument(&a.name),
                &format!("params[\"{}\"]", a.name),
                a.whole,
            ));
        }
        for a in data {
            let name = self.names.argument(&a.name);
            lines.push(self.converted(&name, &name, a.whole));
        }
        let arguments: Vec<&Argument> = self.program.parameters.iter().chain(data.iter().copied()).collect();
        lines.extend(self.extent_lines(&arguments));
        lines
    }

    /// What `_arguments` takes, and what it gives.
    fn arguments_line(&self) -> (String, String) {
        let data: Vec<String> = self.program.data.iter().map(|a| self.names.argument(&a.name)).collect();
        let mut taken = data.clone();
        if !self.program.parameters.is_empty() {
            taken.insert(0, "params".to_owned());
        }
        let mut given: Vec<String> =
            self.program.parameters.iter().map(|a| self.names.argument(&a.name)).collect();
        given.extend(data);
        given.extend(self.extents().iter().map(|&e| self.names.extent(&name_of(self.g(), e))));
        let given = if given.len() == 1 { format!("{},", given[0]) } else { given.join(", ") };
        (taken.join(", "), given)
    }

    /// `_axis`, `_check` and `_arguments`.
    fn checks(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for text in [helpers::AXIS, helpers::CHECK] {
            lines.extend([String::new(), String::new()]);
            lines.extend(text.trim_matches('\n').lines().map(str::to_owned));
        }
        let (taken, given) = self.arguments_line();
        lines.extend([String::new(), String::new(), format!("def _arguments({taken}):")]);
        lines.push(
            "    \"\"\"The arguments as arrays, with the extents that they tell, which must agree.\"\"\""
                .to_owned(),
        );
        lines.extend(self.reading(&self.program.data.iter().collect::<Vec<_>>()));
        lines.extend(self.needs());
        lines.push(format!("    return {given}"));
        lines
    }

    /// What extents must be for the formula to mean something.
    fn needs(&self) -> Vec<String> {
        let g = self.g();
        let mut lines = Vec::new();
        let known = self.extents();
        let is_known = |form: &Form| {
            let mut needed = Vec::new();
            form.terms.iter().for_each(|(e, _)| roots(g, *e, &mut needed));
            needed.iter().all(|e| known.contains(e)) && !form.terms.is_empty()
        };
        for (e, text) in g.extents.needs() {
            let form = g.extents.form(e);
            if is_known(&form) {
                let extent = form_text(g, &self.names, &form).text;
                let said = text.replace('\\', "\\\\").replace('"', "'");
                lines.push(format!("    if {extent} == 0:"));
                lines
                    .push(format!("        raise ValueError(\"`{said}` has no value where {extent} is 0\")"));
            }
        }
        for bound in g.extents.bounds() {
            let form = g.extents.resolved(&bound.form);
            if !is_known(&form) || form.is_never_negative() {
                continue;
            }
            let over: Vec<String> = bound
                .over
                .iter()
                .map(|&e| g.extents.form(e))
                .filter(is_known)
                .map(|form| format!("{} > 0 and ", form_text(g, &self.names, &form).text))
                .collect();
            let value = form_text(g, &self.names, &form).text;
            let said = bound.text.replace('\\', "\\\\").replace('"', "'");
            let what = match bound.asks {
                Asks::Count => "would have a negative number of values",
                _ => "is outside",
            };
            lines.push(format!("    if {}{value} < 0:", over.concat()));
            lines.push(format!("        raise ValueError(\"`{said}` {what}\")"));
        }
        lines
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

    /// A check by differences, and what runs it.
    fn tail(&self) -> Vec<String> {
        let has_gradient = self.program.functions.iter().any(|f| f.name == "value_and_gradient");
        let gradient = if has_gradient { "value_and_gradient" } else { "d_activation" };
        let names: Vec<String> = self.program.data.iter().map(|a| self.names.argument(&a.name)).collect();
        let with_params = !self.program.parameters.is_empty();
        let mut all = names.clone();
        if with_params {
            all.insert(0, "params".to_owned());
        }
        let arguments = all.join(", ");
        let mut lines: Vec<String> = vec![String::new(), String::new()];
        let (key, of) = if has_gradient { ("", "params") } else { ("a", "activations") };
        lines.push(format!("def check_gradient({arguments}, step=1e-6):"));
        lines.push(format!(
            "    \"\"\"How far `{gradient}` is from differences of `value` by the {of}, as a part of the largest.\"\"\""
        ));
        if has_gradient {
            lines.push(format!("    _, gradient = value_and_gradient({arguments})"));
            lines.push("    worst = 0.0".to_owned());
            lines.push("    for name in params:".to_owned());
            lines.push("        exact = np.asarray(gradient[name])".to_owned());
            lines.push("        point = np.array(params[name], dtype=float)".to_owned());
            lines.push("        slope = np.zeros_like(point)".to_owned());
            lines.push("        for at in np.ndindex(*point.shape):".to_owned());
            lines.push("            sides = []".to_owned());
            lines.push("            for sign in (1, -1):".to_owned());
            lines.push("                moved = point.copy()".to_owned());
            lines.push("                moved[at] += sign * step".to_owned());
            let moved = arguments.replacen("params", "{**params, name: moved}", 1);
            lines.push(format!("                sides.append(float(value({moved})))"));
        } else {
            lines.push(format!("    exact = np.asarray(d_activation({arguments}))"));
            lines.push(format!("    point = np.array({key}, dtype=float)"));
            lines.push("    slope = np.zeros_like(point)".to_owned());
            lines.push("    for at in np.ndindex(*point.shape):".to_owned());
            lines.push("        sides = []".to_owned());
            lines.push("        for sign in (1, -1):".to_owned());
            lines.push("            moved = point.copy()".to_owned());
            lines.push("            moved[at] += sign * step".to_owned());
            let moved: Vec<String> =
                all.iter().map(|n| if n == "a" { "moved".to_owned() } else { n.clone() }).collect();
            lines.push(format!("            sides.append(float(value({})))", moved.join(", ")));
        }
        let indent = if has_gradient { "            " } else { "        " };
        lines.push(format!("{indent}slope[at] = (sides[0] - sides[1]) / (2 * step)"));
        let indent = if has_gradient { "        " } else { "    " };
        lines.push(format!("{indent}off = np.max(np.abs(exact - slope), initial=0) / max(1.0, np.max(np.abs(slope), initial=0))"));
        if has_gradient {
            lines.push("        worst = max(worst, float(off))".to_owned());
            lines.push("    return worst".to_owned());
        } else {
            lines.push("    return float(off)".to_owned());
        }
        lines.extend(self.random());
        lines.extend([String::new(), String::new(), "if __name__ == \"__main__\":".to_owned()]);
        lines.push(format!(
            "    {} = random_arguments()",
            if all.len() == 1 { format!("{},", all[0]) } else { all.join(", ") }
        ));
        lines.push(format!("    print(\"value\", value({arguments}))"));
        lines.push(format!("    print(\"off by\", check_gradient({arguments}))"));
        lines
    }

    /// Random arguments of small extents.
    fn random(&self) -> Vec<String> {
        let g = self.g();
        let mut lines = vec![String::new(), String::new(), "def random_arguments(seed=0):".to_owned()];
        lines.push("    \"\"\"Parameters and data by chance, between 0.1 and 0.9.\"\"\"".to_owned());
        lines.push("    rng = np.random.default_rng(seed)".to_owned());
        let known = self.extents();
        let sizes = [7, 5, 6, 4];
        for (k, e) in known.iter().enumerate() {
            let size = self.options.size(g, *e).unwrap_or(sizes[k % sizes.len()]);
            lines.push(format!("    {} = {size}", self.names.extent(&name_of(g, *e))));
        }
        let places = places(self.program);
        let drawn = |a: &Argument| {
            let shape = self.shape(a);
            if a.whole {
                let last = places.get(&a.name).map_or_else(
                    || "1".to_owned(),
                    |all| {
                        let all: Vec<String> = all.iter().map(|&e| self.form(e)).collect();
                        if all.len() == 1 { all.concat() } else { format!("min({})", all.join(", ")) }
                    },
                );
                format!("rng.integers({last}, size={shape})")
            } else {
                format!("rng.uniform(0.1, 0.9, size={shape})")
            }
        };
        let mut made = Vec::new();
        if !self.program.parameters.is_empty() {
            lines.push("    params = {".to_owned());
            for a in &self.program.parameters {
                lines.push(format!("        \"{}\": {},", a.name, drawn(a)));
            }
            lines.push("    }".to_owned());
            made.push("params".to_owned());
        }
        for a in &self.program.data {
            let name = self.names.argument(&a.name);
            lines.push(format!("    {name} = {}", drawn(a)));
            made.push(name);
        }
        let made = if made.len() == 1 { format!("{},", made[0]) } else { made.join(", ") };
        lines.push(format!("    return {made}"));
        lines
    }
}

/// Of each argument of whole numbers, the extents of the axes that it has places of.
fn places(program: &Program) -> BTreeMap<String, Vec<Extent>> {
    let mut found: BTreeMap<String, Vec<Extent>> = BTreeMap::new();
    for function in &program.functions {
        let g = &function.graph;
        for id in g.reachable(&function.results.nodes()) {
            let Op::Named(data) = g.op(id) else { continue };
            let e = g.extents.find(g.shape(id)[0]);
            for input in g.reachable(&[*data]) {
                if let Op::Input(input) = g.op(input) {
                    let known = found.entry(g.input_of(*input).name.clone()).or_default();
                    if !known.contains(&e) {
                        known.push(e);
                    }
                }
            }
        }
    }
    found
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
