//! From the sources of a crate to the arrows between its rooms.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// One room names something of another, for the first time in this file.
pub(super) struct Arrow {
    pub(super) from: String,
    pub(super) to: String,
    /// Below `src`.
    pub(super) file: PathBuf,
    pub(super) line: usize,
}

/// A module: where it stands, what it names, and what its own names stand for.
struct Module {
    path: Vec<String>,
    file: PathBuf,
    /// Paths from the crate's root, and the lines they are on.
    named: Vec<(Vec<String>, usize)>,
    /// Imports and re-exports: the name here, and the path from the crate's root.
    uses: BTreeMap<String, Vec<String>>,
}

/// The arrows between the rooms of a crate, `deep` ones looked into.
pub(super) fn arrows(source: &Path, deep: &[&str]) -> io::Result<Vec<Arrow>> {
    let mut modules = Vec::new();
    read(source, Path::new("lib.rs"), Vec::new(), &mut modules)?;
    let krate = Crate { modules: modules.iter().map(|m| (m.path.clone(), m)).collect(), deep };
    let mut arrows = Vec::new();
    for module in &modules {
        for (path, line) in &module.named {
            let (from, to) = krate.rooms(&module.path, &krate.resolve(path, 0));
            // A front names what is inside.
            let front = module.path.is_empty() || to.strip_prefix(&from).is_some_and(|t| t.starts_with("::"));
            if from != to && !front {
                arrows.push(Arrow { from, to, file: module.file.clone(), line: *line });
            }
        }
    }
    Ok(arrows)
}

struct Crate<'a> {
    modules: BTreeMap<Vec<String>, &'a Module>,
    deep: &'a [&'a str],
}

impl Crate<'_> {
    /// Where a path leads: through re-exports to the module that has the thing.
    fn resolve(&self, path: &[String], depth: usize) -> Vec<String> {
        let mut at = Vec::new();
        for (k, segment) in path.iter().enumerate() {
            at.push(segment.clone());
            if self.modules.contains_key(&at) {
                continue;
            }
            at.pop();
            let exported = self.modules.get(&at).and_then(|m| m.uses.get(segment));
            return match exported {
                // Paths that lead to each other are no Rust; 10 is more than any has.
                Some(to) if depth < 10 => self.resolve(&[to, &path[k + 1..]].concat(), depth + 1),
                _ => at,
            };
        }
        at
    }

    /// The rooms of two modules: in a room that is looked into, those inside it.
    fn rooms(&self, from: &[String], to: &[String]) -> (String, String) {
        let first = |module: &[String]| module.first().map_or("lib", String::as_str).to_owned();
        let (a, b) = (first(from), first(to));
        if a == b && self.deep.contains(&a.as_str()) {
            let inside = |module: &[String]| module[..module.len().min(2)].join("::");
            return (inside(from), inside(to));
        }
        (a, b)
    }
}

/// Reads a module and those it declares.
fn read(source: &Path, file: &Path, path: Vec<String>, modules: &mut Vec<Module>) -> io::Result<()> {
    let text = fs::read_to_string(source.join(file))?;
    let tokens = without_tests(tokens(&text));
    let mut module =
        Module { path: path.clone(), file: file.to_owned(), named: Vec::new(), uses: BTreeMap::new() };
    let mut children = Vec::new();
    // Modules written out, and at which depth of braces they end.
    let (mut here, mut ends, mut depth) = (path, Vec::new(), 0);
    let mut k = 0;
    while let Some(token) = tokens.get(k) {
        let next = |n: usize| tokens.get(k + n).map_or("", |t| t.text.as_str());
        match token.text.as_str() {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if ends.last() == Some(&depth) {
                    ends.pop();
                    here.pop();
                }
            }
            "mod" if next(2) == ";" => children.push([&here[..], &[next(1).to_owned()]].concat()),
            "mod" if next(2) == "{" => {
                here.push(next(1).to_owned());
                ends.push(depth);
            }
            "use" => {
                let mut leaves = Vec::new();
                k = tree(&tokens, k + 1, Vec::new(), &mut leaves);
                for leaf in leaves {
                    let Some(path) = absolute(&leaf.path, &here) else { continue };
                    if matches!(leaf.path[0].as_str(), "crate" | "super" | "self") {
                        module.named.push((path.clone(), leaf.line));
                    }
                    if ends.is_empty() {
                        module.uses.insert(leaf.name, path);
                    }
                }
                continue;
            }
            "crate" | "super" | "self" if next(1) == "::" => {
                let mut leaves = Vec::new();
                k = tree(&tokens, k, Vec::new(), &mut leaves);
                for leaf in leaves {
                    module.named.extend(absolute(&leaf.path, &here).map(|path| (path, leaf.line)));
                }
                continue;
            }
            _ => {}
        }
        k += 1;
    }
    modules.push(module);
    let stem = file.file_stem().unwrap_or_default();
    let parent = file.parent().unwrap_or(Path::new(""));
    let own = if stem == "lib" || stem == "mod" { parent.to_owned() } else { parent.join(stem) };
    for child in children {
        let name = child.last().map_or("", String::as_str);
        let (plain, nested) = (own.join(format!("{name}.rs")), own.join(name).join("mod.rs"));
        let file = if source.join(&plain).exists() { plain } else { nested };
        read(source, &file, child, modules)?;
    }
    Ok(())
}

