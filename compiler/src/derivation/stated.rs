//! What the user wrote, as it stands at the head of a page.

/// The definitions that the formula uses, each local on a line of its own, and what the last expression is.
pub(super) fn stated(text: &str, last: &str, defines: &[String]) -> Vec<String> {
    let mut lines = used(text, defines);
    lines.extend(parts(text).map(in_one_line));
    if let Some(line) = lines.last_mut() {
        *line = format!("{last} = {line}");
    }
    lines
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The locals and the last expression. The rows of a block are separated as these are.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    text.split(move |c: char| {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            _ => {}
        }
        c == ';' && depth == 0
    })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

/// The definitions that a formula speaks of, or that such a definition does, in the order given.
fn used(text: &str, defines: &[String]) -> Vec<String> {
    let mut mentioned = vec![false; defines.len()];
    let mut texts = vec![text];
    while let Some(text) = texts.pop() {
        for (define, mentioned) in defines.iter().zip(&mut mentioned) {
            let name = words(define).next();
            if !*mentioned && words(text).any(|word| Some(word) == name) {
                *mentioned = true;
                texts.push(define);
            }
        }
    }
    let used = defines.iter().zip(mentioned).filter(|(_, mentioned)| *mentioned);
    used.map(|(define, _)| in_one_line(define)).collect()
}

#[cfg(test)]
mod tests {
    use super::stated;

    #[test]
    fn what_is_used_is_stated_before_what_uses_it() {
        let defines = ["K = kernel(X, l) + eye", "kernel(X, l) =  X*X' / l", "other = 1"].map(str::to_owned);
        let lines = stated("r = [X; y]; logdet(K) + norm2(r)", "f", &defines);
        let all =
            ["K = kernel(X, l) + eye", "kernel(X, l) = X*X' / l", "r = [X; y]", "f = logdet(K) + norm2(r)"];
        assert_eq!(lines, all);
        assert_eq!(stated("others(w) + otherwise", "C", &defines), ["C = others(w) + otherwise"]);
    }
}
