//! Derivatives against central differences, at random data.

mod data;
mod differences;
mod pairs;
mod plan;

use crate::derived::Derived;
use data::{Data, Draw};
use differences::{Outcome, STEP};
use gradsmith_compiler::emit::svg::escaped;
use gradsmith_compiler::eval::Evaluator;
use pairs::{Checked, Layout, Pair};
use plan::Plan;

/// How far both may be apart, of the largest entry.
const TOLERANCE: f64 = 1e-5;

/// So many draws of data are tried for a point.
const DRAWS: u64 = 3;

/// What has been found out of one derivative: the outcomes at the points where all is a number.
struct Row<'a> {
    pair: &'a Pair,
    outcomes: Vec<Outcome>,
}

/// What has been found out, and where.
struct Found<'a> {
    data: Vec<Data>,
    values: Vec<f64>,
    rows: Vec<Row<'a>>,
}

/// What agrees with differences and how well, as a table; or why nothing is checked.
#[must_use]
pub(super) fn table(derived: &Derived<'_>) -> String {
    let mut c = pairs::of(derived);
    let why = match Data::random(&c.graph, Draw::Normal, c.shares, 0) {
        Ok(data) => {
            let plan = plan::planned(&mut c, &data);
            let alike = |(first, rest): (&(String, String), &[(String, String)])| {
                rest.iter().all(|(_, why)| *why == first.1).then(|| first.1.clone())
            };
            if c.moved.is_empty()
                && let Some(why) = c.without.split_first().and_then(alike)
            {
                return refused(&why);
            }
            if let Some(found) = found(&c, &plan) {
                return written(&c, &found);
            }
            format!(
                "random data lie outside the formula's domain: be they of both signs, positive, or between 0 and 1, \
                 {} is no finite number there",
                c.called
            )
        }
        Err(why) => why,
    };
    refused(&why)
}

fn refused(why: &str) -> String {
    format!("<p>Not checked, because {}.</p>\n", escaped(why))
}

/// With the first kind of data that says something of every derivative, else with the one that says the most.
fn found<'a>(c: &'a Checked, plan: &Plan) -> Option<Found<'a>> {
    let known = |f: &Found<'_>| f.rows.iter().filter(|row| !row.outcomes.is_empty()).count();
    let mut best: Option<Found<'_>> = None;
    for draw in [Draw::Normal, Draw::Positive, Draw::Part] {
        let Some(found) = drawn(c, plan, draw) else { continue };
        if known(&found) == found.rows.len() {
            return Some(found);
        }
        if best.as_ref().is_none_or(|best| known(&found) > known(best)) {
            best = Some(found);
        }
    }
    best
}

/// What is found at data of this kind; nothing where the formula has no value there.
fn drawn<'a>(c: &'a Checked, plan: &Plan, draw: Draw) -> Option<Found<'a>> {
    let rows = c.moved.iter().flat_map(|m| &m.pairs).map(|pair| Row { pair, outcomes: Vec::new() });
    let mut found = Found { data: Vec::new(), values: Vec::new(), rows: rows.collect() };
    for point in 0..DRAWS * plan.points as u64 {
        let Ok(mut data) = Data::random(&c.graph, draw, c.shares, point) else { break };
        let value = Evaluator::new(&c.graph, &data.inputs, &data.sizes).scalar(c.value);
        if !value.is_finite() {
            continue;
        }
        c.moved.iter().for_each(|moved| data.direct(&c.graph, moved));
        let outcomes = c
            .moved
            .iter()
            .zip(&plan.along)
            .flat_map(|(moved, along)| differences::compared(c, moved, *along, &data));
        for (row, outcome) in found.rows.iter_mut().zip(outcomes) {
            row.outcomes.extend(outcome);
        }
        found.data.push(data);
        found.values.push(value);
        if found.data.len() == plan.points {
            break;
        }
    }
    (!found.data.is_empty()).then_some(found)
}

impl Row<'_> {
    fn apart(&self) -> f64 {
        self.outcomes.iter().fold(0.0, |most: f64, o| most.max(o.apart))
    }

    fn agrees(&self) -> bool {
        self.apart() <= TOLERANCE
    }

    /// What was compared, in words, where there are so many points.
    fn compared(&self, points: usize) -> String {
        let Some(first) = self.outcomes.first() else { return String::new() };
        let entries = counted(first.numbers, "entry", "entries");
        let what = match first.directions {
            None => entries,
            Some(_) if self.pair.layout == Layout::Product => format!("{entries}, for a random v"),
            Some(1) if first.numbers == 1 => "along a random direction".to_owned(),
            Some(n) if first.numbers == n => format!("along {n} random directions"),
            Some(n) => format!("{entries}, along {}", counted(n, "random direction", "random directions")),
        };
        let defined = self.outcomes.len();
        if defined == points { what } else { format!("{what}; at {defined} of {points} points") }
    }
}

