//! How the folders of the compiler and of the runtime hang together, read from their sources: which names
//! what of which. Every arrow between two of them stands in `structure.txt`, and each that stands there
//! exists; none closes a circle. After a change that is meant:
//!
//! ```sh
//! UPDATE_STRUCTURE=1 cargo test --test engine structure && git diff tests/structure.txt
//! ```
//!
//! A room is a file or folder at the top of `src`; into those of [`DEEP`] we look: what is inside is rooms to
//! each other. `lib.rs`, and the `mod.rs` of a room looked into, are fronts: that they name what is inside is
//! no arrow. Neither is what only tests name.

mod read;

use read::{Arrow, arrows};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write;
use std::path::Path;
use std::{env, fs, io};

/// The crates, and the rooms of each that are looked into.
const DEEP: [(&str, &[&str]); 2] = [("compiler", &["schedule"]), ("runtime", &["kernel"])];

/// From where, to where, and the first line that says so.
type Arrows = BTreeMap<(String, String), String>;

fn found() -> io::Result<Arrows> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Arrows::new();
    for (name, deep) in DEEP {
        let source = workspace.join(name).join("src");
        for Arrow { from, to, file, line } in arrows(&source, deep)? {
            let place = || format!("{name}/src/{}:{line}", file.display());
            found.entry((format!("{name} {from}"), format!("{name} {to}"))).or_insert_with(place);
        }
    }
    Ok(found)
}

/// `compiler codegen -> ops`
fn line(from: &str, to: &str) -> String {
    format!("{from} -> {}", to.split_once(' ').map_or(to, |(_, room)| room))
}

#[test]
fn arrows_are_those_on_record() -> io::Result<()> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("structure.txt");
    let found: BTreeMap<String, String> =
        found()?.into_iter().map(|((from, to), place)| (line(&from, &to), place)).collect();
    if env::var_os("UPDATE_STRUCTURE").is_some() {
        let text: String = found.keys().map(|arrow| format!("{arrow}\n")).collect();
        return fs::write(file, text);
    }
    let text = fs::read_to_string(file)?;
    let allowed: BTreeSet<&str> = text.lines().collect();
    let mut wrong = String::new();
    for (arrow, place) in found.iter().filter(|(arrow, _)| !allowed.contains(arrow.as_str())) {
        let _ = writeln!(wrong, "{place}: {arrow} is not in tests/structure.txt");
    }
    for arrow in allowed.iter().filter(|arrow| !found.contains_key(**arrow)) {
        let _ = writeln!(wrong, "tests/structure.txt has {arrow}, which is no longer so");
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    Ok(())
}

/// The shortest way from a room back to itself, if there is one: the rooms on it.
fn around(arrows: &Arrows, room: &str) -> Option<Vec<String>> {
    let mut ways = VecDeque::from([vec![room]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for (_, to) in arrows.keys().filter(|(from, _)| Some(&from.as_str()) == way.last()) {
            let way = [&way[..], &[to]].concat();
            if to == room {
                return Some(way.into_iter().map(str::to_owned).collect());
            }
            if seen.insert(to) {
                ways.push_back(way);
            }
        }
    }
    None
}

/// Every circle, by a way around it; a room is named in one of them at most.
fn circles(arrows: &Arrows) -> String {
    let mut text = String::new();
    let mut named = BTreeSet::new();
    for (room, _) in arrows.keys() {
        if named.contains(room) {
            continue;
        }
        let Some(around) = around(arrows, room) else { continue };
        let _ = writeln!(text, "a circle:");
        for pair in around.windows(2) {
            let place = &arrows[&(pair[0].clone(), pair[1].clone())];
            let _ = writeln!(text, "  {place}: {}", line(&pair[0], &pair[1]));
        }
        named.extend(around);
    }
    text
}

#[test]
fn no_arrows_close_a_circle() -> io::Result<()> {
    let found = found()?;
    let text = circles(&found);
    assert!(text.is_empty(), "\n{text}");
    Ok(())
}

#[test]
fn a_circle_is_found_and_shown() {
    let arrow = |(from, to): (&str, &str)| ((from.to_owned(), to.to_owned()), format!("{from}.rs:1"));
    let arrows: Arrows = [("c a", "c b"), ("c b", "c d"), ("c d", "c b"), ("c d", "c e")].map(arrow).into();
    assert_eq!(circles(&arrows), "a circle:\n  c b.rs:1: c b -> d\n  c d.rs:1: c d -> b\n");
    assert_eq!(circles(&Arrows::new()), "");
}
