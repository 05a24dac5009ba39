//! A page in a file of its own.

use super::devtools::{Browser, program};
use gradsmith_test_support::note;
use serde_json::json;
use std::process::Command;

pub(super) const GRADSMITH: &str = env!("CARGO_BIN_EXE_cargo-gradsmith");

pub(super) fn browser(profile: &str) -> Option<Browser> {
    let found = program();
    if found.is_none() {
        note(
            "NOT CHECKED: no Chromium to show the pages in (apt-get install chromium, or GRADSMITH_BROWSER)",
        );
    }
    found.map(|program| Browser::start(&program, profile))
}

pub(super) fn width(browser: &mut Browser, width: u32, height: u32) {
    let params = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
    browser.call("Emulation.setDeviceMetricsOverride", params);
}

pub(super) fn scheme(browser: &mut Browser, scheme: &str) -> String {
    let params = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
    browser.call("Emulation.setEmulatedMedia", params);
    browser.eval("getComputedStyle(document.body).backgroundColor").as_str().unwrap_or_default().to_owned()
}

#[test]
fn the_file_needs_nothing_else() {
    let Some(mut b) = browser("file") else { return };
    let output = Command::new(GRADSMITH)
        .args(["explain", "(1 - x)^2 + 100*(y - x^2)^2", "--wrt", "x: scalar, y: scalar", "--format", "html"])
        .output()
        .expect("the program runs");
    let file = format!("{}/page.html", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&file, output.stdout).expect("a file");
    width(&mut b, 1000, 800);
    b.open(&format!("file://{file}"));
    scheme(&mut b, "light");
    assert_eq!(b.eval("performance.getEntriesByType('resource').length"), 0);
    assert_eq!(b.eval("document.querySelectorAll('svg.gf').length"), 1);
    assert_eq!(b.eval("document.querySelectorAll('math').length > 10"), true);
    b.eval("document.querySelector('[data-copy=copy-LaTeX]').click()");
    b.until("document.querySelector('.copied').textContent !== ''");
    b.picture("file-light.png");
    scheme(&mut b, "dark");
    b.picture("file-dark.png");
    width(&mut b, 360, 800);
    assert_eq!(b.eval("document.documentElement.scrollWidth <= 360"), true, "wider than the window");
    b.picture("file-360.png");
    assert_eq!(b.complaints, Vec::<String>::new());
}

#[test]
fn paper_is_white_and_clips_nothing() {
    let Some(mut b) = browser("paper") else { return };
    let formula = "sum[i](100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2) + sum(log1p(exp(-y.*(X*x)))) + mu*sum(sqrt(x.^2 + eps^2))";
    let output = Command::new(GRADSMITH)
        .args(["explain", formula, "--var", "X: matrix, y: vector, mu: scalar, eps: scalar"])
        .args(["--wrt", "x: vector", "--format", "html"])
        .output()
        .expect("the program runs");
    let file = format!("{}/paper.html", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&file, output.stdout).expect("a file");
    // As wide as paper.
    width(&mut b, 680, 900);
    b.open(&format!("file://{file}"));
    let dark = json!([{ "name": "prefers-color-scheme", "value": "dark" }]);
    b.call("Emulation.setEmulatedMedia", json!({ "media": "print", "features": dark }));
    let colour = |of: &str, what: &str| format!("getComputedStyle(document.querySelector('{of}')).{what}");
    assert_eq!(b.eval(&colour("body", "backgroundColor")), "rgb(255, 255, 255)");
    assert_eq!(b.eval(&colour("body", "color")), "rgb(0, 0, 0)");
    assert_eq!(b.eval(&colour("svg.gs", "getPropertyValue('--gb').trim()")), "#f6f8fa");
    assert_eq!(b.eval(&colour(".copies", "display")), "none");
    let widest =
        "Math.max(...[...document.querySelectorAll('math')].map((m) => m.getBoundingClientRect().right))";
    assert_eq!(b.eval(&format!("{widest} > 680")), true);
    b.eval("window.dispatchEvent(new Event('beforeprint'))");
    assert_eq!(b.eval(&format!("{widest} <= 682")), true, "{}", b.eval(widest));
    b.picture("paper.png");
    b.eval("window.dispatchEvent(new Event('afterprint'))");
    assert_eq!(b.eval(&format!("{widest} > 680")), true);
    assert_eq!(b.complaints, Vec::<String>::new());
}
