//! A plot as the text of an SVG.

use std::fmt::Write;

use super::axis::Axis;
use super::{Kind, Plot, Series};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 20.0;
const BOTTOM: f64 = 54.0;
/// The height of a line of the legend.
const LINE: f64 = 18.0;
/// How wide a letter is, about: there is no font here to be measured.
const LETTER: f64 = 6.4;

/// Where the axes are, and what is where along them.
struct Area {
    x: Axis,
    y: Axis,
    top: f64,
}

pub(super) fn draw(plot: &Plot) -> String {
    let legend = legend(&plot.series);
    let title = if plot.title.is_empty() { 0.0 } else { 24.0 };
    let lines = legend.last().map_or(0.0, |entry| entry.line + 1.0);
    let xs = plot.series.iter().flat_map(|series| series.x.iter().copied());
    let ys = plot.series.iter().flat_map(|series| series.y.iter().chain(upper(series)).copied());
    let (x, y) = (Axis::of(xs, false), Axis::of(ys, plot.logarithmic));
    let x = if plot.counted { x.whole() } else { x };
    let area = Area { x, y, top: 16.0 + title + lines * LINE };

    let mut svg = String::new();
    // Writing to a text cannot fail.
    let _ = writeln!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="sans-serif" font-size="12" fill="#222222">
<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>"##
    );
    if !plot.title.is_empty() {
        text(&mut svg, (WIDTH + LEFT - RIGHT) / 2.0, 24.0, "middle", r#" font-size="15""#, &plot.title);
    }
    for entry in &legend {
        entry.draw(&mut svg, 8.0 + title + LINE * (entry.line + 0.5));
    }
    area.grid(&mut svg, plot);
    for series in &plot.series {
        area.series(&mut svg, series);
    }
    svg.push_str("</svg>\n");
    svg
}

/// The upper end of a band; nothing of others.
fn upper(series: &Series) -> &[f64] {
    match &series.kind {
        Kind::Band { upper } => upper,
        _ => &[],
    }
}

impl Area {
    fn across(&self, x: f64) -> Option<f64> {
        self.x.place(x).map(|place| LEFT + place * (WIDTH - LEFT - RIGHT))
    }

    fn down(&self, y: f64) -> Option<f64> {
        self.y.place(y).map(|place| HEIGHT - BOTTOM - place * (HEIGHT - BOTTOM - self.top))
    }

    fn point(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        Some((self.across(x)?, self.down(y)?))
    }

