//! The derivation: what a cost is, each of its derivatives term by term, and why a term does or does not enter.
//!
//! Built once as a list of lines, written as text or as LaTeX.

use crate::diff;
use crate::emit::{self, View};
use crate::ir::{Graph, NodeId, Op};
use crate::lower::cost::{Part, Term};
use crate::pipeline::{CostProgram, NetworkProgram, ObjectiveProgram};
use crate::simplify::{self, Log};

/// A derivation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Derivation {
    sections: Vec<Section>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Section {
    title: [String; 2],
    lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    /// In front: the user's words for a term, or the left side. As text and as LaTeX.
    left: [String; 2],
    /// The formula, as text and as LaTeX; none where only the note speaks.
    right: Option<[String; 2]>,
    note: String,
    /// `=` between the two sides, rather than `:`.
    equation: bool,
}

const TEXT: usize = 0;
const LATEX: usize = 1;

impl Derivation {
    fn section(&mut self, text: &str, latex: &str) -> &mut Vec<Line> {
        self.sections.push(Section { title: [text.to_owned(), latex.to_owned()], lines: Vec::new() });
        match self.sections.last_mut() {
            Some(section) => &mut section.lines,
            None => unreachable!("a section was just pushed"),
        }
    }

    /// As plain text: sections, each line a formula with its reason.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        for section in self.sections.iter().filter(|s| !s.lines.is_empty()) {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(&section.title[TEXT]);
            out.push('\n');
            let width = section.lines.iter().map(|l| l.left[TEXT].chars().count()).max().unwrap_or(0);
            for line in &section.lines {
                let left = &line.left[TEXT];
                let pad = " ".repeat(width - left.chars().count());
                let sign = if line.equation { " = " } else { ": " };
                let right = line.right.as_ref().map_or("", |r| &r[TEXT]);
                let gap = if right.is_empty() || line.note.is_empty() { "" } else { "    " };
                let note = if line.note.is_empty() { String::new() } else { format!("{gap}({})", line.note) };
                let (before, after) = if line.equation { (pad.as_str(), "") } else { ("", pad.as_str()) };
                out.push_str(format!("  {left}{before}{sign}{after}{right}{note}").trim_end());
                out.push('\n');
            }
        }
        out
    }

    /// As LaTeX: one `aligned` block a section.
    #[must_use]
    pub fn latex(&self) -> String {
        let mut out = String::new();
        for section in self.sections.iter().filter(|s| !s.lines.is_empty()) {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(&format!("% {}\n\\begin{{aligned}}\n", section.title[LATEX]));
            let lines: Vec<String> = section
                .lines
                .iter()
                .map(|line| {
                    let left = &line.left[LATEX];
                    let sign = if line.equation { "=" } else { ":" };
                    let right = line.right.as_ref().map_or("", |r| &r[LATEX]);
                    let note = if line.note.is_empty() {
                        String::new()
                    } else {
                        format!(" && \\text{{{}}}", escaped(&line.note))
                    };
                    format!("  {left} &{sign} {right}{note}")
                })
                .collect();
            out.push_str(&lines.join(" \\\\\n"));
            out.push_str("\n\\end{aligned}\n");
        }
        out
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '_' | '%' | '&' | '#' | '$' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            '^' => out.push_str("\\^{}"),
            '~' => out.push_str("\\~{}"),
            '\\' => out.push_str("\\textbackslash{}"),
            '∂' => out.push_str("$\\partial$"),
            'δ' => out.push_str("$\\delta$"),
            'ᵀ' => out.push_str("$^{\\top}$"),
            'λ' => out.push_str("$\\lambda$"),
            '√' => out.push_str("$\\sqrt{}$"),
            _ => out.push(c),
        }
    }
    out
}

/// What the user wrote: each local on a line of its own, and what the last expression is.
fn stated(text: &str, last: &str) -> Vec<String> {
    let mut lines: Vec<String> =
        text.split(';').map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    if let Some(line) = lines.last_mut() {
        *line = format!("{last} = {line}");
    }
    lines
}

/// Writes nodes of one graph.
struct Pen<'a> {
    g: &'a Graph,
    view: View,
}

impl Pen<'_> {
    fn formula(&self, node: NodeId) -> [String; 2] {
        let lines = emit::lines(self.g, node, &self.view);
        [lines.text(), lines.latex()]
    }

    fn equation(&self, text: &str, latex: &str, node: NodeId, note: &str) -> Line {
        Line {
            left: [text.to_owned(), latex.to_owned()],
            right: Some(self.formula(node)),
            note: note.to_owned(),
            equation: true,
        }
    }

    /// A term that has no share in a derivative, and why.
    fn absent(&self, term: &Term, by: &str) -> Line {
        let [text, latex] = self.formula(term.node);
        Line {
            left: [term.origin.clone(), format!("\\text{{{}}}", escaped(&term.origin))],
            right: Some([
                format!("0, because {text} does not mention {by}"),
                format!(
                    "0 \\text{{, because }} {latex} \\text{{ does not mention }} {}",
                    emit::latex_name(by)
                ),
            ]),
            note: String::new(),
            equation: false,
        }
    }

    fn of_term(&self, origin: &str, node: Option<NodeId>, note: &str) -> Line {
        Line {
            left: [origin.to_owned(), format!("\\text{{{}}}", escaped(origin))],
            right: node.map(|n| self.formula(n)),
            note: note.to_owned(),
            equation: false,
        }
    }
}