/// From the crate's root; a bare path begins with what the module has or with another crate.
fn absolute(path: &[String], here: &[String]) -> Option<Vec<String>> {
    let mut at = here.to_vec();
    let mut rest = path;
    match path.first()?.as_str() {
        "crate" => {
            at.clear();
            rest = &path[1..];
        }
        "self" => rest = &path[1..],
        _ => {}
    }
    while let Some("super") = rest.first().map(String::as_str) {
        at.pop()?;
        rest = &rest[1..];
    }
    Some([&at, rest].concat())
}

/// One path of a tree of paths, and the name it has here.
struct Leaf {
    path: Vec<String>,
    name: String,
    line: usize,
}

/// Reads `a::b::{c, d as e}` from token `k` on; where it ends.
fn tree(tokens: &[Token], mut k: usize, mut path: Vec<String>, leaves: &mut Vec<Leaf>) -> usize {
    let text = |k: usize| tokens.get(k).map_or("", |t| t.text.as_str());
    let line = tokens.get(k).map_or(0, |t| t.line);
    loop {
        match text(k) {
            "{" => {
                k += 1;
                while !matches!(text(k), "}" | "") {
                    k = tree(tokens, k, path.clone(), leaves);
                    if text(k) == "," {
                        k += 1;
                    }
                }
                return k + 1;
            }
            "*" => {
                leaves.push(Leaf { path, name: "*".to_owned(), line });
                return k + 1;
            }
            word if word.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                // `{self, ...}` is the path before it.
                if word != "self" || path.is_empty() {
                    path.push(word.to_owned());
                }
                k += 1;
            }
            // No path: skipped.
            _ => return k + 1,
        }
        if text(k) == "::" && text(k + 1) != "<" {
            k += 1;
            continue;
        }
        let mut name = path.last().cloned().unwrap_or_default();
        if text(k) == "as" {
            name = text(k + 1).to_owned();
            k += 2;
        }
        leaves.push(Leaf { path, name, line });
        return k;
    }
}

// ---- tokens

#[derive(Clone, Debug)]
struct Token {
    text: String,
    line: usize,
}

/// Words, `::` and single signs; neither comments nor strings.
fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let at = |k: usize| chars.get(k).copied().unwrap_or('\0');
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let (mut k, mut line) = (0, 1);
    while k < chars.len() {
        let start = k;
        match at(k) {
            '/' if at(k + 1) == '/' => {
                while k < chars.len() && at(k) != '\n' {
                    k += 1;
                }
            }
            '/' if at(k + 1) == '*' => {
                let mut depth = 0;
                while k < chars.len() {
                    match (at(k), at(k + 1)) {
                        ('/', '*') => (depth, k) = (depth + 1, k + 2),
                        ('*', '/') => (depth, k) = (depth - 1, k + 2),
                        _ => k += 1,
                    }
                    if depth == 0 {
                        break;
                    }
                }
            }
            '"' => k = string(&chars, k),
            'r' | 'b' if raw(&chars, k).is_some() => k = raw(&chars, k).unwrap_or(k + 1),
            // A character or a lifetime.
            '\'' if at(k + 1) == '\\' => {
                k += 3;
                while k < chars.len() && at(k) != '\'' {
                    k += 1;
                }
                k += 1;
            }
            '\'' if at(k + 2) == '\'' => k += 3,
            ':' if at(k + 1) == ':' => {
                tokens.push(Token { text: "::".to_owned(), line });
                k += 2;
            }
            c if word(c) => {
                while k < chars.len() && word(at(k)) {
                    k += 1;
                }
                tokens.push(Token { text: chars[start..k].iter().collect(), line });
            }
            c => {
                if !c.is_whitespace() {
                    tokens.push(Token { text: c.to_string(), line });
                }
                k += 1;
            }
        }
        line += chars[start..k.min(chars.len())].iter().filter(|c| **c == '\n').count();
    }
    tokens
}

