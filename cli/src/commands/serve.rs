//! `cargo gradsmith serve`: the page, live, for whoever sits at this machine.
//!
//! The server answers `/`, the page, `/page.js`, its script, and `/explain`, what the page asks. It listens at 127.0.0.1, and
//! refuses what a page of another site could send: a `Host` that is not its own (a name that someone else points here),
//! an `Origin` that is not its own, a body that is not declared to be JSON. Each question is answered by a process of
//! its own, which is ended when its time is over, so that no formula costs more than that.

mod answer;

use crate::Failure;
use crate::page;
use answer::failed;
use std::io::{self, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;
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
                    Err(error) => failed(&format!("the question cannot be read: {error}")),
                };
                (200, "application/json", answer)
            }
            _ => (404, "text/plain; charset=utf-8", "there is nothing here\n".to_owned()),
        },
    };
    // In one piece, as long as it says: parts of a text may end within a letter.
    let response = Response::from_string(text).with_status_code(status);
    let mut response = response.with_chunked_threshold(usize::MAX);
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
    failed(&format!("more than {LONGEST} characters\nhelp: `cargo gradsmith explain` takes longer formulas"))
}

/// The live page. Its script is a file of its own, so that no text of a formula can be one.
fn live() -> String {
    page::file("gradsmith", include_str!("../page/live.html"), r#"<script src="/page.js"></script>"#, POLICY)
}

fn script() -> String {
    format!("{}const LONGEST = {LONGEST};\n{}", page::SCRIPT, include_str!("../page/live.js"))
}

/// The answer to a question, by a process that is ended when its time is over.
fn answered(question: &str) -> String {
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
        Err(error) => return failed(&format!("no process to answer: {error}")),
    };
    let answer = within(&mut child, question, LIMIT);
    let _ = child.kill();
    let _ = child.wait();
    match answer {
        Ok(text) if !text.is_empty() => text,
        Ok(_) => failed("the compiler has ended without an answer; please report this formula"),
        Err(RecvTimeoutError::Timeout) => failed(&format!(
            "this takes longer than {} s here\nhelp: `cargo gradsmith explain` has no such limit",
            LIMIT.as_secs()
        )),
        Err(RecvTimeoutError::Disconnected) => failed("the answer cannot be read"),
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
    write!(out, "{}", answer::to(&text))?;
    Ok(true)
}
