//! Which values an index takes: by what is written, or by where its uses stay inside.
//!
//! Uses are noted while a text is lowered, ranges found at its end, in the order of the text, once all other
//! equations between extents are known. Until then an index has an extent, and a start, of which nothing is
//! known. The rules are numbered as in the description of the language.

use super::{Lowerer, Reported};
use crate::diag::{Diagnostic, ErrorKind};
use crate::ir::{Affine, Asks, Bound, Extent, Form, Index};
use crate::source::Place;

/// An index of a binder.
#[derive(Clone, Debug)]
pub(super) struct Ranged {
    /// The name.
    pub(super) name: String,
    /// Where it is introduced.
    pub(super) place: Place,
    /// The index, from 0 on: its value less the start.
    pub(super) index: Index,
    /// The least value.
    pub(super) start: Form,
    /// The least and the greatest, once they are known.
    ends: Option<(Form, Form)>,
    /// Whether there is no more to find: they are known, or why not has been said.
    known: bool,
    /// Whether it is written.
    written: bool,
    /// Of one whose range is to be found: what stands for its start and its extent until then.
    open: Option<(Extent, Extent)>,
}

/// A subscript on an axis.
#[derive(Clone, Debug)]
pub(super) struct Use {
    /// The extent of the axis.
    pub(super) axis: Extent,
    /// What is asked for, in terms of indices by their places among the ranges.
    pub(super) value: Affine<usize>,
    /// The subscript.
    pub(super) place: Place,
    /// Whether its two ends are those of a part, of which one may be the extent.
    pub(super) end: bool,
}

/// Why an index has no range.
enum Without {
    /// No use says anything of it.
    Unbound,
    /// What bounds it is said.
    Reported,
}

/// What some use asks of an index: the least and the greatest value.
#[derive(Clone, Debug)]
struct Asked {
    axis: Extent,
    low: Form,
    high: Form,
    place: Place,
}

