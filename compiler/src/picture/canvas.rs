//! A scene on paper: how wide columns are, how high rows, and the lines between.

use super::{Leaf, Picture, Scene, Stage};
use crate::emit::svg::{self, Drawn};
use std::fmt::Write as _;

const PAD: f64 = 9.0;
const LEAD: f64 = 6.0;
const ACROSS: f64 = 46.0;
const BETWEEN: f64 = 14.0;
const DOWN: f64 = 38.0;
const MARGIN: f64 = 92.0;

/// What kind of line: a value, a cotangent, what is direct.
#[derive(Clone, Copy)]
enum Ink {
    Value,
    Cotangent,
    Direct,
    DirectBack,
}

impl Ink {
    fn classes(self) -> (&'static str, &'static str) {
        match self {
            Self::Value => ("a", "h"),
            Self::Cotangent => ("c a back", "c h"),
            Self::Direct => ("p a", "p h"),
            Self::DirectBack => ("p a back", "p h"),
        }
    }
}

/// A box of formulas, one under the other.
#[derive(Clone, Copy, Debug, Default)]
struct Frame {
    x: f64,
    y: f64,
    w: f64,
    h: f64,
}

impl Frame {
    fn middle(self) -> f64 {
        self.x + self.w / 2.0
    }

    fn bottom(self) -> f64 {
        self.y + self.h
    }
}

fn size(lines: &[Drawn]) -> (f64, f64) {
    if lines.is_empty() {
        return (0.0, 0.0);
    }
    let width = lines.iter().map(|d| d.width).fold(0.0, f64::max) + 2.0 * PAD;
    let height = lines.iter().map(Drawn::height).sum::<f64>() + LEAD * (lines.len() as f64 - 1.0) + 2.0 * PAD;
    (width, height)
}

struct Canvas {
    out: String,
}

impl Canvas {
    fn frame(&mut self, at: Frame, lines: &[Drawn], class: &str) {
        if lines.is_empty() {
            return;
        }
        let Frame { x, y, w, h } = at;
        let _ = write!(
            self.out,
            r#"<g class="{class}"><rect class="box {class}" x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" rx="6"/>"#
        );
        let (_, own) = size(lines);
        let mut top = y + PAD + (h - own) / 2.0;
        for line in lines {
            self.out.push_str(&line.at(x + (w - line.width) / 2.0, top + line.above));
            top += line.height() + LEAD;
        }
        self.out.push_str("</g>\n");
    }

