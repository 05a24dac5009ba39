//! Generated code, compiled and run: a throw-away crate of many modules, each of which yields arrays of
//! numbers.
//!
//! A module that does not compile is reported as that, and the others run without it.

#![allow(dead_code, reason = "each test uses its part")]

pub(crate) mod cases;
pub(crate) mod objectives;
pub(crate) mod plans;

use proc_macro2::TokenStream;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// Modules in one program: few enough that two programs keep two cores busy.
const MODULES: usize = 40;

/// What a module gave: its arrays, or why there are none.
pub(crate) type Outcome = Result<Vec<Vec<f64>>, String>;

/// A module: the statements of `fn run() -> Result<Vec<Vec<f64>>, gradsmith::Error>`, and the items beside
/// it.
#[derive(Clone, Debug)]
pub(crate) struct Module {
    /// Items of the module.
    pub(crate) items: TokenStream,
    /// The body of `run`.
    pub(crate) body: TokenStream,
}

/// Runs modules in the crate `name`; the outcome of each, in order.
pub(crate) fn run(name: &str, modules: &[Module]) -> Vec<Outcome> {
    let mut failures: BTreeMap<usize, String> = BTreeMap::new();
    let package = Package::new(name);
    loop {
        package.write(modules, &failures).expect("the throw-away crate can be written");
        let broken = package.build();
        if broken.is_empty() {
            break;
        }
        let before = failures.len();
        for (k, message) in broken {
            failures.entry(k).or_insert(message);
        }
        assert!(failures.len() > before, "modules left out still fail to compile: {failures:?}");
    }
    let mut outcomes: Vec<Outcome> =
        (0..modules.len()).map(|_| Err("its program ended before it".to_owned())).collect();
    for (k, outcome) in package.outcomes(modules.len()) {
        outcomes[k] = outcome;
    }
    for (k, message) in failures {
        outcomes[k] = Err(format!("does not compile: {message}"));
    }
    outcomes
}

struct Package {
    name: String,
    folder: PathBuf,
    target: PathBuf,
}

impl Package {
    fn new(name: &str) -> Self {
        let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
        Self { name: name.to_owned(), folder: all.join(name), target: all.join("target") }
    }

    fn part(&self, part: usize) -> String {
        format!("{}-{part}", self.name)
    }

    fn write(&self, modules: &[Module], left_out: &BTreeMap<usize, String>) -> io::Result<()> {
        let workspace = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        let runtime = workspace.join("runtime");
        let manifest = format!(
            "[package]\nname = \"{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
             gradsmith = {{ package = \"gradsmith-runtime\", path = {runtime:?} }}\n\n[workspace]\n\n\
             [profile.dev]\ndebug = false\nincremental = false\n",
            self.name
        );
        let bins = self.folder.join("src/bin");
        fs::create_dir_all(&bins)?;
        write(&self.folder.join("Cargo.toml"), &manifest)?;
        if !self.folder.join("Cargo.lock").exists() {
            fs::copy(workspace.join("Cargo.lock"), self.folder.join("Cargo.lock"))?;
        }
        let mut wanted = BTreeSet::new();
        for (part, chunk) in modules.chunks(MODULES).enumerate() {
            let folder = bins.join(self.part(part));
            fs::create_dir_all(&folder)?;
            wanted.insert(folder.clone());
            let here = part * MODULES..part * MODULES + chunk.len();
            let (mut declared, mut called) = (String::new(), String::new());
            for (k, module) in here.zip(chunk).filter(|(k, _)| !left_out.contains_key(k)) {
                declared.push_str(&format!("mod case_{k};\n"));
                called.push_str(&format!("    show({k}, case_{k}::run);\n"));
                let Module { items, body } = module;
                let source = format!(
                    "{items}\npub fn run() -> Result<Vec<Vec<f64>>, ::gradsmith::Error> {{\n{body}\n}}\n"
                );
                write(&folder.join(format!("case_{k}.rs")), &source)?;
            }
            let main = format!("#![allow(warnings)]\n{declared}\nfn main() {{\n{called}}}\n{SHOW}");
            write(&folder.join("main.rs"), &main)?;
        }
        for entry in fs::read_dir(&bins)? {
            let path = entry?.path();
            if !wanted.contains(&path) {
                fs::remove_dir_all(path)?;
            }
        }
        Ok(())
    }

    /// Builds; the modules that do not compile, with the first message of each.
    fn build(&self) -> BTreeMap<usize, String> {
        let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["build", "--offline", "--bins", "--quiet", "--keep-going", "--message-format", "short"])
            .arg("--target-dir")
            .arg(&self.target)
            .current_dir(&self.folder)
            .output()
            .expect("cargo runs");
        let mut broken = BTreeMap::new();
        if output.status.success() {
            return broken;
        }
        let report = String::from_utf8_lossy(&output.stderr).into_owned();
        for line in report.lines().filter(|l| l.contains(": error")) {
            let number = line.split("case_").nth(1).and_then(|rest| rest.split(".rs").next()?.parse().ok());
            if let Some(k) = number {
                broken.entry(k).or_insert_with(|| line.to_owned());
            }
        }
        assert!(!broken.is_empty(), "the throw-away crate does not build:\n{report}");
        broken
    }

    fn outcomes(&self, count: usize) -> Vec<(usize, Outcome)> {
        let mut outcomes = Vec::new();
        for part in 0..count.div_ceil(MODULES) {
            let program = self.target.join("debug").join(self.part(part) + env::consts::EXE_SUFFIX);
            let output = Command::new(&program).output().expect("the program that was built runs");
            let text = String::from_utf8_lossy(&output.stdout);
            outcomes.extend(text.lines().filter_map(outcome));
        }
        outcomes
    }
}

/// `12 = 1.0,2.0;3.0` or `12 ! why`
fn outcome(line: &str) -> Option<(usize, Outcome)> {
    let (k, rest) = line.split_once(' ')?;
    let k = k.parse().ok()?;
    if let Some(why) = rest.strip_prefix("! ") {
        return Some((k, Err(why.to_owned())));
    }
    let array = |list: &str| -> Option<Vec<f64>> {
        list.split(',').filter(|n| !n.is_empty()).map(|n| n.parse().ok()).collect()
    };
    let arrays: Option<Vec<Vec<f64>>> = rest.strip_prefix("= ")?.split(';').map(array).collect();
    Some((k, arrays.ok_or_else(|| "printed what is no number".to_owned())))
}

/// How a program shows what its modules give.
const SHOW: &str = r#"
fn show(k: usize, run: fn() -> Result<Vec<Vec<f64>>, ::gradsmith::Error>) {
    match std::panic::catch_unwind(run) {
        Ok(Ok(arrays)) => {
            let arrays = arrays.iter().map(|array| {
                array.iter().map(|n| format!("{n:?}")).collect::<Vec<_>>().join(",")
            });
            println!("{k} = {}", arrays.collect::<Vec<_>>().join(";"));
        }
        Ok(Err(error)) => println!("{k} ! {error}"),
        Err(payload) => {
            let text = payload.downcast_ref::<String>().cloned();
            let text = text.or_else(|| payload.downcast_ref::<&str>().map(|t| (*t).to_owned()));
            println!("{k} ! panicked: {}", text.unwrap_or_default().replace('\n', " "));
        }
    }
}
"#;

/// Writes a file unless it holds the text already, so that cargo sees what has changed.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(path, text)
}