fn counted(n: usize, one: &str, more: &str) -> String {
    format!("{} {}", pairs::grouped(n as u64), if n == 1 { one } else { more })
}

/// What rounding leaves is said by its order alone.
fn share(apart: f64) -> String {
    match apart {
        0.0 => "0".to_owned(),
        a if a.is_finite() => format!("{a:.0e}"),
        _ => "the formula gives no number".to_owned(),
    }
}

/// Adds a name to those that are not checked for the same reason.
fn noted<'a>(unchecked: &mut Vec<(String, Vec<&'a str>)>, name: &'a str, why: String) {
    match unchecked.iter_mut().find(|(known, _)| *known == why) {
        Some((_, names)) => names.push(name),
        None => unchecked.push((why, vec![name])),
    }
}

fn number(value: f64) -> String {
    let plain = value == 0.0 || (1e-3..1e6).contains(&value.abs());
    if plain { format!("{value:.4}") } else { format!("{value:.4e}") }
}

fn written(c: &Checked, found: &Found<'_>) -> String {
    let checked: Vec<&Row<'_>> = found.rows.iter().filter(|row| !row.outcomes.is_empty()).collect();
    let wrong = checked.iter().filter(|row| !row.agrees()).count();
    let most = checked.iter().fold(0.0, |most: f64, row| most.max(row.apart()));
    let points = counted(found.data.len(), "random point", "random points");
    let sizes = found
        .data
        .first()
        .map_or_else(Vec::new, |data| data.sizes.iter().map(|(name, n)| format!("{name} = {n}")).collect());
    let sizes = if sizes.is_empty() { String::new() } else { format!(", with {}", sizes.join(", ")) };
    let derivatives = counted(checked.len(), "derivative", "derivatives");
    let left = found.rows.len() - checked.len() + c.without.len();
    let left = if left > 0 && !checked.is_empty() { format!(", {left} not checked") } else { String::new() };
    let verdict = if checked.is_empty() {
        "Not checked".to_owned()
    } else if wrong == 0 {
        let agree = if checked.len() == 1 { "agrees" } else { "agree" };
        format!(
            "{derivatives} {agree} with differences{left}</strong>: largest relative difference <strong>{}",
            share(most)
        )
    } else {
        format!(
            "{wrong} of {derivatives} not as differences have it{left}</strong>: largest relative difference <strong>{}",
            share(most)
        )
    };
    let values: Vec<String> = found.values.iter().map(|v| number(*v)).collect();
    let mut out = format!(
        "<p><strong>{verdict}</strong>, at {points}{}, where {} is {}.</p>\n\
         <div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"derivatives and differences\"><table><thead><tr>\
         <th scope=\"col\">derivative</th><th scope=\"col\">differences of</th><th scope=\"col\">compared</th>\
         <th scope=\"col\">largest relative difference</th><th scope=\"col\">agree</th></tr></thead><tbody>\n",
        escaped(&sizes),
        c.called,
        escaped(&values.join("; ")),
    );
    let mut unchecked: Vec<(String, Vec<&str>)> = Vec::new();
    let mut rows: Vec<&Row<'_>> = found.rows.iter().collect();
    rows.sort_by_key(|row| row.pair.part);
    for row in rows {
        if row.outcomes.is_empty() {
            let why = format!("beside these data {} leaves its domain", row.pair.of);
            noted(&mut unchecked, &row.pair.name, why);
            continue;
        }
        let agree = if row.agrees() { "yes" } else { "no" };
        out.push_str(&format!(
            "<tr><th scope=\"row\"><code>{}</code></th><td><code>{}</code></td><td>{}</td><td>{}</td>\
             <td class=\"{agree}\">{agree}</td></tr>\n",
            escaped(&row.pair.name),
            escaped(&row.pair.of),
            row.compared(found.data.len()),
            share(row.apart()),
        ));
    }
    for (name, why) in &c.without {
        noted(&mut unchecked, name, why.clone());
    }
    for (why, names) in unchecked {
        let names: Vec<String> =
            names.into_iter().map(|name| format!("<code>{}</code>", escaped(name))).collect();
        out.push_str(&format!(
            "<tr><th scope=\"row\">{}</th><td colspan=\"4\">not checked, because {}</td></tr>\n",
            names.join(" "),
            escaped(&why)
        ));
    }
    out.push_str(&format!(
        "</tbody></table></div>\n<p class=\"legend\">Central differences with a step of {STEP:.0e}; their distance is relative to \
         the largest entry of the derivative; {TOLERANCE:.0e} is accepted. {}</p>\n",
        c.says
    ));
    out
}