fn partial_latex(by: &str) -> String {
    format!("\\frac{{\\partial C}}{{\\partial {}}}", emit::latex_name(by))
}

fn plain(text: &str, latex: &str, right: &str, right_latex: &str) -> Line {
    Line {
        left: [text.to_owned(), latex.to_owned()],
        right: Some([right.to_owned(), right_latex.to_owned()]),
        note: String::new(),
        equation: true,
    }
}

/// Both sides without the `sum(...)` or `dot(y, ...)` around both, which a rule has only to be a number.
fn bare<'a>(lhs: &'a str, rhs: &'a str) -> (&'a str, &'a str) {
    let inside = |text: &'a str, wrapper: &str| {
        let inner = text.strip_prefix(wrapper)?.strip_suffix(')')?;
        let mut depth = 0;
        for c in inner.chars() {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            if depth < 0 {
                return None;
            }
        }
        Some(inner)
    };
    for wrapper in ["sum(", "dot(y, "] {
        if let (Some(l), Some(r)) = (inside(lhs, wrapper), inside(rhs, wrapper)) {
            return (l, r);
        }
    }
    (lhs, rhs)
}

fn rules(derivation: &mut Derivation, log: &Log) {
    if log.fired.is_empty() {
        return;
    }
    let lines = derivation.section("rewritten with", "rewritten with");
    for rule in log.rules() {
        let (lhs, rhs) = bare(rule.lhs, rule.rhs);
        lines.push(Line {
            left: [rule.name.to_owned(), format!("\\text{{{}}}", escaped(rule.name))],
            right: Some([
                format!("{lhs} = {rhs}"),
                format!("\\texttt{{{}}} = \\texttt{{{}}}", escaped(lhs), escaped(rhs)),
            ]),
            note: rule.domain.to_owned(),
            equation: false,
        });
    }
}

/// Derivatives of single terms, each simplified.
struct ByTerm {
    g: Graph,
    nodes: Vec<Vec<NodeId>>,
}

fn by_term(graph: &Graph, terms: &[Term], by: &[NodeId]) -> ByTerm {
    let mut g = graph.clone();
    let mut roots = Vec::new();
    for t in terms {
        roots.extend(diff::gradient(&mut g, t.node, by));
    }
    let (roots, _) = simplify::simplify(&mut g, &roots);
    let nodes = if by.is_empty() {
        vec![Vec::new(); terms.len()]
    } else {
        roots.chunks(by.len()).map(<[NodeId]>::to_vec).collect()
    };
    ByTerm { g, nodes }
}

/// The derivation of a cost alone: ∂C/∂a and the direct partials.
#[must_use]
pub fn cost(program: &CostProgram, text: &str) -> Derivation {
    let mut d = Derivation::default();
    let pen = Pen { g: &program.graph, view: View::default() };
    let lines = d.section(&format!("C = {text}"), &format!("C = {text}"));
    for t in &program.terms {
        let note = match t.part {
            Part::Data => "of one example; the batch's cost is the mean over its m examples",
            Part::Penalty => "a penalty: the same for every example, so the mean leaves it as it is",
            Part::Constant => "a constant",
        };
        lines.push(pen.of_term(&t.origin, Some(t.node), note));
    }
    let a = program.graph.inputs().iter().find(|i| i.name == "a").map(|i| i.node);
    let mut by: Vec<(String, NodeId, NodeId)> = Vec::new();
    by.extend(a.map(|a| ("a".to_owned(), a, program.d_activation)));
    by.extend(program.tensors.iter().map(|t| (t.partial.name.clone(), t.partial.by, t.partial.node)));
    let wrt: Vec<NodeId> = by.iter().map(|(_, n, _)| *n).collect();
    let shares = by_term(&program.graph, &program.terms, &wrt);
    let share_pen = Pen { g: &shares.g, view: View::default() };
    for (k, (name, node, whole)) in by.iter().enumerate() {
        let title = if name == "a" {
            "∂C/∂a, of one example".to_owned()
        } else {
            format!("∂C/∂{name}, direct")
        };
        let lines = d.section(&title, &title.replace('∂', "d"));
        for (t, nodes) in program.terms.iter().zip(&shares.nodes) {
            let mentions = program.graph.reachable(&[t.node]).contains(node);
            lines.push(if mentions {
                share_pen.of_term(&t.origin, Some(nodes[k]), "")
            } else {
                pen.absent(t, name)
            });
        }
        let (text, latex) = (format!("∂C/∂{name}"), partial_latex(name));
        lines.push(match name.as_str() {
            _ if program.graph.is_zero(*whole) => plain(&text, &latex, "0", "0"),
            "a" => pen.equation(&text, &latex, *whole, "times 1/m in the mean over the batch"),
            _ => pen.equation(&text, &latex, *whole, ""),
        });
    }
    if program.tensors.iter().any(|t| t.partial.role == crate::lower::Role::Weight) {
        let lines = d.section("total derivative by a weight", "total derivative by a weight");
        lines.push(plain(
            "dC/dw",
            "\\frac{dC}{dw}",
            "δ * a_prev' + ∂C/∂w    (back-propagation adds δ * a_prev' to the direct part)",
            "\\delta a_{\\mathrm{prev}}^{\\top} + \\frac{\\partial C}{\\partial w}",
        ));
    }
    rules(&mut d, &program.log);
    d
}

