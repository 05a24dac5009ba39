//! The tests stand at the top of the repository, in packages that name them one by one: none is forgotten.

use std::path::Path;
use std::{fs, io};

#[test]
fn every_file_is_named() -> io::Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifests =
        fs::read_to_string(here.join("Cargo.toml"))? + &fs::read_to_string(here.join("ui/Cargo.toml"))?;
    for entry in fs::read_dir(here)? {
        let path = entry?.path();
        let Some(stem) = path.file_stem().and_then(|s| s.to_str()) else { continue };
        let file = match path.extension() {
            Some(end) if end == "rs" => format!("{stem}.rs"),
            None if path.join("main.rs").exists() => format!("{stem}/main.rs"),
            _ => continue,
        };
        let named = [format!("path = \"{file}\""), format!("path = \"../{file}\"")];
        assert!(named.iter().any(|line| manifests.contains(line)), "no manifest names {file}");
    }
    Ok(())
}
