//! `cargo gradsmith catalog`: what the language knows by name.

use crate::Failure;
use gradsmith_compiler::catalog::{self, Entry, Kind};
use gradsmith_compiler::lower::{BUILTINS, FORMS};
use gradsmith_compiler::ops;
use gradsmith_compiler::suggest::function_meant;
use gradsmith_compiler::syntax::parse::canonical_name;
use std::io::{self, Write};

/// Lists everything, or shows one entry.
///
/// # Errors
/// A name that nothing has.
pub fn run(name: Option<&str>, out: &mut dyn Write) -> Result<bool, Failure> {
    let Some(name) = name else {
        list(out)?;
        return Ok(true);
    };
    let name = canonical_name(name);
    let form = FORMS.iter().find(|form| form.name == name);
    let mut known = true;
    if let Some(entry) = catalog::find(&name) {
        show(entry, out)?;
    } else if let Some(op) = ops::ALL.iter().find(|op| op.public && op.name == name) {
        let args: &[&str] = if op.derivatives.len() == 1 { &["x"] } else { &["a", "b"] };
        writeln!(out, "{name}({})", args.join(", "))?;
        writeln!(out, "\nAn element-wise function.")?;
        for (arg, derivative) in args.iter().zip(op.derivatives) {
            let value = if derivative.contains('y') {
                format!(", y = {name}({})", args.join(", "))
            } else {
                String::new()
            };
            writeln!(out, "Derivative by {arg}: {derivative}{value}")?;
        }
    } else if let Some((_, params, required, says)) = BUILTINS.iter().find(|(n, ..)| *n == name) {
        writeln!(out, "{}\n\n{says}.", signature(&name, params, *required))?;
    } else {
        known = false;
    }
    if let Some(form) = form {
        if known {
            writeln!(out)?;
        }
        writeln!(out, "{}\n\n{}.\nFor example: {}", form.syntax, form.says, form.example)?;
    } else if !known {
        let near = function_meant(&name, names());
        let help = near.unwrap_or_else(|| "`cargo gradsmith catalog` lists what there is".to_owned());
        return Err(Failure::Input(format!("error: the catalog has no `{name}`\nhelp: {help}")));
    }
    Ok(true)
}

fn names() -> impl Iterator<Item = &'static str> {
    let functions = ops::ALL.iter().filter(|op| op.public).map(|op| op.name);
    let builtins = BUILTINS.iter().map(|(name, ..)| *name);
    let forms = FORMS.iter().map(|form| form.name);
    catalog::all().iter().map(Entry::name).chain(functions).chain(builtins).chain(forms)
}

fn signature(name: &str, params: &[&str], required: usize) -> String {
    let params: Vec<String> = params
        .iter()
        .enumerate()
        .map(|(k, p)| if k < required { (*p).to_owned() } else { format!("[{p}]") })
        .collect();
    format!("{name}({})", params.join(", "))
}

fn show(entry: &Entry, out: &mut dyn Write) -> io::Result<()> {
    let what = match entry.kind {
        Kind::Loss => "A loss, for one example: `a` the outputs, `y` the targets.",
        Kind::Penalty => "A penalty; one argument more names what it is of, as in `l2(mu, b)`.",
        Kind::Activation => "An activation, element by element.",
        Kind::Density => "The logarithm of a density, or of a probability.",
    };
    writeln!(out, "{}\n\n{what}", entry.text)?;
    for line in &entry.doc {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn list(out: &mut dyn Write) -> io::Result<()> {
    let groups = [
        (Kind::Loss, "Losses, for one example: a the outputs, y the targets"),
        (Kind::Penalty, "Penalties, of each weight tensor w (or of the outputs a)"),
        (Kind::Activation, "Activations, besides softmax and the element-wise functions"),
        (Kind::Density, "Log-densities, element by element"),
    ];
    for (kind, title) in groups {
        writeln!(out, "{title}:")?;
        for entry in catalog::all().iter().filter(|e| e.kind == kind) {
            writeln!(out, "  {}", entry.text)?;
        }
        writeln!(out)?;
    }
    let elements = ops::ALL.iter().filter(|op| op.public).map(|op| op.name).collect();
    wrapped(out, "Element-wise functions", elements)?;
    wrapped(out, "Functions of vectors and matrices", BUILTINS.iter().map(|(name, ..)| *name).collect())?;
    wrapped(
        out,
        "With indices, as in sum[i](x[i]) and matrix[i, j](x[i]*y[j])",
        FORMS.iter().map(|form| form.name).collect(),
    )?;
    writeln!(out, "`cargo gradsmith catalog NAME` says more of one.")
}

fn wrapped(out: &mut dyn Write, title: &str, names: Vec<&str>) -> io::Result<()> {
    writeln!(out, "{title}:")?;
    let mut line = String::new();
    for name in names {
        if line.len() + name.len() > 90 {
            writeln!(out, " {line}")?;
            line.clear();
        }
        line.push(' ');
        line.push_str(name);
    }
    writeln!(out, " {line}\n")
}
