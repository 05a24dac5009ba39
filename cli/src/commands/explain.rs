//! `cargo gradsmith explain`: a cost, a network or an objective, its derivatives, and the steps to them.

use crate::Failure;
use crate::derivatives::Derivatives;
use crate::front::ObjectiveText;
use crate::request::Request;
use gradsmith_compiler::emit::notation::Notation;
use gradsmith_compiler::emit::{self, Lines, Target, View};
use gradsmith_compiler::lower::objective::Objective;
use gradsmith_compiler::{derivation, pipeline};
use std::io::Write;

/// Prints the derivation in the notation of this name.
///
/// # Errors
/// Texts that are wrong: each error under the line it is about. A notation that does not exist.
pub fn run(request: &Request, format: &str, out: &mut dyn Write) -> Result<bool, Failure> {
    let Some(target) = emit::target(format) else {
        return Err(Failure::Input(format!("error: formulas are not written as `{format}`")));
    };
    let derivation = match request {
        Request::Cost(text) => {
            let program = pipeline::cost(text.lower_example().map_err(|e| request.refusal(&e))?);
            derivation::cost(&program, &text.expr)
        }
        Request::Network(text) => {
            let program = pipeline::network(text.lower().map_err(|e| request.refusal(&e))?);
            derivation::network(&program, &text.network, &text.cost)
        }
        Request::Objective(text) => {
            let lowered = text.lower().map_err(|e| request.refusal(&e))?;
            objective(text, lowered, target, out)?;
            return Ok(true);
        }
    };
    let written = if target.name == "latex" { derivation.latex() } else { derivation.text() };
    writeln!(out, "{}", written.trim_end())?;
    Ok(true)
}

/// Value, gradients, Hessian-vector products, rules.
fn objective(
    text: &ObjectiveText,
    lowered: Objective,
    target: &Target,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let latex = target.name == "latex";
    let d = Derivatives::of(lowered.graph, lowered.value, &lowered.wrt);
    let line = |out: &mut dyn Write, d: &Derivatives, head: &str, node| {
        let formula = (target.write)(&emit::lines(&d.graph, node, &View::default()));
        if latex { writeln!(out, "\\[ {head} = {formula} \\]") } else { writeln!(out, "{head} = {formula}") }
    };
    line(out, &d, "f", d.value)?;
    for ((name, _), &gradient) in text.wrt.iter().zip(&d.gradient) {
        let head = if latex {
            format!("\\frac{{\\partial f}}{{\\partial {}}}", written(target, name))
        } else {
            format!("∂f/∂{name}")
        };
        line(out, &d, &head, gradient)?;
    }
    let mut log = d.log.clone();
    for (k, (name, _)) in text.wrt.iter().enumerate() {
        let mut second = d.clone();
        let product = second.product(&[k]);
        let head = if latex {
            format!("\\frac{{\\partial^2 f}}{{\\partial {}^2}} v", written(target, name))
        } else {
            format!("∂²f/∂{name}² v")
        };
        line(out, &second, &head, product[0])?;
        log = log.then(&second.log);
    }
    let comment = if latex { "% " } else { "" };
    for (k, rule) in log.rules().enumerate() {
        if k == 0 {
            writeln!(out, "\n{comment}rules used")?;
        }
        writeln!(out, "{comment}  {}: {} = {}    ({})", rule.name, rule.lhs, rule.rhs, rule.domain)?;
    }
    Ok(())
}

/// A name by itself.
fn written(target: &Target, name: &str) -> String {
    (target.write)(&Lines { definitions: Vec::new(), value: Notation::Name(name.to_owned()) })
}
