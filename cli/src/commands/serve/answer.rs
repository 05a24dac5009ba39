//! What the live page asks, and what it is answered: JSON both.

use crate::Failure;
use crate::page::{self, guess};
use crate::request::{Kind, Request, Subject, Texts};
use gradsmith_compiler::derivation::{Shown, Steps};
use gradsmith_compiler::emit::svg::escaped;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Instant;

/// What the page asks: what is typed, called as the options of the command line are. Definitions and constraints are one
/// on each line.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Question {
    kind: String,
    expr: String,
    network: String,
    declare: String,
    inputs: String,
    hyper: String,
    define: String,
    var: String,
    wrt: String,
    bounds: String,
    st: String,
    residual: bool,
    steps: String,
    entries: bool,
}

impl Question {
    /// What is to be read, and how; nothing where a choice is none.
    fn read(self) -> Option<(Kind, Texts, Shown)> {
        let kind = if self.kind.is_empty() { Kind::default() } else { Kind::named(&self.kind)? };
        let steps = if self.steps.is_empty() { Steps::default() } else { Steps::named(&self.steps)? };
        let said = |text: String| if text.trim().is_empty() { Vec::new() } else { vec![text] };
        let lines = |text: String| {
            text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        let texts = Texts {
            expr: self.expr,
            network: self.network,
            declare: self.declare,
            inputs: said(self.inputs),
            hyper: said(self.hyper),
            defines: lines(self.define),
            variables: said(self.var),
            wrt: said(self.wrt),
            bounds: self.bounds,
            constraints: lines(self.st),
            residual: self.residual,
        };
        Some((kind, texts, Shown { steps, entries: self.entries }))
    }
}

/// An answer that is a mistake of no field.
pub(super) fn failed(why: &str) -> String {
    json!({ "errors": [{ "says": format!("error: {why}") }] }).to_string()
}

/// The answer to a question.
pub(super) fn to(question: &str) -> String {
    let question = match serde_json::from_str::<Question>(question) {
        Ok(question) => question,
        Err(error) => return failed(&format!("the question is not understood: {error}")),
    };
    match question.read() {
        Some((kind, texts, shown)) => of(kind, texts, shown).to_string(),
        None => failed("the question is not understood: a kind, or steps, that are none"),
    }
}

fn of(kind: Kind, mut texts: Texts, shown: Shown) -> Value {
    let begun = Instant::now();
    let mut guessed = Map::new();
    if kind == Kind::Objective {
        let guess = guess::complete(&mut texts);
        guessed.insert("var".to_owned(), guess.variables.into());
        guessed.insert("wrt".to_owned(), guess.wrt.into());
    }
    let listed = !texts.hyper.is_empty();
    let request = Request::of(kind, texts);
    if let Ok(Request { subject: Subject::Cost(_) | Subject::Network(_), .. }) = &request
        && !listed
    {
        guessed.insert("hyper".to_owned(), request.as_ref().map_or(&[][..], hyper).join(", ").into());
    }
    let mut answer = json!({ "guessed": guessed });
    match request.and_then(|request| page::content(&request, shown)) {
        Ok(content) => {
            let title = format!("<h2 class=\"asked\"><code>{}</code></h2>\n", escaped(&content.title));
            answer["html"] = Value::String(title + &page::buttons(&content.copies) + &content.body);
            answer["title"] = Value::String(content.title);
            answer["ms"] = Value::from(begun.elapsed().as_millis() as u64);
        }
        Err(Failure::Texts(mistakes)) => {
            let each = mistakes.iter().map(|m| json!({ "field": m.field.name(), "says": m.says }));
            answer["errors"] = each.collect();
        }
        Err(failure) => answer["errors"] = json!([{ "says": failure.to_string() }]),
    }
    answer
}

fn hyper(request: &Request) -> &[String] {
    match &request.subject {
        Subject::Cost(text) => &text.hyper,
        Subject::Network(text) => &text.hyper,
        Subject::Objective(_) => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::to;
    use serde_json::{Value, json};

    fn answered(question: Value) -> Value {
        serde_json::from_str(&to(&question.to_string())).expect("JSON")
    }

    /// The fields at fault.
    fn at_fault(question: Value) -> Vec<String> {
        let answer = answered(question);
        let errors = answer["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|e| e["field"].as_str().unwrap_or("none").to_owned()).collect()
    }

    #[test]
    fn every_field_reaches_the_derivation() {
        let fit = answered(json!({
            "expr": "h*peak(t, c) - y", "define": "\n peak(t, c) = exp(-(t - c).^2)\n", "residual": true,
            "var": "t: vector[n], y: vector[n]", "wrt": "c: scalar, h: scalar", "steps": "none",
        }));
        let html = fit["html"].as_str().expect("a page");
        assert!(html.contains("Jacobian") && !html.contains("reverse sweep"), "{html}");
        assert_eq!(fit["guessed"], json!({ "var": "", "wrt": "" }));
        let held = answered(json!({
            "expr": "w'*S*w/2", "var": "S: symmetric matrix", "wrt": "w: vector[n]", "bounds": "w >= 0",
            "st": "sum(w) == 1\nw[0] <= c", "entries": true,
        }));
        let html = held["html"].as_str().expect("a page");
        assert!(html.contains("sum") && html.contains("constraint"), "{html}");
        assert_eq!(held["guessed"]["var"], "c: scalar");
        let long = answered(json!({
            "kind": "network", "expr": "mse + l2(mu, V)", "network": "a = tanh(V*u + c)",
            "declare": "u: 3, V: 2 x 3, c: 2", "inputs": "u",
        }));
        assert!(long["html"].is_string(), "{long}");
        assert_eq!(long["guessed"], json!({ "hyper": "mu" }));
        let cost = answered(
            json!({ "kind": "cost", "expr": "mse + l2(mu, V)", "declare": "V: 2 x 3", "hyper": "mu" }),
        );
        assert!(cost["html"].is_string(), "{cost}");
        assert_eq!(cost["guessed"], json!({}));
    }

    #[test]
    fn a_mistake_says_whose_it_is() {
        let defined = json!({ "expr": "f(x)", "define": "g(x) = x\nf(x) = x +" });
        assert_eq!(at_fault(defined.clone()), ["define"]);
        let says = answered(defined)["errors"][0]["says"].as_str().expect("a text").to_owned();
        assert!(says.ends_with("\n  | f(x) = x +\n  |           ^"), "{says}");
        for (field, text) in
            [("var", "x: ?"), ("wrt", "q"), ("bounds", "x >"), ("st", "x == 1\n= 2"), ("expr", "x^")]
        {
            let mut question = json!({ "expr": "x^2" });
            question[field] = text.into();
            assert_eq!(at_fault(question), [field]);
        }
        for (field, text) in [
            ("network", "3 -> "),
            ("declare", "W: 3 x"),
            ("inputs", "q"),
            ("hyper", "?"),
            ("define", "f"),
            ("expr", "msee"),
        ] {
            let mut question = json!({ "kind": "network", "expr": "mse", "network": "3 -> 2 tanh" });
            question[field] = text.into();
            assert_eq!(at_fault(question), [field]);
        }
        for question in [
            json!(3),
            json!({ "expr": 3 }),
            json!({ "kind": "poem" }),
            json!({ "steps": "some" }),
            json!({ "vers": "" }),
        ] {
            assert_eq!(at_fault(question), ["none"]);
        }
    }
}
