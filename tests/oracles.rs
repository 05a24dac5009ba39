//! Reference cases: through the interpreter, and through generated code that has been compiled.
//!
//! The folder is the one that `GRADSMITH_ORACLES` names, else all of [`FOLDERS`]: the project's own cases and, where
//! they are, those beside the workspace. A line says where they are not, also where the tests pass.

#![allow(clippy::print_stdout, reason = "a run says which cases it ran and what came of them")]

mod compiled;

use cargo_gradsmith::cases::compare::Disagreement;
use cargo_gradsmith::cases::{Body, Case, interpret, read};
use gradsmith_test_support::note;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::{env, fs};

/// Cases that want what is not so, and why it is not.
const WRONG: [(&str, &str); 3] = [
    (
        "zero_log_zero",
        "at y = 0, a = 0 the term -(1 - y)*log(1 - a) has the factor 1, and its slope 1/(1 - a) is 1, not 0; the case's \
         own third entry (y = 0, a = 1/4) is that slope, 4/3. At y = a = 1 it is -1 likewise",
    ),
    ("cost_cross_entropy_exact", "as `zero_log_zero`, over m = 2: 1/2 and -1/2, not 0 and 0"),
    (
        "sac_log1m_tanh2",
        "the second derivative of log(1 - tanh(x)^2) is -2/cosh(x)^2, -2.9e-347 at x = 400, not -1.9e74",
    ),
];

/// Cases that want what lies below the last bit of a sum, and where.
const BELOW: [(&str, &str); 2] = [
    ("cox_maskmul_large", "e - log(M*exp(e)) is -log(1 + 3.7e-44) where an entry of e outweighs all others"),
    ("multiclass focal wrong 0.5", "the bias's slope is a sum over two examples, of -1 + 1.8e-133 and of 1"),
];

/// The folders of cases, from the workspace; each is read flat.
const FOLDERS: [&str; 5] = [
    "tests/cases",
    "../shared/oracles",
    "../shared/oracles/reports",
    "../shared/oracles/indices",
    "../shared/oracles/mgh",
];

/// The folders to read.
fn folders() -> Vec<PathBuf> {
    let workspace = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    if let Some(named) = env::var_os("GRADSMITH_ORACLES") {
        // Not there is an error, never a reason to run others.
        return vec![workspace.join(named)];
    }
    let (there, missing): (Vec<PathBuf>, Vec<PathBuf>) =
        FOLDERS.iter().map(|folder| workspace.join(folder)).partition(|folder| folder.is_dir());
    if !missing.is_empty() {
        note("the cases are the project's own: no folder of reference cases is there");
    }
    there
}

/// All cases: the file's name without its ending, and the case.
fn cases() -> Vec<(String, Arc<Case>)> {
    static CASES: OnceLock<Vec<(String, Arc<Case>)>> = OnceLock::new();
    CASES.get_or_init(|| folders().iter().flat_map(|folder| read_cases(folder)).collect()).clone()
}

fn read_cases(folder: &Path) -> Vec<(String, Arc<Case>)> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{}: no file of cases", folder.display());
    let mut cases = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let read = read::cases(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let name = file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        cases.extend(read.into_iter().map(|case| (name.clone(), Arc::new(case))));
    }
    println!("{} cases of {}", cases.len(), folder.display());
    cases
}

/// What came of a run, case by case.
#[derive(Default)]
struct Report {
    /// By file and road: passed, all.
    counts: BTreeMap<String, (usize, usize)>,
    failed: Vec<String>,
}

impl Report {
    fn add(&mut self, kind: String, case: &Case, found: &[Disagreement]) {
        let (passed, all) = self.counts.entry(kind.clone()).or_default();
        *all += 1;
        if found.is_empty() {
            *passed += 1;
            return;
        }
        for disagreement in found {
            let line = format!("{kind}: {}: {disagreement}", case.name);
            let why = |list: &[(&str, &'static str)]| list.iter().find(|l| l.0 == case.name).map(|l| l.1);
            match (why(&WRONG), why(&BELOW)) {
                (Some(why), _) => println!("{line} (the case is wrong: {why})"),
                (_, Some(why)) => println!("{line} (no double holds it: {why})"),
                _ if !case.required => println!("{line} (desirable)"),
                _ => self.failed.push(line),
            }
        }
    }

    fn finish(self) {
        for (kind, (passed, all)) in &self.counts {
            println!("{kind}: {passed} of {all}");
        }
        assert!(self.failed.is_empty(), "{} disagreements:\n{}", self.failed.len(), self.failed.join("\n"));
    }
}

#[test]
fn interpreter() {
    let mut report = Report::default();
    for (file, case) in cases() {
        report.add(format!("{file}, interpreted"), &case, &interpret::run(&case));
    }
    report.finish();
}

#[test]
fn generated_code() {
    let mut report = Report::default();
    let (mut subjects, mut modules) = (Vec::new(), Vec::new());
    for (file, case) in cases() {
        match compiled::cases::subject(&case) {
            None => {}
            Some(Err(why)) => {
                report.add(format!("{file}, generated"), &case, &[Disagreement::Other(why)]);
            }
            Some(Ok(subject)) => {
                modules.push(subject.module.clone());
                subjects.push((file, case, subject));
            }
        }
    }
    let outcomes = compiled::run("oracles", &modules);
    for ((file, case, subject), outcome) in subjects.iter().zip(&outcomes) {
        let found = subject.disagreements(case, outcome);
        report.add(format!("{file}, generated by {}", subject.road), case, &found);
    }
    report.finish();
}

#[test]
fn refused_by_the_derives() {
    let mut report = Report::default();
    for (file, case) in cases() {
        let Body::Reject(reject) = &case.body else { continue };
        // On a small stack of its own, as in the compiler's macro thread.
        let reject = reject.clone();
        let thread = std::thread::Builder::new().stack_size(2 << 20);
        let thread = thread.spawn(move || compiled::cases::refused_by_derive(&reject));
        let found = match thread.map(std::thread::JoinHandle::join) {
            Ok(Ok(Some(found))) => found,
            Ok(Ok(None)) => continue,
            _ => vec![Disagreement::Other("panicked".to_owned())],
        };
        report.add(format!("{file}, by derive"), &case, &found);
    }
    report.finish();
}
