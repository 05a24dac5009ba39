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
    b.call("Emulation.setEmulatedMedia", json!({ "media": "print" }));
    assert_eq!(b.eval("getComputedStyle(document.querySelector('.copies')).display"), "none");
    assert_eq!(b.complaints, Vec::<String>::new());
}
