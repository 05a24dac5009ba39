//! An objective of one or two numbers, plotted with its derivative: a curve and the curve of its slope, or heights as
//! shades with the gradient's arrows.

use crate::derived::Derived;
use gradsmith_compiler::emit::svg::escaped;
use gradsmith_compiler::eval::{Evaluator, Sizes};
use gradsmith_compiler::ir::{Graph, NodeId};
use gradsmith_compiler::pipeline::ObjectiveProgram;
use std::fmt::Write as _;

const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 320.0;
/// From −RANGE to RANGE.
const RANGE: f64 = 3.0;
const CELLS: usize = 36;
const ARROWS: usize = 12;

const STYLE: &str = "\
.gf{--gi:#1b1f24;--gm:#59636e;--gc:#0b57d0;--gp:#b3420a;color:var(--gi)}\
@media screen and (prefers-color-scheme:dark){.gf{--gi:#e8eaed;--gm:#a3acb8;--gc:#8ab4f8;--gp:#ffa657}}\
.gf text{fill:var(--gm);font:12px system-ui,sans-serif}.gf .f{fill:none;stroke:var(--gc);stroke-width:2}\
.gf .d{fill:none;stroke:var(--gp);stroke-width:2;stroke-dasharray:6 4}.gf .x{fill:none;stroke:var(--gm);stroke-width:1}\
.gf .g{fill:none;stroke:var(--gp);stroke-width:1.3}.gf .q{fill:var(--gc);shape-rendering:crispEdges}";

/// The plot, for an objective of one or two numbers that needs no arrays.
#[must_use]
pub(super) fn plot(derived: &Derived<'_>) -> Option<String> {
    let Derived::Objective(_, p) = derived else { return None };
    let g = &p.graph;
    let sizes = Sizes::new();
    let entries = |node: NodeId| -> Option<usize> {
        g.shape(node).iter().try_fold(1usize, |n, &e| n.checked_mul(g.extents.as_constant(e)?))
    };
    let mut wanted = 0;
    let mut labels = Vec::new();
    for (name, node) in &p.wrt {
        let n = entries(*node)?;
        wanted += n;
        if wanted > 2 {
            return None;
        }
        labels.extend((0..n).map(|k| if g.rank(*node) == 0 { name.clone() } else { format!("{name}[{k}]") }));
    }
    let is_variable = |node: NodeId| p.wrt.iter().any(|(_, v)| *v == node);
    let given: Vec<&str> = g
        .inputs()
        .iter()
        .filter(|i| !is_variable(i.node) && !p.directions.contains(&i.node))
        .map(|i| i.name.as_str())
        .collect();
    let scalar = g
        .inputs()
        .iter()
        .all(|i| is_variable(i.node) || p.directions.contains(&i.node) || g.rank(i.node) == 0);
    if !scalar {
        return None;
    }
    let at = |point: &[f64]| -> Vec<f64> {
        let mut left = point.iter().copied();
        let inputs: Vec<Vec<f64>> = g
            .inputs()
            .iter()
            .map(|i| match is_variable(i.node) {
                true => left.by_ref().take(entries(i.node).unwrap_or(0)).collect(),
                false => vec![1.0; entries(i.node).unwrap_or(0)],
            })
            .collect();
        values(g, p, &inputs, &sizes)
    };
    let (inner, says) = match labels.as_slice() {
        [x] => {
            (curve(&at), format!("f (solid) and its derivative (dashed) by {x}, from -{RANGE} to {RANGE}"))
        }
        [x, y] => (
            field(&at),
            format!(
                "f, the more colour the greater, and its gradient (arrows), {x} to the right and {y} upwards, from -{RANGE} to {RANGE}"
            ),
        ),
        _ => return None,
    };
    let inner = inner?;
    let given = if given.is_empty() { String::new() } else { format!("; {} = 1", given.join(" = ")) };
    let says = escaped(&format!("{says}{given}"));
    Some(format!(
        "<div class=\"scroll\"><svg xmlns=\"http://www.w3.org/2000/svg\" class=\"gf\" role=\"img\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         width=\"{WIDTH}\" height=\"{HEIGHT}\"><title>{says}</title><style>{STYLE}</style>{inner}</svg></div>\n<p class=\"legend\">{says}</p>\n"
    ))
}

/// The value, then the gradient's entries in the order of the inputs.
fn values(g: &Graph, p: &ObjectiveProgram, inputs: &[Vec<f64>], sizes: &Sizes) -> Vec<f64> {
    let mut evaluator = Evaluator::new(g, inputs, sizes);
    let mut out = evaluator.eval(p.value).to_vec();
    for input in g.inputs() {
        if let Some(k) = p.wrt.iter().position(|(_, v)| *v == input.node) {
            out.extend_from_slice(evaluator.eval(p.gradient[k]));
        }
    }
    out
}