/// The derivation of a network: forwards, the cost, backwards, the gradient.
#[must_use]
pub fn network(program: &NetworkProgram, network: &str, cost: &str) -> Derivation {
    let mut d = Derivation::default();
    let g = &program.graph;
    let pen = Pen { g, view: View::of_batch(program.batch) };
    let lines = d.section(&format!("network {network}"), &format!("network {network}"));
    let mut shown: Vec<NodeId> = Vec::new();
    for (name, node) in &program.values {
        if shown.contains(node) {
            let known = g.name(*node).unwrap_or(name);
            if known != name {
                lines.push(plain(name, &emit::latex_name(name), known, &emit::latex_name(known)));
            }
            continue;
        }
        shown.push(*node);
        lines.push(pen.equation(name, &emit::latex_name(name), *node, ""));
    }
    // The cost comes before its derivatives, so it is written without their names.
    let mut forward = g.clone();
    forward.forget_names(program.deltas.iter().map(|(name, _)| name.as_str()));
    let forward = Pen { g: &forward, view: View::of_batch(program.batch) };
    let lines = d.section(&format!("C = {cost}"), &format!("C = {cost}"));
    for t in &program.terms {
        let note = match t.part {
            Part::Data => "the mean over the m examples of the batch",
            Part::Penalty => "a penalty: counted once",
            Part::Constant => "a constant",
        };
        lines.push(forward.of_term(&t.origin, Some(t.node), note));
    }
    let lines = d.section("backwards, for one example", "backwards, for one example");
    for (name, node) in &program.deltas {
        lines.push(pen.equation(name, &emit::latex_name(name), *node, ""));
    }
    let lines = d.section("gradient", "gradient");
    for (partial, direct) in program.gradient.iter().zip(&program.direct) {
        let note = if g.is_zero(*direct) {
            "no penalty mentions it".to_owned()
        } else {
            format!("the penalty's direct share is {}", emit::text(g, *direct, &pen.view))
        };
        let (text, latex) = (format!("dC/d{}", partial.name), total_latex(&partial.name));
        lines.push(pen.equation(&text, &latex, partial.node, &note));
    }
    rules(&mut d, &program.log);
    d
}

fn total_latex(by: &str) -> String {
    format!("\\frac{{dC}}{{d{}}}", emit::latex_name(by))
}

/// The derivation of an objective: value, gradient, Hessian.
#[must_use]
pub fn objective(program: &ObjectiveProgram, text: &str, residual: bool) -> Derivation {
    let mut d = Derivation::default();
    let pen = Pen { g: &program.graph, view: View::default() };
    let title = stated(text, if residual { "f = sum(r.^2)/2, r" } else { "f" });
    let lines = d.section(&title.join("\n"), &title.join("\n% "));
    for local in program.graph.reachable(&[program.value]) {
        let input = matches!(program.graph.op(local), Op::Input(_));
        if let Some(name) = program.graph.name(local).filter(|_| !input && local != program.value) {
            lines.push(pen.equation(name, &emit::latex_name(name), local, ""));
        }
    }
    lines.push(pen.equation("f", "f", program.value, ""));
    let lines = d.section("gradient", "gradient");
    for ((name, _), node) in program.wrt.iter().zip(&program.gradient) {
        let latex = format!("\\frac{{\\partial f}}{{\\partial {}}}", emit::latex_name(name));
        lines.push(pen.equation(&format!("∂f/∂{name}"), &latex, *node, ""));
    }
    let lines = d.section("Hessian", "Hessian");
    for (i, row) in program.hessian.iter().enumerate() {
        for (j, node) in row.iter().enumerate() {
            let (a, b) = (&program.wrt[i].0, &program.wrt[j].0);
            let below = [a, b].map(|name| emit::latex_name(name));
            let (text, below) = if i == j {
                (format!("∂²f/∂{a}²"), format!("\\partial {}^2", below[0]))
            } else {
                (format!("∂²f/∂{a}∂{b}"), format!("\\partial {} \\partial {}", below[0], below[1]))
            };
            let latex = format!("\\frac{{\\partial^2 f}}{{{below}}}");
            lines.push(pen.equation(&text, &latex, *node, ""));
        }
    }
    let lines = d.section("Hessian times v", "Hessian times v");
    for ((name, _), node) in program.wrt.iter().zip(&program.product) {
        let latex = format!("(H v)_{{{}}}", emit::latex_name(name));
        lines.push(pen.equation(&format!("(Hv)_{name}"), &latex, *node, ""));
    }
    rules(&mut d, &program.log);
    d
}