/// Behind the string that begins at `k`.
fn string(chars: &[char], mut k: usize) -> usize {
    k += 1;
    while k < chars.len() && chars[k] != '"' {
        k += if chars[k] == '\\' { 2 } else { 1 };
    }
    k + 1
}

/// Behind the raw string that begins at `k`, if one does.
fn raw(chars: &[char], k: usize) -> Option<usize> {
    let prefix = chars[k..].iter().take_while(|c| matches!(c, 'b' | 'r')).count();
    let marks = chars[k + prefix..].iter().take_while(|c| **c == '#').count();
    let after = k > 0 && (chars[k - 1].is_alphanumeric() || chars[k - 1] == '_');
    let open = k + prefix + marks;
    if after || prefix > 2 || chars.get(open) != Some(&'"') || !chars[k..k + prefix].contains(&'r') {
        return None;
    }
    let closes =
        |k: &usize| chars[*k] == '"' && chars[k + 1..].iter().take_while(|c| **c == '#').count() >= marks;
    let end = (open + 1..chars.len()).find(closes)?;
    Some(end + 1 + marks)
}

/// Without the items that only tests have: behind `cfg(test)`, and not behind what holds elsewhere, too.
fn without_tests(tokens: Vec<Token>) -> Vec<Token> {
    let is = |k: usize, text: &str| tokens.get(k).is_some_and(|t| t.text == text);
    let mut kept = Vec::new();
    let mut k = 0;
    while k < tokens.len() {
        if is(k, "#") && is(k + 1, "[") {
            let end = behind(&tokens, k + 1);
            let words: Vec<&str> = tokens[k..end].iter().map(|t| t.text.as_str()).collect();
            if words.contains(&"cfg")
                && words.contains(&"test")
                && !words.iter().any(|w| ["not", "any"].contains(w))
            {
                k = end;
                while is(k, "#") {
                    k = behind(&tokens, k + 1);
                }
                while k < tokens.len() && !is(k, ";") && !is(k, "{") {
                    k = if is(k, "(") || is(k, "[") { behind(&tokens, k) } else { k + 1 };
                }
                k = if is(k, "{") { behind(&tokens, k) } else { k + 1 };
                continue;
            }
        }
        kept.push(tokens[k].clone());
        k += 1;
    }
    kept
}

/// Behind the bracket that the one at `k` opens.
fn behind(tokens: &[Token], mut k: usize) -> usize {
    let mut depth = 0;
    while k < tokens.len() {
        match tokens[k].text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        k += 1;
        if depth == 0 {
            break;
        }
    }
    k
}

#[test]
fn paths_are_read_as_rust_reads_them() {
    let source = "
        // crate::comment
        #[cfg(test)] mod tests { use crate::x::Y; }
        #[cfg(not(test))] fn f() {}
        use crate::{ir::{self, Graph}, ops as o};
        pub(crate) fn f<'a>(c: char) -> super::a::B { let _ = ('\"', \"crate::s\", r#\"crate::\"r\"#); crate::d::<u8>() }
    ";
    let tokens = without_tests(tokens(source));
    let mut leaves = Vec::new();
    for k in 0..tokens.len() {
        let then = tokens.get(k + 1).is_some_and(|t| t.text == "::");
        if then && matches!(tokens[k].text.as_str(), "crate" | "super") {
            tree(&tokens, k, Vec::new(), &mut leaves);
        }
    }
    let found: Vec<_> = leaves.iter().map(|l| (l.path.join("::"), l.name.as_str(), l.line)).collect();
    let wanted = [
        ("crate::ir", "ir", 5),
        ("crate::ir::Graph", "Graph", 5),
        ("crate::ops", "o", 5),
        ("super::a::B", "B", 6),
        ("crate::d", "d", 6),
    ];
    assert_eq!(found, wanted.map(|(path, name, line)| (path.to_owned(), name, line)));
}