    /// Frame, lines at round numbers, and what stands beside them.
    fn grid(&self, svg: &mut String, plot: &Plot) {
        let (right, bottom, top) = (WIDTH - RIGHT, HEIGHT - BOTTOM, self.top);
        for (place, name) in self.x.ticks() {
            let x = LEFT + place * (right - LEFT);
            line(svg, (x, top), (x, bottom));
            text(svg, x, bottom + 17.0, "middle", "", &name);
        }
        for (place, name) in self.y.ticks() {
            let y = bottom - place * (bottom - top);
            line(svg, (LEFT, y), (right, y));
            text(svg, LEFT - 6.0, y + 4.0, "end", "", &name);
        }
        let (width, height) = (right - LEFT, bottom - top);
        let _ = writeln!(
            svg,
            r##"<rect x="{LEFT}" y="{top}" width="{width}" height="{height}" fill="none" stroke="#888888"/>"##
        );
        text(svg, (LEFT + right) / 2.0, HEIGHT - 14.0, "middle", "", &plot.x_label);
        let (x, y) = (18.0, (top + bottom) / 2.0);
        text(svg, x, y, "middle", &format!(r#" transform="rotate(-90 {x} {y})""#), &plot.y_label);
    }

    fn series(&self, svg: &mut String, series: &Series) {
        let Series { colour, x, y, kind, .. } = series;
        let points = x.iter().zip(y).map(|(&x, &y)| self.point(x, y));
        match kind {
            Kind::Points => points.flatten().for_each(|at| circle(svg, at, colour)),
            Kind::Curve { dashed } => {
                let mut path = String::new();
                for piece in pieces(points) {
                    join(&mut path, 'M', &piece);
                }
                stroke(svg, &path, colour, *dashed);
            }
            Kind::Band { upper } => {
                let ends = points
                    .zip(x.iter().zip(upper))
                    .map(|(low, (&x, &high))| Some((low?, self.point(x, high)?)));
                let mut path = String::new();
                for piece in pieces(ends) {
                    let (there, mut back): (Vec<_>, Vec<_>) = piece.into_iter().unzip();
                    back.reverse();
                    join(&mut path, 'M', &there);
                    join(&mut path, 'L', &back);
                    path.push('Z');
                }
                let _ = writeln!(svg, r#"<path d="{path}" fill="{colour}" fill-opacity="0.2"/>"#);
            }
        }
    }
}

/// What is there, in pieces: they end where something is not.
fn pieces<P>(points: impl Iterator<Item = Option<P>>) -> Vec<Vec<P>> {
    let mut pieces = vec![Vec::new()];
    for point in points {
        match (point, pieces.last_mut()) {
            (Some(point), Some(piece)) => piece.push(point),
            _ => pieces.push(Vec::new()),
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// Goes to the first point by `first`, and by lines to the others.
fn join(path: &mut String, first: char, points: &[(f64, f64)]) {
    for (k, (x, y)) in points.iter().enumerate() {
        let _ = write!(path, "{}{x:.2} {y:.2}", if k == 0 { first } else { 'L' });
    }
}

/// A name of the legend: where it begins, and in which line.
struct Entry<'a> {
    series: &'a Series,
    left: f64,
    line: f64,
}

/// The names that there are, as many in a line as have room.
fn legend(series: &[Series]) -> Vec<Entry<'_>> {
    let (mut left, mut line) = (LEFT, 0.0);
    let mut entries = Vec::new();
    for series in series.iter().filter(|series| !series.name.is_empty()) {
        let width = 46.0 + LETTER * series.name.chars().count() as f64;
        if left > LEFT && left + width > WIDTH {
            (left, line) = (LEFT, line + 1.0);
        }
        entries.push(Entry { series, left, line });
        left += width;
    }
    entries
}

impl Entry<'_> {
    /// The sign of the series, and its name, around this height.
    fn draw(&self, svg: &mut String, y: f64) {
        let (colour, x) = (self.series.colour, self.left);
        match self.series.kind {
            Kind::Points => circle(svg, (x + 12.0, y), colour),
            Kind::Curve { dashed } => {
                let (end, dashes) = (x + 24.0, dashes(dashed));
                let _ = writeln!(
                    svg,
                    r#"<line x1="{x:.2}" y1="{y:.2}" x2="{end:.2}" y2="{y:.2}" stroke="{colour}" stroke-width="1.8"{dashes}/>"#
                );
            }
            Kind::Band { .. } => {
                let top = y - 5.0;
                let _ = writeln!(
                    svg,
                    r#"<rect x="{x:.2}" y="{top:.2}" width="24" height="10" fill="{colour}" fill-opacity="0.2"/>"#
                );
            }
        }
        text(svg, x + 30.0, y + 4.0, "start", "", &self.series.name);
    }
}

fn dashes(dashed: bool) -> &'static str {
    if dashed { r#" stroke-dasharray="6 4""# } else { "" }
}

fn stroke(svg: &mut String, path: &str, colour: &str, dashed: bool) {
    let dashes = dashes(dashed);
    let _ = writeln!(
        svg,
        r#"<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.8" stroke-linejoin="round"{dashes}/>"#
    );
}

fn circle(svg: &mut String, (x, y): (f64, f64), colour: &str) {
    let _ = writeln!(svg, r#"<circle cx="{x:.2}" cy="{y:.2}" r="3" fill="{colour}" fill-opacity="0.8"/>"#);
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64)) {
    let _ = writeln!(
        svg,
        r##"<line x1="{:.2}" y1="{:.2}" x2="{:.2}" y2="{:.2}" stroke="#e4e4e4"/>"##,
        from.0, from.1, to.0, to.1
    );
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, more: &str, text: &str) {
    if text.is_empty() {
        return;
    }
    let _ = write!(svg, r#"<text x="{x:.2}" y="{y:.2}" text-anchor="{anchor}"{more}>"#);
    for letter in text.chars() {
        match letter {
            '<' => svg.push_str("&lt;"),
            '>' => svg.push_str("&gt;"),
            '&' => svg.push_str("&amp;"),
            '"' => svg.push_str("&quot;"),
            // XML has no place for the others.
            letter if letter.is_control() => svg.push(' '),
            letter => svg.push(letter),
        }
    }
    svg.push_str("</text>\n");
}
