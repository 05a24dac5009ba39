//! The page on the language that users read, `src/language.md` of the facade, held against the compiler: each
//! row of its tables is parsed and lowered, and its tables of functions, losses, penalties and activations
//! have a row for each there is, and no other.

use gradsmith_compiler::catalog::{self, Kind};
use gradsmith_compiler::diag::Diagnostics;
use gradsmith_compiler::emit::{self, View};
use gradsmith_compiler::lower::network::{self, Parsed};
use gradsmith_compiler::lower::{BUILTINS, FORMS, Role, cost, objective};
use gradsmith_compiler::ops::elementwise;
use gradsmith_compiler::source::{Place, SourceId, Span};
use gradsmith_compiler::syntax::ast::Declaration;
use gradsmith_compiler::syntax::parse;
use std::collections::BTreeSet;

/// The names that the page's examples speak of, with the shapes it says they have.
const NAMES: &str = "s: scalar, c: scalar, x: vector[n], y: vector[n], v: vector[d], \
                     X: matrix[n, d], Y: matrix[n, d], A: matrix[n, n], B: matrix[n, n], \
                     T: tensor[n, d, 3], p: indices[m]";

/// A table: what its first column holds, and each row's cells.
struct Table {
    kind: String,
    rows: Vec<Vec<String>>,
}

fn tables() -> Vec<Table> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../src/language.md");
    let page = std::fs::read_to_string(page).expect("the page is in the repository");
    let mut tables: Vec<Table> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        let cells = cells(line);
        match (cells, inside) {
            (None, _) => inside = false,
            (Some(cells), false) => {
                inside = true;
                tables.push(Table { kind: cells[0].clone(), rows: Vec::new() });
            }
            (Some(cells), true) if cells.iter().all(|c| c == "---") => {}
            (Some(cells), true) => tables.last_mut().expect("a head came first").rows.push(cells),
        }
    }
    tables
}

/// The cells of a row.
fn cells(line: &str) -> Option<Vec<String>> {
    let line = line.strip_prefix('|')?.strip_suffix('|')?;
    Some(line.split('|').map(|cell| cell.trim().to_owned()).collect())
}

