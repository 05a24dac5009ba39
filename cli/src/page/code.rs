//! Generated code with what each step computes beside it.

use gradsmith_compiler::emit::svg::escaped;

/// Two columns: what a step's comment says, and the lines that follow it.
#[must_use]
pub(super) fn beside(rust: &str) -> String {
    let mut rows: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for line in rust.lines() {
        let trimmed = line.trim_start();
        // The derivation is on the page already, and lists of lints are for the compiler.
        if trimmed.starts_with("const DERIVATION") {
            if rows.last().is_some_and(|(_, code)| code.is_empty()) {
                rows.pop();
            }
            continue;
        }
        match trimmed.strip_prefix("///") {
            Some(words) => match rows.last_mut() {
                Some((says, code)) if code.is_empty() => says.push(words.trim()),
                _ => rows.push((vec![words.trim()], Vec::new())),
            },
            None => match rows.last_mut() {
                Some((_, code)) => code.push(line),
                None => rows.push((Vec::new(), vec![line])),
            },
        }
    }
    let mut out = String::from(
        "<div class=\"scroll long\" role=\"region\" tabindex=\"0\" aria-label=\"generated Rust\"><table class=\"code\"><thead><tr>\
         <th scope=\"col\">what it computes</th><th scope=\"col\">Rust</th></tr></thead><tbody>\n",
    );
    for (says, code) in &rows {
        let says: Vec<String> = says.iter().map(|line| said(line)).collect();
        out.push_str(&format!(
            "<tr><td class=\"says\">{}</td><td><pre>{}</pre></td></tr>\n",
            says.join(" "),
            escaped(&code.join("\n"))
        ));
    }
    out.push_str("</tbody></table></div>\n");
    out
}

/// A line of a comment: MathML as it is, what is in backticks as code.
fn said(line: &str) -> String {
    if line.starts_with("<math") && line.ends_with("</math>") {
        return format!("<div class=\"scroll\">{line}</div>");
    }
    if let Some(heading) = line.strip_prefix("# ") {
        return format!("<b>{}.</b>", escaped(heading));
    }
    let mut out = String::new();
    for (k, part) in line.split('`').enumerate() {
        let part = escaped(part);
        out.push_str(&if k % 2 == 1 { format!("<code>{part}</code>") } else { part });
    }
    out
}
