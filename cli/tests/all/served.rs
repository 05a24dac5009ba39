//! `serve`, as a browser and as others talk to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cargo-gradsmith"))
            .args(["serve", "--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut url = String::new();
        BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut url).expect("an address");
        let port = url.trim().trim_end_matches('/').rsplit(':').next().expect("a port");
        Self { port: port.parse().expect("a number"), child }
    }

    /// Status and body of an answer.
    fn ask(&self, head: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("a server");
        let head = head.replace("PORT", &self.port.to_string());
        let length = body.len();
        let request = format!("{head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).expect("written");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let status = answer.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
        (status, answer.split_once("\r\n\r\n").map_or_else(String::new, |(_, body)| body.to_owned()))
    }

    fn explain(&self, body: &str) -> (u16, String) {
        let origin = "Origin: http://127.0.0.1:PORT\r\nContent-Type: application/json";
        self.ask(&format!("POST /explain HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n{origin}"), body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn only_its_own_page_may_ask() {
    let server = Server::start();
    let json = "Content-Type: application/json";
    let status = |head: &str| server.ask(head, "{}").0;
    for host in ["127.0.0.1:PORT", "localhost:PORT", "LocalHost:PORT"] {
        assert_eq!(status(&format!("GET / HTTP/1.1\r\nHost: {host}")), 200, "{host}");
    }
    for host in
        ["evil.example", "evil.example:PORT", "127.0.0.1", "127.0.0.1:1", "127.0.0.1:PORT.evil.example"]
    {
        assert_eq!(status(&format!("GET / HTTP/1.1\r\nHost: {host}")), 403, "{host}");
    }
    assert_eq!(status("GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nHost: evil.example"), 403);
    assert_eq!(status("GET / HTTP/1.0"), 403);
    let post = "POST /explain HTTP/1.1\r\nHost: 127.0.0.1:PORT";
    for (more, wanted) in [
        (json.to_owned(), 200),
        (format!("{json}\r\nOrigin: http://127.0.0.1:PORT"), 200),
        (format!("{json}\r\nOrigin: http://localhost:PORT"), 200),
        (format!("{json}\r\nOrigin: http://evil.example"), 403),
        (format!("{json}\r\nOrigin: https://127.0.0.1:PORT"), 403),
        (format!("{json}\r\nOrigin: null"), 403),
        ("Content-Type: text/plain".to_owned(), 415),
        ("Accept: */*".to_owned(), 415),
    ] {
        assert_eq!(status(&format!("{post}\r\n{more}")), wanted, "{more}");
    }
    assert_eq!(status("GET /etc/passwd HTTP/1.1\r\nHost: 127.0.0.1:PORT"), 404);
    let (_, page) = server.ask("GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT", "");
    assert!(page.contains("id=\"expr\"") && page.contains("script-src 'self'"), "{page}");
}

#[test]
fn a_question_gets_an_answer_or_the_reason_why_not() {
    let server = Server::start();
    let answers = |body: &str, wanted: &[&str]| {
        let begun = Instant::now();
        let (status, answer) = server.explain(body);
        assert_eq!(status, 200, "{body}");
        assert!(begun.elapsed() < Duration::from_secs(40), "{body}: {:?}", begun.elapsed());
        for part in wanted {
            assert!(answer.contains(part), "{body} lacks `{part}`: {answer:.2000}");
        }
    };
    answers(
        r#"{"expr": "norm2(X*w - y)^2/2"}"#,
        &["X: matrix, w: vector, y: vector", r#""wrt":"w""#, "<svg"],
    );
    answers(r#"{"expr": "sum(x.^2)", "var": "x: vector[3]"}"#, &[r#""var":"""#, "vector, 3"]);
    answers(r#"{"expr": "x*p", "wrt": "p"}"#, &["x: scalar, p: scalar", r#""wrt":"""#]);
    answers(r#"{"kind": "cost", "expr": "quadratic + l2(lambda)"}"#, &["neither a nor y"]);
    answers(r#"{"kind": "network", "expr": "mse", "network": "3 -> 2 tanh"}"#, &["delta1"]);
    answers(r#"{"expr": "norm2(X*w - "}"#, &["error: ", "  | norm2(X*w - ", "^"]);
    answers(r#"{"expr": ""}"#, &["nothing is written"]);
    answers(r#"{"expr": "1 + 2"}"#, &["nothing to differentiate by"]);
    answers(r#"{"kind": "network", "expr": "mse", "network": "3 -> "}"#, &["error"]);
    let fit = r#"{"expr": "h*peak(t) - y", "define": "peak(t) = exp(-t.^2)", "residual": true, "var": "t: vector", "wrt": "h: scalar"}"#;
    answers(fit, &[r#""var":"y: vector""#, "Jacobian", "∂r/∂h", "4 derivatives agree"]);
    answers(&fit.replace("exp(-t", "exp(-(t"), &[r#""field":"define""#, "  | peak(t) = exp(-(t.^2)", "^"]);
    answers(r#"{"expr": "x^2", "wrt": "q"}"#, &[r#""field":"wrt""#, "  | q"]);
    answers(r#"{"kind": "poem"}"#, &["not understood"]);
    answers("nonsense", &["not understood"]);
    answers("{\"expr\": 3}", &["not understood"]);
    answers(&format!("{{\"expr\": \"{}\"}}", "x + ".repeat(20_000)), &["more than 16384"]);
    answers(&format!("{{\"expr\": \"{}x\"}}", "(".repeat(9_000)), &["error"]);
    let factors: Vec<String> = (0..400).map(|k| format!("(x + {k}*y)")).collect();
    answers(&format!("{{\"expr\": \"{}\"}}", factors.join("*")), &["error: this takes longer than"]);
    // Whatever was asked, the next one is answered.
    answers(r#"{"expr": "x^2"}"#, &["x: "]);
    let text = r#"{"expr": "sum(x)", "var": "x: vector[<img src=q>]"}"#;
    let (_, answer) = server.explain(text);
    assert!(!answer.contains("\"html\""), "{answer}");
}
