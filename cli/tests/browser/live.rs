//! What a person does with the live page.

use super::pages::{GRADSMITH, browser, scheme, width};
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start() -> Self {
        let mut child = Command::new(GRADSMITH)
            .args(["serve", "--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut url = String::new();
        let output = child.stdout.as_mut().expect("piped");
        BufReader::new(output).read_line(&mut url).expect("an address");
        Self { child, url: url.trim().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const SETTLED: &str = "!document.getElementById('result').classList.contains('stale') \
                       && document.querySelector('#result svg.gs') !== null";

#[test]
fn the_live_page_follows_what_is_typed() {
    let Some(mut b) = browser("live") else { return };
    let server = Server::start();
    width(&mut b, 1200, 900);
    let origin = server.url.trim_end_matches('/').to_owned();
    b.call(
        "Browser.grantPermissions",
        json!({ "origin": origin, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] }),
    );
    b.open(&server.url);
    b.until(SETTLED);
    let light = scheme(&mut b, "light");
    assert_eq!(
        b.eval("document.getElementById('vars').value"),
        "X: matrix, w: vector, y: vector, lambda: scalar"
    );
    assert_eq!(b.eval("document.getElementById('wrt').value"), "w");
    for part in ["formula", "picture", "derivation", "shapes", "check", "rust"] {
        assert_eq!(
            b.eval(&format!("document.querySelectorAll('#result section#{part}').length")),
            1,
            "{part}"
        );
    }
    assert_eq!(b.eval("document.querySelectorAll('td.no').length"), 0);
    b.picture("live-light.png");

    // An error, its caret under the text, and the last derivation still there but faint.
    b.type_into("expr", "norm2(X*w - y^2");
    b.until("document.getElementById('wrong').textContent.includes('^')");
    assert_eq!(b.eval("document.getElementById('expr').getAttribute('aria-invalid')"), "true");
    assert_eq!(b.eval("document.getElementById('result').classList.contains('stale')"), true);
    assert_eq!(b.eval("document.getElementById('wrong').textContent.includes('never closed')"), true);
    b.picture("live-error.png");

    // Put right, the error is gone.
    b.type_into("expr", "sum(log1p(exp(-y.*(X*w))))");
    b.until("document.getElementById('wrong').textContent === ''");
    b.until(SETTLED);
    b.until("document.querySelector('h2.asked').textContent.includes('log1p')");

    // What is declared by hand stays.
    b.type_into("vars", "X: matrix[n, d], w: vector[d], y: vector[n]");
    b.until("document.getElementById('shapes') !== null && document.getElementById('shapes').textContent.includes('n × d')");

    // A cost, and what its picture says.
    b.eval("document.querySelector('input[value=cost]').click()");
    b.type_into("expr", "quadratic + l2(lambda)");
    b.until("document.querySelector('h2.asked').textContent === 'quadratic + l2(lambda)'");
    b.until(SETTLED);
    assert_eq!(b.eval("document.getElementById('vars').offsetParent === null"), true);
    assert_eq!(b.eval("document.querySelector('svg.gs desc').textContent.includes('neither a nor y')"), true);
    b.picture("live-cost.png");

    // A network.
    b.eval("document.querySelector('[data-kind=network]').click()");
    b.until("document.querySelector('h2.asked').textContent.includes('cross_entropy')");
    b.until(SETTLED);
    b.type_into("network", "4 -> 8 sigmiod -> 3 sigmoid");
    b.until("document.getElementById('wrong').textContent.includes('did you mean')");
    b.type_into("network", "4 -> 8 tanh -> 3 sigmoid");
    b.until("document.getElementById('wrong').textContent === ''");
    b.until(SETTLED);

    // What buttons copy.
    for (name, part) in
        [("text", "gradient"), ("LaTeX", "align*"), ("Rust", "derive(Network)"), ("NumPy", "import numpy")]
    {
        b.eval(&format!("document.querySelector('[data-copy=copy-{name}]').click()"));
        b.until("document.querySelector('.copied').textContent === 'copied'");
        b.until(&format!("navigator.clipboard.readText().then((text) => text.includes('{part}'))"));
        b.eval("document.querySelector('.copied').textContent = ''");
    }

    // By keyboard, each field with a label.
    b.eval("document.getElementById('expr').focus()");
    b.press("Tab", 9);
    assert_eq!(b.eval("document.activeElement.tagName"), "BUTTON");
    let unlabelled = "[...document.querySelectorAll('input, textarea:not([hidden])')].filter((f) => f.labels.length === 0).length";
    assert_eq!(b.eval(unlabelled), 0);

    let dark = scheme(&mut b, "dark");
    assert_ne!(light, dark);
    b.picture("live-dark.png");
    width(&mut b, 360, 800);
    assert_eq!(b.eval("document.documentElement.scrollWidth <= 360"), true, "wider than the window");
    b.picture("live-360.png");
    let foreign = format!(
        "performance.getEntriesByType('resource').filter((r) => !r.name.startsWith('{origin}/')).length"
    );
    assert_eq!(b.eval(&foreign), 0);
    assert_eq!(b.complaints, Vec::<String>::new());
}
