//! Links to what is typed, and examples.

use super::live::{SETTLED, Server};
use super::pages::{browser, scheme, width};

const FIT: &str = "kind=objective&expr=h*exp(-t%2Fs)+-+z&var=t%3A+vector%5Bn%5D%2C+z%3A+vector%5Bn%5D&wrt=h%3A+scalar%2C+s%3A+scalar\
                   &residual=true&steps=none&define=f(x)+%3D+x%0Ag(x)+%3D+x";

#[test]
fn a_link_says_what_is_typed() {
    let Some(mut b) = browser("links") else { return };
    let server = Server::start();
    width(&mut b, 1200, 900);
    b.open(&format!("{}#{FIT}", server.url));
    b.until(SETTLED);
    let asked = "document.querySelector('h2.asked').textContent";
    assert_eq!(b.eval(asked), "h*exp(-t/s) - z");
    assert_eq!(b.eval("document.getElementById('define').value"), "f(x) = x\ng(x) = x");
    assert_eq!(b.eval("document.getElementById('more').open"), true);
    assert_eq!(b.eval("document.getElementById('residual').checked"), true);
    assert_eq!(b.eval("document.getElementById('steps').value"), "none");
    assert_eq!(b.eval("document.querySelector('#derivation').textContent.includes('reverse sweep')"), false);
    assert_eq!(b.eval("document.querySelector('#check').textContent.includes('∂r/∂h')"), true);

    // What is typed is in the address, and there again when the page is loaded again.
    b.type_into("expr", "h*exp(-t/s) + z & 'ü'");
    b.until("new URLSearchParams(location.hash.slice(1)).get('expr') === \"h*exp(-t/s) + z & 'ü'\"");
    b.type_into("expr", "h*exp(-t/s^2) - z");
    b.until("document.querySelector('h2.asked').textContent.includes('s^2')");
    b.call("Page.reload", serde_json::json!({}));
    b.until("document.readyState === 'complete' && document.querySelector('h2.asked') !== null");
    assert_eq!(b.eval(asked), "h*exp(-t/s^2) - z");
    assert_eq!(b.eval("document.getElementById('residual').checked"), true);

    // Another link, while the page is open.
    b.eval("location.hash = 'kind=cost&expr=mse'");
    b.until("document.querySelector('h2.asked').textContent === 'mse'");

    // What is no link of this page is as none.
    for bad in ["nonsense", "kind=poem&expr=x", "%E0%A4%A=%", "&&==&kind", "__proto__=1&expr="] {
        b.eval(&format!("location.hash = '{bad}'"));
        b.until("document.querySelector('h2.asked').textContent.startsWith('norm2(X*w - y)^2/2')");
        assert_eq!(b.eval("document.querySelectorAll('pre.wrong:not(:empty)').length"), 0, "{bad}");
        b.eval("location.hash = 'kind=cost&expr=mse'");
        b.until("document.querySelector('h2.asked').textContent === 'mse'");
    }
    b.eval("location.hash = 'kind=cost&expr=mse&steps=some&residual=perhaps&colour=red'");
    b.until(SETTLED);
    assert_eq!(b.eval("document.getElementById('steps').value"), "all");
    assert_eq!(b.complaints, Vec::<String>::new());
}

#[test]
fn every_example_is_derived_and_right() {
    let Some(mut b) = browser("examples") else { return };
    let server = Server::start();
    width(&mut b, 1200, 900);
    b.open(&server.url);
    b.until(SETTLED);
    scheme(&mut b, "light");
    let all = b.eval("[...document.querySelectorAll('#example option')].map((o) => o.value).join(' ')");
    let all = all.as_str().unwrap_or_default().to_owned();
    assert!(all.split(' ').count() > 8, "{all}");
    for name in all.split_whitespace() {
        b.eval(&format!(
            "(() => {{ document.querySelector('#result').replaceChildren(); const e = document.getElementById('example'); \
             e.value = '{name}'; e.dispatchEvent(new Event('input', {{ bubbles: true }})); }})()"
        ));
        b.until(SETTLED);
        assert_eq!(b.eval("document.querySelectorAll('pre.wrong:not(:empty)').length"), 0, "{name}");
        assert_eq!(b.eval("document.querySelectorAll('#check td.yes').length > 1"), true, "{name}");
        assert_eq!(b.eval("document.querySelectorAll('#check td.no').length"), 0, "{name}");
        assert_eq!(b.eval("document.getElementById('example').value"), name);
        b.picture(&format!("example-{name}.png"));
    }
    // The most that is shown, narrow and dark.
    b.eval(
        "(() => { const e = document.getElementById('example'); e.value = 'portfolio'; \
            e.dispatchEvent(new Event('input', { bubbles: true })); })()",
    );
    b.until("document.querySelector('h2.asked').textContent.includes('S*w')");
    b.until(SETTLED);
    width(&mut b, 360, 800);
    assert_eq!(b.eval("document.documentElement.scrollWidth <= 360"), true, "wider than the window");
    b.picture("example-360.png");
    scheme(&mut b, "dark");
    b.picture("example-360-dark.png");
    assert_eq!(b.complaints, Vec::<String>::new());
}