/// What a cell has in backticks.
fn codes(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

fn rows(kind: &str) -> Vec<Vec<String>> {
    tables().into_iter().filter(|t| t.kind == kind).flat_map(|t| t.rows).collect()
}

fn declared(text: &str) -> Vec<Declaration> {
    parse::declarations(text, SourceId::Declarations).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// The sum of what an expression gives, lowered and written down again.
fn lowered(text: &str) -> Result<String, Diagnostics> {
    // A `;` within brackets is a block's.
    let outside = |result: &str| !result.contains(']') || result.contains('[');
    let split = text.rsplit_once(';').filter(|(_, result)| outside(result));
    let (locals, result) = split.unwrap_or(("", text));
    let text = if locals.is_empty() { format!("sum({result})") } else { format!("{locals}; sum({result})") };
    let program = parse::program(&text, SourceId::Expression)?;
    let found = objective::lower(&text, &program, &[], &declared(NAMES), &[], objective::Wanted::Scalar)?;
    Ok(emit::text(&found.graph, found.value, &View::default()))
}

#[track_caller]
fn accepted<T>(text: &str, result: Result<T, Diagnostics>) -> T {
    result.unwrap_or_else(|errors| {
        let messages: Vec<String> = errors.iter().map(|e| e.message.clone()).collect();
        panic!("the page has `{text}`, the compiler says: {messages:?}")
    })
}

/// What the language calls as a function, but for the catalog.
fn functions() -> BTreeSet<&'static str> {
    let rows = elementwise::ALL.iter().filter(|op| op.public).map(|op| op.name);
    rows.chain(BUILTINS.iter().map(|(name, ..)| *name)).collect()
}

/// The names before a `(`.
fn called(text: &str) -> Vec<&str> {
    text.match_indices('(')
        .map(|(at, _)| {
            let head = &text[..at];
            let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            &head[head.rfind(|c| !name(c)).map_or(0, |last| last + 1)..]
        })
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn each_table_is_one_that_is_checked() {
    let kinds: BTreeSet<String> = tables().into_iter().map(|t| t.kind).collect();
    let checked = [
        "activation",
        "declaration",
        "define",
        "density",
        "expression",
        "form",
        "function",
        "loss",
        "network",
    ];
    let checked: BTreeSet<String> =
        checked.into_iter().chain(["penalty", "text"]).map(str::to_owned).collect();
    assert_eq!(kinds, checked);
}

#[test]
fn each_expression_lowers() {
    for kind in ["expression", "form", "function"] {
        for row in rows(kind) {
            let examples = codes(&row[0]);
            assert!(!examples.is_empty(), "a row without an example: {row:?}");
            for text in examples {
                accepted(text, lowered(text));
            }
        }
    }
}

#[test]
fn forms_with_indices_are_said_with_examples_that_lower() {
    let names: BTreeSet<&str> = FORMS.iter().map(|form| form.name).collect();
    assert_eq!(names.len(), FORMS.len(), "each once");
    for form in FORMS {
        accepted(form.example, lowered(form.example));
        let shown = format!("{}[", form.name);
        assert_eq!(form.syntax.contains(&shown), form.example.contains(&shown), "{}", form.name);
    }
    for name in functions() {
        let over_indices = lowered(&format!("{name}[i](x[i])")).is_ok();
        assert!(!over_indices || names.contains(name), "`{name}[i](...)` has no form");
    }
}

#[test]
fn texts_said_to_be_the_same_are() {
    for row in rows("text") {
        let both: Vec<&str> = row.iter().flat_map(|cell| codes(cell)).collect();
        let [left, right] = both.as_slice() else { panic!("two texts are expected: {row:?}") };
        assert_eq!(accepted(left, lowered(left)), accepted(right, lowered(right)), "{left} and {right}");
    }
    // Texts that differ are told apart by this.
    assert_ne!(accepted("-x.^2", lowered("-x.^2")), accepted("(-x).^2", lowered("(-x).^2")));
}

#[test]
fn each_function_has_a_row_and_each_row_is_a_function() {
    let rows = rows("function");
    let shown: BTreeSet<&str> =
        rows.iter().flat_map(|row| codes(&row[0])).flat_map(|text| called(text)).collect();
    assert_eq!(shown, functions());
}

#[test]
fn each_entry_of_the_catalog_has_a_row_with_its_definition() {
    for (header, kind) in [("loss", Kind::Loss), ("penalty", Kind::Penalty), ("activation", Kind::Activation)]
    {
        let shown: Vec<String> = rows(header)
            .iter()
            .map(|row| {
                let text = format!("{} = {}", codes(&row[0])[0], codes(&row[1])[0]);
                match parse::definition(&text, SourceId::Catalog) {
                    Ok(definition) => definition.to_string(),
                    Err(error) => panic!("{text}: {error}"),
                }
            })
            .collect();
        let entries = catalog::all().iter().filter(|e| e.kind == kind).map(|e| e.definition.to_string());
        assert_eq!(shown, entries.collect::<Vec<_>>());
    }
}

#[test]
fn each_density_of_the_catalog_has_a_row_with_its_parameters() {
    let shown: Vec<String> = rows("density").iter().map(|row| codes(&row[0])[0].to_owned()).collect();
    let entries = catalog::all().iter().filter(|e| e.kind == Kind::Density);
    let calls: Vec<String> = entries
        .map(|e| {
            let params: Vec<&str> = e.definition.params.iter().map(|p| p.name.name.as_str()).collect();
            format!("{}({})", e.name(), params.join(", "))
        })
        .collect();
    assert_eq!(shown, calls);
    for call in shown {
        let variables = "x: vector[n], y: vector[n], mu: vector[n], alpha: vector[n], beta: scalar, sigma: vector[n], \
                         nu: scalar, a: vector[n], b: scalar, s: scalar, rate: scalar, n: vector[n], p: vector[n], \
                         phi: scalar, S: matrix[n, n]";
        let text = format!("sum({call})");
        let program = parse::program(&text, SourceId::Expression).unwrap_or_else(|e| panic!("{text}: {e}"));
        let wanted = objective::Wanted::Scalar;
        accepted(&text, objective::lower(&text, &program, &[], &declared(variables), &[], wanted));
    }
}

#[test]
fn each_definition_can_be_used_as_shown() {
    let tensors: Vec<(Declaration, Role)> =
        declared("w: matrix[r, c], b: vector[r]").into_iter().zip([Role::Weight, Role::Bias]).collect();
    for row in rows("define") {
        let (definition, used) = (codes(&row[0])[0], codes(&row[1])[0]);
        let source = SourceId::Define(0);
        let parsed = parse::definition(definition, source).unwrap_or_else(|e| panic!("{definition}: {e}"));
        let defines = [(parsed, source, definition.to_owned())];
        let program = parse::program(used, SourceId::Expression).unwrap_or_else(|e| panic!("{used}: {e}"));
        accepted(used, cost::lower(used, &program, &defines, &[], &tensors, true));
    }
}

#[test]
fn each_network_lowers() {
    let text = "quadratic + l2(0.1) + l2(0.1, b)";
    let program = parse::program(text, SourceId::Expression).expect("a cost");
    for row in rows("network") {
        let network = codes(&row[0])[0];
        let declarations = codes(&row[1]).first().copied().unwrap_or_default();
        let tree = parse::network(network, SourceId::Network).unwrap_or_else(|e| panic!("{network}: {e}"));
        let spelled = accepted(network, network::spell(&tree, &declared(declarations), &[]));
        let parts = Parsed {
            network,
            declarations,
            spelled: &spelled,
            text,
            program: &program,
            defines: &[],
            hyper: &[],
        };
        accepted(network, network::lower(parts));
    }
}

#[test]
fn each_declaration_declares_a_variable() {
    for row in rows("declaration") {
        for text in codes(&row[0]) {
            let variables = declared(text);
            let [variable] = variables.as_slice() else { panic!("one variable is expected: {text}") };
            let name = variable.name.name.clone();
            let expression = format!("sum({name})");
            let program = parse::program(&expression, SourceId::Expression).expect("a sum");
            let wrt = [(name, Place { source: SourceId::Declarations, span: Span::default() })];
            let wanted = objective::Wanted::Scalar;
            accepted(text, objective::lower(&expression, &program, &[], &variables, &wrt, wanted));
        }
    }
}