fn across(x: f64) -> f64 {
    (x + RANGE) / (2.0 * RANGE) * WIDTH
}

fn curve(at: &dyn Fn(&[f64]) -> Vec<f64>) -> Option<String> {
    const POINTS: usize = 240;
    let all: Vec<(f64, Vec<f64>)> = (0..=POINTS)
        .map(|k| -RANGE + 2.0 * RANGE * k as f64 / POINTS as f64)
        .map(|x| (x, at(&[x])))
        .collect();
    let mut finite: Vec<f64> =
        all.iter().flat_map(|(_, v)| v.iter().copied()).filter(|v| v.is_finite()).collect();
    finite.sort_by(f64::total_cmp);
    // Poles do not flatten all the rest.
    let (low, high) = (*finite.get(finite.len() / 50)?, *finite.get(finite.len() - 1 - finite.len() / 50)?);
    let span = (high - low).max(1e-9);
    let y = |v: f64| HEIGHT - 16.0 - (v - low) / span * (HEIGHT - 32.0);
    let mut out = String::new();
    if low < 0.0 && high > 0.0 {
        let _ = write!(out, r#"<path class="x" d="M0,{0:.1} L{WIDTH},{0:.1}"/>"#, y(0.0));
    }
    let _ = write!(out, r#"<path class="x" d="M{0:.1},0 L{0:.1},{HEIGHT}"/>"#, across(0.0));
    for (k, class) in [(0, "f"), (1, "d")] {
        let mut path = String::new();
        let mut down = false;
        for (x, v) in &all {
            match v.get(k).copied().map(y) {
                Some(y) if y.is_finite() && (-HEIGHT..2.0 * HEIGHT).contains(&y) => {
                    let _ = write!(path, "{}{:.1},{y:.1} ", if down { "L" } else { "M" }, across(*x));
                    down = true;
                }
                _ => down = false,
            }
        }
        let _ = write!(out, r#"<path class="{class}" d="{}"/>"#, path.trim_end());
    }
    for (text, v) in [(high, high), (low, low)] {
        let _ = write!(
            out,
            r#"<text x="4" y="{:.1}">{text:.3}</text>"#,
            y(v) + if v == high { 12.0 } else { -4.0 }
        );
    }
    Some(out)
}

fn field(at: &dyn Fn(&[f64]) -> Vec<f64>) -> Option<String> {
    let place = |k: usize, n: usize| -RANGE + 2.0 * RANGE * (k as f64 + 0.5) / n as f64;
    let heights: Vec<f64> = (0..CELLS * CELLS)
        .map(|k| at(&[place(k % CELLS, CELLS), place(k / CELLS, CELLS)]).first().copied().unwrap_or(f64::NAN))
        .collect();
    let mut sorted: Vec<f64> = heights.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    if sorted.len() < 2 {
        return None;
    }
    let mut out = String::new();
    let (w, h) = (WIDTH / CELLS as f64, HEIGHT / CELLS as f64);
    for (k, v) in heights.iter().enumerate() {
        if !v.is_finite() {
            continue;
        }
        // By rank, so that steep functions have shades everywhere; in steps, which look like contours.
        let rank = sorted.partition_point(|s| s < v) as f64 / (sorted.len() - 1) as f64;
        let shade = (rank * 10.0).floor() / 10.0 * 0.55;
        let (x, y) = ((k % CELLS) as f64 * w, HEIGHT - ((k / CELLS) as f64 + 1.0) * h);
        let _ = write!(
            out,
            r#"<rect class="q" x="{x:.1}" y="{y:.1}" width="{:.1}" height="{:.1}" fill-opacity="{shade:.2}"/>"#,
            w, h
        );
    }
    for k in 0..ARROWS * ARROWS {
        let point = [place(k % ARROWS, ARROWS), place(k / ARROWS, ARROWS)];
        let v = at(&point);
        let [_, gx, gy] = v.as_slice() else { return None };
        let norm = gx.hypot(*gy);
        if !(norm.is_finite() && norm > 0.0) {
            continue;
        }
        let length = 11.0 * norm.ln_1p() / (1.0 + norm.ln_1p()) + 4.0;
        let (dx, dy) = (gx / norm * length, -gy / norm * length);
        let (x, y) = (across(point[0]), HEIGHT - (point[1] + RANGE) / (2.0 * RANGE) * HEIGHT);
        let (tx, ty) = (x + dx, y + dy);
        let (hx, hy) = (dx / length * 5.0, dy / length * 5.0);
        let _ = write!(
            out,
            r#"<path class="g" d="M{x:.1},{y:.1} L{tx:.1},{ty:.1} M{:.1},{:.1} L{tx:.1},{ty:.1} L{:.1},{:.1}"/>"#,
            tx - hx - 0.6 * hy,
            ty - hy + 0.6 * hx,
            tx - hx + 0.6 * hy,
            ty - hy - 0.6 * hx
        );
    }
    Some(out)
}
