//! No file of tests is forgotten: each is a binary that a manifest names, or a module of one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The folders that tests stand in, and whether their manifest names the binaries one by one.
const FOLDERS: [(&str, bool); 4] =
    [("tests", true), ("cli/tests", false), ("compiler/tests", false), ("runtime/tests", false)];

/// Of `tests`: packages of their own, inputs of tests, results, and examples that the manifest names.
const NOT_MODULES: [&str; 7] = ["cases", "engines", "golden", "snapshots", "support", "ui", "user"];

/// The files that are compiled with a module: its own, and those of the modules it declares, by itself or in
/// a module written out at the margin.
fn follow(file: &Path, root: bool, seen: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    if !seen.insert(file.to_owned()) {
        return Ok(());
    }
    let parent = file.parent().unwrap_or(Path::new(""));
    let stem = file.file_stem().unwrap_or_default();
    let own = if root || stem == "mod" { parent.to_owned() } else { parent.join(stem) };
    let mut folder = own.clone();
    for line in fs::read_to_string(file)?.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["mod", name, "{"] if line.starts_with("mod") => folder = own.join(name),
            ["}"] if line.starts_with('}') => folder.clone_from(&own),
            ["mod", name] | ["pub(crate)", "mod", name] if name.ends_with(';') => {
                let name = name.trim_end_matches(';');
                let (plain, nested) = (folder.join(format!("{name}.rs")), folder.join(name).join("mod.rs"));
                if let Some(file) = [plain, nested].iter().find(|f| f.exists()) {
                    follow(file, false, seen)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !NOT_MODULES.contains(&name) {
                files(&path, found)?;
            }
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
    Ok(())
}

#[test]
fn every_file_is_compiled() -> io::Result<()> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (folder, named) in FOLDERS {
        let folder = workspace.join(folder);
        let mut manifest = String::new();
        if named {
            for file in ["Cargo.toml", "ui/Cargo.toml"] {
                manifest.push_str(&fs::read_to_string(folder.join(file))?);
            }
        }
        let (mut found, mut compiled) = (Vec::new(), BTreeSet::new());
        files(&folder, &mut found)?;
        // Cargo takes each file at the top for a binary, unless the manifest names them.
        for file in found.iter().filter(|f| f.parent() == Some(&folder)) {
            let name = file.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            let paths = [format!("path = \"{name}\""), format!("path = \"../{name}\"")];
            if !named || paths.iter().any(|path| manifest.contains(path)) {
                follow(file, true, &mut compiled)?;
            }
        }
        assert!(!compiled.is_empty(), "no tests in {}", folder.display());
        let forgotten: Vec<_> = found.iter().filter(|file| !compiled.contains(*file)).collect();
        assert!(forgotten.is_empty(), "compiled by nobody: {forgotten:?}");
    }
    Ok(())
}