impl Lowerer<'_> {
    /// A new index whose range is to be found.
    pub(super) fn open_range(&mut self, name: &str, place: Place) -> usize {
        let (start, extent) = (self.graph.extents.unknown(), self.graph.extents.pending());
        let index = self.graph.extents.index(extent);
        self.ranges.push(Ranged {
            name: name.to_owned(),
            place,
            index,
            start: Form::of(start),
            ends: None,
            known: false,
            written: false,
            open: Some((start, extent)),
        });
        self.ranges.len() - 1
    }

    /// A new index whose range is written.
    pub(super) fn written_range(&mut self, name: &str, place: Place, start: Form, extent: Extent) -> usize {
        let index = self.graph.extents.index(extent);
        let last = start.plus(&self.graph.extents.form(extent), 1).shifted(-1);
        self.ranges.push(Ranged {
            name: name.to_owned(),
            place,
            index,
            ends: Some((start.clone(), last)),
            start,
            known: true,
            written: true,
            open: None,
        });
        self.ranges.len() - 1
    }

    /// Finds the ranges that are not written, and checks that all uses stay inside.
    pub(super) fn settle_ranges(&mut self) {
        if self.ranges.is_empty() && self.uses.is_empty() && !self.graph.extents.has_deferred() {
            return;
        }
        self.find_ranges();
        self.put_ranges();
        self.settle_equations();
        self.check_uses();
    }

    fn find_ranges(&mut self) {
        let mut bounding = vec![false; self.uses.len()];
        while let Some((k, uses)) = self.next_range() {
            for &u in &uses {
                bounding[u] = true;
            }
            let _ = self.bound_by(k, &uses);
            self.tighten(&mut bounding);
        }
        // What bounds an index may be in what was refused.
        let refused = !self.errors.is_empty();
        for k in 0..self.ranges.len() {
            match (self.ranges[k].known, refused) {
                (true, _) => {}
                (false, false) => self.without_range(k),
                (false, true) => self.close_range(k, None),
            }
        }
    }

    /// The next index whose range can be found, and the uses that say it: first those that some use has alone,
    /// then those of which all others in some use are known (rule 3). Axes as long as a range that is still to
    /// be found wait for it.
    fn next_range(&self) -> Option<(usize, Vec<usize>)> {
        let of = |u: &Use, k: usize| u.value.terms.iter().any(|(i, _)| *i == k);
        let alone = |u: &Use, k: usize| u.value.terms.len() == 1 && of(u, k);
        let ready = |u: &Use, k: usize| {
            of(u, k) && u.value.terms.iter().all(|(i, _)| *i == k || self.ranges[*i].known)
        };
        let uses = |k: usize, asked: &dyn Fn(&Use, usize) -> bool| -> Option<Vec<usize>> {
            let found: Vec<usize> = (0..self.uses.len()).filter(|&u| asked(&self.uses[u], k)).collect();
            (!found.is_empty() && found.iter().all(|&u| self.is_settled(&self.uses[u]))).then_some(found)
        };
        let open = || (0..self.ranges.len()).filter(|&k| !self.ranges[k].known);
        open().find_map(|k| uses(k, &alone).map(|found| (k, found))).or_else(|| {
            // Not before one that would be bounded alone.
            let waits = |k: usize| self.uses.iter().any(|u| alone(u, k));
            open().find_map(|k| if waits(k) { None } else { uses(k, &ready).map(|found| (k, found)) })
        })
    }

    /// Whether no range that is still to be found says how long the axis of a use is.
    fn is_settled(&self, u: &Use) -> bool {
        let waits = |form: Form| form.terms.iter().any(|(e, _)| self.graph.extents.is_pending(*e));
        !waits(self.now(&self.graph.extents.form(u.axis))) && !waits(self.now(&u.value.offset))
    }

    /// The extent of an axis, by what is known by now.
    fn length_of(&self, axis: Extent) -> Form {
        self.now(&self.graph.extents.form(axis))
    }

    /// A form by what is known of ranges by now.
    fn now(&self, form: &Form) -> Form {
        let mut form = self.graph.extents.resolved(form);
        for range in self.ranges.iter().filter(|r| r.known) {
            let (Some((_, open)), Some((low, high))) = (range.open, &range.ends) else { continue };
            let open = self.graph.extents.find(open);
            if let Some(&(_, n)) = form.terms.iter().find(|(e, _)| *e == open) {
                let length = self.graph.extents.resolved(&high.plus(low, -1).shifted(1));
                form = form.plus(&Form::of(open), -n).plus(&length, n);
            }
        }
        form
    }

    /// The range of index `k` by these uses.
    fn bound_by(&mut self, k: usize, uses: &[usize]) -> Result<(), Reported> {
        let mut asked: Vec<Asked> = Vec::new();
        for &u in uses {
            match self.asks(k, u) {
                Ok(ask) => asked.push(ask),
                Err(Without::Unbound) => {}
                Err(Without::Reported) => {
                    self.close_range(k, None);
                    return Err(Reported);
                }
            }
        }
        let mut by_axis: Vec<Asked> = Vec::new();
        for ask in asked {
            let same = by_axis.iter().position(|a| self.length_of(a.axis) == self.length_of(ask.axis));
            match same {
                None => by_axis.push(ask),
                Some(n) => {
                    // The tightest counts (rule 4).
                    let (low, high) =
                        (self.greater(&by_axis[n].low, &ask.low), self.lesser(&by_axis[n].high, &ask.high));
                    let (Some(low), Some(high)) = (low, high) else {
                        self.undecided(k, by_axis[n].place, ask.place);
                        self.close_range(k, None);
                        return Err(Reported);
                    };
                    by_axis[n].low = low;
                    by_axis[n].high = high;
                }
            }
        }
        let Some(first) = by_axis.first().cloned() else {
            self.without_range(k);
            return Err(Reported);
        };
        for other in &by_axis[1..] {
            let ends = [(&first.low, &other.low), (&first.high, &other.high)];
            for (a, b) in ends {
                if !self.equal_forms(a, b) {
                    self.disagreeing(k, &first, other);
                    self.close_range(k, None);
                    return Err(Reported);
                }
            }
        }
        let range = (self.now(&first.low), self.now(&first.high));
        self.close_range(k, Some(range));
        Ok(())
    }

    /// What one use asks of index `k`, the others in it being at the ends of their ranges.
    fn asks(&mut self, k: usize, u: usize) -> Result<Asked, Without> {
        let Use { axis, value, place, .. } = self.uses[u].clone();
        let n = value.multiple(&k);
        let [least, most] = self.ends(&value.without(&k));
        let last = self.length_of(axis).shifted(-1);
        // 0 ≤ least + n·value, most + n·value ≤ last
        let (low, high) =
            if n > 0 { (least.times(-1), last.plus(&most, -1)) } else { (most.plus(&last, -1), least) };
        let n = n.abs();
        let (low, high) = if n == 1 {
            (low, high)
        } else {
            // Of multiples, all that stay inside where that can be counted (rule 6).
            let (Some(low), Some(high)) = (low.as_constant(), high.as_constant()) else {
                return Err(Without::Unbound);
            };
            (Form::constant(-(-low).div_euclid(n)), Form::constant(high.div_euclid(n)))
        };
        let low = match self.greater(&low, &Form::default()) {
            Some(low) => low,
            None => {
                self.undecided(k, place, place);
                return Err(Without::Reported);
            }
        };
        Ok(Asked { axis, low, high, place })
    }

    /// The least and the greatest of a form of indices whose ranges are known.
    fn ends(&self, value: &Affine<usize>) -> [Form; 2] {
        let (mut least, mut most) = (value.offset.clone(), value.offset.clone());
        for &(i, n) in &value.terms {
            let Some((low, high)) = &self.ranges[i].ends else { continue };
            let (first, last) = if n > 0 { (low, high) } else { (high, low) };
            least = least.plus(first, n);
            most = most.plus(last, n);
        }
        [least, most].map(|form| self.now(&form))
    }

    /// A use of several indices that all have ranges without it tightens the one that has a use of its own on
    /// that extent, or is an equation between extents (rule 5).
    fn tighten(&mut self, bounding: &mut [bool]) {
        for (u, bounding) in bounding.iter_mut().enumerate() {
            let Use { axis, value, .. } = self.uses[u].clone();
            let terms = &value.terms;
            if *bounding || terms.len() < 2 || !terms.iter().all(|(i, _)| self.ranges[*i].known) {
                continue;
            }
            *bounding = true;
            let own: Vec<usize> = terms
                .iter()
                .map(|(i, _)| *i)
                .filter(|&i| {
                    !self.ranges[i].written
                        && self.uses.iter().any(|other| {
                            matches!(other.value.terms[..], [(j, _)] if j == i)
                                && self.length_of(other.axis) == self.length_of(axis)
                        })
                })
                .collect();
            match own[..] {
                [] if terms.iter().any(|&(i, n)| self.ranges[i].written || n.abs() != 1) => {}
                [k] if terms.iter().any(|&(i, n)| i == k && n.abs() != 1) => {}
                [] => {
                    let [least, most] = self.ends(&value);
                    let last = self.length_of(axis).shifted(-1);
                    let place = self.uses[u].place;
                    if !(self.equal_forms(&least, &Form::default()) && self.equal_forms(&most, &last)) {
                        self.outside(u, place, &least, &most);
                    }
                }
                [k] => {
                    let Ok(ask) = self.asks(k, u) else { continue };
                    let Some((start, last)) = self.ranges[k].ends.clone() else { continue };
                    match (self.greater(&start, &ask.low), self.lesser(&last, &ask.high)) {
                        (Some(low), Some(high)) => self.close_range(k, Some((low, high))),
                        _ => self.undecided(k, self.uses[u].place, self.uses[u].place),
                    }
                }
                [k, other, ..] => {
                    let (x, y) = (self.ranges[k].name.clone(), self.ranges[other].name.clone());
                    let text = self.text(self.uses[u].place);
                    let message = format!("`{text}` may bound `{x}` or `{y}`");
                    let help = format!("write the range of one: `{x} in 0..n`");
                    let place = self.uses[u].place;
                    self.report(
                        Diagnostic::new(ErrorKind::IndexWithoutRange, place, message).with_help(help),
                    );
                }
            }
        }
    }

    /// An index takes the values from the least to the greatest, or nobody knows which.
    fn close_range(&mut self, k: usize, range: Option<(Form, Form)>) {
        self.ranges[k].known = true;
        self.ranges[k].ends = range;
    }

    /// Puts what was found in the place of what stood for it.
    fn put_ranges(&mut self) {
        for k in 0..self.ranges.len() {
            let Some((start, open)) = self.ranges[k].open.take() else { continue };
            let Some((low, high)) = self.ranges[k].ends.clone() else {
                self.graph.extents.no_longer_pending(open);
                continue;
            };
            let length = high.plus(&low, -1).shifted(1);
            let Some(extent) = self.graph.extents.affine(&length) else {
                self.graph.extents.no_longer_pending(open);
                let (name, place) = (self.ranges[k].name.clone(), self.ranges[k].place);
                let end = high.shifted(1);
                let [low, end] = [&low, &end].map(|form| self.graph.form_text(form));
                let message = format!("`{name}` would run from {low} to {end}, which is before its start");
                let help = "what it is a subscript of is too short";
                let kind = ErrorKind::ExtentConflict;
                self.report(Diagnostic::new(kind, place, message).with_help(help));
                continue;
            };
            let form = self.graph.extents.form(extent);
            if !form.is_never_negative() {
                let text = format!("the range of `{}`", self.ranges[k].name);
                let (asks, over) = (Asks::Count, Vec::new());
                self.graph.extents.must_hold(Bound { form, asks, axis: extent, over, text });
            }
            self.graph.extents.settle(open, extent);
            if let Some(low) = self.graph.extents.affine(&low) {
                self.graph.extents.settle(start, low);
            }
            self.ranges[k].start = low;
        }
    }

    /// The greater of two forms, where that can be told.
    fn greater(&self, a: &Form, b: &Form) -> Option<Form> {
        let (a, b) = (self.now(a), self.now(b));
        let difference = a.plus(&b, -1);
        if difference.is_never_negative() {
            return Some(a);
        }
        difference.times(-1).is_never_negative().then_some(b)
    }

    fn lesser(&self, a: &Form, b: &Form) -> Option<Form> {
        self.greater(&a.times(-1), &b.times(-1)).map(|form| form.times(-1))
    }

    /// Whether two forms are equal, or made so by an equation between extents.
    fn equal_forms(&mut self, a: &Form, b: &Form) -> bool {
        let (a, b) = (self.now(a), self.now(b));
        self.graph.extents.equate(&a, &b)
    }

    fn undecided(&mut self, k: usize, place: Place, other: Place) {
        let name = self.ranges[k].name.clone();
        let uses = if place == other {
            format!("`{}`", self.text(place))
        } else {
            format!("`{}` and `{}`", self.text(place), self.text(other))
        };
        let message = format!("which values `{name}` takes hangs on extents that are not known: {uses}");
        let help = format!("write its range: `{name} in 0..n`");
        self.report(Diagnostic::new(ErrorKind::IndexWithoutRange, place, message).with_help(help));
    }

    fn disagreeing(&mut self, k: usize, a: &Asked, b: &Asked) {
        let name = self.ranges[k].name.clone();
        let reading = |l: &Self, ask: &Asked| {
            let [low, end] = [&ask.low, &ask.high.shifted(1)].map(|form| l.graph.form_text(form));
            format!("`{}` asks for {name} in {low}..{end}", l.text(ask.place))
        };
        let message = format!("{}, {}", reading(self, a), reading(self, b));
        let end = self.graph.form_text(&b.high.shifted(1));
        let low = self.graph.form_text(&b.low);
        let help = format!("write which it is: `{name} in {low}..{end}`");
        let mut d = Diagnostic::new(ErrorKind::ExtentConflict, b.place, message).with_help(help);
        d.secondary.push((a.place, "the other use".to_owned()));
        self.report(d);
    }

    fn without_range(&mut self, k: usize) {
        self.close_range(k, None);
        let (name, place) = (self.ranges[k].name.clone(), self.ranges[k].place);
        let multiple = self.uses.iter().find(|u| u.value.terms.iter().any(|&(i, n)| i == k && n.abs() > 1));
        let message = match multiple {
            Some(u) => {
                format!("how many values `{name}` takes cannot be told from `{}`", self.text(u.place))
            }
            None => format!("nothing bounds `{name}`"),
        };
        let help = format!("write its range: `{name} in 0..n`");
        self.report(Diagnostic::new(ErrorKind::IndexWithoutRange, place, message).with_help(help));
    }

    /// The equations between extents in which ranges took part.
    fn settle_equations(&mut self) {
        for (n, (a, b)) in self.graph.extents.take_deferred().into_iter().enumerate() {
            let place = self.deferred_at.get(n).copied().unwrap_or_default();
            if !self.graph.extents.unify(a, b) {
                let [a, b] = [a, b].map(|e| {
                    let form = self.graph.extents.form(e);
                    self.graph.form_text(&form)
                });
                let message = format!("the extents in `{}` do not fit: {a} and {b}", self.text(place));
                let help =
                    "each index takes all values for which its uses stay inside, unless its range is written";
                self.report(Diagnostic::new(ErrorKind::ShapeMismatch, place, message).with_help(help));
            }
        }
        self.deferred_at.clear();
    }

    /// Whether all uses stay inside: what numbers show is refused, what data will show is noted.
    fn check_uses(&mut self) {
        for u in 0..self.uses.len() {
            let Use { axis, value, place, end } = self.uses[u].clone();
            let terms = &value.terms;
            let empty = terms.iter().any(|(i, _)| {
                self.graph.extents.as_constant(self.graph.extents.of(self.ranges[*i].index)) == Some(0)
            });
            if empty {
                continue;
            }
            let [least, most] = self.ends(&value);
            let last = self.graph.extents.form(axis).shifted(if end { 0 } else { -1 });
            let above = last.plus(&most, -1);
            let fails = |form: &Form| form.times(-1).shifted(-1).is_never_negative();
            if fails(&least) || fails(&above) {
                self.outside(u, place, &least, &most);
                continue;
            }
            let over: Vec<Extent> =
                terms.iter().map(|(i, _)| self.graph.extents.of(self.ranges[*i].index)).collect();
            for (form, asks) in [(least, Asks::Least), (above, if end { Asks::End } else { Asks::Most })] {
                if !form.is_never_negative() {
                    let (text, over) = (self.text(place), over.clone());
                    self.graph.extents.must_hold(Bound { form, asks, axis, over, text });
                }
            }
        }
    }

    fn outside(&mut self, u: usize, place: Place, least: &Form, most: &Form) {
        let text = self.text(place);
        let axis = self.graph.extent_text(self.uses[u].axis);
        let [low, high] = [least, most].map(|form| self.graph.form_text(form));
        let reach = if low == high { format!("is {low}") } else { format!("runs from {low} to {high}") };
        let negative = least.as_constant().is_some_and(|n| n < 0);
        let said = if text == low && low == high {
            format!("the subscript {low}")
        } else {
            format!("`{text}` {reach}, which")
        };
        let message = format!("{said} is outside: the axis has {axis} entries, from 0 on");
        let base = self.bases.get(&u).cloned();
        let help = match (negative, low == high, base) {
            (true, true, Some(base)) => {
                let back = least.as_constant().unwrap_or(-1).unsigned_abs();
                format!(
                    "entries are counted from the front; the last ones are `{base}[len({base}) - {back}]`"
                )
            }
            _ => "subscripts count from 0, and ranges leave their end out".to_owned(),
        };
        self.report(Diagnostic::new(ErrorKind::OutOfRange, place, message).with_help(help));
    }
}
