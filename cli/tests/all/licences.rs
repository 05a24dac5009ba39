//! The licences of what users of the published crates compile, as cargo knows them: each is one that may be
//! linked into a program of any licence, and each stands in `docs/licences.md`. `UPDATE=1` writes that file
//! anew, which asks the registry for the packages of other platforms.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Permissive licences.
const ALLOWED: &[&str] = &["Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "Unicode-3.0", "Zlib"];

const HEAD: &str = "# Licences of dependencies

gradsmith itself is MIT or Apache-2.0. What its published crates depend on, with all features and on all platforms, but for
what only tests and examples use; written and checked by `cli/tests/all/licences.rs`.

| crate | licence |
| --- | --- |
";

/// The dependencies of the published crates: names and licences.
fn dependencies(more: &[&str]) -> BTreeSet<(String, String)> {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(["metadata", "--format-version", "1", "--locked", "--all-features"]).args(more);
    let output = command.current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");

    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages: BTreeMap<String, Value> =
        list(&metadata["packages"]).into_iter().map(|p| (text(&p["id"]), p)).collect();
    let nodes: BTreeMap<String, Value> =
        list(&metadata["resolve"]["nodes"]).into_iter().map(|n| (text(&n["id"]), n)).collect();
    let members: BTreeSet<String> = list(&metadata["workspace_members"]).iter().map(text).collect();

    // `publish = false` is an empty list of registries.
    let mut pending: Vec<String> =
        members.iter().filter(|id| packages[*id]["publish"].is_null()).cloned().collect();
    assert_eq!(pending.len(), 5, "published crates: {pending:?}");
    let mut reached: BTreeSet<String> = pending.iter().cloned().collect();
    while let Some(id) = pending.pop() {
        for dependency in list(&nodes[&id]["deps"]) {
            if list(&dependency["dep_kinds"]).iter().all(|kind| kind["kind"] == "dev") {
                continue;
            }
            let to = text(&dependency["pkg"]);
            if reached.insert(to.clone()) {
                pending.push(to);
            }
        }
    }
    reached
        .difference(&members)
        .map(|id| (text(&packages[id]["name"]), text(&packages[id]["license"]).replace('/', " OR ")))
        .collect()
}

/// This platform, as rustc calls it.
fn host() -> String {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(rustc).arg("-vV").output().expect("rustc runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host").to_owned()
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Whether an expression leaves a choice that is allowed: `MIT OR Apache-2.0`, `(MIT OR Apache-2.0) AND
/// Unicode-3.0`.
fn allowed(expression: &str) -> bool {
    let parts = |text: &str, word: &str| -> Vec<String> {
        let mut depth = 0_usize;
        let mut parts = vec![String::new()];
        for token in text.replace('(', " ( ").replace(')', " ) ").split_whitespace() {
            match token {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            match parts.last_mut() {
                Some(part) if token != word || depth > 0 => *part += &format!(" {token}"),
                _ => parts.push(String::new()),
            }
        }
        parts
    };
    let all = parts(expression, "OR");
    if all.len() > 1 {
        return all.iter().any(|part| allowed(part));
    }
    let all = parts(expression, "AND");
    if all.len() > 1 {
        return all.iter().all(|part| allowed(part));
    }
    let expression = expression.trim();
    match expression.strip_prefix('(').and_then(|e| e.strip_suffix(')')) {
        Some(inner) => allowed(inner),
        None => ALLOWED.contains(&expression),
    }
}

#[test]
fn expressions_of_licences_are_read() {
    for text in
        ["MIT", "GPL-3.0-only OR MIT", "(MIT OR Apache-2.0) AND Unicode-3.0", "(MIT)", "Unlicense OR MIT"]
    {
        assert!(allowed(text), "{text}");
    }
    for text in ["", "GPL-3.0-only", "MIT AND GPL-3.0-only", "(MIT OR Zlib) AND MPL-2.0", "Apache-2.0 WITH X"]
    {
        assert!(!allowed(text), "{text}");
    }
}

#[test]
fn each_dependency_has_a_licence_that_is_allowed_and_listed() {
    let path = root().join("docs/licences.md");
    let row = |(name, licence): &(String, String)| format!("| `{name}` | {licence} |");
    if env::var_os("UPDATE").is_some() {
        let rows: Vec<String> = dependencies(&[]).iter().map(row).collect();
        fs::write(&path, format!("{HEAD}{}\n", rows.join("\n"))).expect("the file can be written");
    }
    // What other platforms need is not on this machine: it is not asked for.
    let found = dependencies(&["--filter-platform", &host()]);
    let page = fs::read_to_string(&path).expect("the list is in the repository");
    let listed: BTreeSet<&str> = page.lines().collect();
    for dependency in &found {
        assert!(allowed(&dependency.1), "`{}` is licensed under {}", dependency.0, dependency.1);
        let row = row(dependency);
        assert!(listed.contains(row.as_str()), "docs/licences.md lacks `{row}`: write it anew by UPDATE=1");
    }
    // Nothing is listed that nobody uses any more, and nothing that is not allowed.
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("the lock file is in the repository");
    for line in page.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |")) {
        let (name, licence) = line.split_once("` | ").expect("a name and a licence");
        assert!(lock.contains(&format!("name = \"{name}\"\n")), "`{name}` is no dependency");
        assert!(allowed(licence), "`{name}` is licensed under {licence}");
    }
}

#[test]
fn each_published_package_has_the_licences() {
    for file in ["LICENSE-APACHE", "LICENSE-MIT"] {
        let wanted = fs::read(root().join(file)).expect("the licence is in the repository");
        for package in ["cli", "compiler", "macros", "runtime"] {
            let path = root().join(package).join(file);
            assert!(fs::read(&path).is_ok_and(|text| text == wanted), "{} is another", path.display());
        }
    }
}