#[cfg(test)]
mod tests {
    use super::table;
    use crate::derived::Derived;
    use crate::request::{Kind, Request, Texts};

    fn objective(expr: &str, variables: &str, wrt: &str) -> Texts {
        let (variables, wrt) = (vec![variables.to_owned()], vec![wrt.to_owned()]);
        Texts { expr: expr.to_owned(), variables, wrt, ..Texts::default() }
    }

    fn checked(kind: Kind, texts: Texts) -> String {
        let request = Request::of(kind, texts).expect("a request");
        table(&Derived::of(&request).expect("a program"))
    }

    #[test]
    fn second_derivatives_and_jacobians_are_checked() {
        let residual = Texts {
            residual: true,
            ..objective("h*exp(-t/s) - y", "t: vector[n], y: vector[n]", "h: scalar, s: scalar")
        };
        let held = Texts {
            constraints: vec!["sum(x.^3) <= 1".to_owned()],
            ..objective("sum(exp(x))", "", "x: vector")
        };
        let symmetric = objective(
            "logdet(S) + tr(solve(S, K))",
            "K: symmetric matrix[n, n]",
            "S: symmetric matrix[n, n]",
        );
        let loss = Texts { expr: "cosine + l1(mu)".to_owned(), ..Texts::default() };
        let deep = Texts {
            expr: "cross_entropy + l2(lambda)".to_owned(),
            network: "4 -> 8 tanh -> 3 sigmoid".to_owned(),
            ..Texts::default()
        };
        for (kind, texts, count, names) in [
            (Kind::Objective, residual, 9, &["∂f/∂s", "∂r/∂h", "∂²f/∂s∂h", "(Hv)_s"][..]),
            (Kind::Objective, held, 6, &["∂g1/∂x", "∂L/∂x", "∂²L/∂x²"]),
            (Kind::Objective, symmetric, 3, &["∂²f/∂S²"]),
            (Kind::Cost, loss, 4, &["∂c/∂a", "diagonal of ∂²c/∂a²"]),
            (Kind::Network, deep, 8, &["∂C/∂w2", "(Hv)_w1"]),
        ] {
            let table = checked(kind, texts);
            assert!(table.contains(&format!("{count} derivatives agree with differences")), "{table}");
            assert!(table.contains("at 3 random points") && !table.contains("not checked"), "{table}");
            for name in names {
                assert!(table.contains(&format!("<code>{name}</code></th>")), "{name}: {table}");
            }
        }
    }

    #[test]
    fn a_wrong_derivative_is_found_out() {
        let request =
            Request::of(Kind::Objective, objective("sum(x.^3)", "", "x: vector")).expect("a request");
        let mut derived = Derived::of(&request).expect("a program");
        let Derived::Objective(_, p) = &mut derived else { panic!("an objective") };
        p.gradient[0] = p.wrt[0].1;
        let table = table(&derived);
        assert!(table.contains("3 of 3 derivatives not as differences have it"), "{table}");
        assert_eq!(table.matches("<td class=\"no\">no</td>").count(), 3);
    }

    #[test]
    fn what_is_not_checked_says_why() {
        let table = |expr, wrt| checked(Kind::Objective, objective(expr, "", wrt));
        for (expr, wrt, why) in [
            (
                "log(x - 100)",
                "x: scalar",
                "Not checked, because random data lie outside the formula's domain",
            ),
            ("sum(X.^2)", "X: matrix[3000, 300]", "Not checked, because X has 900,000 entries"),
            ("sum(X.^4)", "X: matrix[30, 30]", "not checked, because it has 810,000 entries"),
            ("sum(sqrt(x - 0.2))", "x: vector", "3 derivatives agree"),
        ] {
            let table = table(expr, wrt);
            assert!(table.contains(why), "{why}: {table}");
        }
    }
}
