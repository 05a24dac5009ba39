//! `cargo gradsmith serve`: the page, live, for whoever sits at this machine.
//!
//! The server answers `/`, the page, `/page.js`, its script, and `/explain`, what the page asks. It listens at 127.0.0.1, and
//! refuses what a page of another site could send: a `Host` that is not its own (a name that someone else points here),
//! an `Origin` that is not its own, a body that is not declared to be JSON. Each question is answered by a process of
//! its own, which is ended when its time is over, so that no formula costs more than that.

use crate::Failure;
use crate::page::{self, guess};
use crate::request::{self, Request};
use gradsmith_compiler::derivation::Shown;
use gradsmith_compiler::emit::svg::escaped;
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::{self, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};
use tiny_http::{Header, Method, Response, Server};

/// How long an answer may take. Unoptimised, the compiler takes ten times as long.
const LIMIT: Duration = if cfg!(debug_assertions) { Duration::from_secs(10) } else { Duration::from_secs(1) };

/// More bytes are not read.
const LONGEST: u64 = 16 << 10;

/// So many answers are worked out at once.
const WORKERS: usize = 3;

/// What the page may do: ask this server.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'";

/// The same, and that no other page may hold this one.
const HEADER: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the page asks.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Question {
    kind: String,
    expr: String,
    network: String,
    vars: String,
    wrt: String,
}

impl Default for Question {
    fn default() -> Self {
        let [expr, network, vars, wrt] = [const { String::new() }; 4];
        Self { kind: "objective".to_owned(), expr, network, vars, wrt }
    }
}

/// Serves until it is ended.
///
/// # Errors
/// A port that is not to be had.
pub fn run(port: u16, out: &mut dyn Write) -> Result<bool, Failure> {
    let server = Server::http(("127.0.0.1", port)).map_err(|e| {
        Failure::Input(format!(
            "error: port {port} of 127.0.0.1: {e}\nhelp: choose another one, or `--port 0` for any"
        ))
    })?;
    let port = server.server_addr().to_ip().map_or(port, |address| address.port());
    writeln!(out, "http://127.0.0.1:{port}/")?;
    out.flush()?;
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Ok(request) = server.recv() {
                    reply(request, port);
                }
            });
        }
    });
    Ok(true)
}

fn reply(mut request: tiny_http::Request, port: u16) {
    let (status, kind, text) = match refusal(&request, port) {
        Some((status, why)) => (status, "text/plain; charset=utf-8", format!("{why}\n")),
        None => match (request.method(), request.url()) {
            (Method::Get, "/") => (200, "text/html; charset=utf-8", live()),
            (Method::Get, "/page.js") => (200, "text/javascript; charset=utf-8", script()),
            (Method::Post, "/explain") => {
                let mut body = String::new();
                let read = request.as_reader().take(LONGEST + 1).read_to_string(&mut body);
                let answer = match read {
                    Ok(n) if n as u64 > LONGEST => too_long(),
                    Ok(_) => answered(&body),
                    Err(error) => {
                        json!({ "error": format!("error: the question cannot be read: {error}") }).to_string()
                    }
                };
                (200, "application/json", answer)
            }
            _ => (404, "text/plain; charset=utf-8", "there is nothing here\n".to_owned()),
        },
    };
    let mut response = Response::from_string(text).with_status_code(status);
    let headers = [
        ("Content-Type", kind),
        ("Content-Security-Policy", HEADER),
        ("X-Content-Type-Options", "nosniff"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cache-Control", "no-store"),
    ];
    for header in headers.iter().filter_map(|(name, value)| Header::from_bytes(*name, *value).ok()) {
        response.add_header(header);
    }
    // Whoever has gone away needs no answer.
    let _ = request.respond(response);
}

/// Why a request is not answered: it is not from this page.
fn refusal(request: &tiny_http::Request, port: u16) -> Option<(u16, &'static str)> {
    let all = |name: &'static str| {
        let named = request.headers().iter().filter(move |h| h.field.equiv(name));
        named.map(|h| h.value.as_str().to_ascii_lowercase()).collect::<Vec<_>>()
    };
    let own = ["127.0.0.1", "localhost"].map(|host| format!("{host}:{port}"));
    let hosts = all("Host");
    // A browser leaves out the port that is usual.
    let usual = |host: &String| port == 80 && ["127.0.0.1", "localhost"].contains(&host.as_str());
    if hosts.len() != 1 || !hosts.iter().all(|h| own.contains(h) || usual(h)) {
        return Some((403, "refused: `Host` is not the address of this server"));
    }
    let same = |origin: &String| origin.strip_prefix("http://").is_some_and(|o| own.iter().any(|h| h == o));
    if !all("Origin").iter().all(same) {
        return Some((403, "refused: `Origin` is another site"));
    }
    let json = |kind: &String| kind.split(';').next().is_some_and(|k| k.trim() == "application/json");
    if *request.method() == Method::Post && !all("Content-Type").iter().any(json) {
        return Some((415, "refused: a question is JSON"));
    }
    (request.body_length().is_some_and(|n| n as u64 > 64 * LONGEST)).then_some((413, "refused: too long"))
}

