//! `cargo gradsmith export`: the same derivative for other engines.

use crate::Failure;
use crate::request::{Request, Subject};
use gradsmith_compiler::export::{self, Options, Precision, Shard, program};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

/// Writes the program for the engine of this name, to a file or to `out`.
///
/// # Errors
/// Texts that are wrong: each error under the line it is about. An engine that does not exist, a program that the engine
/// cannot have, a file that cannot be written.
pub fn run(
    request: &Request,
    engine: &str,
    options: &Options,
    file: Option<&Path>,
    out: &mut dyn Write,
) -> Result<bool, Failure> {
    let Some(target) = export::target(engine) else {
        return Err(Failure::Input(format!("error: programs are not written for `{engine}`")));
    };
    let program = match &request.subject {
        Subject::Cost(text) => program::cost(text),
        Subject::Network(text) => program::network(text),
        Subject::Objective(text) => program::objective(text),
    }
    .map_err(|e| request.refusal(&e))?;
    let text = (target.write)(&program, options).map_err(|e| Failure::Input(format!("error: {e}")))?;
    match file {
        Some(path) => fs::write(path, text)
            .map_err(|e| Failure::Input(format!("error: {} cannot be written: {e}", path.display())))?,
        None => out.write_all(text.as_bytes())?,
    }
    Ok(true)
}

/// The options, from their texts.
///
/// # Errors
/// Texts that are no extents, no axis of a mesh.
pub fn options(
    extents: &[String],
    precision: &str,
    shard: Option<&str>,
    devices: usize,
) -> Result<Options, Failure> {
    let mut known = BTreeMap::new();
    for text in extents.iter().map(|t| t.trim()).filter(|t| !t.is_empty()) {
        let parts = text.split_once('=').map(|(name, size)| (name.trim(), size.trim().parse::<usize>()));
        let Some((name, Ok(size))) = parts else {
            return Err(Failure::Input(format!(
                "error: `{text}` is no extent\nhelp: a name and a number, `--extents m=1000,d=20`"
            )));
        };
        if known.insert(name.to_owned(), size).is_some_and(|before| before != size) {
            return Err(Failure::Input(format!("error: the extent `{name}` is given twice")));
        }
    }
    let shard = match shard.map(|text| text.split_once('=')) {
        None => None,
        Some(Some((extent, axis))) if !extent.trim().is_empty() && !axis.trim().is_empty() => Some(Shard {
            extent: extent.trim().to_owned(),
            axis: axis.trim().to_owned(),
            devices: devices.max(1),
        }),
        Some(_) => {
            return Err(Failure::Input(
                "error: `--shard` takes an extent and an axis of the mesh\nhelp: `--shard m=data` divides what has the \
                 extent m along the axis `data`"
                    .to_owned(),
            ));
        }
    };
    let precision = if precision == "f32" { Precision::F32 } else { Precision::F64 };
    Ok(Options { extents: known, precision, shard })
}
