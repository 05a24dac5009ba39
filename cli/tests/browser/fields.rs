//! What can be said in the live page besides a formula.

use super::devtools::Browser;
use super::live::{SETTLED, Server};
use super::pages::{browser, scheme, width};

/// What each field is told to be wrong with, of those that are.
#[track_caller]
fn only_wrong(b: &mut Browser, wanted: &str) {
    let wrong =
        "[...document.querySelectorAll('pre.wrong')].filter((p) => p.textContent).map((p) => p.id).join(' ')";
    b.until(&format!("{wrong} === '{wanted}'"));
}

/// The fields that are to be seen.
fn seen(b: &mut Browser) -> String {
    let seen = "[...document.querySelectorAll('form textarea, form select, form input[type=checkbox]')]\
                .filter((f) => f.checkVisibility()).map((f) => f.id).join(' ')";
    b.eval(seen).as_str().unwrap_or_default().to_owned()
}

fn open_all(b: &mut Browser) {
    b.eval("document.getElementById('more').open = true");
}

#[test]
fn each_kind_has_its_fields() {
    let Some(mut b) = browser("fields") else { return };
    let server = Server::start();
    width(&mut b, 1200, 900);
    b.open(&server.url);
    b.until(SETTLED);
    assert_eq!(seen(&mut b), "example expr residual var wrt");
    // By keyboard: what else there is opens at a key.
    b.eval("document.querySelector('summary').focus()");
    b.press("Enter", 13);
    b.until("document.getElementById('more').open");
    assert_eq!(seen(&mut b), "example expr residual var wrt define bounds st steps entries");
    for (kind, fields) in [
        ("cost", "example expr hyper define declare steps"),
        ("network", "example network expr hyper define declare inputs steps"),
    ] {
        b.eval(&format!("document.querySelector('input[value={kind}]').click()"));
        open_all(&mut b);
        assert_eq!(seen(&mut b), fields);
        b.until(SETTLED);
    }
    // Whatever describes a field is there.
    let missing = "[...document.querySelectorAll('[aria-describedby]')].flatMap((f) => f.getAttribute('aria-describedby').split(' '))\
                   .filter((id) => !document.getElementById(id)).join(' ')";
    assert_eq!(b.eval(missing), "");
    // What was typed of one kind is there again.
    b.type_into("expr", "mse");
    b.until("document.querySelector('h2.asked').textContent.startsWith('mse on')");
    b.eval("document.querySelector('input[value=objective]').click()");
    b.until("document.querySelector('h2.asked').textContent.includes('norm2')");
    b.eval("document.querySelector('input[value=network]').click()");
    b.until("document.querySelector('h2.asked').textContent.startsWith('mse on')");
    assert_eq!(b.complaints, Vec::<String>::new());
}

#[test]
fn a_mistake_is_under_the_field_that_it_is_in() {
    let Some(mut b) = browser("mistakes") else { return };
    let server = Server::start();
    width(&mut b, 1200, 900);
    b.open(&server.url);
    b.until(SETTLED);
    scheme(&mut b, "light");
    open_all(&mut b);
    b.type_into("expr", "sum(tail(X*w - y))");
    b.type_into("define", "other(v) = v.^2\ntail(v) = c*v.^2 +");
    only_wrong(&mut b, "define-wrong");
    let caret = "document.getElementById('define-wrong').textContent.split('\\n').slice(1, 3).join('|')";
    assert_eq!(b.eval(caret), "  | tail(v) = c*v.^2 +|  |                   ^");
    assert_eq!(b.eval("document.getElementById('define').getAttribute('aria-invalid')"), "true");
    assert_eq!(b.eval("document.getElementById('expr').getAttribute('aria-invalid')"), "false");
    b.picture("fields-mistake.png");
    b.type_into("define", "tail(v) = c*v.^2");
    only_wrong(&mut b, "");
    b.until(SETTLED);
    for (field, text) in [
        ("var", "X: matrixx"),
        ("wrt", "w, q"),
        ("bounds", "w >= >"),
        ("st", "sum(w) == 1\nsum(w) = 2"),
        ("var", "X: matrix[n, d], n: vector"),
        ("expr", "sum(tail(X*w - y)"),
    ] {
        let before = b.eval(&format!("document.getElementById('{field}').value"));
        b.type_into(field, text);
        only_wrong(&mut b, &format!("{field}-wrong"));
        b.until(&format!("document.getElementById('{field}-wrong').textContent.includes('^')"));
        b.type_into(field, if field == "expr" { before.as_str().unwrap_or_default() } else { " " });
        only_wrong(&mut b, "");
    }
    // More than is read is said at once, and not asked.
    b.eval(
        "(() => { const f = document.getElementById('define'); f.value = 'x'.repeat(3e6); \
            f.dispatchEvent(new Event('input', { bubbles: true })); })()",
    );
    only_wrong(&mut b, "define-wrong");
    b.until("document.getElementById('define-wrong').textContent.includes('more than 16384')");
    assert_eq!(b.complaints, Vec::<String>::new());
}

#[test]
fn what_is_guessed_looks_it() {
    let Some(mut b) = browser("guesses") else { return };
    let server = Server::start();
    width(&mut b, 1200, 900);
    b.open(&server.url);
    b.until(SETTLED);
    let tag = |name: &str| format!("document.getElementById('{name}-guess').checkVisibility()");
    assert_eq!(b.eval(&tag("var")), true);
    assert_eq!(b.eval(&tag("wrt")), true);
    // What is said is no guess; what is left out still is one.
    b.type_into("var", "X: matrix[n, d], y: vector[n]");
    b.until(
        "document.getElementById('var-more').textContent === 'guessed besides: w: vector, lambda: scalar'",
    );
    assert_eq!(b.eval(&tag("var")), false);
    assert_eq!(b.eval(&tag("wrt")), true);
    // Emptied, it is guessed again, but not under the hands of who types.
    b.type_into("var", " ");
    b.until("document.getElementById('var').placeholder.startsWith('X: matrix, ')");
    assert_eq!(b.eval("document.getElementById('var').value.trim()"), "");
    b.eval("document.getElementById('expr').focus()");
    assert_eq!(b.eval("document.getElementById('var').value.startsWith('X: matrix, ')"), true);
    b.eval("document.querySelector('input[value=cost]').click()");
    b.until("document.getElementById('hyper').value === 'lambda'");
    assert_eq!(b.eval(&tag("hyper")), true);
    assert_eq!(b.complaints, Vec::<String>::new());
}