fn too_long() -> String {
    json!({ "error": format!("error: more than {LONGEST} characters\nhelp: `cargo gradsmith explain` takes longer formulas") })
        .to_string()
}

/// The live page. Its script is a file of its own, so that no text of a formula can be one.
fn live() -> String {
    page::file("gradsmith", include_str!("../page/live.html"), r#"<script src="/page.js"></script>"#, POLICY)
}

fn script() -> String {
    format!("{}{}", page::SCRIPT, include_str!("../page/live.js"))
}

/// The answer to a question, by a process that is ended when its time is over.
fn answered(question: &str) -> String {
    let failed = |why: String| json!({ "error": format!("error: {why}") }).to_string();
    let child = std::env::current_exe().and_then(|program| {
        Command::new(program)
            .arg("answer")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
    });
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return failed(format!("no process to answer: {error}")),
    };
    let answer = within(&mut child, question, LIMIT);
    let _ = child.kill();
    let _ = child.wait();
    match answer {
        Ok(text) if !text.is_empty() => text,
        Ok(_) => failed("the compiler has ended without an answer; please report this formula".to_owned()),
        Err(RecvTimeoutError::Timeout) => failed(format!(
            "this takes longer than {} s here\nhelp: `cargo gradsmith explain` has no such limit",
            LIMIT.as_secs()
        )),
        Err(RecvTimeoutError::Disconnected) => failed("the answer cannot be read".to_owned()),
    }
}

fn within(child: &mut Child, question: &str, limit: Duration) -> Result<String, RecvTimeoutError> {
    let (send, receive) = mpsc::channel();
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let question = question.to_owned();
    // Ends when the child does: its ends of the pipes are closed then.
    thread::spawn(move || {
        if let Some(mut input) = input {
            let _ = input.write_all(question.as_bytes());
        }
        let mut text = String::new();
        if output.map(|mut output| output.read_to_string(&mut text)).is_some_and(|read| read.is_ok()) {
            let _ = send.send(text);
        }
    });
    receive.recv_timeout(limit)
}

/// Reads a question and writes its answer.
///
/// # Errors
/// Where there is nobody to read it.
pub fn answer(out: &mut dyn Write) -> Result<bool, Failure> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    let answer = match serde_json::from_str::<Question>(&text) {
        Ok(question) => of(question),
        Err(error) => json!({ "error": format!("error: the question is not understood: {error}") }),
    };
    write!(out, "{answer}")?;
    Ok(true)
}

fn of(question: Question) -> Value {
    let begun = Instant::now();
    let Question { kind, expr, network, mut vars, mut wrt } = question;
    let request = match kind.as_str() {
        "cost" => Request::cost(expr, None, Vec::new(), Vec::new()),
        "network" => Ok(Request::network(expr, network, String::new(), Vec::new(), Vec::new(), Vec::new())),
        _ => {
            guessed(&expr, &mut vars, &mut wrt);
            if expr.trim().is_empty() || wrt.is_empty() {
                // What is wrong is the formula, not that nothing is declared.
                Request::cost(expr, None, Vec::new(), Vec::new()).and_then(|request| match &request {
                    Request::Cost(text) => Err(match text.lower() {
                        Err(errors) => request.refusal(&errors),
                        Ok(_) => Failure::Input("error: nothing to differentiate by".to_owned()),
                    }),
                    _ => Ok(request),
                })
            } else {
                Request::objective(expr, &vars, &wrt)
            }
        }
    };
    let mut answer = json!({ "vars": vars, "wrt": wrt });
    match request.and_then(|request| page::content(&request, Shown::default())) {
        Ok(content) => {
            let title = format!("<h2 class=\"asked\"><code>{}</code></h2>\n", escaped(&content.title));
            answer["html"] = Value::String(title + &page::buttons(&content.copies) + &content.body);
            answer["title"] = Value::String(content.title);
            answer["ms"] = Value::from(begun.elapsed().as_millis() as u64);
        }
        Err(failure) => answer["error"] = Value::String(failure.to_string()),
    }
    answer
}

/// Completes what is declared and what is differentiated by.
fn guessed(expr: &str, vars: &mut String, wrt: &mut String) {
    // What does not parse is said when it is read in earnest.
    let declared = request::declared(vars);
    let also = if wrt.contains(':') { request::declared(wrt) } else { Ok(Vec::new()) };
    let (Ok(mut known), Ok(also)) = (declared, also) else { return };
    let asked: Vec<String> = wrt.split(',').map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect();
    known.extend(also);
    let (more, by) = guess::declarations(expr, &known, &asked);
    let said = vars.trim().trim_end_matches(',').to_owned();
    let mut all: Vec<String> = if said.is_empty() { Vec::new() } else { vec![said] };
    all.extend(more.iter().map(ToString::to_string));
    *vars = all.join(", ");
    if wrt.trim().is_empty() {
        *wrt = by.join(", ");
    }
}
