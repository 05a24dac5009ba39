//! How functions begin: their arguments as arrays, the extents that these tell, and what must hold between them.

use super::super::program::{Argument, Function};
use super::expr::{self, form_text, tuple};
use super::names::name_of;
use super::{Module, helpers};
use crate::ir::{Asks, Extent, Form};

impl Module<'_> {
    pub(super) fn converted(&self, name: &str, from: &str, whole: bool) -> String {
        let np = self.dialect.module;
        let entries = if whole { "int" } else { "DTYPE" };
        format!("    {name} = {np}.asarray({from}, {entries})")
    }

    /// Extents that these arguments tell, with a line for each check.
    fn extent_lines(&self, arguments: &[&Argument]) -> Vec<String> {
        let g = self.g();
        let mut lines = Vec::new();
        let mut known: Vec<Extent> = Vec::new();
        // An axis that is an extent by itself tells it.
        for argument in arguments {
            for (k, &e) in argument.shape.iter().enumerate() {
                let e = g.extents.find(e);
                if g.extents.roots(e) == [e] && !known.contains(&e) {
                    known.push(e);
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
            if argument.shape.iter().flat_map(|&e| g.extents.roots(e)).all(|e| known.contains(&e)) {
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
    pub(super) fn opening(&self, function: &Function) -> Vec<String> {
        if function.all_data {
            let (taken, given) = self.arguments_line();
            return vec![format!("    {given} = _arguments({taken})")];
        }
        self.reading(&self.program.data_of(function))
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
    pub(super) fn arguments_line(&self) -> (String, String) {
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
    pub(super) fn checks(&self) -> Vec<String> {
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
            let mut roots = form.terms.iter().flat_map(|(e, _)| g.extents.roots(*e));
            roots.all(|e| known.contains(&e)) && !form.terms.is_empty()
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
            let said = bound.text.trim_matches('`').replace('\\', "\\\\").replace('"', "'");
            let what = match bound.asks {
                Asks::Count => "would have a negative number of values",
                _ => "is outside",
            };
            let test = format!("    if {}{value} < 0:", over.concat());
            if !lines.contains(&test) {
                lines.push(test);
                lines.push(format!("        raise ValueError(\"`{said}` {what}\")"));
            }
        }
        lines
    }
}
