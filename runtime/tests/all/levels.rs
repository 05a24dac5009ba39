//! The numeric tests at each level of vector instructions that the machine has, each in a process of its own,
//! because the level is read once.

use gradsmith_runtime::__private::step;
use gradsmith_test_support::note;
use std::env;
use std::ffi::OsStr;
use std::process::Command;

const VARIABLE: &str = "GRADSMITH_LEVEL";

/// The levels, the lowest first.
const LEVELS: [&str; 3] = ["baseline", "avx2", "avx512"];

/// The best level of this machine, among [`LEVELS`].
fn best() -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        macro_rules! has {
            ($($feature:tt)*) => { $(is_x86_feature_detected!($feature))&&* };
        }
        if !has!("avx2" "fma" "bmi1" "bmi2") {
            0
        } else if !has!("avx512f" "avx512dq" "avx512vl" "avx512bw") {
            1
        } else {
            2
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    0
}

/// What this process should run at: what it is asked for, or the best it has, whichever is less.
fn expected() -> usize {
    let asked = env::var_os(VARIABLE);
    let asked = LEVELS.iter().position(|&level| asked.as_deref() == Some(OsStr::new(level)));
    asked.unwrap_or(usize::MAX).min(best())
}

/// In a process held back by [`every_level_that_the_machine_has`], as in any other.
#[test]
fn the_level_is_the_one_asked_for() {
    // What is called by the level is told by what is known of it there.
    let known = step((), |math, ()| format!("{math:?}"));
    if cfg!(target_arch = "x86_64") {
        let level = format!("level: {} ", expected() + 1);
        assert!(known.contains(&level), "{} expected, not {known}", LEVELS[expected()]);
    }
}

/// Runs tests of this program with the variable set, and says how many passed.
#[track_caller]
fn run(level: &OsStr, tests: &[&str]) -> usize {
    let mut command = Command::new(env::current_exe().expect("this program"));
    command.args(tests).env(VARIABLE, level);
    let output = command.output().expect("this program runs again");
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{VARIABLE}={}:\n{said}\n{complaint}", level.display());
    let passed = said.split("test result: ok. ").nth(1).and_then(|rest| rest.split(' ').next());
    passed.and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("no result in\n{said}"))
}

/// This process does what it does at one level: the others are run here. One that the machine lacks is named
/// on standard error, though the test passes.
#[test]
fn every_level_that_the_machine_has() {
    let numeric = [
        "all::contractions::",
        "all::elementary::",
        "all::layouts::",
        "all::long_sums::",
        "all::not_finite::",
        "all::levels::the_level_is_the_one_asked_for",
    ];
    for (at, level) in LEVELS.into_iter().enumerate() {
        if at > best() {
            note(&format!("level {level} was not run: this processor does not have it"));
        } else if at == expected() {
            note(&format!("level {level}: the tests of this process"));
        } else {
            let passed = run(OsStr::new(level), &numeric);
            note(&format!("level {level}: {passed} tests passed"));
            assert!(passed > 20, "{passed} tests at level {level}");
        }
    }
}

/// What is no level, or not even text, changes nothing; nor does a level above the machine's.
#[test]
fn other_values_change_nothing() {
    let mut values = vec![OsStr::new(""), OsStr::new("AVX2"), OsStr::new("avx9000"), OsStr::new("avx512")];
    #[cfg(unix)]
    values.push(std::os::unix::ffi::OsStrExt::from_bytes(&[b'a', 0xff]));
    for value in values {
        assert_eq!(run(value, &["all::levels::the_level_is_the_one_asked_for"]), 1);
    }
}