    /// A line along points, with a head at the last one.
    fn arrow(&mut self, points: &[(f64, f64)], ink: Ink) {
        let (line, head) = ink.classes();
        let all: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(self.out, r#"<path class="{line}" d="M{}"/>"#, all.join(" L"));
        let [.., (x0, y0), (x, y)] = points else { return };
        let length = (x - x0).hypot(y - y0).max(1e-9);
        let (dx, dy) = ((x - x0) / length, (y - y0) / length);
        let (bx, by) = (x - 8.0 * dx, y - 8.0 * dy);
        let _ = writeln!(
            self.out,
            r#"<path class="{head}" d="M{x:.1},{y:.1} L{:.1},{:.1} L{:.1},{:.1} Z"/>"#,
            bx - 4.0 * dy,
            by + 4.0 * dx,
            bx + 4.0 * dy,
            by - 4.0 * dx
        );
    }

    fn line(&mut self, points: &[(f64, f64)], ink: Ink) {
        let all: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(self.out, r#"<path class="{}" d="M{}"/>"#, ink.classes().0, all.join(" L"));
    }

    fn words(&mut self, text: &str, x: f64, y: f64) {
        self.out.push_str(&svg::words(text).at(x, y));
        self.out.push('\n');
    }
}

/// Where everything is.
struct Places {
    start: Frame,
    forward: Vec<Frame>,
    back: Vec<Frame>,
    leaves: Vec<Vec<(Frame, Frame, Frame)>>,
    penalty: Frame,
    top: f64,
    lane: f64,
    width: f64,
    height: f64,
    rows: [f64; 5],
}

fn direct(leaf: &Leaf) -> Vec<Drawn> {
    leaf.direct.iter().cloned().collect()
}

fn places(scene: &Scene) -> Places {
    let leaf_width = |leaf: &Leaf| {
        let name = size(std::slice::from_ref(&leaf.name)).0;
        name.max(size(&leaf.gradient).0).max(size(&direct(leaf)).0)
    };
    let leaves_width = |stage: &Stage| {
        let all: f64 = stage.leaves.iter().map(leaf_width).sum();
        all + BETWEEN * (stage.leaves.len().max(1) as f64 - 1.0)
    };
    let most = |of: &dyn Fn(&Stage) -> f64| scene.stages.iter().map(of).fold(0.0, f64::max);
    let of_leaves =
        |of: &dyn Fn(&Leaf) -> f64| most(&|s: &Stage| s.leaves.iter().map(of).fold(0.0, f64::max));
    let heights = [
        of_leaves(&|l| size(std::slice::from_ref(&l.name)).1).max(size(&scene.penalties).1),
        most(&|s| size(&s.forward).1).max(size(&scene.start).1),
        most(&|s| size(&s.back).1),
        of_leaves(&|l| size(&l.gradient).1),
        of_leaves(&|l| size(&direct(l)).1),
    ];
    let has_lane = scene.stages.iter().flat_map(|s| &s.leaves).any(|l| l.mentioned || l.direct.is_some());
    let top = 14.0;
    let mut y = if has_lane { top + 24.0 } else { top };
    let mut rows = [0.0; 5];
    for (row, height) in rows.iter_mut().zip(heights) {
        *row = y;
        if height > 0.0 {
            y += height + DOWN;
        }
    }
    let lane = y - DOWN + 22.0;
    let height = if has_lane { lane + 16.0 } else { y - DOWN + 12.0 };
    let mut x = MARGIN;
    let (w, h) = size(&scene.start);
    let start = Frame { x, y: rows[1] + (heights[1] - h) / 2.0, w, h };
    if w > 0.0 {
        x += w + ACROSS;
    }
    let mut placed = Places {
        start,
        forward: Vec::new(),
        back: Vec::new(),
        leaves: Vec::new(),
        penalty: Frame::default(),
        top,
        lane,
        width: 0.0,
        height,
        rows,
    };
    let last = scene.stages.len().saturating_sub(1);
    for (k, stage) in scene.stages.iter().enumerate() {
        let (mut forward, mut back, above) = (size(&stage.forward), size(&stage.back), leaves_width(stage));
        // Wide enough that the arrows of what stands above are straight.
        if let ([first, .., end], true) = (stage.leaves.as_slice(), k != last) {
            let span = above - leaf_width(first).min(leaf_width(end)) + 24.0;
            forward.0 = forward.0.max(span);
            back.0 = if back.0 > 0.0 { back.0.max(span) } else { 0.0 };
        }
        let penalty = if k == last { size(&scene.penalties) } else { (0.0, 0.0) };
        let beside = if penalty.0 > 0.0 && above > 0.0 { BETWEEN } else { 0.0 };
        let width = forward.0.max(back.0).max(above + beside + penalty.0);
        let centred = |(w, h): (f64, f64), row: usize, tall: f64| Frame {
            x: x + (width - w) / 2.0,
            y: rows[row] + (tall - h) / 2.0,
            w,
            h,
        };
        placed.forward.push(centred(forward, 1, heights[1]));
        placed.back.push(centred(back, 2, heights[2]));
        let mut at = x + (width - above - beside - penalty.0) / 2.0;
        let mut frames = Vec::new();
        for leaf in &stage.leaves {
            let wide = leaf_width(leaf);
            let within =
                |(w, h): (f64, f64), row: usize| Frame { x: at + (wide - w) / 2.0, y: rows[row], w, h };
            let name = size(std::slice::from_ref(&leaf.name));
            let name = Frame { y: rows[0] + heights[0] - name.1, ..within(name, 0) };
            frames.push((name, within(size(&leaf.gradient), 3), within(size(&direct(leaf)), 4)));
            at += wide + BETWEEN;
        }
        if k == last {
            let at = if above > 0.0 { at - BETWEEN + beside } else { x + (width - penalty.0) / 2.0 };
            placed.penalty = Frame { x: at, y: rows[0] + heights[0] - penalty.1, w: penalty.0, h: penalty.1 };
        }
        placed.leaves.push(frames);
        x += width + ACROSS;
    }
    placed.width = x - ACROSS + 26.0;
    placed
}

/// The scene, drawn.
pub(super) fn drawn(scene: &Scene) -> Picture {
    let p = places(scene);
    let mut canvas = Canvas { out: String::new() };
    let c = &mut canvas;
    let last = scene.stages.len().saturating_sub(1);
    // The lines first, so that boxes lie upon them.
    if let (Some(first), true) = (p.forward.first(), p.start.w > 0.0) {
        let y = p.start.y + p.start.h / 2.0;
        c.arrow(&[(p.start.x + p.start.w, y), (first.x, y)], Ink::Value);
    }
    for (k, stage) in scene.stages.iter().enumerate() {
        let (to, to_back) = (p.forward[k], p.back[k]);
        for &j in &stage.reads {
            let (from, from_back) = (p.forward[j], p.back[j]);
            let (y, y_back) = (from.y + from.h / 2.0, from_back.y + from_back.h / 2.0);
            let returns = from_back.w > 0.0 && to_back.w > 0.0;
            if j + 1 == k {
                c.arrow(&[(from.x + from.w, y), (to.x, y)], Ink::Value);
                if returns {
                    c.arrow(&[(to_back.x, y_back), (from_back.x + from_back.w, y_back)], Ink::Cotangent);
                }
            } else {
                let over = p.rows[1] - 12.0;
                let (a, b) = (from.middle() + 10.0, to.x + 12.0);
                c.arrow(&[(a, from.y), (a, over), (b, over), (b, to.y)], Ink::Value);
                if returns {
                    let under = p.rows[3].max(p.rows[2]) - 12.0;
                    let (a, b) = (to_back.x + 12.0, from_back.middle() + 10.0);
                    let all = [(a, to_back.bottom()), (a, under), (b, under), (b, from_back.bottom())];
                    c.arrow(&all, Ink::Cotangent);
                }
            }
        }
        for (leaf, &(name, gradient, share)) in stage.leaves.iter().zip(&p.leaves[k]) {
            let reach = name.middle().clamp(to.x + 8.0, (to.x + to.w - 8.0).max(to.x + 8.0));
            let turn = name.bottom() + DOWN / 2.0;
            let straight = (reach - name.middle()).abs() < 0.5;
            if straight {
                c.arrow(&[(name.middle(), name.bottom()), (reach, to.y)], Ink::Value);
            } else {
                let all =
                    [(name.middle(), name.bottom()), (name.middle(), turn), (reach, turn), (reach, to.y)];
                c.arrow(&all, Ink::Value);
            }
            if gradient.w > 0.0 && to_back.w > 0.0 && !stage.back.is_empty() {
                let x = gradient.middle();
                let from = x.clamp(to_back.x + 8.0, (to_back.x + to_back.w - 8.0).max(to_back.x + 8.0));
                let turn = gradient.y - DOWN / 2.0;
                c.arrow(
                    &[(from, to_back.bottom()), (from, turn), (x, turn), (x, gradient.y)],
                    Ink::Cotangent,
                );
            }
            for &j in &leaf.also {
                again(c, &p, j, name, gradient);
            }
            if leaf.mentioned {
                c.line(&[(name.middle(), name.y), (name.middle(), p.top)], Ink::Direct);
            }
            if leaf.direct.is_some() {
                c.arrow(&[(share.middle(), p.lane), (share.middle(), share.bottom())], Ink::DirectBack);
                c.arrow(&[(share.middle(), share.y), (share.middle(), gradient.bottom())], Ink::DirectBack);
            }
        }
    }
    lanes(c, scene, &p, last);
    c.frame(p.start, &scene.start, "");
    for (k, stage) in scene.stages.iter().enumerate() {
        c.frame(p.forward[k], &stage.forward, "");
        c.frame(p.back[k], &stage.back, "c");
        for (leaf, &(name, gradient, share)) in stage.leaves.iter().zip(&p.leaves[k]) {
            c.frame(name, std::slice::from_ref(&leaf.name), "");
            c.frame(gradient, &leaf.gradient, "c");
            c.frame(share, &direct(leaf), "p");
        }
    }
    c.frame(p.penalty, &scene.penalties, "p");
    captions(c, scene, &p);
    Picture {
        title: scene.title.clone(),
        description: scene.description.clone(),
        width: p.width.ceil(),
        height: p.height.ceil(),
        body: canvas.out,
    }
}

/// What a later stage reads once more, and what it gives back.
fn again(c: &mut Canvas, p: &Places, stage: usize, name: Frame, gradient: Frame) {
    let (to, back) = (p.forward[stage], p.back[stage]);
    let (over, a, b) = (p.rows[1] - 20.0, name.x + name.w - 5.0, to.x + 6.0);
    c.arrow(&[(a, name.bottom()), (a, over), (b, over), (b, to.y)], Ink::Value);
    if gradient.w > 0.0 && back.w > 0.0 {
        let (under, a, b) = (p.rows[3] - 11.0, back.x + 6.0, gradient.x + gradient.w - 8.0);
        c.arrow(&[(a, back.bottom()), (a, under), (b, under), (b, gradient.y)], Ink::Cotangent);
    }
}

/// What goes along the top to the penalties and along the bottom back from the value.
fn lanes(c: &mut Canvas, scene: &Scene, p: &Places, last: usize) {
    let leaves = || scene.stages.iter().zip(&p.leaves).flat_map(|(s, f)| s.leaves.iter().zip(f));
    let Some(end) = p.forward.get(last).copied() else { return };
    let up = if p.penalty.w > 0.0 { p.penalty } else { end };
    // Beside what stands above the last stage, where that itself is meant.
    let x = if p.penalty.w > 0.0 { up.middle() } else { up.x + up.w - 10.0 };
    let mentioned = leaves().filter(|(l, _)| l.mentioned).map(|(_, f)| f.0.middle());
    if let Some(from) = mentioned.reduce(f64::min) {
        c.arrow(&[(from, p.top), (x, p.top), (x, up.y)], Ink::Direct);
    }
    if p.penalty.w > 0.0 {
        let x = p.penalty.middle().clamp(end.x + 6.0, (end.x + end.w - 6.0).max(end.x + 6.0));
        let turn = p.penalty.bottom() + DOWN / 2.0;
        let all =
            [(p.penalty.middle(), p.penalty.bottom()), (p.penalty.middle(), turn), (x, turn), (x, end.y)];
        c.arrow(&all, Ink::Direct);
    }
    let shares = leaves().filter(|(l, _)| l.direct.is_some()).map(|(_, f)| f.2.middle());
    if let Some(to) = shares.reduce(f64::min) {
        let right = p.width - 12.0;
        let y = end.y + end.h / 2.0;
        c.line(&[(end.x + end.w, y), (right, y), (right, p.lane), (to, p.lane)], Ink::DirectBack);
    }
}

fn captions(c: &mut Canvas, scene: &Scene, p: &Places) {
    let used = |row: usize| p.rows.get(row + 1).is_none_or(|next| *next > p.rows[row]);
    for (row, text) in ["given", "forward", "backward", "gradient"].iter().enumerate() {
        if used(row) {
            c.words(text, 6.0, p.rows[row] + 24.0);
        }
    }
    let any = scene.stages.iter().flat_map(|s| &s.leaves).any(|l| l.direct.is_some());
    if any {
        c.words(scene.lane, 6.0, p.rows[4] + 24.0);
    }
}
